"""Runs our own firmware, which checks the flash of the board that it boots on.

::

    from xipsim import flashcheck

    result = flashcheck.run("TEENSY41")
    assert result.passed, result.failures
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xipsim.board.console import Console
from xipsim.board.flash import FlashStats
from xipsim.firmware import flashcheck as program
from xipsim.machine.configuration import user_mistakes
from xipsim.machine.machine import Machine

TIMEOUT = "300s"
"""Virtual: what it takes with the data sheets' maximum times, and as much again."""
WALL = 60.0
"""Seconds: a controller that never sets a flag keeps the program polling it."""
_END = r"(?:^|\n)(?:# end|Bail out!)[^\n]*\n"
_CHECK = re.compile(r"(ok|not ok) (\d+) - (.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the report. finding: what was not as expected; empty if nothing was."""

    number: int
    name: str
    passed: bool
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the program printed. planned: how many checks. bail_out: why it gave up, or empty."""

    planned: int
    checks: tuple[Check, ...]
    bail_out: str

    @property
    def passed(self) -> bool:
        """Whether all checks were made, and found nothing."""
        complete = len(self.checks) == self.planned > 0 and not self.bail_out
        return complete and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that found something."""
        return tuple(check for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Report):
    """A report, and what it did to the chip. virtual_time: ns."""

    stats: FlashStats
    virtual_time: int


def find(board: str) -> program.Program:
    """The program for a board; UserError if there is no such board, or no program for it."""
    from xipsim import platforms
    from xipsim.engines.repl.cache import load

    with user_mistakes():
        return program.find(load(platforms.find(board)).files)


def run(board: str, **options: Any) -> Result:
    """Boot the program on `board`, with options of `Machine`.

    The chip's contents from 1 MB on are lost. Raises what `Machine` raises.
    """
    found = find(board)
    with Machine(board, firmware=found.image, **options) as machine:
        report = follow(machine.consoles[found.console])
        return Result(
            planned=report.planned,
            checks=report.checks,
            bail_out=report.bail_out,
            stats=machine.flash.stats,
            virtual_time=machine.now,
        )


def follow(console: Console, output: Callable[[str], None] | None = None) -> Report:
    """Let the program run to its end. output: gets its text, as it comes."""

    def hand_on(data: bytes) -> None:
        if output:
            output(data.decode("ascii", "replace").replace("\r", ""))

    stop = console.on_output(hand_on)
    try:
        return parse(console.expect(_END, regex=True, timeout=TIMEOUT, wall=WALL))
    finally:
        stop()


def parse(text: str) -> Report:
    """Read TAP as the program prints it: a finding follows its check."""
    planned, bail_out = 0, ""
    checks: list[Check] = []
    for line in text.splitlines():
        if match := _CHECK.fullmatch(line):
            ok, number, name = match.groups()
            checks.append(Check(number=int(number), name=name, passed=ok == "ok"))
        elif line.startswith("1.."):
            planned = int(line[3:])
        elif line.startswith("Bail out! "):
            bail_out = line.removeprefix("Bail out! ")
        elif line.startswith("# ") and checks and not checks[-1].passed:
            last = checks[-1]
            if not last.finding:
                checks[-1] = Check(
                    number=last.number, name=last.name, passed=False, finding=line[2:]
                )
    return Report(planned=planned, checks=tuple(checks), bail_out=bail_out)
