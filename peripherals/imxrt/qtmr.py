"""NXP quad timer (QTMR) as a generator of signals. Reset values: RT1060 family."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    System,
    exposed,
    hertz,
    model,
)
from xipsim.peripherals.wave_pins import Wave, WavePins

from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .clocks import clock_or, ipg_clock
from .iomuxc import Iomuxc, pads

TIMERS = 4
STRIDE = 0x20
CLEAR, SET, ALTERNATE, ROLLOVER = 1, 2, 4, 6
"""OUTMODE: at a comparison, at a comparison, toggling with COMP1 and COMP2 in turns, and set at a
comparison and cleared at the counter's rollover."""
FULL = 1 << 16
RISING = 1
"""CM: counts the rising edges of its primary source."""
IPG = 8
"""PCS from here up: the IPG clock, divided by a power of two."""

PADS = pads(
    {
        1: "AD_B1_00 3T0 AD_B1_01 3T1 AD_B1_02 3T2 AD_B1_03 3T3 B0_00 1T0 B0_01 1T1 B0_02 1T2 "
        "B0_03 2T0 B0_04 2T1 B0_05 2T2 B0_06 3T0 B0_07 3T1 B0_08 3T2 B0_09 4T0 B0_10 4T1 "
        "B0_11 4T2 B1_08 1T3 B1_09 2T3 B1_10 3T3 B1_11 4T3",
        4: "EMC_15 3T0 EMC_16 3T1 EMC_17 3T2 EMC_18 3T3 "
        "EMC_19 2T0 EMC_20 2T1 EMC_21 2T2 EMC_22 2T3",
    }
)
"""By their MUX_MODE (fsl_iomuxc.h): block and timer."""

_INTERRUPTS = "interrupts and flags"
_CAPTURE = "capturing edges"


def _per_timer(offset: int) -> RegisterArray:
    return RegisterArray(offset, TIMERS, stride=STRIDE, width=16)


