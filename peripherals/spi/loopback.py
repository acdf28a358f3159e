"""A wire from the controller's output to its input."""

from __future__ import annotations

from xipsim.peripherals.core import model

from .device import SpiDevice


@model("Spi.Loopback")
class Loopback(SpiDevice):
    """MISO is MOSI: what is sent comes back, while the chip select of its slot is active."""

    def selected(self) -> None:
        """Nothing to do."""

    def deselected(self) -> None:
        """Nothing to do."""

    def exchange(self, byte: int) -> int:
        return byte
