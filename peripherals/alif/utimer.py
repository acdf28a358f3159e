"""UTIMER of the Alif Ensemble: sixteen timer channels. Channel 11 is MicroPython's time base on HP.

Alif's Ensemble CMSIS DFP, utimer.h. As in the i.MX RT's GPT, counters follow from virtual time,
flags are brought up to date when somebody looks, and there is an alarm only for what interrupts.
"""

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
    model,
    ticks_in,
    time_of,
)
from xipsim.peripherals.core.registers import RegisterValues

from .utimer_counter import FULL, Counter

CHANNELS = 16
WITH_INTERRUPTS = 12
"""Channels 12 to 15 count quadrature signals, with interrupts of their own."""
STRIDE = 0x1000

PGM_EN = 1 << 31
ENABLE, DOWN, COMPARE_EN = 1, 1 << 8, 1 << 11
_COMPARE_A, _COMPARE_B, _UNDERFLOW, _OVERFLOW = 2, 4, 6, 7
RUNNING, DIRECTION = 1 << 14, 1 << 15

_TRIGGER = "triggers from pins and events"
_CAPTURE = "capture"
_BUFFERS = "buffered period and dead time"
_DRIVERS = "output drivers (PWM)"


def _channels(offset: int, **keywords: Any) -> RegisterArray:
    """One register in each channel's block."""
    return RegisterArray(0x1000 + offset, CHANNELS, stride=STRIDE, **keywords)


