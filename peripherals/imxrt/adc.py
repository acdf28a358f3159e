"""12-bit ADC of the i.MX RT10xx."""

from __future__ import annotations

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    State,
    exposed,
    model,
)

_CHANNELS = 16
_VREFSH = 25  # internal, tied to the reference
_OFF = 31


@model("Imxrt.Adc")
class Adc(Peripheral):
    """Software-triggered single conversions of sixteen inputs.

    Assumption: a conversion and the calibration take no virtual time (silicon: microseconds) and
    are exact; averaging an unchanging input changes nothing. An input that nothing drives is at
    0 V.
    """

    reference = Parameter(float, "reference voltage, in volts", default=3.3, least=0.001)
    IRQ = Output("conversion complete")

    HC = RegisterArray(0x00, 8, reset=_OFF)
    HS = Register(0x20, ro=True)
    COCO0 = HS.field(0)
    R = RegisterArray(0x24, 8, ro=True)
    CFG = Register(0x44, reset=0x200)
    MODE = CFG.field(2, 2)
    ADTRG = CFG.field(13)
    GC = Register(0x48)
    DMAEN = GC.field(1, unmodelled="DMA")
    ACFE = GC.field(4, unmodelled="compare mode")
    ADCO = GC.field(6, unmodelled="continuous mode")
    CAL_START = GC.field(7)
    GS = Register(0x4C, ro=0xFFFF_FFF9, w1c=0x6)
    CV = Register(0x50)
    OFS = Register(0x54, unmodelled="offset correction")
    CAL = Register(0x58)

    # What the board applies to the pins.
    volts: State[dict[int, float]] = State({}, outside=True)

    @exposed
    def set_level(self, channel: int, volts: float) -> None:
        """Apply `volts` to input `channel` (0 to 15) from now on. Raises ValueError."""
        if not 0 <= channel < _CHANNELS:
            raise ValueError(f"{self.name}: expected a channel from 0 to 15, given {channel}")
        self.volts[channel] = volts

    @HC.on_write
    def _select(self, index: int, value: int) -> None:
        if index or self.ADTRG:
            if self.ADTRG and value & 0x1F != _OFF:
                self.gap("HC: conversions triggered by hardware (ADC_ETC)")
            return
        self._complete(False)
        if value & 0x1F != _OFF:
            self.R[0] = self._convert(value & 0x1F)
            self._complete(True)

    def _convert(self, channel: int) -> int:
        steps = 1 << (8, 10, 12, 12)[self.MODE]
        volts = self.reference if channel == _VREFSH else self.volts.get(channel, 0.0)
        return min(max(round(volts * steps / self.reference), 0), steps - 1)

    def _complete(self, done: bool) -> None:
        self.COCO0 = done
        self.IRQ.set(done and bool(self.HC[0] & 0x80))

    @R.on_read
    def _result(self, index: int) -> int:
        if index == 0:
            self._complete(False)
        return self.R[index]

    @GC.on_write
    def _general_control(self, value: int) -> None:
        if self.CAL_START:
            self.CAL_START = 0
            self._complete(True)
