"""`xipsim models`: what the registry of models says, the user's own included."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path

from xipsim.engines.usermodels import load_models
from xipsim.errors import UserError
from xipsim.peripherals import FAMILIES
from xipsim.peripherals.core import (
    Model,
    Output,
    Outputs,
    Parameter,
    Region,
    Registry,
    Slots,
    roles_of,
)

from .table import show

COLUMNS = ("Model", "Roles", "Parameters", "Outputs", "Regions", "What it is")


def run(args: argparse.Namespace) -> int:
    """0"""
    registry = load_models(FAMILIES, [Path(file).resolve() for file in args.models])
    if args.name:
        print("\n".join(_described(args.name, _find(args.name, registry))))
    else:
        show(COLUMNS, [_row(name, registry[name]) for name in registry])
    return 0


def _find(name: str, registry: Registry) -> type[Model]:
    if name in registry:
        return registry[name]
    import difflib

    near = difflib.get_close_matches(name, registry, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else "`xipsim models` lists them"
    raise UserError(f"there is no model {name!r}; {hint}")


def _row(name: str, model: type[Model]) -> tuple[str, ...]:
    parameters = [p.name for p in model.declared(Parameter)]
    regions = [r.name for r in model.declared(Region)]
    first = _documentation(model).partition("\n")[0]
    roles = [role.__name__ for role in roles_of(model)]
    lists = (roles, parameters, _outputs(model), regions)
    return name, *map(", ".join, lists), first


def _outputs(model: type[Model]) -> list[str]:
    numbered = [f"0 to {o.count - 1}" for o in model.declared(Outputs)]
    return [o.name for o in model.declared(Output)] + numbered


def _described(name: str, model: type[Model]) -> list[str]:
    lines = [name, "", *_documentation(model).splitlines()]
    roles = [(r.__name__, _documentation(r).partition("\n")[0]) for r in roles_of(model)]
    lines += _section("Roles", roles)
    lines += _section("Parameters", [(p.name, _parameter(p)) for p in model.declared(Parameter)])
    outputs = [(o.name, _required(o)) for o in model.declared(Output)]
    outputs += [(f"0 to {o.count - 1}", o.doc) for o in model.declared(Outputs)]
    lines += _section("Outputs", outputs)
    lines += _section("Regions", [(r.name, _required(r)) for r in model.declared(Region)])
    slots = [(f"0 to {s.count - 1}", s.doc) for s in model.declared(Slots)]
    return lines + _section("Places for other models", slots)


def _section(title: str, rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return ["", title, *(f"  {name:{width}}  {text}" for name, text in rows)] if rows else []


def _parameter(parameter: Parameter[object]) -> str:
    kind = parameter.kind
    what = kind.__name__
    if issubclass(kind, Model):
        what = f"another entry, {kind.TYPE or what}"
    given = "required" if parameter.required else f"default {parameter.default!r}"
    choices = f", one of {', '.join(map(repr, parameter.choices))}" if parameter.choices else ""
    return f"{parameter.doc} ({what}, {given}{choices})"


def _required(part: Output | Region) -> str:
    return f"{part.doc} (required)" if part.required else part.doc


def _documentation(model: type) -> str:
    return inspect.getdoc(model) or ""
