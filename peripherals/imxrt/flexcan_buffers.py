"""FlexCAN's message buffers and its receive FIFO: what they send, and what they take."""

from __future__ import annotations

from xipsim.peripherals.can.frame import Frame
from xipsim.peripherals.core import State, ticks_in

from .flexcan_frames import (
    CODE,
    Place,
    filter_matches,
    frame_of,
    layout,
    mailbox_matches,
    numbers,
    words_of,
)
from .flexcan_registers import WORDS, FlexCanRegisters

INACTIVE, ABORT, DATA = 0x8, 0x9, 0xC
"""Codes of buffers that send."""
RX_FULL, RX_EMPTY, RX_OVERRUN = 0x2, 0x4, 0x6
AVAILABLE, WARNING, OVERFLOW = 1 << 5, 1 << 6, 1 << 7
"""Flags of the receive FIFO in IFLAG1."""
DEPTH, ALMOST_FULL = 6, 5
FIRST_FILTER = 6 * WORDS
ERROR_PASSIVE = 1
"""Of FLTCONF."""


class FlexCanBuffers(FlexCanRegisters):
    """The memory of buffers, by the registers that lay it out.

    A buffer that was read, from its first word to TIMER or to another one's first word, takes the
    next frame without an overrun. Assumption: a frame that comes to a buffer which is being read is
    in it at once; on silicon it waits.
    """

    _fifo: State[list[tuple[int, int, int, int, int]]] = State([])
    """Frames received, words of a buffer and the filter that was hit; the first one is in MB0."""
    _running_since = State(0)
    _locked = State(-1)
    """The buffer whose first word was read last, until TIMER is read: the core reads its frame."""
    _serviced = State(0)
    """Buffers whose frames have been read, one bit each."""

    @FlexCanRegisters.TIMER.on_read
    def _read_time(self) -> int:
        self._unlock()
        return self._time()

    @FlexCanRegisters.TIMER.on_peek
    def _time(self) -> int:
        if self.NOTRDY:
            return self.TIMER & 0xFFFF
        hertz, divider = self._bit_clock()
        return ticks_in(self.system.clock.now - self._running_since, hertz, divider) & 0xFFFF

    # -- the memory --------------------------------------------------------------------------------

    @property
    def _sizes(self) -> tuple[int, int] | None:
        return (self.MBDSR0, self.MBDSR1) if self._is_fd else None

    @property
    def _places(self) -> tuple[Place, ...]:
        return layout(self._sizes)

    def _number(self, index: int) -> int:
        """Of the buffer that has its first word there; -1: none."""
        return numbers(self._sizes).get(index, -1)

    @property
    def _is_fd(self) -> bool:
        return bool(self.FDEN and self.has_fd)

    @property
    def _first_buffer(self) -> int:
        """The first that is not the receive FIFO's, or one of its filters'."""
        return 6 + 2 * (self.RFFN + 1) if self.RFEN else 0

    # -- what is sent ------------------------------------------------------------------------------

    def _code(self, place: Place) -> int:
        return self.MB[place.first] >> CODE & 0xF

    def _frame(self, number: int) -> Frame:
        words = [self.MB[at] for at in self._places[number].span]
        frame = frame_of(words, takes_fd=self._is_fd)
        return frame._replace(
            is_fast=bool(frame.is_fast and self.FDRATE),
            is_from_passive=self.FLTCONF == ERROR_PASSIVE,
        )

    def _next_buffer(self) -> int | None:
        """The one whose frame is the next to be sent."""
        places = self._places
        waiting = [n for n in range(self._first_buffer, len(places)) if self._sends(places[n])]
        if not waiting or self.LBUF:
            return min(waiting, default=None)
        return min(waiting, key=lambda number: (self._frame(number).rank, number))

    def _sends(self, place: Place) -> bool:
        return self._code(place) == DATA

    # -- receiving -------------------------------------------------------------------------------

    @FlexCanRegisters.MB.on_read
    def _read_word(self, index: int) -> int:
        number = self._number(index)
        if number >= self._first_buffer and number != self._locked:
            self._unlock()
            self._locked = number
        return self.MB[index]

    @FlexCanRegisters.MB.on_peek
    def _look_at_word(self, index: int) -> int:
        return self.MB[index]

    def _unlock(self) -> None:
        """The core has read the frame of the buffer that it has locked."""
        if self._locked >= 0:
            self._serviced |= 1 << self._locked
            self._locked = -1

    def _is_new(self, number: int) -> None:
        """The core, or a frame, has written this buffer: nobody has read what is in it."""
        self._serviced &= ~(1 << number)
        if self._locked == number:
            self._locked = -1

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
        control, identifier, first, second = words_of(frame, 0, self._time(), 2)
        self._fifo.append((control, identifier, first, second, hit))
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
        for number, place in enumerate(self._places):
            code = self._code(place)
            is_theirs = code in (RX_EMPTY, RX_FULL, RX_OVERRUN)
            if number < self._first_buffer or not is_theirs:
                continue
            mask = self.RXIMR[number] if self.IRMQ else self._global_mask(number)
            if mailbox_matches(frame, self.MB[place.first], self.MB[place.first + 1], mask):
                is_free = code == RX_EMPTY or self._serviced >> number & 1
                self._is_new(number)
                code = RX_FULL if is_free else RX_OVERRUN
                words = words_of(frame, code, self._time(), place.words)
                for at, word in zip(place.span, words, strict=True):
                    self.MB[at] = word
                self._flag(number)
                return

    def _global_mask(self, number: int) -> int:
        return {14: self.RX14MASK, 15: self.RX15MASK}.get(number, self.RXMGMASK)

    def _flag(self, number: int) -> None:
        if number < 32:
            self.IFLAG1 |= 1 << number
        else:
            self.IFLAG2 |= 1 << number - 32
