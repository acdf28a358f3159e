"""The child process: started, ended, and its last words.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path

from xipsim.engines.api import EngineError, StrPath

from .channel import Channel, wait_for
from .locate import find_libpython, find_qemu, find_shim

START = (
    "import gc, sys; gc.disable(); sys.path[:] = {path!r};"
    " from xipsim.engines.qemu.child import main; main()"
)
LAST_LINES = 20
END_TIME = 2.0
"""Seconds of real time after which a child that should end is killed."""
ROOM = 1 << 20
"""Bytes of the pipe to the child: an image fits into it while the child still starts. This is as
much as Linux lets everybody have."""
ROOT = Path(__file__).parents[3]
"""The folder from which `xipsim` is imported."""


class Process:
    """QEMU with Python in it; what it simulates, the first message over `channel` says.

    qemu: the program; None: the one that is found. own_models: a user's models will be imported.
    EngineError where something is missing on this machine.
    """

    def __init__(self, qemu: StrPath | None = None, *, own_models: bool = False) -> None:
        self.qemu = find_qemu(qemu)
        shim, libpython = find_shim(), find_libpython()
        self._log = open(os.memfd_create("xipsim-log"), "w+b")  # noqa: SIM115 - see close
        requests, to_child = os.pipe()
        with contextlib.suppress(OSError):  # there is a limit for each user, too
            fcntl.fcntl(to_child, fcntl.F_SETPIPE_SZ, ROOM)
        from_child, answers = os.pipe()
        interrupts, self._interrupt = os.pipe()
        passed = (requests, answers, interrupts)
        # A user's model may import packages that only `site` finds (editable installs).
        site = [] if own_models else ["-S"]
        code = START.format(path=[str(ROOT), *(p or os.getcwd() for p in sys.path)])
        self.channel = Channel(from_child, to_child)
        self._closed = False
        try:
            self._child = subprocess.Popen(
                [self.qemu, "-I", *site, "-c", code, *map(str, passed), shim],
                env=os.environ
                | {
                    "LD_PRELOAD": str(shim),
                    "XIPSIM_LIBPYTHON": str(libpython),
                    "XIPSIM_PYTHON": sys.executable,
                    "GLIBC_TUNABLES": _tunables(),
                },
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=passed,
                start_new_session=True,  # Ctrl-C at the terminal is the parent's business
            )
        except OSError as error:
            self.channel.close()
            os.close(self._interrupt)
            self._log.close()
            raise EngineError(f"{self.qemu} cannot be started: {error.strerror}") from error
        finally:
            for descriptor in passed:
                os.close(descriptor)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child.pid

    def interrupt(self) -> None:
        """End a run that is under way."""
        if not self._closed:
            with contextlib.suppress(OSError):
                os.write(self._interrupt, b"!")

    def kill(self) -> None:
        """End it without its consent."""
        self._child.kill()

    def close(self) -> None:
        """End it and wait for it. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self.channel.close()
        os.close(self._interrupt)
        self._wait()
        self._log.close()

    def death(self) -> str:
        """How it ended, and its last words. Call it when it is gone, or as good as gone."""
        code = self._wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{how}{self.last_words()}"

    def _wait(self) -> int:
        """The exit code. `Popen.wait` with a limit looks only every few milliseconds."""
        if self._child.poll() is None:
            watched = os.pidfd_open(self._child.pid)
            if not wait_for(watched, END_TIME):
                self._child.kill()
            os.close(watched)
        return self._child.wait()

    def last_words(self) -> str:
        """What it has printed last, as the end of a sentence; empty if it has not."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()[-LAST_LINES:]
        return "; its last words:\n" + "\n".join(lines) if lines else ""


def _tunables() -> str:
    """Huge pages for large pieces of memory: those of a chip's array take 3 ms less to make."""
    given = os.environ.get("GLIBC_TUNABLES")
    return ":".join(filter(None, (given, "glibc.malloc.hugetlb=1")))
