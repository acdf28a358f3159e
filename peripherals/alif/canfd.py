"""CANFD of the Alif Ensemble: CAST's CAN controller. (Alif's SVD file, canfd.c)"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.can.errors import (
    OFF,
    PASSIVE,
    RECOVERY_BITS,
    receive_count,
    transmit_count,
)
from xipsim.peripherals.can.frame import Frame
from xipsim.peripherals.can.node import ACKNOWLEDGED, UNACKNOWLEDGED, Rate, Standing
from xipsim.peripherals.core import ResetCause, State, System, model, time_of

from .canfd_frames import ANY, frame_of, words_of
from .canfd_registers import CanFdRegisters

STB = RB = 16
"""Slots of the secondary transmit buffer and of the receive buffer. (machine_can.c, AFWL)"""
FILTERS = 3
AIF, EIF, TSIF, TPIF, RAFIF, RFIF, ROIF, RIF = (1 << n for n in range(8))
"""Bits of RTIF. AIF needs no enable bit."""
BEIF, EPIF = 1 << 0, 1 << 4
"""Bits of ERRINT; each enable bit is the one above its flag."""
BIT_ERROR, FORM_ERROR, NO_ACK = 1, 2, 4
"""Of KOER."""
AIDE, AIDEE = 1 << 29, 1 << 30
"""Of a filter's mask: which kind of identifier, and whether that counts."""
IDLE = 11
"""Bits of an idle bus before a node takes part."""


