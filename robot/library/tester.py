"""A terminal that compares what a console prints, line by line, as Renode's terminal tester does.

What is printed is looked at one character at a time while something is waited for, so that the
result does not depend on how many characters a USB packet or an event happened to hold.
"""

from __future__ import annotations

import codecs
import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from xipsim.errors import UserError, WaitTimeout, XipsimError
from xipsim.machine.machine import Machine

_T = TypeVar("_T")

_ANY = rb"(?s:.)"
_ESCAPE = re.compile(r"\x1b(\[[0-9;]*)?")
"""The beginning of a colour code, which `m` ends; it is no part of a line."""


@dataclass
class Match:
    """What was found. Line: its text. Timestamp: virtual ms. Groups: of the regular expression."""

    Line: str
    Timestamp: float
    Groups: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


@dataclass
class BinaryMatch:
    """What was found on a binary tester; see `Match`."""

    Content: bytes
    Timestamp: float
    Groups: list[bytes]

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


class ForbiddenOutput(XipsimError):
    """The console printed what it should not."""

    exit_code = 1


@dataclass
class _Line:
    text: str
    time: float


@dataclass
class _Text:
    """What was printed. ahead: not looked at yet. line: begun. escape: maybe a colour code."""

    ahead: bytearray = field(default_factory=bytearray)
    lines: list[_Line] = field(default_factory=list)
    line: str = ""
    escape: str = ""
    undecoded: bytes = b""


Finder = Callable[[str], re.Match[str] | None]


def finder(pattern: str, is_regex: bool, *, dotall: bool = False) -> Finder:
    """What finds `pattern` in a text; UserError if it is no regular expression."""
    try:
        return re.compile(
            pattern if is_regex else re.escape(pattern), re.DOTALL if dotall else 0
        ).search
    except re.error as error:
        raise UserError(f"{pattern!r} is no regular expression: {error}") from None


