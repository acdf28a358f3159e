"""FAT volumes, against another implementation (pyfatfs): what one writes, the other reads."""

from __future__ import annotations

import io
import random
import struct
import warnings
from pathlib import Path

import pytest
from fat_volumes import BLOCK, Memory, with_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from pyfatfs.PyFat import PyFat

from xipsim.firmware.fat.entries import FatError
from xipsim.firmware.fat.volume import Volume

SIZES = {12: 1 << 20, 16: 16 << 20, 32: 40 << 20}
"""Of volumes that have to be of that type."""


@pytest.fixture(scope="module", params=SIZES)
def blank(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty volume, of each type."""
    return formatted(request.param, tmp_path_factory.mktemp("fat"))


def formatted(bits: int, folder: Path) -> bytes:
    """An empty volume by pyfatfs."""
    path = folder / f"{bits}.img"
    path.write_bytes(bytes(SIZES[bits]))
    fat = PyFat()
    kind = {12: PyFat.FAT_TYPE_FAT12, 16: PyFat.FAT_TYPE_FAT16, 32: PyFat.FAT_TYPE_FAT32}[bits]
    fat.mkfs(str(path), fat_type=kind, size=SIZES[bits], sector_size=BLOCK, label="XIPSIM")
    fat.close()
    return path.read_bytes()


def theirs(data: bytes | bytearray) -> dict[str, bytes]:
    """The files of the root folder, as pyfatfs reads them."""
    fat = PyFat()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it would say that the FATs differ
        fat.set_fp(io.BytesIO(bytes(data)))
    _, entries, _ = fat.root_dir.get_entries()
    files = {}
    for entry in entries:
        chain = fat.get_cluster_chain(entry.get_cluster()) if entry.filesize else ()
        contents = b"".join(fat.read_cluster_contents(c) for c in chain)
        files[str(entry)] = contents[: entry.filesize]
    return files


NAMES = ("A.TXT", "lower.txt", "Mixed.Case", "a name with blanks and ünicode.tar.gz", "UPPERLONG1",
         ".hidden", "no_suffix", "thirteen_chrs", "x" * 255)  # fmt: skip


def test_what_is_written_another_one_reads(blank: bytes) -> None:
    device = Memory(blank)
    choice = random.Random(1)
    files = {name: choice.randbytes(choice.choice((0, 1, 511, 512, 5000))) for name in NAMES}
    for name, data in files.items():
        Volume(device).write(name, data)
    assert theirs(device.data) == files
    volume = Volume(device)
    assert volume.files() == {name: len(data) for name, data in sorted(files.items())}
    assert {name: volume.read(name) for name in NAMES} == files
    assert volume.label == "XIPSIM"


def test_short_names_are_one_of_a_kind(blank: bytes) -> None:
    """Also one that is written as the short name that another file has got."""
    device = Memory(blank)
    names = ("long name one.txt", "long name two.txt", "longna~1.txt", "LONGNA~2.TXT")
    for name in names:
        Volume(device).write(name, name.encode())
    assert theirs(device.data) == {name: name.encode() for name in names}
    fat = PyFat()
    fat.set_fp(io.BytesIO(bytes(device.data)))
    _, entries, _ = fat.root_dir.get_entries()
    assert len({entry.get_short_name() for entry in entries}) == len(names)


def test_replaced_files_give_their_clusters_back(blank: bytes) -> None:
    device = Memory(blank)
    data = random.Random(2).randbytes(600_000)
    for length in (600_000, 10, 599_000, 0, 600_000):
        Volume(device).write("big.bin", data[:length])
        Volume(device).write("other.bin", data[:1000])
        assert theirs(device.data) == {"big.bin": data[:length], "other.bin": data[:1000]}
    assert Volume(device).read("BIG.BIN") == data


def test_only_what_has_changed_is_written_and_data_last(blank: bytes) -> None:
    device = Memory(blank)
    Volume(device).write("one.bin", bytes(range(256)) * 20)
    assert device.written == sorted(device.written)
    info = b"FAT32" in blank[:BLOCK]
    assert len(device.written) == 10 + 2 + 1 + info  # data, a block of each FAT, folder, FSInfo
    if not info:  # its root folder is no other than one of the files
        assert device.read(device.written[-10], 10) == bytes(range(256)) * 20


def test_a_folder_grows() -> None:
    blank = with_folder()
    device = Memory(blank)
    for number in range(60):
        Volume(device).write(f"lib/module number {number}.py", b"%d" % number)
    volume = Volume(device)
    assert len(volume.files()) == 60
    assert volume.read("lib/module number 59.py") == b"59"
    with pytest.raises(FatError, match="nothing: there is no such folder"):
        volume.write("nothing/x", b"")
    with pytest.raises(FatError, match="LIB: it is a folder"):
        volume.write("LIB", b"")


def test_a_volume_in_a_partition(blank: bytes) -> None:
    table = bytearray(BLOCK)
    table[446:462] = struct.pack("<8sII", b"\0\0\0\0\x01", 8, len(blank) // BLOCK)
    table[510:] = b"\x55\xaa"
    device = Memory(bytes(table) + bytes(7 * BLOCK) + blank)
    Volume(device).write("x", b"in the partition")
    assert theirs(device.data[8 * BLOCK :]) == {"x": b"in the partition"}


def test_what_does_not_fit_changes_nothing() -> None:
    device = Memory(with_folder())
    before = bytes(device.data)
    with pytest.raises(FatError, match=r"big: it needs 1048576 bytes, and the volume has \d+ left"):
        Volume(device).write("big", bytes(1 << 20))
    assert device.data == before
    for number in range(63):
        Volume(device).write(f"F{number}", b"")
    with pytest.raises(FatError, match="root folder of the volume is full"):
        Volume(device).write("ONE_MORE", b"")


def test_a_path_may_go_up_again() -> None:
    """`..` of a folder in the root has the cluster 0, whatever the root's is."""
    device = Memory(with_folder())
    Volume(device).write("LIB/../x", b"up")
    Volume(device).write("LIB/./../LIB/y", b"down")
    assert Volume(device).files() == {"LIB/y": 4, "x": 2}
    assert Volume(device).read("LIB/../x") == b"up"


def test_a_folder_without_a_cluster_is_damage() -> None:
    data = bytearray(with_folder())
    at = data.index(b"LIB        ")
    data[at + 26 : at + 28] = bytes(2)
    with pytest.raises(FatError, match="LIB: a folder of this volume has no place in it"):
        Volume(Memory(data)).write("LIB/x", b"lost")


@pytest.mark.parametrize("name", ["", "a:b", "a*", "x\n", "y" * 256, ".", "..", "x.", "x "])
def test_names_that_no_volume_can_have(name: str) -> None:
    with pytest.raises(FatError, match="is no name for a file"):
        Volume(Memory(with_folder())).write(name, b"")


@pytest.mark.parametrize("data", [bytes(BLOCK * 8), b"\xff" * BLOCK * 8])
def test_no_volume(data: bytes) -> None:
    with pytest.raises(FatError, match="no FAT volume"):
        Volume(Memory(data))


def test_clusters_in_a_circle_and_beyond_the_end() -> None:
    data = bytearray(with_folder())
    struct.pack_into("<H", data, BLOCK + 3, 0x002)  # cluster 2 leads to itself
    with pytest.raises(FatError, match="circle"):
        Volume(Memory(data)).files()
    struct.pack_into("<H", data, BLOCK + 3, 0x0FA0)
    with pytest.raises(FatError, match="which the volume has not"):
        Volume(Memory(data)).files()


def test_a_folder_that_holds_itself() -> None:
    data = bytearray(with_folder())
    at = data.index(b"..         ") + 32
    data[at : at + 32] = b"SELF       \x10".ljust(26, b"\0") + b"\x02\0" + bytes(4)
    with pytest.raises(FatError, match="more than 32 folders within each other"):
        Volume(Memory(data)).files()


def test_a_deleted_file_leaves_no_name_behind() -> None:
    """Its long name may stand there still, when a file with a short one comes behind it."""
    device = Memory(with_folder())
    Volume(device).write("deleted with a long name.txt", b"1")
    at = device.data.index(b"DELETE~1TXT")
    device.data[at] = 0xE5
    device.data[at + 32 : at + 64] = b"SHORT   TXT".ljust(32, b"\0")
    assert Volume(device).files() == {"SHORT.TXT": 0}


def test_the_highest_bits_of_a_fat32_stay(tmp_path: Path) -> None:
    device = Memory(formatted(32, tmp_path))
    (reserved,) = struct.unpack_from("<H", device.data, 14)
    at = reserved * BLOCK + 4 * 3 + 3
    device.data[at] |= 0xA0
    Volume(device).write("x", b"x" * 1000)
    assert device.data[at] & 0xF0 == 0xA0


def test_a_partition_behind_the_end_of_the_device() -> None:
    table = bytearray(BLOCK)
    table[446 + 4], table[510:512] = 0x0C, b"\x55\xaa"
    table[446 + 8 : 446 + 12] = (8).to_bytes(4, "little")
    with pytest.raises(FatError, match="begins a partition at block 8 of 8"):
        Volume(Memory(table + bytes(7 * BLOCK)))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 255)), min_size=1, max_size=30))
def test_damage_is_an_error_and_nothing_else(changes: list[tuple[int, int]]) -> None:
    data = bytearray(with_folder())
    for at, value in changes:
        data[at] = value
    try:
        volume = Volume(Memory(data))
        volume.files()
        volume.write("new.txt", b"x" * 700)
        assert volume.read("new.txt") == b"x" * 700
    except FatError:
        pass


