"""FlexSPI's IP commands: the two FIFOs, the command under way, its errors."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import BusError, Record, Region, State, System

from .flexspi_base import FlexSpiBase
from .lut import SEQUENCES, ErrorCode, Sequence

_ENTRY = 8
"""Bytes of a FIFO entry."""
# Assumption: a serial clock of 100 MHz for time-outs. The clock tree is not asked, and no
# transfer takes time: a command ends within the access that lets it end.
_SEQWAIT_UNIT = 1024 * 10


# A poll of a busy chip is twenty accesses, thousands of times in a row: what they have in common
# works on the stored integers instead of on fields.
_INTR, _INTEN = FlexSpiBase.INTR.offset, FlexSpiBase.INTEN.offset
_IPRXFCR, _IPTXFCR = FlexSpiBase.IPRXFCR.offset, FlexSpiBase.IPTXFCR.offset
_IPRXFSTS, _IPTXFSTS = FlexSpiBase.IPRXFSTS.offset, FlexSpiBase.IPTXFSTS.offset
_IPCMDDONE, _IPCMDERR = FlexSpiBase.IPCMDDONE.mask, FlexSpiBase.IPCMDERR.mask
_AHBCMDERR = FlexSpiBase.AHBCMDERR.mask
_IPRXWA, _IPTXWE = FlexSpiBase.IPRXWA.mask, FlexSpiBase.IPTXWE.mask
_CLEAR, _DMA_ENABLE = FlexSpiBase.CLRIPRXF.mask, FlexSpiBase.RXDMAEN.mask
"""Of IPRXFCR, and the same of IPTXFCR."""


def _watermark(control: int) -> int:
    """Bytes that IPRXFCR or IPTXFCR sets as the watermark."""
    return ((control >> 2 & 0xF) + 1) * _ENTRY


class IpCommand(Record):
    """The sequences still to run; `sent` holds data for the first of them."""

    def __init__(self, select: int, address: int, size: int, sequences: list[int]) -> None:
        self.select, self.address, self.size = select, address, size
        self.sequences = sequences
        self.sent = bytearray()


class IpCommands(FlexSpiBase):
    """IPCR, IPCMD, the FIFOs and their flags."""

    FIFO = 128
    """Bytes of each of the two FIFOs."""

    rx_fifo = Region("receive FIFO of IP commands on the AHB (ARDF)", required=False)
    tx_fifo = Region("transmit FIFO of IP commands on the AHB (ATDF)", required=False)

    _command: State[IpCommand | None] = State(None)
    """The command that waits for data, or for room in a FIFO. It holds the bus."""
    _rx = State(bytearray())
    """The receive FIFO; what exceeds its depth is still to come from the chip."""
    _tx = State(bytearray())
    _staging = State(bytearray(128))
    """What was written to TFDR and is not pushed yet."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._timeout = self.alarm(self._timed_out)

    # -- FIFOs -----------------------------------------------------------------------------------

    def _update(self) -> None:
        """Set the flags that follow from the FIFOs, and the interrupt."""
        regs = self.regs
        flags = regs[_INTR] & ~(_IPRXWA | _IPTXWE)
        if len(self._rx) >= _watermark(regs[_IPRXFCR]):
            flags |= _IPRXWA
        if self.FIFO - len(self._tx) >= _watermark(regs[_IPTXFCR]):
            flags |= _IPTXWE
        regs[_INTR] = flags
        self.IRQ.set(flags & regs[_INTEN] != 0)

    @FlexSpiBase.INTR.on_write
    def _acknowledge(self, value: int) -> None:
        if value & _IPCMDERR:
            self.IPCMDERRID = self.IPCMDERRCODE = 0
        if value & _AHBCMDERR:
            self.AHBCMDERRID = self.AHBCMDERRCODE = 0
        if value & _IPRXWA:
            self._pop()
        if value & _IPTXWE:
            self._push()
        self._update()

    def _pop(self) -> None:
        count = min(_watermark(self.regs[_IPRXFCR]), len(self._rx))
        del self._rx[:count]
        self.RDCNTR += count // _ENTRY
        self._resume()

    def _push(self) -> None:
        count = _watermark(self.regs[_IPTXFCR])
        if len(self._tx) + count > self.FIFO:
            self.diagnose("tx-fifo-overflow", f"{count} bytes pushed into a full transmit FIFO")
            return
        self._tx += self._staging[:count]
        self.WRCNTR += count // _ENTRY
        self._resume()

    @FlexSpiBase.IPRXFCR.on_write
    def _control_rx(self, value: int) -> None:
        if value & _DMA_ENABLE:
            self.gap("DMA requests of the receive FIFO")
        if value & _CLEAR:
            self.regs[_IPRXFCR] &= ~_CLEAR
            self.regs[_IPRXFSTS] = 0
            del self._rx[: self.FIFO]
            self._resume()
        self._update()

    @FlexSpiBase.IPTXFCR.on_write
    def _control_tx(self, value: int) -> None:
        if value & _DMA_ENABLE:
            self.gap("DMA requests of the transmit FIFO")
        if value & _CLEAR:
            self.regs[_IPTXFCR] &= ~_CLEAR
            self.regs[_IPTXFSTS] = 0
            self._tx.clear()
        self._update()

    @FlexSpiBase.IPRXFSTS.on_read
    def _rx_status(self) -> int:
        return self.IPRXFSTS | min(len(self._rx), self.FIFO) // _ENTRY

    @FlexSpiBase.IPTXFSTS.on_read
    def _tx_status(self) -> int:
        return self.IPTXFSTS | len(self._tx) // _ENTRY

    @FlexSpiBase.RFDR.on_read
    def _read_rfdr(self, index: int) -> int:
        return 0 if self.ARDFEN else self._head(4 * index, 4)

    def _head(self, offset: int, size: int) -> int:
        end = min(offset + size, self.FIFO)
        return int.from_bytes(self._rx[offset:end], "little")

    @FlexSpiBase.TFDR.on_read
    def _read_tfdr(self, index: int) -> int:
        return 0

    @FlexSpiBase.TFDR.on_write
    def _write_tfdr(self, index: int, value: int) -> None:
        if not self.ATDFEN:
            self._staging[4 * index : 4 * index + 4] = value.to_bytes(4, "little")

    @rx_fifo.on_read
    @rx_fifo.on_peek
    def read_rx_fifo(self, offset: int, size: int) -> int:
        """Read the FIFO's head over the AHB; nothing is consumed. BusError unless ARDFEN."""
        if not self.ARDFEN:
            raise BusError(f"{self.name}: MCR0.ARDFEN is 0, the receive FIFO is not on the AHB")
        return self._head(offset, size)

    @rx_fifo.on_write
    def _write_rx_fifo(self, offset: int, value: int, size: int) -> None:
        raise BusError(f"{self.name}: the receive FIFO is read only")

    @tx_fifo.on_read
    def _read_tx_fifo(self, offset: int, size: int) -> int:
        raise BusError(f"{self.name}: the transmit FIFO is write only")

    @tx_fifo.on_write
    def write_tx_fifo(self, offset: int, value: int, size: int) -> None:
        """Write the words to push next over the AHB. BusError unless ATDFEN."""
        if not self.ATDFEN:
            raise BusError(f"{self.name}: MCR0.ATDFEN is 0, the transmit FIFO is not on the AHB")
        if offset + size <= self.FIFO:
            self._staging[offset : offset + size] = value.to_bytes(size, "little")

    # -- commands --------------------------------------------------------------------------------

    @FlexSpiBase.IPCMD.on_write
    def _trigger(self, value: int) -> None:
        self.IPCMD = 0
        if not value & 1:
            return
        if self.MDIS:
            self.diagnose("command-while-disabled", "an IP command was started while MDIS is 1")
        elif self._command is not None:
            # Assumption: it waits for the grant in vain. Reported at once instead of after
            # IPGRANTWAIT, which is short beside what the first command waits for.
            self.diagnose("command-while-running", "an IP command was started during another one")
            self.IPCMDGE = self.IPCMDDONE = 1
            self._drive_irq()
        else:
            self._begin()

    def _begin(self) -> None:
        address, control = self.IPCR0, self.IPCR1
        first, more, size = control >> 16 & 0xF, control >> 24 & 7, control & 0xFFFF
        # Assumption: sequences are numbered modulo 16.
        indices = [(first + i) % SEQUENCES for i in range(more + 1)]
        select = self._route(address)
        if select is None:
            self._fail(indices[0], ErrorCode.BEYOND_FLASH)
            return
        for index in indices:
            error = self._check(self._sequence(index), select, address, size)
            if error is not None:
                self._fail(index, error)
                return
        if control >> 31:
            self.gap("IPCR1: parallel mode")
        self._ask(select, indices)
        self._run(IpCommand(select, address, size, indices))

    def _check(
        self, sequence: Sequence, select: int, address: int, size: int
    ) -> ErrorCode | None:
        if sequence.error is not None:
            return sequence.error
        if sequence.jump is not None:
            return ErrorCode.JUMP
        # Assumption: only the data of a sequence that sends an address can cross a boundary.
        if sequence.template.address_bits and address + size > self._bounds[select]:
            return ErrorCode.BOUNDARY
        return None

    def _ask(self, select: int, indices: list[int]) -> None:
        """A read from a busy chip can only be a poll of its status."""
        chip = self.chips.get(select)
        if chip is None or not chip.busy:
            return
        for index in indices:
            if self._sequence(index).reads is not None:
                self.system.clock.question(("status", chip.name), until=chip.busy_until)
                return

    def _fail(self, index: int, code: ErrorCode) -> None:
        self.diagnose(
            "ip-command-error",
            f"IP command, LUT sequence {index}, address {self.IPCR0:#x}: {code.text}",
            address=self.IPCR0,
        )
        self.IPCMDERRID, self.IPCMDERRCODE = index, code
        self.IPCMDERR = self.IPCMDDONE = 1
        self._drive_irq()

    def _resume(self) -> None:
        if self._command is not None:
            self._run(self._command)

    def _run(self, command: IpCommand) -> None:
        """Go on as far as the FIFOs allow."""
        while command.sequences:
            sequence = self._sequence(command.sequences[0])
            if not self._collect(command, sequence):
                self.SCKSTOPBYWR = 1
                return self._wait(command)
            self._execute(command, sequence)
        if len(self._rx) > self.FIFO:
            self.SCKSTOPBYRD = 1
            return self._wait(command)
        return self._finish()

    def _collect(self, command: IpCommand, sequence: Sequence) -> bool:
        """Move data for WRITE out of the FIFO; True once there is all of it."""
        if sequence.writes is None:
            return True
        need = command.size or sequence.writes
        count = min(need - len(command.sent), len(self._tx))
        command.sent += self._tx[:count]
        # The rest of a FIFO entry behind the last byte is lost.
        del self._tx[: -(-count // _ENTRY) * _ENTRY]
        return len(command.sent) == need

    def _execute(self, command: IpCommand, sequence: Sequence) -> None:
        read = 0 if sequence.reads is None else command.size or sequence.reads
        data = bytes(command.sent)
        command.sequences.pop(0)
        command.sent.clear()
        received = self._transfer(command.select, sequence, command.address, data, read)
        self._rx += received + bytes(-len(received) % _ENTRY)

    def _wait(self, command: IpCommand) -> None:
        if self._command is None:
            self._command = command
            if self.SEQWAIT:
                self._timeout.at(self.system.clock.now + self.SEQWAIT * _SEQWAIT_UNIT)
            self._bus_changed()
        self._update()

    def _finish(self) -> None:
        self.regs[_INTR] |= _IPCMDDONE
        self._release()

    def _release(self) -> None:
        if self._command is not None:
            self._command = None
            self._timeout.cancel()
            self._bus_changed()
        self._update()

    def _bus_changed(self) -> None:
        """An IP command holds the bus from now on, or holds it no more."""

    def _abort(self) -> int:
        """Raise chip select; the chip has seen what was sent. Returns the sequence's index."""
        command = self._command
        index = self.ISEQID
        if command is not None and command.sequences:
            index = command.sequences[0]
            self._transfer(
                command.select, self._sequence(index), command.address, bytes(command.sent), 0
            )
        return index

    def _timed_out(self) -> None:
        self.SEQTIMEOUT = 1
        self._fail(self._abort(), ErrorCode.TIMEOUT)
        del self._rx[self.FIFO :]
        self._release()
