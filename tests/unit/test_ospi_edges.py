"""Each field of OSPI's control registers by itself: lengths, lanes, edges, stores, levels.

Expected values: the vendor's SVD file (fields and their codes), alif.md 3.1 to 3.7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ospi_driver import BAUDR, CTRLR0, DR, SER, SR, SSIENR, TXFLR, XIP_CTRL, XIP_INCR, XIP_SER
from test_ospi import (
    DDR,
    MASTER,
    OCTAL,
    RECEIVE,
    RXDS,
    TRANSMIT,
    TXFTLR,
    Rig,
    xip,
)

from xipsim.peripherals.alif.ospi_format import packed
from xipsim.peripherals.nor.bus import Transaction

XIP_MODE, XIP_MODE_EN = 0xFC, 1 << 12
WRITE_INCR, WRITE_CTRL = 0x140, 0x148
"""SPI_CTRLR0: instruction of 8 bits, address of 24, both on one line."""


# -- lengths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "bits", "opcode"), [(1, 4, 0xD), (2, 8, 0xED), (3, 16, 0x12ED)])
def test_lengths_of_the_instruction(code: int, bits: int, opcode: int) -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 8 << 2 | code << 8)
    rig.run(0x12ED, 0x100)
    assert (rig.last.opcode, rig.last.opcode_bits, rig.last.address) == (opcode, bits, 0x100)


def test_without_an_instruction_the_first_entry_is_the_address() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 8 << 2)
    rig.run(0x1234)
    assert (rig.last.opcode, rig.last.address, rig.last.read) == (None, 0x1234, 1)


def test_with_neither_an_entry_starts_the_receive_and_is_lost() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 0, frames=2)
    rig.run(0x55)
    assert (rig.last.opcode, rig.last.address, rig.last.read) == (None, None, 2)
    assert rig.r(TXFLR) == 0
    assert len(rig.chips[0].seen) == 1


@pytest.mark.parametrize(("code", "bits"), [(0, 2), (1, 4), (2, 8), (3, 16)])
def test_lengths_of_the_mode_bits(code: int, bits: int) -> None:
    rig = Rig()
    rig.w(XIP_MODE, 0xA5)
    xip(rig, ctrl=0x02ED248B & ~(3 << 26) | XIP_MODE_EN | code << 26)
    rig.window.read(0, 4)
    assert (rig.last.mode, rig.last.mode_bits) == (0xA5, bits)


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_a_frame_has_at_least_four_bits(code: int) -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | code, 2 | 2 << 8)
    rig.run(0x02, 0xA, 0x5)
    assert rig.last.write == b"\xa5"


# -- edges and strobe ------------------------------------------------------------------------------


def test_a_phase_that_is_not_there_has_no_edges() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8 | DDR)
    rig.run(0x9F)
    assert (rig.last.address, rig.last.address_ddr, rig.last.data_ddr) == (None, False, True)


def test_the_strobe_comes_with_what_is_read() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8 | DDR | RXDS)
    rig.run(0x02, 0x55)
    assert not rig.last.strobe
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8 | DDR | RXDS)
    rig.run(0x9F)
    assert rig.last.strobe


@pytest.mark.parametrize(
    ("spi_ctrlr0", "clocks"),
    [
        (2 | 3 << 8, 2),  # 16 bits of instruction on eight lines
        (2 | 3 << 8 | 1 << 17, 1),  # on both edges
        (2 | 3 << 8 | DDR, 2),  # of the instruction INST_DDR_EN alone decides
        (2 | 8 << 2 | 3 << 8, 2 + 4),  # and 32 bits of address
        (2 | 8 << 2 | 3 << 8 | DDR, 2 + 2),
        (1 | 8 << 2 | 3 << 8, 16 + 4),  # the instruction on one line
        (8 << 2 | 3 << 8, 16 + 32),
    ],
)
def test_what_instruction_and_address_take(spi_ctrlr0: int, clocks: int) -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, spi_ctrlr0)
    rig.w(DR, 0x06)
    if spi_ctrlr0 >> 2 & 0xF:
        rig.w(DR, 0x100)
    rig.w(SER, 1)
    rig.bench.clock.advance(10 * clocks - 1)
    assert rig.r(SR) & 1
    rig.bench.clock.advance(1)
    assert not rig.r(SR) & 1


@pytest.mark.parametrize("entries", [0, 1, 2])
def test_the_transmit_fifo_is_empty_without_an_entry_alone(entries: int) -> None:
    """SR: bit 1 TFNF, bit 2 TFE."""
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    for _ in range(entries):
        rig.w(DR, 0)
    assert rig.r(SR) & 0b110 == (0b010 if entries else 0b110)


# -- start, select, overflow -----------------------------------------------------------------------


def test_a_lower_start_level_lets_the_transfer_begin() -> None:
    rig = Rig()
    rig.w(TXFTLR, 2 << 16)
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    rig.w(SER, 1)
    rig.w(DR, 0x02)
    rig.w(DR, 0xAA)
    rig.bench.clock.advance(1000)
    assert rig.chips[0].seen == []
    rig.w(TXFTLR, 0)
    rig.bench.clock.advance(1000)
    assert (rig.last.opcode, rig.last.write) == (0x02, b"\xaa")


def test_each_filling_of_the_fifo_has_its_overflow_told_once() -> None:
    rig = Rig()
    for told in (1, 2):
        rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
        for value in range(260):
            rig.w(DR, value)
        assert rig.rules() == ["tx-fifo-overflow-unselected"] * told


def test_where_two_chips_drive_a_line_the_low_one_wins() -> None:
    rig = Rig()
    rig.chips[1].transfer = lambda t: b"\x0f" * t.read  # type: ignore[method-assign]
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=3)
    rig.run(0x9F, select=3)
    assert [rig.r(DR) for _ in range(3)] == [0x00, 0x01, 0x02]


@pytest.mark.parametrize(
    ("ctrlr0", "spi_ctrlr0", "word"),
    [
        (1 << 6, 0, "CTRLR0.FRF"),
        (1 << 13, 0, "CTRLR0.SRL"),
        (1 << 14, 0, "CTRLR0.SSTE"),
        (OCTAL, 1 << 24, "SPI_DM_EN"),
        (OCTAL, 1 << 30, "CLK_STRETCH_EN"),
        (OCTAL, 9 << 2, "ADDR_L"),
    ],
)
def test_formats_that_are_not_modelled_are_reported(
    ctrlr0: int, spi_ctrlr0: int, word: str
) -> None:
    rig = Rig()
    rig.setup(TRANSMIT | ctrlr0 | 7, spi_ctrlr0 | 2 << 8)
    rig.run(0x06, 0)
    assert [gap for gap in rig.bench.gaps if word in gap.what]


def test_slave_mode_is_reported() -> None:
    rig = Rig()
    rig.w(CTRLR0, TRANSMIT | 7)
    rig.w(SSIENR, 1)
    rig.run(0x06)
    assert "slave" in rig.bench.gaps[0].what


# -- the window ------------------------------------------------------------------------------------


def test_the_window_shows_the_chip_that_it_selects() -> None:
    rig = Rig()
    xip(rig)
    rig.w(SSIENR, 0)
    rig.w(XIP_SER, 2)
    rig.w(SSIENR, 1)
    rig.window.read(0, 4)
    assert [len(chip.seen) for chip in rig.chips] == [0, 1]


def test_two_chips_cannot_share_the_window() -> None:
    rig = Rig()
    xip(rig)
    rig.w(SSIENR, 0)
    rig.w(XIP_SER, 3)
    rig.w(SSIENR, 1)
    assert rig.window.read(0, 4) == 0xFFFF_FFFF
    assert rig.rules() == ["xip-disabled"]


def test_the_window_waits_for_no_transfer() -> None:
    rig = Rig()
    xip(rig, ctrlr0=MASTER | OCTAL | RECEIVE | 7)
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    rig.w(DR, 0x06)
    rig.w(SER, 1)
    assert rig.window.read(0, 4) == 0xFFFF_FFFF
    assert "a transfer is under way" in rig.bench.diagnostics[-1].message


@pytest.mark.parametrize(
    ("offset", "size", "address", "read"),
    [(0x100, 4, 0x100, 4), (0x101, 2, 0x100, 4), (0x103, 4, 0x102, 6), (0x103, 1, 0x102, 2)],
)
def test_pairs_of_bytes_around_a_read(offset: int, size: int, address: int, read: int) -> None:
    rig = Rig()
    xip(rig)
    value = rig.window.read(offset, size)
    assert (rig.last.address, rig.last.read) == (address, read)
    first = 0x10 + offset - address
    assert value.to_bytes(size, "little") == bytes(range(first, first + size))


def test_a_window_without_instruction() -> None:
    rig = Rig()
    xip(rig, ctrl=0x02ED248B & ~(1 << 22))
    rig.window.read(0x40, 4)
    assert (rig.last.opcode, rig.last.address) == (None, 0x40)


def test_frames_follow_ctrlr0_where_xip_ctrl_says_so() -> None:
    rig = Rig()
    xip(rig, ctrl=0x02FD468B & ~(1 << 18), opcode=0xEE11, ctrlr0=0x80C0080F)
    assert rig.window.read(0x100, 4) == 0x13121110
    assert not rig.last.swaps


STORES: dict[int, dict[str, Any]] = {
    # FRF, TRANS_TYPE, ADDR_L, INST_L: one field after the other.
    3 | 8 << 4 | 2 << 8: {"data_lanes": 8, "address_lanes": 1, "address_bits": 32},
    2 | 6 << 4 | 2 << 8: {"data_lanes": 4, "address_lanes": 1, "address_bits": 24},
    3 | 1 << 2 | 8 << 4 | 2 << 8: {"data_lanes": 8, "address_lanes": 8, "address_bits": 32},
    3 | 2 << 2 | 8 << 4 | 3 << 8: {
        "data_lanes": 8, "address_lanes": 8, "address_bits": 32, "opcode_lanes": 8,
        "opcode_bits": 16, "opcode": 0x12ED,
    },
    3 | 8 << 4 | 2 << 8 | 1 << 10: {
        "data_lanes": 8, "address_bits": 32, "data_ddr": True, "address_ddr": True,
    },
    3 | 2 << 2 | 8 << 4 | 2 << 8 | 1 << 11: {
        "data_lanes": 8, "address_lanes": 8, "address_bits": 32, "opcode_lanes": 8,
        "opcode_ddr": True,
    },
    3 | 8 << 4 | 2 << 8 | 5 << 16: {"data_lanes": 8, "address_bits": 32, "dummy": 0},
    3 | 8 << 4: {"data_lanes": 8, "address_bits": 32, "opcode": None},
}  # fmt: skip


@pytest.mark.parametrize("control", STORES)
@pytest.mark.parametrize("read", [0x02ED248B, 0x0248_0483], ids=["octal DDR", "plain"])
def test_stores_have_a_format_of_their_own(control: int, read: int) -> None:
    """Whatever reads have."""
    rig = Rig()
    xip(rig, ctrl=read)
    rig.w(SSIENR, 0)
    rig.w(WRITE_INCR, 0x12ED)
    rig.w(WRITE_CTRL, control)
    rig.w(SSIENR, 1)
    rig.window.write(0x100, 0x04030201)
    expected = {"opcode": 0xED, "opcode_lanes": 1, "address_lanes": 1} | STORES[control]
    lanes = expected["address_lanes"]
    assert rig.last == Transaction(
        **expected, address=0x100, mode_lanes=lanes, write=b"\x01\x02\x03\x04"
    )


def test_stores_of_16_bit_frames_leave_high_byte_first() -> None:
    rig = Rig()
    xip(rig, ctrl=0x02FD468B, opcode=0xEE11, ctrlr0=0x80C0080F)
    rig.w(SSIENR, 0)
    rig.w(WRITE_INCR, 0x12ED)
    rig.w(WRITE_CTRL, 3 | 2 << 2 | 8 << 4 | 3 << 8)
    rig.w(SSIENR, 1)
    rig.window.write(0x100, 0x04030201)
    assert rig.last.write == b"\x02\x01\x04\x03"
    rig.window.write(0x102, 0x55, 1)
    assert rig.last.write == b"\x55"


def test_the_registers_of_the_window_are_locked_while_it_is_enabled() -> None:
    rig = Rig()
    xip(rig)
    for offset in (BAUDR, XIP_CTRL, XIP_INCR, XIP_SER, WRITE_INCR, WRITE_CTRL):
        before = rig.r(offset)
        rig.w(offset, before ^ 0x2)
        assert rig.r(offset) == before
    assert rig.rules() == ["write-while-enabled"] * 6


@pytest.mark.parametrize(
    ("bits", "frames", "sent"),
    [
        (8, [0x1A5, 0x01], "A5 01"),
        (9, [0x1FF, 0x000], "FF 80 3F"),
        (12, [0xABC, 0xDEF], "AB CD EF"),
        (32, [0x0123_4567], "01 23 45 67"),
    ],
)
def test_frames_of_any_size_go_out_without_a_gap(bits: int, frames: list[int], sent: str) -> None:
    """SSI data sheet: the most significant bit first, and nothing between two frames."""
    assert packed(frames, bits) == bytes.fromhex(sent)


# -- what does not work ----------------------------------------------------------------------------


def test_a_full_transmit_fifo_with_a_chip_that_could_empty_it() -> None:
    """The serial clock is off, so nothing leaves it. No run is ended for that."""
    rig = Rig()
    rig.w(BAUDR, 0)
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    rig.w(SER, 1)
    for _ in range(258):
        rig.w(DR, 0x55)
    assert rig.rules() == [*["no-serial-clock"] * 256, "tx-fifo-overflow"], "once for each filling"
    assert "DR <- 0x55 is lost: the transmit FIFO is full (256 entries)" in (
        rig.bench.diagnostics[-1].message
    )
    assert rig.bench.stuck == []
    assert rig.r(TXFLR) == 256


def test_a_transfer_that_is_deselected_at_once_puts_nothing_on_the_lines() -> None:
    rig = Rig()
    rig.setup(7)
    for byte in (1, 2, 3):
        rig.w(DR, byte)
    rig.w(SER, 1)
    rig.w(SER, 0)
    assert rig.chips[0].seen == []
    rig.bench.clock.advance(1_000_000)
    assert rig.chips[0].seen == []
    assert not rig.r(SR) & 1


@pytest.mark.parametrize("selects", [1, 2])
def test_a_window_without_a_chip(selects: int) -> None:
    rig = Rig(selects=())
    xip(rig)
    rig.w(SSIENR, 0)
    rig.w(XIP_SER, selects)
    rig.w(SSIENR, 1)
    assert rig.window.read(0x100, 4) == 0xFFFF_FFFF
    assert rig.bench.clock.now == 0, "it takes no time"
    rig.window.write(0x100, 0, 4)
    assert [d.message for d in rig.bench.diagnostics] == [
        "a store to the window at 0x100 is lost: XIP_WRITE_CTRL has neither instruction nor address"
    ]


@pytest.mark.parametrize(("bit", "gaps"), [(24, ["XIP_CTRL.XIP_HYPERBUS_EN: HyperBus"]), (25, [])])
def test_hyperbus_in_the_window_is_a_gap(bit: int, gaps: list[str]) -> None:
    rig = Rig()
    xip(rig, ctrl=0x02ED_248B | 1 << bit)
    rig.window.read(0x100, 4)
    assert [gap.what for gap in rig.bench.gaps] == gaps
    assert [s.is_native for s in rig.window.segments if s.is_native] == []


@pytest.mark.parametrize(
    ("bit", "gaps"), [(12, ["XIP_WRITE_CTRL.XIPWR_HYPERBUS_EN: HyperBus"]), (13, [])]
)
def test_hyperbus_in_stores_is_a_gap(bit: int, gaps: list[str]) -> None:
    rig = Rig()
    xip(rig)
    rig.w(SSIENR, 0)
    rig.w(WRITE_CTRL, 3 | 2 << 2 | 8 << 4 | 2 << 8 | 1 << bit)
    rig.w(SSIENR, 1)
    rig.window.write(0x100, 0, 4)
    assert [gap.what for gap in rig.bench.gaps] == gaps


def overflow_tx(rig: Rig) -> None:
    rig.setup(7)
    for _ in range(257):
        rig.w(DR, 0)


def underflow_rx(rig: Rig) -> None:
    rig.setup(7)
    rig.r(DR)


def overflow_rx(rig: Rig) -> None:
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=300)
    rig.run(0x0B)


@pytest.mark.parametrize(
    ("happen", "bit", "register"),
    [(overflow_tx, 1, 0x38), (underflow_rx, 2, 0x40), (overflow_rx, 3, 0x3C)],
)
def test_each_interrupt_is_cleared_by_its_register_and_by_icr(
    happen: Callable[[Rig], None], bit: int, register: int
) -> None:
    """RISR: 1 TXO, 2 RXU, 3 RXO. TXEICR, RXUICR, RXOICR and ICR clear when they are read; a look
    clears nothing."""
    others = {0x38, 0x3C, 0x40, 0x44} - {register}
    for clearing in (register, 0x48):
        rig = Rig()
        happen(rig)
        assert rig.r(0x34) >> bit & 1
        assert [rig.ospi.peek(offset) for offset in sorted(others)] == [0, 0, 0]
        assert [rig.r(offset) for offset in sorted(others)] == [0, 0, 0]
        assert rig.r(0x34) >> bit & 1, "none of theirs"
        assert rig.ospi.peek(clearing) == 1
        assert rig.r(clearing) == 1
        assert not rig.r(0x34) >> bit & 1
        assert rig.ospi.peek(clearing) == rig.r(clearing) == 0


@pytest.mark.parametrize(("mode", "rules"), [(0, ["bad-transfer-mode"]), (1, []), (2, [])])
def test_an_enhanced_transfer_goes_one_way(mode: int, rules: list[str]) -> None:
    rig = Rig()
    rig.setup(OCTAL | mode << 10 | 7, 2 | 2 << 8)
    rig.run(0x06)
    assert rig.rules() == rules
    if rules:
        assert rig.bench.diagnostics[0].message == "TMOD 0 in an enhanced transfer"
