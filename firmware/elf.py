"""ELF: the loadable segments, at their physical addresses (where they lie in flash)."""

from __future__ import annotations

import io

from .errors import ImageError
from .segments import Contents, Piece, join


def read(path: str, data: bytes) -> Contents:
    """Take the PT_LOAD segments of the Arm executable `data`; `path` is for messages."""
    # Imported here because it takes longer than loading any other kind of image.
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(data))
        header = elf.header
        headers = [segment.header for segment in elf.iter_segments()]
    except (ELFError, ValueError, UnicodeDecodeError) as error:
        raise ImageError(f"{path}: damaged or truncated ELF file ({error})") from None
    if header.e_machine != "EM_ARM" or elf.elfclass != 32 or not elf.little_endian:
        raise ImageError(
            f"{path}: this ELF file is for another processor "
            f"({elf.get_machine_arch()}, {elf.elfclass} bits), not for a 32-bit little-endian Arm"
        )
    if header.e_type != "ET_EXEC":
        raise ImageError(f"{path}: this ELF file is not a linked executable ({header.e_type})")
    pieces = []
    for number, segment in enumerate(headers):
        start, size = segment.p_offset, segment.p_filesz
        if segment.p_type != "PT_LOAD" or not size:
            continue
        if start + size > len(data):
            raise ImageError(
                f"{path}: truncated: segment {number} ends at byte {start + size}, "
                f"the file at byte {len(data)}"
            )
        pieces.append(Piece(segment.p_paddr, data[start : start + size], number, size))
    return Contents(join(path, "segment", pieces), header.e_entry)
