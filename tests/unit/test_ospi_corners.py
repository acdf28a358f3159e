"""OSPI where two things meet: thresholds bit by bit, transfers that go on or stop, a late alarm.

Expected values: the vendor's SVD file (fields, interrupts), alif.md 3.1 to 3.7, clocks by hand:
BAUDR 4 makes one of 10 ns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ospi_driver import BAUDR, DR, RXFLR, SER, SR, SSIENR, TXFLR, Driver
from test_ospi import (
    EEPROM,
    IMR,
    ISR,
    OCTAL,
    RECEIVE,
    RISR,
    RXFTLR,
    RXOICR,
    RXUICR,
    TRANSMIT,
    TXEICR,
    TXFTLR,
    Rig,
    xip,
)  # fmt: skip
from test_ospi_edges import (
    overflow_rx,
    overflow_tx,
    underflow_rx,
)

from xipsim.peripherals.alif.ospi import Ospi
from xipsim.peripherals.alif.ospi_format import packed
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.bus import Transaction

TXE, TXO, RXU, RXO, RXF = (1 << bit for bit in range(5))
ONE_BYTE = 2 | 2 << 8
"""SPI_CTRLR0: an instruction of 8 bits on all lines, no address."""
QUAD, DUAL = 2 << 22, 1 << 22


def alarms(rig: Rig) -> list[int]:
    return [a.deadline for a in rig.bench.clock.alarms if a.deadline is not None]


def gaps(rig: Rig) -> list[str]:
    return [gap.what for gap in rig.bench.gaps]


# -- thresholds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", range(8))
def test_every_bit_of_the_transmit_threshold(bit: int) -> None:
    """TXE is there while the FIFO holds TFT entries or fewer."""
    rig = Rig()
    rig.w(TXFTLR, 1 << bit)
    rig.w(IMR, TXE)
    rig.setup(7)
    for _ in range(1 << bit):
        rig.w(DR, 0)
    assert (rig.r(RISR), rig.ospi.IRQ.level) == (TXE, True)
    rig.w(IMR, 0)
    assert not rig.ospi.IRQ.level
    rig.w(IMR, TXE)
    assert rig.ospi.IRQ.level
    rig.w(DR, 0)
    assert (rig.r(RISR), rig.ospi.IRQ.level) == (0, False)


@pytest.mark.parametrize("bit", range(8))
def test_every_bit_of_the_receive_threshold(bit: int) -> None:
    """RXF is there while the FIFO holds more than RFT frames."""
    rig = Rig()
    rig.w(RXFTLR, 1 << bit)
    rig.w(IMR, RXF)
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE, frames=(1 << bit) + 1)
    rig.run(0x9F)
    assert (rig.r(RISR), rig.ospi.IRQ.level) == (TXE | RXF, True)
    rig.r(DR)
    assert (rig.r(RISR), rig.ospi.IRQ.level) == (TXE, False)


@pytest.mark.parametrize("bit", range(8))
def test_every_bit_of_the_start_level(bit: int) -> None:
    """A transfer begins with more than TXFTHR entries."""
    rig = Rig()
    rig.w(TXFTLR, 1 << 16 + bit)
    rig.setup(OCTAL | TRANSMIT | 7, ONE_BYTE)
    rig.w(SER, 1)
    for _ in range(1 << bit):
        rig.w(DR, 0)
    assert not rig.r(SR) & 1
    rig.w(DR, 0)
    assert rig.r(SR) & 1


def test_an_entry_that_goes_onto_the_lines_has_left_the_fifo() -> None:
    """So TXE comes with the start, by the select or by the last entry pushed, and a receive takes
    its head at once."""
    for start in ("select", "push", "receive"):
        rig = Rig()
        rig.w(TXFTLR, 0 if start == "receive" else 1 | 1 << 16)
        rig.w(IMR, TXE)
        rig.setup(OCTAL | (RECEIVE if start == "receive" else TRANSMIT) | 7, ONE_BYTE)
        if start == "push":
            rig.w(SER, 1)
        for _ in range(1 if start == "receive" else 2):
            rig.w(DR, 0)
        if start != "push":
            assert not rig.ospi.IRQ.level
            rig.w(SER, 1)
        assert rig.ospi.IRQ.level, start


def test_entries_pushed_during_a_transfer_take_the_interrupt_back() -> None:
    rig = Rig()
    rig.w(IMR, TXE)
    rig.setup(OCTAL | TRANSMIT | 7, ONE_BYTE)
    rig.w(SER, 1)
    rig.w(DR, 0x02)
    assert rig.ospi.IRQ.level
    rig.w(DR, 0xAA)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(9)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(1)  # the second entry is on the lines
    assert rig.ospi.IRQ.level


def test_a_threshold_set_during_a_transfer_counts_from_then_on() -> None:
    rig = Rig()
    rig.w(IMR, TXE)
    rig.setup(OCTAL | TRANSMIT | 7, ONE_BYTE)
    rig.w(SER, 1)
    for _ in range(6):
        rig.w(DR, 0)
    rig.w(TXFTLR, 3)  # 5 are waiting
    rig.bench.clock.advance(19)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(1)
    assert rig.ospi.IRQ.level
    rig.w(TXFTLR, 1)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(20)
    assert rig.ospi.IRQ.level


@pytest.mark.parametrize(
    ("happen", "bit", "register"),
    [(overflow_tx, TXO, TXEICR), (underflow_rx, RXU, RXUICR), (overflow_rx, RXO, RXOICR)],
)
def test_what_stays_until_it_is_cleared_drives_the_interrupt(
    happen: Callable[[Rig], None], bit: int, register: int
) -> None:
    rig = Rig()
    rig.w(IMR, bit)
    happen(rig)
    assert (rig.r(ISR), rig.ospi.IRQ.level) == (bit, True)
    assert rig.r(register) == 1
    assert (rig.r(ISR), rig.ospi.IRQ.level) == (0, False)


def test_a_receive_that_fits_raises_no_overflow() -> None:
    """256 frames into the empty FIFO."""
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE, frames=256)
    rig.run(0x9F)
    assert rig.r(RISR) == TXE | RXF
    assert rig.rules() == []


# -- FIFOs -----------------------------------------------------------------------------------------


def test_bit_0_alone_enables() -> None:
    rig = Rig()
    rig.setup(7)
    rig.w(DR, 0x55)
    rig.w(SSIENR, 2)
    rig.w(IMR, 0xFF)
    assert not rig.ospi.IRQ.level
    assert rig.r(TXFLR) == 0
    assert rig.r(RISR) & TXE == 0
    rig.w(DR, 0x55)
    assert rig.rules() == ["fifo-while-disabled"]


def test_a_transfer_under_way_leaves_256_places() -> None:
    """One entry is on the lines, 256 wait; what comes then is lost, and no run ends for that."""
    rig = Rig()
    rig.w(BAUDR, 4000)
    rig.setup(OCTAL | TRANSMIT | 7, ONE_BYTE)
    rig.w(SER, 1)
    for _ in range(257):
        rig.w(DR, 0x55)
    assert (rig.r(TXFLR), rig.rules()) == (256, [])
    rig.w(DR, 0x55)
    assert rig.rules() == ["tx-fifo-overflow"]
    assert rig.bench.stuck == []
    rig.bench.clock.advance(10_000_000)
    assert len(rig.last.write) == 256


def test_what_two_transfers_bring_beyond_256_frames_is_lost() -> None:
    rig = Rig()
    rig.setup(7)
    rig.run(*[0] * 200)
    rig.run(*[0] * 66)
    assert rig.r(RXFLR) == 256
    assert [d.message for d in rig.bench.diagnostics] == ["10 frames found the receive FIFO full"]
    rig.setup(7)
    rig.run(*[0] * 3)
    assert rig.rules() == ["rx-fifo-overflow"], "the ten are told once"


def test_an_empty_fifo_that_is_polled_in_the_midst_of_a_receive() -> None:
    """The poll lasts until the next frame, wherever the receive is."""
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE | 5 << 11, frames=3)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    for time, frame in ((70, 0x10), (80, 0x11), (90, 0x12)):
        assert rig.r(RXFLR) == 1
        assert rig.bench.clock.now == time
        assert rig.r(DR) == frame
    assert alarms(rig) == [], "nothing more comes"


def test_a_poll_leaves_the_interrupt_to_come() -> None:
    rig = Rig()
    rig.w(RXFTLR, 3)
    rig.w(IMR, RXF)
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE, frames=8)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    assert rig.r(RXFLR) == 1
    rig.bench.clock.advance(30)
    assert rig.ospi.IRQ.level


def test_a_poll_that_ends_a_receive_lets_the_next_one_begin() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE)
    rig.w(SER, 1)
    rig.w(DR, 0x9F)
    rig.w(DR, 0x05)
    assert rig.r(RXFLR) == 1
    rig.bench.clock.advance(1)
    assert [t.opcode for t in rig.chips[0].seen] == [0x9F, 0x05]


@pytest.mark.parametrize(("frames", "asked"), [(256, 1), (257, 0)])
def test_a_poll_may_last_until_the_end_where_nothing_is_lost(frames: int, asked: int) -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE, frames=frames)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    rig.bench.clock.advance(10 + 40)
    rig.r(RXFLR)
    questions = [(("transfer", "ospi"), 10 + 10 * frames)] * asked
    assert rig.bench.clock.questions == questions


@pytest.mark.parametrize("entries", [1, 2])
def test_a_receive_with_neither_instruction_nor_address_takes_an_entry(entries: int) -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7)
    rig.run(*[0x55] * entries)
    assert [t.read for t in rig.chips[0].seen] == [1] * entries


def test_a_receive_of_one_frame_is_busy_until_its_last_clock() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    rig.bench.clock.advance(19)
    assert rig.ospi.peek(SR) & 1
    rig.bench.clock.advance(1)
    assert not rig.ospi.peek(SR) & 1


def test_a_frame_of_half_a_clock_does_not_come_early() -> None:
    """Octal DDR at 10 MHz: an instruction of one clock, then 50 ns for each frame."""
    rig = Rig()
    rig.w(BAUDR, 40)
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE | 1 << 16, frames=2)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    rig.bench.clock.advance(149)
    rig.r(DR)
    assert rig.rules() == ["rx-fifo-underflow"]
    rig.bench.clock.advance(1)
    assert rig.r(DR) == 0x10


# -- the end of a transfer -------------------------------------------------------------------------


def test_entries_that_come_one_by_one_take_as_long_as_all_at_once() -> None:
    """Instruction and address of 8 and 24 bits on one line, 8 bits of data on four: 8, 24, 2."""
    rig = Rig()
    rig.setup(QUAD | TRANSMIT | 7, 6 << 2 | 2 << 8)
    rig.w(SER, 1)
    for entry in (0x02, 0x1000, 1, 2, 3):
        rig.w(DR, entry)
    rig.bench.clock.advance(10 * (8 + 24 + 3 * 2) - 1)
    assert rig.ospi.peek(SR) & 1
    rig.bench.clock.advance(1)
    assert not rig.ospi.peek(SR) & 1
    assert rig.last.write == b"\1\2\3"
    assert alarms(rig) == []


@pytest.mark.parametrize("mode", [0, TRANSMIT, EEPROM])
def test_a_standard_transfer_that_stops_before_its_first_entry(mode: int) -> None:
    rig = Rig()
    rig.setup(mode | 7)
    for byte in (1, 2, 3):
        rig.w(DR, byte)
    rig.w(SER, 1)
    rig.w(SER, 0)
    assert [d.message for d in rig.bench.diagnostics] == ["stopped after 0 of 3 entries"]
    assert (rig.chips[0].seen, rig.r(SR), alarms(rig)) == ([], 6, [])


def test_an_eeprom_read_that_stops_while_it_sends_receives_nothing() -> None:
    rig = Rig()
    rig.setup(EEPROM | 7, frames=2)
    for byte in (0x03, 0, 0x12, 0x34):
        rig.w(DR, byte)
    rig.w(SER, 1)
    rig.bench.clock.advance(2 * 80)
    rig.w(SER, 0)
    assert (rig.last.opcode, rig.last.write, rig.last.read) == (0x03, b"\0", 0)
    assert (rig.r(RXFLR), rig.r(SR) & 1) == (0, 0)


def test_a_receive_that_stops_leaves_nothing_to_come() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, ONE_BYTE, frames=6)
    rig.w(DR, 0x0B)
    rig.w(SER, 1)
    rig.w(SER, 0)
    assert (alarms(rig), rig.r(SR)) == ([], 6)


@pytest.mark.parametrize(("clocks", "seen"), [(1, 0), (2, 1)])
def test_an_enhanced_transfer_that_stops_within_its_head(clocks: int, seen: int) -> None:
    """8 bits of instruction, 8 of address on eight lines: without both, no command."""
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 2 | 2 << 8)
    for entry in (0x02, 0x10, 0xAA):
        rig.w(DR, entry)
    rig.w(SER, 1)
    rig.bench.clock.advance(10 * clocks)
    rig.w(SER, 0)
    assert [(t.opcode, t.address, t.write) for t in rig.chips[0].seen] == [(2, 0x10, b"")] * seen


def test_a_standard_transmit_brings_nothing() -> None:
    rig = Rig()
    rig.setup(TRANSMIT | 7, frames=4)
    rig.run(0x02, 0x12, 0x34)
    assert rig.last == Transaction(opcode=0x02, write=b"\x12\x34")
    assert rig.r(RXFLR) == 0


@pytest.mark.parametrize("mode", [0, TRANSMIT, RECEIVE, EEPROM])
def test_what_enhanced_transfers_are_like_is_of_no_meaning_to_standard_ones(mode: int) -> None:
    """SPI_CTRLR0: its fields are for dual, quad and octal frames."""
    seen = []
    for spi_ctrlr0 in (0, 0xFFFF_FFFF):
        rig = Rig()
        rig.setup(mode | 7, spi_ctrlr0, frames=3)
        for entry in (0x0B, 0x12, 0x34):
            rig.w(DR, entry)
        rig.w(SER, 1)
        rig.bench.clock.advance(1)
        while rig.ospi.peek(SR) & 1:
            rig.bench.clock.advance(1)
        seen.append((rig.bench.clock.now, rig.chips[0].seen, rig.r(RXFLR), gaps(rig)))
    assert seen[0] == seen[1]


LATE: dict[str, Callable[[Rig], Any]] = {
    "TXFLR": lambda rig: rig.r(TXFLR),
    "SR": lambda rig: rig.r(SR),
    "RXFLR": lambda rig: rig.r(RXFLR),
    "DR is read": lambda rig: rig.r(DR),
    "DR is written": lambda rig: rig.w(DR, 0x04),
    "SER": lambda rig: rig.w(SER, 0),
    "SSIENR": lambda rig: rig.w(SSIENR, 0),
    "a read of the window": lambda rig: rig.window.read(0, 4),
    "a store to the window": lambda rig: rig.window.write(0, 0),
}


@pytest.mark.parametrize("mode", [TRANSMIT, RECEIVE])
@pytest.mark.parametrize("access", LATE)
def test_what_is_over_is_over_even_if_its_alarm_comes_late(access: str, mode: int) -> None:
    """Engines run alarms between blocks of instructions."""
    rig = Rig()
    xip(rig)
    rig.setup(OCTAL | mode | 7, ONE_BYTE)
    rig.w(DR, 0x06)
    rig.w(SER, 1)
    rig.bench.clock.now = 1000
    if access == "TXFLR":
        assert rig.r(TXFLR) == 0
        return
    LATE[access](rig)
    assert rig.chips[0].seen[0].opcode == 0x06
    assert "transfer-aborted" not in rig.rules()
    assert "under way" not in "".join(d.message for d in rig.bench.diagnostics)
    if access == "DR is written":
        rig.bench.clock.advance(100)
        assert [t.opcode for t in rig.chips[0].seen] == [0x06, 0x04]
        assert [t.write for t in rig.chips[0].seen] == [b"", b""]


# -- frames, lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "frames", "sent"),
    [
        (8, [0x1FF, 0x100], "FF 00"),
        (9, [0x1FF], "FF FF"),
        (9, [0x000], "00 7F"),
        (15, [0x0000], "00 01"),
        (16, [0x1_8001], "80 01"),
        (31, [0x4000_0001], "80 00 00 03"),
        (31, [0x7FFF_FFFF, 0], "FF FF FF FE 00 00 00 03"),
        (32, [0x8000_0001, 1], "80 00 00 01 00 00 00 01"),
    ],
)
def test_frames_as_they_leave(bits: int, frames: list[int], sent: str) -> None:
    """The most significant bit first; lines that nobody drives are high."""
    assert packed(frames, bits) == bytes.fromhex(sent)


@pytest.mark.parametrize(
    ("lines", "bits", "frames", "fill"),
    [
        (OCTAL, 12, 2, True), (OCTAL, 12, 3, False), (OCTAL, 4, 2, True), (OCTAL, 4, 3, False),
        (OCTAL, 16, 1, True), (OCTAL, 32, 1, True), (0, 12, 2, True), (0, 12, 3, False),
        (0, 16, 1, True), (0, 4, 2, True), (0, 9, 8, True),
    ],
)  # fmt: skip
def test_frames_that_do_not_fill_whole_bytes_are_a_gap(
    lines: int, bits: int, frames: int, fill: bool
) -> None:
    rig = Rig()
    rig.setup(lines | TRANSMIT | bits - 1, ONE_BYTE if lines else 0)
    rig.run(*[0x02] * bool(lines), *[0] * frames)
    assert len(rig.chips[0].seen) == 1
    assert gaps(rig) == ([] if fill else ["transfers whose frames do not fill whole bytes"])


@pytest.mark.parametrize(
    ("ctrlr0", "spi_ctrlr0", "said"),
    [
        (0, 1 << 24 | 1 << 30 | 9 << 2, []),  # of a standard transfer
        (1 << 14 | 1 << 8, 0, []),  # SSTE counts with SCPH 0
        (1 << 14, 0, ["CTRLR0.SSTE"]),
        (OCTAL | 1 << 14, 0, []),
        (OCTAL, 8 << 2, []),
        (OCTAL, 9 << 2, ["SPI_CTRLR0.ADDR_L"]),
        (DUAL, 1 << 24, ["SPI_CTRLR0.SPI_DM_EN"]),
        (QUAD, 1 << 30, ["SPI_CTRLR0.CLK_STRETCH_EN"]),
        (1 << 9, 0, []),
    ],
)
def test_gaps_of_formats(ctrlr0: int, spi_ctrlr0: int, said: list[str]) -> None:
    rig = Rig()
    rig.setup(TRANSMIT | ctrlr0 | 7, spi_ctrlr0 | ONE_BYTE)
    rig.run(0x06, 0)
    assert [gap.split(":")[0] for gap in gaps(rig)] == said


@pytest.mark.parametrize(
    ("spi_ctrlr0", "entries", "clocks"),
    [
        (2 | 1 << 8, 1, 1),  # 4 bits of instruction on eight lines
        (2 | 1 << 8 | 1 << 17, 1, 1),  # and on both edges
        (2 | 1 << 2 | 2 << 8, 2, 1 + 1),  # 4 bits of address
        (2 | 1 << 2 | 2 << 8 | 1 << 16, 2, 1 + 1),
    ],
)
def test_no_phase_is_shorter_than_a_clock(spi_ctrlr0: int, entries: int, clocks: int) -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, spi_ctrlr0)
    for _ in range(entries):
        rig.w(DR, 0x6)
    rig.w(SER, 1)
    rig.bench.clock.advance(10 * clocks - 1)
    assert rig.ospi.peek(SR) & 1
    rig.bench.clock.advance(1)
    assert not rig.ospi.peek(SR) & 1


def test_an_idle_chip_is_not_waited_for() -> None:
    d = Driver()
    d.start()
    d.bench.clock.questions.clear()
    d.status()
    assert [key for key, _ in d.bench.clock.questions if "status" in str(key)] == []


def test_a_controller_without_an_aes_block_has_no_window() -> None:
    bench = Bench()
    ospi = Ospi(bench.system, name="ospi")
    window = bench.window(ospi, "window", 0xA000_0000, 0x2000_0000)
    ospi.connected()
    ospi.reset(ResetCause.POWER_ON)
    assert window.read(0, 4) == 0xFFFF_FFFF
    assert [d.message for d in bench.diagnostics] == ["read at 0x0: AES_CONTROL.XIP_EN is 0"]


# -- read-only registers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "offset",
    [TXFLR, RXFLR, SR, ISR, RISR, TXEICR, RXOICR, RXUICR, 0x44, 0x48, 0x58, 0x5C, DR, 0xEC, 0x110],
)
def test_a_store_to_what_can_only_be_read_changes_nothing(offset: int) -> None:
    """Read-only registers of the SVD; DR takes nothing while SSIENR is 0."""
    rig = Rig()
    before = rig.ospi.save()
    rig.w(offset, 0xFFFF_FFFF)
    assert rig.ospi.save() == before
