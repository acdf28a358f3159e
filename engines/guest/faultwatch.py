"""Notices a core that will never come back: a fault handler that loops, a lock-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .clock import GuestClock
from .cortexm import EXC_RETURN, EXCEPTION, FAULTS, escalated, fault_report

if TYPE_CHECKING:
    from .backend import Core

PERIOD = 5_000_000
"""Virtual ns between two looks at the core."""
LOOKS = 4
"""Looks in a row that must find the core in a fault handler. Handlers that print and reset, or
that emulate an instruction, are done long before 20 ms."""
LOCKED_UP = 0xEFFF_FFFE
"""Program counter of a core that has locked up, by Armv8-M; a Renode has it for ARMv7-M, too."""


class FaultWatch:
    """Looks at the core now and then; calls `report` when it hangs in a fault handler.

    What is reported is the fault as it was when the core entered the handler, whatever the handler
    has done since; of several, each in the handler of the one before, the first.
    """

    def __init__(
        self,
        core: Core,
        clock: GuestClock,
        report: Callable[[dict[str, Any]], None],
        tick: Callable[[], None],
        look: Callable[[int, int], bytes],
    ) -> None:
        self._core, self._clock, self._tick, self._look_at = core, clock, tick, look
        self._stop = report
        self._seen = 0
        self._due: int | None = None
        self._fault: dict[str, Any] | None = None
        """The fault whose handler has not been seen to come back."""
        self._alarm = clock.engine_alarm(self._look, is_patient=True)
        self._next = 0
        """When it fires."""
        core.on_fault(self._entered)

    def start(self) -> None:
        """Begin, or go on, with a run. Runs that are shorter than the period are watched, too."""
        if self._alarm.deadline is None:
            latest = self._clock.now + PERIOD
            self._set(latest if self._due is None else min(self._due, latest))

    def restart(self) -> None:
        """Forget what was seen (after a reset)."""
        self._seen, self._fault = 0, None

    def stop(self) -> None:
        """The machine stands still."""
        self._due = self._alarm.deadline
        self._alarm.cancel()

    def save(self) -> tuple[Any, ...]:
        """What was seen, and when the next look is due."""
        return self._seen, self._due, self._fault

    def load(self, saved: tuple[Any, ...]) -> None:
        """Go on as when `save` returned `saved`. The machine stands still."""
        self._seen, self._due, self._fault = saved

    def lock_up(self, frame: dict[str, int]) -> dict[str, Any]:
        """The report of a core that could not take an exception at `frame`."""
        report = fault_report(self._core, frame)
        if self._is_handled(frame) and self._fault is not None:
            kept = ("stacked", "time", "vector", "interrupted")
            report |= {name: self._fault[name] for name in kept if name in self._fault}
        else:
            report |= {"exception": FAULTS[3], "time": self._clock.now}
        report |= escalated(report, self._look_at)
        return report | {"lockup": True, "locked_up_at": frame["pc"]}

    def _report(self, found: dict[str, Any]) -> None:
        self._stop(found | escalated(found, self._look_at))

    def _entered(self, frame: dict[str, int]) -> None:
        is_return = frame["pc"] >= EXC_RETURN  # from an interrupt that the handler has let through
        if self._fault is not None and (is_return or self._is_handled(frame)):
            return
        self._fault = fault_report(self._core, frame) | {"time": self._clock.now}

    def _is_handled(self, frame: dict[str, int]) -> bool:
        """Whether the core was in a fault handler."""
        return frame["xpsr"] & EXCEPTION in FAULTS

    def _look(self) -> None:
        exception = self._core.exception
        self._seen = self._seen + 1 if exception in FAULTS else 0
        if not exception:
            self._fault = None
        if self._seen and self._core.pc == LOCKED_UP:
            # Nobody was told: the vector of an interrupt, not of a fault, could not be read.
            self._seen = 0
            self._report(fault_report(self._core) | {"lockup": True})
        elif self._seen == LOOKS:
            self._seen = 0
            self._report(self._fault or fault_report(self._core))
        self._tick()
        # It may be late, which shifts none of the others.
        now = self._clock.now
        self._set(now + PERIOD - (now - self._next) % PERIOD)

    def _set(self, time: int) -> None:
        self._next = time
        self._alarm.at(time)
