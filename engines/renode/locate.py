"""Finds Renode, and says what the one that was found lacks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xipsim.engines.api import EngineError, StrPath
from xipsim.peripherals.namedtuple import NamedTuple

INSTALL = "https://github.com/renode/renode/releases has portable ones; or name it in XIPSIM_RENODE"
HEADLESS = ("--disable-gui", "--plain", "--console", "--hide-log", "-P", "-1")
"""How Renode is started where nobody looks at it: its monitor is standard input and output."""
SECONDS = 120
"""Of real time, after which a Renode that says nothing does not work."""
NEEDED = ("BusAccessException",)
"""Types of `Antmicro.Renode.Peripherals.Bus` without which there are no bus faults."""
OLD = (
    "bus faults and resets by the firmware (1.17 has them)",
    "what a Cortex-M55 needs (ALIF_ENSEMBLE is refused)",
)
"""What a Renode without them lacks."""
QUESTION = (
    'python "import Antmicro.Renode.Peripherals.Bus as b;'
    " print('xipsim lacks:' + ','.join(n for n in {names!r} if not hasattr(b, n)) + ':')\""
)


class Renode(NamedTuple):
    """A Renode that was found. source: what named it."""

    path: Path
    source: str


def find_renode(given: StrPath | None = None) -> Renode:
    """The Renode to use; EngineError that says where it was looked for."""
    looked: list[str] = []
    if given is not None:
        return _named(Path(given), "--renode")
    for variable, inside in (
        ("XIPSIM_RENODE", ""),
        ("PYRENODE_BIN", ""),
        ("PYRENODE_BUILD_DIR", "renode"),
    ):
        if value := os.environ.get(variable):
            return _named(Path(value, inside), variable)
        looked.append(f"{variable} is not set")
    for folder in os.get_exec_path():
        path = Path(folder, "renode")
        if _is_program(path):
            return Renode(path, "PATH")
    looked.append("there is no renode on the PATH")
    raise EngineError(f"Renode was not found: {', '.join(looked)}. {INSTALL}")


def _named(path: Path, source: str) -> Renode:
    if not _is_program(path):
        raise EngineError(f"{path} ({source}) is not a program that can be started")
    return Renode(path, source)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def renode_version(path: StrPath) -> str:
    """The version that it prints, with its build, e.g. `1.16.1+20260821git06854d4d1`."""
    lines = [line.strip() for line in _said(path, "--version").splitlines()]
    if not lines or not lines[0].startswith("Renode v"):
        raise EngineError(f"{path} is not Renode; {INSTALL}")
    builds = [line.removeprefix("build:").strip() for line in lines if line.startswith("build:")]
    return builds[0] if builds else lines[0].removeprefix("Renode v")


def lacks(path: StrPath) -> list[str]:
    """What this Renode cannot do, in words; its number does not tell. It takes seconds."""
    question = QUESTION.format(names=NEEDED)
    said = _said(path, *HEADLESS, "-e", question, "-e", "quit")
    for line in said.splitlines():
        if line.startswith("xipsim lacks:"):
            return list(OLD) if line.split(":")[1] else []
    raise EngineError(f"{path} does not answer; it said:\n{said[-2000:]}")


@contextmanager
def silent_input() -> Iterator[int]:
    """A descriptor on which nothing ever comes, for the standard input of a Renode.

    One that has ended it reads again and again, as fast as it can.
    """
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def _said(path: StrPath, *arguments: str) -> str:
    try:
        with silent_input() as nothing:
            return subprocess.run(
                [path, *arguments],
                stdin=nothing,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=SECONDS,
                check=True,
            ).stdout
    except subprocess.CalledProcessError as error:
        said = str(error.stdout).strip()
        raise EngineError(f"{path} ended with {error.returncode}: {said[-2000:]}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"{path} cannot be started: {error}") from error
