"""Several functions in one device: two serial ports, a keyboard, and a mass storage beside them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from usb_firmware import MS, Board, S
from usb_functions import (
    KEYBOARD,
    KEYS,
    NOTIFY,
    REPORT_DESCRIPTOR,
    SECOND_IN,
    Composite,
    FakeSession,
    composite,
)

from xipsim.board.usb import Report, first_host
from xipsim.errors import UserError

ROOT = Path(__file__).parents[2]


def firmware_of(board: Board) -> Composite:
    assert isinstance(board.firmware, Composite)
    return board.firmware


def test_a_composite_device_enumerates_whole() -> None:
    board = composite(terminals=1)
    assert board.bench.events == []
    assert board.notes == [
        "USB f055:9802 at 480 Mbit/s: Maker, Composite, 123, first port, second port"
    ]
    assert board.idle


# -- serial ports ------------------------------------------------------------------------------


def test_each_port_has_its_own_terminal() -> None:
    board = composite(terminals=1)
    firmware, (second,) = firmware_of(board), board.more
    printed = bytearray()
    second.attach(printed.extend)
    assert (firmware.line_state, firmware.second_state) == (3, 3)
    assert second.opened_at is not None
    board.pc.type(b"to the first")
    second.type(b"to the second" * 100)
    firmware.print(b"from the first")
    firmware.send(SECOND_IN, b"from the second")
    board.run(2 * MS)
    assert (firmware.received, firmware.second) == (b"to the first", b"to the second" * 100)
    assert (board.printed, printed) == (b"from the first", b"from the second")


def test_a_port_is_closed_and_throttled_alone() -> None:
    board = composite(terminals=1)
    firmware, (second,) = firmware_of(board), board.more
    second.set_dtr(False)
    board.run(MS)
    assert (firmware.line_state, firmware.second_state) == (3, 0)
    assert (board.pc.opened_at is not None, second.opened_at) == (True, None)
    board.pc.throttle(True)
    second.set_dtr(True)
    board.run(MS)
    second.type(b"still")
    board.pc.type(b"both")
    firmware.print(b"unread")
    board.run(MS)
    assert (firmware.second, firmware.received, board.printed) == (b"still", b"both", b"")


def test_notifications_are_taken_and_are_no_output() -> None:
    """NXP's stack sends no data before its SERIAL_STATE, which answers DTR, has gone."""
    board = composite()
    board.run(MS)
    assert len(firmware_of(board).notified) == 1
    for on in (False, True):
        board.pc.set_dtr(on)
        board.run(MS)
    assert len(firmware_of(board).notified) == 2  # that of the closed port was taken when it opened
    assert board.printed == b""
    assert board.idle


def test_notifications_are_asked_for_at_their_interval() -> None:
    """bInterval 0, which stands for 1 at high speed: once in a microframe."""
    board = composite()
    board.run(MS)
    firmware = firmware_of(board)
    completed, times = firmware.completed, firmware.notified

    def again(address: int) -> None:
        completed(address)
        if address == NOTIFY and len(times) < 6:
            firmware.send(NOTIFY, bytes(8))

    firmware.completed = again  # type: ignore[method-assign]
    firmware.send(NOTIFY, bytes(8))
    board.run(MS)
    assert [after - before for before, after in pairwise(times[1:])] == [125_000] * 4


def test_what_a_second_port_did_not_take_is_lost_with_the_cable() -> None:
    board = composite(terminals=1)
    (second,) = board.more
    board.firmware.hold(True)
    second.type(bytes(2000))
    board.run(MS)
    board.pc.unplug()
    assert board.notes[-1] == "the port closed with 1488 typed bytes not taken: lost"
    assert (second.opened_at, second.pending) == (None, 0)


def test_a_port_without_a_terminal_is_a_note_and_a_terminal_without_a_port_stays_closed() -> None:
    board = composite()
    assert board.notes[-1] == (
        "the device has 2 serial ports, the board terminals for 1: the next is for a "
        "`Usb.Terminal @ pc 0`"
    )
    single = Board(terminals=1).open()
    assert single.more[0].opened_at is None
    single.more[0].type(b"waits")
    single.run(S)
    assert single.more[0].pending == 5


def test_a_reset_of_either_terminal_does_not_open_or_lose_twice() -> None:
    board = composite(terminals=1)
    saved = pickle.loads(pickle.dumps([m.save() for m in (board.usb, board.pc, *board.more)]))
    board.run(S)
    for model, state in zip((board.usb, board.pc, *board.more), saved, strict=True):
        model.load(state)
    board.more[0].type(b"x")
    board.run(MS)
    assert firmware_of(board).second == b"x"


# -- keyboard ----------------------------------------------------------------------------------


def test_reports_of_a_keyboard_are_kept() -> None:
    board = composite()
    firmware = firmware_of(board)
    assert firmware.idle_set
    descriptor = f"81 06 00 22 {KEYBOARD:02x} 00 {len(REPORT_DESCRIPTOR):02x} 00"
    assert bytes.fromhex(descriptor) in firmware.setups
    press, release = bytes((0, 0, 4, 0, 0, 0, 0, 0)), bytes(8)
    for report in (press, release):
        firmware.press(report)
        board.run(5 * MS)
    usb = first_host(FakeSession(board))  # type: ignore[arg-type]
    reports = usb.reports
    assert [(r.interface, r.data) for r in reports] == [(KEYBOARD, press), (KEYBOARD, release)]
    assert isinstance(reports[0], Report)
    assert 4 * MS < reports[1].time - reports[0].time < 6 * MS


def test_a_keyboard_whose_endpoint_is_halted_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    board = composite()
    monkeypatch.setattr("xipsim.peripherals.usb._hid.MOST", 2)
    firmware = firmware_of(board)
    firmware.halt(KEYS)
    board.run(5 * MS)
    for n in range(3):
        firmware.press(bytes((n,) * 8))
        board.run(5 * MS)
    assert [report for _, _, report in board.pc.reports()] == [b"\1" * 8, b"\2" * 8], "the last two"


def test_a_keyboard_is_polled_no_more_often_than_it_asks() -> None:
    """bInterval 4 at high speed: every 8 microframes (USB 2.0, table 9-13)."""
    board = composite()
    firmware = firmware_of(board)
    completed = firmware.completed
    left = [bytes((n,) * 8) for n in range(3)]

    def next_one(address: int) -> None:
        if address != KEYS:
            completed(address)
        elif left:
            firmware.press(left.pop())

    firmware.completed = next_one  # type: ignore[method-assign]
    firmware.press(bytes(8))
    board.run(20 * MS)
    times = [time for time, _, _ in board.pc.reports()]
    assert [after - before for before, after in pairwise(times)] == [MS] * 3
    assert board.idle


def test_a_board_whose_firmware_has_only_a_serial_port_imports_no_other_driver() -> None:
    script = f"""
import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests/unit')!r}]
from xipsim.peripherals import load
load("Usb")
from usb_firmware import Board
Board().open().pc.reports()
print(*sys.modules)
"""
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "xipsim.peripherals.usb.host" in out
    assert not {"xipsim.peripherals.usb._hid", "xipsim.peripherals.usb._storage"} & set(out)


def test_a_board_without_a_usb_port_says_so() -> None:
    session = FakeSession(Board())
    session.usb_hosts = []
    with pytest.raises(UserError, match="no PC at a USB port"):
        first_host(session)  # type: ignore[arg-type]


