"""FlexSPI's AHB buffers bit by bit: how much is read ahead, what is found, what it costs.

imxrt.md 3.1 (AHBRXBUFnCR0: BUFSZ 7:0 in 8 bytes, MSTRID 19:16, PREFETCHEN 31; AHBCR), 3.7.
"""

from __future__ import annotations

import pytest
from flexspi_fakes import ERASE_TIME, FakeChip, Rig
from test_flexspi_buffers import BLANK, PREFETCH, BufferRig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

BUFFER = 0x8000_0020
"""Of the core: 32 entries, with prefetch."""


@pytest.fixture
def rig() -> BufferRig:
    return BufferRig()


def fetched(rig: BufferRig) -> list[tuple[int | None, int]]:
    found = [(t.address, t.read) for t in rig.chip.seen]
    rig.chip.seen.clear()
    return found


def expected(offset: int, size: int) -> int:
    return int.from_bytes(bytes((offset + i) & 0xFF for i in range(size)), "little")


# -- how much --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", range(8))
def test_the_bits_of_its_size(rig: BufferRig, bit: int) -> None:
    for index in range(4):
        rig.set(FlexSpi.AHBRXBUFCR0, 0x8000_0000 | (1 << bit if index == 3 else 0), index)
    rig.window.read(0)
    assert fetched(rig) == [(0, 8 << bit)]
    rig.set(FlexSpi.AHBRXBUFCR0, 0x8000_0000 | 1 << bit)
    rig.window.read(0x1000)
    assert fetched(rig) == [(0x1000, 8 << bit)]


@pytest.mark.parametrize("bit", range(16, 20))
def test_the_bits_of_its_master(rig: BufferRig, bit: int) -> None:
    """Only master 0 is the core; the last buffer is for all."""
    for index in range(4):
        rig.set(FlexSpi.AHBRXBUFCR0, BUFFER | 1 << bit, index)
    rig.set(FlexSpi.AHBRXBUFCR0, 0x8000_0008 | 1 << bit, 3)
    rig.window.read(0)
    assert fetched(rig) == [(0, 64)]


@pytest.mark.parametrize(
    ("control", "ahbcr", "length"),
    [
        (0x8000_0020, PREFETCH, 256),
        (0x0000_0020, PREFETCH, 32),
        (0x8000_0020, 0, 32),
        (0x7FF0_0020, PREFETCH, 32),
        (0x8000_0020, 0xF9 & ~PREFETCH, 32),
        (0x0000_0002, PREFETCH, 16),
        (0x8000_0002, PREFETCH, 16),
        (0x0000_0004, PREFETCH, 32),
        (0x0000_0005, PREFETCH, 32),
    ],
)
def test_who_reads_ahead(rig: BufferRig, control: int, ahbcr: int, length: int) -> None:
    """The buffer's PREFETCHEN and AHBCR's; else a burst, if the buffer holds one."""
    rig.set(FlexSpi.AHBCR, ahbcr)
    rig.set(FlexSpi.AHBRXBUFCR0, control)
    rig.window.read(0x40)
    assert fetched(rig) == [(0x40, length)]


@pytest.mark.parametrize(
    ("offset", "size", "start", "length"),
    [(0, 4, 0, 8), (4, 4, 0, 8), (7, 1, 0, 8), (8, 1, 8, 8), (6, 4, 0, 10), (7, 2, 0, 9)],
)
def test_whole_entries_are_read(
    rig: BufferRig, offset: int, size: int, start: int, length: int
) -> None:
    """A buffer of one entry; a load that crosses its end makes it longer."""
    rig.set(FlexSpi.AHBRXBUFCR0, 0x8000_0001)
    assert rig.window.read(offset, size) == expected(offset, size)
    assert fetched(rig) == [(start, length)]


@pytest.mark.parametrize("distance", [8, 16, 248, 256, 264])
def test_nothing_is_read_ahead_beyond_the_chip(rig: BufferRig, distance: int) -> None:
    rig.window.read(rig.chip.size - distance)
    assert fetched(rig) == [(rig.chip.size - distance, min(distance, 256))]


@pytest.mark.parametrize("offset", [0x1_0000, 0x1_0004, 0xFFF_FFFC])
def test_nothing_is_read_where_no_chip_is(rig: BufferRig, offset: int) -> None:
    with pytest.raises(BusError, match="is beyond FLSHxxCR0"):
        rig.window.read(offset)
    assert fetched(rig) == []


# -- what is found ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "size", "is_there"),
    [
        (0x100, 4, True), (0x100, 1, True), (0x1FC, 4, True), (0x1FF, 1, True), (0x180, 2, True),
        (0xFF, 1, False), (0xFC, 4, False), (0xFE, 4, False), (0x1FE, 4, False), (0x200, 1, False),
        (0x80, 4, False),
    ],
)  # fmt: skip
def test_where_the_buffer_begins_and_ends(
    rig: BufferRig, offset: int, size: int, is_there: bool
) -> None:
    """It holds 100h to 1FFh."""
    rig.window.read(0x100)
    rig.chip.seen.clear()
    assert rig.window.read(offset, size) == expected(offset, size)
    assert bool(rig.chip.seen) is not is_there


