"""Time on FlexSPI's bus, by hand: IMXRT1060RM, FlexSPI, "Look up table" and FLSHxxCR1; imxrt.md 3.

At 100 MHz a clock is 10 ns. TCSS and TCSH are 3 clocks (FLSHxxCR1 after reset). The read EBh has 8
clocks of opcode, 6 of address, 6 of dummies, and 2 for a byte; the program 32h 8 and 24, and 2.
"""

from __future__ import annotations

import pytest
from flexspi_fakes import MIMXRT_LUT, FakeChip, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.clocks import ahb_clock, flexspi2_clock, flexspi_clock
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.imxrt.lut import decode

READ, STATUS, ENABLE, ERASE, PROGRAM = 0, 1, 3, 5, 10
"""Sequences of the LUT."""
DONE, RXWA, TXWE, STOPPED_BY_READ, STOPPED_BY_WRITE = 0x001, 0x020, 0x040, 0x100, 0x200
TO_DATA_OF_READ, TO_DATA_OF_PROGRAM = 3 + 8 + 6 + 6, 3 + 8 + 24


class BusRig(Rig):
    """A FlexSPI with one chip, at 100 MHz."""

    def __init__(self) -> None:
        bench = Bench()
        self.chip = FakeChip(bench)
        super().__init__(self.chip, bench=bench)
        self.chip.array[:1024] = bytes(range(256)) * 4
        self.enable()
        self.wait(1000)

    @property
    def flags(self) -> int:
        """INTR, without a poll that could take time."""
        return self.spi.peek(FlexSpi.INTR.offset)

    @property
    def levels(self) -> tuple[int, int]:
        """Entries in the receive and the transmit FIFO."""
        registers = FlexSpi.IPRXFSTS, FlexSpi.IPTXFSTS
        received, waiting = (self.spi.peek(r.offset) & 0xFF for r in registers)
        return received, waiting

    def push(self, entries: int = 1) -> None:
        for _ in range(entries):
            self.set(FlexSpi.INTR, TXWE)


@pytest.fixture
def rig() -> BusRig:
    return BusRig()


# -- a sequence's clocks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sequence", "size", "clocks"),
    [
        (ENABLE, 0, 3 + 8),
        (ERASE, 0, 3 + 8 + 24),
        (STATUS, 1, 3 + 8 + 8),
        (STATUS, 3, 3 + 8 + 24),
        (READ, 1, TO_DATA_OF_READ + 2),
        (READ, 128, TO_DATA_OF_READ + 256),
    ],
)
def test_a_command_is_done_with_its_last_clock(
    rig: BusRig, sequence: int, size: int, clocks: int
) -> None:
    rig.start(sequence, 0, size)
    rig.wait(clocks - 1)
    assert not rig.flags & DONE
    assert rig.spi.peek(FlexSpi.STS0.offset) == 2 << 2
    rig.wait(1)
    assert rig.flags & DONE
    assert rig.spi.peek(FlexSpi.STS0.offset) == 3


@pytest.mark.parametrize(
    ("halves", "before", "byte"),
    # Two edges: a clock of the bus is two of the root; dummies count those of the root.
    [
        # CMD 03h, RADDR 24, READ, on one line
        ([0x0403, 0x0818, 0x2404], 8 + 24, 8),
        # CMD EBh on one, RADDR 32, DUMMY 6, READ on four
        ([0x04EB, 0x0A20, 0x3206, 0x2604], 8 + 8 + 6, 2),
        # CMD EBh, RADDR 24, MODE8, DUMMY 4, READ on four
        ([0x06EB, 0x0A18, 0x1EA0, 0x3204, 0x2604], 2 + 6 + 2 + 4, 2),
        # CMD EEh 11h, RADDR 32, DUMMY 40, READ on eight, at both edges
        ([0x87EE, 0x8711, 0x8B20, 0xB328, 0xA704], 1 + 1 + 4 + 40, 1),
        # CMD EDh on one, at one edge; RADDR 24, DUMMY 12, READ on four, at both edges
        ([0x04ED, 0x8A18, 0xB20C, 0xA604], 16 + 6 + 12, 2),
    ],
)
def test_clocks_of_instructions(halves: list[int], before: int, byte: int) -> None:
    padded = halves + [0] * (8 - len(halves))
    words = [low | high << 16 for low, high in zip(padded[::2], padded[1::2], strict=True)]
    sequence = decode(words)
    assert (sequence.clocks, sequence.byte_clocks) == (before, byte)


