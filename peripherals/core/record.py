"""Mutable values that a `State` holds."""

from __future__ import annotations

from typing import Any


class Record:
    """Base of a value with named parts: equal to another one with equal parts, shown by them.

    What `dataclass` makes, too; importing that costs more than half of what all models cost.
    """

    def __eq__(self, other: object) -> Any:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({parts})"
