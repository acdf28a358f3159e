"""Exceptions as the core takes them: what it was about to do, and the entry of fault handlers.

SPDX-License-Identifier: GPL-2.0-or-later

QEMU takes an exception by a function in a table of its core's class. The class is given a table of
ours instead, in which the shim's function stands before QEMU's.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable
from ctypes import c_uint32, c_void_p

from . import library as q
from . import shim

_do_interrupt = shim.data(c_void_p, "xipsim_do_interrupt")
_on_fault = shim.data(c_void_p, "xipsim_on_fault")
_interrupted = shim.data(c_uint32 * 4, "xipsim_interrupted")
_take_exception = shim.place("xipsim_take_exception")

CLASS, TABLE = 0x800, 0x100
"""Bytes of a class, and of its table, that are looked through; both are smaller."""
WORD = struct.Struct("<Q")


def watch_faults(cpu: int, handler: Callable[[], None]) -> None:
    """Call `handler` when the core is at the first instruction of a fault handler."""
    _on_fault.value = q.pointer(q.PLAIN(handler)).value
    original = q.address(q.take_exception)
    _do_interrupt.value = original
    where, table = _find_table(cpu, original)
    ours = q.new_structure()
    ctypes.memmove(ours, table.replace(WORD.pack(original), WORD.pack(_take_exception)), TABLE)
    c_void_p.from_address(where).value = ours


def interrupted() -> dict[str, int]:
    """sp, lr, pc and xpsr when the core took its last exception."""
    return dict(zip(("sp", "lr", "pc", "xpsr"), _interrupted, strict=True))


def _find_table(cpu: int, entry: int) -> tuple[int, bytes]:
    """Where the core's class points to the table that holds `entry`, and that table."""
    memory = os.open("/proc/self/mem", os.O_RDONLY)  # a wrong address is an error, and no crash
    try:
        begin = c_void_p.from_address(cpu).value or 0
        for offset, (pointer,) in enumerate(WORD.iter_unpack(os.pread(memory, CLASS, begin))):
            if 0x1000 < pointer < 1 << 47:
                try:
                    table = os.pread(memory, TABLE, pointer)
                except OSError:
                    continue
                if WORD.pack(entry) in table:
                    return begin + offset * WORD.size, table
    finally:
        os.close(memory)
    raise RuntimeError("this QEMU takes exceptions in a way that is not known here")
