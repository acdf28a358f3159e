"""Names, and what belongs to nobody: aliases, and what the files say of the bus itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .errors import Problem, shown
from .platform import SYSBUS, Entry, Place


def bus_problems(bus: Entry) -> Iterator[Problem]:
    """What the bus cannot have: only commands can be said of it, as in Renode."""
    said: list[tuple[str, Place]] = [(repr(a.name), a.place) for a in bus.attributes]
    said += [("a wire", wire.place) for wire in bus.interrupts]
    said += [("a place", registration.place) for registration in bus.registrations]
    for what, place in said:
        message = f"{what} means nothing for {SYSBUS!r}, which is the bus itself"
        yield Problem(place, message, "It takes the commands of `init:`, `reset:` and `preinit:`.")


def alias_problems(entries: Iterable[Entry]) -> Iterator[Problem]:
    """Aliases that leave an entry without a name, or with that of another one."""
    registered = [entry for entry in entries if entry.registrations]
    named = {entry.name: entry for entry in registered if not entry.alias}
    for entry in registered:
        if not entry.alias:
            continue
        place = entry.registrations[0].place
        if entry.alias == SYSBUS:
            yield Problem(place, f"the alias {SYSBUS!r} of {entry.name!r} is the bus's own name")
        elif (other := named.setdefault(entry.alias, entry)) is not entry:
            message = f"the alias {entry.alias!r} of {entry.name!r} is the name of another entry"
            yield Problem(place, f"{message} ({shown(other.place)})")
