"""UF2: 512-byte blocks, in any order (format: github.com/microsoft/uf2, README)."""

from __future__ import annotations

import struct

from xipsim.peripherals.namedtuple import NamedTuple

from .errors import ImageError
from .segments import Contents, Piece, join

MAGIC = b"UF2\nWQ]\x9e"
_END_MAGIC = 0x0AB16F30
_BLOCK = 512
_HEADER = struct.Struct("<8s6I")
_PAYLOAD_MAX = 476

_NOT_MAIN_FLASH = 0x0000_0001
_FILE_CONTAINER = 0x0000_1000
_FAMILY_PRESENT = 0x0000_2000
_ELSEWHERE = _NOT_MAIN_FLASH | _FILE_CONTAINER
"""Blocks that do not go to flash, whoever they are for."""

IMXRT_FAMILY = 0x4FB2_D5BD
"""The family id of the i.MX RT10xx (uf2families.json: MIMXRT10XX)."""


class _Block(NamedTuple):
    magic: bytes
    flags: int
    address: int
    size: int
    number: int
    total: int
    family: int


def read(path: str, data: bytes) -> Contents:
    """Join the blocks of `data` that go to flash; `path` is for messages."""
    if len(data) % _BLOCK:
        raise ImageError(
            f"{path}: truncated: {len(data)} bytes is no multiple of {_BLOCK}, a UF2 block's size"
        )
    pieces: dict[int, Piece] = {}
    skipped: set[int] = set()
    total = 0
    for place in range(0, len(data), _BLOCK):
        block = _block(path, place, data)
        if block.flags & _ELSEWHERE:
            skipped.add(block.number)  # which the number of all blocks counts
            continue
        start = place + _HEADER.size
        payload = data[start : start + block.size]
        piece = Piece(block.address, payload, block.number, max(1, block.size))
        if pieces.setdefault(block.number, piece) != piece:
            raise ImageError(f"{path}: block {block.number} is there twice, with other contents")
        total = max(total, block.total)
    there = pieces.keys() | skipped
    missing = total - sum(number < total for number in there)
    if missing:
        first = next(number for number in range(total) if number not in there)
        raise ImageError(
            f"{path}: truncated: {missing} of {total} blocks are missing, "
            f"the first is block {first}"
        )
    return Contents(join(path, "block", pieces.values()), None)


def _block(path: str, place: int, data: bytes) -> _Block:
    block = _Block._make(_HEADER.unpack_from(data, place))
    (end,) = struct.unpack_from("<I", data, place + _BLOCK - 4)
    if block.magic != MAGIC or end != _END_MAGIC or block.size > _PAYLOAD_MAX:
        raise ImageError(f"{path}: damaged: no UF2 block at byte {place}")
    if block.number >= block.total:
        raise ImageError(
            f"{path}: damaged: the block at byte {place} is number {block.number} of {block.total}"
        )
    has_family = block.flags & (_FAMILY_PRESENT | _ELSEWHERE) == _FAMILY_PRESENT
    if has_family and block.family != IMXRT_FAMILY:
        raise ImageError(
            f"{path}: made for another processor: UF2 family 0x{block.family:08X}, "
            f"the i.MX RT's is 0x{IMXRT_FAMILY:08X}"
        )
    return block
