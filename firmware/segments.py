"""Pieces of an image as a file gives them, joined to sorted segments."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from xipsim.peripherals.namedtuple import NamedTuple

from .errors import ImageError


class Segment(NamedTuple):
    """Bytes that belong at consecutive addresses."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.address + len(self.data)


class Contents(NamedTuple):
    """What a reader found in a file."""

    segments: tuple[Segment, ...]
    entry: int | None


class Piece(NamedTuple):
    """Bytes with their place in the file, for messages: line, block or segment `number`.

    Every `step` bytes the place counts one up.
    """

    address: int
    data: bytes
    number: int
    step: int

    def place(self, address: int) -> int:
        """The number of the line, block or segment that holds the byte of `address`."""
        return self.number + (address - self.address) // self.step


def join(path: str, unit: str, pieces: Iterable[Piece]) -> tuple[Segment, ...]:
    """Sort `pieces` and merge neighbours; two that claim the same address are an error.

    `unit` is what the file is made of ("line", "block", "segment").
    """
    ordered = sorted(pieces, key=lambda piece: piece.address)
    for before, piece in pairwise(ordered):
        if before.address + len(before.data) > piece.address:
            places = sorted((before.place(piece.address), piece.place(piece.address)))
            raise ImageError(
                f"{path}: {unit} {places[1]}: its data at 0x{piece.address:08X} overlap those of "
                f"{unit} {places[0]}; build or download the image again"
            )
    runs: list[list[Piece]] = []
    end = None
    for piece in ordered:
        if piece.address != end:
            runs.append([])
        runs[-1].append(piece)
        end = piece.address + len(piece.data)
    return tuple(Segment(run[0].address, b"".join(p.data for p in run)) for run in runs)
