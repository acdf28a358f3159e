"""Turns of a waiting loop behind alarms that the firmware need not make: it has made their like."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from xipsim.peripherals.core import Turn

from .polling import INTERRUPTED_GAP, Run
from .shortcuts import Turner
from .timesource import TimeSource

_Made = tuple[Hashable, Hashable, int, int]


class Turns:
    """Knows the turn that the firmware has made behind the last alarm that interrupted a stall.

    Behind the next one it would take as long, and leave the model as it is. It is recorded as if
    the firmware had made it; what that counts in memory is not counted, as in a stall. Of the first
    turns of a wait all are the firmware's. An engine with a `Turner` makes most of those behind
    alarms while the core stands still; what they do is done when something else comes.
    """

    def __init__(self, source: TimeSource) -> None:
        self._source = source
        self._behind_alarm: _Made | None = None
        """Of the last turn that began at the end of a stall, when an alarm fired: question, state,
        and ns, its own, and those that accesses have taken."""
        self._stalling: tuple[Run, Hashable, int, Turn] | None = None
        """The loop that stalls, its question, until when the answer is known, and its turn."""
        self.turner: Turner | None = None
        self._is_left = False
        """Whether that makes them."""

    def seen(self, run: Run, key: Hashable, turn: Turn, gap: int) -> None:
        """The firmware has made one behind an alarm, in `gap` ns and what accesses took."""
        self._behind_alarm = (key, turn.state, gap, run.last_taken)

    def stalls(self, run: Run, key: Hashable, until: int, turn: Turn) -> None:
        """The loop has asked, and stalls."""
        self._stalling = (run, key, until, turn)

    def forget_stall(self) -> None:
        """The firmware goes on with the loop itself: who knows what has happened."""
        self._stalling = None
        if self._is_left and self.turner is not None:
            self.turner.stop()
            self._is_left = False

    def leave(self) -> None:
        """The loop stalls, and asks nothing else: the engine may make those that follow."""
        if self.turner is None or self._stalling is None:
            return
        run, key, until, turn = self._stalling
        lag = self._lag(key, turn)
        if lag is not None:
            self._is_left = True
            self.turner.begin(run.last, lag, until, until + INTERRUPTED_GAP)

    def made(self) -> tuple[Run, int, Sequence[int], Sequence[int]] | None:
        """What the engine has made since it was left to it, which is done now: the run, until when
        the answer is known, when each turn asked, and the alarm that was the next one then."""
        if not self._is_left or self.turner is None or self._stalling is None:
            return None
        times, dues = self.turner.stop()
        if not times:
            return None
        run, _, until, turn = self._stalling
        turn.again(times)
        return run, until, times, dues

    def go_round(self) -> tuple[Run, Hashable, int, int] | None:
        """The stall has ended with an alarm that the loop need not know of: it asks again.

        Returns its run and question, until when the answer is known, and what the time is then;
        None where the firmware has to make the turn.
        """
        stalling, self._stalling = self._stalling, None
        if stalling is None:
            return None
        run, key, until, turn = stalling
        lag = self._lag(key, turn)
        if lag is None or run.last + lag >= until or not self.pass_over(run.last, lag):
            return None
        now = run.last + lag
        turn.again((now,))
        run.go_round(now)
        self._stalling = stalling
        return run, key, until, now

    def pass_over(self, now: int, span: int) -> bool:
        """Let time go on, unless anything happens by then, be it for the user only."""
        nearest = self._source.next_alarm(now, span + 1, {})
        return nearest > span and self._source.skip(span)

    def _lag(self, key: Hashable, turn: Turn) -> int | None:
        """ns from the end of a stall to the loop's next question; None where that is not known."""
        if self._behind_alarm is not None:
            question, state, lag, taken = self._behind_alarm
            if not taken and question == key and state == turn.state:
                return lag
        return None

    def save(self) -> _Made | None:
        """As plain data."""
        return self._behind_alarm

    def load(self, saved: _Made | None) -> None:
        """Know what was known when `save` returned `saved`."""
        self._behind_alarm = saved
