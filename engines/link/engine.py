"""An engine in a process of its own, as its user has it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xipsim.engines.api import IMPORT_TIME, Goal, MachineConfig, Receiver, Stop, StrPath
from xipsim.engines.repl import Platform
from xipsim.engines.repl.cache import load
from xipsim.engines.repl.wires import with_wires

from .client import Client
from .messages import BUILD, START
from .process import Process
from .signals import Uninterrupted

if TYPE_CHECKING:
    from .program import Program


class ChildEngine:
    """A machine in a child process; implements the `Engine` protocol.

    process: one of `program` that was started ahead; it is closed with the engine.
    """

    def __init__(
        self, config: MachineConfig, program: Program, process: Process | None = None
    ) -> None:
        self._config, self._program = config, program
        self._identity: dict[str, str] | None = None
        self._client = Client()
        self._process: Process
        self._begin(process)

    def _begin(self, process: Process | None) -> None:
        """Tell a process what it will simulate."""
        with Uninterrupted():  # else a child may be started that nobody knows
            own_models = bool(self._config.models)
            self._process = process or self._program.start(own_models=own_models)
            self._client.connect(self._process)
        try:
            self._platform = self._load()
            self._start()
        except BaseException:
            self.close()
            raise

    def _load(self) -> Platform:
        return with_wires(load(self._config.platform), self._config.wires)

    def _start(self) -> None:
        self._client.post(START, _plain(self._config), self._platform)

    # -- the Engine protocol ---------------------------------------------------------------------

    def build(self, chips: Mapping[str, bytes], *, boot: StrPath | None = None) -> None:
        """Build the machine, with these bytes in its chips."""
        known = (os.path.abspath(boot), self.identity()) if boot else None
        limit = self._program.BUILD_TIME + (IMPORT_TIME if self._config.models else 0)
        self._process.pid = self._client.ask(BUILD, chips, known, seconds=limit)

    @property
    def now(self) -> int:
        """Virtual ns of the last stop."""
        return self._client.now

    @property
    def spent(self) -> float:
        """Seconds of real time that runs have taken of the engine's own."""
        return self._client.spent

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return self._program.version()

    @property
    def pid(self) -> int:
        """Process id of what simulates."""
        return self._process.pid

    def run(self, goal: Goal) -> Stop:
        """Run until the goal is met. Console bytes and events reach subscribers meanwhile."""
        return self._client.run(goal)

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        """Call an exposed method of a model."""
        return self.request("call", entry, method, arguments)

    def request(self, name: str, *arguments: Any) -> Any:
        """Ask the models' end."""
        return self._client.ask(name, *arguments)

    def subscribe(self, receiver: Receiver) -> None:
        """Hand console bytes and events to `receiver`."""
        self._client.receivers.append(receiver)

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
        self._client.now = self.request("restore", number)

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
            self._identity = identity(self._config, self._platform, self._program, own)
        return self._identity

    def interrupt(self) -> None:
        """End the run that is under way, or else the next one."""
        self._client.interrupt()

    def close(self) -> None:
        """End the child and wait for it. Safe to call twice."""
        with Uninterrupted():
            self._process.close()


def _plain(config: MachineConfig) -> MachineConfig:
    """The same with paths as strings: the child need not import pathlib."""
    return config._replace(
        platform=os.fspath(config.platform),
        models=tuple(os.fspath(file) for file in config.models),
        program=None,
    )
