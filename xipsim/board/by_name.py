"""Parts of a board by the names of their entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from xipsim.errors import UnknownName

T = TypeVar("T")


class ByName(Mapping[str, T]):
    """Parts of one kind; one that is not there is UnknownName. kind: what one is called."""

    def __init__(self, kind: str, parts: Mapping[str, T]) -> None:
        self._kind, self._parts = kind, parts

    def __getitem__(self, name: str) -> T:
        if name not in self._parts:
            known = ", ".join(self._parts) or "none"
            raise UnknownName(f"the board has no {self._kind} {name!r}; it has: {known}")
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
