"""Alif Ensemble: MicroPython's `firmware.zip`, and raw images that go into MRAM (alif.md 2.2, 2.3).

The Secure Enclave's model reads what lies in MRAM then; this only finds out where it belongs.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from xipsim.peripherals.alif.atoc import (
    APPLICATIONS,
    CERTIFICATE_MAGIC,
    HP_STARTS,
    MAGIC,
    MRAM_BASE,
    MRAM_END,
    RAM,
    TAIL_SIZE,
    Tail,
)

from .errors import ImageError
from .segments import Contents, Piece, Segment, join

if TYPE_CHECKING:
    from zipfile import ZipFile

ZIP = b"PK\x03\x04"
"""The first bytes of a zip archive."""

_LIST = "application_package.ds"
"""The member whose first line says which file goes to which address."""
_COMMAND = ["set", "semihosting", "args"]
_METHODS = (0, 8)
"""Ways to compress a member: not at all, and deflate."""
_MOST_MEMBERS, _MOST_FILES = 10_000, 16
"""In an archive, and in the list; the ports' have ten and three."""


def read_zip(path: str, data: bytes) -> Contents | None:
    """The package in the zip archive `data`; None if it is an archive of something else."""
    # Imported here because no other kind of image needs it.
    from zipfile import BadZipFile, ZipFile
    from zlib import error as DeflateError

    damage = (
        BadZipFile, DeflateError, EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
        struct.error,
    )  # fmt: skip
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            return _read_package(path, archive)
    except damage as error:
        if _LIST.encode() not in data:
            return None
        raise ImageError(
            f"{path}: damaged or truncated package ({error}); download or copy it again"
        ) from None


def _read_package(path: str, archive: ZipFile) -> Contents | None:
    names = archive.namelist()
    listing = _find(names, _LIST) if len(names) <= _MOST_MEMBERS else None
    if listing is None:
        return None
    pieces = []
    for number, (name, address) in enumerate(_pairs(path, _content(path, archive, listing))):
        member = _find(names, name)
        if member is None:
            raise ImageError(
                f"{path}: incomplete: {listing} names {name}, which is not in the archive; "
                "build or download it again"
            )
        content = _content(path, archive, member)
        _check_package(path, member, address, content)
        pieces.append(Piece(address, content, number, len(content) or 1))
    return Contents(join(path, "file", pieces), None)


def _content(path: str, archive: ZipFile, member: str) -> bytes:
    """The member's bytes. A small archive can announce, and hold, gigabytes of them."""
    most = MRAM_END - MRAM_BASE
    if (method := archive.getinfo(member).compress_type) not in _METHODS:
        raise NotImplementedError(f"{member} is compressed by method {method}")
    with archive.open(member) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ImageError(f"{path}: {member} has more bytes than the MRAM ({most}); build it again")
    return content


def read_raw(path: str, data: bytes) -> Contents | None:
    """The raw image `data` at its place in MRAM; None if it is none.

    That is a package or more, up to the end of the ATOC, or a single application.
    """
    tail = _tail(data)
    if tail is not None:
        return Contents((Segment(tail.package + tail.size - len(data), data),), None)
    if data.startswith(CERTIFICATE_MAGIC):
        raise ImageError(
            f"{path}: cut short or damaged: it begins as a package, but does not end as one; "
            "build or download it again"
        )
    start = _application(data)
    if start is None:
        return None
    reset = int.from_bytes(data[4:8], "little")
    if reset - start >= len(data):
        raise ImageError(
            f"{path}: cut short: it ends at 0x{start + len(data):08X}, its reset vector is "
            f"0x{reset:08X}; build or download it again"
        )
    return Contents((Segment(start, data),), None)


def _application(data: bytes) -> int | None:
    """Where `data` belongs if it begins with the vector table of an application."""
    if len(data) < 8:
        return None
    stack, reset = struct.unpack_from("<2I", data)
    if not reset & 1 or stack & 3 or not any(stack - 1 in area for area in RAM):
        return None
    starts = [room.start for room in APPLICATIONS.values() if reset in room]
    if starts and reset - starts[0] >= len(data):
        starts = [at for at in HP_STARTS if 0 <= reset - at < len(data)] or starts
    return next(iter(starts), None)


def _find(members: list[str], name: str) -> str | None:
    """The member called `name`; folders that only one of both names has do not count."""
    for member in members:
        if f"/{member}".endswith(f"/{name}") or f"/{name}".endswith(f"/{member}"):
            return member
    return None


def _pairs(path: str, listing: bytes) -> list[tuple[str, int]]:
    """Files and addresses in the first line of `application_package.ds`."""
    words = listing.decode("utf-8", "replace").partition("\n")[0].split()
    names, addresses = words[3::2], words[4::2]
    try:
        if words[:3] != _COMMAND or len(names) != len(addresses) or not names:
            raise ValueError
        pairs = [(n, int(a, 16)) for n, a in zip(names, addresses, strict=True)]
        if len(pairs) > _MOST_FILES or not all(0 <= at < 1 << 32 for _, at in pairs):
            raise ValueError
        return pairs
    except ValueError:
        raise ImageError(
            f"{path}: the first line of {_LIST} does not list files and addresses; "
            "build or download it again"
        ) from None


def _tail(data: bytes) -> Tail | None:
    """What the tail says, if `data` ends in one and the ATOC is where it points."""
    tail = Tail.parse(data[-TAIL_SIZE:]) if len(data) >= TAIL_SIZE else None
    if tail is None or tail.fault:
        return None
    at = len(data) - (tail.package + tail.size - tail.table)
    return tail if at >= 0 and data.startswith(MAGIC, at) else None


def _check_package(path: str, name: str, address: int, data: bytes) -> None:
    """A package (`firmware.toc.bin`) must end in the tail that describes it."""
    tail = _tail(data)
    if name.endswith(".toc.bin") and (not tail or tail[2:] != (address, len(data))):
        raise ImageError(
            f"{path}: {name} is cut short or damaged: its {len(data)} bytes do not end as the "
            f"package for 0x{address:08X} does; build or download it again"
        )
