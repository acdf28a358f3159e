"""What the accesses of a passage do beside changing their model, to be done later as of then."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from xipsim.peripherals.namedtuple import NamedTuple

from .questions import Questions


class Question(NamedTuple):
    """As of `Clock.question`."""

    key: Hashable
    until: int


class Setting(NamedTuple):
    """What belongs to a deed that sets another model's alarm."""

    alarm: Any
    due: int
    """ns behind the base: the player has set its timer for that."""
    take: Callable[[memoryview], tuple[Any, ...]]
    """Makes what the deed is given of what was written."""


class Deed(NamedTuple):
    """Something to be done: when, by the number of a base and the ns behind it, and what."""

    base: int
    since: int
    do: Callable[..., object]
    sets: Setting | None


class Deeds:
    """Those of one passage, in their order. A question that comes again is a part of one deed."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._deeds: list[Deed] = []
        self.questions: set[Question] = set()
        """That were asked for the first time in the passage."""
        self.counted = 0
        """ns that accesses took, of which a deed tells the clock."""
        self._goes_on: tuple[int, Question] | None = None
        """The base and the question of the last deed, if it is one; and for that: """
        self._first = 0
        self._behind: tuple[int, ...] = ()

    def all(self) -> tuple[Deed, ...]:
        """Up to now."""
        return tuple(self._deeds)

    def add(
        self, base: int, since: int, do: Callable[..., object], sets: Setting | None = None
    ) -> None:
        """Another one."""
        self._goes_on = None
        self._deeds.append(Deed(base, since, do, sets))

    def ask(self, base: int, since: int, at: int, question: Question, taken: int) -> None:
        """That was asked at that time. taken: ns that the accesses before it took."""
        if taken > self.counted:
            self.add(base, since, partial(self._questions.count_as_taken, taken - self.counted))
            self.counted = taken
        if self._goes_on == (base, question):
            self._behind += (at - self._first,)
            base, since, *_ = self._deeds.pop()
        else:
            self._first, self._behind = at, ()
        span = question.until - self._first
        self.add(base, since, partial(self._questions.ask, question.key, span, self._behind))
        self._goes_on = base, question
