"""What a PC's drivers have in common: they act through the host, a packet at a time."""

from __future__ import annotations

from typing import Protocol

from xipsim.peripherals.core import Record

from .control import Request
from .descriptors import Endpoint
from .link import DevicePort, Speed

PACKET = {Speed.HIGH: 125_000 // 13, Speed.FULL: 1_000_000 // 19}
"""Time of a bulk packet on a bus that carries nothing else. (USB 2.0, tables 5-9 and 5-10)"""


def interval(endpoint: Endpoint, speed: Speed) -> int:
    """ns between two polls of an interrupt endpoint. (USB 2.0, table 9-13)"""
    if speed is Speed.HIGH:
        return 125_000 << min(max(endpoint.interval, 1), 16) - 1
    return 1_000_000 * max(endpoint.interval, 1)


class Pipes(Protocol):
    """A host with a device at its cable, as its drivers use it."""

    speed: Speed

    @property
    def now(self) -> int:
        """Virtual ns."""

    @property
    def device(self) -> DevicePort:
        """The controller at the other end."""

    def submit(self, request: Request) -> None:
        """Send a control request, after those that wait already; `answered` is told its end."""

    def unstall(self, endpoint: int) -> None:
        """Clear the halt of an endpoint; `answered` is told its end."""

    def note(self, message: str) -> None:
        """Put a line into the run's report."""


class Function(Record):
    """The driver of one function of a device, made when the device was configured.

    endpoints: those whose readiness it waits for. due: virtual ns at which `step` is to be called;
    None: not before one of them is ready.
    """

    def __init__(self, endpoints: tuple[int, ...]) -> None:
        self.endpoints = endpoints
        self.due: int | None = None

    def start(self, pipes: Pipes) -> None:
        """The device has been configured."""

    def ready(self, pipes: Pipes) -> None:
        """What was answered with NAK is worth a second try."""
        soon = pipes.now + PACKET[pipes.speed]
        self.due = soon if self.due is None else min(self.due, soon)

    def step(self, pipes: Pipes) -> None:
        """Try a packet, and set `due`."""
        raise NotImplementedError

    def answered(self, pipes: Pipes, request: Request) -> None:
        """A control request, of whatever driver, has come to its end, or was refused."""
