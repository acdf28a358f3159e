"""Files in the firmware's file system, in a chip's contents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from littlefs import LittleFS, UserContext

from xipsim.firmware import boards
from xipsim.firmware.errors import FirmwareError
from xipsim.firmware.littlefs import put_file, read_files

WHERE = boards.load("TEENSY40").filesystem._replace(offset=0x2000, size=0x10000)
CHIP = 0x14000


def blank() -> bytearray:
    return bytearray(b"\xff") * CHIP


def independent(flash: bytearray, disk_version: int = 0) -> LittleFS:
    """The same file system by littlefs-python's own block device and parameters."""
    region = flash[WHERE.offset : WHERE.offset + WHERE.size]
    return LittleFS(
        context=UserContext(buffer=region),
        mount=False,
        block_size=4096,
        block_count=16,
        prog_size=256,
        read_size=256,
        cache_size=256,
        disk_version=disk_version,
    )


@pytest.mark.parametrize(("board", "size"), [("TEENSY40", 0x1F_F000), ("TEENSY41", 0x7F_F000)])
def test_file_systems_lie_where_the_firmware_has_them(board: str, size: int) -> None:
    """From 1 MB to the reserved last 4 KB: imxrt.md section 4."""
    facts = boards.load(board)
    assert facts.filesystem.offset == 0x10_0000
    assert facts.filesystem.offset + facts.filesystem.size == size


def test_a_blank_place_is_formatted_as_disk_version_2_0() -> None:
    flash = blank()
    assert put_file(flash, WHERE, "main.py", b"print(1)\n") is True
    # The superblock's inline struct: version, block size, block count (littlefs SPEC.md).
    at = flash.index(b"littlefs", WHERE.offset) + 8
    words = [int.from_bytes(flash[at + 4 * n : at + 4 * n + 4], "little") for n in range(1, 4)]
    assert words == [0x0002_0000, 4096, 16]
    assert flash[: WHERE.offset].count(0xFF) == WHERE.offset
    assert flash[WHERE.offset + WHERE.size :].count(0xFF) == CHIP - WHERE.offset - WHERE.size


def test_littlefs_python_reads_what_was_put() -> None:
    flash = blank()
    put_file(flash, WHERE, "/lib/pkg/mod.py", b"x" * 5000)
    system = independent(flash, disk_version=0x0002_0000)
    system.mount()
    with system.open("lib/pkg/mod.py", "rb") as file:
        assert file.read() == b"x" * 5000


@given(
    st.lists(
        st.tuples(st.sampled_from(["main.py", "lib/a.py", "lib/b/c.py"]), st.binary(max_size=3000)),
        min_size=1,
        max_size=6,
    )
)
def test_files_come_back_and_the_last_one_of_a_name_stays(files: list[tuple[str, bytes]]) -> None:
    flash = blank()
    for number, (name, data) in enumerate(files):
        assert put_file(flash, WHERE, name, data) is (number == 0)
    assert read_files(flash, WHERE) == {
        f"/{name}": data for name, data in sorted(dict(files).items())
    }


@pytest.mark.parametrize("version", [0x0002_0000, 0x0002_0001])
def test_the_disk_version_that_is_there_stays(version: int) -> None:
    flash = blank()
    system = independent(flash, disk_version=version)
    system.format()
    flash[WHERE.offset : WHERE.offset + WHERE.size] = system.context.buffer
    assert put_file(flash, WHERE, "main.py", b"") is False
    again = independent(flash)
    again.mount()
    assert again.fs_stat().disk_version == version


def test_a_damaged_file_system_is_left_alone() -> None:
    flash = blank()
    flash[WHERE.offset : WHERE.offset + 4] = b"junk"
    before = bytes(flash)
    with pytest.raises(
        FirmwareError, match="no littlefs that can be mounted at flash offset 0x2000"
    ):
        put_file(flash, WHERE, "main.py", b"")
    assert flash == before


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("main.py", 0x10000, "main.py: 65536 bytes do not fit into the file system"),
        ("", 1, "'' is no name for a file"),
        ("../x", 1, "is no name for a file"),
        ("caf\udce9.py", 1, r"'caf\\udce9.py' is no name for a file"),
        ("main.py\0.txt", 1, "is no name for a file"),
        ("n" * 300, 1, "not written to the file system: .*NAMETOOLONG"),
        ("lib", 1, "lib: a folder of that name"),
        ("boot.py/x", 1, "not written to the file system: .*NOTDIR"),
    ],
)
def test_what_cannot_be_put_changes_nothing(name: str, size: int, message: str) -> None:
    flash = blank()
    put_file(flash, WHERE, "lib/a.py", b"a")
    put_file(flash, WHERE, "boot.py", b"b")
    before = bytes(flash)
    with pytest.raises(FirmwareError, match=message):
        put_file(flash, WHERE, name, bytes(size))
    assert flash == before


def test_a_chip_that_is_too_small_is_refused() -> None:
    with pytest.raises(FirmwareError, match="ends at flash offset 0x12000, the chip at 0x10000"):
        put_file(bytearray(0x10000), WHERE, "main.py", b"")
