"""Descriptors as a device sends them, well-formed or not, and the search for a serial port."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from usb_firmware import MICROPYTHON, SHUFFLED, endpoint, interface, whole

from xipsim.peripherals.usb import descriptors
from xipsim.peripherals.usb.cdc import find_serial_ports, is_line_state
from xipsim.peripherals.usb.control import get_descriptor, set_address
from xipsim.peripherals.usb.descriptors import DescriptorError

CONTROL = interface(4, 1, (2, 2, 0), 6)
DATA = interface(5, 2, (10, 0, 0)) + endpoint(0x8A, 2, 64) + endpoint(0x0B, 2, 64)


def test_micropythons_configuration() -> None:
    # 75 bytes: imxrt.md 7.3
    assert len(MICROPYTHON.configuration) == 75
    found = descriptors.parse_configuration(MICROPYTHON.configuration)
    assert [(one.number, one.kind[0]) for one in found.interfaces] == [(0, 2), (1, 10)]
    assert [(e.address, e.kind, e.max_packet) for e in found.interfaces[1].endpoints] == [
        (0x02, 2, 512),
        (0x82, 2, 512),
    ]
    (port,) = find_serial_ports(found)
    assert (port.interface, port.string, port.receive.address) == (0, 4, 0x82)


def test_the_serial_port_among_other_functions() -> None:
    (port,) = find_serial_ports(descriptors.parse_configuration(SHUFFLED.configuration))
    assert (port.interface, port.receive.address, port.send.address) == (2, 0x83, 0x01)


@pytest.mark.parametrize(
    "parts",
    [
        (CONTROL, bytes((5, 0x24, 6, 4, 5)), DATA),
        (CONTROL, bytes((5, 0x24, 1, 0, 5)), DATA),
        (bytes((8, 11, 4, 2, 2, 2, 0, 0)), CONTROL, DATA),
    ],
    ids=["union", "call management", "association"],
)
def test_the_data_interface_is_found_by(parts: tuple[bytes, ...]) -> None:
    (port,) = find_serial_ports(descriptors.parse_configuration(whole(1, 2, *parts)))
    assert (port.receive.address, port.send.address) == (0x8A, 0x0B)


@pytest.mark.parametrize(
    "parts",
    [
        (CONTROL, DATA),
        (CONTROL, bytes((5, 0x24, 6, 4, 9)), DATA),
        (CONTROL, bytes((5, 0x24, 6, 4, 5)), interface(5, 1, (10, 0, 0)), endpoint(0x8A, 2, 64)),
        (interface(4, 1, (2, 13, 0)), bytes((5, 0x24, 6, 4, 5)), DATA),
    ],
    ids=["nothing joins them", "missing interface", "one direction", "network device"],
)
def test_no_serial_port(parts: tuple[bytes, ...]) -> None:
    assert find_serial_ports(descriptors.parse_configuration(whole(1, 2, *parts))) == []


@pytest.mark.parametrize("cut", [0, 5, 9, 30, 74])
def test_a_truncated_configuration_is_refused(cut: int) -> None:
    with pytest.raises(DescriptorError):
        descriptors.parse_configuration(MICROPYTHON.configuration[:cut])


@given(st.binary(max_size=80))
def test_garbage_is_an_error_and_nothing_else(body: bytes) -> None:
    for parse, data in (
        (descriptors.parse_device, body),
        (descriptors.parse_string, body),
        (descriptors.parse_languages, body),
        (descriptors.parse_configuration, whole(1, 1, body)),
    ):
        try:
            parsed = parse(data)
        except DescriptorError:
            continue
        if isinstance(parsed, descriptors.Configuration):
            find_serial_ports(parsed)


def test_strings() -> None:
    assert descriptors.parse_string(b"\x08\x03a\0b\0c\0trailing") == "abc"
    assert descriptors.parse_languages(b"\x06\x03\x09\x04\x07\x04") == (0x409, 0x407)


def test_setup_packets() -> None:
    # USB 2.0, table 9-3
    assert set_address(7).packet == bytes.fromhex("00 05 07 00 00 00 00 00")
    assert get_descriptor(2, 75).packet == bytes.fromhex("80 06 00 02 00 00 4b 00")
    (port,) = find_serial_ports(descriptors.parse_configuration(SHUFFLED.configuration))
    assert port.line_coding(115200).packet == bytes.fromhex("21 20 00 00 02 00 07 00")
    assert port.line_coding(115200).data == bytes.fromhex("00 c2 01 00 00 00 08")
    assert port.line_state(True).packet == bytes.fromhex("21 22 03 00 02 00 00 00")
    assert is_line_state(port.line_state(False))
    assert not is_line_state(port.line_coding(9600))
