"""What a controller's window shows of its chips, and what of it an engine may serve by itself.

The engine is told of changes only, and of each segment's bytes before it is native.
"""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core import Peripheral, Region
from xipsim.peripherals.core.testing import FakeSegment, FakeWindow
from xipsim.peripherals.nor.xip import XipWindow


class Chip:
    """An array; each byte says whose it is and where."""

    def __init__(self, number: int, size: int = 0x100) -> None:
        self.array = bytearray((number << 4 | place & 0xF) for place in range(size))


class Segment(FakeSegment):
    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        assert 0 <= offset < offset + len(data) <= len(self.bytes), "nothing, or not within"
        super().load(offset, data)

    def native(self, on: bool) -> None:
        self.window.told.append((self.offset, on))  # type: ignore[attr-defined]
        super().native(on)


class Window(FakeWindow):
    """Notes when a segment is made native or not."""

    def __init__(self) -> None:
        super().__init__(Peripheral.__new__(Peripheral), Region("bytes"), 0x6000_0000, 0x1000)
        self.told: list[tuple[int, bool]] = []
        self.made: list[Segment] = []

    def segment(self, offset: int, size: int, *, writable: bool = False) -> Any:
        segment = Segment(self, offset, size, writable)
        self.segments.append(segment)
        self.made.append(segment)
        return segment


class Rig:
    def __init__(self) -> None:
        self.native: dict[int, int] = {}
        self.window = Window()
        self.xip = XipWindow(lambda select: self.native.get(select, 0))
        self.chips = {select: Chip(select + 1) for select in range(3)}

    def place(self, select: int, offset: int, size: int) -> None:
        self.xip.place(self.window, select, self.chips[select], offset, size)  # type: ignore[arg-type]

    def pieces(self) -> list[tuple[int, int]]:
        """Offsets and sizes, of which none is empty; each holds its chip's bytes."""
        for segment in self.window.segments:
            assert segment.bytes, "an empty segment"
            number = segment.bytes[0] >> 4
            select, at = number - 1, segment.offset % 0x100
            assert segment.bytes == self.chips[select].array[at : at + len(segment.bytes)]
        return sorted((s.offset, len(s.bytes)) for s in self.window.segments)

    def evaluate(self, **native: int) -> list[tuple[int, bool]]:
        """What the engine is told; c0, c1: native bytes of the chips."""
        self.native = {int(name[1:]): size for name, size in native.items()}
        self.window.told.clear()
        self.xip.evaluate()
        return sorted(self.window.told)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_chip_grows_and_shrinks_in_its_place(rig: Rig) -> None:
    """What was mapped once stays mapped, for firmware changes sizes to and fro."""
    rig.place(0, 0, 0x40)
    assert rig.pieces() == [(0, 0x40)]
    rig.place(0, 0, 0x40)
    assert rig.pieces() == [(0, 0x40)]
    rig.place(0, 0, 0x80)
    assert rig.pieces() == [(0, 0x40), (0x40, 0x40)]
    rig.place(0, 0, 0x20)
    assert rig.pieces() == [(0, 0x40), (0x40, 0x40)]
    assert rig.xip.peek(0x1E, 4) == 0xFFFF_1F1E, "but is not shown"
    rig.place(0, 0, 0x80)
    assert rig.pieces() == [(0, 0x40), (0x40, 0x40)]
    assert rig.xip.peek(0x1E, 4) == 0x1110_1F1E
    rig.place(0, 0, 0)
    assert rig.pieces() == []
    assert rig.xip.peek(0, 4) == 0xFFFF_FFFF


def test_a_chip_that_moves(rig: Rig) -> None:
    rig.place(1, 0x100, 0x40)
    assert rig.pieces() == [(0x100, 0x40)]
    rig.place(1, 0x200, 0x20)
    assert rig.pieces() == [(0x200, 0x20)]
    assert rig.xip.peek(0x200, 2) == 0x2120
    assert rig.xip.peek(0x100, 2) == 0xFFFF
    rig.place(1, 0x200, -1)
    assert rig.pieces() == []
    rig.place(1, 0x300, 1)
    rig.place(1, 0x300, 1)
    assert rig.pieces() == [(0x300, 1)]
    assert len(rig.window.made) == 3, "it is not mapped anew"


