"""Values whose parts are slots: as a `NamedTuple` in all that is asked of both."""

from __future__ import annotations

import pytest

from xipsim.peripherals.fixed import Fixed
from xipsim.peripherals.namedtuple import NamedTuple


class Slotted(Fixed):
    """Two parts, of which one may be left out."""

    name: str
    size: int = 4

    @property
    def twice(self) -> int:
        """Of the size."""
        return 2 * self.size


class Listed(NamedTuple):
    """The same."""

    name: str
    size: int = 4


@pytest.mark.parametrize("kind", [Slotted, Listed])
def test_is_made_by_place_and_by_name(kind: type[Slotted]) -> None:
    for value in (kind("a", 5), kind("a", size=5), kind(size=5, name="a"), kind("b")):
        assert (value.name, value.size) in {("a", 5), ("b", 4)}
    assert kind("a")._replace(size=7) == kind("a", 7)
    assert kind._fields == ("name", "size")
    assert repr(kind("a")) == f"{kind.__name__}(name='a', size=4)"
    for wrong in ({}, {"name": "a", "other": 1}):
        with pytest.raises(TypeError):
            kind(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Slotted, Listed])
def test_equals_what_has_equal_parts(kind: type[Slotted]) -> None:
    assert kind("a") == kind("a", 4)
    assert kind("a") != kind("b")
    assert kind("a") != kind("a", 5)
    assert kind("a") != "a"


def test_is_no_other_kind_and_no_key() -> None:
    assert Slotted("a") != Listed("a")
    with pytest.raises(TypeError):
        hash(Slotted("a"))


def test_has_its_parts_and_no_others() -> None:
    value = Slotted("a", 5)
    assert value.twice == 10
    with pytest.raises(AttributeError):
        value.other = 1  # type: ignore[attr-defined]
