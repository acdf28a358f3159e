"""The application table of contents (ATOC) at the top of MRAM, and its certificates.

Their layout stands here alone. Source: alif.md 2.2, which agrees with what the vendor's
`app-gen-toc.py` writes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from xipsim.peripherals.namedtuple import NamedTuple

MRAM_BASE = 0x8000_0000
MRAM_END = 0x8058_0000
"""The end of the part of the MRAM that is the application's; the ATOC ends here."""

MAGIC = b"OEMTOC01"
CERTIFICATE_MAGIC = b"ccBS"
TAIL_SIZE = 16
_TAIL, _HEADER, _ENTRY = struct.Struct("<4I"), struct.Struct("<8s4H16x"), struct.Struct("<5I8s4x")
_KEY_CERTIFICATES, _CERTIFICATE = 1680, 868
_DIGEST, _LOAD_ADDRESS, _IMAGE = 0x1B0, 0x1D0, 0x35C
_IN_PLACE = 0xFFFF_FFFF
_SE_OFFSET = 0x1000_0000
"""What the Secure Enclave's own address of an MRAM byte is above the global one."""

CORES = ("A32_0", "A32_1", "M55_HP", "M55_HE")
"""By the CPU number in an entry's flags."""
M55_HP, M55_HE = 2, 3
APPLICATIONS = {
    M55_HP: range(0x8002_0000, 0x8032_0000),
    M55_HE: range(0x8032_0000, 0x8047_E000),
}
"""What the ports' linker scripts give to an image for each core."""
HP_STARTS = 0x8002_0000, 0x8020_0000
"""Where one for M55_HP begins: there, and in the vendor's pack (APP_MRAM_HP_BASE)."""
RAM = (
    range(0x0004_0000),
    range(0x0200_0000, 0x0240_0000),
    range(0x0800_0000, 0x0828_0000),
    range(0x2000_0000, 0x2010_0000),
)
"""ITCM, SRAM0, SRAM1, DTCM as the core sees them: where its first stack may lie."""
VECTORS_AT = 128
"""What the address of a vector table is a multiple of: VTOR has no bits below (Armv8-M, VTOR)."""
DEVICE, IMAGE = 3, 4
"""Types of entries."""

Read = Callable[[int, int], bytes]
"""Bytes of memory at a global address; BusError where nothing answers."""


class AtocError(Exception):
    """What is wrong with an ATOC: one sentence for people, without the full stop."""


class Tail(NamedTuple):
    """The last bytes of an ATOC. checksum: CRC-32 of the table, which begins at `table`.

    package: the address of everything that belongs to it, which is `size` bytes with the tail.
    """

    checksum: int
    table: int
    package: int
    size: int

    @classmethod
    def parse(cls, raw: bytes) -> Tail:
        """The tail in these TAIL_SIZE bytes."""
        return cls(*_TAIL.unpack(raw))

    @property
    def fault(self) -> str:
        """The first of its fields that is wrong, and what is expected; empty if it is good."""
        at, last = MRAM_END - TAIL_SIZE, MRAM_END - TAIL_SIZE - _HEADER.size
        if not MRAM_BASE <= self.table <= last:
            name, where, value, want = "table", at + 4, self.table, f"{MRAM_BASE:#x} to {last:#x}"
        elif not MRAM_BASE <= self.package <= self.table:
            want = f"{MRAM_BASE:#x} to the table's {self.table:#x}"
            name, where, value = "package", at + 8, self.package
        elif self.package + self.size != MRAM_END:
            want = f"{MRAM_END - self.package:#x}, as it begins at {self.package:#x}"
            name, where, value = "package's size", at + 12, self.size
        else:
            return ""
        return f"its {name}, at {where:#x}, is {value:#x}, expected {want}"


class Entry(NamedTuple):
    """One entry. address: of its certificate chain. core: a number in `CORES`, 15 for none."""

    name: str
    kind: int
    address: int
    length: int
    flags: int

    @property
    def core(self) -> int:
        """The core that it is for."""
        return self.flags & 0xF

    @property
    def boots(self) -> bool:
        """Whether the Secure Enclave starts it at reset: BOOT, and not DEFERRED."""
        return bool(self.flags & 0x40) and not self.flags & 0x100

    @property
    def prepared(self) -> str:
        """What would have to be done to the image before it can run; empty if nothing."""
        words = {0x10: "uncompressed", 0x20: "loaded into RAM", 0x80: "decrypted"}
        return ", ".join(word for flag, word in words.items() if self.flags & flag)


class Image(NamedTuple):
    """What an entry's certificate says of its image. load: None if it runs in place."""

    address: int
    length: int
    digest: bytes
    load: int | None


def is_erased(data: bytes) -> bool:
    """Whether nothing was ever written there."""
    return data.count(0xFF) == len(data)


