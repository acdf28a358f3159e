"""Imxrt.Usb at register level: queue heads, transfer descriptors, port, interrupts, snapshots."""

from __future__ import annotations

import struct

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.usb import Usb
from xipsim.peripherals.imxrt.usbphy import UsbNc, UsbPhy
from xipsim.peripherals.usb.link import DevicePort, Handshake, Speed

USBCMD, USBSTS, USBINTR, DEVICEADDR, LIST, NAK, NAKEN, PORTSC1 = (
    0x140, 0x144, 0x148, 0x154, 0x158, 0x178, 0x17C, 0x184,
)  # fmt: skip
FRINDEX, USBMODE = 0x14C, 0x1A8
OTGSC, SETUPSTAT, PRIME, FLUSH, STAT, COMPLETE, CTRL = (
    0x1A4, 0x1AC, 0x1B0, 0x1B4, 0x1B8, 0x1BC, 0x1C0,
)  # fmt: skip
RAM = 0x2000_0000
TD = RAM + 0x1000
BUFFER = RAM + 0x4000
ACTIVE, IOC, ZLT_OFF = 0x80, 0x8000, 1 << 29


class FakeHost:
    """Remembers what the controller said."""

    name = "pc"

    def __init__(self) -> None:
        self.plugged = True
        self.said: list[int | bool] = []
        self.port: DevicePort | None = None

    def connect(self, port: DevicePort) -> None:
        self.port = port

    def pull_up_changed(self) -> None:
        assert self.port
        self.said.append(self.port.pull_up)

    def ready(self, endpoint: int) -> None:
        self.said.append(endpoint)


