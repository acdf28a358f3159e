"""Frames as FlexCAN's message buffers hold them, and what lets them in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from xipsim.peripherals.can.frame import Frame, length_of
from xipsim.peripherals.namedtuple import NamedTuple

DLC, RTR, IDE, SRR, CODE = 16, 1 << 20, 1 << 21, 1 << 22, 24
ESI, BRS, EDL = 1 << 29, 1 << 30, 1 << 31
"""Places and bits of a buffer's first word."""
STANDARD = 18
"""Where a standard identifier begins in its second."""
IDENTIFIER = 0x1FFF_FFFF
FILTER_RTR, FILTER_IDE = 1 << 31, 1 << 30
"""Of an element of the FIFO's table, format A, which has the identifier from bit 1 up."""
HEAD = 2
"""Words of a buffer before its data."""
REGION = 128
"""Words of memory in which all buffers have one size."""


class Place(NamedTuple):
    """Where a message buffer lies: its first word, and how many of data it has."""

    first: int
    words: int

    @property
    def span(self) -> range:
        """All its words."""
        return range(self.first, self.first + HEAD + self.words)


@lru_cache(maxsize=8)
def layout(sizes: tuple[int, int] | None) -> tuple[Place, ...]:
    """Where the buffers are. sizes: MBDSR0 and 1, which FD gives two regions; None: classic."""
    codes = (0, 0) if sizes is None else sizes
    places = []
    for region, code in enumerate(codes):
        words = 2 << code
        count = REGION // (HEAD + words)
        places += [Place(region * REGION + n * (HEAD + words), words) for n in range(count)]
    return tuple(places)


@lru_cache(maxsize=8)
def numbers(sizes: tuple[int, int] | None) -> dict[int, int]:
    """Which buffer's first word is where; as `layout`."""
    return {place.first: number for number, place in enumerate(layout(sizes))}


def frame_of(words: Sequence[int], *, takes_fd: bool) -> Frame:
    """What a buffer's words send. takes_fd: EDL counts, which is 0 else."""
    control, identifier, *data = words
    is_fd = bool(takes_fd and control & EDL)
    is_extended, is_remote = bool(control & IDE), bool(control & RTR and not is_fd)
    dlc = control >> DLC & 0xF
    length = min(length_of(dlc, is_fd=is_fd), 4 * len(data))
    content = b"".join(word.to_bytes(4, "big") for word in data)
    return Frame(
        identifier & IDENTIFIER if is_extended else (identifier & IDENTIFIER) >> STANDARD,
        b"" if is_remote else content[:length],
        dlc,
        is_extended,
        is_remote,
        is_fd,
        bool(is_fd and control & BRS),
    )


def words_of(frame: Frame, code: int, time: int, count: int) -> list[int]:
    """The words of a buffer of `count` words of data that has received the frame."""
    control = code << CODE | frame.dlc << DLC | time & 0xFFFF
    control |= (IDE | SRR if frame.is_extended else 0) | (RTR if frame.is_remote else 0)
    if frame.is_fd:
        control |= EDL | (BRS if frame.is_fast else 0) | (ESI if frame.is_from_passive else 0)
    data = frame.data[: 4 * count].ljust(4 * count, b"\0")
    words = [int.from_bytes(data[at : at + 4], "big") for at in range(0, 4 * count, 4)]
    return [control, raw_identifier(frame), *words]


def raw_identifier(frame: Frame) -> int:
    """As the second word has it."""
    return frame.identifier if frame.is_extended else frame.identifier << STANDARD


def filter_matches(frame: Frame, element: int, mask: int) -> bool:
    """Whether an element of the receive FIFO's table lets the frame in."""
    own = raw_identifier(frame) << 1
    own |= FILTER_RTR if frame.is_remote else 0
    own |= FILTER_IDE if frame.is_extended else 0
    return (own ^ element) & mask == 0


def mailbox_matches(frame: Frame, control: int, identifier: int, mask: int) -> bool:
    """Whether a buffer that receives, by its first two words, takes the frame.

    Assumption: IDE and RTR are always compared, as CTRL2 has it after a reset.
    """
    kinds = (frame.is_extended, frame.is_remote) == (bool(control & IDE), bool(control & RTR))
    return kinds and (raw_identifier(frame) ^ identifier) & mask & IDENTIFIER == 0
