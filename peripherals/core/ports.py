"""What a model gets from outside: small protocols that an engine implements. The time: `system`.

Plain implementations for tests live in :mod:`xipsim.peripherals.core.testing`.
Times are virtual nanoseconds since power-on of the machine, as integers.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, Self

from xipsim.peripherals.fixed import Fixed

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
