"""FlexSPI's window bit by bit: what keeps it native, which sequences run, what is told when.

Facts: imxrt.md 3.1 (FLSHxxCRn), 3.6 and 3.7 (AHB reads).
"""

from __future__ import annotations

from typing import Any

import pytest
from flexspi_fakes import ERASE_TIME, MIMXRT_LUT, FakeChip, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

READ, STATUS, ENABLE, ERASE, PROGRAM, EMPTY = 0, 1, 3, 5, 10, 2
QUAD_READ = MIMXRT_LUT[:2]


class Loud(FakeChip):
    """Says of its cells what was asked; can be busy for ever."""

    def __init__(self, bench: Bench, name: str = "nor") -> None:
        super().__init__(bench, name=name)
        self.change: str | None = None
        self.is_lost = False
        self.asked: list[int] = []

    @property
    def busy(self) -> bool:
        return self.is_lost or super().busy

    def last_change(self, address: int) -> str | None:
        self.asked.append(address)
        return self.change


@pytest.fixture
def rig() -> Rig:
    bench = Bench()
    rig = Rig(Loud(bench), Loud(bench, name="second"), bench=bench)
    rig.enable(sizes=(64, 64, 0, 0))
    return rig


def chip(rig: Rig, select: int = 0) -> Loud:
    found: Any = rig.spi.chips[select]
    assert isinstance(found, Loud)
    return found


def rules(rig: Rig) -> list[str]:
    found = [d.rule for d in rig.bench.diagnostics]
    rig.bench.diagnostics.clear()
    return found


def is_native(rig: Rig, select: int = 0) -> bool:
    return sorted(rig.window.segments, key=lambda s: s.offset)[select].is_native


# -- what keeps it native --------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(16))
def test_any_sequence_can_be_the_one_that_reads(rig: Rig, index: int) -> None:
    """FLSHxxCR2.ARDSEQID; the sequence behind it does not read."""
    lut = [0x0406, 0, 0, 0] * 16
    lut[4 * index : 4 * index + 2] = QUAD_READ
    rig.load_lut(lut)
    rig.set(FlexSpi.FLSHCR2, index)
    assert (is_native(rig), is_native(rig, 1)) == (True, index == 0)
    chip(rig).seen.clear()
    rig.spi.read_flash(0x40, 4)
    assert [(t.opcode, t.address) for t in chip(rig).seen] == [(0xEB, 0x40)]


@pytest.mark.parametrize("more", range(8))
def test_how_many_sequences_read(rig: Rig, more: int) -> None:
    """ARDSEQNUM, one less than their number."""
    rig.load_lut([*QUAD_READ, 0, 0, *([0x0406, 0, 0, 0] * 15)])
    rig.set(FlexSpi.FLSHCR2, more << 5)
    assert is_native(rig) is (more == 0)
    chip(rig).seen.clear()
    rig.spi.read_flash(0x40, 4)
    assert [t.opcode for t in chip(rig).seen] == [0xEB] + [0x06] * more


@pytest.mark.parametrize("bit", [4, *range(8, 31)])
def test_settings_of_stores_do_not_concern_reads(rig: Rig, bit: int) -> None:
    """AWRSEQID, AWRSEQNUM, AWRWAIT."""
    rig.set(FlexSpi.FLSHCR2, 1 << bit)
    assert is_native(rig)
    rig.spi.read_flash(0x40, 4)
    assert [t.opcode for t in chip(rig).seen] == [0xEB]


@pytest.mark.parametrize("bit", [*range(10), *range(15, 32)])
def test_times_of_chip_select_keep_it_native(rig: Rig, bit: int) -> None:
    rig.set(FlexSpi.FLSHCR1, 1 << bit)
    assert is_native(rig)


def test_settings_of_one_chip_select_leave_the_others_alone(rig: Rig) -> None:
    for register, value in ((FlexSpi.FLSHCR2, ENABLE), (FlexSpi.FLSHCR1, 0x463)):
        before = rig.get(register, 1)
        rig.set(register, value, 1)
        assert (is_native(rig), is_native(rig, 1)) == (True, False)
        rig.set(register, before, 1)
        assert is_native(rig, 1)


def test_a_sequence_that_begins_like_a_read_and_has_none(rig: Rig) -> None:
    rig.load_lut([0x0818_0403, 0])
    assert not is_native(rig)
    rig.load_lut([0x0818_0403, 0x2404])
    assert is_native(rig)


@pytest.mark.parametrize(
    ("bits", "size"), [(12, 0x1000), (15, 0x8000), (16, 0x10000), (24, 0x10000)]
)
def test_no_more_is_native_than_the_address_reaches(rig: Rig, bits: int, size: int) -> None:
    """Operand of RADDR."""
    rig.load_lut([0x0A00_04EB | bits << 16, QUAD_READ[1]])
    found = [s for s in rig.window.segments if s.is_native and s.offset < 0x1_0000]
    assert sum(len(s.bytes) for s in found) == size


