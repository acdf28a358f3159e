"""Syntax errors in the words of the person who wrote the file."""

from __future__ import annotations

import lark

from .errors import Problem
from .platform import Place

_VALUE = "a value"
_WORDS = {
    "NAME": "a name",
    "DOTTED": "a type",
    "STRING": "a string in double quotes",
    "STATEMENT": "a monitor command",
    "SECTION": "init, reset or preinit",
    "LOCAL": "",
    "ADD": "'add'",
    "ARROW": "'->'",
    "DECIMAL": "a number",
    "HEX": "a number",
    "PLUS": "",
    "_USING": "",
    "_PREFIXED": "'prefixed'",
    "_AS": "'as'",
    "_NONE": "",
    "_AT": "'@'",
    "_BAR": "'|'",
    "_HASH": "",
    "_COLON": "':'",
    "_COMMA": "','",
    "_SEMICOLON": "the end of the line",
    "_LESS": "'<'",
    "_GREATER": "'>'",
    "_LBRACE": "an indented body or '{'",
    "_RBRACE": "'}'",
    "_LBRACKET": "'['",
    "_RBRACKET": "']'",
    "$END": "the end of the file",
}
_STARTS_VALUE = {"TEXT", "STRING", "FLOAT", "TRUE", "FALSE", "_NEW", "_EMPTY", "DOT", "MINUS"}
_PART_OF_VALUE = {"NAME", "DOTTED", "DECIMAL", "HEX", "_LESS", "_LBRACKET", "_NONE"}
_HINTS = {
    "=": "Attributes are written `name: value`.",
    "/": "A // comment needs a space before it.",
    "\t": "Lines are indented with spaces.",
}


def syntax_problem(
    error: lark.UnexpectedInput, source: str, prelexed: str, file: str
) -> Problem:
    """The problem behind lark's `error`; `prelexed` is what the grammar saw of `source`."""
    lines = source.replace("\r", "").split("\n")
    line = error.line if error.line > 0 else len(lines)
    column = error.column
    at_end = line > len(lines) or not 0 < column <= len(lines[line - 1])
    given = prelexed.split("\n")[line - 1][column - 1 : column] if column > 0 else ""
    if at_end:
        column = len(lines[min(line, len(lines)) - 1].rstrip()) + 1
        what = "an indented line follows" if given == "{" else "the line ends here"
    else:
        what = f"{_given(error)!r} is unexpected"
    place = Place(file, min(line, len(lines)), column)
    return Problem(place, f"{what}; expected {_expected(error)}", _HINTS.get(given, ""))


def _given(error: lark.UnexpectedInput) -> str:
    if isinstance(error, lark.UnexpectedToken):
        return str(error.token)
    return getattr(error, "char", "")


def _expected(error: lark.UnexpectedInput) -> str:
    if isinstance(error, lark.UnexpectedToken):
        names = set(error.accepts or error.expected)
    else:
        names = set(getattr(error, "allowed", None) or ())
    words = []
    if len(names & _STARTS_VALUE) > 2:
        words.append(_VALUE)
        names -= _STARTS_VALUE | _PART_OF_VALUE
    elif {"NAME", "DOTTED"} <= names:
        names.remove("NAME")
    words += [word for name, word in _WORDS.items() if name in names and word not in words]
    words = [word for word in words if word]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