class Rig:
    """A running controller with endpoint 1 enabled in both directions."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.ram = self.bench.bus.add(RAM, 0x10000)
        self.host = FakeHost()
        self.usb = Usb(self.bench.system)
        self.usb.port[0] = self.host
        self.usb.connected()
        self.usb.reset(ResetCause.POWER_ON)
        self.usb.write(LIST, RAM)
        self.usb.write(USBINTR, 0x147)
        self.usb.write(USBCMD, 1)
        self.usb.write(CTRL + 4, 0x0088_0088)

    def queue_head(self, endpoint: int, size: int, flags: int = ZLT_OFF, first: int = TD) -> None:
        at = 64 * self.index(endpoint)
        self.ram[at : at + 48] = struct.pack("<12I", size << 16 | flags, 0, first, *[0] * 9)

    def descriptor(self, at: int, size: int, *, page: int = BUFFER, after: int = 1) -> None:
        pages = [page, *(page // 4096 * 4096 + 4096 * i for i in range(1, 5))]
        self.put(at, struct.pack("<7I", after, size << 16 | IOC | ACTIVE, *pages))

    @staticmethod
    def index(endpoint: int) -> int:
        return 2 * (endpoint & 0xF) + (endpoint >> 7)

    def put(self, at: int, data: bytes) -> None:
        self.ram[at - RAM : at - RAM + len(data)] = data

    def get(self, at: int, length: int = 4) -> bytes:
        return bytes(self.ram[at - RAM : at - RAM + length])

    def token(self, at: int = TD) -> int:
        return int.from_bytes(self.get(at + 4), "little")


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        # imxrt-ral, imxrt106, USB1; 7.1 of the facts sheet
        (0x000, 0xE4A1FA05), (0x004, 0x35), (0x008, 0x10020001), (0x00C, 0x11),
        (0x010, 0x80080B08), (0x014, 0x808), (0x090, 2), (0x104, 0x10011), (0x108, 6),
        (0x124, 0x188), (0x140, 0x80000), (0x144, 0), (0x148, 0), (0x154, 0), (0x158, 0),
        (0x160, 0x808), (0x164, 0), (0x178, 0), (0x17C, 0), (0x180, 1), (0x184, 0x10000000),
        (0x1A4, 0x1120), (0x1A8, 0x5000), (0x1AC, 0), (0x1B0, 0), (0x1B4, 0), (0x1B8, 0),
        (0x1BC, 0), (0x1C0, 0x00800080), (0x1C4, 0), (0x1DC, 0),
    ],
)  # fmt: skip
def test_reset_values(offset: int, value: int) -> None:
    usb = Usb(Bench().system)
    usb.reset(ResetCause.POWER_ON)
    assert usb.read(offset) == value


def test_version_registers_are_narrow() -> None:
    usb = Usb(Bench().system)
    assert (usb.read(0x100, 1), usb.read(0x102, 2), usb.read(0x120, 2)) == (0x40, 0x100, 1)


def test_priming_loads_the_descriptor_and_tells_the_host(rig: Rig) -> None:
    rig.queue_head(0x81, 512)
    rig.descriptor(TD, 5)
    rig.host.said.clear()
    rig.usb.write(PRIME, 1 << 17)
    assert rig.usb.read(PRIME) == 0
    assert rig.usb.read(STAT) == 1 << 17
    assert rig.get(RAM + 0xC0 + 4) == TD.to_bytes(4, "little")
    assert rig.get(RAM + 0xC0 + 8, 28) == rig.get(TD, 28)
    assert rig.host.said == [0x81]


def test_priming_without_a_descriptor_does_nothing(rig: Rig) -> None:
    rig.queue_head(0x81, 512, first=1)
    rig.host.said.clear()
    rig.usb.write(PRIME, 1 << 17)
    assert (rig.usb.read(STAT), rig.host.said) == (0, [])


def test_an_in_packet_completes_its_descriptor(rig: Rig) -> None:
    rig.queue_head(0x81, 512)
    rig.descriptor(TD, 5)
    rig.put(BUFFER, b"hello")
    rig.usb.write(PRIME, 1 << 17)
    assert rig.usb.take(0x81) == b"hello"
    assert rig.token() == IOC
    assert rig.get(RAM + 0xC0 + 12) == IOC.to_bytes(4, "little")
    assert rig.usb.read(STAT) == 0
    assert rig.usb.read(COMPLETE) == 1 << 17
    assert (rig.usb.read(USBSTS) & 1, rig.usb.IRQ.level) == (1, True)
    rig.usb.write(USBSTS, 1)
    rig.usb.write(COMPLETE, 1 << 17)
    assert (rig.usb.read(COMPLETE), rig.usb.IRQ.level) == (0, False)


def test_no_interrupt_on_complete_no_interrupt(rig: Rig) -> None:
    rig.queue_head(0x81, 512)
    rig.descriptor(TD, 5)
    rig.put(TD + 4, (5 << 16 | ACTIVE).to_bytes(4, "little"))
    rig.usb.write(PRIME, 1 << 17)
    rig.usb.take(0x81)
    assert rig.usb.read(COMPLETE) == 1 << 17
    assert not rig.usb.IRQ.level


@pytest.mark.parametrize(
    ("size", "flags", "packets"),
    [
        # The manual's "Variable Length Transfer Protocol" examples, ZLT = 0 and ZLT = 1.
        (511, 0, [256, 255]), (512, 0, [256, 256, 0]), (0, 0, [0]),
        (511, ZLT_OFF, [256, 255]), (512, ZLT_OFF, [256, 256]), (0, ZLT_OFF, [0]),
    ],
)  # fmt: skip
def test_zero_length_termination(rig: Rig, size: int, flags: int, packets: list[int]) -> None:
    rig.queue_head(0x81, 256, flags)
    rig.descriptor(TD, size)
    rig.usb.write(PRIME, 1 << 17)
    sizes = []
    while not isinstance(packet := rig.usb.take(0x81), Handshake):
        sizes.append(len(packet))
    assert (sizes, packet) == (packets, Handshake.NAK)


def test_a_buffer_over_pages_that_are_not_contiguous(rig: Rig) -> None:
    rig.queue_head(0x81, 512)
    pages = [BUFFER + 0xF80, BUFFER + 0x3000, BUFFER + 0x1000, 0, 0]
    rig.put(TD, struct.pack("<7I", 1, 4400 << 16 | IOC | ACTIVE, *pages))
    rig.put(BUFFER + 0xF80, b"a" * 128)
    rig.put(BUFFER + 0x3000, b"b" * 4096)
    rig.put(BUFFER + 0x1000, b"c" * 176)
    rig.usb.write(PRIME, 1 << 17)
    data = b""
    while isinstance(packet := rig.usb.take(0x81), bytes):
        data += packet
    assert data == b"a" * 128 + b"b" * 4096 + b"c" * 176


def test_descriptors_in_a_chain_follow_each_other(rig: Rig) -> None:
    rig.queue_head(0x81, 512)
    rig.descriptor(TD, 3, after=TD + 32)
    rig.descriptor(TD + 32, 2, page=BUFFER + 0x100)
    rig.put(BUFFER, b"one")
    rig.put(BUFFER + 0x100, b"2.")
    rig.usb.write(PRIME, 1 << 17)
    assert rig.usb.take(0x81) == b"one"
    assert (rig.usb.read(STAT), rig.token()) == (1 << 17, IOC)
    assert rig.usb.take(0x81) == b"2."
    assert (rig.usb.read(STAT), rig.token(TD + 32)) == (0, IOC)


def test_an_out_packet_over_a_page_boundary(rig: Rig) -> None:
    rig.queue_head(0x01, 512)
    rig.descriptor(TD, 512, page=BUFFER + 0xFFE)
    rig.usb.write(PRIME, 2)
    assert rig.usb.give(0x01, b"data") is Handshake.ACK
    assert rig.get(BUFFER + 0xFFE, 4) == b"data"
    assert rig.token() == (508 << 16 | IOC)
    assert rig.usb.read(COMPLETE) == 2


def test_full_out_packets_fill_a_descriptor(rig: Rig) -> None:
    rig.queue_head(0x01, 64)
    rig.descriptor(TD, 128)
    rig.usb.write(PRIME, 2)
    rig.usb.give(0x01, b"a" * 64)
    assert (rig.usb.read(COMPLETE), rig.usb.read(STAT)) == (0, 2)
    rig.usb.give(0x01, b"b" * 64)
    assert (rig.usb.read(COMPLETE), rig.usb.read(STAT), rig.token()) == (2, 0, IOC)
    assert rig.get(BUFFER, 128) == b"a" * 64 + b"b" * 64


def test_a_packet_that_exceeds_the_buffer_is_reported(rig: Rig) -> None:
    rig.queue_head(0x01, 64)
    rig.descriptor(TD, 8)
    rig.usb.write(PRIME, 2)
    rig.usb.give(0x01, b"0123456789")
    assert rig.get(BUFFER, 10) == b"01234567\0\0"
    assert rig.token() & 0x40
    assert rig.usb.read(USBSTS) & 3 == 3
    assert [d.rule for d in rig.bench.diagnostics] == ["usb-overrun"]


def test_flushing_takes_back_what_was_primed(rig: Rig) -> None:
    rig.queue_head(0x01, 64)
    rig.descriptor(TD, 64)
    rig.usb.write(PRIME, 2)
    rig.usb.write(FLUSH, 2)
    assert (rig.usb.read(FLUSH), rig.usb.read(STAT)) == (0, 0)
    assert rig.usb.give(0x01, b"x") is Handshake.NAK


def test_a_flushed_transfer_goes_on_unless_the_firmware_clears_active(rig: Rig) -> None:
    rig.queue_head(0x81, 64)
    rig.descriptor(TD, 3)
    rig.descriptor(TD + 32, 3, page=BUFFER + 3)
    rig.put(BUFFER, b"oldnew")
    rig.usb.write(PRIME, 1 << 17)
    rig.usb.write(FLUSH, 1 << 17)
    rig.put(RAM + 0xC0 + 8, (TD + 32).to_bytes(4, "little"))
    rig.usb.write(PRIME, 1 << 17)
    assert rig.usb.take(0x81) == b"old"
    rig.put(RAM + 0xC0 + 8, (TD + 32).to_bytes(4, "little"))
    rig.usb.write(PRIME, 1 << 17)
    assert rig.usb.take(0x81) == b"new"


def test_a_stalled_endpoint_refuses(rig: Rig) -> None:
    rig.host.said.clear()
    rig.usb.write(CTRL + 4, 0x0089_0088)
    assert rig.usb.take(0x81) is Handshake.STALL
    assert rig.usb.give(0x01, b"") is Handshake.NAK
    assert 0x81 in rig.host.said


def test_toggle_reset_does_not_stick_and_endpoint_0_stays_enabled(rig: Rig) -> None:
    rig.usb.write(CTRL + 4, 0x00CC_00C8)
    assert rig.usb.read(CTRL + 4) == 0x008C_0088
    rig.usb.write(CTRL, 0)
    assert rig.usb.read(CTRL) == 0x0080_0080


def test_nak_bits_and_their_interrupt(rig: Rig) -> None:
    rig.usb.write(USBINTR, 1 << 16)
    rig.usb.take(0x81)
    assert (rig.usb.read(NAK), rig.usb.IRQ.level) == (1 << 17, False)
    rig.usb.write(NAKEN, 2)
    rig.usb.give(0x01, b"x")
    assert (rig.usb.read(NAK), rig.usb.IRQ.level) == (1 << 17 | 2, True)


def test_a_setup_packet_voids_what_endpoint_0_had_primed(rig: Rig) -> None:
    rig.queue_head(0x00, 64, ZLT_OFF | 1 << 15)
    rig.queue_head(0x80, 64)
    rig.descriptor(TD, 0)
    rig.usb.write(PRIME, 1 << 16)
    rig.usb.write(CTRL, 1)
    rig.usb.write(USBCMD, 1 << 13 | 1)
    assert rig.usb.setup(0, b"12345678") is Handshake.ACK
    assert rig.get(RAM + 0x28, 8) == b"12345678"
    assert (rig.usb.read(STAT), rig.usb.read(SETUPSTAT)) == (0, 1)
    assert rig.usb.read(CTRL) == 0x0080_0080
    assert rig.usb.read(USBCMD) == 1, "SUTW is cleared by a new SETUP"
    assert rig.usb.IRQ.level
    assert not rig.usb.is_attentive
    assert rig.usb.setup(0, b"next one") is Handshake.ACK, "USB 2.0, 8.5.3: always accepted"
    assert rig.get(RAM + 0x28, 8) == b"next one"
    rig.usb.write(SETUPSTAT, 1)
    rig.usb.write(USBSTS, 1)
    assert rig.usb.is_attentive


def test_what_asks_for_no_interrupt_needs_no_notice(rig: Rig) -> None:
    """Teensyduino's status stages have no IOC, and it clears ENDPTCOMPLETE with the next SETUP."""
    rig.queue_head(0x80, 64)
    rig.descriptor(TD, 0)
    rig.put(TD + 4, ACTIVE.to_bytes(4, "little"))
    rig.usb.write(PRIME, 1 << 16)
    assert rig.usb.take(0x80) == b""
    assert (rig.usb.read(COMPLETE), rig.usb.IRQ.level) == (1 << 16, False)
    assert rig.usb.is_attentive


