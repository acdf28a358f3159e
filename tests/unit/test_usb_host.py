"""The PC against a firmware that works as TinyUSB does: enumeration, opening, cable, resets."""

from __future__ import annotations

import pickle
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from usb_firmware import (
    CTRL,
    DESCRIPTORS,
    MICROPYTHON,
    MS,
    SHUFFLED,
    SRI,
    USBINTR,
    USBSTS,
    Board,
    Layout,
    S,
)

from xipsim.peripherals.core import ResetCause


def request(packet: bytes) -> tuple[int, int, int, int, int]:
    kind, code, value, index, length = struct.unpack("<BBHHH", packet)
    return kind, code, value, index, length


@pytest.mark.parametrize("old", [False, True], ids=["TinyUSB 0.21", "TinyUSB of v1.18"])
@pytest.mark.parametrize("layout", [MICROPYTHON, SHUFFLED], ids=["micropython", "shuffled"])
def test_opens_the_serial_port_that_the_descriptors_describe(layout: Layout, old: bool) -> None:
    board = Board(layout, old=old).open()
    firmware = board.firmware
    assert firmware.line_coding == struct.pack("<IBBB", 115200, 0, 0, 8)
    assert firmware.line_state == 3
    assert (firmware.resets, firmware.late_resets) == (1, 0)
    board.pc.type(b"hello")
    firmware.print(b"world")
    board.run(MS)
    assert (firmware.received, board.printed) == (b"hello", b"world")
    assert board.bench.events == []
    assert board.usb.address == 1


def test_asks_what_a_pc_asks_in_its_order() -> None:
    board = Board().open()
    assert [request(setup) for setup in board.firmware.setups] == [
        (0x80, 6, 0x0100, 0, 8),
        (0x00, 5, 1, 0, 0),
        (0x80, 6, 0x0100, 0, 18),
        (0x80, 6, 0x0600, 0, 10),
        (0x80, 6, 0x0200, 0, 9),
        (0x80, 6, 0x0200, 0, 75),
        (0x80, 6, 0x0300, 0, 255),
        *((0x80, 6, 0x0300 | number, 0x409, 255) for number in (1, 2, 3, 4)),
        (0x00, 9, 1, 0, 0),
        (0x21, 0x20, 0, 0, 7),
        (0x21, 0x22, 3, 0, 0),
    ]
    assert "f055:9802" in board.notes[0]
    assert "MicroPython, Board in FS mode, 000000000000, Board CDC" in board.notes[0]


def test_opened_at_is_the_end_of_dtrs_status_stage() -> None:
    board = Board()
    board.firmware.start()
    while not board.firmware.line_state:
        assert board.pc.opened_at is None
        board.run(1000)
    board.run(20_000)
    assert board.pc.opened_at == pytest.approx(board.bench.clock.now, abs=20_000)


def test_refused_strings_do_not_stop_it() -> None:
    board = Board()
    board.firmware.refuse.add((6, 3))
    assert board.open().firmware.line_state == 3


def test_a_refused_line_coding_does_not_stop_it() -> None:
    board = Board()
    board.firmware.refuse.add((0x21, 0x20))
    assert board.open().firmware.line_state == 3


def test_a_refused_configuration_is_tried_again_after_five_seconds() -> None:
    board = Board()
    board.firmware.refuse.add((6, 2))
    board.firmware.start()
    board.run(100 * MS)
    assert board.pc.opened_at is None
    assert "stalled" in board.notes[-1]
    board.firmware.refuse.clear()
    board.run(5 * S)
    assert board.pc.opened_at is not None
    assert board.firmware.resets == 2


def test_a_broken_descriptor_is_a_note() -> None:
    board = Board(Layout(MICROPYTHON.configuration[:40] + bytes(35), 0, 0x82, 2))
    board.firmware.start()
    board.run(100 * MS)
    assert "length 0" in board.notes[-1]


