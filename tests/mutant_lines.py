"""Where a line of a model can be made wrong, and how: used by tests/mutants.py.

A place is an expression or statement on one line. Numbers change by one or by a bit, bytes by a
bit; comparisons, `and` and `or`, arithmetic and bit operators turn into their neighbours; `not`
goes; conditions are always or never true; the first of two arguments becomes the second; what a
statement does (an assignment to an attribute or item, a call, a raise, the value of a return) is
left out. Nothing changes in texts, annotations, `__slots__` and what only type checkers read.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

COMPARISONS = {
    ast.Lt: ("<", "<=", ">="),
    ast.LtE: ("<=", "<", ">"),
    ast.Gt: (">", ">=", "<="),
    ast.GtE: (">=", ">", "<"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
OPERATORS = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"),
    ast.Mod: ("%", "//"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "|"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
NO_BEHAVIOUR = ("__slots__", "__all__")
SYMMETRIC = ("min", "max")
"""Of integers."""
SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Raise)


class Place(NamedTuple):
    """A part of a line, and what can stand there instead."""

    line: int
    """From 1."""
    start: int
    """In bytes, as `end`."""
    end: int
    instead: tuple[str, ...]
    span: range
    """The lines that run when the statement, or the head of a compound one, does."""
    imported: bool
    """Runs when the module is imported; also a default value."""


class Mutant(NamedTuple):
    """A file with a wrong line."""

    file: str
    line: int
    old: str
    new: str
    text: str
    """The file's."""
    span: range
    imported: bool


def sample(root: Path, files: Iterable[str], seed: int, count: int) -> list[Mutant]:
    """So many mutants at random places; the same for the same seed and files."""
    rng = random.Random(seed)
    texts = {file: (root / file).read_text(encoding="utf-8") for file in sorted(files)}
    every = [(file, place) for file, text in texts.items() for place in places(text)]
    rng.shuffle(every)
    made = (mutant(file, texts[file], place, rng) for file, place in every)
    return [m for m, _ in zip(filter(None, made), range(count), strict=False)]


def mutant(file: str, text: str, place: Place, rng: random.Random) -> Mutant | None:
    """None if it is no Python any more."""
    lines = text.splitlines(keepends=True)
    old = lines[place.line - 1]
    data = old.encode()
    new = (data[: place.start] + rng.choice(place.instead).encode() + data[place.end :]).decode()
    lines[place.line - 1] = new
    changed = "".join(lines)
    try:
        compile(changed, file, "exec")
    except SyntaxError:
        return None
    return Mutant(file, place.line, old.strip(), new.strip(), changed, place.span, place.imported)


def places(text: str) -> Iterator[Place]:
    """In the order of the text."""
    yield from _Finder(text).within(ast.parse(text), range(0), imported=True)


