"""Serial EEPROMs of the 24xx series.

Microchip 24LC256 (DS21203), 24LC32A (DS21072), 24LC02B (DS21709): the same but for sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xipsim.peripherals.core import (
    Keeper,
    Parameter,
    ResetCause,
    State,
    System,
    exposed,
    model,
)

from .device import I2cDevice

ONE_BYTE = 256
"""The most that one byte of address reaches."""


@model("I2c.Eeprom")
class Eeprom(I2cDevice, Keeper):
    """Reads from an address that counts on; writes within a page, which begins anew at its end.

    The write begins with the STOP; until it is over, nothing is acknowledged. A START in place of
    the STOP drops what was sent. Write protection is not wired. A device of 512 to 2048 bytes,
    which takes part of the address in its own, is not there.
    """

    size = Parameter(int, "bytes: 128, 256, or a power of two from 4096 to 65536", default=32768)
    page = Parameter(int, "bytes of a page, a power of two", default=64)
    write_time = Parameter(int, "ns that a write takes", default=5_000_000)

    _cells: State[bytearray] = State(bytearray())
    _address = State(0)
    _sent: State[list[int]] = State([])
    """Bytes of the write under way, with its address at the front."""
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

    # -- the bus ---------------------------------------------------------------------------------

    @property
    def _prefix(self) -> int:
        """Bytes of address."""
        return 1 if self.size <= ONE_BYTE else 2

    def start(self, reads: bool) -> bool:
        self._sent = []
        return self._written.deadline is None

    def write(self, byte: int) -> bool:
        self._sent.append(byte)
        if len(self._sent) == self._prefix:
            self._address = int.from_bytes(bytes(self._sent), "big") % self.size
        return True

    def read(self) -> int:
        byte = self._cells[self._address]
        self._address = (self._address + 1) % self.size
        return byte

    def stop(self) -> None:
        data, self._sent = self._sent[self._prefix :], []
        if not data:
            return
        start = self._address & -self.page
        for byte in data:
            self._writing[self._address] = byte
            self._address = start + (self._address + 1) % self.page
        self._written.at(self.system.clock.now + self.write_time)

    def _end(self) -> None:
        for address, byte in self._writing.items():
            self._cells[address] = byte
        self._writing = {}
