"""Queue heads and transfer descriptors of the ChipIdea device controller, in guest memory.

Layouts: IMXRT1060RM, Endpoint Queue Head (dQH) and Endpoint Transfer Descriptor (dTD).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..core import Bus, BusError

QUEUE_HEAD_SIZE = 64
_SETUP_BUFFER = 0x28
_OVERLAY = 0x08
_TERMINATE = 1
_ACTIVE, _HALTED, _TRANSACTION_ERROR = 1 << 7, 1 << 6, 1 << 3
_STATUS = 0xFF
_INTERRUPT_ON_COMPLETE = 1 << 15
_PAGE = 4096


class QueueHead:
    """The dQH of one endpoint and direction, with the transfer in its overlay.

    Made anew for every packet: like the controller, it keeps its progress in guest memory.
    Every access may raise BusError.
    """

    def __init__(self, bus: Bus, address: int) -> None:
        self._bus, self._address = bus, address
        words: tuple[int, ...] = struct.unpack("<9I", bus.read(address, 36))
        self._capabilities, self._current, self._next, self._token = words[:4]
        self._pages = words[4:9]
        self.retired = False
        """Whether the last packet completed a transfer descriptor."""
        self.interrupt = False
        """Whether that one asked for an interrupt."""
        self.failed = False
        """Whether that one ended with an error."""

    @property
    def active(self) -> bool:
        """Whether a transfer is in the overlay."""
        return self._token & (_ACTIVE | _HALTED) == _ACTIVE

    @property
    def interrupt_on_setup(self) -> bool:
        """IOS"""
        return bool(self._capabilities >> 15 & 1)

    @property
    def _max_packet(self) -> int:
        return self._capabilities >> 16 & 0x7FF

    @property
    def _ends_with_zero_packet(self) -> bool:
        return not self._capabilities >> 29 & 1

    @property
    def _remaining(self) -> int:
        return self._token >> 16 & 0x7FFF

    def write_setup(self, packet: bytes) -> None:
        """Store a SETUP packet."""
        self._bus.write(self._address + _SETUP_BUFFER, packet)

    def prime(self) -> bool:
        """Go on with the transfer in the overlay, else with the next; False: there is none."""
        # A flush leaves the overlay active, and priming resumes it: newer TinyUSB clears the bit
        # for that reason (dcd_ci_hs.c, qhd_start_xfer).
        return self.active or self._load_next()

    def _load_next(self) -> bool:
        if self._next & _TERMINATE:
            return False
        current = self._next & ~0x1F
        descriptor = self._bus.read(current, 28)
        self._next, self._token, *pages = struct.unpack("<7I", descriptor)
        self._current, self._pages = current, tuple(pages)
        self._bus.write(self._address + 4, struct.pack("<I", current) + descriptor)
        return self.active

    def send(self) -> bytes:
        """The next IN packet."""
        size = min(self._remaining, self._max_packet)
        data = b"".join(self._bus.read(at, length) for at, length in self._pieces(size))
        left = self._remaining - size
        is_short = size < self._max_packet
        self._advance(left, done=not left and (is_short or not self._ends_with_zero_packet))
        return data

    def receive(self, data: bytes) -> None:
        """Take an OUT packet. One that is longer than the buffer ends the transfer (failed)."""
        size = min(self._remaining, len(data))
        at = 0
        for address, length in self._pieces(size):
            self._bus.write(address, data[at : at + length])
            at += length
        self.failed = size < len(data)
        left = self._remaining - size
        self._advance(left, done=self.failed or not left or len(data) < self._max_packet)

    def _pieces(self, size: int) -> Iterator[tuple[int, int]]:
        """Address and length of each piece of the next `size` bytes of the buffer."""
        (token,) = struct.unpack("<I", self._bus.read(self._current + 4, 4))
        done = (token >> 16 & 0x7FFF) - self._remaining
        at = self._pages[0] % _PAGE + done
        if size and not 0 <= done <= at + size <= len(self._pages) * _PAGE:
            raise BusError(
                f"the transfer at {self._current:#x} is {token >> 16 & 0x7FFF} bytes long, and "
                f"{self._remaining} are left: beyond its five pages"
            )
        while size:
            length = min(size, _PAGE - at % _PAGE)
            yield self._pages[at // _PAGE] // _PAGE * _PAGE + at % _PAGE, length
            at, size = at + length, size - length

    def _advance(self, left: int, *, done: bool) -> None:
        self._token = self._token & ~(0x7FFF << 16) | left << 16
        if done:
            self._token &= ~_STATUS
            if self.failed:
                # Assumption: a packet longer than the buffer halts with a transaction error.
                self._token |= _HALTED | _TRANSACTION_ERROR
        token = struct.pack("<I", self._token)
        self._bus.write(self._address + _OVERLAY + 4, token)
        if done:
            self._bus.write(self._current + 4, token)
            self.retired = True
            self.interrupt = bool(self._token & _INTERRUPT_ON_COMPLETE)
            if not self.failed:
                # It may have been appended to since it was loaded.
                (self._next,) = struct.unpack("<I", self._bus.read(self._current, 4))
                self._load_next()
