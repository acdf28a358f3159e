"""What the firmware has waited for by asking the same question again and again, for the report."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

MOST = 1000
"""Waits that are told apart, by question and place; what comes after is only counted."""

Wait = tuple[str, int | None]
"""Question and place."""


class Waits:
    """Folded by the question and the place from which it was asked."""

    def __init__(self) -> None:
        self._found: dict[Wait, dict[str, Any]] = {}
        self._lengths: dict[Wait, int] = {}
        """Polls that silicon would see in the latest wait of each."""
        self.left_out = 0

    def begin(self, key: Hashable, pc: int | None, began: int) -> Wait | None:
        """A wait is noticed; its first poll was made at `began`. What `add` is to be told."""
        wait = (_words(key), pc)
        entry = self._found.get(wait)
        if entry is None:
            if len(self._found) >= MOST:
                self.left_out += 1
                return None
            entry = self._found[wait] = {
                "question": wait[0],
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
        self._lengths[wait] = 0
        return wait

    def add(self, wait: Wait | None, polls: int, on_silicon: int) -> None:
        """The wait goes on: so many more polls were made, for so many that silicon would see."""
        if wait is not None:
            entry = self._found[wait]
            entry["polls"] += polls
            entry["on_silicon"] += on_silicon
            length = self._lengths[wait] = self._lengths[wait] + on_silicon
            if length > entry["longest"]:
                entry["longest"] = length

    def told(self) -> dict[str, Any]:
        """found: an entry for each question and place. left_out: waits that have no entry.

        waits: how often. polls: made in vain. on_silicon: polls that a device would have made
        meanwhile. longest: the most of them in one wait. first, last: virtual ns at which the first
        and the last wait began.
        """
        return {"found": list(map(dict, self._found.values())), "left_out": self.left_out}

    def save(self) -> Any:
        """As plain data."""
        return self.told(), dict(self._lengths)

    def load(self, saved: Any) -> None:
        """Be as when `save` returned `saved`."""
        told, lengths = saved
        self._found = {(e["question"], e["pc"]): dict(e) for e in told["found"]}
        self._lengths = dict(lengths)
        self.left_out = told["left_out"]


@lru_cache(MOST)
def _words(key: Hashable) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