def test_neighbours(rig: Rig) -> None:
    """One that lies behind leaves the one before alone; one that grows over it cuts it."""
    rig.place(0, 0x000, 0x100)
    rig.place(1, 0x100, 0x100)
    assert rig.pieces() == [(0, 0x100), (0x100, 0x100)]
    rig.place(0, 0x000, 0x100)
    assert rig.pieces() == [(0, 0x100), (0x100, 0x100)], "the later one stays"
    assert rig.xip.peek(0xFE, 4) == 0x2120_1F1E
    rig.place(1, 0x080, 0x100)
    assert sorted((s.offset, len(s.bytes)) for s in rig.window.segments) == [
        (0, 0x80), (0x80, 0x100),
    ]  # fmt: skip
    assert rig.xip.peek(0x7E, 4) == 0x2120_1F1E
    rig.xip.keep_only(1)
    assert [(s.offset, len(s.bytes)) for s in rig.window.segments] == [(0x80, 0x100)]
    assert rig.xip.peek(0x7F, 2) == 0x20FF
    rig.place(0, 0x000, 0x40)
    rig.xip.keep_only(2)
    assert rig.window.segments == []


def test_one_that_begins_where_another_does(rig: Rig) -> None:
    """Takes its place, whole."""
    rig.place(0, 0x80, 0x40)
    rig.place(1, 0x80, 0x80)
    assert rig.xip.peek(0x80, 1) == 0x20
    assert [len(s.bytes) for s in rig.window.segments] == [0x80]
    rig.place(2, 0x00, 0x100)
    assert [len(s.bytes) for s in rig.window.segments] == [0x100]


def test_only_changes_are_told(rig: Rig) -> None:
    rig.place(0, 0, 0x80)
    assert not rig.xip.is_native
    assert rig.evaluate(c0=0x80) == [(0, True)]
    assert rig.xip.is_native
    assert rig.evaluate(c0=0x80) == []
    assert rig.evaluate(c0=0x100) == [], "more than it has"
    assert rig.evaluate(c0=0) == [(0, False)]
    assert not rig.xip.is_native
    assert rig.evaluate(c0=0) == []
    assert rig.pieces() == [(0, 0x80)], "neither end divides it"


def test_a_native_part_ends_within_a_piece(rig: Rig) -> None:
    rig.place(0, 0, 0x80)
    assert rig.evaluate(c0=0x30) == [(0, True)]
    assert rig.pieces() == [(0, 0x30), (0x30, 0x50)]
    assert rig.evaluate(c0=0x80) == [(0x30, True)]
    assert rig.evaluate(c0=0x2F) == [(0, True), (0x30, False)]
    assert rig.pieces() == [(0, 0x2F), (0x2F, 1), (0x30, 0x50)]
    assert [s.is_native for s in sorted(rig.window.segments, key=lambda s: s.offset)] == [
        True, False, False,
    ]  # fmt: skip
    assert rig.evaluate(c0=0x30) == [(0x2F, True)]
    rig.place(1, 0x100, 0x80)
    assert rig.evaluate(c0=0x30, c1=0x80) == [(0x100, True)]
    assert rig.evaluate(c0=0, c1=0x80) == [(0, False), (0x2F, False)]
    assert rig.xip.is_native, "the other chip is"


def test_a_native_chip_that_was_cut_and_grows_again(rig: Rig) -> None:
    """What was mapped anew is native again, too, when it is looked at."""
    rig.place(0, 0, 0x80)
    assert rig.evaluate(c0=0x80) == [(0, True)]
    rig.place(1, 0x40, 0x40)
    assert rig.evaluate(c0=0x80) == [(0, True)]
    rig.place(1, 0x40, 0)
    rig.place(0, 0, 0x80)
    assert rig.evaluate(c0=0x80) == [(0x40, True)]
    assert [s.is_native for s in rig.window.segments] == [True, True]


def test_what_changes_in_a_chip_is_copied(rig: Rig) -> None:
    """Into each piece its own, of that chip only."""
    rig.place(0, 0, 0x80)
    rig.place(1, 0x100, 0x80)
    rig.evaluate(c0=0x40, c1=0x80)
    for chip, address, length in ((0, 0x3E, 4), (1, 0, 1), (0, 0x7F, 1), (0, 0x90, 4), (0, 0, 0)):
        changed = self_made(chip)
        rig.chips[chip].array[address : address + length] = changed * length
        rig.xip.array_changed(rig.chips[chip], address, length)  # type: ignore[arg-type]
        rig.pieces()
    rig.chips[0].array[0x10] = 0x1A
    rig.xip.array_changed(rig.chips[1], 0x10, 1)  # type: ignore[arg-type]
    first = next(s for s in rig.window.segments if s.offset == 0)
    assert first.bytes[0x10] == 0x10, "another chip's cells are not looked at"


