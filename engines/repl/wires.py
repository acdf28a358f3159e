"""Wires that come with the machine, not with the board's `.repl`."""

from __future__ import annotations

from collections.abc import Iterable

from .platform import Attribute, Entry, Place, Platform, Reference, Value

WIRE = "Wiring.Wire"


def with_wires(platform: Platform, wires: Iterable[tuple[str, int, str, int]]) -> Platform:
    """`platform` with wires between pins: port and pin of one end, port and pin of the other."""
    entries = tuple(_entry(*wire) for wire in wires)
    if not entries:
        return platform
    return Platform(
        platform.files, (*platform.entries, *entries), platform.sysbus, platform.tags
    )


def _entry(port: str, pin: int, other: str, other_pin: int) -> Entry:
    name = f"{port}/{pin}:{other}/{other_pin}"
    place = Place(f"the wire {name}", 0, 0)
    values: dict[str, Value] = {
        "port": Reference(port, place),
        "pin": pin,
        "other": Reference(other, place),
        "other_pin": other_pin,
    }
    attributes = tuple(Attribute(key, value, place, place) for key, value in values.items())
    return Entry(name, WIRE, place, place, attributes=attributes)
