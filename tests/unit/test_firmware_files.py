"""Files that a user names are read whole or not at all, and nothing endless is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xipsim.firmware.files import read_file, read_head


def test_a_file_is_read_up_to_the_most(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(100)))
    assert read_file(file, 100) == bytes(range(100))
    with pytest.raises(OSError, match="it has 100 bytes, and no more than 99 are expected"):
        read_file(file, 99)
    file.write_bytes(b"")
    assert read_file(file) == b""


def test_of_a_large_file_the_head_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"head")
    os.truncate(file, 1 << 40)
    assert read_head(file, 4) == b"head"
    with pytest.raises(IsADirectoryError):
        read_head(tmp_path, 4)
    with pytest.raises(OSError, match="it is no regular file"):
        read_head("/dev/zero", 4)


def test_what_is_refused_is_closed_again(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    for path in (tmp_path, "/dev/null"):
        with pytest.raises(OSError, match=r"directory|regular"):
            read_file(path)
    assert os.listdir("/proc/self/fd") == before


def test_a_file_that_says_that_it_is_empty() -> None:
    assert read_file("/proc/self/cmdline").count(b"\0") > 0
    with pytest.raises(OSError, match="and no more than 2 are expected"):
        read_file("/proc/self/cmdline", 2)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_no_file(device: str) -> None:
    with pytest.raises(OSError, match=r"it is no regular file|No such device"):
        read_file(device)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is no regular file"):
        read_file(tmp_path / "pipe")


def test_a_folder_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "no")


def test_a_file_of_gigabytes_is_not_begun(tmp_path: Path) -> None:
    file = tmp_path / "sparse"
    with file.open("wb") as made:
        made.truncate(1 << 40)
    with pytest.raises(OSError, match="it has 1099511627776 bytes"):
        read_file(file)
