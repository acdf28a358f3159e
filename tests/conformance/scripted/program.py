"""The scripted engine as a program; implements `link.program.Program`."""

from __future__ import annotations

import sys
from pathlib import Path

from xipsim.engines.link.process import ANSWER_TIME, Command, Process, search_path

START = "import sys; sys.path[:] = {path!r}; from scripted.child import main; main()"


class Scripted:
    """A Python like this one that runs `child.py`."""

    NAME = "the scripted engine"
    BUILD_TIME = ANSWER_TIME
    path = Path(__file__)

    def start(self, *, own_models: bool = False) -> Process:
        """A child of it."""
        code = START.format(path=[*search_path(), str(self.path.parents[1])])
        words = [sys.executable, "-I", "-c", code]
        return Process(lambda descriptors: Command([*words, *map(str, descriptors)], {}))

    def check(self) -> None:
        """Nothing can be missing."""

    def version(self) -> str:
        """Its name: it has no versions."""
        return self.NAME