@pytest.mark.parametrize(
    ("value", "drops"), [(1 << 1, True), (1 << 2, False), (3 << 1, True), (0xF8 | PREFETCH, False)]
)
def test_which_bits_of_ahbcr_drop_it(rig: BufferRig, value: int, drops: bool) -> None:
    """CLRAHBRXBUF; CLRAHBTXBUF is for stores."""
    rig.window.read(0)
    rig.chip.seen.clear()
    rig.set(FlexSpi.AHBCR, value | PREFETCH)
    rig.window.read(0)
    assert bool(rig.chip.seen) is drops


@pytest.mark.parametrize("is_disabled", [True, False])
def test_clrahbbufopt_drops_it_with_mdis_only(rig: BufferRig, is_disabled: bool) -> None:
    rig.set(FlexSpi.MCR2, 0x2000_01F7 | 1 << 11)
    rig.window.read(0)
    rig.chip.seen.clear()
    rig.set(FlexSpi.MCR0, 0xFFFF_8010 | 2 * is_disabled)
    rig.set(FlexSpi.MCR0, 0xFFFF_8010)
    rig.window.read(0)
    assert bool(rig.chip.seen) is is_disabled


# -- what it costs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "size", "count"), [(0, 4, 4), (0, 1, 1), (4, 4, 8), (0x15, 1, 6), (0x16, 4, 10)]
)
def test_the_core_waits_for_what_it_has_asked_for(
    rig: BufferRig, offset: int, size: int, count: int
) -> None:
    """From the entry's begin: 23 clocks to the data, 2 for a byte, 3 to the rise of chip select."""
    rig.wait(1000)
    before = rig.bench.clock.now
    rig.window.read(offset, size)
    assert rig.bench.clock.now - before == 10 * (23 + 2 * count + 3)


# -- what is told ----------------------------------------------------------------------------------


def test_each_change_that_the_buffer_has_not_seen_is_told(rig: BufferRig) -> None:
    asked = []

    def last_change(address: int) -> str | None:
        asked.append(address)
        return change

    rig.chip.last_change = last_change  # type: ignore[method-assign]
    rig.window.read(0x20)
    change: str | None = "an erase"
    rig.erase()
    rig.window.read(0x40)
    rig.window.read(0x44)
    change = "a program"
    rig.window.read(0x48)
    rig.window.read(0x40)
    told = [(d.rule, d.address) for d in rig.bench.diagnostics]
    assert told == [("ahb-stale", 0x40), ("ahb-stale", 0x48)]
    assert [d.message.split("read ahead, ")[1].split(":")[0] for d in rig.bench.diagnostics] == [
        "before an erase", "before a program",
    ]  # fmt: skip
    assert asked == [0x40, 0x44, 0x48, 0x40]


def test_a_busy_chip_is_the_cause_where_nothing_has_changed(rig: BufferRig) -> None:
    rig.command(3)
    rig.command(5, 0x1000)
    rig.window.read(0x40)
    rig.bench.clock.advance(ERASE_TIME + 1_000)
    rig.window.read(0x40)
    assert "and the chip was busy then" in rig.bench.diagnostics[-1].message


@pytest.mark.parametrize("select", [0, 1])
def test_a_change_is_asked_of_the_chip_that_is_behind(select: int) -> None:
    bench = Bench()
    chips = [FakeChip(bench), FakeChip(bench, name="second")]
    rig = Rig(*chips, bench=bench, spi=FlexSpi(bench.system, name="flexspi", ahb="buffers"))
    rig.enable(sizes=(64, 64, 0, 0))
    asked: list[tuple[int, int]] = []
    for number, chip in enumerate(chips):
        chip.last_change = (  # type: ignore[method-assign]
            lambda address, number=number: asked.append((number, address))
        )
    base = select << 16
    assert rig.window.read(base + 0x20) == BLANK
    chips[select].array[0x28] = 0
    assert rig.window.read(base + 0x28) == BLANK
    assert asked == [(select, 0x28)]
    assert [d.rule for d in bench.diagnostics] == ["ahb-stale"]


def test_without_a_chip_there_is_nothing_to_be_stale() -> None:
    bench = Bench()
    rig = Rig(None, bench=bench, spi=FlexSpi(bench.system, name="flexspi", ahb="buffers"))
    rig.enable()
    for _ in range(2):
        assert rig.window.read(0x20) == BLANK
    assert bench.diagnostics == []


def test_a_read_while_the_lut_is_open_is_told_without_the_hint(rig: BufferRig) -> None:
    """That buffers would have kept what was read ahead."""
    rig.set(FlexSpi.LUTKEY, 0x5AF0_5AF0)
    rig.set(FlexSpi.LUTCR, 2)
    rig.set(FlexSpi.FLSHCR2, 1)
    rig.window.read(0x20)
    (told,) = rig.bench.diagnostics
    assert told.rule == "ahb-lut-open"
    assert "read ahead" not in told.message
