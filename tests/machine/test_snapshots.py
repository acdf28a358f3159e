"""Snapshots: taking one changes nothing, going back repeats everything, files fit or are refused.

What is compared is all that can be seen: the flash trace with its times, the console, virtual time,
the core's registers and RAM.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from images import Image
from test_engine import POLL_45_MS, SLEEP, running

from xipsim import Machine, UserError
from xipsim.engines.api import Goal, SnapshotError
from xipsim.flashtrace import FlashTrace

RAM = ((0x0000_0000, 0x2_0000), (0x2000_0000, 0x2_0000), (0x2020_0000, 0x8_0000))
"""ITCM, DTCM, OCRAM of the RT1062: address, bytes."""
STEPS = (1_000_003, 777_777, 5_000_000, 1)
"""Virtual ns; the continuation is cut into them, over and over."""
WRITES = "f = open('a', 'w')\rf.write('x' * 20000)\rf.close()\r"


def seen(m: Machine, trace: FlashTrace) -> dict[str, Any]:
    """Everything that a user can see, as `json` has it."""
    return {
        "now": m.now,
        "trace": [trace.count, trace.digest],
        "console": m.console.transcript.decode("latin-1"),
        "registers": m.registers(),
        "memory": [sha256(m.read_memory(*part)).hexdigest() for part in RAM],
        "flash": sha256(m.flash.read()).hexdigest(),
        "stats": repr(m.flash.stats),
    }


def go_on(m: Machine) -> dict[str, Any]:
    """Half a second of whatever is under way, then a script."""
    trace = FlashTrace()
    m.trace(trace)
    end = m.now + 500_000_000
    while m.now < end:
        for step in STEPS:
            m.run_for(step)
    halfway = seen(m, trace)
    m.exec("import os, time; print(time.ticks_us(), os.urandom(4)); open('b', 'w').write('y')")
    return {"halfway": halfway, "end": seen(m, trace)}


def step_until(m: Machine, condition: Callable[[], object], step: int = 50_000) -> None:
    for _ in range(100_000):
        m.run_for(step)
        if condition():
            return
    raise AssertionError("what the test wants to interrupt never happens")


# -- situations in which a snapshot is taken -----------------------------------------------------


def at_the_prompt(m: Machine) -> None:
    pass


def in_an_erase(m: Machine) -> None:
    """The driver polls the status, and time passes in stalls."""
    m.console.write(WRITES)

    def erases() -> bool:
        operation = m.flash.status["operation"]
        return bool(operation and operation["kind"] == "erase")

    step_until(m, erases)
    m.run_for(3_456_789)
    assert erases()


def in_a_program(m: Machine) -> None:
    m.console.write(WRITES)

    def programs() -> bool:
        operation = m.flash.status["operation"]
        return bool(operation and operation["kind"] == "program")

    step_until(m, programs, 101_000)


def typing(m: Machine) -> None:
    """More is typed than the firmware has taken: a transfer to the board is under way."""
    m.console.write(b"x = '" + b"a" * 3000 + b"'\r")
    m.run_for("200us")
    assert m.console.pending


def printing(m: Machine) -> None:
    """A transfer from the board is under way."""
    m.console.write("for i in range(3000): print(i)\r\r\r\r")
    step_until(m, lambda: b"\r\n700\r\n" in m.console.transcript, 10_007)


def printing_to_nobody(m: Machine) -> None:
    """The terminal takes nothing: the firmware's buffers are full, and it waits."""
    m.console.write("for i in range(3000): print(i)\r\r\r\r")
    m.run_for("2ms")
    m.console.throttle(True)
    m.run_for("10ms")
    m.console.throttle(False)


def asleep(m: Machine) -> None:
    m.console.write("import time; time.sleep(0.25); print('awake')\r")
    m.run_for("100ms")


def with_timers(m: Machine) -> None:
    """Alarms of two kinds are pending: MicroPython's timers, and the RTC's."""
    m.console.write(
        "from machine import Timer, RTC\rRTC().datetime((2024, 2, 29, 0, 12, 0, 0, 0))\r"
        "n = 0\rdef f(t):\rglobal n; n += 1; print(n)\r\b\r\r"
        "t = Timer(-1, period=7, callback=f)\r"
    )
    m.run_for("60ms")


SITUATIONS = (
    at_the_prompt,
    in_an_erase,
    in_a_program,
    typing,
    printing,
    printing_to_nobody,
    asleep,
    with_timers,
)


# -- nothing changes, everything repeats ---------------------------------------------------------


def test_taking_snapshots_changes_nothing(teensy41: Image, qemu: Path | None) -> None:
    """From power-on, with one every 3 ms and without: the same run."""
    runs = []
    for takes in (False, True):
        with Machine("TEENSY41", firmware=teensy41.require(), qemu=qemu) as m:
            trace = FlashTrace()
            m.trace(trace)
            taken = 0
            for _ in range(60):
                if takes:
                    with suppress(UserError):  # the boot ROM is at work
                        m.snapshot().drop()
                        taken += 1
                m.run_for(3_000_000)
            runs.append((seen(m, trace), go_on(m)))
    assert runs[0] == runs[1]
    assert taken > 50


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda f: str(f.__name__))
def test_going_back_repeats_the_continuation(
    t41: Machine, situation: Callable[[Machine], None]
) -> None:
    """Twice, to the nanosecond; also after another life in between, power cycle included."""
    situation(t41)
    saved = t41.snapshot()
    first = go_on(t41)
    t41.restore(saved)
    assert t41.now == saved.now
    assert go_on(t41) == first
    t41.power_cycle()
    t41.exec("open('c', 'w').write('z' * 9000)")
    t41.restore(saved)
    assert go_on(t41) == first


