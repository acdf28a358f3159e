"""The cells of a serial EEPROM, whatever its bus: pages, and a write that takes its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xipsim.peripherals.core import (
    Keeper,
    Model,
    Parameter,
    ResetCause,
    State,
    System,
    exposed,
)

ONE_BYTE = 256
"""The most that one byte of address reaches."""


class SerialEeprom(Model, Keeper):
    """Cells that keep their contents without power. A device inherits from its bus first.

    A write wraps within its page. Its cells change when it is over.
    """

    size = Parameter(int, "bytes: 128, 256, or a power of two from 4096 to 65536", default=32768)
    page = Parameter(int, "bytes of a page, a power of two", default=64)
    write_time = Parameter(int, "ns that a write takes", default=5_000_000, least=0)

    _cells: State[bytearray] = State(bytearray())
    _address = State(0)
    _writing: State[dict[int, int]] = State({})
    """What cells get when the write is over."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self.capacity(self.parameters)
        if self.page <= 0 or self.page & self.page - 1 or self.page > self.size:
            raise ValueError(f"{self.name}: page: expected a power of two, given {self.page}")
        self._cells = bytearray(b"\xff" * self.size)
        self._written = self.alarm(self._end)

    def reset(self, cause: ResetCause) -> None:
        """Power-on keeps the cells; a write under way is lost."""
        cells = self._cells
        super().reset(cause)
        self._cells = cells

    @classmethod
    def capacity(cls, parameters: Mapping[str, Any]) -> int:
        """Its size; ValueError for one that such a device does not have."""
        size = int(parameters.get("size", cls.size.default))
        if size & size - 1 or not (128 <= size <= ONE_BYTE or 4096 <= size <= 65536):
            raise ValueError(f"size: expected 128, 256 or 4096 to 65536, given {size}")
        return size

    # -- from outside ----------------------------------------------------------------------------

    @exposed
    def contents(self) -> bytes:
        """All bytes."""
        return bytes(self._cells)

    @exposed
    def fill(self, data: bytes) -> None:
        """Make `data` the contents; it must have exactly their size."""
        if len(data) != self.size:
            raise ValueError(f"{self.name}: expected {self.size} bytes, given {len(data)}")
        self._cells[:] = data

    # -- for its bus -----------------------------------------------------------------------------

    @property
    def _prefix(self) -> int:
        """Bytes of address."""
        return 1 if self.size <= ONE_BYTE else 2

    @property
    def _is_busy(self) -> bool:
        return self._written.deadline is not None

    def _next(self) -> int:
        """The byte at the address, which counts on and begins anew at the end."""
        byte = self._cells[self._address]
        self._address = (self._address + 1) % self.size
        return byte

    def _begin(self, data: Sequence[int]) -> None:
        """Write `data` from the address on."""
        start = self._address & -self.page
        for byte in data:
            self._writing[self._address] = byte
            self._address = start + (self._address + 1) % self.page
        self._written.at(self.system.clock.now + self.write_time)

    def _end(self) -> None:
        for address, byte in self._writing.items():
            self._cells[address] = byte
        self._writing = {}
