"""AHB buffers of FlexSPI (`ahb: "buffers"`): what was read ahead stays until it is dropped.

imxrt.md 3.1 and 3.7: AHBRXBUFnCR0 after reset has 32 entries of 8 bytes and prefetch; buffer 0 is
the core's. What drops it: MCR0.SWRESET, AHBCR.CLRAHBRXBUF, MDIS with MCR2.CLRAHBBUFOPT.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flexspi_fakes import ERASE_TIME, FakeChip, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

PREFETCH = 1 << 5
BLANK = 0xFFFF_FFFF


class BufferRig(Rig):
    """Prefetch is on, and 1,024 bytes of the chip count up."""

    def __init__(self) -> None:
        bench = Bench()
        self.chip = FakeChip(bench)
        super().__init__(
            self.chip, bench=bench, spi=FlexSpi(bench.system, name="flexspi", ahb="buffers")
        )
        self.chip.array[:1024] = bytes(range(256)) * 4
        self.enable()
        self.set(FlexSpi.AHBCR, 0x18 | PREFETCH)

    def erase(self) -> None:
        """The first sector, to its end."""
        self.command(3)
        self.command(5, 0)
        self.bench.clock.advance(ERASE_TIME + 1_000)

    @property
    def rules(self) -> list[str]:
        return [d.rule for d in self.bench.diagnostics]


@pytest.fixture
def rig() -> BufferRig:
    return BufferRig()


def test_a_miss_reads_ahead_and_a_hit_asks_nobody(rig: BufferRig) -> None:
    assert not any(segment.is_native for segment in rig.window.segments)
    assert rig.window.read(0x10) == 0x13121110
    assert (rig.chip.seen[-1].address, rig.chip.seen[-1].read) == (0x10, 256)
    rig.chip.seen.clear()
    before = rig.bench.clock.now
    assert rig.window.read(0x10C) == 0x0F0E0D0C
    assert rig.chip.seen == []
    assert rig.bench.clock.now == before
    assert rig.window.read(0x110) == 0x13121110
    assert rig.chip.seen[-1].address == 0x110, "it lies behind what was read ahead"


def test_no_more_is_read_ahead_than_the_chip_has(rig: BufferRig) -> None:
    rig.window.read(rig.chip.size - 0x20)
    assert (rig.chip.seen[-1].address, rig.chip.seen[-1].read) == (rig.chip.size - 0x20, 0x20)


def test_a_miss_takes_the_time_of_what_was_asked_for(rig: BufferRig) -> None:
    """At 100 MHz, 23 clocks to the data, 2 for each of four bytes, 3 to the rise of chip select."""
    rig.wait(1000)
    before = rig.bench.clock.now
    rig.window.read(0)
    assert rig.bench.clock.now - before == 10 * (23 + 8 + 3)


def test_what_was_read_ahead_is_stale_behind_an_erase_and_that_is_told(rig: BufferRig) -> None:
    rig.window.read(0)
    rig.erase()
    assert rig.window.read(0x40) == 0x43424140
    assert rig.rules == ["ahb-stale"]
    (told,) = rig.bench.diagnostics
    assert "AHB buffer 0" in told.message
    assert "SWRESET" in told.message
    rig.window.read(0x44)
    assert rig.rules == ["ahb-stale"], "once for each state"


@pytest.mark.parametrize(
    "drop",
    [
        lambda rig: rig.set(FlexSpi.MCR0, 0xFFFF_8011),
        lambda rig: rig.set(FlexSpi.AHBCR, 0x18 | PREFETCH | 2),
        lambda rig: (
            rig.set(FlexSpi.MCR2, 0x2000_01F7 | 1 << 11),
            rig.set(FlexSpi.MCR0, 0xFFFF_8012),
            rig.set(FlexSpi.MCR0, 0xFFFF_8010),
        ),
        lambda rig: rig.window.read(0x200),
    ],
    ids=["SWRESET", "CLRAHBRXBUF", "MDIS with CLRAHBBUFOPT", "eviction"],
)
def test_what_drops_it(rig: BufferRig, drop: Callable[[BufferRig], object]) -> None:
    rig.window.read(0)
    rig.erase()
    drop(rig)
    assert rig.window.read(0x40) == BLANK
    assert rig.rules == []


def test_mdis_alone_keeps_it(rig: BufferRig) -> None:
    rig.window.read(0)
    rig.erase()
    rig.set(FlexSpi.MCR0, 0xFFFF_8012)
    rig.set(FlexSpi.MCR0, 0xFFFF_8010)
    assert rig.window.read(0x40) == 0x43424140


@pytest.mark.parametrize("prefetch", [True, False])
def test_a_lut_that_is_rewritten_out_of_what_was_read_ahead(rig: BufferRig, prefetch: bool) -> None:
    """Zephyr's driver keeps its table in the flash whose sequence 0 it is about to replace."""
    if not prefetch:
        rig.set(FlexSpi.AHBCR, 0x18)
    rig.set(FlexSpi.LUTKEY, 0x5AF0_5AF0)
    rig.set(FlexSpi.LUTCR, 2)
    rig.window.read(0)
    rig.spi.write(FlexSpi.LUT.offset, 0x0403, 4)
    if prefetch:
        assert rig.window.read(0x40) == 0x43424140
        assert rig.rules == []
    else:
        with pytest.raises(BusError):
            rig.window.read(0x40)
        assert "ahb-lut-open" in rig.rules


