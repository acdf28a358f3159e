"""The machine that Renode has made, as the platform that the models' end builds."""

from __future__ import annotations

from typing import Any

from xipsim.engines.repl import Attribute, Entry, Platform, Range, Reference, Registration, Tag
from xipsim.engines.repl.platform import SYSBUS, Place, Value

NOWHERE = Place("Renode", 0, 0)


def names_of(facts: dict[str, Any]) -> list[str]:
    """A name for each model: Renode has none for what is registered nowhere."""
    models = enumerate(facts["models"])
    return [model["name"] or f"{model['type']} {number}" for number, model in models]


def platform_of(facts: dict[str, Any]) -> Platform:
    """facts: as `Board.Description` in `bridge/Board.cs` writes them."""
    names = names_of(facts)
    entries = [
        _entry("cpu", "CPU.CortexM", {"cpuType": facts["cpu"]}),
        _entry("nvic", "IRQControllers.NVIC", {"systickFrequency": 0}),
        *(_memory(memory) for memory in facts["memories"]),
        *(
            _model(name, model, names)
            for name, model in zip(names, facts["models"], strict=True)
        ),
    ]
    tags = (
        Tag(Range(tag["start"], tag["size"]), tag["name"], tag["value"], NOWHERE)
        for tag in facts["tags"]
    )
    return Platform((), tuple(entries), _entry(SYSBUS, "", {}), tuple(tags))


def _entry(
    name: str, type_name: str, values: dict[str, Value], places: tuple[Registration, ...] = ()
) -> Entry:
    attributes = tuple(Attribute(n, v, NOWHERE, NOWHERE) for n, v in values.items())
    return Entry(name, type_name, NOWHERE, NOWHERE, places, attributes)


def _memory(memory: dict[str, Any]) -> Entry:
    places = tuple(_on_bus(address) for address in memory["at"])
    return _entry(memory["name"], "Memory.MappedMemory", {"size": memory["size"]}, places)


def _model(name: str, model: dict[str, Any], names: list[str]) -> Entry:
    values = {
        key: Reference(names[value["model"]], NOWHERE) if isinstance(value, dict) else value
        for key, value in model["parameters"].items()
    }
    places = [_on_bus(address) for address in model["registers"]]
    places += [_on_bus(address, size, region) for region, address, size in model["regions"]]
    places += [
        Registration(names[parent], None, NOWHERE, number=number)
        for parent, number in model["slots"]
    ]
    return _entry(name, model["type"], values, tuple(places))


def _on_bus(address: int, size: int | None = None, region: str = "") -> Registration:
    return Registration(SYSBUS, None, NOWHERE, address=address, size=size, region=region)
