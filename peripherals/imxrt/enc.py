"""Quadrature decoder (ENC) of the i.MX RT family. Reset values: RT1060 family."""

from __future__ import annotations

from functools import partial
from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    ResetCause,
    State,
    System,
    model,
)

from .xbara import Xbara

PHASE_A, PHASE_B, INDEX, HOME, TRIGGER = range(5)
"""Inputs, in the order of the crossbar's outputs."""
FIRST_OUTPUT, FIRST_MATCH = 66, 60
"""The crossbar's output for PHASE_A of the first ENC, and its input for the match of that."""
FORWARD = (0b00, 0b01, 0b11, 0b10)
"""Levels of PHASE_B and PHASE_A in the order in which they count up: A leads B."""
FULL = 0xFFFF_FFFF


@model("Imxrt.Enc")
class Enc(Peripheral):
    """Counts the edges of two phases in quadrature, or the pulses of one with its direction.

    The inputs are not filtered. Assumption: when both phases change at once nothing is counted, and
    the match output is high for as long as the position is the one to compare with.
    """

    SIZE = 0x4000

    xbar = Parameter(Xbara, "from which its inputs come", default=None)
    number = Parameter(int, "which of the crossbar's ENCs it is", default=1, choices=(1, 2, 3, 4))

    IRQ = Output("matches, index and home pulses, roll-over and roll-under")

    CTRL = Register(0x00, width=16, w1c=0x8112)
    CMPIE = CTRL.field(0)
    CMPIRQ = CTRL.field(1)
    WDE = CTRL.field(2, unmodelled="the watchdog")
    DIE = CTRL.field(3)
    DIRQ = CTRL.field(4)
    XNE = CTRL.field(5)
    XIP = CTRL.field(6)
    XIE = CTRL.field(7)
    XIRQ = CTRL.field(8)
    PH1 = CTRL.field(9)
    REV_ = CTRL.field(10)
    SWIP = CTRL.field(11)
    HNE = CTRL.field(12)
    HIP = CTRL.field(13)
    HIE = CTRL.field(14)
    HIRQ = CTRL.field(15)
    FILT = Register(0x02, width=16)
    FILT_PER = FILT.field(0, 8, unmodelled="filters of the inputs")
    WTR = Register(0x04, width=16)
    POSD = Register(0x06, width=16)
    POSDH = Register(0x08, width=16, ro=True)
    REV = Register(0x0A, width=16)
    REVH = Register(0x0C, width=16, ro=True)
    UPOS = Register(0x0E, width=16)
    LPOS = Register(0x10, width=16)
    UPOSH = Register(0x12, width=16, ro=True)
    LPOSH = Register(0x14, width=16, ro=True)
    UINIT = Register(0x16, width=16)
    LINIT = Register(0x18, width=16)
    IMR = Register(0x1A, width=16, ro=True)
    TST = Register(0x1C, width=16)
    TEN = TST.field(15, unmodelled="test pulses")
    CTRL2 = Register(0x1E, width=16, w1c=0x00A0, ro=0xFC08)
    UPDHLD = CTRL2.field(0)
    UPDPOS = CTRL2.field(1)
    MOD = CTRL2.field(2)
    DIR = CTRL2.field(3)
    RUIE = CTRL2.field(4)
    RUIRQ = CTRL2.field(5)
    ROIE = CTRL2.field(6)
    ROIRQ = CTRL2.field(7)
    REVMOD = CTRL2.field(8)
    OUTCTL = CTRL2.field(9, unmodelled="a match output that pulses when positions are read")
    UMOD = Register(0x20, width=16)
    LMOD = Register(0x22, width=16)
    UCOMP = Register(0x24, width=16, reset=0xFFFF)
    LCOMP = Register(0x26, width=16, reset=0xFFFF)

    _levels = State([False] * 5)
    """Of the inputs, as they were last seen."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        if self.xbar is not None:
            first = FIRST_OUTPUT + 5 * (self.number - 1)
            for place in range(5):
                self.xbar.listen(first + place, partial(self.on_level, place))

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    # -- registers -------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The position counter, 32 bits without a sign."""
        return self.UPOS << 16 | self.LPOS

    def _set_position(self, value: int) -> None:
        self.UPOS, self.LPOS = value >> 16 & 0xFFFF, value & 0xFFFF

    @property
    def _initial(self) -> int:
        return self.UINIT << 16 | self.LINIT

    @CTRL.on_write
    def _control(self, value: int) -> None:
        if self.SWIP:
            self.SWIP = 0
            self._set_position(self._initial)
        self._update()

    @CTRL2.on_write
    @UPOS.on_write
    @LPOS.on_write
    @UCOMP.on_write
    @LCOMP.on_write
    def _written(self, value: int) -> None:
        self._update()

    def _hold(self) -> None:
        self.POSDH, self.REVH = self.POSD, self.REV
        self.UPOSH, self.LPOSH = self.UPOS, self.LPOS

    @UPOS.on_read
    def _read_upper(self) -> int:
        self._hold()
        return self.UPOS

    @LPOS.on_read
    def _read_lower(self) -> int:
        self._hold()
        return self.LPOS

    @REV.on_read
    def _read_revolutions(self) -> int:
        self._hold()
        return self.REV

    @POSD.on_read
    def _read_difference(self) -> int:
        self._hold()
        # Assumption: it begins anew when it itself is read, and then alone.
        difference, self.POSD = self.POSD, 0
        return difference

    @IMR.on_read
    @IMR.on_peek
    def _inputs(self) -> int:
        a, b, index, home, _ = self._levels
        raw = home | index << 1 | b << 2 | a << 3
        return raw | raw << 4

    # -- inputs ----------------------------------------------------------------------------------

    def on_level(self, place: int, level: bool) -> None:
        """The crossbar's output for one of its inputs, `PHASE_A` and so on, may have changed."""
        if level == self._levels[place]:
            return
        before = self._phases()
        self._levels[place] = level
        if place in (PHASE_A, PHASE_B):
            self._count(before, rises_a=place == PHASE_A and level)
        elif place == INDEX:
            self._on_index(level)
        elif place == HOME and level is not bool(self.HNE):
            self.HIRQ = 1
            if self.HIP:
                self._set_position(self._initial)
        elif place == TRIGGER and level:
            self._on_trigger()
        self._update()

    def _phases(self) -> int:
        return self._levels[PHASE_A] | self._levels[PHASE_B] << 1

    def _count(self, before: int, *, rises_a: bool) -> None:
        if self.PH1:
            if rises_a:
                self._step(up=self._levels[PHASE_B] == bool(self.REV_))
        else:
            steps = (FORWARD.index(self._phases()) - FORWARD.index(before)) % 4
            if steps != 2:
                self._step(up=(steps == 1) is not bool(self.REV_))

    def _step(self, *, up: bool) -> None:
        position = self.position
        first, last = 0, FULL
        if self.MOD:
            first, last = self._initial, self.UMOD << 16 | self.LMOD
        rolls = position == (last if up else first)
        step = 1 if up else -1
        self._set_position((first if up else last) if rolls else position + step)
        self.POSD += step
        self.DIR = up
        if rolls:
            if up:
                self.ROIRQ = 1
            else:
                self.RUIRQ = 1
            if self.REVMOD:
                self.REV += step

    def _on_index(self, level: bool) -> None:
        if level is bool(self.XNE):
            return
        self.XIRQ = 1
        if not self.REVMOD:
            self.REV += 1 if self.DIR else -1
        if self.XIP:
            self._set_position(self._initial)

    def _on_trigger(self) -> None:
        if self.UPDHLD:
            self._hold()
        if self.UPDPOS:
            self.POSD = self.REV = 0
            self._set_position(0)

    def _update(self) -> None:
        matches = self.position == self.UCOMP << 16 | self.LCOMP
        if matches:
            self.CMPIRQ = 1
        if self.xbar is not None:
            self.xbar.set_input(FIRST_MATCH + self.number - 1, matches)
        self.IRQ.set(
            bool(
                self.CMPIE & self.CMPIRQ
                | self.XIE & self.XIRQ
                | self.HIE & self.HIRQ
                | self.RUIE & self.RUIRQ
                | self.ROIE & self.ROIRQ
            )
        )
