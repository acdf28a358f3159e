"""What is wrong with a platform description, told with the line that is to blame."""

from __future__ import annotations

import os
from collections.abc import Iterable

from xipsim.firmware.files import read_file
from xipsim.peripherals.namedtuple import NamedTuple

from .platform import LARGEST, Place

WIDTH = 160
"""Characters that are shown of a line of the file, around the place in it."""


class Problem(NamedTuple):
    """One mistake. hint: what to write instead, empty if there is no idea."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        _, line, column = self.place
        if not line:
            return f"{self.place.file}: {self.message}"
        text = f"{shown(self.place)}:{column}: {self.message}"
        source = _line(self.place.file, line)
        if source.strip():
            start = column - 1 - min(column - 1, WIDTH // 2) if len(source) > WIDTH else 0
            text += f"\n    {source[start : start + WIDTH]}\n    {' ' * (column - 1 - start)}^"
        if self.hint:
            text += f"\n    {self.hint}"
        return text


class PlatformError(Exception):
    """A platform description is wrong: the user's mistake. `problems` holds every one found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[PlatformError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def shown(place: Place) -> str:
    """`file:line`, the file relative to the working directory where it lies in it."""
    file = place.file
    here = os.getcwd() + os.sep
    return f"{file.removeprefix(here)}:{place.line}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names what `name` may have been meant to be, empty if nothing is near."""
    import difflib  # only who has made a mistake waits for it

    by_lower_case = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.6)
    return f"Did you mean {by_lower_case[found[0]]!r}?" if found else ""


def _line(file: str, number: int) -> str:
    try:
        text = read_file(file, LARGEST).decode("utf-8-sig", "replace")
        line = text.splitlines()[number - 1]
        return "".join(c if c.isprintable() else " " for c in line)
    except (OSError, IndexError):
        return ""
