"""An engine's process that is used again, by one user's process after another.

Who lends it has forked the user's process, and waits for the engine's.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from xipsim.engines.api import MachineConfig, StrPath
from xipsim.peripherals.namedtuple import NamedTuple

from .engine import ChildEngine
from .process import Process
from .program import Program
from .signals import Uninterrupted


class Loan(NamedTuple):
    """process: one that has built the machine that was asked for, else one that serves nobody yet.
    numbers: all requests that it has got are numbered below."""

    process: Process
    is_built: bool
    numbers: int


class Lender(Protocol):
    """Has engines' processes."""

    def lend(self, machine: str, build: str) -> Loan | None:
        """A process for a machine of that name, of which no two are alike; None: there is none.
        build: the program's, as `identity` has it."""

    def take_back(self) -> None:
        """Its user needs it no more, and it is ready for the next one."""


class LentEngine(ChildEngine):
    """A machine in a process that is lent; in one of its own where nobody has one.

    Only when the contents of its chips are known it is known which.
    """

    def __init__(self, config: MachineConfig, program: Program, lender: Lender) -> None:
        self._lender, self._loan = lender, None  # type: Lender, Loan | None
        self._is_closed = False
        super().__init__(config, program)

    def _begin(self, process: Process | None) -> None:
        self._platform = self._load()

    def build(self, chips: Mapping[str, bytes], *, boot: StrPath | None = None) -> None:
        """As of `ChildEngine`. A process that is lent builds the whole machine: others may start
        where this boot does not lead."""
        with Uninterrupted():
            self._loan = loan = self._borrow(chips)
            if loan is not None:
                self._process = loan.process
                self._client.connect(loan.process, loan.numbers)
        if loan is None:
            super()._begin(None)
            super().build(chips, boot=boot)
        elif not loan.is_built:
            self._start()
            super().build(chips)
            self.request("keep")

    def _borrow(self, chips: Mapping[str, bytes]) -> Loan | None:
        with suppress(OSError):
            build = self.identity()[f"build of {self._program.NAME}"]
            return self._lender.lend(self._machine(chips), build)
        return None

    def _machine(self, chips: Mapping[str, bytes]) -> str:
        """All that shapes it, as a digest."""
        place = os.path.abspath(self._config.platform)
        sizes = {name: len(data) for name, data in chips.items()}
        facts = json.dumps([self.identity(), place, sizes], sort_keys=True)
        digest = hashlib.sha256(facts.encode())
        for name in sorted(chips):
            digest.update(chips[name])
        return digest.hexdigest()

    def close(self) -> None:
        """End what was started; give back what was lent, if it can be used again."""
        if self._loan is None:
            if hasattr(self, "_process"):
                super().close()
        elif not self._is_closed:
            with Uninterrupted():
                self._is_closed = True
                with suppress(Exception):  # whoever asked for more was told
                    if self.request("rest"):
                        self._lender.take_back()
                self._process.close()
