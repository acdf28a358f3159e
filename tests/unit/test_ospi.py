"""OSPI's FIFOs, flags, interrupts and formats, with a chip that records what it is sent.

Expected values: the vendor's SVD file (reset values, fields), alif.md 3.1 to 3.7.
"""

from __future__ import annotations

from typing import Any

import pytest
from ospi_driver import (
    BAUDR,
    CTRLR0,
    CTRLR1,
    DR,
    RXFLR,
    SER,
    SPI_CTRLR0,
    SR,
    SSIENR,
    TXFLR,
    XIP_CTRL,
    XIP_INCR,
    XIP_SER,
    Driver,
)  # fmt: skip

from xipsim.peripherals.alif.aes import Aes
from xipsim.peripherals.alif.ospi import Ospi
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.bus import ChipWatcher, Transaction

TXFTLR, RXFTLR, IMR, ISR, RISR, TXEICR, RXOICR, RXUICR, ICR, DMACR = (
    0x18, 0x1C, 0x2C, 0x30, 0x34, 0x38, 0x3C, 0x40, 0x48, 0x4C,
)  # fmt: skip
OCTAL, DDR, RXDS = 3 << 22, 1 << 16, 1 << 18
MASTER, RECEIVE, TRANSMIT, EEPROM = 1 << 31, 2 << 10, 1 << 10, 3 << 10


class Recorder:
    """Takes everything; answers reads with 10h, 11h, 12h, ..."""

    name = "chip"
    size = 0x1000
    busy = False
    busy_until: int | None = None

    def __init__(self) -> None:
        self.array = bytearray(self.size)
        self.seen: list[Transaction] = []

    def transfer(self, t: Transaction) -> bytes:
        self.seen.append(t)
        return bytes(0x10 + i & 0xFF for i in range(t.read))

    def reads_array(self, t: Transaction) -> bool:
        return False

    @property
    def latched(self) -> None:
        return None

    def again(self, transaction: Transaction) -> None:
        return None

    def watch(self, watcher: ChipWatcher) -> None: ...


class Rig:
    """OSPI with two recorders; BAUDR 4, so a clock cycle takes 10 ns."""

    def __init__(self, selects: tuple[int, ...] = (0, 1)) -> None:
        self.bench = Bench()
        self.ospi = Ospi(self.bench.system, name="ospi")
        self.aes = Aes(self.bench.system, name="aes", ospi=self.ospi)
        self.chips = [Recorder(), Recorder()]
        self.ospi.chips.update((select, self.chips[select]) for select in selects)
        self.window = self.bench.window(self.ospi, "window", 0xA000_0000, 0x2000_0000)
        self.ospi.connected()
        for model in (self.ospi, self.aes):
            model.reset(ResetCause.POWER_ON)
        self.w(BAUDR, 4)

    def w(self, offset: int, value: int) -> None:
        self.ospi.write(offset, value)

    def r(self, offset: int) -> int:
        return self.ospi.read(offset)

    def setup(self, ctrlr0: int, spi_ctrlr0: int = 0, frames: int = 1) -> None:
        self.w(SER, 0)
        self.w(SSIENR, 0)
        self.w(CTRLR0, MASTER | ctrlr0)
        self.w(CTRLR1, frames - 1)
        self.w(SPI_CTRLR0, spi_ctrlr0)
        self.w(SSIENR, 1)

    def run(self, *entries: int, select: int = 1) -> None:
        for entry in entries:
            self.w(DR, entry)
        self.w(SER, select)
        self.bench.clock.advance(1_000_000)

    @property
    def last(self) -> Transaction:
        return self.chips[0].seen[-1]

    def rules(self) -> list[str]:
        return [d.rule for d in self.bench.diagnostics]


def test_reset_values_of_the_svd() -> None:
    rig = Rig()
    for offset, value in {
        0x00: 0x00C0_4407, 0x04: 0, 0x08: 0, 0x28: 6, 0x2C: 0xFF, 0x30: 0, 0x34: 0,
        0x58: 0xC7C5_C7C5, 0x5C: 0x3130_332A, 0xF4: 0x200, 0x108: 0x0800_0401, 0x10C: 0,
    }.items():  # fmt: skip
        assert rig.r(offset) == value, hex(offset)
    assert rig.aes.read(0x08) == 0x0C


