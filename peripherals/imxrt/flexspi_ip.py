"""FlexSPI's IP commands: LUT sequences that firmware starts, their time, and their errors."""

from __future__ import annotations

from xipsim.peripherals.core import Alarm, Segment
from xipsim.peripherals.nor.xip import XipWindow

from .flexspi_bus import SerialBus
from .flexspi_chips import ChipSelects
from .flexspi_fifos import Fifos
from .flexspi_flow import whole
from .flexspi_lut import LookUpTable, Program
from .flexspi_polls import Polls
from .flexspi_registers import ENTRY, FIFO, FlexSpiRegisters, IpCommand
from .flexspi_stage import Stage, stage
from .lut import ErrorCode, Sequence

_MCR0, _MDIS = FlexSpiRegisters.MCR0.offset, FlexSpiRegisters.MDIS.mask
_IPCR0, _IPCR1 = FlexSpiRegisters.IPCR0.offset, FlexSpiRegisters.IPCR1.offset
_INTR, _INTEN = FlexSpiRegisters.INTR.offset, FlexSpiRegisters.INTEN.offset
_IPRXFCR, _IPTXFCR = FlexSpiRegisters.IPRXFCR.offset, FlexSpiRegisters.IPTXFCR.offset
_STS1 = FlexSpiRegisters.STS1.offset
_IP_ERROR = FlexSpiRegisters.IPCMDERRID.mask | FlexSpiRegisters.IPCMDERRCODE.mask
_IPCMDDONE, _IPCMDERR = FlexSpiRegisters.IPCMDDONE.mask, FlexSpiRegisters.IPCMDERR.mask
_STOPPED_BY_READ = FlexSpiRegisters.SCKSTOPBYRD.mask
_STOPPED_BY_WRITE = FlexSpiRegisters.SCKSTOPBYWR.mask
_IPRXWA, _IPTXWE = FlexSpiRegisters.IPRXWA.mask, FlexSpiRegisters.IPTXWE.mask
_LEVELS = _IPRXWA | _IPTXWE
_STAGES = 256
"""Stages that are kept: firmware that sends data of ever other sizes needs no more of them."""


