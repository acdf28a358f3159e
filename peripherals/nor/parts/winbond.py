"""Winbond W25Q family. Data sheets W25Q80DV, W25Q16/32/64/128/256JV and their -M (DTR) and 1.8 V
siblings. Suffix -IQ: QE fixed at 1, no QPI. Suffix -IM: QE 0 from the factory, QPI.
Values marked "recalled" were not checked against the sheet; "derived" ones follow a sibling.
"""

from __future__ import annotations

from .row import EraseUnit, Part

W25Q16JV_IQ = Part(
    name="W25Q16JV-IQ",
    aliases=("W25Q16JV",),
    maker="Winbond",
    family="w25q",
    lanes=4,
    id=bytes.fromhex("EF 40 15"),
    device_id=0x14,
    size=0x20_0000,
    page=256,
    qe=1,
    endurance=100_000,
    uid_length=8,
    erase=(
        EraseUnit("sector erase 4K", 0x1000, "erase_4k", (0x20,), (0x21,)),
        EraseUnit("block erase 32K", 0x8000, "erase_32k", (0x52,)),
        EraseUnit("block erase 64K", 0x10000, "erase_64k", (0xD8,), (0xDC,)),
    ),
    times={
        "page_program": (400_000, 3_000_000),
        "erase_4k": (45_000_000, 400_000_000),
        "erase_32k": (120_000_000, 1_600_000_000),
        "erase_64k": (150_000_000, 2_000_000_000),
        "write_status": (10_000_000, 15_000_000),
        "suspend": (20_000, 20_000),
        "power_down": (3_000, 3_000),
        "release": (3_000, 3_000),
        "reset": (30_000, 30_000),
        "chip_erase": (5_000_000_000, 25_000_000_000),
    },
    # sr3: HOLD/RST 0, DRV 11 (25 %), WPS 0; recalled.
    options={
        "qe_fixed": True,
        "qpi": False,
        "dtr": False,
        "status_registers": 3,
        "sr3": 0x60,
        "bp_scheme": "sec",
        "wide": False,
        "one_byte_write_clears_sr2": False,
    },
    sfdp={
        0x00: "53464450 050100ff 00050110 800000ff",
        0x80: "e520f9ff",
        0x84: "ffffff00",
        0x88: "44eb086b 083b42bb feffffff ffff0000 ffff40eb 0c200f52 10d80000 3602a600",
        0xA8: "82ea14b3",
        0xAC: "e9637633 7a757a75 f7a2d55c 19f74dff",
        0xBC: "e930f880",
    },
)

W25Q16JV_IM = W25Q16JV_IQ.like(
    name="W25Q16JV-IM",
    id=bytes.fromhex("EF 70 15"),
    qe=0,
    options={"qe_fixed": False, "qpi": True, "dtr": True},
)

W25Q32JV_IQ = W25Q16JV_IQ.like(
    name="W25Q32JV-IQ",
    aliases=("W25Q32JV",),
    id=bytes.fromhex("EF 40 16"),
    device_id=0x15,
    size=0x40_0000,
    times={"chip_erase": (10_000_000_000, 50_000_000_000)},
    # DWORD 11, chip erase time: derived (12 s is the nearest code above 10 s).
    sfdp={
        0x84: "ffffff01",
        0xA8: "82ea14c2",
    },
)

W25Q32JV_IM = W25Q32JV_IQ.like(
    name="W25Q32JV-IM",
    id=bytes.fromhex("EF 70 16"),
    qe=0,
    options={"qe_fixed": False, "qpi": True, "dtr": True},
)

W25Q64JV_IQ = W25Q16JV_IQ.like(
    name="W25Q64JV-IQ",
    aliases=("W25Q64JV",),
    id=bytes.fromhex("EF 40 17"),
    device_id=0x16,
    size=0x80_0000,
    times={"chip_erase": (20_000_000_000, 100_000_000_000)},
    sfdp={
        0x84: "ffffff03",
        0xA8: "82ea14c4",
    },
)

W25Q64JV_IM = W25Q64JV_IQ.like(
    name="W25Q64JV-IM",
    id=bytes.fromhex("EF 70 17"),
    qe=0,
    options={"qe_fixed": False, "qpi": True, "dtr": True},
)

W25Q128JV_IQ = W25Q16JV_IQ.like(
    name="W25Q128JV-IQ",
    aliases=("W25Q128JV",),
    id=bytes.fromhex("EF 40 18"),
    device_id=0x17,
    size=0x100_0000,
    times={"chip_erase": (40_000_000_000, 200_000_000_000)},
    sfdp={
        0x84: "ffffff07",
        0xA8: "82ea14c9",
    },
)

