"""Virtual time for models and watchers, and a core that executes nothing while it goes on.

Guest alarms (what models set, and the core's own) are part of the run. Engine alarms (the end of a
`run`, the watch over faults) must not change it: they are left out when a stall looks for the next
thing that the guest could notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xipsim.peripherals.core import Speaker

from .alarms import ClockAlarm
from .passages import Passages
from .questions import Questions
from .timesource import Timer, TimeSource

MAXIMUM = 2**62
WFI, WFE = "WFI", "WFE"
_MASKED = "WFI, with a masked interrupt pending"


class Naps:
    """Sleeps in WFE that are passed over: an engine that does so by itself, where no engine alarm
    comes before, has these elsewhere."""

    slept_until = -1
    """Virtual ns of the alarm that has ended the last one."""
    event = False
    """The core's event register, as far as interrupts have set it."""


class GuestClock:
    """The `Clock` port. `guard` receives what a callback raised."""

    def __init__(
        self, source: TimeSource, guard: Callable[[BaseException], None], *, stalls: bool
    ) -> None:
        self.source, self.guard, self._stalls = source, guard, stalls
        self.reading: list[Callable[[], int]] = [source.read]
        """What tells the time, as its one element: that, but for who records, or does something
        later. An engine may look at it in another way than Python's."""
        self._hidden: dict[Timer, int] = {}
        """Timers of the engine's own that are set, and their times."""
        self._patient: ClockAlarm | None = None
        """An engine alarm that may be late."""
        self.stall_end = self.engine_alarm(self._end_stall)
        """With it, the stall under way ends."""
        self._asleep = ""
        self.naps = Naps()
        self._halted = False
        self._waiting: Speaker | None = None
        """Of which a passage may begin where the stall under way ends."""
        self.is_behind = False
        """Whether something is done as if the access under way were over."""
        self.will_stand_still: Callable[[], bool] = bool
        """Whether somebody looks at the machine behind the access under way; set by who runs it."""
        self.is_pending: Callable[[], bool] = bool
        """Whether an interrupt is pending that would end WFI; set by who has the core."""
        self.questions = Questions(self, stalls=stalls)
        self.question = self.questions.question
        """See `Clock.question` of the ports."""
        self.passages = Passages(self, self.questions)
        self.acts = self.passages.acts
        """See `Clock.acts` of the ports."""
        self.asks = self.passages.asks
        """As of `Passages`."""

    @property
    def now(self) -> int:
        """Virtual ns."""
        return self.reading[0]()

    def passage(self, speaker: Speaker) -> None:
        """See `Clock.passage` of the ports."""
        if self.stall_end.deadline is None:
            self._waiting = None
            self.passages.begin(speaker)
        elif speaker.line is None:
            self._waiting = speaker

    def alarm(self, callback: Callable[[], None]) -> ClockAlarm:
        """An alarm of the guest's world."""
        return ClockAlarm(self.source, callback, self.guard, self._happened)

    def engine_alarm(
        self, callback: Callable[[], None], *, is_patient: bool = False
    ) -> ClockAlarm:
        """An alarm that the guest cannot notice, and that does not shorten stalls.

        is_patient: it may be late where the core sleeps or stalls in thread mode; that is for one
        alarm.
        """
        alarm = ClockAlarm(
            *(self.source, callback, self.guard, self.move_on, self._hidden),
            is_patient=is_patient,
        )
        if is_patient:
            self._patient = alarm
        return alarm

    def next_guest_alarm(self, now: int, most: int = MAXIMUM) -> int:
        """ns until the next alarm of the guest's world, at most `most`."""
        return self.source.next_alarm(now, most, self._hidden)

    def alone_until(self, time: int, now: int, most: int) -> int:
        """When the next alarm of the guest's world comes, at most at `most`; 0 if one of the
        engine's own comes by `time`."""
        hidden = self._hidden
        if hidden and min(hidden.values()) <= time:
            return 0
        return now + self.next_guest_alarm(now, most - now)

    # -- accesses that take time, and stalls ------------------------------------------------------

    def _happened(self) -> None:
        """An alarm of the guest's world has fired."""
        self.questions.alarm_comes()
        self.passages.settle()
        end = self.stall_end.deadline
        if end is not None and end == self.now and not self._asleep:
            self.stall_end.cancel()
            self._release()
        self._begin_waiting()
        self.move_on()

    def stand_still(self) -> None:
        """The machine stands still: whoever looks at it may change it."""
        self.questions.stand_still()
        self.passages.settle()
        self.passages.forget_broken()

    def take(self, until: int) -> int:
        """See `Clock.take` of the ports. Such waits are too short to be listed."""
        now = self.now
        if not self._stalls or until <= now:
            return now
        span = until - now
        if self.stall_end.deadline is not None:
            return now
        if not self.source.skip(span):
            span = self.next_guest_alarm(now, span)
            if span > 0:
                self.stall(now + span)
        self.count_as_taken(span)
        return now + span

    def lasts(self, until: int) -> None:
        """See `Clock.lasts` of the ports."""
        span = until - self.now
        if span > 0:
            self.count_as_taken(span)
            if not self.source.skip(span):
                self.stall(max(until, self.stall_end.deadline or 0))

    def count_as_taken(self, span: int) -> None:
        """What an access takes is not the time of the loop that makes it."""
        self.passages.taken(span)
        self.questions.count_as_taken(span)

    def stall(self, end: int) -> None:
        """In an access: the core executes nothing behind it until then, unless it is let go on."""
        self.passages.acts()
        if self.passages.stalls_later(end):
            return
        self.stall_end.at(end)
        self.questions.stall_begins()
        self.source.hold()
        self.move_on()

    def stall_behind(self, end: int, alarm: ClockAlarm | None) -> None:
        """In an access that is over, but for that it stalls. If nothing comes before this alarm,
        with which the stall ends, all of it passes at once."""
        if (
            alarm is None
            or alarm.deadline != end
            or self.will_stand_still()
            or not self.source.skip_to(alarm.timer, end)
        ):
            self.stall(end)
            return
        self.is_behind = True
        alarm.fired()
        self.is_behind = False
        self._look_late()

    def _end_stall(self) -> None:
        if self._asleep == WFI and not self.is_pending():
            now = self.now
            self._sleep(now, self.next_guest_alarm(now))
            return
        goes_round = False
        try:
            goes_round = self.questions.go_round()
        finally:
            if not goes_round:
                self._release()
                if self.next_guest_alarm(self.now, 1):
                    self._begin_waiting()

    def _begin_waiting(self) -> None:
        """Let the passage begin that waits for the end of the stall, if that has come, and all has
        happened that happens then."""
        if self._waiting is not None and self.stall_end.deadline is None:
            waiting, self._waiting = self._waiting, None
            self._look_late()
            self.passages.begin(waiting)

    def _look_late(self) -> None:
        """Time has gone past the alarm that may be late: it would end the passage that begins."""
        patient = self._patient
        if patient is None or patient.deadline is None:
            return
        if patient.deadline <= self.now:
            patient.fire()

    def _release(self) -> None:
        self._asleep = ""
        self.questions.forget_stall()
        self.source.release()

    def cancel_stall(self) -> None:
        """Let a stalled or sleeping core go on at once."""
        self.questions.asked = self._waiting = None
        if self._asleep or self.stall_end.deadline is not None:
            self.stall_end.cancel()
            self._release()

    def move_on(self) -> None:
        """While the core stands still, let time go to the next alarm: call it whenever it might."""
        if self._asleep or self._halted or self.stall_end.deadline is not None:
            self.source.move_on()

    # -- a core that executes nothing ------------------------------------------------------------

    @property
    def halted(self) -> bool:
        """Whether the core is switched off, or waits for the boot ROM."""
        return self._halted

    def halt(self) -> None:
        """The core executes nothing until `resume`. Call it while the machine stands still."""
        self._halted = True
        self.source.halt()

    def hold_again(self) -> None:
        """The engine has let the core go on, whatever it was: a core that stands still shall."""
        if self._asleep or self._halted or self.stall_end.deadline is not None:
            self.source.halt()

    def resume(self) -> None:
        """Undo `halt`."""
        self._halted = False
        self.source.release()

    def sleep(self, wfi: bool) -> None:
        """The core executes WFI or WFE: it stands still until the next alarm, or until `wake`.

        For an engine that does not see to that itself. WFI ends when an interrupt is pending. WFE
        goes on at once if there was an interrupt since the last one, which has set the core's event
        register; it never sleeps past the guest's next alarm, so an event that nobody sees here
        (SEV, or SysTick's) costs a tick at most. Call it while the machine stands still.
        """
        event, self.naps.event = self.naps.event and not wfi, False
        if event or not self._stalls:
            return
        if wfi and self.is_pending():
            # What is masked goes on being pending: a loop comes round as fast as it can.
            if self.question(_MASKED) > self.now:
                self.source.halt()
            return
        now = self.now
        span = self.next_guest_alarm(now)
        if not wfi and span < MAXIMUM and self.source.skip(span):
            # Nothing else happens before: no need to stop the core, and to start it again.
            self.naps.slept_until = now + span
            self.questions.forget_stall()
            return
        self._asleep = WFI if wfi else WFE
        self._sleep(now, span)
        self.source.halt()

    def _sleep(self, now: int, span: int) -> None:
        if span < MAXIMUM:
            self.stall_end.at(now + span)

    def wake(self) -> None:
        """An interrupt line rises: a core that sleeps goes on, from WFI if it is enabled."""
        self.naps.event = True
        if self._asleep == WFE or (self._asleep == WFI and self.is_pending()):
            self.cancel_stall()
        elif self.naps.slept_until == self.now:
            self.questions.asked = None  # as `cancel_stall` has it

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """What the firmware asks, and the stall or sleep under way."""
        return {
            "questions": self.questions.save(),
            "stall_end": self.stall_end.deadline,
            "asleep": self._asleep,
            "slept_until": self.naps.slept_until,
            "event": self.naps.event,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on as when `save` returned `saved`. No stall may be under way; last of all."""
        self.questions.load(saved["questions"])
        self._asleep, self.naps.event = saved["asleep"], saved["event"]
        self.naps.slept_until = saved["slept_until"]
        if saved["stall_end"] is not None:
            self.stall_end.at(saved["stall_end"])
        if self._asleep or saved["stall_end"] is not None:
            self.source.halt()
