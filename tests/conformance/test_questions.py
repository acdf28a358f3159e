"""Questions, answers and refusals: each to its own question, on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from candidates import BOARD, Running
from programs import WAIT, Program

from xipsim.engines.api import (
    ConfigurationError,
    EngineError,
    Goal,
    ModelError,
    StopReason,
)
from xipsim.engines.link.engine import ChildEngine

BAD_VALUE = Program("here: str r0, [r0, #20]; loop: b loop")
"""FAIL = r0"""
ABORT = Program("str r0, [r0, #44]; loop: b loop")
FAIL, LEAVE = 0x4000_0014, 0x99
"""A register, and what has the model call `sys.exit()`."""


def next_answers(engine: ChildEngine) -> None:
    """What comes now belongs to what is asked now."""
    assert engine.call("timer", "check", 7) == 7
    assert set(engine.registers()) > {"r0", "pc", "sp"}
    assert engine.request("describe").keys() == {"consoles", "chips", "ports", "usb_hosts"}
    assert engine.read_memory(0x2000_0000, 4) == (0x2000_1000).to_bytes(4, "little")
    stop = engine.run(Goal(until=engine.now + 10_000))
    assert stop.reason is StopReason.DEADLINE


def place_of(model: str, text: str) -> int:
    """The line of a model's file that holds `text`."""
    lines = (BOARD / model).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.essential
def test_a_model_that_raises_names_file_line_access_and_pc(running: Running) -> None:
    with running(BAD_VALUE) as engine:
        with pytest.raises(ModelError) as caught:
            engine.run(Goal(until=10**8))
        error = caught.value
        assert error.what == "ArithmeticError: the timer does not like this value"
        assert Path(error.file) == BOARD / "models.py"
        assert error.line == place_of("models.py", "does not like this value")
        assert error.function == "_fail"
        assert error.access == "timer: write of 0x40000000, 4 bytes, at 0x14"
        assert error.pc == BAD_VALUE.labels["here"]
        next_answers(engine)


def test_a_model_that_raises_in_an_alarm_ends_the_run(running: Running) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        engine.call("timer", "raise_later", 5_000)
        with pytest.raises(ModelError, match="sprung"):
            engine.run(Goal(until=10**8))
        assert 15_000 <= engine.request("now") < 17_000
        next_answers(engine)


def test_a_model_that_raises_while_the_machine_stands_still(running: Running) -> None:
    """Exactly that request is refused: nothing is left over for the next one."""
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        for _ in range(3):
            with pytest.raises(ModelError, match="does not like") as caught:
                engine.write_memory(FAIL, bytes(4))
            assert caught.value.access.startswith("timer: write of 0x0, 4 bytes, at 0x14")
            next_answers(engine)


@pytest.mark.essential
@pytest.mark.parametrize("stage", ["making", "connecting"])
def test_a_model_that_raises_while_the_machine_is_built_names_its_line(
    running: Running, stage: str
) -> None:
    overrides = {"power": {"fails_in": stage}}
    with pytest.raises(ModelError) as caught, running(WAIT, overrides=overrides):
        pass
    error = caught.value
    assert ": missing )" in error.what, "re's error, whatever this Python calls it"
    assert Path(error.file) == BOARD / "models.py", "not the line of the library that it called"
    assert error.line == place_of("models.py", "a bug of the model's")
    assert error.access == "the machine was being built"


def test_a_model_that_raises_in_a_reset_ends_the_run_and_another_reset_goes_on(
    running: Running,
) -> None:
    overrides = {"rom": {"program": WAIT.image}, "power": {"fails_in": "resetting"}}
    with running(None, overrides=overrides) as engine:
        with pytest.raises(ModelError) as caught:
            engine.run(Goal(until=10_000))
        assert caught.value.line == place_of("models.py", "a bug of the model's")
        assert caught.value.access == "the board was being reset"
        stop = engine.run(Goal(until=20_000))
        assert (stop.reason, stop.now) == (StopReason.DEADLINE, 20_000), "nothing is executed"
        engine.reset(power=False)
        assert engine.run(Goal(until=30_000)).reason is StopReason.DEADLINE
        next_answers(engine)


@pytest.mark.parametrize("stage", ["making", "connecting"])
def test_a_model_that_exits_while_the_machine_is_built_is_told_as_one_that_raises(
    running: Running, stage: str
) -> None:
    overrides = {"power": {"fails_in": f"{stage} exit"}}
    with pytest.raises(ModelError) as caught, running(WAIT, overrides=overrides):
        pass
    assert caught.value.what == "SystemExit: enough"
    assert caught.value.access == "the machine was being built"


