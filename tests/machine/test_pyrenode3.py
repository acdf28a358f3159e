"""The example of docs/renode.md, where an unmodified pyrenode3 is."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from images import PUBLISHED
from patience import HANGS

from xipsim.cli import main as cli
from xipsim.engines.api import EngineError
from xipsim.engines.link.process import search_path
from xipsim.engines.renode.locate import HEADLESS, find_renode, silent_input

EXAMPLE = Path(__file__).parents[2] / "docs/examples/beside_renode.py"
PYTHON = "XIPSIM_PYRENODE3"
"""Variable that names a Python that has pyrenode3, if it is neither the one that runs the tests,
nor that of a command `pyrenode3` on the PATH."""
INTERRUPTED = """
typed("import mimxrt; f = mimxrt.Flash()", ">>> ")
print("waits", flush=True)
try:
    while True:
        typed("f.ioctl(6, 150); print('erased', 6 * 7)", "erased 42")
except KeyboardInterrupt:
    print("KeyboardInterrupt")
print(typed("print('after', 6 * 7)", "after 42"))
emulation.PauseAll()
"""
"""Goes on where the script of the example has a board at its prompt."""
GIVEN = ("PYRENODE_BIN", "PYRENODE_BUILD_DIR", "PYRENODE_PKG")
"""Variables of pyrenode3's, which name a Renode."""
BUILT = "output/bin/Release"
"""Where a folder in which Renode was built has its programs."""


def find_python() -> str:
    """A Python that has pyrenode3."""
    if given := os.environ.get(PYTHON):
        return given
    if importlib.util.find_spec("pyrenode3"):
        return sys.executable
    if command := shutil.which("pyrenode3"):
        first_line = Path(command).read_text().split("\n", 1)[0]
        if first_line.startswith("#!/"):
            return first_line.removeprefix("#!")
    pytest.skip(f"pyrenode3 is neither installed nor on the PATH, and {PYTHON} is not set")


def find_built() -> dict[str, str]:
    """Which Renode pyrenode3 is to take: it looks for none itself."""
    if any(os.environ.get(name) for name in GIVEN):
        return {}
    try:
        renode = find_renode().path
    except EngineError as error:
        pytest.skip(str(error))
    question = "from System import AppContext; print('in:' + AppContext.BaseDirectory)"
    with silent_input() as nothing:
        said = subprocess.run(
            [renode, *HEADLESS, "-e", f'python "{question}"', "-e", "quit"],
            stdin=nothing,
            capture_output=True,
            text=True,
            timeout=HANGS,
            check=True,
        ).stdout
    places = [Path(line[3:]) for line in said.splitlines() if line.startswith("in:")]
    if places and str(places[0]).endswith(f"/{BUILT}"):
        return {"PYRENODE_BUILD_DIR": str(places[0].parents[BUILT.count("/")])}
    if renode.read_bytes()[:4] == b"\x7fELF":
        return {"PYRENODE_BIN": str(renode)}
    pytest.skip(f"which Renode pyrenode3 is to take is not said: {', '.join(GIVEN)}")


@contextmanager
def running(script: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The script at work on what `xipsim renode` has written into that folder."""
    python, renode = find_python(), find_built()
    assert cli(["renode", "TEENSY41", str(PUBLISHED.require()), "--output", str(folder)]) == 0
    with subprocess.Popen(
        [python, script, folder / "TEENSY41.resc"],
        env={
            **os.environ,
            **renode,
            "PYRENODE_RUNTIME": "coreclr",
            "PYTHONPATH": os.pathsep.join(search_path()),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_board_runs_beside_a_platform_of_renodes(tmp_path: Path) -> None:
    with running(EXAMPLE, tmp_path) as process:
        said, wrong = process.communicate(timeout=HANGS)
    assert said.splitlines() == [
        "block 150 is written",
        "b'seen from beside'",
        "[True, True]",
    ], f"{said}{wrong}"


def test_ctrl_c_comes_with_the_next_answer_and_the_board_goes_on(tmp_path: Path) -> None:
    """The firmware erases, and our models are at work, while the script waits in Renode."""
    before, behind = EXAMPLE.read_text().split('typed("import mimxrt;')
    assert "PauseAll" in behind, "where the example's own use of the board begins"
    script = tmp_path / "interrupted.py"
    script.write_text(f"{before}{INTERRUPTED}")
    with running(script, tmp_path / "out") as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate(timeout=HANGS)
    assert (first + said).splitlines() == ["waits", "KeyboardInterrupt", "after 42"], said + wrong
    assert process.returncode == 0
