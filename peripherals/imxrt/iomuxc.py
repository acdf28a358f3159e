"""Pin multiplexers and general-purpose registers of the i.MX RT1060 family.

Of a pad's control its pull and its open drain count. A pad that is given to a block whose signals
go over pins here is lent to it by the pad's GPIO port; any other is its port's, whatever its
multiplexer says. The rest is storage.
"""

from __future__ import annotations

from collections.abc import Mapping

from xipsim.peripherals.core import (
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    model,
)
from xipsim.peripherals.multiplexer import Choice, PinMultiplexer

from .gpio import Gpio

_GPIO = 5
"""ALT5, which is GPIO on every pad."""

_AD_B0_MUX = (0,) * 8
"""GPIO_AD_B0_04 to 11 come up as boot mode and JTAG pins."""

_ODE, _PULLED, _PUS, _DOWN = 1 << 11, 3 << 12, 14, 0
"""Of a pad's control: open drain; PKE and PUE, which together switch the pull on; which one."""
_KEEPER = 0x10B0
_PAD_CTL = (
    *(_KEEPER,) * 27,
    0x30B0,  # EMC_27
    *(_KEEPER,) * 18,
    *(0x30B0, 0x30B0, 0x70A0, 0x70A0, 0xB0A0, 0x70A0, 0x90B1, 0x70A0),  # AD_B0_04 to 11
    *(_KEEPER,) * 70,
)


_PORTS = ((0, 32, 4, 0), (32, 42, 3, 18), (42, 74, 1, 0), (74, 106, 2, 0), (106, 112, 3, 12))
"""Pads from, to, and the GPIO port and pin of the first; GPIO_SD_B1 is at the port's own pin 0."""
_SD_B1 = 112


def pad_of(name: str) -> int:
    """The place of a pad such as `B1_03`."""
    bank, _, number = name.rpartition("_")
    first = {"EMC": 0, "AD_B0": 42, "AD_B1": 58, "B0": 74, "B1": 90, "SD_B0": 106, "SD_B1": _SD_B1}
    return first[bank] + int(number)


def pads(by_mode: Mapping[int, str]) -> dict[Choice, str]:
    """What pads are by their MUX_MODE, from `PAD SIGNAL PAD SIGNAL ...` for each mode."""
    return {
        (pad_of(name), mode): signal
        for mode, text in by_mode.items()
        for name, signal in zip(text.split()[::2], text.split()[1::2], strict=True)
    }


def port_of(pad: int) -> tuple[int, int]:
    """GPIO port and pin of a pad (IMXRT1060RM, table 10-1)."""
    for first, end, port, pin in _PORTS:
        if first <= pad < end:
            return port, pin + pad - first
    return 3, pad - _SD_B1


@model("Imxrt.Iomuxc")
class Iomuxc(PinMultiplexer):
    """One multiplexer and one pad control register for each pad, one selector for each input.

    Assumption: the pad that is muxed to a block's input is its input, whatever the selector says.
    Pads in order: GPIO_EMC_00-41, AD_B0_00-15, AD_B1_00-15, B0_00-15, B1_00-15, SD_B0_00-05,
    SD_B1_00-11; the second arrays are GPIO_SPI_B0_00-13 and SPI_B1_00-07.
    """

    gpio1 = Parameter(Gpio, "the port of AD_B0 and AD_B1", default=None)
    gpio2 = Parameter(Gpio, "the port of B0 and B1", default=None)
    gpio3 = Parameter(Gpio, "the port of EMC_32-41, SD_B0 and SD_B1", default=None)
    gpio4 = Parameter(Gpio, "the port of EMC_00-31", default=None)

    SW_MUX_CTL_PAD = RegisterArray(0x14, 124, reset=(*(_GPIO,) * 46, *_AD_B0_MUX, *(_GPIO,) * 70))
    SW_PAD_CTL_PAD = RegisterArray(0x204, 124, reset=_PAD_CTL)
    SELECT_INPUT = RegisterArray(0x3F4, 154)
    SW_MUX_CTL_PAD_1 = RegisterArray(0x65C, 22, reset=(0, *(_GPIO,) * 12, 0, *(_GPIO,) * 7, 0))
    SW_PAD_CTL_PAD_1 = RegisterArray(0x6B4, 22, reset=_KEEPER)
    SELECT_INPUT_1 = RegisterArray(0x70C, 33)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        for pad, value in enumerate(_PAD_CTL):
            self._control(pad, value)

    @SW_PAD_CTL_PAD.on_write
    def _control(self, pad: int, value: int) -> None:
        place = self._place(pad)
        if place is not None:
            port, pin = place
            pull = value >> _PUS & 3 != _DOWN if value & _PULLED == _PULLED else None
            port.set_up(pin, pull=pull, open_drain=bool(value & _ODE))

    @SW_MUX_CTL_PAD.on_write
    def _mux(self, pad: int, value: int) -> None:
        self._route(pad, settles=True)

    def _pads(self) -> int:
        return len(self.SW_MUX_CTL_PAD)

    def _selected(self, pad: int) -> int | None:
        mode = self.SW_MUX_CTL_PAD[pad] & 7
        return None if mode == _GPIO else mode

    def _place(self, pad: int) -> tuple[Gpio, int] | None:
        number, pin = port_of(pad)
        port = (self.gpio1, self.gpio2, self.gpio3, self.gpio4)[number - 1]
        return None if port is None else (port, pin)


