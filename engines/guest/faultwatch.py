"""Notices a core that will never come back: a fault handler that loops, a lock-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .backend import Core
from .clock import GuestClock
from .cortexm import EXCEPTIONS, fault_report

PERIOD = 5_000_000
"""Virtual ns between two looks at the core."""
LOOKS = 4
"""Looks in a row that must find the core in a fault handler. Handlers that print and reset, or
that emulate an instruction, are done long before 20 ms."""


class FaultWatch:
    """Looks at the core now and then; calls `report` when it hangs in a fault handler."""

    def __init__(
        self,
        core: Core,
        clock: GuestClock,
        report: Callable[[dict[str, Any]], None],
        tick: Callable[[], None],
    ) -> None:
        self._core, self._clock, self._report, self._tick = core, clock, report, tick
        self._seen = 0
        self._due: int | None = None
        self._alarm = clock.engine_alarm(self._look)

    def start(self) -> None:
        """Begin, or go on, with a run. Runs that are shorter than the period are watched, too."""
        if self._alarm.deadline is None:
            latest = self._clock.now + PERIOD
            self._alarm.at(latest if self._due is None else min(self._due, latest))

    def restart(self) -> None:
        """Forget what was seen (after a reset)."""
        self._seen = 0

    def stop(self) -> None:
        """The machine stands still."""
        self._due = self._alarm.deadline
        self._alarm.cancel()

    def save(self) -> tuple[int, int | None]:
        """What was seen, and when the next look is due."""
        return self._seen, self._due

    def load(self, saved: tuple[int, int | None]) -> None:
        """Go on as when `save` returned `saved`. The machine stands still."""
        self._seen, self._due = saved

    def _look(self) -> None:
        self._seen = self._seen + 1 if self._core.exception in EXCEPTIONS else 0
        if self._seen == LOOKS:
            self._seen = 0
            self._report(fault_report(self._core))
        self._tick()
        self._alarm.at(self._clock.now + PERIOD)
