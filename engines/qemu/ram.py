"""Plain memory, and snapshots of it.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator

from . import library as q
from .bank import Bank
from .memory import PAGE, Bus, SystemBus, view_of

CHUNK = 0x1_0000
ZEROS, ERASED = bytes(CHUNK), b"\xff" * PAGE


class Memory:
    """Plain memory; implements `backend.Memory`. place: where it lies."""

    def __init__(self, name: str, size: int, bus: SystemBus, place: tuple[Bank, int]) -> None:
        self.size, self._system, self._name = size, bus, name
        self._bank, self._start = place
        self._host = self._bank.host + self._start
        self._bytes = view_of(self._host, size)
        self._placed = False
        self._address = 0
        self._bus = Bus()
        self._was_loaded = False
        self._base: dict[int, bytes] | None = None
        """What it was like when it was saved or loaded last, if the record goes back to then."""

    def fill(self, data: bytes) -> None:
        """Contents before the machine runs: `data`, and the rest erased."""
        self._bytes[: len(data)] = data
        ctypes.memset(self._host + len(data), 0xFF, self.size - len(data))
        self._base = None

    def clear(self) -> None:
        """Fill it with zeros. Only with the core about to be reset: translations stay."""
        ctypes.memset(self._host, 0, self.size)
        self._base = None

    def save(self) -> dict[int, bytes]:
        """The pages that are not zero, by offset; FFh alone stands for an erased one."""
        written = self._bank.pages(self._start)
        pages = {} if self._base is None else self._base.copy()
        for page in self._suspects({}) if self._base is None else written:
            if not self._differs(page, ZEROS, PAGE):
                pages.pop(page, None)
            elif not self._differs(page, ERASED, PAGE):
                pages[page] = b"\xff"
            else:
                pages[page] = bytes(self._bytes[page : page + PAGE])
        self._base = dict(sorted(pages.items()))
        return self._base

    def load(self, pages: dict[int, bytes]) -> None:
        """Be as when `save` returned `pages`. Only what differs is written, and as a bus master
        would, so that translations of code in it are dropped."""
        if pages is self._base:
            self._put(sorted(self._bank.pages(self._start)), pages)
            return
        self._put(self._suspects(pages), pages)
        if self._was_loaded:  # a start does it once, and needs no record
            self._bank.pages(self._start)
            self._base = pages
        self._was_loaded = True

    def _put(self, suspects: Iterable[int], pages: dict[int, bytes]) -> None:
        for page in suspects:
            wanted = pages.get(page, ZEROS)
            if wanted == b"\xff":
                wanted = ERASED
            if self._differs(page, wanted, PAGE):
                self._bus.write(self._address + page, wanted[:PAGE])

    def _suspects(self, pages: dict[int, bytes]) -> Iterator[int]:
        """The pages that may not be as they are in `pages`: most of it is zeros, and shall be."""
        used = {page // CHUNK for page in pages}
        for chunk in range(0, self.size, CHUNK):
            end = min(chunk + CHUNK, self.size)
            if chunk // CHUNK in used or self._differs(chunk, ZEROS, end - chunk):
                yield from range(chunk, end, PAGE)

    def _differs(self, offset: int, wanted: bytes, length: int) -> bool:
        return bool(q.compare(self._host + offset, wanted, length))

    def place(self, address: int) -> None:
        """Make it answer at `address`; again elsewhere makes an alias of the same bytes."""
        self._system.memories.append((address, self.size, self._host))
        if not self._placed:
            self._placed = True
            self._address = address
        alias, name = q.new_structure(), self._name.encode()
        q.region_init_alias(alias, None, name, self._bank.region, self._start, self.size)
        self._system.place(address, self.size, alias)