def test_chip_select_has_its_times(rig: BusRig) -> None:
    """TCSS 5, TCSH 7, and CSINTERVAL 100 clocks between two commands."""
    rig.set(FlexSpi.FLSHCR1, 100 << 16 | 7 << 5 | 5)
    rig.start(ENABLE)
    rig.wait(5 + 8)
    assert rig.flags & DONE
    rig.start(ENABLE)
    rig.wait(7 + 100 + 5 + 8 - 1)
    assert not rig.flags & DONE
    rig.wait(1)
    assert rig.flags & DONE


def test_the_unit_of_csinterval_can_be_256_clocks(rig: BusRig) -> None:
    rig.set(FlexSpi.FLSHCR1, 1 << 16 | 1 << 15)
    for clocks in (8, 256 + 8):
        rig.start(ENABLE)
        rig.wait(clocks - 1)
        assert not rig.flags & DONE
        rig.wait(1)
        assert rig.flags & DONE


@pytest.mark.parametrize(("mcr0", "divider"), [(0x8010, 1), (0x8310, 4), (0x8810, 2)])
def test_mcr0_divides_the_root_clock(rig: BusRig, mcr0: int, divider: int) -> None:
    """SERCLKDIV, HSEN."""
    rig.set(FlexSpi.MCR0, 0xFFFF_0000 | mcr0)
    rig.start(ENABLE)
    rig.wait(11 * divider - 1)
    assert not rig.flags & DONE
    rig.wait(1)
    assert rig.flags & DONE


def test_several_sequences_run_one_after_the_other(rig: BusRig) -> None:
    words = list(MIMXRT_LUT)
    words[24], words[28] = 0x0406, 0x08180420
    rig.load_lut(words)
    rig.start(6, 0x2000, count=2)
    rig.wait(11)
    assert [t.opcode for t in rig.chip.seen] == [0x06]
    rig.wait(3 + 35 - 1)
    assert not rig.flags & DONE
    rig.wait(1)
    assert [t.opcode for t in rig.chip.seen] == [0x06, 0x20]
    assert rig.flags & DONE


# -- the serial root clock -------------------------------------------------------------------------


def test_root_clocks_follow_from_the_clock_tree() -> None:
    """Fields of CBCMR and CSCMR1: CMSIS header. 480 MHz * 18 / 13 / 5 is what the ROM sets for
    133 MHz; FlexSPI2 has PLL2 by two after reset."""
    bench = Bench()
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    assert flexspi2_clock(ccm, analog) == 264_000_000
    analog.write(CcmAnalog.PFD_480.offset, 0x1311_100D)
    ccm.write(Ccm.CSCMR1.offset, 3 << 29 | 4 << 23)
    assert flexspi_clock(ccm, analog) == 480_000_000 * 18 // 13 // 5
    ccm.write(Ccm.CSCMR1.offset, 1 << 29 | 7 << 23)
    assert flexspi_clock(ccm, analog) == 60_000_000
    ccm.write(Ccm.CBCMR.offset, 1 << 8)
    assert flexspi2_clock(ccm, analog) == 480_000_000 * 18 // 13
    ccm.write(Ccm.CBCDR.offset, 1 << 6 | 1 << 7 | 1 << 16)
    ccm.write(Ccm.CSCMR1.offset, 0)
    assert flexspi_clock(ccm, analog) == 480_000_000 * 18 // 16 // 2
    assert ahb_clock(ccm, analog) == 528_000_000


