"""What ends a command gives the same exit code, and says the same, on every engine.

docs/cli.md has the table. Where an engine stands when a wait ends is its own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import fuse
import pytest
from images import PUBLISHED
from patience import HANGS, slow

ENDLESS = "print('begun')\nwhile True: pass"
MEM32 = "from machine import mem32; "


class End(NamedTuple):
    """A kind of end. says: a pattern for standard error."""

    code: int
    arguments: list[str]
    says: str = ""
    signal: signal.Signals | None = None


def script(code: str, *options: str) -> list[str]:
    return ["TEENSY41", "IMAGE", *options, "-c", code]


ENDS = {
    "well": End(0, script("print(6 * 7)")),
    "sys.exit": End(0, script("import sys; sys.exit(3)")),
    "raises": End(1, script("1 / 0"), r"^Traceback .*ZeroDivisionError: divide by zero\n"),
    "no image": End(2, ["TEENSY41", "no.hex", "-c", "1"], r"^xipsim: no\.hex: "),
    "no board": End(2, ["TENSY41", "-c", "1"], r"did you mean TEENSY41"),
    "no option": End(2, script("1", "--frob"), r"unknown argument"),
    "a model raises": End(
        2,
        ["lab.repl", "IMAGE", "--models", "fuse.py", "-c", MEM32 + "mem32[0x90000000] = 7"],
        r"^xipsim: ValueError: no such value 7 \(\S*fuse\.py, line 14, in _write; fuse: write of"
        r" 0x7, 4 bytes, at 0x0; the firmware's PC is 0x60\w{6}\)\n",
    ),
    "a wait runs out": End(
        3,
        script("while True: pass", "--timeout", "2s"),
        r"^xipsim: Waited 2 s of virtual time for the script to end, in vain\. ",
    ),
    "a watchdog bites": End(
        3,
        script("import machine, time; machine.WDT(timeout=1000); time.sleep(3)"),
        r"^xipsim: The board was reset \(watchdog\) while the script ran\. ",
    ),
    "a strict gap": End(
        4, script(MEM32 + "mem32[0x400B4000]", "--strict"), r"^xipsim: .*EWM: read at 0x400b4000"
    ),
    "a fault": End(
        6,
        script(MEM32 + "mem32[0x48000000]"),
        r"^xipsim: The firmware faulted at \S+ s: HardFault, bus error on a data access at"
        r" 0x48000000; the instruction was at 0x60\w{6}, called from 0x60\w{6}"
        r" \(CFSR 0x00008200, HFSR 0x40000000\)\. ",
    ),
    "nothing to start": End(
        7, ["TEENSY41", "blank.bin", "-c", "1"], r"The boot ROM found nothing to start"
    ),
    "Ctrl-C": End(130, script(ENDLESS), "", signal.SIGINT),
    "SIGTERM": End(143, script(ENDLESS), "", signal.SIGTERM),
}
ALWAYS = {"a model raises", "a strict gap", "Ctrl-C"}
"""Those that are tried on Renode wherever there is one."""
CASES = [
    pytest.param(
        name, engine, id=f"{name}-{engine}", marks=slow if engine and name not in ALWAYS else ()
    )
    for name in ENDS
    for engine in ("", "renode")
]


@pytest.mark.parametrize(("name", "on"), CASES)
def test_each_kind_of_end_has_its_exit_code_on_every_engine(
    name: str, on: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    end = ENDS[name]
    image = str(PUBLISHED.require())
    options = ["--engine", request.getfixturevalue(on)] if on else []
    (tmp_path / "blank.bin").write_bytes(b"FCFB" + bytes(0x3000))
    (tmp_path / "fuse.py").write_text(fuse.MODEL)
    (tmp_path / "lab.repl").write_text(fuse.BOARD)
    words = [image if word == "IMAGE" else word for word in end.arguments]
    program = subprocess.Popen(
        [sys.executable, "-m", "xipsim", "exec", *options, *words],
        cwd=tmp_path,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if end.signal is not None:
        assert program.stdout is not None
        assert program.stdout.readline() == "begun\n"
        program.send_signal(end.signal)
    _, said = program.communicate(timeout=HANGS)
    assert program.returncode == end.code, said
    assert bool(said) == bool(end.says), said
    assert re.search(end.says, said, re.DOTALL), said
