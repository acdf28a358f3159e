"""Entries in order of dependency: what another one names comes before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .errors import PlatformError, Problem
from .platform import Entry, references


def ordered(entries: Iterable[Entry]) -> list[Entry]:
    """`entries` so that those which one's parameters name, and its parents, come before it.

    A parent comes later where it cannot be otherwise. Entries whose parameters name each other in
    a ring are a PlatformError.
    """
    by_name = {entry.name: entry for entry in entries}
    parameters = {name: list(_named(entry)) for name, entry in by_name.items()}
    everything = {
        name: [*parameters[name], *(r.parent for r in entry.registrations)]
        for name, entry in by_name.items()
    }
    ring = _Walk(parameters).ring()
    if ring:
        first = by_name[ring[0]]
        message = f"entries need each other: {' -> '.join(ring)}"
        raise PlatformError([Problem(first.place, message)])
    walk = _Walk(everything)
    if walk.ring():
        walk = _Walk(parameters)
        walk.ring()
    return [by_name[name] for name in walk.order]


class _Walk:
    """A depth-first walk along `edges`."""

    def __init__(self, edges: dict[str, list[str]]) -> None:
        self.edges = edges
        self.order: dict[str, None] = {}
        self.path: list[str] = []

    def ring(self) -> list[str]:
        """Fill `order`; answers the first ring found, empty if there is none."""
        return next((ring for name in self.edges if (ring := self._visit(name))), [])

    def _visit(self, name: str) -> list[str]:
        if name in self.order or name not in self.edges:
            return []
        if name in self.path:
            return [*self.path[self.path.index(name) :], name]
        self.path.append(name)
        for needed in self.edges[name]:
            if ring := self._visit(needed):
                return ring
        self.path.pop()
        self.order[name] = None
        return []


def _named(entry: Entry) -> Iterator[str]:
    """What the constructor needs: Renode sets properties, in capitals, when all entries exist."""
    for attribute in entry.attributes:
        if attribute.name[0].islower():
            yield from (reference.name for reference in references(attribute.value))
