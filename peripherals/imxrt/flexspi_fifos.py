"""FlexSPI's two FIFOs of IP commands, as firmware sees them."""

from __future__ import annotations

from operator import itemgetter
from struct import Struct

from .flexspi_flow import Flow, block_size
from .flexspi_registers import ENTRY, FIFO, FlexSpiRegisters

# A poll of a busy chip is twenty accesses, thousands of times in a row: what they have in common
# works on the stored integers instead of on fields.
_INTR, _INTEN = FlexSpiRegisters.INTR.offset, FlexSpiRegisters.INTEN.offset
_IPRXFCR, _IPTXFCR = FlexSpiRegisters.IPRXFCR.offset, FlexSpiRegisters.IPTXFCR.offset
_IPRXFSTS, _IPTXFSTS = FlexSpiRegisters.IPRXFSTS.offset, FlexSpiRegisters.IPTXFSTS.offset
_IPRXWA, _IPTXWE = FlexSpiRegisters.IPRXWA.mask, FlexSpiRegisters.IPTXWE.mask
_NO_LEVELS = ~(_IPRXWA | _IPTXWE)
_CLEAR, _DMA_ENABLE = FlexSpiRegisters.CLRIPRXF.mask, FlexSpiRegisters.RXDMAEN.mask
"""Of IPRXFCR, and the same of IPTXFCR."""

_TFDR = tuple(FlexSpiRegisters.TFDR.offsets)
_BLOCKS = tuple(
    (count, itemgetter(*_TFDR[: count // 4]), Struct(f"<{count // 4}I").pack)
    for count in range(ENTRY, FIFO + ENTRY, ENTRY)
)
"""By watermark: a block's size, and how its bytes are made of the registers."""


class Fifos:
    """Watermarks, levels and contents. Bytes move in blocks of the watermark's size."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi, self._regs, self._irq = spi, spi.regs, spi.IRQ
        self.flow = Flow(spi)

    def flags(self, now: int) -> int:
        """INTR, with the flags that follow from the FIFOs."""
        spi, regs = self._spi, self._regs
        command = spi.command
        if command is None:
            received = len(spi.rx)
            has_room = not spi.tx or len(spi.tx) + block_size(regs[_IPTXFCR]) <= FIFO
        else:
            received = self.flow.received(now) if command.reads else len(spi.rx)
            has_room = command.room_at is not None and command.room_at <= now
        flags = regs[_INTR] & _NO_LEVELS
        if has_room:
            flags |= _IPTXWE
        if received and received >= block_size(regs[_IPRXFCR]):
            flags |= _IPRXWA
        return flags

    def update(self, now: int, more: int = 0) -> None:
        """Set the flags that follow from the FIFOs, and these, and the interrupt."""
        regs = self._regs
        regs[_INTR] = flags = self.flags(now) | more
        self._irq.set(flags & regs[_INTEN] != 0)

    def clear(self) -> None:
        """Lose what is in both."""
        self._spi.rx.clear()
        self._spi.tx.clear()
        self._regs[_IPRXFSTS] = self._regs[_IPTXFSTS] = 0

    # -- receive ---------------------------------------------------------------------------------

    def pop(self, now: int) -> None:
        """Firmware has read a block."""
        count = min(block_size(self._regs[_IPRXFCR]), self.flow.received(now))
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
        """Firmware writes, over the AHB, what it will push next."""
        regs = self._regs
        for at, byte in enumerate(value.to_bytes(size, "little"), offset):
            word, shift = _TFDR[at // 4], 8 * (at % 4)
            regs[word] = regs[word] & ~(0xFF << shift) | byte << shift

    def push(self, now: int) -> None:
        """Firmware has written a block."""
        # A page takes thirty-two of these.
        spi, regs = self._spi, self._regs
        command, tx = spi.command, spi.tx
        count, words, pack = _BLOCKS[regs[_IPTXFCR] >> 2 & 0xF]
        if command is None:
            has_room = len(tx) + count <= FIFO
        else:
            has_room = command.room_at is not None and command.room_at <= now
        if not has_room:
            spi.diagnose("tx-fifo-overflow", f"{count} bytes pushed into a full transmit FIFO")
            return
        if command is not None and len(tx) < command.writes and now >= command.stop:
            self.flow.go_on(command, now)
        tx += pack(*words(regs))
        if command is not None:
            self.flow.foresee(command)
        # WRCNTR is the upper half.
        regs[_IPTXFSTS] = regs[_IPTXFSTS] + (count // ENTRY << 16) & 0xFFFF_FFFF

    def control_tx(self, value: int, now: int) -> None:
        """IPTXFCR was written."""
        spi = self._spi
        if value & _DMA_ENABLE:
            spi.gap("DMA requests of the transmit FIFO")
        if value & _CLEAR:
            self._regs[_IPTXFCR] &= ~_CLEAR
            self._regs[_IPTXFSTS] = 0
            if spi.tx:
                # What has gone out of it stays with the sequence on the bus.
                del spi.tx[len(spi.tx) - self.flow.waiting(now) :]
        if spi.tx and spi.command is not None:
            self.flow.foresee(spi.command)

    def tx_status(self, now: int) -> int:
        """IPTXFSTS."""
        return self._regs[_IPTXFSTS] | self.flow.waiting(now) // ENTRY
