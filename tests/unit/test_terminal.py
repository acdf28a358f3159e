"""The console at a terminal and on a PTY: pace, back-pressure, the way out."""

from __future__ import annotations

import os
import select
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from patience import HANGS

from xipsim.cli.terminal import (
    LAG,
    LEAVE,
    TYPED_AHEAD,
    Conversation,
    HungUp,
    Line,
    Pace,
    linked,
    pseudo_terminal,
)
from xipsim.errors import UserError


class FakeConsole:
    """Echoes what is typed in the next slice; `flood` bytes are printed in each."""

    def __init__(self) -> None:
        self.typed = bytearray()
        self.left = self.questions = 0
        self.throttled: list[bool] = []
        self.listener: Callable[[bytes], None] | None = None

    def on_output(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        self.listener = listener
        return lambda: setattr(self, "listener", None)

    def read_bytes(self) -> bytes:
        self.questions += 1
        return b""

    @property
    def pending(self) -> int:
        self.questions += 1
        return self.left

    def write(self, data: bytes) -> None:
        self.typed += data

    def throttle(self, on: bool) -> None:
        self.throttled.append(on)


class FakeMachine:
    def __init__(self, *, flood: int = 0, cost: float = 0) -> None:
        self.now, self.flood, self.cost = 0, flood, cost
        self.console = FakeConsole()
        self.started = time.monotonic_ns()
        self.most_ahead = self.printed = self.slices = 0
        self.after_slice: Callable[[], None] = lambda: None

    def run_for(self, ns: int) -> None:
        self.now += ns
        self.slices += 1
        self.most_ahead = max(self.most_ahead, self.now - (time.monotonic_ns() - self.started))
        time.sleep(self.cost)
        if self.console.listener and self.flood and not any(self.console.throttled[-1:]):
            self.console.listener(b"x" * self.flood)
            self.printed += self.flood
        self.after_slice()


@pytest.fixture
def pty() -> Iterator[tuple[Line, int]]:
    """Our line, and the other program's descriptor."""
    with pseudo_terminal() as (line, name):
        other = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        yield line, other
        os.close(other)


def talk(
    machine: FakeMachine, line: Line, until: Callable[[], bool] | int, **options: Any
) -> None:
    """until: a condition, or so many more slices of virtual time."""
    fake: Any = machine
    if isinstance(until, int):
        last = machine.slices + until
        Conversation(fake, line, stopped=lambda: machine.slices >= last, **options).go_on()
    else:
        Conversation(fake, line, stopped=until, **options).go_on()


def type_into(pty: tuple[Line, int], data: bytes) -> None:
    """Type, and wait until it has arrived: the kernel carries it over when it finds time."""
    os.write(pty[1], data)
    assert select.select([pty[0].reads], [], [], HANGS)[0]


# -- pace ----------------------------------------------------------------------------------------


def test_no_time_is_due_before_real_time_has_passed() -> None:
    times = [1_000]
    pace = Pace(50, clock=lambda: times[0])
    assert pace.due(50) == 0
    times[0] += 300
    assert pace.due(50) == 300
    assert pace.due(350) == 0
    assert pace.due(400) == 0  # ahead: wait


def test_a_small_lag_is_made_good_and_a_large_one_is_not() -> None:
    times = [0]
    pace = Pace(0, clock=lambda: times[0])
    times[0] = LAG
    assert pace.due(0) == LAG
    assert pace.lost == 0
    times[0] = 10 * LAG
    assert pace.due(0) == LAG
    assert pace.lost == 9 * LAG
    times[0] += 5
    assert pace.due(LAG) == 5  # no catching up beyond that


def test_virtual_time_is_never_ahead_of_real_time(pty: tuple[Line, int]) -> None:
    machine = FakeMachine()
    talk(machine, pty[0], lambda: machine.now > 100_000_000)
    assert machine.most_ahead <= 0


def test_a_lag_is_said_once(pty: tuple[Line, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xipsim.cli.terminal.LAG_WORTH_SAYING", 1)
    monkeypatch.setattr("xipsim.cli.terminal.LAG", 1_000_000)
    said: list[int] = []
    talk(FakeMachine(cost=0.02), pty[0], 10, on_lag=lambda: said.append(1))
    assert said == [1]


def test_idle_time_is_slept(pty: tuple[Line, int]) -> None:
    """Nothing typed, nothing printed: few slices, of 1 ms for 100 ms, and of 10 ms then.

    Without sleeping there would be one for each microsecond or so.
    """
    machine = FakeMachine()
    talk(machine, pty[0], lambda: machine.now > 500_000_000)
    assert machine.slices < 500


@pytest.mark.parametrize(
    ("silence", "longest"), [(0.0, 1_000_000), (0.5, 10_000_000), (2.0, 80_000_000)]
)
def test_the_longer_nobody_talks_the_longer_are_the_slices(
    pty: tuple[Line, int], monkeypatch: pytest.MonkeyPatch, silence: float, longest: int
) -> None:
    """What the board says then is seen that much later, at most."""
    now = [0]

    def wait(_reads: object, _writes: object, _other: object, seconds: float) -> Any:
        now[0] += round(seconds * 1e9)
        return [], [], []

    monkeypatch.setattr("xipsim.cli.terminal.time.monotonic", lambda: now[0] / 1e9)
    monkeypatch.setattr(Pace.__init__, "__defaults__", (lambda: now[0],))
    monkeypatch.setattr("xipsim.cli.terminal.select.select", wait)
    machine: Any = FakeMachine()
    conversation = Conversation(machine, pty[0], stopped=lambda: machine.slices == 5)
    now[0] = round(silence * 1e9)
    conversation.go_on()
    assert machine.now == 5 * longest


def test_fast_time_waits_for_nothing(
    pty: tuple[Line, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No look at the keyboard waits, and no lag is told, however long each slice takes."""
    machine = FakeMachine()
    said: list[int] = []
    waits: list[float] = []
    look = select.select

    def looking(reads: list[int], writes: list[int], other: list[int], wait: float) -> Any:
        waits.append(wait)
        return look(reads, writes, other, wait)

    type_into(pty, b"typed")
    monkeypatch.setattr("xipsim.cli.terminal.select.select", looking)
    talk(machine, pty[0], 6000, on_lag=lambda: said.append(1), is_fast=True)
    assert machine.now >= 6_000_000_000
    assert len(waits) >= 6000 and not any(waits)
    assert (bytes(machine.console.typed), said) == (b"typed", [])


def test_fast_time_keeps_real_times_pace_while_nobody_is_there() -> None:
    """Whoever has started it may have been killed: it shall not compute for ever."""
    with pseudo_terminal() as (line, name):
        machine = FakeMachine()
        talk(machine, line, lambda: machine.now > 100_000_000, is_fast=True)
        assert machine.most_ahead <= 0
        other = os.open(name, os.O_RDWR | os.O_NOCTTY)
        talk(machine, line, 6000, is_fast=True)
        assert machine.most_ahead > 0
        os.write(other, b"typed last")
        os.close(other)
        talk(machine, line, lambda: machine.console.typed == b"typed last", is_fast=True)
        machine.started = time.monotonic_ns() - machine.now
        machine.most_ahead = 0
        talk(machine, line, 10, is_fast=True)
        assert machine.most_ahead <= 0


def test_the_engine_is_asked_nothing_where_nothing_is_said(pty: tuple[Line, int]) -> None:
    """Each question is a message to another process and back, slice for slice."""
    machine = FakeMachine()
    type_into(pty, b"typed")
    talk(machine, pty[0], 50, is_fast=True)
    assert machine.console.typed == b"typed"
    assert machine.console.questions == 1  # what was printed before the conversation
    machine.flood = 10
    talk(machine, pty[0], 50, is_fast=True)
    assert machine.console.questions > 50


# -- bytes ---------------------------------------------------------------------------------------


def test_a_pty_is_raw_and_without_echo_before_its_name_is_known() -> None:
    with pseudo_terminal() as (_, name):
        other = os.open(name, os.O_RDWR | os.O_NOCTTY)
        _, output, _, local, *_ = termios.tcgetattr(other)
        os.close(other)
    assert not local & (termios.ECHO | termios.ICANON | termios.ISIG)
    assert not output & termios.OPOST


def test_a_link_leads_to_the_pty_and_goes_with_it(tmp_path: Path) -> None:
    link = tmp_path / "board"
    link.symlink_to("/dev/pts/left-behind")
    with pseudo_terminal() as (_, name), linked(link, name):
        assert os.readlink(link) == name
        assert os.path.samefile(link, name)
    assert list(tmp_path.iterdir()) == []
    with pseudo_terminal() as (_, name), linked(link, name):
        link.unlink()
        link.symlink_to("another machine's")
    assert os.readlink(link) == "another machine's"


def test_a_link_never_replaces_what_is_none(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(UserError, match=r"notes\.txt: it is there already"), linked(file, "x"):
        pass
    assert file.read_text() == "mine"
    with pytest.raises(UserError, match="No such file"), linked(tmp_path / "no/folder", "x"):
        pass


def test_bytes_go_both_ways_unchanged(pty: tuple[Line, int]) -> None:
    line, other = pty
    machine = FakeMachine()
    everything = bytes(range(256))
    os.write(other, everything)
    line.send(everything)
    talk(machine, line, lambda: machine.console.typed == everything and not line.is_full)
    assert os.read(other, 1000) == everything


def test_the_other_program_may_come_and_go(pty: tuple[Line, int]) -> None:
    """Nobody has the PTY open for a while; the line goes on, nothing is taken as hung up."""
    with pseudo_terminal() as (line, name):
        machine = FakeMachine()
        talk(machine, line, 3)
        for text in (b"one", b"two"):
            other = os.open(name, os.O_RDWR | os.O_NOCTTY)
            os.write(other, text)
            os.close(other)
            talk(machine, line, lambda end=text: machine.console.typed.endswith(end))
        assert machine.console.typed == b"onetwo"


def test_a_full_pty_throttles_the_console_while_time_goes_on(pty: tuple[Line, int]) -> None:
    line, other = pty
    machine = FakeMachine(flood=40_000)
    since: list[int] = []

    def goes_on() -> bool:
        if machine.console.throttled and not since:
            since.append(machine.slices)
        return bool(since) and machine.slices >= since[0] + 20

    talk(machine, line, goes_on)
    assert machine.console.throttled == [True]
    machine.flood = 0
    while line.is_full:
        with suppress(BlockingIOError):
            os.read(other, 65536)
        line.flush()
    talk(machine, line, 3)
    assert not line.is_full


def test_fast_time_waits_for_whoever_reads(pty: tuple[Line, int]) -> None:
    """Else firmware would give up a PC that takes nothing for half a (virtual) second."""
    line, other = pty
    machine = FakeMachine(flood=40_000)
    looks: list[int] = []

    def looked() -> bool:
        looks.append(machine.slices)
        return len(looks) > 20 and looks[-1] == looks[-20]

    talk(machine, line, looked, is_fast=True)
    assert line.is_full
    machine.flood = 0
    received = bytearray()

    def is_read() -> bool:
        with suppress(BlockingIOError):
            received.extend(os.read(other, 65536))
        return machine.slices > looks[-1] + 10

    talk(machine, line, is_read, is_fast=True)
    while select.select([other], [], [], 0)[0]:
        received.extend(os.read(other, 65536))
    assert len(received) == machine.printed


def test_output_goes_on_where_the_reader_comes_back(pty: tuple[Line, int]) -> None:
    """Throttled, then read: every byte arrives, and the console is let go again."""
    line, other = pty
    machine = FakeMachine(flood=30_000)
    received = bytearray()

    def read() -> None:
        if machine.now > 50_000_000:
            machine.flood = 0
            while select.select([other], [], [], 0)[0]:
                received.extend(os.read(other, 65536))

    machine.after_slice = read
    talk(machine, line, lambda: machine.now > 60_000_000 and not line.is_full)
    read()
    assert machine.console.throttled == [True, False]
    assert len(received) == machine.printed


def test_nothing_more_is_read_while_the_firmware_takes_nothing(pty: tuple[Line, int]) -> None:
    line, other = pty
    machine = FakeMachine()
    machine.console.left = TYPED_AHEAD
    machine.after_slice = lambda: type_more(other)
    talk(machine, line, 50)
    assert 0 < len(machine.console.typed) <= 2 * TYPED_AHEAD


def type_more(descriptor: int) -> None:
    with suppress(BlockingIOError):
        os.write(descriptor, b"y" * 1000)


def test_the_key_leaves_and_what_was_typed_before_it_arrives() -> None:
    reads, keyboard = os.pipe()
    screen, writes = os.pipe()
    line = Line(reads, writes, leave=LEAVE)
    machine = FakeMachine()
    os.write(keyboard, b"print(1)\r" + LEAVE + b"lost")
    fake: Any = machine
    Conversation(fake, line).go_on()
    assert line.left
    assert machine.console.typed == b"print(1)\r"
    for descriptor in (reads, keyboard, screen, writes):
        os.close(descriptor)


def test_a_terminal_that_is_gone_ends_the_conversation() -> None:
    reads, keyboard = os.pipe()
    os.close(keyboard)
    with pytest.raises(HungUp):
        Line(reads, reads).receive()
    fake: Any = FakeMachine()
    Conversation(fake, Line(reads, reads)).go_on()
    os.close(reads)
