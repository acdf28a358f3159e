"""Syntax errors in the words of the person who wrote the file."""

from __future__ import annotations

import re

import lark

from .errors import Problem
from .platform import Place

_WORDS = {
    "DOTTED": "a type",
    "NAME": "a name",
    "STRING": "a string in double quotes",
    "STATEMENT": "a monitor command",
    "ADD": "'add'",
    "ARROW": "'->'",
    "DECIMAL": "a number",
    "HEX": "a number",
    "_PREFIXED": "'prefixed'",
    "_AS": "'as'",
    "_AT": "'@'",
    "_BAR": "'|'",
    "_COLON": "':'",
    "_COMMA": "','",
    "_SEMICOLON": "the end of the line",
    "_LESS": "'<'",
    "_GREATER": "'>'",
    "_LBRACE": "'{'",
    "_RBRACE": "'}'",
    "_LBRACKET": "'['",
    "_RBRACKET": "']'",
}
"""What each terminal is called, in the order of mention; rare alternatives go without."""

_VALUE = {"TEXT", "STRING", "FLOAT", "TRUE", "FALSE", "_NEW", "_EMPTY", "DOT", "MINUS"}
_ALSO_VALUE = {"NAME", "DOTTED", "DECIMAL", "HEX", "_LESS", "_LBRACKET"}
_BODY = {"SECTION", "NAME", "ARROW", "DECIMAL", "HEX", "_LBRACKET"}
_HINTS = {
    "=": "Attributes are written `name: value`.",
    "/": "A // comment needs a space before it.",
}


def syntax_problem(error: lark.UnexpectedInput, source: str, text: str, file: str) -> Problem:
    """The problem behind lark's `error`; `text` is what the pre-lexer made of `source`."""
    lines = source.replace("\r", "").split("\n")
    line, column = error.line, error.column
    if isinstance(error, lark.UnexpectedToken) and error.token.type == "$END":
        line = next(i for i in range(len(lines), 0, -1) if lines[i - 1].strip() or i == 1)
        column = len(lines[line - 1]) + 1
    rest = text.split("\n")[line - 1][column - 1 :]
    found = re.match(r"\w+|->|.", rest)
    given = found.group() if found else ""
    if column > len(lines[line - 1]):
        column = len(lines[line - 1].rstrip()) + 1
        what = "an indented line follows" if given == "{" else "the line ends here"
    else:
        what = f"{given!r} is unexpected"
    message = f"{what}; expected {_expected(error)}"
    return Problem(Place(file, line, column), message, _HINTS.get(given, ""))


def _expected(error: lark.UnexpectedInput) -> str:
    if isinstance(error, lark.UnexpectedToken):
        names = set(error.accepts or error.expected)
    else:
        names = set(getattr(error, "allowed", None) or ())
    words = []
    if "SECTION" in names:
        words.append("an attribute `name: value`, a section such as `init:`, a wire `-> to@1`")
        names -= _BODY
    elif len(names & _VALUE) > 2:
        words.append("a value")
        names -= _VALUE | _ALSO_VALUE
    elif "DOTTED" in names:
        names.discard("NAME")
    words = list(dict.fromkeys([*words, *(w for name, w in _WORDS.items() if name in names)]))
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