def test_every_register_of_the_headers_is_declared() -> None:
    rig = Rig()
    for offset in [*range(0, 0x118, 4), 0x140, 0x144, 0x148]:
        rig.r(offset)
    for offset in range(0, 0x24, 4):
        rig.aes.read(offset)
    assert rig.bench.gaps == []


def test_configuration_is_locked_while_enabled() -> None:
    rig = Rig()
    rig.setup(7)
    rig.w(CTRLR0, 0x1234)
    assert rig.r(CTRLR0) == MASTER | 7
    assert rig.rules() == ["write-while-enabled"]


def test_baudr_is_even() -> None:
    rig = Rig()
    rig.w(BAUDR, 0x1_0005)
    assert rig.r(BAUDR) == 4


# -- formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("frf", "lanes"), [(1, 2), (2, 4), (3, 8)])
@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("ddr", [0, 1])
def test_enhanced_receive(frf: int, lanes: int, kind: int, ddr: int) -> None:
    rig = Rig()
    rig.setup(frf << 22 | RECEIVE | 7, kind | 6 << 2 | 2 << 8 | 5 << 11 | ddr << 16, frames=3)
    rig.run(0x1EB, 0x12345678)
    assert rig.last == Transaction(
        opcode=0xEB, opcode_lanes=lanes if kind == 2 else 1,
        address=0x345678, address_bits=24, address_lanes=lanes if kind else 1,
        address_ddr=bool(ddr), mode_lanes=lanes if kind else 1,
        dummy=5, data_lanes=lanes, data_ddr=bool(ddr), read=3,
    )  # fmt: skip
    assert rig.r(RXFLR) == 3
    assert [rig.r(DR) for _ in range(3)] == [0x10, 0x11, 0x12]


def test_octal_transmit_with_16_bit_instruction() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 31, 2 | 8 << 2 | 3 << 8 | DDR | 1 << 17)
    rig.run(0x12ED, 0x1000, 0xFEEB4D90)
    t = rig.last
    assert (t.opcode, t.opcode_bits, t.opcode_lanes, t.opcode_ddr) == (0x12ED, 16, 8, True)
    assert (t.address, t.address_bits, t.write) == (0x1000, 32, bytes.fromhex("FEEB4D90"))
    assert (t.read, t.dummy, t.strobe) == (0, 0, False)


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (4, [1, 0, 1, 1, 1, 2]),
        (8, [0x10, 0x11, 0x12]),
        (12, [0x101, 0x112]),
        (16, [0x1011, 0x1213]),
        (24, [0x101112, 0x131415]),
        (32, [0x10111213, 0x14151617]),
    ],
)
def test_frames_come_most_significant_bit_first(bits: int, expected: list[int]) -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | bits - 1, 2 | 2 << 8, frames=len(expected))
    rig.run(0x9F)
    assert [rig.r(DR) for _ in expected] == expected


@pytest.mark.parametrize(
    ("bits", "frames", "expected"),
    [
        (4, [0xA, 0x5], "A5"),
        (12, [0xABC, 0xDEF], "ABCDEF"),
        (16, [0x1EBFE, 0x904D], "EBFE904D"),
        (32, [0xEBFE904D], "EBFE904D"),
    ],
)
def test_frames_leave_most_significant_bit_first(
    bits: int, frames: list[int], expected: str
) -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | bits - 1, 2 | 2 << 8)
    rig.run(0x02, *frames)
    assert rig.last.write == bytes.fromhex(expected)


def test_standard_spi_goes_both_ways() -> None:
    rig = Rig()
    rig.setup(7)
    rig.run(0x9F, 0, 0, 0)
    t = rig.last
    assert (t.opcode, t.write, t.read, t.duplex) == (0x9F, bytes(3), 3, True)
    assert [rig.r(DR) for _ in range(4)] == [0xFF, 0x10, 0x11, 0x12]


