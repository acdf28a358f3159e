"""DWC3 device controller against the PC, driven as Alif's driver for TinyUSB does. (alif.md 7.8)"""

from __future__ import annotations

import struct

import pytest
from dwc3_firmware import (
    CMD,
    DCTL,
    DEVTEN,
    DSTS,
    GEVNTADRLO,
    GEVNTCOUNT,
    GEVNTSIZ,
    RING,
    SETUP,
    SETUP_TRB,
    TASK,
    TRBS,
    Board,
    Firmware,
)
from usb_firmware import MICROPYTHON, MS, S

from xipsim.peripherals.alif.usb import Usb
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.usb.link import Handshake, Speed

RESET, CONNECT_DONE, DISCONNECT = 0x101, 0x201, 0x001
SETUP_PACKET = bytes((0x80, 6, 0, 1, 0, 0, 18, 0))


def device(bench: Bench) -> tuple[Usb, Firmware]:
    """A controller without a host, whose firmware has started; its interrupts go nowhere."""
    usb = Usb(bench.system, name="usb")
    firmware = Firmware(bench, usb, MICROPYTHON)
    firmware.start()
    return usb, firmware


def events(bench: Bench, usb: Usb) -> list[int]:
    """The events in the ring, from its beginning, without taking them back."""
    count = usb.read(GEVNTCOUNT) // 4
    return list(struct.unpack(f"<{count}I", bench.bus.read(RING, 4 * count)))


def trb(bench: Bench, number: int) -> tuple[int, int]:
    """Remaining size and HWO."""
    left, control = struct.unpack("<2I", bench.bus.read(TRBS + 32 * number + 8, 8))
    return left, control & 1


def test_without_a_host_nothing_happens() -> None:
    bench = Bench()
    usb, _ = device(bench)
    bench.clock.advance(10 * S)
    assert usb.pull_up and usb.read(GEVNTCOUNT) == 0 and not usb.IRQ.level
    assert bench.events == []


def test_the_port_opens_and_carries_both_directions() -> None:
    board = Board().open()
    assert board.firmware.resets == 1 and board.firmware.line_state == 3
    assert "USB f055:9802 at 480 Mbit/s" in board.notes[0]
    board.firmware.print(b"hello", bytes(512), b"", b"x" * 1000)
    board.pc.type(b"print(1)\r\n" * 200)
    board.run(100 * MS)
    assert board.printed == b"hello" + bytes(512) + b"x" * 1000
    assert board.firmware.received == b"print(1)\r\n" * 200
    assert board.bench.events == []


def test_the_address_takes_effect_with_the_status_stage() -> None:
    board = Board().open()
    assert board.usb.DEVADDR == 1
    assert board.usb.setup(0, SETUP_PACKET) is Handshake.NAK


def test_a_refused_request_is_stalled_until_the_next_setup() -> None:
    board = Board().open()
    assert [s for s in board.firmware.setups if s[1] == 6 and s[3] == 6], "device qualifier"
    assert board.firmware.configured


def test_a_reset_waits_until_endpoint_0_is_armed() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    usb.begin_reset()
    assert events(bench, usb) == [RESET] and usb.IRQ.level
    assert usb.end_reset() is None, "the firmware has not handled it"
    usb.write(GEVNTCOUNT, 4)
    assert not usb.IRQ.level
    assert usb.end_reset() is Speed.HIGH
    firmware.interrupt()
    firmware.command(0, 8)
    usb.begin_reset()
    assert usb.read(GEVNTCOUNT) == 0 and usb.end_reset() is None
    firmware.arm_setup()
    assert usb.read(GEVNTCOUNT) == 4


def test_a_setup_completes_its_trb() -> None:
    bench = Bench()
    usb, _ = device(bench)
    assert trb(bench, 0) == (8, 1)
    assert usb.setup(0, SETUP_PACKET) is Handshake.ACK
    assert bench.bus.read(SETUP, 8) == SETUP_PACKET and trb(bench, 0) == (0, 0)
    (event,) = events(bench, usb)
    assert event & 0xFFF == 1 << 6, "endpoint 0, complete"
    assert usb.setup(0, SETUP_PACKET) is Handshake.NAK


def test_not_ready_is_told_once_for_each_stage() -> None:
    bench = Bench()
    usb, _ = device(bench)
    usb.setup(0, SETUP_PACKET)
    for _ in range(3):
        assert usb.take(0x80) is Handshake.NAK
        assert usb.give(0x00, b"") is Handshake.NAK
    assert [hex(event) for event in events(bench, usb)[1:]] == ["0x10c2", "0x20c0"]


def test_an_out_packet_leaves_what_remains_of_512() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    firmware.configure_endpoint(4, 512, 2)
    firmware.receive()
    assert usb.give(0x02, b"abc") is Handshake.ACK
    assert trb(bench, 4) == (509, 0)
    assert usb.give(0x02, b"d") is Handshake.NAK


