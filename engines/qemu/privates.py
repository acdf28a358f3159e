"""Lets accesses to what QEMU has of the core's own pass through `privates.c`.

`nvic.c` is told where QEMU keeps how many exceptions there are.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import Structure, addressof, byref, c_uint32, c_uint64, c_void_p, sizeof, string_at
from typing import Any

from . import library as q
from . import shim
from .memory import PAGE

REGIONS = (b"nvic", b"systick-reg-ns", b"systick-reg-s")
"""What QEMU has of the core's own that answers accesses. The last: of cores with two states."""
NVIC_BYTES = 6144
"""Of QEMU's NVIC, and what lies behind it: at least those up to the number of its exceptions."""
ICTR, IN_ICTR, INTERNAL = 0x4, 32, 16
"""The register that says how many interrupts there are, in so many; exceptions that are none."""


class _Operations(Structure):
    _fields_ = (("address", c_void_p), ("opaque", c_void_p))


class _Private(Structure):
    _fields_ = (("opaque", c_void_p), ("read", c_void_p), ("write", c_void_p))


def watch_privates(device: int) -> bool:
    """Let them, of QEMU's container of core and NVIC; False where QEMU is not as expected, and
    nothing, or not all, passes."""
    table = shim.data(_Private * len(REGIONS), "xipsim_privates")
    devices = [child for name in REGIONS if (child := q.get_child(device, name))]
    offset = _find_operations()
    if offset is None or len(devices) < 2:
        return False
    for into, child in zip(table, devices, strict=False):
        ops = _Operations.from_address(q.region_of(child, 0) + offset)
        theirs = q.MemoryRegionOps.from_address(ops.address)
        if not theirs.read_with_attrs:
            return False
        into.opaque = ops.opaque
        into.read, into.write = theirs.read_with_attrs, theirs.write_with_attrs
        ours = q.keep(q.MemoryRegionOps.from_buffer_copy(theirs))
        ours.read_with_attrs = shim.place("xipsim_private_read")
        ours.write_with_attrs = shim.place("xipsim_private_write")
        ops.address = addressof(ours)
    return True


def _find_operations() -> int | None:
    """Where in a region QEMU keeps its operations, and behind them what these are given."""
    ops, opaque = q.keep(q.MemoryRegionOps()), 0x5EC0_0DE5
    region = q.io_region(ops, "xipsim-probe", PAGE, opaque)
    for offset in range(0, q.REGION_BYTES, sizeof(c_void_p)):
        found = _Operations.from_address(region + offset)
        if (found.address, found.opaque) == (addressof(ops), opaque):
            return offset
    return None


def count_exceptions(interrupts: int) -> None:
    """Let QEMU look only through those that may be pending, or taken."""
    private, count = shim.data(_Private, "xipsim_privates"), INTERNAL + interrupts
    read = q.READ_ATTRS(private.read)
    place = _find_count(private.opaque, count, lambda: _look(read, private.opaque))
    if place is not None:
        shim.data(c_uint32, "xipsim_all_exceptions").value = count
        shim.data(c_void_p, "xipsim_exceptions").value = addressof(place)


def _look(read: Any, opaque: int) -> int:
    value = c_uint64()
    return value.value if read(opaque, ICTR, byref(value), 4, q.SECURE) == q.MEMTX_OK else -1


def _find_count(nvic: int, count: int, look: Callable[[], int]) -> c_uint32 | None:
    """Where QEMU keeps it: of all words that are this number, the one on which that depends which
    ICTR answers. None where that is not found."""
    nvic_bytes, wanted = string_at(nvic, NVIC_BYTES), count.to_bytes(4, "little")
    before, at = look(), nvic_bytes.find(wanted)
    while at >= 0:
        word = c_uint32.from_address(nvic + at)
        word.value = count + IN_ICTR
        is_it = look() == before + 1
        word.value = count
        if is_it:
            return word
        at = nvic_bytes.find(wanted, at + 1)
    return None