class _Finder:
    def __init__(self, text: str) -> None:
        self.lines = [line.encode() for line in text.splitlines()]

    def within(self, node: ast.AST, span: range, *, imported: bool) -> Iterator[Place]:
        """What can change in a node and below it. span: of the statement that it belongs to."""
        if _is_silent(node):
            return
        if isinstance(node, ast.stmt):
            span = _head(node)
        elif isinstance(node, ast.match_case):
            span = range(node.pattern.lineno, node.body[0].lineno)
        for first, last, instead in self._changes(node, inside=not imported):
            if first[0] == last[0] and instead:
                yield Place(first[0], first[1], last[1], instead, span, imported)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    later = function and name == "body"
                    yield from self.within(child, span, imported=imported and not later)

    def _changes(self, node: ast.AST, inside: bool) -> Iterator[_Change]:
        match node:
            case ast.Constant(value=bool() | int() | float() | bytes()):
                yield *_ends(node), tuple(_values(node.value, self._between(*_ends(node))))
            case ast.Call(
                func=ast.Attribute(attr="fromhex"), args=[ast.Constant(value=str()) as text]
            ):
                yield *_ends(text), tuple(_hex_digits(self._between(*_ends(text))))
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for operator, pair in zip(node.ops, pairwise(operands), strict=True):
                    yield self._operator(*pair, COMPARISONS[type(operator)])
            case ast.BoolOp():
                for pair in pairwise(node.values):
                    yield self._operator(*pair, OPERATORS[type(node.op)])
            case ast.BinOp() if type(node.op) in OPERATORS:
                yield self._operator(node.left, node.right, OPERATORS[type(node.op)])
            case ast.AugAssign() if type(node.op) in OPERATORS:
                yield self._operator(node.target, node.value, OPERATORS[type(node.op)])
            case ast.UnaryOp(op=ast.Not()):
                first, last = _ends(node)[0], _ends(node.operand)[0]
                yield first, last, (self._between(first, last).removeprefix("not "),)
            case ast.Call(args=[_, _, *_], func=func) if ast.unparse(func) not in SYMMETRIC:
                for one, other in pairwise(node.args):
                    if one.lineno == other.end_lineno:
                        yield self._swapped(one, other)
        for test in _conditions(node):
            if not isinstance(test, ast.Constant):
                yield *_ends(test), ("True", "False")
        if inside and isinstance(node, SIMPLE):
            yield *_ends(node), _left_out(node)

    def _operator(self, left: ast.expr, right: ast.expr, texts: tuple[str, ...]) -> _Change:
        first, last = _ends(left)[1], _ends(right)[0]
        between = self._between(first, last)
        return first, last, tuple(between.replace(texts[0], new, 1) for new in texts[1:])

    def _swapped(self, one: ast.expr, other: ast.expr) -> _Change:
        texts = [self._between(*_ends(other)), self._between(*_ends(one))]
        comma = self._between(_ends(one)[1], _ends(other)[0])
        both = comma.join(texts)
        return _ends(one)[0], _ends(other)[1], (both,) if texts[0] != texts[1] else ()

    def _between(self, first: tuple[int, int], last: tuple[int, int]) -> str:
        """The text; empty if it is on more than one line."""
        return self.lines[first[0] - 1][first[1] : last[1]].decode() if first[0] == last[0] else ""


_Change = tuple[tuple[int, int], tuple[int, int], tuple[str, ...]]
"""From, to: line from 1, column in bytes; what can stand there."""


def _is_silent(node: ast.AST) -> bool:
    """Has no behaviour. What stands in f-strings has no place before Python 3.12."""
    match node:
        case ast.JoinedStr():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in NO_BEHAVIOUR
    return False


def _head(node: ast.stmt) -> range:
    """Its lines but those of the statements in it; with decorators."""
    inner = [child.lineno for child in ast.walk(node) if isinstance(child, ast.stmt | ast.pattern)]
    last = min((line for line in inner if line > node.lineno), default=_ends(node)[1][0] + 1)
    decorators = getattr(node, "decorator_list", [])
    return range(min([node.lineno, *(d.lineno for d in decorators)]), max(last, node.lineno + 1))


def _ends(node: ast.expr | ast.stmt) -> tuple[tuple[int, int], tuple[int, int]]:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _conditions(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            return [node.test]
        case ast.comprehension():
            return node.ifs
    return []


def _left_out(node: ast.stmt) -> tuple[str, ...]:
    """Instead of the statement; a local name is not left out, for everybody notices that."""
    match node:
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            return ("return None",)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.AugAssign():
            return ("pass",)
        case ast.AnnAssign(target=ast.Attribute(), value=ast.expr()):
            return ("pass",)
        case ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return ()
        case ast.Expr(value=ast.Call()) | ast.Raise():
            return ("pass",)
    return ()


def _values(value: bool | int | float | bytes, text: str) -> list[str]:
    """In the manner of `text`."""
    match value:
        case bool():
            return [str(not value)]
        case int():
            numbers = [value + 1, value - 1, *(value ^ 1 << n for n in range(value.bit_length()))]
            group = "_" if "_" in text else ""
            prefix, form = ("0x", "X") if text.startswith("0x") else ("", "d")
            return [f"{prefix}{n:{group}{form}}" if n >= 0 else f"({n})" for n in numbers]
        case float():
            return [repr(value + 1), repr(value * 2)]
    return [
        repr(value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :])
        for place in range(min(len(value), 16))
    ]


def _hex_digits(text: str) -> list[str]:
    return [
        f"{text[:place]}{int(digit, 16) ^ 1:X}{text[place + 1 :]}"
        for place, digit in enumerate(text)
        if digit in "0123456789abcdefABCDEF"
    ]
