"""What an engine may do by itself, in Python's place, while the core or time goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from xipsim.peripherals.core import Allowed, IrqLine, Segment
from xipsim.peripherals.namedtuple import NamedTuple

from .timesource import Timer


class Player(Protocol):
    """Answers accesses of the core to a model's registers in its place; see `passages`."""

    def connect(
        self,
        ended: Callable[[], None],
        goes_on: Callable[[int, bool, int], None],
        accessed: Callable[[object, int, int, bool, int], None],
    ) -> None:
        """Call `ended` where something comes, an access or an alarm, that is no step of what is
        played, before that is done; `goes_on` as `expect` says; while recording, `accessed` behind
        each access, with the registers' stored values, offset, size, whether it was a write, and
        the value."""

    def record(self, on: bool) -> None:
        """Tell of each access that begins from now on."""

    def compile(
        self,
        values: dict[int, int],
        steps: Sequence[Step],
        again: Again | None,
        line: IrqLine | None,
        timer: Timer,
        then: Any = None,
    ) -> tuple[Callable[[int], None], Any]:
        """A function that lets these steps be expected from the next access on, given when they
        began; and for `then` of others, what these steps are. values: of the registers of which
        they are accesses. again: a write that may come behind the last one, see `repeat`. line,
        timer: what accesses drive and set. then: the steps to be expected behind that write, if
        not the same."""

    def repeat(self, times: int) -> None:
        """Of what has just begun to be expected, and was compiled with such a write: so many times,
        answer it, too, and expect all steps again, as of then. Not while an alarm is due. With the
        last but one, the `Witness` marks; with the last of these answers, within the access,
        `ended` is called, and the timer is left to that."""

    def hold(self, number: int, value: int) -> None:
        """Let `Played` have that value at place `-1 - number` of what was written."""

    def expect(self, values: dict[int, int] | None) -> None:
        """Call `goes_on` once, before the core's next access to the registers with these stored
        values, with its offset, whether it is a write, and of which value. It may be the first step
        of what that begins to play. None: at none."""

    def forget(self) -> None:
        """Nothing that was compiled will be played any more."""

    def stop(self) -> Played:
        """Expect no step any more."""


Played = tuple[int, memoryview, list[int], int]
"""What has become of steps that were expected: how many were made since they were expected last;
what was written in each, 32 bits, of which what stands for reads is not looked at (where others
were expected behind them, these follow; good until more are made); when a step was made that has
`rested`, and when all were made, and they or others were expected again; and the PC of the step
that has `sets`, if that was made."""


class Witness(Protocol):
    """Tells whether a turn of a loop that polls has changed anything that the firmware could know.

    *Unchanged* is also: since then, no timer has fired, no exception was taken, and the core has
    accessed nothing but memory and the registers of one model. All is called within accesses.
    """

    def mark(self) -> None:
        """Remember the core's state, the top of its stack, and the memory that is kept."""

    def is_unchanged_since(self, time: int) -> bool:
        """Whether these are as they were marked at that time; False where that is not known."""

    def follow(self) -> None:
        """Note what is written to memory from now on, by whomever."""

    def keep(self) -> bool:
        """From now on, keep all that was written since, and mark how things are. False: that is too
        much."""

    def is_all_unchanged_since(self, time: int) -> bool:
        """The same, and that no other memory has been written since, either."""

    @property
    def forget(self) -> Callable[[], None]:
        """What was marked counts no more: somebody may have changed anything."""


class Turner(Protocol):
    """Makes turns of a loop that stalls, in Python's place; see `turns`."""

    def connect(self, timer: Timer, made: Callable[[], None]) -> None:
        """It is asked where `timer` fires, with which stalls end; what that would call is not
        called then, if a turn is made. Call `made` before anything else is done behind some."""

    def begin(self, end: int, lag: int, until: int, sight: int) -> None:
        """From now on: where the timer fires, which is at `end`, let it be `lag` ns later, and set
        it to the next alarm of the guest's world, or to `until`. Not if that is not later; nor if
        anything else comes within `lag`, nor if an interrupt is pending that the core would take.
        It may leave any turn to Python. An alarm later than `sight` counts as if it came then."""

    def stop(self) -> tuple[Sequence[int], Sequence[int]]:
        """No more. When each was made, by now, and the alarm that was the next one then."""


class Step(NamedTuple):
    """An access. value: what was read or written. allowed: what may be written.

    since: ns since the passage began, None where that does not matter. rested: such a step comes
    so many ns or more after that, or before if negative, and for `since` and `rested` of those
    behind it the passage begins with it. took: ns that the access lasted. level: how the line is
    driven, if it is. disarms: the timer is stopped. arms: ns from the passage's begin for which it
    is set. sets: a timer of another model, and the ns for which that is. hides: what is not native
    any more.
    """

    offset: int
    value: int
    is_write: bool
    allowed: Allowed
    since: int | None
    rested: int | None
    took: int
    level: bool | None = None
    disarms: bool = False
    arms: int | None = None
    sets: tuple[Timer, int] | None = None
    hides: tuple[Segment, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether the value may be another."""
        return self.is_write and self.allowed[:2] != (self.value, self.value)


class Again(NamedTuple):
    """A write behind the steps of a passage that begins it again, or another one.

    given: steps of which the values must be as recorded, for it to be the same. level: how it
    drives the line, if it does. due: ns behind it for which it sets the timer. rested: ns from the
    passage's last begin after which it may come, None for any.
    """

    offset: int
    value: int
    given: frozenset[int]
    level: bool | None = None
    due: int | None = None
    rested: int | None = None
