"""`xipsim compare`: the embedded engine and Renode show the same, but for what is documented."""

from __future__ import annotations

import pytest
from flash_suite import flash_suite
from images import IMAGES, PUBLISHED, Image, parameters

from xipsim import flashcheck
from xipsim.cli import main
from xipsim.compare import Comparison, compare

STORES_INTO_THE_WINDOW = """
from machine import mem8, mem16, mem32
mem32[0x60700000] = 0
mem8[0x60700005] = 1
mem16[0x60700008] = 2
print([hex(mem32[0x60700000 + i] & 0xFFFFFFFF) for i in (0, 4, 8)])
"""
CALIBRATION = "from machine import mem32; print(hex(mem32[0xE000E01C]))"


def test_a_script_shows_the_same_on_both(
    renode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "open('a', 'w').write('kept'); print(open('a').read()); 1 / 0"
    image = str(PUBLISHED.require())
    assert main(["compare", "TEENSY41", image, "-c", code]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.endswith("the script raised ZeroDivisionError\n")


def test_stores_into_the_window_are_told_by_both_and_change_nothing(
    renode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    image = str(PUBLISHED.require())
    assert main(["compare", "TEENSY41", image, "-c", STORES_INTO_THE_WINDOW]) == 0
    assert " 0 diagnostics" not in capsys.readouterr().out


def test_what_differs_is_told(renode: str, capsys: pytest.CaptureFixture[str]) -> None:
    """SysTick's calibration value: docs/simulation.md, under Renode."""
    image = str(PUBLISHED.require())
    assert main(["compare", "TEENSY41", image, "-c", CALIBRATION]) == 1
    told = capsys.readouterr().out
    assert "console pc, at number " in told
    assert r"0x3e7\r\n" in told, "QEMU's"


def flashchecked(board: str) -> tuple[Comparison, list[flashcheck.Report]]:
    """flashcheck on both engines, and what each has reported."""
    program = flashcheck.find(board)
    found = compare(
        board,
        lambda machine: flashcheck.follow(machine.consoles[program.console]),
        firmware=program.image,
    )
    consoles = [run.consoles[program.console] for run in found.runs]
    return found, [flashcheck.parse(console.decode()) for console in consoles]


@pytest.mark.parametrize("board", ["TEENSY40", "TEENSY41"])
def test_flashcheck_shows_the_same(renode: str, board: str) -> None:
    """But for what Renode's SysTick lacks: on the i.MX RT it counts the core's clock alone."""
    found, reports = flashchecked(board)
    assert reports[0].passed
    failed = {check.name: check.finding for check in reports[1].failures}
    assert [difference.what for difference in found.differences] == ["console lpuart1"]
    assert failed.keys() == {"core: MPU, SysTick's reference, cycle counter"}
    assert failed.popitem()[1].startswith("SYST_CALIB")


def test_flashcheck_shows_the_same_where_fetches_take_time(renode: str) -> None:
    """On the Alif code is fetched from a window that its model answers, until it is native; how
    often, is the engine's: docs/simulation.md."""
    found, reports = flashchecked("ALIF_ENSEMBLE")
    assert [report.passed for report in reports] == [True, True]
    assert {each.what for each in found.differences} <= {"flash commands"}
    commands, others = (
        [line for _, line in run.commands if " fast-read-octal" not in line] for run in found.runs
    )
    assert commands == others


@pytest.mark.parametrize("image", parameters(IMAGES))
def test_the_flash_suite_shows_the_same(renode: str, image: Image) -> None:
    found = compare(image.board, flash_suite(image), firmware=image.require())
    assert not found.differences, found.text
