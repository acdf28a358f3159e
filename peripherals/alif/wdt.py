"""Watchdog of an M55 of the Alif Ensemble: Arm's APB watchdog (SP805 style).

Alif's Ensemble CMSIS DFP, wdt.h; Arm Cortex-M System Design Kit TRM, APB watchdog.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Peripheral,
    Register,
    ResetCause,
    State,
    System,
    guards,
    hertz,
    model,
    ticks_in,
    time_of,
)

FULL = 0xFFFF_FFFF
UNLOCK = 0x1ACC_E551


@model("Alif.Wdt")
class Wdt(Peripheral):
    """Counts down while INTEN is set: the first time through 0 raises NMI, the second resets.

    Assumption: the counter runs at the core's clock, and does not stop in sleep.
    """

    SIZE = 0x1000

    frequency = hertz("clock in Hz", default=400_000_000)

    NMI = Output("the core's non-maskable interrupt, at the first expiry; needs no wire")

    WDOGLOAD = Register(0x000, reset=FULL)
    WDOGVALUE = Register(0x004, reset=FULL, ro=True)
    WDOGCONTROL = Register(0x008, ro=0xFFFF_FFFC)
    INTEN = WDOGCONTROL.field(0)
    RESEN = WDOGCONTROL.field(1)
    WDOGINTCLR = Register(0x00C)
    WDOGRIS = Register(0x010, ro=True)
    WDOGMIS = Register(0x014, ro=True)
    WDOGLOCK = Register(0xC00)
    # Assumption: identification as in Arm's TRM.
    PERIPHID4 = Register(0xFD0, reset=0x04, ro=True)
    PERIPHID0 = Register(0xFE0, reset=0x24, ro=True)
    PERIPHID1 = Register(0xFE4, reset=0xB8, ro=True)
    PERIPHID2 = Register(0xFE8, reset=0x1B, ro=True)
    PERIPHID3 = Register(0xFEC, ro=True)
    PCELLID0 = Register(0xFF0, reset=0x0D, ro=True)
    PCELLID1 = Register(0xFF4, reset=0xF0, ro=True)
    PCELLID2 = Register(0xFF8, reset=0x05, ro=True)
    PCELLID3 = Register(0xFFC, reset=0xB1, ro=True)

    _running = State(False)
    _count = State(FULL)
    """The count at `_since`, or for as long as the counter stands."""
    _since = State(0)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._expiry = self.alarm(self._expired)

    def _now(self) -> int:
        if not self._running:
            return self._count
        passed = ticks_in(self.system.clock.now - self._since, self.frequency)
        return max(self._count - passed, 0)

    def _restart(self, count: int) -> None:
        self._count, self._since = count, self.system.clock.now
        if self._running:
            # The least count that the hardware knows is 1.
            self._expiry.at(self._since + time_of(max(count, 1), self.frequency))

    @WDOGVALUE.on_read
    @WDOGVALUE.on_peek
    def _value(self) -> int:
        return self._now()

    # -- registers -------------------------------------------------------------------------------

    @guards(WDOGLOAD, WDOGCONTROL, WDOGINTCLR)
    def _is_unlocked(self, register: Register, value: int) -> bool:
        if self.WDOGLOCK:
            self.diagnose(
                "wdt-locked", f"{register.name} was written while WDOGLOCK is locked: ignored"
            )
        return not self.WDOGLOCK

    @WDOGLOCK.on_write
    def _lock(self, value: int) -> None:
        self.WDOGLOCK = int(value != UNLOCK)

    @WDOGLOAD.on_write
    def _load(self, value: int) -> None:
        self._restart(value)

    @WDOGINTCLR.on_write
    def _clear(self, value: int) -> None:
        self.WDOGINTCLR = self.WDOGRIS = 0
        self._show()
        self._restart(self.WDOGLOAD)

    @WDOGCONTROL.on_write
    def _control(self, value: int) -> None:
        if bool(self.INTEN) != self._running:
            count = self.WDOGLOAD if self.INTEN else self._now()
            self._running = bool(self.INTEN)
            self._expiry.cancel()
            self._restart(count)
        self._show()

    def _expired(self) -> None:
        if self.WDOGRIS and self.RESEN:
            self.note("the watchdog ran out a second time: it resets the chip")
            self.system.request_reset(ResetCause.WATCHDOG)
            return
        if not self.WDOGRIS:
            self.note("the watchdog ran out: NMI")
        self.WDOGRIS = 1
        self._show()
        self._restart(self.WDOGLOAD)

    def _show(self) -> None:
        self.WDOGMIS = self.WDOGRIS & self.INTEN
        self.NMI.set(bool(self.WDOGMIS))
