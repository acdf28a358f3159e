"""The terminal tester: what it finds must not depend on how the output comes in pieces."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xipsim.errors import Situation, UserError, WaitTimeout
from xipsim.machine.machine import Machine
from xipsim.robot.tester import ForbiddenOutput, TerminalTester, finder

SECOND = 1_000_000_000
SESSION = b"boot\r\n\x1b[32mready\x1b[0m\r\n>>> print(1)\r\n1\r\n>>> "


class FakeMachine:
    """A console that prints one of the given pieces a millisecond, and what was typed."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.now = 0
        self.typed: list[str] = []
        self._pieces = list(pieces)
        self._listeners: list[Callable[[bytes], None]] = []
        self.consoles = {"pc": self}

    def on_output(self, listener: Callable[[bytes], None]) -> None:
        self._listeners.append(listener)

    def limits(self, timeout: int) -> Any:
        return SimpleNamespace(until=self.now + timeout)

    def read_bytes(self) -> bytes:
        return b""

    def write(self, text: str) -> None:
        self.typed.append(text)

    def run_for(self, duration: int) -> None:
        self.now += duration

    def wait(self, pattern: bytes, limits: Any, what: str) -> Any:
        if not self._pieces:
            self.now = limits.until
            raise WaitTimeout(what, Situation(now=self.now), what)
        self.now += 1_000_000
        piece = self._pieces.pop(0)
        for listener in self._listeners:
            listener(piece)
        return SimpleNamespace(consumed=piece)


def printing(*pieces: bytes, **options: Any) -> TerminalTester:
    machine = cast(Machine, FakeMachine(pieces))
    return TerminalTester(machine, "pc", timeout=SECOND, **options)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(p % len(data) for p in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.integers(0, 1000), max_size=12))
def test_pieces_change_nothing(places: list[int]) -> None:
    """Lines, a prompt, an echo, the rest of the echoed line, an answer: as Renode's tester."""
    t = printing(*cut(SESSION, places))
    assert t.wait_for("ready", timeout=None).Line == "ready"
    assert t.wait_for(">>> ", timeout=None, unfinished=True).Line == ">>> "
    assert t.wait_for("print(1)", timeout=None, unfinished=True).Line == "print(1)"
    assert t.next_line(None).Line == ""
    assert t.next_line(None).Line == "1"
    assert t.wait_for(">>> ", timeout=None, unfinished=True).Line == ">>> "
    with pytest.raises(WaitTimeout):
        t.next_line(None)


def test_an_unfinished_line_does_not_count_unless_asked() -> None:
    with pytest.raises(WaitTimeout, match="a line with '>>>' on pc"):
        printing(b">>> ").wait_for(">>>", timeout=None)


def test_a_line_uses_up_those_before_it() -> None:
    t = printing(b"a\nb\nc\n")
    t.wait_for("b", timeout=None)
    assert t.next_line(None).Line == "c"


def test_groups_and_timestamp() -> None:
    match = printing(b"freq=7 duty\n").wait_for(r"freq=(\d+) (x)?", timeout=None, is_regex=True)
    assert (match.Groups, match.Timestamp, match["Line"]) == (["7", ""], 1.0, "freq=7 duty")


def test_the_next_line_must_be_it() -> None:
    t = printing(b"a\nb\n")
    with pytest.raises(WaitTimeout):
        t.wait_for("b", timeout=None, next_only=True)
    assert t.wait_for("a", timeout=None, next_only=True).Line == "a"


@pytest.mark.parametrize("unfinished", [False, True])
def test_lines_that_follow_each_other(unfinished: bool) -> None:
    t = printing(b"1\n2\n1\n3\n", b"4" if unfinished else b"4\n")
    patterns = ["1", "3", "4"]
    assert t.wait_for_lines(patterns, timeout=None, unfinished=unfinished).Line == "4"


def test_only_colours_are_left_out() -> None:
    """`ESC [ ... m` goes, with or without numbers; any other sequence stays."""
    t = printing(b"\x1b[1;31mred\x1b[m \x1b[2Jrest\0\r\n")
    assert t.next_line(None).Line == "red \x1b[2Jrest"


def test_a_character_in_two_pieces() -> None:
    assert printing(b"\xe2\x82", b"\xac\n").next_line(None).Line == "€"


def test_bytes_that_are_no_utf_8_do_not_hide_a_line_end() -> None:
    assert printing(b"\xc3\nb\n").next_line(None).Line == "�"


def test_carriage_returns_can_end_lines() -> None:
    assert printing(b"a\rb\r", carriage_return=True).wait_for("b", timeout=None).Line == "b"


def test_a_failing_string_ends_any_wait() -> None:
    t = printing(b"fine\n", b"panic!\n", b"wanted\n")
    t.failing["panic", False] = finder("panic", False)
    with pytest.raises(ForbiddenOutput, match="panic!"):
        t.wait_for("wanted", timeout=None)


def test_binary_mode_keeps_every_byte() -> None:
    t = printing(b"\x00\xff\r\n\x80", is_binary=True)
    match = t.wait_for("\xff\r\n", timeout=None, unfinished=True)
    assert match.Line.encode("latin-1") == b"\xff\r\n"
    assert t.wait_for("\x80", timeout=None, unfinished=True).Line == "\x80"


def test_idle_and_not_idle() -> None:
    printing().require_idle(SECOND)
    with pytest.raises(ForbiddenOutput, match="not idle: it printed b'x'"):
        printing(b"x").require_idle(SECOND)


def test_what_was_printed_goes_back_with_a_state() -> None:
    t = printing(b"a\nb\nc\n")
    t.wait_for("a", timeout=None)
    saved = t.save()
    assert t.next_line(None).Line == "b"
    t.load(saved)
    assert t.next_line(None).Line == "b"


def test_typing_with_a_delay_lets_time_pass() -> None:
    t = printing()
    t.char_delay = 1_000
    t.write("abc")
    machine = cast(Any, t)._machine
    assert (machine.typed, machine.now) == (["a", "b", "c"], 3_000)


def test_a_bad_regular_expression_is_the_users() -> None:
    with pytest.raises(UserError, match="no regular expression"):
        printing().wait_for("(", timeout=None, is_regex=True)
