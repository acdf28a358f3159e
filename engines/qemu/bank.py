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
        self._last: Bank | None = None

    def place(self, size: int) -> tuple[Bank, int]:
        """A place for a memory of that size: where it begins in which of them."""
        start = None if self._last is None else self._last.take(size)
        if self._last is None or start is None:
            self._last = Bank(self._bus, max(ROOM, size))
            start = self._last.take(size)
            assert start is not None
        return self._last, start


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
        self._asked: set[int] = set()
        """Memories that have asked since QEMU was asked."""

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

        What was written between the call for another one and this one is left for the next.
        """
        number = bisect_right(self._starts, start) - 1
        if number in self._asked or not self._asked:
            self._asked.clear()
            for page in self._written.pages():
                index = bisect_right(self._starts, page) - 1
                self._untold[index].add(page - self._starts[index])
        self._asked.add(number)
        told, self._untold[number] = self._untold[number], set()
        return told
