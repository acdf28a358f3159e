"""Regions of the memory protection unit that make QEMU slow.

SPDX-License-Identifier: GPL-2.0-or-later

QEMU translates addresses by pages of 1 KB, as silicon does not. Of a page in which a region begins
or ends it remembers nothing: it asks the MPU again for every access, and translates every
instruction anew. Results and virtual time stay as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from xipsim.engines.guest.clock import GuestClock
from xipsim.engines.guest.cortexm import read_word
from xipsim.peripherals.core import Note, Trace
from xipsim.peripherals.namedtuple import NamedTuple

if TYPE_CHECKING:
    from xipsim.engines.guest.backend import Core

FIRST_LOOK = 5_000_000
"""Virtual ns; each look after it comes when twice the time has passed."""
PAGE = 1024
TYPE, CTRL, RNR, RBAR, RASR = 0xE000ED90, 0xE000ED94, 0xE000ED98, 0xE000ED9C, 0xE000EDA0
"""RASR: RLAR on an Armv8-M core. (Armv7-M manual B3.5; Armv8-M manual D1.2)"""
CPUID, CORTEX_M7 = 0xE000ED00, 0xC27
"""The only core here with the MPU of Armv7-M, by its part number."""
MOST = 3
"""Regions that the sentence names."""


class Region(NamedTuple):
    """Addresses from `start` up to `end`, which is not part of it."""

    start: int
    end: int


def in_words(regions: list[Region]) -> str:
    """What is told of regions that make QEMU slow."""
    named = ", ".join(f"{r.start:#010x}-{r.end - 1:#010x}" for r in regions[:MOST])
    more = f" and {len(regions) - MOST} more" if len(regions) > MOST else ""
    return (
        f"MPU regions begin or end within 1 KB of memory ({named}{more})"
        ": QEMU runs code and data in that KB some hundred times more slowly in real time"
    )


class MpuWatch:
    """Looks for such regions now and then, ever more rarely, and tells of them once."""

    def __init__(self, core: Core, clock: GuestClock, trace: Trace) -> None:
        self._core, self._clock, self._trace = core, clock, trace
        self._alarm = clock.engine_alarm(self._look)
        self.begin()

    def begin(self) -> None:
        """Look for the first time."""
        self._alarm.at(FIRST_LOOK)

    def _look(self) -> None:
        now = self._clock.now
        found = [r for r in self._regions() if r.start % PAGE or r.end % PAGE]
        if not found:
            self._alarm.at(2 * now)
            return
        self._trace.emit(Note(time=now, source="cpu", message=in_words(found)))

    def _regions(self) -> Iterator[Region]:
        """Those that are in force. The firmware's choice of region (RNR) stays what it was."""
        if not self._read(CTRL) & 1:
            return
        decode = _v7 if self._read(CPUID) >> 4 & 0xFFF == CORTEX_M7 else _v8
        selected = self._read(RNR)
        for number in range(self._read(TYPE) >> 8 & 0xFF):
            self._select(number)
            attributes = self._read(RASR)
            if attributes & 1:
                yield from decode(self._read(RBAR), attributes)
        self._select(selected)

    def _read(self, address: int) -> int:
        return read_word(self._core, address) or 0

    def _select(self, number: int) -> None:
        self._core.write_memory(RNR, struct.pack("<I", number))


def _v7(base: int, attributes: int) -> Iterator[Region]:
    """The region, or those of its eight parts that are not switched off (SRD)."""
    size = 2 << (attributes >> 1 & 0x1F)
    start = base & -size & 0xFFFF_FFFF
    disabled = attributes >> 8 & 0xFF if size >= 256 else 0
    if not disabled:
        yield Region(start, start + size)
        return
    part = size // 8
    for i in range(8):
        if not disabled >> i & 1:
            yield Region(start + i * part, start + (i + 1) * part)


def _v8(base: int, limit: int) -> Iterator[Region]:
    yield Region(base & ~0x1F, (limit | 0x1F) + 1)
