"""What a model's class declares, by name, found once per class."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    BootRom,
    Inputs,
    Model,
    Output,
    Outputs,
    Parameter,
    Peripheral,
    PinPort,
    Region,
    Slots,
)
from xipsim.peripherals.namedtuple import NamedTuple

from .platform import Interrupt


class Declared(NamedTuple):
    """Declarations of one class. pins: the numbered outputs. size: bytes on the bus, or None.

    inputs: how many of other entries' outputs can be connected to it, None for any number of them.
    boots: it is a boot ROM.
    """

    parameters: dict[str, Parameter[Any]]
    outputs: dict[str, Output]
    pins: int
    regions: dict[str, Region]
    slots: tuple[Slots[Any], ...]
    size: int | None
    inputs: int | None
    boots: bool


_KNOWN: dict[type[Model], Declared] = {}


def declared(model: type[Model]) -> Declared:
    """The declarations of `model`."""
    if model not in _KNOWN:
        _KNOWN[model] = _declared(model)
    return _KNOWN[model]


def _declared(model: type[Model]) -> Declared:
    found: dict[str, object] = {}
    for base in reversed(model.__mro__):
        found.update(vars(base))
    values = found.values()
    pins = sum(v.count for v in values if isinstance(v, Outputs))
    return Declared(
        parameters={v.name: v for v in values if isinstance(v, Parameter)},
        outputs={v.name: v for v in values if isinstance(v, Output)},
        pins=pins,
        regions={v.name: v for v in values if isinstance(v, Region)},
        slots=tuple(v for v in values if isinstance(v, Slots)),
        size=model.SIZE if issubclass(model, Peripheral) else None,
        inputs=pins if issubclass(model, PinPort) else _inputs(model),
        boots=issubclass(model, BootRom),
    )


def _inputs(model: type[Model]) -> int | None:
    return model.INPUTS if issubclass(model, Inputs) else 0


def output_name(interrupt: Interrupt, model: type[Model]) -> str:
    """The key in the model's `lines` for the source of a wire that `check` has found right."""
    if interrupt.source == "":
        return model.declared(Output)[0].name
    return str(interrupt.source)