def test_the_address_changes_when_the_status_stage_is_through(rig: Rig) -> None:
    rig.queue_head(0x80, 64)
    rig.descriptor(TD, 0)
    rig.usb.write(DEVICEADDR, 5 << 25 | 1 << 24)
    rig.usb.write(PRIME, 1 << 16)
    assert rig.usb.address == 0
    assert rig.usb.take(0x80) == b""
    assert (rig.usb.address, rig.usb.read(DEVICEADDR)) == (5, 5 << 25)
    rig.usb.write(COMPLETE, 1 << 16)
    assert rig.usb.setup(0, bytes(8)) is Handshake.NAK
    assert rig.usb.setup(5, bytes(8)) is Handshake.ACK


def test_a_setup_packet_voids_an_address_that_waits(rig: Rig) -> None:
    """IMXRT1060RM, DEVICEADDR: USBADRA is cleared by a SETUP packet, USBADR is not taken over."""
    rig.queue_head(0x00, 64)
    rig.queue_head(0x80, 64)
    rig.usb.write(DEVICEADDR, 5 << 25 | 1 << 24)
    assert rig.usb.setup(0, bytes(8)) is Handshake.ACK
    assert rig.usb.read(DEVICEADDR) == 5 << 25
    rig.descriptor(TD, 0)
    rig.usb.write(PRIME, 1 << 16)
    assert rig.usb.take(0x80) == b""
    assert rig.usb.address == 0


def test_only_endpoint_0_moves_the_address_on(rig: Rig) -> None:
    rig.queue_head(0x81, 64)
    rig.descriptor(TD, 1)
    rig.usb.write(DEVICEADDR, 5 << 25 | 1 << 24)
    rig.usb.write(PRIME, 1 << 17)
    rig.usb.take(0x81)
    assert rig.usb.address == 0


def test_an_address_without_usbadra_is_in_effect_at_once(rig: Rig) -> None:
    rig.usb.write(DEVICEADDR, 9 << 25)
    assert rig.usb.address == 9


@pytest.mark.parametrize("full_speed", [False, True])
def test_frindex_counts_microframes_at_any_speed(rig: Rig, full_speed: bool) -> None:
    """IMXRT1060RM, FRINDEX: bits 13 to 3 are the frame's number, bits 2 to 0 the microframe's."""
    rig.usb.write(PORTSC1, full_speed << 24)
    rig.usb.begin_reset()
    rig.usb.write(USBSTS, 0x40)
    rig.usb.write(FLUSH, 0xFFFF_FFFF)
    assert rig.usb.end_reset() is (Speed.FULL if full_speed else Speed.HIGH)
    rig.bench.clock.advance(5_500_000)
    assert rig.usb.read(FRINDEX) == 5 << 3 | (0 if full_speed else 4)


def test_a_bus_reset_lasts_until_the_firmware_has_flushed(rig: Rig) -> None:
    rig.usb.begin_reset()
    assert rig.usb.read(PORTSC1) & 0x101 == 0x101
    assert rig.usb.read(USBSTS) & 0x44 == 0x40
    assert rig.usb.IRQ.level
    rig.usb.write(USBSTS, 0x40)
    assert rig.usb.end_reset() is None
    rig.usb.write(FLUSH, 0xFFFF_FFFF)
    assert rig.usb.read(PORTSC1) & 0x100
    assert rig.usb.end_reset() is Speed.HIGH
    # PSPD high, HSP, CCS; PR gone; PCI
    assert rig.usb.read(PORTSC1) & 0x0C00_0301 == 0x0800_0201
    assert rig.usb.read(USBSTS) & 4
    assert not rig.usb.is_attentive
    rig.usb.write(USBSTS, 4)
    assert rig.usb.is_attentive


def test_a_flush_before_uri_is_cleared_acknowledges_nothing(rig: Rig) -> None:
    rig.usb.begin_reset()
    rig.usb.write(FLUSH, 0xFFFF_FFFF)
    assert rig.usb.end_reset() is None


