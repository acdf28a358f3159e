"""Our own firmware, run on the boards; that it finds faults is tested by breaking chips."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from patience import HANGS

from xipsim import flashcheck, platforms
from xipsim.engines.api import Goal, MachineConfig
from xipsim.engines.programs import open_engine
from xipsim.firmware import images
from xipsim.machine.machine import Machine

BOARDS = ("TEENSY40", "TEENSY41")
SOC = Path(platforms.__file__).parent / "soc" / "rt1062.repl"


@pytest.mark.parametrize("board", BOARDS)
def test_all_checks_pass(board: str, qemu: Path | None) -> None:
    result = flashcheck.run(board, qemu=qemu)
    assert result.failures == ()
    assert result.passed
    assert result.planned >= 60
    assert not any(sector < 0x100 for sector in result.stats.erases), "erased below 1 MB"


def test_all_checks_pass_on_the_alif_ensemble(qemu: Path | None) -> None:
    base, size = 0x8000_0000, 0x58_0000  # alif.md 1.1
    program = flashcheck.find("ALIF_ENSEMBLE")
    mram = bytearray(b"\xff" * size)
    pieces = images.load(program.image).placed(base, size)
    images.program(mram, pieces)
    engine = open_engine(MachineConfig(platform=platforms.find("ALIF_ENSEMBLE"), program=qemu))
    try:
        engine.build({"mram": bytes(mram)})
        goal = Goal(pattern=rb"# end.*\n|Bail out.*\n", console=program.console, wall=HANGS)
        stop = engine.run(goal)
    finally:
        engine.close()
    report = flashcheck.parse(stop.consumed.decode())
    assert report.failures == ()
    assert report.passed
    assert report.planned >= 30


def test_the_chip_is_left_as_it_was_found(qemu: Path | None) -> None:
    program = flashcheck.find("TEENSY41")
    with Machine("TEENSY41", firmware=program.image, qemu=qemu) as machine:
        before = machine.flash.status
        flashcheck.follow(machine.consoles[program.console])
        assert machine.flash.status == before


def test_cells_that_do_not_take_a_program_are_found(qemu: Path | None) -> None:
    program = flashcheck.find("TEENSY40")
    with Machine("TEENSY40", firmware=program.image, qemu=qemu) as machine:
        machine.flash.fail_program(0x10_0000, 0x10_0000)
        report = flashcheck.follow(machine.consoles[program.console])
    assert not report.passed
    failed = {check.name: check.finding for check in report.failures}
    assert "got 0xff" in failed["program only clears bits"]
    assert "read JEDEC id" not in failed


def test_a_chip_that_stays_busy_ends_the_run(qemu: Path | None) -> None:
    program = flashcheck.find("TEENSY40")
    with Machine("TEENSY40", firmware=program.image, qemu=qemu) as machine:
        machine.flash.stuck_busy()
        report = flashcheck.follow(machine.consoles[program.console])
    assert report.bail_out == "the chip stays busy"
    assert not report.passed


def test_an_unknown_part_ends_the_run(tmp_path: Path, qemu: Path | None) -> None:
    (tmp_path / "rt1062.repl").write_text(SOC.read_text())
    board = tmp_path / "other.repl"
    board.write_text('using "rt1062.repl"\n\nnor: Nor.Chip @ flexspi 0\n    part: "GD25Q64C"\n')
    found = flashcheck.run(str(board), qemu=qemu)
    assert found.bail_out == "no part with this id is known"


def test_the_same_run_twice(qemu: Path | None) -> None:
    one, other = (flashcheck.run("TEENSY40", qemu=qemu) for _ in range(2))
    assert one == other


def test_a_report_that_cannot_be_written(qemu: Path | None) -> None:
    options = ["--qemu", str(qemu)] if qemu else []
    command = [sys.executable, "-m", "xipsim", "flashcheck", "TEENSY41", *options]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=HANGS, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "xipsim: the output cannot be written: No space left on device\n"


def test_command_line(qemu: Path | None) -> None:
    options = ["--qemu", str(qemu)] if qemu else []
    command = [sys.executable, "-m", "xipsim", "flashcheck", "TEENSY41", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("TAP version 13\n")
    assert done.stderr == ""
