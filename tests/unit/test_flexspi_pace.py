"""When FlexSPI's flags come and polls end, at every watermark, by hand.

A poll that shows nothing yet lasts until what the firmware has to wait for next: imxrt.md 3.9.
"""

from __future__ import annotations

import pytest
from flexspi_fakes import MIMXRT_LUT, Rig
from test_flexspi_time import (
    DONE,
    ENABLE,
    ERASE,
    PROGRAM,
    READ,
    RXWA,
    STATUS,
    STOPPED_BY_READ,
    STOPPED_BY_WRITE,
    TO_DATA_OF_PROGRAM,
    TO_DATA_OF_READ,
    TXWE,
    BusRig,
)

from xipsim.peripherals.core import BusError
from xipsim.peripherals.imxrt.flexspi import FlexSpi


@pytest.fixture
def rig() -> BusRig:
    return BusRig()


def took(rig: Rig, register: object) -> int:
    """Clocks of 100 MHz that a read by the core lasts."""
    before = rig.bench.clock.now
    rig.get(register)
    return (rig.bench.clock.now - before) // 10


def program(rig: BusRig, size: int) -> None:
    """Write enable, and a program that has begun just now."""
    rig.command(ENABLE)
    rig.wait(100)
    rig.set(FlexSpi.IPCR0, 0)
    rig.set(FlexSpi.IPCR1, PROGRAM << 16 | size)
    rig.set(FlexSpi.INTR, DONE)
    rig.set(FlexSpi.IPCMD, 1)


# -- polls of a read -------------------------------------------------------------------------------


@pytest.mark.parametrize("watermark", [0, 1, 3, 15])
@pytest.mark.parametrize("size", [4, 8, 12, 16, 40, 127, 128])
def test_a_poll_of_intr_lasts_until_the_watermark_or_the_end(
    rig: BusRig, watermark: int, size: int
) -> None:
    rig.set(FlexSpi.IPRXFCR, watermark << 2)
    rig.start(READ, 0, size)
    block = 8 * (watermark + 1)
    padded = size + 7 & -8
    assert took(rig, FlexSpi.INTR) == TO_DATA_OF_READ + 2 * min(block, size)
    assert bool(rig.flags & RXWA) is (padded >= block)
    assert bool(rig.flags & DONE) is (block >= size)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 128, 256])
def test_a_poll_of_the_level_lasts_until_the_first_entry(rig: BusRig, size: int) -> None:
    rig.set(FlexSpi.IPRXFCR, 15 << 2)
    rig.start(READ, 0, size)
    assert took(rig, FlexSpi.IPRXFSTS) == TO_DATA_OF_READ + 2 * min(8, size)
    assert rig.levels[0] == 1
    assert took(rig, FlexSpi.IPRXFSTS) == 0


def test_a_level_of_entries_that_are_there_is_read_at_once(rig: BusRig) -> None:
    """Behind a read that nobody has fetched, also while a command is under way that reads none."""
    rig.start(READ, 0, 8)
    rig.wait(1_000)
    for sequence in (ENABLE, PROGRAM, READ):
        rig.set(FlexSpi.IPCR1, sequence << 16 | 8)
        rig.set(FlexSpi.IPCMD, 1)
        assert took(rig, FlexSpi.IPRXFSTS) == 0
        assert rig.get(FlexSpi.IPRXFSTS) & 0xFF == 1
        rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0))
        rig.wait(1_000)
        rig.push()
        rig.wait(1_000)


def test_a_level_of_nothing_is_read_at_once(rig: BusRig) -> None:
    assert took(rig, FlexSpi.IPRXFSTS) == 0
    rig.start(ENABLE)
    assert took(rig, FlexSpi.IPRXFSTS) == 0


@pytest.mark.parametrize("level", [1, 2, 15, 16])
def test_polls_that_see_something_take_no_time(rig: BusRig, level: int) -> None:
    rig.start(READ, 0, 256)
    rig.wait(TO_DATA_OF_READ + 16 * level)
    for register in (FlexSpi.INTR, FlexSpi.IPRXFSTS, FlexSpi.STS0):
        assert took(rig, register) == 0
    assert rig.levels[0] == level


@pytest.mark.parametrize("popped", [1, 5, 16])
def test_what_has_to_be_waited_for_behind_a_pop(rig: BusRig, popped: int) -> None:
    """The FIFO was full, and the clock stood still: an entry comes 16 clocks behind the pop."""
    rig.start(READ, 0, 256)
    rig.wait(1_000)
    for _ in range(popped):
        rig.set(FlexSpi.INTR, RXWA)
    assert rig.levels[0] == 16 - popped
    assert took(rig, FlexSpi.INTR) == (0 if popped < 16 else 16)
    rig.wait(15 if popped < 16 else 0)
    assert rig.levels[0] == 16 - popped + (popped == 16)
    rig.wait(1)
    assert rig.levels[0] == 16 - popped + 1


