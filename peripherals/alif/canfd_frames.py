"""Frames as the buffers of the Alif's CANFD hold them. (Alif's canfd.h)"""

from __future__ import annotations

from collections.abc import Sequence

from xipsim.peripherals.can.frame import Frame, length_of

IDE, RTR, FDF, BRS, DLC, ESI = 1 << 7, 1 << 6, 1 << 5, 1 << 4, 0xF, 1 << 31
"""Of a message's second word; ESI of its first."""
ANY = 0x1FFF_FFFF


def frame_of(words: Sequence[int]) -> Frame:
    """What the words of a transmit buffer send."""
    identifier, control, *data = words
    is_fd, dlc = bool(control & FDF), control & DLC
    is_remote = bool(control & RTR and not is_fd)
    content = b"".join(word.to_bytes(4, "little") for word in data)
    return Frame(
        identifier & (ANY if control & IDE else 0x7FF),
        b"" if is_remote else content[: length_of(dlc, is_fd=is_fd)],
        dlc,
        bool(control & IDE),
        is_remote,
        is_fd,
        bool(is_fd and control & BRS),
    )


def words_of(frame: Frame) -> list[int]:
    """The words of a receive buffer that holds the frame."""
    control = frame.dlc | (IDE if frame.is_extended else 0) | (RTR if frame.is_remote else 0)
    control |= (FDF if frame.is_fd else 0) | (BRS if frame.is_fast else 0)
    data = frame.data + bytes(-len(frame.data) % 4)
    words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
    return [frame.identifier | (ESI if frame.is_from_passive else 0), control, *words]
