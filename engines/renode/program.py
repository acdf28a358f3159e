"""Renode as a program: found, asked for its version, started with Python in its process."""

from __future__ import annotations

import sys

from xipsim.engines.api import StrPath
from xipsim.engines.libpython import find_libpython
from xipsim.engines.link.process import Command, Process, search_path

from .locate import find_renode, renode_version

START = (
    "import sys; sys.path[:] = {path!r};"
    " from xipsim.engines.renode.launcher import main; main()"
)


class Renode:
    """The program of Renode as an engine; implements `link.program.Program`.

    given: its path; None: the one that is found. EngineError where there is none.
    """

    NAME = "Renode"
    BUILD_TIME = 180.0

    def __init__(self, given: StrPath | None = None) -> None:
        self.path = str(find_renode(given).path)

    def start(self, *, own_models: bool = False) -> Process:
        """A child that becomes Renode as soon as it is told what to simulate."""
        # A user's model may import packages that only `site` finds (editable installs).
        site = [] if own_models else ["-S"]
        code = START.format(path=search_path())
        words = [sys.executable, "-I", *site, "-c", code]
        return Process(
            lambda descriptors: Command([*words, *map(str, descriptors), self.path], {})
        )

    def check(self) -> None:
        """EngineError naming the first thing that is missing on this machine."""
        renode_version(self.path)
        find_libpython()

    def version(self) -> str:
        """Name and version."""
        return f"{self.NAME} {renode_version(self.path)}"
