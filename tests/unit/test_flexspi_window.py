"""FlexSPI's XIP window: what is native when, and what else the core reads. imxrt.md 3.6, 3.7."""

from __future__ import annotations

from itertools import pairwise

import pytest
from flexspi_fakes import ERASE_TIME, MIMXRT_LUT, FakeChip, Rig

from xipsim.peripherals.core import BusError, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.bus import Transaction


@pytest.fixture
def chip_and_rig():
    bench = Bench()
    chip = FakeChip(bench)
    chip.array[:4] = b"\x78\x56\x34\x12"
    rig = Rig(chip, bench=bench)
    rig.enable()
    return chip, rig


def served(rig: Rig) -> list[tuple[int, int]]:
    """Offsets and sizes of the segments that are native."""
    return [(s.offset, len(s.bytes)) for s in rig.window.segments if s.is_native]


def native(rig: Rig) -> list[bool]:
    return [segment.is_native for segment in rig.window.segments]


def test_native_once_configured(chip_and_rig):
    chip, rig = chip_and_rig
    assert native(rig) == [True]
    assert rig.window.read(0) == 0x12345678
    assert chip.seen == [], "a native read makes no transaction"


def test_not_native_after_reset(chip_and_rig):
    _, rig = chip_and_rig
    rig.spi.reset(ResetCause.SOFTWARE)
    assert native(rig) == [False]
    with pytest.raises(BusError):
        rig.window.read(0)


def test_disabling_the_module_and_enabling_it_again(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.MCR0, 0xFFFF_8012)
    assert native(rig) == [False]
    rig.set(FlexSpi.MCR0, 0xFFFF_8010)
    assert native(rig) == [True]


@pytest.mark.parametrize(
    ("register", "value"),
    [
        (FlexSpi.FLSHCR2, 0x1),
        (FlexSpi.FLSHCR2, 0x20),
        (FlexSpi.FLSHCR1, 0x463),
        (FlexSpi.FLSHCR0, 0),
    ],
)
def test_settings_that_end_native_reads(chip_and_rig, register, value):
    _, rig = chip_and_rig
    before = rig.get(register)
    rig.set(register, value)
    assert native(rig) in ([False], [])
    rig.set(register, before)
    assert native(rig) == [True]


def test_wrong_lut_ends_native_reads(chip_and_rig):
    chip, rig = chip_and_rig
    lut = list(MIMXRT_LUT)
    lut[1] = 0x26043204
    rig.load_lut(lut)
    assert native(rig) == [False]
    assert rig.window.read(0) == 0xFFFF_FFFF
    assert (chip.seen[-1].opcode, chip.seen[-1].dummy) == (0xEB, 4)
    rig.load_lut(MIMXRT_LUT)
    assert native(rig) == [True]


def test_rewriting_the_same_lut_leaves_the_segment_alone(chip_and_rig, monkeypatch):
    _, rig = chip_and_rig
    calls = []
    monkeypatch.setattr(rig.window.segments[0], "native", calls.append)
    rig.load_lut(MIMXRT_LUT)
    rig.set(FlexSpi.MCR0, 0xFFFF_8011)
    assert calls == []


def test_busy_chip_is_read_through_the_bus(chip_and_rig):
    chip, rig = chip_and_rig
    rig.bench.pc = 0x6000_2468
    rig.command(3)
    rig.command(5, 0x1000)
    assert native(rig) == [False]
    assert rig.window.read(0) == 0xFFFF_FFFF
    rig.window.read(8)
    (told,) = rig.bench.diagnostics
    assert (told.rule, told.pc, told.address) == ("xip-read-while-busy", 0x6000_2468, 0)
    rig.bench.clock.advance(ERASE_TIME)
    chip.changed()
    assert native(rig) == [True]
    rig.command(3)
    rig.command(5, 0x2000)
    rig.window.read(4)
    assert len(rig.bench.diagnostics) == 2, "told once for each operation"


def test_changed_cells_are_copied_and_no_others(chip_and_rig):
    _, rig = chip_and_rig
    rig.window.segments[0].bytes[0x200] = 0x55
    rig.command(3)
    rig.send(10, 0x100, b"new data")
    assert rig.window.segments[0].bytes[0x100:0x108] == b"new data"
    assert rig.window.segments[0].bytes[0x200] == 0x55


