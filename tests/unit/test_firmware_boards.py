"""A board's facts: a typo in its TOML file is told with the file and the key."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xipsim.firmware import boards, store
from xipsim.firmware.errors import FirmwareError

GOOD = """\
product = "Lab"
machine = "Lab with MIMXRT1062DVJ6A"
download = "https://example.org/LAB/"
release = "LAB-YYYYMMDD-vX.Y.Z.hex"
module = "mimxrt"
files = ["LAB.hex"]

[filesystem]
offset = 0x100000
size = 0x6FF000
block_size = 4096
"""


def read(folder: Path, text: str) -> boards.Board:
    file = folder / "LAB.toml"
    file.write_text(text)
    return boards.read(file)


def test_a_good_file(tmp_path: Path) -> None:
    board = read(tmp_path, GOOD)
    assert (board.name, board.files, board.memory) == ("LAB", ("LAB.hex",), "")
    assert board.filesystem == boards.FileSystem(offset=0x10_0000, size=0x6F_F000, block_size=4096)


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("product =", "prodct =", "prodct means nothing; did you mean product?"),
        ("offset =", "ofset =", "filesystem.ofset means nothing; did you mean offset?"),
        ("module = \"mimxrt\"\n", "", "module is missing"),
        ("size = 0x6FF000\n", "", "filesystem.size is missing"),
        ("[filesystem]", "[file-system]", "file-system means nothing; did you mean filesystem?"),
        ("0x6FF000", "-1", "filesystem.size: expected a number from 0 on, given -1"),
        ("4096", '"4096"', "filesystem.block_size: expected a number from 0 on, given '4096'"),
        ("4096", "true", "filesystem.block_size: expected a number from 0 on, given True"),
        ('["LAB.hex"]', '"LAB.hex"', "files: expected a list of strings, given"),
        ('["LAB.hex"]', "[1]", "files: expected a list of strings, given"),
        ('"Lab"', "5", "product: expected a string, given 5"),
        ("[filesystem]", "filesystem = 5\n[more]", "filesystem: expected a table, given 5"),
        ('"Lab"', '"Lab', "no TOML: "),
    ],
)
def test_each_typo(tmp_path: Path, good: str, bad: str, says: str) -> None:
    assert GOOD.count(good) == 1, "the test itself"
    with pytest.raises(FirmwareError) as caught:
        read(tmp_path, GOOD.replace(good, bad))
    assert str(caught.value).startswith(f"{tmp_path}/LAB.toml: ")
    assert says in str(caught.value)


def test_a_file_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "LAB.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FirmwareError, match="no TOML"):
        boards.read(tmp_path / "LAB.toml")
    with pytest.raises(FirmwareError, match="cannot be read: No such file"):
        boards.read(tmp_path / "NO.toml")


def test_what_was_kept_of_a_file_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    first = read(tmp_path, GOOD)
    monkeypatch.setitem(sys.modules, "tomllib", None)
    boards.read.cache_clear()
    assert read(tmp_path, GOOD) == first
    boards.read.cache_clear()
    with pytest.raises(ImportError):
        read(tmp_path, GOOD.replace("Lab", "Other lab"))


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b"[" * 100_000, b"\xff", None])
def test_what_was_kept_and_is_damaged_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bytes | None
) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    first = read(tmp_path, GOOD)
    (file,) = (tmp_path / "cache" / "boards").iterdir()
    if kept is None:
        file.write_bytes(file.read_bytes()[:-1])
    else:
        store.write_checked(file, kept)
    boards.read.cache_clear()
    assert read(tmp_path, GOOD) == first
