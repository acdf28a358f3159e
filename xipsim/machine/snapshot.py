"""Snapshots of a machine: taken at any moment between two runs, gone back to in milliseconds."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

from xipsim.engines import unpickle
from xipsim.engines.api import StrPath
from xipsim.errors import UserError

if TYPE_CHECKING:
    from xipsim.session.session import Session


class Snapshot:
    """A machine as it was: memory, core, models, chips, consoles. Made by `Machine.snapshot`.

    It lives as long as its machine, and takes about 1 MB; `save` keeps it for another process.
    """

    def __init__(self, session: Session, number: int, user_side: dict[str, Any]) -> None:
        self._session, self.number, self.user_side = session, number, user_side

    @property
    def now(self) -> int:
        """The virtual ns at which it was taken."""
        now: int = self.user_side["now"]
        return now

    def save(self, path: StrPath) -> None:
        """Write it to a file, atomically, for `Machine.load_snapshot`. UserError if it cannot."""
        engine, user_side = self._session.engine, pickle.dumps(self.user_side, protocol=5)
        self._session.guarded(lambda: engine.save_snapshot(self.number, path, user_side))

    def drop(self) -> None:
        """Free the memory that it takes; it cannot be used any more."""
        self._session.guarded(lambda: self._session.engine.drop_snapshot(self.number))

    def belongs_to(self, session: Session) -> bool:
        """Whether it was taken of, or loaded into, the machine of that session."""
        return session is self._session


def take(session: Session, user_side: dict[str, Any]) -> Snapshot:
    """A snapshot of the machine as it stands. user_side: the user's side of it."""
    return Snapshot(session, session.guarded(session.engine.snapshot), user_side)


def load(session: Session, path: StrPath) -> Snapshot:
    """A snapshot from a file. UserError where it does not fit this machine."""
    number, user_side = session.guarded(lambda: session.engine.load_snapshot(path))
    try:
        loaded = unpickle.loads(user_side)
    except Exception as error:  # a damaged pickle can raise anything
        raise UserError(f"{os.fspath(path)} cannot be used: {error}") from None
    if not isinstance(loaded, dict) or "now" not in loaded:
        raise UserError(f"{os.fspath(path)} cannot be used: it is none of `Snapshot.save`")
    return Snapshot(session, number, loaded)