def test_eeprom_read_sends_and_then_receives() -> None:
    rig = Rig()
    rig.setup(EEPROM | 7, frames=2)
    rig.run(0x03, 0, 0x12, 0x34)
    assert (rig.last.opcode, rig.last.write, rig.last.read) == (0x03, b"\x00\x12\x34", 2)
    assert not rig.last.duplex
    assert rig.r(RXFLR) == 2


def test_chip_selects() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    rig.run(0x06, select=2)
    assert [len(chip.seen) for chip in rig.chips] == [0, 1]
    rig.w(SER, 0)
    rig.run(0x06, select=3)
    assert [len(chip.seen) for chip in rig.chips] == [1, 2]


def test_receive_waits_for_instruction_and_address() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 8 << 2 | 2 << 8)
    rig.w(SER, 1)
    rig.w(DR, 0xFD)
    assert rig.chips[0].seen == []
    rig.w(DR, 0x100)
    assert rig.last.address == 0x100


def test_start_level() -> None:
    rig = Rig()
    rig.w(TXFTLR, 2 << 16)
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    rig.w(SER, 1)
    for value in (1, 2):
        rig.w(DR, value)
    rig.bench.clock.advance(1000)
    assert rig.chips[0].seen == []
    rig.w(DR, 3)
    rig.bench.clock.advance(1000)
    assert (rig.last.opcode, rig.last.write) == (1, b"\x02\x03")


# -- time, FIFOs, flags ----------------------------------------------------------------------------


def test_what_is_pushed_during_a_transfer_belongs_to_it() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    rig.w(SER, 1)
    for value in (0x02, 0xAA, 0xBB):
        rig.w(DR, value)
        rig.bench.clock.advance(5)  # a frame takes 10 ns
    assert rig.r(SR) & 1
    rig.bench.clock.advance(100)
    assert [(t.opcode, t.write) for t in rig.chips[0].seen] == [(0x02, b"\xaa\xbb")]


def test_the_transfer_ends_when_the_fifo_runs_dry() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    rig.w(SER, 1)
    rig.w(DR, 0x06)
    rig.bench.clock.advance(11)
    rig.w(DR, 0x04)
    rig.bench.clock.advance(11)
    assert [t.opcode for t in rig.chips[0].seen] == [0x06, 0x04]


def test_levels_fall_as_the_lines_take_the_entries() -> None:
    rig = Rig()
    rig.setup(7)  # 8 clocks of 10 ns for each entry
    for _ in range(4):
        rig.w(DR, 0)
    assert (rig.r(TXFLR), rig.r(SR)) == (4, 0b00010)
    rig.w(SER, 1)
    assert (rig.r(TXFLR), rig.r(SR)) == (3, 0b00011)
    rig.bench.clock.advance(240)
    assert (rig.r(TXFLR), rig.r(SR)) == (0, 0b00111)
    rig.bench.clock.advance(80)
    assert (rig.r(RXFLR), rig.r(SR)) == (4, 0b01110)
    assert rig.bench.clock.questions[-1] == (("transfer", "ospi"), 320)


def test_transmit_fifo_takes_256_entries() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 31, 2 | 2 << 8)
    for value in range(256):
        rig.w(DR, value)
    assert (rig.r(TXFLR), rig.r(SR)) == (256, 0)
    assert rig.rules() == []
    rig.w(DR, 0)
    assert rig.rules() == ["tx-fifo-overflow-unselected"]
    assert rig.r(RISR) & 2
    assert rig.r(TXEICR) == 1
    assert rig.r(RISR) & 2 == 0


def test_receive_fifo_overflows_beyond_256_entries() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=300)
    rig.run(0x0B)
    assert rig.r(RXFLR) == 256
    assert rig.r(SR) & 0b11000 == 0b11000
    assert rig.rules() == ["rx-fifo-overflow"]
    assert (rig.r(RXOICR), rig.r(RXOICR)) == (1, 0)


def test_reading_an_empty_fifo_underflows() -> None:
    rig = Rig()
    rig.setup(7)
    assert rig.r(DR) == 0
    assert rig.rules() == ["rx-fifo-underflow"]
    assert (rig.r(RXUICR), rig.r(RXUICR)) == (1, 0)


