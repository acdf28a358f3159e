"""The example of docs/renode.md, where an unmodified pyrenode3 is."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from images import PUBLISHED
from patience import HANGS

from xipsim.cli import main as cli
from xipsim.engines.link.process import search_path

EXAMPLE = Path(__file__).parents[2] / "docs/examples/beside_renode.py"
PYTHON = "XIPSIM_PYRENODE3"
"""Variable that names a Python that has pyrenode3, if it is not the one that runs the tests."""
RENODE = ("PYRENODE_BIN", "PYRENODE_BUILD_DIR", "PYRENODE_PKG")


def test_a_board_runs_beside_a_platform_of_renodes(tmp_path: Path) -> None:
    python = os.environ.get(PYTHON, sys.executable)
    if python == sys.executable and importlib.util.find_spec("pyrenode3") is None:
        pytest.skip(f"pyrenode3 is not installed, and {PYTHON} is not set")
    if not any(os.environ.get(name) for name in RENODE):
        pytest.skip(f"which Renode pyrenode3 is to take is not said: {', '.join(RENODE)}")
    assert cli(["renode", "TEENSY41", str(PUBLISHED.require()), "--output", str(tmp_path)]) == 0
    done = subprocess.run(
        [python, EXAMPLE, tmp_path / "TEENSY41.resc"],
        env={
            **os.environ,
            "PYRENODE_RUNTIME": "coreclr",
            "PYTHONPATH": os.pathsep.join(search_path()),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=HANGS,
    )
    said = done.stdout.splitlines()
    assert said == [
        "block 150 is written",
        "b'seen from beside'",
        "[True, True]",
    ], f"{done.stdout}{done.stderr}"