def test_without_prefetch_a_burst_is_read(rig: BufferRig) -> None:
    rig.set(FlexSpi.AHBCR, 0x18)
    rig.window.read(0)
    assert rig.chip.seen[-1].read == 32


def test_a_read_of_the_busy_chip_stays_in_the_buffer(rig: BufferRig) -> None:
    rig.command(3)
    rig.command(5, 0x1000)
    assert rig.window.read(0x40) == BLANK
    rig.bench.clock.advance(ERASE_TIME + 1_000)
    assert rig.window.read(0x40) == BLANK
    assert rig.rules == ["xip-read-while-busy", "ahb-stale"]


def test_the_buffer_goes_with_a_snapshot(rig: BufferRig) -> None:
    rig.window.read(0)
    saved = rig.spi.save()
    rig.set(FlexSpi.MCR0, 0xFFFF_8011)
    rig.spi.load(saved)
    rig.erase()
    assert rig.window.read(0x40) == 0x43424140


@pytest.mark.parametrize(
    ("store", "size", "dropped"),
    [(0x1F, 1, False), (0x1E, 4, True), (0x11F, 1, True), (0x120, 1, False), (0x1C, 4, False)],
)
def test_a_store_drops_the_buffer_that_holds_its_place(
    rig: BufferRig, store: int, size: int, dropped: bool
) -> None:
    """What was read ahead is 20h to 11Fh. Sequence 10 programs."""
    rig.set(FlexSpi.FLSHCR2, 10 << 8)
    rig.window.read(0x20)
    rig.chip.seen.clear()
    rig.window.write(store, 0, size)
    rig.bench.clock.advance(ERASE_TIME)
    rig.chip.seen.clear()
    rig.window.read(0x20)
    assert [t.address for t in rig.chip.seen] == [0x20] * dropped


def test_without_a_buffer_every_read_is_a_cycle(rig: BufferRig) -> None:
    for index in range(4):
        rig.set(FlexSpi.AHBRXBUFCR0, 0x8000_0000 | index << 16, index)
    before = rig.bench.clock.now
    for _ in range(2):
        assert rig.window.read(0x10) == 0x13121110
    assert [(t.address, t.read) for t in rig.chip.seen] == [(0x10, 4)] * 2
    assert rig.bench.clock.now > before


@pytest.mark.parametrize(
    ("controls", "length"),
    [
        ((0x8000_0004, 0x8001_0020, 0x8002_0020, 0x8003_0020), 32),
        ((0x8001_0004, 0x8000_0008, 0x8002_0020, 0x8003_0020), 64),
        ((0x8001_0004, 0x8002_0008, 0x8000_0010, 0x8003_0020), 128),
        ((0x8001_0004, 0x8002_0008, 0x8003_0010, 0x8003_0020), 256),
        ((0x8000_0000, 0x8000_0008, 0x8003_0010, 0x8003_0020), 64),
        ((0x8000_00FF, 0x8001_0020, 0x8002_0020, 0x8003_0020), 2040),
    ],
)
def test_the_cores_buffer_is_the_first_of_its_master_or_the_last(
    rig: BufferRig, controls: tuple[int, ...], length: int
) -> None:
    """AHBRXBUFnCR0: BUFSZ times 8 bytes, MSTRID 0 for the core."""
    for index, control in enumerate(controls):
        rig.set(FlexSpi.AHBRXBUFCR0, control, index)
    rig.window.read(0)
    assert rig.chip.seen[-1].read == length
