"""The memory that uSDHC's own DMA reads and writes: ADMA2's table of descriptors."""

from __future__ import annotations

from xipsim.peripherals.core.ports import Bus

VALID, END, TRANSFER, LINK = 0x01, 0x02, 0x20, 0x30
KIND = 0x30
DESCRIPTOR = 8
MOST = 1024
"""A table that links to itself without an END is given up after so many of them."""

Segment = tuple[int, int]
"""Address and length in bytes."""


def adma2_segments(bus: Bus, table: int) -> list[Segment]:
    """What the descriptors from `table` on name, up to END.

    ValueError for a descriptor that is not valid, BusError where there is no memory.
    """
    segments = []
    for _ in range(MOST):
        word, address = (
            int.from_bytes(part, "little")
            for part in (bus.read(table, 4), bus.read(table + 4, 4))
        )
        if not word & VALID:
            raise ValueError(f"the ADMA descriptor at {table:#010x} is not valid")
        table += DESCRIPTOR
        if word & KIND == TRANSFER:
            # A length of 0 stands for 65536.
            segments.append((address, word >> 16 or 0x1_0000))
        elif word & KIND == LINK:
            table = address
        if word & END:
            return segments
    raise ValueError(f"the ADMA table has no end within {MOST} descriptors")


def taken(segments: list[Segment], length: int) -> list[Segment]:
    """Take memory for `length` bytes off the front of `segments`; less where there is less."""
    parts = []
    while length and segments:
        address, size = segments.pop(0)
        used = min(size, length)
        parts.append((address, used))
        length -= used
        if used < size:
            segments.insert(0, (address + used, size - used))
    return parts
