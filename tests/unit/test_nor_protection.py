"""Status registers and protection. Tables: W25QxxJV sheets, "Memory Protection"."""

from __future__ import annotations

import pytest
from nor_bus import Master

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.nor.protection import area

KB, MB = 1024, 1024 * 1024


def protected_range(m: Master) -> tuple[int, int]:
    """First protected byte and the end, by trying to erase at the borders of all 4K sectors."""
    family = m.chip.maker
    sectors = [s for s in range(0, m.chip.size, 4096) if family.protection(s, 1)]  # type: ignore[attr-defined]
    return (sectors[0], sectors[-1] + 4096) if sectors else (0, 0)


@pytest.mark.parametrize(
    ("part", "sr1", "sr2", "expected"),
    [
        ("W25Q16JV-IM", 0x04, 0, (2 * MB - 64 * KB, 2 * MB)),
        ("W25Q16JV-IM", 0x18, 0, (0, 2 * MB)),
        ("W25Q64JV-IM", 0x00, 0, (0, 0)),
        ("W25Q64JV-IM", 0x04, 0, (8 * MB - 128 * KB, 8 * MB)),
        ("W25Q64JV-IM", 0x24, 0, (0, 128 * KB)),
        ("W25Q64JV-IM", 0x18, 0, (4 * MB, 8 * MB)),
        ("W25Q64JV-IM", 0x1C, 0, (0, 8 * MB)),
        ("W25Q64JV-IM", 0x44, 0, (8 * MB - 4 * KB, 8 * MB)),
        ("W25Q64JV-IM", 0x48, 0, (8 * MB - 8 * KB, 8 * MB)),
        ("W25Q64JV-IM", 0x4C, 0, (8 * MB - 16 * KB, 8 * MB)),
        ("W25Q64JV-IM", 0x50, 0, (8 * MB - 32 * KB, 8 * MB)),
        ("W25Q64JV-IM", 0x5C, 0, (0, 8 * MB)),
        ("W25Q64JV-IM", 0x68, 0, (0, 8 * KB)),
        ("W25Q64JV-IM", 0x54, 0, (8 * MB - 32 * KB, 8 * MB)),
        ("W25Q64JV-IM", 0x04, 0x40, (0, 8 * MB - 128 * KB)),
        ("W25Q64JV-IM", 0x24, 0x40, (128 * KB, 8 * MB)),
        ("W25Q64JV-IM", 0x00, 0x40, (0, 8 * MB)),
        ("W25Q128JV-IM", 0x04, 0, (16 * MB - 256 * KB, 16 * MB)),
        ("W25Q256JV-IM", 0x04, 0, (32 * MB - 64 * KB, 32 * MB)),
        ("W25Q256JV-IM", 0x64, 0, (0, 16 * MB)),
    ],
)
def test_block_protection_tables(part: str, sr1: int, sr2: int, expected: tuple[int, int]) -> None:
    m = Master(part)
    m.write_status(0x01, sr1, sr2)
    assert protected_range(m) == expected


def test_protected_program_and_erase_are_ignored_and_clear_wel() -> None:
    m = Master()
    m.write_status(0x01, 0x24)  # bottom 128 KB
    for opcode, fields in ((0x02, {"address": 0, "write": b"\x00"}), (0x20, {"address": 0})):
        m(0x06)
        m(opcode, **fields)
        assert not m.chip.busy
        assert m.sr() & 3 == 0
        assert m.rules() == ["protected"]
    m.program(128 * KB, b"\x00")
    assert m.rules() == []
    assert m.chip.read(128 * KB, 1) == b"\x00"


def test_chip_erase_is_refused_if_anything_is_protected() -> None:
    m = Master()
    m.write_status(0x01, 0x44)
    m(0x06)
    m(0xC7)
    assert m.rules() == ["protected"]
    assert not m.chip.busy


