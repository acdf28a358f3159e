"""Loops that wait, as good and bad drivers write them: the same with stalls and without.

The programs are in demo/polls.s. A stall may change how often a loop polls, and nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from xipsim.engines.api import Goal, MachineConfig, StopReason
from xipsim.engines.programs import open_engine

DEMO = Path(__file__).parent / "demo"
BOARD = Path(__file__).parents[1] / "conformance" / "board"
IMAGE = bytes.fromhex((DEMO / "polls.hex").read_text())
PROGRAMS = (
    *("good", "forgotten", "reads_flash", "gives_up", "alternates", "interrupted", "delays"),
    "nowhere",
)
US, MS = 1_000, 1_000_000
BUSY, READY = 0xBAD, 0x600D


class Outcome:
    """What a program left behind after `until` ns."""

    def __init__(
        self,
        program: str,
        qemu: Path | None,
        *,
        stalls: bool,
        limit: int = 5,
        until: int = 500 * US,
    ) -> None:
        words = limit.to_bytes(4, "little") + PROGRAMS.index(program).to_bytes(4, "little")
        config = MachineConfig(
            platform=BOARD / "board.repl",
            models=(BOARD / "models.py",),
            overrides={"rom": {"program": (IMAGE[:-8] + words).hex()}},
            program=qemu,
            stalls=stalls,
        )
        engine = open_engine(config)
        try:
            engine.build({})
            assert engine.run(Goal(until=until)).reason is StopReason.DEADLINE
            self.polls, self.marks = engine.call("timer", "seen")
            self.cells = engine.call("timer", "cells_read")
            self.waits: list[dict[str, Any]] = engine.request("waits")["found"]
            self.polled: list[str] = engine.request("polled")
        finally:
            engine.close()

    @property
    def values(self) -> list[int]:
        """What the program told."""
        return [value for _, value in self.marks]

    def on_silicon(self, question: str) -> int:
        """Polls of it that the report speaks of."""
        return sum(w["on_silicon"] for w in self.waits if w["question"] == question)


@pytest.mark.parametrize(
    ("program", "told", "cells"),
    [
        ("good", [READY], [READY]),
        ("forgotten", [BUSY], [BUSY]),
        ("reads_flash", [READY], [BUSY, READY]),
        ("gives_up", [0], []),
        ("interrupted", [20, READY], [BUSY, READY]),
    ],
)
def test_a_stall_changes_neither_what_is_read_nor_when(
    qemu: Path | None, program: str, told: list[int], cells: list[int]
) -> None:
    """told, cells: what silicon would give; every poll of it takes 10 ns or so."""
    stalled, plain = (Outcome(program, qemu, stalls=stalls) for stalls in (True, False))
    assert plain.values == stalled.values == told
    assert plain.cells == stalled.cells == cells
    for (with_stalls, _), (without, _) in zip(stalled.marks, plain.marks, strict=True):
        assert abs(with_stalls - without) < 200


def test_a_loop_that_looks_at_the_clock_costs_little_and_ends_in_time(qemu: Path | None) -> None:
    """The operation takes 100 us, the time-out is 50: a sixteenth late at most."""
    stalled, plain = (Outcome("alternates", qemu, stalls=stalls) for stalls in (True, False))
    assert plain.values == stalled.values == [0]
    ((with_stalls, _),), ((without, _),) = stalled.marks, plain.marks
    assert 0 <= with_stalls - without < 51 * US / 16
    assert stalled.polls < plain.polls / 5
    for question in {wait["question"] for wait in plain.waits}:
        assert stalled.on_silicon(question) == pytest.approx(plain.on_silicon(question), rel=0.1)


def test_the_report_tells_the_polls_that_a_wait_stands_for(qemu: Path | None) -> None:
    stalled, plain = (Outcome("good", qemu, stalls=stalls) for stalls in (True, False))
    assert stalled.polls < 100 < 10_000 < plain.polls
    assert stalled.on_silicon("over") == pytest.approx(plain.on_silicon("over"), rel=0.01)
    assert plain.on_silicon("over") == pytest.approx(plain.polls, abs=4)
    first, second = stalled.waits
    assert (first["waits"], second["waits"]) == (1, 1)
    assert first["longest"] == pytest.approx(2 * second["longest"], rel=0.01)


def test_a_loop_that_gives_up_after_many_polls_wants_no_stalls(qemu: Path | None) -> None:
    """A thousand polls are fewer than the operation takes: that only shows if all are made. With
    stalls the report says that silicon makes more."""
    stalled, plain = (
        Outcome("gives_up", qemu, stalls=stalls, limit=1000) for stalls in (True, False)
    )
    assert plain.values == [0]
    assert stalled.values == [1]
    assert stalled.waits[-1]["longest"] > 1000


def test_a_short_delay_behind_a_long_one_is_short(qemu: Path | None) -> None:
    """20 ms, then twice 10 us: each ends when it should, a sixteenth late at most."""
    outcome = Outcome("delays", qemu, stalls=True, until=30 * MS)
    (long, _), (first, _), (second, _) = outcome.marks
    assert 20 * MS <= long < 20 * MS * 17 / 16
    for took in (first - long, second - first):
        assert 10_000 <= took < 12_000


def test_a_poll_of_what_is_not_declared_costs_little(qemu: Path | None) -> None:
    """Ten virtual seconds of it; in the report each of the 10^9 polls."""
    outcome = Outcome("nowhere", qemu, stalls=True, until=10_000 * MS)
    (wait,) = outcome.waits
    assert wait["question"] == "timer 0x100"
    assert outcome.polled == ["timer 0x100"]
    assert wait["polls"] < 100_000 < 10**8 < wait["on_silicon"]


def test_the_programs_are_those_of_the_source(tmp_path: Path) -> None:
    if not shutil.which("arm-none-eabi-as"):
        pytest.skip("no arm-none-eabi-as: demo/polls.hex is not compared with its source")
    parts = [tmp_path / name for name in ("p.o", "p.elf", "p.bin")]
    commands = (
        ["as", "-mcpu=cortex-m7", "-mthumb", DEMO / "polls.s", "-o", parts[0]],
        ["ld", "-e", "0", "-Ttext", "0x20000000", parts[0], "-o", parts[1]],
        ["objcopy", "-O", "binary", parts[1], parts[2]],
    )
    for tool, *arguments in commands:
        subprocess.run([f"arm-none-eabi-{tool}", *arguments], check=True)
    assert parts[2].read_bytes() == IMAGE
