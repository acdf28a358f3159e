"""The embedded engine, on the smallest board, with programs of a few instructions."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from patience import HANGS

from xipsim.engines.api import (
    EngineError,
    Goal,
    MachineConfig,
    ModelError,
    StopReason,
)
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.programs import open_engine

DEMO = Path(__file__).parent / "demo"
RAM, ROM_TIME = 0x2000_0000, 5_000
HANDLER = "fee7 0121 4160 c160 7047"
"""fault: b . / irq: movs r1,#1; str r1,[r0,#4] (STATUS); str r1,[r0,#12] (MARK); bx lr"""


@dataclass(frozen=True)
class Program:
    """Machine code after the vector table; r0 is the timer at 0x40000000 throughout."""

    code: str

    @property
    def image(self) -> str:
        code = bytes.fromhex(self.code)
        fault = RAM + 68 + code.index(bytes.fromhex(HANDLER))
        vectors = struct.pack("<17I", RAM + 0x1000, RAM + 69, *[fault + 1] * 14, fault + 3)
        return (vectors + code).hex()


POLL_45_MS = Program(  # COUNT = 45 ms; while (!POLL); MARK = 2; loop: r5++
    f"4ff080400121084a1160084901608368002bfcd00224c4600135fde7 {HANDLER} 000000e100e040a5ae02"
)
POLL_2_MS = Program(POLL_45_MS.code.replace("40a5ae02", "80841e00"))
BUS_FAULT = Program(f"4ff080404ff0a0410a68 {HANDLER}")  # reads 0x50000000
LOCK_UP = Program(f"04484ff0a04101600a68 {HANDLER} 08ed00e0")  # VTOR = 0x50000000, then reads it
MODEL_RESET = Program(f"4ff080400721c1600161c160ffe7 {HANDLER}")  # MARK = 7; RESET = 7; MARK = 7
SYSRESET = Program(  # MARK = 7; AIRCR = SYSRESETREQ; dsb; b .
    f"4ff080400721c16005 4a064b1360bff34f8ffee7 {HANDLER} 00000ced00e00400fa05"
)
BAD_VALUE = Program(f"4ff080404061fee7 {HANDLER}")  # FAIL = r0
SLEEP = Program(  # again: COUNT = 1 ms; wfe; r5++; wfe; r5++; b again
    f"4ff080400121074a11600749016020bf013520bf0135f8e7 {HANDLER} 000000e100e040420f00"
)

PAUSES = Program(  # SysTick every 901 clocks, masked: wfi until COUNTFLAG, MARK = how often; again
    "4ff080400f4c104e72b600254ff4617161600021a160072121600023bff34f8f30bf01332168ca03f8d5"
    "002121604ff000713160bff34f8fbff36f8fc3600135e4e7000010e000e004ed00e0"
    f"{HANDLER}"
)


@contextmanager
def running(qemu: Path | None, program: Program | None, **options: Any) -> Iterator[ChildEngine]:
    rom = {"program": program.image} if program else {}
    config = MachineConfig(
        platform=DEMO / "demo.repl",
        models=(DEMO / "models.py",),
        overrides={"rom": rom},
        program=qemu,
        **options,
    )
    engine = open_engine(config)
    try:
        engine.build({})
        yield engine
    finally:
        engine.close()


def test_a_polled_wait_costs_little_and_ends_on_time(qemu: Path | None) -> None:
    """45 ms of polling: far fewer polls than the 1.8 million without stalls, on time."""
    with running(qemu, POLL_45_MS) as engine:
        assert engine.run(Goal(until=50_000_000)).reason is StopReason.DEADLINE
        polls, marks = engine.call("timer", "seen")
        end = ROM_TIME + 45_000_000
        assert polls < 1_000
        assert [value for _, value in marks] == [1, 2]  # the interrupt comes before the poll ends
        assert all(end <= time_ns < end + 1_000 for time_ns, _ in marks)