def test_without_uri_enabled_the_reset_ends_with_the_port_change(rig: Rig) -> None:
    rig.usb.write(USBINTR, 0x107)
    rig.usb.begin_reset()
    assert not rig.usb.IRQ.level
    assert rig.usb.end_reset() is Speed.HIGH
    assert rig.usb.IRQ.level
    rig.usb.write(USBSTS, 4)
    assert not rig.usb.is_attentive
    rig.usb.write(USBSTS, 0x40)
    rig.usb.write(FLUSH, 0xFFFF_FFFF)
    assert rig.usb.is_attentive


def test_controller_reset(rig: Rig) -> None:
    rig.usb.begin_reset()
    rig.host.said.clear()
    rig.usb.write(USBCMD, 3)
    assert rig.usb.read(USBCMD) == 0x80000
    assert (rig.usb.read(USBINTR), rig.usb.read(USBSTS)) == (0, 0)
    assert rig.usb.read(PORTSC1) == 0x10000000
    assert not rig.usb.IRQ.level
    assert rig.host.said == [False]


def test_the_cable_shows_in_otgsc_and_portsc(rig: Rig) -> None:
    rig.usb.write(USBSTS, 0xFFFF_FFFF)
    rig.usb.write(OTGSC, 1 << 27 | 0x7F << 16)
    assert (rig.usb.read(OTGSC) >> 11 & 3, rig.usb.read(PORTSC1) & 0x81) == (1, 1)
    rig.host.plugged = False
    rig.usb.cable_changed()
    assert (rig.usb.read(OTGSC) >> 11 & 3, rig.usb.read(PORTSC1) & 0x81) == (2, 0x80)
    assert rig.usb.read(USBSTS) & 0x100
    assert rig.usb.IRQ.level
    rig.usb.write(USBSTS, 0x100)
    assert rig.usb.IRQ.level, "BSVIS with its enable bit"
    rig.usb.write(OTGSC, 1 << 27 | 0x7F << 16)
    assert not rig.usb.IRQ.level


def test_a_queue_head_outside_memory_is_a_system_error(rig: Rig) -> None:
    rig.usb.write(LIST, 0x1234_5678)
    assert rig.usb.read(LIST) == 0x1234_5000
    rig.usb.write(PRIME, 1)
    assert rig.usb.setup(0, bytes(8)) is Handshake.NAK
    assert rig.usb.read(USBSTS) & 0x10
    assert {d.rule for d in rig.bench.diagnostics} == {"usb-bus-error"}


@pytest.mark.parametrize(
    ("total", "left", "page"),
    [
        (0x7FFF, 0x7FFF, BUFFER),  # more than five pages
        (0x5000, 0x5000, BUFFER + 1),
        (5, 100, BUFFER),  # the overlay has more left than the descriptor had
        (600, 601, BUFFER),
        (0x7FFF, 1, BUFFER + 0xFFF),
    ],
)
@pytest.mark.parametrize("endpoint", [0x81, 0x01])
def test_a_descriptor_that_lies_about_its_length_is_a_system_error(
    rig: Rig, endpoint: int, total: int, left: int, page: int
) -> None:
    """Nothing beyond the fifth page is read or written."""
    rig.queue_head(endpoint, 512)
    rig.descriptor(TD, total, page=page)
    overlay = RAM + 64 * rig.index(endpoint)
    rig.usb.write(PRIME, 1 << 1 << 16 * (endpoint >> 7))
    rig.put(overlay + 12, struct.pack("<I", left << 16 | ACTIVE))
    said = [
        rig.usb.take(endpoint) if endpoint & 0x80 else rig.usb.give(endpoint, b"x" * 512)
        for _ in range(64)
    ]
    assert Handshake.NAK in said
    assert rig.usb.read(USBSTS) & 0x10, "SEI"
    assert {d.rule for d in rig.bench.diagnostics} == {"usb-bus-error"}


def test_the_largest_buffer_is_five_pages(rig: Rig) -> None:
    rig.queue_head(0x81, 512)
    rig.descriptor(TD, 0x5000)
    rig.put(BUFFER + 0x4FFE, b"ok")
    rig.usb.write(PRIME, 1 << 17)
    packets = [rig.usb.take(0x81) for _ in range(0x28)]
    assert packets[-1][-2:] == b"ok"  # type: ignore[index]
    assert rig.bench.diagnostics == []


def test_a_descriptor_that_is_appended_to_a_primed_list_is_found(rig: Rig) -> None:
    """IMXRT1060RM, Executing a Transfer Descriptor, case 2: only the last one's pointer changes."""
    rig.queue_head(0x81, 512)
    rig.descriptor(TD, 3)
    rig.put(BUFFER, b"onetwo")
    rig.usb.write(PRIME, 1 << 17)
    rig.descriptor(TD + 0x40, 3, page=BUFFER + 3)
    rig.put(TD, struct.pack("<I", TD + 0x40))
    rig.usb.write(USBCMD, 1 << 14 | 1)
    assert rig.usb.read(STAT) == 1 << 17
    assert rig.usb.read(USBCMD) & 1 << 14, "ATDTW stays: nothing was in the way"
    assert rig.usb.take(0x81) == b"one"
    assert rig.usb.read(STAT) == 1 << 17
    assert rig.usb.take(0x81) == b"two"
    assert rig.usb.read(STAT) == 0


GPTIMER0LD, GPTIMER0CTRL, GPTIMER1LD, GPTIMER1CTRL = 0x80, 0x84, 0x88, 0x8C
GPTRUN, GPTRST, GPTMODE = 1 << 31, 1 << 30, 1 << 24


def test_a_general_purpose_timer_counts_microseconds_and_stops(rig: Rig) -> None:
    """IMXRT1060RM, GPTIMERnLD: microseconds minus 1."""
    rig.usb.write(USBINTR, 1 << 24)
    rig.usb.write(GPTIMER0LD, 74)
    rig.usb.write(GPTIMER0CTRL, GPTRUN | GPTRST)
    assert rig.usb.read(GPTIMER0CTRL) == GPTRUN | 74
    rig.bench.clock.advance(70_500)
    assert rig.usb.read(GPTIMER0CTRL) == GPTRUN | 4
    rig.bench.clock.advance(4_499)
    assert not rig.usb.IRQ.level
    rig.bench.clock.advance(1)
    assert (rig.usb.read(USBSTS), rig.usb.IRQ.level) == (1 << 24, True)
    rig.usb.write(USBSTS, 1 << 24)
    rig.bench.clock.advance(1_000_000)
    assert (rig.usb.read(USBSTS), rig.usb.read(GPTIMER0CTRL)) == (0, GPTRUN)


