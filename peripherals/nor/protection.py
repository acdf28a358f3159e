"""Which part of the array the block protection bits cover."""

from __future__ import annotations

from functools import cache

BLOCK, SECTOR = 0x1_0000, 0x1000


def covers(area: tuple[int, int], address: int, length: int) -> bool:
    """Whether any byte of the range is in `area`."""
    start, end = area
    return max(address, start) < min(address + length, end)


def in_words(area: tuple[int, int], registers: str) -> str:
    """That it is protected, by these registers."""
    start, end = area
    return f"{start:#x} to {end - 1:#x} is protected ({registers})"


@cache
def area(sr1: int, complement: bool, size: int, scheme: str) -> tuple[int, int]:
    """The protected range [start, end) for these status bits.

    scheme `sec`: b6 SEC, b5 TB, b4-2 BP; `bp3`: b6 TB, b5-2 BP (256 Mb and more).
    """
    if scheme == "bp3":
        from_bottom, bp = sr1 >> 6 & 1, sr1 >> 2 & 0xF
        length = BLOCK << bp - 1 if bp else 0
    else:
        from_bottom, bp = sr1 >> 5 & 1, sr1 >> 2 & 7
        length = _sectors(bp, size) if sr1 >> 6 & 1 else _blocks(bp, size)
    length = min(length, size)
    if from_bottom:
        return (length, size) if complement else (0, length)
    return (0, size - length) if complement else (size - length, size)


def _blocks(bp: int, size: int) -> int:
    unit = max(BLOCK, size // 64)
    return size if bp == 7 else unit << bp - 1 if bp else 0


def _sectors(bp: int, size: int) -> int:
    # Assumption: code 6, which the tables leave out, protects all as code 7 does.
    return (0, SECTOR, 2 * SECTOR, 4 * SECTOR, 8 * SECTOR, 8 * SECTOR, size, size)[bp]