class IpCommands:
    """Runs one command at a time, at the pace of the serial clock and as far as the FIFOs allow.

    What a read brings is taken from the chip when its sequence begins; what is sent reaches the
    chip with the last clock, as if chip select rose then. progress: an alarm that calls
    `progressed`. grant: one that calls `refuse`. window: looked at again when a command holds the
    bus from now on, or holds it no more.
    """

    def __init__(
        self,
        spi: FlexSpiRegisters,
        chips: ChipSelects,
        lut: LookUpTable,
        bus: SerialBus,
        fifos: Fifos,
        progress: Alarm,
        grant: Alarm,
        window: XipWindow,
    ) -> None:
        self._spi, self._chips, self._lut, self._bus = spi, chips, lut, bus
        self._fifos, self._flow = fifos, fifos.flow
        self._progress, self._grant = progress, grant
        self.polls = Polls(spi)
        self._window = window
        self.hidden: tuple[Segment, ...] = ()
        """What is not served natively any more since the last start of a command."""
        self._clock = spi.system.clock

    # -- what firmware does ----------------------------------------------------------------------

    def acknowledge(self, flags: int) -> None:
        """INTR was written."""
        spi = self._spi
        regs, command, now = spi.regs, spi.command, 0
        if command is not None:
            now = self._clock.now
            if now >= command.stop:
                self.catch_up(now)
                # What has come before this write is acknowledged by it, too.
                regs[_INTR] &= ~flags | _LEVELS
        if flags & _IPCMDERR:
            spi.regs[_STS1] &= ~_IP_ERROR
        if flags & _IPTXWE:
            self._fifos.push(now)
        if flags & _IPRXWA:
            self._fifos.pop(now)
        elif not flags & _IPTXWE and not regs[_INTEN]:
            # No level has changed, and there is no interrupt.
            return
        self._changed(now)

    def control_rx(self, value: int) -> None:
        """IPRXFCR was written."""
        now, was_empty = self.settle(), not self._spi.rx
        self._fifos.control_rx(value, now)
        # No watermark matters to an empty FIFO.
        if not was_empty:
            self._changed(now)

    def control_tx(self, value: int) -> None:
        """IPTXFCR was written."""
        now, was_empty = self.settle(), not self._spi.tx
        self._fifos.control_tx(value, now)
        if not was_empty:
            self._changed(now)

    def enable(self) -> None:
        """INTEN was written."""
        now = self.settle()
        self._fifos.update(now)
        self._plan(now)

    def trigger(self) -> None:
        """IPCMD.TRG was written."""
        spi, self.hidden = self._spi, ()
        now = self.settle() or self._clock.now
        if spi.regs[_MCR0] & _MDIS:
            spi.diagnose("command-while-disabled", "an IP command was started while MDIS is 1")
        elif spi.command is not None:
            # Assumption: it starts with the end of the first one, unless IPGRANTWAIT is over then.
            spi.diagnose("command-while-running", "an IP command was started during another one")
            self._grant.at(now + self._bus.grant_limit)
            self._plan(now)
        else:
            self._begin(now)
            self._changed(now)

    def refuse(self) -> None:
        """IPGRANTWAIT has passed: the command that waits for the bus is given up."""
        now = self.settle()
        self._spi.IPCMDGE = self._spi.IPCMDDONE = 1
        self._fifos.update(now)

    def reset(self) -> None:
        """Software reset: the command under way and the FIFOs go."""
        self.settle()
        command = self._spi.command
        if command is not None:
            self._abort(self._clock.now)
        self._grant.cancel()
        self._fifos.clear()
        if command is not None:
            self._release(command)

    # -- time ------------------------------------------------------------------------------------

    def progressed(self) -> None:
        """A moment has come of which `_plan` knew."""
        now, command = self.settle(), self._spi.command
        if command is None:
            return
        if command.limit and now >= command.began + command.limit:
            self._time_out(command, now)
            return
        self._changed(now)

    def give_way(self) -> int:
        """An AHB access has come: end a command of which the end is known, and say when that is.

        Its last clocks are still to come: the access has to wait for them. A command that stays is
        one whose end depends on the firmware.
        """
        now = self._clock.now
        while (command := self._spi.command) is not None:
            if command.end is None:
                break
            now = max(now, command.end)
            self._over(command, command.end)
        return now

    def settle(self) -> int:
        """Do what has come to its end by now, and say when that is: 0 without a command.

        That the serial clock stands still stays to be seen until it is acknowledged.
        """
        command = self._spi.command
        if command is None:
            return 0
        now = self._clock.now
        if now >= command.stop:
            self.catch_up(now)
        return now

    def is_over(self, command: IpCommand, now: int) -> bool:
        """Whether all of it has come to its end by now, be it seen or not."""
        return command.end is not None and command.end <= now and len(command.sequences) == 1

    def catch_up(self, now: int) -> None:
        """Do what has come to its end by now, with a command that has stopped."""
        spi = self._spi
        while (command := spi.command) is not None:
            if (end := command.end) is None:
                if now >= command.stop:
                    stopped = _STOPPED_BY_READ if command.reads else _STOPPED_BY_WRITE
                    spi.regs[_INTR] |= stopped
                break
            if end > now:
                break
            self._over(command, end)

    def _changed(self, now: int) -> None:
        """Something has just happened: flags, interrupt and alarm follow from it."""
        command = self._spi.command
        if command is None:
            self._fifos.update(now)
        elif self._spi.regs[_INTEN]:
            self._fifos.update(now)
            self._plan(now)
        elif command.end is not None or self._progress.deadline is None:
            # Who looks, sees what the flags are by then: they are not kept meanwhile.
            self._plan(now)

    def _plan(self, now: int) -> None:
        """Set the alarm to the next moment at which something happens by itself that counts."""
        spi, command, progress = self._spi, self._spi.command, self._progress
        if command is None:
            return
        due = end = command.end
        if spi.regs[_INTEN]:
            if not spi.IRQ.level:
                due = self._flow.next_level(command, now)
        elif command.reads and len(command.sequences) == 1 and self._grant.deadline is None:
            # Nothing happens to the chip, and who looks, sees.
            due = None
        if limit := command.limit:
            last = command.began + limit
            if end is None or end > last:
                due = last if due is None else min(due, last)
        if due != progress.deadline:
            if due is None:
                progress.cancel()
            else:
                progress.at(due)

    # -- a command -------------------------------------------------------------------------------

    def _begin(self, now: int) -> None:
        spi = self._spi
        address, control = spi.regs[_IPCR0], spi.regs[_IPCR1]
        size = control & 0xFFFF
        program = self._lut.program(control >> 16 & 0xF, control >> 24 & 7)
        select = self._chips.route(address)
        if select is None:
            self._fail(program.indices[0], ErrorCode.BEYOND_FLASH)
            return
        if not program.is_sound or address + size > self._chips.ends[select]:
            for index, sequence in zip(program.indices, program.sequences, strict=True):
                error = self._check(sequence, select, address, size)
                if error is not None:
                    self._fail(index, error)
                    return
        if control >> 31:
            spi.gap("IPCR1: parallel mode")
        if not program.is_plain:
            self._report(program, address, size)
        spi.command = command = IpCommand(select, address, size, list(program.indices))
        chip = spi.chips.get(select)
        if program.reads and chip is not None and chip.busy:
            self.polls.ask(command, chip, now, self._begin_sequence)
        else:
            self._begin_sequence(command, now)

    def _begin_sequence(self, command: IpCommand, now: int) -> None:
        """Chip select falls, now or when it has been high for long enough."""
        spi = self._spi
        rx, is_fresh = spi.rx, not spi.rx and not spi.tx
        sequence, pace, size, before, holds_bus, span, is_bound = self._stage(command)
        (
            command.reads, command.writes, command.limit, command.behind, command.interval,
            command.hertz, command.byte_clocks,
        ) = pace  # fmt: skip
        began = spi.quiet_at + command.interval
        if began < now:
            began = now
        command.began, command.base = began, began + before
        command.moved = command.padding = 0
        if command.reads:
            command.moved = len(rx)
            rx += self._chips.transfer(command.select, sequence, command.address, b"", size)
            command.padding = -len(rx) % ENTRY
            rx += bytes(command.padding)
        if is_fresh:
            command.stop = stop = began + before + span
            command.end = None if is_bound else stop
            command.room_at = 0
        else:
            self._flow.foresee(command)
        if len(rx) > FIFO:
            holds_bus = True
        if holds_bus != command.holds_bus:
            command.holds_bus = holds_bus
            self.hide()

    def hide(self) -> None:
        """The command under way holds the bus from now on."""
        before = self._window.native
        self._window.evaluate()
        after = self._window.native
        if any(segment not in before for segment in after):
            self._clock.acts()
        self.hidden = tuple([segment for segment in before if segment not in after])

    def _stage(self, command: IpCommand) -> Stage:
        """The sequence that is next."""
        settings, stages = self._chips.settings(command.select), self._lut.stages
        index, size = command.sequences[0], command.size
        known = stages.get(key := (index, size, self._bus.pace(settings)))
        if known is None:
            sequence = self._lut.sequence(index)
            if len(stages) >= _STAGES:
                stages.clear()
            known = stages[key] = stage(sequence, self._bus.cost(settings, sequence), size)
        return known

    def _over(self, command: IpCommand, end: int) -> None:
        """The last clock of the sequence on the bus was at `end`."""
        spi = self._spi
        index = command.sequences.pop(0)
        spi.quiet_at = end + command.behind
        if not command.reads:
            sequence = self._lut.sequence(index)
            data = b""
            if writes := command.writes:
                data = bytes(spi.tx[:writes])
                del spi.tx[: whole(writes)]
            self._chips.tell(command.select, sequence, command.address, data)
        if command.sequences:
            self._clock.acts()
            self._begin_sequence(command, end)
            self._plan(end)
            return
        self._release(command)
        self._fifos.update(end, _IPCMDDONE)
        if self._grant.deadline is not None:
            self._grant.cancel()
            self._begin(end)
            self._changed(end)

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

    def _release(self, command: IpCommand) -> None:
        """It was under way, and is no more."""
        self._spi.command = None
        if self._progress.deadline is not None:
            self._progress.cancel()
        if command.holds_bus and self._window.evaluate():
            self._clock.acts()

    def _abort(self, now: int) -> int:
        """Raise chip select; the chip has seen what was sent. Returns the sequence's index."""
        spi, command = self._spi, self._spi.command
        if command is None:
            return spi.ISEQID
        index = command.sequences[0]
        if command.reads:
            del spi.rx[self._flow.received(now) :]
        else:
            sent = bytes(spi.tx[: self._flow.sent(command, now)])
            sequence = self._lut.sequence(index)
            self._chips.transfer(command.select, sequence, command.address, sent, 0)
            del spi.tx[: len(spi.tx) - self._flow.waiting(now)]
        spi.quiet_at = now
        return index

    def _time_out(self, command: IpCommand, now: int) -> None:
        """SEQWAIT has passed."""
        self._spi.SEQTIMEOUT = 1
        index = self._abort(now)
        self._release(command)
        self._fail(index, ErrorCode.TIMEOUT)
        self._fifos.update(now)
