"""Files that are either old or new, never half: atomic writes, the cache, chips kept in files."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from .cache import cache_path
from .errors import FlashFileError
from .files import read_file

_SUFFIX = ".xipsim-new"
_CHECK = 4
"""Bytes of a checksum, CRC-32: against damage, not against people."""
NO_HOME = Path(os.devnull, "set HOME or XIPSIM_CACHE")
"""The cache of who has no home: nothing can be there, and writing is an OSError that says this."""


def cache_dir() -> Path:
    """The user's cache: XIPSIM_CACHE, else xipsim in XDG_CACHE_HOME or in ~/.cache."""
    return Path(cache_path() or NO_HOME)


def cache_folder(name: str) -> Path:
    """A folder of the cache, made if it is missing, for its owner alone. Raises OSError."""
    folder = cache_dir() / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid == os.geteuid():
        folder.chmod(0o700)
    return folder


def write_checked(path: Path, data: bytes) -> None:
    """As `write_atomic`, with a checksum for `read_checked`."""
    write_atomic(path, zlib.crc32(data).to_bytes(_CHECK, "little") + data)


def read_checked(path: Path) -> bytes:
    """What `write_checked` has written. Raises OSError, and ValueError for anything else."""
    data = read_file(path)
    if zlib.crc32(data[_CHECK:]).to_bytes(_CHECK, "little") != data[:_CHECK]:
        raise ValueError("it is cut short or damaged")
    return data[_CHECK:]


