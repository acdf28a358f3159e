"""What a class of peripherals knows of its registers, made of what it declares.

A start makes fifty such classes with two thousand registers, most of them in arrays; nothing here
that it needs is a loop over their elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from operator import or_, xor
from typing import Any

from .model import Model
from .registers import Bits, Register, RegisterArray


def _clear(value: int, mask: int) -> int:
    return value & ~mask


ALIASES: dict[int, Callable[[int, int], int]] = {4: or_, 8: _clear, 12: xor}
"""Aliases of a register that has them, by their distance from it: what a store there does."""


class Table:
    """An attribute of a class, made when somebody asks for it. make: makes it for the class."""

    def __init__(self, name: str, make: Callable[[type[Model]], Any]) -> None:
        self._name, self._make = name, make

    def __get__(self, _instance: object, owner: type[Model]) -> Any:
        table = self._make(owner)
        setattr(owner, self._name, table)
        return table


def all_registers(kind: type[Model]) -> Iterator[Register]:
    """Every register, those of arrays one by one."""
    yield from kind.declared(Register)
    for array in kind.declared(RegisterArray):
        yield from array.elements


def offsets_with(kind: type[Model], flag: str) -> Iterator[int]:
    """Where the registers are that were declared with this keyword."""
    yield from (r.offset for r in kind.declared(Register) if getattr(r, flag))
    for array in kind.declared(RegisterArray):
        if getattr(array, flag):
            yield from array.offsets


def reset_values(kind: type[Model]) -> dict[int, int]:
    """Values after power-on, by offset."""
    values = {register.offset: register.reset for register in kind.declared(Register)}
    for array in kind.declared(RegisterArray):
        values.update(zip(array.offsets, array.resets, strict=True))
    return values


def warm_reset_values(kind: type[Model]) -> dict[int, int]:
    """Of those, the ones that every reset brings back."""
    survivors = set(offsets_with(kind, "survives_reset"))
    return {offset: v for offset, v in reset_values(kind).items() if offset not in survivors}


def registers_by_offset(kind: type[Model]) -> dict[int, Register]:
    """What answers at an offset, aliases included."""
    registers = {register.offset: register for register in all_registers(kind)}
    aliased = [register for register in registers.values() if register.set_clear_toggle]
    return registers | {r.offset + distance: r for r in aliased for distance in ALIASES}


def unmodelled_fields(kind: type[Model]) -> dict[Register | RegisterArray, tuple[Bits, ...]]:
    """The fields of which something is missing, by what declares them."""
    found: dict[Register | RegisterArray, tuple[Bits, ...]] = {}
    for field in kind.declared(Bits):
        if field.unmodelled:
            found[field.register] = (*found.get(field.register, ()), field)
    return found


def refuse_overlaps(kind: type[Model]) -> None:
    """TypeError where two registers answer at the same byte."""
    alike: dict[tuple[int, bool], list[int]] = {}
    for register in kind.declared(Register):
        alike.setdefault((register.width, register.set_clear_toggle), []).append(register.offset)
    for array in kind.declared(RegisterArray):
        alike.setdefault((array.width, array.set_clear_toggle), []).extend(array.offsets)
    taken, count = set[int](), 0
    for (width, has_aliases), offsets in alike.items():
        copies = (0, *ALIASES) if has_aliases else (0,)
        # All are aligned: where all are of one width, their first bytes tell.
        length = 1 if len(alike) == 1 else width // 8
        for shift in (copy + byte for copy in copies for byte in range(length)):
            taken.update([offset + shift for offset in offsets])
            count += len(offsets)
    if len(taken) == count:
        return
    places = sorted(place for register in all_registers(kind) for place in register.places())
    for (_, end, name), (start, _, following) in pairwise(places):
        if start < end:
            raise TypeError(f"{kind.__name__}: {name} and {following} overlap at {start:#x}")