def begin(rig: Rig, chip: int) -> list[tuple[int, bool]]:
    """What the engine is told when an operation of that chip begins."""
    rig.window.told.clear()
    rig.xip.operation_began(rig.chips[chip])  # type: ignore[arg-type]
    return rig.window.told


def end(rig: Rig, chip: int, address: int = 0x10, **native: int) -> list[tuple[int, bool]]:
    """The same when it has ended, and changed 4 cells, which are looked at."""
    rig.native = {int(name[1:]): size for name, size in native.items()}
    rig.window.told.clear()
    rig.chips[chip].array[address : address + 4] = self_made(chip) * 4
    rig.xip.operation_ended(rig.chips[chip], address, 4)  # type: ignore[arg-type]
    rig.pieces()
    return sorted(rig.window.told)


@pytest.fixture
def two(rig: Rig) -> Rig:
    """Two chips, of which the first one's window is divided."""
    rig.place(0, 0, 0x80)
    rig.place(1, 0x100, 0x80)
    rig.evaluate(c0=0x40, c1=0x80)
    rig.evaluate(c0=0x80, c1=0x80)
    return rig


def shown(rig: Rig) -> list[int]:
    """Where what is native begins."""
    return sorted(segment.offset for segment in rig.window.segments if segment.is_native)


def test_a_chip_at_work_is_hidden_and_shown_again(two: Rig) -> None:
    """All of it, and that chip only. Where nothing else has changed, nobody is asked."""
    assert begin(two, 0) == [(0, False), (0x40, False)]
    assert shown(two) == [s.offset for s in two.xip.native] == [0x100]  # type: ignore[attr-defined]
    assert begin(two, 1) == [(0x100, False)]
    assert not two.xip.is_native
    assert end(two, 0, 0x3E) == [(0, True), (0x40, True)]
    assert two.evaluate(c0=0x80) == [], "as it is"
    assert end(two, 1, c0=0x80, c1=0x80) == [(0x100, True)]


@pytest.mark.parametrize(
    ("size", "expected"), [(0, []), (0x30, [0]), (0x40, [0]), (0x80, [0, 0x40])]
)
def test_registers_change_while_a_chip_is_at_work(
    two: Rig, size: int, expected: list[int]
) -> None:
    begin(two, 0)
    assert two.evaluate(c1=0x80) == [], "nobody is told twice"
    end(two, 0, c0=size, c1=0x80)
    assert shown(two) == [*expected, 0x100]


def test_a_chip_at_work_gets_another_place(two: Rig) -> None:
    """Smaller, moved, or where another one was before."""
    begin(two, 0)
    two.place(0, 0, 0x40)
    end(two, 0, c0=0x80, c1=0x80)
    assert shown(two) == [0, 0x100]
    begin(two, 0)
    two.place(0, 0x200, 0x80)
    end(two, 0, c0=0x80, c1=0x80)
    assert shown(two) == [0x100, 0x200]
    begin(two, 1)
    two.place(0, 0x100, 0x80)
    end(two, 1, c0=0x80, c1=0x80)
    assert shown(two) == [0x100]


def test_one_that_was_hidden_when_it_began(two: Rig) -> None:
    """A command may have held the bus, which it does no more."""
    two.evaluate(c1=0x80)
    assert begin(two, 0) == []
    assert end(two, 0, c0=0x80, c1=0x80) == [(0, True), (0x40, True)]


def self_made(chip: int) -> bytes:
    return bytes(((chip + 1) << 4 | 0xB,))


@pytest.mark.parametrize(
    ("offset", "size", "expected"),
    [
        (0x00, 1, "10"),
        (0x3C, 4, "1c1d1e1f"),
        (0x3E, 4, "1e1fffff"),
        (0x40, 4, "ffffffff"),
        (0xFE, 4, "ffff2021"),
        (0xFC, 8, "ffffffff20212223"),
        (0x11E, 4, "2e2fffff"),
        (0x120, 1, "ff"),
    ],
)
def test_a_look_at_the_window(rig: Rig, offset: int, size: int, expected: str) -> None:
    rig.place(0, 0, 0x40)
    rig.place(1, 0x100, 0x20)
    assert rig.xip.peek(offset, size).to_bytes(size, "little").hex() == expected
