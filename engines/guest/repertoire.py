"""Passages that are known, by the state in which they begin: see `passages`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, ItemsView
from typing import Any

from xipsim.peripherals.core import Allowed, FirstTurn, Speaker
from xipsim.peripherals.fixed import Fixed
from xipsim.peripherals.namedtuple import NamedTuple

from .deeds import Deed
from .shortcuts import Again, Step

REMEMBERED = 64
"""States in which a passage might begin; more of them are no repetition."""
BRANCHES = 4
"""Passages that begin in one state."""
OFTEN = 8
"""Times that a passage has to have ended early in one state before what goes on there is recorded:
that costs as much as fifty times to make it, and much comes three times."""
TRIES = 4
"""Times to record one that something from outside ends early, or that is too short."""
ANYTHING: Allowed = (0, 0xFFFF_FFFF, 0)


def allows(allowed: Allowed, recorded: int, value: int) -> bool:
    """Whether a register may hold that: see `Step`."""
    least, most, alike = allowed
    return least <= value <= most and not (value ^ recorded) & alike


class Access(NamedTuple):
    """Of the core to a register, which comes next. value: of a write; of a read, any."""

    offset: int
    is_write: bool
    value: int


class Held(NamedTuple):
    """What a register held when the passage began. allowed: what it may hold, as of a `Step`; None
    where nothing depends on it."""

    offset: int
    value: int
    allowed: Allowed | None


class Stop(Fixed):
    """Where a passage may end: behind one of its steps."""

    bases: int
    """How many there are by then, with the passage's begin."""
    deeds: tuple[Deed, ...]
    """What those do beside changing the model."""
    outcome: Any
    """The model's."""
    taken: int
    """ns that the steps took, but for those of which one of the deeds tells."""
    ends_question: bool
    """Whether one of them was not neutral."""
    sets_alarm: bool
    """Whether one of them has set or cancelled the model's alarm."""
    due: int | None
    """ns from the last base to it; None: it is off."""
    is_armed: bool
    """Whether it was set in its time."""


class Passage(Fixed):
    """What the firmware does."""

    steps: tuple[Step, ...]
    stops: tuple[Stop, ...]
    """Behind each of them: where it may end."""
    bases: int
    """Behind the last one."""
    play: Callable[[int], None]
    """Begins to play it, at that time."""
    again: Again | None
    """The write behind it that has led back to the state in which it began, as it will wherever it
    does the same as what has begun it. (`Speaker.round`)"""
    given: ItemsView[int, int]
    """What is free, as it was written."""
    is_apart: bool
    """Whether another instruction makes its first access than the one that has begun it."""
    rises: int | None
    """The first step that lets an interrupt rise, or the one behind the last."""
    script: Any
    """The player's."""
    then: tuple[FirstTurn, Passage] | None
    """The loop that a write behind it has begun, and a turn of that."""
    keys: frozenset[Hashable]
    """Of questions that it asks, each for the first time."""
    held: tuple[Held, ...]
    """What registers have to hold as it begins, if that matters."""


class _Place:
    """What is known of a state in which passages may begin."""

    __slots__ = ("came", "passages", "tries")

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.came = 0
        """How often nothing was known that was to be played, since the last of these was added."""
        self.tries = 0
        """To record another one, likewise."""


class Repertoire:
    """What passages begin in which state. forget: told that none is known any more."""

    def __init__(self, forget: Callable[[], None]) -> None:
        self._forget = forget
        self._places: dict[tuple[Speaker, Hashable], _Place] = {}

    def find(
        self, speaker: Speaker, state: Hashable, access: Access | None
    ) -> tuple[Passage | None, bool]:
        """The passage to be played in that state, given the access with which it has to begin, if
        one has ended early; and whether one is to be recorded."""
        place = self._places.get((speaker, state))
        if place is None:
            if len(self._places) >= REMEMBERED:
                self._places.clear()
                self._forget()
            place = self._places[speaker, state] = _Place()
        passages = place.passages
        if access is None:
            if passages:
                return passages[0], False
        else:
            for passage in passages:
                if _is_first(passage.steps[0], access):
                    return passage, False
        place.came += 1
        if place.came <= (1 if access is None else OFTEN) or len(passages) == BRANCHES:
            return None, False
        place.tries += 1
        return None, place.tries <= TRIES

    def first(self, speaker: Speaker, state: Hashable) -> Passage | None:
        """The one that was recorded first of those that begin in that state."""
        place = self._places.get((speaker, state))
        return place.passages[0] if place is not None and place.passages else None

    def add(self, speaker: Speaker, state: Hashable, passage: Passage) -> None:
        """One that was recorded from that state on."""
        place = self._places.setdefault((speaker, state), _Place())
        place.passages.append(passage)
        place.came = place.tries = 0


def _is_first(step: Step, access: Access) -> bool:
    """Whether that may be this step."""
    offset, is_write, value = access
    if step.offset != offset or step.is_write != is_write:
        return False
    return not is_write or allows(step.allowed, step.value, value)
