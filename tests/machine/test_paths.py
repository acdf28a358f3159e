"""xipsim in a folder whose name has what linkers, shells and QEMU take for separators."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from images import PUBLISHED

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import xipsim
assert xipsim.__file__.startswith(sys.argv[1]), xipsim.__file__
with xipsim.Machine("TEENSY41", firmware=sys.argv[2], flash=sys.argv[3]) as m:
    print(m.exec("print(6 * 7)"))
"""


@pytest.mark.parametrize("name", ["with blanks", "with:colon", "with,comma"])
def test_a_board_runs_from_a_folder(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.symlink_to(ROOT)
    arguments = [str(place), str(PUBLISHED.require()), str(tmp_path / f"{name}.bin")]
    out = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    ).stdout
    assert out == "42\n\n"
