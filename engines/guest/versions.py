"""A number that CPython keeps in each dictionary, and that every change to it changes."""

from __future__ import annotations

from ctypes import c_uint64


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
