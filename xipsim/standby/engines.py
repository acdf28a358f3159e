"""The engines' processes of a standby: kept by it, and lent to one stand-in after another."""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from contextlib import suppress
from marshal import dumps, loads

from xipsim.engines import programs
from xipsim.engines.errors import ConfigurationError, EngineError
from xipsim.engines.identity import build
from xipsim.engines.link.lent import Loan
from xipsim.engines.link.process import Process

KEPT = 4
"""Machines that nobody uses; the one used least lately goes."""
NUMBERS = 1 << 32
"""Requests that one user may make."""
ROOM = 1 << 16
"""Bytes of a message between keeper and stand-in; most name modules."""


class Engine:
    """A process. machine: what it has built, as `Lender.lend` has it; empty: nothing yet."""

    def __init__(self, process: Process, build: str) -> None:
        self.process, self.build = process, build
        self.machine = ""
        self.loans = 0

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.close()


class Stable:
    """Engines that nobody uses: the machines, the one used last at the end, and a spare one."""

    def __init__(self) -> None:
        self.idle: list[Engine] = []
        self._spare: Engine | None = None

    def all(self) -> dict[int, Engine]:
        """Every one, by its process id."""
        return {e.process.pid: e for e in (*self.idle, self._spare) if e is not None}

    def prepare(self) -> None:
        """See that there is a spare one; where no engine can be started, a client will be told."""
        if self._spare is not None and self._spare.process.has_ended():
            self._spare.end()
            self._spare = None
        if self._spare is None:
            with suppress(ConfigurationError, EngineError, OSError):
                program = programs.find()
                self._spare = Engine(program.start(), build(program.path))

    def take(self, machine: str, build: str, among: Collection[int]) -> Engine | None:
        """One for that machine, as `Lender.lend` has it; from those processes."""
        for pid, engine in self.all().items():
            if pid in among and engine.build == build and engine.machine in (machine, ""):
                if engine is self._spare:
                    self._spare = None
                else:
                    self.idle.remove(engine)
                if not engine.process.has_ended():
                    engine.loans += 1
                    return engine
                engine.end()
        return None

    def take_back(self, engine: Engine) -> None:
        """It can be used again."""
        self.idle.append(engine)
        while len(self.idle) > KEPT:
            self.idle.pop(0).end()

    def end(self) -> None:
        """End all of them."""
        for engine in self.all().values():
            engine.end()


class Borrower:
    """A stand-in's way to them; implements `Lender`. engines: those that it has open."""

    def __init__(self, keeper: socket.socket, engines: Mapping[int, Engine]) -> None:
        self._keeper, self._engines = keeper, engines

    def lend(self, machine: str, build: str) -> Loan | None:
        """As of `Lender`; what is not lent has nothing to do with this process any more."""
        self._keeper.send(dumps(("lend", machine, build)))
        answer = self._keeper.recv(ROOM)
        pid, is_built, numbers = loads(answer) if answer else (0, False, 0)
        for other, engine in self._engines.items():
            if other != pid:
                engine.process.close()
        if not pid:
            return None
        process = self._engines[pid].process
        process.adopt()
        process.forget_words()
        return Loan(process, is_built, numbers)

    def take_back(self) -> None:
        """As of `Lender`."""
        self._keeper.send(dumps(("take back",)))

    def learned(self, modules: list[str], images: list[str]) -> None:
        """What this process had to import, and to read, the next one shall find there."""
        with suppress(OSError):
            self._keeper.send(dumps(("learned", modules, images)))
