"""LPRTC of the Alif Ensemble: Synopsys DesignWare APB RTC with prescaler, in the battery domain."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Peripheral,
    Register,
    ResetCause,
    State,
    System,
    ask_in_vain,
    model,
    ticks_in,
    time_of,
)

CRYSTAL = 32_768
FULL = 1 << 32


@model("Alif.Lprtc")
class Lprtc(Peripheral):
    """32-bit counter behind a 16-bit prescaler that counts up. Only power-on resets it.

    Assumption: its clock runs whatever VBAT's RTC_CLK_EN says, and writes take effect at once.
    """

    SIZE = 0x1000

    IRQ = Output("the counter has reached CMR", required=True)

    CCVR = Register(0x00, ro=True, survives_reset=True, neutral=True)
    CMR = Register(0x04, survives_reset=True)
    CLR = Register(0x08, survives_reset=True)
    CCR = Register(0x0C, ro=0xFFFF_FFE0, survives_reset=True)
    IEN = CCR.field(0)
    MASK = CCR.field(1)
    EN = CCR.field(2)
    WEN = CCR.field(3, unmodelled="wrapping at the match")
    PSCLR_EN = CCR.field(4)
    STAT = Register(0x10, ro=True, survives_reset=True)
    RSTAT = Register(0x14, ro=True, survives_reset=True)
    EOI = Register(0x18, ro=True, survives_reset=True)
    COMP_VERSION = Register(0x1C, ro=True, survives_reset=True)
    CPSR = Register(0x20, ro=0xFFFF_0000, survives_reset=True)
    CPCVR = Register(0x24, ro=True, survives_reset=True, neutral=True)

    _running = State(False, survives_reset=True)
    _divider = State(1, survives_reset=True)
    _count = State(0, survives_reset=True)
    """The counter at `_since`, or for as long as it stands."""
    _since = State(0, survives_reset=True)
    """Virtual ns at which the prescaler last started from 0."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._match = self.alarm(self._matched)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._schedule()

    # -- counting --------------------------------------------------------------------------------

    def _ticks(self, time: int) -> int:
        """Clocks from `_since` to `time`."""
        return ticks_in(time - self._since, CRYSTAL) if self._running else 0

    @CCVR.on_peek
    def _now(self) -> int:
        return self._count_at(self.system.clock.now)

    def _count_at(self, time: int) -> int:
        return (self._count + self._ticks(time) // self._divider) % FULL

    def _rebase(self, count: int) -> None:
        """Count on from `count`, with the prescaler at 0."""
        self._count, self._since = count, self.system.clock.now

    def _asked(self) -> int:
        clock = self.system.clock
        if self._running:
            return clock.question(self.name)
        return ask_in_vain(clock, "CCR bit 2 (EN) is 0", self.name)

    @CCVR.on_read
    def _counter(self) -> int:
        return self._count_at(self._asked())

    @CPCVR.on_read
    def _prescaler(self) -> int:
        return self._ticks(self._asked()) % self._divider

    @CPCVR.on_peek
    def _phase(self) -> int:
        return self._ticks(self.system.clock.now) % self._divider

    # -- control ---------------------------------------------------------------------------------

    @CLR.on_write
    def _load(self, value: int) -> None:
        # Assumption: the prescaler goes on where it is; firmware stops it before it sets the time.
        rounds = self._ticks(self.system.clock.now) // self._divider
        self._count = value
        self._since += time_of(rounds, CRYSTAL, self._divider)
        self._schedule()

    @CCR.on_write
    @CPSR.on_write
    def _control(self, value: int) -> None:
        divider = max(self.CPSR, 1) if self.PSCLR_EN else 1
        if (bool(self.EN), divider) != (self._running, self._divider):
            self._rebase(self._now())
            self._running, self._divider = bool(self.EN), divider
        self._schedule()

    @CMR.on_write
    def _set_match(self, value: int) -> None:
        self._schedule()

    @EOI.on_read
    def _acknowledge(self) -> int:
        self.RSTAT = 0
        self._show()
        return 0

    def _schedule(self) -> None:
        self._show()
        if not (self._running and self.IEN):
            self._match.cancel()
            return
        # Assumption: a match value equal to the present count matches a round later.
        ahead = (self.CMR - self._now() - 1) % FULL + 1
        steps = self._ticks(self.system.clock.now) // self._divider + ahead
        self._match.at(self._since + time_of(steps, CRYSTAL, self._divider))

    def _matched(self) -> None:
        self.RSTAT = 1
        self._schedule()

    def _show(self) -> None:
        self.STAT = self.RSTAT & ~self.MASK
        self.IRQ.set(bool(self.STAT))
