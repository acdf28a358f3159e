"""Arguments of a call that fit the method or do not; imported where a call has failed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "str": str,
    "bytes": bytes,
    "bool": int,
    "float": (int, float),
}
"""Values that a parameter of such a type takes; of others nothing is known."""


def check_arguments(name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """ValueError unless a method, called `name`, can be called with these, behind its model."""
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
