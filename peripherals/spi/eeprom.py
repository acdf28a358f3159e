"""Serial EEPROMs of the 25xx series: Microchip 25LC256 (DS21822), 25LC320A (DS22131)."""

from __future__ import annotations

from xipsim.peripherals.core import ResetCause, State, model
from xipsim.peripherals.eeprom import SerialEeprom

from .device import SpiDevice

WRSR, WRITE, READ, WRDI, RDSR, WREN = range(1, 7)
WIP, WEL = 1, 2
BP, WPEN = 0x0C, 0x80
"""Bits of the status register that WRSR sets: which part is protected, and the pin WP's."""
UNDRIVEN = 0xFF
"""What is read while it drives nothing."""


@model("Spi.Eeprom")
class Eeprom(SpiDevice, SerialEeprom):
    """Reads from an address that counts on; writes within a page, which begins anew at its end.

    A write begins when the chip select becomes inactive; until it is over, the status can be read
    and nothing else. The pins WP and HOLD are high.
    """

    _status = State(0)
    """WEL, and what WRSR sets."""
    _new_status = State(0)
    """What WRSR sets, when the write under way is over."""
    _sent: State[list[int]] = State([])
    """Bytes of this cycle of chip select: all of a write, the address of a read."""

    def reset(self, cause: ResetCause) -> None:
        """Power-on keeps what WRSR sets, as it does the cells."""
        kept = self._status & (BP | WPEN)
        super().reset(cause)
        if cause is ResetCause.POWER_ON:
            self._status = kept

    def selected(self) -> None:
        self._sent = []

    def exchange(self, byte: int) -> int:
        opcode = self._sent[0] if self._sent else None
        if opcode == RDSR:
            return self._status | (WIP if self._is_busy else 0)
        if opcode == READ and len(self._sent) > self._prefix:
            return UNDRIVEN if self._is_busy else self._next()
        self._sent.append(byte)
        if opcode == READ and len(self._sent) > self._prefix and not self._is_busy:
            self._go_to(self._sent[1:])
        return UNDRIVEN

    def deselected(self) -> None:
        sent, self._sent = self._sent, []
        if not sent or self._is_busy:
            return
        opcode, data = sent[0], sent[1 + self._prefix :]
        if opcode == WREN:
            self._status |= WEL
        elif opcode == WRDI:
            self._status &= ~WEL
        elif opcode == WRSR and len(sent) == 2 and self._status & WEL:
            self._new_status = sent[1] & (BP | WPEN)
            self._begin([])
        elif opcode == WRITE and data and self._status & WEL:
            self._go_to(sent[1 : 1 + self._prefix])
            if not self._is_protected(self._address):
                self._new_status = self._status & (BP | WPEN)
                self._begin(data)

    def _go_to(self, address: list[int]) -> None:
        self._address = int.from_bytes(bytes(address), "big") % self.size

    def _is_protected(self, address: int) -> bool:
        """Nothing, the upper quarter, the upper half, or all."""
        quarters = (0, 1, 2, 4)[(self._status & BP) >> 2]
        return address >= self.size - self.size // 4 * quarters

    def _end(self) -> None:
        super()._end()
        self._status = self._new_status
