"""OSPI's transfers: the two FIFOs, the cycle of chip select under way, interrupts."""

from __future__ import annotations

from bisect import bisect_right
from functools import reduce
from operator import and_
from typing import Any

from xipsim.peripherals.core import Parameter, State, System
from xipsim.peripherals.nor.bus import SpiDevice, Transaction

from .ospi_fifo import DEPTH, RXO, RXU, TXO, Fifos
from .ospi_format import INSTRUCTION_BITS, Format, packed, size, unpacked
from .ospi_registers import OspiRegisters

BOTH, TRANSMIT, RECEIVE, EEPROM_READ = range(4)
"""CTRLR0.TMOD."""


class Transfers(Fifos):
    """DR, SER and SSIENR: commands that firmware sends through the FIFOs.

    A receive ends within the access that starts it, as its length is known. What transmits keeps
    chip select low for the time its entries take on the lines, as firmware may push more meanwhile.
    """

    frequency = Parameter(int, "Hz of the clock that BAUDR divides.", default=400_000_000)

    _overflowing = State(False)
    """A write to the full transmit FIFO was reported since it was emptied last."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self._formats: dict[tuple[int, int], Format] = {}
        super().__init__(system, name=name, **parameters)
        self._progress = self.alarm(self._progressed)

    # -- what follows from the registers -----------------------------------------------------------

    @property
    def _format(self) -> Format:
        key = (self.CTRLR0, self.SPI_CTRLR0)
        known = self._formats.get(key)
        if known is None:
            known = self._formats[key] = self._decode()
        return known

    def _decode(self) -> Format:
        self._report_gaps()
        is_enhanced = self.SPI_FRF > 0
        return Format(
            frf=self.SPI_FRF,
            trans_type=self.TRANS_TYPE,
            instruction_bits=INSTRUCTION_BITS[self.INST_L] if is_enhanced else 0,
            instruction_ddr=bool(is_enhanced and self.INST_DDR_EN),
            address_bits=4 * self.ADDR_L if is_enhanced else 0,
            ddr=bool(is_enhanced and self.SPI_DDR_EN),
            wait=self.WAIT_CYCLES if is_enhanced else 0,
            strobe=bool(is_enhanced and self.SPI_RXDS_EN),
            frame_bits=max(4, self.DFS + 1),
        )

    def _report_gaps(self) -> None:
        """Say what the registers ask for and the model does not do."""
        for asked, what in (
            (self.SPI_HYPERBUS_EN, "CTRLR0.SPI_HYPERBUS_EN: HyperBus transfers"),
            (self.FRF, "CTRLR0.FRF: other frame formats than Motorola SPI"),
            (self.SRL, "CTRLR0.SRL: loop-back"),
            (not self.SSI_IS_MST, "CTRLR0.SSI_IS_MST 0: slave mode"),
            (
                self.SSTE and not self.SCPH and not self.SPI_FRF,
                "CTRLR0.SSTE: chip select that toggles between frames",
            ),
            (self.SPI_FRF and self.SPI_DM_EN, "SPI_CTRLR0.SPI_DM_EN: data mask"),
            (self.SPI_FRF and self.CLK_STRETCH_EN, "SPI_CTRLR0.CLK_STRETCH_EN: clock stretching"),
            (self.SPI_FRF and self.ADDR_L > 8, "SPI_CTRLR0.ADDR_L: addresses beyond 32 bits"),
        ):
            if asked:
                self.gap(what)

    # -- FIFOs -------------------------------------------------------------------------------------

    @OspiRegisters.DR.on_write
    def _push(self, index: int, value: int) -> None:
        if not self.SSI_EN:
            self.diagnose("fifo-while-disabled", f"DR <- {value:#x} is lost: SSIENR is 0")
            return
        self._settle()
        if not self._sent and not self.SELECTS and len(self._tx) < DEPTH:
            self._tx.append(value)
            if len(self._tx) == self.TFT + 1:
                self._drive_irq()
        elif self._tx_level >= DEPTH:
            self._overflow(value)
        elif self._sent:
            self._append(self._format, [value])
            self._watch_progress()
            self._drive_irq()
        else:
            self._tx.append(value)
            self._start()
            self._drive_irq()

    def _overflow(self, value: int) -> None:
        self._raise(TXO)
        if self._overflowing:
            return
        self._overflowing = True
        text = f"DR <- {value:#x} is lost: the transmit FIFO is full ({DEPTH} entries)"
        if self.SELECTS:
            self.diagnose("tx-fifo-overflow", text)
            return
        text += ", and no chip is selected that could empty it"
        self.diagnose("tx-fifo-overflow-unselected", text)
        self.system.stuck(f"{self.name}: {text}")

    @OspiRegisters.DR.on_read
    def _pop(self, index: int) -> int:
        self._settle()
        if not self._rx:
            self.diagnose("rx-fifo-underflow", "DR was read while the receive FIFO is empty")
            self._raise(RXU)
            return 0
        value = self._rx.pop(0)
        self._drive_irq()
        return value

    def _receive_frames(self, data: bytes, count: int) -> None:
        room = DEPTH - len(self._rx)
        self._rx.extend(unpacked(data, self._format.frame_bits, min(count, room)))
        if count > room:
            self.diagnose("rx-fifo-overflow", f"{count - room} frames found the receive FIFO full")
            self._raised |= RXO

    # -- transfers ---------------------------------------------------------------------------------

    @OspiRegisters.SSIENR.on_write
    def _enable(self, value: int) -> None:
        if not value & 1:
            self._abort()
            self._tx.clear()
            self._rx.clear()
            self._overflowing = False
        else:
            self._start()
        self._drive_irq()

    @OspiRegisters.SER.on_write
    def _select(self, value: int) -> None:
        if value & 3:
            self._start()
        else:
            self._abort()
        self._drive_irq()

    def _start(self) -> None:
        """Begin a transfer, if everything that it needs is there."""
        while self._tx and not self._sent and self.SSI_EN and self.SELECTS:
            shape = self._format
            waiting = len(self._tx)
            if waiting <= self.TXFTHR or waiting < shape.head:
                return
            if not self.BAUDR:
                # The serial clock is off.
                self.diagnose("no-serial-clock", "a transfer waits for ever: BAUDR is 0")
                return
            self._chosen = self.SELECTS
            if self.TMOD == RECEIVE:
                self._receive(shape)
            else:
                self._send(shape)

    def _receive(self, shape: Format) -> None:
        count = self.NDF + 1
        for chip in self._selected():
            if chip.busy:
                # A read from a busy chip can only be a poll of its status.
                self.system.clock.question(("status", chip.name), until=chip.busy_until)
        if shape.frf:
            # Assumption: with neither instruction nor address, which is not allowed, an entry goes.
            taken = shape.head or 1
            head, self._tx[:taken] = self._tx[: shape.head], []
            answer = self._exchange(shape.transaction(head, read=size(count, shape.frame_bits)))
        else:
            # The first entry goes out over and over while frames come in.
            answer = self._both_ways([self._tx.pop(0)] * count)
        self._receive_frames(answer, count)

    def _send(self, shape: Format) -> None:
        if shape.frf and self.TMOD != TRANSMIT:
            # Assumption: it transmits only. The manual allows two modes in enhanced transfers.
            self.diagnose("bad-transfer-mode", f"TMOD {self.TMOD} in an enhanced transfer")
        entries, self._tx = self._tx, []
        self._append(shape, entries)
        self._watch_progress()

    def _append(self, shape: Format, entries: list[int]) -> None:
        """Let `entries` follow what is on the lines."""
        time = self._ends[-1] if self._ends else self.system.clock.now
        clock, duration = self.BAUDR * 1_000_000_000, 0
        for index in range(len(self._sent), len(self._sent) + len(entries)):
            if not duration or index <= shape.head:
                duration = -(-shape.clocks(index) * clock // self.frequency)
            time += duration
            self._ends.append(time)
        self._sent += entries

    def _threshold_changed(self) -> None:
        self._watch_progress()
        self._start()

    def _watch_progress(self) -> None:
        """Set the alarm to the end, or to when the FIFO falls to its threshold if that is first."""
        if self._sent:
            falls = len(self._sent) - self.TFT - 2
            time = self._ends[falls] if falls >= 0 else 0
            self._progress.at(time if time > self.system.clock.now else self._ends[-1])

    def _progressed(self) -> None:
        self._settle()
        self._watch_progress()
        self._drive_irq()

    def _settle(self) -> None:
        """End the transfer if its time has come."""
        if self._sent and self.system.clock.now >= self._ends[-1]:
            self._finish(len(self._sent))

    def _abort(self) -> None:
        """Chip select rises now."""
        self._settle()
        if self._sent:
            done = bisect_right(self._ends, self.system.clock.now)
            self.diagnose("transfer-aborted", f"stopped after {done} of {len(self._sent)} entries")
            self._finish(done)

    def _finish(self, done: int) -> None:
        """Chip select rises after `done` entries of the transfer under way."""
        shape = self._format
        entries = self._sent[:done]
        self._sent, self._ends = [], []
        self._progress.cancel()
        if shape.frf:
            if done >= shape.head:
                data = packed(entries[shape.head :], shape.frame_bits)
                self._exchange(shape.transaction(entries[: shape.head], write=data))
        elif self.TMOD == BOTH:
            self._receive_frames(self._both_ways(entries), done)
        elif entries:
            count = self.NDF + 1 if self.TMOD == EEPROM_READ else 0
            data = packed(entries, shape.frame_bits)
            read = size(count, shape.frame_bits)
            answer = self._exchange(Transaction(opcode=data[0], write=data[1:], read=read))
            self._receive_frames(answer, count)
        self._start()

    def _both_ways(self, frames: list[int]) -> bytes:
        """Standard SPI: a byte comes in for each that goes out."""
        data = packed(frames, self._format.frame_bits)
        if not data:
            return b""
        rest = data[1:]
        transaction = Transaction(opcode=data[0], write=rest, read=len(rest), duplex=True)
        return b"\xff" + self._exchange(transaction)

    def _selected(self) -> list[SpiDevice]:
        chips, chosen = self.chips, self._chosen
        return [chips[number] for number in (0, 1) if chosen >> number & 1 and number in chips]

    def _exchange(self, transaction: Transaction) -> bytes:
        """One cycle of chip select; FFh where no chip drives the bus."""
        bits = self._format.frame_bits
        if bits % 8 and len(transaction.write) * 8 % bits:
            self.gap("transfers whose frames do not fill whole bytes")
        answers = [chip.transfer(transaction) for chip in self._selected()]
        if len(answers) == 1:
            return answers[0]
        # Assumption: where two chips drive a line, 0 wins.
        idle = b"\xff" * transaction.read
        return bytes(reduce(and_, levels) for levels in zip(idle, *answers, strict=True))
