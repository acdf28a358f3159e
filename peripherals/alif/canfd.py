"""CANFD of the Alif Ensemble: CAST's CAN controller, alone on its bus. (Alif's SVD, canfd.c)"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import ResetCause, State, System, model, time_of
from xipsim.peripherals.namedtuple import NamedTuple

from .canfd_registers import CanFdRegisters

STB = RB = 16
"""Slots of the secondary transmit buffer and of the receive buffer. (machine_can.c, AFWL)"""
FILTERS = 3
AIF, EIF, TSIF, TPIF, RAFIF, RFIF, ROIF, RIF = (1 << n for n in range(8))
"""Bits of RTIF. AIF needs no enable bit."""
BEIF, EPIF = 1 << 0, 1 << 4
"""Bits of ERRINT; each enable bit is the one above its flag."""
NO_ACK = 4
"""Of KOER."""
PASSIVE = 128
"""Error count from which a node is error passive."""
IDE, RTR, FDF, DLC = 1 << 7, 1 << 6, 1 << 5, 0xF
"""Of a message's second word."""
ANY = 0x1FFF_FFFF
AIDE, AIDEE = 1 << 29, 1 << 30
"""Of a filter's mask: which kind of identifier, and whether that counts."""
IDLE, ERROR = 11, 14
"""Bits: of an idle bus before a node takes part, and of an error flag with its delimiter."""