@model("Alif.CanFd")
class CanFd(CanFdRegisters):
    """A controller on `bus`; in the internal loop back (LBMI) it is off it.

    With a loop back what is sent is received, and with SACK acknowledged. What fails is repeated
    until it is aborted, unless it is sent once only. Assumption: RESET empties the buffers, clears
    commands and flags, and leaves error counters, filters and bit times; CAN FD is on, whatever
    CLKCTL says; off the bus by its errors, it comes back after 128 times 11 bits by itself.
    """

    _stb: State[list[Frame]] = State([])
    _rb: State[list[Frame]] = State([])
    _sending: State[Frame | None] = State(None)
    _is_primary = State(False)
    """The message on the bus is the primary buffer's."""
    _idle_until = State(0)
    """Virtual ns before which it takes no part in the bus."""
    _codes: State[list[int]] = State([0] * FILTERS)
    _masks: State[list[int]] = State([ANY] * FILTERS)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._loop = self.alarm(self._looped)
        self._idle = self.alarm(self._go_on)
        self._recovery = self.alarm(self._recovered)
        self.bus.attach(self)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.bus.leave(self)

    # -- registers -------------------------------------------------------------------------------

    @CanFdRegisters.CFG_STAT.on_write
    def _configure(self, value: int) -> None:
        if self.BUSOFF:
            self._recovery.cancel()
            self.TECNT = self.RECNT = 0
        self.BUSOFF = self._recovery.deadline is not None
        if self.RESET:
            self._loop.cancel()
            self._sending, self._stb, self._rb = None, [], []
            self.bus.leave(self)
            self.TCMD &= 0xE0
            self.RTIF = self.EALCAP = 0
            self.ERRINT &= 0xEA
            self.TACTIVE = self.ROV = 0
            self._idle_until = 0
        elif not self._idle_until:
            self._idle_until = self.system.clock.now + time_of(IDLE, *self._rate())
            self._idle.at(self._idle_until)
        self._go_on()

    @CanFdRegisters.TCMD.on_write
    def _command(self, value: int) -> None:
        if self.TSALL:
            self.TSONE = 0
        if self.TSA:
            self._abort()
        if self.TPA:
            self.TPA = self.TPE = 0
            self.RTIF |= AIF
        if (self.LOM and not self.LBME) or self.STBY or self.RESET:
            self.TPE = self.TSONE = self.TSALL = 0
        self._go_on()

    def _abort(self) -> None:
        """Drop what waits in the secondary buffer; what is on the bus ends there."""
        kept = [self._sending] if self._sending and not self._is_primary else []
        self._stb = kept
        self.TSA = self.TSONE = self.TSALL = 0
        self.RTIF |= AIF

    @CanFdRegisters.TCTRL.on_write
    def _next_slot(self, value: int) -> None:
        if not self.TSNEXT:
            return
        self.TSNEXT = 0
        if not self.TBSEL:
            return
        if len(self._stb) == STB:
            self.diagnose("can-overflow", "TSNEXT is set while the secondary buffer is full: lost")
            return
        self._stb.append(self._loaded())
        self._go_on()

    def _loaded(self) -> Frame:
        frame = frame_of([self.TBUF[n] for n in range(len(self.TBUF))])
        return frame._replace(is_from_passive=bool(self.EPASS))

    @CanFdRegisters.RBUF.on_read
    @CanFdRegisters.RBUF.on_peek
    def _received(self, index: int) -> int:
        words = words_of(self._rb[0]) if self._rb else []
        return words[index] if index < len(words) else 0

    @CanFdRegisters.RCTRL.on_write
    def _release(self, value: int) -> None:
        if self.RREL:
            self.RREL = self.ROV = 0
            self._rb = self._rb[1:]
        self._update()

    @CanFdRegisters.ACF.on_write
    def _set_filter(self, value: int) -> None:
        table = self._masks if self.SELMASK else self._codes
        table[min(self.ACFADR, FILTERS - 1)] = value

    @CanFdRegisters.ACF.on_read
    @CanFdRegisters.ACF.on_peek
    def _filter(self) -> int:
        table = self._masks if self.SELMASK else self._codes
        return table[min(self.ACFADR, FILTERS - 1)]

    @CanFdRegisters.RTIE.on_write
    @CanFdRegisters.RTIF.on_write
    @CanFdRegisters.ERRINT.on_write
    @CanFdRegisters.LIMIT.on_write
    def _written(self, value: int) -> None:
        self._update()

    # -- sending ---------------------------------------------------------------------------------

    def _rate(self) -> Rate:
        quanta = self.S_SEG_1 + 2 + self.S_SEG_2 + 1
        return self.frequency, quanta * (self.S_PRESC + 1)

    def _fast_rate(self) -> Rate:
        quanta = self.F_SEG_1 + 2 + self.F_SEG_2 + 1
        return self.frequency, quanta * (self.F_PRESC + 1)

    def _next(self) -> tuple[Frame, bool] | None:
        """What is the next to be sent, and whether it is the primary buffer's."""
        if self.RESET:
            return None
        if self.TPE:
            return self._loaded(), True
        if self._stb and (self.TSONE or self.TSALL):
            by_rank = min(self._stb, key=lambda frame: frame.rank)
            return (by_rank if self.TSMODE else self._stb[0]), False
        return None

    def _go_on(self) -> None:
        """Begin what can begin."""
        if not self.LBMI:
            if self.standing() is not None:
                self.bus.request()
        elif self._sending is None and (following := self._next()) is not None:
            self.begins()
            slow, fast = following[0].bits
            duration = time_of(slow, *self._rate()) + time_of(fast, *self._fast_rate())
            self._loop.at(max(self.system.clock.now, self._idle_until) + duration)
        self._update()

    def _looped(self) -> None:
        self.sent(ACKNOWLEDGED)
        self._go_on()

    # -- the bus's side --------------------------------------------------------------------------

    def standing(self) -> Standing | None:
        """`Node` of the bus."""
        is_there = self._idle_until and self.system.clock.now >= self._idle_until
        if not is_there or self.RESET or self.LBMI or self.BUSOFF:
            return None
        return Standing(
            rate=self._rate(),
            fast_rate=self._fast_rate(),
            acknowledges=not self.LOM,
            acknowledges_itself=bool(self.LBME and self.SACK),
            is_passive=bool(self.EPASS),
        )

    def wants(self) -> Frame | None:
        """`Node` of the bus."""
        following = self._next()
        return None if following is None else following[0]

    def begins(self) -> None:
        """`Node` of the bus."""
        following = self._next()
        assert following is not None, "it was just asked"
        self._sending, self._is_primary = following
        self.TACTIVE = 1

    def sent(self, outcome: int) -> None:
        """`Node` of the bus."""
        frame, self._sending = self._sending, None
        if frame is None:
            return  # reset meanwhile
        self.TACTIVE = 0
        if outcome == ACKNOWLEDGED:
            self._finish(frame)
            self.RTIF |= TPIF if self._is_primary else TSIF
            if self.LBMI or self.LBME:
                self._receive(frame)
        else:
            self.KOER = NO_ACK if outcome == UNACKNOWLEDGED else BIT_ERROR
            if not self._is_repeated():
                self._finish(frame)
        self._count(transmit_count(self.TECNT, outcome), self.RECNT, outcome == ACKNOWLEDGED)
        self._update()

    def heard(self, frame: Frame) -> None:
        """`Node` of the bus."""
        self._receive(frame)
        if not self.LOM:
            self._count(self.TECNT, receive_count(self.RECNT, is_good=True), True)
        self._update()

    def disturbed(self) -> None:
        """`Node` of the bus."""
        self.KOER = FORM_ERROR
        if not self.LOM:
            self._count(self.TECNT, receive_count(self.RECNT, is_good=False), False)
        self._update()

    def _count(self, transmit: int, receive: int, is_good: bool) -> None:
        """The error counters, and what they make of it."""
        was = self.EPASS, self.EWARN
        if transmit >= OFF:
            self.BUSOFF = 1
            self._recovery.at(self.system.clock.now + time_of(RECOVERY_BITS, *self._rate()))
            self.RTIF |= EIF
        self.TECNT, self.RECNT = min(transmit, OFF - 1), receive
        if not is_good and self.BEIE:
            self.ERRINT |= BEIF
        self._update()
        if was[0] != self.EPASS and self.EPIE:
            self.ERRINT |= EPIF
        if was[1] != self.EWARN:
            self.RTIF |= EIF

    def _recovered(self) -> None:
        self.BUSOFF = 0
        self.TECNT = self.RECNT = 0
        self.RTIF |= EIF
        self._go_on()

    # -- buffers ---------------------------------------------------------------------------------

    def _is_repeated(self) -> bool:
        """A message that failed is sent again, unless it was to be sent once, or was aborted."""
        if self._is_primary:
            return bool(self.TPE and not self.TPSS)
        return bool((self.TSONE or self.TSALL) and not self.TSSS)

    def _finish(self, frame: Frame) -> None:
        """It will not be sent again."""
        if self._is_primary:
            self.TPE = 0
            return
        if frame in self._stb:
            self._stb.remove(frame)
        if self.TSONE or not self._stb:
            self.TSONE = self.TSALL = 0

    def _receive(self, frame: Frame) -> None:
        if not any(self._accepts(number, frame) for number in range(FILTERS)):
            return
        if len(self._rb) == RB:
            self.ROV = 1
            self.RTIF |= ROIF | RFIF
            if self.ROM:
                return
            self._rb = self._rb[1:]
        self._rb.append(frame)
        self.RTIF |= RIF
        if len(self._rb) == max(self.AFWL, 1):
            self.RTIF |= RAFIF
        if len(self._rb) == RB:
            self.RTIF |= RFIF

    def _accepts(self, number: int, frame: Frame) -> bool:
        mask = self._masks[number]
        if not self.ACF_EN_0 >> number & 1:
            return False
        if mask & AIDEE and bool(mask & AIDE) != frame.is_extended:
            return False
        compared = (ANY if frame.is_extended else 0x7FF) & ~mask
        return not (frame.identifier ^ self._codes[number]) & compared

    def _update(self) -> None:
        """Bring status and interrupts in line with buffers and counters."""
        filled, kept = len(self._stb), len(self._rb)
        self.TSSTAT = 0 if not filled else 3 if filled == STB else 2 if filled > STB // 2 else 1
        self.TSFF = filled == STB
        self.RSTAT = 0 if not kept else 3 if kept == RB else 2 if kept >= max(self.AFWL, 1) else 1
        worse = max(self.TECNT, self.RECNT)
        self.EPASS = worse >= PASSIVE
        self.EWARN = worse >= 8 * (self.EWL + 1)
        errors = self.ERRINT & self.ERRINT >> 1 & (BEIF | EPIF)
        self.IRQ.set(bool(self.RTIF & (self.RTIE & 0xFE | AIF) or errors))
