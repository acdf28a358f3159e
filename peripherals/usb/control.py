"""Control transfers on endpoint zero, one packet at a time. (USB 2.0 sections 8.5.3 and 9.3)"""

from __future__ import annotations

import enum
import struct

from xipsim.peripherals.core import Record
from xipsim.peripherals.namedtuple import NamedTuple

from . import descriptors
from .link import DevicePort, Handshake

TO_HOST = 0x80
OUT, IN = 0x00, 0x80


class Request(NamedTuple):
    """A control request: `data` goes to the device, or `length` bytes are asked for."""

    kind: int
    """bmRequestType"""
    code: int
    """bRequest"""
    value: int = 0
    w_index: int = 0
    """wIndex"""
    data: bytes = b""
    length: int = 0

    @property
    def packet(self) -> bytes:
        """The eight bytes of the SETUP packet."""
        length = self.length if self.kind & TO_HOST else len(self.data)
        return struct.pack("<BBHHH", self.kind, self.code, self.value, self.w_index, length)


def set_address(address: int) -> Request:
    """SET_ADDRESS"""
    return Request(kind=0x00, code=5, value=address)


def set_configuration(value: int) -> Request:
    """SET_CONFIGURATION"""
    return Request(kind=0x00, code=9, value=value)


def get_descriptor(kind: int, length: int, *, number: int = 0, language: int = 0) -> Request:
    """GET_DESCRIPTOR for at most `length` bytes"""
    return Request(kind=0x80, code=6, value=kind << 8 | number, w_index=language, length=length)


def get_string(number: int, language: int) -> Request:
    """GET_DESCRIPTOR for a whole string"""
    return get_descriptor(descriptors.STRING, 255, number=number, language=language)


def clear_halt(endpoint: int) -> Request:
    """CLEAR_FEATURE(ENDPOINT_HALT)"""
    return Request(kind=0x02, code=1, w_index=endpoint)


class Stage(enum.Enum):
    """What a control transfer waits for."""

    SETUP = enum.auto()
    DATA = enum.auto()
    STATUS = enum.auto()
    DONE = enum.auto()
    STALLED = enum.auto()


class ControlTransfer(Record):
    """One request on its way through its stages."""

    def __init__(self, request: Request, max_packet: int) -> None:
        self.request, self.max_packet = request, max_packet
        self.stage = Stage.SETUP
        self.received = bytearray()
        self.sent = 0

    def step(self, port: DevicePort, address: int) -> Handshake:
        """Try the next packet; anything but NAK is progress."""
        if self.stage is Stage.SETUP:
            answer = port.setup(address, self.request.packet)
            has_data = self.request.length or self.request.data
            if answer is Handshake.ACK:
                self.stage = Stage.DATA if has_data else Stage.STATUS
        elif self.stage is Stage.DATA:
            answer = self._take(port) if self.request.length else self._give(port)
        else:
            answer = self._status(port)
            if answer is Handshake.ACK:
                self.stage = Stage.DONE
        if answer is Handshake.STALL:
            self.stage = Stage.STALLED
        return answer

    def _take(self, port: DevicePort) -> Handshake:
        packet = port.take(IN)
        if isinstance(packet, Handshake):
            return packet
        self.received += packet
        if len(packet) < self.max_packet or len(self.received) >= self.request.length:
            self.stage = Stage.STATUS
        return Handshake.ACK

    def _give(self, port: DevicePort) -> Handshake:
        packet = self.request.data[self.sent : self.sent + self.max_packet]
        answer = port.give(OUT, packet)
        if answer is Handshake.ACK:
            self.sent += len(packet)
            if self.sent == len(self.request.data):
                self.stage = Stage.STATUS
        return answer

    def _status(self, port: DevicePort) -> Handshake:
        if self.request.length:
            return port.give(OUT, b"")
        answer = port.take(IN)
        return answer if isinstance(answer, Handshake) else Handshake.ACK