def test_page_program_switches_the_segment_off_once(chip_and_rig, monkeypatch):
    _, rig = chip_and_rig
    calls = []
    rig.command(3)
    monkeypatch.setattr(rig.window.segments[0], "native", calls.append)
    rig.send(10, 0x100, bytes(256))
    assert calls == [False]


def test_window_during_an_ip_command_gets_no_grant(chip_and_rig):
    _, rig = chip_and_rig
    rig.start(10, 0, 16)
    with pytest.raises(BusError):
        rig.window.read(0)
    assert rig.get(FlexSpi.INTR) & 4, "AHBCMDGE"


def test_addresses_beyond_the_chip_wrap_and_beyond_the_sizes_fault(chip_and_rig):
    chip, rig = chip_and_rig
    rig.set(FlexSpi.FLSHCR0, 128)
    assert rig.window.read(chip.size) == 0x12345678
    assert chip.seen[-1].address == chip.size
    with pytest.raises(BusError):
        rig.window.read(128 << 10)


def test_size_of_the_segment_follows_the_register(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.FLSHCR0, 32)
    assert served(rig) == [(0, 32 << 10)]
    assert rig.window.segments[0].bytes[:4] == b"\x78\x56\x34\x12"


def test_sizes_that_go_to_and_fro_need_no_new_segments(chip_and_rig):
    """A segment has memory of its own in the engine: 200 writes of FLSHA1CR0 took 1.3 GB."""
    chip, rig = chip_and_rig
    rig.set(FlexSpi.FLSHCR0, 32)
    rig.set(FlexSpi.FLSHCR0, 16)
    segments = list(rig.window.segments)
    for size in (32, 64, 16, 64, 32, 32, 128, 16) * 10:
        rig.set(FlexSpi.FLSHCR0, size)
        assert rig.window.segments == segments
        assert sum(length for _, length in served(rig)) == min(size << 10, chip.size)
        with pytest.raises(BusError):
            rig.window.read(size << 10)
    assert rig.window.peek(16 << 10, 2) == 0xFFFF, "hidden behind the size of now"


def test_segments_that_are_not_needed_are_unmapped():
    bench = Bench()
    rig = Rig(FakeChip(bench), FakeChip(bench, name="a2"), bench=bench)
    for _ in range(10):
        for sizes in ((64, 64), (32, 64), (64, 0)):
            rig.enable(sizes=(*sizes, 0, 0))
            ends = [(s.offset, s.offset + len(s.bytes)) for s in rig.window.segments]
            assert all(a[1] <= b[0] for a, b in pairwise(sorted(ends))), "none lies over another"
            assert sum(length for _, length in served(rig)) == sum(sizes) << 10
            assert len(ends) <= 4


def test_three_byte_addresses_show_sixteen_megabytes():
    bench = Bench()
    rig = Rig(FakeChip(bench, size=32 << 20), bench=bench)
    rig.enable(sizes=(32 << 10, 0, 0, 0))
    assert served(rig) == [(0, 16 << 20)]


def test_second_chip_moves_with_the_size_of_the_first():
    bench = Bench()
    second = FakeChip(bench, name="a2")
    second.array[:2] = b"\x02\0"
    rig = Rig(FakeChip(bench), second, bench=bench)
    rig.enable(sizes=(64, 64, 0, 0))
    assert native(rig) == [True, True]
    assert rig.window.read(0x10000, 2) == 2
    rig.set(FlexSpi.FLSHCR0, 128)
    assert rig.window.read(0x20000, 2) == 2
    assert {s.offset for s in rig.window.segments} == {0, 0x20000}


def test_sequence_without_read_times_out_on_the_bus(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.FLSHCR2, 3)
    with pytest.raises(BusError):
        rig.window.read(0)
    assert rig.get(FlexSpi.INTR) & 0x400, "AHBBUSTIMEOUT"


def test_the_bus_waits_for_data_that_do_not_come_before_it_gives_up(chip_and_rig):
    """MCR1.AHBBUSWAIT, here 2: 2,048 AHB clocks of 600 MHz."""
    _, rig = chip_and_rig
    rig.set(FlexSpi.MCR1, 0xFFFF_0002)
    rig.set(FlexSpi.FLSHCR2, 3)
    before = rig.bench.clock.now
    with pytest.raises(BusError):
        rig.window.read(0)
    assert rig.bench.clock.now - before == 3_414


