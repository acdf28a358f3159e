"""A PC's driver for keyboards, mice and the like: keeps the reports that they send.

(USB Device Class Definition for HID 1.11.) What a report means is in the report descriptor, which
is asked for, as by every PC; nobody here looks at it.
"""

from __future__ import annotations

from .control import Request, clear_halt
from .descriptors import INTERRUPT, Configuration, Endpoint, Interface
from .function import Function, Pipes, interval
from .link import Handshake

_HID = 0x03
_SET_IDLE = 0x0A
_REPORT = 0x22
MOST = 1000
"""Reports that are kept."""


class Hid(Function):
    """One HID function: polls its interrupt endpoint, no more often than that asks for.

    reports: virtual ns and bytes of the last ones. length: of the report descriptor; 0: none.
    """

    def __init__(self, interface: Interface, endpoint: Endpoint, length: int) -> None:
        super().__init__((endpoint.address,))
        self.interface, self.endpoint, self.length = interface.number, endpoint, length
        self.reports: list[tuple[int, bytes]] = []
        self._earliest = 0

    def start(self, pipes: Pipes) -> None:
        """See `Function`. The requests of Linux' usbhid, in its order."""
        pipes.submit(Request(kind=0x21, code=_SET_IDLE, w_index=self.interface))
        if self.length:
            report = Request(
                kind=0x81, code=6, value=_REPORT << 8, w_index=self.interface, length=self.length
            )
            pipes.submit(report)
        self.ready(pipes)

    def answered(self, pipes: Pipes, request: Request) -> None:
        """See `Function`."""
        if request == clear_halt(self.endpoint.address):
            self.ready(pipes)

    def ready(self, pipes: Pipes) -> None:
        """See `Function`."""
        super().ready(pipes)
        if self.due is not None:
            self.due = max(self.due, self._earliest)

    def step(self, pipes: Pipes) -> None:
        """See `Function`."""
        self.due = None
        answer = pipes.device.take(self.endpoint.address)
        if answer is Handshake.STALL:
            pipes.unstall(self.endpoint.address)
        elif isinstance(answer, bytes):
            self._earliest = pipes.now + interval(self.endpoint, pipes.speed)
            if answer:
                self.reports.append((pipes.now, answer))
                del self.reports[:-MOST]
            self.due = self._earliest


def find_hids(configuration: Configuration) -> list[Function]:
    """Drivers for the HID functions that have an interrupt endpoint to the host."""
    hids: list[Function] = []
    for interface in configuration.interfaces:
        polled = [e for e in interface.endpoints if e.is_in and e.kind == INTERRUPT]
        if interface.kind[0] == _HID and interface.alternate == 0 and polled:
            hids.append(Hid(interface, polled[0], _report_length(interface)))
    return hids


def _report_length(interface: Interface) -> int:
    """Of the report descriptor, as the HID descriptor has it (6.2.1); 0 without one."""
    for one in interface.hid:
        if one[6] == _REPORT:
            return int.from_bytes(one[7:9], "little")
    return 0
