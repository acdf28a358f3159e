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
from images import IMAGES, Image
from patience import HANGS
from pool import Options

from xipsim import Machine, UserError
from xipsim.reporting.flash_trace import FlashTrace

STEPS = (1_000_003, 777_777, 5_000_000, 1)
"""Virtual ns; the continuation is cut into them, over and over."""
WRITES = "f = open('a', 'w')\rf.write('x' * 20000)\rf.close()\r"


def seen(m: Machine, image: Image, trace: FlashTrace) -> dict[str, Any]:
    """Everything that a user can see, as `json` has it."""
    return {
        "now": m.now,
        "trace": [trace.count, trace.digest],
        "console": m.console.transcript.decode("latin-1"),
        "registers": m.registers(),
        "memory": [sha256(m.read_memory(*part)).hexdigest() for part in image.facts.ram],
        "flash": sha256(m.flash.read(0, image.facts.compared)).hexdigest(),
        "stats": repr(m.flash.stats),
    }


def go_on(m: Machine, image: Image) -> dict[str, Any]:
    """Half a second of whatever is under way, then a script."""
    trace = FlashTrace()
    m.trace(trace)
    end = m.now + 500_000_000
    while m.now < end:
        for step in STEPS:
            m.run_for(step)
    halfway = seen(m, image, trace)
    m.exec(
        "import os, time; print(time.ticks_us(), os.urandom(4), globals().get('n'))\n"
        "open('b', 'w').write('y')"
    )
    return {"halfway": halfway, "end": seen(m, image, trace)}


def step_until(m: Machine, condition: Callable[[], object], step: int = 50_000) -> None:
    for _ in range(100_000):
        m.run_for(step)
        if condition():
            return
    raise AssertionError("what the test wants to interrupt never happens")


# -- situations in which a snapshot is taken -----------------------------------------------------


def at_the_prompt(m: Machine, image: Image) -> None:
    pass


def in_an_erase(m: Machine, image: Image) -> None:
    """The driver polls the status, and time passes in stalls."""
    m.console.write(WRITES)

    def erases() -> bool:
        operation = m.flash.status["operation"]
        return bool(operation and operation["kind"] == "erase")

    step_until(m, erases)
    m.run_for(3_456_789)
    assert erases()


def in_a_program(m: Machine, image: Image) -> None:
    m.console.write(WRITES)

    def programs() -> bool:
        operation = m.flash.status["operation"]
        return bool(operation and operation["kind"] == "program")

    step_until(m, programs, 101_000)


def typing(m: Machine, image: Image) -> None:
    """More is typed than the firmware has taken: a transfer to the board is under way."""
    m.console.write(b"x = '" + b"a" * 1500 + b"'\r")
    m.run_for("50us")
    assert m.console.pending


def printing(m: Machine, image: Image) -> None:
    """A transfer from the board is under way."""
    m.console.write("for i in range(450): print(i)\r\r\r\r")
    m.console.expect("\r\n140\r\n")
    step_until(m, lambda: b"\r\n150\r\n" in m.console.transcript, 10_007)


def printing_to_nobody(m: Machine, image: Image) -> None:
    """The terminal takes nothing: the firmware's buffers are full, and it waits."""
    m.console.write("for i in range(600): print(i)\r\r\r\r")
    m.run_for("2ms")
    m.console.throttle(True)
    m.run_for("10ms")
    m.console.throttle(False)


def asleep(m: Machine, image: Image) -> None:
    m.console.write("import time; time.sleep(0.25); print('awake')\r")
    m.run_for("100ms")


def with_timers(m: Machine, image: Image) -> None:
    """Alarms of two kinds are pending: MicroPython's timers, and the RTC's."""
    m.console.write(
        "from machine import Timer, RTC\rRTC().datetime((2024, 2, 29, 0, 12, 0, 0, 0))\r"
        "n = 0\rdef f(t):\rglobal n; n += 1\r\b\r\r"
        f"t = {image.facts.timer}; t.init(period=7, callback=f)\r"
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


def test_taking_snapshots_changes_nothing(image: Image, qemu: Path | None) -> None:
    """From power-on, with one every 3 ms and without: the same run."""
    runs = []
    for takes in (False, True):
        with Machine(image.board, firmware=image.require(), qemu=qemu) as m:
            trace = FlashTrace()
            m.trace(trace)
            taken = 0
            for _ in range(60):
                if takes:
                    with suppress(UserError):  # the boot ROM is at work
                        m.snapshot().drop()
                        taken += 1
                m.run_for(3_000_000)
            runs.append((seen(m, image, trace), go_on(m, image)))
    assert runs[0] == runs[1]
    assert taken > 50


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda f: str(f.__name__))
def test_going_back_repeats_the_continuation(
    m: Machine, image: Image, situation: Callable[[Machine, Image], None]
) -> None:
    """Twice, to the nanosecond; also after another life in between, power cycle included."""
    situation(m, image)
    saved = m.snapshot()
    first = go_on(m, image)
    m.restore(saved)
    assert m.now == saved.now
    assert go_on(m, image) == first
    m.power_cycle()
    m.exec("open('c', 'w').write('z' * 9000)")
    m.restore(saved)
    assert go_on(m, image) == first