def test_disabling_clears_both_fifos() -> None:
    rig = Rig()
    rig.setup(7)
    rig.run(1, 2, 3)
    rig.w(SER, 0)
    rig.w(DR, 4)
    rig.w(SSIENR, 0)
    assert (rig.r(TXFLR), rig.r(RXFLR), rig.r(SR)) == (0, 0, 6)
    rig.w(DR, 5)
    assert rig.rules() == ["fifo-while-disabled"]


def test_deselecting_stops_a_transfer_with_what_has_gone_out() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 2 << 8)
    for value in (0x02, 0xAA, 0xBB, 0xCC):
        rig.w(DR, value)
    rig.w(SER, 1)
    rig.bench.clock.advance(25)
    rig.w(SER, 0)
    assert rig.last.write == b"\xaa"
    assert rig.rules() == ["transfer-aborted"]


def test_interrupts() -> None:
    rig = Rig()
    line = rig.ospi.IRQ
    assert not line.level
    rig.w(RXFTLR, 1)
    rig.setup(7)
    assert rig.r(ISR) == 1  # the transmit FIFO is empty
    assert line.level
    rig.w(IMR, 0x10)
    assert not line.level
    rig.run(1, 2)
    assert rig.r(ISR) == 0x10
    assert line.level
    rig.r(DR)
    assert not line.level


def test_empty_interrupt_comes_when_the_level_reaches_the_threshold() -> None:
    rig = Rig()
    rig.w(TXFTLR, 1)
    rig.setup(7)
    for _ in range(4):
        rig.w(DR, 0)
    assert not rig.ospi.IRQ.level
    rig.w(SER, 1)
    rig.bench.clock.advance(159)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(1)  # the third entry has left the FIFO
    assert rig.ospi.IRQ.level
    assert rig.chips[0].seen == []


def test_no_clock_no_transfer() -> None:
    rig = Rig()
    rig.w(BAUDR, 0)
    rig.setup(7)
    rig.run(0x9F)
    assert rig.chips[0].seen == []
    assert rig.rules() == ["no-serial-clock"]


@pytest.mark.parametrize(
    ("offset", "value", "word"), [(DMACR, 3, "DMA"), (0x0C, 1, "Microwire")]
)
def test_what_is_not_modelled_is_reported(offset: int, value: int, word: str) -> None:
    rig = Rig()
    rig.w(offset, value)
    assert word in rig.bench.gaps[0].what


def test_aes_decryption_is_reported() -> None:
    rig = Rig()
    rig.aes.write(0x0C, 0x12345678)
    rig.aes.write(0x00, 0x91)
    told = ["AES_KEY[0]", "AES_CONTROL.DECRYPT_EN", "AES_CONTROL.LD_KEY"]
    assert [gap.what.split(":")[0] for gap in rig.bench.gaps] == told
    assert rig.aes.read(0x00) == 0x11  # LD_KEY reads 0


def test_hyperbus_is_reported() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7 | 1 << 24, 2 | 2 << 8)
    rig.run(0x06)
    assert "HyperBus" in rig.bench.gaps[0].what


# -- the window ------------------------------------------------------------------------------------


def xip(rig: Rig, ctrl: int = 0x02ED248B, opcode: int = 0xFD, ctrlr0: int = 0x80C00807) -> None:
    rig.w(SSIENR, 0)
    for offset, value in (
        (CTRLR0, ctrlr0), (XIP_CTRL, ctrl), (XIP_INCR, opcode), (XIP_SER, 1), (SSIENR, 1),
    ):  # fmt: skip
        rig.w(offset, value)
    rig.aes.write(0x00, 0x10)


def test_cycle_of_a_window_read() -> None:
    rig = Rig()
    xip(rig)
    assert rig.window.read(0x124, 4) == 0x13121110
    assert rig.last == Transaction(
        opcode=0xFD, opcode_lanes=8, address=0x124, address_bits=32, address_lanes=8,
        address_ddr=True, mode_lanes=8, dummy=9, data_lanes=8, data_ddr=True, read=4, strobe=True,
    )  # fmt: skip