def test_individual_locks() -> None:
    m = Master()
    m.write_status(0x11, 0x04)  # WPS
    assert m(0x3D, address=0x5123, read=1) == b"\x01", "all are locked after power-on"
    m(0x06)
    m(0x39, address=0x5123)
    assert m(0x3D, address=0x5000, read=1) == b"\x00"
    assert m(0x3D, address=0x6000, read=1) == b"\x01"
    m.program(0x5000, b"\x00")
    m.program(0x6000, b"\x00")
    assert m.rules() == ["protected"]
    m(0x06)
    m(0x52, address=0x5000)
    assert m.rules() == ["protected"], "another sector of the 32K is locked"
    m(0x06)
    m(0x98)
    m.program(0x6000, b"\x00")
    assert m.rules() == []
    m(0x06)
    m(0x36, address=0x12_3456)
    assert m(0x3D, address=0x12_0000, read=1) == b"\x01", "a whole 64K block"
    m(0x06)
    m(0x36, address=m.chip.size - 1)
    assert m(0x3D, address=m.chip.size - 4096, read=1) == b"\x01"
    assert m(0x3D, address=m.chip.size - 4097, read=1) == b"\x00", "sectors in the last block"
    m(0x06)
    m(0x7E)
    assert m(0x3D, address=0x6000, read=1) == b"\x01"
    m(0x39, address=0)
    assert m.rules() == ["write-without-wel"]


@pytest.mark.parametrize(
    ("part", "expected"), [("W25Q64JV-IQ", 0x02), ("W25Q64JV-IM", 0x00), ("W25Q80", 0x00)]
)
def test_factory_value_of_quad_enable(part: str, expected: int) -> None:
    assert Master(part).sr(0x35) == expected
    assert Master(part, qe=1).sr(0x35) == 0x02


def test_quad_enable_of_iq_parts_cannot_be_cleared() -> None:
    m = Master("W25Q64JV-IQ")
    m.write_status(0x31, 0x00)
    assert m.sr(0x35) == 0x02


def test_status_reads_repeat_the_same_register() -> None:
    m = Master()
    m.write_status(0x01, 0x1C, 0x02)
    assert m(0x05, read=3) == b"\x1c\x1c\x1c"
    assert m(0x35, read=3) == b"\x02\x02\x02"
    assert m(0x15, read=2) == b"\x60\x60"


def test_write_status_takes_its_time() -> None:
    m = Master()
    m(0x06)
    m(0x31, write=b"\x02")
    assert m.chip.busy_until == 10_000_000
    assert m.sr(0x35) == 0
    m.wait(10)
    assert m.sr(0x35) == 0x02


def test_one_byte_leaves_status_2_alone() -> None:
    m = Master(qe=1)
    m.write_status(0x01, 0x04)
    assert m.sr(0x35) == 0x02


def test_one_byte_clears_status_2_where_the_sfdp_says_so() -> None:
    m = Master("AT25QL128A", qe=1)  # QER 1
    m.write_status(0x01, 0x04)
    assert m.sr(0x35) == 0


def test_quad_enable_recipe_of_another_maker_sets_sec_not_qe() -> None:
    m = Master()
    m.write_status(0x01, 0x40)
    assert (m.sr(), m.sr(0x35)) == (0x40, 0)
    assert m.rules() == []


def test_status_write_without_wel_or_of_a_wrong_length() -> None:
    m = Master()
    m(0x31, write=b"\x02")
    assert m.rules() == ["write-without-wel"]
    m(0x06)
    m(0x31, write=b"\x02\x00")
    m(0x01)
    assert m.rules() == ["wrong-length", "wrong-length"]
    assert m.sr(0x35) == 0


def test_volatile_status_write_is_instant_and_forgotten() -> None:
    m = Master()
    m(0x50)
    assert m.sr() == 0, "50h does not set WEL"
    m(0x31, write=b"\x0a")
    assert not m.chip.busy
    assert m.sr(0x35) == 0x02, "LB bits have no volatile form"
    m.chip.reset(ResetCause.POWER_ON)
    assert m.sr(0x35) == 0
    m.write_status(0x31, 0x08)
    m(0x50)
    m(0x31, write=b"\x00")
    assert m.sr(0x35) == 0x08, "nor are they cleared"


