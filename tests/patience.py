"""Waiting for other processes: for a state that they reach, never for a time that passes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

HANGS = 900.0
"""Seconds after which a process hangs. No test is about being faster, on a busy computer either."""

slow = pytest.mark.skipif(
    os.environ.get("XIPSIM_TEST_SLOW") != "1", reason="takes minutes: XIPSIM_TEST_SLOW=1 runs it"
)


def wait_for_saves(path: Path, count: int) -> None:
    """Until `path`, which may be missing yet, has been replaced by so many new files."""
    seen: set[tuple[int, int]] = set()
    while len(seen) < count:
        with suppress(FileNotFoundError):
            facts = path.stat()
            seen.add((facts.st_ino, facts.st_mtime_ns))


def wait_until_in(thread: int, file: str) -> None:
    """Until another thread of this process is at work in that file."""
    while True:
        frame = sys._current_frames().get(thread)
        while frame is not None:
            if frame.f_code.co_filename == file:
                return
            frame = frame.f_back
