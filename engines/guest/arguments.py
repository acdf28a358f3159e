"""Arguments of a call that fit the method or do not."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "str": str,
    "bytes": bytes,
    "bool": int,
    "float": (int, float),
}
"""Values that a parameter of such a type takes; of others nothing is known."""


def _wanted(kind: str, value: Any) -> str:
    """What a parameter of that type takes instead of this value; empty if it takes it."""
    if kind in _KINDS and not isinstance(value, _KINDS[kind]):
        return kind
    return "a finite number" if isinstance(value, float) and not isfinite(value) else ""


def fit(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Whether a method takes values of these types. What it would keep goes wrong only later."""
    kinds = function.__annotations__
    given = zip(function.__code__.co_varnames[1:], arguments, strict=False)
    return not any(_wanted(kinds.get(parameter, ""), value) for parameter, value in given)


def check_arguments(name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """ValueError unless a method, called `name`, can be called with these, behind its model."""
    import inspect

    signature = inspect.signature(function)
    try:
        bound = signature.bind(None, *arguments)
    except TypeError as error:
        takes = [p for p in signature.parameters if p != "self"]
        raise ValueError(f"{name}: {error}; it takes {', '.join(takes) or 'nothing'}") from None
    for parameter, value in list(bound.arguments.items())[1:]:
        if wanted := _wanted(str(signature.parameters[parameter].annotation), value):
            raise ValueError(f"{name}: {parameter}: expected {wanted}, given {value!r}")