def test_non_volatile_bits_survive_power_off() -> None:
    m = Master()
    m.write_status(0x31, 0x02)
    m.chip.reset(ResetCause.POWER_ON)
    assert m.sr(0x35) == 0x02


def test_status_lock_lasts_until_power_off() -> None:
    m = Master()
    m.write_status(0x31, 0x01)
    m.write_status(0x01, 0x1C)
    assert m.rules() == ["protected"]
    m(0x66)
    m(0x99)
    m.wait(1)
    m.write_status(0x01, 0x1C)
    assert m.rules() == ["protected"]
    m.chip.reset(ResetCause.POWER_ON)
    m.write_status(0x01, 0x1C)
    assert m.sr() == 0x1C


def test_volatile_status_lock_outlives_a_software_reset() -> None:
    m = Master()
    m(0x50)
    m(0x31, write=b"\x01")
    m(0x66)
    m(0x99)
    m.wait(1)
    m.write_status(0x01, 0x1C)
    assert m.rules() == ["protected"]


def test_four_byte_mode_after_power_on() -> None:
    m = Master("W25Q256JV")
    m.write_status(0x11, 0x62)  # ADP
    assert m.sr(0x15) == 0x62
    m.chip.reset(ResetCause.POWER_ON)
    assert m.sr(0x15) == 0x63


def test_busy_and_suspend_bits_cannot_be_written() -> None:
    m = Master()
    m.write_status(0x01, 0xFF, 0xC6)
    assert (m.sr(), m.sr(0x35)) == (0xFC, 0x42)


def test_a_program_that_wraps_in_the_last_page_is_not_protected_by_nothing() -> None:
    m = Master()
    last = m.chip.size - 0x10
    m.program(last, bytes(0x20))
    assert m.rules() == ["page-wrap"]
    assert m.chip.read(last, 0x10) == bytes(0x10)


FRACTIONS = {
    2 * MB: (0, 64 * KB, 128 * KB, 256 * KB, 512 * KB, MB, 2 * MB, 2 * MB),
    8 * MB: (0, 128 * KB, 256 * KB, 512 * KB, MB, 2 * MB, 4 * MB, 8 * MB),
    16 * MB: (0, 256 * KB, 512 * KB, MB, 2 * MB, 4 * MB, 8 * MB, 16 * MB),
}
"""Protected bytes by BP2-0 with SEC = 0, by the size of the array."""
SECTORS = (0, 4 * KB, 8 * KB, 16 * KB, 32 * KB, 32 * KB)
"""With SEC = 1; 7 is all, and 6 is not in the tables."""


@pytest.mark.parametrize("size", FRACTIONS)
@pytest.mark.parametrize("sec", [0, 1])
@pytest.mark.parametrize("bottom", [0, 1])
@pytest.mark.parametrize("complement", [False, True])
def test_all_of_the_tables(size: int, sec: int, bottom: int, complement: bool) -> None:
    """CMP turns round what TB, SEC and BP say; the other bits of the register do not matter."""
    for code in range(8):
        if sec and code == 6:
            continue
        length = (*SECTORS, 0, size)[code] if sec else FRACTIONS[size][code]
        covered = (0, length) if bottom else (size - length, size)
        rest = (length, size) if bottom else (0, size - length)
        for others in (0x00, 0x83):
            sr1 = sec << 6 | bottom << 5 | code << 2 | others
            assert area(sr1, complement, size, "sec") == (rest if complement else covered), code


@pytest.mark.parametrize("bottom", [0, 1])
@pytest.mark.parametrize("complement", [False, True])
def test_all_of_the_table_of_large_parts(bottom: int, complement: bool) -> None:
    """BP3-0 in bits 5 to 2, TB in bit 6: 2^(n-1) blocks of 64 KB, at most all."""
    size = 32 * MB
    for code in range(16):
        length = min(size, 64 * KB << code >> 1) if code else 0
        covered = (0, length) if bottom else (size - length, size)
        rest = (length, size) if bottom else (0, size - length)
        for others in (0x00, 0x83):
            sr1 = bottom << 6 | code << 2 | others
            assert area(sr1, complement, size, "bp3") == (rest if complement else covered), code