# -- stores ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(16))
def test_any_sequence_can_be_the_one_that_stores(rig: Rig, index: int) -> None:
    lut = [0x0406, 0, 0, 0] * 16
    lut[4 * index : 4 * index + 2] = MIMXRT_LUT[40:42]
    rig.load_lut(lut)
    rig.set(FlexSpi.FLSHCR2, index << 8)
    rig.window.write(0x40, 0x0403_0201)
    assert [(t.opcode, t.write) for t in chip(rig).seen] == [(0x32, b"\1\2\3\4")]


@pytest.mark.parametrize("more", range(8))
def test_how_many_sequences_store(rig: Rig, more: int) -> None:
    rig.load_lut([0x0406, 0, 0, 0] * 15 + [*MIMXRT_LUT[40:42], 0, 0])
    rig.set(FlexSpi.FLSHCR2, (15 - more) << 8 | more << 13 | 0x7FFF_00E0)
    rig.window.write(0x40, 0x1234, 2)
    assert [t.opcode for t in chip(rig).seen] == [0x06] * more + [0x32]
    assert chip(rig).seen[-1].write == b"\x34\x12"


def test_a_lost_store_is_told_for_each_place_in_the_program(rig: Rig) -> None:
    for pc, offset in ((0x100, 0x20), (0x100, 0x24), (0x104, 0x28), (0x100, 0x2C)):
        rig.bench.pc = pc
        rig.window.write(offset, 0)
    told = [(d.rule, d.pc, d.address) for d in rig.bench.diagnostics]
    assert told == [("xip-store", 0x100, 0x20), ("xip-store", 0x104, 0x28)]
    assert chip(rig).seen == []


def test_a_store_tells_of_empty_sequences(rig: Rig) -> None:
    rig.load_lut([*([0] * 36), 0, 0, 0, 0, *MIMXRT_LUT[40:]])
    rig.set(FlexSpi.FLSHCR2, 9 << 8 | 1 << 13)
    rig.window.write(0x40, 0x1234, 2)
    assert rules(rig) == ["lut-empty"]
    assert [t.opcode for t in chip(rig).seen] == [0x32]


def test_a_store_waits_for_a_command_whose_end_is_known(rig: Rig) -> None:
    rig.set(FlexSpi.FLSHCR2, PROGRAM << 8)
    rig.start(ENABLE)
    rig.window.write(0x40, 0x1234, 2)
    assert [t.opcode for t in chip(rig).seen] == [0x06, 0x32]
    assert chip(rig).array[0x40:0x42] == b"\x34\x12"


@pytest.mark.parametrize("is_store", [True, False])
def test_accesses_that_are_not_granted(rig: Rig, is_store: bool) -> None:
    def access(offset: int) -> None:
        if is_store:
            rig.window.write(offset, 0)
        else:
            rig.window.read(offset)

    with pytest.raises(BusError, match="0x20000 is beyond FLSHxxCR0"):
        access(0x2_0000)
    rig.set(FlexSpi.MCR0, 0xFFFF_8012)
    with pytest.raises(BusError, match=r"while MCR0\.MDIS is 1"):
        access(0)


# -- what is told ----------------------------------------------------------------------------------


def test_a_chip_that_is_busy_for_ever(rig: Rig) -> None:
    chip(rig, 1).is_lost = True
    chip(rig, 1).changed()
    rig.window.read(0x1_0020)
    rig.window.read(0x1_0024)
    (told,) = rig.bench.diagnostics
    assert (told.rule, told.address) == ("xip-read-while-busy", 0x1_0020)
    assert told.message == "second was read through the window at 0x10020 while busy for ever"


def test_a_busy_chip_and_its_operations_end(rig: Rig) -> None:
    rig.command(ENABLE)
    rig.command(ERASE, 0x1000)
    end = chip(rig).end
    rig.window.read(0x20)
    rig.window.read(0x1_0020)
    (told,) = rig.bench.diagnostics
    assert told.message == f"nor was read through the window at 0x20 while busy until {end} ns"
    assert told.address == 0x20


def test_each_busy_chip_is_told(rig: Rig) -> None:
    for select in range(2):
        rig.command(ENABLE, select << 16)
        rig.command(ERASE, select << 16)
        rig.window.read(select << 16)
    assert rules(rig) == ["xip-read-while-busy"] * 2


def unlock(rig: Rig) -> None:
    rig.set(FlexSpi.LUTKEY, 0x5AF0_5AF0)
    rig.set(FlexSpi.LUTCR, 2)


