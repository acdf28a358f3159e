"""Which image a board runs: the user's cache of images, and the other places to look.

The cache holds `firmware/<BOARD>/<hash>-<name>` with a JSON file of the same name beside it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from xipsim.peripherals.namedtuple import NamedTuple

from . import boards, images
from .errors import FirmwareError
from .files import MEGABYTE, read_file, reason
from .store import NO_HOME, cache_dir, cache_folder, write_atomic

FOLDER = "firmware"
SEARCH_PATH = "XIPSIM_FIRMWARE_PATH"
"""The environment variable that lists files and folders with images, as PATH does."""

# E.g. v1.18-379-g63dabfeb2 on 2022-04-25 (MICROPY_GIT_TAG " on " MICROPY_BUILD_DATE).
_VERSION = re.compile(rb"v\d+\.\d+[\w.+-]* on \d{4}-\d\d-\d\d")


class Identity(NamedTuple):
    """What an image says of itself: MicroPython's version and the board; "" where it does not."""

    version: str
    board: str


class Entry(NamedTuple):
    """An image in the cache. `origin`: file or URL it came from; `added`: ISO time, UTC."""

    board: str
    path: Path
    sha256: str
    version: str
    origin: str
    added: str


class Found(NamedTuple):
    """The image to use, and in words the place where it was found.

    sha256: what its bytes had when they were put into the cache; empty elsewhere.
    """

    path: Path
    place: str
    sha256: str = ""

    def load(self) -> images.Image:
        """The image. FirmwareError where it is not the one that was put into the cache."""
        image = images.load(self.path)
        if self.sha256 and image.sha256 != self.sha256:
            raise FirmwareError(f"{self.path}: changed or damaged; delete it and add it again")
        return image


def where() -> Path:
    """The folder of the cache that holds images."""
    return cache_dir() / FOLDER


def identify(image: images.Image) -> Identity:
    """Find version and board in the image's bytes, else the board in the file's name."""
    data = b"\0".join(segment.data for segment in image.segments)
    version = _VERSION.search(data)
    names = [name for name in boards.names() if boards.load(name).machine.encode() in data]
    if not names:
        names = [name for name in boards.names() if _is_named(Path(image.path).name, name)]
    return Identity(
        version=version[0].decode() if version else "", board=names[0] if len(names) == 1 else ""
    )


def add(path: str | os.PathLike[str], board: str | None = None, *, origin: str = "") -> Entry:
    """Copy the image `path` into the cache as one for `board`, else for the board it names.

    origin: where it came from, if that is not `path`.
    """
    image = images.load(path)
    if image.format == "bin":
        image.check_bootable()
    identity = identify(image)
    name = boards.load(board or identity.board).name if board or identity.board else None
    if name is None:
        raise FirmwareError(
            f"{image.path}: neither the image nor its name says for which board it is; "
            f"name it with --board, one of {', '.join(boards.names())}"
        )
    source = Path(image.path).resolve()
    entry = Entry(
        board=name,
        path=where() / name / f"{image.sha256[:12]}-{source.name}",
        sha256=image.sha256,
        version=identity.version,
        origin=origin or str(source),
        added=datetime.now(UTC).isoformat(),
    )
    try:
        data = read_file(source)
        if sha256(data).hexdigest() != image.sha256:
            raise FirmwareError(f"{source}: changed while it was read; add it again")
        cache_folder(FOLDER)
        write_atomic(entry.path, data)
        facts = {key: value for key, value in entry._asdict().items() if key != "path"}
        write_atomic(_facts(entry.path), json.dumps(facts, indent=2).encode())
    except OSError as error:
        if NO_HOME in entry.path.parents:
            raise FirmwareError("there is no home for a cache: set XIPSIM_CACHE or HOME") from None
        raise FirmwareError(f"{entry.path}: cannot be written: {error.strerror}") from None
    return entry


