"""Facts about boards that concern their images: where they go, where the file system lies.

One TOML file per board, named as MicroPython names the board.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import FirmwareError

_FOLDER = Path(__file__).parent


class FlashFacts(NamedTuple):
    """The flash chip, as the SoC's boot ROM must find it described in an image it starts there.

    `base` is the chip's address for the processor, `size` its bytes, `fcb_offset` where the ROM
    looks for the FCB; `device_type` (1: serial NOR) and `pads` count as in the FCB.
    """

    soc: str
    base: int
    size: int
    device_type: int
    pads: int
    fcb_offset: int = 0


class MemoryFacts(NamedTuple):
    """A memory on the bus, not a flash chip, that holds the image and keeps it without power.

    `name` is its entry in the board's `.repl`.
    """

    name: str
    base: int
    size: int


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
    `memory` is where the image goes; None: into the flash chip. `console` is the entry of the one
    where its REPL is best talked to; empty: the USB serial port.
    """

    name: str
    product: str
    machine: str
    download: str
    release: str
    files: tuple[str, ...]
    flash: FlashFacts
    memory: MemoryFacts | None
    filesystem: FileSystem
    console: str = ""


def names() -> list[str]:
    """The boards with facts, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str) -> Board:
    """The facts of the board `name`; an unknown one is an error that offers the nearest name."""
    if name not in names():
        raise FirmwareError(f"no board {name!r}: {_nearest(name)}")
    return read(_FOLDER / f"{name}.toml")


@cache
def read(path: Path) -> Board:
    """The facts in the TOML file `path`; the board is named as the file."""
    import tomllib

    facts: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    memory = facts.pop("memory", None)
    return Board(
        name=path.stem,
        files=tuple(facts.pop("files")),
        flash=FlashFacts(**facts.pop("flash")),
        memory=MemoryFacts(**memory) if memory else None,
        filesystem=FileSystem(**facts.pop("filesystem")),
        **facts,
    )


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.upper(), names(), n=1)
    return f"did you mean {near[0]}?" if near else f"the boards are {', '.join(names())}"
