"""Diagnostics name the cause: the phase that differs, what was given, what the chip takes."""

from __future__ import annotations

from typing import Any

import pytest
from nor_bus import Master
from octal_bus import Octal

PAGE = bytes(range(8))


def told(m: Master | Octal) -> list[tuple[str, str]]:
    found = [(d.rule, d.message) for d in m.bench.diagnostics]
    m.bench.diagnostics.clear()
    return found


def test_quad_read_without_qe() -> None:
    m = Master("W25Q64JV-IM", qe=0)
    m(0x6B, address=0, dummy=8, data_lanes=4, read=4)
    ((rule, text),) = told(m)
    assert rule == "quad-without-qe"
    assert "fast read quad output" in text
    assert "QE" in text and "is 0" in text


@pytest.mark.parametrize(
    ("opcode", "fields", "words"),
    [
        (0x03, {"read": 4}, "24 address bits, expected 32: the chip is in 4-byte mode"),
        (0x0B, {"read": 4, "dummy": 8}, "24 address bits, expected 32: the chip is in 4-byte mode"),
        (0x02, {"write": PAGE}, "24 address bits, expected 32: the chip is in 4-byte mode"),
        (0x20, {}, "24 address bits, expected 32: the chip is in 4-byte mode"),
    ],
)
def test_three_address_bytes_in_4_byte_mode(
    opcode: int, fields: dict[str, Any], words: str
) -> None:
    m = Master("W25Q256JV")
    m(0xB7)
    m(0x06)
    m(opcode, address=0x1000, **fields)
    found = told(m)
    assert found[0][0] == "wrong-address"
    assert words in found[0][1]
    assert "wrong-dummy" not in dict(found), "the dummy cycles are right"


@pytest.mark.parametrize(("opcode", "fields"), [(0x03, {"read": 4}), (0x02, {"write": PAGE})])
def test_four_address_bytes_in_3_byte_mode(opcode: int, fields: dict[str, Any]) -> None:
    m = Master("W25Q256JV")
    m(0x06)
    m(opcode, address=0x1000, address_bits=32, **fields)
    found = told(m)
    assert found[0][0] == "wrong-address"
    assert "32 address bits, expected 24: the chip is in 3-byte mode" in found[0][1]


@pytest.mark.parametrize(
    ("dummy", "words"), [(4, "4 dummy cycles"), (0, "0 dummy cycles"), (10, "10 dummy cycles")]
)
def test_dummy_cycles_given_and_expected(dummy: int, words: str) -> None:
    m = Master(qe=1)
    m(0xEB, address=0, address_lanes=4, data_lanes=4, dummy=dummy, read=4)
    ((rule, text),) = told(m)
    assert rule == "wrong-dummy"
    assert words in text
    assert "expected 6, mode bits included" in text


def test_a_plain_spi_controller_that_leaves_out_a_dummy_byte() -> None:
    m = Master()
    m(0x0B, write=bytes(3), read=4)
    ((rule, text),) = told(m)
    assert rule == "wrong-dummy"
    assert "8 clocks too early" in text
    assert "expected 8" in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"data_lanes": 1}, "data on 1 line where the chip uses 4"),
        ({"address_lanes": 1}, "address on 1 line where the chip uses 4"),
        ({"address_ddr": True}, "address at double data rate, not single"),
    ],
)
def test_lanes_and_edges(fields: dict[str, Any], words: str) -> None:
    m = Master(qe=1)
    shape = {"address_lanes": 4, "data_lanes": 4, "dummy": 6, "read": 4} | fields
    m(0xEB, address=0, **shape)
    ((_, text),) = told(m)
    assert words in text


def test_the_mode_is_named() -> None:
    m = Master("W25Q64JV-IM", qe=1)
    m(0x38)
    m.qpi = True
    m(0x6B, address=0, read=4)
    assert "no command 6Bh in QPI mode" in told(m)[0][1]
    m.qpi = False
    m(0x9F, read=3)
    assert "opcode on 1 line where the chip uses 4 (QPI mode)" in told(m)[0][1]


@pytest.mark.parametrize(
    ("part", "mode"),
    [("IS25WX256", "octal DDR"), ("MX25UM25645G", "DOPI"), ("EM064LX", "octal DDR")],
)
def test_three_address_bytes_in_octal_mode(part: str, mode: str) -> None:
    m = Octal(part)
    m.go_octal()
    opcode = 0x12 if m.is_macronix else 0x02
    full = opcode << 8 | opcode ^ 0xFF if m.is_macronix else opcode
    m.ddr(0x06F9 if m.is_macronix else 0x06)
    m.ddr(full, address=0, address_bits=24, write=PAGE)
    found = told(m)
    assert found[0][0] == "wrong-address"
    assert f"24 address bits, expected 32 in {mode} mode" in found[0][1]


def test_a_page_that_wraps() -> None:
    m = Master()
    m.program(0x1F0, bytes(range(32)))
    ((rule, text),) = told(m)
    assert rule == "page-wrap"
    assert "page program at 0x1f0: 32 bytes go beyond the page of 256 bytes" in text
    assert m.chip.read(0x100, 16) == bytes(range(16, 32))
    m.program(0x2F0, bytes(16))
    assert told(m) == [], "up to its end"


def test_the_last_change_names_the_code() -> None:
    m = Master()
    m.bench.pc = 0x6000_1234
    m(0x06)
    m(0x20, address=0)
    m.bench.pc = 0x6000_9999
    m.wait()
    assert "sector erase 4K at 0x0" in str(m.chip.last_change(0))
    assert "0x60001234" in str(m.chip.last_change(0))
    m.bench.pc = None
    m(0x06)
    m(0x20, address=0)
    m.wait()
    assert "code" not in str(m.chip.last_change(0)), "outside of an access there is none"


def test_the_code_that_began_an_erase_is_told_also_after_a_resume() -> None:
    m = Master()
    m.bench.pc = 0x6000_1234
    m(0x06)
    m(0x20, address=0)
    m.bench.pc = 0x6000_9999
    m.wait(1)
    for opcode in (0x75, 0x7A):
        m(opcode)
        m.wait(1)
    m.wait()
    assert "0x60001234" in str(m.chip.last_change(0))
