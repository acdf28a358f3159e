"""Snapshots of boards at their first prompt, so that the next start need not boot.

In the user's cache, under `boots/`, named by a digest of everything that shaped the boot: image and
flash contents, platform, models, xipsim, QEMU's build, arguments. A file that cannot be written or
read is as good as none: then the board boots.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xipsim.errors import UserError
from xipsim.firmware.store import cache_dir, cache_folder, keep_newest, mark_used
from xipsim.machine import snapshot
from xipsim.machine.snapshot import Snapshot

if TYPE_CHECKING:
    from xipsim.session.session import Session

FOLDER = "boots"
KEPT = 64
"""Snapshots that are kept; the ones used least lately go first. Each is about 1 MB."""


def place(identity: dict[str, str], contents: Mapping[str, bytes], console: str) -> Path:
    """The file for a boot of that machine with those bytes in its chips and memories."""
    sizes = {name: len(data) for name, data in contents.items()}
    digest = hashlib.sha256(json.dumps([identity, console, sizes], sort_keys=True).encode())
    for name in sorted(contents):
        digest.update(contents[name])
    return cache_dir() / FOLDER / f"{digest.hexdigest()[:40]}.snapshot"


def load(session: Session, file: Path) -> Snapshot | None:
    """The cached boot, None where there is none that can be used."""
    if not file.is_file():
        return None
    try:
        cached = snapshot.load(session, file)
    except UserError:
        with suppress(OSError):
            file.unlink()
        return None
    with suppress(OSError):
        mark_used(file)
    return cached


def store(taken: Snapshot, file: Path) -> None:
    """Move the snapshot of a machine at its prompt into the cache, if that has room."""
    with suppress(OSError, UserError):
        cache_folder(FOLDER)
        taken.save(file)
        taken.drop()
        keep_newest(file.parent, "*.snapshot", KEPT)
