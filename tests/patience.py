"""Waiting for other processes: for a state that they reach, never for a time that passes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

HANGS = 900.0
"""Seconds after which a process hangs. No test is about being faster, on a busy computer either."""


def wait_for_saves(path: Path, count: int) -> None:
    """Until `path`, which may be missing yet, has been replaced by so many new files."""
    seen: set[tuple[int, int]] = set()
    while len(seen) < count:
        with suppress(FileNotFoundError):
            facts = path.stat()
            seen.add((facts.st_ino, facts.st_mtime_ns))
