"""The DWC3 device controller command by command: packet sizes, events, states of the link, resets.

Registers, commands and TRBs: Synopsys's DWC3 data book as Linux' dwc3 (core.h, gadget.h) and Alif's
driver for TinyUSB have them; alif.md 7.8.
"""

from __future__ import annotations

import struct

import pytest
from dwc3_firmware import (
    BUFFERS,
    CMD,
    DATA,
    DCFG,
    DCTL,
    DEVTEN,
    DSTS,
    GCTL,
    GEVNTADRLO,
    GEVNTCOUNT,
    GEVNTSIZ,
    GSTS,
    MEMORY,
    NORMAL,
    PAR0,
    PAR1,
    RING,
    SETUP_TRB,
    STATUS_2,
    STATUS_3,
    TRBS,
    ZLP,
    Firmware,
)
from test_alif_usb import SETUP_PACKET, device, events, trb
from usb_firmware import MICROPYTHON, MS

from xipsim.peripherals.alif.usb import Usb
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.usb.link import Handshake, Speed

CONFIGURE, STALL, CLEAR_STALL, START, END = 1, 4, 5, 6, 8
COMPLETE, NOT_READY = 1 << 8, 1 << 10
"""DEPCFG, PAR1: which events are wanted."""
NO_RESOURCE = 1
ON, DISCONNECTED, RESETTING = 0, 4, 14
IN2, OUT2 = 0x82, 0x02
"""Addresses of the physical endpoints 5 and 4."""


class Cable:
    """A host that notes what the controller tells it."""

    def __init__(self) -> None:
        self.plugged = True
        self.ready_at: list[int] = []
        self.pull_ups = 0

    def connect(self, device: object) -> None: ...

    def ready(self, endpoint: int) -> None:
        self.ready_at.append(endpoint)

    def pull_up_changed(self) -> None:
        self.pull_ups += 1


def wired() -> tuple[Bench, Usb, Firmware, Cable]:
    """A controller whose firmware has started, with a cable; its interrupts go nowhere."""
    bench = Bench()
    usb = Usb(bench.system, name="usb")
    cable = usb.port[0] = Cable()  # type: ignore[assignment]
    firmware = Firmware(bench, usb, MICROPYTHON)
    firmware.start()
    assert isinstance(cable, Cable)
    cable.ready_at.clear()
    cable.pull_ups = 0
    return bench, usb, firmware, cable


def configure(usb: Usb, number: int, size: int, wanted: int = COMPLETE | NOT_READY) -> None:
    usb.write(PAR1 + 16 * number, wanted)
    usb.write(PAR0 + 16 * number, 0xFFFF_C007 | size << 3)
    usb.write(CMD + 16 * number, CONFIGURE | 1 << 10)


def link(usb: Usb) -> int:
    assert usb.read(DSTS) == usb.peek(DSTS)
    return usb.read(DSTS) >> 18 & 0xF


