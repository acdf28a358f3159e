"""What a controller and the devices on its I2C bus say to each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from xipsim.peripherals.core import Model, ResetCause

ADDRESSES = 128
"""Of seven bits."""


class I2cDevice(Model, ABC):
    """A device on an I2C bus; its slot is its 7-bit address (`eeprom: I2c.Eeprom @ lpi2c1 0x50`).

    It is told of what goes over the bus when the ninth bit of it is over. Nobody stretches the
    clock.
    """

    def reset(self, cause: ResetCause) -> None:
        """Power-on only: it has no part in a reset of the microcontroller."""
        if cause is ResetCause.POWER_ON:
            super().reset(cause)

    @abstractmethod
    def start(self, reads: bool) -> bool:
        """A START, repeated or not, with its address. Whether it acknowledges."""

    @abstractmethod
    def write(self, byte: int) -> bool:
        """The controller has sent a byte. Whether it acknowledges."""

    @abstractmethod
    def read(self) -> int:
        """The next byte for the controller."""

    @abstractmethod
    def stop(self) -> None:
        """A STOP after it was addressed; there is none if a START for another device follows."""


class I2cBus:
    """The lines as a controller uses them: who is addressed, and what it answers."""

    NOBODY = 0xFF
    """What is read when no device drives the line."""

    def __init__(self, devices: Mapping[int, I2cDevice]) -> None:
        self._devices = devices

    def start(self, address: int, reads: bool) -> bool:
        """START, repeated or not, with a 7-bit address; whether it is acknowledged."""
        device = self._devices.get(address)
        return device is not None and device.start(reads)

    def write(self, address: int, byte: int) -> bool:
        """A byte for who was addressed; whether it is acknowledged."""
        device = self._devices.get(address)
        return device is not None and device.write(byte & 0xFF)

    def read(self, address: int) -> int:
        """A byte of who was addressed."""
        device = self._devices.get(address)
        return self.NOBODY if device is None else device.read() & 0xFF

    def stop(self, address: int) -> None:
        """STOP."""
        if device := self._devices.get(address):
            device.stop()