def test_a_general_purpose_timer_repeats_holds_and_starts_again(rig: Rig) -> None:
    rig.usb.write(GPTIMER1LD, 9)
    rig.usb.write(GPTIMER1CTRL, GPTRUN | GPTRST | GPTMODE)
    for _ in range(3):
        rig.bench.clock.advance(10_000)
        assert rig.usb.read(USBSTS) == 1 << 25
        rig.usb.write(USBSTS, 1 << 25)
    rig.bench.clock.advance(3_000)
    rig.usb.write(GPTIMER1CTRL, 0)
    rig.bench.clock.advance(100_000)
    assert (rig.usb.read(USBSTS), rig.usb.read(GPTIMER1CTRL)) == (0, 6)
    rig.usb.write(GPTIMER1CTRL, GPTRUN)
    rig.bench.clock.advance(6_999)
    assert rig.usb.read(USBSTS) == 0
    rig.bench.clock.advance(1)
    assert rig.usb.read(USBSTS) == 1 << 25


def test_what_is_not_modelled_is_said(rig: Rig) -> None:
    rig.usb.write(PORTSC1, 0x40)
    assert len(rig.bench.gaps) == 1


def test_without_a_host_the_controller_stays_silent() -> None:
    bench = Bench()
    usb = Usb(bench.system)
    usb.connected()
    usb.reset(ResetCause.POWER_ON)
    usb.write(USBINTR, 0x147)
    usb.write(USBCMD, 1)
    assert (usb.read(PORTSC1) & 1, usb.read(USBSTS), usb.IRQ.level) == (0, 0, False)


def test_phy_registers_have_set_clear_and_toggle() -> None:
    phy = UsbPhy(Bench().system)
    phy.write(0x38, 0xC000_0000)
    assert phy.read(0x30) == 0x0020_0000
    phy.write(0x34, 0x0018_C000)
    phy.write(0x3C, 0x0000_4000)
    assert phy.read(0x30) == 0x0038_8000
    # imxrt-ral, imxrt106
    assert [phy.read(at) for at in (0x00, 0x10, 0x50, 0x70, 0x80)] == [
        0x001E1C00, 0x10060607, 0x7F180000, 0x1000, 0x04030000,
    ]  # fmt: skip


def test_non_core_registers_are_storage() -> None:
    nc = UsbNc(Bench().system)
    assert (nc.read(0x00), nc.read(0x04), nc.read(0x18)) == (0x30001000, 0x30001000, 0)
    nc.write(0x1C, 5)
    assert nc.read(0x1C) == 5


def test_frames_are_flagged_on_their_edges_and_cut_no_wait_while_the_flag_stands():
    """SRI comes with the next frame of 1 ms; until it is cleared no alarm is due (USB 2.0, 7.1)."""
    rig = Rig()
    clock = rig.bench.clock
    rig.usb.write(USBINTR, 1 << 7)
    rig.usb.cable_changed()
    rig.usb.HSP = 0
    for _ in range(3):
        clock.advance(1_000_000)
        assert rig.usb.read(USBSTS) & 1 << 7
        assert all(alarm.deadline is None for alarm in clock.alarms)
        clock.advance(5_300_000)
        rig.usb.write(USBSTS, 1 << 7)
        assert not rig.usb.read(USBSTS) & 1 << 7
        (due,) = [a.deadline for a in clock.alarms if a.deadline is not None]
        assert due % 1_000_000 == 0
        assert due - clock.now <= 1_000_000


@pytest.mark.parametrize(("mode", "gaps"), [(2, []), (3, ["USBMODE.CM"])])
def test_a_host_with_a_pc_at_its_port_is_a_gap(mode: int, gaps: list[str]) -> None:
    """CM: 2 is a device, 3 a host."""
    rig = Rig()
    rig.usb.write(USBMODE, mode)
    assert [gap.what.partition(":")[0] for gap in rig.bench.gaps] == gaps


def empty_host(*, enabled: int = 0) -> tuple[Bench, Usb]:
    """As TinyUSB's ehci.c has it: both schedules, a list of 1024 frames."""
    bench = Bench()
    usb = Usb(bench.system, name="usb2")
    usb.connected()
    usb.reset(ResetCause.POWER_ON)
    usb.write(USBMODE, 3)
    usb.write(USBINTR, enabled)
    usb.write(USBCMD, 0x31)
    return bench, usb


def test_a_host_with_nothing_at_its_port_runs() -> None:
    """EHCI 1.0, 2.3.2: HCHalted is 12, the schedules' status 14 and 15; 2.3.1: the doorbell."""
    bench, usb = empty_host()
    assert usb.read(USBSTS) >> 12 == 0b1100
    usb.write(USBCMD, 0x11)
    assert usb.read(USBSTS) >> 12 == 0b0100
    usb.write(USBCMD, 0x71)
    assert not usb.read(USBCMD) & 1 << 6 and usb.read(USBSTS) & 1 << 5
    usb.write(USBCMD, 0x30)
    assert usb.read(USBSTS) >> 12 == 0b0001, "halted"
    assert not usb.read(PORTSC1) & 1, "nothing is connected"
    assert bench.events == []


def test_a_host_counts_microframes_and_tells_when_its_list_begins_anew() -> None:
    bench, usb = empty_host(enabled=1 << 3)
    bench.clock.advance(1_023_999_999)
    assert usb.read(FRINDEX) == 8191 and not usb.IRQ.level
    bench.clock.advance(1)
    assert usb.read(FRINDEX) == 8192 and usb.IRQ.level
    usb.write(USBSTS, 1 << 3)
    assert not usb.IRQ.level
    usb.write(USBCMD, 0x31 | 2 << 2)  # 256 frames
    bench.clock.advance(256_000_000)
    assert usb.IRQ.level
    usb.write(USBSTS, 1 << 3)
    usb.write(USBCMD, 0)
    bench.clock.advance(2_000_000_000)
    assert not usb.IRQ.level and usb.read(FRINDEX) == 0


# -- each endpoint, each bit -----------------------------------------------------------------------

