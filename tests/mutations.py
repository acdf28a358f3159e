"""Whether the tests notice when a model is wrong: changes one line at a time, in a copy.

    .venv/bin/python tests/mutations.py [WORD...]

Takes the changes of tests/mutations.toml (those whose file or text holds one of the words), each
in a copy of the tree, and runs the tests of its part, then conformance on the scripted engine,
all unit tests, and flashcheck on a Teensy 4.1, until one of them fails. Prints which found each
change, and the share that was found. Takes an hour; docs/mutations.md holds the last result. Exit
code 1: fewer than 19 in 20.
"""

from __future__ import annotations

import os
import queue
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GOAL = 0.95
PATIENCE = 300
"""Seconds of the processor; a change that makes a test hang is found, too."""


def copy(folder: Path) -> Path:
    """The tree without what others make of it."""
    ignored = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(ROOT, folder, symlinks=True, ignore=ignored)
    return folder


def commands(tests: list[str]) -> list[tuple[str, list[str]]]:
    """What is run, by name. tests: of the changed part; they come first."""
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    files = [f"tests/unit/test_{name}.py" for name in tests]
    # A changed line is not in the list any more.
    rest = ["tests/unit", "--ignore=tests/unit/test_mutations_list.py"]
    return [
        ("the tests of its part", [*pytest, *files]),
        ("conformance", [*pytest, "tests/conformance", "-k", "scripted"]),
        ("other unit tests", [*pytest, *rest]),
        ("flashcheck", [sys.executable, "-m", "xipsim", "flashcheck", "TEENSY41"]),
    ]


def found_by(tree: Path, tests: list[str]) -> str:
    """The first of the commands that fails in `tree`; empty if none does."""
    settings = {"XIPSIM_CACHE": str(tree / "cache"), "PYTHONPATH": str(tree)}
    for name, command in commands(tests):
        done = subprocess.run(command, cwd=tree, env=os.environ | settings, capture_output=True)
        if done.returncode:
            return f"{name} (they hang)" if done.returncode == -signal.SIGXCPU else name
    return ""


def near(file: str, parts: list[dict[str, Any]]) -> list[str]:
    """The tests of the first part that the file belongs to."""
    for part in parts:
        if any(file.startswith(start) for start in part["files"]):
            tests: list[str] = part["tests"]
            return tests
    raise SystemExit(f"{file} belongs to no part of the list")


def check(change: dict[str, Any], tests: list[str], trees: queue.Queue[Path]) -> str:
    """What finds the change; made in one of the trees, and undone."""
    tree = trees.get()
    file = tree / change["file"]
    text = file.read_text(encoding="utf-8")
    try:
        if text.count(change["old"]) != 1:
            raise SystemExit(f"{change['file']}: not there exactly once: {change['old']!r}")
        file.write_text(text.replace(change["old"], change["new"]), encoding="utf-8")
        return found_by(tree, tests)
    finally:
        file.write_text(text, encoding="utf-8")
        trees.put(tree)


def main(words: list[str]) -> int:
    """0 if enough is found."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    changes = [c for c in table["change"] if not words or any(w in str(c) for w in words)]
    workers = os.cpu_count() or 1
    trees: queue.Queue[Path] = queue.Queue()
    lock, count = threading.Lock(), 0
    # Inherited by what is run. This process itself does next to nothing.
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 10))

    def one(change: dict[str, Any]) -> bool:
        nonlocal count
        found = check(change, near(change["file"], table["part"]), trees)
        with lock:
            count += bool(found)
            verdict = f"found by {found}" if found else "SURVIVES"
            print(f"{verdict}: {change['file']}\n  - {change['old']}\n  + {change['new']}")
            if not found and "means" in change:
                print(f"  {change['means']}")
            sys.stdout.flush()
        return bool(found)

    with tempfile.TemporaryDirectory() as folder:
        for number in range(workers):
            trees.put(copy(Path(folder) / str(number)))
        every = [test for part in table["part"] for test in part["tests"]]
        if wrong := found_by(trees.queue[0], every):
            raise SystemExit(f"without any change, {wrong} fail: nothing can be told")
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, changes))
    print(f"{count} of {len(changes)} found")
    return 0 if count >= GOAL * len(changes) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
