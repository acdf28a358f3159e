"""The parts of a machine that keep their contents without power, and the files in which they are
kept between runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from xipsim.errors import EngineFailed, UserError
from xipsim.peripherals.namedtuple import NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from xipsim.firmware.store import FlashFile
    from xipsim.session.session import Session


class Part(NamedTuple):
    """A flash chip, or a memory.

    name: its entry in the `.repl`. address: of memory on the bus; None: a model with `contents` and
    `fill`. blank: each byte of one that nobody has written.
    """

    name: str
    size: int
    address: int | None = None
    blank: int = 0xFF


class PersistentFiles:
    """Parts and their files, which are locked until `close`."""

    def __init__(self, *, discard: bool) -> None:
        self._discard = discard
        self._files: dict[Part, FlashFile] = {}

    def open(self, part: Part, path: str | os.PathLike[str]) -> bytearray:
        """Keep `part` in the file, created if missing; what it holds. FlashFileError."""
        from xipsim.firmware.store import FlashFile

        file = FlashFile(path, part.size, discard=self._discard, blank=part.blank)
        self._files[part] = file
        return file.contents

    def save(self, read: Callable[[Part], bytes]) -> None:
        """Write all files, each atomically, unless they are discarded. FlashFileError."""
        if self._discard:
            return
        contents = {part: read(part) for part in self._files}
        for part, file in self._files.items():
            file.save(contents[part])

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(file.path for file in self._files.values())

    @property
    def names(self) -> str:
        """The files, for a message."""
        return ", ".join(map(str, self.paths))

    @property
    def as_before(self) -> str:
        """That they are, for a message."""
        return "the file is as it was" if len(self._files) == 1 else "the files are as they were"

    def close(self) -> None:
        """Give the files free; does nothing the second time."""
        for file in self._files.values():
            file.close()


def save_parts(files: PersistentFiles, session: Session) -> None:
    """Write what the machine's parts hold into their files.

    EngineFailed if it cannot be asked any more: the files then are as they were. UserError.
    """
    from xipsim.firmware.errors import FlashFileError

    def read(part: Part) -> bytes:
        if part.address is not None:
            return session.read_memory(part.address, part.size)
        data: bytes = session.call(part.name, "contents")
        return data

    try:
        files.save(read)
    except EngineFailed as error:
        text = f"{files.names}: not saved, {files.as_before}: {error}"
        raise type(error)(text) from error
    except FlashFileError as error:
        raise UserError(str(error)) from error


def make_folder(path: str | os.PathLike[str]) -> None:
    """The folder of a machine's state, if it is missing. UserError where there can be none."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        text = f"{os.fspath(path)}: no folder for the state: {error.strerror}"
        raise UserError(text) from None
