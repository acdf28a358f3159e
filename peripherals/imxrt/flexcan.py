"""NXP FlexCAN: a controller on a CAN bus."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.can.errors import (
    OFF,
    PASSIVE,
    RECOVERY_BITS,
    WARNING,
    receive_count,
    transmit_count,
)
from xipsim.peripherals.can.frame import Frame
from xipsim.peripherals.can.node import ACKNOWLEDGED, UNACKNOWLEDGED, Standing
from xipsim.peripherals.core import ResetCause, State, System, model, time_of

from .flexcan_buffers import (
    ABORT,
    AVAILABLE,
    ERROR_PASSIVE,
    INACTIVE,
    RX_EMPTY,
    FlexCanBuffers,
)
from .flexcan_frames import CODE
from .flexcan_registers import FlexCanRegisters

ERROR_ACTIVE, BUS_OFF = 0, 2
"""Others of FLTCONF."""


@model("Imxrt.FlexCan")
class FlexCan(FlexCanBuffers):
    """A controller on `bus`. Frames take their bits.

    In loopback (CTRL1.LPB) it is off the bus, acknowledges its own frames, and receives them unless
    MCR.SRXDIS says otherwise. A frame that fails is sent again for ever. Off the bus by its errors,
    it comes back after 128 times 11 bits, unless CTRL1.BOFFREC holds it. Assumption: freezing ends
    nothing that is on the bus; what waits, waits.
    """

    _sending: State[int | None] = State(None)
    """The buffer whose frame is on the bus."""
    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._loop = self.alarm(self._looped)
        self._recovery = self.alarm(self._recovered)
        self.bus.attach(self)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.bus.leave(self)
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
        if self.FDEN and not self.has_fd:
            self.diagnose("can-fd", "MCR.FDEN is set, but this controller has no CAN FD")
        if not (self.NOTRDY or was_ready):
            self._running_since = self.system.clock.now
        self._go_on()

    def _soft_reset(self) -> None:
        """What it reaches: not CTRL1 and 2, masks of identifiers, and buffers."""
        self._loop.cancel()
        self._recovery.cancel()
        self._fifo, self._sending = [], None
        self.MCR = FlexCan.MCR.reset
        self.ESR1 = self.ECR = self.IMASK1 = self.IMASK2 = self.IFLAG1 = self.IFLAG2 = 0
        self.bus.leave(self)

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
        self.system.clock.question(self.name, self._loop.deadline or self.bus.over_at)

    @FlexCanRegisters.IFLAG1.on_write
    def _flags_written(self, value: int) -> None:
        if self.RFEN and value & AVAILABLE and self._fifo:
            self._fifo.pop(0)
            self._show_fifo()
        self._update()

    @FlexCanRegisters.CTRL1.on_write
    def _control1(self, value: int) -> None:
        if self.FLTCONF == BUS_OFF and self._recovery.deadline is None:
            self._begin_recovery()
        self._go_on()

    @FlexCanRegisters.CTRL2.on_write
    @FlexCanRegisters.ESR1.on_write
    @FlexCanRegisters.IFLAG2.on_write
    @FlexCanRegisters.IMASK1.on_write
    @FlexCanRegisters.IMASK2.on_write
    def _written(self, value: int) -> None:
        self._go_on()

    @FlexCanRegisters.MB.on_write
    def _buffer_written(self, index: int, value: int) -> None:
        number = self._number(index)
        if number >= self._first_buffer:
            self._is_new(number)
            if value >> CODE & 0xF == ABORT and number != self._sending:
                self._flag(number)
            self._go_on()

    # -- sending ---------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Begin the next frame, if there is one and the bus is idle."""
        if self.LPB and not (self.NOTRDY or self.LOM):
            if self._sending is None and (number := self._next_buffer()) is not None:
                self._sending = number
                slow, fast = self._frame(number).bits
                duration = time_of(slow, *self._bit_clock()) + time_of(fast, *self._fast_clock())
                self._loop.at(self.system.clock.now + duration)
        elif self.standing() is not None:
            self.bus.request()
        self._update()

    def _looped(self) -> None:
        """In loopback, a frame is over."""
        number, self._sending = self._sending, None
        assert number is not None
        self._done(number)
        self._go_on()

    def _done(self, number: int) -> None:
        """A buffer's frame has been acknowledged."""
        frame, place = self._frame(number), self._places[number]
        code = RX_EMPTY if frame.is_remote else INACTIVE
        kept = self.MB[place.first] & ~(0xF << CODE | 0xFFFF)
        self.MB[place.first] = kept | code << CODE | self._time()
        self._flag(number)
        if not self.SRXDIS:
            self._receive(frame)

    # -- the bus's side --------------------------------------------------------------------------

    def standing(self) -> Standing | None:
        """`Node` of the bus. Who leaves loopback has its frame there to end first."""
        is_in_loop = self.LPB or self._loop.deadline is not None
        if self.NOTRDY or is_in_loop or self.FLTCONF == BUS_OFF:
            return None
        fast = self._fast_clock() if self._is_fd and self.FDRATE else None
        return Standing(
            rate=self._bit_clock(),
            fast_rate=fast,
            takes_fd=self._is_fd,
            acknowledges=not self.LOM,
            is_passive=self.FLTCONF == ERROR_PASSIVE,
        )

    def wants(self) -> Frame | None:
        """`Node` of the bus."""
        number = None if self.LOM else self._next_buffer()
        return None if number is None else self._frame(number)

    def begins(self) -> None:
        """`Node` of the bus."""
        self._sending = self._next_buffer()
        self._update()

    def sent(self, outcome: int) -> None:
        """`Node` of the bus."""
        number, self._sending = self._sending, None
        if number is None:
            return  # reset meanwhile
        if outcome == ACKNOWLEDGED:
            self._done(number)
        else:
            if outcome == UNACKNOWLEDGED:
                self.ACKERR = 1
            else:
                self.BIT1ERR = 1
            self.ERRINT = 1
            if self._code(self._places[number]) == ABORT:
                self._flag(number)
        self._count(transmit_count(self.TX_ERR_COUNTER, outcome), self.RX_ERR_COUNTER)
        self._go_on() if self.LPB else self._update()

    def heard(self, frame: Frame) -> None:
        """`Node` of the bus."""
        self._receive(frame)
        if not self.LOM:
            errors = receive_count(self.RX_ERR_COUNTER, is_good=True)
            self._count(self.TX_ERR_COUNTER, errors)
        self._update()

    def disturbed(self) -> None:
        """`Node` of the bus."""
        self.FRMERR = self.ERRINT = 1
        if not self.LOM:
            errors = receive_count(self.RX_ERR_COUNTER, is_good=False)
            self._count(self.TX_ERR_COUNTER, errors)
        self._update()

    # -- errors ----------------------------------------------------------------------------------

    def _count(self, transmit: int, receive: int) -> None:
        """The error counters, and what they make of it."""
        was_warned = self.TXWRN, self.RXWRN
        self.TXWRN, self.RXWRN = transmit >= WARNING, receive >= WARNING
        self.TWRNINT |= self.TXWRN & ~was_warned[0] & self.WRNEN
        self.RWRNINT |= self.RXWRN & ~was_warned[1] & self.WRNEN
        if transmit >= OFF:
            self.FLTCONF, self.BOFFINT = BUS_OFF, 1
            # It counts the bits until the node is back. Assumption: a read gives 0 meanwhile.
            transmit = 0
            self._begin_recovery()
        else:
            passive = max(transmit, receive) >= PASSIVE
            self.FLTCONF = ERROR_PASSIVE if passive else ERROR_ACTIVE
        self.TX_ERR_COUNTER, self.RX_ERR_COUNTER = transmit, receive

    def _begin_recovery(self) -> None:
        if not self.BOFFREC:
            self._recovery.at(self.system.clock.now + time_of(RECOVERY_BITS, *self._bit_clock()))

    def _recovered(self) -> None:
        """Back on the bus, as after a reset. (IMXRT1060RM, ESR1.BOFFDONEINT)"""
        self._count(0, 0)
        self.BOFFDONEINT = 1
        self._go_on()

    # -- status ----------------------------------------------------------------------------------

    def _update(self) -> None:
        is_sending = self._sending is not None
        self.TX = is_sending
        self.SYNCH = not self.NOTRDY
        self.IDLE = not (is_sending or self.NOTRDY)
        self.IRQ.set(
            bool(
                self.IFLAG1 & self.IMASK1
                or self.IFLAG2 & self.IMASK2
                or self.ERRMSK & self.ERRINT
                or self.BOFFMSK & self.BOFFINT
                or self.BOFFDONEMSK & self.BOFFDONEINT
                or self.TWRNMSK & self.TWRNINT
                or self.RWRNMSK & self.RWRNINT
            )
        )
