"""Entries of a folder in a FAT volume, with their short and long names."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from xipsim.peripherals.namedtuple import NamedTuple

from ..errors import FirmwareError

SIZE = 32
READ_ONLY, HIDDEN, SYSTEM, LABEL, FOLDER, ARCHIVE = 1, 2, 4, 8, 0x10, 0x20
_LONG = READ_ONLY | HIDDEN | SYSTEM | LABEL
_DELETED, _END = 0xE5, 0x00
_LAST = 0x40
_LETTERS = 13
"""UTF-16 units of a long name in one entry."""
_SHORT = struct.Struct("<11sBBBHHHHHHHI")
_DATE = 1 << 5 | 1
"""1 January 1980: what is written shall not depend on the day."""
_ALLOWED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$%'-_@~`!(){}^#&")
_FORBIDDEN = set('\\/:*?"<>|')


class FatError(FirmwareError):
    """A volume is damaged, full, or has no such file."""


class Entry(NamedTuple):
    """A file, folder or label. first, length: which entries of 32 bytes it takes in its folder."""

    name: str
    short: bytes
    attributes: int
    cluster: int
    size: int
    first: int
    length: int

    @property
    def is_folder(self) -> bool:
        """Whether it holds others."""
        return bool(self.attributes & FOLDER)


def parse(data: bytes) -> Iterator[Entry]:
    """The entries of a folder, deleted ones left out."""
    parts: list[bytes] = []
    for at in range(0, len(data) - SIZE + 1, SIZE):
        raw = data[at : at + SIZE]
        if raw[0] == _END:
            return
        if raw[0] == _DELETED:
            parts = []
        elif raw[11] & 0x3F == _LONG:
            if raw[0] & _LAST:
                parts = []
            parts.insert(0, raw[1:11] + raw[14:26] + raw[28:32])
        else:
            number = at // SIZE
            yield _entry(raw, _long_name(parts), number - len(parts), len(parts) + 1)
            parts = []


def _entry(raw: bytes, long: str, first: int, count: int) -> Entry:
    short, attributes, _, _, _, _, _, high, _, _, low, size = _SHORT.unpack(raw)
    name = long or _readable(short)
    return Entry(name, short, attributes, high << 16 | low, size, first, count)


def _long_name(parts: list[bytes]) -> str:
    text = b"".join(parts).decode("utf-16-le", "replace")
    return text.partition("\0")[0]


def _readable(short: bytes) -> str:
    stem, suffix = (part.decode("cp437").rstrip() for part in (short[:8], short[8:]))
    return f"{stem}.{suffix}" if suffix else stem


def free_run(data: bytes, count: int) -> int | None:
    """Number of the first of `count` free entries in a row; None where there are not as many."""
    run = 0
    for at in range(0, len(data), SIZE):
        if data[at] == _END:
            first = at // SIZE - run
            return first if (first + count) * SIZE <= len(data) else None
        run = run + 1 if data[at] == _DELETED else 0
        if run == count:
            return at // SIZE - run + 1
    return None


def make(name: str, taken: set[bytes], cluster: int, size: int) -> bytes:
    """The entries of a new file. taken: short names that its folder has already."""
    # What ends in a dot or a blank, `.` and `..` included, other systems look for without it.
    if not name or len(name) > 255 or name[-1] in ". " or _FORBIDDEN & {*name} or min(name) < " ":
        raise FatError(f"{name!r} is no name for a file in a FAT volume")
    short, is_whole = _short_name(name, taken)
    entry = _SHORT.pack(
        short, ARCHIVE, 0, 0, 0, _DATE, _DATE, cluster >> 16, 0, _DATE, cluster & 0xFFFF, size
    )
    return entry if is_whole else b"".join(_long_entries(name, short)) + entry


def moved(raw: bytes, cluster: int, size: int) -> bytes:
    """The last of an entry's 32 bytes, with other contents."""
    high, low = struct.pack("<H", cluster >> 16), struct.pack("<HI", cluster & 0xFFFF, size)
    return raw[:20] + high + raw[22:26] + low


def _short_name(name: str, taken: set[bytes]) -> tuple[bytes, bool]:
    """The name in 8.3 letters, and whether it says all of `name`."""
    stem, _, suffix = name.upper().rpartition(".") if "." in name.strip(".") else (name, "", "")
    stem = stem.upper()
    letters = [
        "".join(c if c in _ALLOWED else "_" for c in part if c not in " .")
        for part in (stem, suffix)
    ]
    fits = letters == [stem, suffix] and 0 < len(stem) <= 8 and len(suffix) <= 3
    short = _padded(*letters)
    if fits and short not in taken:
        return short, name == name.upper()
    for number in range(1, 10**6):
        tail = f"~{number}"
        short = _padded((letters[0] or "_")[: 8 - len(tail)] + tail, letters[1])
        if short not in taken:
            return short, False
    raise FatError(f"{name}: its folder has no short name left for it")


def _padded(stem: str, suffix: str) -> bytes:
    return f"{stem[:8]:8}{suffix[:3]:3}".encode("ascii")


def _long_entries(name: str, short: bytes) -> Iterator[bytes]:
    units = name.encode("utf-16-le")
    units += b"\0\0" if len(units) // 2 % _LETTERS else b""
    count = -(-len(units) // (2 * _LETTERS))
    units = units.ljust(2 * _LETTERS * count, b"\xff")
    check = 0
    for byte in short:
        check = ((check & 1) << 7) + (check >> 1) + byte & 0xFF
    for number in range(count, 0, -1):
        part = units[2 * _LETTERS * (number - 1) : 2 * _LETTERS * number]
        order = number | (_LAST if number == count else 0)
        head = bytes((order,)) + part[:10] + bytes((_LONG, 0, check))
        yield head + part[10:22] + b"\0\0" + part[22:]
