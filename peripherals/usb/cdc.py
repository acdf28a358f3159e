"""A PC's CDC ACM driver: finds the serial port among a device's functions, and its requests.

(USB CDC 1.2, section 5.2.3; PSTN 1.2, section 6.3)
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .control import Request
from .descriptors import BULK, Configuration, Endpoint, Interface

ABSTRACT_CONTROL = (0x02, 0x02)
DATA_CLASS = 0x0A
_CALL_MANAGEMENT, _UNION = 0x01, 0x06
_SET_LINE_CODING, _SET_CONTROL_LINE_STATE = 0x20, 0x22


class SerialPort(NamedTuple):
    """The CDC ACM function of a device: its control interface and its bulk endpoints."""

    interface: int
    string: int
    receive: Endpoint
    send: Endpoint

    def line_coding(self, baud: int) -> Request:
        """SET_LINE_CODING to `baud`, 8 data bits, no parity, 1 stop bit."""
        coding = struct.pack("<IBBB", baud, 0, 0, 8)
        return Request(kind=0x21, code=_SET_LINE_CODING, w_index=self.interface, data=coding)

    def line_state(self, on: bool) -> Request:
        """SET_CONTROL_LINE_STATE: DTR and RTS together, as a terminal's open and close do."""
        value = 3 if on else 0
        return Request(
            kind=0x21, code=_SET_CONTROL_LINE_STATE, value=value, w_index=self.interface
        )


def is_line_state(request: Request) -> bool:
    """Whether `request` is one that `line_state` makes."""
    return request.kind == 0x21 and request.code == _SET_CONTROL_LINE_STATE


def find_serial_port(configuration: Configuration) -> SerialPort | None:
    """The first CDC ACM function whose data interface has a bulk endpoint in each direction."""
    settings = [one for one in configuration.interfaces if one.alternate == 0]
    for control in settings:
        if control.kind[:2] != ABSTRACT_CONTROL:
            continue
        numbers = _data_interfaces(configuration, control)
        bulk = [
            endpoint
            for data in settings
            if data.number in numbers and data.kind[0] == DATA_CLASS
            for endpoint in data.endpoints
            if endpoint.kind == BULK
        ]
        receive = next((e for e in bulk if e.is_in), None)
        send = next((e for e in bulk if not e.is_in), None)
        if receive and send:
            return SerialPort(control.number, control.string, receive, send)
    return None


def _data_interfaces(configuration: Configuration, control: Interface) -> list[int]:
    """Numbers of the interfaces that belong to `control`: by union, else by association."""
    for one in control.functional:
        if one[0] == _UNION and len(one) > 2 and one[1] == control.number:
            return list(one[2:])
    for one in control.functional:
        if one[0] == _CALL_MANAGEMENT and len(one) > 2:
            return [one[2]]
    return [
        number
        for association in configuration.associations
        if control.number in association
        for number in association
    ]
