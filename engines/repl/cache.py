"""Platforms parsed before, in the user's cache. Nothing here needs the parser, nor lark.

A cached platform counts as long as every file that it came from has the same bytes, and the
sources of the parser are the same. A cache that cannot be read or written is no error.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from functools import cache
from pathlib import Path

from xipsim.firmware.store import cache_dir, write_atomic

from .platform import Platform


def load(path: str | os.PathLike[str]) -> Platform:
    """The platform that the `.repl` file `path` describes. Raises PlatformError."""
    source = Path(path).resolve()
    entry = cache_dir() / "platforms" / f"{_key(source)}.pickle"
    cached = _read(entry)
    if cached is not None:
        return cached
    from .resolve import resolve  # brings lark

    platform, files = resolve(source)
    _write(entry, files, platform)
    return platform


def _key(source: Path) -> str:
    text = f"{source}\n{sys.version_info[:2]}\n{_parser()}"
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _parser() -> str:
    """A digest of the parser's sources."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for name in sorted(os.listdir(here)):
        if name.endswith((".py", ".lark")):
            digest.update((here / name).read_bytes())
    return digest.hexdigest()


def _unchanged(file: str, digest: str | None) -> bool:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() == digest
    except OSError:
        return digest is None


def _read(entry: Path) -> Platform | None:
    try:
        with entry.open("rb") as file:
            files: dict[str, str | None] = pickle.load(file)
            if not all(_unchanged(name, digest) for name, digest in files.items()):
                return None
            platform = pickle.load(file)
    except FileNotFoundError:
        return None
    except Exception as error:  # a damaged pickle can raise anything
        _warn("cannot use %s: %s", entry, error)
        return None
    return platform if isinstance(platform, Platform) else None


def _write(entry: Path, files: dict[str, str | None], platform: Platform) -> None:
    try:
        write_atomic(entry, b"".join(pickle.dumps(part, protocol=5) for part in (files, platform)))
    except OSError as error:
        _warn("cannot cache in %s: %s", entry.parent, error)


def _warn(message: str, *values: object) -> None:
    import logging  # at the start it would cost more than the whole look-up

    logging.getLogger(__name__).warning(message, *values)
