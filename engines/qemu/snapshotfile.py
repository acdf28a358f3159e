"""Snapshots on disk.

SPDX-License-Identifier: GPL-2.0-or-later

A file holds a magic word, the identity of the machine (see `xipsim.engines.identity`), a checksum,
and the pickled state. What is read back may name classes of xipsim and of user's models only.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from pathlib import Path
from typing import Any

from xipsim.engines.api import SnapshotError
from xipsim.firmware.store import write_atomic

MAGIC = b"XIPSIM SNAPSHOT\n"
PLAIN = {"set", "frozenset", "bytearray", "range", "complex"}


class _Reader(pickle.Unpickler):
    """Refuses everything but plain data and classes that models declare as state."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "builtins" and name in PLAIN:
            return super().find_class(module, name)
        if module.startswith(("xipsim.", "xipsim_user_")) or module == "collections":
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise SnapshotError(f"it names {module}.{name}, which no snapshot needs")


def save(path: Path, identity: dict[str, str], state: dict[str, Any], extra: bytes) -> None:
    """Write a snapshot, atomically. extra: what the user's process wants kept with it."""
    body = pickle.dumps((state, extra), protocol=5)
    head = json.dumps(identity).encode()
    check = hashlib.blake2b(body, digest_size=16).digest()
    write_atomic(path, MAGIC + len(head).to_bytes(4, "little") + head + check + body)


def load(path: Path, identity: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    """Read a snapshot that was taken of a machine of this identity. SnapshotError otherwise."""
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise SnapshotError(f"{path} is not a snapshot of xipsim")
    at = len(MAGIC) + 4
    length = int.from_bytes(data[len(MAGIC) : at], "little")
    try:
        theirs = json.loads(data[at : at + length])
    except ValueError:
        raise SnapshotError(f"{path} is cut short or damaged") from None
    for what, value in identity.items():
        if theirs.get(what) != value:
            raise SnapshotError(f"{path} was taken with another {what}: take it anew")
    check, body = data[at + length :][:16], data[at + length + 16 :]
    if hashlib.blake2b(body, digest_size=16).digest() != check:
        raise SnapshotError(f"{path} is cut short or damaged")
    try:
        state, extra = _Reader(io.BytesIO(body)).load()
    except SnapshotError as error:
        raise SnapshotError(f"{path} cannot be used: {error}") from None
    except Exception as error:
        raise SnapshotError(f"{path} cannot be read: {error}") from None
    return state, extra
