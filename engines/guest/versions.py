"""Dictionaries that are compared with what they shall hold, no more often than they change."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_uint64
from typing import Any


def find_version() -> int:
    """Bytes from a dictionary's beginning to the number of its version; 0 if it has none.

    Its place is no part of Python's interface, so it is found by what it does: of all that is kept
    there, it alone changes when one value takes the place of another.
    """
    some = {0: 0}
    words = (c_uint64 * (dict.__basicsize__ // 8)).from_address(id(some))
    changing = set(range(len(words)))
    for value in range(1, 9):
        before = list(words)
        some[0] = value
        changing = {i for i in changing if words[i] != before[i]}
    return 8 * min(changing, default=0)


VERSION = find_version()


class Watched:
    """Dictionaries of values that do not change themselves, each with what it shall hold."""

    def __init__(self, pairs: Sequence[tuple[dict[Any, Any], dict[Any, Any]]]) -> None:
        self._pairs = pairs
        self._versions = [c_uint64.from_address(id(held) + VERSION) for held, _ in pairs]
        self._seen = [-1] * len(pairs)
        """The versions that were found to hold it."""

    def are_so(self) -> bool:
        """Whether each holds it."""
        if not VERSION:
            return all(held == wanted for held, wanted in self._pairs)
        now = [version.value for version in self._versions]
        if now != self._seen:
            for version, seen, (held, wanted) in zip(now, self._seen, self._pairs, strict=True):
                if version != seen and held != wanted:
                    return False
            self._seen = now
        return True
