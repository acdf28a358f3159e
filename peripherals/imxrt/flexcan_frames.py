"""Frames as FlexCAN's message buffers hold them, and what lets them in."""

from __future__ import annotations

from xipsim.peripherals.namedtuple import NamedTuple

DLC, RTR, IDE, SRR, CODE = 16, 1 << 20, 1 << 21, 1 << 22, 24
"""Places and bits of a buffer's first word."""
STANDARD = 18
"""Where a standard identifier begins in its second."""
IDENTIFIER = 0x1FFF_FFFF
FILTER_RTR, FILTER_IDE = 1 << 31, 1 << 30
"""Of an element of the FIFO's table, format A, which has the identifier from bit 1 up."""


class Frame(NamedTuple):
    """The four words of a message buffer."""

    cs: int
    id: int
    word0: int
    word1: int

    @property
    def is_extended(self) -> bool:
        """With 29 bits of identifier."""
        return bool(self.cs & IDE)

    @property
    def is_remote(self) -> bool:
        """A request for data."""
        return bool(self.cs & RTR)

    @property
    def identifier(self) -> int:
        """As the second word has it, without priority, and without what a standard one lacks."""
        mask = IDENTIFIER if self.is_extended else IDENTIFIER & -1 << STANDARD
        return self.id & mask

    @property
    def arbitration(self) -> int:
        """Less is sent first: the bits of the arbitration field in their order on the bus."""
        base, rest = self.identifier >> STANDARD, self.identifier & (1 << STANDARD) - 1
        if self.is_extended:
            # SRR and IDE are recessive.
            return base << 21 | 0b11 << 19 | rest << 1 | self.is_remote
        return base << 21 | self.is_remote << 20


def bits_of(frame: Frame) -> int:
    """Bits on the bus with the three behind it, stuff bits apart (ISO 11898-1, 10.4)."""
    length = 0 if frame.is_remote else min(frame.cs >> DLC & 0xF, 8)
    return (67 if frame.is_extended else 47) + 8 * length


def filter_matches(frame: Frame, element: int, mask: int) -> bool:
    """Whether an element of the receive FIFO's table lets the frame in."""
    own = frame.identifier << 1
    own |= FILTER_RTR if frame.is_remote else 0
    own |= FILTER_IDE if frame.is_extended else 0
    return (own ^ element) & mask == 0


def mailbox_matches(frame: Frame, own: Frame, mask: int) -> bool:
    """Whether a buffer that receives takes the frame.

    Assumption: IDE and RTR are always compared, as CTRL2 has it after a reset.
    """
    kinds = (frame.is_extended, frame.is_remote) == (own.is_extended, own.is_remote)
    return kinds and (frame.identifier ^ own.identifier) & mask & IDENTIFIER == 0


def received_cs(frame: Frame, code: int, time: int) -> int:
    """The first word of a buffer that has received the frame."""
    kept = frame.cs & (IDE | RTR | SRR | 0xF << DLC)
    return code << CODE | kept | time & 0xFFFF
