"""A child that cannot be a machine: what it says is told, as whose mistake it is."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import pytest

from xipsim import platforms
from xipsim.engines.api import (
    ConfigurationError,
    EngineError,
    Goal,
    MachineConfig,
    Stop,
    StopReason,
)
from xipsim.engines.link.client import Client
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.link.messages import UNUSABLE, Reply
from xipsim.engines.link.process import Command, Process


class Program:
    """Prints two lines and ends with `code`."""

    NAME = "test"
    BUILD_TIME = 20.0
    path = Path(sys.executable)

    def __init__(self, code: int, said: str = "too old") -> None:
        self._script = f"import sys; print('loaded'); print({said!r}); sys.exit({code})"

    def start(self, *, own_models: bool = False) -> Process:
        return Process(lambda _: Command([sys.executable, "-c", self._script], {}))

    def check(self) -> None:
        """Nothing is missing."""

    def version(self) -> str:
        return self.NAME


def refusal(program: Program) -> Exception:
    """What comes of a machine that the program shall run."""
    try:
        engine = ChildEngine(MachineConfig(platform=platforms.find("TEENSY41")), program)
        try:
            engine.build({})
        finally:
            engine.close()
    except (ConfigurationError, EngineError) as error:
        return error
    raise AssertionError("it runs")


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (UNUSABLE, ConfigurationError, "^too old$"),
        (1, EngineError, r"(?s)^the engine's process ended with exit code 1;.*loaded\ntoo old"),
    ],
)
def test_a_program_that_does_not_fit_is_the_installations_fault(
    code: int, kind: type[Exception], text: str
) -> None:
    error = refusal(Program(code))
    assert type(error) is kind and re.search(text, str(error))


@pytest.mark.parametrize(
    "said",
    [
        "qemu-system-arm: -accel tcg: allocate 1073741824 bytes for jit: Cannot allocate memory",
        "MemoryError",
        "RuntimeError: can't start new thread",
        "GLib-ERROR: failed to allocate 4096 bytes",
    ],
)
def test_a_computer_that_gives_too_little_is_told(said: str) -> None:
    error = refusal(Program(1, said))
    assert type(error) is ConfigurationError
    assert str(error).startswith("too little memory, or too low a limit") and said in str(error)


@pytest.mark.parametrize("room", range(3))
def test_without_files_to_open_no_process_starts_and_none_stays_open(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    made = 0

    def pipe() -> tuple[int, int]:
        nonlocal made
        made += 1
        if made > room:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return os.pipe2(os.O_CLOEXEC)

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(os, "pipe", pipe)
    error = refusal(Program(0))
    assert type(error) is ConfigurationError and "Too many open files" in str(error)
    del error
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    ("times", "answers"),
    [
        ((), True),  # comes soon
        ((0, 0.5, 1, 1.5, 2), True),  # others have most of the processor
        ((0, 0.1), False),  # waits for something that does not come
        ((0, 19, 39), False),  # has computed long enough
    ],
)
def test_an_answer_has_its_time_by_the_childs_own_clock(
    monkeypatch: pytest.MonkeyPatch, times: tuple[float, ...], answers: bool
) -> None:
    reply = Reply(1, "so it is")
    waits = len(times) - (2 if answers else 1)
    lasting = [0.5, *[20.0] * waits] if times else []
    client, clock = waiting(monkeypatch, times, lasting, reply)
    if answers:
        assert client._answer_to(1) is reply
    else:
        with pytest.raises(EngineError, match="did not answer within 20 s and was killed"):
            client._answer_to(1)
    assert next(clock, None) is None


def waiting(
    monkeypatch: pytest.MonkeyPatch, times: Iterable[float], lasting: Sequence[float], reply: object
) -> tuple[Client, Iterator[float]]:
    """A client that waits in vain as often as `lasting` says, at most so many seconds of real time
    each, and then gets the reply. times: what its child has computed whenever somebody asks."""
    client, clock, left, real = Client(), iter(times), [*lasting], [0.0]

    def wait(_number: int, deadline: float) -> object:
        if not left:
            real[0] += 0.25
            return reply
        real[0] = min(deadline, real[0] + left.pop(0))
        return None

    process = SimpleNamespace(
        processor_time=lambda: next(clock),
        kill=lambda: None,
        last_words=lambda: "",
        interrupt=lambda number: left.clear(),
    )
    monkeypatch.setattr(client, "_process", process, raising=False)
    monkeypatch.setattr(client, "_wait", wait)
    monkeypatch.setattr("xipsim.engines.link.client.time.monotonic", lambda: real[0])
    return client, clock


STOPPED = Reply(1, Stop(StopReason.INTERRUPTED, 5))


@pytest.mark.parametrize(
    ("times", "lasting", "spent"),
    [
        ((), (), 0.25),  # it ends soon
        ((0, 10, 12), (0.5, 59.5), 10.75),  # others have most of the processor
        ((0, 10, 30, 70), (0.5, 59.5, 49.5, 29.5), 60),  # and now it has had its time
        ((0, 0.1), (0.5, 59.5), 60),  # it does not compute at all
    ],
)
def test_a_patient_run_has_its_time_by_the_childs_own_clock(
    monkeypatch: pytest.MonkeyPatch,
    times: tuple[float, ...],
    lasting: tuple[float, ...],
    spent: float,
) -> None:
    """It is interrupted where that is over, and what others took is not counted as spent."""
    client, _ = waiting(monkeypatch, chain(times, repeat(70)), lasting, STOPPED)
    client._stop(1, Goal(wall=60, is_patient=True))
    assert client.spent == spent


def test_a_limit_that_was_asked_for_is_one_of_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = waiting(monkeypatch, repeat(0), (60.0,), STOPPED)
    assert client._stop(1, Goal(wall=60)).reason is StopReason.WALL
    assert client.spent == 60


def test_the_time_that_a_process_has_computed() -> None:
    process = Program(0).start()
    process._wait()
    assert process.processor_time() == 0.0
    process.close()
    process.pid = os.getpid()
    assert 0 < process.processor_time() <= time.process_time() + 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGXCPU, signal.SIGSEGV])
def test_what_the_system_has_ended_is_no_fault_of_the_process(number: signal.Signals) -> None:
    """A computer without memory sends SIGKILL, a limit of time SIGXCPU; who crashes, SIGSEGV."""
    process = Process(lambda _: Command([sys.executable, "-c", "import time; time.sleep(60)"], {}))
    os.kill(process.pid, number)
    assert process.death().startswith(f"was killed by signal {number}")
    assert process.is_ended_from_outside() is (number != signal.SIGSEGV)
    process.close()


def test_what_is_killed_here_is_not_ended_from_outside() -> None:
    process = Process(lambda _: Command([sys.executable, "-c", "import time; time.sleep(60)"], {}))
    process.kill()
    assert process.death().startswith("was killed by signal 9")
    assert not process.is_ended_from_outside()
    process.close()
