"""The ROM's page at 0020_0000h: the tree of its API, and the common code, executed step by step.

fsl_romapi.h: `bootloader_api_entry_t` and the tables that it points to; Armv7-M manual A7.7 for the
encodings.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from xipsim import platforms
from xipsim.engines.repl.cache import load
from xipsim.peripherals.imxrt import romcode

BASE, PAGE = 0x0020_0000, 0x1000
R4, R12, SP, LR, PC = 4, 12, 13, 14, 15


def word(page: bytes, address: int) -> int:
    (value,) = struct.unpack_from("<I", page, address - BASE)
    return int(value)


@pytest.fixture(scope="module")
def page() -> bytes:
    return romcode.page()


def test_the_tree(page: bytes) -> None:
    """Version 'K' 1.0.0, copyright, runBootloader, a reserved word, drivers: NOR is the first."""
    assert len(page) == PAGE
    tree = word(page, BASE + 0x1C)
    assert tree % 4 == 0
    words = [word(page, tree + 4 * index) for index in range(10)]
    assert words[0] == ord("K") << 24 | 1 << 16
    is_given = [bool(value) for value in words[1:]]
    assert is_given == [False, True, False, True, False, True, True, True, False]
    assert all(value % 4 == 0 for value in (words[4], *words[6:9]))
    for driver in (words[4], words[6]):
        assert word(page, driver) == 1 << 16 | 5 << 8, "version 1.5.0"


def test_the_rest_is_erased(page: bytes) -> None:
    assert page[:0x1C] == b"\xff" * 0x1C
    assert page[-0x100:] == b"\xff" * 0x100


class Core:
    """Executes those of Armv7-M's instructions that the code is made of; the model is a fake."""

    def __init__(self, page: bytes, registers: dict[int, int], polls: int, result: int) -> None:
        self.page, self.r, self.polls, self.result = page, dict(registers), polls, result
        self.stack: dict[int, int] = {}
        self.given: dict[int, int] = {}

    def load(self, address: int) -> int:
        if BASE <= address < BASE + PAGE:
            return word(self.page, address)
        if address == romcode.REGISTERS + 0x18:
            self.polls -= 1
            return int(self.polls < 0)
        if address == romcode.REGISTERS + 0x1C:
            return self.result
        return self.stack[address]

    def store(self, address: int, value: int) -> None:
        if address >> 12 == romcode.REGISTERS >> 12:
            self.given[address - romcode.REGISTERS] = value
        else:
            self.stack[address] = value

    def step(self) -> None:
        r, at = self.r, self.r[PC]
        (half,) = struct.unpack_from("<H", self.page, at - BASE)
        r[PC] = at + 2
        low = half & 7
        if half & 0xFE00 == 0xB400:  # PUSH
            names = [i for i in range(8) if half >> i & 1] + [LR] * (half >> 8 & 1)
            r[SP] -= 4 * len(names)
            for place, name in enumerate(names):
                self.store(r[SP] + 4 * place, r[name])
        elif half & 0xFE00 == 0xBC00:  # POP
            names = [i for i in range(8) if half >> i & 1] + [PC] * (half >> 8 & 1)
            for name in names:
                r[name] = self.load(r[SP])
                r[SP] += 4
        elif half & 0xF800 == 0x4800:  # LDR literal
            r[half >> 8 & 7] = self.load((at + 4 & ~3) + 4 * (half & 0xFF))
        elif half & 0xF800 == 0xC000:  # STM, with write-back
            base = half >> 8 & 7
            for name in [i for i in range(8) if half >> i & 1]:
                self.store(r[base], r[name])
                r[base] += 4
        elif half & 0xFF00 == 0x4600:  # MOV
            r[low | half >> 4 & 8] = r[half >> 3 & 0xF]
        elif half & 0xF800 == 0x6000:  # STR
            self.store(r[half >> 3 & 7] + 4 * (half >> 6 & 0x1F), r[low])
        elif half & 0xF800 == 0x6800:  # LDR
            r[low] = self.load(r[half >> 3 & 7] + 4 * (half >> 6 & 0x1F))
        elif half & 0xFFF0 == 0xF8C0:  # STR.W
            (second,) = struct.unpack_from("<H", self.page, at + 2 - BASE)
            r[PC] = at + 4
            self.store(r[half & 0xF] + (second & 0xFFF), r[second >> 12])
        elif half & 0xF800 == 0x2800:  # CMP with a number
            self.equal = r[half >> 8 & 7] == half & 0xFF
        elif half & 0xFF00 == 0xD000:  # BEQ
            if self.equal:
                r[PC] = at + 4 + 2 * ((half & 0xFF ^ 0x80) - 0x80)
        else:
            raise AssertionError(f"{half:#06x} at {at:#x}")


@pytest.mark.parametrize("polls", [0, 1, 5])
def test_the_code_hands_everything_on_and_waits(page: bytes, polls: int) -> None:
    """r0 to r3, the stack pointer, and the stub's number in r12; r4 and sp are the caller's."""
    common = page.index(b"\x10\xb5") + BASE
    assert common % 4 == 0
    before = {i: 0x100 + i for i in range(13)} | {SP: 0x2000_8000, LR: 0x6000_1235, PC: common}
    core = Core(page, before, polls, 0x1771)
    for _ in range(100):
        if core.r[PC] == before[LR]:
            break
        core.step()
    assert core.r[PC] == before[LR]
    assert core.given == {
        0x00: 0x100, 0x04: 0x101, 0x08: 0x102, 0x0C: 0x103, 0x10: before[SP] - 8, 0x14: 0x10C,
    }  # fmt: skip
    assert core.polls == -1
    assert core.r[0] == 0x1771
    kept = (1, 2, 3, *range(4, 13), SP)
    assert [core.r[i] for i in kept] == [before[i] for i in kept]


def test_code_and_model_lie_where_the_platform_has_them() -> None:
    folder = Path(platforms.__file__).resolve().parent
    (rom,) = (e for e in load(folder / "soc/rt1062.repl").entries if e.name == "bootrom")
    places = {r.region: r.address for r in rom.registrations}
    assert places == {"": romcode.REGISTERS, "code": romcode.BASE}
    assert romcode.BASE == BASE
