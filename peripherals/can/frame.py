"""CAN frames, classic and FD, as they go over the bus. (ISO 11898-1)"""

from __future__ import annotations

from xipsim.peripherals.namedtuple import NamedTuple

LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64)
"""Bytes of an FD frame by its DLC; a classic one has at most eight."""
CLASSIC = 8
STANDARD_IDS, EXTENDED_IDS = 1 << 11, 1 << 29
STANDARD, EXTENDED = 47, 67
"""Bits of a classic frame without data, with the three behind it."""
FD_STANDARD, FD_EXTENDED = 17, 36
"""Bits of an FD frame up to the one that changes the rate."""
FD_END = 13
"""Bits behind the CRC, with the three behind the frame: at the slow rate again."""
FD_BEGIN, SHORT_CRC, LONG_CRC = 5, 4 + 17 + 6, 4 + 21 + 7
"""Fast bits: ESI and DLC; stuff count, CRC and their fixed stuff bits, the long one from 17 bytes
on."""


class Frame(NamedTuple):
    """One frame. dlc: its length code, which remote frames have without data."""

    identifier: int
    data: bytes = b""
    dlc: int = 0
    is_extended: bool = False
    is_remote: bool = False
    is_fd: bool = False
    is_fast: bool = False
    """Its data go at the fast rate (BRS)."""
    is_from_passive: bool = False
    """Its sender is error passive, as FD frames tell (ESI)."""

    @property
    def rank(self) -> tuple[int, int, int, int, int]:
        """Low ranks win the bus: as arbitration compares the bits."""
        if self.is_extended:
            # SRR and IDE are recessive.
            return self.identifier >> 18, 1, 1, self.identifier & 0x3FFFF, self.is_remote
        return self.identifier, self.is_remote, 0, 0, 0

    @property
    def bits(self) -> tuple[int, int]:
        """Bits at the slow and at the fast rate. Assumption: no stuff bits but the fixed ones."""
        data = 8 * len(self.data)
        if not self.is_fd:
            return (EXTENDED if self.is_extended else STANDARD) + data, 0
        crc = SHORT_CRC if len(self.data) <= 16 else LONG_CRC
        slow = (FD_EXTENDED if self.is_extended else FD_STANDARD) + FD_END
        fast = FD_BEGIN + data + crc
        return (slow, fast) if self.is_fast else (slow + fast, 0)


def dlc_of(length: int) -> int:
    """The code of the shortest frame that has `length` bytes; ValueError beyond 64."""
    if not 0 <= length <= LENGTHS[-1]:
        raise ValueError(f"expected 0 to 64 bytes, given {length}")
    return next(code for code, bytes_ in enumerate(LENGTHS) if bytes_ >= length)


def length_of(dlc: int, *, is_fd: bool) -> int:
    """Bytes by the length code."""
    return LENGTHS[dlc] if is_fd else min(dlc, CLASSIC)