def test_stalls_change_no_time_but_that_of_the_polls(qemu: Path | None) -> None:
    """Without stalls every poll is executed; the wait ends at the same time within a poll."""
    ends = []
    for stalls in (True, False):
        with running(qemu, POLL_2_MS, stalls=stalls) as engine:
            engine.run(Goal(until=ROM_TIME + 3_000_000))
            ends.append(engine.call("timer", "seen")[1][-1][0])
    assert abs(ends[0] - ends[1]) < 200


def test_cutting_a_run_into_pieces_changes_nothing(qemu: Path | None) -> None:
    """One run of 46 ms, a hundred of 460 us, and one with time-outs: the same marks and core."""
    outcomes = []
    for step in (46_000_000, 460_000, 333_333):
        with running(qemu, POLL_45_MS) as engine:
            while engine.now < 46_000_000:
                engine.run(Goal(until=min(engine.now + step, 46_000_000)))
            outcomes.append((engine.call("timer", "seen"), engine.registers()))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_a_bus_fault_is_reported_with_its_registers(qemu: Path | None) -> None:
    with running(qemu, BUS_FAULT) as engine:
        stop = engine.run(Goal(until=10**10))
        assert stop.reason is StopReason.FAULT
        assert stop.detail["exception"] == "HardFault"
        assert stop.detail["bfar"] == 0x5000_0000
        assert stop.detail["cfsr"] & 0x8200 == 0x8200  # BFARVALID, PRECISERR
        assert stop.detail["stacked"]["pc"] == RAM + 68 + 8


def test_a_lock_up_is_reported_and_can_still_be_looked_at(qemu: Path | None) -> None:
    with running(qemu, LOCK_UP) as engine:
        stop = engine.run(Goal(until=10**10))
        assert stop.reason is StopReason.FAULT
        assert stop.detail["lockup"]
        assert engine.call("timer", "seen") == (0, [])
        with pytest.raises(EngineError, match="locked up"):
            engine.run(Goal(until=10**10))


@pytest.mark.parametrize("program", [MODEL_RESET, SYSRESET], ids=["model", "SYSRESETREQ"])
def test_a_reset_ends_the_access_that_asked_for_it(qemu: Path | None, program: Program) -> None:
    """The instruction after the one that resets is not executed; the ROM runs again."""
    with running(qemu, program) as engine:
        stop = engine.run(Goal(until=10**8, stop_on_reset=True))
        assert stop.reason is StopReason.RESET
        first = engine.run(Goal(until=engine.now + ROM_TIME + 1_000, stop_on_reset=True))
        assert first.reason is StopReason.RESET
        assert first.now - stop.now < ROM_TIME + 200


def test_a_model_that_raises_names_file_line_and_pc(qemu: Path | None) -> None:
    with (
        running(qemu, BAD_VALUE) as engine,
        pytest.raises(ModelError, match=r"does not like.*models\.py, line \d+.*PC is 0x200000"),
    ):
        engine.run(Goal(until=10**8))


def test_wfe_sleeps_to_the_next_alarm(qemu: Path | None) -> None:
    """One virtual second of WFE under a 1 ms interrupt: two wake-ups each, hardly any wall time."""
    with running(qemu, SLEEP) as engine:
        engine.run(Goal(until=10**9))
        assert len(engine.call("timer", "seen")[1]) == pytest.approx(1000, abs=2)


def test_wfi_ends_at_every_tick(qemu: Path | None) -> None:
    """A thousand pauses of one SysTick period of 1.5 us, none of them two periods long."""
    with running(qemu, PAUSES) as engine:
        engine.run(Goal(until=1_600_000))
        marks = engine.call("timer", "seen")[1]
        assert {wakes for _, wakes in marks} == {1}
        assert {later[0] - mark[0] for mark, later in pairwise(marks)} == {1538}
        assert len(marks) > 1_000


