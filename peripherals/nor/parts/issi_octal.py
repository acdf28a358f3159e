"""ISSI IS25LX/WX octal flash. Times, ids and opcodes: IS25LX/WX256 data sheet A14; those of the
512-Mb parts derived. SFDP: not dumped; derived from the sibling MT35XU01G (same lineage).
Suspend latency from the SFDP of ISSI's quad parts; reset recalled.
"""

from __future__ import annotations

from .row import EraseUnit, Part

IS25WX256 = Part(
    name="IS25WX256",
    aliases=(),
    maker="ISSI",
    family="issi-octal",
    lanes=8,
    id=bytes.fromhex("9D 5B 19"),
    device_id=0x18,
    size=0x200_0000,
    page=256,
    endurance=100_000,
    uid_length=16,
    erase=(
        EraseUnit("sector erase 4K", 0x1000, "erase_4k", (0x20,), (0x21,)),
        EraseUnit("block erase 32K", 0x8000, "erase_32k", (0x52,), (0x5C,)),
        EraseUnit("block erase 128K", 0x20000, "erase_128k", (0xD8,), (0xDC,)),
    ),
    times={
        "page_program": (150_000, 1_800_000),
        "erase_4k": (80_000_000, 400_000_000),
        "erase_32k": (130_000_000, 1_000_000_000),
        "erase_128k": (280_000_000, 1_000_000_000),
        "write_status": (1_300_000, 15_000_000),
        "write_nv": (200_000_000, 1_000_000_000),
        "suspend": (56_000, 56_000),
        "power_down": (3_000, 3_000),
        "release": (30_000, 30_000),
        "reset": (35_000, 100_000),
        "chip_erase": (70_000_000_000, 180_000_000_000),
    },
    options={"second_register_byte": "ignored"},
    sfdp={
        0x00: "53464450 060101ff 00060110 300000ff 84000102 800000ff",
        0x38: (
            "0000000000000000 eeffffffffff0000 ffff00000c2011d8 0f520000245a9900 "
            "8b8e03e1ac012738 7a757a75fbbdd55c 000070ff81b03836"
        ),
        0x80: "430effff21dc5cff",
        0x30: "e5208aff ffffff0f",
    },
)

IS25WX128 = IS25WX256.like(
    name="IS25WX128",
    id=bytes.fromhex("9D 5B 18"),
    size=0x100_0000,
    times={"chip_erase": (30_000_000_000, 90_000_000_000)},
    sfdp={0x30: "e5208aff ffffff07"},
)

IS25WX512 = IS25WX256.like(
    name="IS25WX512",
    id=bytes.fromhex("9D 5B 1A"),
    size=0x400_0000,
    times={"chip_erase": (140_000_000_000, 360_000_000_000)},
    sfdp={0x30: "e5208aff ffffff1f"},
)

IS25LX128 = IS25WX128.like(name="IS25LX128", id=bytes.fromhex("9D 5A 18"))

IS25LX256 = IS25WX256.like(name="IS25LX256", id=bytes.fromhex("9D 5A 19"))

IS25LX512 = IS25WX512.like(name="IS25LX512", id=bytes.fromhex("9D 5A 1A"))
