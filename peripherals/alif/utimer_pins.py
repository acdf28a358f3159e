"""The pads that carry outputs of UTIMER. (Alif's datasheet, as MicroPython's ensemble_pin_alt.csv)

A signal is a channel and its driver: `10A` is UT10_T0, `10B` UT10_T1.
"""

from __future__ import annotations

from .pinmux import pads

PADS = pads(
    {
        3: "P12_4 10A P12_5 10B P12_6 11A",
        4: "P0_0 0A P0_1 0B P0_2 1A P0_3 1B P1_0 4A P1_1 4B P1_2 5A P1_3 5B P1_4 6A P1_5 6B "
        "P1_6 7A P1_7 7B P2_0 8A P2_1 8B P2_2 9A P2_3 9B P2_4 10A P2_5 10B P2_6 11A P2_7 11B "
        "P5_5 2B P5_6 3A P5_7 3B P6_0 4A P6_1 4B P10_0 0A P10_1 0B P10_2 1A P10_3 1B P11_1 4B "
        "P12_0 8A P12_1 8B P12_2 9A P12_3 9B P12_7 11B",
        5: "P0_4 2A P0_5 2B P0_6 3A P0_7 3B P5_3 1B P5_4 2A P6_2 5A P6_3 5B P6_4 6A P6_5 6B "
        "P6_6 7A P6_7 7B P7_0 8A P7_1 8B P10_4 2A P10_5 2B P10_6 3A P10_7 3B P11_0 4A P11_2 5A "
        "P11_3 5B P11_4 6A P11_5 6B P11_6 7A P11_7 7B",
        6: "P5_0 0A P5_1 0B P5_2 1A P7_2 9A P7_3 9B P7_4 10A",
        7: "P7_5 10B P7_6 11A P7_7 11B",
    }
)
