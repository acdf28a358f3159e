"""How far the data of FlexSPI's IP command have come: nothing is stepped, all follows from time.

Bytes move at the rate of the serial clock from `IpCommand.base` on, until the receive FIFO is full
or the transmit FIFO empty; then the clock stops, and firmware that makes room or pushes sets
another base. Assumption: an entry is received, and leaves the transmit FIFO, with its last bit.
"""

from __future__ import annotations

from xipsim.peripherals.core import ticks_in, time_of

from .flexspi_registers import ENTRY, FIFO, FlexSpiRegisters, IpCommand

_IPTXFCR = FlexSpiRegisters.IPTXFCR.offset


def block_size(control: int) -> int:
    """Bytes that IPRXFCR or IPTXFCR sets as the watermark: data move in blocks of this size."""
    return ((control >> 2 & 0xF) + 1) * ENTRY


def whole(length: int) -> int:
    """The bytes of the FIFO entries that `length` bytes take."""
    return (length + ENTRY - 1) & -ENTRY


def _moved(command: IpCommand, now: int) -> int:
    """Bytes that have moved, if the clock has not stopped since `base`."""
    elapsed = now - command.base
    if elapsed <= 0:
        return command.moved
    return command.moved + ticks_in(elapsed, command.hertz, command.byte_clocks)


def _moment(command: IpCommand, count: int) -> int:
    """When so many bytes have moved, if the clock does not stop."""
    return command.base + time_of(count - command.moved, command.hertz, command.byte_clocks)


class Flow:
    """Levels of both FIFOs, and the moments at which something changes."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi = spi

    # -- levels, without a command too -------------------------------------------------------------

    def received(self, now: int) -> int:
        """Bytes in the receive FIFO, in whole entries."""
        command, total = self._spi.command, len(self._spi.rx)
        if command is None or not command.reads:
            return total
        if command.end is not None and command.end <= now:
            return total
        count = _moved(command, now)
        count = total if count >= total - command.padding else count & -ENTRY
        return min(count, FIFO)

    def waiting(self, now: int) -> int:
        """Bytes in the transmit FIFO, in whole entries."""
        spi = self._spi
        command, total = spi.command, len(spi.tx)
        if command is None or not command.writes:
            return total
        sent = self.sent(command, now)
        return total - (whole(sent) if sent == command.writes else sent & -ENTRY)

    # -- of a command ------------------------------------------------------------------------------

    def foresee(self, command: IpCommand) -> None:
        """Set `end`, `stop` and `room_at` of the command: contents or pace have changed."""
        # A page takes thirty-two of these: _moment, written out.
        spi, total = self._spi, len(self._spi.tx)
        base, moved, hertz, clocks = command.base, command.moved, command.hertz, command.byte_clocks
        if command.reads:
            received = len(spi.rx)
            is_bound = received > FIFO
            count = FIFO if is_bound else received - command.padding
        else:
            is_bound = total < command.writes
            count = total if is_bound else command.writes
        command.stop = stop = base + time_of(count - moved, hertz, clocks)
        command.end = None if is_bound else stop
        gone = total - FIFO + block_size(spi.regs[_IPTXFCR])
        if gone <= 0:
            command.room_at = 0
        elif gone > whole(command.writes):
            command.room_at = None
        else:
            command.room_at = base + time_of(min(gone, command.writes) - moved, hertz, clocks)

    def sent(self, command: IpCommand, now: int) -> int:
        """Bytes that have gone out."""
        return min(_moved(command, now), command.writes, len(self._spi.tx))

    def go_on(self, command: IpCommand, now: int) -> None:
        """The clock was stopped, and stops no longer."""
        command.moved = FIFO if command.reads else len(self._spi.tx)
        command.base = now

    def next_level(self, command: IpCommand, now: int) -> int | None:
        """When the level of a FIFO changes next; the end if none does; None while stopped."""
        spi = self._spi
        if command.reads:
            level = self.received(now)
            if level < min(len(spi.rx), FIFO):
                return _moment(command, min(level + ENTRY, len(spi.rx) - command.padding))
        elif (sent := self.sent(command, now)) < command.writes:
            count = min((sent & -ENTRY) + ENTRY, command.writes)
            if count <= len(spi.tx):
                return _moment(command, count)
        return command.end

    def when_received(self, command: IpCommand, count: int) -> int | None:
        """When the receive FIFO holds `count` bytes; the end if it never does."""
        total = len(self._spi.rx)
        if count > total or total <= ENTRY:
            return command.end
        return _moment(command, min(count, total - command.padding))
