"""Lets accesses to what QEMU has of the core's own pass through `privates.c`.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from ctypes import Structure, addressof, c_void_p, sizeof

from . import library as q
from . import shim
from .memory import PAGE

REGIONS = (b"nvic", b"systick-reg-ns", b"systick-reg-s")
"""What QEMU has of the core's own that answers accesses. The last: of cores with two states."""


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