def test_the_bus_runs_at_the_rate_of_the_clock_tree() -> None:
    bench = Bench()
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    spi = FlexSpi(bench.system, ccm=ccm, ccm_analog=analog, instance=2)
    rig = Rig(FakeChip(bench), bench=bench, spi=spi)
    rig.enable()
    rig.start(STATUS, 0, 1)
    # 11 clocks to the data and 8 for them at 264 MHz: 41.67 and 30.30 ns, each rounded up.
    bench.clock.advance(71)
    assert not spi.peek(FlexSpi.INTR.offset) & DONE
    bench.clock.advance(2)
    assert spi.peek(FlexSpi.INTR.offset) & DONE
    ccm.write(Ccm.CBCMR.offset, 3 << 8 | 7 << 29)
    rig.start(STATUS, 0, 1)
    # TCSH of the one before at its rate, 11.4 ns, and 19 clocks at 66 MHz, 287.9 ns.
    bench.clock.advance(299)
    assert not spi.peek(FlexSpi.INTR.offset) & DONE
    bench.clock.advance(3)
    assert spi.peek(FlexSpi.INTR.offset) & DONE


# -- FIFOs -----------------------------------------------------------------------------------------


def test_the_receive_fifo_fills_entry_by_entry(rig: BusRig) -> None:
    rig.set(FlexSpi.IPRXFCR, 1 << 2)
    rig.start(READ, 0, 20)
    rig.wait(TO_DATA_OF_READ + 15)
    assert rig.levels[0] == 0
    assert rig.spi.peek(FlexSpi.RFDR.offset) == 0
    rig.wait(1)
    assert rig.levels[0] == 1
    assert rig.get(FlexSpi.RFDR) == 0x03020100
    assert not rig.flags & RXWA, "the watermark is 16 bytes"
    rig.wait(16)
    assert rig.flags & RXWA
    rig.wait(7)
    assert rig.levels[0] == 2
    rig.wait(1)
    assert rig.levels[0] == 3, "the last four bytes fill an entry"
    assert rig.flags & DONE


def test_the_clock_stops_where_the_receive_fifo_is_full(rig: BusRig) -> None:
    rig.start(READ, 0, 256)
    rig.wait(TO_DATA_OF_READ + 255)
    assert not rig.flags & STOPPED_BY_READ
    rig.wait(1)
    assert rig.flags & STOPPED_BY_READ
    rig.wait(1000)
    assert rig.levels[0] == 16
    rig.set(FlexSpi.INTR, RXWA)
    assert rig.levels[0] == 15
    rig.wait(16)
    assert rig.levels[0] == 16, "it goes on with the pop"
    assert rig.flags & STOPPED_BY_READ, "until it is acknowledged"
    rig.set(FlexSpi.INTR, STOPPED_BY_READ)
    assert rig.flags & STOPPED_BY_READ, "it has stopped again"
    rest = rig.receive_rest(256 - 8)
    assert rest == bytes(range(8, 256))


def test_the_transmit_fifo_drains_entry_by_entry(rig: BusRig) -> None:
    rig.command(ENABLE)
    rig.wait(100)
    rig.start(PROGRAM, 0, 256)
    rig.push(16)
    assert rig.levels[1] == 16
    assert not rig.flags & TXWE
    rig.wait(TO_DATA_OF_PROGRAM + 15)
    assert rig.levels[1] == 16
    rig.wait(1)
    assert rig.levels[1] == 15
    assert rig.flags & TXWE
    rig.wait(15 * 16 - 1)
    assert not rig.flags & STOPPED_BY_WRITE
    rig.wait(1)
    assert rig.levels[1] == 0
    assert rig.flags & STOPPED_BY_WRITE
    rig.wait(1000)
    rig.push(16)
    rig.wait(255)
    assert not rig.flags & DONE
    assert not rig.chip.busy
    rig.wait(1)
    assert rig.flags & DONE
    assert rig.chip.busy, "the chip has it with the last clock"
    assert rig.levels[1] == 0


def test_a_short_end_of_what_is_sent_takes_its_bytes_only(rig: BusRig) -> None:
    rig.command(ENABLE)
    rig.wait(100)
    rig.start(PROGRAM, 0, 13)
    rig.push(2)
    rig.wait(TO_DATA_OF_PROGRAM + 25)
    assert not rig.flags & DONE
    rig.wait(1)
    assert rig.flags & DONE
    assert len(rig.chip.seen[-1].write) == 13


