"""Registrations: the bus, its regions and overlaps, chip selects and other slots."""

from __future__ import annotations

from collections.abc import Iterator

from xipsim.peripherals.core import Model
from xipsim.peripherals.namedtuple import NamedTuple

from .declared import Declared, declared
from .errors import Problem, nearest, shown
from .platform import SYSBUS, Entry, New, Place, Registration, Tag
from .stock import BUS_END, BUS_POINTS, PAGE, STOCK

Entries = dict[str, Entry]
Models = dict[str, type[Model]]


class _Span(NamedTuple):
    """Addresses that one registration takes. cpu: the only core that sees them, or empty."""

    cpu: str
    start: int
    end: int
    name: str
    registration: Registration


def place_problems(entries: Entries, models: Models) -> Iterator[Problem]:
    """Everything wrong with where the entries are registered."""
    spans: list[_Span] = []
    taken: dict[tuple[str, int], Entry] = {}
    for entry in entries.values():
        model = declared(models[entry.name]) if entry.name in models else None
        for registration in entry.registrations:
            if registration.parent == SYSBUS:
                yield from _bus_problems(entry, registration, model, entries)
                spans += _spans(entry, registration, model)
            elif registration.parent in entries:
                yield from _slot_problems(entry, registration, entries, models, taken)
            else:
                message = f"there is no entry {registration.parent!r}"
                hint = nearest(registration.parent, [*entries, SYSBUS])
                yield Problem(registration.place, message, hint)
        if model:
            yield from _region_problems(entry, model)
    yield from _overlaps(spans)


# -- the bus -------------------------------------------------------------------------------------


def _bus_problems(
    entry: Entry, registration: Registration, model: Declared | None, entries: Entries
) -> Iterator[Problem]:
    point, place = registration.point, registration.place
    if isinstance(point, New):
        yield from _point_problems(point)
    if registration.cpu in entries and not entries[registration.cpu].type.startswith("CPU."):
        yield Problem(place, f"{registration.cpu!r} is no CPU")
    if registration.address is not None:
        yield from _range_problems(entry, registration, model)
    if registration.region or (model is None and entry.type not in STOCK):
        return
    has_addresses = model.size if model else STOCK[entry.type].size
    if has_addresses and registration.address is None:
        yield Problem(place, f"{entry.name!r} needs an address", "@ sysbus 0x40000000")
    if not has_addresses and registration.address is not None:
        yield Problem(place, f"{entry.type} has no registers; it cannot lie on the bus")


def _range_problems(
    entry: Entry, registration: Registration, model: Declared | None
) -> Iterator[Problem]:
    """What is wrong with the addresses that an entry is to have."""
    place, address, given = registration.place, registration.address or 0, registration.size
    size = _size(entry, registration, model) or 1
    if address < 0:
        yield Problem(place, f"{entry.name!r} lies at {address:#x}, in front of the bus")
    elif size > 0 and (last := address + size - 1) >= BUS_END:
        message = f"{entry.name!r} ends at {last:#x}; the bus ends at {BUS_END - 1:#x}"
        yield Problem(place, message)
    if given is not None and given <= 0:
        yield Problem(place, f"{entry.name!r} gets {given} bytes of the bus")
    elif _is_memory(entry):
        yield from _memory_problems(entry, registration, address)


def _memory_problems(entry: Entry, registration: Registration, address: int) -> Iterator[Problem]:
    place, given = registration.place, registration.size
    if address % PAGE:
        yield Problem(place, f"a memory begins at a multiple of {PAGE:#x}, not at {address:#x}")
    if given is not None and isinstance(whole := entry.get("size"), int) and given != whole:
        yield Problem(place, f"{entry.name!r} has {whole:#x} bytes, and gets {given:#x} of the bus")


def tag_problems(tags: tuple[Tag, ...]) -> Iterator[Problem]:
    """Tags that no core of ours can reach, which Renode has, and those that it refuses: a tag may
    lie within one that stands before it, and have nothing else in common with it."""
    around: list[tuple[int, Tag]] = []
    order = sorted(enumerate(tags), key=lambda t: (t[1].range.start, -t[1].range.end, t[0]))
    for number, tag in order:
        if (last := tag.range.end - 1) >= BUS_END:
            message = f"the tag {tag.name!r} ends at {last:#x}; the bus ends at {BUS_END - 1:#x}"
            yield Problem(tag.place, message)
        while around and around[-1][1].range.end <= tag.range.start:
            around.pop()
        if around:
            earlier, other = around[-1]
            if number < earlier or tag.range.end > other.range.end:
                (_, first), (_, second) = sorted([(number, tag), around[-1]], key=lambda t: t[0])
                message = f"the tag {second.name!r} overlaps {first.name!r} ({shown(first.place)})"
                hint = "A tag may lie within one that stands before it."
                yield Problem(second.place, message, hint)
        around.append((number, tag))


def _is_memory(entry: Entry) -> bool:
    return entry.type in STOCK and STOCK[entry.type].size == "size"


