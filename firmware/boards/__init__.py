"""What MicroPython alone knows of a board: its images, and where its firmware keeps its files.

One TOML file per board, named as MicroPython names the board. What the board is made of stands in
the `.repl` of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, get_type_hints

from xipsim.peripherals.namedtuple import NamedTuple

from ..errors import FirmwareError
from ..store import cache_checked, cache_dir, read_checked

_FOLDER = Path(__file__).parent
FOLDER = "boards"
"""Of the cache."""
KEPT = 32
"""Files that stay in it."""


class FileSystem(NamedTuple):
    """Where the firmware keeps its file system: offset in flash and sizes in bytes.

    `kind` is "littlefs" or "fat". Of a littlefs, `disk_version` is the format that every firmware
    of the board can mount.
    """

    offset: int
    size: int
    block_size: int
    kind: str = "littlefs"
    prog_size: int = 0
    disk_version: str = ""


class Board(NamedTuple):
    """One board.

    `machine` is the text by which its firmware names it; `files` are patterns of file names, the
    first that matches is taken; `release` shows what a file of the `download` page is called.
    `module` is the one of its firmware that has the class Flash. `memory` is the entry of the
    memory where the image goes; empty: into the flash chip. `console` is the entry of the one where
    its REPL is best talked to; empty: the USB serial port. `pins` are port and number of each pin
    that the firmware knows by a name (`gpio1/3`); a `*` on both sides stands for any number.
    """

    name: str
    product: str
    machine: str
    download: str
    release: str
    module: str
    files: tuple[str, ...]
    filesystem: FileSystem
    memory: str = ""
    console: str = ""
    pins: Mapping[str, str] = {}


def names() -> list[str]:
    """The boards with facts, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str) -> Board:
    """The facts of the board `name`; an unknown one is an error that offers the nearest name."""
    if name not in names():
        raise FirmwareError(f"no board {name!r}: {_nearest(name)}")
    return read(_FOLDER / f"{name}.toml")


_KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    int: ("a number from 0 on", lambda value: type(value) is int and value >= 0),
    str: ("a string", lambda value: isinstance(value, str)),
    tuple: (
        "a list of strings",
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    ),
    FileSystem: ("a table", lambda value: isinstance(value, dict)),
    Mapping[str, str]: (
        "a table of strings",
        lambda value: isinstance(value, dict)
        and all(isinstance(item, str) for item in value.values()),
    ),
}
"""Values in a TOML file, by the type of what is made of them: in words, and a test."""


@cache
def read(path: Path) -> Board:
    """The facts in the TOML file `path`; the board is named as the file. FirmwareError."""
    try:
        facts = _tables(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FirmwareError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # also where a number or a text is none
        raise FirmwareError(f"{path}: no TOML: {error}") from None
    facts = _checked(path, "", {"name": path.stem, **facts}, Board)
    facts["files"] = tuple(facts["files"])
    table = _checked(path, "filesystem.", facts.pop("filesystem"), FileSystem)
    return Board(filesystem=FileSystem(**table), **facts)


def _tables(text: str) -> dict[str, Any]:
    """What the TOML says. Kept as JSON: importing what reads TOML takes 3 ms of each start."""
    import json

    kept = cache_dir() / FOLDER / f"{sha256(text.encode()).hexdigest()[:32]}.json"
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads(read_checked(kept))
        if isinstance(known, dict):
            return known
    import tomllib

    tables = tomllib.loads(text)
    with suppress(OSError, TypeError):  # a date, which `_checked` will refuse
        cache_checked(kept, json.dumps(tables).encode(), KEPT)
    return tables


def _checked(
    path: Path, prefix: str, table: dict[str, Any], record: type[NamedTuple]
) -> dict[str, Any]:
    """The table, if it has what the record has and nothing else, each of its type."""
    fields = get_type_hints(record)
    for key, value in table.items():
        if key not in fields:
            raise FirmwareError(f"{path}: {prefix}{key} means nothing{_near(key, fields)}")
        kind = fields[key] if fields[key] in _KINDS else tuple
        expected, fits = _KINDS[kind]
        if not fits(value):
            raise FirmwareError(f"{path}: {prefix}{key}: expected {expected}, given {value!r}")
    if missing := [key for key in fields if key not in (*table, *record._field_defaults)]:
        raise FirmwareError(f"{path}: {prefix}{missing[0]} is missing")
    return table


def _near(key: str, fields: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, [*fields], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.upper(), names(), n=1)
    return f"did you mean {near[0]}?" if near else f"the boards are {', '.join(names())}"
