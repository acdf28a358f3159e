"""Whether objects still hold what they held: as fast as that can be told.

What they refer to is asked of Python's garbage collector, and compared by identity. So it does not
matter who has changed one, nor how.
"""

from __future__ import annotations

import gc
from operator import is_not
from typing import Any


class Held:
    """Objects, and what each of them refers to."""

    def __init__(self) -> None:
        self.objects: list[object] = []
        self.held: list[list[object]] = []
        self.wanted: dict[int, dict[Any, Any]] = {}
        """What dictionaries shall hold that are compared by what they hold, keys and values."""

    def add(self, one: object) -> int:
        """One more, as it is now; its number."""
        self.objects.append(one)
        self.held.append(gc.get_referents(one))
        return len(self.objects) - 1

    def add_equal(self, one: dict[Any, Any], wanted: dict[Any, Any]) -> int:
        """A dictionary of values that do not change themselves. wanted: equal to what it shall be;
        stays as it is. Its number."""
        self.objects.append(one)
        self.held.append([])
        self.wanted[len(self.objects) - 1] = wanted
        return len(self.objects) - 1

    def renew(self, number: int) -> None:
        """That one of those that were `add`ed shall be as it is now."""
        self.held[number] = gc.get_referents(self.objects[number])

    def changed(self, first: int = 0) -> list[int]:
        """Numbers, from `first` on, of those that are something else now."""
        return [number for number in range(first, len(self.objects)) if self._is_changed(number)]

    def _is_changed(self, number: int) -> bool:
        if number in self.wanted:
            return self.objects[number] != self.wanted[number]
        before, now = self.held[number], gc.get_referents(self.objects[number])
        return len(before) != len(now) or any(map(is_not, before, now))
