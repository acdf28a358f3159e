"""A PC's CDC ACM driver: finds the serial port among a device's functions, and its requests.

(USB CDC 1.2, section 5.2.3; PSTN 1.2, section 6.3)
"""

from __future__ import annotations

import struct

from xipsim.peripherals.namedtuple import NamedTuple

from .control import Request
from .descriptors import Configuration, Endpoint, Interface, bulk_pair

ABSTRACT_CONTROL = (0x02, 0x02)
DATA_CLASS = 0x0A
_CALL_MANAGEMENT, _UNION = 0x01, 0x06
_SET_LINE_CODING, _SET_CONTROL_LINE_STATE = 0x20, 0x22


class SerialPort(NamedTuple):
    """The CDC ACM function of a device: its control interface and its bulk endpoints.

    notify: where it tells of carrier and breaks.
    """

    interface: int
    string: int
    receive: Endpoint
    send: Endpoint
    notify: Endpoint | None = None

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


def find_serial_ports(configuration: Configuration) -> list[SerialPort]:
    """The CDC ACM functions whose data interface has a bulk endpoint in each direction."""
    settings = [one for one in configuration.interfaces if one.alternate == 0]
    ports = []
    for control in settings:
        if control.kind[:2] != ABSTRACT_CONTROL:
            continue
        numbers = _data_interfaces(configuration, control)
        data = [one for one in settings if one.number in numbers and one.kind[0] == DATA_CLASS]
        pair = bulk_pair(endpoint for one in data for endpoint in one.endpoints)
        if pair:
            notify = next((e for e in control.endpoints if e.is_in), None)
            ports.append(SerialPort(control.number, control.string, *pair, notify))
    return ports


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
