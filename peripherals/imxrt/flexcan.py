"""NXP FlexCAN alone on its bus: loopback, and frames that nobody acknowledges."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import ResetCause, State, System, model, ticks_in, time_of

from .flexcan_frames import (
    CODE,
    Frame,
    bits_of,
    filter_matches,
    mailbox_matches,
    received_cs,
)
from .flexcan_registers import BUFFERS, WORDS, FlexCanRegisters

INACTIVE, ABORT, DATA = 0x8, 0x9, 0xC
"""Codes of buffers that send."""
RX_FULL, RX_EMPTY, RX_OVERRUN = 0x2, 0x4, 0x6
AVAILABLE, WARNING, OVERFLOW = 1 << 5, 1 << 6, 1 << 7
"""Flags of the receive FIFO in IFLAG1."""
DEPTH, ALMOST_FULL = 6, 5
FIRST_FILTER = 6 * WORDS
WARNED, PASSIVE = 96, 128
"""Counts of errors."""
ACK_ERROR_COUNTS = 8


@model("Imxrt.FlexCan")
class FlexCan(FlexCanRegisters):
    """Message buffers and the receive FIFO, for a bus on which nobody else is.

    In loopback (CTRL1.LPB) it acknowledges its own frames, and receives them unless MCR.SRXDIS says
    otherwise. Else no frame is acknowledged, and each is sent again for ever, as it is on a bus
    without another node; the error counter then stops at error passive. Frames take their bits;
    stuff bits are not counted. Assumption: freezing ends nothing that is on the bus; what waits,
    waits.
    """

    _fifo: State[list[tuple[int, int, int, int, int]]] = State([])
    """Frames received, words of a buffer and the filter that was hit; the first one is in MB0."""
    _sending: State[int | None] = State(None)
    """The buffer whose frame is on the bus."""
    _running_since = State(0)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._bus = self.alarm(self._sent)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    # -- registers -------------------------------------------------------------------------------

    @FlexCanRegisters.MCR.on_write
    def _control(self, value: int) -> None:
        if self.SOFTRST:
            self._soft_reset()
        was_ready = not self.NOTRDY
        self.LPMACK = self.MDIS
        self.FRZACK = self.FRZ & self.HALT & ~self.MDIS
        self.NOTRDY = self.LPMACK | self.FRZACK
        if self.IDAM in (1, 2) and self.RFEN:
            self.gap("MCR.IDAM: filters of parts of identifiers")
        if not (self.NOTRDY or was_ready):
            self._running_since = self.system.clock.now
        self._go_on()

    def _soft_reset(self) -> None:
        """What it reaches: not CTRL1 and 2, masks of identifiers, and buffers."""
        self._bus.cancel()
        self._fifo, self._sending = [], None
        self.MCR = FlexCan.MCR.reset
        self.ESR1 = self.ECR = self.IMASK1 = self.IMASK2 = self.IFLAG1 = self.IFLAG2 = 0

    @FlexCanRegisters.TIMER.on_read
    @FlexCanRegisters.TIMER.on_peek
    def _time(self) -> int:
        if self.NOTRDY:
            return self.TIMER & 0xFFFF
        hertz, divider = self._bit_clock()
        return ticks_in(self.system.clock.now - self._running_since, hertz, divider) & 0xFFFF

    @FlexCanRegisters.ESR1.on_read
    def _read_status(self) -> int:
        self._ask()
        return self.ESR1

    @FlexCanRegisters.IFLAG1.on_read
    def _read_flags(self) -> int:
        self._ask()
        return self.IFLAG1

    @FlexCanRegisters.IFLAG2.on_read
    def _read_upper_flags(self) -> int:
        self._ask()
        return self.IFLAG2

    def _ask(self) -> None:
        self.system.clock.question(self.name, self._bus.deadline)

    @FlexCanRegisters.IFLAG1.on_write
    def _flags_written(self, value: int) -> None:
        if self.RFEN and value & AVAILABLE and self._fifo:
            self._fifo.pop(0)
            self._show_fifo()
        self._update()

    @FlexCanRegisters.CTRL1.on_write
    @FlexCanRegisters.CTRL2.on_write
    @FlexCanRegisters.ESR1.on_write
    @FlexCanRegisters.IFLAG2.on_write
    @FlexCanRegisters.IMASK1.on_write
    @FlexCanRegisters.IMASK2.on_write
    def _written(self, value: int) -> None:
        self._go_on()

    @FlexCanRegisters.MB.on_write
    def _buffer_written(self, index: int, value: int) -> None:
        number, word = divmod(index, WORDS)
        if word == 0 and number >= self._first_buffer:
            if value >> CODE & 0xF == ABORT and number != self._sending:
                self._flag(number)
            self._go_on()

    @property
    def _first_buffer(self) -> int:
        """The first that is not the receive FIFO's, or one of its filters'."""
        return 6 + 2 * (self.RFFN + 1) if self.RFEN else 0

    # -- sending ---------------------------------------------------------------------------------

    def _frame(self, number: int) -> Frame:
        first = number * WORDS
        return Frame(*(self.MB[first + word] for word in range(WORDS)))

    def _go_on(self) -> None:
        """Begin the next frame, if there is one and the bus is idle."""
        if self._bus.deadline is None and not (self.NOTRDY or self.LOM):
            waiting = [
                number
                for number in range(self._first_buffer, BUFFERS)
                if self.MB[number * WORDS] >> CODE & 0xF == DATA
            ]
            if waiting:
                self._begin(waiting[0] if self.LBUF else min(waiting, key=self._rank))
        self._update()

    def _rank(self, number: int) -> tuple[int, int]:
        return self._frame(number).arbitration, number

    def _begin(self, number: int) -> None:
        hertz, divider = self._bit_clock()
        duration = time_of(bits_of(self._frame(number)), hertz, divider)
        self._sending = number
        self._bus.at(self.system.clock.now + duration)

    def _sent(self) -> None:
        number, self._sending = self._sending, None
        assert number is not None
        if self.LPB:
            frame = self._frame(number)
            self._end(number, RX_EMPTY if frame.is_remote else INACTIVE)
            if not self.SRXDIS:
                self._receive(frame)
        else:
            self._not_acknowledged()
            if self.MB[number * WORDS] >> CODE & 0xF == ABORT:
                self._flag(number)
        self._go_on()

    def _end(self, number: int, code: int) -> None:
        cs = self.MB[number * WORDS] & ~(0xF << CODE | 0xFFFF)
        self.MB[number * WORDS] = cs | code << CODE | self._time()
        self._flag(number)

    def _not_acknowledged(self) -> None:
        """An error passive node counts no further errors of that kind (ISO 11898-1, 12.1.4.2)."""
        self.ACKERR = self.ERRINT = 1
        before = self.TX_ERR_COUNTER
        if before < PASSIVE:
            self.TX_ERR_COUNTER = after = before + ACK_ERROR_COUNTS
            self.FLTCONF = after >= PASSIVE
            if before < WARNED <= after:
                self.TXWRN = 1
                self.TWRNINT = self.TWRNINT | self.WRNEN

    # -- receiving -------------------------------------------------------------------------------

    def _receive(self, frame: Frame) -> None:
        if self.RFEN and (hit := self._hit(frame)) is not None:
            self._into_fifo(frame, hit)
        else:
            self._into_buffer(frame)

    def _hit(self, frame: Frame) -> int | None:
        """The filter of the FIFO that lets the frame in."""
        if self.IDAM:
            return None
        for place in range(8 * (self.RFFN + 1)):
            is_individual = self.IRMQ and place < 8 + 2 * self.RFFN
            mask = self.RXIMR[place] if is_individual else self.RXFGMASK
            if filter_matches(frame, self.MB[FIRST_FILTER + place], mask):
                return place
        return None

    def _into_fifo(self, frame: Frame, hit: int) -> None:
        if len(self._fifo) == DEPTH:
            self.IFLAG1 |= OVERFLOW
            return
        cs = received_cs(frame, 0, self._time())
        self._fifo.append((cs, frame.id, frame.word0, frame.word1, hit))
        if len(self._fifo) == ALMOST_FULL:
            self.IFLAG1 |= WARNING
        self._show_fifo()

    def _show_fifo(self) -> None:
        if self._fifo:
            *words, self.RXFIR = self._fifo[0]
            for place, word in enumerate(words):
                self.MB[place] = word
            self.IFLAG1 |= AVAILABLE

    def _into_buffer(self, frame: Frame) -> None:
        for number in range(self._first_buffer, BUFFERS):
            own = self._frame(number)
            code = own.cs >> CODE & 0xF
            if code not in (RX_EMPTY, RX_FULL, RX_OVERRUN):
                continue
            mask = self.RXIMR[number] if self.IRMQ else self._global_mask(number)
            if mailbox_matches(frame, own, mask):
                code = RX_FULL if code == RX_EMPTY else RX_OVERRUN
                words = received_cs(frame, code, self._time()), frame.id, frame.word0, frame.word1
                for place, word in enumerate(words):
                    self.MB[number * WORDS + place] = word
                self._flag(number)
                return

    def _global_mask(self, number: int) -> int:
        return {14: self.RX14MASK, 15: self.RX15MASK}.get(number, self.RXMGMASK)

    # -- status ----------------------------------------------------------------------------------

    def _flag(self, number: int) -> None:
        if number < 32:
            self.IFLAG1 |= 1 << number
        else:
            self.IFLAG2 |= 1 << number - 32

    def _update(self) -> None:
        is_sending = self._bus.deadline is not None
        self.TX = is_sending
        self.SYNCH = not self.NOTRDY
        self.IDLE = not (is_sending or self.NOTRDY)
        self.IRQ.set(
            bool(
                self.IFLAG1 & self.IMASK1
                or self.IFLAG2 & self.IMASK2
                or self.ERRMSK & self.ERRINT
                or self.BOFFMSK & self.BOFFINT
                or self.TWRNMSK & self.TWRNINT
                or self.RWRNMSK & self.RWRNINT
            )
        )
