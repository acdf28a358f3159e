"""Lanes, dummy cycles, quad enable, continuous read, QPI, wrap. Rules: W25QxxJV(-DTR) sheets."""

from __future__ import annotations

from typing import Any

import pytest
from nor_bus import Master, quad_read

from xipsim.peripherals.nor.bus import Transaction

ENTER = {"mode": 0xA0, "mode_bits": 8, "mode_lanes": 4, "dummy": 4}


def with_pattern(**parameters: Any) -> Master:
    m = Master(**parameters)
    m.chip.program(0, bytes(range(256)))
    return m


def test_quad_read_needs_the_quad_enable_bit() -> None:
    m = with_pattern()  # -IM: QE is 0 from the factory
    assert m.chip.reads_array(quad_read(0, 4)) is False
    assert m.chip.transfer(quad_read(0, 4)) == b"\xff" * 4
    assert m.rules() == ["quad-without-qe"]
    m.write_status(0x31, 0x02)
    assert m.chip.reads_array(quad_read(0, 4))
    assert m.chip.transfer(quad_read(0, 4)) == bytes(range(4))


def test_quad_program_without_quad_enable_is_ignored() -> None:
    m = Master()
    m(0x06)
    m(0x32, address=0, write=b"\x00", data_lanes=4)
    assert m.rules() == ["quad-without-qe"]
    assert m.sr() == 0x02


@pytest.mark.parametrize(("dummy", "first"), [(4, -1), (5, -0.5), (7, 0.5), (8, 1)])
def test_wrong_dummy_count_shifts_the_data(dummy: int, first: float) -> None:
    m = with_pattern(qe=1)
    t = quad_read(0x10, 4, dummy=dummy)
    nibbles = "ffff" + bytes(range(0x10, 0x20)).hex()
    start = 4 + int(first * 2)
    assert m.chip.transfer(t).hex() == nibbles[start : start + 8]
    assert m.rules() == ["wrong-dummy"]
    assert m.chip.reads_array(t) is False


def test_data_on_wrong_lanes_is_garbage() -> None:
    m = with_pattern(qe=1)
    t = Transaction(opcode=0x6B, address=0, address_bits=24, dummy=8, data_lanes=1, read=2)
    # 00h 01h 02h 03h come as eight nibbles 0,0,0,1,0,2,0,3; one line shows bit 1 of each.
    assert m.chip.transfer(t)[0] == 0b00000101
    assert m.rules() == ["wrong-lanes"]
    assert m.chip.reads_array(t) is False


def test_address_on_wrong_lanes() -> None:
    m = with_pattern(qe=1)
    t = Transaction(opcode=0xEB, address=0, address_bits=24, address_lanes=1, dummy=6,
                    data_lanes=4, read=4)  # fmt: skip
    m.chip.transfer(t)
    assert set(m.rules()) == {"wrong-lanes"}


def test_four_line_opcode_is_not_understood_in_spi_mode() -> None:
    m = Master()
    m(0x06, opcode_lanes=4)
    assert m.sr() == 0
    assert m.rules() == ["wrong-lanes"]


def test_write_enable_followed_by_more_clocks_is_ignored() -> None:
    m = Master()
    m(0x06, write=b"\x00")
    assert m.sr() == 0
    assert m.rules() == ["wrong-length"]


def test_erase_with_a_four_byte_address_on_a_three_byte_part() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0x1000, address_bits=32)
    assert m.rules() == ["wrong-address", "wrong-length"]
    assert not m.chip.busy


def test_continuous_read_goes_on_without_opcode() -> None:
    m = with_pattern(qe=1)
    assert m.chip.reads_array(quad_read(0, 4, **ENTER)) is False, "it would change the mode"
    assert m.chip.transfer(quad_read(0, 4, **ENTER)) == bytes(range(4))
    again = quad_read(8, 4, opcode=None, **ENTER)
    assert m.chip.reads_array(again)
    assert m.chip.transfer(again) == bytes(range(8, 12))
    assert m.rules() == []
    assert m(0x05, read=1) != b"\x00", "an opcode is taken for an address"
    assert m.rules() == ["continuous-read"]
    leave = quad_read(8, 4, opcode=None, mode=0xFF, mode_bits=8, mode_lanes=4, dummy=4)
    assert m.chip.reads_array(leave) is False
    assert m.chip.transfer(leave) == bytes(range(8, 12))
    assert m.sr() == 0
    assert m.rules() == []


def test_eight_clocks_of_ones_leave_continuous_read() -> None:
    m = with_pattern(qe=1)
    m.chip.transfer(quad_read(0, 4, **ENTER))
    m(0xFF)
    assert m(0x9F, read=3).hex() == "ef7017"
    assert m.rules() == []


