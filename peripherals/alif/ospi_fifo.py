"""OSPI's FIFO levels, flags and interrupts."""

from __future__ import annotations

from bisect import bisect_right

from xipsim.peripherals.core import ResetCause, State

from .ospi_registers import OspiRegisters

DEPTH = 256
"""Entries of each FIFO."""
TXE, TXO, RXU, RXO, RXF, TXU = 0x01, 0x02, 0x04, 0x08, 0x10, 0x80
"""Bits of IMR, ISR and RISR."""
_SSIENR, _IMR = OspiRegisters.SSIENR.offset, OspiRegisters.IMR.offset
_TXFTLR, _RXFTLR = OspiRegisters.TXFTLR.offset, OspiRegisters.RXFTLR.offset


class Fifos(OspiRegisters):
    """What firmware sees of the FIFOs beside DR."""

    _tx: State[list[int]] = State([])
    """Entries that wait for their transfer."""
    _rx: State[list[int]] = State([])
    _sent: State[list[int]] = State([])
    """Entries of the transfer under way, and in `_ends` the ns at which each is through."""
    _ends: State[list[int]] = State([])
    _chosen = State(0)
    """SER when the last transfer began."""
    _raised = State(0)
    """The interrupts that stay until they are cleared."""

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._drive_irq()

    def _settle(self) -> None:
        """End the transfer under way if its time has come."""
        raise NotImplementedError

    def _threshold_changed(self) -> None:
        """TXFTLR has changed."""
        raise NotImplementedError

    # -- levels and interrupts ---------------------------------------------------------------------

    @property
    def _tx_level(self) -> int:
        if not self._sent:
            return len(self._tx)
        done = bisect_right(self._ends, self.system.clock.now)
        return max(0, len(self._sent) - done - 1)

    @property
    def _raw(self) -> int:
        # Nearly every access of a command comes here: on the stored integers, not by fields.
        regs, raw = self.regs, self._raised
        if regs[_SSIENR] & 1 and self._tx_level <= regs[_TXFTLR] & 0xFF:
            raw |= TXE
        if len(self._rx) > regs[_RXFTLR] & 0xFF:
            raw |= RXF
        return raw

    def _drive_irq(self) -> None:
        self.IRQ.set(self._raw & self.regs[_IMR] != 0)

    def _raise(self, interrupt: int) -> None:
        self._raised |= interrupt
        self._drive_irq()

    @OspiRegisters.IMR.on_write
    def _mask(self, value: int) -> None:
        self._drive_irq()

    @OspiRegisters.TXFTLR.on_write
    def _set_tx_threshold(self, value: int) -> None:
        self._threshold_changed()
        self._drive_irq()

    @OspiRegisters.RXFTLR.on_write
    def _set_rx_threshold(self, value: int) -> None:
        self._drive_irq()

    @OspiRegisters.TXFLR.on_read
    def _read_tx_level(self) -> int:
        return self._tx_level

    @OspiRegisters.RXFLR.on_read
    def _read_rx_level(self) -> int:
        self._ask()
        return len(self._rx)

    @OspiRegisters.SR.on_read
    def _read_status(self) -> int:
        self._ask()
        tx, rx = self._tx_level, len(self._rx)
        flags = (bool(self._sent), tx < DEPTH, tx == 0, rx > 0, rx == DEPTH)
        return sum(flag << bit for bit, flag in enumerate(flags))

    def _ask(self) -> None:
        """Firmware waits for the end of the transfer."""
        if self._sent:
            self._settle()
        if self._sent:
            self.system.clock.question(("transfer", self.name), until=self._ends[-1])

    @OspiRegisters.RISR.on_read
    def _read_raw(self) -> int:
        return self._raw

    @OspiRegisters.ISR.on_read
    def _read_masked(self) -> int:
        return self._raw & self.IMR

    def _clear(self, interrupts: int) -> int:
        was = bool(self._raised & interrupts)
        self._raised &= ~interrupts
        self._drive_irq()
        return was

    @OspiRegisters.TXEICR.on_read
    def _clear_tx(self) -> int:
        return self._clear(TXO | TXU)

    @OspiRegisters.RXOICR.on_read
    def _clear_rx_overflow(self) -> int:
        return self._clear(RXO)

    @OspiRegisters.RXUICR.on_read
    def _clear_rx_underflow(self) -> int:
        return self._clear(RXU)

    @OspiRegisters.ICR.on_read
    def _clear_all(self) -> int:
        return self._clear(TXO | TXU | RXO | RXU)

    @OspiRegisters.DMACR.on_write
    def _set_dma(self, value: int) -> None:
        if value & 3:
            self.gap("DMACR: DMA requests")
