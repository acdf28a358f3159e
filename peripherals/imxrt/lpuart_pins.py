"""Which pads LPUARTs may have."""

from __future__ import annotations

from .iomuxc import pads

PADS = pads(
    {
        1: "B1_12 5TX B1_13 5RX",
        2: "AD_B0_02 6TX AD_B0_03 6RX AD_B0_12 1TX AD_B0_13 1RX AD_B1_02 2TX AD_B1_03 2RX "
        "AD_B1_06 3TX AD_B1_07 3RX AD_B1_10 8TX AD_B1_11 8RX B1_00 4TX B1_01 4RX "
        "EMC_13 3TX EMC_14 3RX EMC_19 4TX EMC_20 4RX EMC_23 5TX EMC_24 5RX EMC_25 6TX "
        "EMC_26 6RX EMC_31 7TX EMC_32 7RX EMC_38 8TX EMC_39 8RX SD_B0_04 8TX SD_B0_05 8RX "
        "SD_B1_08 7TX SD_B1_09 7RX SD_B1_10 2RX SD_B1_11 2TX",
        3: "B0_08 3TX B0_09 3RX",
        4: "SD_B1_00 4TX SD_B1_01 4RX",
    }
)
"""By their MUX_MODE (fsl_iomuxc.h): TXD and RXD of each LPUART."""