def test_sixteen_clocks_of_ones_leave_dual_continuous_read() -> None:
    """W25QxxJV sheet, "Continuous Read Mode Reset": FFh on four lines, FFFFh on two."""
    m = with_pattern()
    m(0xBB, address=0, address_lanes=2, mode=0x20, mode_bits=8, mode_lanes=2, data_lanes=2, read=2)
    m(0xFF)
    assert m.chip.status()["continuous_read"], "eight clocks are no address"
    m(0xFF, write=b"\xff")
    assert not m.chip.status()["continuous_read"]
    assert m(0x9F, read=3).hex() == "ef7017"
    assert m.rules() == []


def test_dual_continuous_read() -> None:
    m = with_pattern()
    fields: dict[str, Any] = {
        "address_bits": 24, "address_lanes": 2, "mode": 0x20, "mode_bits": 8, "mode_lanes": 2,
        "data_lanes": 2, "read": 2,
    }  # fmt: skip
    m.chip.transfer(Transaction(opcode=0xBB, address=0, **fields))
    assert m.chip.transfer(Transaction(address=0x20, **fields)) == b"\x20\x21"
    assert m.rules() == []


def test_keeper_repeats_the_last_address_nibble_as_mode_bits() -> None:
    m = with_pattern(qe=1, undriven="keeper")
    assert m.chip.reads_array(quad_read(0x10, 4))
    assert m.chip.reads_array(quad_read(0x12, 4)) is False
    m.chip.transfer(quad_read(0x12, 4))  # 2h, 2h: M5-4 = 10b
    assert m.chip.status()["continuous_read"]
    pulled_up = with_pattern(qe=1)
    pulled_up.chip.transfer(quad_read(0x12, 4))
    assert not pulled_up.chip.status()["continuous_read"]


def test_reset_pair_does_not_reach_a_chip_in_continuous_read() -> None:
    m = with_pattern(qe=1)
    m.chip.transfer(quad_read(0, 4, **ENTER))
    # 99h on one line: its last two bits are 0, 1, so the mode nibbles read Eh, Fh: it stays.
    m(0x99)
    assert m.chip.status()["continuous_read"]


def test_qpi_in_and_out() -> None:
    m = with_pattern(qe=1)
    m(0x38)
    m.qpi = True
    assert m(0x9F, read=3).hex() == "ef7017"
    assert m(0x0B, address=0x10, dummy=2, read=4) == bytes(range(0x10, 0x14))
    m(0xC0, write=b"\x20")  # six dummy clocks
    t = quad_read(0x10, 4, opcode_lanes=4)
    assert m.chip.reads_array(t)
    assert m.chip.transfer(t) == bytes(range(0x10, 0x14))
    assert m.chip.reads_array(quad_read(0x10, 4)) is False
    m.program(0x2000, b"qpi")
    assert m.chip.read(0x2000, 3) == b"qpi"
    assert m.rules() == []
    m(0xFF)
    m.qpi = False
    assert m(0x9F, read=3).hex() == "ef7017"
    assert m.rules() == []


def test_one_line_opcodes_in_qpi_are_misread() -> None:
    m = Master(qe=1)
    m(0x38)
    assert m(0x9F, read=3) != bytes.fromhex("ef7017")
    assert "wrong-lanes" in m.rules()


def test_qpi_needs_quad_enable_and_a_part_that_has_it() -> None:
    m = Master()
    m(0x38)
    assert m.rules() == ["quad-without-qe"]
    iq = Master("W25Q64JV-IQ")
    iq(0x38)
    assert iq.rules() == ["unknown-opcode"]


def test_software_reset_leaves_qpi() -> None:
    m = Master(qe=1)
    m(0x38)
    m.qpi = True
    m(0x66)
    m(0x99)
    m.qpi = False
    m.wait()
    assert m(0x9F, read=3).hex() == "ef7017"


def test_burst_with_wrap() -> None:
    m = with_pattern(qe=1)
    m(0x77, address=0, address_lanes=4, data_lanes=4, write=b"\x20")  # 16 bytes
    t = quad_read(0x2C, 8)
    assert m.chip.reads_array(t) is False
    assert m.chip.transfer(t).hex() == "2c2d2e2f20212223"
    m(0x77, address=0, address_lanes=4, data_lanes=4, write=b"\x10")
    assert m.chip.reads_array(t)
    assert m.rules() == []


def test_burst_with_wrap_as_one_phase_of_32_bits() -> None:
    m = with_pattern(qe=1)
    m(0x77, address=0x00, address_bits=32, address_lanes=4)
    assert m.chip.transfer(quad_read(0x2C, 8)).hex() == "2c2d2e2f28292a2b"
    assert m.rules() == []


def test_double_data_rate_is_seen_on_rising_edges_only() -> None:
    m = with_pattern(qe=1)
    t = quad_read(0, 4, address_ddr=True)
    assert m.chip.reads_array(t) is False
    m.chip.transfer(t)
    assert m.rules() == ["wrong-edges"]