class TerminalTester:
    """A tester on one console. timeout: virtual ns, of waits without one of their own.

    carriage_return: this ends a line, not the line feed. is_binary: there are no lines.
    """

    def __init__(
        self,
        machine: Machine,
        console: str,
        *,
        timeout: int,
        carriage_return: bool = False,
        is_binary: bool = False,
    ) -> None:
        self.name, self.timeout, self.is_binary = console, timeout, is_binary
        self.char_delay = 0
        """Virtual ns after each character typed."""
        self.failing: dict[tuple[str, bool], Finder] = {}
        self._machine, self._console = machine, machine.consoles[console]
        self._end, self._ignored = ("\r", "") if carriage_return else ("\n", "\r")
        self._text = _Text()
        self._console.on_output(lambda data: self._text.ahead.extend(data))

    def save(self) -> Any:
        """What was printed and not matched yet."""
        return copy.deepcopy(self._text)

    def load(self, saved: Any) -> None:
        """Go back to what `save` returned."""
        self._text = copy.deepcopy(saved)

    # -- waiting ---------------------------------------------------------------------------------

    def wait_for(
        self,
        pattern: str,
        *,
        timeout: int | None,
        is_regex: bool = False,
        unfinished: bool = False,
        next_only: bool = False,
    ) -> Match:
        """Run until a line holds `pattern`; that line, and those before it, are used up.

        unfinished: the line may still be open. next_only: no line may come before it. Raises
        WaitTimeout.
        """
        find = finder(pattern, is_regex, dotall=self.is_binary)
        seen = 0

        def look() -> Match | None:
            nonlocal seen
            lines = self._text.lines
            while seen < len(lines) and not (next_only and seen):
                if match := find(lines[seen].text):
                    return self._use(seen + 1, match)
                seen += 1
            if unfinished and not (next_only and lines):
                match = find(self._text.line)
                if match and not (next_only and match.start()):
                    return self._use_open(match)
            return None

        kind = " regex" if is_regex else ""
        what = f"a line with{kind} {pattern!r} on {self.name}"
        last = None if is_regex else pattern[-1:].encode()[-1:]
        return self._wait(look, what, timeout, self._wake(last if unfinished else b""))

    def wait_for_lines(
        self,
        patterns: list[str],
        *,
        timeout: int | None,
        is_regex: bool = False,
        unfinished: bool = False,
    ) -> Match:
        """As `wait_for`, for lines that follow each other; only the last may be unfinished."""
        finders = [finder(pattern, is_regex) for pattern in patterns]
        count = len(finders)

        def look() -> Match | None:
            texts = [line.text for line in self._text.lines]
            if unfinished:
                texts.append(self._text.line)
            for first in range(len(texts) - count + 1):
                matches = [f(t) for f, t in zip(finders, texts[first:], strict=False)]
                if all(matches) and (last := matches[-1]):
                    is_open = first + count > len(self._text.lines)
                    return self._use_open(last) if is_open else self._use(first + count, last)
            return None

        what = f"lines with {patterns} on {self.name}"
        return self._wait(look, what, timeout, self._wake(None if unfinished else b""))

    def next_line(self, timeout: int | None) -> Match:
        """Run until there is a line that was not used up."""

        def look() -> Match | None:
            return self._use(1, None) if self._text.lines else None

        return self._wait(look, f"a line on {self.name}", timeout, self._wake(b""))

    def require_idle(self, timeout: int) -> None:
        """Run for that time; ForbiddenOutput as soon as anything is printed."""
        limits = self._console.limits(timeout)
        self._console.read_bytes()
        try:
            stop = self._console.wait(_ANY, limits, f"something on {self.name}")
        except WaitTimeout:
            if self._machine.now < limits.until:
                raise
            return
        raise ForbiddenOutput(f"{self.name} is not idle: it printed {stop.consumed!r}")

    def _wait(
        self, look: Callable[[], _T | None], what: str, timeout: int | None, wake: bytes
    ) -> _T:
        limits = self._console.limits(self.timeout if timeout is None else timeout)
        while (found := self._look_ahead(look)) is None:
            self._console.read_bytes()
            self._console.wait(wake, limits, what)
        return found

    def _wake(self, last: bytes | None) -> bytes:
        """What the machine stops at: line ends and the byte `last`; None: every byte."""
        if last is None or self.is_binary:
            return _ANY
        return b"[" + re.escape(self._end.encode() + last) + b"]"

    def _look_ahead(self, look: Callable[[], _T | None]) -> _T | None:
        """Take what was printed, character by character, until something is found."""
        self._check_failing()
        found = look()
        while found is None and self._text.ahead:
            if self._take():
                self._check_failing()
                found = look()
        return found

    # -- text ------------------------------------------------------------------------------------

    def _take(self) -> bool:
        """Take one byte; whether it changed the lines."""
        text = self._text
        byte = bytes([text.ahead.pop(0)])
        if self.is_binary:
            text.line += byte.decode("latin-1")
            return True
        characters, used = codecs.utf_8_decode(text.undecoded + byte, "replace", False)
        text.undecoded = (text.undecoded + byte)[used:]
        return sum(map(self._put, characters)) > 0

    def _put(self, character: str) -> bool:
        text = self._text
        if character in ("\0", self._ignored):
            return False
        escape = text.escape + character
        if _ESCAPE.fullmatch(escape):
            text.escape = escape
            return False
        text.escape = ""
        if character == self._end:
            text.lines.append(_Line(text.line + escape[:-1], self._machine.now / 1e6))
            text.line = ""
        elif not (escape.startswith("\x1b[") and character == "m"):
            text.line += escape
        return True

    def _check_failing(self) -> None:
        for index, line in enumerate(self._text.lines if self.failing else ()):
            for find in self.failing.values():
                if find(line.text):
                    del self._text.lines[: index + 1]
                    raise ForbiddenOutput(
                        f"{self.name} printed a line that fails the test: {line.text!r}"
                    )

    def _use(self, count: int, match: re.Match[str] | None) -> Match:
        line = self._text.lines[count - 1]
        del self._text.lines[:count]
        return Match(line.text, line.time, _groups(match))

    def _use_open(self, match: re.Match[str]) -> Match:
        """Use up the unfinished line to the end of the match."""
        text = self._text
        start = match.start() if self.is_binary else 0
        line, text.line = text.line[start : match.end()], text.line[match.end() :]
        text.lines.clear()
        return Match(line, self._machine.now / 1e6, _groups(match))

    # -- typing ----------------------------------------------------------------------------------

    def write(self, content: str) -> None:
        """Type `content`."""
        if not self.char_delay:
            self._console.write(content)
            return
        for character in content:
            self._console.write(character)
            self._machine.run_for(self.char_delay)


def _groups(match: re.Match[str] | None) -> list[str]:
    return [group or "" for group in match.groups()] if match else []


