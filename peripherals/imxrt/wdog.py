"""WDOG1 and WDOG2 of the i.MX RT family: 16-bit registers, half-second steps."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Peripheral,
    Register,
    ResetCause,
    State,
    System,
    model,
)

from .src import COLD

HALF_SECOND = 500_000_000
POWER_DOWN_TIME = 16_000_000_000
"""Virtual ns after a reset at which an enabled power-down counter drives WDOG_B low."""

_FIRST_KEY, _SECOND_KEY = 0x5555, 0xAAAA
_SFTW, _TOUT, _POR = 1 << 0, 1 << 1, 1 << 4


@model("Imxrt.Wdog")
class Wdog(Peripheral):
    """Watchdog with software reset and an early interrupt.

    Times are exact: the phase of the 32 kHz prescaler at the start is 0. It keeps running in wait
    mode (WDW); there is no stop mode and no debug halt to suspend it (WDZST, WDBG). The write-once
    rules other than WDE's are not enforced.
    """

    IRQ = Output("early interrupt, WICT half seconds before the time-out")

    WCR = Register(0x0, width=16, reset=0x30)
    WDE = WCR.field(2)
    SRS = WCR.field(4)
    WDA = WCR.field(5, unmodelled="the WDOG_B pin")
    WT = WCR.field(8, 8)
    WSR = Register(0x2, width=16)
    # The last reset that this watchdog caused, or power-on; resets by others leave it alone.
    WRSR = Register(0x4, width=16, reset=_POR, ro=True, survives_reset=True)
    WICR = Register(0x6, width=16, reset=0x4, ro=0x3F00, w1c=0x4000)
    WICT = WICR.field(0, 8)
    WTIS = WICR.field(14)
    WIE = WICR.field(15)
    WMCR = Register(0x8, width=16, reset=0x1)
    PDE = WMCR.field(0)

    running = State(False)
    first_key_seen = State(False)
    deadline = State(0)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._timeout = self.alarm(self._timed_out)
        self._early = self.alarm(self._early_warning)
        self._power_down = self.alarm(self._powered_down)

    def reset(self, cause: ResetCause) -> None:
        super().reset(ResetCause.POWER_ON if cause in COLD else cause)
        self._power_down.at(self.system.clock.now + POWER_DOWN_TIME)

    @WCR.on_write
    def _control(self, value: int) -> None:
        if not self.SRS:
            self.SRS = 1
            self._fire(_SFTW, ResetCause.WATCHDOG_SOFTWARE)
            return
        if self.WDE and not self.running:
            self.running = True
            self._reload()
        elif self.running and not self.WDE:
            self.WDE = 1
            self.diagnose("wdog-stop", "WCR.WDE was cleared; a running watchdog cannot be stopped")

    @WSR.on_write
    def _service(self, value: int) -> None:
        if value == _SECOND_KEY and self.first_key_seen and self.running:
            self._reload()
        self.first_key_seen = value == _FIRST_KEY

    @WICR.on_write
    def _interrupt_control(self, value: int) -> None:
        self._arm_early_warning()
        self.IRQ.set(bool(self.WTIS and self.WIE))

    @WMCR.on_write
    def _power_down_control(self, value: int) -> None:
        if not self.PDE:
            self._power_down.cancel()

    def _reload(self) -> None:
        self.deadline = self.system.clock.now + (self.WT + 1) * HALF_SECOND
        self._timeout.at(self.deadline)
        self._arm_early_warning()

    def _arm_early_warning(self) -> None:
        early = self.deadline - self.WICT * HALF_SECOND
        if self.running and self.WIE and early > self.system.clock.now:
            self._early.at(early)
        else:
            self._early.cancel()

    def _early_warning(self) -> None:
        self.WTIS = 1
        self.IRQ.set(bool(self.WIE))

    def _timed_out(self) -> None:
        self._fire(_TOUT, ResetCause.WATCHDOG)

    def _powered_down(self) -> None:
        # What a low WDOG_B does is the board's choice; on boards without that wire, nothing.
        self.note("the power-down counter (WMCR.PDE) drove the WDOG_B pin low")

    def _fire(self, reason: int, cause: ResetCause) -> None:
        self.WRSR = reason
        self.system.request_reset(cause)
