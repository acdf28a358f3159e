"""A model that a person can sit at: a UART's far end, a PC's USB serial port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Console(Protocol):
    """Bytes from and to the firmware, as seen by whoever sits at the terminal."""

    name: str

    @property
    def opened_at(self) -> int | None:
        """Virtual ns since when the terminal is open, None while there is no port to open."""

    def attach(self, receiver: Callable[[bytes], None]) -> None:
        """Hand every byte that the firmware sends to `receiver`, as it arrives."""

    def type(self, data: bytes) -> None:
        """Send `data` to the firmware, as fast as it takes them; nothing is lost."""

    @property
    def pending(self) -> int:
        """Bytes typed that the firmware has not taken yet."""

    def throttle(self, on: bool) -> None:
        """Take nothing more from the firmware (True) until told otherwise."""
