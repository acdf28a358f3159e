"""Everything that all files say of one name, put together; later wins, as in Renode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeGuard

from .errors import Problem, shown
from .platform import (
    MACHINE,
    SYSBUS,
    Attribute,
    Dictionary,
    Entry,
    Interrupt,
    New,
    Place,
    Range,
    Reference,
    Registration,
    Statement,
    Value,
    is_list,
)
from .syntax import Declaration, Description

Rename = Callable[[str], str]
"""From a name in one file to the entry's name in the platform."""


def merge(
    parts: Iterable[tuple[Description, str]], problems: list[Problem]
) -> dict[str, Entry]:
    """Entries by name, `sysbus` among them, from files with their prefixes, in order.

    An entry that no file gives a type has an empty one: it belongs to a platform that these files
    are an addition to.
    """
    parts = list(parts)
    sysbus = _Merging(SYSBUS, Place(parts[-1][0].file, 1, 1), type=SYSBUS)
    merging: dict[str, _Merging] = {SYSBUS: sysbus}
    scopes = [
        _declare(description, prefix, merging, problems) for description, prefix in parts
    ]
    for (description, _), scope in zip(parts, scopes, strict=True):
        for declaration in description.declarations:
            problems.extend(_repetitions(declaration))
            name = scope(declaration.name)
            merging.setdefault(name, _Merging(name, declaration.place)).add(declaration, scope)
    return {name: entry.entry() for name, entry in merging.items()}


def _declare(
    description: Description,
    prefix: str,
    merging: dict[str, _Merging],
    problems: list[Problem],
) -> Rename:
    """Enter what the file declares; answers how names in that file are to be read."""
    local: dict[str, str] = {SYSBUS: SYSBUS}
    for declaration in description.declarations:
        if not declaration.type:
            continue
        name = prefix + declaration.name
        if declaration.name == MACHINE:
            message = f"{MACHINE!r} is the name of the machine itself; an entry needs another one"
            problems.append(Problem(declaration.place, message))
        if declaration.local and declaration.name not in local:
            while name in merging:
                name += "_"
            local[declaration.name] = name
        if name in merging or declaration.name == SYSBUS:
            first = f" in {shown(merging[name].place)}" if name != SYSBUS else ""
            message = f"{name!r} is already declared{first}"
            hint = "An entry that only changes it has no type."
            problems.append(Problem(declaration.place, message, hint))
        else:
            merging[name] = _Merging(name, declaration.place)
    return lambda name: local.get(name) or prefix + name


def _repetitions(declaration: Declaration) -> Iterator[Problem]:
    """What one entry says twice, or that it says nothing."""
    said = [(a.name, a.place) for a in declaration.attributes]
    said += [(r.name, r.place) for r in declaration.removals]
    said += [(f"{s.name}:", s.place) for s in declaration.sections]
    said += [(f"{w.source} ->".strip(), w.place) for w in declaration.wirings]
    seen: dict[str, Place] = {}
    for what, place in said:
        if what in seen:
            message = f"`{what}` stands twice in this entry, first in {shown(seen[what])}"
            yield Problem(place, message)
        seen.setdefault(what, place)
    if not said and not declaration.type and declaration.registrations is None:
        yield Problem(declaration.place, f"{declaration.name!r} says nothing")
    if declaration.alias and not declaration.registrations:
        message = 'an alias needs a registration: `@ sysbus ... as "name"`'
        yield Problem(declaration.place, message)


@dataclass(slots=True)
class _Merging:
    """An entry on its way."""

    name: str
    place: Place
    type: str = ""
    type_place: Place | None = None
    registrations: tuple[Registration, ...] = ()
    alias: str = ""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    sections: dict[str, tuple[Statement, ...]] = field(default_factory=dict)
    wires: dict[str | int, tuple[Interrupt, ...]] = field(default_factory=dict)

    def add(self, declaration: Declaration, rename: Rename) -> None:
        """Take over what one more declaration says."""
        if declaration.type:
            self.type, self.type_place = declaration.type, declaration.type_place
        if declaration.registrations is not None:
            self.alias = declaration.alias
            self.registrations = tuple(_placed(r, rename) for r in declaration.registrations)
        for removal in declaration.removals:
            self.attributes.pop(removal.name, None)
        for attribute in declaration.attributes:
            self.attributes[attribute.name] = _renamed_attribute(attribute, rename)
        for section in declaration.sections:
            kept = self.sections.get(section.name, ()) if section.add else ()
            self.sections[section.name] = kept + section.statements
        for wiring in declaration.wirings:
            self.wires[wiring.source] = tuple(
                wire._replace(destination=rename(wire.destination)) for wire in wiring.wires
            )

    def entry(self) -> Entry:
        """The entry as all files together have it."""
        return Entry(
            name=self.name,
            type=self.type,
            place=self.place,
            type_place=self.type_place or self.place,
            registrations=self.registrations,
            attributes=tuple(self.attributes.values()),
            interrupts=tuple(wire for wires in self.wires.values() for wire in wires),
            init=self.sections.get("init", ()),
            reset=self.sections.get("reset", ()),
            preinit=self.sections.get("preinit", ()),
            alias=self.alias,
        )


def _placed(registration: Registration, rename: Rename) -> Registration:
    """The registration with what its point means filled in."""
    parent, point = rename(registration.parent), _renamed(registration.point, rename)
    registration = registration._replace(parent=parent, point=point)
    if parent != SYSBUS:
        return registration._replace(number=point) if _is_int(point) else registration
    if isinstance(point, New):
        where = point.get("range")
        region, cpu = point.get("region"), point.get("cpu")
        registration = registration._replace(
            region=region if isinstance(region, str) else "",
            cpu=cpu.name if isinstance(cpu, Reference) else "",
        )
        address, size = point.get("address"), point.get("size")
    else:
        where, address, size = point, point, None
    if isinstance(where, Range):
        address, size = where.start, where.size
    return registration._replace(
        address=address if _is_int(address) else None,
        size=size if _is_int(size) else None,
    )


def _is_int(value: Value) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _renamed_attribute(attribute: Attribute, rename: Rename) -> Attribute:
    value = _renamed(attribute.value, rename)
    return attribute if value is attribute.value else attribute._replace(value=value)


def _renamed(value: Value, rename: Rename) -> Value:
    if isinstance(value, Reference):
        return value._replace(name=rename(value.name))
    if isinstance(value, New):
        return value._replace(
            attributes=tuple(_renamed_attribute(a, rename) for a in value.attributes)
        )
    if isinstance(value, Dictionary):
        return Dictionary(
            tuple((_renamed(k, rename), _renamed(v, rename)) for k, v in value.items)
        )
    return tuple(_renamed(v, rename) for v in value) if is_list(value) else value
