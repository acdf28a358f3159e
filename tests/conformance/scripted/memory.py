"""Who answers at which address: memories, registers of models, windows, tagged ranges."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from xipsim.peripherals.core import BusError, Read, Write

WORD = 4


class Responder(Protocol):
    """Answers the accesses to a range."""

    def read(self, offset: int, size: int) -> bytes: ...
    def write(self, offset: int, data: bytes) -> None: ...


class Range(NamedTuple):
    """priority: of two ranges that overlap, the higher one answers. largest: bytes at once."""

    priority: int
    start: int
    end: int
    responder: Responder
    largest: int = WORD


class Space:
    """An address space; implements the `Bus` port."""

    def __init__(self) -> None:
        self._ranges: list[Range] = []

    def add(self, one: Range) -> None:
        """Let it answer from now on."""
        self._ranges.append(one)
        self._ranges.sort(key=lambda r: -r.priority)

    def remove(self, one: Range) -> None:
        """Let it answer no more."""
        self._ranges.remove(one)

    def _find(self, address: int) -> Range:
        for one in self._ranges:
            if one.start <= address < one.end:
                return one
        raise BusError(f"nothing answers at {address:#010x}")

    def read(self, address: int, length: int) -> bytes:
        """Bytes at `address`, in as many accesses as it takes."""
        data = b""
        while len(data) < length:
            at = address + len(data)
            one = self._find(at)
            size = min(length - len(data), one.largest, one.end - at)
            data += one.responder.read(at - one.start, size)
        return data

    def write(self, address: int, data: bytes) -> None:
        """Store `data`, in as many accesses as it takes."""
        while data:
            one = self._find(address)
            size = min(len(data), one.largest, one.end - address)
            one.responder.write(address - one.start, data[:size])
            address, data = address + size, data[size:]


class Calls:
    """A `Responder` of the functions that the builder hands over."""

    def __init__(self, read: Read, write: Write) -> None:
        self._read, self._write = read, write

    def read(self, offset: int, size: int) -> bytes:
        return (self._read(None, offset, size) & (1 << 8 * size) - 1).to_bytes(size, "little")

    def write(self, offset: int, data: bytes) -> None:
        self._write(None, offset, int.from_bytes(data, "little"), len(data))


class Memory:
    """Plain memory: a `Responder`, and implements `backend.Memory`."""

    def __init__(self, space: Space, size: int) -> None:
        self._space, self._bytes = space, bytearray(size)

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self._bytes[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        self._bytes[offset : offset + len(data)] = data

    def place(self, address: int) -> None:
        """Make it answer at `address`, too."""
        size = len(self._bytes)
        self._space.add(Range(0, address, address + size, self, largest=size))

    def fill(self, data: bytes) -> None:
        """Contents before the machine runs: `data`, and the rest erased."""
        self._bytes[:] = data.ljust(len(self._bytes), b"\xff")

    def clear(self) -> None:
        """Fill it with zeros."""
        self._bytes[:] = bytes(len(self._bytes))

    def save(self) -> bytes:
        """Its bytes."""
        return bytes(self._bytes)

    def load(self, saved: bytes) -> None:
        """Hold what `save` returned."""
        self._bytes[:] = saved


class Window:
    """The `Window` port. Where no segment is native, the model answers."""

    def __init__(self, space: Space, address: int, size: int, model: Calls) -> None:
        self.space, self.address, self.size, self.model = space, address, size, model
        space.add(Range(0, address, address + size, model))

    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment:
        """A native segment at `offset`, not served yet."""
        return Segment(self, offset, size, writable)


class Segment:
    """The `Segment` port: a copy of bytes that lies over the model while it is native."""

    def __init__(self, window: Window, offset: int, size: int, writable: bool) -> None:
        self._window, self._offset, self._writable = window, offset, writable
        self._bytes = bytearray(size)
        self._range: Range | None = None

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self._bytes[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        if self._writable:
            self.load(offset, data)
        else:
            self._window.model.write(self._offset + offset, data)

    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Change bytes."""
        self._bytes[offset : offset + len(data)] = data

    def native(self, on: bool) -> None:
        """Serve from the copy, or let the model answer."""
        if on and self._range is None:
            start, size = self._window.address + self._offset, len(self._bytes)
            largest = size if self._writable else WORD
            self._range = Range(1, start, start + size, self, largest)
            self._window.space.add(self._range)
        elif not on and self._range is not None:
            self._window.space.remove(self._range)
            self._range = None

    def unmap(self) -> None:
        """Take it off the bus."""
        self.native(False)