def test_16_bit_frames_are_stored_little_endian() -> None:
    rig = Rig()
    xip(rig, ctrl=0x02FD468B, opcode=0xEE11, ctrlr0=0x80C0080F)
    assert rig.window.read(0x100, 4) == 0x12131011
    assert (rig.last.opcode, rig.last.opcode_bits, rig.last.swaps) == (0xEE11, 16, True)


def test_32_bit_frames_are_stored_little_endian() -> None:
    rig = Rig()
    xip(rig, ctrlr0=0x80C0081F)
    assert rig.window.read(0x100, 4) == 0x10111213


def test_odd_reads_fetch_whole_pairs() -> None:
    rig = Rig()
    xip(rig)
    assert rig.window.read(0x101, 1) == 0x11
    assert (rig.last.address, rig.last.read) == (0x100, 2)


def test_mode_bits() -> None:
    rig = Rig()
    rig.w(0xFC, 0xA5)
    xip(rig, ctrl=0x02ED248B | 1 << 12 | 2 << 26)
    rig.window.read(0, 4)
    assert (rig.last.mode, rig.last.mode_bits, rig.last.mode_lanes) == (0xA5, 8, 8)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rig: rig.aes.write(0x00, 0),
        lambda rig: rig.w(SSIENR, 0),
        lambda rig: (rig.w(SSIENR, 0), rig.w(CTRLR0, 0x80C00407), rig.w(SSIENR, 1)),
        lambda rig: (rig.w(SSIENR, 0), rig.w(XIP_SER, 0), rig.w(SSIENR, 1)),
    ],
)
def test_a_window_that_does_not_work_reads_ones_and_is_reported_once(spoil: Any) -> None:
    rig = Rig()
    xip(rig)
    spoil(rig)
    assert rig.window.read(0, 4) == rig.window.read(4, 4) == 0xFFFF_FFFF
    assert rig.chips[0].seen == []
    assert rig.rules() == ["xip-disabled"]


def test_stores_are_lost_unless_write_cycles_are_set_up() -> None:
    rig = Rig()
    xip(rig)
    rig.window.write(0x100, 1)
    assert rig.rules() == ["xip-store"]
    rig.w(SSIENR, 0)
    rig.w(0x140, 0xC2)
    rig.w(0x148, 3 | 2 << 2 | 8 << 4 | 2 << 8 | 1 << 10)
    rig.w(SSIENR, 1)
    rig.window.write(0x100, 0x04030201)
    t = rig.last
    assert (t.opcode, t.address, t.write) == (0xC2, 0x100, b"\x01\x02\x03\x04")
    assert (t.data_lanes, t.data_ddr, t.address_ddr) == (8, True, True)


def test_the_window_is_native_only_while_a_read_gives_array_data() -> None:
    d = Driver("EM064LX")
    d.start()
    segment = d.window.segments[0]
    d.look(0, 4)
    assert segment.is_native
    d.write_enable()
    assert not segment.is_native or d.ospi.read(CTRLR0) == 0x80C00807
    d.send(d.settings.erase, 0)
    assert d.chip.busy
    d.restore_xip()
    assert not segment.is_native
    d.look(0, 4)
    assert "xip-read-while-busy" in [e.rule for e in d.bench.diagnostics]
    d.bench.clock.advance(1_000_000)
    d.look(0, 4)
    assert segment.is_native
    d.aes.write(0x00, 0)
    assert not segment.is_native
    d.aes.write(0x00, 0x10)
    d.look(0, 4)
    assert segment.is_native
    d.chip.on_input(0, False)
    assert not segment.is_native


def test_reads_beyond_the_chip_wrap() -> None:
    d = Driver("EM064LX")
    d.start()
    d.chip.program(0x10, b"wrap")
    assert d.look(0x80_0010, 4) == b"wrap"


