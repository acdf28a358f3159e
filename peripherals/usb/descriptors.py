"""Descriptors of a USB device, parsed. (USB 2.0 section 9.6; IAD: ECN of 2003)"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from xipsim.peripherals.namedtuple import NamedTuple

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT, QUALIFIER = 1, 2, 3, 4, 5, 6
ASSOCIATION, HID, CS_INTERFACE = 11, 0x21, 0x24

BULK, INTERRUPT = 2, 3
"""Transfer types in the low bits of an endpoint's attributes."""


class DescriptorError(ValueError):
    """A device sent a descriptor that cannot be read. The text says which, and its bytes."""


class Device(NamedTuple):
    """The device descriptor, as far as a host needs it. Strings are indices, 0 if there is none."""

    max_packet: int
    vendor: int
    product: int
    strings: tuple[int, int, int]
    """Manufacturer, product, serial number."""
    length: int


class Endpoint(NamedTuple):
    """One endpoint of an interface."""

    address: int
    kind: int
    max_packet: int
    interval: int = 0
    """bInterval"""

    @property
    def is_in(self) -> bool:
        """Whether its data flow to the host."""
        return bool(self.address & 0x80)


def bulk_pair(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, Endpoint] | None:
    """The first bulk endpoint to the host, and the first one from it; None if one is missing."""
    bulk = [endpoint for endpoint in endpoints if endpoint.kind == BULK]
    receive = next((e for e in bulk if e.is_in), None)
    send = next((e for e in bulk if not e.is_in), None)
    return (receive, send) if receive and send else None


class Interface(NamedTuple):
    """One setting of an interface, with its endpoints and class-specific descriptors."""

    number: int
    alternate: int
    kind: tuple[int, int, int]
    """Class, subclass, protocol."""
    string: int
    endpoints: list[Endpoint]
    functional: list[bytes]
    """Class-specific interface descriptors from their subtype on."""
    hid: list[bytes]
    """HID descriptors. (HID 1.11, section 6.2.1)"""


class Configuration(NamedTuple):
    """A configuration descriptor with everything that follows it."""

    value: int
    interfaces: list[Interface]
    associations: list[range]
    """Numbers of the interfaces that together are one function."""


def parse_device(data: bytes) -> Device:
    """Parse the device descriptor, or its first eight bytes (the rest then reads 0)."""
    if len(data) < 8 or data[1] != DEVICE:
        raise DescriptorError(f"device descriptor expected, given {data.hex(' ') or 'nothing'}")
    vendor, product = struct.unpack_from("<HH", data.ljust(18, b"\0"), 8)
    strings = data.ljust(18, b"\0")[14:17]
    if data[7] not in (8, 16, 32, 64):
        raise DescriptorError(f"packet size of endpoint 0: expected 8 to 64, given {data[7]}")
    return Device(data[7], vendor, product, (strings[0], strings[1], strings[2]), data[0])


def total_length(data: bytes) -> int:
    """Length of a whole configuration, from the first bytes of its descriptor."""
    if len(data) < 9 or data[1] != CONFIGURATION:
        raise DescriptorError(f"configuration expected, given {data.hex(' ') or 'nothing'}")
    return int.from_bytes(data[2:4], "little")


def _split(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = data[at]
        if length < 2 or at + length > len(data):
            raise DescriptorError(f"descriptor at byte {at} has length {length} of {len(data)}")
        yield data[at : at + length]
        at += length


_SHORTEST = {CONFIGURATION: 9, INTERFACE: 9, ENDPOINT: 7, ASSOCIATION: 8, HID: 9, CS_INTERFACE: 3}


def parse_configuration(data: bytes) -> Configuration:
    """Parse a configuration descriptor and all that follows it; unknown ones are passed over."""
    if len(data) != total_length(data):
        raise DescriptorError(f"configuration of {total_length(data)} bytes ends after {len(data)}")
    configuration = Configuration(data[5], [], [])
    interfaces = configuration.interfaces
    for one in _split(data):
        kind = one[1]
        if len(one) < _SHORTEST.get(kind, 2):
            raise DescriptorError(f"descriptor too short: {one.hex(' ')}")
        if kind == INTERFACE:
            kinds = (one[5], one[6], one[7])
            interfaces.append(Interface(one[2], one[3], kinds, one[8], [], [], []))
        elif kind == ASSOCIATION:
            configuration.associations.append(range(one[2], one[2] + one[3]))
        elif kind == ENDPOINT and interfaces:
            size = int.from_bytes(one[4:6], "little") & 0x7FF
            interfaces[-1].endpoints.append(Endpoint(one[2], one[3] & 3, size, one[6]))
        elif kind == CS_INTERFACE and interfaces:
            interfaces[-1].functional.append(one[2:])
        elif kind == HID and interfaces:
            interfaces[-1].hid.append(one)
    return configuration


def parse_string(data: bytes) -> str:
    """The text of a string descriptor."""
    if len(data) < 2 or data[1] != STRING:
        raise DescriptorError(f"string descriptor expected, given {data.hex(' ') or 'nothing'}")
    return data[2 : data[0]].decode("utf-16-le", "replace")


def parse_languages(data: bytes) -> tuple[int, ...]:
    """The language codes of string descriptor zero."""
    if len(data) < 2 or data[1] != STRING:
        raise DescriptorError(f"string descriptor expected, given {data.hex(' ') or 'nothing'}")
    return tuple(int.from_bytes(data[i : i + 2], "little") for i in range(2, len(data) - 1, 2))
