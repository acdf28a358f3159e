"""What Python prints of an error of ours in somebody's script: it ends at their line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """\
from xipsim import Machine


def experiment():
    return Machine("TEENSY4O")  # their line


experiment()
"""


def printed(folder: Path, **variables: str) -> list[str]:
    """Standard error of that script, line by line."""
    script = folder / "script.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr.splitlines()


def test_a_users_traceback_ends_at_their_line(tmp_path: Path) -> None:
    lines = printed(tmp_path)
    places = [line.split(",")[0].strip() for line in lines if line.startswith("  File ")]
    assert places == [f'File "{tmp_path}/script.py"'] * 2
    assert lines[-1] == (
        "xipsim.errors.UserError: there is no board 'TEENSY4O'; did you mean TEENSY41?"
    )
    assert "their line" in "".join(lines)


def test_who_works_on_xipsim_sees_all_of_it(tmp_path: Path) -> None:
    assert any("configuration.py" in line for line in printed(tmp_path, XIPSIM_DEBUG="1"))