def write_atomic(path: str | os.PathLike[str], data: bytes | bytearray) -> None:
    """Make `data` the contents of `path`; its folder is made if missing.

    A crash, a kill or a full disk leaves the old file or the new one, whole. It is never locked:
    .NET, and so Renode, opens no file that is. Raises OSError, also where that is a device or a
    pipe: those are no files to be replaced.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise OSError(errno.EINVAL, "it is no regular file")
    target.parent.mkdir(parents=True, exist_ok=True)
    os.close(_replace(target, data))


def cache_checked(file: Path, data: bytes, count: int) -> None:
    """Put `data` into the cache as `file`, for `read_checked`; of its kind, `count` stay.

    Raises OSError.
    """
    cache_folder(file.parent.name)
    write_checked(file, data)
    keep_newest(file.parent, f"*{file.suffix}", count)


def mark_used(file: Path) -> None:
    """See that it counts as just used for `keep_newest`. Raises OSError where there is none."""
    os.utime(file)  # `touch` would make it anew, empty


def write_once(path: Path, data: bytes) -> bool:
    """See that `path` holds `data`, and counts as just used; whether it had to be written.

    Other processes may write it, or delete it, meanwhile. Raises OSError.
    """
    with suppress(FileNotFoundError):
        if path.is_file() and path.read_bytes() == data:
            mark_used(path)
            return False
    write_atomic(path, data)
    return True


def keep_newest(folder: Path, pattern: str, count: int) -> None:
    """Delete all files of `folder` that match but the `count` touched last. Raises OSError."""
    ages = []
    for file in folder.glob(pattern):
        with suppress(FileNotFoundError):  # another process tidies up, too
            ages.append((file.stat().st_mtime_ns, file))
    for _, old in sorted(ages)[:-count]:
        old.unlink(missing_ok=True)


class FlashFile:
    """A file that holds a whole chip from its offset 0, locked against a second user.

    A missing file, or one without a byte, stands for an erased chip (`created`), every byte
    `blank`. It gets its bytes when they are saved: a process that is killed before leaves no erased
    chip that somebody would take for the firmware. With `discard` the file is only read: it is
    neither created, locked nor changed, and gives what was last saved.

    The lock is `flock` on the file itself. Saving puts a new file in its place, which is locked
    before it gets the name; so who opens the name always meets the lock, and who got hold of the
    old file sees that it has lost its name. Nothing stays beside the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: int,
        *,
        discard: bool = False,
        blank: int = 0xFF,
    ) -> None:
        if os.fspath(path).endswith(os.sep):
            raise FlashFileError(f"{os.fspath(path)}: this is how a folder is named; name a file")
        try:
            self.path = Path(os.path.realpath(path))
        except OSError as error:  # a relative one, and the working directory is gone
            text = f"{os.fspath(path)}: cannot be used: {error.strerror}"
            raise FlashFileError(text) from None
        self.size = size
        self.blank = blank
        self.discard = discard
        self.created = self._is_empty_and_ours = False
        self._descriptor: int | None = None
        try:
            if discard and not self.path.exists():
                self.contents = self._erased()
                return
            read_only = os.O_RDONLY | os.O_NONBLOCK
            self._descriptor = os.open(self.path, read_only) if discard else self._lock()
            self.contents = self._read(self._descriptor)
            if not discard:
                self._remove_leftovers()
        except OSError as error:
            self.close()
            raise FlashFileError(f"{self.path}: cannot be used: {error.strerror}") from None
        except FlashFileError:
            self.close()
            raise

    def __enter__(self) -> FlashFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def save(self, contents: bytes | bytearray) -> None:
        """Replace the file atomically by `contents`; with `discard`, do nothing."""
        if len(contents) != self.size:
            raise ValueError(f"{len(contents)} bytes for a chip of {self.size}")
        if self.discard:
            return
        if self._descriptor is None:
            raise ValueError(f"{self.path} is closed")
        try:
            mode = stat.S_IMODE(os.fstat(self._descriptor).st_mode)
            descriptor = _replace(self.path, contents, mode=mode, locked=True)
        except OSError as error:
            raise FlashFileError(
                f"{self.path}: not saved, the file is as it was: {error.strerror}"
            ) from None
        os.close(self._descriptor)
        self._descriptor = descriptor
        self._is_empty_and_ours = False

    def close(self) -> None:
        """Give the lock up; does nothing the second time."""
        if self._descriptor is None:
            return
        if self._is_empty_and_ours:
            with suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = None

    def _erased(self) -> bytearray:
        return bytearray((self.blank,)) * self.size

    def _lock(self) -> int:
        """Open the file and lock it; one that is missing is made without a byte."""
        if not os.access(self.path.parent, os.W_OK):
            raise FlashFileError(
                f"{self.path}: its folder is missing or cannot be written; "
                "with --discard a flash file is only read"
            )
        while True:
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
            except FileNotFoundError:
                self._create()
                continue
            try:
                self._claim(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            if self._is_current(descriptor):
                return descriptor
            os.close(descriptor)

    def _claim(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FlashFileError(
                f"{self.path}: in use by another machine; end that one, use another file, "
                "or only read this one with --discard"
            ) from None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _create(self) -> None:
        with suppress(FileExistsError):  # somebody else was faster
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            self._is_empty_and_ours = True

    def _read(self, descriptor: int) -> bytearray:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FlashFileError(f"{self.path}: no regular file")
        if status.st_size == 0:
            self.created = True
            return self._erased()
        if status.st_size != self.size:
            raise FlashFileError(
                f"{self.path}: {status.st_size} bytes, but what it keeps has {self.size}; "
                "such a file holds the whole chip, or card, from offset 0"
            )
        contents = bytearray(self.size)
        with open(descriptor, "rb", closefd=False) as file:
            file.readinto(contents)
        return contents

    def _remove_leftovers(self) -> None:
        """Remove what a killed process left behind; nobody else saves while this lock is held."""
        for left in self.path.parent.glob(f".{glob.escape(self.path.name)}.*{_SUFFIX}"):
            left.unlink(missing_ok=True)


def _write_beside(target: Path, data: bytes | bytearray) -> tuple[int, Path]:
    """Write `data` to a new file in the folder of `target`, down to the disk; leave it open."""
    new = target.with_name(f".{target.name}.{os.urandom(6).hex()}{_SUFFIX}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except BaseException:
        os.close(descriptor)
        new.unlink(missing_ok=True)
        raise
    return descriptor, new


def _replace(
    target: Path, data: bytes | bytearray, *, mode: int | None = None, locked: bool = False
) -> int:
    """Put a file with `data` in the place of `target`; return it, still open."""
    descriptor, new = _write_beside(target, data)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
        if locked:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.replace(new, target)
    except BaseException:
        os.close(descriptor)
        new.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # some file systems cannot sync a folder
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return descriptor
