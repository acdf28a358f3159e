"""From the text of one file to its declarations. Imports lark: only on a cache miss."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import lark
from lark.tree import Meta

from xipsim.peripherals.namedtuple import NamedTuple

from .errors import PlatformError, Problem
from .platform import (
    Attribute,
    Dictionary,
    Enum,
    Interrupt,
    New,
    Place,
    Range,
    Reference,
    Registration,
    Statement,
    Value,
)
from .prelexer import prelex
from .syntax import Declaration, Description, Removal, Section, Using, Wiring
from .wording import syntax_problem

PINS = 4096
"""The most ends that one range of wires can have."""
WIRES = 100_000
"""The most wires that one file can have."""
BITS = 64
"""Of the longest number."""
DEFAULT_NAMESPACE = "Antmicro.Renode.Peripherals."
"""Renode lets type names begin with it or leave it out."""


def parse(source: str, file: str) -> Description:
    """The declarations in `source`. PlatformError with the first mistake in its syntax."""
    text = prelex(source, file)
    try:
        tree = _grammar().parse(text)
    except lark.UnexpectedInput as error:
        raise PlatformError([syntax_problem(error, source, text, file)]) from None
    try:
        description: Description = _Builder(file).transform(tree)
    except lark.exceptions.VisitError as error:
        if isinstance(error.orig_exc, PlatformError):
            raise error.orig_exc from None
        raise
    return description


@functools.cache
def _grammar() -> lark.Lark:
    grammar = Path(__file__).with_name("platform.lark").read_text(encoding="utf-8")
    return lark.Lark(grammar, parser="lalr", propagate_positions=True)


class _Valued(NamedTuple):
    """A value and where it is written."""

    value: Value
    place: Place


class _Nothing(NamedTuple):
    """`none` in a value's place."""


class _Ends(NamedTuple):
    """Ends of wires on one side."""

    ends: tuple[str | int, ...]
    place: Place


class _Destination(NamedTuple):
    name: str
    place: Place
    local: int | None
    numbers: tuple[int, ...]


