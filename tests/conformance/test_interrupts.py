"""Ctrl-C, and processes that are killed or stop, on every engine.

benchmarks/interrupts.py does more of it, with real machines and under load.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from candidates import BOARD, Candidate, Running
from patience import HANGS, wait_until_in
from processes import has_stopped, is_alive
from programs import WAIT

from xipsim.engines.api import EngineError, EngineKilled, Goal, MachineConfig, StopReason
from xipsim.engines.link import client
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.link.signals import Uninterrupted

PARENT = Path(__file__).with_name("parent.py")
EIGHT_MB = 8 << 20


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """What is raised while the garbage collector calls somebody, as hypothesis is, reaches nobody:
    Ctrl-C then would be lost, whatever is tested."""
    gc.disable()
    yield
    gc.enable()


def next_answers(engine: ChildEngine) -> None:
    """What comes now belongs to what is asked now."""
    assert engine.call("timer", "check", 7) == 7
    assert "pc" in engine.registers()
    assert engine.read_memory(0x2000_0000, 4) == (0x2000_1000).to_bytes(4, "little")
    assert engine.run(Goal(until=engine.now + 1_000)).reason is StopReason.DEADLINE


def test_ctrl_c_that_comes_just_before_the_wait_ends_it(running: Running) -> None:
    """The system call of the wait does not see it: as here, where another thread takes it."""
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        main = threading.get_ident()

        def later() -> None:
            wait_until_in(main, client.__file__)
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

        thread = threading.Thread(target=later)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            assert engine.run(Goal(wall=HANGS)) is None, "it was lost"
        thread.join()
        next_answers(engine)


def refused(engine: ChildEngine) -> None:
    """A question that has no answer."""
    with pytest.raises(LookupError):
        engine.call("nobody", "x")


WORK: dict[str, Callable[[ChildEngine, Path], Any]] = {
    "8 MB": lambda engine, _: engine.call("timer", "large", EIGHT_MB),
    "registers": lambda engine, _: engine.registers(),
    "a run without end": lambda engine, _: engine.run(Goal()),
    "short runs": lambda engine, _: engine.run(Goal(until=engine.now + 5_000)),
    "save": lambda engine, folder: engine.save_snapshot(engine.snapshot(), folder / "s", b""),
    "what is refused": lambda engine, _: refused(engine),
}


ASKED = [
    pytest.param(name, marks=pytest.mark.needs("snapshots")) if name == "save" else name
    for name in WORK
]


@pytest.mark.parametrize("name", ASKED)
def test_ctrl_c_at_any_instant_ends_what_it_should(
    running: Running, name: str, tmp_path: Path
) -> None:
    random_ = random.Random(name)
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        for _ in range(12):
            wait = random_.random() * 0.03
            timer = threading.Timer(wait, os.kill, (os.getpid(), signal.SIGINT))
            with pytest.raises(KeyboardInterrupt):
                timer.start()
                while True:
                    WORK[name](engine, tmp_path)
            timer.join()
            next_answers(engine)


def test_ctrl_c_while_a_machine_starts_leaves_no_process(candidate: Candidate) -> None:
    before = children()
    random_ = random.Random(0)
    for _ in range(12):
        wait = random_.random() * 0.1
        timer = threading.Timer(wait, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            while True:
                engine = candidate.open(
                    MachineConfig(platform=BOARD / "board.repl", models=(BOARD / "models.py",))
                )
                try:
                    engine.build({})
                finally:
                    engine.close()
        timer.join()
    engine = None
    gc.collect()
    left = [pid for pid in children() - before if not ends(pid)]
    assert left == []


def children() -> set[int]:
    """Processes that this one has started and that run."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {pid for pid in map(int, text.split()) if is_alive(pid)}


def ends(pid: int) -> bool:
    """Whether that process comes to its end."""
    hangs = time.monotonic() + HANGS
    while is_alive(pid) and time.monotonic() < hangs:
        time.sleep(0.01)
    return not is_alive(pid)


def test_what_another_handler_raises_in_a_message_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing defers that; the machine is lost then, but gives no wrong answer."""

    class Alarmed(TimeoutError):
        pass

    def read(*_: Any) -> bytes:
        monkeypatch.undo()
        raise Alarmed

    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        monkeypatch.setattr(os, "read", read)
        with pytest.raises(Alarmed):
            engine.registers()
        for _ in range(2):
            with pytest.raises(EngineError, match="cut in two"):
                engine.call("timer", "check", 7)


@pytest.mark.parametrize("size", [1, EIGHT_MB], ids=["asked", "while it is told 8 MB"])
def test_a_child_that_stops_is_killed(
    running: Running, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        monkeypatch.setattr(client, "ANSWER_TIME", 0.5)
        engine._client._channel._patience = 0.5
        os.kill(engine.pid, signal.SIGSTOP)
        while not has_stopped(engine.pid):
            time.sleep(0.01)
        with pytest.raises(EngineError, match=r"did not answer within 0\.5 s and was killed"):
            engine.call("timer", "hold", bytes(size))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_child_is_an_error(running: Running, number: signal.Signals) -> None:
    """Renode takes SIGTERM for a wish, and ends in order."""
    how = rf"(was killed by signal {number:d}|ended with exit code 0)\b"
    with running(WAIT) as engine:
        engine.run(Goal(until=1_000))
        os.kill(engine.pid, number)
        for _ in range(2):
            with pytest.raises(EngineError, match=how):
                engine.run(Goal(until=10**6))


def test_a_child_that_is_killed_in_a_run_ends_it(running: Running) -> None:
    with running(WAIT) as engine:
        timer = threading.Timer(0.2, os.kill, (engine.pid, signal.SIGKILL))
        timer.start()
        with pytest.raises(EngineKilled, match="killed by signal 9, from outside"):
            engine.run(Goal())
        timer.join()


@pytest.mark.essential
def test_a_killed_parent_takes_the_child_along(candidate: Candidate) -> None:
    """The parent dies by SIGKILL in the middle of an endless run; its child ends by itself."""
    with subprocess.Popen(
        [sys.executable, str(PARENT), candidate.name, WAIT.image],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.kill()
    if not ends(child):
        os.kill(child, signal.SIGKILL)
        pytest.fail("the child has outlived its parent")


def test_ctrl_c_waits_for_the_end_of_what_must_not_be_cut() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        with Uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append(1)
        done.append(2)
    assert done == [1]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
