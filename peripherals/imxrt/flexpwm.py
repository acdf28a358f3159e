"""NXP eFlexPWM as a generator of signals. Reset values: RT1060 family."""

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
    ticks_in,
)
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.peripherals.wave_pins import Wave, WavePins

from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .clocks import clock_or, ipg_clock
from .iomuxc import Iomuxc, pads

SUBMODULES = 4
STRIDE = 0x60
CHANNELS = {"A": 8, "B": 4, "X": 0}
"""Where the four bits of each output begin in OUTEN and MASK."""

PADS = pads(
    {
        0: "AD_B0_00 2A3 AD_B0_01 2B3",
        1: "AD_B0_09 2A3 AD_B0_10 1A3 AD_B0_11 1B3 AD_B1_08 4A0 AD_B1_09 4A1 B1_14 4A2 B1_15 4A3 "
        "EMC_00 4A0 EMC_01 4B0 EMC_02 4A1 EMC_03 4B1 EMC_04 4A2 EMC_05 4B2 EMC_06 2A0 EMC_07 2B0 "
        "EMC_08 2A1 EMC_09 2B1 EMC_10 2A2 EMC_11 2B2 EMC_17 4A3 EMC_18 4B3 EMC_19 2A3 EMC_20 2B3 "
        "EMC_21 3A3 EMC_22 3B3 EMC_23 1A0 EMC_24 1B0 EMC_25 1A1 EMC_26 1B1 EMC_27 1A2 EMC_28 1B2 "
        "EMC_29 3A0 EMC_30 3B0 EMC_31 3A1 EMC_32 3B1 EMC_33 3A2 EMC_34 3B2 EMC_38 1A3 EMC_39 1B3 "
        "SD_B0_00 1A0 SD_B0_01 1B0 SD_B0_02 1A1 SD_B0_03 1B1 SD_B0_04 1A2 SD_B0_05 1B2",
        2: "B0_06 2A0 B0_07 2B0 B0_08 2A1 B0_09 2B1 B0_10 2A2 B0_11 2B2 "
        "SD_B1_00 1A3 SD_B1_01 1B3 SD_B1_02 2A3 SD_B1_03 2B3",
        4: "AD_B0_02 1X0 AD_B0_03 1X1 AD_B0_12 1X2 AD_B0_13 1X3 EMC_12 1A3 EMC_13 1B3",
        6: "B1_00 1A3 B1_01 1B3 B1_02 2A3 B1_03 2B3",
    }
)
"""By their MUX_MODE (fsl_iomuxc.h): block, channel and submodule."""

_CAPTURE = "capturing edges"
_INTERRUPTS = "interrupts and flags of comparisons, reloads and captures"
_FRACTIONS = "fractions of a clock"
_TWICE = "double switching, where an output is A xor B"


class Loaded(NamedTuple):
    """What a submodule counts with: its buffered registers as they were at the last load."""

    prescale: int
    start: int
    values: tuple[int, ...]
    """VAL0 to VAL5."""

    @property
    def period(self) -> int:
        """Counts; the counter has sixteen bits, and so may pass FFFFh on its way to VAL1."""
        return self._behind_start(self.values[1]) + 1

    def _behind_start(self, value: int) -> int:
        return value - self.start & 0xFFFF

    def pulse(self, on: int, off: int) -> tuple[int, int]:
        """Counts at which an output rises and falls that is set at `on` and cleared at `off`."""
        period, rise, fall = self.period, self._behind_start(on), self._behind_start(off)
        if rise >= period:
            return 0, 0
        if fall >= period:
            return 0, period
        return rise, fall


def _per_submodule(offset: int, reset: int = 0, ro: bool = False) -> RegisterArray:
    return RegisterArray(offset, SUBMODULES, stride=STRIDE, width=16, reset=reset, ro=ro)


