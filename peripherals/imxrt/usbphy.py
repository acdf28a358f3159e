"""USB PHY, and the controller's non-core registers. (RT10xx)

IMXRT1060RM, chapters 42 and 43; reset values: imxrt-ral, imxrt106.
"""

from __future__ import annotations

from ..core import Peripheral, Register, RegisterArray, model


@model("Imxrt.UsbPhy")
class UsbPhy(Peripheral):
    """Storage: the bus at the other side of the PHY is always in order."""

    SIZE = 0x1000

    PWD = Register(0x00, reset=0x001E_1C00, set_clear_toggle=True)
    TX = Register(0x10, reset=0x1006_0607, set_clear_toggle=True)
    RX = Register(0x20, set_clear_toggle=True)
    CTRL = Register(0x30, reset=0xC020_0000, set_clear_toggle=True)
    STATUS = Register(0x40, ro=True)
    DEBUG = Register(0x50, reset=0x7F18_0000, set_clear_toggle=True)
    DEBUG0_STATUS = Register(0x60, ro=True)
    DEBUG1 = Register(0x70, reset=0x1000, set_clear_toggle=True)
    VERSION = Register(0x80, reset=0x0403_0000, ro=True)


@model("Imxrt.UsbNc")
class UsbNc(Peripheral):
    """Storage: power, over-current and wake-up of both ports. At +0x800 of the controllers."""

    SIZE = 0x20

    USB_OTGn_CTRL = RegisterArray(0x00, 2, reset=0x3000_1000)
    USB_OTGn_PHY_CTRL_0 = RegisterArray(0x18, 2)
