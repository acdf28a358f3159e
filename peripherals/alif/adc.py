"""Analog blocks of the Alif Ensemble: the 12-bit ADCs, and the comparators that hold their
reference. (Alif's SVD, adc.h, analog_config.h)
"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    State,
    exposed,
    model,
)

INPUTS = 9
STEPS = 1 << 12
DONE0, DONE1, CMPA, CMPB = (1 << n for n in range(4))
"""Interrupts: a sample register is loaded, conversions have stopped, comparisons."""
ABOVE, BELOW, WINDOW = range(3)
"""Of CONTROL.INT_CTRL."""

_TRIGGERS = "conversions started by events"
_DIFFERENTIAL = "differential inputs"


@model("Alif.Adc12")
class Adc12(Peripheral):
    """Single conversions of one of nine inputs, started by software, averaged and shifted.

    Assumption: a conversion takes no virtual time (silicon: microseconds) and is exact. An input
    that nothing drives is at 0 V, the temperature sensor (input 6 of ADC122) with them.
    """

    SIZE = 0x1000

    reference = Parameter(float, "reference voltage, in volts", default=1.8, least=0.001)

    DONE0_IRQ = Output("a sample register is loaded")
    DONE1_IRQ = Output("all samples are taken")
    CMPA_IRQ = Output("comparison A")
    CMPB_IRQ = Output("comparison B")

    START_SRC = Register(0x00)
    EVENTS = START_SRC.field(0, 6, unmodelled=_TRIGGERS)
    CONTINUOUS = START_SRC.field(6, unmodelled="conversions without end")
    ENA = START_SRC.field(7)
    COMP_THRESH_A = Register(0x04)
    COMP_THRESH_B = Register(0x08)
    CLK_DIVISOR = Register(0x0C)
    INTERRUPT = Register(0x10, ro=0xFFFF_FFF0, w1c=0xF)
    INTERRUPT_MASK = Register(0x14, reset=0xF)
    SAMPLE_WIDTH = Register(0x18)
    AVG_NUM = Register(0x20)
    SHIFT_CONTROL = Register(0x24)
    SHIFT = SHIFT_CONTROL.field(0, 4)
    RIGHT = SHIFT_CONTROL.field(16)
    CONTROL = Register(0x30, ro=0x2)
    START = CONTROL.field(0)
    INT_CTRL = CONTROL.field(16, 2)
    SEQUENCER_CTRL = Register(0x34)
    INIT = SEQUENCER_CTRL.field(12, 4)
    IS_FIXED = SEQUENCER_CTRL.field(16)
    # Of all three, in ADC120's.
    REG1 = Register(0x38)
    DIFFERENTIAL_1 = REG1.field(1, unmodelled=_DIFFERENTIAL)
    DIFFERENTIAL_2 = REG1.field(7, unmodelled=_DIFFERENTIAL)
    DIFFERENTIAL_3 = REG1.field(13, unmodelled=_DIFFERENTIAL)
    SEL = Register(0x3C, ro=True)
    SAMPLE_REG = RegisterArray(0x50, INPUTS)

    # What the board applies to the pins.
    volts: State[dict[int, float]] = State({}, outside=True)

    @exposed
    def set_level(self, channel: int, volts: float) -> None:
        """Apply `volts` to input `channel` (0 to 8) from now on. Raises ValueError."""
        if not 0 <= channel < INPUTS:
            raise ValueError(f"{self.name}: expected an input from 0 to 8, given {channel}")
        self.volts[channel] = volts

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._drive()

    @CONTROL.on_write
    def _control(self, value: int) -> None:
        starts = self.START
        self.START = 0
        if starts and self.ENA:
            self._convert()
        elif starts:
            self.diagnose("adc-not-enabled", "CONTROL.START is written while START_SRC.ENA is 0")

    def _convert(self) -> None:
        if not self.IS_FIXED:
            self.gap("SEQUENCER_CTRL.MODE: going on to the next input by itself")
        channel = self.INIT
        if channel >= INPUTS:
            self.diagnose("adc-input", f"there is no input {channel}, only 0 to {INPUTS - 1}")
            return
        self.SEL = channel
        level = round(self.volts.get(channel, 0.0) * STEPS / self.reference)
        total = min(max(level, 0), STEPS - 1) * max(self.AVG_NUM, 1)
        shifted = total >> self.SHIFT if self.RIGHT else total << self.SHIFT
        self.SAMPLE_REG[channel] = shifted & 0xFFFF_FFFF
        self.INTERRUPT |= DONE0 | DONE1 | self._compared(total)
        self._drive()

    def _compared(self, total: int) -> int:
        """What the sum of all samples is, by the thresholds."""
        low, high = self.COMP_THRESH_A, self.COMP_THRESH_B
        if self.INT_CTRL == WINDOW:
            return CMPA if low <= total <= high else CMPB
        if self.INT_CTRL == BELOW:
            return (CMPA if total < low else 0) | (CMPB if total < high else 0)
        return (CMPA if total > low else 0) | (CMPB if total > high else 0)

    @INTERRUPT.on_write
    @INTERRUPT_MASK.on_write
    def _written(self, value: int) -> None:
        self._drive()

    def _drive(self) -> None:
        active = self.INTERRUPT & ~self.INTERRUPT_MASK
        self.DONE0_IRQ.set(bool(active & DONE0))
        self.DONE1_IRQ.set(bool(active & DONE1))
        self.CMPA_IRQ.set(bool(active & CMPA))
        self.CMPB_IRQ.set(bool(active & CMPB))


@model("Alif.Cmp")
class Cmp(Peripheral):
    """A fast comparator. CMP0's has the enables of all four, and the analog references.

    The references are on, whatever COMP_REG2 says: `Alif.Adc12` has its own as a parameter.
    """

    SIZE = 0x1000

    COMP_REG1 = Register(0x00)
    COMP_HS_EN = COMP_REG1.field(28, 4, unmodelled="the comparators")
    COMP_REG2 = Register(0x04)
    POLARITY_CTRL = Register(0x08)
    WINDOW_CTRL = Register(0x0C)
    FILTER_CTRL = Register(0x10)
    PRESCALER_CTRL = Register(0x14)
    INTERRUPT_STATUS = Register(0x20, w1c=0x1, ro=0xFFFF_FFFE)
    INTERRUPT_MASK = Register(0x24, reset=0x1)
