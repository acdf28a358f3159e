"""FlexSPI's two FIFOs of IP commands, as firmware sees them."""

from __future__ import annotations

from .flexspi_flow import Flow
from .flexspi_registers import ENTRY, FIFO, FlexSpiRegisters

# A poll of a busy chip is twenty accesses, thousands of times in a row: what they have in common
# works on the stored integers instead of on fields.
_INTR, _INTEN = FlexSpiRegisters.INTR.offset, FlexSpiRegisters.INTEN.offset
_IPRXFCR, _IPTXFCR = FlexSpiRegisters.IPRXFCR.offset, FlexSpiRegisters.IPTXFCR.offset
_IPRXFSTS, _IPTXFSTS = FlexSpiRegisters.IPRXFSTS.offset, FlexSpiRegisters.IPTXFSTS.offset
_IPRXWA, _IPTXWE = FlexSpiRegisters.IPRXWA.mask, FlexSpiRegisters.IPTXWE.mask
_CLEAR, _DMA_ENABLE = FlexSpiRegisters.CLRIPRXF.mask, FlexSpiRegisters.RXDMAEN.mask
"""Of IPRXFCR, and the same of IPTXFCR."""


def watermark(control: int) -> int:
    """Bytes that IPRXFCR or IPTXFCR sets as the watermark."""
    return ((control >> 2 & 0xF) + 1) * ENTRY


class Fifos:
    """Watermarks, levels and contents. Bytes move in blocks of the watermark's size."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi, self._regs = spi, spi.regs
        self.flow = Flow(spi)

    def flags(self, now: int) -> int:
        """INTR, with the flags that follow from the FIFOs."""
        spi, regs = self._spi, self._regs
        # This runs with nearly every access: by the contents where nothing moves, or where it does
        # not matter; and watermark, written out.
        command, received, waiting = spi.command, len(spi.rx), len(spi.tx)
        room = FIFO - ((regs[_IPTXFCR] >> 2 & 0xF) + 1) * ENTRY
        if command is not None:
            if command.reads:
                received = self.flow.received(now)
            elif waiting > room:
                due = self.flow.when_room(command, FIFO - room)
                waiting = room if due is not None and due <= now else FIFO
        flags = regs[_INTR] & ~(_IPRXWA | _IPTXWE)
        if waiting <= room:
            flags |= _IPTXWE
        if received >= ((regs[_IPRXFCR] >> 2 & 0xF) + 1) * ENTRY:
            flags |= _IPRXWA
        return flags

    def update(self, now: int) -> None:
        """Set the flags that follow from the FIFOs, and the interrupt."""
        regs = self._regs
        regs[_INTR] = flags = self.flags(now)
        self._spi.IRQ.set(flags & regs[_INTEN] != 0)

    def clear(self) -> None:
        """Lose what is in both."""
        self._spi.rx.clear()
        self._spi.tx.clear()
        self._regs[_IPRXFSTS] = self._regs[_IPTXFSTS] = 0

    # -- receive ---------------------------------------------------------------------------------

    def pop(self, now: int) -> None:
        """Firmware has read a block."""
        count = min(watermark(self._regs[_IPRXFCR]), self.flow.received(now))
        self._take_out(count, now)
        # RDCNTR is the upper half.
        regs = self._regs
        regs[_IPRXFSTS] = regs[_IPRXFSTS] + (count // ENTRY << 16) & 0xFFFF_FFFF

    def _take_out(self, count: int, now: int) -> None:
        spi, command = self._spi, self._spi.command
        if command is None or not command.reads:
            del spi.rx[:count]
            return
        if command.end is None and now >= command.stop:
            self.flow.go_on(command, now)
        command.moved -= count
        del spi.rx[:count]
        self.flow.foresee(command)

    def control_rx(self, value: int, now: int) -> None:
        """IPRXFCR was written."""
        if value & _DMA_ENABLE:
            self._spi.gap("DMA requests of the receive FIFO")
        if value & _CLEAR:
            self._regs[_IPRXFCR] &= ~_CLEAR
            self._regs[_IPRXFSTS] = 0
            if self._spi.rx:
                self._take_out(self.flow.received(now), now)

    def rx_status(self, now: int) -> int:
        """IPRXFSTS."""
        return self._regs[_IPRXFSTS] | self.flow.received(now) // ENTRY

    def head(self, offset: int, size: int, now: int) -> int:
        """`size` bytes from `offset` of what was received first.

        Assumption: what has not arrived yet reads 0.
        """
        end = min(offset + size, self.flow.received(now))
        return int.from_bytes(self._spi.rx[offset:end], "little")

    # -- transmit --------------------------------------------------------------------------------

    def stage(self, offset: int, value: int, size: int) -> None:
        """Firmware writes what it will push next."""
        self._spi.staging[offset : offset + size] = value.to_bytes(size, "little")

    def push(self, now: int) -> None:
        """Firmware has written a block."""
        spi, regs, command = self._spi, self._regs, self._spi.command
        count, length = watermark(regs[_IPTXFCR]), len(spi.tx)
        if length + count > FIFO and self.flow.waiting(now) + count > FIFO:
            spi.diagnose("tx-fifo-overflow", f"{count} bytes pushed into a full transmit FIFO")
            return
        if command is None or command.writes <= length:
            spi.tx += spi.staging[:count]
        else:
            if now >= command.stop:
                self.flow.go_on(command, now)
            spi.tx += spi.staging[:count]
            self.flow.foresee(command)
        # WRCNTR is the upper half.
        regs[_IPTXFSTS] = regs[_IPTXFSTS] + (count // ENTRY << 16) & 0xFFFF_FFFF

    def control_tx(self, value: int, now: int) -> None:
        """IPTXFCR was written."""
        if value & _DMA_ENABLE:
            self._spi.gap("DMA requests of the transmit FIFO")
        if value & _CLEAR:
            self._regs[_IPTXFCR] &= ~_CLEAR
            self._regs[_IPTXFSTS] = 0
            if self._spi.tx:
                # What has gone out of it stays with the sequence on the bus.
                del self._spi.tx[len(self._spi.tx) - self.flow.waiting(now) :]
                if self._spi.command is not None:
                    self.flow.foresee(self._spi.command)

    def tx_status(self, now: int) -> int:
        """IPTXFSTS."""
        return self._regs[_IPTXFSTS] | self.flow.waiting(now) // ENTRY
