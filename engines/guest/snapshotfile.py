"""Snapshots on disk.

A file holds a magic word, a checksum, the identity of the machine (see `xipsim.engines.identity`),
and its state, both pickled. What is read back may name classes of xipsim and of user's models only.
"""

from __future__ import annotations

import pickle
import zlib
from typing import Any

from xipsim.engines import unpickle
from xipsim.engines.api import SnapshotError, StrPath
from xipsim.firmware.files import read_file
from xipsim.peripherals.namedtuple import NamedTuple

from .dormant import NONE, Dormant

MAGIC = b"XIPSIM SNAPSHOT\n"
CHECK = 4
"""Bytes of the checksum, over all that follows it."""


class SnapshotFile(NamedTuple):
    """What is in a file of that path and identity; see `save`."""

    path: str
    identity: dict[str, str]
    state: dict[str, Any]
    extra: bytes
    dormant: Dormant


def save(
    path: StrPath,
    identity: dict[str, str],
    state: dict[str, Any],
    extra: bytes,
    dormant: Dormant = NONE,
) -> None:
    """Write a snapshot, atomically. extra: what the user's process wants kept with it.

    dormant: models that need not be made to go on from `state`.
    """
    try:
        body = pickle.dumps((state, extra, tuple(dormant)), protocol=5)
        unpickle.loads(body)
    except Exception as error:
        raise SnapshotError(f"a model's state cannot be kept in a file: {error}") from None
    head = pickle.dumps(identity, protocol=5)
    rest = len(head).to_bytes(4, "little") + head + body
    from xipsim.firmware.store import write_atomic

    try:
        write_atomic(path, MAGIC + _check(rest) + rest)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be written: {error.strerror}") from None


def load(path: str, identity: dict[str, str]) -> SnapshotFile:
    """Read a snapshot that was taken of a machine of this identity. SnapshotError otherwise."""
    return parse(path, identity, read(path))


def read(path: str) -> bytes:
    """What is in the file."""
    try:
        return read_file(path)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from None


def parse(path: str, identity: dict[str, str], data: bytes) -> SnapshotFile:
    """What those bytes are, see `load`."""
    if not data.startswith(MAGIC):
        raise SnapshotError(f"{path} is not a snapshot of xipsim")
    check, rest = data[len(MAGIC) :][:CHECK], data[len(MAGIC) + CHECK :]
    if _check(rest) != check:
        raise SnapshotError(f"{path} is cut short or damaged")
    end = 4 + int.from_bytes(rest[:4], "little")
    try:
        theirs = unpickle.loads(rest[4:end])
        for what, value in identity.items():
            if theirs.get(what) != value:
                raise SnapshotError(f"{path} was taken with another {what}: take it anew")
        state, extra, parts = unpickle.loads(rest[end:])
        dormant = _dormant(parts)
    except SnapshotError:
        raise
    except Exception as error:
        raise SnapshotError(f"{path} cannot be used: {error}") from None
    return SnapshotFile(path, identity, state, extra, dormant)


def _dormant(parts: Any) -> Dormant:
    is_right = type(parts) is tuple and tuple(map(type, parts)) == (dict, dict, list, dict)
    if is_right:
        dormant = Dormant(*parts)
        kinds = {*map(type, dormant.wired.values())}, {*map(type, dormant.late.values())}
        if kinds[0] <= {list} and kinds[1] <= {int}:
            return dormant
    raise ValueError("what it says of models that are not made is no such thing")


def _check(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(CHECK, "little")
