"""What is written into an SD card: its registers (Physical Layer Simplified Specification, 5)."""

from __future__ import annotations

UNIT = 0x8_0000
"""Bytes that C_SIZE counts."""
VOLTAGES = 0x00FF_8000
"""OCR: 2.7 to 3.6 V."""
READY_AND_HIGH_CAPACITY = 0xC000_0000
RCA = 0x1234
"""Assumption: any number but 0 would do."""
CID = int.from_bytes(b"\x00XSXIPSM\x10\x00\x00\x00\x01\x01\x8a", "big")
"""Bits 127 to 8: maker 0, "XS", "XIPSM", 1.0, serial number 1, October 2024."""
CONFIGURATION = bytes((0x02, 0x05, 0x80, 0x02, 0, 0, 0, 0))
"""SCR: version 3.0, erased cells read 0, one or four lines; CMD23."""


def card_specific_data(size: int) -> int:
    """Bits 127 to 8 of the CSD, version 2.0, of a card of `size` bytes (5.3.3)."""
    fields = (
        (126, 1),  # version 2.0
        (112, 0x0E),  # TAAC
        (96, 0x32),  # TRAN_SPEED: 25 MHz
        (84, 0x5B5),  # CCC
        (80, 9),  # READ_BL_LEN
        (48, size // UNIT - 1),  # C_SIZE
        (46, 1),  # ERASE_BLK_EN
        (39, 0x7F),  # SECTOR_SIZE
        (26, 2),  # R2W_FACTOR
        (22, 9),  # WRITE_BL_LEN
    )
    return sum(value << lsb for lsb, value in fields) >> 8
