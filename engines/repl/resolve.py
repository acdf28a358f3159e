"""From a board's file and all that it uses to one resolved `Platform`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from xipsim.firmware.files import read_file

from .errors import PlatformError, Problem
from .merge import merge
from .ordering import ordered
from .parse import parse
from .platform import LARGEST, SYSBUS, Place, Platform
from .syntax import Description, Using
from .tags import read_tags

Files = dict[str, str | None]
"""Every file looked at, by path: the SHA-256 of its bytes, None where there was none."""

MOST_FILES = 256
"""That one platform may use: files that each use two others could ask for billions."""
ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds `platforms/`, as Renode's own root does."""


def resolve(path: Path) -> tuple[Platform, Files]:
    """The platform that the file `path` describes, and the files that this depended on.

    Raises PlatformError with everything found wrong.
    """
    try:
        return _resolve(path)
    except RecursionError:
        message = "what is nested here goes too deep, or too many entries name each other in a row"
        raise PlatformError([Problem(Place(str(path), 1, 1), message)]) from None


def _resolve(path: Path) -> tuple[Platform, Files]:
    reader = _Reader()
    reader.read(path, "", (), Place(str(path), 1, 1))
    problems: list[Problem] = []
    merged = merge(reader.parts, problems)
    sysbus = merged.pop(SYSBUS)
    tags = tuple(read_tags(sysbus.init, problems))
    if problems:
        raise PlatformError(problems)
    files = dict.fromkeys(description.file for description, _ in reversed(reader.parts))
    return Platform(tuple(files), tuple(ordered(merged.values())), sysbus, tags), reader.files


class _Reader:
    """Reads a file after those that it uses."""

    def __init__(self) -> None:
        self.parts: list[tuple[Description, str]] = []
        self.files: Files = {}

    def read(self, path: Path, prefix: str, chain: tuple[Path, ...], used: Place) -> None:
        """Read `path`, which the files of `chain` use, the last of them at `used`."""
        if path in chain:
            ring = " -> ".join(p.name for p in (*chain[chain.index(path) :], path))
            raise PlatformError([Problem(used, f"files use each other: {ring}")])
        if len(self.parts) + len(chain) >= MOST_FILES:
            message = f"more than {MOST_FILES} files, counted each time that one is used"
            raise PlatformError([Problem(used, message)])
        description = parse(self._text(path, used), str(path))
        seen: set[str] = set()
        for using in description.usings:
            if using.path in seen:
                raise PlatformError([Problem(using.place, f"{using.path!r} is used twice")])
            seen.add(using.path)
            target = self._locate(using, path)
            self.read(target, prefix + using.prefix, (*chain, path), using.place)
        self.parts.append((description, prefix))

    def _text(self, path: Path, used: Place) -> str:
        try:
            content = read_file(path, LARGEST)
            self.files[str(path)] = hashlib.sha256(content).hexdigest()
            return content.decode("utf-8-sig")
        except OSError as error:
            message = f"cannot read {path}: {error.strerror}"
        except UnicodeDecodeError as error:
            message = f"{path} is no text: byte {error.start} is not UTF-8"
        raise PlatformError([Problem(used, message)])

    def _locate(self, using: Using, file: Path) -> Path:
        candidates = list(dict.fromkeys(_candidates(using.path, file.parent)))
        for candidate in candidates:
            if os.path.isfile(candidate):
                return candidate
            self.files[str(candidate)] = None
        message = f"there is no file {using.path!r}"
        hint = f"Looked for {', '.join(map(_looked_at, candidates))}."
        raise PlatformError([Problem(using.place, message, hint)])


def _looked_at(path: Path) -> str:
    """A file that is none, and whether there is something else."""
    what = "a folder" if os.path.isdir(path) else "no regular file"
    return f"{path} ({what})" if os.path.exists(path) else str(path)


def _candidates(text: str, folder: Path) -> Iterator[Path]:
    """What a `using` may mean: a file next to its own, or below a folder with `platforms/` in it.

    As in Renode, paths that begin with a dot are next to the file, and nowhere else.
    """
    yield Path(os.path.realpath(folder / text))
    if not text.startswith(("./", "../", "/")):
        for root in _roots(folder):
            yield Path(os.path.realpath(root / text))


def _roots(folder: Path) -> list[Path]:
    return [*(parent for parent in folder.parents if (parent / "platforms").is_dir()), ROOT]


def folders_of(files: Iterable[str]) -> list[Path]:
    """The folders in which those files, a board's and what it uses, look for others, in order: what
    Renode, which has one list for all, must be told. Files of ours name theirs from where they are.
    """
    folders = [Path(file).resolve().parent for file in files]
    others = [folder for folder in folders if not folder.is_relative_to(ROOT / "platforms")]
    return list(dict.fromkeys((*others, *(root for folder in others for root in _roots(folder)))))
