"""Snapshots on disk.

SPDX-License-Identifier: GPL-2.0-or-later

A file holds a magic word, the identity of the machine (see `xipsim.engines.identity`), a checksum,
and the pickled state. What is read back may name classes of xipsim and of user's models only.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

from xipsim.engines import unpickle
from xipsim.engines.api import SnapshotError
from xipsim.firmware.store import write_atomic

MAGIC = b"XIPSIM SNAPSHOT\n"
CHECK = 16
"""Bytes of the checksum, over all that follows it."""


def save(path: Path, identity: dict[str, str], state: dict[str, Any], extra: bytes) -> None:
    """Write a snapshot, atomically. extra: what the user's process wants kept with it."""
    try:
        body = pickle.dumps((state, extra), protocol=5)
        unpickle.loads(body)
    except Exception as error:
        raise SnapshotError(f"a model's state cannot be kept in a file: {error}") from None
    head = json.dumps(identity).encode()
    rest = len(head).to_bytes(4, "little") + head + body
    try:
        write_atomic(path, MAGIC + _check(rest) + rest)
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be written: {error.strerror}") from None


def load(path: Path, identity: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    """Read a snapshot that was taken of a machine of this identity. SnapshotError otherwise."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}") from None
    if not data.startswith(MAGIC):
        raise SnapshotError(f"{path} is not a snapshot of xipsim")
    check, rest = data[len(MAGIC) :][:CHECK], data[len(MAGIC) + CHECK :]
    if _check(rest) != check:
        raise SnapshotError(f"{path} is cut short or damaged")
    end = 4 + int.from_bytes(rest[:4], "little")
    theirs = json.loads(rest[4:end])
    for what, value in identity.items():
        if theirs.get(what) != value:
            raise SnapshotError(f"{path} was taken with another {what}: take it anew")
    try:
        state, extra = unpickle.loads(rest[end:])
    except Exception as error:
        raise SnapshotError(f"{path} cannot be used: {error}") from None
    return state, extra


def _check(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=CHECK).digest()
