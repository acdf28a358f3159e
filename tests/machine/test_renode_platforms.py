"""Renode itself takes what `xipsim renode` writes: every board loads, and one boots."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from images import IMAGES

from xipsim import platforms
from xipsim.cli import main as cli
from xipsim.engines.api import EngineError
from xipsim.engines.renode import output
from xipsim.engines.renode.locate import HEADLESS, find_renode
from xipsim.machine.configuration import load_platform

SECONDS = 600
"""Of real time, after which Renode is taken for dead."""


def monitor(folder: Path, *commands: str) -> str:
    """What Renode prints when its monitor gets these commands."""
    try:
        renode = find_renode().path
    except EngineError as error:
        pytest.skip(str(error))
    script = folder / "test.resc"
    script.write_text("\n".join([*commands, "quit"]) + "\n")
    done = subprocess.run(
        [renode, *HEADLESS, script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("board", platforms.boards())
def test_every_board_loads_in_renode_as_it_is(board: str, tmp_path: Path) -> None:
    path = platforms.find(board)
    output.write(tmp_path, board, path, contents={}, consoles=[])
    said = monitor(tmp_path, f"include @{tmp_path}/{board}.resc", "peripherals")
    assert "rror" not in said, said
    missing = [e.name for e in load_platform(path).entries if e.name not in said]
    assert not missing, said


def test_a_board_boots_to_its_prompt_and_answers_the_monitor(tmp_path: Path) -> None:
    image = next(i for i in IMAGES if i.name == "TEENSY41-v1.18")
    assert cli(["renode", "TEENSY41", str(image.require()), "--output", str(tmp_path)]) == 0
    printed = tmp_path / "printed"
    said = monitor(
        tmp_path,
        f"include @{tmp_path}/TEENSY41.resc",
        f"sysbus.usb1.pc CreateFileBackend @{printed} true",
        "emulation SetAdvanceImmediately true",
        'emulation RunFor "0.15"',
        "sysbus ReadDoubleWord 0x60000000",
        "machine Reset",
        'emulation RunFor "0.15"',
        "sysbus.usb1.pc WriteChar 13",
        'emulation RunFor "0.05"',
    )
    assert "0x42464346" in said, "FCFB, the first bytes of an image, through the window"
    text = printed.read_text()
    assert "MicroPython v1.18" in text
    assert text.count(">>> ") == 2, "at power-on, and to Enter after the reset"
