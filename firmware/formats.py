"""Which format a firmware image has, told by its content, and what it holds."""

from __future__ import annotations

from . import alif, elf, hexfile, uf2
from .errors import ImageError
from .segments import Contents, Segment

_MARKED = "text with a byte order mark, as an editor saves it; download or copy it again"

# First bytes of files that are often given by mistake.
_MISTAKES = {
    alif.ZIP: "a zip archive; unpack it",
    b"\x1f\x8b": "compressed with gzip; unpack it",
    b"PK\5\6": "an empty zip archive; download or copy it again",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"BZh": "compressed with bzip2; unpack it",
    b"\xfd7zXZ\0": "compressed with xz; unpack it",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it",
    b"DfuSe": "a DfuSe file, which is for STM32 microcontrollers; take the image of this board",
    b"\xef\xbb\xbf": _MARKED,
    b"\xff\xfe": _MARKED,
    b"\xfe\xff": _MARKED,
    b"UF2\n": "a damaged UF2 file; download or copy it again",
}


def decode(path: str, data: bytes) -> tuple[str, Contents]:
    """Format and contents; ImageError where `data` is none."""
    if data.startswith(elf.MAGIC):
        return "elf", elf.read(path, data)
    if data.startswith(uf2.MAGIC):
        return "uf2", uf2.read(path, data)
    if data.lstrip()[:1] == b":":
        return "hex", hexfile.read(path, data)
    package = alif.read_zip(path, data) if data.startswith(alif.ZIP) else alif.read_raw(path, data)
    if package:
        return "alif", package
    for start, what in _MISTAKES.items():
        if data.startswith(start):
            raise ImageError(f"{path}: not a firmware image but {what}")
    if _is_text(data[:512]):
        raise ImageError(
            f"{path}: not a firmware image but text, such as a script or a web page that was "
            "saved in its place"
        )
    return "bin", Contents((Segment(0, data),), None)


def _is_text(start: bytes) -> bool:
    return start.isascii() and all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in start)
