"""Tells whether a turn of a loop has left core and memory as they were, by `loops.c`.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import Structure, c_uint64, c_void_p

from . import library as q
from . import shim
from .memory import SystemBus
from .vmstate import find_state

MOST_CORE, MOST_PAGES, MOST_MEMORIES = 16384, 16, 64
"""As in loops.c."""


class _Memory(Structure):
    _fields_ = (("address", c_uint64), ("size", c_uint64), ("host", c_void_p))


class QemuWitness:
    """Implements `shortcuts.Witness`, where accesses to what is the core's own are counted, too."""

    def __init__(self, cpu: int, bus: SystemBus) -> None:
        self._cpu, self._bus = cpu, bus
        self._pages = shim.data(c_void_p * (MOST_PAGES + 1), "xipsim_pages")
        self._is_ready = False
        self._mark: Callable[[], None] = shim.bound_at(b"act", "xipsim_mark_now", 0)
        self.forget: Callable[[], None] = shim.bound_at(b"act", "xipsim_unmark", 0)
        """What was marked counts no more."""
        self._unchanged: Callable[[], int] = shim.bound_at(b"read", "xipsim_unchanged_since", 0)

    def mark(self) -> None:
        """Keep how the core, the top of its stack and the pages that were kept are."""
        self.be_ready()
        self._mark()

    def is_unchanged_since(self, time: int) -> bool:
        """Whether they are as they were when they were marked, at that time."""
        return self._unchanged() == time

    def follow(self) -> None:
        """From now on, note which pages are written."""
        q.transaction_begin()
        for record in self._bus.written:
            record.lately()
        q.transaction_commit()

    def keep(self) -> bool:
        """Look at all pages that were written since then, too, and mark how things are."""
        known = {page for page in self._pages if page}
        pages = [*known, *self._lately().difference(known)]
        if len(pages) > MOST_PAGES:
            return False
        self._pages[: len(pages)] = pages
        self.mark()
        return True

    def is_all_unchanged_since(self, time: int) -> bool:
        """Whether the core and all memory are as they were when they were marked, at that time."""
        return self._lately() <= set(self._pages) and self.is_unchanged_since(time)

    def _lately(self) -> set[int]:
        written = self._bus.written
        return {record.host + page for record in written for page in record.lately()}

    def be_ready(self) -> None:
        """Find where things are."""
        if not self._is_ready:
            self._is_ready = True
            self._find()

    def _find(self) -> None:
        """Where QEMU is not as expected, nothing will ever be marked."""
        state, memories = find_state(q.vmstate_core), self._bus.memories
        if state is None or len(state) > MOST_CORE or len(memories) >= MOST_MEMORIES:
            return
        table = shim.data(_Memory * MOST_MEMORIES, "xipsim_memories")
        table[: len(memories)] = [_Memory(*memory) for memory in memories]
        shim.data(c_uint64, "xipsim_core_bytes").value = len(state)
        shim.data(c_void_p, "xipsim_core_state").value = self._cpu + state.start
