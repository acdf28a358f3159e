"""What the models had to say about a run, each thing once: an event, and how often it came."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from xipsim.peripherals.core import Record
from xipsim.peripherals.core.trace import fold_key

MOST = 1000
"""Findings of one kind that are told apart; those that come after are only counted."""


class Finding(Record):
    """An event that came `count` times, first and last at these virtual ns.

    event: the first one; its time is `first`.
    """

    def __init__(self, event: Any, count: int, last: int) -> None:
        self.event, self.count, self.last = event, count, last

    @property
    def first(self) -> int:
        """Virtual ns."""
        time: int = self.event.time
        return time

    def as_dict(self) -> dict[str, Any]:
        """For a report: the first event's fields, and how often it came, and when last."""
        fields: dict[str, Any] = self.event._asdict()
        return fields | {"count": self.count, "last": self.last}


class Findings:
    """Events of one kind, folded."""

    def __init__(self) -> None:
        self._found: dict[Hashable, Finding] = {}
        self.left_out = 0
        """Events that would have been a finding of their own, beyond MOST."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def add(self, event: Any, count: int = 1, last: int | None = None) -> None:
        """`event` came; count: so many times, the last one at `last`."""
        time = event.time if last is None else last
        key = fold_key(event)
        found = self._found.get(key)
        if found:
            found.count += count
            found.last = time
        elif len(self._found) < MOST:
            self._found[key] = Finding(event, count, time)
        else:
            self.left_out += count

    @property
    def latest(self) -> list[Finding]:
        """What came last before what came earlier."""
        return sorted(self, key=lambda finding: finding.last, reverse=True)

    def save(self) -> tuple[int, list[tuple[Any, int, int]]]:
        """All there is, as plain data."""
        return self.left_out, [(f.event, f.count, f.last) for f in self]

    def load(self, saved: tuple[int, list[tuple[Any, int, int]]]) -> None:
        """Hold what `save` returned, and nothing else."""
        self._found.clear()
        for event, count, last in saved[1]:
            self.add(event, count, last)
        self.left_out = int(saved[0])
