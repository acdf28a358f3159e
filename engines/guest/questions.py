"""What the firmware asks again and again, and stalls that make its waiting cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Sequence
from typing import Any, Protocol

from xipsim.peripherals.core import RAISED, Turn, Unanswered

from .alarms import ClockAlarm
from .hopeless import LONG, Hopeless
from .polling import (
    GAP,
    INTERRUPTED_GAP,
    QUESTIONS_BEFORE_STALL,
    QUESTIONS_IN_A_LOOP,
    SLOW_GAP,
    Run,
    expect_news,
    plain,
)
from .proofs import COMPARED, Proofs
from .shortcuts import Turner
from .timesource import TimeSource
from .turns import Turns
from .waits import Waits

FRACTION = 16
"""Where nobody knows when the answer will change, a stall lasts at most this fraction of the time
that the wait has taken, so that what the firmware waits for is seen late by 1/16 at most. Where it
is known, the stall lasts until then, unless the loop asks something else besides (a timer, for its
time-out), which may end it before."""
LONGEST = 1_000_000
"""ns that such a stall takes at most: a loop that gives up after a count, and hence makes each of
its polls, would else see the time grow by 1/16 with every other one."""


class Clock(Protocol):
    """What questions need of the machine's clock."""

    source: TimeSource
    guard: Callable[[BaseException], None]

    @property
    def acts(self) -> Callable[[], None]:
        """See `Clock.acts` of the ports."""

    def asks(self, key: Hashable, until: int, *, is_new: bool) -> None:
        """Likewise: it has asked that, of which the answer is known then. is_new: it has not been
        asked in the loop under way."""

    @property
    def now(self) -> int:
        """Virtual ns, as models see it."""

    @property
    def stall_end(self) -> ClockAlarm:
        """With it, the stall under way ends."""

    def stall(self, end: int) -> None:
        """The core executes nothing until then."""

    def next_guest_alarm(self, now: int, most: int) -> int:
        """ns until the next alarm of the guest's world, at most `most`."""

    def alone_until(self, time: int, now: int, most: int) -> int:
        """When that comes, at most at `most`; 0 if one of the engine's own comes by `time`."""


