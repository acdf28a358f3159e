"""Damaged and hostile files for everything that reads files: each is refused by the reader's own
error, or read.

`inputs` makes them, reproducibly; `TARGETS` are the readers with their samples.
"""

from __future__ import annotations

import io
import pickle
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from alif_package import BOOT, HP, MRAM, MRAM_SIZE, Part, application, archive, package
from test_firmware_images import BASE, SIZE, elf_image, raw_image, uf2_image

from xipsim import platforms
from xipsim.engines.api import SnapshotError
from xipsim.engines.guest import snapshotfile
from xipsim.engines.repl import Platform, PlatformError, cache
from xipsim.engines.repl.check import check
from xipsim.engines.repl.resolve import resolve
from xipsim.engines.usermodels import load_models
from xipsim.firmware import boards, catalogue, decoded, header, images
from xipsim.firmware.errors import FirmwareError
from xipsim.firmware.littlefs import put_file, read_files
from xipsim.firmware.segments import Contents, Segment
from xipsim.firmware.store import write_checked

IDENTITY = {"board": "x", "version of xipsim": "1"}
NUMBERS = (0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 1 << 16, 1 << 20, 1 << 31)
"""Values at which counts and offsets go wrong; so do their neighbours and negatives."""
WORDS = re.compile(rb"\w+|\s+|.", re.DOTALL)
VOLUME = boards.load("TEENSY41").filesystem._replace(offset=0, size=0x10000)
SIGNS = (b"{", b"}", b"[", b"]", b'"', b"@", b"->", b":", b"\n", b"9" * 5000, b"{" * 3000)
CHIP = header.BootChip(base=BASE, size=SIZE, pads=4)
CHECK = snapshotfile.CHECK


class Target(NamedTuple):
    """A reader. samples: good files. refused: what it may raise. repair: makes checksums right.

    read: answers whether there was something; a cache that cannot be used is no error.
    """

    read: Callable[[Path], bool]
    samples: Callable[[Path], list[bytes]]
    refused: tuple[type[Exception], ...]
    repair: Callable[[bytes], bytes] = bytes
    is_text: bool = False


# -- readers -------------------------------------------------------------------------------------


def _read_image(path: Path) -> bool:
    image = images.load(path)
    pieces = image.placed(*((MRAM, MRAM_SIZE) if image.format == "alif" else (BASE, SIZE)))
    flash = bytearray()
    images.program(flash, pieces)
    header.check_fits(header.describe(flash, CHIP), CHIP)
    catalogue.identify(image)
    return True


def _read_platform(path: Path) -> bool:
    platform, _ = resolve(path)
    check(platform, load_models(e.type for e in platform.entries))
    return True


def _read_cached_image(path: Path) -> bool:
    found = decoded.load_file(path)
    if found is None:
        return False
    kind, contents = found
    assert isinstance(kind, str) and isinstance(contents, Contents)
    return True


def _read_cached_platform(path: Path) -> bool:
    platform = cache._read(path)
    assert platform is None or isinstance(platform, Platform)
    return platform is not None


# -- samples -------------------------------------------------------------------------------------


def _hex(_: Path) -> list[bytes]:
    data, lines = raw_image(), [b":02000004600 09A".replace(b" ", b"")]
    for at in range(0, len(data), 16):
        record = bytes([16]) + at.to_bytes(2, "big") + b"\0" + data[at : at + 16]
        lines.append(b":" + (record + bytes([-sum(record) & 0xFF])).hex().upper().encode())
    return [b"\n".join([*lines, b":0400000560002001 7A".replace(b" ", b""), b":00000001FF", b""])]


def _hex_repaired(data: bytes) -> bytes:
    """With right checksums in all lines of hexadecimal digits."""
    lines = data.split(b"\n")
    for i, line in enumerate(lines):
        if re.fullmatch(rb":([0-9A-Fa-f]{2}){5,260}", line):
            raw = bytes.fromhex(line[1:-2].decode())
            lines[i] = line[:-2] + b"%02X" % (-sum(raw) & 0xFF)
    return b"\n".join(lines)


