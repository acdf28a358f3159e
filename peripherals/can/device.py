"""Nodes of a CAN bus that are no controllers of the board's: what a test, or a model, sends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from xipsim.peripherals.core import Model, ResetCause, State, System, exposed, model

from .frame import CLASSIC, EXTENDED_IDS, LENGTHS, STANDARD_IDS, Frame, dlc_of
from .node import ACKNOWLEDGED, Standing

KEPT = 1000
"""Frames that an adapter keeps of what it has heard."""


def _nobody() -> None:
    """The bus of a node that is on none."""


class CanNode(Model, ABC):
    """Something else on the bus (`logger: Lab.Logger @ can1_bus 0`), of whatever rate the bus has.

    It hears every frame of others that was acknowledged, and acknowledges what it understands.
    What it sends waits in order until the bus is free and somebody else is there.
    """

    acknowledges = State(True, outside=True)
    """Else it only listens."""
    takes_fd = State(True)
    """Else FD frames are errors to it."""
    _waiting: State[list[Frame]] = State([])

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._request: Callable[[], None] = _nobody

    def reset(self, cause: ResetCause) -> None:
        """Power-on only: it has no part in a reset of the microcontroller."""
        if cause is ResetCause.POWER_ON:
            super().reset(cause)

    @abstractmethod
    def received(self, frame: Frame) -> None:
        """A frame of another node's."""

    def transmit(self, frame: Frame) -> None:
        """Send `frame` as soon as the bus is free."""
        self._waiting.append(frame)
        self._request()

    # -- the bus's side --------------------------------------------------------------------------

    def connect(self, request: Callable[[], None]) -> None:
        """It stands in a bus, which `request` asks for it."""
        self._request = request

    def standing(self) -> Standing | None:
        """`Node` of the bus."""
        return Standing(takes_fd=self.takes_fd, acknowledges=self.acknowledges)

    def wants(self) -> Frame | None:
        """`Node` of the bus."""
        return self._waiting[0] if self._waiting else None

    def begins(self) -> None:
        """`Node` of the bus."""

    def sent(self, outcome: int) -> None:
        """`Node` of the bus. Assumption: it keeps no error counters, and never gives up."""
        if outcome == ACKNOWLEDGED:
            self._waiting.pop(0)

    def heard(self, frame: Frame) -> None:
        """`Node` of the bus."""
        self.received(frame)

    def disturbed(self) -> None:
        """`Node` of the bus."""


@model("Can.Adapter")
class Adapter(CanNode):
    """A PC's CAN adapter: what the test sends and hears."""

    _heard: State[list[Frame]] = State([])

    def received(self, frame: Frame) -> None:
        self._heard = [*self._heard[1 - KEPT :], frame]

    @exposed
    def send(self, identifier: int, data: bytes = b"", extended: bool = False) -> None:
        """Send a classic frame of up to 8 bytes. ValueError where there is no such one."""
        self.transmit(self._frame(identifier, data, extended, CLASSIC))

    @exposed
    def send_request(self, identifier: int, length: int = 0, extended: bool = False) -> None:
        """Send a remote frame: a request for so many bytes. ValueError beyond 0 to 8."""
        if not 0 <= length <= CLASSIC:
            raise ValueError(f"{self.name}: expected 0 to {CLASSIC} bytes, given {length}")
        frame = self._frame(identifier, bytes(length), extended, CLASSIC)
        self.transmit(frame._replace(data=b"", is_remote=True))

    @exposed
    def send_fd(
        self, identifier: int, data: bytes = b"", extended: bool = False, fast: bool = True
    ) -> None:
        """Send an FD frame of up to 64 bytes, filled up with zeros to the next length there is.

        fast: the data go at the fast rate.
        """
        frame = self._frame(identifier, data, extended, LENGTHS[-1])
        self.transmit(frame._replace(is_fd=True, is_fast=fast))

    def _frame(self, identifier: int, data: bytes, extended: bool, most: int) -> Frame:
        size = EXTENDED_IDS if extended else STANDARD_IDS
        if not 0 <= identifier < size:
            raise ValueError(f"{self.name}: expected an identifier below {size:#x}")
        if len(data) > most:
            raise ValueError(f"{self.name}: expected up to {most} bytes, given {len(data)}")
        dlc = dlc_of(len(data))
        return Frame(identifier, bytes(data).ljust(LENGTHS[dlc], b"\0"), dlc, extended)

    @exposed
    def frames(self) -> list[dict[str, Any]]:
        """What it has heard, the last thousand frames: identifier, data, extended, remote, fd."""
        return [
            {
                "identifier": frame.identifier,
                "data": frame.data,
                "extended": frame.is_extended,
                "remote": frame.dlc if frame.is_remote else None,
                "fd": frame.is_fd,
            }
            for frame in self._heard
        ]

    @exposed
    def forget(self) -> None:
        """Forget what it has heard."""
        self._heard = []

    @exposed
    def listen_only(self, on: bool) -> None:
        """Acknowledge nothing (True), as an adapter that only listens."""
        self.acknowledges = not on
