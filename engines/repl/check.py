"""Does a platform fit the models? Everything that is wrong is found and told in one go."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from xipsim.peripherals.core import REGISTRY, Registry

from .check_machine import machine_problems
from .check_names import alias_problems, bus_problems
from .check_parameters import parameter_problems
from .check_places import place_problems, tag_problems
from .check_wires import wire_problems
from .errors import PlatformError, Problem, nearest
from .platform import SYSBUS, Entry, Platform, references
from .stock import STOCK

MOST_PROBLEMS = 100
"""That are told at once; who has more than that has made one mistake in many places."""


def check(platform: Platform, registry: Registry = REGISTRY) -> None:
    """Raise PlatformError with what does not fit the models in `registry`.

    The modules of the models must have been imported.
    """
    order = {file: position for position, file in enumerate(platform.files)}
    problems = sorted(
        set(islice(_problems(platform, registry), MOST_PROBLEMS)),
        key=lambda p: (order.get(p.place.file, 0), p.place.line, p.place.column, p.message),
    )
    if problems:
        raise PlatformError(problems)


def unmodelled(platform: Platform, registry: Registry = REGISTRY) -> tuple[str, ...]:
    """The types that `platform` names and that neither `registry` nor our engines know."""
    types = {entry.type for entry in platform.entries if entry.type}
    return tuple(sorted(t for t in types if t not in registry and t not in STOCK))


def _problems(platform: Platform, registry: Registry) -> Iterator[Problem]:
    models = {e.name: registry[e.type] for e in platform.entries if e.type in registry}
    entries = {e.name: e for e in platform.entries}
    for entry in platform.entries:
        yield from _type_problems(entry, entries, registry)
        yield from _reference_problems(entry, entries)
        yield from parameter_problems(entry, entries, models)
        yield from wire_problems(entry, entries, models)
    yield from bus_problems(platform.sysbus)
    yield from alias_problems(platform.entries)
    yield from place_problems(entries, models)
    yield from tag_problems(platform.tags)
    yield from machine_problems(platform.files[0], entries, models)


def _type_problems(
    entry: Entry, entries: dict[str, Entry], registry: Registry
) -> Iterator[Problem]:
    if not entry.type:
        message = f"no entry gives {entry.name!r} a type: `{entry.name}: Type @ ...`"
        typed = [e.name for e in entries.values() if e.type]
        yield Problem(entry.place, message, nearest(entry.name, typed))
    elif entry.type not in registry and entry.type not in STOCK:
        hint = nearest(entry.type, [*registry, *STOCK]) or "`xipsim models` lists them."
        yield Problem(entry.type_place, f"there is no model {entry.type!r}", hint)


def _reference_problems(entry: Entry, entries: dict[str, Entry]) -> Iterator[Problem]:
    values = [a.value for a in entry.attributes] + [r.point for r in entry.registrations]
    for value in values:
        for reference in references(value):
            if reference.name not in entries and reference.name != SYSBUS:
                message = f"there is no entry {reference.name!r}"
                yield Problem(reference.place, message, nearest(reference.name, entries))
