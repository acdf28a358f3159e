"""Renode's own runner runs our suite, with Renode's own keywords, on every board's firmware."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from images import IMAGES, Image, parameters
from patience import HANGS

from xipsim.cli import main as cli

SUITE = Path(__file__).parents[2] / "robot/renode/board.robot"


@pytest.mark.parametrize("image", parameters(IMAGES))
def test_the_suite_of_renodes_own_keywords(image: Image, tmp_path: Path) -> None:
    runner = shutil.which("renode-test")
    if runner is None:
        pytest.skip("there is no renode-test on the PATH")
    facts = image.facts
    assert cli(["renode", image.board, str(image.require()), "--output", str(tmp_path)]) == 0
    console = "usb1.pc" if facts.console == "pc" else facts.console
    variables = {
        "SCRIPT": tmp_path / f"{image.board}.resc",
        "CONSOLE": f"sysbus.{console}",
        "FLASH": f"{facts.flash}; f = Flash()",
        "WINDOW": facts.window + facts.volume,
    }
    arguments = [f"--variable={name}:{value}" for name, value in variables.items()]
    done = subprocess.run(
        [runner, "-r", tmp_path / "results", *arguments, SUITE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        timeout=HANGS,
    )
    results = tmp_path / "results" / "robot_output.xml"
    assert results.exists(), done.stdout
    tests = list(ElementTree.parse(results).iter("test"))
    status = {test.attrib["name"]: test.find("status") for test in tests}
    said = {name: "" if s is None else s.attrib["status"] for name, s in status.items()}
    skipped = ["Its Flash Is Memory"] if "a buffer of the flash" in facts.lacks else []
    assert len(said) >= 6
    assert said == {n: "SKIP" if n in skipped else "PASS" for n in said}, done.stdout