def has_tail(read: Read) -> bool:
    """Whether anything was written where an ATOC ends."""
    return not is_erased(read(MRAM_END - TAIL_SIZE, TAIL_SIZE))


def read_entries(read: Read) -> list[Entry]:
    """The entries of the ATOC in MRAM; AtocError if there is no good one."""
    at = MRAM_END - TAIL_SIZE
    raw = read(at, TAIL_SIZE)
    tail = Tail.parse(raw)
    if fault := tail.fault:
        raise AtocError(
            f"the last 16 bytes of MRAM, at {at:#x}, are no ATOC's ({raw.hex(' ')}): {fault}"
        )
    start = tail.table
    table = read(start, at - start)
    magic, header_size, count, entry_size, _ = _HEADER.unpack_from(table)
    if magic != MAGIC:
        raise AtocError(f"the ATOC at {start:#x} begins with {magic!r}, expected {MAGIC!r}")
    if (found := zlib.crc32(table)) != tail.checksum:
        raise AtocError(
            f"the ATOC at {start:#x} has a bad checksum: CRC-32 {found:#010x}, "
            f"the one stored at {at:#x} is {tail.checksum:#010x}"
        )
    sizes = (("a header", header_size, _HEADER.size), ("entries", entry_size, _ENTRY.size))
    for what, size, expected in sizes:
        if size != expected:
            raise AtocError(
                f"the ATOC at {start:#x} has {what} of {size} bytes, expected {expected}"
            )
    if header_size + count * entry_size > len(table):
        raise AtocError(f"the ATOC at {start:#x} has no room for the {count} entries it announces")
    return [_entry(table, header_size + i * entry_size) for i in range(count)]


def _entry(table: bytes, at: int) -> Entry:
    address, length, kind, flags, _, name = _ENTRY.unpack_from(table, at)
    return Entry(
        name=name.rstrip(b"\0").decode("latin-1"),
        kind=kind,
        address=address,
        length=length,
        flags=flags,
    )


def read_image(read: Read, entry: Entry) -> Image:
    """What the certificate of `entry` says; AtocError if it is not there or names no MRAM."""
    at = _find_certificate(read, entry)
    # Assumption: signatures are right; no key of the device is known.
    (load,) = struct.unpack("<I", read(at + _LOAD_ADDRESS, 4))
    se_address, length = struct.unpack("<2I", read(at + _IMAGE, 8))
    address = se_address - _SE_OFFSET
    where = f"{entry.name}: its certificate at {at:#x} names"
    if not MRAM_BASE <= address < MRAM_END:
        raise AtocError(
            f"{where} {se_address:#x} (at {at + _IMAGE:#x}) as the image's address, which is no "
            f"MRAM: expected {MRAM_BASE + _SE_OFFSET:#x} to {MRAM_END + _SE_OFFSET - 1:#x}, as the "
            "Secure Enclave sees it"
        )
    if not 0 < length <= MRAM_END - address:
        raise AtocError(
            f"{where} {length:#x} (at {at + _IMAGE + 4:#x}) as the image's length, expected 1 to "
            f"{MRAM_END - address:#x}, as it begins at {address:#x}"
        )
    return Image(
        address=address,
        length=length,
        digest=read(at + _DIGEST, 32),
        load=None if load == _IN_PLACE else load,
    )


def _find_certificate(read: Read, entry: Entry) -> int:
    # A signed entry has its keys' certificates before its own.
    for at in (entry.address, entry.address + _KEY_CERTIFICATES):
        if MRAM_BASE <= at <= MRAM_END - _CERTIFICATE and read(at, 4) == CERTIFICATE_MAGIC:
            return at
    where = f"{entry.name}: no certificate at {entry.address:#x}, where its entry points"
    if not MRAM_BASE <= entry.address <= MRAM_END - 4:
        raise AtocError(f"{where}: no MRAM is there")
    raise AtocError(
        f"{where}: it begins with {read(entry.address, 4).hex(' ')}, expected "
        f'{CERTIFICATE_MAGIC.hex(" ")} ("ccBS")'
    )


def verify(read: Read, entry: Entry, image: Image) -> None:
    """Compare the image's bytes with its certificate; AtocError if they differ."""
    data = read(image.address, image.length)
    from hashlib import sha256  # brings OpenSSL, which a start from a snapshot does without

    if sha256(data).digest() == image.digest:
        return
    written = len(data.rstrip(b"\xff"))
    place = f"{entry.name}: the image at {image.address:#x}"
    if not written:
        raise AtocError(f"{place} is missing: its {image.length} bytes are erased")
    if image.length - written >= 16:
        raise AtocError(
            f"{place} is cut short: {written} bytes, the certificate says {image.length}"
        )
    raise AtocError(f"{place} does not match the SHA-256 in its certificate")