OTHER_PROCESS = """
import json, sys
sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from test_snapshots import go_on
from xipsim import Machine
files = sys.argv[4:]
with Machine("TEENSY41", firmware=sys.argv[2], qemu=sys.argv[3] or None) as m:
    loaded = [m.load_snapshot(file) for file in files]
    for snapshot in loaded:
        m.restore(snapshot)
        print(json.dumps(go_on(m)))
"""


def test_another_process_repeats_it_too(
    t41: Machine, teensy41: Image, qemu: Path | None, tmp_path: Path
) -> None:
    """Files of several situations, loaded into one machine that has never run."""
    files, wanted = [], []
    start = t41.snapshot()
    for situation in (at_the_prompt, in_an_erase, typing, asleep, with_timers):
        t41.restore(start)
        situation(t41)
        saved = t41.snapshot()
        files.append(str(tmp_path / situation.__name__))
        saved.save(files[-1])
        wanted.append(go_on(t41))
    here = str(Path(__file__).parent)
    out = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, here, str(teensy41.path), str(qemu or ""), *files],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    assert [json.loads(line) for line in out.splitlines()] == wanted


def test_a_snapshot_of_a_machine_that_has_not_run(teensy41: Image, qemu: Path | None) -> None:
    with Machine("TEENSY41", firmware=teensy41.require(), qemu=qemu) as m:
        saved = m.snapshot()
        boots = []
        for _ in range(2):
            trace = FlashTrace()
            m.trace(trace)
            m.boot()
            boots.append(seen(m, trace))
            m.restore(saved)
        assert boots[0] == boots[1]


@pytest.mark.parametrize("program", [POLL_45_MS, SLEEP], ids=["in a stall", "in WFE"])
def test_a_users_own_model_is_covered(qemu: Path | None, tmp_path: Path, program: Any) -> None:
    """Demo.Timer says nothing of snapshots; its alarm, state, registers and interrupt come back,
    in this engine and in another one."""
    file = tmp_path / "snapshot"

    def end(engine: Any) -> Any:
        engine.run(Goal(until=46_000_000))
        return engine.call("timer", "seen"), engine.registers(), engine.now

    with running(qemu, program) as engine:
        engine.run(Goal(until=20_000_123))
        number = engine.snapshot()
        first = end(engine)
        engine.restore(number)
        assert end(engine) == first
        engine.save_snapshot(number, file, b"extra")
    with running(qemu, program) as other:
        number, extra = other.load_snapshot(file)
        assert extra == b"extra"
        other.restore(number)
        assert end(other) == first


def test_what_a_report_tells_comes_back(t41: Machine) -> None:
    """A gap that was reported before the snapshot is not reported again after it; one that was
    reported later is."""
    t41.exec("from machine import mem32; mem32[0x403B0000]")  # a block without a model
    saved = t41.snapshot()
    before = t41.report()["gaps"]
    assert before
    for _ in range(2):
        t41.restore(saved)
        t41.exec("mem32[0x403B0000]; mem32[0x401DC000]")
        gaps = t41.report()["gaps"]
        assert gaps[: len(before)] == before
        assert len(gaps) == len(before) + 1


# -- what is refused -----------------------------------------------------------------------------


def test_a_snapshot_belongs_to_its_machine(
    t41: Machine, teensy41: Image, qemu: Path | None, tmp_path: Path
) -> None:
    saved = t41.snapshot()
    with (
        Machine("TEENSY41", firmware=teensy41.require(), qemu=qemu) as other,
        pytest.raises(UserError, match="another machine"),
    ):
        other.restore(saved)


def test_a_dropped_snapshot_is_gone(t41: Machine) -> None:
    saved = t41.snapshot()
    saved.drop()
    with pytest.raises(UserError, match="dropped"):
        t41.restore(saved)


def test_files_that_do_not_fit_are_refused(
    t41: Machine, teensy41: Image, qemu: Path | None, tmp_path: Path
) -> None:
    """Another board, other arguments, a part of a file, something else: one sentence that says
    which; and the machine goes on."""
    good = tmp_path / "good"
    t41.snapshot().save(good)
    options: dict[str, Any] = {"qemu": qemu, "firmware": teensy41.require()}
    for board, more, wrong in (
        ("TEENSY40", {}, "another board"),
        ("TEENSY41", {"seed": 1}, "another set of arguments"),
    ):
        with Machine(board, **options, **more) as other, pytest.raises(UserError, match=wrong):
            other.load_snapshot(good)
    data = good.read_bytes()
    for name, contents, wrong in (
        ("empty", b"", "not a snapshot"),
        ("foreign", b"\x7fELF" + bytes(100), "not a snapshot"),
        ("short", data[: len(data) // 2], "cut short or damaged"),
        ("head", data[:40], "cut short or damaged"),
        ("magic", data[:16], "cut short or damaged"),
        ("flipped", data[:-5] + bytes([data[-5] ^ 1]) + data[-4:], "cut short or damaged"),
    ):
        bad = tmp_path / name
        bad.write_bytes(contents)
        with pytest.raises(UserError, match=wrong):
            t41.load_snapshot(bad)
    with pytest.raises(UserError, match="No such file"):
        t41.load_snapshot(tmp_path / "missing")
    with pytest.raises(UserError, match="cannot be written"):
        t41.snapshot().save(good / "not a folder" / "x")
    assert t41.exec("print(6 * 7)") == "42\n"


def test_state_that_cannot_be_saved_is_named(qemu: Path | None) -> None:
    """While the boot ROM works there is no snapshot; afterwards there is."""
    with running(qemu, POLL_45_MS) as engine:
        engine.run(Goal(until=1_000))
        with pytest.raises(SnapshotError, match="boot ROM"):
            engine.snapshot()
        engine.run(Goal(until=10_000))
        assert engine.snapshot()