def test_a_read_while_the_lut_is_rewritten_tells_how_silicon_may_differ(chip_and_rig):
    _, rig = chip_and_rig
    rig.set(FlexSpi.LUTKEY, 0x5AF0_5AF0)
    rig.set(FlexSpi.LUTCR, 2)
    rig.set(FlexSpi.FLSHCR2, 3)
    with pytest.raises(BusError):
        rig.window.read(0)
    told = {d.rule: d.message for d in rig.bench.diagnostics}
    assert 'ahb "buffers"' in told["ahb-lut-open"]


def test_ahb_sequence_with_an_error(chip_and_rig):
    _, rig = chip_and_rig
    rig.load_lut([0x3800_0403])
    with pytest.raises(BusError):
        rig.window.read(0)
    assert rig.get(FlexSpi.INTR) & 0x10, "AHBCMDERR"
    assert rig.get(FlexSpi.STS1) == 3 << 8
    rig.set(FlexSpi.INTR, 0x10)
    assert rig.get(FlexSpi.STS1) == 0


def test_jump_on_cs_leaves_the_opcode_out_from_the_second_read_on():
    """EBh with mode bits A0h, then JMP_ON_CS 1: continuous read."""
    bench = Bench()
    chip = FakeChip(bench)
    rig = Rig(chip, bench=bench)
    chip.reads_array = lambda t: t.opcode is None and t.mode == 0xA0  # type: ignore[method-assign]
    rig.enable(0x0A1804EB, 0x3204_1EA0, 0x7C01_2604)
    assert native(rig) == [False]
    rig.window.read(0)
    assert (chip.seen[0].opcode, chip.seen[0].mode) == (0xEB, 0xA0)
    assert native(rig) == [True]
    rig.set(FlexSpi.FLSHCR2, 1 << 31)
    assert rig.get(FlexSpi.FLSHCR2) == 0
    assert native(rig) == [False], "CLRINSTRPTR: the next read sends the opcode"


def test_read_that_jumps_is_native_only_where_the_jump_leads():
    bench = Bench()
    chip = FakeChip(bench)
    rig = Rig(chip, bench=bench)
    chip.reads_array = lambda t: True  # type: ignore[method-assign]
    rig.enable(0x0A1804EB, 0x3204_1EA0, 0x7C01_2604)
    assert native(rig) == [False]


def test_store_without_a_write_sequence_is_lost(chip_and_rig):
    chip, rig = chip_and_rig
    rig.window.write(0, 0)
    rig.window.write(4, 0)
    assert chip.seen == []
    assert rig.window.read(0) == 0x12345678
    assert [d.rule for d in rig.bench.diagnostics] == ["xip-store"]


def test_store_with_a_write_sequence_reaches_the_chip(chip_and_rig):
    chip, rig = chip_and_rig
    rig.set(FlexSpi.FLSHCR2, 10 << 8)
    rig.window.write(0x20, 0x1234, 2)
    assert chip.seen == [
        Transaction(opcode=0x32, address=0x20, address_bits=24, data_lanes=4, write=b"\x34\x12")
    ]
    assert chip.array[0x20] == 0xFF, "write enable was missing"


def test_load_restores_what_is_native(chip_and_rig):
    _, rig = chip_and_rig
    saved = rig.spi.save()
    rig.set(FlexSpi.MCR0, 0xFFFF_8012)
    assert native(rig) == [False]
    rig.spi.load(saved)
    assert native(rig) == [True]


def test_looking_into_the_window_of_a_busy_chip(chip_and_rig):
    """The cells, and nothing that the chip or the report would notice."""
    chip, rig = chip_and_rig
    rig.command(3)
    rig.command(5, 0x1000)
    seen, saved = list(chip.seen), rig.spi.save()
    assert rig.window.peek(0) == 0x12345678
    assert rig.window.peek(2, 8) == int.from_bytes(chip.array[2:10], "little")
    assert rig.window.peek(len(chip.array), 2) == 0xFFFF, "nothing answers behind the chip"
    assert (chip.seen, rig.spi.save(), rig.bench.diagnostics) == (seen, saved, [])
