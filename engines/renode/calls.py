"""The functions that Renode's side and this one call of each other; `bridge/Calls.cs` has the same.

Plain C functions, so that it does not matter whether Renode hosts Python or Python hosts Renode.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import (
    CFUNCTYPE,
    POINTER,
    c_char_p,
    c_int,
    c_int64,
    c_uint32,
    c_uint64,
    c_void_p,
    py_object,
)
from typing import Any

READ = CFUNCTYPE(c_uint64, c_int, c_int64, c_int)
"""handle, offset, size -> value"""
WRITE = CFUNCTYPE(None, c_int, c_int64, c_uint64, c_int)
"""handle, offset, value, size"""

HOST = {
    "port": CFUNCTYPE(None, c_int, c_int, READ, WRITE, READ),
    "words": CFUNCTYPE(None, c_int, c_int64, py_object, py_object, py_object, py_object),
    "tag": CFUNCTYPE(None, c_char_p, c_uint64, c_uint64, READ, WRITE),
    "refuse": CFUNCTYPE(None),
    "line": CFUNCTYPE(None, c_int, c_int, c_int),
    "sent": CFUNCTYPE(None, c_int, c_char_p, c_int),
    "now": CFUNCTYPE(c_uint64),
    "arm": CFUNCTYPE(None, c_uint64),
    "disarm": CFUNCTYPE(None),
    "next_of_renode": CFUNCTYPE(c_uint64),
    "skip_to": CFUNCTYPE(None, c_uint64),
    "enter": CFUNCTYPE(None),
    "add_window": CFUNCTYPE(c_int, c_int, c_int, c_uint64, c_uint64),
    "window_memory": CFUNCTYPE(c_void_p, c_int),
    "switch_window": CFUNCTYPE(None, c_int, c_uint64, c_uint64, c_int, c_int),
    "drop_translations": CFUNCTYPE(None, c_int, c_uint64, c_uint64),
    "register": CFUNCTYPE(c_uint32, c_int),
    "start_core": CFUNCTYPE(None, c_uint32, c_uint32, c_uint32),
    "reset_core": CFUNCTYPE(None),
    "raise_nmi": CFUNCTYPE(None),
    "interrupt": CFUNCTYPE(None, c_int, c_int),
    "read_bus": CFUNCTYPE(c_int, c_uint64, c_void_p, c_int, c_int),
    "write_bus": CFUNCTYPE(c_int, c_uint64, c_char_p, c_int, c_int),
    "log": CFUNCTYPE(None, c_int, c_char_p),
    "pause": CFUNCTYPE(None),
}
"""What Renode's side offers, in the order of its table."""

GUEST = {
    "check": CFUNCTYPE(c_void_p, c_char_p, c_char_p),
    "build": CFUNCTYPE(c_void_p, c_char_p),
    "load": CFUNCTYPE(c_void_p, c_char_p, c_char_p),
    "input": CFUNCTYPE(None, c_int, c_int, c_int),
    "typed": CFUNCTYPE(None, c_int, c_int),
    "clock": CFUNCTYPE(None),
    "stand": CFUNCTYPE(None),
    "reset_request": CFUNCTYPE(None),
    "machine_reset": CFUNCTYPE(None),
    "aborted": CFUNCTYPE(None),
    "fault": CFUNCTYPE(None, POINTER(c_uint32), c_int),
}
"""What this side offers, in the order of its table. Those that return a pointer return what is
wrong, or nothing."""

_POINTER = ctypes.sizeof(c_void_p)
_kept: list[Any] = []
"""Functions and texts that Renode's side has pointers to."""


class Host:
    """Renode's functions, by name; see `HOST`."""

    def __init__(self, address: int) -> None:
        pointers = (c_void_p * len(HOST)).from_address(address)
        for (name, kind), pointer in zip(HOST.items(), pointers, strict=True):
            assert pointer is not None
            setattr(self, name, kind(pointer))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(name)  # for type checkers: all are set in __init__


def publish(address: int, functions: dict[str, Callable[..., Any]]) -> None:
    """Leave `functions`, one for each of `GUEST`, in the table behind the host's."""
    table = (c_void_p * len(GUEST)).from_address(address + len(HOST) * _POINTER)
    for index, (name, kind) in enumerate(GUEST.items()):
        table[index] = ctypes.cast(keep(kind(functions[name])), c_void_p)


def keep(kept: Any) -> Any:
    """Keep it for as long as the process lives."""
    _kept.append(kept)
    return kept


def text(said: str | None) -> int | None:
    """A pointer to a text that Renode's side reads at once."""
    if said is None:
        return None
    return ctypes.addressof(keep(ctypes.create_string_buffer(said.encode())))
