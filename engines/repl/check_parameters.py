"""Parameters against what the models and Renode's types want."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xipsim.peripherals.core import Model, Parameter

from .declared import declared
from .errors import Problem, nearest
from .platform import Attribute, Dictionary, Entry, Enum, New, Range, Reference, Value
from .stock import STOCK

Entries = dict[str, Entry]
Models = dict[str, type[Model]]

_ARTICLE: dict[type, str] = {
    Range: "a range",
    New: "an object",
    Enum: "an enumerated value",
    Dictionary: "a dictionary",
    tuple: "a list",
}


def parameter_problems(entry: Entry, entries: Entries, models: Models) -> Iterator[Problem]:
    """Unknown, missing and wrong parameters of `entry`; of Renode's types, those in `STOCK`."""
    if entry.name not in models:
        yield from _stock_problems(entry)
        return
    parameters = declared(models[entry.name]).parameters
    for attribute in entry.attributes:
        parameter = parameters.get(attribute.name)
        if parameter is None:
            message = f"{entry.type} has no parameter {attribute.name!r}"
            hint = nearest(attribute.name, parameters) or _choice(parameters)
            yield Problem(attribute.place, message, hint)
        elif wrong := _wrong(parameter, attribute.value, entries, models):
            message = f"{attribute.name}: {wrong}"
            yield Problem(attribute.value_place, message, _hint(parameter, attribute))
    given = {attribute.name for attribute in entry.attributes}
    for name, parameter in parameters.items():
        if parameter.required and name not in given:
            message = f"{entry.name!r} needs the parameter {name!r} ({_kind(parameter)})"
            yield Problem(entry.place, message, f"{name}: {parameter.doc}")


def _stock_problems(entry: Entry) -> Iterator[Problem]:
    stock = STOCK.get(entry.type)
    given = {attribute.name: attribute for attribute in entry.attributes}
    for name, parameter in (stock.parameters if stock else {}).items():
        hint = f"{name}: {parameter.example}"
        if name in given and not parameter.fits(given[name].value):
            value = given[name].value
            message = f"{name}: expected {parameter.expected}, given {_given(value)}"
            yield Problem(given[name].value_place, message, hint)
        elif name not in given and parameter.required:
            message = f"{entry.name!r} needs {name!r}: {parameter.expected}"
            yield Problem(entry.place, message, hint)


def _given(value: Value) -> str:
    if isinstance(value, Reference):
        return f"the name {value.name!r}"
    return _ARTICLE.get(type(value)) or repr(value)


def _wrong(parameter: Parameter[Any], value: Value, entries: Entries, models: Models) -> str:
    if isinstance(value, Reference):
        return _wrong_reference(parameter, value, entries, models)
    if type(value) in _ARTICLE:
        return f"expected {_kind(parameter)}, given {_given(value)}"
    if _is_plain(parameter):
        return parameter.check(value)
    if value is None and not parameter.required:
        return ""
    return f"expected {_kind(parameter)}, given {value!r}"


def _wrong_reference(
    parameter: Parameter[Any], value: Reference, entries: Entries, models: Models
) -> str:
    if _is_plain(parameter):
        return f"expected {_kind(parameter)}, given {_given(value)}"
    if value.name not in entries:
        return ""  # told as a missing entry
    model = models.get(value.name)
    if model is not None and _is_a(model, parameter.kind):
        return ""
    return f"expected {_kind(parameter)}, and {value.name!r} is {entries[value.name].type}"


def _is_plain(parameter: Parameter[Any]) -> bool:
    return parameter.kind in (int, float, bool, str)


def _is_a(model: type[Model], kind: type) -> bool:
    try:
        return issubclass(model, kind)
    except TypeError:  # a protocol with attributes, which classes cannot be tested against
        return True


def _kind(parameter: Parameter[Any]) -> str:
    if _is_plain(parameter):
        return str(parameter.kind.__name__)
    return f"the name of an entry of type {parameter.kind.TYPE or parameter.kind.__name__}"


def _hint(parameter: Parameter[Any], attribute: Attribute) -> str:
    value = attribute.value
    if parameter.kind is str and isinstance(value, Reference):
        return f'A string stands in quotes: {attribute.name}: "{value.name}"'
    if parameter.choices:
        return nearest(str(value), map(str, parameter.choices))
    return f"{attribute.name}: {parameter.doc}" if parameter.doc else ""


def _choice(names: dict[str, Parameter[Any]]) -> str:
    return f"It has {', '.join(names)}." if names else "It has none."
