"""Virtual time in QEMU: alarms, and stalls that make waiting cost nothing.

SPDX-License-Identifier: GPL-2.0-or-later

Guest alarms (what models set, and QEMU's own) are part of the run. Engine alarms (the end of a
`run`, the watch over faults) must not change it: they are left out when a stall looks for the next
thing that the guest could notice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from . import library as q

QUESTIONS_BEFORE_STALL = 8
GAP = 330
"""ns within which a question must come again to belong to the run: firmware's polling loops take
50 to 300 ns, a turn of a natively compiled Python loop 360, a call from byte code 1,000."""
INTERRUPTED_GAP = 20_000
"""ns by which an interrupt handler may stretch the gap; longer ends the run."""
FRACTION = 16
"""Where nobody knows when the answer will change, a stall lasts at most this fraction of the time
that the run has taken, so that what the firmware waits for is seen late by 1/16 at most. Where it
is known, the stall lasts until then."""
MAXIMUM = 2**62
_MOVE_ON = q.pointer(q.warp_timer)
WFI, WFE = "WFI", "WFE"


class Timer:
    """A one-shot alarm on the virtual clock; implements the `Alarm` port."""

    __slots__ = ("_callback", "_timer", "deadline")

    def __init__(
        self,
        callback: Callable[[], None],
        guard: Callable[[Exception], None],
        after: Callable[[], None],
    ) -> None:
        self._timer = q.new_structure()
        self._callback = callback
        self.deadline: int | None = None

        def fired(_opaque: object) -> None:
            self.deadline = None
            try:
                callback()
            except Exception as error:
                guard(error)
            after()

        q.timer_init(self._timer, None, q.CLOCK_VIRTUAL, 1, 0, q.pointer(q.TIMER(fired)), None)

    def at(self, time: int) -> None:
        """Fire at `time`, or at once."""
        self.deadline = time
        q.timer_mod(self._timer, time)

    def cancel(self) -> None:
        """Do not fire."""
        if self.deadline is not None:
            self.deadline = None
            q.timer_del(self._timer)

    def hide(self) -> None:
        """Take an armed timer off, still knowing its deadline."""
        q.timer_del(self._timer)

    def show(self) -> None:
        """Undo `hide`."""
        if self.deadline is not None:
            q.timer_mod(self._timer, self.deadline)


class Clock:
    """The `Clock` port. `guard` receives what a callback raised."""

    def __init__(self, guard: Callable[[Exception], None], *, stalls: bool) -> None:
        self._guard = guard
        self._engine_timers: list[Timer] = []
        self._stalls = stalls
        self.cpu: int | None = None
        self.asked: Hashable = None
        """The question of the run under way; any access that is not neutral sets it to None."""
        self._count = self._began = self._last = 0
        self.stall_end = self.engine_alarm(self._end_stall)
        self._nudge = self.engine_alarm(lambda: None)
        self.asleep = ""
        self.halted = False
        """The core is switched off, or waits for the boot ROM. Set by who has the core."""
        self._event = False
        self.is_pending: Callable[[], bool] = bool
        """Whether an interrupt is pending that would end WFI; set by who has the core."""

    @property
    def now(self) -> int:
        """Virtual ns."""
        time: int = q.clock_ns(q.CLOCK_VIRTUAL)
        return time

    def alarm(self, callback: Callable[[], None]) -> Timer:
        """An alarm of the guest's world."""
        return Timer(callback, self._guard, self.move_on)

    def engine_alarm(self, callback: Callable[[], None]) -> Timer:
        """An alarm that the guest cannot notice, and that does not shorten stalls."""
        timer = Timer(callback, self._guard, self.move_on)
        self._engine_timers.append(timer)
        return timer

    def next_guest_alarm(self, now: int, most: int = MAXIMUM) -> int:
        """ns until the next alarm of the guest's world, at most `most`."""
        deadline: int = q.clock_deadline(q.CLOCK_VIRTUAL, -1)
        if not 0 <= deadline < most:
            return most
        ours = [timer for timer in self._engine_timers if timer.deadline is not None]
        if any((timer.deadline or 0) <= now + deadline for timer in ours):
            # The first alarm is one of the engine's: look behind them.
            for timer in ours:
                timer.hide()
            deadline = q.clock_deadline(q.CLOCK_VIRTUAL, -1)
            for timer in ours:
                timer.show()
        return min(deadline, most) if deadline >= 0 else most

    def question(self, key: Hashable, until: int | None = None) -> None:
        """See `Clock.question` of the ports: lets a repeated question take time."""
        now: int = q.clock_ns(q.CLOCK_VIRTUAL)
        gap = now - self._last
        if key != self.asked or gap > INTERRUPTED_GAP:
            self.asked, self._count, self._began, self._last = key, 1, now, now
            return
        self._last = now
        if gap > GAP:
            self._count = 1
            return
        self._count += 1
        if self._count >= QUESTIONS_BEFORE_STALL and self._stalls:
            if until is None:
                until = now + (now - self._began) // FRACTION
                self._count -= 2  # The next answer is new: if it ends the wait, no stall may come.
            span = self.next_guest_alarm(now, until - now)
            if span > 0:
                self._stall(now + span)

    def _stall(self, end: int) -> None:
        self._last = end
        self.stall_end.at(end)
        q.cpu_stop_current()
        self.move_on()

    def halt(self) -> None:
        """Stop the core, and let time go to the next alarm at once. Call it from a work item."""
        q.cpu_stop_current()
        # QEMU takes notice when no work is left, but before that it looks after its alarms.
        self._nudge.at(self.now)

    def move_on(self) -> None:
        """While the core stands still, let time go to the next alarm: call it whenever it might.

        QEMU moves time on when it finds the core idle. A work item makes it do so in the vCPU's
        own thread; the main loop would take several changes of thread for the same.
        """
        if self.asleep or self.halted or self.stall_end.deadline is not None:
            q.queue_work(self.cpu, _MOVE_ON, 0)

    def _end_stall(self) -> None:
        if self.asleep == WFI and not self.is_pending():
            self._sleep_to_next_alarm()
        else:
            self._resume()

    def _resume(self) -> None:
        self.asleep = ""
        q.cpu_resume(self.cpu)

    def sleep(self, wfi: bool) -> None:
        """The core executes WFI or WFE: it stands still until the next alarm, or until `wake`.

        WFI ends when an interrupt is pending. QEMU would see to that itself, but 7.2 often sleeps
        through the first of two ticks that are close together. WFE goes on at once if there was an
        interrupt since the last one, which has set the core's event register; it never sleeps past
        the guest's next alarm, so an event that nobody sees here (SEV, or SysTick's) costs a tick
        at most. Call it from the work item.
        """
        event, self._event = self._event and not wfi, False
        if event or not self._stalls or (wfi and self.is_pending()):
            return
        self.asleep = WFI if wfi else WFE
        self._sleep_to_next_alarm()
        self.halt()

    def _sleep_to_next_alarm(self) -> None:
        now = self.now
        span = self.next_guest_alarm(now)
        if span < MAXIMUM:
            self.stall_end.at(now + span)

    def wake(self) -> None:
        """An interrupt line rises: a core that sleeps goes on, from WFI if it is enabled."""
        self._event = True
        if self.asleep == WFE or (self.asleep == WFI and self.is_pending()):
            self.cancel_stall()

    def cancel_stall(self) -> None:
        """Let a stalled or sleeping core go on at once."""
        self.asked = None
        if self.asleep or self.stall_end.deadline is not None:
            self.stall_end.cancel()
            self._resume()

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """The run of a question under way, and the stall or sleep under way."""
        return {
            "run": (self.asked, self._count, self._began, self._last),
            "stall_end": self.stall_end.deadline,
            "asleep": self.asleep,
            "event": self._event,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on as when `save` returned `saved`. No stall may be under way; last of all."""
        self.asked, self._count, self._began, self._last = saved["run"]
        self.asleep, self._event = saved["asleep"], saved["event"]
        if saved["stall_end"] is not None:
            self.stall_end.at(saved["stall_end"])
        if self.asleep or saved["stall_end"] is not None:
            self.halt()