UI, UEI, URI, SRI, FRI, PCI = 1, 2, 1 << 6, 1 << 7, 1 << 3, 1 << 2


def every_endpoint() -> list[int]:
    return [number | direction for number in range(8) for direction in (0, 0x80)]


@pytest.mark.parametrize("endpoint", every_endpoint())
def test_each_endpoint_has_its_queue_head_and_its_bits(rig: Rig, endpoint: int) -> None:
    """Queue heads of 64 bytes, OUT before IN; ENDPTPRIME and its like: OUT n is bit n, IN n bit
    16 + n. Flushing takes back what is named, and nothing else."""
    bit = 1 << (endpoint & 0xF) << (16 if endpoint & 0x80 else 0)
    for one in every_endpoint():
        rig.queue_head(one, 64, first=TD + 32 * rig.index(one))
        rig.descriptor(TD + 32 * rig.index(one), 3, page=BUFFER + 0x100 * rig.index(one))
        rig.put(BUFFER + 0x100 * rig.index(one), bytes((rig.index(one),)) * 3)
    rig.host.said.clear()
    rig.usb.write(PRIME, bit)
    assert (rig.usb.read(STAT), rig.host.said) == (bit, [endpoint])
    if endpoint & 0x80:
        assert rig.usb.take(endpoint) == bytes((rig.index(endpoint),)) * 3
    else:
        assert rig.usb.give(endpoint, b"abc") is Handshake.ACK
        assert rig.get(BUFFER + 0x100 * rig.index(endpoint), 3) == b"abc"
    assert (rig.usb.read(STAT), rig.usb.read(COMPLETE)) == (0, bit)
    others = 0x00FF_00FF & ~bit
    rig.usb.write(PRIME, others)
    assert rig.usb.read(STAT) == others
    rig.usb.write(FLUSH, bit | 1 << 7)
    assert rig.usb.read(STAT) == others & ~(1 << 7)


@pytest.mark.parametrize("endpoint", every_endpoint())
def test_each_endpoint_can_be_stalled(rig: Rig, endpoint: int) -> None:
    """ENDPTCTRLn: RXS is bit 0, TXS bit 16; both directions are worth another try."""
    number, shift = endpoint & 0xF, 16 if endpoint & 0x80 else 0
    rig.host.said.clear()
    rig.usb.write(CTRL + 4 * number, 1 << shift)
    assert rig.host.said == [number, number | 0x80]
    rig.host.said.clear()
    rig.usb.write(CTRL + 4 * ((number + 1) % 8), 0x00CC_00CC)
    assert rig.host.said == []
    for one in every_endpoint():
        answer = rig.usb.take(one) if one & 0x80 else rig.usb.give(one, b"")
        assert (answer is Handshake.STALL) == (one == endpoint), hex(one)


@pytest.mark.parametrize("endpoint", every_endpoint())
def test_each_endpoint_has_its_nak_bit(rig: Rig, endpoint: int) -> None:
    bit = 1 << (endpoint & 0xF) << (16 if endpoint & 0x80 else 0)
    for enabled in (0x00FF_00FF & ~bit, bit):
        rig.usb.write(USBSTS, 1 << 16)
        rig.usb.write(NAKEN, enabled)
        rig.usb.take(endpoint) if endpoint & 0x80 else rig.usb.give(endpoint, b"")
        assert rig.usb.read(NAK) == bit
        assert bool(rig.usb.read(USBSTS) & 1 << 16) == (enabled == bit)


@pytest.mark.parametrize(
    ("offset", "value", "tells"),
    [
        (USBSTS, UI, True),
        (USBSTS, PCI, True),
        (USBSTS, URI, True),
        (USBSTS, 0x01FF_FFBA & ~0x45, False),
        (COMPLETE, 1, True),
        (COMPLETE, 1 << 16, True),
        (COMPLETE, 0x00FE_00FE, False),
        (SETUPSTAT, 1, True),
        (FLUSH, 0, True),
        (USBINTR, 0x147, False),
    ],
)
def test_what_may_let_endpoint_0_go_on(rig: Rig, offset: int, value: int, tells: bool) -> None:
    """Notice that the firmware has taken: of interrupts, completions, a SETUP, a flush."""
    rig.host.said.clear()
    rig.usb.write(offset, value)
    assert rig.host.said == [0] * tells


@pytest.mark.parametrize(
    ("status", "enabled", "complete", "setup", "attentive"),
    [
        (0, 0x147, 0, 0, True),
        (UI, 0x147, 0, 0, True),
        (UI, 0x147, 1 << 17, 0, True),
        (UI, 0x147, 1, 0, False),
        (UI, 0x147, 1 << 16, 0, False),
        (UI, 0x147, 0, 1, False),
        (UI, 0x146, 1, 1, True),
        (0, 0x147, 1, 1, True),
        (PCI, 0x147, 0, 0, False),
        (URI, 0x147, 0, 0, False),
        (URI, 0x107, 0, 0, True),
        (SRI | UEI, 0x1C7, 1, 1, True),
    ],
)
def test_whether_the_firmware_has_taken_notice(
    rig: Rig, status: int, enabled: int, complete: int, setup: int, attentive: bool
) -> None:
    rig.usb.write(USBINTR, enabled)
    rig.usb.USBSTS = status
    rig.usb.ENDPTCOMPLETE, rig.usb.ENDPTSETUPSTAT = complete, setup
    assert rig.usb.is_attentive == attentive


def test_a_reset_of_the_controller_reaches_its_operational_registers(rig: Rig) -> None:
    """USBCMD and what lies behind it; not what the cable shows, nor the timers below."""
    rig.usb.write(0x80, 0x1234)
    for offset in (0x160, 0x164, DEVICEADDR, NAKEN, LIST, USBMODE):
        rig.usb.write(offset, 0x0200_0000)
    before = rig.usb.read(OTGSC)
    rig.usb.write(USBCMD, 2)
    values = {0x140: 0x80000, 0x160: 0x808, 0x180: 1, 0x184: 1 << 28, 0x1A8: 0x5000, CTRL: 0x800080}
    for offset in [offset for offset in rig.usb.regs if offset >= 0x140 and offset != OTGSC]:
        assert rig.usb.peek(offset) == values.get(offset, 0), hex(offset)
    assert rig.usb.read(OTGSC) == before and rig.usb.read(0x80) == 0x1234
    assert rig.usb.address == 0 and rig.usb.is_attentive


