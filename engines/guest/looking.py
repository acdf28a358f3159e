"""What lies on the bus for somebody who looks from outside: nothing is read, counted or told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xipsim.engines.repl import Tag
from xipsim.peripherals.core import BusError, Model, Peripheral, Region
from xipsim.peripherals.namedtuple import NamedTuple

if TYPE_CHECKING:
    from .backend import Core


Peek = Callable[[int, int], int]
"""`peek(offset, size)`: little endian; BusError where that cannot be seen."""
WORD = 4
END = 1 << 32
"""Of the bus."""


class Place(NamedTuple):
    """Who answers in a range. peek: None for memory, which the core may read as often as it likes.

    is_window: with what lies behind a controller. is_behind: only where nothing else answers.
    """

    start: int
    end: int
    peek: Peek | None
    is_window: bool = False
    is_behind: bool = False


class View:
    """The places of a machine."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._front = 0
        """How many of them are not behind others; they come first."""

    def add(
        self,
        address: int,
        size: int,
        peek: Peek | None = None,
        *,
        is_window: bool = False,
        is_behind: bool = False,
    ) -> None:
        """What was placed at `address`."""
        at = len(self._places) if is_behind else self._front
        self._places.insert(at, Place(address, address + size, peek, is_window, is_behind))
        self._front += not is_behind

    def read(self, core: Core, address: int, length: int) -> bytes:
        """Bytes as the core sees them; LookupError where nothing answers, or shows itself."""
        if length < 0:
            raise ValueError(f"{length} bytes cannot be read")
        if not 0 <= address <= END - length:
            raise LookupError(f"nothing answers at {address:#010x}: the bus ends at {END - 1:#x}")
        data = bytearray()
        while len(data) < length:
            at = address + len(data)
            place = next((p for p in self._places if p.start <= at < p.end), None)
            size = min(self._end(place, at), address + length) - at
            data += self._piece(core, place, at, size)
        return bytes(data)

    def is_window(self, address: int, length: int) -> bool:
        """Whether a part of that range lies in a window."""
        windows = [p for p in self._places if p.is_window]
        return any(p.start < address + length and address < p.end for p in windows)

    def _end(self, place: Place | None, at: int) -> int:
        """Where what answers at `at` ends, or is covered by something else."""
        ends = [p.start for p in self._places if p.start > at]
        if place is not None:
            ends = [e for e in ends if place.is_behind] + [place.end]
        return min(ends, default=END)

    @staticmethod
    def _piece(core: Core, place: Place | None, at: int, size: int) -> bytes:
        if place is None or place.peek is None:
            data = core.read_memory(at, size)
            if data is None:
                raise LookupError(f"nothing answers at {at:#010x}")
            return data
        try:
            return place.peek(at - place.start, size).to_bytes(size, "little")
        except BusError as error:
            raise LookupError(f"nothing is seen at {at:#010x}: {error}") from None


def of_registers(model: Peripheral) -> Peek:
    """A model's registers. One that answers reads by itself must be able to be looked at, too."""
    kind = type(model)
    if kind.read is Peripheral.read or kind.peek is not Peripheral.peek:
        return model.peek

    def refuse(_offset: int, _size: int) -> int:
        raise BusError(f"{model.name} ({kind.TYPE}) has a `read` of its own, but no `peek`")

    return refuse


def of_window(model: Model, region: Region) -> Peek:
    """A model's window."""
    return lambda offset, size: region.peek(model, offset, size)


def of_tag(tag: Tag) -> Peek:
    """A range with nothing but a name and a value: each word is that."""
    word = tag.value & 0xFFFF_FFFF

    def peek(_offset: int, size: int) -> int:
        words = word.to_bytes(WORD, "little") * -(-size // WORD)
        return int.from_bytes(words[:size], "little")

    return peek
