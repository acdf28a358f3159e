"""FlexRAM controller of the i.MX RT10xx: tightly coupled memories and on-chip RAM."""

from __future__ import annotations

from xipsim.peripherals.core import Peripheral, Register, model


@model("Imxrt.FlexRam")
class FlexRam(Peripheral):
    """Wait states and access errors.

    Assumption: no access error ever occurs. The memories have their maximum size whatever split
    IOMUXC_GPR16 and 17 ask for, so nothing lies outside them.
    """

    TCM_CTRL = Register(0x00)
    INT_STATUS = Register(0x10, w1c=0x38)
    INT_STAT_EN = Register(0x14)
    INT_SIG_EN = Register(0x18)
