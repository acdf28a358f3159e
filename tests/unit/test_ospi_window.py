"""OSPI's window: which chip it shows and when, its mode bits, what is told of it, stores.

Expected values: the vendor's SVD file, alif.md 3.5 to 3.7, clocks by hand: BAUDR 4 makes one of
10 ns.
"""

from __future__ import annotations

import pytest
from ospi_driver import CTRLR0, SSIENR, XIP_SER, Driver
from test_ospi import (
    MASTER,
    RECEIVE,
    Rig,
    xip,
)  # fmt: skip
from test_ospi_edges import (
    WRITE_CTRL,
    WRITE_INCR,
    XIP_MODE,
    XIP_MODE_EN,
)

from xipsim.peripherals.core import ResetCause


def mark(rig: Rig) -> None:
    """Give each chip cells of its own."""
    for number, chip in enumerate(rig.chips):
        chip.array[:] = bytes([0x50 + number]) * chip.size


@pytest.mark.parametrize(("selects", "shown"), [((0, 1), 0x50), ((1,), 0x51)])
def test_before_it_is_set_up_a_look_shows_the_first_chip(
    selects: tuple[int, ...], shown: int
) -> None:
    rig = Rig(selects)
    mark(rig)
    assert rig.window.peek(0x10, 2) == shown << 8 | shown


def test_the_window_follows_its_select_to_and_fro() -> None:
    rig = Rig()
    mark(rig)
    for select, shown in ((1, 0x50), (2, 0x51), (1, 0x50), (2, 0x51)):
        rig.w(XIP_SER, select)
        assert rig.window.peek(0, 1) == shown
        assert len(rig.window.segments) == 1


def test_a_snapshot_of_the_second_chips_window() -> None:
    rig, other = Rig(), Rig()
    for each in (rig, other):
        mark(each)
    rig.w(XIP_SER, 2)
    other.ospi.load(rig.ospi.save())
    assert other.window.peek(0, 1) == 0x51
    rig.ospi.reset(ResetCause.SOFTWARE)
    assert rig.r(XIP_SER) == 0


def test_a_reset_ends_the_native_window() -> None:
    d = Driver()
    d.start()
    d.look(0, 4)
    assert d.window.segments[0].is_native
    d.ospi.reset(ResetCause.SOFTWARE)
    assert not any(segment.is_native for segment in d.window.segments)
    assert d.look(0, 4) == b"\xff" * 4


def test_what_is_programmed_while_the_window_is_native_is_seen_there() -> None:
    d = Driver()
    d.start()
    d.look(0, 4)
    d.chip.program(0x10, bytes(range(64)))
    assert d.window.segments[0].is_native
    assert d.look(0x10, 64) == bytes(range(64))


def test_frames_of_32_bits_are_never_native() -> None:
    """Memory has them turned round, which no copy shows."""
    d = Driver()
    d.start()
    d.chip.program(0x100, bytes(range(16)))
    d.w((SSIENR, 0), (CTRLR0, 0x80C0_081F), (SSIENR, 1))
    for _ in range(2):
        assert d.look(0x100, 8) == bytes((3, 2, 1, 0, 7, 6, 5, 4))
    assert d.ospi.read_flash(0x102, 4) == bytes((1, 0, 7, 6))
    assert not any(segment.is_native for segment in d.window.segments)


def test_frames_of_the_window_have_a_byte_at_least() -> None:
    rig = Rig()
    xip(rig, ctrlr0=0x80C0_0803)
    assert rig.window.read(0x100, 4) == 0x1312_1110


@pytest.mark.parametrize("code", range(4))
@pytest.mark.parametrize(("lines", "lanes"), [(1, 2), (2, 4), (3, 8)])
@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("ddr", [0, 1])
def test_mode_bits_go_as_the_address_does(
    code: int, lines: int, lanes: int, kind: int, ddr: int
) -> None:
    """2, 4, 8 or 16 of them; the difference to a read without them."""
    times = []
    for mode in (0, XIP_MODE_EN):
        rig = Rig()
        rig.w(XIP_MODE, 0)
        ctrl = lines | kind << 2 | 8 << 4 | 2 << 9 | ddr << 19 | 1 << 22 | code << 26 | mode
        xip(rig, ctrl=ctrl, ctrlr0=MASTER | RECEIVE | lines << 22 | 7)
        rig.window.read(0, 4)
        times.append(rig.bench.clock.now)
    width = (lanes if kind else 1) << ddr
    assert times[1] - times[0] == 10 * -(-(2, 4, 8, 16)[code] // width)


def test_a_busy_chip_is_told_once_for_each_operation() -> None:
    d = Driver()
    d.start()
    d.look(0, 4)
    d.write_enable()
    d.send(d.settings.erase, 0)
    d.restore_xip()
    end = d.chip.busy_until
    d.look(0x40, 8)
    (told,) = [x for x in d.bench.diagnostics if x.rule == "xip-read-while-busy"]
    assert told.address == 0x40
    assert told.message.endswith(f"at 0x40 while busy until {end} ns")


def test_a_chip_that_is_busy_for_ever() -> None:
    rig = Rig()
    rig.chips[0].busy = True
    xip(rig)
    rig.window.read(0x40, 4)
    assert [d.message for d in rig.bench.diagnostics] == [
        "chip was read through the window at 0x40 while busy for ever"
    ]


@pytest.mark.parametrize("store", [False, True])
def test_a_window_that_does_not_work_is_told_once_for_each_place_in_the_code(store: bool) -> None:
    rig = Rig()
    for pc, offset in ((0x1000, 8), (0x1000, 12), (0x2000, 16)):
        rig.bench.pc = pc
        rig.window.write(offset, 0) if store else rig.window.read(offset)
    assert [(d.pc, d.address) for d in rig.bench.diagnostics] == [(0x1000, 8), (0x2000, 16)]


def set_up_stores(rig: Rig, control: int) -> None:
    xip(rig)
    rig.w(SSIENR, 0)
    rig.w(WRITE_INCR, 0xC2)
    rig.w(WRITE_CTRL, control)
    rig.w(SSIENR, 1)


def test_a_store_goes_to_the_chip_of_the_window() -> None:
    rig = Rig()
    set_up_stores(rig, 3 | 2 << 2 | 8 << 4 | 2 << 8)
    rig.w(SSIENR, 0)
    rig.w(XIP_SER, 2)
    rig.w(SSIENR, 1)
    rig.window.write(0x100, 1)
    assert [len(chip.seen) for chip in rig.chips] == [0, 1]


def test_a_store_without_an_address() -> None:
    rig = Rig()
    set_up_stores(rig, 3 | 2 << 8)
    rig.window.write(0x100, 1)
    assert (rig.last.opcode, rig.last.address, rig.last.write) == (0xC2, None, b"\1\0\0\0")


def test_a_store_where_no_chip_is() -> None:
    rig = Rig(selects=())
    set_up_stores(rig, 3 | 2 << 2 | 8 << 4 | 2 << 8)
    rig.window.write(0x100, 1)
    assert [d.message for d in rig.bench.diagnostics] == [
        "a store to the window at 0x100 is lost: no chip"
    ]


def test_a_store_of_one_frame_of_16_bits() -> None:
    rig = Rig()
    xip(rig, ctrl=0x02FD468B, opcode=0xEE11, ctrlr0=0x80C0080F)
    rig.w(SSIENR, 0)
    rig.w(WRITE_CTRL, 3 | 2 << 2 | 8 << 4 | 3 << 8)
    rig.w(SSIENR, 1)
    rig.window.write(0x102, 0x5566, 2)
    assert rig.last.write == b"\x55\x66"