class _Builder(lark.Transformer[lark.Token, Any]):
    """Builds the syntax classes bottom up; each method is named after its rule."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self._wires = 0

    def _place(self, token: lark.Token | Meta) -> Place:
        return Place(self.file, token.line or 1, token.column or 1)

    # -- structure -------------------------------------------------------------------------------

    def start(self, children: list[Any]) -> Description:
        return Description(
            self.file,
            tuple(c for c in children if isinstance(c, Using)),
            tuple(c for c in children if isinstance(c, Declaration)),
        )

    def using(self, children: list[lark.Token]) -> Using:
        path, *prefix = children
        text = self._unquoted(prefix[0]) if prefix else ""
        return Using(self._unquoted(path), text, self._place(path))

    def local(self, children: list[lark.Token]) -> bool:
        return bool(children)

    def alias(self, children: list[lark.Token]) -> str:
        name = self._unquoted(children[0])
        if not name:
            place = self._place(children[0])
            raise PlatformError([Problem(place, "an alias is a name, and not empty")])
        return name

    def entry(self, children: list[Any]) -> Declaration:
        local, name, kind, registrations, alias, body = children
        body = body or ()
        return Declaration(
            name=str(name),
            place=self._place(name),
            local=local,
            type=_type_name(kind) if kind else "",
            type_place=self._place(kind or name),
            registrations=registrations,
            alias=alias or "",
            attributes=tuple(c for c in body if isinstance(c, Attribute)),
            removals=tuple(c for c in body if isinstance(c, Removal)),
            sections=tuple(c for c in body if isinstance(c, Section)),
            wirings=tuple(w for c in body if isinstance(c, list) for w in c),
        )

    def registrations(self, children: list[Registration]) -> tuple[Registration, ...]:
        return tuple(children)

    def registration(self, children: list[Any]) -> Registration:
        parent, *point = children
        value = point[0].value if point else None
        return Registration(str(parent), value, self._place(parent))

    def body(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(children)

    def attribute(self, children: list[Any]) -> Attribute | Removal:
        name, valued = children
        if isinstance(valued, _Nothing):
            return Removal(str(name), self._place(name))
        return Attribute(str(name), valued.value, self._place(name), valued.place)

    def none(self, children: list[Any]) -> _Nothing:
        return _Nothing()

    def section(self, children: list[Any]) -> Section:
        name, add, *statements = children
        return Section(str(name), add is not None, tuple(statements), self._place(name))

    def statement(self, children: list[lark.Token]) -> Statement:
        return Statement(str(children[0]).rstrip(), self._place(children[0]))

    # -- interrupts ------------------------------------------------------------------------------

    @lark.v_args(meta=True)
    def pins(self, meta: Meta, children: list[Any]) -> tuple[int, ...]:
        first, last = children[0], children[2]
        if abs(last - first) >= PINS:
            message = f"{first}-{last} are more than {PINS} pins"
            raise PlatformError([Problem(self._place(meta), message)])
        step = 1 if last >= first else -1
        return tuple(range(first, last + step, step))

    def output(self, children: list[lark.Token]) -> str:
        return str(children[0])

    @lark.v_args(meta=True)
    def source(self, meta: Meta, children: list[Any]) -> _Ends:
        return _Ends(_flat(children), self._place(meta))

    sources = source

    def destination(self, children: list[Any]) -> _Destination:
        name, local, *numbers = children
        return _Destination(
            str(name), self._place(name), local, tuple(int(n) for n in _flat(numbers))
        )

    destinations = destination

    @lark.v_args(meta=True)
    def wired(self, meta: Meta, children: list[Any]) -> list[Wiring]:
        source, _, *destinations = children
        place = source.place if source else self._place(meta)
        ends = source.ends if source else ("",)
        self._wires += len(ends) * len(destinations)
        if self._wires > WIRES:
            raise PlatformError([Problem(place, f"more than {WIRES} wires in this file")])
        for destination in destinations:
            if len(destination.numbers) != len(ends):
                message = f"{len(ends)} sources, but {len(destination.numbers)} inputs here"
                raise PlatformError([Problem(destination.place, message)])
        return [
            Wiring(
                end,
                tuple(
                    Interrupt(end, d.name, d.numbers[i], d.local, place, d.place)
                    for d in destinations
                ),
                place,
            )
            for i, end in enumerate(ends)
        ]

    @lark.v_args(meta=True)
    def unwired(self, meta: Meta, children: list[Any]) -> list[Wiring]:
        ends = children[0].ends if children[0] else ("",)
        return [Wiring(end, (), self._place(meta)) for end in ends]

    # -- values ----------------------------------------------------------------------------------

    @lark.v_args(meta=True)
    def string(self, meta: Meta, children: list[lark.Token]) -> _Valued:
        return _Valued(self._unquoted(children[0]), self._place(meta))

    @lark.v_args(meta=True)
    def span(self, meta: Meta, children: list[Any]) -> _Valued:
        start, plus, end = children
        size = end if plus else end - start
        if size < 0:
            message = f"this range ends before it begins; write <{start:#x}, +{end:#x}> for a size"
            raise PlatformError([Problem(self._place(meta), message)])
        return _Valued(Range(start, size), self._place(meta))

    @lark.v_args(meta=True)
    def number(self, meta: Meta, children: list[Any]) -> _Valued:
        minus, token = children
        number = float(token) if token.type == "FLOAT" else self._integer(token)
        return _Valued(-number if minus else number, self._place(meta))

    def natural(self, children: list[lark.Token]) -> int:
        return self._integer(children[0])

    @lark.v_args(meta=True)
    def enum(self, meta: Meta, children: list[lark.Token]) -> _Valued:
        kind, _, value = "".join(children).rpartition(".")
        return _Valued(Enum(kind, value), self._place(meta))

    @lark.v_args(meta=True)
    def truth(self, meta: Meta, children: list[lark.Token]) -> _Valued:
        return _Valued(children[0].type == "TRUE", self._place(meta))

    @lark.v_args(meta=True)
    def reference(self, meta: Meta, children: list[lark.Token]) -> _Valued:
        place = self._place(meta)
        return _Valued(Reference(str(children[0]), place), place)

    @lark.v_args(meta=True)
    def empty(self, meta: Meta, children: list[Any]) -> _Valued:
        return _Valued(None, self._place(meta))

    @lark.v_args(meta=True)
    def new(self, meta: Meta, children: list[Any]) -> _Valued:
        kind, body = children
        place = self._place(kind)
        for child in body or ():
            if not isinstance(child, Attribute):
                message = f"only attributes can stand in the body of `new {kind}`"
                raise PlatformError([Problem(place, message)])
        return _Valued(New(_type_name(kind), body or (), place), self._place(meta))

    @lark.v_args(meta=True)
    def sequence(self, meta: Meta, children: list[_Valued]) -> _Valued:
        return _Valued(tuple(c.value for c in children), self._place(meta))

    @lark.v_args(meta=True)
    def dictionary(self, meta: Meta, children: list[tuple[Value, Value]]) -> _Valued:
        return _Valued(Dictionary(tuple(children)), self._place(meta))

    def pair(self, children: list[_Valued]) -> tuple[Value, Value]:
        return children[0].value, children[1].value

    def _integer(self, token: lark.Token) -> int:
        # Not even tried where it is far too long: Python refuses to read some thousands of digits.
        value = int(token, 16 if token.type == "HEX" else 10) if len(token) < BITS else 1 << BITS
        if value >> BITS:
            message = f"this number is longer than {BITS} bits"
            raise PlatformError([Problem(self._place(token), message)])
        return value

    def _unquoted(self, token: lark.Token) -> str:
        if token.type == "TEXT":
            return token[3:-3].replace(r"\'''", "'''")
        unknown = re.search(r'\\[^"\\]', token[1:-1].replace("\\\\", "  "))
        if unknown:
            place = Place(self.file, token.line or 1, (token.column or 1) + 1 + unknown.start())
            message = rf'{unknown.group()} means nothing in a string; only \" and \\ do'
            raise PlatformError([Problem(place, message)])
        return re.sub(r'\\(["\\])', r"\1", token[1:-1])


def _flat(ends: list[Any]) -> tuple[str | int, ...]:
    result: list[str | int] = []
    for end in ends:
        result.extend(end if isinstance(end, tuple) else (end,))
    return tuple(result)


def _type_name(token: lark.Token) -> str:
    return str(token).removeprefix(DEFAULT_NAMESPACE)
