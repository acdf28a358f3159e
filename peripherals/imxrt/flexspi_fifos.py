"""FlexSPI's two FIFOs of IP commands, as firmware sees them."""

from __future__ import annotations

from .flexspi_registers import FIFO, FlexSpiRegisters

ENTRY = 8
"""Bytes of a FIFO entry."""
# A poll of a busy chip is twenty accesses, thousands of times in a row: what they have in common
# works on the stored integers instead of on fields.
_INTR, _INTEN = FlexSpiRegisters.INTR.offset, FlexSpiRegisters.INTEN.offset
_IPRXFCR, _IPTXFCR = FlexSpiRegisters.IPRXFCR.offset, FlexSpiRegisters.IPTXFCR.offset
_IPRXFSTS, _IPTXFSTS = FlexSpiRegisters.IPRXFSTS.offset, FlexSpiRegisters.IPTXFSTS.offset
_IPRXWA, _IPTXWE = FlexSpiRegisters.IPRXWA.mask, FlexSpiRegisters.IPTXWE.mask
_CLEAR, _DMA_ENABLE = FlexSpiRegisters.CLRIPRXF.mask, FlexSpiRegisters.RXDMAEN.mask
"""Of IPRXFCR, and the same of IPTXFCR."""


def _watermark(control: int) -> int:
    """Bytes that IPRXFCR or IPTXFCR sets as the watermark."""
    return ((control >> 2 & 0xF) + 1) * ENTRY


class Fifos:
    """Watermarks, levels and contents. Bytes move in blocks of the watermark's size."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi, self._regs = spi, spi.regs

    def update(self) -> None:
        """Set the flags that follow from the FIFOs, and the interrupt."""
        spi, regs = self._spi, self._regs
        flags = regs[_INTR] & ~(_IPRXWA | _IPTXWE)
        # _watermark, written out: this runs with nearly every access.
        if len(spi.rx) >= ((regs[_IPRXFCR] >> 2 & 0xF) + 1) * ENTRY:
            flags |= _IPRXWA
        if FIFO - len(spi.tx) >= ((regs[_IPTXFCR] >> 2 & 0xF) + 1) * ENTRY:
            flags |= _IPTXWE
        regs[_INTR] = flags
        spi.IRQ.set(flags & regs[_INTEN] != 0)

    def clear(self) -> None:
        """Lose what is in both."""
        self._spi.rx.clear()
        self._spi.tx.clear()
        self._regs[_IPRXFSTS] = self._regs[_IPTXFSTS] = 0

    # -- receive ---------------------------------------------------------------------------------

    def pop(self) -> None:
        """Firmware has read a block."""
        spi = self._spi
        count = min(_watermark(self._regs[_IPRXFCR]), len(spi.rx))
        del spi.rx[:count]
        spi.RDCNTR += count // ENTRY

    def control_rx(self, value: int) -> bool:
        """IPRXFCR was written; whether that emptied the FIFO."""
        if value & _DMA_ENABLE:
            self._spi.gap("DMA requests of the receive FIFO")
        if value & _CLEAR:
            self._regs[_IPRXFCR] &= ~_CLEAR
            self._regs[_IPRXFSTS] = 0
            del self._spi.rx[:FIFO]
        return bool(value & _CLEAR)

    def rx_status(self) -> int:
        """IPRXFSTS."""
        return self._regs[_IPRXFSTS] | min(len(self._spi.rx), FIFO) // ENTRY

    def head(self, offset: int, size: int) -> int:
        """`size` bytes from `offset` of what was received first."""
        end = min(offset + size, FIFO)
        return int.from_bytes(self._spi.rx[offset:end], "little")

    # -- transmit --------------------------------------------------------------------------------

    def stage(self, offset: int, value: int, size: int) -> None:
        """Firmware writes what it will push next."""
        self._spi.staging[offset : offset + size] = value.to_bytes(size, "little")

    def push(self) -> bool:
        """Firmware has written a block; whether there was room for it."""
        spi, regs = self._spi, self._regs
        count = _watermark(regs[_IPTXFCR])
        if len(spi.tx) + count > FIFO:
            spi.diagnose("tx-fifo-overflow", f"{count} bytes pushed into a full transmit FIFO")
            return False
        spi.tx += spi.staging[:count]
        # WRCNTR is the upper half.
        regs[_IPTXFSTS] = regs[_IPTXFSTS] + (count // ENTRY << 16) & 0xFFFF_FFFF
        return True

    def take(self, count: int) -> bytearray:
        """Up to `count` bytes for the chip. The rest of the last entry is lost."""
        tx = self._spi.tx
        data = tx[:count]
        del tx[: -(-len(data) // ENTRY) * ENTRY]
        return data

    def control_tx(self, value: int) -> None:
        """IPTXFCR was written."""
        if value & _DMA_ENABLE:
            self._spi.gap("DMA requests of the transmit FIFO")
        if value & _CLEAR:
            self._regs[_IPTXFCR] &= ~_CLEAR
            self._regs[_IPTXFSTS] = 0
            self._spi.tx.clear()

    def tx_status(self) -> int:
        """IPTXFSTS."""
        return self._regs[_IPTXFSTS] | len(self._spi.tx) // ENTRY
