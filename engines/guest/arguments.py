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


def fit(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Whether a method takes values of these types. What it would keep goes wrong only later."""
    kinds = function.__annotations__
    for parameter, value in zip(function.__code__.co_varnames[1:], arguments, strict=False):
        kind = _KINDS.get(kinds.get(parameter, ""))
        if kind is not None and not isinstance(value, kind):
            return False
        if isinstance(value, float) and not isfinite(value):
            return False
    return True


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
        wanted = str(signature.parameters[parameter].annotation)
        if wanted in _KINDS and not isinstance(value, _KINDS[wanted]):
            raise ValueError(f"{name}: {parameter}: expected {wanted}, given {value!r}")
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"{name}: {parameter}: expected a finite number, given {value!r}")
