"""DC-DC converter of the i.MX RT10xx: the core's supply. Reset values: RT1060 family."""

from __future__ import annotations

from xipsim.peripherals.core import Peripheral, Register, model


@model("Imxrt.Dcdc")
class Dcdc(Peripheral):
    """The converter. Its output is always right: voltages have no effect on the simulation."""

    # STS_DC_OK (bit 31), 0 in the manual. Assumption: a new target (REG3.TRG) settles at once.
    REG0 = Register(0x0, reset=0x9403_0111, ro=1 << 31)
    REG1 = Register(0x4, reset=0x111B_A29C)
    REG2 = Register(0x8, reset=0x4009)
    REG3 = Register(0xC, reset=0x010E)
