"""The cable: what a host can do with a device controller, and what the controller tells it.

Both sides act inside register accesses and alarms. A host tries a packet once; when it meets a
`NAK` it waits until the controller calls `ready`, instead of asking again in every microframe.
Endpoints are named by their address, bit 7 set for IN.
"""

from __future__ import annotations

import enum
from typing import Protocol


class Handshake(enum.Enum):
    """How a packet was answered."""

    ACK = "acknowledged"
    NAK = "not now"
    STALL = "refused"


class Speed(enum.Enum):
    """Signalling rate of the bus."""

    FULL = "12 Mbit/s"
    HIGH = "480 Mbit/s"


class DevicePort(Protocol):
    """A device controller, seen through the cable."""

    @property
    def pull_up(self) -> bool:
        """Whether the device shows itself on the bus."""

    def cable_changed(self) -> None:
        """`HostPort.plugged` has changed."""

    def begin_reset(self) -> None:
        """Drive reset signalling until `end_reset` has answered with a speed."""

    def end_reset(self) -> Speed | None:
        """Stop the reset. None: the firmware has not noticed it yet, so it goes on."""

    def setup(self, address: int, packet: bytes) -> Handshake:
        """Send the eight bytes of a SETUP packet to the device at `address`.

        A device accepts every SETUP; NAK says that none has that address, or that the controller
        has nowhere to put it.
        """

    @property
    def is_attentive(self) -> bool:
        """Whether the firmware has taken notice of all that it was told of endpoint 0 and of the
        port. If not, it might mix up the next SETUP with what came before it; `ready` of endpoint
        0 tells when."""

    def take(self, endpoint: int) -> bytes | Handshake:
        """One packet of an IN endpoint."""

    def give(self, endpoint: int, data: bytes) -> Handshake:
        """Send one packet to an OUT endpoint. Without ACK nothing of it was taken."""


class HostPort(Protocol):
    """A host, seen through the cable."""

    name: str

    @property
    def plugged(self) -> bool:
        """Whether the cable is in, and so VBUS there."""

    def connect(self, port: DevicePort) -> None:
        """This is the controller at the other end. Once per machine."""

    def pull_up_changed(self) -> None:
        """`DevicePort.pull_up` may have changed."""

    def ready(self, endpoint: int) -> None:
        """What was answered with NAK at `endpoint` may be worth a second try.

        Endpoint 0 stands for resets and SETUP packets, too.
        """
