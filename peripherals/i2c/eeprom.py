"""Serial EEPROMs of the 24xx series.

Microchip 24LC256 (DS21203), 24LC32A (DS21072), 24LC02B (DS21709): the same but for sizes.
"""

from __future__ import annotations

from xipsim.peripherals.core import State, model
from xipsim.peripherals.eeprom import SerialEeprom

from .device import I2cDevice


@model("I2c.Eeprom")
class Eeprom(I2cDevice, SerialEeprom):
    """Reads from an address that counts on; writes within a page, which begins anew at its end.

    The write begins with the STOP; until it is over, nothing is acknowledged. A START in place of
    the STOP drops what was sent. Write protection is not wired. A device of 512 to 2048 bytes,
    which takes part of the address in its own, is not there.
    """

    _sent: State[list[int]] = State([])
    """Bytes of the write under way, with its address at the front."""

    def start(self, reads: bool) -> bool:
        self._sent = []
        return not self._is_busy

    def write(self, byte: int) -> bool:
        self._sent.append(byte)
        if len(self._sent) == self._prefix:
            self._address = int.from_bytes(bytes(self._sent), "big") % self.size
        return True

    def read(self) -> int:
        return self._next()

    def stop(self) -> None:
        data, self._sent = self._sent[self._prefix :], []
        if data:
            self._begin(data)
