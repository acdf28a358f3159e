"""What the models' vocabulary refuses, at the edge, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core import (
    BusError,
    Parameter,
    Peripheral,
    Record,
    Region,
    Register,
    RegisterArray,
)
from xipsim.peripherals.core.access import accessors, words
from xipsim.peripherals.core.testing import Bench


class Raises(Peripheral):
    """A register that raises, one that does not, and a region that nobody can look into."""

    SIZE = 0x100
    level = Parameter(int, "a number", least=2, most=5)
    BAD = Register(0x10)
    GOOD = Register(0x14, reset=7)
    memory = Region("bytes", required=False)

    @BAD.on_read
    def _read(self) -> int:
        raise ZeroDivisionError

    @BAD.on_write
    def _write(self, value: int) -> None:
        raise ZeroDivisionError


class Guarded:
    """A model, its accessors and short cuts, and what the guard was told."""

    def __init__(self) -> None:
        self.told: list[tuple[type[Exception], str]] = []
        self.asked: Any = None
        self.model = Raises(Bench().system, name="bad", level=2)
        self.read, self.write = accessors(self.model, self, self._guard)
        self.words = words(self.model, self, self._guard)

    def question(self, key: Any, until: int | None = None) -> None:
        self.asked = key

    def _guard(self, error: Exception, what: str) -> None:
        self.told.append((type(error), what))


def test_what_a_model_raises_is_told_with_the_access() -> None:
    g = Guarded()
    assert g.read(None, 0x10, 4) == 0
    assert g.read(None, 0x12, 2) == 0
    g.write(None, 0x10, 0xABC, 4)
    g.write(None, 0x10, 0xA, 1)
    assert g.told == [
        (ZeroDivisionError, "bad: read of 4 bytes at 0x10"),
        (ZeroDivisionError, "bad: read of 2 bytes at 0x12"),
        (ZeroDivisionError, "bad: write of 0xabc, 4 bytes, at 0x10"),
        (ZeroDivisionError, "bad: write of 0xa, 1 bytes, at 0x10"),
    ]
    assert g.read(None, 0x14, 4) == 7


def test_what_a_short_cut_raises_is_told_in_the_same_words() -> None:
    g = Guarded()
    g.words.failed(ZeroDivisionError(), 0x10, None)
    g.words.failed(ZeroDivisionError(), 0x10, 0xABC)
    assert [what for _, what in g.told] == [
        "bad: read of 4 bytes at 0x10",
        "bad: write of 0xabc, 4 bytes, at 0x10",
    ]


def test_a_region_without_a_look() -> None:
    g = Guarded()
    with pytest.raises(BusError, match="bad: its region memory cannot be looked into"):
        Raises.memory.peek(g.model, 0, 4)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "bad: parameter 'level' is missing"),
        ({"level": 3, "lewel": 4}, "bad: no parameter 'lewel'"),
        ({"level": 3, "b": 1, "a": 1}, "bad: no parameter 'b', 'a'"),
        ({"level": 1}, "bad: level: expected at least 2, given 1"),
        ({"level": 2}, None),
        ({"level": 5}, None),
        ({"level": 6}, "bad: level: expected at most 5, given 6"),
        ({"level": True}, "bad: level: expected int, given True"),
        ({"level": None}, "bad: level: expected int, given None"),
    ],
)
def test_parameters(given: dict[str, Any], says: str | None) -> None:
    if says is None:
        assert Raises(Bench().system, name="bad", **given).level == given["level"]
        return
    with pytest.raises(ValueError) as refused:
        Raises(Bench().system, name="bad", **given)
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"offset": -4}, "register offset -0x4 is not aligned to its 32 bits"),
        ({"offset": 2}, "register offset 0x2 is not aligned to its 32 bits"),
        ({"offset": 2, "width": 16}, None),
        ({"offset": 3, "width": 16}, "register offset 0x3 is not aligned to its 16 bits"),
        ({"offset": 3, "width": 8}, None),
        ({"offset": 0, "reset": 1 << 32}, "register at 0x0: a mask or reset value exceeds 32 bits"),
        ({"offset": 0, "reset": (1 << 32) - 1}, None),
        ({"offset": 0, "width": 8, "ro": 0x100}, "register at 0x0: a mask or reset value exceeds"),
        ({"offset": 0, "width": 8, "w1c": 0x100}, "register at 0x0: a mask or reset value exceeds"),
        ({"offset": 0, "width": 8, "ro": 0xFF, "w1c": 0xFF, "reset": 0xFF}, None),
    ],
)
def test_registers(arguments: dict[str, int], says: str | None) -> None:
    if says is None:
        Register(**arguments)
        return
    with pytest.raises(ValueError) as refused:
        Register(**arguments)
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"reset": (1, 2)}, "3 registers need 3 reset values, not 2"),
        ({"reset": (1, 2, 3)}, None),
        ({"stride": 2}, "registers 0x2 apart are not aligned to 32 bits"),
        ({"stride": 0}, "registers 0x0 apart are not aligned to 32 bits"),
        ({"stride": 8}, None),
        ({"stride": 2, "width": 16}, None),
    ],
)
def test_register_arrays(arguments: dict[str, Any], says: str | None) -> None:
    if says is None:
        RegisterArray(0x20, 3, **arguments)
        return
    with pytest.raises(ValueError) as refused:
        RegisterArray(0x20, 3, **arguments)
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("lsb", "width", "fits"),
    [(0, 16, True), (15, 1, True), (16, 1, False), (15, 2, False), (-1, 1, False), (3, 0, False)],
)
def test_fields(lsb: int, width: int, fits: bool) -> None:
    register = Register(0, width=16)
    if fits:
        field = register.field(lsb, width)
        assert field.mask == ((1 << width) - 1) << lsb
        return
    says = f"field at bit {lsb}, {width} wide, does not fit a 16-bit register"
    with pytest.raises(ValueError, match=says):
        register.field(lsb, width)


class Pair(Record):
    def __init__(self, one: int, two: str) -> None:
        self.one, self.two = one, two


class Other(Pair):
    pass


def test_records_are_equal_by_their_parts_and_shown_by_them() -> None:
    assert Pair(1, "a") == Pair(1, "a")
    assert Pair(1, "a") != Pair(1, "b")
    assert Pair(1, "a") != Other(1, "a")
    assert Pair(1, "a") != (1, "a")
    assert repr(Pair(1, "a")) == "Pair(one=1, two='a')"
    with pytest.raises(TypeError):
        hash(Pair(1, "a"))