# -- time-outs -------------------------------------------------------------------------------------


def test_seqwait_ends_a_sequence_that_is_longer(rig: BusRig) -> None:
    """1,024 clocks; 03h with 128 bytes on one line has 3 + 32 + 1,024."""
    words = list(MIMXRT_LUT)
    words[24:26] = [0x0818_0403, 0x2404]
    rig.load_lut(words)
    rig.set(FlexSpi.MCR1, 0x0001_FFFF)
    rig.start(6, 0, 128)
    rig.wait(1023)
    assert not rig.flags & 0x808
    rig.wait(1)
    assert rig.flags & 0x809 == 0x809, "SEQTIMEOUT, IPCMDERR, IPCMDDONE"
    assert rig.levels[0] == (1024 - 35) // 64


# -- interrupts ------------------------------------------------------------------------------------


def handler(rig: BusRig, size: int, clocks: int) -> bytes:
    """Reads by interrupt as NXP's driver does, 8 bytes each time; a handler takes `clocks`."""
    data = b""
    rig.set(FlexSpi.INTEN, RXWA | DONE)
    rig.start(READ, 0, size)
    for _ in range(size):
        while not rig.spi.IRQ.level:
            rig.wait(1)
        flags = rig.get(FlexSpi.INTR)
        if flags & RXWA:
            words = [rig.get(FlexSpi.RFDR, i).to_bytes(4, "little") for i in range(2)]
            data += b"".join(words)
            rig.wait(clocks)
            rig.set(FlexSpi.INTR, RXWA)
        if flags & DONE:
            break
    return data[:size]


@pytest.mark.parametrize("size", [8, 128, 256, 300, 1021])
def test_reads_by_interrupt_are_whole_where_the_handler_keeps_pace(rig: BusRig, size: int) -> None:
    assert handler(rig, size, clocks=15) == bytes(rig.chip.array[:size])


def test_a_handler_that_is_slower_than_the_bus_misses_the_end(rig: BusRig) -> None:
    """IPCMDDONE comes while the FIFO holds what it has not fetched."""
    assert len(handler(rig, 256, clocks=24)) < 256


def test_a_write_by_interrupt_is_told_of_each_entry_that_has_left(rig: BusRig) -> None:
    rig.command(ENABLE)
    rig.wait(100)
    rig.start(PROGRAM, 0, 160)
    rig.push(16)
    rig.set(FlexSpi.INTR, DONE)
    rig.set(FlexSpi.INTEN, TXWE)
    rig.wait(TO_DATA_OF_PROGRAM + 15)
    assert not rig.spi.IRQ.level
    rig.wait(1)
    assert rig.spi.IRQ.level
    rig.push()
    assert not rig.spi.IRQ.level
    rig.wait(16)
    assert rig.spi.IRQ.level


# -- polls -----------------------------------------------------------------------------------------


def test_a_poll_in_vain_lasts_until_its_answer_comes(rig: BusRig) -> None:
    began = rig.bench.clock.now
    rig.start(ENABLE)
    assert rig.get(FlexSpi.INTR) & DONE
    assert rig.bench.clock.now - began == 110
    rig.wait(3)
    began = rig.bench.clock.now
    rig.start(STATUS, 0, 1)
    assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 1
    assert rig.bench.clock.now - began == 190
    rig.wait(3)
    began = rig.bench.clock.now
    rig.start(READ, 0, 256)
    assert rig.get(FlexSpi.STS0) == 2 << 2, "nobody knows the end"
    assert rig.bench.clock.now == began
    assert rig.get(FlexSpi.INTR) & (RXWA | DONE) == RXWA
    assert rig.bench.clock.now - began == 10 * (TO_DATA_OF_READ + 16)
    assert rig.get(FlexSpi.INTR) & RXWA
    assert rig.bench.clock.now - began == 10 * (TO_DATA_OF_READ + 16), "this one was not in vain"