def test_a_device_without_a_serial_port_is_left_alone() -> None:
    storage = SHUFFLED.configuration[:32].replace(b"\x09\x02\x5a", b"\x09\x02\x20", 1)
    board = Board(Layout(bytes((9, 2, 32)) + storage[3:], 0, 0x84, 0x06, value=3))
    board.firmware.start()
    board.run(100 * MS)
    assert "no CDC ACM" in board.notes[-1]
    assert board.pc.opened_at is None
    assert board.idle


@pytest.mark.parametrize("old", [False, True])
@given(
    holds=st.lists(st.tuples(st.integers(1000, 3 * MS), st.integers(1, 4_900 * MS)), max_size=12)
)
def test_waits_for_a_firmware_whose_interrupts_are_held_off(
    old: bool, holds: list[tuple[int, int]]
) -> None:
    board = Board(old=old)
    board.firmware.start()
    for free, held in holds:
        board.run(free)
        board.firmware.hold(True)
        board.run(held)
        board.firmware.hold(False)
    board.run(50 * MS)
    assert board.pc.opened_at is not None
    assert (board.firmware.resets, board.firmware.late_resets) == (1, 0)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("after", range(0, 12 * MS, MS // 2))
def test_resets_the_bus_again_after_five_seconds_without_an_answer(old: bool, after: int) -> None:
    board = Board(old=old)
    board.firmware.start()
    board.run(after)
    is_open = board.pc.opened_at is not None
    board.firmware.hold(True)
    board.run(6 * S)
    board.firmware.hold(False)
    board.run(50 * MS)
    assert board.pc.opened_at is not None
    assert any("resets the bus" in note for note in board.notes) != is_open
    assert board.firmware.late_resets == 0


def test_nothing_is_periodic_while_nothing_happens() -> None:
    board = Board().open()
    assert board.idle
    board.usb.write(USBINTR, board.usb.read(USBINTR) | SRI)
    assert not board.idle


def test_frames_start_only_while_the_firmware_wants_to_know() -> None:
    board = Board().open()
    seen = []
    isr = board.firmware.isr
    board.firmware.isr = lambda: seen.append(board.usb.read(USBSTS) & SRI) or isr()
    board.usb.write(USBINTR, board.usb.read(USBINTR) | SRI)
    board.run(2 * MS + 1000)
    assert seen == [SRI] * 16
    first = board.usb.read(0x14C)
    board.run(10 * MS)
    assert board.usb.read(0x14C) - first == 80
    board.usb.write(USBINTR, board.usb.read(USBINTR) & ~SRI)
    assert board.idle


def test_unplug_and_plug_again() -> None:
    board = Board().open()
    board.pc.unplug()
    assert board.pc.opened_at is None
    assert board.usb.read(0x184) & 0x81 == 0x80
    board.run(S)
    assert board.idle
    board.firmware.line_state = 0
    board.pc.plug()
    board.run(50 * MS)
    assert board.pc.opened_at is not None
    assert board.firmware.line_state == 3
    board.firmware.print(b"again")
    board.run(MS)
    assert board.printed == b"again"


@pytest.mark.parametrize("after", range(0, 12 * MS, MS // 4))
def test_unplugged_at_any_moment(after: int) -> None:
    board = Board()
    board.firmware.start()
    board.run(after)
    board.pc.unplug()
    board.run(S)
    board.pc.plug()
    board.run(50 * MS)
    assert board.pc.opened_at is not None
    assert not any("resets the bus" in note for note in board.notes)


def test_the_firmware_lets_go_of_the_bus_and_comes_back() -> None:
    board = Board().open()
    board.firmware.stop()
    assert board.pc.opened_at is None
    board.run(S)
    board.open()
    assert board.firmware.resets == 2


@pytest.mark.parametrize("pc_first", [False, True])
def test_a_reset_of_the_microcontroller_breaks_the_connection(pc_first: bool) -> None:
    board = Board().open()
    board.firmware.hold(True)
    board.pc.type(bytes(2000))
    board.run(MS)
    models = [board.usb, board.pc]
    for one in reversed(models) if pc_first else models:
        one.reset(ResetCause.SOFTWARE)
    assert board.pc.opened_at is None
    assert not board.usb.IRQ.level
    assert board.pc.pending == 0
    assert board.notes[-1] == "the port closed with 1488 typed bytes not taken: lost"
    board.run(S)
    assert board.idle
    board.firmware.hold(False)
    board.open()
    board.pc.type(b"x")
    board.run(MS)
    assert board.firmware.received.endswith(b"x")


def test_what_is_typed_before_the_port_opens_waits_for_it() -> None:
    board = Board()
    board.pc.type(b"early")
    board.run(S)
    assert board.pc.pending == 5
    board.open()
    assert board.firmware.received == b"early"
    assert board.pc.pending == 0


def test_closing_the_port_stops_the_data() -> None:
    board = Board().open()
    board.pc.set_dtr(False)
    board.run(MS)
    assert (board.firmware.line_state, board.pc.opened_at) == (0, None)
    board.firmware.print(b"unread")
    board.pc.type(b"unsent")
    board.run(MS)
    assert (board.printed, board.firmware.received) == (b"", b"")
    board.pc.set_line_coding(1200)
    board.pc.set_dtr(True)
    board.run(MS)
    assert board.firmware.line_coding[:4] == (1200).to_bytes(4, "little")
    assert (board.firmware.line_state, board.printed) == (3, b"unread")


def test_an_open_port_takes_notifications() -> None:
    """As Linux's cdc_acm does; NXP's stack sends no more until its first one has gone."""
    board = Board().open()
    board.firmware.queue_head(0x81, 8)
    board.usb.write(CTRL + 4, board.usb.read(CTRL + 4) | 0xCC << 16)  # an interrupt endpoint
    where = DESCRIPTORS + 32 * board.firmware.index(0x81)
    for _ in range(2):
        board.firmware.send(0x81, b"\xa1\x20\0\0\0\0\x02\0")
        assert board.bench.bus.read(where + 4, 1)[0] & 0x80, "active"
        board.run(20 * MS)
        assert not board.bench.bus.read(where + 4, 1)[0] & 0x80


def test_an_open_port_has_patience() -> None:
    board = Board().open()
    opened_at = board.pc.opened_at
    board.firmware.hold(True)
    board.pc.set_line_coding(9600)
    board.run(20 * S)
    board.firmware.hold(False)
    board.run(MS)
    assert board.firmware.line_coding[:4] == (9600).to_bytes(4, "little")
    assert (board.pc.opened_at, board.firmware.resets) == (opened_at, 1)


def test_a_port_that_nobody_wants_open_stays_closed() -> None:
    board = Board()
    board.pc.set_dtr(False)
    board.firmware.start()
    board.run(50 * MS)
    assert board.firmware.line_coding
    assert (board.firmware.line_state, board.pc.opened_at) == (0, None)


@pytest.mark.parametrize("old", [False, True])
def test_a_full_speed_device_is_enumerated_too(old: bool) -> None:
    board = Board(old=old)
    board.firmware.start()
    board.usb.write(0x184, 1 << 24)
    board.run(50 * MS)
    assert board.pc.opened_at is not None
    assert board.usb.read(0x184) >> 26 & 3 == 0


def test_saving_and_loading_at_any_moment_changes_nothing() -> None:
    quiet = Board().open()
    board = Board()
    board.firmware.start()
    for _ in range(500):
        saved = pickle.loads(pickle.dumps([board.usb.save(), board.pc.save()]))
        board.usb.load(saved[0])
        board.pc.load(saved[1])
        board.run(100_000)
    assert board.pc.opened_at == quiet.pc.opened_at
    assert board.firmware.setups == quiet.firmware.setups


def test_two_runs_are_the_same() -> None:
    first, second = Board().open(), Board().open()
    assert first.pc.opened_at == second.pc.opened_at
    assert first.pc.save() == second.pc.save()
