"""OSPI's FIFO levels, flags and interrupts."""

from __future__ import annotations

from bisect import bisect_right

from .ospi_format import unpacked
from .ospi_registers import OspiRegisters

DEPTH = 256
"""Entries of each FIFO."""
TXE, TXO, RXU, RXO, RXF = 0x01, 0x02, 0x04, 0x08, 0x10
"""Bits of IMR, ISR and RISR. The others never come."""
_SSIENR, _IMR = OspiRegisters.SSIENR.offset, OspiRegisters.IMR.offset
_TXFTLR, _RXFTLR = OspiRegisters.TXFTLR.offset, OspiRegisters.RXFTLR.offset


class Fifos:
    """What firmware sees of the FIFOs beside DR."""

    def __init__(self, ospi: OspiRegisters) -> None:
        self._ospi, self._regs, self._irq = ospi, ospi.regs, ospi.IRQ

    @property
    def tx_level(self) -> int:
        """Entries in the transmit FIFO."""
        ospi = self._ospi
        if not ospi.sent:
            return len(ospi.tx)
        done = bisect_right(ospi.ends, ospi.system.clock.now)
        return max(0, len(ospi.sent) - done - 1)

    def receive(self, data: bytes, bits: int, first: int, end: int) -> None:
        """Frames `first` to `end - 1` of `data` come; `lost` counts those without room."""
        ospi = self._ospi
        fit = min(end, first + DEPTH - len(ospi.rx))
        ospi.rx.extend(unpacked(data, bits, first, fit))
        if fit < end:
            ospi.lost += end - fit
            ospi.raised |= RXO

    @property
    def status(self) -> int:
        """SR."""
        tx, rx = self.tx_level, len(self._ospi.rx)
        is_busy = bool(self._ospi.sent) or self._ospi.expected > 0
        flags = is_busy | (tx < DEPTH) << 1 | (tx == 0) << 2
        return flags | (rx > 0) << 3 | (rx == DEPTH) << 4

    @property
    def raw(self) -> int:
        """RISR."""
        ospi, regs = self._ospi, self._regs
        raw = ospi.raised
        if regs[_SSIENR] & 1 and self.tx_level <= regs[_TXFTLR] & 0xFF:
            raw |= TXE
        if len(ospi.rx) > regs[_RXFTLR] & 0xFF:
            raw |= RXF
        return raw

    @property
    def masked(self) -> int:
        """ISR."""
        return self.raw & self._regs[_IMR]

    def drive_irq(self) -> None:
        """Set the interrupt to what ISR says."""
        # `masked`, written out: this runs with every access of a command.
        ospi, regs = self._ospi, self._regs
        flags = ospi.raised
        if regs[_SSIENR] & 1:
            level = self.tx_level if ospi.sent else len(ospi.tx)
            if level <= regs[_TXFTLR] & 0xFF:
                flags |= TXE
        if ospi.rx and len(ospi.rx) > regs[_RXFTLR] & 0xFF:
            flags |= RXF
        is_high = flags & regs[_IMR] != 0
        if is_high != self._irq.level:
            self._irq.set(is_high)

    def report(self, interrupt: int) -> None:
        """This interrupt stays from now on until it is cleared."""
        self._ospi.raised |= interrupt
        self.drive_irq()

    def stays(self, interrupts: int) -> bool:
        """Whether any of these is there until it is cleared."""
        return bool(self._ospi.raised & interrupts)

    def clear(self, interrupts: int) -> int:
        """These do not stay any longer; whether any of them was there."""
        was = self.stays(interrupts)
        self._ospi.raised &= ~interrupts
        self.drive_irq()
        return was
