"""Images decoded before, in the user's cache: decoding one takes as long as QEMU to start.

A cached image counts as long as the sources of the decoders are the same. A cache that cannot be
read or written is no error.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from .segments import Contents, Segment
from .store import cache_checked, cache_dir, mark_used, read_checked

FOLDER = "images"
KEPT = 32
"""Images that are kept; the ones used least lately go first."""


def load(digest: str) -> tuple[str, Contents] | None:
    """Format and contents of the file with this SHA-256, if it was decoded before."""
    file = _file(digest)
    found = load_file(file)
    if found:
        with suppress(OSError):
            mark_used(file)
    return found


def load_file(file: Path) -> tuple[str, Contents] | None:
    """Format and contents of the image that was kept in `file`; None where there is none."""
    try:
        return _unpacked(read_checked(file))
    except (OSError, ValueError):
        return None


def keep(digest: str, kind: str, contents: Contents) -> None:
    """Put what a file was decoded to into the cache, if that has room."""
    file = _file(digest)
    with suppress(OSError):
        cache_checked(file, _packed(kind, contents), KEPT)


def _packed(kind: str, contents: Contents) -> bytes:
    """A line of text: format, entry, address and length of each segment; then their bytes."""
    entry = "none" if contents.entry is None else str(contents.entry)
    places = [f"{segment.address} {len(segment.data)}" for segment in contents.segments]
    head = " ".join([kind, entry, *places]).encode()
    return b"".join([head, b"\n", *(segment.data for segment in contents.segments)])


def _unpacked(data: bytes) -> tuple[str, Contents]:
    """What `_packed` was given. Raises ValueError."""
    head, _, body = data.partition(b"\n")
    kind, entry, *places = head.decode("ascii").split()
    segments, at = [], 0
    for address, length in zip(places[::2], places[1::2], strict=True):
        end = at + int(length)
        segments.append(Segment(int(address), body[at:end]))
        at = end
    return kind, Contents(tuple(segments), None if entry == "none" else int(entry))


def _file(digest: str) -> Path:
    return cache_dir() / FOLDER / f"{digest[:32]}-{_decoders()}.image"


@cache
def _decoders() -> str:
    digest = sha256()
    here = Path(__file__).parent
    for source in (*sorted(here.glob("*.py")), here.parent / "peripherals" / "alif" / "atoc.py"):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