def test_a_model_that_exits_at_work_is_told_as_one_that_raises(running: Running) -> None:
    """In a register's hook, by either width; in an alarm; in a reset."""
    overrides = {"rom": {"program": WAIT.image}, "power": {"fails_in": "resetting exit"}}
    with running(None, overrides=overrides) as engine:
        with pytest.raises(ModelError, match=r"SystemExit: enough.*being reset"):
            engine.run(Goal(until=10_000))
        engine.reset(power=False)
        engine.run(Goal(until=20_000))
        for size in (4, 2):
            with pytest.raises(ModelError, match=f"SystemExit: the timer.*{size} bytes, at 0x14"):
                engine.write_memory(FAIL, LEAVE.to_bytes(size, "little"))
        engine.call("timer", "exit_later", 5_000)
        with pytest.raises(ModelError, match="SystemExit: at once"):
            engine.run(Goal(until=10**8))
        next_answers(engine)


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "no such entry": (lambda e: e.call("nobody", "x"), LookupError, "no entry 'nobody'"),
    "no such method": (lambda e: e.call("timer", "x"), LookupError, "no method 'x'"),
    "not exposed": (lambda e: e.call("timer", "reset"), LookupError, "no method 'reset'"),
    "wrong value": (lambda e: e.call("timer", "check", 0), ValueError, "more than 0"),
    "too few": (lambda e: e.call("timer", "check"), ValueError, "it takes value"),
    "too many": (lambda e: e.call("timer", "check", 1, 2), ValueError, "timer.check: too many"),
    "wrong type": (lambda e: e.call("timer", "check", "x"), ValueError, "value: expected int"),
    "nothing there": (lambda e: e.read_memory(0x7000_0000, 4), LookupError, "0x70000000"),
    "nor to write": (lambda e: e.write_memory(0x7000_0000, b"x"), LookupError, "0x70000000"),
    "unsendable": (lambda e: e.call("timer", "unsendable"), EngineError, "cannot be sent"),
    "unknown console": (lambda e: e.request("type", "nobody", b"x"), LookupError, "nobody"),
    "unknown request": (lambda e: e.request("no_such_thing"), LookupError, "no_such_thing"),
    "private": (lambda e: e.request("_find", 1), LookupError, "_find"),
    "no pattern": (lambda e: e.run(Goal(console="console", pattern=b"(")), ValueError, "pattern"),
    "no console": (lambda e: e.run(Goal(console="nobody", pattern=b"x")), LookupError, "nobody"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_is_refused_and_the_next_answered(running: Running, name: str) -> None:
    ask, kind, text = REFUSED[name]
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        for _ in range(2):
            with pytest.raises(kind, match=text):
                ask(engine)
            next_answers(engine)


def test_what_cannot_be_sent_to_the_engine_is_not_sent(running: Running) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        with pytest.raises(Exception, match=r"pickle|local object"):
            engine.call("timer", "hold", lambda: None)
        next_answers(engine)


def test_what_a_platform_asks_for_in_vain_is_a_configuration_error(running: Running) -> None:
    for options, text in (
        ({"overrides": {"rom": {"program": 7}}}, "rom: program: expected str, given 7"),
        ({"overrides": {"rom": {"nothing": 1}}}, "rom: no parameter 'nothing'"),
    ):
        with pytest.raises(ConfigurationError, match=text), running(WAIT, **options):
            pass


def test_a_reset_that_a_model_asks_for_while_standing_still_comes_with_the_next_run(
    running: Running,
) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        engine.call("timer", "ask_for_reset")
        now = engine.now
        stop = engine.run(Goal(until=10**6, stop_on_reset=True))
        assert (stop.reason, stop.detail["cause"]) == (StopReason.RESET, "watchdog")
        assert stop.now == now


def test_an_abort_of_a_model_is_not_a_fault_of_the_firmware(running: Running) -> None:
    with running(ABORT) as engine:
        with pytest.raises(EngineError, match=r"aborted|killed by signal 6") as caught:
            engine.run(Goal(until=10**8))
        assert "locked up" not in str(caught.value)
        with pytest.raises(EngineError, match=r"aborted|killed by signal 6"):
            engine.run(Goal(until=10**8))


def test_an_abort_while_standing_still_refuses_that_request(running: Running) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=10_000))
        with pytest.raises(EngineError, match=r"aborted|killed by signal 6"):
            engine.write_memory(0x4000_002C, bytes(4))
        with pytest.raises(EngineError, match=r"aborted|killed by signal 6"):
            engine.run(Goal(until=10**8))
