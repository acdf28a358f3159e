"""The parent's side of the embedded engine: starts the child, talks to it, survives its death.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from xipsim.engines.api import (
    EngineError,
    Goal,
    MachineConfig,
    ModelError,
    SnapshotError,
    Stop,
    StopReason,
    StrPath,
)
from xipsim.engines.repl.cache import load

from .locate import find_libpython, find_qemu, find_shim, qemu_version
from .process import Process

ANSWER_TIME = 20.0
"""Seconds of real time in which the child must answer a request, or notice an interrupt."""
ERRORS: dict[str, type[Exception]] = {
    "lookup": LookupError,
    "model": ModelError,
    "snapshot": SnapshotError,
}
"""What the child's refusals become."""


class QemuEngine:
    """A machine in a child process; implements the `Engine` protocol.

    process: one that was started ahead for it, with the same QEMU; it is closed with the engine.
    """

    def __init__(self, config: MachineConfig, process: Process | None = None) -> None:
        self._config = config
        self._process = process or Process(config.qemu, own_models=bool(config.models))
        self._channel = self._process.channel
        self._receivers: list[Callable[[str, Any], None]] = []
        self._identity: dict[str, str] | None = None
        self._now = 0
        try:
            self._platform = load(config.platform)
            self._send("start", _plain(config), self._platform)
        except BaseException:
            self.close()
            raise

    # -- the Engine protocol ---------------------------------------------------------------------

    def build(self, chips: Mapping[str, bytes], *, checked: bool = False) -> None:
        """Build the machine, with these bytes in its chips."""
        self._send("build", chips, checked)
        self._answer()

    @property
    def now(self) -> int:
        """Virtual ns of the last stop."""
        return self._now

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return f"QEMU {qemu_version(self._process.qemu)}"

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

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
                if self._channel.poll(max(0.0, deadline - time.monotonic())):
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

    def save_snapshot(self, number: int, path: StrPath, extra: bytes) -> None:
        """Write a snapshot to a file, with `extra` beside it."""
        self.request("save_snapshot", number, os.path.abspath(path), self.identity(), extra)

    def load_snapshot(self, path: StrPath) -> tuple[int, bytes]:
        """Read a snapshot of a machine like this one: its number, and what was kept beside it."""
        loaded: tuple[int, bytes] = self.request(
            "load_snapshot", os.path.abspath(path), self.identity()
        )
        return loaded

    def identity(self) -> dict[str, str]:
        """What shapes this machine; a snapshot fits only one of the same."""
        from xipsim.engines.identity import identity

        if self._identity is None or self._config.models:
            own = self.request("user_sources") if self._config.models else ()
            self._identity = identity(self._config, self._platform, self._process.qemu, own)
        return self._identity

    def interrupt(self) -> None:
        """End a `run` that is under way in another thread."""
        self._process.interrupt()

    def close(self) -> None:
        """End the child and wait for it. Safe to call twice."""
        self._process.close()

    # -- talking to the child --------------------------------------------------------------------

    def _send(self, request: str, *arguments: Any) -> None:
        try:
            self._channel.send((request, arguments))
        except OSError as error:
            if self._channel.poll(0):
                self._receive()  # raises what the child has said last
            raise self._death() from error

    def _receive(self, timeout: float | None = None) -> tuple[str, Any]:
        try:
            if timeout is not None and not self._channel.poll(timeout):
                raise self._hung(timeout)
            kind, value = self._channel.receive()
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
        return EngineError(f"the engine's process {self._process.death()}")

    def _hung(self, timeout: float) -> EngineError:
        self._process.kill()
        return EngineError(
            f"the engine's process did not answer within {timeout:g} s and was killed"
            f"{self._process.last_words()}"
        )


def _plain(config: MachineConfig) -> MachineConfig:
    """The same with paths as strings: the child need not import pathlib."""
    return config._replace(
        platform=os.fspath(config.platform),
        models=tuple(os.fspath(file) for file in config.models),
        qemu=None,
    )


def check_host(qemu: StrPath | None = None) -> None:
    """EngineError naming the first thing that is missing on this machine."""
    qemu_version(find_qemu(qemu))
    find_shim()
    find_libpython()
