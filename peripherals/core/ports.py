"""What a model gets from outside: small protocols that an engine implements.

Plain implementations for tests live in :mod:`xipsim.peripherals.core.testing`.
Times are virtual nanoseconds since power-on of the machine, as integers.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, Self

from xipsim.peripherals.fixed import Fixed

from .trace import Trace

RAISED = (Exception, SystemExit)
"""What a model may raise, for its user to be told of: `sys.exit()` in one ends no engine."""


class BusError(Exception):
    """Nothing answers at this address: the access ends in a bus fault of the guest."""


class ResetCause(enum.Enum):
    """Why the microcontroller starts. Everything but POWER_ON keeps what survives a reset."""

    POWER_ON = "power-on"
    PIN = "reset pin"
    SOFTWARE = "SYSRESETREQ"
    WATCHDOG = "watchdog"
    WATCHDOG_SOFTWARE = "software reset through the watchdog"
    LOCKUP = "lock-up"
    WAKE_UP = "wake-up from power-off"


class Alarm(Protocol):
    """A one-shot alarm. Setting it again moves it."""

    @property
    def deadline(self) -> int | None:
        """Virtual ns at which it will fire, None while it is off."""

    def at(self, time: int) -> None:
        """Fire at `time`; at once (but not inside this call) if that has passed."""

    def cancel(self) -> None:
        """Do not fire."""

    def fire(self) -> None:
        """For engines: do now what it does when its time comes."""

    def follow(self, time: int | None) -> None:
        """For engines: that it fires at that time, or not, was seen to."""

    def expect(self, time: int) -> None:
        """For engines: it will be set for that time next, and that it fires then was seen to."""


class Turn(Fixed):
    """A turn of a loop that asks, as the model that is asked sees it."""

    state: Hashable
    """What the model was like when it was asked, as far as the loop changes it, but for what has
    passed: equal for two turns of which one does what the other did."""
    again: Callable[[Sequence[int]], object]
    """The firmware has asked again at these times, up to now, and has done in between what it does
    in each turn."""


class Unanswered(str):
    """A question to which nothing is an answer, in words: who waits for it waits for ever.

    why: what is said behind these words.
    """

    why: str

    def __new__(cls, what: str, why: str = "which is not modelled: nothing will answer") -> Self:
        self = super().__new__(cls, what)
        self.why = why
        return self


Written = tuple[int, int, int]
"""A write in a passage: number of the access, offset and value."""
Allowed = tuple[int, int, int]
"""Values: the least and the greatest, and the bits in which all of them are equal."""


class Start(Fixed):
    """What a model says of something that an access has started."""

    rested: int
    """Virtual ns since when it would have begun at once, and gone on in the same way."""
    needs: dict[int, Allowed]
    """Of free registers on which it depends: values with which it is the same."""
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


class Clock(Protocol):
    """Virtual time."""

    @property
    def now(self) -> int:
        """Virtual ns."""

    def alarm(self, callback: Callable[[], None]) -> Alarm:
        """A new alarm, off, that will call `callback`."""

    def question(
        self,
        key: Hashable,
        until: int | None = None,
        *,
        after: int = 0,
        turn: Callable[[], Turn] | None = None,
    ) -> int:
        """Say, inside an access, that the firmware asked `key`.

        Firmware that polls asks the same question again and again. The engine may let such an
        access take time, at most up to `until` (when the answer changes by itself), so that
        waiting costs nothing. What else happens in time is unaffected: the first polls of each
        wait are made, and with another `until` the firmware waits for something else. No access
        takes time before the firmware has asked for `after` ns: where short waits have to be exact.
        Returns the time at which the access is over, before which the core executes nothing: what
        counts answers as of then, so that what is looked at next is not newer by the wait.

        turn: where one poll is like the other until `until`, describes a turn of the loop: the
        engine may make some by itself, once it has seen one. Ask when all else is done.
        """

    def take(self, until: int) -> int:
        """Say, inside an access, that the firmware looks in vain until `until`, microseconds ahead.

        The engine may let the access last so long, but not beyond the next alarm. Returns the time
        as of which to answer: the core executes nothing before it. `now` may still be earlier.
        """

    def passage(self, speaker: Speaker) -> None:
        """Say, at the end of an access, that what the firmware does from now on may be what it has
        done before, with the same answers: the engine may give them by itself, and let the model
        jump to where it would be then."""

    def acts(
        self, later: Callable[..., object] | None = None, sets: Alarm | None = None
    ) -> None:
        """Say that the access under way changes more than registers and state of its model: an
        output, another alarm than a `Speaker` has for that, something outside.

        later: does that as well, if it is called at another time with the clock at this one, as
        long as nothing else has happened meanwhile.

        sets: an alarm that it sets, of another model. To do that it is given what that is told, see
        `Speaker.carried`.
        """

    def lasts(self, until: int) -> None:
        """Say that the access under way ends at `until`: the bus makes the core wait.

        Alarms come in their time meanwhile.
        """


class Bus(Protocol):
    """Guest memory as a bus master other than the core sees it."""

    def read(self, address: int, length: int) -> bytes:
        """Bytes at `address`; BusError where nothing answers."""

    def write(self, address: int, data: bytes) -> None:
        """Write `data`; BusError where nothing answers."""


class IrqLine(Protocol):
    """A level-sensitive signal from a model."""

    def set(self, level: bool) -> None:
        """Drive the line."""


class Segment(Protocol):
    """A part of a window that the engine can serve at native speed from a copy of bytes."""

    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """The bytes at `offset` of the segment are now `data`; stale code is dropped."""

    def native(self, on: bool) -> None:
        """Serve from the copy (True), or send every access to the model (False)."""

    def unmap(self) -> None:
        """Remove the segment: accesses go to the model."""


class Window(Protocol):
    """An address range of a model (a `Region`) of which segments can be served natively."""

    @property
    def address(self) -> int:
        """Where the window lies on the bus."""

    @property
    def size(self) -> int:
        """Bytes."""

    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment:
        """Map a segment, not native yet; `load` all of it first. A writable one takes stores."""


class System(Fixed):
    """Everything that a machine hands to each of its models."""

    clock: Clock
    bus: Bus
    trace: Trace
    request_reset: Callable[[ResetCause], None]
    """Reset the microcontroller after the access under way."""
    power_off: Callable[[str], None]
    """The board has switched itself off; the argument says why, for people."""
    stuck: Callable[[str], None]
    """The firmware will never come out of this: end the run. The argument says why, for people;
    call `diagnose` as well."""
    pc: Callable[[], int | None]
    """Program counter of the access under way, for diagnostics only; None outside one."""
    seed: int = 0

    def random(self, name: str) -> random.Random:
        """A generator of its own for `name`, the same in every run with the same seed."""
        return random.Random(f"{self.seed}/{name}")