class Message(NamedTuple):
    """The first four words of a buffer: classic frames have no more."""

    identifier: int
    control: int
    low: int
    high: int

    @property
    def bits(self) -> int:
        """On the bus, with the space behind it. Assumption: no stuff bits."""
        data = 0 if self.control & RTR else min(self.control & DLC, 8)
        return (67 if self.control & IDE else 47) + 8 * data

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Low ranks win the bus: as arbitration compares the bits."""
        remote = self.control >> 6 & 1
        if self.control & IDE:
            return self.identifier >> 18 & 0x7FF, 1, self.identifier & 0x3FFFF, remote
        return self.identifier & 0x7FF, 0, 0, remote


@model("Alif.CanFd")
class CanFd(CanFdRegisters):
    """Classic CAN frames; nobody else is on the bus.

    With a loop back (LBMI, or LBME with SACK) what is sent is received. Else nobody acknowledges
    it: the error counter rises to 128, and the frame is repeated until it is aborted, unless it is
    sent once only. Assumption: RESET empties the buffers, clears commands and flags, and leaves
    error counters, filters and bit times.
    """

    _stb: State[list[Message]] = State([])
    _rb: State[list[Message]] = State([])
    _sending: State[Message | None] = State(None)
    _is_primary = State(False)
    """The message on the bus is the primary buffer's."""
    _idle_until = State(0)
    """Virtual ns before which it takes no part in the bus."""
    _codes: State[list[int]] = State([0] * FILTERS)
    _masks: State[list[int]] = State([ANY] * FILTERS)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._step = self.alarm(self._over)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    # -- registers -------------------------------------------------------------------------------

    @CanFdRegisters.CFG_STAT.on_write
    def _configure(self, value: int) -> None:
        if self.BUSOFF:
            self.BUSOFF = 0
            self.TECNT = self.RECNT = 0
        if self.RESET:
            self._step.cancel()
            self._sending, self._stb, self._rb = None, [], []
            self.TCMD &= 0xE0
            self.RTIF = self.EALCAP = 0
            self.ERRINT &= 0xEA
            self.TACTIVE = self.ROV = 0
            self._idle_until = 0
        elif not self._idle_until:
            self._idle_until = self.system.clock.now + self._time(IDLE)
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

    def _loaded(self) -> Message:
        message = Message(*(self.TBUF[n] for n in range(4)))
        if message.control & FDF:
            self.gap("TBUF: CAN FD frames")
        return message

    @CanFdRegisters.RBUF.on_read
    @CanFdRegisters.RBUF.on_peek
    def _received(self, index: int) -> int:
        return self._rb[0][index] if self._rb and index < 4 else 0

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

    # -- the bus ---------------------------------------------------------------------------------

    def _time(self, bits: int) -> int:
        quanta = self.S_SEG_1 + 2 + self.S_SEG_2 + 1
        return time_of(bits * quanta * (self.S_PRESC + 1), self.frequency)

    def _go_on(self) -> None:
        """Begin what can begin."""
        if self._sending is None and not self.RESET:
            if self.TPE:
                self._send(self._loaded(), primary=True)
            elif self._stb and (self.TSONE or self.TSALL):
                by_rank = min(self._stb, key=lambda message: message.rank)
                self._send(by_rank if self.TSMODE else self._stb[0], primary=False)
        self._update()

    def _send(self, message: Message, *, primary: bool) -> None:
        self._sending, self._is_primary = message, primary
        self.TACTIVE = 1
        begin = max(self.system.clock.now, self._idle_until)
        bits = message.bits + (0 if self._is_acknowledged() else ERROR)
        self._step.at(begin + self._time(bits))

    def _is_acknowledged(self) -> bool:
        return bool(self.LBMI or (self.LBME and self.SACK))

    def _over(self) -> None:
        message, self._sending = self._sending, None
        assert message is not None
        self.TACTIVE = 0
        if self._is_acknowledged():
            self.TECNT = max(0, self.TECNT - 1)
            self._finish(message)
            self.RTIF |= TPIF if self._is_primary else TSIF
            self._receive(message)
        else:
            self._count_error()
            if not self._is_repeated():
                self._finish(message)
        self._go_on()

    def _is_repeated(self) -> bool:
        """A message that failed is sent again, unless it was to be sent once, or was aborted."""
        if self._is_primary:
            return bool(self.TPE and not self.TPSS)
        return bool((self.TSONE or self.TSALL) and not self.TSSS)

    def _finish(self, message: Message) -> None:
        """It will not be sent again."""
        if self._is_primary:
            self.TPE = 0
            return
        if message in self._stb:
            self._stb.remove(message)
        if self.TSONE or not self._stb:
            self.TSONE = self.TSALL = 0

    def _count_error(self) -> None:
        was_passive, was_warning = self.EPASS, self.EWARN
        self.KOER = NO_ACK
        if self.TECNT < PASSIVE:
            # A passive node that misses an acknowledgement does not count it. (ISO 11898-1)
            self.TECNT = min(self.TECNT + 8, 255)
        if self.BEIE:
            self.ERRINT |= BEIF
        self._update()
        if was_passive != self.EPASS and self.EPIE:
            self.ERRINT |= EPIF
        if was_warning != self.EWARN:
            self.RTIF |= EIF

    def _receive(self, message: Message) -> None:
        if not any(self._accepts(number, message) for number in range(FILTERS)):
            return
        if len(self._rb) == RB:
            self.ROV = 1
            self.RTIF |= ROIF | RFIF
            if self.ROM:
                return
            self._rb = self._rb[1:]
        self._rb.append(message._replace(identifier=message.identifier & ANY))
        self.RTIF |= RIF
        if len(self._rb) == max(self.AFWL, 1):
            self.RTIF |= RAFIF
        if len(self._rb) == RB:
            self.RTIF |= RFIF

    def _accepts(self, number: int, message: Message) -> bool:
        mask, is_extended = self._masks[number], bool(message.control & IDE)
        if not self.ACF_EN_0 >> number & 1:
            return False
        if mask & AIDEE and bool(mask & AIDE) != is_extended:
            return False
        compared = (ANY if is_extended else 0x7FF) & ~mask
        return not (message.identifier ^ self._codes[number]) & compared

    def _update(self) -> None:
        """Bring status and interrupts in line with buffers and counters."""
        filled, kept = len(self._stb), len(self._rb)
        self.TSSTAT = 0 if not filled else 3 if filled == STB else 2 if filled > STB // 2 else 1
        self.TSFF = filled == STB
        self.RSTAT = 0 if not kept else 3 if kept == RB else 2 if kept >= max(self.AFWL, 1) else 1
        self.EPASS = self.TECNT >= PASSIVE
        self.EWARN = self.TECNT >= 8 * (self.EWL + 1)
        errors = self.ERRINT & self.ERRINT >> 1 & (BEIF | EPIF)
        self.IRQ.set(bool(self.RTIF & (self.RTIE & 0xFE | AIF) or errors))