def test_a_setup_packet_that_asks_for_no_interrupt(rig: Rig) -> None:
    """IOS is bit 15 of a queue head."""
    rig.queue_head(0x00, 64)
    rig.usb.write(CTRL, 0x0001_0001)
    rig.usb.write(USBSTS, 0xFFFF_FFFF)
    assert rig.usb.setup(0, bytes(8)) is Handshake.ACK
    assert (rig.usb.read(USBSTS) & UI, rig.usb.read(SETUPSTAT)) == (0, 1)
    assert rig.usb.read(CTRL) == 0x0080_0080, "both stalls are over"


# -- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("control", "length"), [(0, 125_000), (1 << 24, 1_000_000)])
def test_frames_begin_at_their_edges(rig: Rig, control: int, length: int) -> None:
    """SRI: each microframe at high speed, each frame at full speed (PFSC)."""
    rig.bench.clock.advance(1_234_567)
    rig.usb.write(PORTSC1, control)
    rig.usb.begin_reset()
    rig.usb.write(USBSTS, 0xFFFF_FFFF)
    rig.usb.write(FLUSH, 0xFFFF_FFFF)
    rig.usb.end_reset()
    rig.usb.write(USBINTR, SRI)
    for _ in range(3):
        rig.usb.write(USBSTS, SRI)
        assert not rig.usb.IRQ.level
        edge = rig.bench.clock.now // length * length + length
        rig.bench.clock.advance(edge - rig.bench.clock.now - 1)
        assert not rig.usb.IRQ.level
        rig.bench.clock.advance(1)
        assert rig.usb.IRQ.level
        rig.bench.clock.advance(3 * length + 1)
    rig.usb.write(USBINTR, 0)
    rig.usb.write(USBSTS, SRI)
    rig.bench.clock.advance(10 * length)
    assert not rig.usb.read(USBSTS) & SRI


def test_without_a_bus_there_are_no_frames() -> None:
    bench = Bench()
    usb = Usb(bench.system)
    usb.reset(ResetCause.POWER_ON)
    usb.write(USBINTR, SRI | FRI)
    usb.write(USBCMD, 1)
    bench.clock.advance(5_000_000_000)
    assert usb.read(USBSTS) & (SRI | FRI) == 0 and usb.read(FRINDEX) == 0


@pytest.mark.parametrize("size", range(8))
def test_sizes_of_a_hosts_frame_list(size: int) -> None:
    """USBCMD.FS is 3:2 and 15: 1024, 512, 256, 128, 64, 32, 16 or 8 frames of 1 ms."""
    bench, usb = empty_host(enabled=FRI)
    usb.write(USBCMD, 0x31 | (size & 3) << 2 | size >> 2 << 15)
    frames = 1024 >> size
    bench.clock.advance(frames * 1_000_000 - 1)
    assert not usb.IRQ.level
    bench.clock.advance(1)
    assert usb.IRQ.level


def test_the_index_of_frames_has_fourteen_bits() -> None:
    bench, usb = empty_host()
    bench.clock.advance(0x4005 * 125_000 + 3)
    assert usb.read(FRINDEX) == usb.peek(FRINDEX) == 5


def test_a_host_counts_frames_as_interrupts_too() -> None:
    """SRI each microframe, though its bus has no device."""
    bench, usb = empty_host(enabled=SRI)
    bench.clock.advance(124_999)
    assert not usb.IRQ.level
    bench.clock.advance(1)
    assert usb.IRQ.level


# -- cable and bus reset ---------------------------------------------------------------------------

CCS, SUSP, PR, HSP = 1, 1 << 7, 1 << 8, 1 << 9


def test_the_flags_of_the_cable(rig: Rig) -> None:
    """OTGSC: ASV 10, BSV 11, BSE 12; BSVIS 19 and BSEIS 20 tell of each change."""
    for plugged in (False, True):
        rig.usb.write(OTGSC, 0x7F << 16)
        assert rig.usb.read(OTGSC) >> 16 & 0x7F == 0
        rig.host.plugged = plugged
        rig.usb.cable_changed()
        assert rig.usb.read(OTGSC) >> 10 & 7 == (0b011 if plugged else 0b100)
        assert rig.usb.read(OTGSC) >> 16 & 0x7F == 0b001_1000
        rig.usb.write(OTGSC, 0x7F << 16)
        rig.usb.cable_changed()
        assert rig.usb.read(OTGSC) >> 16 & 0x7F == 0, "nothing has changed"


@pytest.mark.parametrize("mode", [0, 2, 3])
@pytest.mark.parametrize("runs", [0, 1])
def test_who_pulls_up(rig: Rig, mode: int, runs: int) -> None:
    """USBCMD.RS, unless it is a host (USBMODE.CM)."""
    rig.usb.write(USBMODE, mode)
    rig.usb.write(USBCMD, runs)
    assert rig.usb.pull_up == (runs == 1 and mode != 3)


def test_the_port_from_plug_to_unplug(rig: Rig) -> None:
    """CCS; PR while the bus is reset; HSP behind it; SUSP and SLI on an idle bus."""
    seen = []
    for step in (
        lambda: None,
        rig.usb.begin_reset,
        lambda: rig.usb.write(USBSTS, 0x1FF),
        lambda: rig.usb.write(FLUSH, 0xFFFF_FFFF),
        rig.usb.end_reset,
        lambda: setattr(rig.host, "plugged", False) or rig.usb.cable_changed(),
    ):
        step()
        seen.append(rig.usb.read(PORTSC1) & (CCS | SUSP | PR | HSP))
    assert seen == [CCS, CCS | PR, CCS | PR, CCS | PR, CCS | HSP, SUSP | HSP]
    assert rig.usb.read(USBSTS) & 1 << 8
    rig.usb.write(USBSTS, 0x1FF)
    rig.usb.write(USBCMD, 0)
    rig.usb.write(USBCMD, 1)
    assert not rig.usb.read(PORTSC1) & CCS


def test_a_bus_reset_gives_up_the_address(rig: Rig) -> None:
    rig.usb.write(DEVICEADDR, 9 << 25)
    rig.usb.begin_reset()
    assert (rig.usb.address, rig.usb.read(DEVICEADDR)) == (0, 0)
    assert rig.usb.read(USBSTS) & URI and not rig.usb.is_attentive