OTHER_PROCESS = """
import json, sys
sys.path[:0] = [sys.argv[1], f"{sys.argv[1]}/.."]
from images import IMAGES
from test_snapshots import go_on
from xipsim import Machine
image = next(i for i in IMAGES if i.name == sys.argv[2])
with Machine(image.board, firmware=image.path, qemu=sys.argv[3] or None) as m:
    loaded = [m.load_snapshot(file) for file in sys.argv[4:]]
    for snapshot in loaded:
        m.restore(snapshot)
        print(json.dumps(go_on(m, image)))
"""


def test_another_process_repeats_it_too(
    m: Machine, image: Image, engine: Options, tmp_path: Path
) -> None:
    """Files of several situations, loaded into one machine that has never run."""
    files, wanted = [], []
    start = m.snapshot()
    for situation in (at_the_prompt, in_an_erase, typing, asleep, with_timers):
        m.restore(start)
        situation(m, image)
        saved = m.snapshot()
        files.append(str(tmp_path / situation.__name__))
        saved.save(files[-1])
        wanted.append(go_on(m, image))
    here = str(Path(__file__).parent)
    out = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, here, image.name, str(engine["qemu"] or ""), *files],
        capture_output=True,
        text=True,
        check=True,
        timeout=HANGS,
    ).stdout
    assert [json.loads(line) for line in out.splitlines()] == wanted


def test_a_snapshot_of_a_machine_that_has_not_run(image: Image, qemu: Path | None) -> None:
    with Machine(image.board, firmware=image.require(), qemu=qemu) as m:
        saved = m.snapshot()
        boots = []
        for _ in range(2):
            trace = FlashTrace()
            m.trace(trace)
            m.boot()
            boots.append(seen(m, image, trace))
            m.restore(saved)
        assert boots[0] == boots[1]


def test_what_a_report_tells_comes_back(m: Machine, image: Image) -> None:
    """A gap that was reported before the snapshot is not reported again after it; one that was
    reported later is."""
    _, one, other = image.facts.tags.values()
    m.exec(f"from machine import mem32; mem32[{one}]")
    saved = m.snapshot()
    before = m.report()["gaps"]
    assert before
    for _ in range(2):
        m.restore(saved)
        m.exec(f"mem32[{one}]; mem32[{other}]")
        gaps = m.report()["gaps"]
        assert gaps[: len(before)] == before
        assert len(gaps) == len(before) + 1


# -- what is refused -----------------------------------------------------------------------------


def test_a_snapshot_belongs_to_its_machine(
    m: Machine, image: Image, engine: Options, tmp_path: Path
) -> None:
    saved = m.snapshot()
    with (
        Machine(image.board, firmware=image.require(), **engine) as other,
        pytest.raises(UserError, match="another machine"),
    ):
        other.restore(saved)


def test_a_dropped_snapshot_is_gone(m: Machine) -> None:
    saved = m.snapshot()
    saved.drop()
    with pytest.raises(UserError, match="dropped"):
        m.restore(saved)


def test_files_that_do_not_fit_are_refused(
    m: Machine, image: Image, engine: Options, tmp_path: Path
) -> None:
    """Another board, other arguments, a part of a file, something else: one sentence that says
    which; and the machine goes on."""
    good = tmp_path / "good"
    m.snapshot().save(good)
    another = next(i for i in IMAGES if i.board != image.board and i.path)
    options: Options = {**engine, "firmware": image.require()}
    for board, more, wrong in (
        (another.board, {"firmware": another.path}, "another board"),
        (image.board, {"seed": 1}, "another set of arguments"),
    ):
        with Machine(board, **options | more) as other, pytest.raises(UserError, match=wrong):
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
            m.load_snapshot(bad)
    with pytest.raises(UserError, match="No such file"):
        m.load_snapshot(tmp_path / "missing")
    with pytest.raises(UserError, match="cannot be written"):
        m.snapshot().save(good / "not a folder" / "x")
    assert m.exec("print(6 * 7)") == "42\n"
