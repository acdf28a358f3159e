"""RTWDOG (WDOG3) of the i.MX RT family: the watchdog with unlock and refresh words."""

from __future__ import annotations

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
    ticks_in,
    time_of,
)

from .src import Src

LPO_HZ = 32_768
_LPO = 1
_STATUS = 0x4C00  # FLG, ULK, RCS

UNLOCK = 0xD928_C520
REFRESH = 0xB480_A602
"""Command words; with CS.CMD32EN clear they are sent as two halves, the low one first."""

# 255 bus clocks of 150 MHz between the interrupt and the reset.
INTERRUPT_TO_RESET = 1_700


@model("Imxrt.RtWdog")
class RtWdog(Peripheral):
    """Watchdog on the 32 kHz low-power oscillator, with a window and an interrupt before reset.

    Assumption: the configuration window after an unlock stays open until CS is written (silicon:
    255 bus clocks). Of the clock sources only LPO is modelled.
    """

    src = Parameter(Src, "the reset controller, which records that this watchdog fired")
    IRQ = Output("time-out interrupt, shortly before the reset")

    CS = Register(0x0, reset=0x2980, ro=0xFFFF_0C00, w1c=0x4000)
    TST = CS.field(3, 2)
    UPDATE = CS.field(5)
    INT = CS.field(6)
    EN = CS.field(7)
    CLK = CS.field(8, 2)
    RCS = CS.field(10)
    ULK = CS.field(11)
    PRES = CS.field(12)
    CMD32EN = CS.field(13)
    FLG = CS.field(14)
    WINDOWED = CS.field(15)
    CNT = Register(0x4)
    TOVAL = Register(0x8, reset=0x400)
    WIN = Register(0xC)

    started = State(0)
    low_half = State(0)
    accepted = State((0, 0, 0))
    """CS, TOVAL and WIN as last accepted; writes without an unlock fall back to them."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._timeout = self.alarm(self._timed_out)
        self._expiry = self.alarm(self._expired)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        # Assumption: the boot ROM switches it off and leaves it reconfigurable, since firmware
        # that never touches it (Teensy's Arduino core) runs for longer than TOVAL's 31 ms.
        self.EN, self.UPDATE = 0, 1
        self.accepted = (self.CS, self.TOVAL, self.WIN)

    # -- configuration ---------------------------------------------------------------------------

    @CS.on_write
    def _configured(self, value: int) -> None:
        self.IRQ.set(bool(self.FLG and self.INT))
        if not self.ULK:
            self._refuse()
            return
        self.ULK, self.RCS = 0, 1
        self.accepted = (self.CS, self.TOVAL, self.WIN)
        if self.TST:
            self.gap("CS.TST: test modes")
        if self.EN and self.CLK != _LPO:
            self.gap("CS.CLK: clock sources other than LPO")
        self._restart()

    @TOVAL.on_write
    @WIN.on_write
    def _timing_written(self, value: int) -> None:
        if not self.ULK:
            self._refuse()

    def _refuse(self) -> None:
        cs, toval, win = self.accepted
        wanted = (self.CS | _STATUS, self.TOVAL, self.WIN)
        self.CS, self.TOVAL, self.WIN = cs & ~_STATUS | self.CS & _STATUS, toval, win
        if wanted != (cs | _STATUS, toval, win):
            self.diagnose("rtwdog-locked", "a write without an unlock; nothing was changed")

    # -- counter and commands --------------------------------------------------------------------

    @CNT.on_read
    @CNT.on_peek
    def _count(self) -> int:
        if not self.EN:
            return 0
        passed = self.system.clock.now - self.started
        return ticks_in(passed, LPO_HZ, self._prescaler) & 0xFFFF

    @property
    def _prescaler(self) -> int:
        return 256 if self.PRES else 1

    @CNT.on_write
    def _command(self, value: int) -> None:
        if not self.CMD32EN:
            half = value & 0xFFFF
            if half in (UNLOCK & 0xFFFF, REFRESH & 0xFFFF):
                self.low_half = half
                return
            value, self.low_half = half << 16 | self.low_half, 0
        if value == UNLOCK:
            self.ULK |= self.UPDATE
            self.RCS = 0
        elif value == REFRESH:
            if self.EN and self.WINDOWED and self._count() < self.WIN:
                self._fire("a refresh came before the window opened")
            else:
                self._restart()
        elif self.EN:
            self._fire(f"{value:#x}, which is no command, was written to CNT")

    def _restart(self) -> None:
        if self.EN:
            self.started = self.system.clock.now
            self._timeout.at(self.started + time_of(self.TOVAL, LPO_HZ, self._prescaler))
        else:
            self._timeout.cancel()

    # -- time-out --------------------------------------------------------------------------------

    def _timed_out(self) -> None:
        if self.INT:
            self.FLG = 1
            self.IRQ.set(True)
            self._expiry.at(self.system.clock.now + INTERRUPT_TO_RESET)
        else:
            self._expired()

    def _expired(self) -> None:
        self._fire("the counter reached TOVAL")

    def _fire(self, why: str) -> None:
        self.note(f"watchdog reset: {why}")
        self.src.rtwdog_fired = True
        self.system.request_reset(ResetCause.WATCHDOG)
