"""Inter-peripheral crossbar switch A (XBARA1) of the RT1060 family: any input to any output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xipsim.peripherals.core import (
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    State,
    System,
    model,
)

from .iomuxc import Iomuxc, IomuxcGpr, pads

HIGH = 1
"""The input that is always high; 0 is always low."""
FIRST_INOUT, LAST_INOUT = 4, 19
"""Inputs, and outputs of the same number, that are pads of both directions."""
DIRECTION = 12
"""Of pad n, bit n + 12 of IOMUXC_GPR6: it is an output."""
KNOWN = frozenset((*range(26), *range(60, 64)))
"""Inputs that come from something here: the two levels, pads, and matches of the ENCs."""

PADS = pads(
    {
        1: "EMC_12 24 EMC_13 25 EMC_14 19 EMC_15 20 EMC_16 21 EMC_35 18 EMC_36 22 EMC_37 23 "
        "AD_B0_00 14 AD_B0_01 15 AD_B0_02 16 AD_B0_03 17 AD_B0_14 24 AD_B0_15 25 "
        "B0_12 10 B0_13 11 B0_14 12 B0_15 13 B1_00 14 B1_01 15 B1_02 16 B1_03 17",
        3: "EMC_00 2 EMC_01 3 EMC_02 4 EMC_03 5 EMC_04 6 EMC_05 7 EMC_06 8 EMC_07 9 EMC_08 17 "
        "B1_14 2 B1_15 3 SD_B0_00 4 SD_B0_01 5 SD_B0_02 6 SD_B0_03 7 SD_B0_04 8 SD_B0_05 9",
        6: "AD_B0_05 17 AD_B0_06 18 AD_B0_07 19 AD_B0_08 20 AD_B0_09 21 AD_B0_10 22 AD_B0_11 23",
    }
)
"""Pads by their MUX_MODE (fsl_iomuxc.h): XBAR_IN and XBAR_INOUT, by number."""


class XbarPad:
    """A pad that is an input of the crossbar, or one of its outputs."""

    def __init__(self, xbar: Xbara, number: int) -> None:
        self._xbar, self._number = xbar, number

    def driving(self) -> bool | None:
        """`PinFunction`."""
        xbar, number = self._xbar, self._number
        is_inout = FIRST_INOUT <= number <= LAST_INOUT
        if is_inout and xbar.gpr is not None and xbar.gpr.GPR6 >> number + DIRECTION & 1:
            return xbar.level(number)
        return None

    def seen(self, level: bool) -> None:
        """`PinFunction`."""
        self._xbar.set_input(self._number, level)


@model("Imxrt.Xbara")
class Xbara(Peripheral):
    """Connects pads and ENCs; other blocks neither feed an input nor look at an output.

    A pad's direction (IOMUXC_GPR6) counts from the next change of a level on.
    """

    SIZE = 0x4000

    iomuxc = Parameter(Iomuxc, "which gives pads to it", default=None)
    gpr = Parameter(IomuxcGpr, "whose GPR6 says which pads are outputs", default=None)

    SEL = RegisterArray(0x00, 66, stride=2, width=16)
    CTRL0 = Register(0x84, width=16, unmodelled="interrupts and DMA requests")
    CTRL1 = Register(0x86, width=16, unmodelled="interrupts and DMA requests")

    _levels = State(1 << HIGH)
    """Of the inputs, one bit each."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._listeners: dict[int, Callable[[bool], None]] = {}
        self._pads: dict[int, XbarPad] = {}
        if self.iomuxc is not None:
            self.iomuxc.offer(PADS, self._pad)

    def _pad(self, signal: str) -> XbarPad:
        number = int(signal)
        pad = self._pads.get(number)
        if pad is None:
            pad = self._pads[number] = XbarPad(self, number)
        return pad

    def listen(self, output: int, listener: Callable[[bool], None]) -> None:
        """Tell `listener` the level of that output whenever it may have changed."""
        self._listeners[output] = listener

    def set_input(self, number: int, level: bool) -> None:
        """An input has that level from now on."""
        bit = 1 << number
        before = self._levels
        self._levels = before | bit if level else before & ~bit
        if self._levels != before:
            for output in range(2 * len(self.SEL)):
                if self._source(output) == number:
                    self._tell(output)

    def level(self, output: int) -> bool:
        """The level of an output."""
        return bool(self._levels >> self._source(output) & 1)

    def _source(self, output: int) -> int:
        return self.SEL[output // 2] >> 8 * (output % 2) & 0x7F

    @SEL.on_write
    def _select(self, index: int, value: int) -> None:
        for output in (2 * index, 2 * index + 1):
            if self._source(output) not in KNOWN:
                self.gap(f"SEL[{index}]: input {self._source(output)}")
            self._tell(output)

    def _tell(self, output: int) -> None:
        if listener := self._listeners.get(output):
            listener(self.level(output))
        elif (pad := self._pads.get(output)) and self.iomuxc is not None:
            for port, _ in self.iomuxc.places(pad):
                port.settle()
