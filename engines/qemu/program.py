"""QEMU as a program: found, asked for its version, started with Python in its process.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import os
import sys

from xipsim.engines.libpython import find_libpython
from xipsim.engines.link.process import ANSWER_TIME, Command, Process, search_path

from .locate import find_qemu, find_shim, qemu_version

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from xipsim.engines.api import StrPath

START = (
    "import gc, sys; gc.disable(); sys.path[:] = {path!r};"
    " from xipsim.engines.qemu.child import main; main()"
)


class Qemu:
    """The program of the embedded engine; implements `link.program.Program`.

    given: its path; None: the one that is found. EngineError where there is none.
    """

    NAME = "QEMU"
    BUILD_TIME = ANSWER_TIME

    def __init__(self, given: StrPath | None = None) -> None:
        self.path = find_qemu(given)

    def start(self, *, own_models: bool = False) -> Process:
        """A child of it. own_models: a user's models will be imported."""
        shim, libpython = find_shim(), find_libpython()
        # A user's model may import packages that only `site` finds (editable installs).
        site = [] if own_models else ["-S"]
        code = START.format(path=search_path())

        def command(descriptors: tuple[int, ...]) -> Command:
            *pipes, opened = descriptors
            # The linker takes a path to pieces at blanks and colons, and QEMU at commas.
            preload = f"/proc/self/fd/{opened}"
            return Command(
                [self.path, "-I", *site, "-c", code, *map(str, pipes), preload],
                {
                    "LD_PRELOAD": preload,
                    "XIPSIM_LIBPYTHON": libpython,
                    "XIPSIM_PYTHON": sys.executable,
                    "GLIBC_TUNABLES": _tunables(),
                },
            )

        return Process(command, [shim])

    def check(self) -> None:
        """EngineError naming the first thing that is missing on this machine."""
        qemu_version(self.path)
        find_shim()
        find_libpython()

    def version(self) -> str:
        """Name and version."""
        return f"{self.NAME} {qemu_version(self.path)}"


def _tunables() -> str:
    """Huge pages for large pieces of memory: those of a chip's array take 3 ms less to make."""
    given = os.environ.get("GLIBC_TUNABLES")
    return ":".join(filter(None, (given, "glibc.malloc.hugetlb=1")))
