"""What QEMU's own device state leaves out of a core, and what it does too much.

SPDX-License-Identifier: GPL-2.0-or-later

CONTROL.FPCA (an exception must stack the FPU's registers) lies in the secure half of CONTROL,
which QEMU saves only for cores that have the security extension: a Cortex-M7 would lose it. The
other half is saved, so QEMU's exported description of that (VMStateDescription, VMStateField) says
where to find both. The descriptions are read as words: their layout differs from version to
version, but for the beginning of a field: name, hint, offset.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from ctypes import c_uint32, c_void_p, memmove

from xipsim.engines.api import SnapshotError

from . import library as q
from . import shim

WORD = 8
DESCRIPTION, FIELDS, SECTIONS = 32, 2048, 64
"""Words to search: more than each has."""
HALF = 4
FPCA = 1 << 2


def _executed() -> Iterator[tuple[int, int]]:
    """Beginnings and ends of what this process may execute of its files."""
    with open("/proc/self/maps") as file:
        for line in file:
            place, rights, *_, name = line.split()
            if "x" in rights and name.startswith("/"):
                start, end = place.split("-")
                yield int(start, 16), int(end, 16)


class _Memory:
    """This process's memory; what is not mapped reads as zeros."""

    def __init__(self) -> None:
        self._file = os.open("/proc/self/mem", os.O_RDONLY)
        self._code = list(_executed())

    def close(self) -> None:
        os.close(self._file)

    def words(self, address: int, count: int) -> tuple[int, ...]:
        data = self._read(address, count * WORD)
        return struct.unpack(f"{count}Q", data.ljust(count * WORD, b"\0"))

    def text(self, address: int) -> bytes:
        return self._read(address, 64).split(b"\0")[0]

    def _read(self, address: int, length: int) -> bytes:
        with suppress(OSError, OverflowError):
            return os.pread(self._file, length, address)
        return b""

    def is_code(self, address: int) -> bool:
        """Whether it lies in a part of a program or library that is executed."""
        return any(start <= address < end for start, end in self._code)

    def name(self, address: int) -> bytes:
        """The text to which the structure there points first."""
        return self.text(self.words(address, 1)[0])


def _section(memory: _Memory, description: int, name: bytes) -> int:
    for candidate in memory.words(description, DESCRIPTION):
        sections = memory.words(candidate, SECTIONS)
        if memory.name(sections[0]).startswith(b"cpu/"):
            return next((s for s in sections if memory.name(s) == name), 0)
    return 0


def _field_offsets(memory: _Memory, section: int, name: bytes) -> Iterator[int]:
    for fields in memory.words(section, DESCRIPTION):
        if memory.name(fields).startswith(b"env."):
            words = memory.words(fields, FIELDS)
            for i, word in enumerate(words[:-2]):
                if memory.text(word) == name:
                    yield words[i + 2]


class FloatingPointActive:
    """CONTROL.FPCA of a core. cpu, description: addresses in QEMU."""

    def __init__(self, cpu: int, description: int) -> None:
        memory = _Memory()
        try:
            section = _section(memory, description, b"cpu/m")
            offset = next(_field_offsets(memory, section, b"env.v7m.control[M_REG_NS]"), None)
        finally:
            memory.close()
        if offset is None:
            raise SnapshotError("this QEMU does not say where it keeps the core's CONTROL")
        self._control = c_uint32.from_address(cpu + offset + HALF)

    @property
    def value(self) -> bool:
        """Whether it is set. QEMU looks at a change when it loads the rest of the core's state."""
        return bool(self._control.value & FPCA)

    @value.setter
    def value(self, on: bool) -> None:
        self._control.value = self._control.value & ~FPCA | (FPCA if on else 0)


def find_state(description: int) -> range | None:
    """Offsets in a core at which its registers stand, from r0 to those of the FPU and the exclusive
    monitor, with all between; None where the description is not as expected."""
    memory = _Memory()
    try:
        ends = [
            next(_field_offsets(memory, description, name), 0)
            for name in (b"env.regs", b"env.exclusive_val")
        ]
    finally:
        memory.close()
    return range(*ends) if 0 < ends[0] < ends[1] else None


def keep_translations(cpu: int) -> None:
    """Let loading the core's state leave the translated code as it is.

    QEMU drops all of it, as somebody may have changed memory behind its back; here memories and
    windows are written as a bus master would, and each drops what was translated from it. A
    snapshot is gone back to in a few milliseconds, and what runs then would take three times as
    long. Where the description of the core's state is not as expected, all stays as it is.
    """
    memory = _Memory()
    try:
        words = list(memory.words(q.vmstate_cpu, DESCRIPTION))
        first = next((i for i, word in enumerate(words) if memory.is_code(word)), -1)
        is_known = first > 0 and memory.is_code(words[first + 1])
    finally:
        memory.close()
    if is_known:  # what is called before loading, and what after
        words[first + 1] = shim.place("xipsim_core_loaded")
        shim.data(c_void_p, "xipsim_tlb_flush").value = q.address(q.tlb_flush)
        ours = q.new_structure()
        memmove(ours, struct.pack(f"{DESCRIPTION}Q", *words), DESCRIPTION * WORD)
        q.vmstate_unregister(None, q.vmstate_cpu, cpu)
        q.vmstate_register(None, 0, ours, cpu, -1, 0, None)