def entries(board: str | None = None) -> list[Entry]:
    """The images in the cache, those for `board` if given: by board, the newest added first."""
    folders = [board] if board else _names(where())
    found: list[Entry] = []
    for name in folders:
        paths = [where() / name / file for file in _names(where() / name) if file.endswith(".json")]
        of_board = [_entry(path) for path in paths if path.with_suffix("").exists()]
        found += sorted(of_board, key=lambda entry: entry.added, reverse=True)
    return found


def info(ref: str) -> tuple[images.Image, Identity]:
    """Load the image that `ref` names: a file, a board, or the beginning of a hash in the cache."""
    image = _resolve(ref).load()
    return image, identify(image)


def find(board: str) -> Found:
    """The image that `board` runs if none is given; an error says how to get one."""
    facts = boards.load(board)
    cached = entries(facts.name)
    if cached:
        return Found(cached[0].path, "the user cache", cached[0].sha256)
    for folder, place in _places():
        if path := _search(folder, facts):
            return Found(path, place)
    looked = "".join(f"\n  {place}: {folder}{_trouble(folder)}" for folder, place in _places())
    raise FirmwareError(
        f"no firmware for {board}. Type\n"
        f"  xipsim firmware get {facts.name}\n"
        f"or download a file named {facts.release} from {facts.download} and type\n"
        f"  xipsim firmware add FILE\n"
        f"Looked in\n  the user cache: {where() / board}{looked}"
    )


def _resolve(ref: str) -> Found:
    if os.path.isfile(ref):
        return Found(Path(ref), "as given")
    if ref in boards.names():
        return find(ref)
    matching = [e for e in entries() if e.sha256.startswith(ref) or e.path.name == ref]
    if len({e.path for e in matching}) == 1:
        return Found(matching[0].path, "the user cache", matching[0].sha256)
    what = f"{len(matching)} images of the cache" if matching else "no file, board or cached image"
    raise FirmwareError(f"{ref!r} names {what}")


def _places() -> Iterator[tuple[Path, str]]:
    """Where to look after the cache, with words for it."""
    for item in os.environ.get(SEARCH_PATH, "").split(os.pathsep):
        if item:
            yield Path(item), SEARCH_PATH
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").exists():
        yield checkout.parent / "shared" / "firmware", "../shared/firmware next to the checkout"


def _search(place: Path, board: boards.Board) -> Path | None:
    """The image of `board` in a folder, or the file `place` itself if it is one."""
    if os.path.isfile(place):
        matching = any(place.match(pattern) for pattern in board.files)
        return place if matching or identify(images.load(place)).board == board.name else None
    for pattern in board.files:
        try:
            paths = sorted(place.glob(pattern))
        except OSError:  # closed to us, or no name that the system takes
            return None
        if paths:
            # A release's name holds its date and version, so the last in order is the newest.
            return paths[-1]
    return None


def _trouble(place: Path) -> str:
    """Behind the name of a place where nothing was found: why, if it cannot be looked at."""
    try:
        os.listdir(place)
    except NotADirectoryError:
        return ""  # a file, and not this board's
    except (OSError, ValueError) as error:
        return f" ({reason(error)})"
    return ""


def _is_named(file: str, board: str) -> bool:
    """Whether `file` is named after `board`: TEENSY41.hex, TEENSY41-20240602-v1.23.0.hex."""
    return re.match(rf"{re.escape(board)}(?![A-Za-z0-9])", file, re.IGNORECASE) is not None


def _names(folder: Path) -> list[str]:
    """What is in a folder of the cache, sorted: nothing if there is none. FirmwareError."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise FirmwareError(f"{folder}: cannot be read: {error.strerror}") from None


def _facts(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _entry(path: Path) -> Entry:
    try:
        facts = json.loads(read_file(path, MEGABYTE))
        if not all(isinstance(value, str) for value in facts.values()):
            raise ValueError
        return Entry(path=path.with_suffix(""), **facts)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        raise FirmwareError(f"{path}: damaged; delete it and add the image again") from None
