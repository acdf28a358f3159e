"""Which pages of a memory were written, by QEMU's own record of that.

SPDX-License-Identifier: GPL-2.0-or-later

Whoever writes memory tells that record: the core, masters on the bus, gdb; it is made for displays.
What is written from here, behind QEMU's back, is not in it.
"""

from __future__ import annotations

from ctypes import PYFUNCTYPE, c_uint32, c_uint64, c_void_p

from . import library as q

_written = PYFUNCTYPE(c_uint64, c_void_p, c_uint64, c_uint64, c_void_p)(
    q.shim_address("xipsim_pages_written")
)
for name, function in (
    ("xipsim_take_dirty", q.take_dirty),
    ("xipsim_is_dirty", q.is_dirty),
    ("xipsim_free", q.free),
):
    q.shim_data(c_void_p, name).value = q.address(function)


class Written:
    """The record of one region of memory, of `size` bytes, in pages of `page` bytes."""

    def __init__(self, region: int, size: int, page: int) -> None:
        self._region, self._size, self._page = region, size, page
        self._offsets = (c_uint32 * -(-size // page))()
        q.region_log(region, True, q.DIRTY_MEMORY_VGA)

    def pages(self) -> list[int]:
        """Offsets of the pages that were written since the last call."""
        count = _written(self._region, self._size, self._page, self._offsets)
        return self._offsets[:count]