@pytest.mark.parametrize(("length", "event"), [(3, 0xA048), (512, 0x8048)])
def test_the_end_of_a_transfer_says_whether_a_short_packet_made_it(length: int, event: int) -> None:
    """XferComplete of endpoint 4: bit 3 of its status is LST, bit 1 SHORT (Linux' dwc3)."""
    bench = Bench()
    usb, firmware = device(bench)
    firmware.configure_endpoint(4, 512, 2)
    firmware.receive()
    usb.give(0x02, bytes(length))
    assert [hex(one) for one in events(bench, usb)] == [hex(event)]


def test_start_transfer_fails_while_one_is_under_way() -> None:
    _, firmware = device(Bench())
    assert firmware.arm_setup() == 1
    assert firmware.command(0, 8) == 0
    assert firmware.arm_setup() == 0


def test_stall_and_clear_stall_of_a_bulk_endpoint() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    firmware.configure_endpoint(5, 512, 2)
    firmware.command(5, 4)
    assert usb.take(0x82) is Handshake.STALL
    firmware.command(5, 5)
    assert usb.take(0x82) is Handshake.NAK


def test_the_cable_can_be_pulled_and_put_in_again() -> None:
    board = Board().open()
    board.pc.unplug()
    board.run(10 * MS)
    assert not board.firmware.configured and board.pc.opened_at is None
    assert DISCONNECT in board.firmware.events
    board.pc.plug()
    board.run(100 * MS)
    assert board.pc.opened_at is not None and board.firmware.resets == 2
    board.firmware.print(b"again")
    board.pc.type(b"typed")
    board.run(10 * MS)
    assert board.printed == b"again" and board.firmware.received == b"typed"


def test_a_firmware_that_never_answers_is_given_up_and_reset_again() -> None:
    board = Board()
    board.firmware.deaf = True
    board.firmware.start()
    board.run(6 * S)
    assert board.pc.opened_at is None
    assert any("the host resets the bus" in note for note in board.notes)


def test_a_warm_reset_of_the_board_detaches_and_comes_back() -> None:
    board = Board().open()
    for one in (board.usb, board.pc):
        one.reset(ResetCause.SOFTWARE)
    assert board.usb.read(DCTL) == 0 and board.pc.opened_at is None
    board.open()


def test_the_ring_wraps_and_overflows_with_a_report() -> None:
    bench = Bench()
    usb, _ = device(bench)
    usb.write(GEVNTADRLO, RING)
    usb.write(GEVNTSIZ, 8)
    usb.begin_reset()
    usb.end_reset()
    usb.write(GEVNTCOUNT, 4)
    usb.end_reset()
    usb.write(GEVNTCOUNT, 4)
    usb.end_reset()
    assert bench.bus.read(RING, 4) == CONNECT_DONE.to_bytes(4, "little"), "third event, first slot"
    usb.begin_reset()
    usb.begin_reset()
    assert [d.rule for d in bench.diagnostics] == ["usb-event-overflow"]


def test_the_masked_ring_does_not_interrupt() -> None:
    bench = Bench()
    usb, _ = device(bench)
    usb.write(GEVNTSIZ, 4096 | 1 << 31)
    usb.begin_reset()
    assert not usb.IRQ.level
    usb.write(GEVNTSIZ, 4096)
    assert usb.IRQ.level


def test_memory_that_is_not_there_is_reported() -> None:
    bench = Bench()
    usb, _ = device(bench)
    usb.write(0xC814, 0xDEAD_0000)
    usb.write(0xC81C, 6 | 1 << 10)
    assert [d.rule for d in bench.diagnostics] == ["usb-bus-error"]


def test_start_of_frame_events_come_while_they_are_enabled() -> None:
    board = Board().open()
    board.firmware.events.clear()
    board.usb.write(DEVTEN, 0x8F)
    board.run(1 * MS + TASK)
    assert board.firmware.events == [0x701] * 8
    board.usb.write(DEVTEN, 0x0F)
    board.run(1 * MS)
    assert len(board.firmware.events) == 8


def test_device_status() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    assert usb.read(DSTS) & 7 == 0 and not usb.read(DSTS) & 1 << 22
    bench.clock.advance(1_500 * MS - bench.clock.now)
    assert usb.read(DSTS) >> 3 & 0x3FFF == 12_000, "SOFFN: eight microframes a millisecond"
    firmware.stop()
    assert usb.read(DSTS) & 1 << 22


@pytest.mark.parametrize("at", [3 * MS, 5 * MS, 8 * MS, 20 * MS])
def test_saved_in_the_middle_it_goes_on_alike(at: int) -> None:
    board = Board()
    board.firmware.start()
    board.run(at)
    saved = board.usb.save()
    board.usb.load(saved)
    assert board.usb.save() == saved
    board.run(100 * MS)
    assert board.pc.opened_at is not None


def test_commands_and_kinds_that_are_not_modelled_are_gaps() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    firmware.command(4, 7)
    assert len(bench.gaps) == 1 and "command 7" in bench.gaps[0].what
    assert usb.read(CMD + 64) == 7 and SETUP_TRB == 2