class Questions:
    """Of one machine. stalls: whether waiting shall cost nothing."""

    def __init__(self, clock: Clock, *, stalls: bool) -> None:
        self._clock, self._stalls = clock, stalls
        self.asking: list[Hashable] = [None]
        """See `Questions` of core/access.py: any access that is not neutral sets it to None."""
        self._begun: tuple[Hashable, int] = (None, 0)
        """The question of the run under way, and when it was asked first."""
        self._known: Run | None = None
        """That run, once anybody needs it: most are asked once."""
        self._is_known = False
        """Whether the last question said when the answer changes."""
        self._others: dict[Hashable, Run] = {}
        """Those of the other questions that the same loop asks."""
        self._turns = Turns(clock.source)
        self.forget_stall = self._turns.forget_stall
        """Call it where the firmware goes on with the loop that stalls."""
        self.proofs = Proofs()
        self.waits = Waits()
        """What the firmware has waited for."""
        self._hopeless = Hopeless()
        self.hopeless: Callable[[Unanswered], None] = lambda what: None
        """Told of a wait for what nothing answers; set by who has the trace."""
        self.pc: Callable[[], int | None] = lambda: None
        """Where the access under way comes from; set by who has the core."""
        self.level: Callable[[], int] = int
        """Number of the exception being handled, 0 in thread mode; set likewise."""
        self.can_interrupt: Callable[[], bool] = lambda: True
        """Whether an interrupt is pending that a core which goes on would take; set likewise."""

    @property
    def asked(self) -> Hashable:
        """The question of the run under way."""
        return self.asking[0]

    @asked.setter
    def asked(self, question: Hashable) -> None:
        self.asking[0] = question

    @property
    def _run(self) -> Run:
        """The run under way, of `asked` or what was that."""
        if self._known is None:
            self._known = Run(*self._begun)
        return self._known

    def use(self, turner: Turner) -> None:
        """Let it make turns of loops that stall."""
        self._turns.turner = turner
        turner.connect(self._clock.stall_end.timer, self._made)

    def question(
        self,
        key: Hashable,
        until: int | None = None,
        *,
        after: int = 0,
        turn: Callable[[], Turn] | None = None,
    ) -> int:
        """See `Clock.question` of the ports: lets a repeated question take time.

        Another operation is another question, and ends at another time. Where no end is known, a
        wait is a loop of which one turn is as long as the other, but for interrupts. A loop may ask
        several questions in turn.
        """
        now = self._clock.now
        if isinstance(key, Unanswered) and self._hopeless.is_many(key, now) and not self.level():
            self._tell(key)
        asked = key if until is None else (key, until)
        is_new = asked != self.asking[0] and self._change(asked, now)
        if until is None or turn is not None:
            self._clock.acts()
        else:
            self._clock.asks(key, until, is_new=is_new)
        self._is_known = until is not None
        self.proofs.key = None if turn is None or until is None else key
        if is_new:
            return now
        known = self._known
        last = self._begun[1] if known is None else known.last
        if now - last > INTERRUPTED_GAP and not self._others:
            self._known, self._begun = None, (asked, now)  # as `Run.begin`, once anybody needs it
            return now
        run = self._run
        gap, is_behind_alarm = now - run.last, run.last == run.alarm_due
        if gap and self._others:
            self._forget_others(run.last)
        if run.comes_round(now, self._longest(), self._is_known, self.level):
            if turn is not None and not self._others:
                if is_behind_alarm:
                    self._turns.seen(run, key, turn(), gap)
                if until is not None and run.count < QUESTIONS_BEFORE_STALL:
                    made = self.proofs.turn(run, key, turn, gap)
                    if made is not None and self._make_turns(run, made, gap, until):
                        now, turn = run.last, lambda: made
            if run.count == QUESTIONS_BEFORE_STALL and now - run.began >= after:
                self._clock.acts()
                end = self._wait(run, key, until, now)
                if end > now:
                    if turn is not None and until is not None:
                        self._turns.stalls(run, key, until, turn())
                    self._clock.stall(end)
                return end
        return now

    def wait_alike(
        self, key: Hashable, until: int, made: Turn, starts: Sequence[int], taken: int
    ) -> tuple[Sequence[int], int] | None:
        """What is asked for the first time, and again, thrice up to now, each time behind a turn
        like that, in which accesses take `taken` ns: if that loop is proven to count nothing, all
        up to the stall at once, as if each had been asked.

        Returns when it was asked, and until when it stalls; None: nothing is done, as that is not
        proven.
        """
        first, second, third = starts
        one = third - second
        gap, end = one - taken, third + one * (QUESTIONS_BEFORE_STALL - COMPARED)
        if (
            second - first != one
            or not 0 < gap <= SLOW_GAP
            or end >= until
            or self.can_interrupt()
        ):
            return None
        due = self._clock.alone_until(end, third, until + INTERRUPTED_GAP)
        if due <= end or not self.proofs.holds((key, made.state, gap, taken), second):
            return None
        stall_end, asked, polls = min(due, until), (key, until), QUESTIONS_BEFORE_STALL
        run = Run.stalled(asked, first, gap, taken)
        run.level, run.alarm_due, run.last = self.level(), due, stall_end
        run.wait = self.waits.begin(key, self.pc(), first)
        self.waits.add(run.wait, polls, polls + (stall_end - end) // one)
        self._others.clear()
        self.asking[0], self._begun, self._known = asked, (asked, first), run
        self._is_known, self.proofs.key = True, key
        self._turns.stalls(run, key, until, made)
        return range(first, end + 1, one), stall_end

    def _make_turns(self, run: Run, made: Turn, gap: int, until: int) -> bool:
        """Those up to the one that stalls, as if the firmware had made them, all like this one; if
        nothing comes meanwhile."""
        turns, one = QUESTIONS_BEFORE_STALL - run.count, gap + run.last_taken
        now, end = run.last, run.last + turns * one
        if end >= until or self.can_interrupt() or not self._turns.pass_over(now, end - now):
            return False
        run.go_on(end, turns)
        made.again(range(now + one, end + 1, one))
        return True

    @property
    def asks_before_stall(self) -> int:
        """How often what was asked last may be asked again, the last time by `question`; 0 where
        that is not known."""
        run = self._run
        if any(other.last >= run.last for other in self._others.values()):
            return 0  # the others will be forgotten
        return self.proofs.asks(self.proofs.key, run.count, run.asks_before_stall)

    def asks_behind(self, key: Hashable) -> int:
        """The same of that question, when it will have been asked for the first time."""
        return self.proofs.asks(key, 1, QUESTIONS_BEFORE_STALL - 1)

    def asked_again(self, times: Sequence[int], taken: int) -> None:
        """All of these questions but the last one, at these times, each behind accesses that took
        `taken` ns."""
        run, left, longest = self._run, list(times), SLOW_GAP if self._is_known else GAP
        while left and (self._others or not run.go_on_alike(left, taken, longest)):
            now = left.pop(0)
            if taken:
                self.count_as_taken(taken)
            if self._others and now > run.last:
                self._forget_others(run.last)
            run.comes_round(now, self._longest(), self._is_known, self.level)

    def ask(self, key: Hashable, span: int, behind: Sequence[int]) -> None:
        """What is known `span` ns from now is asked, and again so many ns later each, at once."""
        now = self._clock.now
        self.question(key, now + span)
        self.asked_again([now + later for later in behind], 0)

    def has_asked(self, keys: Container[Hashable]) -> bool:
        """Whether one of these was asked of what is still to come, or may never."""
        now = self._clock.now
        return any(
            asked in keys
            or (
                isinstance(asked, tuple)
                and asked[0] in keys
                and isinstance(until := asked[-1], int)
                and until > now
            )
            for asked in (self.asked, *self._others)
        )

    def _longest(self) -> int:
        return SLOW_GAP if self._is_known else GAP * (1 + len(self._others))

    def _tell(self, what: Unanswered) -> None:
        if self._hopeless.is_news(what):
            self.hopeless(what)

    def _change(self, asked: Hashable, now: int) -> bool:
        """Something else is asked: by the same loop, if nothing but questions was between. Whether
        nothing is known of that."""
        others, before = self._others, self.asking[0]
        if before is None or len(others) == QUESTIONS_IN_A_LOOP:
            others.clear()
        else:
            others[before] = self._run
        self._known = others.pop(asked, None) if others else None
        self._begun = asked, now
        self.asking[0] = asked
        return self._known is None

    def _forget_others(self, since: int) -> None:
        """Those that this turn of the loop has not asked."""
        for asked in [a for a, run in self._others.items() if run.last < since]:
            del self._others[asked]

    def _wait(self, run: Run, key: Hashable, until: int | None, now: int) -> int:
        """The firmware waits, and that can take time: until when it does."""
        if not run.noticed:
            run.noticed, run.level = True, self.level()
            run.wait = self.waits.begin(key, self.pc(), run.began)
        elif self._stalls and self.level() != run.level:
            # A handler that asks once must not stall: that would end with the next interrupt.
            return now
        span = self._stall_span(run, until, now) if self._stalls else 0
        self.waits.add(run.wait, run.polls, run.polls + run.turns(span))
        run.polls = 0
        if isinstance(key, Unanswered) and now - run.began > LONG:
            self._tell(key)
        return now + span

    def _stall_span(self, run: Run, until: int | None, now: int) -> int:
        """ns that the stall takes, which passes for the questions of the loop."""
        if until is None or self._others:
            guess = now + min((now - run.began) // FRACTION, LONGEST)
            until = guess if until is None else min(until, guess)
            expect_news(run, *self._others.values())
        alarm = self._clock.next_guest_alarm(now, until - now + INTERRUPTED_GAP)
        run.alarm_due = now + alarm
        span = max(0, min(alarm, until - now))
        run.last += span
        for other in self._others.values():
            other.last += span
            self.waits.add(other.wait, 0, other.turns(span))
        return span

    def stall_begins(self) -> None:
        """The engine may make turns, if a loop asks nothing else."""
        if not self._others:
            self._turns.leave()

    def go_round(self) -> bool:
        """A stall has ended: whether the loop stalls again, after a turn that was made for it."""
        made = None if self.can_interrupt() else self._turns.go_round()
        if made is None:
            return False
        run, key, until, now = made
        end = self._wait(run, key, until, now)
        if end > now:
            self._clock.stall_end.at(end)
            self.stall_begins()
        return end > now

    def _made(self) -> None:
        """The engine has made turns, and something else comes."""
        try:
            self.settle()
        except RAISED as error:
            self._clock.guard(error)

    def settle(self) -> None:
        """Turns that the engine has made are as if they had been made here."""
        made = self._turns.made()
        if made is None:
            return
        run, until, times, dues = made
        run.alarm_due = dues[-1]
        on_silicon = run.go_round_behind(times, [*dues[:-1], min(dues[-1], until)])
        self.waits.add(run.wait, run.polls, run.polls + on_silicon)
        run.polls = 0
        self._clock.stall_end.follow(run.last)
        self._turns.leave()

    def alarm_comes(self) -> None:
        """An alarm of the guest's world has fired: a loop that times it shall not be late."""
        if self._others:
            expect_news(self._run, *self._others.values())
        self._turns.forget_stall()

    def stand_still(self) -> None:
        """The machine stands still: whoever looks at it may change it."""
        self.settle()
        self._turns.forget_stall()
        self.proofs.interrupt()

    def count_as_taken(self, span: int) -> None:
        """What an access takes is not the time of the loop that makes it."""
        run = self._run
        run.last += span
        run.taken += span
        if self._others:
            for run in self._others.values():
                run.last += span
                run.taken += span

    def polled(self) -> list[str]:
        """What the loop asks that the firmware is in, if it is in one."""
        if self.asked is None or self._clock.now - self._run.last > INTERRUPTED_GAP:
            return []
        return [run.wait[0] for run in (self._run, *self._others.values()) if run.wait]

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """What was waited for, and the wait under way."""
        return {
            "asked": plain(self.asked),
            "hopeless": self._hopeless.save(),
            "runs": [run.save() for run in (self._run, *self._others.values())],
            "turns": self._turns.save(),
            "waits": self.waits.save(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on as when `save` returned `saved`."""
        self.asked = saved["asked"]
        self._hopeless.load(saved["hopeless"])
        self._known, *others = map(Run.saved, saved["runs"])
        self._others = {run.asked: run for run in others}
        self._turns.load(saved["turns"])
        self.proofs.interrupt()
        self.waits.load(saved["waits"])
