"""Snapshots, on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from candidates import BOARD, Running
from programs import ENABLE, ROM_TIME, SLEEP, WAIT, WFI, Program, polled_wait

from xipsim.engines.api import Goal, SnapshotError, StopReason
from xipsim.engines.link.engine import ChildEngine

pytestmark = pytest.mark.needs("snapshots")

CALL = Program("""
    // what lies in the window and in memory is called, again and again, and its r1 marked
    ldr r6, =0x60000001; ldr r5, =0x20004001
    again: blx r6; str r1, [r0, #12]; blx r5; str r1, [r0, #12]; b again
""")
SCRIBBLE = Program(f"""
    // two places of one memory, another one, and the stack are written
    {ENABLE}; ldr r6, =0x20006000; ldr r5, =0x24009000; ldr r7, =0x28000200
    again: adds r4, #1; str r4, [r6, #0]; str r4, [r5, #0]; strb r4, [r7, #1]
    adds r6, #132; ldr r3, =1000; str r3, [r0, #0]; wfi; b again
""")
NATIVE, IN_MEMORY = 0x4000_5000, 0x2000_4000
OFF = Program("ldr r6, =0x40004000; str r1, [r6, #0]; loop: b loop")


def outcome(engine: ChildEngine, until: int) -> Any:
    """Everything that can be seen after going on to that time."""
    stop = engine.run(Goal(until=until))
    memory = engine.read_memory(0x2000_0000, 0x1_0000)
    return stop, engine.registers(), engine.call("timer", "seen"), memory


@pytest.mark.parametrize("at", [5_000, 123_457, 300_000], ids=["boot", "stalled", "done"])
@pytest.mark.parametrize("program", [polled_wait(200_000), SLEEP, WFI], ids=["poll", "wfe", "wfi"])
def test_going_back_repeats_exactly(running: Running, program: Program, at: int) -> None:
    """Also where an engine looks only at what has changed, as it goes back again and again."""
    with running(program) as engine:
        engine.run(Goal(until=at + 2))
        number = engine.snapshot()
        first = outcome(engine, 400_000)
        for _ in range(4):
            engine.restore(number)
            assert engine.now < 400_000
            assert outcome(engine, 400_000) == first


def test_code_is_what_it_was(running: Running) -> None:
    """It is rewritten behind the snapshot and executed, in a window and in memory; three times, as
    an engine may keep what it has translated where it goes back again and again."""

    def written(value: int) -> None:
        code = bytes([value, 0x21, 0x70, 0x47])  # movs r1, #value; bx lr
        engine.call("window", "put", 0, code)
        engine.write_memory(IN_MEMORY, code)

    def marked(until: int) -> set[int]:
        seen = len(engine.call("timer", "seen")[1])
        engine.run(Goal(until=until))
        return {value for _, value in engine.call("timer", "seen")[1][seen + 2 :]}

    with running(CALL) as engine:
        engine.run(Goal(until=1))
        written(1)
        engine.write_memory(NATIVE, bytes([1, 0, 0, 0]))
        assert marked(20_000) == {1}
        number = engine.snapshot()
        for value in (2, 3, 4):
            written(value)
            assert marked(40_000) == {value}
            engine.restore(number)
            assert marked(40_000) == {1}
            engine.restore(number)


def test_memory_is_what_it_was_whoever_has_written_it(running: Running) -> None:
    """Again and again, as an engine may look only at what was written; and by turns."""
    places = (0x2000_0000, 0x1_0000), (0x2800_0000, 0x1000)

    def memories() -> list[bytes]:
        return [engine.read_memory(*place) for place in places]

    with running(SCRIBBLE) as engine:
        engine.run(Goal(until=20_000))
        numbers, before = [engine.snapshot()], [memories()]
        engine.run(Goal(until=60_000))
        numbers.append(engine.snapshot())
        before.append(memories())
        assert before[0] != before[1]
        for change in (
            lambda: engine.run(Goal(until=engine.now + 50_000)),
            lambda: engine.write_memory(0x2000_C123, bytes(range(256)) * 20),
            lambda: engine.write_memory(0x2400_E000, b"in its other place"),
            lambda: engine.write_memory(0x2800_0FFF, b"!"),
            lambda: engine.reset(power=True),
            lambda: engine.run(Goal(until=engine.now + ROM_TIME + 1_000)),
        ):
            for turn in (0, 0, 0, 1, 0, 1, 1):
                change()
                assert memories() != before[turn]
                engine.restore(numbers[turn])
                assert memories() == before[turn]


def test_a_model_is_what_it_was_by_whatever_road_it_was_changed(
    running: Running, tmp_path: Path
) -> None:
    """Again and again, as an engine may know then what each is made of."""
    platform = tmp_path / "board.repl"
    drawers = "".join(f"d{n}: Demo.Drawer @ sysbus {0x4000_A000 + 0x1000 * n:#x}\n" for n in (0, 1))
    platform.write_text((BOARD / "board.repl").read_text() + drawers)
    with running(WAIT, platform=platform) as engine:
        engine.run(Goal(until=20_000))
        number, before = engine.snapshot(), engine.call("d0", "holds")
        for _ in range(2):
            engine.restore(number)
        for road in (*engine.call("d0", "roads"), "a value", "a set"):
            for changed in (["d0"], ["d1", "d0"], ["d1"]):
                for drawer in changed:
                    engine.call(drawer, "change", road)
                    assert engine.call(drawer, "holds") != before, road
                engine.restore(number)
                assert [engine.call(name, "holds") for name in ("d0", "d1")] == [before] * 2, road


def test_each_of_several_has_the_memory_of_its_time(running: Running) -> None:
    """Also where little has changed since the one before, by whatever road, and in any order."""
    places = (0x2000_0000, 0x1_0000), (0x2800_0000, 0x1000)
    page, blank = 0x1000, b"\xff" * 0x1000

    def memories() -> list[bytes]:
        return [engine.read_memory(*place) for place in places]

    def power_cycle() -> None:
        engine.reset(power=True)
        engine.run(Goal(until=engine.now + ROM_TIME + 1_000))

    with running(SCRIBBLE) as engine:
        engine.run(Goal(until=20_000))
        numbers, at_the_time = list[int](), list[list[bytes]]()
        for change in (
            lambda: engine.write_memory(0x2000_A000, blank),
            lambda: engine.write_memory(0x2400_B000, b"in its other place"),
            lambda: engine.run(Goal(until=engine.now + 5_000)),
            lambda: engine.write_memory(0x2000_A000, bytes(page)),
            lambda: engine.write_memory(0x2800_0000, blank),
            lambda: engine.restore(numbers[0]),
            lambda: engine.write_memory(0x2000_B000, bytes(range(256)) * 16),
            power_cycle,
        ):
            change()
            numbers.append(engine.snapshot())
            at_the_time.append(memories())
        assert len({tuple(memories) for memories in at_the_time}) == len(numbers) - 1
        for turn in (3, 7, 0, 5, 5, 5, 1, 7, 2, 6, 4, 3):
            engine.restore(numbers[turn])
            assert memories() == at_the_time[turn], turn


def test_power_off_takes_some_memories_and_leaves_others(running: Running) -> None:
    """One that was cleared is put back as a whole, the others by what was written."""

    def memories() -> list[bytes]:
        return [engine.read_memory(0x2000_0000, 0x1_0000), engine.read_memory(0x2800_0000, 0x1000)]

    def write(turn: int) -> None:
        engine.write_memory(0x2000_0000 + 0x1000 * (1 + turn), b"here")
        engine.write_memory(0x2800_0010, bytes([turn]))

    with running(WAIT, chips={"mram": bytes(8)}) as engine:
        engine.run(Goal(until=20_000))
        numbers, at_the_time = [engine.snapshot()], [memories()]
        engine.reset(power=True)
        engine.restore(numbers[0])
        for turn in range(3):
            write(turn)
            numbers.append(engine.snapshot())
            at_the_time.append(memories())
        for turn in (3, 1, 0, 2, 2, 1):
            write(4 + turn)
            engine.restore(numbers[turn])
            assert memories() == at_the_time[turn], turn


def test_taking_one_changes_nothing(running: Running) -> None:
    outcomes = []
    for taken in (False, True):
        with running(polled_wait(200_000)) as engine:
            for until in (50_000, 123_457, 250_000):
                engine.run(Goal(until=until))
                if taken:
                    engine.snapshot()
            outcomes.append(outcome(engine, 400_000))
    assert outcomes[0] == outcomes[1]


def test_several_can_be_kept_and_dropped(running: Running) -> None:
    with running(WFI) as engine:
        numbers, nows = [], []
        for until in (20_000, 40_000, 60_000):
            engine.run(Goal(until=until))
            numbers.append(engine.snapshot())
            nows.append(engine.now)
        for number, now in reversed(list(zip(numbers, nows, strict=True))):
            engine.restore(number)
            assert engine.now == now
        engine.drop_snapshot(numbers[1])
        with pytest.raises(SnapshotError, match="dropped"):
            engine.restore(numbers[1])
        engine.restore(numbers[2])


def test_a_file_is_read_by_another_process(running: Running, tmp_path: Path) -> None:
    with running(WFI) as engine:
        engine.run(Goal(until=20_000))
        engine.save_snapshot(engine.snapshot(), tmp_path / "s", b"beside it")
        first = outcome(engine, 40_000)
    with running(WFI) as engine:
        number, extra = engine.load_snapshot(tmp_path / "s")
        assert extra == b"beside it"
        engine.restore(number)
        assert outcome(engine, 40_000) == first


def test_a_file_of_another_machine_is_refused(running: Running, tmp_path: Path) -> None:
    with running(WFI) as engine:
        engine.run(Goal(until=20_000))
        engine.save_snapshot(engine.snapshot(), tmp_path / "s", b"")
    with running(WFI, seed=7) as engine, pytest.raises(SnapshotError, match="another"):
        engine.load_snapshot(tmp_path / "s")


def test_a_file_cannot_be_written_or_read(running: Running, tmp_path: Path) -> None:
    with running(WFI) as engine:
        engine.run(Goal(until=20_000))
        with pytest.raises(SnapshotError, match="cannot be written"):
            engine.save_snapshot(engine.snapshot(), tmp_path, b"")
        with pytest.raises(SnapshotError, match="cannot be read"):
            engine.load_snapshot(tmp_path / "none")
        assert engine.run(Goal(until=40_000)).reason is StopReason.DEADLINE


def test_while_the_boot_rom_works_there_is_none(running: Running) -> None:
    with running(WAIT) as engine:
        engine.run(Goal(until=ROM_TIME // 2))
        with pytest.raises(SnapshotError, match="boot ROM"):
            engine.snapshot()
        engine.run(Goal(until=ROM_TIME + 100))
        engine.snapshot()


def test_a_state_that_cannot_be_kept_is_named(running: Running, tmp_path: Path) -> None:
    """In memory anything that can be copied will do; a file takes what is known alone."""
    with running(WAIT) as engine:
        engine.run(Goal(until=20_000))
        engine.call("timer", "hold", Path("x"))
        number = engine.snapshot()
        with pytest.raises(SnapshotError, match="cannot be kept in a file"):
            engine.save_snapshot(number, tmp_path / "s", b"")
        assert not (tmp_path / "s").exists()


def test_one_of_a_board_that_is_off_stays_off(running: Running) -> None:
    with running(OFF) as engine:
        engine.run(Goal(until=10_000))
        number = engine.snapshot()
        engine.reset(power=True)
        engine.run(Goal(until=engine.now + 2_000))
        engine.restore(number)
        pc = engine.registers()["pc"]
        assert engine.run(Goal(until=200_000)).reason is StopReason.DEADLINE
        assert engine.registers()["pc"] == pc
