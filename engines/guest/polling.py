"""A question that the firmware asks again and again, and what is known of the loop that asks it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from xipsim.peripherals.core import Unanswered

QUESTIONS_BEFORE_STALL = 8
"""So many are answered at once at the beginning of each wait."""
GAP = 330
"""ns within which a question must come again to belong to the run: firmware's polling loops take
50 to 300 ns, a turn of a natively compiled Python loop 360, a call from byte code 1,000. A loop
that asks several questions takes that much for each of them."""
SLOW_GAP = 2_000
"""The same where it is known when the answer changes, and such a loop is as sure to ask in vain: a
driver for which each look is a command with interrupts (Alif's CMSIS driver takes 1,100 ns)."""
INTERRUPTED_GAP = 20_000
"""ns by which an interrupt handler may stretch the gap; longer ends the run."""
SHAPES = 4
"""Lengths of a turn that one loop may have: by the branches that it takes."""
QUESTIONS_IN_A_LOOP = 4


def plain(asked: Hashable) -> Hashable:
    """An equal question that any snapshot can hold."""
    return str(asked) if isinstance(asked, Unanswered) else asked


class Run:
    """One question of a loop. A loop that asks several has a run for each."""

    __slots__ = (
        *("alarm_due", "asked", "began", "count", "gaps"),
        *("interrupted", "last", "last_taken", "level", "noticed", "polls", "taken", "wait"),
    )

    def __init__(self, asked: Hashable, now: int) -> None:
        self.asked = asked
        self.level = 0
        """Of the exception in which it is asked."""
        self.alarm_due = 0
        """Virtual ns at which the loop will be interrupted."""
        self.begin(now)

    def begin(self, now: int, *gaps: int) -> None:
        """The question is asked for the first time, `gaps` ns behind another."""
        self.began = self.last = now
        self.count = self.polls = 1
        """count: asked since the last answer that counted; polls: made, and not told yet."""
        self.gaps = gaps
        """ns between two questions: what is known of the loop's turns."""
        self.taken = self.last_taken = 0
        """ns that accesses have taken in this turn, and in the one before: not in `gaps`."""
        self.noticed = self.interrupted = False
        self.wait: Any = None
        """What the record of waits knows it by."""

    @classmethod
    def stalled(cls, asked: Hashable, began: int, gap: int, taken: int) -> Run:
        """Of a loop of which all turns were alike up to the stall under way, and are told."""
        run = cls(asked, began)
        run.count, run.polls, run.noticed = QUESTIONS_BEFORE_STALL, 0, True
        run.gaps, run.last_taken = (gap,), taken
        return run

    @property
    def asks_before_stall(self) -> int:
        """How often it may come again, at any distance, until it is noticed as a wait, the time of
        that included; 0 where it was, or an alarm has just come."""
        if self.noticed or self.last <= self.alarm_due:
            return 0
        return QUESTIONS_BEFORE_STALL - self.count

    def comes_round(
        self, now: int, longest: int, is_known: bool, level: Callable[[], int]
    ) -> bool:
        """It is asked again: whether that is the next turn of the loop, `longest` ns at most.

        is_known: whether it is known when the answer changes. level: that of the question.
        """
        gap = now - self.last
        if 0 < gap <= longest and gap in self.gaps:
            self.go_round(now)
            return True
        if gap > INTERRUPTED_GAP:
            self.begin(now)
        elif gap > longest or (not self.fits(gap) and not is_known):
            self._leave_loop(now, gap, level)
        elif gap:  # else the same access asks twice
            self.go_round(now)
            return True
        return False

    def _leave_loop(self, now: int, gap: int, level: Callable[[], int]) -> None:
        """The question comes at another time than the next turn of the loop."""
        last, self.last = self.last, now
        if self.noticed and level() != self.level:
            self.interrupted = True  # it comes from an interrupt handler
        elif self.interrupted or last <= self.alarm_due <= now:
            self.interrupted = False
            self.polls += 1
            self.count = 1
        else:
            self.begin(now, gap)

    def go_round(self, now: int) -> None:
        """The loop has made another turn, and asks."""
        self.last = now
        self.last_taken, self.taken = self.taken, 0
        self.polls += 1
        if self.count < QUESTIONS_BEFORE_STALL:
            self.count += 1

    def go_on_alike(self, times: list[int], taken: int, longest: int) -> bool:
        """It has made turns up to each of these times, in which accesses took `taken` ns, if all of
        them were as long as each other, and as one may be, and `longest` ns at most."""
        one, turns = times[0] - self.last, len(times)
        if not 0 < one - taken <= longest:
            return False
        if turns > 1 and times != list(range(times[0], times[-1] + 1, one)):
            return False
        if not self.fits(one - taken):
            return False
        self.last_taken = taken if turns > 1 else self.taken + taken
        self.taken = 0
        self.go_on(times[-1], turns)
        return True

    def go_on(self, now: int, turns: int) -> None:
        """It has made so many more like the last one, and asks."""
        self.last = now
        self.polls += turns
        self.count += turns
        if self.count > QUESTIONS_BEFORE_STALL:
            self.count = QUESTIONS_BEFORE_STALL

    def go_round_behind(self, times: Sequence[int], ends: Sequence[int]) -> int:
        """The same, at these times, and each time it has stalled until one of `ends`. How often the
        loop would have gone round in these stalls."""
        count, taken, gaps = len(times), self.taken, self.gaps
        self.last, self.last_taken, self.taken = ends[-1], taken if count == 1 else 0, 0
        self.polls += count
        if not (length := sum(gaps)):
            return 0
        # Accesses have taken time in the first one only.
        shapes = len(gaps)
        first = (ends[0] - times[0]) * shapes // (length + shapes * taken)
        later = zip(times[1:], ends[1:], strict=True)
        return first + sum([(end - now) * shapes // length for now, end in later])

    def fits(self, gap: int) -> bool:
        """Whether a turn of the loop may be that long: turns differ by a branch here and there."""
        if gap in self.gaps or not gap:
            return True
        if self.noticed or len(self.gaps) >= SHAPES:
            return False
        if self.gaps and not any(abs(gap - known) <= known // 2 for known in self.gaps):
            return False
        self.gaps += (gap,)
        return True

    def turns(self, span: int) -> int:
        """How often the loop would go round in `span` ns."""
        if not self.gaps:
            return 0
        return span * len(self.gaps) // (sum(self.gaps) + len(self.gaps) * self.last_taken)

    def save(self) -> dict[str, Any]:
        """As plain data."""
        data = {name: getattr(self, name) for name in self.__slots__}
        return data | {"asked": plain(self.asked)}

    @classmethod
    def saved(cls, data: dict[str, Any]) -> Run:
        """As when `save` returned `data`."""
        run = cls(None, 0)
        for name, value in data.items():
            setattr(run, name, value)
        return run


def expect_news(*runs: Run) -> None:
    """The next answers of a loop are new: if one ends the wait, no stall may come.

    Where it asks several questions, nor may one come in a last look at its timer, behind the loop.
    """
    at_once = 2 if len(runs) > 1 else 1
    for run in runs:
        run.count = min(run.count, QUESTIONS_BEFORE_STALL - 1 - at_once)
