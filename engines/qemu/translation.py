"""How the core's code is translated: by the block, or by the instruction where it accesses devices.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from ctypes import addressof, c_uint32, c_void_p

from . import library as q
from . import shim

ONE_INSTRUCTION, DEVICES, COUNTS = 0x1, 0x8000, 0x2000
"""Flags of translation: how many instructions a block has; that the last one may reach a device, of
QEMUs up to 9.0; and that instructions are counted, always set here, of those since then. For them
the second goes without saying, and its bit means something else."""


def watch_translation(cpu: int) -> None:
    """Let `translation.c` choose. Without, accesses take longer, and passages most."""
    flags = _find_flags(cpu)
    if flags is not None:
        by_instruction = ONE_INSTRUCTION | (0 if flags.value & COUNTS else DEVICES)
        shim.data(c_uint32, "xipsim_by_instruction").value = by_instruction
        shim.data(c_void_p, "xipsim_translation").value = addressof(flags)


def _find_flags(cpu: int) -> c_uint32 | None:
    """Where QEMU keeps the flags of the core's translation: of all words that have their value, the
    one that changes it. None where that is not found."""
    before = q.translation_flags(cpu)
    for index in range(q.CPU_WORDS):
        word = c_uint32.from_address(cpu + 4 * index)
        if word.value != before:
            continue
        word.value = before | ONE_INSTRUCTION
        is_it = q.translation_flags(cpu) == before | ONE_INSTRUCTION
        word.value = before
        if is_it:
            return word
    return None
