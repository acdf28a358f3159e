"""Whoever asks a machine that is not there for him: another thread or process, a callback."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_engine import MS, FakeEngine
from machines import make_machine

from xipsim import Machine, UserError
from xipsim.peripherals.core.trace import FlashCommand

QUESTIONS: dict[str, Callable[[Machine], Any]] = {
    "exec": lambda m: m.exec("1"),
    "boot": lambda m: m.boot(),
    "run_for": lambda m: m.run_for("1ms"),
    "expect": lambda m: m.console.expect("x"),
    "read": lambda m: m.console.read(),
    "write": lambda m: m.console.write("x"),
    "status": lambda m: m.flash.status,
    "read_memory": lambda m: m.read_memory(0, 4),
    "registers": lambda m: m.registers(),
    "reset": lambda m: m.reset(),
    "snapshot": lambda m: m.snapshot(),
    "level": lambda m: m.gpio["gpio2"][3].level,
    "close": lambda m: m.close(),
}


def refusal(question: Callable[[], Any]) -> str:
    """The text of the UserError."""
    with pytest.raises(UserError) as caught:
        question()
    return str(caught.value)


def in_thread(question: Callable[[], Any]) -> Any:
    """What another thread gets."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(question()))
    thread.start()
    thread.join()
    return answers[0]


def at_work(engine: FakeEngine, action: Callable[[], Any]) -> list[Any]:
    """Do something in the middle of a run; filled with what came of it."""
    results: list[Any] = []
    engine.at(5 * MS, lambda: results.append(action()))
    return results


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_second_thread_is_told_and_the_first_goes_on(
    tmp_path: Path, question: Callable[[Machine], Any]
) -> None:
    machine, engine, _ = make_machine(tmp_path)
    said = at_work(engine, lambda: in_thread(lambda: refusal(lambda: question(machine))))
    assert machine.exec("print(1)") == "8\n"  # The fake prints a script's length.
    assert "used from two threads at once" in said[0]
    assert not engine.closed
    machine.close()


def in_fork(question: Callable[[], Any]) -> Any:
    """What a forked process gets; text."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writes, str(question()).encode())
        finally:
            os._exit(0)
    os.close(writes)
    with open(reads, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.parametrize("question", sorted(QUESTIONS.keys() - {"close"}))
def test_a_fork_is_told_and_its_parent_goes_on(tmp_path: Path, question: str) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.snapshot = lambda: 1
    said = in_fork(lambda: refusal(lambda: QUESTIONS[question](machine)))
    assert f"the machine belongs to process {os.getpid()}" in said
    assert machine.exec("print(1)") == "8\n"


def test_a_fork_ends_nothing(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    assert in_fork(lambda: (machine.close(), engine.closed)[1]) == "False"
    assert machine.exec("print(1)") == "8\n"


@pytest.mark.parametrize(
    "part",
    [
        lambda m: m,
        lambda m: m.console,
        lambda m: m.flash,
        lambda m: m.gpio["gpio2"][3],
        lambda m: m.snapshot(),
    ],
)
@pytest.mark.parametrize("way", [pickle.dumps, copy.deepcopy])
def test_a_machine_and_its_parts_are_not_copied(
    tmp_path: Path, part: Callable[[Machine], Any], way: Callable[[Any], Any]
) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.snapshot = lambda: 1
    with pytest.raises(TypeError, match="can neither be copied nor pickled"):
        way(part(machine))
    with pytest.raises(TypeError, match="can neither be copied nor pickled"):
        copy.copy(machine)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_callback_cannot_ask(
    tmp_path: Path, question: Callable[[Machine], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, engine, _ = make_machine(tmp_path)
    monkeypatch.setattr(engine, "snapshot", lambda: 1, raising=False)
    machine.boot()
    said: list[str] = []
    machine.trace(lambda _: said.append(refusal(lambda: question(machine))))
    command = FlashCommand(time=1, chip="nor", opcode=6, name="write enable")
    engine.at(engine.time + MS, lambda: engine.emit("events", [command]))
    machine.run_for("2ms")
    assert "from a callback of its own" in said[0]
    assert machine.exec("1") == "1\n"
    assert not engine.closed


def test_an_event_that_comes_with_an_answer_is_a_callback_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine may hand on what has gathered while it answers: a question then would cross it."""
    machine, engine, _ = make_machine(tmp_path)
    said: list[str] = []
    machine.trace(lambda _: said.append(refusal(lambda: machine.flash.status)))
    command = FlashCommand(time=1, chip="nor", opcode=6, name="write enable")

    def pending(_: str) -> int:
        engine.emit("events", [command])
        return 7

    monkeypatch.setattr(engine.requests, "pending", pending)
    assert machine.console.pending == 7
    assert "from a callback of its own" in said[0]


def test_threads_take_turns_where_they_do_not_meet(tmp_path: Path) -> None:
    machine, _, _ = make_machine(tmp_path)
    assert in_thread(lambda: machine.exec("1")) == "1\n"
    assert machine.exec("12") == "2\n"


def test_interrupt_may_come_from_anywhere(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    at_work(engine, lambda: in_thread(machine.interrupt))
    with pytest.raises(KeyboardInterrupt):
        machine.run_for("20ms")
    assert machine.now == 5 * MS
    machine.run_for("1ms")
