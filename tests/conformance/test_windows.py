"""Windows of models, memories in two places, wires that meet, on every engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from candidates import Running
from programs import ENABLE, ROM_TIME, Program

from xipsim.engines.api import Goal
from xipsim.engines.link.engine import ChildEngine
from xipsim.peripherals.core import Diagnostic

NATIVE, SHOWN = 0x4000_5000, 0x4000_5004
READ_8 = Program("""
    // MARK = the first word of the window, eight times
    ldr r6, =0x60000000; movs r4, #8
    again: ldr r1, [r6, #0]; str r1, [r0, #12]; subs r4, #1; bne again
    loop: b loop
""")
STORE = Program("""
    ldr r6, =0x60000000; ldr r1, =0x00FF00FF; str r1, [r6, #0]
    ldr r1, [r6, #0]; str r1, [r0, #12]; loop: b loop
""")
CALL = Program("""
    // what lies in the window is called, again and again, and its r1 marked
    ldr r6, =0x60000001
    again: blx r6; str r1, [r0, #12]; b again
""")
RETURNS_1, RETURNS_2 = bytes.fromhex("01217047"), bytes.fromhex("02217047")
"""movs r1, #1 (or 2); bx lr"""
BEYOND = Program("""
    // what is not shown any more faults
    ldr r6, =0x60001000; ldr r1, [r6, #0]; str r1, [r0, #12]
    ldr r5, =0x40005000; ldr r1, =0x800; str r1, [r5, #4]
    ldr r6, =0x60000800; here: ldr r1, [r6, #0]; loop: b loop
""")
ALIAS = Program("""
    // code is written in one place of the memory, and executed in the other: twice
    ldr r5, =0x20004000; ldr r6, =0x24004001
    ldr r1, =0x47702101; str r1, [r5, #0]; dsb; isb; blx r6; str r1, [r0, #12]
    ldr r1, =0x47702102; str r1, [r5, #0]; dsb; isb; blx r6; str r1, [r0, #12]; loop: b loop
""")
BOTH = Program(f"""
    // both timers at 10 us; the handler acknowledges the first, and then the second
    {ENABLE}; ldr r4, =10000; ldr r7, =0x40001000; str r4, [r0, #0]; str r4, [r7, #0]
    loop: b loop
    fault: b fault
    irq: ldr r2, [r0, #4]; cmp r2, #1; beq second
    movs r2, #1; str r2, [r0, #4]; str r2, [r0, #12]; bx lr
    second: movs r2, #2; str r2, [r7, #4]; str r2, [r0, #12]; bx lr
""")


def marks(engine: ChildEngine) -> list[int]:
    """What was written to MARK."""
    return [value for _, value in engine.call("timer", "seen")[1]]


def put(engine: ChildEngine, address: int, value: int) -> None:
    """A word."""
    engine.write_memory(address, value.to_bytes(4, "little"))


def begun(engine: ChildEngine) -> None:
    """Up to the boot ROM's work: models keep what is set from now on."""
    engine.run(Goal(until=1))


@pytest.mark.parametrize("native", [0, 1])
def test_reads_come_to_the_model_or_are_served_from_its_bytes(
    running: Running, native: int
) -> None:
    with running(READ_8) as engine:
        begun(engine)
        engine.call("window", "put", 0, b"\x78\x56\x34\x12")
        put(engine, NATIVE, native)
        engine.run(Goal(until=20_000))
        assert marks(engine) == [0x12345678] * 8
        assert engine.call("window", "counts") == (0 if native else 8, 0)


@pytest.mark.essential
@pytest.mark.parametrize("native", [0, 1])
def test_stores_come_to_the_model(running: Running, native: int) -> None:
    """It makes something else of them than a memory would."""
    with running(STORE) as engine:
        begun(engine)
        engine.call("window", "put", 0, b"\x0f\x0f\x0f\x0f")
        put(engine, NATIVE, native)
        engine.run(Goal(until=20_000))
        assert marks(engine) == [0x0FF0_0FF0]
        assert engine.call("window", "counts")[1] == 1


@pytest.mark.essential
def test_a_window_can_become_native_and_slow_again(running: Running) -> None:
    with running(CALL) as engine:
        begun(engine)
        engine.call("window", "put", 0, RETURNS_1)
        slow = []
        for native in (1, 0, 1, 0):
            put(engine, NATIVE, native)
            before = engine.call("window", "counts")[0]
            engine.run(Goal(until=engine.now + 20_000))
            slow.append(engine.call("window", "counts")[0] > before)
        assert slow == [False, True, False, True]
        assert set(marks(engine)) == {1}


@pytest.mark.parametrize("turns", [(1, 0, 1), (0, 1, 0), (1, 0), (0, 1)])
def test_what_the_core_did_not_see_of_a_window_does_not_matter(
    running: Running, turns: tuple[int, ...]
) -> None:
    """It becomes native and slow without an access meanwhile: the last counts."""
    with running(CALL) as engine:
        begun(engine)
        engine.call("window", "put", 0, RETURNS_1)
        for before in (1, 0):
            put(engine, NATIVE, before)
            engine.run(Goal(until=engine.now + 20_000))
            for native in turns:
                put(engine, NATIVE, native)
            seen = engine.call("window", "counts")[0]
            engine.run(Goal(until=engine.now + 20_000))
            assert (engine.call("window", "counts")[0] > seen) == (not turns[-1])
        assert set(marks(engine)) == {1}


@pytest.mark.essential
def test_code_is_fetched_by_halfwords_at_least(running: Running) -> None:
    """As a Thumb core does: a narrower read would be another command on the flash bus."""
    with running(CALL) as engine:
        begun(engine)
        engine.call("window", "put", 0, RETURNS_1)
        engine.run(Goal(until=20_000))
        assert engine.call("window", "counts")[0] > 0
        assert engine.call("window", "narrowest_read") >= 2


@pytest.mark.parametrize("native", [0, 1])
def test_code_that_is_rewritten_is_not_stale(running: Running, native: int) -> None:
    """Rewritten while it is served natively, while it is not, and while the machine runs on."""
    with running(CALL) as engine:
        begun(engine)
        engine.call("window", "put", 0, RETURNS_1)
        put(engine, NATIVE, 1)
        engine.run(Goal(until=20_000))
        put(engine, NATIVE, native)
        engine.call("window", "put", 0, RETURNS_2)
        put(engine, NATIVE, 1)
        seen = len(marks(engine))
        engine.run(Goal(until=40_000))
        assert set(marks(engine)[:seen]) == {1}
        assert set(marks(engine)[seen + 1 :]) == {2}, "but for the call that was under way"


@pytest.mark.essential
def test_code_is_what_the_window_has_at_that_time(running: Running) -> None:
    """The cells, then what a chip at work answers, and the cells: nothing is loaded meanwhile, and
    nothing that was translated of the one may stand for the other."""
    with running(CALL) as engine:
        begun(engine)
        engine.call("window", "put", 0, RETURNS_1)
        put(engine, NATIVE, 1)
        engine.run(Goal(until=20_000))
        for other, expected in ((RETURNS_2, 2), (b"", 1), (RETURNS_2, 2), (b"", 1)):
            engine.call("window", "work", other)
            seen = len(marks(engine))
            engine.run(Goal(until=engine.now + 20_000))
            assert set(marks(engine)[seen + 1 :]) == {expected}, "but for the call under way"


@pytest.mark.parametrize("native", [0, 1])
def test_what_is_not_mapped_any_more_faults(running: Running, native: int) -> None:
    with running(BEYOND) as engine:
        told: list[str] = []
        engine.subscribe(
            lambda kind, value: told.extend(
                f"{each.event.source}: {each.event.message}"
                for each in value
                if kind == "events" and isinstance(each.event, Diagnostic)
            )
        )
        begun(engine)
        put(engine, NATIVE, native)
        put(engine, SHOWN, 0x2000)
        stop = engine.run(Goal(until=100_000_000))
        assert stop.detail["bfar"] == 0x6000_0800
        assert stop.detail["stacked"]["pc"] == BEYOND.labels["here"]
        assert marks(engine) == [0]
        assert told == ["window: no cell at 0x800"], "the cause of the fault"
        put(engine, SHOWN, 0x1000)
        assert engine.read_memory(0x6000_0800, 4) == bytes(4), "mapped again"


def test_resizing_a_window_costs_no_memory(running: Running) -> None:
    """A driver that probes sizes: each is another segment, but not another piece of memory.

    2.4 GB of them. QEMU's own maps of a bus, 1 MB each, wait for the machine to run on.
    """
    with running(READ_8) as engine:
        begun(engine)
        put(engine, NATIVE, 1)
        sizes = (16 << 20, 8 << 20)
        for size in sizes:
            put(engine, SHOWN, size)
        before = virtual_size(engine.pid)
        for _ in range(100):
            for size in sizes:
                put(engine, SHOWN, size)
        assert virtual_size(engine.pid) - before < 400 << 20


def virtual_size(pid: int) -> int:
    """Bytes of a process's address space."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * 4096


@pytest.mark.needs("aliases")
def test_a_memory_in_two_places_is_one(running: Running) -> None:
    with running(ALIAS) as engine:
        engine.run(Goal(until=20_000))
        assert marks(engine) == [1, 2]
        assert engine.read_memory(0x2400_4000, 4) == engine.read_memory(0x2000_4000, 4)


def test_lines_that_meet_are_ored(running: Running) -> None:
    """High while one of them is: the interrupt comes again, and the lamp changes but twice."""
    with running(BOTH) as engine:
        engine.run(Goal(until=50_000))
        changes = engine.call("lamp", "seen")
        assert marks(engine) == [1, 2]
        assert [level for _, level in changes[-2:]] == [True, False]
        assert changes[-2][0] >= ROM_TIME + 10_000
