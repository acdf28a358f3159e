"""From lines and indentation to braces and semicolons, as Renode's own pre-lexer does it.

Nothing moves: comments become spaces and what is inserted is appended to its line, so that line
and column of every token stay those of the file.
"""

from __future__ import annotations

import re

from .errors import PlatformError, Problem
from .platform import Place

INDENT = 4
"""Spaces per level."""

_TOKENS = re.compile(
    r"""
      (?P<text>'''(?:\\'''|(?!''').)*''')
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<comment>(?:(?<=\ )|^)//[^\n]*)
    | (?P<block>/\*.*?\*/)
    | (?P<unclosed>'''|"|/\*)
    | (?P<brace>[{}])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_UNCLOSED = {
    "'''": "this ''' text is never closed",
    '"': "this string is not closed on its line",
    "/*": "this comment is never closed",
}


def prelex(source: str, file: str) -> str:
    """`source` in brace form, comments blanked. PlatformError on broken indentation."""
    source = source.replace("\r", "")
    blanked, mask = _without_comments(source, file)
    lines, level, depth, last, at = [], 0, 0, -1, 0
    for masked in mask.split("\n"):
        lines.append(blanked[at : at + len(masked)])
        at += len(masked) + 1
        if not masked.strip():
            continue
        if depth == 0:
            indent = _level(masked, blanked, at - len(masked) - 1, file)
            if indent > level + 1 or (last < 0 and indent):
                place = _place(blanked, at - 1 - len(masked.lstrip()), file)
                raise PlatformError([Problem(place, "unexpected indentation")])
            if last >= 0:
                lines[last] += _joint(indent - level)
            level = indent
        depth = max(0, depth + masked.count("{") - masked.count("}"))
        last = len(lines) - 1
    if level and depth == 0:
        lines[last] += "}" * level
    return "\n".join(lines)


def _joint(step: int) -> str:
    """What stands for a line's end when the next line is `step` levels deeper."""
    return "{" * step if step > 0 else "}" * -step + ";"


def _without_comments(source: str, file: str) -> tuple[str, str]:
    """The source with comments blanked, and a mask of it: strings are one run of `x`, too."""
    blanked, mask = [], []
    done = depth = 0
    for match in _TOKENS.finditer(source):
        kind, text, start = match.lastgroup, match.group(), match.start()
        between = source[done:start]
        done = match.end()
        shown = masked = text
        if kind == "unclosed":
            raise PlatformError([Problem(_place(source, start, file), _UNCLOSED[text])])
        if kind == "brace":
            depth = max(0, depth + (1 if text == "{" else -1))
        elif kind in ("comment", "block"):
            if depth == 0 and kind == "block":
                _check_block(source, match, file)
            shown = masked = re.sub(r"[^\n]", " ", text)
        else:
            masked = "x" * len(text)
        blanked += [between, shown]
        mask += [between, masked]
    return "".join([*blanked, source[done:]]), "".join([*mask, source[done:]])


def _check_block(source: str, comment: re.Match[str], file: str) -> None:
    before = source[source.rfind("\n", 0, comment.start()) + 1 : comment.start()]
    after = source[comment.end() :].split("\n", 1)[0]
    if after.strip() and ("\n" in comment.group() or not before.strip()):
        message = "a comment that hides the indentation of what follows; end the line after it"
        raise PlatformError([Problem(_place(source, comment.start(), file), message)])


def _level(masked: str, blanked: str, start: int, file: str) -> int:
    spaces = len(masked) - len(masked.lstrip(" "))
    if masked[spaces] == "\t":
        message = f"a tab; lines are indented with {INDENT} spaces a level"
    elif spaces % INDENT:
        message = f"indented by {spaces} spaces, which is no multiple of {INDENT}"
    else:
        return spaces // INDENT
    raise PlatformError([Problem(_place(blanked, start + spaces, file), message)])


def _place(text: str, at: int, file: str) -> Place:
    return Place(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
