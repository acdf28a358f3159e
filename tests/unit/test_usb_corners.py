"""What a PC makes of odd descriptors, and the TRBs of the Alif's device controller."""

from __future__ import annotations

import struct

import pytest
from usb_firmware import endpoint, interface, whole

from xipsim.peripherals.alif.usb_transfer import Transfer
from xipsim.peripherals.core.testing import FakeBus
from xipsim.peripherals.usb import descriptors
from xipsim.peripherals.usb._hid import Hid, find_hids
from xipsim.peripherals.usb.descriptors import DescriptorError, Endpoint
from xipsim.peripherals.usb.function import interval
from xipsim.peripherals.usb.link import Speed

DEVICE = bytes((18, 1, 0, 2, 0xEF, 2, 1, 64, 0x34, 0x12, 0x78, 0x56, 0, 1, 1, 2, 3, 1))


def test_a_device_descriptor() -> None:
    """USB 2.0, table 9-8; and its first eight bytes alone, as a PC asks for them first."""
    assert descriptors.parse_device(DEVICE) == (64, 0x1234, 0x5678, (1, 2, 3), 18)
    assert descriptors.parse_device(DEVICE[:8]) == (64, 0, 0, (0, 0, 0), 18)


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_sizes_of_endpoint_0(size: int) -> None:
    assert descriptors.parse_device(DEVICE[:7] + bytes((size,)) + DEVICE[8:]).max_packet == size


@pytest.mark.parametrize("size", [0, 7, 9, 63, 65, 255])
def test_endpoint_0_has_no_other_size(size: int) -> None:
    with pytest.raises(DescriptorError, match=f"8 to 64, given {size}"):
        descriptors.parse_device(DEVICE[:7] + bytes((size,)) + DEVICE[8:])


@pytest.mark.parametrize("data", [b"", DEVICE[:7], b"\x12\x02" + DEVICE[2:]])
def test_what_is_no_device_descriptor(data: bytes) -> None:
    with pytest.raises(DescriptorError, match="device descriptor expected, given"):
        descriptors.parse_device(data)


@pytest.mark.parametrize(
    ("kind", "shortest"), [(4, 9), (5, 7), (11, 8), (0x21, 9), (0x24, 3), (0x99, 2)]
)
def test_the_shortest_descriptors(kind: int, shortest: int) -> None:
    """Interface, endpoint, association, HID, class-specific, and one that nobody knows."""
    head = interface(0, 1, (3, 0, 0))
    descriptors.parse_configuration(
        whole(1, 1, head + bytes((shortest, kind)) + bytes(shortest - 2))
    )
    if shortest > 2:
        body = bytes((shortest - 1, kind)) + bytes(shortest - 3)
        with pytest.raises(DescriptorError, match=f"too short: {body.hex(' ')}"):
            descriptors.parse_configuration(whole(1, 1, head + body))


def test_endpoints_and_associations() -> None:
    """Bits 1:0 of bmAttributes, 10:0 of wMaxPacketSize, bInterval; bFirstInterface and count."""
    association = bytes((8, 11, 3, 2, 2, 2, 0, 0))
    body = association + interface(3, 1, (3, 1, 2), 9) + bytes((7, 5, 0x83, 0xFF, 0xFF, 0xFF, 5))
    found = descriptors.parse_configuration(whole(1, 1, body))
    assert found.associations == [range(3, 5)]
    (one,) = found.interfaces
    assert (one.number, one.alternate, one.kind, one.string) == (3, 0, (3, 1, 2), 9)
    assert one.endpoints == [Endpoint(0x83, 3, 0x7FF, 5)]
    assert one.endpoints[0].is_in and not Endpoint(0x7F, 3, 8).is_in


@pytest.mark.parametrize(
    ("value", "high", "full"),
    [
        (0, 125_000, 1_000_000),
        (1, 125_000, 1_000_000),
        (4, 1_000_000, 4_000_000),
        (16, 125_000 << 15, 16_000_000),
        (17, 125_000 << 15, 17_000_000),
    ],
)
def test_intervals(value: int, high: int, full: int) -> None:
    """USB 2.0, table 9-13: 2^(bInterval - 1) microframes; bInterval frames. None is one."""
    polled = Endpoint(0x81, 3, 8, value)
    assert interval(polled, Speed.HIGH) == high
    assert interval(polled, Speed.FULL) == full


