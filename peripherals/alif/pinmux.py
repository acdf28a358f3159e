"""Pin multiplexers and pads of the Alif Ensemble. (Alif's Ensemble CMSIS DFP, pinconf)

All of it is storage: pads are connected as the board's description says.
"""

from __future__ import annotations

from xipsim.peripherals.core import Peripheral, RegisterArray, model


@model("Alif.Pinmux")
class Pinmux(Peripheral):
    """One register for each pin of the ports 0 to 14: pin n of port p is PAD[8 * p + n].

    Alternate function in bits 2:0, pad control in bits 23:16. Reset values are not public: 0.
    """

    SIZE = 0x1000

    PAD = RegisterArray(0x00, 15 * 8)


@model("Alif.LpgpioPads")
class LpgpioPads(Peripheral):
    """Pad control of port 15, which has no alternate functions."""

    SIZE = 0x1000

    # Assumption: the battery domain keeps them over warm resets, like the port itself.
    PAD = RegisterArray(0x00, 8, survives_reset=True)
