"""What a host controller and the card in its slot say to each other."""

from __future__ import annotations

from abc import ABC, abstractmethod

from xipsim.peripherals.core import Model, ResetCause


class SdDevice(Model, ABC):
    """A card in the slot of a host controller (`card: Sd.Card @ usdhc1 0`)."""

    busy_until: int
    """Virtual ns until when it holds DATA0 low."""
    access_time: int
    """ns that it takes before the first bit of a block that it sends."""

    def reset(self, cause: ResetCause) -> None:
        """Power-on only: it has no part in a reset of the microcontroller."""
        if cause is ResetCause.POWER_ON:
            super().reset(cause)

    @abstractmethod
    def command(self, index: int, argument: int) -> int | None:
        """A command; what its response holds, None where it gives none.

        That are bits 39 to 8 of a short response, bits 127 to 8 of a long one.
        """

    @abstractmethod
    def send(self) -> bytes | None:
        """The next block on its way to the controller; None while it has nothing to send."""

    @abstractmethod
    def receive(self, data: bytes) -> bool:
        """A block from the controller; whether its CRC status says that it was taken."""
