"""EMxxLX. Expected behaviour: data sheet 3.2 (nor-flash.md 12)."""

from __future__ import annotations

import pytest
from octal_bus import Octal


def chip(*, octal: bool = True) -> Octal:
    m = Octal("EM064LX")
    if octal:
        m.go_octal()
    return m


def test_id() -> None:
    m = chip(octal=False)
    assert m.spi(0x9F, read=3) == bytes.fromhex("6BBB17")
    assert m.chip.size == 8 << 20


def test_bits_go_both_ways_without_erase() -> None:
    m = chip()
    for data in (b"\x00\x00", b"\xa5\x5a", b"\xff\xff"):
        m.ddr(0x06)
        m.ddr(0xC2, address=0x100, write=data)
        m.wait(1)
        assert m.chip.read(0x100, 2) == data
    assert m.rules() == []


def test_wel_stays_after_write_and_erase() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x02, address=0, write=b"\0")
    m.wait(1)
    assert m.spi(0x05, read=1) == b"\x02"
    m.spi(0x20, address=0)
    m.wait(1)
    assert m.spi(0x05, read=1) == b"\x02"
    m.spi(0x04)
    assert m.spi(0x05, read=1) == b"\x00"


def test_writes_know_no_pages_in_persistent_mode() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    data = bytes(range(256)) * 2
    m.spi(0x02, address=0xF0, write=data)
    m.wait(1)
    assert m.chip.read(0xF0, 512) == data


def test_writes_wrap_at_the_end_of_the_memory() -> None:
    m = chip(octal=False)
    m.chip.program(0x10, b"kept")
    m.spi(0x06)
    m.spi(0x02, address=0x7F_FFFE, write=b"\1\2\3\4")
    m.wait(1)
    assert m.chip.read(0x7F_FFFE, 2) + m.chip.read(0, 2) == b"\1\2\3\4"
    assert m.chip.read(0x10, 4) == b"kept"


def test_pages_in_flash_like_mode() -> None:
    m = chip(octal=False)
    m.chip.program(0, b"\x77" * 256)
    m.write_volatile(8, 0xFE)
    m.spi(0x02, address=0xFE, write=b"\1\2\3\4")
    m.wait(1)
    assert m.chip.read(0xFE, 2) + m.chip.read(0, 3) == b"\1\2\3\4\x77"


@pytest.mark.parametrize(
    ("opcode", "size", "us"), [(0x20, 0x1000, 60), (0x52, 0x8000, 500), (0xD8, 0x10000, 960)]
)
def test_erase_is_emulated_and_fast(opcode: int, size: int, us: int) -> None:
    m = chip(octal=False)
    m.chip.program(0x1_0000, bytes(0x2_0000))
    m.spi(0x06)
    m.spi(opcode, address=0x1_0000)
    assert m.chip.busy_until == m.bench.clock.now + us * 1000
    m.wait(2)
    assert m.chip.read(0x1_0000, size) == b"\xff" * size
    assert m.chip.read(0x1_0000 + size, 1) == b"\0"


def test_program_without_wel_is_flagged() -> None:
    m = chip(octal=False)
    m.spi(0x02, address=0, write=b"\0")
    assert m.rules() == ["program-without-wel"]
    assert m.spi(0x70, read=1)[0] & 0x10
    assert m.chip.read(0, 1) == b"\xff"


def test_register_writes_of_two_bytes_go_on_to_the_next_register() -> None:
    m = chip()
    m.ddr(0x06)
    m.ddr(0x81, address=0, write=b"\xe7\x07")
    assert m.ddr(0x85, address=1, dummy=8, read=1) == b"\x07"
    m.chip.program(0, b"data")
    assert m.ddr(0xFD, address=0, dummy=7, read=4) == b"data"
    assert m.rules() == []


@pytest.mark.parametrize("bottom", [False, True])
@pytest.mark.parametrize(("code", "units"), [(1, 1), (7, 7), (8, 8), (9, 16), (10, 32), (15, 128)])
def test_protection_in_units_of_64_kb(code: int, units: int, bottom: bool) -> None:
    """BP3 is bit 6, BP2 to BP0 bits 4 to 2, TB bit 5."""
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x01, write=bytes(((code & 7) << 2 | (code & 8) << 3 | bottom << 5,)))
    m.wait(1)
    last, first_free = units * 0x1_0000 - 1, units * 0x1_0000
    for distance, is_protected in ((0, True), (last, True), (first_free, False)):
        if distance >= m.chip.size:
            continue
        address = distance if bottom else m.chip.size - 1 - distance
        m.spi(0x06)
        m.spi(0x02, address=address, write=b"\0")
        m.wait(1)
        assert m.rules() == (["protected"] if is_protected else [])


def test_there_is_no_suspend() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0xD8, address=0)
    m.spi(0x75)
    assert m.rules() == ["unknown-opcode"]
