"""Snapshots of a machine: taken at any moment between two runs, gone back to in milliseconds."""

from __future__ import annotations

import codecs
import os
import pickle
from typing import TYPE_CHECKING, Any

from xipsim.engines import unpickle
from xipsim.engines.api import StrPath
from xipsim.errors import UserError
from xipsim.session.run_log import RunLog

if TYPE_CHECKING:
    from xipsim.board.console import Consoles
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


def take(session: Session, consoles: Consoles) -> Snapshot:
    """A snapshot of the machine as it stands."""
    user_side = {
        "now": session.now,
        "session": session.save(),
        "consoles": {name: console.save() for name, console in consoles.items()},
    }
    return Snapshot(session, session.guarded(session.engine.snapshot), user_side)


def restore(session: Session, consoles: Consoles, saved: Snapshot) -> None:
    """Make the machine what it was. UserError where it is none of that machine."""
    if not isinstance(saved, Snapshot):
        raise UserError(f"{saved!r} is no snapshot")
    if not saved.belongs_to(session):
        raise UserError("this snapshot is of another machine; save it and load it here")
    with session.turn:
        session.guarded(lambda: session.engine.restore(saved.number))
        session.load(saved.user_side["session"])
        for name, console in consoles.items():
            console.load(saved.user_side["consoles"][name])


def load(session: Session, path: StrPath) -> Snapshot:
    """A snapshot from a file. UserError where it does not fit this machine."""
    number, data = session.guarded(lambda: session.engine.load_snapshot(path))
    try:
        user_side = unpickle.loads(data)
        _check(session, user_side)
    except Exception as error:  # Whatever is made of bytes that somebody has changed.
        session.guarded(lambda: session.engine.drop_snapshot(number))
        text = f"{os.fspath(path)} cannot be used: what it says of consoles and report: {error!r}"
        raise UserError(text) from None
    return Snapshot(session, number, user_side)


def _check(session: Session, user_side: dict[str, Any]) -> None:
    """Raise anything unless `restore` can use it."""
    int(user_side["now"])
    int(user_side["session"]["nominal"])
    bool(user_side["session"]["opening"])
    RunLog(session.consoles, session.console, lambda _receiver, _value: None).load(
        user_side["session"]
    )
    for name in session.consoles:
        consumed, stale, (pending, flag) = user_side["consoles"][name]
        codecs.getincrementaldecoder("utf-8")().setstate((bytes(pending), int(flag)))
        int(consumed), int(stale)