@pytest.mark.parametrize(
    ("hid", "length"),
    [
        (bytes((9, 0x21, 0x11, 1, 0, 1, 0x22, 0x3F, 0x01)), 0x13F),
        (bytes((9, 0x21, 0x11, 1, 0, 1, 0x23, 0x3F, 0x01)), 0),
        (b"", 0),
    ],
)
def test_the_length_of_a_report_descriptor(hid: bytes, length: int) -> None:
    """HID 1.11, 6.2.1: of the descriptor of type 22h."""
    body = interface(2, 1, (3, 0, 0)) + hid + endpoint(0x83, 3, 8)
    (found,) = find_hids(descriptors.parse_configuration(whole(1, 1, body)))
    assert isinstance(found, Hid) and found.length == length


@pytest.mark.parametrize(
    "body",
    [
        interface(2, 1, (8, 0, 0)) + endpoint(0x83, 3, 8),
        interface(2, 1, (3, 0, 0)) + endpoint(0x03, 3, 8),
        interface(2, 1, (3, 0, 0)) + endpoint(0x83, 2, 8),
        interface(2, 0, (3, 0, 0)),
    ],
    ids=["another class", "from the host", "bulk", "none"],
)
def test_what_is_no_hid_that_could_be_polled(body: bytes) -> None:
    assert find_hids(descriptors.parse_configuration(whole(1, 1, body))) == []


# -- TRBs of the DWC3 (drv_usb_dwc3 of Alif's DFP) -------------------------------------------------

TRB, BUFFER = 0x100, 0x200


def transfer(size: int, control: int) -> tuple[FakeBus, Transfer]:
    bus = FakeBus()
    memory = bus.add(0, 0x400)
    memory[BUFFER : BUFFER + 16] = bytes(range(16))
    memory[TRB : TRB + 16] = struct.pack("<4I", BUFFER, 0, size, control)
    return bus, Transfer.read(bus, TRB)


@pytest.mark.parametrize(
    ("control", "owned", "last", "kind"),
    [
        (0, False, False, 0),
        (1, True, False, 0),
        (2, False, True, 0),
        (0x3F0, False, False, 63),
        (0x13, True, True, 1),
        (0xC0C, False, False, 0),
        (0x29, True, False, 2),
    ],
)
def test_control_of_a_trb(control: int, owned: bool, last: bool, kind: int) -> None:
    """HWO 0, LST 1, TRBCTL 9:4."""
    _, one = transfer(8, control)
    assert (one.owned, one.last, one.kind) == (owned, last, kind)


def test_a_transfer_uses_its_buffer_up() -> None:
    """BUFSIZ is bits 23:0; what is left of it is written back, with HWO clear."""
    bus, one = transfer(0xFF00_000C, 0x13)
    assert one.left == 12
    assert [one.fetch(bus, 5), one.left, one.buffer] == [bytes(range(5)), 7, BUFFER + 5]
    assert [one.fetch(bus, 9), one.left] == [bytes(range(5, 12)), 0]
    assert one.fetch(bus, 9) == b""
    one.retire(bus)
    assert bus.read(TRB, 16) == struct.pack("<4I", BUFFER, 0, 0, 0x12)


def test_what_is_received_ends_with_the_buffer() -> None:
    bus, one = transfer(6, 0x13)
    one.store(bus, b"abcd")
    assert (one.left, one.buffer) == (2, BUFFER + 4)
    one.store(bus, b"efgh")
    assert (one.left, one.buffer) == (0, BUFFER + 6)
    one.store(bus, b"x")
    assert bus.read(BUFFER, 8) == b"abcdef\x06\x07"
    one.retire(bus)
    assert bus.read(TRB + 8, 8) == struct.pack("<2I", 0, 0x12)


def test_a_buffer_above_four_gigabytes() -> None:
    bus = FakeBus()
    bus.add(0, 16)[:16] = struct.pack("<4I", 0x1000, 2, 5, 0x13)
    assert Transfer.read(bus, 0).buffer == 0x2_0000_1000
