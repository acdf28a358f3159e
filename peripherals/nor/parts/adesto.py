"""Adesto (Renesas) AT25SF128A and AT25QL128A: registers as W25Q. Times from the SFDP of the
AT25QL128A (the AT25SF128A has no table of its own here); status write and reset recalled.
"""

from __future__ import annotations

from .row import EraseUnit, Part

AT25QL128A = Part(
    name="AT25QL128A",
    aliases=(),
    maker="Adesto",
    family="w25q",
    lanes=4,
    id=bytes.fromhex("1F 42 18"),
    device_id=0x17,
    size=0x100_0000,
    page=256,
    qe=0,
    endurance=100_000,
    uid_length=8,
    erase=(
        EraseUnit("sector erase 4K", 0x1000, "erase_4k", (0x20,)),
        EraseUnit("block erase 32K", 0x8000, "erase_32k", (0x52,)),
        EraseUnit("block erase 64K", 0x10000, "erase_64k", (0xD8,)),
    ),
    times={
        "page_program": (640_000, 6_400_000),
        "erase_4k": (64_000_000, 512_000_000),
        "erase_32k": (208_000_000, 1_664_000_000),
        "erase_64k": (352_000_000, 2_816_000_000),
        "chip_erase": (60_000_000_000, 600_000_000_000),
        "write_status": (10_000_000, 15_000_000),
        "suspend": (20_000, 20_000),
        "power_down": (3_000, 3_000),
        "release": (3_000, 3_000),
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
        "one_byte_write_clears_sr2": True,
    },
    # The table as dumped; header and place derived.
    sfdp={
        0x00: "53464450 060100ff 00060110 300000ff",
        0x30: (
            "e520f1ff ffffff07 44eb086b 083b80bb feffffff ffff00ff ffff42eb 0c200f52 "
            "10d800ff 3362d500"
        ),
        0x58: "842901ce eca1073d 7a757a75 f7a2d55c 19f61cff e810c080",
    },
)

AT25SF128A = AT25QL128A.like(name="AT25SF128A", id=bytes.fromhex("1F 89 01"))
