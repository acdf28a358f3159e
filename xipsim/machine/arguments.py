"""The types of the arguments of `Machine`: a wrong one would fail far from the call."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xipsim.errors import UserError


def check_arguments(given: Mapping[str, Any]) -> None:
    """UserError that names the first argument whose value is of a kind that it cannot have."""
    for name, value in given.items():
        if name in _KINDS:
            expected, fits = _KINDS[name]
            if not fits(value):
                raise UserError(f"{name}: expected {expected}, given {value!r}")


def _is_path(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, os.PathLike) and isinstance(os.fspath(value), str)
    )


def _is_path_or_none(value: Any) -> bool:
    return value is None or _is_path(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are(fits: Callable[[Any], bool], value: Any) -> bool:
    """Several, or one alone. What can be gone through only once is not looked at."""
    if fits(value):
        return True
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        return False
    return iter(value) is value or all(map(fits, value))


def _are_files(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_text(k) and isinstance(v, (str, bytes)) for k, v in value.items())
    return _are(_is_path, value)


_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "board": ("a board's name or a path", _is_path),
    **dict.fromkeys(
        ("firmware", "flash", "state", "qemu", "symbols"), ("a path", _is_path_or_none)
    ),
    **dict.fromkeys(("rtc", "uid", "ahb", "console", "engine"), ("text", _is_text)),
    **dict.fromkeys(
        ("discard", "stalls", "strict", "gdb_wait", "boot_cache"), ("True or False", _is_switch)
    ),
    "seed": ("a whole number", _is_number),
    "gdb": ("a port's number", lambda value: value is None or _is_number(value)),
    "put": ("paths, or contents by name", _are_files),
    "models": ("paths", lambda value: _are(_is_path, value)),
    "wires": ("text such as 'D0:D1'", lambda value: _are(_is_text, value)),
}
