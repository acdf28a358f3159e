"""Which pages of a memory were written, by QEMU's own record of that.

SPDX-License-Identifier: GPL-2.0-or-later

Whoever writes memory tells that record: the core, masters on the bus, gdb; it is made for displays.
What is written from here, behind QEMU's back, is not in it.
"""

from __future__ import annotations

from ctypes import PYFUNCTYPE, c_uint32, c_uint64, c_void_p
from typing import Any

from . import library as q
from . import shim

_written = PYFUNCTYPE(c_uint64, c_void_p, c_uint64, c_uint64, c_void_p)(
    shim.place("xipsim_pages_written")
)


class Written:
    """The record of one region of memory, of `size` bytes, in pages of `page` bytes.

    It begins with the first question. host: where the bytes lie.
    """

    def __init__(self, region: int, host: int, size: int, page: int) -> None:
        self.host, self.size = host, size
        self._region, self._page = region, page
        self._offsets: Any = None
        self._untold: set[int] = set()

    def pages(self) -> list[int]:
        """Offsets of the pages that were written since the last call."""
        self.lately()
        told, self._untold = self._untold, set()
        return sorted(told)

    def lately(self) -> list[int]:
        """Those since the last call of either; `pages` will name them, too."""
        if self._offsets is None:
            self._offsets = (c_uint32 * -(-self.size // self._page))()
            q.region_log(self._region, True, q.DIRTY_MEMORY_VGA)
        count = _written(self._region, self.size, self._page, self._offsets)
        found: list[int] = self._offsets[:count]
        self._untold.update(found)
        return found
