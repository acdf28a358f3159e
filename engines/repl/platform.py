"""A platform as data: what a board's `.repl` and the files it uses say, resolved and immutable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, TypeGuard

from xipsim.peripherals.core import Record
from xipsim.peripherals.namedtuple import NamedTuple

LARGEST = 1 << 20
"""Bytes that a description may have: many times what the largest SoC takes."""
SYSBUS = "sysbus"
"""The system bus: an entry that every platform has."""
MACHINE = "machine"
"""What Renode calls the machine: no entry can have that name."""


class Place(NamedTuple):
    """Where something is written. Lines and columns count from 1."""

    file: str
    line: int
    column: int


class Reference(NamedTuple):
    """Another entry, by its name."""

    name: str
    place: Place


class Range(NamedTuple):
    """`<start, end>` (the end is not part of it) or `<start, +size>`."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """The first address behind the range."""
        return self.start + self.size


class Enum(NamedTuple):
    """`Type.Value`, or `.Value` with an empty `type`."""

    type: str
    value: str


class New(NamedTuple):
    """`new Type { name: value; ... }`."""

    type: str
    attributes: tuple[Attribute, ...]
    place: Place

    def get(self, name: str) -> Value:
        """The attribute's value, None without one."""
        return _get(self.attributes, name)


class Dictionary(NamedTuple):
    """`{ key: value; ... }`."""

    items: tuple[tuple[Value, Value], ...]


Value: TypeAlias = (
    "int | float | bool | str | Reference | Range | Enum | New | Dictionary"
    " | tuple[Value, ...] | None"
)
"""A value in a `.repl` file. `empty` is None, a list is a plain tuple."""


def is_list(value: Value) -> TypeGuard[tuple[Value, ...]]:
    """Whether `value` is a list; the other kinds of values are tuples, too."""
    return type(value) is tuple


def references(value: Value) -> Iterator[Reference]:
    """Every reference in `value`, however deep."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, New):
        for attribute in value.attributes:
            yield from references(attribute.value)
    elif isinstance(value, Dictionary):
        for key, item in value.items:
            yield from references(key)
            yield from references(item)
    elif is_list(value):
        for item in value:
            yield from references(item)


class Attribute(NamedTuple):
    """`name: value`. `place` is the name's, `value_place` the value's."""

    name: str
    value: Value
    place: Place
    value_place: Place


class Registration(NamedTuple):
    """`@ parent point`: one place where an entry is registered.

    On `sysbus`: address, size in bytes (None where the type decides), region, and the core that
    alone sees it. On another entry: number. What does not apply is None or empty.
    """

    parent: str
    point: Value
    place: Place
    address: int | None = None
    size: int | None = None
    region: str = ""
    cpu: str = ""
    number: int | None = None


class Interrupt(NamedTuple):
    """One wire: `source -> destination@number`, or `destination#local@number`.

    source: the output's name, a pin's number, or empty for the only output that the type has.
    """

    source: str | int
    destination: str
    number: int
    local: int | None
    place: Place
    destination_place: Place


class Statement(NamedTuple):
    """One line of an `init:`, `reset:` or `preinit:` section, for Renode's monitor."""

    text: str
    place: Place


class Entry(NamedTuple):
    """One thing on the board, with everything that the files say about it put together.

    alias: its name towards the user where that differs, else empty.
    """

    name: str
    type: str
    place: Place
    type_place: Place
    registrations: tuple[Registration, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    interrupts: tuple[Interrupt, ...] = ()
    init: tuple[Statement, ...] = ()
    reset: tuple[Statement, ...] = ()
    preinit: tuple[Statement, ...] = ()
    alias: str = ""

    def get(self, name: str) -> Value:
        """The attribute's value, None without one."""
        return _get(self.attributes, name)

    @property
    def named(self) -> set[str]:
        """The entries that its attributes name."""
        return {r.name for attribute in self.attributes for r in references(attribute.value)}


class Tag(NamedTuple):
    """A named range of the bus that nothing models. Writes are lost.

    value: what reads answer, its lower bits where they are narrower; 0 where the file gives none.
    """

    range: Range
    name: str
    value: int
    place: Place


class Platform(Record):
    """A whole board. `entries` are in order of dependency: what is named comes first.

    files: the board's file, then those that it uses. sysbus: what the files say of the bus itself.
    """

    def __init__(
        self,
        files: tuple[str, ...],
        entries: tuple[Entry, ...],
        sysbus: Entry,
        tags: tuple[Tag, ...],
    ) -> None:
        self.files, self.entries, self.sysbus, self.tags = files, entries, sysbus, tags

    @property
    def commands(self) -> list[Statement]:
        """What the files give Renode's monitor to do, and no other engine does: all but tags."""
        entries = (self.sysbus, *self.entries)
        given = (s for e in entries for s in (*e.preinit, *e.init, *e.reset))
        return [statement for statement in given if not statement.text.startswith("Tag")]

    def __contains__(self, name: str) -> bool:
        return any(entry.name == name for entry in self.entries)

    def __getitem__(self, name: str) -> Entry:
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise KeyError(name)


def _get(attributes: tuple[Attribute, ...], name: str) -> Value:
    return next((a.value for a in attributes if a.name == name), None)