def test_looking_from_outside_shows_levels_and_frames_and_takes_nothing() -> None:
    d = Driver()
    d.init()
    d.setup(MASTER | RECEIVE | OCTAL | 7, 2, 2 << 8)
    d.w((SER, 1), (DR, 0x9F))
    d.bench.clock.advance(1000)
    looked = [d.ospi.peek(offset) for offset in (RXFLR, SR, DR, DR)]
    assert looked[0] == 3
    assert looked[1] & 0x08, "RFNE"
    assert looked[2] == looked[3], "a look takes nothing"
    d.bench.diagnostics.clear()
    assert d.receive(3)[0] == looked[2]
    assert not d.bench.diagnostics


@pytest.mark.parametrize("lines", [0, OCTAL])
@pytest.mark.parametrize("bits", [8, 31, 32])
@pytest.mark.parametrize("opcode", [0x05, 0x03, 0xC2, 0xCB])
def test_the_most_frames_that_a_register_can_ask_for(opcode: int, bits: int, lines: int) -> None:
    """CTRLR1.NDF FFFFh: work in proportion to the data, where it was to the square of it."""
    d = Driver()
    d.init()
    frame = int.from_bytes(bytes([opcode] * 4), "big") >> 32 - bits
    d.setup(MASTER | RECEIVE | lines | bits - 1, 0xFFFF, 2 << 8)
    d.w((SER, 1), (DR, frame))
    d.bench.clock.advance(100_000_000)
    assert d.ospi.read(RXFLR) == 256
    assert "rx-fifo-overflow" in [x.rule for x in d.bench.diagnostics]
    assert not d.ospi.read(SR) & 1


def test_each_entry_takes_its_own_clocks() -> None:
    """Instruction 8 bits and address 24 on one line, then frames of 32 bits on eight: 8, 24, 4."""
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 31, 6 << 2 | 2 << 8)
    for entry in (0x02, 0x1000, 1, 2, 3):
        rig.w(DR, entry)
    rig.w(SER, 1)
    for clocks, level in ((8, 4), (24, 3), (4, 2), (4, 1), (4, 0)):
        assert rig.r(TXFLR) == level
        assert rig.r(SR) & 1
        rig.bench.clock.advance(10 * clocks)
    assert not rig.r(SR) & 1
    assert rig.last.write == bytes.fromhex("00000001 00000002 00000003")


def test_wait_cycles_are_for_reads() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 7, 2 | 6 << 2 | 2 << 8 | 9 << 11)
    rig.run(0x02, 0x1000, 0x55)
    assert (rig.last.write, rig.last.dummy) == (b"\x55", 0)
    rig.setup(OCTAL | RECEIVE | 7, 2 | 6 << 2 | 2 << 8 | 9 << 11)
    rig.run(0x0B, 0x1000)
    assert (rig.last.read, rig.last.dummy) == (1, 9)


def test_what_does_not_fill_a_byte_is_filled_up_with_idle_lines() -> None:
    rig = Rig()
    rig.setup(OCTAL | TRANSMIT | 11, 2 | 2 << 8)
    rig.run(0x02, 0xABC, 0xDEF, 0x120)
    assert rig.last.write == bytes.fromhex("ABCDEF120F")
    assert "frames do not fill whole bytes" in rig.bench.gaps[0].what


def test_the_window_wants_the_lines_of_xip_in_ctrlr0_too() -> None:
    d = Driver()
    d.start()
    d.look(0, 4)
    assert [s.is_native for s in d.window.segments] == [True]
    d.w((SSIENR, 0), (CTRLR0, MASTER | RECEIVE | 7), (SSIENR, 1))
    assert d.look(0, 4) == b"\xff" * 4
    assert [x.rule for x in d.bench.diagnostics][-1] == "xip-disabled"


def test_a_window_that_was_left_is_native_again_when_it_is_read() -> None:
    """A command switches the window several times; going back at once would cost each time."""
    d = Driver()
    d.start()
    d.look(0, 4)
    d.restore_xip()
    segment = d.window.segments[0]
    assert not segment.is_native
    d.bench.clock.advance(1000)
    d.chip.notify()
    assert not segment.is_native
    d.look(0, 4)
    assert segment.is_native
