"""Runs: time, stalls, sleep, and what ends them, on every engine."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest
from candidates import Running
from programs import ENABLE, ROM_TIME, SLEEP, WAIT, WFI, Program, polled_wait

from xipsim.engines.api import Goal, StopReason

PAUSES = Program("""
    // SysTick every 901 clocks, masked: wfi until COUNTFLAG, MARK = how often; again
    ldr r4, =0xE000E010; ldr r6, =0xE000ED04; cpsid i; movs r5, #0
    again: ldr r1, =900; str r1, [r4, #4]; movs r1, #0; str r1, [r4, #8]
    movs r1, #7; str r1, [r4, #0]; movs r3, #0
    more: dsb; wfi; adds r3, #1
    ldr r1, [r4, #0]; lsls r2, r1, #15; bpl more
    movs r1, #0; str r1, [r4, #0]; ldr r1, =0x02000000; str r1, [r6, #0]; dsb; isb
    str r3, [r0, #12]; adds r5, #1; b again
""")


BUSY = Program("loop: b loop")
THICK = Program("""
    // 200 times MARK = r5, with a pause of 90 instructions behind every fiftieth
    movs r5, #200; movs r4, #50
    again: str r5, [r0, #12]; ldr r1, [r0, #0x18]; subs r4, #1; bne next
    movs r4, #30
    pause: nop; subs r4, #1; bne pause
    movs r4, #50
    next: subs r5, #1; bne again
    loop: b loop
""")


@pytest.mark.needs("times within a block")
def test_accesses_that_come_thick_and_fast_take_the_time_of_the_first_ones(
    running: Running,
) -> None:
    """However an engine translates code that has done nothing else for a while."""
    with running(THICK) as engine:
        engine.run(Goal(until=ROM_TIME + 100_000))
        marks = engine.call("timer", "seen")[1]
        gaps = [after - before for (before, _), (after, _) in pairwise(marks)]
        assert [value for _, value in marks] == list(range(200, 0, -1))
        pauses = gaps[49::50]
        assert len(set(gaps) - set(pauses)) == 1 and len(set(pauses)) == 1
        assert pauses[0] > gaps[0]


def test_a_polled_wait_costs_little_and_ends_on_time(running: Running) -> None:
    """45 ms of polling: far fewer polls than the 1.8 million without stalls, on time."""
    with running(WAIT) as engine:
        assert engine.run(Goal(until=45_100_000)).reason is StopReason.DEADLINE
        polls, marks = engine.call("timer", "seen")
        end = ROM_TIME + 45_000_000
        assert polls < 1_000
        assert [value for _, value in marks] == [1, 2]  # the interrupt comes before the poll ends
        assert all(end <= time_ns < end + 1_000 for time_ns, _ in marks)


@pytest.mark.parametrize("program", [WAIT, SLEEP, WFI, BUSY], ids=["stall", "wfe", "wfi", "busy"])
def test_no_time_passes_within_an_alarm(running: Running, program: Program) -> None:
    """Whatever it sets, and in whatever order, while the core stands still or does not."""
    with running(program) as engine:
        engine.run(Goal(until=10_000))
        engine.call("timer", "set_two_later", 1_000_003)
        engine.run(Goal(until=2_000_000))
        marks = [mark for mark in engine.call("timer", "seen")[1] if mark[1] >= 10]
        first = marks[0][0]
        assert marks == [
            (first, 10), (first, 10), (first + 5_000, 11), (first + 50_000, 12)
        ]  # fmt: skip


def test_stalls_change_no_time_but_that_of_the_polls(running: Running) -> None:
    """Without stalls every poll is executed; the wait ends at the same time within a poll."""
    ends = []
    for stalls in (True, False):
        with running(polled_wait(200_000), stalls=stalls) as engine:
            engine.run(Goal(until=ROM_TIME + 210_000))
            ends.append(engine.call("timer", "seen")[1][-1][0])
    assert abs(ends[0] - ends[1]) < 200


@pytest.mark.parametrize("access", ["ldr r3", "str r4"])
def test_an_access_to_what_only_holds_a_value_ends_a_run_of_polls(
    running: Running, access: str
) -> None:
    """A loop that does something between its polls makes each of them."""
    program = Program(f"""
        ldr r4, =50000; str r4, [r0, #0]
        again: {access}, [r0, #0x18]; ldr r3, [r0, #8]; cmp r3, #0; beq again
        str r4, [r0, #12]; loop: b loop
    """)
    seen = []
    for stalls in (True, False):
        with running(program, stalls=stalls) as engine:
            engine.run(Goal(until=ROM_TIME + 60_000))
            seen.append(engine.call("timer", "seen"))
    assert seen[0] == seen[1]
    assert seen[0][0] > 1_000


SHORT = Program("""
    // COUNT = 700; while (!SOON); MARK = 2; again
    again: ldr r4, =700; str r4, [r0, #0]
    more: ldr r3, [r0, #0x30]; cmp r3, #0; beq more
        movs r4, #2; str r4, [r0, #12]; movs r4, #0; str r4, [r0, #4]; b again
""")
SLOW = Program(f"""
    // COUNT = 300; read SLOW; MARK = 2
    {ENABLE}; ldr r4, =300; str r4, [r0, #0]; ldr r3, [r0, #0x34]
        movs r4, #2; str r4, [r0, #12]
    loop: b loop
""")


def test_a_wait_whose_end_is_near_is_one_poll(running: Running) -> None:
    """The access lasts until then; without stalls each poll is made, and the end is the same."""
    seen = {}
    for stalls in (True, False):
        with running(SHORT, stalls=stalls) as engine:
            engine.run(Goal(until=ROM_TIME + 100_000))
            seen[stalls] = engine.call("timer", "seen")
    (polls, marks), (all_polls, all_marks) = seen[True], seen[False]
    assert len(marks) > 100
    assert polls <= len(marks) + 1
    assert all_polls > 10 * polls
    turns = {later[0] - earlier[0] for earlier, later in pairwise(marks)}
    assert all(700 < turn < 800 for turn in turns), turns
    assert abs(len(marks) - len(all_marks)) < 5


def cut(running: Running, step: int) -> tuple[int, list[tuple[int, int]], dict[str, int]]:
    """SHORT for 20 us, in runs of `step` ns: polls, marks and registers."""
    with running(SHORT) as engine:
        while engine.now < ROM_TIME + 20_000:
            engine.run(Goal(until=min(engine.now + step, ROM_TIME + 20_000)))
        return *engine.call("timer", "seen"), engine.registers()


@pytest.mark.needs("times within a block")
def test_a_run_that_ends_within_such_a_poll_changes_nothing(running: Running) -> None:
    assert cut(running, 100_000) == cut(running, 97) == cut(running, 351)


def test_a_run_that_ends_within_such_a_poll_moves_nothing_by_more_than_a_turn(
    running: Running,
) -> None:
    """Each turn still takes its one poll; none of the 27 ends a turn's own 22 ns later."""
    (polls, marks, _), *others = [cut(running, step) for step in (100_000, 97, 351)]
    for their_polls, theirs, _ in others:
        assert their_polls == polls
        assert len(theirs) == len(marks) > 25
        assert all(abs(one[0] - other[0]) < 22 for one, other in zip(marks, theirs, strict=True))


@pytest.mark.needs("loads that last")
@pytest.mark.parametrize("stalls", [True, False])
def test_an_access_that_the_bus_makes_last_ends_before_an_interrupt_is_taken(
    running: Running, stalls: bool
) -> None:
    with running(SLOW, stalls=stalls) as engine:
        engine.run(Goal(until=ROM_TIME + 10_000))
        marks = engine.call("timer", "seen")[1]
    assert [value for _, value in marks] == [1, 2]
    assert 1_000 < marks[0][0] - ROM_TIME < 1_200


def test_cutting_a_run_into_pieces_changes_nothing(running: Running) -> None:
    """One run, a hundred pieces, and odd ones, with looks in between: the same marks and core."""
    outcomes = []
    for step in (45_100_000, 451_000, 333_333):
        with running(WAIT) as engine:
            while engine.now < 45_100_000:
                engine.run(Goal(until=min(engine.now + step, 45_100_000)))
                engine.registers()
            outcomes.append((engine.call("timer", "seen"), engine.registers()))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_the_same_run_twice_and_under_load(running: Running) -> None:
    """The same polls at the same virtual nanoseconds, with another process taking the machine."""
    outcomes = []
    for loaded in (False, True):
        load = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if loaded else None
        try:
            with running(WAIT) as engine:
                engine.run(Goal(until=45_100_000))
                outcomes.append((engine.call("timer", "seen"), engine.registers()))
        finally:
            if load:
                load.kill()
                load.wait()
    assert outcomes[0] == outcomes[1]


@pytest.mark.needs("event register")
def test_wfe_sleeps_to_the_next_alarm(running: Running) -> None:
    """A virtual second of WFE under a 1 ms interrupt."""
    with running(SLEEP) as engine:
        engine.run(Goal(until=10**9))
        assert len(engine.call("timer", "seen")[1]) == pytest.approx(1000, abs=2)


def test_wfe_behind_an_interrupt_does_not_sleep_for_ever(running: Running) -> None:
    """Nothing else is to come when the second WFE of each turn is executed."""
    with running(SLEEP) as engine:
        engine.run(Goal(until=10**8))
        assert len(engine.call("timer", "seen")[1]) > 15


@pytest.mark.needs("event register")
def test_cutting_sleeps_into_pieces_changes_nothing(running: Running) -> None:
    """Runs that end within them, and looks at the core."""
    outcomes = []
    for step in (25_000_000, 5_000_000, 333_333):
        with running(SLEEP) as engine:
            while engine.now < 25_000_000:
                engine.run(Goal(until=min(engine.now + step, 25_000_000)))
                engine.registers()
            outcomes.append((engine.call("timer", "seen"), engine.registers()))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_wfi_ends_at_the_interrupt(running: Running) -> None:
    """A thousand sleeps of 1 us: each ends with the interrupt that it is for, none lasts longer."""
    with running(WFI) as engine:
        engine.run(Goal(until=1_100_000))
        marks = engine.call("timer", "seen")[1]
        assert len(marks) > 1_000
        assert {later[0] - mark[0] for mark, later in pairwise(marks)} <= set(range(1_000, 1_060))


MASKED = Program(f"""
    // An interrupt that is masked ends WFI and stays pending: there is no second sleep
    {ENABLE}; cpsid i; ldr r4, =1000; str r4, [r0, #0]; movs r5, #0
    again: wfi; adds r5, #1; b again
""")


@pytest.mark.needs("sleep")
def test_wfi_beside_a_masked_interrupt_costs_little_and_is_told_as_a_wait(
    running: Running,
) -> None:
    """A turn of three instructions, twenty million of them in 100 ms: as much a wait as a poll."""
    with running(MASKED) as engine:
        assert engine.run(Goal(until=100_000_000)).reason is StopReason.DEADLINE
        assert 100 < engine.registers()["r5"] < 20_000
        (wait,) = engine.request("waits")["found"]
        assert wait["question"] == "WFI, with a masked interrupt pending"
        assert wait["polls"] < wait["on_silicon"]


def ticked(running: Running) -> set[int]:
    """PAUSES for a thousand periods: ns from each mark to the next; none slept through a tick."""
    with running(PAUSES) as engine:
        engine.run(Goal(until=1_600_000))
        marks = engine.call("timer", "seen")[1]
        assert {wakes for _, wakes in marks} == {1}
        assert len(marks) > 1_000
        return {later[0] - mark[0] for mark, later in pairwise(marks)}


@pytest.mark.needs("systick")
def test_wfi_ends_at_every_tick(running: Running) -> None:
    """A thousand pauses of one SysTick period of 1.5 us, none of them two periods long.

    Beside its 901 clocks of 600 MHz, 18 instructions are executed in each turn, of which those of a
    block may count as one.
    """
    turns = ticked(running)
    assert 1_501 < min(turns) <= max(turns) <= 1_540, turns


@pytest.mark.needs("systick")
@pytest.mark.needs("times within a block")
def test_systick_begins_at_the_instruction_that_switches_it_on(running: Running) -> None:
    assert ticked(running) == {1538}
