"""Packages for MRAM as the vendor's `app-gen-toc.py` writes them, unsigned (alif.md 2.2)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256

MRAM, MRAM_SIZE = 0x8000_0000, 0x58_0000
HP, HE = 0x8002_0000, 0x8032_0000
BOOT, DEFERRED = 0x40, 0x100
BLOB = bytes(range(120))


def application(at: int = HP, length: int = 0x400, sp: int = 0x2004_BB10) -> bytes:
    """A vector table for `at`, and something behind it."""
    return struct.pack("<2I", sp, at + 0x101) + b"\xa5" * (length - 8)


@dataclass(frozen=True)
class Part:
    """An image in the ATOC."""

    name: str
    at: int
    data: bytes
    flags: int


def certificate(at: int, data: bytes, load: int = 0xFFFF_FFFF) -> bytes:
    """A content certificate for the image `data` at `at`, padded to 880 bytes."""
    block = bytearray(880)
    block[:4] = b"ccBS"
    block[0x1B0:0x1D0] = sha256(data).digest()
    struct.pack_into("<I", block, 0x1D0, load)
    struct.pack_into("<2I", block, 0x35C, at + 0x1000_0000, len(data))
    return bytes(block)


def package(*parts: Part, load: int = 0xFFFF_FFFF, keys: bytes = b"") -> bytes:
    """The package for `parts` and a DEVICE blob; it ends at the end of the MRAM.

    keys: goes before each part's certificate (key certificates have 1680 bytes).
    """
    blob = BLOB + bytes(-len(BLOB) % 16)
    size = (len(parts) + 1) * 880 + len(parts) * len(keys)
    size += len(blob) + 32 + 32 * (len(parts) + 1) + 16
    start = MRAM + MRAM_SIZE - size
    body, entries = b"", b""
    for part in parts:
        name = part.name.encode().ljust(8, b"\0")
        entries += struct.pack(
            "<5I8s4x", start + len(body), len(part.data), 4, part.flags, 0x0100_0000, name
        )
        body += keys + certificate(part.at, part.data, load)
    entries = (
        struct.pack("<5I8s4x", start + len(body), len(BLOB), 3, 0xF, 0x0005_0000, b"DEVICE")
        + entries
    )
    body += certificate(start + len(body) + 880, BLOB) + blob
    toc = struct.pack("<8s4H16x", b"OEMTOC01", 32, len(parts) + 1, 32, 1) + entries
    tail = struct.pack("<4I", zlib.crc32(toc), start + len(body), start, size)
    return body + toc + tail


def archive(
    toc: bytes,
    *binaries: tuple[str, int, bytes],
    leave_out: str = "?",
    folder: str = "build-X/",
) -> bytes:
    """A `firmware.zip`, its files in `folder`, without the one whose name ends in `leave_out`."""
    at = MRAM + MRAM_SIZE - len(toc)
    files = [*binaries, ("firmware.toc.bin", at, toc)]
    line = " ".join(f"build-X/{name} {address:#x}" for name, address, _ in files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(f"{folder}application_package.ds", f"set semihosting args {line}\ncontinue\n")
        for name, _, data in files:
            if not name.endswith(leave_out):
                out.writestr(folder + name, data)
    return buffer.getvalue()
