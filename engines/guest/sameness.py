"""Whether objects, and all that they hold, are still what they were: as fast as that can be told.

What objects refer to is asked of Python's garbage collector, and compared by identity, all at once.
So it does not matter who has changed it, nor how.
"""

from __future__ import annotations

import gc
import pickle
from collections import deque
from collections.abc import Iterable, Mapping
from ctypes import string_at
from typing import Any

from xipsim.peripherals.core import UNCHANGING, Record, is_frozen

ITEMS = tuple.__basicsize__
"""Bytes from a tuple's beginning to the places of what it holds."""
PLACE = 8
END = (object(),)
"""Holds what nothing else does: stands behind what can become larger."""


class Same:
    """Objects, each with those of its attributes that count, as they are now.

    What the attributes hold is looked into: what lists, dictionaries and records hold, and so on.
    Any other attribute of an object, or of a record, that becomes another one makes them differ,
    too. What cannot be pickled, of other types, raises.
    """

    def __init__(self, objects: Iterable[tuple[object, Mapping[str, Any]]]) -> None:
        self._holders: list[Any] = []
        self._arrays: list[bytearray] = []
        self._others: list[Any] = []
        """Of all other types."""
        self._seen: set[int] = set()
        for one, attributes in objects:
            self._add(one, attributes)
        self._held = self._referred()
        self._bytes = list(map(bytes, self._arrays))
        self._image = self._pickled()

    def _add(self, one: object, attributes: Mapping[str, Any]) -> None:
        self._holders.append(one)
        referred = set(map(id, gc.get_referents(one)))
        if not referred.issuperset(map(id, attributes.values())):
            # Python keeps what it refers to in a dictionary.
            self._hold(vars(one))
        for value in attributes.values():
            self._look_into(value)

    def _look_into(self, value: Any) -> None:
        kind = type(value)
        if is_frozen(value) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        parts: Iterable[Any] = ()
        if kind in (list, deque, dict, set):
            parts = self._hold(value)
        elif isinstance(value, Record) and not hasattr(kind, "__slots__"):
            self._holders.append(value)
            self._hold(vars(value))
            parts = vars(value).values()
        elif isinstance(value, tuple) and not hasattr(value, "__dict__"):
            parts = value
        elif kind is bytearray:
            self._arrays.append(value)
        else:
            self._others.append(value)
        for part in parts:
            if type(part) not in UNCHANGING:
                self._look_into(part)

    def _hold(self, container: Any) -> list[Any]:
        """What it holds."""
        self._holders += container, END
        return gc.get_referents(container)

    def _referred(self) -> tuple[Any, ...]:
        return tuple(gc.get_referents(*self._holders))

    def _pickled(self) -> bytes:
        return pickle.dumps(self._others, protocol=5) if self._others else b""

    def is_still_so(self) -> bool:
        """Whether they are what they were."""
        return (
            _are_identical(self._referred(), self._held)
            and self._arrays == self._bytes
            and self._pickled() == self._image
        )


def _are_identical(some: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Whether they hold the same objects, not only equal ones."""
    length = len(some) * PLACE
    return len(some) == len(others) and string_at(id(some) + ITEMS, length) == string_at(
        id(others) + ITEMS, length
    )
