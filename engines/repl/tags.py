"""The bus's `Tag` lines. They are commands of Renode's monitor, whose ranges are its own:
`<first, last>`, last included, or `<start size>`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .errors import Problem
from .platform import Range, Statement, Tag

_SHAPE = 'a tag reads `Tag <first, last> "NAME" value` or `Tag <start size> "NAME" value`'
_NUMBER = r"(?:0[xX][0-9A-Fa-f]{1,16}|\d{1,20})"
_TAG = re.compile(
    rf"""Tag \s* < \s* (?P<start>{_NUMBER}) (?: \s* (?P<comma>,) \s* | \s+ ) (?P<end>{_NUMBER})
        \s* > \s* (?P<name>"(?:\\.|[^"\\])*"|[^\s"<]+)
        (?: \s+ (?:defaultValue=)? (?P<value>{_NUMBER}) )?
        (?: \s+ (?: \w+= )? (?: [Tt]rue | [Ff]alse ) )* \s* (?:\#.*)?""",
    re.VERBOSE,
)
"""The truths at the end (whether an access pauses, whether it is told) are for Renode alone."""
_PLUS = re.compile(rf"Tag\s*<\s*(?P<start>{_NUMBER})\s*,\s*\+\s*(?P<size>{_NUMBER})\s*>")


def read_tags(statements: tuple[Statement, ...], problems: list[Problem]) -> Iterator[Tag]:
    """The tags among the commands of `sysbus`; what is wrong with them joins `problems`."""
    for statement in statements:
        if not re.match(r"Tag\b", statement.text):
            continue
        match = _TAG.fullmatch(statement.text)
        if not match:
            problems.append(_misshapen(statement))
            continue
        start, end = _number(match["start"]), _number(match["end"])
        tag = Tag(
            range=Range(start, end - start + 1 if match["comma"] else end),
            name=match["name"].strip('"'),
            value=_number(match["value"] or "0"),
            place=statement.place,
        )
        if wrong := _wrong(tag, bool(match["comma"])):
            problems.append(Problem(tag.place, f"the tag {tag.name!r} {wrong}"))
        else:
            yield tag


def _number(digits: str) -> int:
    """A number of the monitor's: zeros in front of a decimal one mean nothing."""
    return int(digits, 16 if digits[:2] in ("0x", "0X") else 10)


def _misshapen(statement: Statement) -> Problem:
    plus = _PLUS.match(statement.text)
    if not plus:
        return Problem(statement.place, _SHAPE)
    message = "`, +` stands in no monitor command: Renode refuses this tag"
    hint = f"Write `Tag <{plus['start']} {plus['size']}>` for a start and a size."
    return Problem(statement.place, message, hint)


def _wrong(tag: Tag, has_last: bool) -> str:
    if tag.range.size <= 0:
        return "ends before it begins; `<start size>` has no comma" if has_last else "has no size"
    if tag.value >> 64:
        return f"has the value {tag.value:#x}, which is longer than 64 bits"
    return ""
