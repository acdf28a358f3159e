"""LPTIMER of the Alif Ensemble: Synopsys DesignWare APB timers, four channels that count down."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Outputs,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    System,
    ask_in_vain,
    model,
    ticks_in,
    time_of,
)

from .clocks import Vbat

CHANNELS = 4
STRIDE = 0x14
FULL = 0xFFFF_FFFF
HERTZ = (32_768, 128_000, 0, 0)
"""By VBAT's TIMER_CLKSEL: crystal, RC oscillator, external pin, the channel before."""

ENABLE = 1


@model("Alif.Lptimer")
class Lptimer(Peripheral):
    """Timers in the battery domain: a reset of the core leaves them alone.

    Each counts from LOADCOUNT to 0, interrupts, and goes on from LOADCOUNT (user mode) or
    FFFFFFFFh (free running). A round has one clock more than the count it starts from.
    """

    SIZE = 0x1000

    vbat = Parameter(Vbat, "whose TIMER_CLKSEL selects the clocks; none: 32768 Hz", default=None)

    IRQS = Outputs(CHANNELS, "interrupt of channel n")

    LOADCOUNT = RegisterArray(0x00, CHANNELS, stride=STRIDE, survives_reset=True)
    CURRENTVAL = RegisterArray(
        0x04, CHANNELS, stride=STRIDE, ro=True, survives_reset=True, neutral=True
    )
    CONTROLREG = RegisterArray(0x08, CHANNELS, stride=STRIDE, survives_reset=True)
    USER_MODE = CONTROLREG.field(1)
    MASK = CONTROLREG.field(2)
    PWM = CONTROLREG.field(3, unmodelled="PWM")
    EOI = RegisterArray(0x0C, CHANNELS, stride=STRIDE, ro=True, survives_reset=True)
    INTSTAT = RegisterArray(0x10, CHANNELS, stride=STRIDE, ro=True, survives_reset=True)
    INTSTATUS = Register(0xA0, ro=True, survives_reset=True)
    ALL_EOI = Register(0xA4, ro=True, survives_reset=True)
    RAWINTSTATUS = Register(0xA8, ro=True, survives_reset=True)
    COMP_VERSION = Register(0xAC, ro=True, survives_reset=True)

    _hertz = State([0] * CHANNELS, survives_reset=True)
    """Clock of each channel, 0 while it stands."""
    _from = State([0] * CHANNELS, survives_reset=True)
    """Count at the beginning of the round, or for as long as the channel stands."""
    _since = State([0] * CHANNELS, survives_reset=True)
    _ends: State[list[int | None]] = State([None] * CHANNELS, survives_reset=True)
    """Virtual ns at which each round ends."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._round = self.alarm(self._round_ended)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._schedule()

    # -- registers -------------------------------------------------------------------------------

    @CURRENTVAL.on_read
    def _read_value(self, channel: int) -> int:
        clock = self.system.clock
        if self._hertz[channel]:
            return self._value_at(channel, clock.question((self.name, channel)))
        return self._value_at(channel, self._ask_in_vain(channel))

    def _ask_in_vain(self, channel: int) -> int:
        is_on = self.CONTROLREG[channel] & ENABLE
        why = "its clock is not modelled" if is_on else f"CONTROLREG[{channel}].ENABLE is 0"
        return ask_in_vain(self.system.clock, why, self.name, channel)

    @CURRENTVAL.on_peek
    def _value(self, channel: int) -> int:
        return self._value_at(channel, self.system.clock.now)

    def _value_at(self, channel: int, time: int) -> int:
        passed = ticks_in(time - self._since[channel], self._hertz[channel])
        return max(self._from[channel] - passed, 0)

    @CONTROLREG.on_write
    def _control(self, channel: int, value: int) -> None:
        running = bool(self._hertz[channel])
        if value & ENABLE and not running:
            self._start(channel)
        elif not value & ENABLE and running:
            self._from[channel] = self._value(channel)
            self._hertz[channel], self._ends[channel] = 0, None
        self._schedule()

    def _start(self, channel: int) -> None:
        source = self.vbat.TIMER_CLKSEL >> 4 * channel & 3 if self.vbat is not None else 0
        self._hertz[channel] = HERTZ[source]
        if not HERTZ[source]:
            self.gap("TIMER_CLKSEL: external clock and cascaded channels; the timer stands")
        self._begin(channel, self.LOADCOUNT[channel], self.system.clock.now)

    def _begin(self, channel: int, count: int, at: int) -> None:
        hertz = self._hertz[channel]
        self._from[channel], self._since[channel] = count, at
        self._ends[channel] = at + time_of(count + 1, hertz) if hertz else None

    @INTSTAT.on_read
    def _is_over(self, channel: int) -> int:
        if not self.INTSTAT[channel]:
            if self._hertz[channel]:
                self.system.clock.question((self.name, channel, "over"), self._ends[channel])
            else:
                self._ask_in_vain(channel)
        return self.INTSTAT[channel]

    @INTSTATUS.on_read
    def _are_over(self) -> int:
        if not self.INTSTATUS:
            self._ask_for_any()
        return self.INTSTATUS

    @RAWINTSTATUS.on_read
    def _are_over_unmasked(self) -> int:
        if not self.RAWINTSTATUS:
            self._ask_for_any()
        return self.RAWINTSTATUS

    def _ask_for_any(self) -> None:
        self.system.clock.question((self.name, "over"), self._next_end())

    @EOI.on_read
    def _acknowledge(self, channel: int) -> int:
        self.RAWINTSTATUS &= ~(1 << channel)
        self._show()
        return 0

    @ALL_EOI.on_read
    def _acknowledge_all(self) -> int:
        self.RAWINTSTATUS = 0
        self._show()
        return 0

    # -- rounds ----------------------------------------------------------------------------------

    def _schedule(self) -> None:
        self._show()
        end = self._next_end()
        if end is None:
            self._round.cancel()
        else:
            self._round.at(end)

    def _next_end(self) -> int | None:
        return min((end for end in self._ends if end is not None), default=None)

    def _round_ended(self) -> None:
        now = self.system.clock.now
        for channel, end in enumerate(self._ends):
            if end is not None and end <= now:
                self.RAWINTSTATUS |= 1 << channel
                user = self.USER_MODE[channel]
                self._begin(channel, self.LOADCOUNT[channel] if user else FULL, end)
        self._schedule()

    def _show(self) -> None:
        self.INTSTATUS = 0
        for channel in range(CHANNELS):
            status = 0 if self.MASK[channel] else self.RAWINTSTATUS >> channel & 1
            self.INTSTAT[channel] = status
            self.INTSTATUS |= status << channel
            self.lines[str(channel)].set(bool(status))
