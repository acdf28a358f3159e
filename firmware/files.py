"""Reading files that a user names: whole, regular, and of a size that somebody meant."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO

MEGABYTE = 1 << 20
PIECE = 1 << 16


def reason(error: OSError | ValueError) -> str:
    """Why a path could not be used, without the path: a NUL in it is a ValueError."""
    return getattr(error, "strerror", None) or str(error)


def read_file(path: str | os.PathLike[str], most: int = 256 * MEGABYTE) -> bytes:
    """The bytes of a regular file that has no more than `most`.

    Raises OSError, also for a device or a pipe, which might never end, and for a larger file.
    """
    with _regular(path) as file:
        size, data = os.fstat(file.fileno()).st_size, b""
        # In pieces: a file of /proc says that it is empty, and others grow.
        while max(size, len(data)) <= most and (piece := file.read(max(size, PIECE))):
            data += piece
    if max(size, len(data)) > most:
        text = f"it has {max(size, len(data))} bytes, and no more than {most} are expected"
        raise OSError(errno.EFBIG, text)
    return data


def read_head(path: str | os.PathLike[str], length: int) -> bytes:
    """The first bytes of a regular file, however large it is; OSError as `read_file`."""
    with _regular(path) as file:
        return file.read(length)


def _regular(path: str | os.PathLike[str]) -> FileIO:
    # Without O_NONBLOCK, opening a named pipe would wait for somebody who writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return FileIO(descriptor)
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "it is no regular file")
