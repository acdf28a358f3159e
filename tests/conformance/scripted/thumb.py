"""The instructions that the tests' programs use: Armv7-M Architecture Reference Manual, A5."""

from __future__ import annotations

from typing import Protocol


class State(Protocol):
    r: list[int]
    n: bool
    z: bool
    c: bool
    v: bool
    primask: bool


class Core(Protocol):
    state: State
    hint: str

    def load(self, address: int, size: int) -> bytes: ...
    def load_value(self, address: int, size: int) -> int: ...
    def store_value(self, address: int, value: int, size: int) -> None: ...
    def branch(self, target: int) -> int: ...


class Undefined(Exception):
    """No instruction, or none that is known here."""


LR, PC = 14, 15
HINTS = {0xBF00: "", 0xBF20: "wfe", 0xBF30: "wfi"}
PRIMASK = {0xB672: True, 0xB662: False}
BARRIER = 0xF3BF
SIZES = {0b01100: 4, 0b01101: 4, 0b01110: 1, 0b01111: 1, 0b10000: 2, 0b10001: 2}
"""Bytes of loads and stores (an even number) with an immediate offset."""


def execute(core: Core, op: int) -> int:
    """The instruction at PC, whose first halfword is `op`; the address of the next one."""
    s = core.state
    r, here = s.r, s.r[PC]
    kind, first, immediate = op >> 11, op >> 8 & 7, op & 0xFF
    base, low = r[op >> 3 & 7], op & 7
    if kind == 0b00100:  # movs
        r[first] = immediate
        _flags(s, immediate)
    elif kind in (0b00101, 0b00111):  # cmp, subs
        _subtract(s, first if kind == 0b00111 else None, r[first], immediate)
    elif op >> 9 == 0b0001101:  # subs, of registers
        _subtract(s, low, base, r[op >> 6 & 7])
    elif kind == 0b00110:  # adds
        _add(s, first, immediate)
    elif kind == 0b00000:  # lsls
        shift = op >> 6 & 31
        s.c = bool(base >> 32 - shift & 1) if shift else s.c
        r[low] = base << shift & 0xFFFF_FFFF
        _flags(s, r[low])
    elif kind == 0b01001:  # ldr, literal
        r[first] = core.load_value((here + 4 & ~3) + 4 * immediate, 4)
    elif kind in SIZES:
        size = SIZES[kind]
        address = base + size * (op >> 6 & 31)
        if kind & 1:
            r[low] = core.load_value(address, size)
        else:
            core.store_value(address, r[low] & (1 << 8 * size) - 1, size)
    elif kind == 0b11100:  # b
        return here + 4 + _signed(op & 0x7FF, 11) * 2
    elif op >> 12 == 0b1101 and op >> 8 & 15 < 14:  # b<condition>
        if _holds(s, op >> 8 & 15):
            return here + 4 + _signed(immediate, 8) * 2
    elif op & 0xFF07 == 0x4700:  # bx, blx
        target = r[op >> 3 & 15]
        if op & 0x80:
            r[LR] = here + 3
        return core.branch(target)
    elif op in HINTS:
        core.hint = HINTS[op]
    elif op in PRIMASK:
        s.primask = PRIMASK[op]
    elif op == BARRIER:
        return here + 4
    else:
        raise Undefined
    return here + 2


def _flags(s: State, result: int) -> None:
    s.n, s.z = bool(result >> 31), result == 0


def _add(s: State, register: int, value: int) -> None:
    before = s.r[register]
    total = before + value
    s.r[register] = result = total & 0xFFFF_FFFF
    s.c, s.v = total >> 32 > 0, bool(~before & result & 1 << 31)
    _flags(s, result)


def _subtract(s: State, into: int | None, before: int, value: int) -> None:
    result = before - value & 0xFFFF_FFFF
    s.c, s.v = before >= value, bool(before & ~result & 1 << 31)
    _flags(s, result)
    if into is not None:
        s.r[into] = result


def _holds(s: State, condition: int) -> bool:
    holds = (
        s.z, s.c, s.n, s.v, s.c and not s.z, s.n == s.v, not s.z and s.n == s.v,
    )[condition >> 1]  # fmt: skip
    return holds != bool(condition & 1)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value