# -- endpoints -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bit", range(11))
def test_every_bit_of_the_packet_size(bit: int) -> None:
    """DEPCFG, PAR0 13:3. What is longer goes out in packets of that."""
    bench = Bench()
    usb, firmware = device(bench)
    size = 1 << bit
    configure(usb, 5, size)
    firmware.start_transfer(5, BUFFERS, 2 * size + size // 2, NORMAL)
    packets = [usb.take(IN2) for _ in range(3 if size > 1 else 2)]
    assert [len(p) for p in packets if isinstance(p, bytes)] == [size, size, *[size // 2] * (size > 1)]  # fmt: skip  # noqa: E501
    assert usb.take(IN2) is Handshake.NAK
    configure(usb, 4, size)
    firmware.start_transfer(4, BUFFERS, 4 * size, NORMAL)
    assert usb.give(OUT2, bytes(size)) is Handshake.ACK
    assert trb(bench, 4)[1] == 1, "a whole packet ends nothing"
    assert usb.give(OUT2, bytes(size - 1)) is Handshake.ACK
    assert trb(bench, 4) == (2 * size + 1, 0), "a short one does"


@pytest.mark.parametrize("number", range(2, 8))
def test_each_endpoint_by_its_address(number: int) -> None:
    """Physical 2 n is OUT n, 2 n + 1 IN n; its registers are 16 bytes apart."""
    bench = Bench()
    usb, firmware = device(bench)
    configure(usb, number, 64)
    bench.bus.write(BUFFERS, bytes(range(64)))
    firmware.start_transfer(number, BUFFERS, 64, NORMAL)
    address = number >> 1 | (number & 1) << 7
    others = [n >> 1 | (n & 1) << 7 for n in range(2, 8) if n != number]
    for other in others:
        answer = usb.take(other) if other & 0x80 else usb.give(other, b"x")
        assert answer is Handshake.NAK
    if number & 1:
        assert usb.take(address) == bytes(range(64))
    else:
        assert usb.give(address, b"abc") is Handshake.ACK
        assert bench.bus.read(BUFFERS, 4) == b"abc\3"
    assert events(bench, usb)[-1] & 0xFFF == 1 << 6 | number << 1


@pytest.mark.parametrize("wanted", [0, COMPLETE, NOT_READY, COMPLETE | NOT_READY])
def test_events_come_where_they_are_wanted(wanted: int) -> None:
    bench = Bench()
    usb, firmware = device(bench)
    configure(usb, 4, 512, wanted)
    assert usb.give(OUT2, b"") is Handshake.NAK
    firmware.start_transfer(4, BUFFERS, 512, NORMAL)
    assert usb.give(OUT2, b"ab") is Handshake.ACK
    kinds = [event >> 6 & 0xF for event in events(bench, usb)]
    assert kinds == [3] * bool(wanted & NOT_READY) + [1] * bool(wanted & COMPLETE)


def test_not_ready_is_told_again_after_a_transfer() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    configure(usb, 4, 512, NOT_READY)
    for told in (1, 2):
        usb.give(OUT2, b"")
        usb.give(OUT2, b"")
        assert [event >> 6 & 0xF for event in events(bench, usb)] == [3] * told
        assert [event >> 12 for event in events(bench, usb)] == [0] * told
        firmware.start_transfer(4, BUFFERS, 512, NORMAL)
        usb.give(OUT2, b"ab")


@pytest.mark.parametrize("number", range(8))
def test_whom_a_stall_stops(number: int) -> None:
    """Endpoint 0 both ways; any other by itself, until it is cleared."""
    usb, firmware = device(Bench())
    usb.setup(0, SETUP_PACKET)
    for each in range(2, 8):
        configure(usb, each, 512)

    def ask(each: int) -> object:
        return usb.take(each >> 1 | 0x80) if each & 1 else usb.give(each >> 1, b"")

    firmware.command(number, STALL)
    stopped = {0, 1} if number < 2 else {number}
    for each in range(8):
        assert ask(each) is (Handshake.STALL if each in stopped else Handshake.NAK), each
    firmware.command(number, CLEAR_STALL)
    assert {ask(each) for each in range(8)} == {Handshake.NAK}


def test_a_setup_takes_stalls_and_transfers_of_endpoint_0_back() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    usb.setup(0, SETUP_PACKET)
    usb.write(GEVNTCOUNT, 4)
    firmware.start_transfer(1, BUFFERS, 18, DATA)
    firmware.command(0, STALL)
    firmware.command(1, STALL)
    firmware.arm_setup()
    assert usb.setup(0, SETUP_PACKET) is Handshake.ACK
    assert usb.take(0x80) is Handshake.NAK, "neither stalled nor with the old data"
    (told,) = struct.unpack("<I", bench.bus.read(RING + 8, 4))
    assert told >> 12 == 1, "not ready for data, told anew"


@pytest.mark.parametrize("why", ["address", "events", "resetting", "data", "nothing"])
def test_who_takes_no_setup(why: str) -> None:
    usb, firmware = device(Bench())
    if why == "address":
        usb.write(DCFG, 5 << 3)
    elif why == "events":
        firmware.configure_endpoint(4, 512, 2)
        usb.give(OUT2, b"")
    elif why == "resetting":
        firmware.command(0, END)
        usb.begin_reset()
    else:
        firmware.command(0, END)
        if why == "data":
            firmware.start_transfer(0, BUFFERS, 8, DATA)
    assert usb.setup(0, SETUP_PACKET) is Handshake.NAK
    if why == "address":
        assert usb.setup(5, SETUP_PACKET) is Handshake.ACK


@pytest.mark.parametrize(
    ("packet", "stage_out", "stage_in"),
    [
        ("80 06 00 01 00 00 12 00", 2, 1),
        ("00 09 01 00 00 00 00 00", 2, 2),
        ("21 20 00 00 00 00 07 00", 1, 2),
        ("21 20 00 00 00 00 00 01", 1, 2),
        ("80 06 00 01 00 00 00 00", 2, 2),
    ],
)
def test_which_stage_the_host_asks_for(packet: str, stage_out: int, stage_in: int) -> None:
    """Status of "not ready": 1 data, 2 status. (bmRequestType bit 7, wLength)"""
    bench = Bench()
    usb, _ = device(bench)
    usb.setup(0, bytes.fromhex(packet))
    usb.give(0, b"")
    usb.take(0x80)
    assert [event >> 12 for event in events(bench, usb)[1:]] == [stage_out, stage_in]


def test_a_packet_that_exceeds_the_buffer_is_told() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    configure(usb, 4, 512)
    firmware.start_transfer(4, BUFFERS, 8, NORMAL)
    assert usb.give(OUT2, bytes(range(8))) is Handshake.ACK
    assert bench.diagnostics == []
    firmware.start_transfer(4, BUFFERS, 8, NORMAL)
    assert usb.give(OUT2, bytes(range(1, 10))) is Handshake.ACK
    assert [d.message for d in bench.diagnostics] == [
        "endpoint 4: a packet of 9 bytes exceeds the TRB's buffer"
    ]
    assert (trb(bench, 4), bench.bus.read(BUFFERS, 9)) == ((0, 0), bytes(range(1, 9)) + b"\0")


def test_buffers_that_are_not_there() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    for number, address in ((4, OUT2), (5, IN2)):
        configure(usb, number, 512)
        firmware.start_transfer(number, 0x7000_0000, 512, NORMAL)
        answer = usb.take(address) if number & 1 else usb.give(address, b"x")
        assert answer is Handshake.NAK
    assert [d.rule for d in bench.diagnostics] == ["usb-bus-error"] * 2


# -- commands and TRBs -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", range(16))
def test_kinds_of_trbs(kind: int) -> None:
    """TRBCTL: 1 normal, 2 setup, 3 and 4 status, 5 data, 9 normal with a short packet behind it."""
    bench = Bench()
    usb, firmware = device(bench)
    configure(usb, 5, 512)
    assert firmware.start_transfer(5, BUFFERS, 8, kind) == 0
    known = kind in (NORMAL, SETUP_TRB, STATUS_2, STATUS_3, DATA, ZLP)
    gaps = [] if known else [f"TRBs of kind {kind}, TRBs in chains and rings"]
    assert [gap.what for gap in bench.gaps] == gaps


def start(bench: Bench, usb: Usb, control: int, *, high: int = 0) -> None:
    bench.bus.write(TRBS + 160, struct.pack("<4I", BUFFERS, 0, 8, control))
    usb.write(PAR1 + 80, TRBS + 160)
    usb.write(PAR0 + 80, high)
    usb.write(CMD + 80, START | 1 << 10)


def test_a_trb_in_a_chain_is_a_gap() -> None:
    bench = Bench()
    usb, _ = device(bench)
    start(bench, usb, 0x11)
    assert [gap.what for gap in bench.gaps] == ["TRBs of kind 1, TRBs in chains and rings"]


def test_a_trb_that_is_not_handed_over_starts_nothing() -> None:
    bench = Bench()
    usb, _ = device(bench)
    start(bench, usb, 0x12)
    assert [d.message for d in bench.diagnostics] == ["the TRB at 0x020010a0 has HWO clear"]
    assert usb.take(IN2) is Handshake.NAK


def test_a_trb_above_four_gigabytes() -> None:
    bench = Bench()
    usb, _ = device(bench)
    start(bench, usb, 0x13, high=1)
    assert [d.rule for d in bench.diagnostics] == ["usb-bus-error"]
    assert "0x1020010a0" in bench.diagnostics[0].message


@pytest.mark.parametrize("command", range(16))
def test_commands_that_there_are(command: int) -> None:
    bench = Bench()
    usb, _ = device(bench)
    usb.write(PAR1 + 80, MEMORY)
    usb.write(CMD + 80, command | 0xF000 | 0x3F << 16)
    assert usb.read(CMD + 80) == command | 0xF000 | 0x3F << 16, "without CMDACT nothing is done"
    usb.write(CMD + 80, command | 1 << 10 | 0xF000 | 0x3F << 16)
    assert usb.read(CMD + 80) == command | 0x3F << 16, "the status is new"
    known = command in (1, 2, 4, 5, 6, 8, 9)
    assert [gap.what for gap in bench.gaps] == ([] if known else [f"DEPCMD: command {command}"])


def test_a_transfer_too_many_has_no_resource() -> None:
    bench = Bench()
    usb, firmware = device(bench)
    configure(usb, 5, 512)
    assert firmware.start_transfer(5, BUFFERS, 4, NORMAL) == 0
    assert firmware.start_transfer(5, BUFFERS, 8, NORMAL) == NO_RESOURCE
    packet = usb.take(IN2)
    assert isinstance(packet, bytes)
    assert len(packet) == 4
    firmware.start_transfer(5, BUFFERS, 4, NORMAL)
    firmware.command(5, END)
    assert usb.take(IN2) is Handshake.NAK


@pytest.mark.parametrize("number", range(8))
def test_a_command_wakes_the_host_at_its_endpoint(number: int) -> None:
    _, _, firmware, cable = wired()
    firmware.command(number, CLEAR_STALL)
    assert cable.ready_at == [number >> 1 | (number & 1) << 7]


# -- events and states -----------------------------------------------------------------------------


def test_the_link_from_power_on_to_work() -> None:
    """DSTS: 21:18 the link's state, 22 halted, 17 the receive FIFO is empty, 2:0 the speed."""
    bench, usb, firmware, cable = wired()
    fresh = Usb(bench.system, name="fresh")
    assert fresh.read(DSTS) & ~0x1_FFF8 == 1 << 22 | DISCONNECTED << 18 | 1 << 17
    assert (link(usb), usb.read(DSTS) & 1 << 22, usb.read(DSTS) & 1 << 17) == (4, 0, 1 << 17)
    usb.begin_reset()
    assert link(usb) == RESETTING
    usb.write(GEVNTCOUNT, 4)
    assert usb.end_reset() is Speed.HIGH
    assert link(usb) == ON
    usb.write(GEVNTCOUNT, 4)
    cable.plugged = False
    usb.cable_changed()
    assert link(usb) == DISCONNECTED
    assert events(bench, usb)[-2:] == [0x201, 0x4_0301] or usb.read(GEVNTCOUNT) == 8
    assert bench.bus.read(RING + 8, 8) == struct.pack("<2I", 1 | 3 << 8 | 4 << 16, 1)
    assert firmware.usb is usb


def test_a_cable_that_is_put_in_or_pulled_from_a_stopped_device_is_no_event() -> None:
    bench, usb, firmware, cable = wired()
    usb.cable_changed()
    assert usb.read(GEVNTCOUNT) == 0
    firmware.stop()
    cable.plugged = False
    usb.cable_changed()
    assert usb.read(GEVNTCOUNT) == 0
    assert bench.events == []


@pytest.mark.parametrize("enabled", [0, 1 << 0, 1 << 1, 1 << 2, 1 << 3, 0xF])
def test_each_device_event_has_its_enable_bit(enabled: int) -> None:
    """DEVTEN: 0 disconnect, 1 reset, 2 connect done, 3 change of the link."""
    _, usb, _, cable = wired()
    usb.write(DEVTEN, enabled)
    counts = []
    for step in (usb.begin_reset, usb.end_reset):
        step()
        counts.append(usb.read(GEVNTCOUNT) // 4)
        usb.write(GEVNTCOUNT, 0xFFFF)
    cable.plugged = False
    usb.cable_changed()
    counts.append(usb.read(GEVNTCOUNT) // 4)
    assert counts == [enabled >> 1 & 1, enabled >> 2 & 1, (enabled & 1) + (enabled >> 3 & 1)]


@pytest.mark.parametrize(
    ("speed", "frame", "found"), [(0, MS // 8, Speed.HIGH), (1, MS, Speed.FULL)]
)
def test_frames_at_each_speed(speed: int, frame: int, found: Speed) -> None:
    """DCFG.DEVSPD: 0 high, 1 full. DSTS.SOFFN counts microframes, or frames."""
    bench = Bench()
    usb, _ = device(bench)
    usb.write(DCFG, speed)
    usb.write(DEVTEN, 0x86)
    usb.begin_reset()
    usb.write(GEVNTCOUNT, 4)
    assert usb.end_reset() is found
    usb.write(GEVNTCOUNT, 4)
    bench.clock.advance(frame - bench.clock.now % frame - 1)
    assert usb.read(GEVNTCOUNT) == 0
    bench.clock.advance(1)
    assert (usb.read(GEVNTCOUNT), usb.read(DSTS) & 7) == (4, speed)
    assert usb.read(DSTS) >> 3 & 0x3FFF == bench.clock.now // frame
    bench.clock.advance(10 * frame)
    assert usb.read(GEVNTCOUNT) == 4, "no more before that one is taken"
    usb.write(GEVNTCOUNT, 4)
    bench.clock.advance(frame)
    assert usb.read(GEVNTCOUNT) == 4
    usb.write(GEVNTCOUNT, 4)
    usb.write(DCTL, 0)
    bench.clock.advance(10 * frame)
    assert usb.read(GEVNTCOUNT) == 0, "it is stopped"


def test_frames_are_counted_to_the_last_of_2048() -> None:
    bench = Bench()
    usb, _ = device(bench)
    bench.clock.advance(0x3FFF * MS // 8 - bench.clock.now)
    assert usb.read(DSTS) >> 3 & 0x3FFF == 0x3FFF
    bench.clock.advance(MS // 8)
    assert usb.read(DSTS) >> 3 & 0x3FFF == 0
    assert usb.read(DSTS) >> 17 & 1


def test_taking_events_back() -> None:
    """GEVNTCOUNT: bits 15:0 are taken from the count; the host goes on when all are taken."""
    bench, usb, _, cable = wired()
    usb.begin_reset()
    usb.write(GEVNTCOUNT, 4)
    usb.end_reset()
    usb.write(GEVNTCOUNT, 4)
    cable.plugged = False
    usb.cable_changed()
    cable.ready_at.clear()
    assert (usb.read(GEVNTCOUNT), usb.read(GSTS), usb.peek(GSTS)) == (8, 1 << 6, 1 << 6)
    usb.write(GEVNTCOUNT, 0xFFFF_0004)
    assert (usb.read(GEVNTCOUNT), usb.peek(GEVNTCOUNT), usb.IRQ.level) == (4, 4, True)
    assert cable.ready_at == []
    usb.write(GEVNTCOUNT, 8)
    assert (usb.read(GEVNTCOUNT), usb.read(GSTS), usb.IRQ.level) == (0, 0, False)
    assert cable.ready_at == [0]
    assert bench.events == []


def test_the_ring_holds_what_it_is_told_to() -> None:
    bench = Bench()
    usb, _ = device(bench)
    usb.write(GEVNTSIZ, 8)
    usb.write(GEVNTADRLO, RING)
    for count in (4, 8):
        usb.begin_reset()
        assert (usb.read(GEVNTCOUNT), bench.diagnostics) == (count, [])
    usb.begin_reset()
    assert usb.read(GEVNTCOUNT) == 8
    assert [d.message for d in bench.diagnostics] == ["no room for event 0x101 in the ring: lost"]
    usb.write(GEVNTCOUNT, 8)
    bench.bus.write(RING, bytes(8))
    usb.begin_reset()
    assert bench.bus.read(RING, 8) == struct.pack("<2I", 0x101, 0)
    usb.write(GEVNTADRLO, RING + 0x100)
    usb.begin_reset()
    assert bench.bus.read(RING + 0x100, 4) == struct.pack("<I", 0x101), "begins at its beginning"


def test_a_ring_above_four_gigabytes() -> None:
    bench = Bench()
    usb, _ = device(bench)
    usb.write(GEVNTADRLO + 4, 1)
    usb.begin_reset()
    assert [d.rule for d in bench.diagnostics] == ["usb-bus-error"]
    assert f"{0x1_0000_0000 + RING:#x}" in bench.diagnostics[0].message
    assert usb.read(GEVNTCOUNT) == 0


# -- resets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("register", "bit"), [(DCTL, 30), (GCTL, 11)])
def test_a_reset_of_the_core_forgets_endpoints_events_and_link(register: int, bit: int) -> None:
    """DCTL.CSFTRST clears itself, GCTL.CORESOFTRESET does not."""
    bench, usb, firmware, _ = wired()
    usb.write(DEVTEN, 0x8F)
    usb.begin_reset()
    usb.write(GEVNTCOUNT, 4)
    usb.end_reset()
    assert usb.IRQ.level
    configure(usb, 5, 512)
    firmware.start_transfer(5, BUFFERS, 8, NORMAL)
    firmware.command(4, STALL)
    usb.write(register, usb.read(register) | 1 << bit)
    assert bool(usb.read(register) >> bit & 1) == (register == GCTL)
    assert (usb.read(GEVNTCOUNT), usb.IRQ.level, link(usb)) == (0, False, DISCONNECTED)
    assert usb.take(IN2) is usb.give(OUT2, b"") is Handshake.NAK
    bench.clock.advance(10 * MS)
    assert usb.read(GEVNTCOUNT) == 0, "no frames without a link"
    bench.bus.write(RING, bytes(8))
    usb.write(GCTL, 0)
    firmware.start_transfer(0, MEMORY + 0x2000, 8, SETUP_TRB)
    usb.begin_reset()
    assert bench.bus.read(RING, 4) == struct.pack("<I", 0x101), "the ring from its beginning"


def test_a_bus_reset_ends_transfers_and_stalls_but_endpoint_0s() -> None:
    usb, firmware = device(Bench())
    for number in (4, 5):
        configure(usb, number, 512)
    firmware.start_transfer(5, BUFFERS, 8, NORMAL)
    firmware.command(4, STALL)
    usb.begin_reset()
    assert usb.take(IN2) is usb.give(OUT2, b"") is Handshake.NAK
    usb.write(GEVNTCOUNT, 0xFFFF)
    assert usb.setup(0, SETUP_PACKET) is Handshake.ACK, "it is armed still"


def test_a_bus_reset_waits_for_a_setup_trb_not_for_any() -> None:
    usb, firmware = device(Bench())
    firmware.command(0, END)
    firmware.start_transfer(0, BUFFERS, 8, DATA)
    usb.begin_reset()
    assert usb.read(GEVNTCOUNT) == 0
    firmware.command(0, END)
    firmware.arm_setup()
    assert usb.read(GEVNTCOUNT) == 4
    usb.write(GEVNTCOUNT, 4)
    firmware.command(0, END)
    firmware.arm_setup()
    assert usb.read(GEVNTCOUNT) == 0, "told once"


def test_the_pull_up_follows_run_stop() -> None:
    _, usb, firmware, cable = wired()
    assert usb.pull_up
    firmware.stop()
    assert (usb.pull_up, cable.pull_ups) == (False, 1)
    usb.reset(ResetCause.SOFTWARE)
    assert cable.pull_ups == 2


@pytest.mark.parametrize(
    "offset", [GSTS, 0xC120, 0xC130, 0xC134, *range(0xC140, 0xC160, 4), 0xC600, DSTS]
)
def test_a_store_to_what_can_only_be_read_changes_nothing(offset: int) -> None:
    usb, _ = device(Bench())
    before = usb.save()
    usb.write(offset, 0xFFFF_FFFF)
    assert usb.save() == before
