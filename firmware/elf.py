"""ELF: the loadable segments, at their physical addresses (where they lie in flash).

Layout: System V ABI, chapters 4 and 5, 32-bit structures; ELF for the Arm Architecture.
"""

from __future__ import annotations

import struct

from xipsim.peripherals.namedtuple import NamedTuple

from .errors import ImageError
from .segments import Contents, Piece, join

MAGIC = b"\x7fELF"
_CLASSES = {1: 32, 2: 64}
_ORDERS = {1: "little-endian", 2: "big-endian"}
_CLASS_32, _LITTLE_ENDIAN, _ARM = 1, 1, 40
_EXECUTABLE, _LOADABLE = 2, 1
_KINDS = {1: "an object file", 3: "a shared object", 4: "a core dump"}
_HEADER = struct.Struct("<16x2H5I6H")
_SEGMENT = struct.Struct("<8I")
_MOST_BYTES = 1 << 28
"""In all segments together: they may overlap in the file, and ask for it again and again."""


class _Header(NamedTuple):
    kind: int
    machine: int
    version: int
    entry: int
    segments: int  # where their headers begin in the file
    sections: int
    flags: int
    size: int
    segment_size: int
    segment_count: int
    section_size: int
    section_count: int
    section_names: int


def read(path: str, data: bytes) -> Contents:
    """Take the PT_LOAD segments of the Arm executable `data`; `path` is for messages."""
    header = _header(path, data)
    end = header.segments + header.segment_count * _SEGMENT.size
    if header.segment_count and (header.segment_size != _SEGMENT.size or end > len(data)):
        raise ImageError(
            f"{path}: damaged or truncated ELF file: {header.segment_count} headers of "
            f"{header.segment_size} bytes at byte {header.segments}, of {len(data)}"
        )
    front = end if header.segments == _HEADER.size else _HEADER.size
    pieces, total = [], 0
    table = _SEGMENT.iter_unpack(data[header.segments : end])
    for number, (kind, start, _, address, size, _, _, _) in enumerate(table):
        # A linker with room on the page puts the file's headers before a segment; objcopy takes the
        # sections alone.
        headers = min(size, max(0, front - start))
        start, address, size = start + headers, address + headers, size - headers
        if kind != _LOADABLE or not size:
            continue
        if start + size > len(data):
            raise ImageError(
                f"{path}: truncated: segment {number} ends at byte {start + size}, "
                f"the file at byte {len(data)}"
            )
        total += size
        if total > _MOST_BYTES:
            raise ImageError(f"{path}: damaged ELF file: its segments have {total} bytes and more")
        pieces.append(Piece(address, data[start : start + size], number, size))
    return Contents(join(path, "segment", pieces), header.entry)


def _header(path: str, data: bytes) -> _Header:
    if len(data) < _HEADER.size:
        raise ImageError(f"{path}: damaged or truncated ELF file: {len(data)} bytes")
    width, order = data[4], data[5]
    header = _Header._make(_HEADER.unpack_from(data))
    if (width, order, header.machine) != (_CLASS_32, _LITTLE_ENDIAN, _ARM):
        machine = int.from_bytes(data[18:20], "little" if order == _LITTLE_ENDIAN else "big")
        raise ImageError(
            f"{path}: this ELF file is for another processor (machine {machine}, "
            f"{_CLASSES.get(width, 'unknown')} bits, {_ORDERS.get(order, 'unknown order')}), not "
            "for a 32-bit little-endian Arm"
        )
    if header.kind != _EXECUTABLE:
        what = _KINDS.get(header.kind, f"of type {header.kind}")
        raise ImageError(f"{path}: this ELF file is not a linked executable but {what}")
    return header
