"""Loops that poll: one that counts makes its polls, and gives up when it wants to, each time.

Of one that counts nothing an engine may make some itself, and nothing tells.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from candidates import Running
from programs import ENABLE, Program

from xipsim.engines.api import Goal
from xipsim.engines.link.engine import ChildEngine

WORK = 20_000
"""ns of an operation."""
PATIENCE = 6
STACK, STATIC = 0x2000_1010, 0x2000_3000
"""The stack begins at 0x20001000, and is empty: the former is a local variable."""
OPERATIONS, TIME = 30, 1_000_000

SETUP = f"{ENABLE}; ldr r4, =0x40009000; ldr r6, =0xE000E010; movs r3, #0; movs r5, #0"
ASK = "ldr r1, [r4, #4]; cmp r1, #0; beq done"


CLEAR = "movs r3, #0; cmp r3, #0"
"""Leaves nothing of what was counted in registers and flags."""


def operations(
    loop: str, *, work: str = f"ldr r1, ={WORK}", before: str = "", variable: int = STATIC
) -> Program:
    """Over and over: the variable = patience, START = work, the loop; MARK = what it holds then."""
    return Program(f"""
            {SETUP}; ldr r7, ={variable}; str r3, [r7, #4]; str r3, [r7, #8]; str r3, [r7, #12]
        news: movs r2, #{PATIENCE}; str r2, [r7, #0]; movs r2, #0; {before}
            {work}; str r1, [r4, #0]
        loop: {loop}
        done: ldr r3, [r7, #0]; str r3, [r0, #12]; movs r3, #0; b news
    """)


PLAIN = f"{ASK}; b loop"
FORGETFUL = f"{ASK}; ldr r3, [r7, #0]; str r3, [r7, #4]; movs r3, #0; b loop"
"""Writes memory, and each time the same."""
IN_REGISTER = f"{ASK}; adds r2, #1; cmp r2, #{PATIENCE}; bne loop"
IN_MEMORY = f"""
    {ASK}; ldr r3, [r7, #0]; subs r3, #1; str r3, [r7, #0]; beq done; {CLEAR}; b loop
"""
BY_STEPS = f"""
    {ASK}; ldr r3, [r7, #0]; ldr r5, [r7, #4]; subs r3, r3, r5; str r3, [r7, #0]; beq done
    {CLEAR}; movs r5, #0; b loop
"""
BEGIN_TO_COUNT = """
    ldr r3, [r7, #8]; adds r3, #1; str r3, [r7, #8]; cmp r3, #20; bne same
    movs r3, #1; str r3, [r7, #4]
    same: movs r3, #0
"""
"""In the 20th operation the step, which is 0 until then, becomes 1."""
TIMED = f"{ASK}; ldr r3, [r6, #8]; movs r3, #0; b loop"
"""Reads SysTick's count."""
ASKING = f"{ASK}; ldr r3, [r0, #8]; movs r3, #0; b loop"
"""Asks another model besides."""
READING = f"{ASK}; ldr r3, [r0, #0]; movs r3, #0; b loop"
"""Reads a register of another model, which only holds a value."""
LONGER = "ldr r1, [r7, #12]; adds r1, #7; str r1, [r7, #12]"
"""Each operation takes 7 ns more than the one before."""
FIRST = 8
"""Polls of a wait that are the firmware's, if it counts."""


def run(engine: ChildEngine, *times: int) -> tuple[list[list[int]], Any]:
    """Polls by operation, and what the timer has seen, when the machine has run to the last."""
    for time in times:
        engine.run(Goal(until=time))
    seen: list[list[int]] = engine.call("worker", "seen")
    return seen, engine.call("timer", "seen")


def check(running: Running, program: Program) -> list[list[int]]:
    """The polls come as those of a loop that no engine may know."""
    found = []
    for tells in (True, False):
        overrides = {"rom": {"program": program.image}, "worker": {"tells": tells}}
        with running(None, overrides=overrides) as engine:
            found.append(run(engine, TIME))
    assert found[0] == found[1]
    return found[0][0]


@pytest.mark.parametrize(
    ("loop", "variable"),
    [(IN_REGISTER, STATIC), (IN_MEMORY, STATIC), (IN_MEMORY, STACK)],
    ids=["register", "static", "stack"],
)
def test_a_loop_that_counts_gives_up_in_each_operation(
    running: Running, loop: str, variable: int
) -> None:
    with running(operations(loop, variable=variable)) as engine:
        seen, _ = run(engine, TIME)
        made = engine.call("worker", "made")
    assert len(seen) > OPERATIONS
    assert {len(times) for times in seen[:-1]} == {PATIENCE}
    assert set(made[:-1]) == {PATIENCE}


@pytest.mark.parametrize("variable", [STATIC, STACK], ids=["static", "stack"])
def test_a_loop_that_begins_to_count_gives_up_from_then_on(
    running: Running, variable: int
) -> None:
    """It has waited to the end 19 times, by turns of the same length."""
    with running(operations(BY_STEPS, before=BEGIN_TO_COUNT, variable=variable)) as engine:
        seen, (_, marks) = run(engine, TIME)
    assert all(len(times) > FIRST for times in seen[:19])
    assert {len(times) for times in seen[19:-1]} == {PATIENCE}
    assert [value for _, value in marks[:25]] == [PATIENCE] * 19 + [0] * 6


TWINS = f"""
        {SETUP}; ldr r7, ={STATIC}; ldr r5, =0x20004000; str r3, [r7, #8]
    news: movs r2, #{PATIENCE}; str r2, [r5, #0]; movs r2, #0
        ldr r3, [r7, #8]; adds r3, #1; str r3, [r7, #8]; cmp r3, #20; bcs second
        movs r3, #0; ldr r1, ={WORK}; str r1, [r4, #0]
    loop: {ASK}; nop; nop; nop; nop; {CLEAR}; b loop
    second: movs r3, #0; ldr r1, ={WORK}; str r1, [r4, #0]
    other: {ASK}; ldr r3, [r5, #0]; subs r3, #1; str r3, [r5, #0]; beq done
        {CLEAR}; b other
    done: ldr r3, [r5, #0]; str r3, [r0, #12]; movs r3, #0; b news
"""
"""Two loops alike in time and registers; one counts, where the other has written nothing."""


def test_what_is_proven_of_one_loop_is_not_of_its_twin(running: Running) -> None:
    with running(Program(TWINS)) as engine:
        seen, _ = run(engine, TIME)
    assert all(len(times) > FIRST for times in seen[:19])
    assert {len(times) for times in seen[19:-1]} == {PATIENCE}


@pytest.mark.needs("times within a block")
@pytest.mark.parametrize("loop", [PLAIN, FORGETFUL, TIMED, ASKING, READING])
def test_nothing_tells_who_makes_the_polls(running: Running, loop: str) -> None:
    assert len(check(running, operations(loop))) > OPERATIONS


@pytest.mark.needs("proofs")
@pytest.mark.parametrize("loop", [PLAIN, FORGETFUL])
def test_of_a_loop_that_counts_nothing_few_polls_are_made(running: Running, loop: str) -> None:
    with running(operations(loop)) as engine:
        seen, _ = run(engine, TIME)
        made = engine.call("worker", "made")
    assert all(len(times) > FIRST for times in seen[:-1])
    assert max(made[3:]) < FIRST / 2 + 1


@pytest.mark.parametrize("loop", [TIMED, ASKING, READING])
def test_a_loop_that_looks_at_something_else_makes_its_polls(running: Running, loop: str) -> None:
    with running(operations(loop)) as engine:
        run(engine, TIME)
        made = engine.call("worker", "made")
    assert min(made[:-1]) >= FIRST


@pytest.mark.needs("times within a block")
def test_work_that_ends_among_the_first_polls(running: Running) -> None:
    seen = check(running, operations(PLAIN, work=LONGER))
    assert {len(times) for times in seen} >= set(range(2, FIRST + 2))


@pytest.mark.needs("times within a block")
@pytest.mark.parametrize("after", range(60, 900, 97))
def test_an_interrupt_among_the_first_polls(running: Running, after: int) -> None:
    start = f"ldr r1, ={after}; str r1, [r0, #0]; ldr r1, ={WORK}"
    assert len(check(running, operations(FORGETFUL, work=start))) > OPERATIONS


@pytest.mark.needs("times within a block")
def test_whoever_looks_on_changes_nothing(running: Running) -> None:
    looks = sorted(random.Random(1).sample(range(200_000, TIME), 200))
    with running(operations(PLAIN, work="ldr r1, =700")) as engine:
        undisturbed = run(engine, TIME)
    with running(operations(PLAIN, work="ldr r1, =700")) as engine:
        assert run(engine, *looks, TIME) == undisturbed


@pytest.mark.needs("times within a block")
@pytest.mark.needs("snapshots")
def test_a_snapshot_among_the_first_polls(running: Running) -> None:
    """Nothing of what is known of the loop is in it."""
    choose = random.Random(2)
    with running(operations(FORGETFUL)) as engine:
        for _ in range(20):
            seen, _ = run(engine, engine.now + 2 * WORK)
            run(engine, seen[-1][0] + WORK + choose.randrange(900))
            saved = engine.snapshot()
            heard = run(engine, engine.now + 2 * WORK)
            engine.restore(saved)
            assert run(engine, engine.now + 2 * WORK) == heard
