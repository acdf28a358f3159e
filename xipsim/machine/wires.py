"""Wires between pins as people name them: `D0:D1`, or `gpio1/3:gpio1/2`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from xipsim.errors import UserError

if TYPE_CHECKING:
    from xipsim.engines.repl import Platform

Wire = tuple[str, int, str, int]
"""Port and pin of one end, port and pin of the other."""


def wires_of(texts: Iterable[str], platform: Platform) -> tuple[Wire, ...]:
    """The wires that `texts` name on that board, each once. UserError."""
    from xipsim.machine.layout import board_facts

    facts = board_facts(platform)
    names = facts.pins if facts else {}
    wires: dict[Wire, None] = {}
    for text in texts:
        ends = text.split(":")
        if len(ends) != 2 or not all(ends):
            raise UserError(f"a wire has two ends, such as D0:D1, not {text!r}")
        first, second = (_pin(end.strip(), names, platform) for end in ends)
        if first == second:
            raise UserError(f"{text!r} is a wire from a pin to itself")
        wires[(*min(first, second), *max(first, second))] = None
    return tuple(wires)


def _pin(name: str, names: Mapping[str, str], platform: Platform) -> tuple[str, int]:
    port, _, number = _place(name, names).partition("/")
    if not number.isdecimal():
        raise UserError(f"there is no pin {name!r}; {_hint(name, names)}")
    if port not in platform:
        raise UserError(f"there is no port {port!r} on this board, for the pin {name!r}")
    return port, int(number)


def _place(name: str, names: Mapping[str, str]) -> str:
    """Port and pin that a name means; a name that ends in `*` stands for each pin of a port."""
    if name in names:
        return names[name]
    bank, _, number = name.rpartition("_")
    if number.isdecimal() and (whole := names.get(f"{bank}_*")):
        return whole.replace("*", number)
    return name


def _hint(name: str, names: Mapping[str, str]) -> str:
    from difflib import get_close_matches

    if near := get_close_matches(name.upper(), names, n=1):
        return f"did you mean {near[0]}?"
    return "a port's entry and a number, such as gpio1/3, name any pin"
