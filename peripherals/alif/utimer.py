"""UTIMER of the Alif Ensemble: sixteen timer channels. Channel 11 is MicroPython's time base on HP.

Alif's Ensemble CMSIS DFP, utimer.h. As in the i.MX RT's GPT, counters follow from virtual time,
flags are brought up to date when somebody looks, and there is an alarm only for what interrupts.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Parameter,
    ResetCause,
    State,
    System,
    ask_in_vain,
    exposed,
    model,
    ticks_in,
    time_of,
)
from xipsim.peripherals.core.registers import RegisterValues
from xipsim.peripherals.wave_pins import Wave, WavePins

from .pinmux import Pinmux
from .utimer_counter import Counter
from .utimer_pins import PADS
from .utimer_pwm import COMPARE_EN, DISABLE_VAL, DRIVER_EN, STOP_VAL, Pulse, constant, pulse
from .utimer_registers import CHANNELS, WITH_INTERRUPTS, UtimerRegisters

PGM_EN = 1 << 31
ENABLE, DOWN = 1, 1 << 8
_COMPARE_A, _COMPARE_B, _UNDERFLOW, _OVERFLOW = 2, 4, 6, 7
RUNNING, DIRECTION = 1 << 14, 1 << 15
DRIVERS = "AB"


@model("Alif.Utimer")
class Utimer(UtimerRegisters):
    """Counters with two compare values each, in sawtooth mode, up or down; and what they make of
    the output drivers: frequency, duty, and edges at wires.

    Assumption: what is in a buffer counts at once, not from the next overflow; the drivers follow
    the first compare buffer, as the interrupts do.
    Assumption: bits written to GLB_CNTR_START, STOP and CLEAR act at once and read 0.
    Assumption: DRV_STOP_VAL is the level of a driver whose counter stands.
    """

    pinmux = Parameter(Pinmux, "which gives pins to it", default=None)

    _started = State(0)
    """Channels that have been started and not stopped."""
    _counters = State([Counter() for _ in range(CHANNELS)])

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        lines = self.IRQS
        self._irqs = [lines[8 * n : 8 * n + 8] for n in range(WITH_INTERRUPTS)]
        self._questions = [(self.name, channel) for channel in range(CHANNELS)]
        self._hertz = self.frequency_hz
        self._alarm = self.alarm(self._event)
        edge = self.alarm(self._edge)
        self._pins = WavePins(system.clock, edge, self.pinmux, PADS, "", self._wave)
        self._signals = [tuple(f"{n}{driver}" for driver in DRIVERS) for n in range(CHANNELS)]

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._pins.changed()

    # -- global registers ------------------------------------------------------------------------

    @UtimerRegisters.GLB_CNTR_START.on_write
    def _start(self, value: int) -> None:
        self.GLB_CNTR_START = 0
        self._started |= self._obeying(self.START_1_SRC, value)
        self._rebase_all()

    @UtimerRegisters.GLB_CNTR_STOP.on_write
    def _stop(self, value: int) -> None:
        self.GLB_CNTR_STOP = 0
        self._started &= ~self._obeying(self.STOP_1_SRC, value)
        self._rebase_all()

    @UtimerRegisters.GLB_CNTR_CLEAR.on_write
    def _clear(self, value: int) -> None:
        self.GLB_CNTR_CLEAR = 0
        obeying = self._obeying(self.CLEAR_1_SRC, value)
        for channel in range(CHANNELS):
            if obeying >> channel & 1:
                self._rebase(channel, position=0)

    @staticmethod
    def _obeying(sources: RegisterValues, value: int) -> int:
        """Those channels of `value` that the global registers control."""
        obeying = [1 << n for n in range(CHANNELS) if sources[n] & PGM_EN]
        return value & sum(obeying)

    @UtimerRegisters.GLB_CLOCK_ENABLE.on_write
    def _clocks(self, value: int) -> None:
        self._rebase_all()

    @UtimerRegisters.GLB_DRIVER_OEN.on_write
    def _drivers(self, value: int) -> None:
        self._pins.changed()

    @UtimerRegisters.GLB_CNTR_RUNNING.on_read
    @UtimerRegisters.GLB_CNTR_RUNNING.on_peek
    def _running(self) -> int:
        return sum(1 << n for n, counter in enumerate(self._counters) if counter.running)

    # -- channel registers -----------------------------------------------------------------------

    @UtimerRegisters.CNTR.on_read
    def _read_count(self, channel: int) -> int:
        clock, key, counter = self.system.clock, self._questions[channel], self._counters[channel]
        if counter.running:
            ticks = ticks_in(clock.question(key) - counter.since, self._hertz)
            return counter.place((counter.position + ticks) % counter.modulo)
        return self._count_at(channel, ask_in_vain(clock, self.why_it_stands(channel), *key))

    @UtimerRegisters.CNTR.on_peek
    def _now(self, channel: int) -> int:
        return self._count_at(channel, self.system.clock.now)

    def _count_at(self, channel: int, time: int) -> int:
        counter = self._counters[channel]
        return counter.place(self._position(counter, time))

    @UtimerRegisters.CNTR.on_write
    def _write_count(self, channel: int, value: int) -> None:
        counter = self._counters[channel]
        self._rebase(channel, position=counter.place(value) % counter.modulo)

    @UtimerRegisters.CNTR_CTRL.on_write
    def _control(self, channel: int, value: int) -> None:
        if channel >= WITH_INTERRUPTS:
            self.gap("channels 12 to 15: quadrature counting")
        self._rebase(channel)

    @UtimerRegisters.CNTR_PTR.on_write
    def _period(self, channel: int, value: int) -> None:
        self._rebase(channel)

    @UtimerRegisters.CNTR_PTR_BUF1.on_write
    @UtimerRegisters.BUF_OP_CTRL.on_write
    def _buffered_period(self, channel: int, value: int) -> None:
        if self.CNTR_BUF_EN[channel] and self.CNTR_BUF_OP[channel]:
            self.CNTR_PTR[channel] = self.CNTR_PTR_BUF1[channel]
            self._rebase(channel)

    @UtimerRegisters.COMPARE_CTRL_A.on_write
    @UtimerRegisters.COMPARE_CTRL_B.on_write
    def _compare_control(self, channel: int, value: int) -> None:
        self._rebase(channel)

    @UtimerRegisters.COMPARE_A_BUF1.on_write
    @UtimerRegisters.COMPARE_B_BUF1.on_write
    def _compare(self, channel: int, value: int) -> None:
        self._catch_up(channel)
        self._aim(channel)

    @UtimerRegisters.CHAN_STATUS.on_read
    @UtimerRegisters.CHAN_STATUS.on_peek
    def _status(self, channel: int) -> int:
        counter = self._counters[channel]
        return (RUNNING if counter.running else 0) | (DIRECTION if counter.down else 0)

    @UtimerRegisters.CHAN_INTERRUPT.on_read
    def _flags(self, channel: int) -> int:
        due = self._counters[channel].next
        if due is not None and self.system.clock.now >= due:
            self._catch_up(channel)
        return self.CHAN_INTERRUPT[channel]

    @UtimerRegisters.CHAN_INTERRUPT.on_write
    def _acknowledge(self, channel: int, value: int) -> None:
        self._catch_up(channel)
        self.CHAN_INTERRUPT[channel] &= ~value
        self._schedule(channel)

    @UtimerRegisters.CHAN_INTERRUPT_MASK.on_write
    def _mask(self, channel: int, value: int) -> None:
        self._catch_up(channel)
        self._schedule(channel)

    # -- counting --------------------------------------------------------------------------------

    def _steps(self, counter: Counter, time: int) -> int:
        """Steps of the counter from `since` to `time`."""
        return ticks_in(time - counter.since, self._hertz) if counter.running else 0

    def _position(self, counter: Counter, time: int) -> int:
        return (counter.position + self._steps(counter, time)) % counter.modulo

    def _time_of(self, counter: Counter, steps: int) -> int:
        return counter.since + time_of(steps, self.frequency_hz)

    def _rebase_all(self) -> None:
        for channel in range(CHANNELS):
            self._rebase(channel)

    def _rebase(self, channel: int, position: int | None = None) -> None:
        """Count on as the registers say from now on."""
        self._catch_up(channel)
        counter, control = self._counters[channel], self.CNTR_CTRL[channel]
        if position is None:
            position = self._position(counter, self.system.clock.now)
        bit = 1 << channel
        down, modulo = bool(control & DOWN), self.CNTR_PTR[channel] + 1
        count = counter.place(position)
        counter.down, counter.modulo = down, modulo
        counter.position = counter.place(count) % modulo
        counter.since, counter.seen = self.system.clock.now, 0
        is_enabled = self._started & bit and self.GLB_CLOCK_ENABLE & bit and control & ENABLE
        counter.running = bool(is_enabled)
        self._aim(channel)

    # -- events ----------------------------------------------------------------------------------

    def _aim(self, channel: int) -> None:
        """Find out what can happen in a round, as the registers say now."""
        counter = self._counters[channel]
        counter.targets = [(_UNDERFLOW if counter.down else _OVERFLOW, 0)]
        for bit, control, value in (
            (_COMPARE_A, self.COMPARE_CTRL_A[channel], self.COMPARE_A_BUF1[channel]),
            (_COMPARE_B, self.COMPARE_CTRL_B[channel], self.COMPARE_B_BUF1[channel]),
        ):
            if control & COMPARE_EN and value < counter.modulo:
                counter.targets.append((bit, counter.place(value)))
        self._schedule(channel)
        if self._pins.has(*self._signals[channel]):
            self._pins.changed()

    @UtimerRegisters.CHAN_INTERRUPT.on_peek
    def _happened(self, channel: int) -> int:
        """CHAN_INTERRUPT with what has happened by now."""
        counter, flags = self._counters[channel], self.CHAN_INTERRUPT[channel]
        if counter.running:
            steps = self._steps(counter, self.system.clock.now)
            for bit, position in counter.targets:
                if counter.steps_to(position) <= steps:
                    flags |= 1 << bit
        return flags

    def _catch_up(self, channel: int) -> None:
        """Put what has happened by now into CHAN_INTERRUPT."""
        counter = self._counters[channel]
        if not counter.running:
            return
        steps = self._steps(counter, self.system.clock.now)
        if counter.next is not None and self.system.clock.now >= counter.next:
            self.CHAN_INTERRUPT[channel] = self._happened(channel)
            counter.seen = steps
            self._schedule(channel)
        counter.seen = steps

    def _schedule(self, channel: int) -> None:
        """Find the next events, drive the lines, set the alarm."""
        counter, flags = self._counters[channel], self.CHAN_INTERRUPT[channel]
        counter.next = counter.alarm = None
        unmasked = ~self.CHAN_INTERRUPT_MASK[channel]
        if counter.running:
            waiting = [t for t in counter.targets if not flags >> t[0] & 1]
            times = {bit: self._time_of(counter, counter.steps_to(at)) for bit, at in waiting}
            counter.next = min(times.values(), default=None)
            interrupting = [time for bit, time in times.items() if unmasked >> bit & 1]
            counter.alarm = min(interrupting, default=None)
        self._show(channel, flags & unmasked)
        self._set_alarm()

    def _show(self, channel: int, level: int) -> None:
        if channel < WITH_INTERRUPTS:
            for bit, line in enumerate(self._irqs[channel]):
                line.set(bool(level >> bit & 1))

    def _set_alarm(self) -> None:
        alarms = [counter.alarm for counter in self._counters if counter.alarm is not None]
        if not alarms:
            self._alarm.cancel()
        elif self._alarm.deadline != min(alarms):
            self._alarm.at(min(alarms))

    def _event(self) -> None:
        now = self.system.clock.now
        for channel, counter in enumerate(self._counters):
            if counter.alarm is not None and counter.alarm <= now:
                self._catch_up(channel)
        self._set_alarm()

    # -- the board's side ------------------------------------------------------------------------

    @exposed
    def frequency(self, channel: int, driver: str = "A") -> float:
        """Hz of an output (driver `A` or `B` of channel 0 to 11); 0 while it is off."""
        if not self._is_on(channel, driver):
            return 0.0
        return self.frequency_hz / self._counters[channel].modulo

    @exposed
    def duty(self, channel: int, driver: str = "A") -> float:
        """For which part of a period an output is high, 0 to 1; 0 while it is off."""
        if not self._is_on(channel, driver):
            return 0.0
        rise, fall, period = self._pulse(channel, driver)
        return (fall - rise if rise <= fall else period - (rise - fall)) / period

    def _is_on(self, channel: int, driver: str) -> bool:
        if not 0 <= channel < WITH_INTERRUPTS or driver not in DRIVERS:
            given = f"given {channel!r}, {driver!r}"
            raise ValueError(f"{self.name}: expected channel 0 to 11, driver A or B, {given}")
        return self._is_driven(channel, driver) and self._counters[channel].running

    def _is_driven(self, channel: int, driver: str) -> bool:
        # Active low.
        return not self.GLB_DRIVER_OEN >> 2 * channel + DRIVERS.index(driver) & 1

    def _pulse(self, channel: int, driver: str) -> Pulse:
        counter = self._counters[channel]
        if driver == "A":
            control, value = self.COMPARE_CTRL_A[channel], self.COMPARE_A_BUF1[channel]
        else:
            control, value = self.COMPARE_CTRL_B[channel], self.COMPARE_B_BUF1[channel]
        if not counter.running:
            return constant(control & (STOP_VAL if control & DRIVER_EN else DISABLE_VAL), 1)
        compare = counter.place(value) if value < counter.modulo else value
        return pulse(control, compare, counter.modulo)

    # -- pins ------------------------------------------------------------------------------------

    def _edge(self) -> None:
        self._pins.changed()

    def _wave(self, signal: str) -> Wave | None:
        """What an output shows, such as `10A`; None while its driver is off."""
        channel, driver = int(signal[:-1]), signal[-1]
        if not self._is_driven(channel, driver):
            return None
        counter = self._counters[channel]
        rise, fall, period = self._pulse(channel, driver)
        return Wave(
            hertz=self.frequency_hz,
            divider=1,
            began=counter.since,
            period=period,
            rise=rise,
            fall=fall,
            inverts=False,
            first=counter.position,
        )
