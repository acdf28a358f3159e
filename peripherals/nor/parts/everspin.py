"""Everspin EMxxLX, MRAM that speaks as octal flash. Times: data sheet 3.2 (it gives maxima);
suspend does not exist. A write is done when chip select rises. SFDP not known.
"""

from __future__ import annotations

from .row import EraseUnit, Part

EM064LX = Part(
    name="EM064LX",
    aliases=(),
    maker="Everspin",
    family="everspin",
    lanes=8,
    id=bytes.fromhex("6B BB 17"),
    device_id=0x17,
    size=0x80_0000,
    page=256,
    endurance=100_000_000_000_000,
    uid_length=16,
    erase=(
        EraseUnit("sector erase 4K", 0x1000, "erase_4k", (0x20,), (0x21,)),
        EraseUnit("block erase 32K", 0x8000, "erase_32k", (0x52,), (0x5C,)),
        EraseUnit("block erase 64K", 0x10000, "erase_64k", (0xD8,), (0xDC,)),
    ),
    times={
        "page_program": (0, 0),
        "erase_4k": (60_000, 60_000),
        "erase_32k": (500_000, 500_000),
        "erase_64k": (960_000, 960_000),
        "chip_erase": (125_000_000, 125_000_000),
        "write_status": (1_500, 1_500),
        "write_nv": (1_500, 1_500),
        "power_down": (3_000, 3_000),
        "release": (350_000, 350_000),
        "reset": (300_000, 350_000),
    },
    options={"second_register_byte": "next"},
    sfdp={},
)

EM128LX = EM064LX.like(
    name="EM128LX",
    id=bytes.fromhex("6B BB 18"),
    device_id=0x18,
    size=0x100_0000,
)
