"""What a run may be for, on every engine."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from candidates import Running
from patience import HANGS
from programs import ROM_TIME, WAIT, Program

from xipsim.engines.api import Goal, StopReason
from xipsim.engines.link.engine import ChildEngine

PRINT = """
    ldr r6, =0x40003000; ldr r5, =0x40000000; ldr r4, =100000
"""
GREETING = Program(f"""
    // "Hi" at once, then "." every 100 us
    {PRINT}
    movs r1, #0x48; str r1, [r6, #0]; movs r1, #0x69; str r1, [r6, #0]
    again: str r4, [r5, #0]; wait: ldr r3, [r5, #8]; cmp r3, #0; beq wait
    movs r1, #0x2e; str r1, [r6, #0]; b again
""")
ONCE = Program(f"{PRINT} movs r1, #0x48; str r1, [r6, #0]; loop: b loop")
ECHO = Program(f"{PRINT} loop: ldr r1, [r6, #4]; cmp r1, #0; beq loop; str r1, [r6, #0]; b loop")
NAUGHT = Program(f"{PRINT} movs r1, #0; str r1, [r6, #0]; loop: b loop")
UNKNOWN = Program("ldr r6, =0x50000000; ldr r1, [r6, #0]; str r1, [r0, #12]; loop: b loop")


def heard(engine: ChildEngine) -> list[tuple[str, Any]]:
    """What the engine tells, as it comes."""
    told: list[tuple[str, Any]] = []
    engine.subscribe(lambda kind, value: told.append((kind, value)))
    return told


def test_until_a_time_and_not_an_instruction_more(running: Running) -> None:
    with running(WAIT) as engine:
        stop = engine.run(Goal(until=1_000_000))
        assert stop.reason is StopReason.DEADLINE
        assert 1_000_000 <= stop.now < 1_000_000 + 1_000
        assert engine.now == stop.now
        assert engine.run(Goal(until=stop.now)).now == stop.now, "it has come already"


def test_a_pattern_consumes_up_to_its_end(running: Running) -> None:
    with running(GREETING) as engine:
        told = heard(engine)
        stop = engine.run(Goal(console="console", pattern=rb"H.", until=10**8))
        assert (stop.reason, stop.consumed) == (StopReason.MATCH, b"Hi")
        stop = engine.run(Goal(console="console", pattern=rb"\.{3}", until=10**8))
        assert (stop.reason, stop.consumed) == (StopReason.MATCH, b"...")
        assert 300_000 <= stop.now < 301_000 + ROM_TIME, "the third dot is there after 300 us"
        printed = b"".join(data for kind, (_, data) in told if kind == "console")
        assert printed == b"Hi..."


def test_what_is_unread_matches_at_once(running: Running) -> None:
    with running(GREETING) as engine:
        engine.run(Goal(until=1_000_000))
        now = engine.now
        stop = engine.run(Goal(console="console", pattern=rb"Hi\."))
        assert (stop.reason, stop.consumed, stop.now) == (StopReason.MATCH, b"Hi.", now)
        assert engine.request("take_unread", "console") == b"." * 8
        assert engine.request("take_unread", "console") == b""


def test_the_first_condition_ends_the_run(running: Running) -> None:
    with running(GREETING) as engine:
        stop = engine.run(Goal(console="console", pattern=b"never", until=500_000, wall=HANGS))
        assert stop.reason is StopReason.DEADLINE


def test_quiet_counts_from_the_last_byte(running: Running) -> None:
    with running(GREETING) as engine:
        stop = engine.run(Goal(console="console", quiet=150_000, until=2_000_000))
        assert stop.reason is StopReason.DEADLINE, "there is a dot every 100 us"
    with running(ONCE) as engine:
        told = heard(engine)
        stop = engine.run(Goal(console="console", quiet=150_000, until=2_000_000))
        assert stop.reason is StopReason.QUIET
        assert ROM_TIME + 150_000 <= stop.now < ROM_TIME + 152_000
        assert told == [("console", ("console", b"H"))]


@pytest.mark.essential
def test_what_is_typed_comes_back(running: Running) -> None:
    with running(ECHO) as engine:
        engine.run(Goal(until=20_000))
        engine.request("type", "console", b"abc")
        assert engine.request("pending", "console") == 3
        stop = engine.run(Goal(console="console", pattern=b"c", until=10**6))
        assert stop.consumed == b"abc"


def test_what_a_run_types_comes_as_if_typed_before_it(running: Running) -> None:
    stops = []
    for typed in (b"", b"abc"):
        with running(ECHO) as engine:
            engine.run(Goal(until=20_000))
            if not typed:
                engine.request("type", "console", b"abc")
            goal = Goal(console="console", pattern=b"c", until=10**6, typed=typed)
            stops.append(engine.run(goal))
    assert stops[0] == stops[1]
    assert stops[0].consumed == b"abc"


def test_a_run_that_cannot_type_does_not_begin(running: Running) -> None:
    with running(WAIT) as engine:
        with pytest.raises(LookupError, match="no console 'other'"):
            engine.run(Goal(console="other", until=10**6, typed=b"abc"))
        assert engine.request("now") == 0
        assert engine.run(Goal(until=1_000)).reason is StopReason.DEADLINE


def test_a_run_without_end_is_ended_by_the_wall_clock(running: Running) -> None:
    with running(WAIT) as engine:
        stop = engine.run(Goal(wall=0.2))
        assert stop.reason is StopReason.WALL
        assert engine.run(Goal(until=stop.now + 1_000)).reason is StopReason.DEADLINE


@pytest.mark.essential
def test_an_interrupt_ends_the_run_or_the_next_one(running: Running) -> None:
    with running(WAIT) as engine:
        timer = threading.Timer(0.1, engine.interrupt)
        timer.start()
        assert engine.run(Goal()).reason is StopReason.INTERRUPTED
        timer.join()
        engine.interrupt()
        now = engine.now
        assert engine.run(Goal()).reason is StopReason.INTERRUPTED
        assert engine.run(Goal(until=now + 10_000)).reason is StopReason.DEADLINE


def test_an_interrupt_is_not_counted_twice(running: Running) -> None:
    """It comes when the run has ended by itself: the next run ends, the one after goes on."""
    with running(WAIT) as engine:
        engine.run(Goal(until=100_000))
        engine.interrupt()
        engine.interrupt()
        assert engine.run(Goal()).reason is StopReason.INTERRUPTED
        stop = engine.run(Goal(until=engine.now + 100_000))
        assert stop.reason is StopReason.DEADLINE


@pytest.mark.parametrize("stop_on_reset", [True, False])
def test_a_reset_ends_a_run_that_asks_for_it(running: Running, stop_on_reset: bool) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=100_000))
        engine.reset(power=False)
        stop = engine.run(Goal(until=200_000, stop_on_reset=stop_on_reset))
        assert stop.reason is StopReason.DEADLINE, "this reset came before the run"


@pytest.mark.parametrize("program", [NAUGHT, UNKNOWN], ids=["model", "tag"])
def test_a_gap_ends_a_strict_run(running: Running, program: Program) -> None:
    with running(program, strict=True) as engine:
        stop = engine.run(Goal(until=10**6))
        assert stop.reason is StopReason.GAP
        assert stop.now < ROM_TIME + 1_000
        assert stop.detail["source"] == ("console" if program is NAUGHT else "bus")


def test_a_tag_answers_its_value_and_is_reported_once(running: Running) -> None:
    """A range with a name only: the value that the platform gives it, and one gap an address."""
    twice = UNKNOWN.source.replace("loop:", "ldr r1, [r6, #0]; str r1, [r6, #4]; loop:")
    with running(Program(twice)) as engine:
        told = heard(engine)
        engine.run(Goal(until=100_000))
        assert [value for _, value in engine.call("timer", "seen")[1]] == [0x1234]
        gaps = [found.event for kind, events in told if kind == "events" for found in events]
        assert [gap.what for gap in gaps] == [
            "UNKNOWN: read at 0x50000000",
            "UNKNOWN: write at 0x50000004",
        ]
        assert all(0x2000_0050 <= gap.pc < 0x2000_0070 for gap in gaps)


@pytest.mark.needs("snapshots")
def test_a_tag_is_reported_again_by_who_goes_back_before_it(running: Running) -> None:
    with running(UNKNOWN) as engine:
        told = heard(engine)
        engine.run(Goal(until=ROM_TIME + 2))
        before = engine.snapshot()
        for _ in range(2):
            engine.run(Goal(until=100_000))
            engine.restore(before)
        gaps = [found.event for kind, events in told if kind == "events" for found in events]
        assert [gap.what for gap in gaps] == ["UNKNOWN: read at 0x50000000"] * 2
