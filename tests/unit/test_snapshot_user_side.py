"""What a snapshot's file says of the user's side is used whole, or refused as a wrong file."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from fake_engine import FakeEngine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machines import make_machine

from xipsim import Machine, UserError


def with_file(machine: Machine, engine: FakeEngine, data: bytes) -> list[int]:
    """Let the engine find these bytes beside any snapshot; which numbers were dropped."""
    dropped: list[int] = []
    vars(engine).update(
        snapshot=lambda: 1,
        restore=lambda number: None,
        load_snapshot=lambda path: (7, data),
        drop_snapshot=dropped.append,
    )
    return dropped


def user_side(machine: Machine) -> dict[str, Any]:
    """As a snapshot of the machine has it."""
    return machine.snapshot().user_side


def test_what_was_saved_is_taken_back(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    machine.exec("123")
    with_file(machine, engine, b"")
    said = machine.console.transcript
    with_file(machine, engine, pickle.dumps(user_side(machine)))
    machine.exec("1")
    machine.restore(machine.load_snapshot("x"))
    assert machine.console.transcript == said


@pytest.mark.parametrize("name", ["now", "session", "consoles"])
@pytest.mark.parametrize("value", [None, [], {"pc": 1}, "text"])
def test_a_part_that_is_something_else(tmp_path: Path, name: str, value: Any) -> None:
    machine, engine, _ = make_machine(tmp_path)
    with_file(machine, engine, b"")
    dropped = with_file(machine, engine, pickle.dumps(user_side(machine) | {name: value}))
    with pytest.raises(UserError, match=r"x\.snapshot cannot be used"):
        machine.load_snapshot("x.snapshot")
    assert dropped == [7]
    assert machine.exec("12") == "2\n"


def no_count(side: dict[str, Any], where: str) -> None:
    """Something that is no number in the place of one."""
    session: dict[str, Any] = side["session"]
    if where == "printed":
        session["printed"] = {name: ({}, held) for name, (_, held) in session["printed"].items()}
    elif where == "findings":
        session["findings"] = {name: ({}, all_) for name, (_, all_) in session["findings"].items()}
    elif where == "left_out":
        session["left_out"] = {key: {} for key in session["left_out"]}
    else:
        session[where] = {}


@pytest.mark.parametrize("where", ["printed", "findings", "left_out", "silent_from"])
def test_what_is_counted_with_is_a_number(tmp_path: Path, where: str) -> None:
    """Else reports would end in a traceback later."""
    machine, engine, _ = make_machine(tmp_path)
    with_file(machine, engine, b"")
    side = user_side(machine)
    no_count(side, where)
    with_file(machine, engine, pickle.dumps(side))
    with pytest.raises(UserError, match=r"x\.snapshot cannot be used"):
        machine.load_snapshot("x.snapshot")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(at=st.floats(0, 1), byte=st.integers(0, 255), cut=st.booleans())
def test_bytes_that_were_changed(tmp_path: Path, at: float, byte: int, cut: bool) -> None:
    """Used or refused, and the machine goes on."""
    machine, engine, _ = make_machine(tmp_path)
    with_file(machine, engine, b"")
    data = bytearray(pickle.dumps(user_side(machine)))
    place = min(int(at * len(data)), len(data) - 1)
    data[place] = byte
    with_file(machine, engine, bytes(data[:place] if cut else data))
    try:
        machine.restore(machine.load_snapshot("x"))
    except UserError:
        assert machine.exec("12") == "2\n"
    machine.report()
