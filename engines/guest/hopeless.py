"""Waits for what nothing answers: each is told once."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import Unanswered

LONG = 10_000_000
"""ns for which a loop has asked: one that gives up has done so."""
MANY = 1000
"""Polls in a row: a loop of byte code does other things between them, and costs real time."""
PAUSE = 20_000_000
"""ns between two polls of a loop that sleeps meanwhile; longer, and it is no loop."""
MOST = 16
"""Questions that are counted at a time: more of them are no poll."""


def in_words(what: Unanswered) -> str:
    """What people are told of such a wait."""
    return f"the firmware waits for {what}, {what.why}"


class Hopeless:
    """Which waits are to be told."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._asked: dict[str, tuple[int, int]] = {}
        """How often in a row each was asked, and when last."""

    def is_many(self, what: str, now: int) -> bool:
        """It is asked once more: whether as often as by a loop that waits for it."""
        count, last = self._asked.get(what, (0, now))
        if not count and len(self._asked) == MOST:
            self._asked.clear()
        count = count + 1 if now - last <= PAUSE else 1
        self._asked[what] = count, now
        return count >= MANY

    def is_news(self, what: str) -> bool:
        """Whether this was not told yet; from now on it is."""
        is_new = what not in self._told
        self._told.add(what)
        return is_new

    def save(self) -> Any:
        """As plain data."""
        asked = {str(what): counted for what, counted in self._asked.items()}
        return {str(what) for what in self._told}, asked

    def load(self, saved: Any) -> None:
        """Be as when `save` returned `saved`."""
        told, asked = saved
        self._told, self._asked = set(told), dict(asked)
