"""Which pins UARTs may have."""

from __future__ import annotations

from .pinmux import pads

PADS = pads(
    {
        1: "P1_0 2RX P1_1 2TX P1_2 3RX P1_3 3TX P9_4 7TX P10_5 6RX P10_6 6TX P10_7 7RX",
        2: "P0_0 0RX P0_1 0TX P0_4 1RX P0_5 1TX P1_4 0RX P1_5 0TX P1_6 1RX P1_7 1TX P2_0 2RX "
        "P2_1 2TX P2_2 3RX P2_3 3TX P3_0 4RX P3_1 4TX P3_4 5RX P3_5 5TX P5_0 4RX P5_1 4TX "
        "P5_2 5RX P5_3 5TX P9_3 7RX P11_0 7TX P11_3 5RX P11_4 5TX P11_5 6RX P11_6 6TX "
        "P12_1 4RX P12_2 4TX P14_0 6RX P14_1 6TX P14_2 7RX P14_3 7TX",
    }
)
"""By alternate function (ensemble_pin_alt.csv of MicroPython's port): RX and TX of each UART."""
