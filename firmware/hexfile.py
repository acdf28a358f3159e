"""Intel HEX, record types 00 to 05 (Intel, Hexadecimal Object File Format, revision A, 1988).

Neighbouring lines of the same length are checked and decoded together, column by column: slices
with a stride cost no bytecode per line.
"""

from __future__ import annotations

import binascii
from itertools import groupby
from typing import NoReturn

from .errors import ImageError
from .segments import Contents, Piece, join

DATA, END, SEGMENT_BASE, SEGMENT_START, LINEAR_BASE, LINEAR_START = range(6)

_PAYLOAD = {END: 0, SEGMENT_BASE: 2, SEGMENT_START: 4, LINEAR_BASE: 2, LINEAR_START: 4}

# Length, address (2), type and checksum: the bytes of a record that are not its payload.
_OVERHEAD = 5


def read(path: str, text: bytes) -> Contents:
    """Decode the Intel HEX file `text`; `path` is for messages."""
    reader = _Reader(path)
    number = 1
    for length, group in groupby(map(bytes.rstrip, text.splitlines()), len):
        lines = list(group)
        if length:
            reader.take(number, lines)
        number += len(lines)
    return reader.finish()


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.base = 0
        self.limit = 1 << 32  # the address space that `base` and the record's address may reach
        self.pieces: list[Piece] = []
        self.entry: int | None = None
        self.ended = False

    def fail(self, number: int, what: str) -> NoReturn:
        raise ImageError(f"{self.path}: line {number}: {what}; build or download the image again")

    def take(self, number: int, lines: list[bytes]) -> None:
        """Take `lines`, all of the same length, the first of them line `number`."""
        raw = _decode(lines)
        if raw is None:
            for line in lines:
                self._explain(number, line)
                number += 1
        assert raw is not None
        width = len(raw) // len(lines)
        if not self.ended and not any(raw[3::width]) and self._run(number, raw, width):
            return
        for start in range(0, len(raw), width):
            self._record(number, raw[start : start + width - 1])
            number += 1

    def finish(self) -> Contents:
        if not self.ended:
            raise ImageError(
                f"{self.path}: the end-of-file record (:00000001FF) is missing, so the file is "
                "truncated; download or copy it again"
            )
        return Contents(join(self.path, "line", self.pieces), self.entry)

    def _run(self, number: int, raw: bytes, width: int) -> bool:
        """Take data records at consecutive addresses as one piece; False if they are not that."""
        size = width - _OVERHEAD
        count = len(raw) // width
        first = raw[1] << 8 | raw[2]
        columns = zip(raw[1::width], raw[2::width], strict=True)
        addresses = [high << 8 | low for high, low in columns]
        if not size or addresses != list(range(first, first + count * size, size)):
            return False
        if self.base + addresses[-1] + size > self.limit:
            return False
        data = bytearray(count * size)
        for column in range(size):
            data[column::size] = raw[4 + column :: width]
        self.pieces.append(Piece(self.base + first, bytes(data), number, size))
        return True

    def _record(self, number: int, record: bytes) -> None:
        """Take one record without its checksum."""
        if self.ended:
            self.fail(number, "there are records after the end-of-file record")
        offset, kind, payload = record[1] << 8 | record[2], record[3], record[4:]
        value = int.from_bytes(payload, "big")
        if kind != DATA and _PAYLOAD.get(kind) != len(payload):
            known = f"holds {len(payload)} bytes" if kind in _PAYLOAD else "is not known"
            self.fail(number, f"record type {kind:02X} {known}")
        if kind == DATA:
            self._data(number, self.base + offset, payload)
        elif kind == END:
            self.ended = True
        elif kind == SEGMENT_BASE:
            self.base = value << 4
            self.limit = self.base + 0x10000
        elif kind == LINEAR_BASE:
            self.base = value << 16
            self.limit = 1 << 32
        elif kind == SEGMENT_START:
            self.entry = ((value >> 16) << 4) + (value & 0xFFFF)
        else:
            self.entry = value

    def _data(self, number: int, address: int, payload: bytes) -> None:
        if address + len(payload) > self.limit:
            self.fail(number, f"its data run past the end of the segment, 0x{self.limit:X}")
        if payload:
            self.pieces.append(Piece(address, payload, number, len(payload)))

    def _explain(self, number: int, line: bytes) -> None:
        """Raise what is wrong with `line`, if anything is."""
        if not line.startswith(b":"):
            self.fail(number, "it does not begin with ':'")
        try:
            raw = binascii.unhexlify(line[1:])
        except binascii.Error:
            self.fail(number, "it is truncated or holds other characters than hexadecimal digits")
        if not raw or len(raw) != raw[0] + _OVERHEAD:
            says = f"its length byte says {raw[0]} data bytes" if raw else "it is empty"
            self.fail(number, f"truncated line: {says}, it holds {max(0, len(raw) - _OVERHEAD)}")
        if sum(raw) & 0xFF:
            right = -sum(raw[:-1]) & 0xFF
            self.fail(number, f"bad checksum: it is {raw[-1]:02X}, its bytes make {right:02X}")


def _decode(lines: list[bytes]) -> bytes | None:
    """The bytes of `lines`, all of the same length, or None if there is a mistake in them."""
    count, length = len(lines), len(lines[0])
    width = length // 2
    joined = b"".join(lines)
    if width < _OVERHEAD or joined[::length] != b":" * count:
        return None
    try:
        raw = binascii.unhexlify(joined.replace(b":", b""))
    except binascii.Error:
        return None
    if len(raw) * 2 != count * (length - 1) or width - _OVERHEAD > 0xFF:
        return None
    if raw[::width] != bytes([width - _OVERHEAD]) * count or any(_sums(raw, width)):
        return None
    return raw


def _sums(raw: bytes, width: int) -> bytes:
    """The sum of each `width` bytes of `raw`, modulo 256.

    Each record is a lane of three bytes in one large integer, so that no sum reaches the next.
    """
    count = len(raw) // width
    lanes = bytearray(3 * count)
    total = 0
    for column in range(width):
        lanes[::3] = raw[column::width]
        total += int.from_bytes(lanes, "little")
    return total.to_bytes(len(lanes), "little")[::3]