# -- timers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("load", "control", "flag"), [(0x80, 0x84, 24), (0x88, 0x8C, 25)])
def test_each_general_purpose_timer(rig: Rig, load: int, control: int, flag: int) -> None:
    """24 bits; GPTRST loads the counter, which a stopped timer keeps; GPTCNT cannot be written."""
    rig.usb.write(load, 0xFFFF_FFFF)
    assert rig.usb.read(load) == 0x00FF_FFFF
    rig.usb.write(control, GPTRST)
    assert rig.usb.read(control) == rig.usb.peek(control) == 0x00FF_FFFF
    rig.usb.write(load, 4)
    rig.usb.write(control, 0x12_3456)
    assert rig.usb.read(control) == 0x00FF_FFFF
    rig.usb.write(control, GPTRUN | GPTRST)
    rig.bench.clock.advance(1)
    counts = []
    for _ in range(5):
        counts.append(rig.usb.read(control) & 0xFF_FFFF)
        rig.bench.clock.advance(1_000)
    assert counts == [4, 3, 2, 1, 0] and rig.usb.read(USBSTS) == 1 << flag
    rig.usb.write(USBSTS, 1 << flag)
    rig.usb.write(control, GPTRUN)
    rig.bench.clock.advance(100_000)
    assert rig.usb.read(USBSTS) == 0, "at 0 it has nothing to count"
    rig.usb.write(control, GPTRUN | GPTRST)
    rig.bench.clock.advance(2_500)
    rig.usb.write(control, GPTRUN)
    rig.bench.clock.advance(2_499)
    assert rig.usb.read(USBSTS) == 0
    rig.bench.clock.advance(1)
    assert rig.usb.read(USBSTS) == 1 << flag, "written while it runs, it runs on"


# -- queue heads and transfer descriptors, bit by bit ----------------------------------------------


@pytest.mark.parametrize("size", [1, 8, 64, 512, 1024, 0x7FF])
def test_sizes_of_packets(rig: Rig, size: int) -> None:
    """dQH, maximum packet length: bits 26:16."""
    rig.queue_head(0x81, size, flags=ZLT_OFF | 1 << 27 | 1 << 28 | 3 << 30 | 0x7FFF)
    rig.descriptor(TD, 0x1000)
    rig.usb.write(PRIME, 1 << 17)
    assert len(rig.usb.take(0x81)) == size  # type: ignore[arg-type]


def test_pointers_have_27_bits(rig: Rig) -> None:
    """T is bit 0; 4:1 are reserved."""
    rig.queue_head(0x81, 64, first=TD | 0x1E)
    rig.descriptor(TD, 1, after=TD + 0x20 | 0x1E)
    rig.descriptor(TD + 0x20, 1, page=BUFFER + 1, after=TD | 0x1F)
    rig.put(BUFFER, b"ab")
    rig.usb.write(PRIME, 1 << 17)
    assert rig.get(RAM + 0xC4) == TD.to_bytes(4, "little")
    assert [rig.usb.take(0x81) for _ in range(2)] == [b"a", b"b"]
    assert rig.usb.take(0x81) is Handshake.NAK and rig.usb.read(STAT) == 0


@pytest.mark.parametrize(
    ("status", "is_primed"),
    [(0x80, True), (0xC0, False), (0x40, False), (0x00, False), (0xBF, True)],
)
def test_only_an_active_descriptor_is_primed(rig: Rig, status: int, is_primed: bool) -> None:
    """dTD token: active 7, halted 6; the status is 0 when it is done, and IOC and MultO stay."""
    rig.queue_head(0x81, 64)
    rig.descriptor(TD, 1)
    rig.put(TD + 4, (1 << 16 | IOC | 3 << 10 | status).to_bytes(4, "little"))
    rig.usb.write(PRIME, 1 << 17)
    assert bool(rig.usb.read(STAT)) == is_primed
    if is_primed:
        rig.usb.take(0x81)
        assert rig.token() == IOC | 3 << 10


def test_a_descriptor_behind_another_that_is_not_active_waits(rig: Rig) -> None:
    rig.queue_head(0x81, 64)
    rig.descriptor(TD, 1, after=TD + 0x20)
    rig.descriptor(TD + 0x20, 1)
    rig.put(TD + 0x24, (1 << 16).to_bytes(4, "little"))
    rig.usb.write(PRIME, 1 << 17)
    rig.usb.take(0x81)
    assert rig.usb.read(STAT) == 0
    rig.put(TD + 0x24, (1 << 16 | ACTIVE).to_bytes(4, "little"))
    rig.put(RAM + 0xC8, (TD + 0x20).to_bytes(4, "little"))
    rig.usb.write(PRIME, 1 << 17)
    assert rig.usb.read(STAT) == 1 << 17


@pytest.mark.parametrize(
    ("size", "packet", "left", "token"),
    [
        (64, 64, 0, IOC),
        (64, 63, 1, 1 << 16 | IOC),
        (128, 64, 64, 64 << 16 | IOC | ACTIVE),
        (64, 0, 64, 64 << 16 | IOC),
        (63, 64, 0, IOC | 0x48),
        (0x7FFF, 64, 0x7FBF, 0x7FBF << 16 | IOC | ACTIVE),
    ],
)
def test_what_is_left_of_a_transfer(
    rig: Rig, size: int, packet: int, left: int, token: int
) -> None:
    """Total bytes are 30:16; a short packet ends it; one that is too long halts it (6), with a
    transaction error (3). The queue head's copy says the same."""
    rig.queue_head(0x01, 64)
    rig.descriptor(TD, size)
    rig.usb.write(PRIME, 2)
    assert rig.usb.give(0x01, b"x" * packet) is Handshake.ACK
    overlay = int.from_bytes(rig.get(RAM + 64 * rig.index(0x01) + 12), "little")
    assert overlay == token and overlay >> 16 == left
    is_done = not token & ACTIVE
    assert rig.token() == (token if is_done else size << 16 | IOC | ACTIVE)
    assert bool(rig.usb.read(COMPLETE)) == is_done


def test_an_endpoint_that_was_halted_is_not_resumed(rig: Rig) -> None:
    rig.queue_head(0x01, 64)
    rig.descriptor(TD, 4)
    rig.usb.write(PRIME, 2)
    rig.usb.give(0x01, b"12345")
    rig.usb.write(PRIME, 2)
    assert rig.usb.read(STAT) == 0
    assert rig.usb.give(0x01, b"1") is Handshake.NAK
