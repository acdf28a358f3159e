"""What every I2C controller is to its bus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from xipsim.peripherals.core import Peripheral, Slots, System

from .device import ADDRESSES, I2cBus, I2cDevice


class Target(Protocol):
    """A controller as a device on a bus of which somebody else is the master.

    waiter: told when it has, or can take, the byte for which it holds the clock.
    """

    waiter: Callable[[], None]

    def begin(self) -> None:
        """START, repeated or not, for whomever."""

    def start(self, address: int, reads: bool) -> bool:
        """The address behind START; whether it is this one's."""

    def is_ready(self) -> bool:
        """Whether it can take a byte; else it holds the clock until it can."""

    def write(self, byte: int) -> bool:
        """A byte for it; whether it acknowledges."""

    def read(self) -> int | None:
        """A byte of it; None while it has none, and holds the clock until it has."""

    def refused(self) -> None:
        """The master has not acknowledged the last byte."""

    def stop(self) -> None:
        """STOP, whoever was addressed."""


class I2cController(Peripheral):
    """A block that is the master of a bus. A subclass declares its registers.

    target: the block as others see it on the bus, where that is modelled.
    """

    devices = Slots[I2cDevice](ADDRESSES, "devices, at their 7-bit addresses", kind=I2cDevice)

    target: Target | None = None

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self.bus = I2cBus(self.devices)