def test_a_poll_for_an_idle_bus_lasts_until_the_end(rig: BusRig) -> None:
    began = rig.bench.clock.now
    rig.start(ENABLE)
    assert rig.spi.peek(FlexSpi.STS0.offset) == 2 << 2
    assert rig.bench.clock.now == began, "a look takes nothing"
    assert rig.get(FlexSpi.STS0) == 3
    assert rig.bench.clock.now - began == 110
    assert rig.spi.peek(FlexSpi.STS0.offset) == 3
    rig.wait(3)
    rig.start(ENABLE, count=2)
    began = rig.bench.clock.now
    assert rig.get(FlexSpi.STS0) == 2 << 2, "the second sequence is still to come"
    assert rig.bench.clock.now - began == 110
    while rig.get(FlexSpi.STS0) != 3:
        assert rig.bench.clock.now - began < 1_000
        rig.wait(1)
    assert rig.flags & DONE


def test_room_in_the_transmit_fifo_that_a_command_will_not_make(rig: BusRig) -> None:
    """A watermark of 128 bytes, the whole FIFO: there is room when it is empty."""
    rig.set(FlexSpi.IPTXFCR, 15 << 2)
    for size, room in ((120, 0), (128, TXWE)):
        rig.set(FlexSpi.IPTXFCR, 15 << 2 | 1)
        assert rig.flags & TXWE
        rig.set(FlexSpi.INTR, TXWE)
        assert not rig.flags & TXWE
        rig.set(FlexSpi.INTR, DONE)
        rig.set(FlexSpi.IPCR1, PROGRAM << 16 | size)
        rig.set(FlexSpi.IPCMD, 1)
        assert rig.get(FlexSpi.INTR) & (DONE | TXWE) == DONE | room
        rig.wait(100)
        assert rig.flags & TXWE == room
        assert rig.get(FlexSpi.IPTXFSTS) & 0xFF == (128 - size) // 8


# -- the window ------------------------------------------------------------------------------------


def test_a_read_that_the_model_answers_takes_its_time(rig: BusRig) -> None:
    """The window is not native while sequence 0 goes on behind its opcode (JMP_ON_CS)."""
    rig.load_lut([0x0A18_04EB, 0x2604_3206, 0x7C00])
    rig.set(FlexSpi.FLSHCR2, 1 << 5)  # two sequences: no native window
    words = list(MIMXRT_LUT)
    words[4] = 0
    rig.load_lut(words)
    began = rig.bench.clock.now
    rig.window.read(0x10)
    assert rig.bench.clock.now - began == 10 * (TO_DATA_OF_READ + 8 + 3)


def test_a_read_during_a_command_waits_for_its_end(rig: BusRig) -> None:
    rig.command(ENABLE)
    rig.wait(100)
    began = rig.bench.clock.now
    rig.start(ERASE, 0x1000)
    assert [segment.is_native for segment in rig.window.segments] == [False]
    rig.window.read(0)
    assert rig.bench.clock.now - began == 10 * (35 + 3 + TO_DATA_OF_READ + 8 + 3)
    assert [d.rule for d in rig.bench.diagnostics] == ["xip-read-while-busy"]


def test_a_short_read_leaves_the_window_native_and_a_long_one_takes_the_bus(rig: BusRig) -> None:
    rig.start(STATUS, 0, 1)
    assert rig.window.segments[0].is_native
    rig.finish()
    rig.start(READ, 0, 256)
    assert not rig.window.segments[0].is_native
    with pytest.raises(BusError, match="during an IP command"):
        rig.window.read(0)


# -- snapshots -------------------------------------------------------------------------------------


@pytest.mark.parametrize("clocks", [0, 5, TO_DATA_OF_READ + 40, 400])
def test_a_transfer_goes_on_from_where_it_was_saved(rig: BusRig, clocks: int) -> None:
    rig.start(READ, 0, 256)
    rig.wait(clocks)
    saved, flags, levels = rig.spi.save(), rig.flags, rig.levels
    rig.set(FlexSpi.MCR0, 0xFFFF_8011)
    rig.spi.load(saved)
    assert (rig.flags, rig.levels) == (flags, levels)
    assert rig.receive_rest(256) == bytes(range(256))
