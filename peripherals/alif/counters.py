"""Generic counters of the Alif Ensemble: S32K and REFCLK, each with a frame to control it and one
to read it. (Arm system counter; Alif's Ensemble CMSIS DFP, peripheral_types.h)"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Parameter,
    Peripheral,
    Register,
    State,
    ask_in_vain,
    hertz,
    model,
    ticks_in,
)


@model("Alif.Counter")
class Counter(Peripheral):
    """A 64-bit counter and its control frame. Assumption: every reset stops and clears it."""

    SIZE = 0x1000

    frequency = hertz("Hz")

    CNTCR = Register(0x00)
    EN = CNTCR.field(0)
    HDBG = CNTCR.field(1, unmodelled="halting in debug")
    SCEN = CNTCR.field(2, unmodelled="scaling")
    FCREQ = CNTCR.field(8, 24, unmodelled="other frequencies")
    CNTSR = Register(0x04, ro=True)
    CNTCVL = Register(0x08, neutral=True)
    CNTCVH = Register(0x0C, neutral=True)

    _running = State(False)
    _count = State(0)
    """The count at `_since`, or for as long as the counter stands."""
    _since = State(0)

    @property
    def count(self) -> int:
        """The count of now, asked for by firmware."""
        clock = self.system.clock
        if self._running:
            return self._count_at(clock.question(self.name))
        return self._count_at(ask_in_vain(clock, "CNTCR.EN is 0", self.name))

    def now(self) -> int:
        """The count of now."""
        return self._count_at(self.system.clock.now)

    def _count_at(self, time: int) -> int:
        if not self._running:
            return self._count
        passed = ticks_in(time - self._since, self.frequency)
        return (self._count + passed) % (1 << 64)

    def _set(self, count: int) -> None:
        self._count, self._since = count, self.system.clock.now

    @CNTCR.on_write
    def _control(self, value: int) -> None:
        if bool(self.EN) != self._running:
            self._set(self.now())
            self._running = bool(self.EN)

    @CNTCVL.on_read
    def _low(self) -> int:
        return self.count & 0xFFFF_FFFF

    @CNTCVH.on_read
    def _high(self) -> int:
        return self.count >> 32

    @CNTCVL.on_peek
    def _look_low(self) -> int:
        return self.now() & 0xFFFF_FFFF

    @CNTCVH.on_peek
    def _look_high(self) -> int:
        return self.now() >> 32

    @CNTCVL.on_write
    def _set_low(self, value: int) -> None:
        self._set(self.now() >> 32 << 32 | value)

    @CNTCVH.on_write
    def _set_high(self, value: int) -> None:
        self._set(self.now() & 0xFFFF_FFFF | value << 32)


@model("Alif.CounterRead")
class CounterRead(Peripheral):
    """The frame that only reads a counter."""

    SIZE = 0x1000

    counter = Parameter(Counter, "the counter that it shows")

    CNTCVL = Register(0x00, ro=True, neutral=True)
    CNTCVH = Register(0x04, ro=True, neutral=True)

    @CNTCVL.on_read
    def _low(self) -> int:
        return self.counter.count & 0xFFFF_FFFF

    @CNTCVH.on_read
    def _high(self) -> int:
        return self.counter.count >> 32

    @CNTCVL.on_peek
    def _look_low(self) -> int:
        return self.counter.now() & 0xFFFF_FFFF

    @CNTCVH.on_peek
    def _look_high(self) -> int:
        return self.counter.now() >> 32
