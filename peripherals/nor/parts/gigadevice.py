"""GigaDevice GD25Q: as W25Q, BP4 and BP3 in the places of SEC and TB. QE 0 from the factory.
Times: recalled from the GD25Q64C sheet; suspend latency and reset recalled. SFDP not known.
"""

from __future__ import annotations

from .row import EraseUnit, Part

GD25Q64C = Part(
    name="GD25Q64C",
    aliases=(),
    maker="GigaDevice",
    family="w25q",
    lanes=4,
    id=bytes.fromhex("C8 40 17"),
    device_id=0x16,
    size=0x80_0000,
    page=256,
    qe=0,
    endurance=100_000,
    uid_length=16,
    erase=(
        EraseUnit("sector erase 4K", 0x1000, "erase_4k", (0x20,)),
        EraseUnit("block erase 32K", 0x8000, "erase_32k", (0x52,)),
        EraseUnit("block erase 64K", 0x10000, "erase_64k", (0xD8,)),
    ),
    times={
        "page_program": (500_000, 2_400_000),
        "erase_4k": (50_000_000, 400_000_000),
        "erase_32k": (150_000_000, 800_000_000),
        "erase_64k": (200_000_000, 1_200_000_000),
        "chip_erase": (25_000_000_000, 60_000_000_000),
        "write_status": (5_000_000, 30_000_000),
        "suspend": (20_000, 20_000),
        "power_down": (20_000, 20_000),
        "release": (20_000, 20_000),
        "reset": (30_000, 30_000),
    },
    options={
        "qe_fixed": False,
        "qpi": False,
        "dtr": False,
        "sr3": 0x60,
        "status_registers": 3,
        "bp_scheme": "sec",
        "wide": False,
        "one_byte_write_clears_sr2": False,
    },
    sfdp={},
)
