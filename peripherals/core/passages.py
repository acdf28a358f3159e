"""What a model tells of passages: pieces of what a driver says that are the same again and again.

Where a model has a `Speaker`, an engine may answer such a piece by itself; see `Clock.passage`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from xipsim.peripherals.fixed import Fixed

from .ports import Alarm, Segment, Turn

Written = tuple[int, int, int]
"""A write in a passage: number of the access, offset and value."""
Allowed = tuple[int, int, int]
"""Values: the least and the greatest, and the bits in which all of them are equal."""


class Start(Fixed):
    """What a model says of something that an access has started."""

    rested: int
    """Virtual ns since when it would have begun at once, and gone on in the same way."""
    needs: dict[int, Allowed]
    """Of free registers on which it depends: values with which it is the same. Those that were not
    written in the passage have to be among `Speaker.HELD`."""
    hides: tuple[Segment, ...] = ()
    """What is not native any more since then."""


class Carried(Fixed):
    """What a model says of what an access has told another model, out of what was written."""

    needs: dict[int, Allowed]
    """As of `Start`: with which that does the same as was done."""
    take: Callable[[memoryview], tuple[Any, ...]]
    """Makes it of the values that were written, by the number of the access."""


class FirstTurn(Fixed):
    """What a write does that has begun a waiting loop, where a passage has led up to it: for
    `Speaker.enter`."""

    question: Hashable
    """Asked by it."""
    what: Any


class Signal(Protocol):
    """An output of a model."""

    @property
    def level(self) -> bool:
        """As it is driven."""

    @property
    def is_shared(self) -> bool:
        """Whether others drive what it drives, too."""


class Speaker(Protocol):
    """A model's part in passages: pieces of what a driver says, which are the same again and again.

    A passage consists of accesses that change their model only, and beside it do what can be done
    later as well, see `Clock.acts`.
    """

    FREE: frozenset[int]
    """Registers that only hold what is written, whatever that is; they are not read in a passage.
    The outcome may depend on them, what is answered not, but for what a `Start` needs."""

    HELD: tuple[int, ...]
    """Free registers on which what is started may depend as they were when the passage began. What
    the n-th one of these held stands at place -1 - n of what was written."""

    PUSHED: frozenset[int]
    """FIFOs, which take whatever is written; what reads answer does not depend on it."""

    ALSO: frozenset[int]
    """Registers that are not neutral, but of which accesses may be a part of passages. As anywhere,
    they end what is asked."""

    line: Signal | None
    """An output that accesses may drive, an interrupt of the core. Then it is driven, and `end` is
    set and cancelled, when the access is made that does so, and the model only follows. An access
    of a passage may cancel it, the one that begins it again may set it."""

    @property
    def model(self) -> Any:
        """The `Peripheral` that answers."""

    def state(self, now: int) -> Hashable | None:
        """All that answers of a passage that begins now may depend on, but for what is free, and
        with times as distances from `now`; None where none shall begin."""

    @property
    def end(self) -> Alarm:
        """The one of the model's alarms that may be set in a passage: of what was started."""

    def lets_alarm_wait(self) -> bool:
        """Whether what it is set for now, or nothing, may as well be done later as of then."""

    @property
    def is_under_way(self) -> bool:
        """Whether something is that was started."""

    def start(self, state: Any) -> Start | None:
        """What the access under way has started; None if it also depends on what is not told by
        that state, in which the passage began."""

    def carried(
        self, state: Any, writes: Sequence[Written]
    ) -> Carried | None:
        """What the access under way has told another model, see `Clock.acts`; None where that was
        not written in the passage, or cannot be told. writes: as of `outcome`."""

    def outcome(
        self, state: Any, bases: Sequence[int], writes: Sequence[Written]
    ) -> Any | None:
        """What a passage that began in that state has made of the model: for `jump`; None where
        that cannot be told.

        bases: when it began, and each time at which something was started at rest.
        writes: of one passage they are one list, which grows.
        """

    def jump(self, outcome: Any, bases: Sequence[int], written: memoryview) -> None:
        """Be as behind a passage with these times that began in an equal state, with that outcome.

        written: values of 32 bits, by the number of the access; of reads, any.
        """

    def round(self) -> tuple[int, int] | None:
        """Offset and value of the write under way, if it has begun a turn of a waiting loop, which
        would be the same if it came again in the same state; else None.

        That is, it has asked the clock a question, of which the answer stays what it is until an
        alarm comes or something else is accessed.
        """

    def first_turn(self, steps: Sequence[int]) -> FirstTurn | None:
        """Of the write under way, of which `round` tells. None: not told.

        steps: offsets of the accesses that have led up to it.
        """

    def turn(self, what: Any) -> tuple[int | None, Turn]:
        """Of that write, before `enter`: when the answer to its question changes, as far as that is
        known, and the turn that it begins. Only of a model without `line`."""

    def enter(self, what: Any, starts: Sequence[int], written: memoryview) -> None:
        """Do what that write does, which came at the first of these times, which is now; with the
        question. If there are others, which `turn` was asked for, do as well what `again` does at
        those, and leave all questions out.

        written: values of those accesses.
        """

    def again(self, began: int, starts: Sequence[int], *, asks: bool) -> None:
        """That write, which came when the passage began, has come again at these times, each behind
        all of the passage: do each time what it does, but for the clock's question.

        asks: the last one is under way, and shall ask that, too; and set `end` then, if it does.
        """
