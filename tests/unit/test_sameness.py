"""Objects compared by C, and the versions of dictionaries, on the Python that runs this."""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable
from ctypes import c_uint32, c_uint64, c_void_p
from pathlib import Path

import pytest
from unoptimized import build

from xipsim.engines.guest.versions import VERSION
from xipsim.engines.qemu.sameness import WORKS, QuickHeld

Registers = dict[int, int]
PAGES = 64
CLOSED = 0
"""PROT_NONE."""
HEADER = 16
"""Bytes that each object begins with: how many refer to it, and its type."""


def test_this_python_is_compared_by_c() -> None:
    assert WORKS or sys.version_info >= (3, 14) or object.__basicsize__ > HEADER


def test_what_lies_around_an_object_is_not_looked_at(tmp_path: Path) -> None:
    """Objects that hold nothing, each the first or the last of a page between two that nobody may
    read: more of them than are looked at ahead."""
    memory = mmap.mmap(-1, PAGES * mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None)
    objects = []
    for page in range(0, PAGES, 2):
        closed = start + page * mmap.PAGESIZE
        assert not libc.mprotect(c_void_p(closed), mmap.PAGESIZE, CLOSED)
        first = closed + mmap.PAGESIZE
        objects.append(first if page % 4 else first + mmap.PAGESIZE - HEADER)
        (c_uint64 * 2).from_address(objects[-1])[:] = 1, id(int)
    count = len(objects)
    changed = build(tmp_path, VERSION)(
        (c_void_p * count)(*objects), (c_uint32 * count)(), None, 0, count, (c_uint32 * count)()
    )
    assert changed == 0


def test_what_has_changed_is_found(tmp_path: Path) -> None:
    """One after the other, of many, wherever they lie."""
    lists = [[object()] for _ in range(100)]
    dictionaries = [{0: 0, 1: n} for n in range(100)]
    held = QuickHeld(build(tmp_path, VERSION))
    numbers = [held.add(one) for one in lists]
    versioned = [held.add_equal(one, one.copy()) for one in dictionaries]
    assert held.changed() == []
    for one, number in zip(lists, numbers, strict=True):
        before, one[0] = one[0], object()
        assert held.changed() == [number]
        assert held.changed(number + 1) == []
        one[0] = before
        assert held.changed() == []
    for registers, number in zip(dictionaries, versioned, strict=True):
        registers[0] = 1
        assert held.changed() == [number]
        registers[0] = 0
        assert held.changed() == []


def _again(registers: Registers, value: int) -> None:
    for number in range(value + 1):
        registers[0] = number


def _merged(registers: Registers, value: int) -> None:
    registers |= {0: value}


def _from_nothing(registers: Registers, value: int) -> None:
    registers.clear()
    registers.update({0: value, 1: 1})


def _without_one(registers: Registers, value: int) -> None:
    registers.pop(0)
    registers.setdefault(0, value)


def _by_c(registers: Registers, value: int) -> None:
    ctypes.pythonapi.PyDict_SetItem(*map(ctypes.py_object, (registers, 0, value)))


def _last_out(registers: Registers, value: int) -> None:
    registers.popitem()
    registers[1] = value


def _deleted(registers: Registers, value: int) -> None:
    del registers[0]
    registers[0] = value


ROADS: dict[str, Callable[[Registers, int], object]] = {
    "a value": lambda registers, value: registers.__setitem__(0, value),
    "one after the other, where Python has become quick": _again,
    "some": lambda registers, value: registers.update({0: value}),
    "from pairs": lambda registers, value: registers.update([(0, value)]),
    "made anew": lambda registers, value: registers.__init__({0: value}),  # type: ignore[misc]
    "merged": _merged,
    "cleared, and filled": _from_nothing,
    "taken out, and put in": _without_one,
    "the last one out": _last_out,
    "deleted": _deleted,
    "another key": lambda registers, value: registers.setdefault(value, 0),
    "a key less": lambda registers, value: registers.pop(1),
    "none": lambda registers, value: registers.clear(),
    "by C": _by_c,
}


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="dictionaries have no version since 3.14")
@pytest.mark.parametrize("road", ROADS)
def test_each_change_of_a_dictionary_changes_its_version(road: str) -> None:
    """Else the core would read what a register held before, and going back would leave it."""
    assert VERSION
    seen = set[int]()
    for value in range(300, 340):
        registers = {0: 0, 1: 1}
        version = c_uint64.from_address(id(registers) + VERSION)
        before, was = registers.copy(), version.value
        assert version.value == was, "looking changes nothing"
        ROADS[road](registers, value)
        assert registers != before
        assert version.value not in {was, *seen}
        seen |= {was, version.value}
