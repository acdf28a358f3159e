"""Endpoints of the DWC3 device controller, and transfers described by TRBs in guest memory.

Only what Alif's driver for TinyUSB uses: transfers of one TRB, ended by its LST bit.
"""

from __future__ import annotations

import enum
import struct

from xipsim.peripherals.core import Record

from ..core import Bus

_HWO, _LST = 1 << 0, 1 << 1
_SIZE = 0xFF_FFFF


class Trb(enum.IntEnum):
    """TRBCTL, the kind of a TRB."""

    NORMAL = 1
    SETUP = 2
    STATUS_2 = 3
    STATUS_3 = 4
    CONTROL_DATA = 5
    NORMAL_ZLP = 9


KINDS = frozenset(Trb)


class Transfer(Record):
    """A transfer under way: one TRB, read when the transfer was started.

    left: bytes of the buffer that have not been used yet.
    """

    def __init__(self, address: int, buffer: int, left: int, control: int) -> None:
        self.address, self.buffer, self.left, self.control = address, buffer, left, control
        self.kind = control >> 4 & 0x3F

    @classmethod
    def read(cls, bus: Bus, address: int) -> Transfer:
        """The TRB at `address`; may raise BusError."""
        buffer, high, size, control = struct.unpack("<4I", bus.read(address, 16))
        return cls(address, buffer | high << 32, size & _SIZE, control)

    @property
    def owned(self) -> bool:
        """HWO: the firmware has handed the TRB over."""
        return bool(self.control & _HWO)

    @property
    def last(self) -> bool:
        """LST"""
        return bool(self.control & _LST)

    def fetch(self, bus: Bus, length: int) -> bytes:
        """The next bytes to send, at most `length`; may raise BusError."""
        size = min(self.left, length)
        data = bus.read(self.buffer, size) if size else b""
        self.buffer, self.left = self.buffer + size, self.left - size
        return data

    def store(self, bus: Bus, data: bytes) -> None:
        """Put what was received into the buffer, as far as it fits; may raise BusError."""
        size = min(self.left, len(data))
        if size:
            bus.write(self.buffer, data[:size])
        self.buffer, self.left = self.buffer + size, self.left - size

    def retire(self, bus: Bus) -> None:
        """Hand the TRB back, with what is left of its size; may raise BusError."""
        bus.write(self.address + 8, struct.pack("<2I", self.left, self.control & ~_HWO))


class Endpoint(Record):
    """A physical endpoint: number 2 * n for OUT n, 2 * n + 1 for IN n."""

    def __init__(self) -> None:
        self.max_packet = 0
        self.events = 0
        """Which of its events DEPCFG has enabled, by the bits of that command's PAR1."""
        self.stalled = False
        self.transfer: Transfer | None = None
        self.waiting: set[int] = set()
        """Kinds of "not ready" that have been told since a transfer was last started."""
