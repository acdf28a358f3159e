"""Own `NamedTuple` against `typing`'s: what one answers, the other does."""

from __future__ import annotations

import copy
import pickle
import re
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xipsim.peripherals import namedtuple


class Ours(namedtuple.NamedTuple):
    """Some parts."""

    name: str
    size: int | None = None
    rest: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * (self.size or 0)


class Theirs(typing.NamedTuple):
    """Some parts."""

    name: str
    size: int | None = None
    rest: tuple[int, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * (self.size or 0)


class OursEmpty(namedtuple.NamedTuple):
    """No parts."""


class OursDerived(Ours):
    """The same fields."""

    size = 7


class TheirsDerived(Theirs):
    """The same fields."""

    size = 7


PAIRS = [(Ours, Theirs), (OursDerived, TheirsDerived)]
QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "positions": lambda cls: cls("a", 2, (3,)),
    "names": lambda cls: cls(rest=(1,), name="b"),
    "parts": lambda cls: [cls("a", 2).name, cls("a", 2).size, cls("a").twice],
    "dict": lambda cls: cls("a", 5)._asdict(),
    "replaced": lambda cls: cls("a", 5)._replace(size=6),
    "made": lambda cls: cls._make(["a", 1, ()]),
    "fields": lambda cls: (cls._fields, cls._field_defaults, cls.__match_args__),
    "shown": lambda cls: repr(cls("a", rest=(4,))).replace("Ours", "Theirs"),
    "pickled": lambda cls: pickle.loads(pickle.dumps(cls("a", 3))),
    "copied": lambda cls: copy.deepcopy(cls("a", 3, (1, 2))),
    "kept class": lambda cls: type(cls("a")._replace(name="b")) is cls,
    "hashed": lambda cls: {cls("a"): 1}["a", None, ()],
    "sorted": lambda cls: sorted([cls("b"), cls("a")]),
}
MISTAKES: dict[str, Callable[[Any], Any]] = {
    "none": lambda cls: cls(),
    "too many": lambda cls: cls("a", 1, (), 4),
    "unknown": lambda cls: cls("a", colour=1),
    "twice": lambda cls: cls("a", name="b"),
    "replaced unknown": lambda cls: cls("a")._replace(colour=1),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_both_answer_alike(question: Callable[[Any], Any], ours: type, theirs: type) -> None:
    assert question(ours) == question(theirs)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_both_refuse_alike(mistake: Callable[[Any], Any]) -> None:
    for cls in (Ours, Theirs):
        with pytest.raises((TypeError, ValueError)):
            mistake(cls)


def test_one_without_parts() -> None:
    assert OursEmpty() == ()
    assert repr(OursEmpty()) == "OursEmpty()"
    with pytest.raises(TypeError):
        OursEmpty(1)  # type: ignore[call-arg]


def test_fields_cannot_be_set() -> None:
    for cls in (Ours, Theirs):
        with pytest.raises(AttributeError):
            cls("a").name = "b"  # type: ignore[misc]
        with pytest.raises(AttributeError):
            cls("a").other = 1  # type: ignore[attr-defined]


def test_nothing_makes_them_the_slow_way() -> None:
    root = Path(__file__).parents[2]
    files = [
        file
        for room in ("xipsim", "engines", "firmware", "peripherals", "robot")
        for file in (root / room).rglob("*.py")
        if file.name != "namedtuple.py"
    ]
    assert len(files) > 300
    slow = re.compile(r"^from typing import [^\n]*\bNamedTuple\b|^    NamedTuple,$", re.M)
    assert [file for file in files if slow.search(file.read_text())] == []