@pytest.mark.parametrize("is_open", [True, False])
def test_a_read_by_a_sequence_that_reads_no_array(rig: Rig, is_open: bool) -> None:
    """The status, in place of an array: told while the LUT is unlocked."""
    if is_open:
        unlock(rig)
    rig.set(FlexSpi.FLSHCR2, STATUS)
    rig.window.read(0x20)
    told = [(d.rule, d.address) for d in rig.bench.diagnostics]
    assert told == [("ahb-lut-open", 0x20)] * is_open


def test_a_read_of_the_array_while_the_lut_is_open_is_fine(rig: Rig) -> None:
    unlock(rig)
    rig.set(FlexSpi.FLSHCR2, READ | 1 << 5)  # two sequences: not native
    rig.window.read(0x20)
    assert "ahb-lut-open" not in rules(rig)


@pytest.mark.parametrize("select", [0, 1, 2])
def test_who_is_asked_while_the_lut_is_open(rig: Rig, select: int) -> None:
    """A busy chip is told of as such; where there is no chip, there is nothing to tell."""
    rig.set(FlexSpi.FLSHCR0, 64, 2)
    rig.command(ENABLE, 0)
    rig.command(ERASE, 0)
    rig.bench.diagnostics.clear()
    unlock(rig)
    rig.set(FlexSpi.FLSHCR2, STATUS, select)
    rig.window.read(select << 16)
    assert rules(rig) == [["xip-read-while-busy"], ["ahb-lut-open"], []][select]


# -- time ------------------------------------------------------------------------------------------

CLOCKS = 3 + 8 + 6 + 6 + 8 + 3
"""TCSS, opcode, address, dummies, four bytes, TCSH."""


def test_accesses_follow_each_other(rig: Rig) -> None:
    """Two reads by the bus, and a command behind them: CSINTERVAL 100 clocks between."""
    rig.set(FlexSpi.FLSHCR1, 100 << 16 | 0x63)
    rig.wait(1_000)
    chip(rig).is_lost = True
    chip(rig).changed()
    rig.window.read(0)
    began = rig.bench.clock.now
    rig.window.read(0)
    assert rig.bench.clock.now - began == 10 * (100 + CLOCKS)
    rig.start(ENABLE)
    rig.wait(100 + 3 + 8 - 1)
    assert not rig.spi.peek(FlexSpi.INTR.offset) & 1
    rig.wait(1)
    assert rig.spi.peek(FlexSpi.INTR.offset) & 1


def test_a_read_waits_until_chip_select_is_high(rig: Rig) -> None:
    """TCSH of the command before it, here 31 clocks, which IPCMDDONE does not wait for."""
    chip(rig).is_lost = True
    chip(rig).changed()
    rig.set(FlexSpi.FLSHCR1, 31 << 5 | 3)
    rig.wait(1_000)
    rig.start(STATUS, 0, 1)
    assert rig.get(FlexSpi.INTR) & 1
    began = rig.bench.clock.now
    rig.window.read(0)
    assert rig.bench.clock.now - began == 10 * (31 + CLOCKS - 3 + 31)


def test_a_read_that_is_given_up_waits_for_the_bus_first(rig: Rig) -> None:
    """MCR1.AHBBUSWAIT 1, 1,024 clocks of 600 MHz, behind a command of 11 clocks and TCSH."""
    rig.set(FlexSpi.MCR1, 0xFFFF_0001)
    rig.set(FlexSpi.FLSHCR2, ENABLE)
    rig.wait(1_000)
    began = rig.bench.clock.now
    rig.start(ENABLE)
    with pytest.raises(BusError):
        rig.window.read(0)
    assert rig.bench.clock.now - began == 10 * (11 + 3) + 1_707


def test_a_read_of_several_sequences_takes_the_time_of_all(rig: Rig) -> None:
    """06h takes 3 + 8 + 3 clocks; 10 of CSINTERVAL stand before each of the two."""
    rig.load_lut([0x0406, 0, 0, 0, *QUAD_READ])
    rig.set(FlexSpi.FLSHCR2, 1 << 5)
    rig.window.read(0)
    rig.set(FlexSpi.FLSHCR1, 10 << 16 | 0x63)
    began = rig.bench.clock.now
    rig.window.read(0)
    assert rig.bench.clock.now - began == 10 * (10 + 14 + 10 + CLOCKS)


def test_reads_behind_an_erase_find_its_end(rig: Rig) -> None:
    rig.command(ENABLE)
    rig.command(ERASE, 0)
    rig.bench.clock.advance(ERASE_TIME)
    chip(rig).changed()
    assert is_native(rig)
    rig.window.read(0)
    assert rules(rig) == []