W25Q128JV_IM = W25Q128JV_IQ.like(
    name="W25Q128JV-IM",
    id=bytes.fromhex("EF 70 18"),
    qe=0,
    options={"qe_fixed": False, "qpi": True, "dtr": True},
)

# 256 Mb: BP3 in SR1, ADS/ADP in SR3, 4-byte commands. SFDP derived from the W25Q64JW-M dump and
# from the newer large parts (DWORD 16 and the 4-byte table); 32K has no 4-byte command.
W25Q256JV_IQ = W25Q16JV_IQ.like(
    name="W25Q256JV-IQ",
    aliases=("W25Q256JV",),
    id=bytes.fromhex("EF 40 19"),
    device_id=0x18,
    size=0x200_0000,
    times={"chip_erase": (80_000_000_000, 400_000_000_000)},
    options={"bp_scheme": "bp3", "wide": True},
    sfdp={
        0x00: "53464450 060101ff 00060110 800000ff 84000102 d00000ff",
        0x80: "e520fbff",
        0x84: "ffffff0f",
        0xA8: "82ea14d3",
        0xBC: "e970f9a5",
        0xD0: "ff0a00fe 21ffdcff",
    },
)

W25Q256JV_IM = W25Q256JV_IQ.like(
    name="W25Q256JV-IM",
    id=bytes.fromhex("EF 70 19"),
    qe=0,
    options={"qe_fixed": False, "qpi": True, "dtr": True},
)

# W25Q80DV: times recalled; QE 0 from the factory and writable, no SR3, no individual locks.
# Its SFDP is not known; density and times as this sheet, the rest derived.
W25Q80DV = W25Q16JV_IQ.like(
    name="W25Q80DV",
    aliases=("W25Q80",),
    id=bytes.fromhex("EF 40 14"),
    device_id=0x13,
    size=0x10_0000,
    qe=0,
    times={
        "page_program": (800_000, 3_000_000),
        "erase_32k": (120_000_000, 800_000_000),
        "erase_64k": (150_000_000, 1_000_000_000),
        "chip_erase": (2_000_000_000, 6_000_000_000),
    },
    options={"qe_fixed": False, "status_registers": 2},
    sfdp={
        0x84: "ffff7f00",
        0xA8: "82ea14a7",
    },
)

# 1.8 V. Suffix -M: QE 0, QPI; ids EF 80 xx (JW-M). W25Q64JW-M: SFDP as dumped.
W25Q64JW_IQ = W25Q64JV_IQ.like(
    name="W25Q64JW-IQ",
    aliases=("W25Q64JW",),
    id=bytes.fromhex("EF 60 17"),
)

W25Q64JW_IM = W25Q64JW_IQ.like(
    name="W25Q64JW-IM",
    id=bytes.fromhex("EF 80 17"),
    qe=0,
    options={"qe_fixed": False, "qpi": True, "dtr": True},
    sfdp={
        0x00: "53464450 060101ff 00060110 800000ff 84000102 d00000ff",
        0xAC: "e9637633 7a757a75 f7bdd55c 19f75dff",
    },
)

W25Q128JW_IQ = W25Q128JV_IQ.like(
    name="W25Q128JW-IQ",
    aliases=("W25Q128JW",),
    id=bytes.fromhex("EF 60 18"),
)

W25Q128JW_IM = W25Q128JW_IQ.like(
    name="W25Q128JW-IM",
    id=bytes.fromhex("EF 80 18"),
    qe=0,
    options={"qe_fixed": False, "qpi": True, "dtr": True},
)

# DW and FW: QE writable, 0 from the factory, QPI.
W25Q16FW = W25Q16JV_IM.like(
    name="W25Q16FW",
    aliases=("W25Q16DW",),
    id=bytes.fromhex("EF 60 15"),
    options={"dtr": False},
)

W25Q32FW = W25Q32JV_IM.like(
    name="W25Q32FW",
    aliases=("W25Q32DW",),
    id=bytes.fromhex("EF 60 16"),
    options={"dtr": False},
)

W25Q64FW = W25Q64JV_IM.like(
    name="W25Q64FW",
    aliases=("W25Q64DW",),
    id=bytes.fromhex("EF 60 17"),
    options={"dtr": False},
)

W25Q128FW = W25Q128JV_IM.like(
    name="W25Q128FW", id=bytes.fromhex("EF 60 18"), options={"dtr": False}
)
