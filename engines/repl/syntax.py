"""What one file says, before anything is put together."""

from __future__ import annotations

from xipsim.peripherals.namedtuple import NamedTuple

from .platform import Attribute, Interrupt, Place, Registration, Statement


class Using(NamedTuple):
    """`using "path" prefixed "prefix"`."""

    path: str
    prefix: str
    place: Place


class Section(NamedTuple):
    """`init:` (name "init"), `init add:` and the like."""

    name: str
    add: bool
    statements: tuple[Statement, ...]
    place: Place


class Removal(NamedTuple):
    """`name: none`: forget the value that an earlier entry gives."""

    name: str
    place: Place


class Wiring(NamedTuple):
    """All wires of one source; none for `-> none`."""

    source: str | int
    wires: tuple[Interrupt, ...]
    place: Place


class Declaration(NamedTuple):
    """One entry as written. Without a type it updates one declared elsewhere.

    registrations: None where the entry says nothing of them, () for `@ none`.
    """

    name: str
    place: Place
    local: bool
    type: str
    type_place: Place
    registrations: tuple[Registration, ...] | None
    alias: str
    attributes: tuple[Attribute, ...]
    removals: tuple[Removal, ...]
    sections: tuple[Section, ...]
    wirings: tuple[Wiring, ...]


class Description(NamedTuple):
    """One file."""

    file: str
    usings: tuple[Using, ...]
    declarations: tuple[Declaration, ...]
