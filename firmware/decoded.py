"""Images decoded before, in the user's cache: decoding one takes as long as QEMU to start.

A cached image counts as long as the sources of the decoders are the same. A cache that cannot be
read or written is no error.
"""

from __future__ import annotations

import pickle
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from xipsim.peripherals.alif import atoc

from .segments import Contents, Segment
from .store import cache_dir, keep_newest, write_atomic

KEPT = 32
"""Images that are kept; the ones used least lately go first."""


def load(digest: str) -> tuple[str, Contents] | None:
    """Format and contents of the file with this SHA-256, if it was decoded before."""
    file = _file(digest)
    try:
        kind, segments, entry = pickle.loads(file.read_bytes())
        found = kind, Contents(tuple(Segment(*segment) for segment in segments), entry)
    except Exception:  # a damaged pickle can raise anything
        return None
    with suppress(OSError):
        file.touch()
    return found


def keep(digest: str, kind: str, contents: Contents) -> None:
    """Put what a file was decoded to into the cache, if that has room."""
    file = _file(digest)
    plain = kind, [tuple(segment) for segment in contents.segments], contents.entry
    with suppress(OSError):
        write_atomic(file, pickle.dumps(plain, protocol=5))
        keep_newest(file.parent, "*.pickle", KEPT)


def _file(digest: str) -> Path:
    return cache_dir() / "images" / f"{digest[:32]}-{_decoders()}.pickle"


@cache
def _decoders() -> str:
    digest = sha256()
    for source in (*sorted(Path(__file__).parent.glob("*.py")), Path(atoc.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
