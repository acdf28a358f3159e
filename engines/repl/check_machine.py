"""Whether the entries together make a machine that an engine can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xipsim.peripherals.core import Model

from .check_places import placed
from .declared import declared
from .errors import Problem
from .platform import Entry, Place, Reference
from .stock import CONTROLLER, CORE

Entries = dict[str, Entry]
Models = dict[str, type[Model]]

SCS = 0xE000_E000
"""Where a core has its System Control Space, and the NVIC in it (ARMv7-M manual B3.2.1)."""


def machine_problems(file: str, entries: Entries, models: Models) -> Iterator[Problem]:
    """What the board is missing, or has twice. `file`: of the board itself."""

    def boots(entry: Entry) -> bool:
        return entry.name in models and declared(models[entry.name]).boots

    def count(what: str, hint: str, most: int, fits: Callable[[Entry], bool]) -> Iterator[Problem]:
        found = [entry for entry in entries.values() if fits(entry)]
        if not found:
            yield Problem(Place(file, 1, 1), f"the board has no {what}", hint)
        for entry in found[:most]:
            if not entry.registrations and entry.type != CONTROLLER:
                message = f"{entry.name!r} is registered nowhere: `@ none`, or no `@`"
                yield Problem(entry.place, message, hint)
        for entry in found[most:]:
            message = f"{entry.name!r} is a second {what}, beside {found[0].name!r}: one is run"
            yield Problem(entry.place, message)

    yield from count("core", "cpu: CPU.CortexM @ sysbus", 1, lambda e: e.type == CORE)
    hint = f"nvic: {CONTROLLER} @ sysbus 0x{SCS:X}"
    yield from count("interrupt controller", hint, 1, lambda e: e.type == CONTROLLER)
    for entry in entries.values():
        if entry.type == CONTROLLER:
            yield from _scs_problems(entry)
        elif entry.type == CORE:
            yield from _nvic_problems(entry, entries)
    hint = "ram: Memory.MappedMemory @ sysbus 0x20000000"
    yield from count("memory on the bus", hint, len(entries), _is_placed_memory)
    hint = "bootrom: Imxrt.BootRom @ sysbus 0x00200000, or Alif.BootRom @ sysbus"
    yield from count("boot ROM", hint, 1, boots)


def _is_placed_memory(entry: Entry) -> bool:
    is_placed = any(r.address is not None for r in entry.registrations)
    return entry.type.startswith("Memory.") and is_placed


def _scs_problems(entry: Entry) -> Iterator[Problem]:
    if [r.address for r in entry.registrations] != [SCS]:
        message = f"{entry.name!r} lies at {SCS:#010x} in every core, and nowhere else"
        yield Problem(placed(entry), message, f"@ sysbus 0x{SCS:X}")


def _nvic_problems(entry: Entry, entries: Entries) -> Iterator[Problem]:
    for attribute in entry.attributes:
        value = attribute.value
        if attribute.name != "nvic" or (isinstance(value, Reference) and value.name not in entries):
            continue
        if not isinstance(value, Reference) or entries[value.name].type != CONTROLLER:
            yield Problem(attribute.value_place, f"nvic: expected the name of an {CONTROLLER}")
