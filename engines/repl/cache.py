"""Platforms parsed before, in the user's cache. Nothing here needs the parser, nor lark.

A cached platform counts as long as every file that it came from has the same bytes, and the
sources of the parser are the same. A cache that cannot be read or written is no error.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from xipsim.engines import unpickle
from xipsim.firmware.files import read_file
from xipsim.firmware.store import cache_dir, cache_folder, read_checked, write_checked

from . import platform as records
from .platform import LARGEST, Platform

FOLDER = "platforms"


def load(path: str | os.PathLike[str]) -> Platform:
    """The platform that the `.repl` file `path` describes. Raises PlatformError."""
    source = Path(os.path.realpath(path))
    entry = cache_dir() / FOLDER / f"{_key(source)}.pickle"
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
        return hashlib.sha256(read_file(file, LARGEST)).hexdigest() == digest
    except OSError:
        return digest is None


def _read(entry: Path) -> Platform | None:
    try:
        data = read_checked(entry)
        length = int.from_bytes(data[:4], "little")
        files = unpickle.loads(data[4 : 4 + length], ours=())
        if not all(_unchanged(name, digest) for name, digest in files.items()):
            return None
        platform = _loads(data[4 + length :])
    except FileNotFoundError:
        return None
    except Exception as error:  # a damaged pickle can raise anything
        _tell("cannot use %s: %s", entry, error)
        return None
    return platform if isinstance(platform, Platform) else None


@lru_cache(maxsize=8)
def _loads(data: bytes) -> Any:
    return unpickle.loads(data, ours=(records.__name__,))


def _write(entry: Path, files: dict[str, str | None], platform: Platform) -> None:
    head, body = (pickle.dumps(part, protocol=5) for part in (files, platform))
    try:
        cache_folder(FOLDER)
        write_checked(entry, len(head).to_bytes(4, "little") + head + body)
    except OSError as error:
        _tell("cannot cache in %s: %s", entry.parent, error)


def _tell(message: str, *values: object) -> None:
    import logging  # at the start it would cost more than the whole look-up

    logging.getLogger(__name__).info(message, *values)
