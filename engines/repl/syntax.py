"""What one file says, before anything is put together."""

from __future__ import annotations

from dataclasses import dataclass

from .platform import Attribute, Interrupt, Place, Registration, Statement


@dataclass(frozen=True, slots=True)
class Using:
    """`using "path" prefixed "prefix"`."""

    path: str
    prefix: str
    place: Place


@dataclass(frozen=True, slots=True)
class Section:
    """`init:` (name "init"), `init add:` and the like."""

    name: str
    add: bool
    statements: tuple[Statement, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Removal:
    """`name: none`: forget the value that an earlier entry gives."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Wiring:
    """All wires of one source; none for `-> none`."""

    source: str | int
    wires: tuple[Interrupt, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Declaration:
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


@dataclass(frozen=True, slots=True)
class Description:
    """One file."""

    file: str
    usings: tuple[Using, ...]
    declarations: tuple[Declaration, ...]