def _alif(_: Path) -> list[bytes]:
    toc = package(Part("HP_APP", HP, application(), BOOT | 2))
    zipped = archive(toc, ("M55_HP/firmware.bin", HP, application()))
    stored = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(zipped)) as old, zipfile.ZipFile(stored, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return [zipped, stored.getvalue(), toc, application()]


def _platforms(_: Path) -> list[bytes]:
    folder = platforms.folder()
    soc = (folder.with_name("soc") / "rt1062.repl").read_bytes()
    board = (folder / "TEENSY41.repl").read_bytes()
    return [
        board.replace(b"../soc", str(folder.with_name("soc")).encode()),
        soc + board.split(b'.repl"\n', 1)[1],
        soc[-3000:],
        b"x: T @ { a 0; sysbus new P { a: [1, 2]; b: <1, +2> } }\n"
        b"    [0-3] -> y@[4-7] | z#1@[0-3]\n    a: '''t'''\n    c: none\n"
        b'    init add:\n        Tag <0 1> "x" 5\nlocal y: Q.T\n',
    ]


def _snapshots(folder: Path) -> list[bytes]:
    state = {
        "memories": {"ram": {0: b"x" * 64, 4096: b"\xff"}},
        "models": {"nor": {"cells": bytearray(32), "set": {1, 2}, "f": frozenset({3})}},
        "clock": (1, 2.5, None, True, "text"),
    }
    file = folder / "sample"
    snapshotfile.save(file, IDENTITY, state, pickle.dumps({"now": 1}, protocol=5))
    return [file.read_bytes()]


def _snapshot_repaired(data: bytes) -> bytes:
    start = len(snapshotfile.MAGIC)
    check = zlib.crc32(data[start + CHECK :]).to_bytes(CHECK, "little")
    return data[:start] + check + data[start + CHECK :]


def _checked_repaired(data: bytes) -> bytes:
    return zlib.crc32(data[CHECK:]).to_bytes(CHECK, "little") + data[CHECK:]


def _cached_platforms(folder: Path) -> list[bytes]:
    file = folder / "sample"
    platform, files = resolve(platforms.find("TEENSY41"))
    head, body = pickle.dumps(files, protocol=5), pickle.dumps(platform, protocol=5)
    write_checked(file, len(head).to_bytes(4, "little") + head + body)
    return [file.read_bytes()]


def _cached_images(folder: Path) -> list[bytes]:
    file = folder / "sample"
    segments = Segment(BASE, b"text"), Segment(BASE + 0x1000, b"data" * 9)
    write_checked(file, decoded._packed("hex", Contents(segments, BASE)))
    return [file.read_bytes()]


def _notes(_: Path) -> list[bytes]:
    return [b'{"board": "A", "sha256": "00", "version": "v", "origin": "o", "added": "2024"}']


def _facts(_: Path) -> list[bytes]:
    folder = Path(boards.__file__).parent
    return [file.read_bytes() for file in sorted(folder.glob("*.toml"))]


def _file_systems(_: Path) -> list[bytes]:
    flash = bytearray(b"\xff" * VOLUME.size)
    for name in ("main.py", "lib/a.py", "lib/deep/b.py"):
        put_file(flash, VOLUME, name, name.encode() * 400)
    return [bytes(flash)]


def _read_file_system(path: Path) -> bool:
    return bool(read_files(path.read_bytes().ljust(VOLUME.size, b"\xff"), VOLUME))


IMAGE = (FirmwareError,)
TARGETS = {
    "hex": Target(_read_image, _hex, IMAGE, _hex_repaired, is_text=True),
    "bin": Target(_read_image, lambda _: [raw_image()], IMAGE),
    "uf2": Target(_read_image, lambda _: [b"".join(uf2_image(bytes(700)))], IMAGE),
    "elf": Target(
        _read_image,
        lambda _: [elf_image((0, BASE, b"text"), (0x2000_0000, BASE + 0x100, b"data"))],
        IMAGE,
    ),
    "alif": Target(_read_image, _alif, IMAGE),
    "repl": Target(_read_platform, _platforms, (PlatformError,), is_text=True),
    "snapshot": Target(
        lambda path: bool(snapshotfile.load(path, IDENTITY)),
        _snapshots,
        (SnapshotError,),
        _snapshot_repaired,
    ),
    "cached platform": Target(_read_cached_platform, _cached_platforms, (), _checked_repaired),
    "cached image": Target(_read_cached_image, _cached_images, (), _checked_repaired),
    "littlefs": Target(_read_file_system, _file_systems, IMAGE),
    "note of the catalogue": Target(
        lambda path: bool(catalogue._entry(path)), _notes, IMAGE, is_text=True
    ),
    "facts of a board": Target(
        lambda path: bool(boards.read.__wrapped__(path)), _facts, IMAGE, is_text=True
    ),
}


# -- damage --------------------------------------------------------------------------------------


def inputs(target: Target, folder: Path, seed: object, count: int) -> Iterator[bytes]:
    """`count` files for it, most of them damaged samples; equal seeds make equal ones."""
    samples = target.samples(folder)
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        data = chance.choice(samples)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            data = chance.choice(TEXT if target.is_text else BYTES)(data, chance, samples)
        yield target.repair(data) if chance.random() < 0.8 else data


Damage = Callable[[bytes, random.Random, list[bytes]], bytes]


def _flip(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    damaged = bytearray(data or b"\0")
    damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _cut(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _number(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    """Another number at any place, as wide as fields are."""
    form, order = chance.choice("BHIQ"), chance.choice("<>")
    width = struct.calcsize(f"<{form}")
    if len(data) < width:
        return data
    value = chance.choice(NUMBERS) * chance.choice((1, -1)) + chance.choice((-1, 0, 1))
    damaged = bytearray(data)
    at = chance.randrange(len(data) - width + 1)
    struct.pack_into(f"{order}{form}", damaged, at, value & (1 << 8 * width) - 1)
    return bytes(damaged)


def _repeat(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    start = chance.randrange(len(data) + 1)
    piece = data[start : start + chance.choice((1, 4, 16, 512))]
    at = chance.randrange(len(data) + 1)
    return data[:at] + piece * chance.choice((1, 2, 50)) + data[at:]


def _join(data: bytes, chance: random.Random, samples: list[bytes]) -> bytes:
    other = chance.choice(samples)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _rubbish(data: bytes, chance: random.Random, _: list[bytes]) -> bytes:
    return data[: chance.randrange(32)] + chance.randbytes(chance.randrange(600))


def _word(data: bytes, chance: random.Random, samples: list[bytes]) -> bytes:
    """Another word, number or sign at any place; one word more, or less."""
    words = WORDS.findall(data)
    if not words:
        return data
    at = chance.randrange(len(words))
    other = chance.choice(WORDS.findall(chance.choice(samples)))
    number = chance.choice(NUMBERS) * chance.choice((1, -1)) + chance.choice((-1, 0, 1))
    numbers = b"%d" % number, b"0x%x" % (number & 0xFFFF_FFFF)
    new = chance.choice((other, b"", words[at] * 2, *numbers, *SIGNS))
    return b"".join([*words[:at], new, *words[at + 1 :]])


def _line(data: bytes, chance: random.Random, samples: list[bytes]) -> bytes:
    """A line more, fewer, or elsewhere."""
    lines = data.split(b"\n")
    taken = lines.pop(chance.randrange(len(lines)))
    new = chance.choice((taken, taken + b"\n" + taken, chance.choice(samples).split(b"\n")[0]))
    lines.insert(chance.randrange(len(lines) + 1), new)
    return b"\n".join(lines)


BYTES: tuple[Damage, ...] = (_flip, _cut, _number, _number, _number, _repeat, _join, _rubbish)
TEXT: tuple[Damage, ...] = (_flip, _cut, _word, _word, _word, _line, _repeat, _join, _rubbish)
