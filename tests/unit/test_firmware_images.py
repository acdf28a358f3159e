"""Image loaders: formats told by content, bytes placed in a chip, and every kind of bad file."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intelhex import IntelHex

from xipsim.firmware import elf, hexfile, images, uf2
from xipsim.firmware.errors import ImageError
from xipsim.firmware.segments import Segment

BASE = 0x6000_0000
SIZE = 0x20_0000
ERASED_END = ":00000001FF"

def save(folder: Path, data: bytes | str, name: str = "image") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def raw_image(length: int = 0x3000, fcb: int = 0, image_length: int = SIZE) -> bytes:
    """A raw image for an SoC of the family; with `fcb` 0x400 its first byte is at 0x400."""
    flash = bytearray(b"\xa5" * (length + fcb))
    flash[fcb : fcb + 4] = b"FCFB"
    struct.pack_into("<I", flash, fcb + 0x50, SIZE)
    struct.pack_into("<I4xIII", flash, 0x1000, 0x412000D1, 0, 0, 0)
    struct.pack_into("<I", flash, 0x1014, BASE + 0x1000)
    struct.pack_into("<II", flash, 0x1020, BASE, image_length)
    return bytes(flash[fcb:])


def elf_image(*segments: tuple[int, int, bytes], machine: int = 40, kind: int = 2) -> bytes:
    """An ELF file (System V ABI, figures 1-3 and 2-1) with (virtual, physical, bytes) segments."""
    place = 52 + 32 * len(segments)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack(
        "<2H5I6H", kind, machine, 1, 0x6000_2001, 52, 0, 0, 52, 32, len(segments), 40, 0, 0
    )
    body = b""
    for virtual, physical, data in segments:
        at = place + len(body)
        header += struct.pack("<8I", 1, at, virtual, physical, len(data), len(data) + 8, 5, 4)
        body += data
    return header + body


def uf2_block(
    number: int, total: int, address: int, data: bytes, family: int = 0x4FB2D5BD
) -> bytes:
    head = struct.pack(
        "<8I", 0x0A324655, 0x9E5D5157, 0x2000, address, len(data), number, total, family
    )
    return head + data.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def uf2_image(data: bytes, address: int = BASE + 0xC000) -> list[bytes]:
    starts = range(0, len(data), 256)
    return [
        uf2_block(n, len(starts), address + at, data[at : at + 256]) for n, at in enumerate(starts)
    ]


# Intel HEX

CHUNKS = st.dictionaries(
    st.integers(0, 0x3FF).map(lambda place: 0x6000_0000 + place * 0x1FF1),
    st.binary(min_size=1, max_size=0x300),
    min_size=1,
    max_size=5,
)


def written(chunks: dict[int, bytes], width: int, end_of_line: str) -> tuple[IntelHex, str]:
    """`chunks` as intelhex writes them, and what it holds itself."""
    oracle = IntelHex()
    for address, data in chunks.items():
        oracle.puts(address, data)
    text = io.StringIO()
    oracle.write_hex_file(text, byte_count=width, eolstyle=end_of_line)
    return oracle, text.getvalue()


@given(CHUNKS, st.integers(1, 255), st.sampled_from(["native", "CRLF"]), st.booleans())
def test_hex_reads_what_intelhex_wrote(
    chunks: dict[int, bytes], width: int, end_of_line: str, lower: bool
) -> None:
    oracle, text = written(chunks, width, end_of_line)
    contents = hexfile.read("x", (text.lower() if lower else text).encode())
    spans = [(s.address, s.end) for s in contents.segments]
    assert spans == oracle.segments()
    for address, data in contents.segments:
        assert data == oracle.tobinstr(start=address, size=len(data))


@given(CHUNKS, st.integers(1, 64), st.data())
def test_hex_every_wrong_digit_is_found_with_its_line(
    chunks: dict[int, bytes], width: int, data: st.DataObject
) -> None:
    _, text = written(chunks, width, "native")
    place = data.draw(st.integers(0, len(text) - 1).filter(lambda at: text[at] not in ":\n"))
    digit = data.draw(st.sampled_from("0123456789ABCDEFxZ").filter(lambda d: d != text[place]))
    line = text.count("\n", 0, place) + 1
    with pytest.raises(ImageError, match=rf"^x: line {line}: "):
        hexfile.read("x", (text[:place] + digit + text[place + 1 :]).encode())


@given(CHUNKS, st.integers(1, 64), st.data())
def test_hex_every_truncation_is_found(
    chunks: dict[int, bytes], width: int, data: st.DataObject
) -> None:
    _, text = written(chunks, width, "native")
    length = data.draw(st.integers(1, len(text.rstrip()) - 1))
    with pytest.raises(ImageError, match="truncated"):
        hexfile.read("x", text[:length].encode())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([":0100000001FF"], "line 1: bad checksum: it is FF, its bytes make FE"),
        ([":01000000010"], "line 1: it is truncated or holds other characters"),
        (
            [":020000000102"],
            "line 1: truncated line: its length byte says 2 data bytes, it holds 1",
        ),
        ([":"], "line 1: truncated line: it is empty"),
        ([ERASED_END[1:]], "line 1: it does not begin with ':'"),
        (["", ":0100000001FE"], "end-of-file record .* is missing, so the file is truncated"),
        ([ERASED_END, ":0100000001FE"], "line 2: there are records after the end-of-file record"),
        ([":00000006FA"], "line 1: record type 06 is not known"),
        ([":0100000400FB"], "line 1: record type 04 holds 1 bytes"),
        (
            [":0100000001FE", ":020000046000" + "9A", ":0100000001FE", ":0100000002FD", ERASED_END],
            "line 4: its data at 0x60000000 overlap those of line 3",
        ),
        ([":02000002F000" + "0C", ":02FFFF000102FD"], "line 2: its data run past the end"),
        ([":02000002F000" + "0C", "", ":02FFFF000102FD"], "line 3: its data run past the end"),
    ],
)
def test_hex_mistakes_name_line_and_fault(lines: list[str], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        hexfile.read("x", "\n".join(lines).encode())


def test_hex_overlap_inside_a_run_names_the_very_line() -> None:
    run = [f":01{at:04X}0000{-(1 + (at >> 8) + at) & 0xFF:02X}" for at in range(100)]
    with pytest.raises(
        ImageError, match="line 103: its data at 0x00000032 overlap those of line 51"
    ):
        hexfile.read("x", "\n".join([*run, "", "", run[50], ERASED_END]).encode())


@pytest.mark.parametrize(
    ("record", "entry"),
    [(":0400000560002001" + "76", 0x6000_2001), (":0400000312340010A3", 0x12350)],
)
def test_hex_start_addresses(record: str, entry: int) -> None:
    assert hexfile.read("x", f"{record}\n{ERASED_END}\n".encode()).entry == entry


# ELF


def test_elf_segments_lie_at_their_physical_addresses(tmp_path: Path) -> None:
    data = elf_image((BASE + 4, BASE + 4, b"text"), (0x2000_0000, BASE + 8, b"data"), (0, 0, b""))
    image = images.load(save(tmp_path, data))
    assert (image.format, image.entry) == ("elf", 0x6000_2001)
    assert image.segments == (Segment(BASE + 4, b"textdata"),)


def test_headers_that_the_linker_put_into_a_segment_are_no_contents(tmp_path: Path) -> None:
    """GNU ld does so for a segment of .bss alone, and before .text where the page has room."""
    data = bytearray(elf_image((0, 0, b""), (BASE, BASE, b"text")))
    headers = 52 + 2 * 32
    struct.pack_into("<8I", data, 52, 1, 0, 0x2000_0000, 0x2000_0000, headers, 0xC000, 6, 4)
    assert images.load(save(tmp_path, bytes(data))).segments == ((BASE, b"text"),)
    struct.pack_into("<8I", data, 52, 0, 0, 0, 0, 0, 0, 0, 0)
    size = headers + 4
    struct.pack_into("<8I", data, 84, 1, 0, BASE - headers, BASE - headers, size, size, 5, 4)
    assert images.load(save(tmp_path, bytes(data))).segments == ((BASE, b"text"),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (elf_image((0, BASE, b"x"), machine=62), "for another processor"),
        (elf_image((0, BASE, b"x"), kind=1), "not a linked executable"),
        (elf_image((0, BASE, b"xy"))[:-1], "truncated: segment 0 ends at byte 86, the file at"),
        (elf_image((0, BASE, b"xy"))[:60], "damaged or truncated ELF"),
        (elf_image((0, BASE, b"xy"), (0, BASE + 1, b"xy")), "segment 1: its data at 0x60000001"),
        (elf_image(), "no data for the flash"),
    ],
)
def test_elf_mistakes(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        images.load(save(tmp_path, data))


def test_elf_cut_anywhere_is_an_image_error() -> None:
    data = elf_image((0, BASE, b"text"), (0, BASE + 0x100, b"data"))
    for length in range(4, len(data)):
        with pytest.raises(ImageError):
            elf.read("x", data[:length])


# UF2


@given(st.binary(min_size=1, max_size=2000), st.randoms())
def test_uf2_blocks_come_in_any_order(data: bytes, random: object) -> None:
    blocks = uf2_image(data)
    random.shuffle(blocks)  # type: ignore[attr-defined]
    assert uf2.read("x", b"".join(blocks)).segments == (Segment(BASE + 0xC000, data),)


@pytest.mark.parametrize("base", [BASE, 0x7000_0000])
def test_uf2_counts_from_0x60000000_on_every_soc(tmp_path: Path, base: int) -> None:
    image = images.load(save(tmp_path, b"".join(uf2_image(b"app"))))
    assert image.placed(base, SIZE) == [(0xC000, b"app")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"".join(uf2_image(bytes(600))[::2]), "1 of 3 blocks are missing, the first is block 1"),
        (b"".join(uf2_image(bytes(600)))[:-1], "truncated: 1535 bytes is no multiple of 512"),
        (
            uf2_block(0, 1, BASE, b"x", family=0xE48BFF56),
            "another processor: UF2 family 0xE48BFF56",
        ),
        (uf2_block(0, 1, BASE, b"x")[:-4] + b"gone", "no UF2 block at byte 0"),
        (uf2_block(0, 1, BASE, b"x") + uf2_block(0, 1, BASE, b"y"), "block 0 is there twice"),
        (uf2_block(0, 2, BASE, b"xx") + uf2_block(1, 2, BASE + 1, b"y"), "block 1: .* overlap"),
        (
            uf2_block(0, 0xFFFF_FFFF, BASE, b"x"),
            "4294967294 of 4294967295 blocks are missing, the first is block 1",
        ),
        (uf2_block(0xFFFF_FFF0, 1, BASE, b"x"), "block at byte 0 is number 4294967280 of 1"),
        (uf2_block(0, 0, BASE, b"x"), "block at byte 0 is number 0 of 0"),
    ],
)
def test_uf2_mistakes(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        images.load(save(tmp_path, data))


@pytest.mark.parametrize("flags", [0x1, 0x2001, 0x1000])
@pytest.mark.parametrize("place", [0, 3])
def test_uf2_blocks_that_are_not_for_the_flash_are_counted_and_left_out(
    tmp_path: Path, flags: int, place: int
) -> None:
    """UF2, README: numBlocks is of the file; what is not for main flash is skipped, whoever's it
    is. (The converter of another maker puts such a block in front of every image.)"""
    blocks = [uf2_block(n + (n >= place), 4, BASE + n, b"app"[n : n + 1]) for n in range(3)]
    other = bytearray(uf2_block(place, 4, 0x10FF_FF00, bytes(256), family=0xE48BFF56))
    other[8:12] = flags.to_bytes(4, "little")
    image = images.load(save(tmp_path, b"".join([*blocks, bytes(other)])))
    assert image.placed(BASE, SIZE) == [(0, b"app")]
    with pytest.raises(ImageError, match="1 of 4 blocks are missing"):
        images.load(save(tmp_path, b"".join(blocks)))


# Raw images, and files that are no images


@pytest.mark.parametrize(
    ("fcb_of_soc", "leading", "offset"),
    [(0, 0, 0), (0x400, 0, 0x400), (0x400, 0x400, 0), (0, 0x400, 0)],
)
def test_raw_image_is_placed_by_its_fcb(
    tmp_path: Path, fcb_of_soc: int, leading: int, offset: int
) -> None:
    data = bytes(leading) + raw_image(fcb=fcb_of_soc)
    image = images.load(save(tmp_path, data))
    assert image.format == "bin"
    assert image.placed(BASE, SIZE, fcb_offset=fcb_of_soc) == [(offset, data)]


def test_raw_image_goes_where_it_is_told(tmp_path: Path) -> None:
    image = images.load(save(tmp_path, b"\x00\x01raw"))
    with pytest.raises(ImageError, match="no FCB"):
        image.placed(BASE, SIZE)
    assert image.placed(BASE, SIZE, offset=0x1234) == [(0x1234, b"\x00\x01raw")]
    with pytest.raises(ImageError, match="too big: it ends at flash offset 0x200004"):
        image.placed(BASE, SIZE, offset=SIZE - 1)


def test_truncated_raw_image_is_told_by_its_boot_data(tmp_path: Path) -> None:
    whole = raw_image(length=0x3000, image_length=0x3000)
    assert images.load(save(tmp_path, whole)).placed(BASE, SIZE) == [(0, whole)]
    with pytest.raises(ImageError, match="ends at flash offset 0x2000, its boot data say 0x3000"):
        images.load(save(tmp_path, whole[:0x2000])).placed(BASE, SIZE)
    with pytest.raises(ImageError, match="before the image vector table"):
        images.load(save(tmp_path, whole[:0x1000])).placed(BASE, SIZE)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04\0\0", "a zip archive; unpack it"),
        (b"<!DOCTYPE html>\n<html>", "not a firmware image but text"),
        (b"print('hello')\n", "not a firmware image but text"),
        (b"PK\5\6" + bytes(18), "an empty zip archive"),
        (b"BZh91AY&SY" + bytes(64), "compressed with bzip2; unpack it"),
        (b"\xfd7zXZ\0" + bytes(64), "compressed with xz; unpack it"),
        (b"\x28\xb5\x2f\xfd" + bytes(64), "compressed with zstd; unpack it"),
        (b"DfuSe\1" + bytes(506), "a DfuSe file, which is for STM32"),
        (b"\xef\xbb\xbf:00000001FF\n", "text with a byte order mark"),
        (":00000001FF\n".encode("utf-16"), "text with a byte order mark"),
        (b"UF2\n" + bytes(508), "a damaged UF2 file"),
        (b":00000001FF\n", "holds no data for the flash"),
    ],
)
def test_files_that_are_no_images(tmp_path: Path, data: bytes, message: str) -> None:
    path = save(tmp_path, data, "TEENSY41.hex")
    with pytest.raises(ImageError, match=message) as caught:
        images.load(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"none\.hex: cannot be read: No such file"):
        images.load(tmp_path / "none.hex")
    with pytest.raises(ImageError, match="cannot be read: Is a directory"):
        images.load(tmp_path)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_image(device: str) -> None:
    with pytest.raises(ImageError, match=f"{device}: cannot be read: it is no regular file"):
        images.load(device)


def test_segments_of_an_elf_cannot_ask_for_more_than_an_image_has(tmp_path: Path) -> None:
    """Two thousand of them, each the same megabyte of the file at another address."""
    data = elf_image((0, BASE, bytes(1 << 20)), *((0, 0, b"") for _ in range(2000)))
    header = bytearray(data)
    first = struct.unpack_from("<8I", data, 52)
    at = first[1]
    for number in range(2001):
        place = BASE + (number << 20)
        segment = (1, at, 0, place & 0xFFFF_FFFF, 1 << 20, 1 << 20, 5, 4)
        struct.pack_into("<8I", header, 52 + 32 * number, *segment)
    with pytest.raises(ImageError, match="damaged ELF file: its segments have"):
        images.load(save(tmp_path, bytes(header)))


@settings(max_examples=200)
@given(st.sampled_from([b"", b":", b"\x7fELF\x01\x01\x01", uf2.MAGIC, b"FCFB"]), st.binary())
def test_any_bytes_give_an_image_or_an_image_error(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes
) -> None:
    path = save(tmp_path_factory.getbasetemp(), start + rest, "any")
    try:
        images.load(path).placed(BASE, SIZE)
    except ImageError as error:
        assert str(path) in str(error)


# Placing and programming


@pytest.mark.parametrize(
    ("address", "length", "message"),
    [
        (BASE + SIZE - 1, 2, "too big: it ends at flash offset 0x200001, the chip at 0x200000"),
        (0x2000_0000, 1, "outside the flash: 1 bytes at 0x20000000, the chip is at 0x60000000"),
        (BASE + SIZE, 1, "outside the flash: 1 bytes at 0x60200000"),
        (BASE - 1, 2, "outside the flash"),
    ],
)
def test_bytes_outside_the_chip(tmp_path: Path, address: int, length: int, message: str) -> None:
    image = images.load(save(tmp_path, elf_image((0, address, bytes(length)))))
    with pytest.raises(ImageError, match=message):
        image.placed(BASE, SIZE)


def test_an_offset_is_only_for_raw_images(tmp_path: Path) -> None:
    image = images.load(save(tmp_path, elf_image((0, BASE, b"x"))))
    with pytest.raises(ImageError, match="this one has addresses"):
        image.placed(BASE, SIZE, offset=0)


@given(
    st.binary(min_size=1, max_size=16).map(lambda pattern: (pattern * 0x1000)[:0x1000]),
    st.dictionaries(st.integers(0, 15), st.binary(min_size=1, max_size=0x100), min_size=1),
)
def test_programming_covers_the_bytes_of_the_image_and_nothing_else(
    before: bytes, pieces: dict[int, bytes]
) -> None:
    flash = bytearray(before)
    placed = [images.Placement(0x100 * page, data) for page, data in sorted(pieces.items())]
    images.program(flash, placed)
    covered = {o + i: byte for o, data in placed for i, byte in enumerate(data)}
    assert list(flash) == [covered.get(at, byte) for at, byte in enumerate(before)]
