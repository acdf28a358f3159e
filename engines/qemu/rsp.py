"""gdb's remote serial protocol: packets on a stream.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

from collections.abc import Iterator

ACK, NAK, BREAK = b"+", b"-", b"\x03"
LONGEST = 1 << 17
"""Bytes of a packet; the peer has lost its way where one is longer, and QEMU has no room for it."""


class Stream:
    """What has come in, cut into items: acknowledgements, a break, and whole packets."""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The items that are complete; what comes between packets is dropped."""
        self._bytes += data
        while self._bytes:
            if self._bytes[:1] in (ACK, NAK, BREAK):
                yield self._take(1)
            elif self._bytes[:1] == b"$":
                end = self._bytes.find(b"#")
                if end < 0 or len(self._bytes) < end + 3:
                    if len(self._bytes) > LONGEST:
                        self._bytes = b""
                    return
                yield self._take(end + 3)
            else:
                self._take(1)

    def _take(self, count: int) -> bytes:
        item, self._bytes = self._bytes[:count], self._bytes[count:]
        return item


def is_whole(item: bytes) -> bool:
    """Whether the packet has the checksum that it says, and no escape or repetition at its end.

    QEMU's stub waits for the rest of any other: what comes behind it would be lost.
    """
    text = body(item)
    is_right = item[-2:].lower() == packet(text)[-2:]
    return is_right and len(item) <= LONGEST and not text.endswith((b"}", b"*"))


def packet(body: bytes) -> bytes:
    """On the stream."""
    return b"$%s#%02x" % (body, sum(body) & 0xFF)


def body(item: bytes) -> bytes:
    """Of a packet on the stream."""
    return item[1:-3]


def numbers(text: bytes) -> tuple[int, int]:
    """`address,length`, in hex. ValueError."""
    address, length = text.split(b",")
    return int(address, 16), int(length, 16)
