"""Loops that count nothing: of the turns before their stall the firmware need not make all.

The first polls of each wait are the firmware's, as it may give up after some of them. That it will
not is proven once, for a loop at one place: a poll finds the core, all memory and the model as the
poll before has found them, but for the time, and nothing else has happened in between. So the next
turn is like this one as long as the answer is the same and nothing comes from outside. A loop that
counts, wherever it does that, is never proven.

In a later wait at the same place, with turns of the same length, the second poll and the third are
compared by what a loop counts in: the core's state, the top of the stack, and the memory that was
written in the turn that was proven. Assumption: code that was proven at a place, and takes the same
time again, does not count elsewhere, where it counted nothing then. What is known here is no state
of the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from xipsim.peripherals.core import Turn

from .polling import Run
from .shortcuts import Witness

MARKED, COMPARED, KEPT, PROVEN = 2, 3, 4, 5
"""Polls of a wait, by what is done in them; the last two where a proof is tried."""
TRIES = 16
"""In a row that come to nothing, of one question: interrupts are rare, so its loops count."""
REMEMBERED = 64
"""Places; more of them are no repetition."""


class Proofs:
    """What is proven of the loops of one machine."""

    def __init__(self) -> None:
        self.witness: Witness | None = None
        """Without one: nothing."""
        self.pc: Callable[[], int | None] = lambda: None
        """Where the access under way comes from."""
        self.key: Hashable = None
        """The question that was asked last, if a turn of its loop may be proven; else None."""
        self._proven: set[Hashable] = set()
        self._failed: dict[Hashable, int] = {}
        """By question, how many tries have come to nothing since the last success."""
        self._tried: Hashable = None
        """The place of the proof under way."""

    def asks(self, key: Hashable, count: int, most: int) -> int:
        """How often a question, which was asked `count` times, may be asked without a look here,
        but for the last time; at most `most`. key: it, if a turn of its loop may be proven."""
        if self.witness is None or key is None or not self._is_worth_it(key):
            return most
        if count < COMPARED:
            return min(COMPARED - count, most)
        return most if self._tried is None else 1

    def turn(self, run: Run, key: Hashable, turn: Callable[[], Turn], gap: int) -> Turn | None:
        """The turn that this question ends, if the loop counts nothing. Call it with each of them.

        gap: ns that it took, but for accesses that took time.
        """
        witness, count = self.witness, run.count
        if witness is None or count > PROVEN or not self._is_worth_it(key):
            return None
        if count == MARKED:
            witness.mark()
            return None
        tried, self._tried = self._tried, None
        if count != COMPARED and tried is None:
            return None
        before = run.last - gap - run.last_taken
        made = turn()
        place = (key, made.state, gap, run.last_taken, self.pc())
        if count == COMPARED and witness.is_unchanged_since(before):
            if place in self._proven:
                self._failed.pop(key, None)
                return made
            self._tried = place
            witness.follow()
        elif count == KEPT and place == tried and witness.keep():
            self._tried = place
        elif count == PROVEN and place == tried and witness.is_all_unchanged_since(before):
            self._remember(place)
            self._failed.pop(key, None)
            return made
        else:
            self._failed[key] = self._failed.get(key, 0) + 1
        return None

    def holds(self, turn: tuple[Hashable, ...], before: int) -> bool:
        """Whether the loop is proven to count nothing of which that is a turn, by question, state,
        ns, and those that accesses took; its second question was `before`, and its third is now."""
        key = turn[0]
        if self.witness is None or (*turn, self.pc()) not in self._proven:
            return False
        if not self._is_worth_it(key) or not self.witness.is_unchanged_since(before):
            return False
        self._tried = None
        self._failed.pop(key, None)
        return True

    def _remember(self, place: Hashable) -> None:
        if len(self._proven) >= REMEMBERED:
            self._proven.clear()
        self._proven.add(place)

    def _is_worth_it(self, key: Hashable) -> bool:
        return self._failed.get(key, 0) < TRIES

    def interrupt(self) -> None:
        """Somebody may have changed anything."""
        self._tried = None
        if self.witness is not None:
            self.witness.forget()

    def clear(self) -> None:
        """What runs from now on may be another program."""
        self._proven.clear()
        self._failed.clear()
        self.interrupt()
