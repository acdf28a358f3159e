"""MicroPython's own tests on a board: runs them by its run-tests.py, prints a table.

    .venv/bin/python tests/upstream.py MICROPYTHON BOARD [SUITE...]

MICROPYTHON is a checkout of its sources at the commit of the board's image, with the submodule
lib/micropython-lib; mpy-cross built for the suites that compile on the PC, and examples/natmod/*
with ARCH=armv7emdp for that of native modules. Takes the suites of tests/upstream/suites.toml
(those with one of the names), gives each a freshly booted board, and prints how many tests passed,
were skipped (by themselves or by run-tests.py) and failed, as tables in Markdown;
docs/micropython.md holds the last ones. Exit code 1: one failed that is not known to, or passed
although it is.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xipsim import Machine

SUITES = Path(__file__).parent / "upstream" / "suites.toml"
HEAD = "| suite | passed | skipped | failed |\n| --- | --- | --- | --- |"
REASONS = "\n| fails | why |\n| --- | --- |"
UNITTEST = "lib/micropython-lib/python-stdlib/unittest/unittest/__init__.py"
FOLDERS = {"tests/import": Path(), "tests/io/data": Path("data")}
"""Whose files the tests look for on the board, and where."""
ENVIRONMENT = {"MICROPY_CPYTHON3": sys.executable, "MICROPY_TEST_TIMEOUT": "900"}
"""Seconds of real time: a busy computer is no failure of a test."""

Results = dict[str, list[str]]
"""Tests by what became of them: pass, skip, fail."""


def stock(sources: Path, board: str, flash: Path) -> str:
    """Put what the tests look for into the board's file system; the firmware's version."""
    with Machine(board, flash=flash) as machine:
        machine.exec("import os")
        made: set[Path] = set()
        for name, file in sorted(_files(sources)):
            for folder in [f for f in reversed(name.parents[:-1]) if f not in made]:
                machine.exec(f"os.mkdir({str(folder)!r})")
                made.add(folder)
            data = file.read_bytes()
            machine.exec(f"with open({str(name)!r}, 'wb') as f: f.write({data!r})\n")
        return machine.exec("print(os.uname().version)").strip()


def _files(sources: Path) -> Iterator[tuple[Path, Path]]:
    yield Path("unittest.py"), sources / UNITTEST
    for folder, place in FOLDERS.items():
        for file in (sources / folder).rglob("*"):
            if file.is_file() and file.suffix not in (".exp", ".pyc"):
                yield place / file.relative_to(sources / folder), file


def check_commit(sources: Path, version: str) -> None:
    """SystemExit if the sources are not those of the firmware, where its version tells."""
    command = ["git", "-C", sources, "rev-parse", "HEAD"]
    head = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    commit = re.search(r"[.-]g([0-9a-f]{7,})", version)
    if commit and not head.startswith(commit[1]):
        sys.exit(f"{sources} is at {head[:10]}, and the board runs {version}: check that out")


@contextmanager
def powered(board: str, flash: Path, wires: list[str]) -> Iterator[str]:
    """A board that runs; the name of the PTY that its console is on."""
    command = [sys.executable, "-m", "xipsim", "run", board, "--pty", "--fast"]
    command += ["--flash", str(flash), "--discard", *(f"--wire={wire}" for wire in wires)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def run(suite: dict[str, Any], sources: Path, board: str, flash: Path) -> Results:
    """Run the tests of a suite on a board of its own."""
    tests = sources / "tests"
    wanted = [file for pattern in suite["tests"] for file in sorted(tests.glob(pattern))]
    names = [str(file.relative_to(tests)) for file in wanted]
    names = [name for name in names if name not in suite.get("without", ())]
    environment = {**ENVIRONMENT, **os.environ}
    with (
        powered(board, flash, suite.get("wires", {}).get(board, [])) as pty,
        tempfile.TemporaryDirectory() as results,
    ):
        program = suite.get("program", "run-tests.py")
        command = [sys.executable, program, "-t", f"port:{pty}", "-r", results]
        command += [*suite.get("options", ()), *names]
        subprocess.run(command, cwd=tests, env=environment, stdout=sys.stderr, check=False)
        told = json.loads(Path(results, "_results.json").read_text())["results"]
    found: Results = {"pass": [], "skip": [], "fail": []}
    for name, result, _ in told:
        found["fail" if result == "ignored" else result].append(name)
    return found


def main(sources: Path, board: str, names: list[str]) -> int:
    """Print the tables; the exit code."""
    listed = tomllib.loads(SUITES.read_text())
    suites = [s for s in listed["suite"] if not names or s["name"] in names]
    about_it = [k for k in listed["known"] if board in k["boards"]]
    known = {(suite, k["test"]): k["why"] for k in about_it for suite in k["suites"]}
    reasons: dict[str, str] = {}
    good = True
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder, "flash.bin")
        version = stock(sources, board, flash)
        check_commit(sources, version)
        print(f"{board}, {version}\n\n{HEAD}", flush=True)
        for suite in suites:
            name = suite["name"]
            results = run(suite, sources, board, flash)
            counts = (len(results[kind]) for kind in ("pass", "skip", "fail"))
            print(f"| {' | '.join((name, *map(str, counts)))} |", flush=True)
            for test in results["fail"]:
                reasons[f"{name}: `{test}`"] = known.get((name, test), "**not known**")
                good = good and (name, test) in known
            for test in results["pass"]:
                if (name, test) in known:
                    reasons[f"{name}: `{test}`"] = "**is known to, and passed**"
                    good = False
    print(REASONS, *(f"| {test} | {why} |" for test, why in reasons.items()), sep="\n")
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
