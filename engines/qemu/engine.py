"""The parent's side of the embedded engine: starts the child, talks to it, survives its death.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xipsim.engines.api import (
    EngineError,
    Goal,
    MachineConfig,
    ModelError,
    SnapshotError,
    Stop,
    StopReason,
)

from .channel import ERASED, Channel
from .locate import find_libpython, find_qemu, find_shim, qemu_version

ANSWER_TIME = 20.0
"""Seconds of real time in which the child must answer a request, or notice an interrupt."""
START = (
    "import gc, sys; gc.disable(); sys.path[:] = {path!r};"
    " from xipsim.engines.qemu.child import main; main()"
)
LAST_LINES = 20
ERRORS: dict[str, type[Exception]] = {
    "lookup": LookupError,
    "model": ModelError,
    "snapshot": SnapshotError,
}
"""What the child's refusals become."""
ROOT = Path(__file__).parents[3]
"""The folder from which `xipsim` is imported."""


class QemuEngine:
    """A machine in a child process; implements the `Engine` protocol."""

    def __init__(self, config: MachineConfig) -> None:
        self._config = config
        self._qemu = find_qemu(config.qemu)
        self._receivers: list[Callable[[str, Any], None]] = []
        self._log = open(os.memfd_create("xipsim-log"), "w+b")  # noqa: SIM115 - see close
        self._connection, self._interrupts, self._child = self._start(bool(config.models))
        self._now = 0
        self._connection.send(config)

    def _start(self, models: bool) -> tuple[Channel, socket.socket, subprocess.Popen[bytes]]:
        requests, child_requests = socket.socketpair()
        interrupts, child_interrupts = socket.socketpair()
        passed = (child_requests.fileno(), child_interrupts.fileno())
        # A user's model may import packages that only `site` finds (editable installs).
        site = [] if models else ["-S"]
        code = START.format(path=[str(ROOT), *(p or os.getcwd() for p in sys.path)])
        child = subprocess.Popen(
            [self._qemu, "-I", *site, "-c", code, *map(str, passed), find_shim()],
            env=os.environ
            | {
                "LD_PRELOAD": str(find_shim()),
                "XIPSIM_LIBPYTHON": str(find_libpython()),
                "XIPSIM_PYTHON": sys.executable,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=passed,
            start_new_session=True,  # Ctrl-C at the terminal is the parent's business
        )
        child_requests.close()
        child_interrupts.close()
        return Channel(requests), interrupts, child

    # -- the Engine protocol ---------------------------------------------------------------------

    def build(self, chips: Mapping[str, bytes]) -> None:
        """Build the machine, with these bytes in its chips."""
        # Most of a chip is erased, and a socket is slow.
        trimmed = {name: (len(data), data.rstrip(ERASED)) for name, data in chips.items()}
        self._send("chips", trimmed)
        self._answer()

    @property
    def now(self) -> int:
        """Virtual ns of the last stop."""
        return self._now

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return f"QEMU {qemu_version(self._qemu)}"

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._child.pid

    def run(self, goal: Goal) -> Stop:
        """Run until the goal is met. Console bytes and events reach subscribers meanwhile."""
        self._send("run", goal)
        try:
            return self._stop(goal.wall)
        except KeyboardInterrupt:
            # The machine must stand still before anything else can be asked of it.
            self.interrupt()
            self._stop(ANSWER_TIME)
            raise

    def _stop(self, wall: float | None) -> Stop:
        """How the run ends; after `wall` seconds it is interrupted."""
        deadline = None if wall is None else time.monotonic() + wall
        interrupted = False
        while True:
            if not interrupted and deadline is not None:
                if self._connection.poll(max(0.0, deadline - time.monotonic())):
                    kind, value = self._receive()
                else:
                    self.interrupt()
                    interrupted = True
                    continue
            else:
                kind, value = self._receive(ANSWER_TIME if interrupted else None)
            if kind == "stop":
                self._now = value.now
                if interrupted and value.reason is StopReason.INTERRUPTED:
                    return Stop(reason=StopReason.WALL, now=value.now, pc=value.pc)
                return value  # type: ignore[no-any-return]
            self._dispatch(kind, value)

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        """Call an exposed method of a model."""
        return self.request("call", entry, method, arguments)

    def request(self, name: str, *arguments: Any) -> Any:
        """One of the child's `do_*` requests."""
        self._send(name, *arguments)
        return self._answer()

    def subscribe(self, receiver: Callable[[str, Any], None]) -> None:
        """Hand console bytes and events to `receiver`."""
        self._receivers.append(receiver)

    def reset(self, *, power: bool) -> None:
        """Press reset, or switch off and on."""
        self.request("reset", power)

    def read_memory(self, address: int, length: int) -> bytes:
        """Guest memory as the core sees it."""
        data: bytes = self.request("read_memory", address, length)
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        """Write guest memory as the core would."""
        self.request("write_memory", address, data)

    def registers(self) -> dict[str, int]:
        """The core's registers."""
        registers: dict[str, int] = self.request("registers")
        return registers

    def snapshot(self) -> int:
        """Take a snapshot, kept in the child; its number."""
        number: int = self.request("snapshot")
        return number

    def restore(self, number: int) -> None:
        """Be what the machine was when that snapshot was taken."""
        self._now = self.request("restore", number)

    def drop_snapshot(self, number: int) -> None:
        """Forget a snapshot."""
        self.request("drop_snapshot", number)

    def save_snapshot(self, number: int, path: Path, extra: bytes) -> None:
        """Write a snapshot to a file, with `extra` beside it."""
        self.request("save_snapshot", number, path.absolute(), self.identity(), extra)

    def load_snapshot(self, path: Path) -> tuple[int, bytes]:
        """Read a snapshot of a machine like this one: its number, and what was kept beside it."""
        loaded: tuple[int, bytes] = self.request(
            "load_snapshot", path.absolute(), self.identity()
        )
        return loaded

    def identity(self) -> dict[str, str]:
        """What shapes this machine; a snapshot fits only one of the same."""
        from xipsim.engines.identity import identity

        own = self.request("user_sources") if self._config.models else ()
        return identity(self._config, self._qemu, own)

    def interrupt(self) -> None:
        """End a `run` that is under way in another thread."""
        with contextlib.suppress(OSError):
            self._interrupts.send(b"!")

    def close(self) -> None:
        """End the child and wait for it. Safe to call twice."""
        self._connection.close()
        self._interrupts.close()
        try:
            self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._log.close()

    # -- talking to the child --------------------------------------------------------------------

    def _send(self, request: str, *arguments: Any) -> None:
        try:
            self._connection.send((request, arguments))
        except OSError as error:
            if self._connection.poll(0):
                self._receive()  # raises what the child has said last
            raise self._death() from error

    def _receive(self, timeout: float | None = None) -> tuple[str, Any]:
        try:
            if timeout is not None and not self._connection.poll(timeout):
                raise self._hung(timeout)
            kind, value = self._connection.receive()
        except (EOFError, ConnectionError) as error:
            raise self._death() from error
        if kind == "error":
            where, text = value
            raise ERRORS.get(where, EngineError)(text)
        return kind, value

    def _answer(self) -> Any:
        while True:
            kind, value = self._receive(ANSWER_TIME)
            if kind == "answer":
                return value
            self._dispatch(kind, value)

    def _dispatch(self, kind: str, value: Any) -> None:
        for receiver in self._receivers:
            receiver(kind, value)

    def _death(self) -> EngineError:
        try:
            code = self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return EngineError(f"the engine's process {how}{self._last_lines()}")

    def _hung(self, timeout: float) -> EngineError:
        self._child.kill()
        return EngineError(
            f"the engine's process did not answer within {timeout:g} s and was killed"
            f"{self._last_lines()}"
        )

    def _last_lines(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()[-LAST_LINES:]
        return "; its last words:\n" + "\n".join(lines) if lines else ""


def check_host(qemu: Path | None = None) -> None:
    """EngineError naming the first thing that is missing on this machine."""
    qemu_version(find_qemu(qemu))
    find_shim()
    find_libpython()
