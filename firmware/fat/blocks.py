"""A block device behind a cache: what is read is kept, what is written waits for `flush`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Protocol

AT_ONCE = 128
"""Blocks that one command carries."""


class Blocks(Protocol):
    """A block device: `count` blocks of `block_size` bytes."""

    @property
    def block_size(self) -> int: ...
    @property
    def count(self) -> int: ...
    def read(self, first: int, count: int) -> bytes: ...
    def write(self, first: int, data: bytes) -> None: ...


class Cache:
    """The blocks of a device from `start` on."""

    def __init__(self, device: Blocks, start: int) -> None:
        self._device, self._start = device, start
        self.block_size = device.block_size
        self.count = device.count - start
        self._blocks: dict[int, bytes] = {}
        self._changed: set[int] = set()

    def read(self, first: int, count: int) -> bytes:
        """Blocks as they are, or will be after `flush`."""
        missing = (n for n in range(first, first + count) if n not in self._blocks)
        for start, length in _runs(missing):
            self._keep(start, self._device.read(self._start + start, length))
        return b"".join(self._blocks[n] for n in range(first, first + count))

    def _keep(self, first: int, data: bytes) -> None:
        for at in range(0, len(data), self.block_size):
            self._blocks[first + at // self.block_size] = data[at : at + self.block_size]

    def write(self, first: int, data: bytes) -> None:
        """Change blocks, the last one up to its end; what is not known to differ is not written."""
        data += bytes(-len(data) % self.block_size)
        for at in range(0, len(data), self.block_size):
            number, block = first + at // self.block_size, data[at : at + self.block_size]
            if self._blocks.get(number) != block:
                self._blocks[number] = block
                self._changed.add(number)

    def flush(self) -> None:
        """Write what has changed, in the order of its numbers: the FATs, the root folder, data.

        A bootloader restarts as soon as it has the last block of an image: nothing may be left
        to write then.
        """
        for first, count in _runs(iter(sorted(self._changed))):
            self._device.write(self._start + first, self.read(first, count))
        self._changed.clear()


def _runs(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    """First one and length of each run of ascending numbers, no longer than AT_ONCE."""
    ordered = list(numbers)
    first = 0
    for at, (number, following) in enumerate(pairwise([*ordered, -1]), 1):
        if following != number + 1 or at - first == AT_ONCE:
            yield ordered[first], at - first
            first = at
