"""Macronix octal flash. Maximum times: limits of ST's driver; typical ones, power-down, suspend and
reset recalled (a software reset during an erase takes up to 100 ms). SFDP: as ST's copy of the
MX25LM51245G has it; density derived.
"""

from __future__ import annotations

from .row import EraseUnit, Part

MX25UM25645G = Part(
    name="MX25UM25645G",
    aliases=(),
    maker="Macronix",
    family="macronix-octal",
    lanes=8,
    id=bytes.fromhex("C2 80 39"),
    device_id=0x39,
    size=0x200_0000,
    page=256,
    endurance=100_000,
    uid_length=16,
    erase=(
        EraseUnit("sector erase 4K", 0x1000, "erase_4k", (0x20,), (0x21,)),
        EraseUnit("block erase 64K", 0x10000, "erase_64k", (0xD8,), (0xDC,)),
    ),
    times={
        "page_program": (150_000, 750_000),
        "erase_4k": (25_000_000, 400_000_000),
        "erase_64k": (220_000_000, 2_000_000_000),
        "chip_erase": (150_000_000_000, 460_000_000_000),
        "write_status": (10_000_000, 40_000_000),
        "suspend": (20_000, 20_000),
        "power_down": (10_000, 10_000),
        "release": (30_000, 30_000),
        "reset": (40_000, 100_000_000),
    },
    options={},
    sfdp={
        0x00: "53464450 060102ff 00060110 300000ff c2000104 100100ff 84000102 c00000ff",
        0x38: (
            "ffffffffffffffff ff0114ecffffffff ffffffff0c2010dc 00ff00ffffffffff "
            "81ffffffffffffff ffffffffffffffff ffffffffff50f980"
        ),
        0xC0: "7fefffff215cdc14",
        0x30: "30fffbff ffffff0f",
    },
)

MX25UM51245G = MX25UM25645G.like(
    name="MX25UM51245G",
    id=bytes.fromhex("C2 80 3A"),
    device_id=0x3A,
    size=0x400_0000,
    sfdp={0x30: "30fffbff ffffff1f"},
)

MX25LM51245G = MX25UM51245G.like(name="MX25LM51245G", id=bytes.fromhex("C2 85 3A"))

MX66UM1G45G = MX25UM25645G.like(
    name="MX66UM1G45G",
    id=bytes.fromhex("C2 80 3B"),
    device_id=0x3B,
    size=0x800_0000,
    sfdp={0x30: "30fffbff ffffff3f"},
)