# -- polls of a write ------------------------------------------------------------------------------


@pytest.mark.parametrize(("watermark", "entries"), [(0, 1), (1, 2), (3, 4), (15, 16)])
def test_a_poll_of_intr_lasts_until_there_is_room(
    rig: BusRig, watermark: int, entries: int
) -> None:
    """For a block of the watermark's size, in a FIFO that is full."""
    program(rig, 256)
    rig.push(16)
    rig.set(FlexSpi.IPTXFCR, watermark << 2)
    assert took(rig, FlexSpi.INTR) == TO_DATA_OF_PROGRAM + 16 * entries
    assert rig.flags & TXWE
    assert rig.levels[1] == 16 - entries


def test_a_poll_while_there_is_room_takes_no_time(rig: BusRig) -> None:
    program(rig, 256)
    for pushed in range(16):
        assert took(rig, FlexSpi.INTR) == 0, pushed
        assert rig.flags & TXWE
        rig.push()
    assert not rig.flags & TXWE


@pytest.mark.parametrize("size", [1, 8, 13, 120, 128])
def test_a_poll_lasts_until_the_end_once_all_is_there(rig: BusRig, size: int) -> None:
    program(rig, size)
    rig.push((size + 7) // 8)
    assert took(rig, FlexSpi.INTR) == TO_DATA_OF_PROGRAM + 2 * size
    assert rig.flags & DONE
    assert rig.levels[1] == 0


def test_a_poll_where_the_firmware_has_to_push_takes_no_time(rig: BusRig) -> None:
    program(rig, 24)
    rig.push()
    rig.wait(1_000)
    for register in (FlexSpi.INTR, FlexSpi.STS0):
        assert took(rig, register) == 0
    assert rig.get(FlexSpi.STS0) == 2 << 2
    assert rig.flags & (DONE | TXWE | STOPPED_BY_WRITE) == TXWE | STOPPED_BY_WRITE


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_what_was_pushed_before_goes_out_first(rig: BusRig, ahead: int) -> None:
    """Data may be in the FIFO when the command starts; the clock stops where they end."""
    rig.command(ENABLE)
    rig.wait(100)
    rig.push(ahead)
    rig.set(FlexSpi.IPCR1, PROGRAM << 16 | 24)
    rig.set(FlexSpi.INTR, DONE)
    rig.set(FlexSpi.IPCMD, 1)
    rig.wait(TO_DATA_OF_PROGRAM + 16 * ahead - 1)
    assert rig.levels[1] == 1
    assert not rig.flags & (DONE | STOPPED_BY_WRITE)
    rig.wait(1)
    assert rig.levels[1] == 0
    assert rig.flags & (DONE | STOPPED_BY_WRITE) == (DONE if ahead == 3 else STOPPED_BY_WRITE)


def test_more_than_a_command_sends_stays_for_the_next(rig: BusRig) -> None:
    """In whole entries: the rest of an entry behind the last byte is lost."""
    program(rig, 12)
    rig.push(4)
    rig.wait(1_000)
    assert rig.flags & DONE
    assert rig.levels[1] == 2


@pytest.mark.parametrize("size", [1, 7, 8, 9, 13, 128])
def test_levels_from_the_first_clock_to_the_last(rig: BusRig, size: int) -> None:
    """Of a read, then of a program; the last bytes are an entry, too. By looks from outside."""
    entries = (size + 7) // 8
    rig.start(READ, 0, size)
    for clocks, level in ((0, 0), (TO_DATA_OF_READ, 0), (2 * size - 1, entries - 1), (1, entries)):
        rig.wait(clocks)
        assert rig.levels == (level, 0)
    rig.wait(100)
    rig.set(FlexSpi.IPRXFCR, 1)
    program(rig, size)
    rig.push(entries)
    sent = (0, 0), (TO_DATA_OF_PROGRAM, 0), (2 * size - 1, entries - 1), (1, entries)
    for clocks, gone in sent:
        rig.wait(clocks)
        assert rig.levels == (0, entries - gone)
    assert rig.flags & DONE


def test_what_has_come_before_a_time_out_can_be_fetched(rig: BusRig) -> None:
    """SEQWAIT 1: 1,024 clocks, in a read that has filled the FIFO long before."""
    rig.set(FlexSpi.INTEN, RXWA)
    rig.set(FlexSpi.IPRXFCR, 15 << 2)
    rig.set(FlexSpi.MCR1, 0x0001_FFFF)
    rig.start(READ, 0, 256)
    rig.wait(1_024)
    assert rig.flags & (RXWA | 0x809) == RXWA | 0x809
    assert rig.spi.IRQ.level
    rig.set(FlexSpi.INTR, RXWA)
    assert rig.levels[0] == 0
    assert not rig.spi.IRQ.level


# -- several sequences -----------------------------------------------------------------------------


def test_polls_of_several_sequences(rig: BusRig) -> None:
    """06h, then 20h: 11 clocks, 3 of TCSH, 35. A poll sees at most to the end of the first."""
    words = list(MIMXRT_LUT)
    words[16:18] = MIMXRT_LUT[20:22]
    rig.load_lut(words)
    began = rig.bench.clock.now
    rig.start(ENABLE, 0x1000, count=2)
    assert took(rig, FlexSpi.INTR) == 11
    assert not rig.flags & DONE
    assert rig.get(FlexSpi.INTR) & DONE
    assert rig.bench.clock.now - began == 10 * (11 + 3 + 35)
    assert [t.opcode for t in rig.chip.seen] == [0x06, 0x20]


@pytest.mark.parametrize("clocks", [0, 10, 11, 13, 14, 30, 48])
def test_nothing_is_done_between_two_sequences(rig: BusRig, clocks: int) -> None:
    words = list(MIMXRT_LUT)
    words[16:18] = MIMXRT_LUT[20:22]
    rig.load_lut(words)
    rig.start(ENABLE, 0x1000, count=2)
    rig.wait(clocks)
    assert not rig.flags & DONE
    assert rig.spi.peek(FlexSpi.STS0.offset) == 2 << 2
    rig.wait(49 - clocks)
    assert rig.flags & DONE
    assert rig.spi.peek(FlexSpi.STS0.offset) == 3


# -- interrupts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("watermark", [0, 1, 4, 15])
def test_the_interrupt_of_the_receive_watermark(rig: BusRig, watermark: int) -> None:
    rig.set(FlexSpi.INTEN, RXWA)
    rig.set(FlexSpi.IPRXFCR, watermark << 2)
    rig.start(READ, 0, 256)
    rig.wait(TO_DATA_OF_READ + 16 * (watermark + 1) - 1)
    assert not rig.spi.IRQ.level
    rig.wait(1)
    assert rig.spi.IRQ.level
    rig.set(FlexSpi.INTR, RXWA)
    assert not rig.spi.IRQ.level


@pytest.mark.parametrize("size", [1, 8, 13, 128])
def test_the_interrupt_of_the_end_of_a_read(rig: BusRig, size: int) -> None:
    rig.set(FlexSpi.INTEN, DONE)
    rig.start(READ, 0, size)
    rig.wait(TO_DATA_OF_READ + 2 * size - 1)
    assert not rig.spi.IRQ.level
    rig.wait(1)
    assert rig.spi.IRQ.level
    rig.set(FlexSpi.INTR, DONE)
    assert not rig.spi.IRQ.level


@pytest.mark.parametrize("watermark", [0, 1, 4])
def test_the_interrupt_of_room_in_the_transmit_fifo(rig: BusRig, watermark: int) -> None:
    program(rig, 256)
    rig.push(16)
    rig.set(FlexSpi.IPTXFCR, watermark << 2)
    rig.set(FlexSpi.INTEN, TXWE)
    rig.wait(TO_DATA_OF_PROGRAM + 16 * (watermark + 1) - 1)
    assert not rig.spi.IRQ.level
    rig.wait(1)
    assert rig.spi.IRQ.level


def test_interrupts_can_be_enabled_in_the_middle(rig: BusRig) -> None:
    """What has come by then counts, and what comes."""
    rig.start(READ, 0, 64)
    rig.wait(TO_DATA_OF_READ + 20)
    rig.set(FlexSpi.INTEN, RXWA)
    assert rig.spi.IRQ.level
    rig.set(FlexSpi.INTEN, DONE)
    assert not rig.spi.IRQ.level
    rig.wait(128 - 20 - 1)
    assert not rig.spi.IRQ.level
    rig.wait(1)
    assert rig.spi.IRQ.level
    rig.set(FlexSpi.INTEN, 0)
    assert not rig.spi.IRQ.level


@pytest.mark.parametrize(("enabled", "size"), [(STOPPED_BY_READ, 256), (STOPPED_BY_WRITE, 16)])
def test_the_interrupt_of_a_clock_that_stands_still(rig: BusRig, enabled: int, size: int) -> None:
    if enabled == STOPPED_BY_READ:
        rig.start(READ, 0, size)
    else:
        program(rig, size)
    rig.wait(1_000)
    rig.set(FlexSpi.INTEN, enabled)
    assert rig.flags & enabled


# -- the window ------------------------------------------------------------------------------------


def test_a_store_or_read_during_a_long_command_is_not_granted(rig: BusRig) -> None:
    program(rig, 16)
    for access in (lambda: rig.window.write(0, 1), lambda: rig.window.read(0)):
        with pytest.raises(BusError, match="during an IP command"):
            access()
        assert rig.flags & 4
        rig.set(FlexSpi.INTR, 4)
    rig.push(2)
    assert rig.finish() == 0
    assert ERASE not in [t.opcode for t in rig.chip.seen]
    assert rig.receive(STATUS, 0, 1) == b"\1"
