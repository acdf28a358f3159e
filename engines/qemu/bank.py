"""RAM of QEMU's in which plain memories lie one behind the other.

SPDX-License-Identifier: GPL-2.0-or-later

So QEMU tells for all of them at once what was written: each time it looks through all that the core
knows of memory.
"""

from __future__ import annotations

from bisect import bisect_right

from . import library as q
from .memory import PAGE, SystemBus
from .written import Written

ROOM = 32 << 20
"""Bytes; only what is used of them costs anything."""
ALIGNMENT = 0x1_0000


class Banks:
    """All of a machine."""

    def __init__(self, bus: SystemBus) -> None:
        self._bus = bus
        self._all: list[Bank] = []

    def place(self, size: int) -> tuple[Bank, int]:
        """A place for a memory of that size: where it begins in which of them."""
        start = self._all[-1].take(size) if self._all else None
        if start is None:
            self._all.append(Bank(self._bus, max(ROOM, size)))
            start = self._all[-1].take(size)
            assert start is not None
        return self._all[-1], start

    def begin(self) -> None:
        """Memories will be asked one behind the other, and nothing else is written meanwhile."""
        for bank in self._all:
            bank.is_known = False


class Bank:
    """One region, of that size."""

    def __init__(self, bus: SystemBus, size: int) -> None:
        self._size = size
        self.region = q.new_structure()
        name = f"bank{len(bus.written)}".encode()
        q.region_init_ram(self.region, None, name, self._size, q.error_fatal)
        self.host = q.region_ram_pointer(self.region)
        self._used = 0
        self._written = Written(self.region, self.host, self._size, PAGE)
        bus.written.append(self._written)
        self._starts: list[int] = []
        self._untold: list[set[int]] = []
        """Offsets of pages, of each memory, that were written and that nobody has asked for."""
        self.is_known = False
        """Whether that is all that was written until now; see `Banks.begin`."""

    def take(self, size: int) -> int | None:
        """Where a memory of that size is to lie; None where there is no room."""
        start = self._used
        if start + size > self._size:
            return None
        self._used = start + -(-size // ALIGNMENT) * ALIGNMENT
        self._written.size = min(self._used, self._size)
        self._starts.append(start)
        self._untold.append(set())
        return start

    def pages(self, start: int) -> set[int]:
        """Which pages of the memory that lies there were written since this was called for it.

        What was written since `Banks.begin`, as it is put back, may be left for the next time.
        """
        number = bisect_right(self._starts, start) - 1
        if not self.is_known:
            self.is_known = True
            for page in self._written.pages():
                index = bisect_right(self._starts, page) - 1
                self._untold[index].add(page - self._starts[index])
        told, self._untold[number] = self._untold[number], set()
        return told
