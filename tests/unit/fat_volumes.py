"""A block device in memory, and a small FAT volume, written down by hand."""

from __future__ import annotations

import struct

BLOCK = 512


class Memory:
    """A block device in memory, which counts what is written."""

    def __init__(self, data: bytes, block_size: int = BLOCK) -> None:
        self.data, self.block_size = bytearray(data), block_size
        self.count = len(data) // block_size
        self.written: list[int] = []

    def read(self, first: int, count: int) -> bytes:
        assert 0 <= first <= first + count <= self.count
        return bytes(self.data[first * self.block_size : (first + count) * self.block_size])

    def write(self, first: int, data: bytes) -> None:
        assert len(data) % self.block_size == 0
        assert 0 <= first * self.block_size <= len(self.data) - len(data)
        self.written += range(first, first + len(data) // self.block_size)
        at = first * self.block_size
        self.data[at : at + len(data)] = data


def with_folder() -> bytes:
    """A FAT12 volume of 1 MB, written down by hand, with an empty folder LIB in cluster 2."""
    boot = bytearray(BLOCK)
    boot[:3] = b"\xeb\x3c\x90"
    struct.pack_into("<HBHBHHBH", boot, 11, BLOCK, 1, 1, 2, 64, 2048, 0xF8, 6)
    boot[510:] = b"\x55\xaa"
    fat = b"\xf8\xff\xff\xff\x0f\x00".ljust(6 * BLOCK, b"\0")
    entry = b"LIB        \x10".ljust(26, b"\0") + b"\x02\0" + bytes(4)
    folder = b".          \x10".ljust(26, b"\0") + b"\x02\0" + bytes(4)
    folder += b"..         \x10".ljust(32, b"\0")
    head = bytes(boot) + 2 * fat + entry.ljust(4 * BLOCK, b"\0") + folder
    return head.ljust(2048 * BLOCK, b"\0")
