"""Renode's bus, and its memories, which are written and read through it."""

from __future__ import annotations

import ctypes

from xipsim.peripherals.core import BusError

from .calls import Host


class Bus:
    """The `Bus` port: memory and registers as a bus master sees them."""

    def __init__(self, host: Host, *, as_core: bool = False) -> None:
        self._host, self._as_core = host, as_core

    def read(self, address: int, length: int) -> bytes:
        """Bytes at `address`."""
        buffer = ctypes.create_string_buffer(length)
        if not self._host.read_bus(address, buffer, length, self._as_core):
            raise BusError(f"read of {length} bytes at {address:#010x}: nothing answers there")
        return buffer.raw

    def write(self, address: int, data: bytes) -> None:
        """Store `data` at `address`."""
        data = bytes(data)
        if not self._host.write_bus(address, data, len(data), self._as_core):
            raise BusError(f"write of {len(data)} bytes at {address:#010x}: nothing answers there")


class Memory:
    """One of Renode's memories; implements `backend.Memory`."""

    def __init__(self, host: Host, size: int) -> None:
        self._bus, self._size = Bus(host), size
        self._address = 0
        self._placed = False

    def place(self, address: int) -> None:
        """It answers there."""
        if not self._placed:
            self._address, self._placed = address, True

    def fill(self, data: bytes) -> None:
        """Contents before the machine runs: `data`, and the rest erased."""
        self._bus.write(self._address, data.ljust(self._size, b"\xff"))

    def clear(self) -> None:
        """Fill it with zeros."""
        self._bus.write(self._address, bytes(self._size))

    def save(self) -> bytes:
        """Its bytes."""
        return self._bus.read(self._address, self._size)

    def load(self, saved: bytes) -> None:
        """Be as when `save` returned `saved`."""
        self._bus.write(self._address, saved)