def _point_problems(point: New) -> Iterator[Problem]:
    known = BUS_POINTS.get(point.type)
    if known is None:
        message = f"there is no way {point.type!r} to register on the bus"
        yield Problem(point.place, message, nearest(point.type, BUS_POINTS))
        return
    for attribute in point.attributes:
        if attribute.name not in known:
            message = f"{point.type} has no parameter {attribute.name!r}"
            hint = nearest(attribute.name, known) or f"It has {', '.join(sorted(known))}."
            yield Problem(attribute.place, message, hint)


def _region_problems(entry: Entry, model: Declared) -> Iterator[Problem]:
    seen: set[str] = set()
    for registration in entry.registrations:
        region, place = registration.region, registration.place
        if not region:
            continue
        if region not in model.regions:
            message = f"{entry.type} has no region {region!r}"
            hint = nearest(region, model.regions) or f"It has {', '.join(model.regions) or 'none'}."
            yield Problem(place, message, hint)
        elif region in seen:
            yield Problem(place, f"the region {region!r} is registered twice")
        elif registration.address is None or not registration.size:
            yield Problem(place, f"the region {region!r} needs an address and a size")
        seen.add(region)
    for name, declared_region in model.regions.items():
        if declared_region.required and name not in seen:
            message = f"{entry.name!r} needs its region {name!r} ({declared_region.doc})"
            hint = (
                "@ { ...; sysbus new Bus.BusMultiRegistration "
                f'{{ address: ...; size: ...; region: "{name}" }} }}'
            )
            yield Problem(placed(entry), message, hint)


def _size(entry: Entry, registration: Registration, model: Declared | None) -> int:
    """How many bytes of the bus are taken there; 0 if that cannot be told."""
    size: object = registration.size
    if size is None and not registration.region:
        size = model.size if model else STOCK[entry.type].size if entry.type in STOCK else None
        size = entry.get("size") if size == "size" else size
    return size if isinstance(size, int) else 0


def _spans(entry: Entry, registration: Registration, model: Declared | None) -> list[_Span]:
    start, size = registration.address, _size(entry, registration, model)
    if start is None or size <= 0:
        return []
    return [_Span(registration.cpu, start, start + size, entry.name, registration)]


def _overlaps(spans: list[_Span]) -> Iterator[Problem]:
    before: _Span | None = None
    for span in sorted(spans, key=lambda s: s[:3]):
        if before and before.cpu == span.cpu and span.start < before.end:
            later, earlier = sorted((before, span), key=lambda s: s.registration.place)[::-1]
            message = (
                f"{later.name!r} ({_addresses(later)}) overlaps {earlier.name!r} "
                f"({_addresses(earlier)}, {shown(earlier.registration.place)})"
            )
            yield Problem(later.registration.place, message)
        if not before or before.cpu != span.cpu or span.end > before.end:
            before = span


def _addresses(span: _Span) -> str:
    return f"{span.start:#010x}-{span.end - 1:#010x}"


def placed(entry: Entry) -> Place:
    """Where the file says where the entry lies, or at least names it."""
    return entry.registrations[0].place if entry.registrations else entry.place


# -- slots ---------------------------------------------------------------------------------------


def _slot_problems(
    entry: Entry,
    registration: Registration,
    entries: Entries,
    models: Models,
    taken: dict[tuple[str, int], Entry],
) -> Iterator[Problem]:
    parent, place = entries[registration.parent], registration.place
    if parent.type and parent.name not in models and parent.type not in STOCK:
        return  # told as an unknown type
    model = declared(models[parent.name]) if parent.name in models else None
    on_pins = entry.type in STOCK and STOCK[entry.type].on_pins
    count, hint = _slots(model, on_pins)
    number = registration.number
    if model and model.pins and not on_pins:
        message = f"{entry.type} cannot be registered on a pin of {parent.name!r} ({parent.type})"
        yield Problem(place, message, f"Wire it: `{parent.name}: {number or 0} -> {entry.name}@0`.")
    elif not count:
        yield Problem(place, f"nothing can be registered on {parent.name!r} ({parent.type})")
    elif number is None:
        yield Problem(place, f"where on {parent.name!r}? `@ {parent.name} 0`", hint)
    elif not 0 <= number < count:
        message = f"{parent.name!r} has no place {number}, only 0 to {count - 1}"
        yield Problem(place, message, hint)
    elif not on_pins and (other := taken.setdefault((parent.name, number), entry)) is not entry:
        message = f"place {number} of {parent.name!r} is taken by {other.name!r}"
        yield Problem(place, f"{message} ({shown(other.place)})", hint)
    elif model and entry.name in models and not issubclass(models[entry.name], _kind(model)):
        message = f"{entry.type} cannot be registered on {parent.name!r} ({parent.type})"
        yield Problem(place, message, f"It takes what is {_kind(model).__name__}.")


def _kind(model: Declared) -> type:
    return model.slots[0].kind if model.slots else object


def _slots(model: Declared | None, on_pins: bool) -> tuple[int, str]:
    """How many places there are, and what they are."""
    if model and on_pins:
        return model.pins, f"It has {model.pins} pins."
    if model and model.slots:
        return model.slots[0].count, f"It has {model.slots[0].doc}."
    return 0, ""
