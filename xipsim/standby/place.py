"""Where clients find a standby: a socket in the user's cache, in a folder for its owner alone."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from xipsim.errors import UserError
from xipsim.firmware.store import cache_folder

from . import FOLDER, SOCKET, find


@contextmanager
def address_in(folder: str | Path) -> Iterator[str]:
    """That of the socket in it: the path itself may be too long."""
    here = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{here}/{SOCKET}"
    finally:
        os.close(here)


@contextmanager
def listening() -> Iterator[tuple[socket.socket, IO[str]]]:
    """The socket, and a file that is locked for as long as somebody listens. UserError, OSError."""
    folder = cache_folder(FOLDER)
    with open(folder / "lock", "w") as lock, socket.socket(socket.AF_UNIX) as listener:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"there is a standby already, for {folder.parent}") from None
        name = folder / SOCKET
        name.unlink(missing_ok=True)  # of one that was killed: it has the lock no more
        with address_in(folder) as address:
            listener.bind(address)
        listener.listen()
        ours = os.lstat(name)
        try:
            yield listener, lock
        finally:
            with suppress(FileNotFoundError):
                # Who deletes the cache makes room for another standby, with a socket of its own.
                if os.path.samestat(os.lstat(name), ours):
                    name.unlink()


def listener() -> int | None:
    """The process id of the standby that clients find; None if there is none."""
    folder = find()
    if folder is None:
        return None
    with address_in(folder) as address, socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
        except ConnectionRefusedError:  # it was killed
            return None
        size = struct.calcsize("3i")
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    process: int = struct.unpack("3i", peer)[0]
    return process
