"""What the firmware has waited for by asking the same question again and again, for the report."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

MOST = 1000
"""Waits that are told apart, by question and place; what comes after is only counted."""


class Waits:
    """Folded by the question and the place from which it was asked."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int | None], dict[str, Any]] = {}
        self._now: dict[str, Any] | None = None
        self._length = 0
        self.left_out = 0

    def begin(self, key: Hashable, pc: int | None, began: int) -> None:
        """A wait is noticed; its first poll was made at `began`."""
        name = (_words(key), pc)
        entry = self._found.get(name)
        if entry is None:
            if len(self._found) >= MOST:
                self.left_out += 1
                self._now = None
                return
            entry = self._found[name] = {
                "question": name[0],
                "pc": pc,
                "waits": 0,
                "polls": 0,
                "on_silicon": 0,
                "longest": 0,
                "first": began,
                "last": began,
            }
        entry["waits"] += 1
        entry["last"] = began
        self._now, self._length = entry, 0

    def add(self, polls: int, on_silicon: int) -> None:
        """The wait goes on: so many more polls were made, for so many that silicon would see."""
        entry = self._now
        if entry is not None:
            entry["polls"] += polls
            entry["on_silicon"] += on_silicon
            self._length += on_silicon
            if self._length > entry["longest"]:
                entry["longest"] = self._length

    def told(self) -> dict[str, Any]:
        """found: an entry for each question and place. left_out: waits that have no entry.

        waits: how often. polls: made in vain. on_silicon: polls that a device would have made
        meanwhile. longest: the most of them in one wait. first, last: virtual ns at which the first
        and the last wait began.
        """
        return {"found": list(map(dict, self._found.values())), "left_out": self.left_out}

    def save(self) -> Any:
        """As plain data."""
        now = None if self._now is None else (self._now["question"], self._now["pc"])
        return self.told(), now, self._length

    def load(self, saved: Any) -> None:
        """Be as when `save` returned `saved`."""
        told, now, self._length = saved
        self._found = {(e["question"], e["pc"]): dict(e) for e in told["found"]}
        self.left_out = told["left_out"]
        self._now = None if now is None else self._found[now]


def _words(key: Hashable) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
