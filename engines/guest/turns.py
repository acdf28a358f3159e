"""Turns of a waiting loop that need not be made by the firmware, because it has made their like."""

from __future__ import annotations

from collections.abc import Hashable

from xipsim.peripherals.core import Turn

from .backend import TimeSource
from .polling import QUESTIONS_BEFORE_STALL, Run


class Turns:
    """Knows the turns that the firmware has made last.

    One that took as long as one before, and left the model as that had left it, will do so again
    until something happens. The next ones are recorded as if the firmware had made them; what it
    counts of them in memory is not counted, as in a stall.
    """

    def __init__(self, source: TimeSource) -> None:
        self._source = source
        self.ordinary: Hashable = None
        """Question, state, and ns of the last turn: its own, and those that accesses have taken."""
        self.behind_alarm: Hashable = None
        """The same of the last one that began at the end of a stall, when an alarm fired."""
        self._stalling: tuple[Run, Hashable, int, Turn, int] | None = None
        """The loop that stalls, its question, until when the answer is known, its turn, and when it
        has asked."""

    def seen(
        self, run: Run, key: Hashable, turn: Turn, gap: int, now: int, is_behind_alarm: bool
    ) -> int:
        """The firmware has made one, in `gap` ns and what accesses took, and asks again.

        Where that is known, those up to the one from which on the loop may stall are made by
        themselves. Returns what the time is then.
        """
        made = (key, turn.state, gap, run.last_taken)
        period = gap + run.last_taken
        if is_behind_alarm:
            self.behind_alarm = made
        elif made != self.ordinary:
            self.ordinary = made
        else:
            while run.count < QUESTIONS_BEFORE_STALL and self.pass_over(now, period):
                now += period
                turn.again(period)
                run.count += 1
                run.polls += 1
                run.last = now
        return now

    def stalls(self, run: Run, key: Hashable, until: int, turn: Turn, now: int) -> None:
        """The loop has asked, and stalls."""
        self._stalling = (run, key, until, turn, now)

    def forget_stall(self) -> None:
        """The firmware goes on with the loop itself: who knows what has happened."""
        self._stalling = None

    def go_round(self) -> tuple[Run, Hashable, int, int] | None:
        """The stall has ended with an alarm that the loop need not know of: it asks again.

        Returns its run and question, until when the answer is known, and what the time is then;
        None where the firmware has to make the turn.
        """
        stalling, self._stalling = self._stalling, None
        if stalling is None:
            return None
        run, key, until, turn, asked_at = stalling
        lag = self._lag(key, turn)
        if lag is None or run.last + lag >= until or not self.pass_over(run.last, lag):
            return None
        now = run.last + lag
        turn.again(now - asked_at)
        run.go_round(now)
        self._stalling = (run, key, until, turn, now)
        return run, key, until, now

    def pass_over(self, now: int, span: int) -> bool:
        """Let time go on, unless anything happens by then, be it for the user only."""
        nearest = self._source.next_alarm(now, span + 1, ())
        return nearest > span and self._source.skip(span)

    def _lag(self, key: Hashable, turn: Turn) -> int | None:
        """ns from the end of a stall to the loop's next question; None where that is not known."""
        known = self.behind_alarm
        if isinstance(known, tuple):
            *loop, lag, taken = known
            if loop == [key, turn.state] and not taken and isinstance(lag, int):
                return lag
        return None

    def save(self) -> tuple[Hashable, Hashable]:
        """As plain data."""
        return self.ordinary, self.behind_alarm

    def load(self, saved: tuple[Hashable, Hashable]) -> None:
        """Know what was known when `save` returned `saved`."""
        self.ordinary, self.behind_alarm = saved