@model("Alif.Utimer")
class Utimer(Peripheral):
    """Counters with two compare values each, in sawtooth mode, up or down.

    Assumption: bits written to GLB_CNTR_START, STOP and CLEAR act at once and read 0.
    """

    SIZE = 0x1_1000

    frequency = Parameter(int, "clock of the counters in Hz", default=400_000_000)

    IRQS = Outputs(WITH_INTERRUPTS * 8, "interrupt 8 * channel + bit of CHAN_INTERRUPT")

    GLB_CNTR_START = Register(0x00)
    GLB_CNTR_STOP = Register(0x04)
    GLB_CNTR_CLEAR = Register(0x08)
    GLB_CNTR_RUNNING = Register(0x0C, ro=True)
    GLB_DRIVER_OEN = Register(0x10, reset=FULL)
    DRIVERS_OFF = GLB_DRIVER_OEN.field(0, 32, unmodelled=_DRIVERS)
    GLB_CLOCK_ENABLE = Register(0x20)

    START_0_SRC = _channels(0x00, unmodelled=_TRIGGER)
    START_1_SRC = _channels(0x04)
    STOP_0_SRC = _channels(0x08, unmodelled=_TRIGGER)
    STOP_1_SRC = _channels(0x0C)
    CLEAR_0_SRC = _channels(0x10, unmodelled=_TRIGGER)
    CLEAR_1_SRC = _channels(0x14)
    UP_0_SRC = _channels(0x18, unmodelled=_TRIGGER)
    UP_1_SRC = _channels(0x1C, unmodelled=_TRIGGER)
    DOWN_0_SRC = _channels(0x20, unmodelled=_TRIGGER)
    DOWN_1_SRC = _channels(0x24, unmodelled=_TRIGGER)
    TRIG_CAPTURE_SRC_A_0 = _channels(0x28, unmodelled=_CAPTURE)
    TRIG_CAPTURE_SRC_A_1 = _channels(0x2C, unmodelled=_CAPTURE)
    TRIG_CAPTURE_SRC_B_0 = _channels(0x30, unmodelled=_CAPTURE)
    TRIG_CAPTURE_SRC_B_1 = _channels(0x34, unmodelled=_CAPTURE)
    DMA_CLEAR_SRC_A_0 = _channels(0x38, unmodelled=_TRIGGER)
    DMA_CLEAR_SRC_A_1 = _channels(0x3C, unmodelled=_TRIGGER)
    DMA_CLEAR_SRC_B_0 = _channels(0x40, unmodelled=_TRIGGER)
    DMA_CLEAR_SRC_B_1 = _channels(0x44, unmodelled=_TRIGGER)
    CNTR_PAUSE_SRC = _channels(0x48, unmodelled=_TRIGGER)
    CNTR_CTRL = _channels(0x80)
    CNTR_TYPE = CNTR_CTRL.field(2, 3, unmodelled="one-shot and triangle counting")
    FILTER_CTRL_A = _channels(0x84)
    FILTER_CTRL_B = _channels(0x88)
    COMPARE_CTRL_A = _channels(0x8C)
    DRIVER_A = COMPARE_CTRL_A.field(8, unmodelled=_DRIVERS)
    COMPARE_CTRL_B = _channels(0x90)
    DRIVER_B = COMPARE_CTRL_B.field(8, unmodelled=_DRIVERS)
    BUF_OP_CTRL = _channels(0x94)
    OPERATIONS = BUF_OP_CTRL.field(0, 32, unmodelled=_BUFFERS)
    CNTR = _channels(0xA0, neutral=True)
    CNTR_PTR = _channels(0xA4)
    CNTR_PTR_BUF1 = _channels(0xA8, unmodelled=_BUFFERS)
    CNTR_PTR_BUF2 = _channels(0xAC, unmodelled=_BUFFERS)
    CAPTURE_A = _channels(0xB0)
    CAPTURE_A_BUF1 = _channels(0xB4)
    CAPTURE_A_BUF2 = _channels(0xB8)
    CAPTURE_B = _channels(0xC0)
    CAPTURE_B_BUF1 = _channels(0xC4)
    CAPTURE_B_BUF2 = _channels(0xC8)
    COMPARE_A = _channels(0xD0)
    COMPARE_A_BUF1 = _channels(0xD4, neutral=True)
    COMPARE_A_BUF2 = _channels(0xD8, unmodelled="the second compare buffer")
    COMPARE_B = _channels(0xE0)
    COMPARE_B_BUF1 = _channels(0xE4, neutral=True)
    COMPARE_B_BUF2 = _channels(0xE8, unmodelled="the second compare buffer")
    DT_UP = _channels(0xF0, unmodelled=_BUFFERS)
    DT_UP_BUF1 = _channels(0xF4, unmodelled=_BUFFERS)
    DT_DOWN = _channels(0xF8, unmodelled=_BUFFERS)
    DT_DOWN_BUF1 = _channels(0xFC, unmodelled=_BUFFERS)
    CHAN_STATUS = _channels(0x114, ro=True)
    CHAN_INTERRUPT = _channels(0x118, w1c=0xFF, ro=0xFFFF_FF00, neutral=True)
    # Assumption: everything is masked after reset.
    CHAN_INTERRUPT_MASK = _channels(0x11C, reset=0xFF, neutral=True)
    DUTY_CYCLE_CTRL = _channels(0x120, unmodelled=_DRIVERS)
    DEAD_TIME_CTRL = _channels(0x124, unmodelled=_DRIVERS)
    INT_CNTR_CTRL = _channels(0x130, unmodelled="counting interrupts")
    FAULT_CTRL = _channels(0x134, unmodelled=_DRIVERS)

    _started = State(0)
    """Channels that have been started and not stopped."""
    _counters = State([Counter() for _ in range(CHANNELS)])

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        lines = self.IRQS
        self._irqs = [lines[8 * n : 8 * n + 8] for n in range(WITH_INTERRUPTS)]
        self._questions = [(self.name, channel) for channel in range(CHANNELS)]
        self._alarm = self.alarm(self._event)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        for line in self.lines.values():
            line.set(False)

    # -- global registers ------------------------------------------------------------------------

    @GLB_CNTR_START.on_write
    def _start(self, value: int) -> None:
        self.GLB_CNTR_START = 0
        self._started |= self._obeying(self.START_1_SRC, value)
        self._rebase_all()

    @GLB_CNTR_STOP.on_write
    def _stop(self, value: int) -> None:
        self.GLB_CNTR_STOP = 0
        self._started &= ~self._obeying(self.STOP_1_SRC, value)
        self._rebase_all()

    @GLB_CNTR_CLEAR.on_write
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

    @GLB_CLOCK_ENABLE.on_write
    def _clocks(self, value: int) -> None:
        self._rebase_all()

    @GLB_CNTR_RUNNING.on_read
    @GLB_CNTR_RUNNING.on_peek
    def _running(self) -> int:
        return sum(1 << n for n, counter in enumerate(self._counters) if counter.running)

    # -- channel registers -----------------------------------------------------------------------

    @CNTR.on_read
    def _read_count(self, channel: int) -> int:
        self.system.clock.question(self._questions[channel])
        return self._now(channel)

    @CNTR.on_peek
    def _now(self, channel: int) -> int:
        counter = self._counters[channel]
        return counter.place(self._position(counter))

    @CNTR.on_write
    def _write_count(self, channel: int, value: int) -> None:
        counter = self._counters[channel]
        self._rebase(channel, position=counter.place(value) % counter.modulo)

    @CNTR_CTRL.on_write
    def _control(self, channel: int, value: int) -> None:
        if channel >= WITH_INTERRUPTS:
            self.gap("channels 12 to 15: quadrature counting")
        self._rebase(channel)

    @CNTR_PTR.on_write
    def _period(self, channel: int, value: int) -> None:
        self._rebase(channel)

    @COMPARE_CTRL_A.on_write
    @COMPARE_CTRL_B.on_write
    def _compare_control(self, channel: int, value: int) -> None:
        self._rebase(channel)

    @COMPARE_A_BUF1.on_write
    @COMPARE_B_BUF1.on_write
    def _compare(self, channel: int, value: int) -> None:
        self._catch_up(channel)
        self._aim(channel)

    @CHAN_STATUS.on_read
    @CHAN_STATUS.on_peek
    def _status(self, channel: int) -> int:
        counter = self._counters[channel]
        return (RUNNING if counter.running else 0) | (DIRECTION if counter.down else 0)

    @CHAN_INTERRUPT.on_read
    def _flags(self, channel: int) -> int:
        self._catch_up(channel)
        return self.CHAN_INTERRUPT[channel]

    @CHAN_INTERRUPT.on_write
    def _acknowledge(self, channel: int, value: int) -> None:
        self._catch_up(channel)
        self.CHAN_INTERRUPT[channel] &= ~value
        self._schedule(channel)

    @CHAN_INTERRUPT_MASK.on_write
    def _mask(self, channel: int, value: int) -> None:
        self._catch_up(channel)
        self._schedule(channel)

    # -- counting --------------------------------------------------------------------------------

    def _steps(self, counter: Counter) -> int:
        """Steps of the counter since `since`."""
        if not counter.running:
            return 0
        return ticks_in(self.system.clock.now - counter.since, self.frequency)

    def _position(self, counter: Counter) -> int:
        return (counter.position + self._steps(counter)) % counter.modulo

    def _time_of(self, counter: Counter, steps: int) -> int:
        return counter.since + time_of(steps, self.frequency)

    def _rebase_all(self) -> None:
        for channel in range(CHANNELS):
            self._rebase(channel)

    def _rebase(self, channel: int, position: int | None = None) -> None:
        """Count on as the registers say from now on."""
        self._catch_up(channel)
        counter, control = self._counters[channel], self.CNTR_CTRL[channel]
        if position is None:
            position = self._position(counter)
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

    @CHAN_INTERRUPT.on_peek
    def _happened(self, channel: int) -> int:
        """CHAN_INTERRUPT with what has happened by now."""
        counter, flags = self._counters[channel], self.CHAN_INTERRUPT[channel]
        if counter.running:
            steps = self._steps(counter)
            for bit, position in counter.targets:
                if counter.steps_to(position) <= steps:
                    flags |= 1 << bit
        return flags

    def _catch_up(self, channel: int) -> None:
        """Put what has happened by now into CHAN_INTERRUPT."""
        counter = self._counters[channel]
        if not counter.running:
            return
        steps = self._steps(counter)
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
