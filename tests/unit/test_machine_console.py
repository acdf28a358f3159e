"""The console: waiting, reading, typing, and what is typed when it opens in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_engine import MS, OPENED
from machines import make_machine

from xipsim import UnknownName, UserError, WaitTimeout


def test_expect_returns_up_to_the_match_and_leaves_the_rest(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.at(1, lambda: engine.print(b"one two three"))
    assert machine.console.expect("two") == "one two"
    assert machine.console.read() == " three"
    assert machine.console.read() == ""
    assert machine.console.transcript == b"one two three"


def test_a_plain_pattern_is_literal_and_a_regular_expression_is_asked_for(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.at(1, lambda: engine.print(b"aXb\na.b\nc1"))
    assert machine.console.expect("a.b") == "aXb\na.b"
    assert machine.console.expect(r"c\d", regex=True) == "\nc1"
    with pytest.raises(UserError, match="no regular expression"):
        machine.console.expect("(", regex=True)


def test_text_that_is_cut_within_a_character_loses_nothing(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    euro = "€".encode()
    engine.at(1, lambda: engine.print(b"a" + euro[:1]))
    engine.at(2, lambda: engine.print(euro[1:] + b"\xff!"))
    assert machine.console.expect("a.", regex=True) == "a"
    machine.run_for(5)
    assert machine.console.read() == "€\ufffd!"


def test_bytes_and_text_can_be_mixed(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    engine.at(1, lambda: engine.print(b"a\xe2\x82\xac"))
    assert machine.console.expect("a.", regex=True) == "a"
    assert machine.console.read_bytes() == b"\xe2\x82\xac"


def test_a_wait_that_runs_out_says_everything(tmp_path: Path) -> None:
    """What, how long, where the core is, what the flash does, what the console showed."""
    machine, engine, _ = make_machine(tmp_path)
    engine.nor.operation = {
        "name": "sector erase 4K",
        "address": 0x101000,
        "length": 4096,
        "start": 3 * MS,
        "end": None,
    }
    with pytest.raises(WaitTimeout) as caught:
        machine.console.expect("login:", timeout="20ms")
    text = str(caught.value)
    for part in (
        "20 ms of virtual time",
        "'login:' on console pc",
        "virtual time 0.020000 s",
        "PC 0x60002000",
        "nor busy with sector erase 4K at 0x101000 since 0.003000 s, for ever",
        "Fake",
    ):
        assert part in text
    assert "\n" not in text
    assert caught.value.exit_code == 3
    assert caught.value.situation.now == machine.now == 20 * MS


def test_a_console_that_is_not_there_yet_is_said(tmp_path: Path) -> None:
    machine, _, _ = make_machine(tmp_path)
    with pytest.raises(WaitTimeout, match="has not brought up pc"):
        machine.console.expect(">>> ", timeout="5ms")


def test_real_time_that_runs_out_is_a_timeout_too(tmp_path: Path) -> None:
    machine, engine, repl = make_machine(tmp_path)
    repl.main = lambda: None
    engine.events.clear()
    engine.pc.opened_at = None
    with pytest.raises(WaitTimeout, match="5 s of real time"):
        engine.at(1, lambda: engine.end(_wall()))
        machine.console.expect("x", wall=5)
    for ask in (machine.console.expect, machine.exec, machine.run_for):
        with pytest.raises(UserError, match="wall: expected seconds of real time"):
            ask("1s", wall="5")  # type: ignore[arg-type, operator]


def _wall() -> object:
    from xipsim.engines.api import StopReason

    return StopReason.WALL


def test_a_silent_console_gets_one_carriage_return_50_ms_after_it_opened(tmp_path: Path) -> None:
    machine, engine, repl = make_machine(tmp_path)
    repl.main = lambda: setattr(repl, "mode", "friendly")  # the prompt was lost
    assert machine.console.expect(">>> ") == "\r\n>>> "
    machine.run_for("1s")
    assert engine.typed == [(OPENED + 50 * MS, b"\r")]


def test_a_console_that_talks_gets_none(tmp_path: Path) -> None:
    machine, engine, _ = make_machine(tmp_path)
    machine.run_for("1s")
    assert engine.typed == []


def test_after_a_reset_the_silence_counts_anew(tmp_path: Path) -> None:
    machine, engine, repl = make_machine(tmp_path)
    machine.console.expect(">>> ")
    repl.main = lambda: setattr(repl, "mode", "friendly")
    machine.reset()
    start = machine.now
    machine.console.expect(">>> ")
    assert engine.typed == [(start + OPENED + 50 * MS, b"\r")]


@pytest.mark.parametrize("step", [MS // 3, MS, 7 * MS])
def test_cutting_a_run_changes_nothing(tmp_path: Path, step: int) -> None:
    """The carriage return comes at the same nanosecond, whatever the waits."""
    machine, engine, repl = make_machine(tmp_path)
    repl.main = lambda: setattr(repl, "mode", "friendly")
    while machine.now < 100 * MS:
        machine.run_for(step)
    assert [time for time, _ in engine.typed] == [OPENED + 50 * MS]


def test_a_duration_ends_where_it_was_meant_to_end(tmp_path: Path) -> None:
    """The engine may stop an instruction late; that does not add up."""
    machine, engine, _ = make_machine(tmp_path)
    run = engine.run

    def late(goal: object) -> object:

        stop = run(goal)  # type: ignore[arg-type]
        return stop._replace(now=stop.now + 2)

    engine.run = late  # type: ignore[method-assign, assignment]
    for _ in range(100):
        machine.run_for("10us")
    assert engine.time == MS


def test_names_that_do_not_exist(tmp_path: Path) -> None:
    machine, _, _ = make_machine(tmp_path)
    assert list(machine.consoles) == ["lpuart1", "pc"]
    assert "com1" not in machine.consoles
    with pytest.raises(UnknownName, match="no console 'com1'; it has: lpuart1, pc"):
        machine.consoles["com1"]
    with pytest.raises(UserError, match="no console 'com1'"):
        make_machine(tmp_path, console="com1")
    assert make_machine(tmp_path, console="lpuart1")[0].console.name == "lpuart1"


def test_nothing_can_be_asked_from_a_callback(tmp_path: Path) -> None:
    """The engine answers nothing while it runs; the mistake ends the run, and is raised."""
    machine, engine, _ = make_machine(tmp_path)
    machine.console.on_output(lambda data: machine.console.write("x"))
    with pytest.raises(UserError, match="from a callback"):
        machine.run_for("1s")
    assert engine.typed == []


def test_a_duration_after_an_interrupted_one_is_whole(tmp_path: Path) -> None:
    """What ends a run early, here a user's function that raises, leaves time where it was."""
    machine, engine, _ = make_machine(tmp_path)

    def fail(data: bytes) -> None:
        raise ZeroDivisionError

    stop_listening = machine.console.on_output(fail)
    with pytest.raises(ZeroDivisionError):
        machine.run_for("1s")
    stop_listening()
    start = machine.now
    assert start == OPENED + MS
    machine.run_for("5ms")
    assert engine.time == start + 5 * MS
