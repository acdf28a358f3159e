"""Snapshots of a machine: taken at any moment between two runs, gone back to in milliseconds."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xipsim.engines.api import Engine, SnapshotError
from xipsim.errors import UserError

if TYPE_CHECKING:
    from xipsim.machine import Machine


class Snapshot:
    """A machine as it was: memory, core, models, chips, consoles. Made by `Machine.snapshot`.

    It lives as long as its machine; `save` keeps it for another process.
    """

    def __init__(self, engine: Engine, number: int, heard: dict[str, Any]) -> None:
        self._engine, self.number, self.heard = engine, number, heard

    @property
    def now(self) -> int:
        """The virtual ns at which it was taken."""
        now: int = self.heard["now"]
        return now

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, atomically, for `Machine.load_snapshot`. UserError if it cannot."""
        try:
            self._engine.save_snapshot(self.number, Path(path), pickle.dumps(self.heard))
        except SnapshotError as error:
            raise UserError(str(error)) from None

    def belongs_to(self, engine: Engine) -> bool:
        """Whether it was taken of, or loaded into, the machine of that engine."""
        return engine is self._engine


def take(machine: Machine, engine: Engine) -> Snapshot:
    """A snapshot of the machine as it stands."""
    try:
        return Snapshot(engine, engine.snapshot(), machine.save_heard())
    except SnapshotError as error:
        raise UserError(str(error)) from None


def load(engine: Engine, path: str | os.PathLike[str]) -> Snapshot:
    """A snapshot from a file. UserError where it does not fit this machine."""
    try:
        number, heard = engine.load_snapshot(Path(path))
    except SnapshotError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(f"{os.fspath(path)}: cannot be read: {error.strerror}") from None
    return Snapshot(engine, number, pickle.loads(heard))
