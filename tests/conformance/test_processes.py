"""Two processes that end together, on every engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from candidates import Candidate
from processes import is_alive
from programs import WAIT

PARENT = Path(__file__).with_name("parent.py")


def test_a_killed_parent_takes_the_child_along(candidate: Candidate) -> None:
    """The parent dies by SIGKILL in the middle of an endless run; its child ends by itself."""
    with subprocess.Popen(
        [sys.executable, str(PARENT), candidate.name, WAIT.image],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.kill()
    for _ in range(600):
        if not is_alive(child):
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child outlived its parent by 30 s")
