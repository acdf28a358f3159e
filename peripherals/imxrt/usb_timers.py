"""The two general purpose timers of the USB controller, which count microseconds.

IMXRT1060RM, chapter 42: GPTIMERnLD, GPTIMERnCTRL. Teensyduino sends what is left of its output with
the help of one.
"""

from __future__ import annotations

from typing import Any

from ..core import State, System
from .usb_registers import UsbRegisters

US = 1_000
"""ns of a count."""
_RUN, _RESET, _REPEAT = 1 << 31, 1 << 30, 1 << 24
"""GPTRUN, GPTRST, GPTMODE"""


class UsbTimers(UsbRegisters):
    """Counts down from GPTLD, sets TI of USBSTS a microsecond after 0, and begins anew or stops."""

    _held = State([0, 0])
    """GPTCNT of a timer that stands still."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._timers = (self.alarm(self._timer_0_expired), self.alarm(self._timer_1_expired))

    @UsbRegisters.GPTIMERCTRL.on_read
    @UsbRegisters.GPTIMERCTRL.on_peek
    def _timer_read(self, timer: int) -> int:
        return self.GPTIMERCTRL[timer] | self._count(timer)

    @UsbRegisters.GPTIMERCTRL.on_write
    def _timer_written(self, timer: int, value: int) -> None:
        count = self.GPTIMERLD[timer] if value & _RESET else self._count(timer)
        runs = self._timers[timer].deadline is not None
        if not value & _RUN:
            self._timers[timer].cancel()
            self._held[timer] = count
        elif value & _RESET or (count and not runs):
            self._start_timer(timer, count)

    def _count(self, timer: int) -> int:
        deadline = self._timers[timer].deadline
        if deadline is None:
            return self._held[timer]
        return max(deadline - self.system.clock.now - 1, 0) // US

    def _start_timer(self, timer: int, count: int) -> None:
        self._timers[timer].at(self.system.clock.now + (count + 1) * US)

    def _timer_0_expired(self) -> None:
        self._expired(0)

    def _timer_1_expired(self) -> None:
        self._expired(1)

    def _expired(self, timer: int) -> None:
        self._held[timer] = 0
        self.TI |= 1 << timer
        if self.GPTIMERCTRL[timer] & _REPEAT:
            self._start_timer(timer, self.GPTIMERLD[timer])
        self._signal()
