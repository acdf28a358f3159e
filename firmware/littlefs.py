"""Files in the firmware's littlefs, put into a chip's contents or read from them.

The parameters are those with which MicroPython mounts: `_boot.py` of ports/mimxrt gives the
program size, extmod/vfs_lfs.c and vfs_lfsx.c the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .boards import FileSystem
from .errors import FirmwareError

if TYPE_CHECKING:
    from littlefs import LittleFS

_READ_SIZE = 32
_LOOKAHEAD_SIZE = 32
_BLOCK_CYCLES = 100


def put_file(flash: bytearray, where: FileSystem, name: str, data: bytes) -> bool:
    """Write `data` as file `name` (folders with "/", made if missing) into `flash`.

    Formats the file system if its place is erased, and returns whether it did. An older file of
    that name is replaced. A file system that is damaged is an error, and stays as it is.
    """
    import littlefs

    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or not _is_text(name):
        raise FirmwareError(f"{name!r} is no name for a file in the file system")
    work = bytearray(_region(flash, where))
    blank = work.count(0xFF) == len(work)
    try:
        if blank:
            _open(work, where, _version(where)).format()
        system = _mounted(work, where)
        system.makedirs("/".join(parts[:-1]), exist_ok=True)
        with system.open("/".join(parts), "wb") as file:
            file.write(data)
        system.unmount()
    except IsADirectoryError:
        raise FirmwareError(f"{name}: a folder of that name is in the file system") from None
    except (littlefs.LittleFSError, OSError) as error:
        if getattr(error, "code", 0) == littlefs.LittleFSError.Error.LFS_ERR_NOSPC:
            raise FirmwareError(
                f"{name}: {len(data)} bytes do not fit into the file system"
            ) from None
        raise FirmwareError(f"{name}: not written to the file system: {_text(error)}") from None
    flash[where.offset : where.offset + where.size] = work
    return blank


def read_files(flash: bytes | bytearray, where: FileSystem) -> dict[str, bytes]:
    """All files of the file system in `flash` by their paths ("/lib/x.py"), sorted.

    A file system that is damaged is an error.
    """
    from littlefs import LittleFSError

    system = _mounted(bytearray(_region(flash, where)), where)
    files: dict[str, bytes] = {}
    try:
        for folder, _, names in system.walk("/"):
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                with system.open(path, "rb") as file:
                    files[path] = file.read()
                if sum(map(len, files.values())) > where.size:
                    raise FirmwareError("the file system has more bytes in files than in all")
    except (LittleFSError, OSError, ValueError, RecursionError) as error:
        raise FirmwareError(f"the file system cannot be read: {_text(error)}") from None
    return dict(sorted(files.items()))


def _is_text(name: str) -> bool:
    """Whether the firmware could read it: UTF-8 without a NUL, which ends a string of C."""
    return "\0" not in name and name.encode(errors="ignore").decode() == name


def _region(flash: bytes | bytearray, where: FileSystem) -> bytes | bytearray:
    if where.kind != "littlefs":
        raise FirmwareError(f"the board's file system is {where.kind.upper()}, not littlefs")
    if where.offset + where.size > len(flash):
        raise FirmwareError(
            f"the file system ends at flash offset 0x{where.offset + where.size:X}, "
            f"the chip at 0x{len(flash):X}"
        )
    return flash[where.offset : where.offset + where.size]


def _version(where: FileSystem) -> int:
    major, minor = where.disk_version.split(".")
    return int(major) << 16 | int(minor)


def _open(work: bytearray, where: FileSystem, version: int) -> LittleFS:
    from littlefs import LittleFS

    blocks: Any = _Blocks(work)
    return LittleFS(
        context=blocks,
        mount=False,
        block_size=where.block_size,
        block_count=where.size // where.block_size,
        read_size=_READ_SIZE,
        prog_size=where.prog_size,
        cache_size=min(where.block_size, 4 * max(_READ_SIZE, where.prog_size)),
        lookahead_size=_LOOKAHEAD_SIZE,
        block_cycles=_BLOCK_CYCLES,
        disk_version=version,
    )


def _mounted(work: bytearray, where: FileSystem) -> LittleFS:
    """Mount in the disk version that is there.

    A write in a newer one would raise it, and lock older firmware out.
    """
    from littlefs import LittleFSError

    newest = _open(work, where, 0)
    try:
        newest.mount()
        version = newest.fs_stat().disk_version
        newest.unmount()
        system = _open(work, where, version)
        system.mount()
    except LittleFSError as error:
        raise FirmwareError(
            f"no littlefs that can be mounted at flash offset 0x{where.offset:X} "
            f"({_text(error)}); the firmware would format it at boot"
        ) from None
    return system


def _text(error: Exception) -> str:
    """The message of `error` without littlefs-python's number in front."""
    text = str(error)
    return text.split("] ", 1)[-1] or type(error).__name__


class _Blocks:
    """The block device that littlefs-python asks for, on an array of bytes."""

    def __init__(self, data: bytearray) -> None:
        self.data = data

    def read(self, config: Any, block: int, offset: int, size: int) -> bytearray:
        start = block * config.block_size + offset
        return self.data[start : start + size]

    def prog(self, config: Any, block: int, offset: int, data: bytes) -> int:
        start = block * config.block_size + offset
        self.data[start : start + len(data)] = data
        return 0

    def erase(self, config: Any, block: int) -> int:
        start = block * config.block_size
        self.data[start : start + config.block_size] = b"\xff" * config.block_size
        return 0

    def sync(self, config: Any) -> int:
        return 0