def test_a_rom_that_finds_nothing_says_so(qemu: Path | None) -> None:
    with running(qemu, None) as engine:
        stop = engine.run(Goal(until=10**8))
        assert stop.reason is StopReason.BOOT_FAILED
        assert stop.detail["why"] == "the ROM holds no program"


def test_a_run_without_end_is_ended_by_the_wall_clock(qemu: Path | None) -> None:
    with running(qemu, POLL_45_MS) as engine:
        stop = engine.run(Goal(wall=0.2))
        assert stop.reason is StopReason.WALL
        assert engine.run(Goal(until=stop.now + 1_000)).reason is StopReason.DEADLINE


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_child_is_an_error(qemu: Path | None, number: signal.Signals) -> None:
    with running(qemu, POLL_45_MS) as engine:
        engine.run(Goal(until=1_000))
        os.kill(engine.pid, number)
        with pytest.raises(EngineError, match=f"killed by signal {number:d}"):
            engine.run(Goal(until=10**6))


def test_a_killed_parent_takes_the_child_along(qemu: Path | None) -> None:
    """The parent dies by SIGKILL in the middle of an endless run; its child ends by itself."""
    script = (
        "import sys; from pathlib import Path\n"
        "from xipsim.engines.api import Goal, MachineConfig\n"
        "from xipsim.engines.programs import open_engine\n"
        "engine = open_engine(MachineConfig(platform=Path(sys.argv[1]), "
        "models=(Path(sys.argv[2]),), overrides={'rom': {'program': sys.argv[3]}}, "
        "program=Path(sys.argv[4]) if sys.argv[4] else None))\n"
        "engine.build({})\n"
        "print(engine.pid, flush=True)\n"
        "engine.run(Goal())\n"
    )
    arguments = [str(DEMO / "demo.repl"), str(DEMO / "models.py"), POLL_45_MS.image]
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments, str(qemu or "")],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        before = _processor_time(child)
        while _processor_time(child) == before:
            time.sleep(0.01)  # until it runs
        parent.kill()
    end = time.monotonic() + HANGS
    while _alive(child):
        assert time.monotonic() < end, "the child outlived its parent"
        time.sleep(0.05)


def _processor_time(pid: int) -> list[str]:
    """Clock ticks that it has used, for itself and in the kernel."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]


def _alive(pid: int) -> bool:
    """Whether the process runs; a zombie that init has not reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_same_run_twice_and_under_load(qemu: Path | None) -> None:
    """The same polls at the same virtual nanoseconds, with another process taking the machine."""
    outcomes = []
    for loaded in (False, True):
        load = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if loaded else None
        try:
            with running(qemu, POLL_45_MS) as engine:
                engine.run(Goal(until=48_000_000))
                outcomes.append((engine.call("timer", "seen"), engine.registers()))
        finally:
            if load:
                load.kill()
                load.wait()
    assert outcomes[0] == outcomes[1]


def test_gdb_stops_at_a_breakpoint_and_goes_on(qemu: Path | None) -> None:
    """Real gdb on a port of loopback: breakpoint, registers, detach; the run goes on and ends."""
    with running(qemu, POLL_45_MS, gdb_port=(port := _free_port())) as engine:
        loop = RAM + 68 + POLL_45_MS.code.replace(" ", "").index("0135fde7") // 2
        gdb = subprocess.Popen(
            [
                *("gdb-multiarch", "-nx", "-batch", "-ex", f"target remote 127.0.0.1:{port}"),
                *("-ex", f"hbreak *{loop:#x}", "-ex", "continue", "-ex", "info registers pc r4"),
                *("-ex", "delete", "-ex", "detach"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        runner = threading.Thread(target=lambda: engine.run(Goal()))
        runner.start()
        output, _ = gdb.communicate(timeout=HANGS)
        engine.interrupt()
        runner.join(HANGS)
        assert not runner.is_alive()
        assert f"{loop:#x}" in output
        assert "r4             0x2" in output


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
