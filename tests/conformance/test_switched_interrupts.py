"""An interrupt that the firmware switches off and on again, as each critical section does."""

from __future__ import annotations

import pytest
from candidates import Running
from programs import Program

from xipsim.engines.api import Goal

COMES = "ldr r4, =5000; str r4, [r0, #0]"
"""The interrupt, in so many ns."""
SWITCHED = Program(f"""
    ldr r6, =0xE000E100; ldr r7, =0xE000E180
    movs r1, #1; movs r5, #0; movs r4, #4
    again: str r1, [r6, #0]; str r1, [r7, #0]; subs r4, #1; bne again
    ldr r4, [r6, #0]; str r4, [r0, #12]
    str r1, [r6, #0]; ldr r4, [r6, #0]; str r4, [r0, #12]; str r1, [r7, #0]
    // It comes while it is off, is switched on and off before it may be taken, and then taken
    {COMES}
    off: ldr r3, [r0, #8]; cmp r3, #0; beq off
    str r5, [r0, #12]
    cpsid i; str r1, [r6, #0]; str r1, [r7, #0]; cpsie i; dsb; isb; str r5, [r0, #12]
    str r1, [r6, #0]; dsb; isb; str r5, [r0, #12]
    // It comes while it is on
    str r1, [r7, #0]; str r1, [r6, #0]; {COMES}
    on: ldr r3, [r0, #8]; cmp r3, #0; beq on
    dsb; isb; str r5, [r0, #12]
    loop: b loop
    fault: b fault
    irq: adds r5, #1; str r1, [r0, #4]; bx lr
""")
PENDING = Program(f"""
    ldr r6, =0xE000E100; ldr r7, =0xE000E180; movs r1, #1; movs r4, #4
    again: str r1, [r6, #0]; str r1, [r7, #0]; subs r4, #1; bne again
    movs r3, #9; str r3, [r6, #0]; movs r5, #0
    ldr r4, =0xE000E004; ldr r4, [r4, #0]; str r4, [r0, #12]
    {COMES}
    on: ldr r3, [r0, #8]; cmp r3, #0; beq on
    loop: b loop
    fault: b fault
    irq: adds r5, #1; cmp r5, #1; bne tell; str r1, [r0, #4]
    movs r3, #8; ldr r2, =0xE000E200; str r3, [r2, #0]  // the handler of 0 lets 3 be pending
    tell: ldr r2, =0xE000ED04; ldr r2, [r2, #0]; lsls r2, r2, #28; str r2, [r0, #12]
    ldr r2, =0xE000E004; ldr r2, [r2, #0]; str r2, [r0, #12]
    bx lr
""")


@pytest.mark.essential
def test_an_interrupt_waits_while_it_is_switched_off(running: Running) -> None:
    """Off and on as the registers say; off it is only pending; once on, it is taken once."""
    with running(SWITCHED) as engine:
        engine.run(Goal(until=100_000))
        marks = engine.call("timer", "seen")[1]
    assert [value for _, value in marks] == [0, 1, 0, 0, 1, 2]


def test_one_that_a_handler_lets_be_pending_is_taken_behind_it(running: Running) -> None:
    """Of a higher number than any that has come; how many there are is told as before."""
    with running(PENDING) as engine:
        engine.run(Goal(until=100_000))
        marks = [value for _, value in engine.call("timer", "seen")[1]]
    count = marks[0]
    assert marks[1:] == [0, count, 3 << 28, count]


@pytest.mark.needs("snapshots")
def test_it_is_so_behind_a_snapshot(running: Running) -> None:
    """Whether it is on, and pending, is what it was."""
    with running(SWITCHED) as engine:
        engine.run(Goal(until=7_000))
        saved = engine.snapshot()
        seen = []
        for _ in range(3):
            engine.run(Goal(until=100_000))
            seen.append(engine.call("timer", "seen")[1])
            engine.restore(saved)
    assert seen[1:] == seen[:1] * 2
    assert [value for _, value in seen[0]] == [0, 1, 0, 0, 1, 2]
