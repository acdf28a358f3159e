"""What a controller and the devices on its SPI bus say to each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from xipsim.peripherals.core import Inputs, Model, ResetCause, State


class SpiDevice(Model, Inputs, ABC):
    """A device on an SPI bus; its slot is the controller's chip select (`@ lpspi4 0`).

    A pin that is wired to its input 0 is its chip select instead, low while it is selected, as
    scripts have it that drive CS themselves (`gpio2: { 10 -> flash@0 }`).
    """

    is_selected = State(False)
    _is_wired = State(False)
    """A pin is the chip select."""

    def reset(self, cause: ResetCause) -> None:
        """Power-on only: it has no part in a reset of the microcontroller."""
        if cause is ResetCause.POWER_ON:
            selected, wired = self.is_selected, self._is_wired
            super().reset(cause)
            # What drives a wire tells its level only when that changes.
            self.is_selected, self._is_wired = selected and wired, wired

    def on_input(self, number: int, level: bool) -> None:
        """The pin that is its chip select has another level."""
        self._is_wired = True
        self._select(not level)

    def chip_select(self, is_active: bool) -> None:
        """The controller's chip select; ignored where a pin is wired."""
        if not self._is_wired:
            self._select(is_active)

    def _select(self, is_active: bool) -> None:
        before, self.is_selected = self.is_selected, is_active
        if is_active and not before:
            self.selected()
        elif before and not is_active:
            self.deselected()

    @abstractmethod
    def selected(self) -> None:
        """Chip select has become active."""

    @abstractmethod
    def deselected(self) -> None:
        """Chip select has become inactive."""

    @abstractmethod
    def exchange(self, byte: int) -> int:
        """What it sends while it receives `byte`; called while it is selected."""


def exchange(devices: Mapping[int, SpiDevice], byte: int) -> int:
    """What the controller reads while it sends `byte`: ones where no device is selected."""
    answer = 0xFF
    for device in devices.values():
        if device.is_selected:
            answer &= device.exchange(byte) & 0xFF
    return answer
