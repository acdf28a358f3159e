"""Firmware images: what a file holds, and which bytes of a flash chip or memory that is.

The format is told by the file's content, never by its name.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from hashlib import sha256

from xipsim.peripherals.imxrt.bootheader import (
    BOOT_DATA_SIZE,
    FCB_OFFSETS,
    FCB_SIZE,
    FCB_TAG,
    IVT_OFFSET,
    IVT_SIZE,
    BootData,
    Fcb,
    Ivt,
    ivt_fault,
)
from xipsim.peripherals.namedtuple import NamedTuple

from . import decoded
from .errors import ImageError
from .files import read_file, reason
from .segments import Contents, Segment

SLOW = ("hex", "alif")
"""Formats of which the decoded contents are worth keeping."""

# UF2 addresses count from here also on the RT1064, whose flash is at 0x70000000 (imxrt.md 2.1).
_UF2_BASE = 0x6000_0000

# The linker aligns what follows the image's last byte; `objcopy` writes no such padding.
_ALIGNMENT = 64


class Placement(NamedTuple):
    """Bytes and their offset in the flash chip."""

    offset: int
    data: bytes


class Image(NamedTuple):
    """A firmware image: sorted segments that do not overlap, neighbours merged.

    The addresses are the processor's. A `bin` has none: they count from its first byte.
    """

    format: str
    path: str
    sha256: str
    segments: tuple[Segment, ...]
    entry: int | None

    def placed(
        self, base: int, size: int, *, fcb_offset: int = 0, offset: int | None = None
    ) -> list[Placement]:
        """The image as bytes of a chip or memory of `size` bytes that begins at address `base`.

        For a `bin`, `offset` is where in flash its first byte belongs; without it the file's FCB
        tells, which the SoC looks for at `fcb_offset` in flash.
        """
        if self.format == "bin":
            if offset is None:
                offset = self._bin_offset(fcb_offset)
                self._check_whole(offset)
            base = -offset
        elif offset is not None:
            raise ImageError(f"{self.path}: an offset is for raw images; this one has addresses")
        elif self.format == "uf2":
            base = _UF2_BASE
        pieces = [Placement(segment.address - base, segment.data) for segment in self.segments]
        for piece in pieces:
            self._check_inside(piece, base, size)
        return pieces

    def check_bootable(self) -> None:
        """ImageError where raw bytes are none that a boot ROM of the family would start."""
        self._check_whole(self._bin_offset(0))

    def _check_inside(self, piece: Placement, base: int, size: int) -> None:
        end = piece.offset + len(piece.data)
        if piece.offset >= 0 and end <= size:
            return
        if 0 <= piece.offset < size:
            raise ImageError(
                f"{self.path}: too big: it ends at flash offset 0x{end:X}, the chip at 0x{size:X}; "
                "take the image of this board"
            )
        raise ImageError(
            f"{self.path}: outside the flash: {len(piece.data)} bytes at "
            f"0x{base + piece.offset:08X}, the chip is at 0x{max(0, base):08X} to "
            f"0x{max(0, base) + size - 1:08X}; take the image of this board"
        )

    def _bin_offset(self, fcb_offset: int) -> int:
        data = self.segments[0].data
        for place in FCB_OFFSETS:
            if data.startswith(FCB_TAG, place):
                return max(0, fcb_offset - place)
        raise ImageError(
            f"{self.path}: no image that a boot ROM starts: no FCB (tag 'FCFB') at its byte 0 or "
            "0x400, as those for the i.MX RT have, and no package or application of the Alif "
            "Ensemble; raw bytes for another place go into a HEX file, which has addresses"
        )

    def _check_whole(self, offset: int) -> None:
        """Compare a `bin`'s length with what its own boot data announce (imxrt.md 2.3).

        Where they announce the size of the FCB's port A1, that is the chip and not the image.
        """
        data = self.segments[0].data
        end = offset + len(data)
        at = IVT_OFFSET - offset
        block = data[at : at + IVT_SIZE]
        after = data[at + IVT_SIZE : at + IVT_SIZE + BOOT_DATA_SIZE]
        if len(after) < BOOT_DATA_SIZE:
            raise ImageError(
                f"{self.path}: truncated: it ends at flash offset 0x{end:X}, before the image "
                f"vector table at 0x{IVT_OFFSET:X}; download or copy it again"
            )
        place = next(place for place in FCB_OFFSETS if data.startswith(FCB_TAG, place))
        fcb, boot = Fcb.parse(data[place : place + FCB_SIZE]), BootData.parse(after)
        if ivt_fault(block) or boot.length >= fcb.sizes[0]:
            return
        if Ivt.parse(block).self_address - boot.start != IVT_OFFSET:
            return
        if boot.length > end + _ALIGNMENT:
            raise ImageError(
                f"{self.path}: truncated: it ends at flash offset 0x{end:X}, its boot data say "
                f"0x{boot.length:X}; download or copy it again"
            )


def load(path: str | os.PathLike[str]) -> Image:
    """Read the image `path`; ImageError says what is wrong with it."""
    name = os.fspath(path)
    return _known(name) or _read(name)


remembered: dict[str, tuple[tuple[int, ...], Image]] = {}
"""What files were, and held, by absolute path."""
loaded: list[str] = []
"""Absolute paths of the last images."""
REMEMBERED = 8
"""Images."""
SETTLED = 1.0
"""Seconds after which one who writes a file gives it another time than it has."""


def remember(path: str) -> None:
    """Need not read that file, for as long as it is what it is."""
    state = _state(path)
    if remembered.get(path, ())[:1] != (state,):
        image = _read(path)
        if state == _state(path) and state[-1] < (time.time() - SETTLED) * 1e9:
            remembered.pop(path, None)
            remembered[path] = state, image
            for old in [*remembered][:-REMEMBERED]:
                del remembered[old]


def _known(name: str) -> Image | None:
    with suppress(OSError, ValueError):  # which is told where it is read
        place = os.path.abspath(name)
        loaded[:] = [*loaded, place][-REMEMBERED:]
        state, image = remembered.get(place, ((), None))
        if image is not None and state == _state(place):
            return image._replace(path=name)
    return None


def _state(path: str) -> tuple[int, ...]:
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read(name: str) -> Image:
    try:
        data = read_file(name)
    except (OSError, ValueError) as error:
        raise ImageError(f"{name}: cannot be read: {reason(error)}") from None
    if not data:
        raise ImageError(f"{name}: the file is empty; download or copy it again")
    digest = sha256(data).hexdigest()
    known = decoded.load(digest)
    try:
        kind, contents = known or _decoded(name, data)
    except MemoryError:
        raise ImageError(f"{name}: takes more memory than there is") from None
    if not contents.segments:
        raise ImageError(f"{name}: holds no data for the flash")
    if not known and kind in SLOW:
        decoded.keep(digest, kind, contents)
    return Image(
        format=kind,
        path=name,
        sha256=digest,
        segments=contents.segments,
        entry=contents.entry,
    )


def program(flash: bytearray, pieces: list[Placement]) -> None:
    """Put `pieces` into the chip's contents; every byte that they do not cover stays.

    What `flash` does not hold yet is erased; it grows as far as is needed.
    """
    for offset, data in pieces:
        flash.extend(b"\xff" * (offset - len(flash)))
        flash[offset : offset + len(data)] = data


def _decoded(path: str, data: bytes) -> tuple[str, Contents]:
    from .formats import decode  # most starts find what was decoded before

    return decode(path, data)
