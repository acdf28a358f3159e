"""OSPI's transfers: DR, and the cycle of chip select under way."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import partial

from xipsim.peripherals.core import Alarm
from xipsim.peripherals.nor.bus import Transaction

from .ospi_fifos import DEPTH, RXU, TXO, Fifos
from .ospi_format import size
from .ospi_incoming import Incoming
from .ospi_lines import Lines
from .ospi_polls import Polls
from .ospi_registers import OspiRegisters
from .ospi_shapes import BOTH, EEPROM_READ, TRANSMIT, Plan, Shapes

# Every word of a page is pushed, and a poll comes here ten times: on the stored integers, not by
# fields.
_SSIENR, _SER = OspiRegisters.SSIENR.offset, OspiRegisters.SER.offset
_TXFTLR, _BAUDR = OspiRegisters.TXFTLR.offset, OspiRegisters.BAUDR.offset
_SELECTS, _TFT = OspiRegisters.SELECTS.mask, OspiRegisters.TFT.mask
_TXFTHR = OspiRegisters.TXFTHR.lsb


class Transfers:
    """Commands that firmware sends through the FIFOs.

    Either way chip select is low for the time that all takes on the lines. What a receive brings is
    what the chip drives when it begins; the chip gets what is transmitted with the last clock, as
    firmware may push more meanwhile.

    progress: an alarm that calls `progressed`.
    """

    def __init__(self, ospi: OspiRegisters, shapes: Shapes, fifos: Fifos, progress: Alarm) -> None:
        self._ospi, self._shapes, self._fifos = ospi, shapes, fifos
        self._progress, self._clock = progress, ospi.system.clock
        self._incoming = Incoming(ospi, shapes, fifos)
        self.polls = Polls(ospi, progress)
        self._lines = Lines(ospi)
        self.has_ended = False
        """Whether one that sends has, since somebody has taken notice."""

    # -- what firmware does ------------------------------------------------------------------------

    def enable(self, on: bool) -> None:
        """SSIENR was written."""
        ospi = self._ospi
        if not on:
            if ospi.sent or ospi.expected:
                self._abort()
            ospi.tx.clear()
            ospi.rx.clear()
            ospi.overflowing = False
        self._fifos.drive_irq()

    def select(self) -> None:
        """SER was written."""
        ospi = self._ospi
        if ospi.regs[_SER] & _SELECTS:
            self._start()
        elif ospi.sent or ospi.expected:
            self._abort()
        else:
            return
        self._fifos.drive_irq()

    def threshold_changed(self) -> None:
        """TXFTLR or RXFTLR was written."""
        self._watch_progress()
        self._start_at_once()
        self._fifos.drive_irq()

    def ask(self) -> None:
        """Firmware waits for the end of the transfer."""
        ospi, clock = self._ospi, self._clock
        if ospi.sent:
            end = ospi.ends[-1]
            if clock.now < end:
                clock.question(("transfer", ospi.name), until=end)
                return
            self._finish(len(ospi.sent))
            self._fifos.drive_irq()
        elif ospi.expected:
            now = clock.now
            if not ospi.rx and (first := self._incoming.next_frame) > now:
                self._fetch(clock.take(first))
                return
            self._fetch(now)
        expected = ospi.expected
        if expected and len(ospi.rx) + expected - ospi.arrived <= DEPTH:
            # Nothing is lost if the firmware, which may mean what is there, comes late.
            clock.question(("transfer", ospi.name), until=self._incoming.comes(expected))

    def settle(self) -> None:
        """Let come what has come by now; end the transfer under way if its time has come."""
        ospi = self._ospi
        if ospi.sent:
            if self._clock.now >= ospi.ends[-1]:
                self._finish(len(ospi.sent))
        elif ospi.expected:
            self._fetch(self._clock.now)

    def _fetch(self, now: int) -> None:
        """Let come what comes until `now`."""
        ospi = self._ospi
        if self._incoming.fetch(now):
            self._fifos.drive_irq()
            if not ospi.expected and not ospi.tx:
                self._progress.cancel()

    def push(self, value: int) -> None:
        """DR was written."""
        ospi, regs = self._ospi, self._ospi.regs
        if not regs[_SSIENR] & 1:
            ospi.diagnose("fifo-while-disabled", f"DR <- {value:#x} is lost: SSIENR is 0")
            return
        if ospi.sent or ospi.expected:
            self.settle()
        if not ospi.sent and not regs[_SER] & _SELECTS and len(ospi.tx) < DEPTH:
            ospi.tx.append(value)
            if len(ospi.tx) == (regs[_TXFTLR] & _TFT) + 1:
                self._fifos.drive_irq()
        elif self._fifos.tx_level >= DEPTH:
            self._overflow(value)
        elif ospi.sent:
            self._append(self._shapes.plan, [value], ospi.ends[-1])
            self._watch_progress()
            self._fifos.drive_irq()
        else:
            ospi.tx.append(value)
            self._start_at_once()
            self._fifos.drive_irq()

    def _overflow(self, value: int) -> None:
        ospi = self._ospi
        self._fifos.report(TXO)
        if ospi.overflowing:
            return
        ospi.overflowing = True
        text = f"DR <- {value:#x} is lost: the transmit FIFO is full ({DEPTH} entries)"
        if ospi.SELECTS:
            ospi.diagnose("tx-fifo-overflow", text)
            return
        text += ", and no chip is selected that could empty it"
        ospi.diagnose("tx-fifo-overflow-unselected", text)
        ospi.system.stuck(f"{ospi.name}: {text}")

    def pop(self) -> int:
        """DR was read."""
        ospi = self._ospi
        if ospi.sent or ospi.expected:
            self.settle()
        if not ospi.rx:
            ospi.diagnose("rx-fifo-underflow", "DR was read while the receive FIFO is empty")
            self._fifos.report(RXU)
            return 0
        value = ospi.rx.pop(0)
        if ospi.expected:
            self._watch_progress()
        self._fifos.drive_irq()
        return value

    # -- for passages ------------------------------------------------------------------------------

    @property
    def sent_since(self) -> int:
        """When the transfer that sends has begun, in ns."""
        return self._ospi.ends[0] - self._shapes.plan.lasts[0]

    def send_since(self, entries: list[int], time: int) -> None:
        """A transfer is under way that sends these, and has begun then."""
        self._append(self._shapes.plan, entries, time)

    def poll_again(self, head: list[int]) -> Callable[[], bytes] | None:
        """If the receive that these entries begin comes again: as of `SpiDevice`."""
        chips, plan = self._lines.chips, self._shapes.plan
        if len(chips) != 1 or not plan.shape.frf:
            return None
        return chips[0].again(self._lines.cycle(plan.shape, head, plan.read))

    def select_again(self, select: int) -> None:
        """As `select`, where that begins a poll, but for the alarm, which was set."""
        ospi = self._ospi
        ospi.regs[_SER], ospi.chosen = select, select & _SELECTS
        self._begin_to_receive(self._shapes.plan)
        self._fifos.drive_irq()

    # -- transfers ---------------------------------------------------------------------------------

    def _start_at_once(self) -> None:
        """As `_start`, by other accesses than the one that selects a chip, with which a passage may
        go on."""
        self._start()
        if self._ospi.sent or self._ospi.expected:
            self._clock.acts()

    def _start(self) -> None:
        """Begin a transfer, if everything that it needs is there."""
        ospi, regs = self._ospi, self._ospi.regs
        # Nothing waits while SSIENR is 0.
        while ospi.tx and regs[_SER] & _SELECTS:
            if ospi.sent or ospi.expected:
                return
            plan, waiting = self._shapes.plan, len(ospi.tx)
            if waiting <= regs[_TXFTLR] >> _TXFTHR & 0xFF or waiting < plan.shape.head:
                return
            if not regs[_BAUDR]:
                # The serial clock is off.
                ospi.diagnose("no-serial-clock", "a transfer waits for ever: BAUDR is 0")
                return
            ospi.chosen = regs[_SER] & _SELECTS
            if plan.receives:
                self._receive(plan)
            else:
                self._send(plan)

    def _receive(self, plan: Plan) -> None:
        now = self._begin_to_receive(plan)
        if self._ospi.rx:
            self._watch_progress()
        else:
            self._progress.at(now + plan.change)

    def _begin_to_receive(self, plan: Plan) -> int:
        """But for the alarm. Returns when that is."""
        ospi, shape = self._ospi, plan.shape
        head = ospi.tx[: shape.head or 1]
        del ospi.tx[: shape.head or 1]
        if shape.frf:
            # Assumption: with neither instruction nor address, which is not allowed, an entry goes.
            cycle = self._lines.cycle(shape, head[: shape.head], plan.read)
            exchange = partial(self._lines.exchange, cycle)
        else:
            # The first entry goes out over and over while frames come in.
            exchange = partial(self._lines.both_ways, shape, head * plan.frames)
        answer = self.polls.read(self._lines.chips, exchange, head, plan.change)
        now = self._clock.now
        self._incoming.begin(answer, plan.frames, since=now, lead=plan.lead)
        return now

    def _send(self, plan: Plan) -> None:
        ospi = self._ospi
        if plan.shape.frf and ospi.TMOD != TRANSMIT:
            # Assumption: it transmits only. The manual allows two modes in enhanced transfers.
            ospi.diagnose("bad-transfer-mode", f"TMOD {ospi.TMOD} in an enhanced transfer")
        entries, ospi.tx = ospi.tx, []
        self._append(plan, entries, self._clock.now)
        self._watch_progress()

    def _append(self, plan: Plan, entries: list[int], time: int) -> None:
        """Let `entries` follow what is on the lines, from that time on."""
        ospi, lasts = self._ospi, plan.lasts
        sent, ends = ospi.sent, ospi.ends
        for duration in lasts[len(sent) : len(sent) + len(entries)]:
            time += duration
            ends.append(time)
        sent += entries
        if more := len(sent) - len(ends):
            each = lasts[-1]
            ends += range(time + each, time + each * more + 1, each)

    def _watch_progress(self) -> None:
        """Set the alarm to the end, or to when a FIFO gets to its threshold if that is first."""
        ospi = self._ospi
        if ospi.sent:
            falls = len(ospi.sent) - ospi.TFT - 2
            time = ospi.ends[falls] if falls >= 0 else 0
            self._progress.at(time if time > self._clock.now else ospi.ends[-1])
        elif ospi.expected:
            self._progress.at(self._incoming.next_change)

    def progressed(self) -> None:
        """Entries have gone out, or frames have come."""
        self.settle()
        self._start()
        self._watch_progress()
        self._fifos.drive_irq()

    def _abort(self) -> None:
        """Chip select rises now."""
        ospi = self._ospi
        self.settle()
        if ospi.sent:
            done = bisect_right(ospi.ends, self._clock.now)
            ospi.diagnose("transfer-aborted", f"stopped after {done} of {len(ospi.sent)} entries")
            self._finish(done)
        elif ospi.expected:
            text = f"stopped after {ospi.arrived} of {ospi.expected} frames"
            ospi.diagnose("transfer-aborted", text)
            self._incoming.end()
            self._progress.cancel()

    def _finish(self, done: int) -> None:
        """Chip select rises after `done` entries of the transfer under way."""
        ospi, shape = self._ospi, self._shapes.command
        entries, is_whole, end = ospi.sent[:done], done == len(ospi.sent), ospi.ends[-1]
        ospi.sent, ospi.ends = [], []
        self.has_ended = True
        self._progress.cancel()
        if shape.frf:
            head = entries[: shape.head]
            if done > shape.head:
                data = self._lines.packed(shape, entries[shape.head :])
                self._lines.exchange(shape.transaction(head, write=data))
            elif done == shape.head:
                self._lines.exchange(self._lines.cycle(shape, head, 0))
        elif ospi.TMOD == BOTH:
            # Assumption: all frames come with the last one, as the chip is asked once.
            answer = self._lines.both_ways(shape, entries)
            self._fifos.receive(answer, shape.frame_bits, 0, done)
            self._incoming.end()
        elif entries:
            count = ospi.NDF + 1 if ospi.TMOD == EEPROM_READ and is_whole else 0
            data = self._lines.packed(shape, entries)
            read = size(count, shape.frame_bits)
            answer = self._lines.exchange(Transaction(opcode=data[0], write=data[1:], read=read))
            if count:
                self._incoming.begin(answer, count, since=end, lead=0)
                self._watch_progress()