@model("Imxrt.IomuxcGpr")
class IomuxcGpr(Peripheral):
    """Switches that belong to no block: FlexRAM split, GPIO bank selection, interrupt routing.

    GPR14, 16 and 17 (FlexRAM) are storage, since the memories have their maximum size, and so are
    GPR26 to 29, which hand pads of GPIO1-4 to GPIO6-9.
    """

    GPR0 = Register(0x00, ro=True)
    GPR1 = Register(0x04)
    GPR2 = Register(0x08)
    GPR3 = Register(0x0C, reset=0xF0F0, ro=0x0F0F_0000)
    GPR4 = Register(0x10, ro=0xFFFF_0000)
    GPR5 = Register(0x14)
    GPR6 = Register(0x18)
    GPR7 = Register(0x1C, ro=0xFFFF_0000)
    GPR8 = Register(0x20)
    GPR9 = Register(0x24, ro=True)
    GPR10 = Register(0x28, reset=0x7)
    GPR11 = Register(0x2C)
    GPR12 = Register(0x30)
    GPR13 = Register(0x34)
    GPR14 = Register(0x38)
    GPR15 = Register(0x3C, reset=0xFFFF_FFFF, ro=True)
    GPR16 = Register(0x40, reset=0x0020_0003)
    GPR17 = Register(0x44)
    GPR18 = Register(0x48)
    GPR19 = Register(0x4C)
    GPR20 = Register(0x50)
    GPR21 = Register(0x54)
    GPR22 = Register(0x58)
    GPR23 = Register(0x5C)
    GPR24 = Register(0x60)
    GPR25 = Register(0x64)
    GPR26 = Register(0x68)
    GPR27 = Register(0x6C)
    GPR28 = Register(0x70)
    GPR29 = Register(0x74)
    GPR30 = Register(0x78)
    GPR31 = Register(0x7C)
    GPR32 = Register(0x80)
    GPR33 = Register(0x84, reset=0x7)
    GPR34 = Register(0x88)


@model("Imxrt.IomuxcSnvs")
class IomuxcSnvs(Peripheral):
    """Pads of the battery-backed domain: WAKEUP, PMIC_ON_REQ, PMIC_STBY_REQ and four controls."""

    SW_MUX_CTL_PAD = RegisterArray(0x00, 3, reset=(_GPIO, 0, 0), survives_reset=True)
    SW_PAD_CTL_PAD = RegisterArray(
        0x0C,
        6,
        reset=(0x30A0, 0x1B0A0, 0x1B0A0, 0x1B0A0, 0xB8A0, 0xA0A0),
        survives_reset=True,
    )


@model("Imxrt.IomuxcSnvsGpr")
class IomuxcSnvsGpr(Peripheral):
    """The battery-backed domain's own switches."""

    GPR0 = Register(0x0, ro=True)
    GPR1 = Register(0x4, ro=True)
    GPR2 = Register(0x8, ro=True)
    GPR3 = Register(0xC, survives_reset=True)