@model("Imxrt.FlexPwm")
class FlexPwm(Peripheral):
    """Counters, and what they make of the outputs: frequency, duty, and edges at wires.

    Dead time does not shorten a pulse; faults do not come. Assumption: LDOK loads at once, not with
    the next reload.
    """

    SIZE = 0x4000

    frequency_hz = hertz("IPG clock in Hz where there is no `ccm`", default=150_000_000)
    ccm = Parameter(Ccm, "from which the IPG clock comes", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose PLLs are its sources", default=None)
    iomuxc = Parameter(Iomuxc, "which gives pins to it", default=None)
    number = Parameter(int, "which FLEXPWM it is there", default=1)

    CNT = _per_submodule(0x00, ro=True)
    INIT = _per_submodule(0x02)
    CTRL2 = _per_submodule(0x04)
    CLK_SEL = CTRL2.field(0, 2, unmodelled="other clocks than IPG's")
    CTRL = _per_submodule(0x06, reset=0x400)
    DBLEN = CTRL.field(0, unmodelled=_TWICE)
    DBLX = CTRL.field(1, unmodelled=_TWICE)
    PRSC = CTRL.field(4, 3)
    VAL0 = _per_submodule(0x0A)
    FRACVAL1 = _per_submodule(0x0C)
    VAL1 = _per_submodule(0x0E)
    FRACVAL2 = _per_submodule(0x10)
    VAL2 = _per_submodule(0x12)
    FRACVAL3 = _per_submodule(0x14)
    VAL3 = _per_submodule(0x16)
    FRACVAL4 = _per_submodule(0x18)
    VAL4 = _per_submodule(0x1A)
    FRACVAL5 = _per_submodule(0x1C)
    VAL5 = _per_submodule(0x1E)
    FRCTRL = _per_submodule(0x20)
    FRAC = FRCTRL.field(1, 4, unmodelled=_FRACTIONS)
    OCTRL = _per_submodule(0x22)
    STS = RegisterArray(0x24, SUBMODULES, stride=STRIDE, width=16, ro=0xC000, w1c=0x3FFF)
    INTEN = _per_submodule(0x26)
    ENABLES = INTEN.field(0, 14, unmodelled=_INTERRUPTS)
    DMAEN = _per_submodule(0x28)
    REQUESTS = DMAEN.field(0, 10, unmodelled="DMA")
    TCTRL = _per_submodule(0x2A)
    OUT_TRIG_EN = TCTRL.field(0, 6, unmodelled="triggers for other blocks")
    DISMAP0 = _per_submodule(0x2C, reset=0xFFFF)
    DISMAP1 = _per_submodule(0x2E, reset=0xFFFF)
    DTCNT0 = _per_submodule(0x30, reset=0x7FF)
    DTCNT1 = _per_submodule(0x32, reset=0x7FF)
    CAPTCTRLA = _per_submodule(0x34)
    ARMA = CAPTCTRLA.field(0, unmodelled=_CAPTURE)
    CAPTCOMPA = _per_submodule(0x36)
    CAPTCTRLB = _per_submodule(0x38)
    ARMB = CAPTCTRLB.field(0, unmodelled=_CAPTURE)
    CAPTCOMPB = _per_submodule(0x3A)
    CAPTCTRLX = _per_submodule(0x3C)
    ARMX = CAPTCTRLX.field(0, unmodelled=_CAPTURE)
    CAPTCOMPX = _per_submodule(0x3E)
    CVAL0 = _per_submodule(0x40, ro=True)
    CVAL0CYC = _per_submodule(0x42, ro=True)
    CVAL1 = _per_submodule(0x44, ro=True)
    CVAL1CYC = _per_submodule(0x46, ro=True)
    CVAL2 = _per_submodule(0x48, ro=True)
    CVAL2CYC = _per_submodule(0x4A, ro=True)
    CVAL3 = _per_submodule(0x4C, ro=True)
    CVAL3CYC = _per_submodule(0x4E, ro=True)
    CVAL4 = _per_submodule(0x50, ro=True)
    CVAL4CYC = _per_submodule(0x52, ro=True)
    CVAL5 = _per_submodule(0x54, ro=True)
    CVAL5CYC = _per_submodule(0x56, ro=True)
    OUTEN = Register(0x180, width=16)
    MASK = Register(0x182, width=16)
    SWCOUT = Register(0x184, width=16)
    DTSRCSEL = Register(0x186, width=16)
    SOURCES = DTSRCSEL.field(0, 16, unmodelled="outputs from software or other sources")
    MCTRL = Register(0x188, width=16)
    LDOK = MCTRL.field(0, 4)
    RUN = MCTRL.field(8, 4)
    IPOL = MCTRL.field(12, 4)
    MCTRL2 = Register(0x18A, width=16)
    FCTRL = Register(0x18C, width=16)
    FSTS = Register(0x18E, width=16, ro=0x0F00, w1c=0xF)
    FFILT = Register(0x190, width=16)
    FTST = Register(0x192, width=16)
    FCTRL2 = Register(0x194, width=16)

    _loaded: State[list[tuple[int, int, tuple[int, ...]]]] = State([(0, 0, (0,) * 6)] * SUBMODULES)
    _began = State([0] * SUBMODULES)
    """Virtual ns at which each submodule began to count."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        edge = self.alarm(self._changed)
        self._pins = WavePins(system.clock, edge, self.iomuxc, PADS, str(self.number), self._wave)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._changed()

    # -- registers -------------------------------------------------------------------------------

    @MCTRL.on_write
    def _control(self, value: int) -> None:
        loads = value & ~(value >> 4) & 0xF
        for submodule in range(SUBMODULES):
            if loads >> submodule & 1:
                self._load(submodule)
        # CLDOK reads 0; what LDOK asked for is done.
        self.MCTRL &= 0xFF00
        self._changed()

    @OUTEN.on_write
    @MASK.on_write
    def _outputs_written(self, value: int) -> None:
        self._changed()

    @OCTRL.on_write
    def _polarity(self, submodule: int, value: int) -> None:
        self._changed()

    def _load(self, submodule: int) -> None:
        registers = (self.VAL0, self.VAL1, self.VAL2, self.VAL3, self.VAL4, self.VAL5)
        values = tuple(register[submodule] for register in registers)
        self._loaded[submodule] = (self.PRSC[submodule], self.INIT[submodule], values)
        self._began[submodule] = self.system.clock.now

    @CNT.on_read
    @CNT.on_peek
    def _count(self, submodule: int) -> int:
        loaded = Loaded(*self._loaded[submodule])
        if not self.RUN >> submodule & 1:
            return loaded.start
        passed = self.system.clock.now - self._began[submodule]
        counts = ticks_in(passed, self._clock(), 1 << loaded.prescale)
        return loaded.start + counts % loaded.period & 0xFFFF

    @CTRL2.on_write
    def _control2(self, submodule: int, value: int) -> None:
        # FORCE reads 0.
        self.CTRL2[submodule] &= ~0x40

    def _clock(self) -> int:
        return clock_or(self.frequency_hz, ipg_clock, self.ccm, self.ccm_analog)

    # -- the board's side ------------------------------------------------------------------------

    @exposed
    def frequency(self, submodule: int, channel: str = "A") -> float:
        """Hz of an output (`A`, `B` or `X` of submodule 0 to 3); 0 while it is off."""
        if not self._is_on(submodule, channel):
            return 0.0
        loaded = Loaded(*self._loaded[submodule])
        return self._clock() / ((1 << loaded.prescale) * loaded.period)

    @exposed
    def duty(self, submodule: int, channel: str = "A") -> float:
        """For which part of a period an output is high, 0 to 1; 0 while it is off."""
        if not self._is_on(submodule, channel):
            return 0.0
        loaded = Loaded(*self._loaded[submodule])
        high = self._high(loaded, submodule, channel) / loaded.period
        return 1 - high if self._inverts(submodule, channel) else high

    def _inverts(self, submodule: int, channel: str) -> bool:
        """POLA is bit 10 of OCTRL, POLB 9, POLX 8."""
        return bool(self.OCTRL[submodule] >> 8 + "XBA".index(channel) & 1)

    def _is_on(self, submodule: int, channel: str) -> bool:
        if not 0 <= submodule < SUBMODULES or channel not in CHANNELS:
            given = f"given {submodule!r}, {channel!r}"
            raise ValueError(f"{self.name}: expected submodule 0 to 3, channel A, B or X, {given}")
        enabled = self.OUTEN >> CHANNELS[channel] + submodule & 1
        return bool(enabled and self.RUN >> submodule & 1)

    def _high(self, loaded: Loaded, submodule: int, channel: str) -> int:
        """Counts for which the output is high, before its polarity."""
        rise, fall, is_opposite = self._pulse(loaded, submodule, channel)
        high = fall - rise if rise <= fall else loaded.period - (rise - fall)
        return loaded.period - high if is_opposite else high

    def _pulse(self, loaded: Loaded, submodule: int, channel: str) -> tuple[int, int, bool]:
        """Counts at which an output rises and falls, and whether it is the opposite of that."""
        if self.MASK >> CHANNELS[channel] + submodule & 1:
            return 0, 0, False
        values = loaded.values
        if channel == "X":
            # Assumption: set at VAL0, cleared at VAL1, and where both are one, cleared: MicroPython
            # has no other means for a duty of 100 %, but takes the pin away for one of 0 %.
            return *loaded.pulse(values[0], values[1]), False
        is_pair = not self.CTRL2[submodule] >> 13 & 1
        # Of a complementary pair one is the source, the other its opposite.
        source = ("B" if self.IPOL >> submodule & 1 else "A") if is_pair else channel
        on, off = values[4:6] if source == "B" else values[2:4]
        return *loaded.pulse(on, off), channel != source

    # -- pins ------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """An edge, or what the registers ask for is another."""
        self._pins.changed()

    def _wave(self, signal: str) -> Wave | None:
        """What an output shows, such as `4A2`; None while it is off."""
        channel, submodule = signal[1], int(signal[2])
        if not self._is_on(submodule, channel):
            return None
        loaded = Loaded(*self._loaded[submodule])
        rise, fall, is_opposite = self._pulse(loaded, submodule, channel)
        return Wave(
            hertz=self._clock(),
            divider=1 << loaded.prescale,
            began=self._began[submodule],
            period=loaded.period,
            rise=rise,
            fall=fall,
            inverts=self._inverts(submodule, channel) is not is_opposite,
        )
