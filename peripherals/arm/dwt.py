"""Arm DWT: the data watchpoint and trace unit, of which the cycle counter works.

Registers as in the ARMv7-M Architecture Reference Manual, C1.8; Renode's type name and parameter.
"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Peripheral,
    Register,
    RegisterArray,
    State,
    ask_in_vain,
    hertz,
    model,
    ticks_in,
)

COUNTER = "this counter stands still"
EVENTS = "events, sampling and trace packets"
COMPARATOR = "comparators do not match anything"
EXACT = 100_000
"""ns: waits on cycles that are shorter make pulses and strobes, and end with the cycle."""


@model("Miscellaneous.DWT")
class Dwt(Peripheral):
    """Data watchpoint and trace unit of a Cortex-M7: CYCCNT counts, the rest is declared.

    Assumption: DEMCR.TRCENA, which belongs to the core, is set whenever the firmware counts.
    Assumption: the software lock (LAR) is not enforced; Teensyduino starts the counter of an RT1062
    without unlocking it.
    Assumption: as part of the debug logic it keeps counting over every reset but power-on.
    """

    SIZE = 0x1000

    frequency = hertz("the core's clock in Hz")

    CTRL = Register(0x000, reset=0x4000_0000, ro=0xF000_0000, survives_reset=True)
    CYCCNTENA = CTRL.field(0)
    POSTPRESET = CTRL.field(1, 4, unmodelled=EVENTS)
    POSTINIT = CTRL.field(5, 4, unmodelled=EVENTS)
    CYCTAP = CTRL.field(9, unmodelled=EVENTS)
    # SYNCTAP, bits 11:10, spaces packets that nobody receives: nothing in the chip sees it.
    PCSAMPLENA = CTRL.field(12, unmodelled=EVENTS)
    EXCTRCENA = CTRL.field(16, unmodelled=EVENTS)
    CPIEVTENA = CTRL.field(17, unmodelled=EVENTS)
    EXCEVTENA = CTRL.field(18, unmodelled=EVENTS)
    SLEEPEVTENA = CTRL.field(19, unmodelled=EVENTS)
    LSUEVTENA = CTRL.field(20, unmodelled=EVENTS)
    FOLDEVTENA = CTRL.field(21, unmodelled=EVENTS)
    CYCEVTENA = CTRL.field(22, unmodelled=EVENTS)
    CYCCNT = Register(0x004, survives_reset=True, neutral=True)
    CPICNT = Register(0x008, unmodelled=COUNTER)
    EXCCNT = Register(0x00C, unmodelled=COUNTER)
    SLEEPCNT = Register(0x010, unmodelled=COUNTER)
    LSUCNT = Register(0x014, unmodelled=COUNTER)
    FOLDCNT = Register(0x018, unmodelled=COUNTER)
    PCSR = Register(0x01C, ro=True)
    COMP = RegisterArray(0x020, 4, stride=0x10, unmodelled=COMPARATOR)
    MASK = RegisterArray(0x024, 4, stride=0x10, unmodelled=COMPARATOR)
    FUNCTION = RegisterArray(0x028, 4, stride=0x10, unmodelled=COMPARATOR)
    LAR = Register(0xFB0)
    LSR = Register(0xFB4, ro=True)
    PIDR4_7 = RegisterArray(0xFD0, 4, reset=(0x04, 0, 0, 0), ro=True)
    PIDR0_3 = RegisterArray(0xFE0, 4, reset=(0x02, 0xB0, 0x3B, 0), ro=True)
    CIDR = RegisterArray(0xFF0, 4, reset=(0x0D, 0xE0, 0x05, 0xB1), ro=True)

    _counting = State(False, survives_reset=True)
    _since = State(0, survives_reset=True)
    """Virtual ns at which the counter held what the register CYCCNT holds."""

    @CYCCNT.on_read
    def _read_cycles(self) -> int:
        clock = self.system.clock
        if self._counting:
            return self._cycles_at(clock.question(self.name, after=EXACT))
        return self._cycles_at(ask_in_vain(clock, "CTRL.CYCCNTENA is 0", self.name))

    @CYCCNT.on_peek
    def _cycles(self) -> int:
        return self._cycles_at(self.system.clock.now)

    def _cycles_at(self, time: int) -> int:
        if not self._counting:
            return self.CYCCNT
        elapsed = ticks_in(time - self._since, self.frequency)
        return (self.CYCCNT + elapsed) & 0xFFFF_FFFF

    @CYCCNT.on_write
    def _set_cycles(self, value: int) -> None:
        self._since = self.system.clock.now

    @CTRL.on_write
    def _control(self, value: int) -> None:
        if bool(self.CYCCNTENA) is self._counting:
            return
        self.CYCCNT = self._cycles()
        self._since = self.system.clock.now
        self._counting = bool(self.CYCCNTENA)