@model("Imxrt.Qtmr")
class Qtmr(Peripheral):
    """Frequency, duty, and edges at wires, of outputs that toggle with two compare registers, or
    with one and the counter's rollover.

    The counters do not count, so no flag comes; other uses of a timer are not modelled. Assumption:
    a period begins when CTRL is written, and other comparisons count from the one under way on.
    """

    SIZE = 0x4000

    frequency_hz = hertz("IPG clock in Hz where there is no `ccm`", default=150_000_000)
    ccm = Parameter(Ccm, "from which the IPG clock comes", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose PLLs are its sources", default=None)
    iomuxc = Parameter(Iomuxc, "which gives pins to it", default=None)
    number = Parameter(int, "which timer block it is there", default=1)

    COMP1 = _per_timer(0x00)
    COMP2 = _per_timer(0x02)
    CAPT = _per_timer(0x04)
    LOAD = _per_timer(0x06)
    HOLD = _per_timer(0x08)
    CNTR = _per_timer(0x0A)
    CTRL = _per_timer(0x0C)
    OUTMODE = CTRL.field(0, 3)
    LENGTH = CTRL.field(5)
    PCS = CTRL.field(9, 4)
    CM = CTRL.field(13, 3)
    SCTRL = _per_timer(0x0E)
    OEN = SCTRL.field(0)
    OPS = SCTRL.field(1)
    CAPTURE_MODE = SCTRL.field(6, 2, unmodelled=_CAPTURE)
    IEFIE = SCTRL.field(10, unmodelled=_INTERRUPTS)
    TOFIE = SCTRL.field(12, unmodelled=_INTERRUPTS)
    TCFIE = SCTRL.field(14, unmodelled=_INTERRUPTS)
    CMPLD1 = _per_timer(0x10)
    CMPLD2 = _per_timer(0x12)
    CSCTRL = _per_timer(0x14)
    CL1 = CSCTRL.field(0, 2)
    CL2 = CSCTRL.field(2, 2)
    TCF1EN = CSCTRL.field(6, unmodelled=_INTERRUPTS)
    TCF2EN = CSCTRL.field(7, unmodelled=_INTERRUPTS)
    FILT = _per_timer(0x16)
    DMA = _per_timer(0x18)
    REQUESTS = DMA.field(0, 3, unmodelled="DMA")
    ENBL = Register(0x1E, width=16, reset=0xF)

    _began = State([0] * TIMERS)
    """Virtual ns at which each timer began to count."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        edge = self.alarm(self._changed)
        self._pins = WavePins(system.clock, edge, self.iomuxc, PADS, str(self.number), self._wave)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._changed()

    @SCTRL.on_write
    @COMP1.on_write
    @COMP2.on_write
    @LOAD.on_write
    @CMPLD1.on_write
    @CMPLD2.on_write
    @CSCTRL.on_write
    def _written(self, timer: int, value: int) -> None:
        self._changed()

    @ENBL.on_write
    def _enabled(self, value: int) -> None:
        self._changed()

    @CTRL.on_write
    def _control(self, timer: int, value: int) -> None:
        self._began[timer] = self.system.clock.now
        self._changed()
        makes_signal = self.OUTMODE[timer] in (CLEAR, SET, ALTERNATE, ROLLOVER)
        if self.CM[timer] and not (self.CM[timer] == RISING and makes_signal):
            self.gap("CTRL.CM: counting for anything but a signal")

    # -- the board's side ------------------------------------------------------------------------

    @exposed
    def frequency(self, timer: int) -> float:
        """Hz of the output of timer 0 to 3; 0 while it is off or does not toggle."""
        if not self._is_on(timer) or self.OUTMODE[timer] not in (ALTERNATE, ROLLOVER):
            return 0.0
        return self._clock() / (1 << self.PCS[timer] - IPG) / sum(self._halves(timer))

    @exposed
    def duty(self, timer: int) -> float:
        """For which part of a period the output of timer 0 to 3 is high; 0 while it is off."""
        if not self._is_on(timer):
            return 0.0
        mode = self.OUTMODE[timer]
        low, high = self._halves(timer)
        part = high / (low + high) if mode in (ALTERNATE, ROLLOVER) else float(mode == SET)
        return 1 - part if self.OPS[timer] else part

    def _halves(self, timer: int) -> tuple[int, int]:
        """Counts for which the output is low and high: until a comparison, and one more."""
        # What is loaded at a comparison lasts from the next one on.
        low = (self.CMPLD1 if self.CL1[timer] else self.COMP1)[timer]
        if self.OUTMODE[timer] == ROLLOVER:
            # From 0 to the comparison; then from LOAD, if LENGTH has it loaded there, back to 0.
            return low, FULL + 1 - self.LOAD[timer] if self.LENGTH[timer] else FULL - low
        high = self.CMPLD2 if self.CL2[timer] else self.COMP2
        return low + 1, high[timer] + 1

    def _is_on(self, timer: int) -> bool:
        if not 0 <= timer < TIMERS:
            raise ValueError(f"{self.name}: expected a timer from 0 to 3, given {timer}")
        counts = self.ENBL >> timer & 1 and self.CM[timer] == RISING and self.PCS[timer] >= IPG
        return bool(counts and self.OEN[timer])

    # -- pins ------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """An edge, or what the registers ask for is another."""
        self._pins.changed()

    def _wave(self, signal: str) -> Wave | None:
        """What an output shows, such as `1T2`; None while it is off."""
        timer = int(signal[2])
        if not self._is_on(timer):
            return None
        low, high = self._halves(timer)
        mode = self.OUTMODE[timer]
        toggles = mode in (ALTERNATE, ROLLOVER)
        return Wave(
            hertz=self._clock(),
            divider=1 << self.PCS[timer] - IPG,
            began=self._began[timer],
            period=low + high,
            rise=low if toggles else 0,
            fall=low + high if toggles or mode == SET else 0,
            inverts=bool(self.OPS[timer]),
        )

    def _clock(self) -> int:
        return clock_or(self.frequency_hz, ipg_clock, self.ccm, self.ccm_analog)
