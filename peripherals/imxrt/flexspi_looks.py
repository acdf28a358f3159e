"""What firmware reads of FlexSPI while an IP command is under way: INTR, STS0, fill levels."""

from __future__ import annotations

from collections.abc import Callable

from .flexspi_fifos import Fifos
from .flexspi_flow import block_size
from .flexspi_ip import IpCommands
from .flexspi_registers import ENTRY, FlexSpiRegisters, IpCommand

_INTR = FlexSpiRegisters.INTR.offset
_IPRXFCR = FlexSpiRegisters.IPRXFCR.offset
_IPCMDDONE = FlexSpiRegisters.IPCMDDONE.mask
_STOPPED_BY_READ = FlexSpiRegisters.SCKSTOPBYRD.mask
_STOPPED_BY_WRITE = FlexSpiRegisters.SCKSTOPBYWR.mask


class Looks:
    """Answers by the time at which they are asked for.

    A transfer takes microseconds, and a turn of a polling loop nanoseconds: a read that shows
    nothing yet of what the firmware has to wait for next may last until it comes. found_end: called
    when the firmware has seen that a command is over.
    """

    def __init__(
        self, spi: FlexSpiRegisters, ip: IpCommands, fifos: Fifos, found_end: Callable[[], None]
    ) -> None:
        self._spi, self._ip, self._fifos, self._flow = spi, ip, fifos, fifos.flow
        self._found_end = found_end
        self._clock = spi.system.clock

    def flags(self) -> int:
        """INTR, for somebody from outside."""
        command = self._spi.command
        if command is None:
            return self._spi.regs[_INTR]
        return self._flags(command, self._clock.now)

    def poll_flags(self, command: IpCommand) -> int:
        """INTR, for the firmware: what it has to wait for may come within the access."""
        spi, now, due = self._spi, self._clock.now, command.end
        if due is None or command.reads:
            due = self._awaited(command)
        if due is not None and due > now:
            now = self._clock.take(due)
        if command.end is not None and now >= command.end:
            self._ip.settle()
            if spi.command is not command:
                self._found_end()
                return spi.regs[_INTR]
        return self._flags(command, now)

    def poll_rx_status(self) -> int:
        """IPRXFSTS, for the firmware: as `poll_flags`, if the FIFO is empty."""
        spi = self._spi
        command = spi.command
        if command is None:
            return self._fifos.rx_status(0)
        now = self._clock.now
        if command.end is not None and command.end <= now:
            status = self._fifos.rx_status(now)
            self._ip.catch_up(now)
        else:
            if command.reads and not self._flow.received(now):
                due = self._flow.when_received(command, ENTRY)
                if due is not None:
                    now = self._clock.take(due)
            status = self._fifos.rx_status(now)
            self._ip.settle()
        if spi.command is not command:
            self._found_end()
        return status

    def poll_busy(self) -> bool:
        """Whether a command is under way, for firmware that waits for its end."""
        now, command = self._ip.settle(), self._spi.command
        if command is None:
            return False
        if command.end is not None:
            now = self._clock.take(command.end)
            self._ip.settle()
        return self._spi.command is not None and not self._ip.is_over(command, now)

    @property
    def is_busy(self) -> bool:
        """Whether a command is under way, for somebody from outside."""
        command = self._spi.command
        return command is not None and not self._ip.is_over(command, self._clock.now)

    @property
    def rests_at(self) -> int | None:
        """When the sequence on the bus ends, or has to wait for the firmware; None without one."""
        command = self._spi.command
        return None if command is None else command.stop

    def _awaited(self, command: IpCommand) -> int | None:
        """When the flag comes that firmware has to wait for now; None: that depends on it."""
        spi, flow = self._spi, self._flow
        if command.writes > len(spi.tx):
            return command.room_at
        if command.reads:
            return flow.when_received(command, block_size(spi.regs[_IPRXFCR]))
        return command.end

    def _flags(self, command: IpCommand, now: int) -> int:
        """INTR at `now`, or as it will be then if nothing comes between."""
        flags = self._fifos.flags(now)
        if now >= command.stop:
            if command.end is None:
                flags |= _STOPPED_BY_READ if command.reads else _STOPPED_BY_WRITE
            elif len(command.sequences) == 1:
                flags |= _IPCMDDONE
        return flags
