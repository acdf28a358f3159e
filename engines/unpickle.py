"""Reads pickles that can name nothing but plain data and the classes of models' state.

A snapshot or a cached platform may come from anywhere; reading it must not run or import what its
author wanted, nor take more memory than its length accounts for.
"""

from __future__ import annotations

import enum
import io
import pickle
import re
import sys
from collections.abc import Callable, Sized
from typing import Any

from xipsim.engines.api import USER_MODULES
from xipsim.peripherals.core import Model, Record

PLAIN = {
    "builtins": {"complex", "range"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "random": {"Random"},
}
"""Of the standard library, what is nothing but a value, and takes no more room than it says."""
COLLECTIONS = {
    "builtins": {"bytearray", "frozenset", "set"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
}
"""What is made from other values, and copies them."""
STATE = ("xipsim.peripherals.", "xipsim.session")
"""Modules, by the beginning of their names, whose own records may be state."""
COPIED = 1 << 22
"""Elements that one pickle may have copied: some memory stays far from what makes a machine."""

_PLAIN_OPCODES = b").]}N(aestu01R\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94b"
_ARGUMENTS = {b"K": 1, b"M": 2, b"J": 4, b"G": 8, b"h": 1, b"j": 4, b"\x80": 1, b"\x95": 8}
_COUNTED = {b"C": 1, b"\x8a": 1, b"\x8c": 1, b"B": 4, b"X": 4, b"\x8b": 4, b"\x8d": 8, b"\x8e": 8,
            b"\x96": 8}  # fmt: skip
"""Opcodes of protocols 4 and 5, and the bytes that follow each, or the width of their count."""
_STEPS = [0] * 256
"""By opcode: how far the next one is, or minus the width of a count; 0: not among them."""
for _code in _PLAIN_OPCODES:
    _STEPS[_code] = 1
for _name, _size in _ARGUMENTS.items():
    _STEPS[_name[0]] = 1 + _size
for _name, _size in _COUNTED.items():
    _STEPS[_name[0]] = -_size

_RATIO = re.compile(r"-?\d{1,4000}(/\d{1,4000})?")


class Refused(Exception):
    """The pickle names something that no state needs."""


def loads(data: bytes, ours: tuple[str, ...] = STATE) -> Any:
    """What was pickled. ours: modules whose records may be in it.

    Refused; and whatever a damaged pickle raises.
    """
    _check_form(data)
    return _Reader(data, ours).load()


def _check_form(data: bytes) -> None:
    """Refuse what no pickler of Python writes now, such as numbers for the memo.

    One of those makes room for all below it, and a count that goes beyond the end for its bytes.
    """
    at, end, opcode = 0, len(data), 0
    while at < end:
        opcode = data[at]
        step = _STEPS[opcode]
        if step > 0:
            at += step
        elif step:
            at += 1 - step + int.from_bytes(data[at + 1 : at + 1 - step], "little")
        else:
            raise Refused(f"it has the opcode {opcode:#04x} at byte {at}")
    if at != end or opcode != pickle.STOP[0]:
        raise Refused("it is cut short, or something follows it")


class _Reader(pickle.Unpickler):
    def __init__(self, data: bytes, ours: tuple[str, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self._ours = ours
        self._copied = 0
        self._makers: dict[Any, type] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):
            return _member
        if (module, name) == ("fractions", "Fraction"):
            return _fraction
        if name in PLAIN.get(module, ()):
            return super().find_class(module, name)
        if name in COLLECTIONS.get(module, ()):
            return self._collecting(super().find_class(module, name))
        # A user's module is there, or is not: imported would be a file in the working directory.
        is_there = module in sys.modules if module.startswith(USER_MODULES) else True
        if is_there and module.startswith((*self._ours, USER_MODULES)):
            found = super().find_class(module, name)
            if _is_state(found, module):
                return found
        raise Refused(f"it names {module}.{name}, which is no plain data")

    def _collecting(self, kind: type) -> Callable[..., Any]:
        """A function that makes a `kind` as its own pickles ask for it, and counts what it holds.

        A few bytes could ask for a million elements again and again.
        """

        def make(*arguments: Any) -> Any:
            arguments = tuple(self._makers.get(a, a) if callable(a) else a for a in arguments)
            if kind is bytearray and not all(isinstance(a, bytes) for a in arguments):
                raise Refused("it asks for a bytearray of something else than bytes")
            for argument in arguments:
                if isinstance(argument, range):
                    raise Refused(f"it asks for a {kind.__name__} of a range")
                size = len(argument) if isinstance(argument, Sized) else 0
                self._copied += size // 16 if isinstance(argument, bytes) else size
            if self._copied > COPIED:
                raise Refused(f"it asks for more than {COPIED} copies of elements")
            return kind(*arguments)

        self._makers[make] = kind  # a defaultdict names what makes its values
        return make


def _is_state(found: Any, module: str) -> bool:
    """Of a user's module any class; of ours, those whose instances are state."""
    # A name with dots could lead on, to a class that the module has only imported.
    if not isinstance(found, type) or found.__module__ != module:
        return False
    return module.startswith(USER_MODULES) or issubclass(found, (tuple, Record, enum.Enum, Model))


def _member(kind: Any, name: str) -> enum.Enum:
    """What Python before 3.11.4 writes for a member of an enumeration: a call of getattr."""
    if not (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        raise Refused(f"it asks for {name} of something that is no enumeration")
    return kind[name]


def _fraction(*arguments: Any) -> Any:
    """Fraction reads exponents, too: a few characters could ask for a billion digits."""
    from fractions import Fraction

    if any(isinstance(a, str) and not _RATIO.fullmatch(a) for a in arguments):
        raise Refused("it asks for a Fraction of something else than two integers")
    return Fraction(*arguments)
