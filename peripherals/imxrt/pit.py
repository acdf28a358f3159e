"""NXP PIT: four periodic interrupt timers that count down, chainable, with a lifetime timer.

The counters follow from virtual time. Each channel is a number of counts of its own clock (the
module's, or the expiries of the channel before it) at which its present round began.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Peripheral,
    Register,
    RegisterArray,
    State,
    System,
    ask_in_vain,
    hertz,
    model,
    ticks_in,
    time_of,
)

CHANNELS = 4
TEN, TIE, CHN = 1, 2, 4
NEVER = 1 << 62
"""Virtual ns that no run reaches: chained channels can count for longer."""
MDIS = 2


@model("Imxrt.Pit")
class Pit(Peripheral):
    """Periodic interrupt timer, four channels."""

    SIZE = 0x4000

    frequency = hertz(
        "PERCLK_CLK_ROOT in Hz; MicroPython 1.18 sets it to the 150 MHz of IPG_CLK_ROOT",
        default=150_000_000,
    )

    IRQ = Output("any channel's time-out", required=True)

    MCR = Register(0x000, reset=MDIS)
    LTMR64H = Register(0x0E0, ro=True)
    LTMR64L = Register(0x0E4, ro=True)
    LDVAL = RegisterArray(0x100, CHANNELS, stride=0x10)
    CVAL = RegisterArray(0x104, CHANNELS, stride=0x10, ro=True, neutral=True)
    TCTRL = RegisterArray(0x108, CHANNELS, stride=0x10)
    TFLG = RegisterArray(0x10C, CHANNELS, stride=0x10, w1c=1, neutral=True)

    _base = State(0)
    """Counts of the module's clock at `_since`."""
    _since = State(0)
    _enabled = State(False)
    _control = State([0] * CHANNELS)
    """TCTRL as it was when the channels were last brought up to date; `_reload`: LDVAL likewise."""
    _reload = State([0] * CHANNELS)
    _load = State([0] * CHANNELS)
    """What the present round of a channel began with."""
    _start = State([0] * CHANNELS)
    """Counts of the channel's clock when the present round began."""
    _expired = State([0] * CHANNELS)
    """Expiries so far."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._alarm = self.alarm(self._event)

    # -- registers -------------------------------------------------------------------------------

    @MCR.on_write
    def _module(self, value: int) -> None:
        self._catch_up()
        now = self.system.clock.now
        self._base, self._since = self._counts(now), now
        self._enabled = not value & MDIS
        self._schedule()

    @LDVAL.on_write
    def _set_period(self, channel: int, value: int) -> None:
        self._catch_up()
        # A running round is finished with the old value.
        self._reload[channel] = value
        self._schedule()

    @TCTRL.on_write
    def _set_control(self, channel: int, value: int) -> None:
        self._catch_up()
        changed = self._control[channel] ^ value
        if changed & TEN and not value & TEN:
            self.CVAL[channel] = self._value(channel)
        self._control[channel] = value
        if value & TEN and changed & (TEN | CHN):
            self._load[channel] = self._reload[channel]
            self._start[channel] = self._clock(channel, self.system.clock.now)
        self._schedule()

    @CVAL.on_read
    def _read_value(self, channel: int) -> int:
        time = self._ask(channel)
        self._catch_up()
        return self._value_at(channel, time)

    @TFLG.on_peek
    def _flag(self, channel: int) -> int:
        expired, _, _ = self._progress(channel, self.system.clock.now)
        return self.TFLG[channel] | (expired > self._expired[channel])

    @TFLG.on_read
    def _read_flag(self, channel: int) -> int:
        self._catch_up()
        if not self.TFLG[channel]:
            self._ask(channel, self._time_of_expiry(channel))
        return self.TFLG[channel]

    @TFLG.on_write
    def _clear(self, channel: int, value: int) -> None:
        self._catch_up()
        self.TFLG[channel] &= ~value
        self._schedule()

    @LTMR64H.on_read
    def _lifetime(self) -> int:
        self._catch_up()
        self.LTMR64L = self._value(0)
        return self._value(1)

    @LTMR64H.on_peek
    def _look_at_lifetime(self) -> int:
        return self._value(1)

    # -- counting --------------------------------------------------------------------------------

    def _counts(self, time: int) -> int:
        """Counts of the module's clock at `time`."""
        if not self._enabled:
            return self._base
        return self._base + ticks_in(time - self._since, self.frequency)

    def _is_chained(self, channel: int) -> bool:
        # Assumption: CHN of channel 0, which has no channel before it, has no effect.
        return channel > 0 and bool(self._control[channel] & CHN)

    def _clock(self, channel: int, time: int) -> int:
        """Counts of what clocks `channel`, until `time`."""
        if self._is_chained(channel):
            return self._progress(channel - 1, time)[0]
        return self._counts(time)

    def _progress(self, channel: int, time: int) -> tuple[int, int, int]:
        """Expiries until `time`, and start and load of the round under way then."""
        expired, start, load = self._expired[channel], self._start[channel], self._load[channel]
        if self._control[channel] & TEN:
            clock = self._clock(channel, time)
            over = clock - start - load - 1
            if over >= 0:
                rounds, into = divmod(over, self._reload[channel] + 1)
                return expired + 1 + rounds, clock - into, self._reload[channel]
        return expired, start, load

    @CVAL.on_peek
    def _value(self, channel: int) -> int:
        return self._value_at(channel, self.system.clock.now)

    def _value_at(self, channel: int, time: int) -> int:
        if not self._control[channel] & TEN:
            return self.CVAL[channel]
        _, start, load = self._progress(channel, time)
        return load - (self._clock(channel, time) - start)

    def _ask(self, channel: int, until: int | None = None) -> int:
        """The firmware looks at this channel; see `Clock.question`."""
        clock = self.system.clock
        if why := self._why_it_stands(channel):
            return ask_in_vain(clock, why, self.name, channel)
        return clock.question((self.name, channel), until)

    def _why_it_stands(self, channel: int) -> str:
        """In words; empty while it counts."""
        if not self._enabled:
            return "MCR.MDIS is 1"
        if not self._control[channel] & TEN:
            return f"TCTRL[{channel}].TEN is 0"
        return self._why_it_stands(channel - 1) if self._is_chained(channel) else ""

    def _catch_up(self) -> None:
        """Count what has expired by now, and flag it."""
        for channel in range(CHANNELS):
            expired, start, load = self._progress(channel, self.system.clock.now)
            if expired > self._expired[channel]:
                self._expired[channel], self._start[channel] = expired, start
                self._load[channel] = load
                self.TFLG[channel] = 1

    def _expiry(self, channel: int, nth: int) -> int | None:
        """Counts of the module's clock at the nth expiry from now, None if it does not come."""
        if not self._control[channel] & TEN:
            return None
        rounds = (nth - 1) * (self._reload[channel] + 1)
        count = self._start[channel] + self._load[channel] + 1 + rounds
        if self._is_chained(channel):
            return self._expiry(channel - 1, count - self._expired[channel - 1])
        return count

    def _time_of_expiry(self, channel: int) -> int | None:
        """Virtual ns of the channel's next expiry, None if it does not come."""
        count = self._expiry(channel, 1) if self._enabled else None
        if count is None:
            return None
        time = self._since + time_of(count - self._base, self.frequency)
        return time if time < NEVER else None

    # -- interrupts ------------------------------------------------------------------------------

    def _schedule(self) -> None:
        """Drive the line, and wake up for the next expiry that interrupts."""
        times = []
        pending = False
        for channel in range(CHANNELS):
            if not self._control[channel] & TIE:
                continue
            if self.TFLG[channel]:
                pending = True
            elif (time := self._time_of_expiry(channel)) is not None:
                times.append(time)
        self.IRQ.set(pending)
        if times:
            self._alarm.at(min(times))
        else:
            self._alarm.cancel()

    def _event(self) -> None:
        self._catch_up()
        self._schedule()
