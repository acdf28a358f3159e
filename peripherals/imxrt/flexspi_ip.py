"""FlexSPI's IP commands: LUT sequences that firmware starts, and their errors."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core import Alarm

from .flexspi_chips import ChipSelects
from .flexspi_fifos import ENTRY, Fifos
from .flexspi_lut import LookUpTable, Program
from .flexspi_registers import FIFO, FlexSpiRegisters, IpCommand
from .lut import ErrorCode, Sequence

# Assumption: a serial clock of 100 MHz for time-outs. The clock tree is not asked, and no
# transfer takes time: a command ends within the access that lets it end.
_SEQWAIT_UNIT = 1024 * 10
_INTR = FlexSpiRegisters.INTR.offset
_IPCMDDONE, _IPCMDERR = FlexSpiRegisters.IPCMDDONE.mask, FlexSpiRegisters.IPCMDERR.mask
_STOPPED = FlexSpiRegisters.SCKSTOPBYWR.mask
_IPRXWA, _IPTXWE = FlexSpiRegisters.IPRXWA.mask, FlexSpiRegisters.IPTXWE.mask


class IpCommands:
    """Runs one command at a time, as far as the FIFOs allow.

    timeout: an alarm that calls `time_out`. bus_changed: called when a command holds the bus from
    now on, or holds it no more.
    """

    def __init__(
        self,
        spi: FlexSpiRegisters,
        chips: ChipSelects,
        lut: LookUpTable,
        fifos: Fifos,
        timeout: Alarm,
        bus_changed: Callable[[], None],
    ) -> None:
        self._spi, self._chips, self._lut, self._fifos = spi, chips, lut, fifos
        self._timeout, self._bus_changed = timeout, bus_changed

    # -- what firmware does ----------------------------------------------------------------------

    def acknowledge(self, flags: int) -> None:
        """INTR was written."""
        spi = self._spi
        if flags & _IPCMDERR:
            spi.IPCMDERRID = spi.IPCMDERRCODE = 0
        if flags & _IPRXWA:
            self._fifos.pop()
            self._resume()
        if flags & _IPTXWE and self._fifos.push():
            self._resume()
        self._fifos.update()

    def control_rx(self, value: int) -> None:
        """IPRXFCR was written."""
        if self._fifos.control_rx(value):
            self._resume()
        self._fifos.update()

    def control_tx(self, value: int) -> None:
        """IPTXFCR was written."""
        self._fifos.control_tx(value)
        self._fifos.update()

    def trigger(self) -> None:
        """IPCMD.TRG was written."""
        spi = self._spi
        if spi.MDIS:
            spi.diagnose("command-while-disabled", "an IP command was started while MDIS is 1")
        elif spi.command is not None:
            # Assumption: it waits for the grant in vain. Reported at once instead of after
            # IPGRANTWAIT, which is short beside what the first command waits for.
            spi.diagnose("command-while-running", "an IP command was started during another one")
            spi.IPCMDGE = spi.IPCMDDONE = 1
            spi.drive_irq()
        else:
            self._begin()
            self._fifos.update()

    def reset(self) -> None:
        """Software reset: the command under way and the FIFOs go."""
        self._abort()
        self._fifos.clear()
        self._release()

    # -- a command -------------------------------------------------------------------------------

    def _begin(self) -> None:
        spi = self._spi
        address, control = spi.IPCR0, spi.IPCR1
        size = control & 0xFFFF
        program = self._lut.program(control >> 16 & 0xF, control >> 24 & 7)
        select = self._chips.route(address)
        if select is None:
            self._fail(program.indices[0], ErrorCode.BEYOND_FLASH)
            return
        for index, sequence in zip(program.indices, program.sequences, strict=True):
            error = self._check(sequence, select, address, size)
            if error is not None:
                self._fail(index, error)
                return
        if control >> 31:
            spi.gap("IPCR1: parallel mode")
        if not program.is_plain:
            self._report(program, address, size)
        if program.reads:
            self._ask(select)
        self._run(IpCommand(select, address, size, list(program.indices)))

    def _check(
        self, sequence: Sequence, select: int, address: int, size: int
    ) -> ErrorCode | None:
        if sequence.error is not None:
            return sequence.error
        if sequence.jump is not None:
            return ErrorCode.JUMP
        # Assumption: only the data of a sequence that sends an address can cross a boundary.
        if sequence.template.address_bits and address + size > self._chips.ends[select]:
            return ErrorCode.BOUNDARY
        return None

    def _report(self, program: Program, address: int, size: int) -> None:
        for index in program.indices:
            self._lut.report(index, address)
        if size and not program.moves_data:
            self._lut.report_no_data(program.indices[0], size, address)

    def _ask(self, select: int) -> None:
        """A read from a busy chip can only be a poll of its status."""
        chip = self._spi.chips.get(select)
        if chip is not None and chip.busy:
            clock = self._spi.system.clock
            clock.question(("status", chip.name), until=chip.busy_until)

    def _fail(self, index: int, code: ErrorCode) -> None:
        spi = self._spi
        spi.diagnose(
            "ip-command-error",
            f"IP command, LUT sequence {index}, address {spi.IPCR0:#x}: {code.text}",
            address=spi.IPCR0,
        )
        spi.IPCMDERRID, spi.IPCMDERRCODE = index, code
        spi.IPCMDERR = spi.IPCMDDONE = 1
        spi.drive_irq()

    def _resume(self) -> None:
        if self._spi.command is not None:
            self._run(self._spi.command)

    def _run(self, command: IpCommand) -> None:
        spi = self._spi
        while command.sequences:
            sequence = self._lut.sequence(command.sequences[0])
            if not self._collect(command, sequence):
                spi.regs[_INTR] |= _STOPPED
                return self._wait(command)
            self._execute(command, sequence)
        if len(spi.rx) > FIFO:
            spi.SCKSTOPBYRD = 1
            return self._wait(command)
        return self._finish()

    def _collect(self, command: IpCommand, sequence: Sequence) -> bool:
        """Move data for WRITE out of the FIFO; True once there is all of it."""
        if sequence.writes is None:
            return True
        need = command.size or sequence.writes
        sent = command.sent
        sent += self._fifos.take(need - len(sent))
        return len(sent) == need

    def _execute(self, command: IpCommand, sequence: Sequence) -> None:
        read = 0 if sequence.reads is None else command.size or sequence.reads
        data = bytes(command.sent)
        command.sequences.pop(0)
        command.sent.clear()
        received = self._chips.transfer(command.select, sequence, command.address, data, read)
        self._spi.rx += received + bytes(-len(received) % ENTRY)

    def _wait(self, command: IpCommand) -> None:
        spi = self._spi
        if spi.command is None:
            spi.command = command
            if spi.SEQWAIT:
                self._timeout.at(spi.system.clock.now + spi.SEQWAIT * _SEQWAIT_UNIT)
            self._bus_changed()

    def _finish(self) -> None:
        self._spi.regs[_INTR] |= _IPCMDDONE
        self._release()

    def _release(self) -> None:
        if self._spi.command is not None:
            self._spi.command = None
            self._timeout.cancel()
            self._bus_changed()

    def _abort(self) -> int:
        """Raise chip select; the chip has seen what was sent. Returns the sequence's index."""
        command = self._spi.command
        index = self._spi.ISEQID
        if command is not None and command.sequences:
            index = command.sequences[0]
            sequence, sent = self._lut.sequence(index), bytes(command.sent)
            self._chips.transfer(command.select, sequence, command.address, sent, 0)
        return index

    def time_out(self) -> None:
        """SEQWAIT has passed."""
        self._spi.SEQTIMEOUT = 1
        self._fail(self._abort(), ErrorCode.TIMEOUT)
        del self._spi.rx[FIFO:]
        self._release()
        self._fifos.update()
