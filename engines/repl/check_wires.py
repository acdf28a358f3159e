"""Interrupts and other signals against the outputs of models and the inputs of what they reach."""

from __future__ import annotations

from collections.abc import Iterator

from xipsim.peripherals.core import Model

from .declared import Declared, declared
from .errors import Problem, nearest
from .platform import Entry, Interrupt
from .stock import CONTROLLER, CORE, STOCK

Models = dict[str, type[Model]]


def wire_problems(entry: Entry, entries: dict[str, Entry], models: Models) -> Iterator[Problem]:
    """Unknown and forgotten outputs of `entry`, and ends of wires that do not exist."""
    for wire in entry.interrupts:
        if wire.destination not in entries:
            message = f"there is no entry {wire.destination!r}"
            yield Problem(wire.destination_place, message, nearest(wire.destination, entries))
        elif stock := STOCK.get(entries[wire.destination].type):
            if entries[wire.destination].type == CORE and entry.type != CONTROLLER:
                message = f"{wire.destination!r} takes interrupts from the {CONTROLLER} alone"
                yield Problem(wire.destination_place, message, "-> nvic@0")
            yield from _input_problems(wire, entries[wire.destination].type, stock.inputs)
        elif wire.destination in models:
            inputs = declared(models[wire.destination]).inputs
            yield from _input_problems(wire, entries[wire.destination].type, inputs)
    if entry.name in models:
        yield from _output_problems(entry, declared(models[entry.name]))
    elif stock := STOCK.get(entry.type):
        for wire in entry.interrupts:
            if wire.source not in ("", stock.output) or not stock.output:
                message = f"{entry.type} has no output {str(wire.source)!r}"
                yield Problem(wire.place, message, nearest(str(wire.source), [stock.output]))


def _input_problems(wire: Interrupt, name: str, inputs: int | None) -> Iterator[Problem]:
    """`inputs`: how many there are, None if only the model knows."""
    place = wire.destination_place
    if wire.local is not None:
        yield Problem(place, f"{name} has no groups of inputs to choose from with `#`")
    if inputs == 0:
        yield Problem(place, f"{wire.destination!r} is {name}, which has no inputs")
    elif inputs is not None and wire.number >= inputs:
        limit = f"it has {inputs}, counted from 0"
        yield Problem(place, f"{wire.destination!r} has no input {wire.number}: {limit}")


def _output_problems(entry: Entry, model: Declared) -> Iterator[Problem]:
    wired: dict[str, Interrupt] = {}
    for wire in entry.interrupts:
        name = str(wire.source) or (next(iter(model.outputs)) if len(model.outputs) == 1 else "")
        first = wired.setdefault(name, wire)
        if not name:
            message = f"{entry.type} has {len(model.outputs) or 'no'} named outputs: which one?"
            yield Problem(wire.place, message, _choice(model))
        elif name not in model.outputs and not _is_pin(name, model):
            message = f"{entry.type} has no output {name!r}"
            yield Problem(wire.place, message, nearest(name, model.outputs) or _choice(model))
        elif first.source != wire.source:
            message = f"the output {name!r} is wired by its name and by `->` alone"
            yield Problem(wire.place, message, "Name it in both places, or in none.")
    for name, output in model.outputs.items():
        if output.required and name not in wired:
            message = f"the output {name!r} of {entry.name!r} goes nowhere ({output.doc})"
            yield Problem(entry.place, message, f"{name} -> nvic@0")


def _is_pin(name: str, model: Declared) -> bool:
    return name.isdigit() and int(name) < model.pins


def _choice(model: Declared) -> str:
    known = [*model.outputs, *([f"0-{model.pins - 1}"] if model.pins else [])]
    return f"It has {', '.join(known)}." if known else "It has none."
