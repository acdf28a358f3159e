"""What a value of a model's state is made of, and how each part of it becomes again what it was."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from xipsim.peripherals.core import Line, Record, is_frozen

Undo = Callable[[], None]


class Unknown(Exception):
    """Nobody knows how to tell whether such a value has changed."""


def parts_of(value: Any, seen: set[int]) -> Iterator[Any]:
    """All within it, itself included, that can change, but for what was seen; Unknown."""
    if is_frozen(value) or id(value) in seen:
        return
    seen.add(id(value))
    kind, inner = type(value), list[Any]()
    if isinstance(value, tuple) and not hasattr(value, "__dict__"):
        inner += value
    elif isinstance(value, Record) and not hasattr(kind, "__slots__"):
        inner += vars(value).values()
        yield value
    elif kind in (list, deque, set, dict, bytearray):
        if kind is dict:
            inner += (*value, *value.values())
        elif kind is not bytearray:
            inner += value
        yield value
    else:
        raise Unknown
    for part in inner:
        yield from parts_of(part, seen)


def undo_of(part: Any) -> Undo:
    """What makes one of `parts_of` hold what it holds now."""
    kind = type(part)
    if kind is dict:
        return partial(_put_dictionary, part, part.copy())
    if kind is deque:
        return partial(_put_queue, part, part.copy())
    if kind is set:
        return partial(_put_set, part, part.copy())
    if kind in (list, bytearray):
        return partial(part.__setitem__, slice(None), part.copy())
    return partial(_put_dictionary, vars(part), vars(part).copy())


def put_attributes(one: object, attributes: Mapping[str, Any]) -> None:
    """Let it have these."""
    for name, value in attributes.items():
        setattr(one, name, value)


def put_level(line: Line, level: bool) -> None:
    """Let it have that, silently."""
    line.level = level


def _put_dictionary(one: dict[Any, Any], parts: Mapping[Any, Any]) -> None:
    if list(one) != list(parts):  # else it stays as quick as it is, where it is an object's
        one.clear()
    one.update(parts)


def _put_queue(one: deque[Any], parts: Iterable[Any]) -> None:
    one.clear()
    one.extend(parts)


def _put_set(one: set[Any], parts: Iterable[Any]) -> None:
    one.clear()
    one.update(parts)
