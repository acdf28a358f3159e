"""Files that are old or new but never half, and a chip's file that has one user at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from patience import wait_for_saves

from xipsim.firmware.errors import FlashFileError
from xipsim.firmware.store import (
    FlashFile,
    cache_dir,
    cache_folder,
    keep_newest,
    read_checked,
    write_atomic,
    write_checked,
    write_once,
)

SIZE = 0x1000
ROOT = Path(__file__).resolve().parents[2]


def fail_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk be full after ten bytes."""
    write = os.write

    def full(descriptor: int, data: memoryview) -> int:
        if len(data) <= 10:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[:-10])

    monkeypatch.setattr(os, "write", full)


def test_cache_dir_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("XIPSIM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_dir() == Path("/home/someone/.cache/xipsim")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_dir() == Path("/xdg/xipsim")
    monkeypatch.setenv("XIPSIM_CACHE", "/own")
    assert cache_dir() == Path("/own")


def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """No HOME and no line in the list of users: what reads finds nothing, what writes fails."""
    for name in ("XIPSIM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert not cache_dir().exists()
    with pytest.raises(OSError, match="Not a directory"):
        write_atomic(cache_dir() / "file", b"")


def test_folders_of_the_cache_are_their_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path))
    (tmp_path / "old").mkdir(mode=0o755)
    for name in ("new", "old"):
        assert cache_folder(name).stat().st_mode & 0o777 == 0o700


def test_every_byte_of_a_checked_file_counts(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_checked(file, b"some bytes")
    assert read_checked(file) == b"some bytes"
    data = file.read_bytes()
    for at in range(len(data)):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]):
            file.write_bytes(damaged)
            with pytest.raises(ValueError, match="cut short or damaged"):
                read_checked(file)


def test_write_atomic_makes_folders_and_leaves_nothing_beside(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    write_atomic(target, b"old")
    write_atomic(target, b"new")
    assert target.read_bytes() == b"new"
    assert os.listdir(target.parent) == ["b"]


def test_write_atomic_never_leaves_a_locked_file_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """.NET takes a lock of its own on what it opens, and fails where another one is."""
    target = tmp_path / "file"
    free: list[bool] = []
    fsync = os.fsync

    def look(descriptor: int) -> None:
        fsync(descriptor)
        if target.exists():
            with target.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free.append(True)

    monkeypatch.setattr(os, "fsync", look)
    write_atomic(target, b"new")
    assert free, "it was looked at while it was being written"


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(("d.x", "c.x", "b.x", "a.x", "old.y")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    keep_newest(tmp_path, "*.x", 2)
    assert sorted(os.listdir(tmp_path)) == ["c.x", "d.x", "old.y"]


def gone_before(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """Let another process delete the file just before that function is called with it."""
    step = getattr(owner, name)

    def late(path: Path, **options: bool) -> object:
        with suppress(FileNotFoundError):
            os.remove(path)
        return step(path, **options)

    monkeypatch.setattr(owner, name, late)


@pytest.mark.parametrize("moment", ["stat", "unlink"])
def test_two_processes_tidy_up_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    files = [tmp_path / name for name in ("old.x", "older.x", "new.x")]
    for file in files:
        file.touch()
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: iter(files))
    with monkeypatch.context() as patch:
        gone_before(patch, Path, moment)
        keep_newest(tmp_path, "*.x", 1)
    assert len(os.listdir(tmp_path)) <= 1


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert write_once(file, b"data")
    os.utime(file, (1000, 1000))
    assert not write_once(file, b"data")
    assert file.stat().st_mtime > 1000, "it counts as used"
    file.write_bytes(b"dat")
    assert write_once(file, b"data")
    assert file.read_bytes() == b"data"


@pytest.mark.parametrize(("owner", "moment"), [(Path, "read_bytes"), (os, "utime")])
def test_what_another_process_deletes_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, moment: str
) -> None:
    file = tmp_path / "file"
    write_once(file, b"data")
    with monkeypatch.context() as patch:
        gone_before(patch, owner, moment)
        assert write_once(file, b"data")
    assert file.read_bytes() == b"data"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    write_atomic(target, b"old")
    fail_to_write(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(target, bytes(100))
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_missing_flash_file_is_an_erased_chip(tmp_path: Path) -> None:
    path = tmp_path / "chip"
    with FlashFile(path, SIZE) as file:
        assert file.created
        assert file.contents == b"\xff" * SIZE
        file.save(file.contents)
    with FlashFile(path, SIZE) as file:
        assert not file.created
        assert file.contents == b"\xff" * SIZE
    assert os.listdir(tmp_path) == ["chip"]


def test_a_chip_that_was_never_saved_leaves_no_file(tmp_path: Path) -> None:
    with FlashFile(tmp_path / "chip", SIZE):
        assert os.listdir(tmp_path) == ["chip"], "what is locked"
    assert os.listdir(tmp_path) == []


def test_a_first_run_that_was_killed_leaves_no_chip(tmp_path: Path) -> None:
    """Its file has no byte yet, and is nothing that a board could boot from."""
    path = tmp_path / "chip"
    maker = "import sys, os\nfrom xipsim.firmware.store import FlashFile\n" \
        "file = FlashFile(sys.argv[1], 4096)\nos.kill(os.getpid(), 9)\n"
    ended = subprocess.run([sys.executable, "-c", maker, path], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b""
    with FlashFile(path, SIZE) as file:
        assert file.created and file.contents == b"\xff" * SIZE
        file.save(bytes(SIZE))
    assert path.read_bytes() == bytes(SIZE)


def test_saving_replaces_the_contents_and_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "chip"
    path.write_bytes(b"\xff" * SIZE)
    path.chmod(0o640)
    with FlashFile(path, SIZE) as file:
        file.save(bytes(SIZE))
    assert path.read_bytes() == bytes(SIZE)
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["chip"]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "chip")
    with FlashFile(link, SIZE) as file:
        file.save(bytes(SIZE))
    assert link.is_symlink()
    assert link.read_bytes() == bytes(SIZE)


def test_a_second_user_is_refused_before_and_after_a_save(tmp_path: Path) -> None:
    path = tmp_path / "chip"
    with FlashFile(path, SIZE) as first:
        with pytest.raises(FlashFileError, match=r"chip: in use by another machine"):
            FlashFile(path, SIZE)
        first.save(bytes(SIZE))
        with pytest.raises(FlashFileError, match="in use"):
            FlashFile(path, SIZE)
    with FlashFile(path, SIZE) as second:
        assert second.contents == bytes(SIZE)


def test_who_opened_the_old_file_waits_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced and given up between the second user's open and lock."""
    path = tmp_path / "chip"
    first = FlashFile(path, SIZE)
    claim = FlashFile._claim

    def late(self: FlashFile, descriptor: int) -> None:
        if first._descriptor is not None:
            first.save(bytes(SIZE))
            first.close()
        claim(self, descriptor)

    monkeypatch.setattr(FlashFile, "_claim", late)
    with FlashFile(path, SIZE) as second:
        assert second.contents == bytes(SIZE)
        assert second._descriptor is not None
        assert os.path.samestat(os.fstat(second._descriptor), path.stat())


def test_two_who_create_the_file_at_once_are_not_both_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chip"
    create, others = FlashFile._create, []

    def late(self: FlashFile) -> None:
        monkeypatch.setattr(FlashFile, "_create", create)
        others.append(FlashFile(path, SIZE))
        create(self)

    monkeypatch.setattr(FlashFile, "_create", late)
    with pytest.raises(FlashFileError, match="in use"):
        FlashFile(path, SIZE)
    others[0].save(bytes(SIZE))
    assert path.read_bytes() == bytes(SIZE)
    others[0].close()
    assert os.listdir(tmp_path) == ["chip"]


def test_discard_neither_creates_nor_changes_nor_locks(tmp_path: Path) -> None:
    path = tmp_path / "chip"
    with FlashFile(path, SIZE, discard=True) as file:
        assert file.contents == b"\xff" * SIZE
        file.save(bytes(SIZE))
    assert not path.exists()
    path.write_bytes(b"\xff" * SIZE)
    with FlashFile(path, SIZE), FlashFile(path, SIZE, discard=True) as file:
        file.save(bytes(SIZE))
    assert path.read_bytes() == b"\xff" * SIZE


@pytest.mark.parametrize("discard", [False, True])
@pytest.mark.parametrize("size", [1, SIZE - 1, SIZE + 1])
def test_a_wrong_size_names_both(tmp_path: Path, size: int, discard: bool) -> None:
    path = tmp_path / "chip"
    path.write_bytes(bytes(size))
    with pytest.raises(FlashFileError, match=f"chip: {size} bytes, but what it keeps has {SIZE}"):
        FlashFile(path, SIZE, discard=discard)
    assert path.stat().st_size == size


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(FlashFileError, match="its folder is missing"):
        FlashFile(tmp_path / "none" / "chip", SIZE)
    with pytest.raises(FlashFileError, match="cannot be used: Is a directory"):
        FlashFile(tmp_path, SIZE)
    with pytest.raises(FlashFileError, match="new/: this is how a folder is named"):
        FlashFile(f"{tmp_path}/new/", SIZE)
    assert not (tmp_path / "new").exists()
    with pytest.raises(FlashFileError, match="no regular file"):
        FlashFile("/dev/null", SIZE, discard=True)
    os.mkfifo(tmp_path / "pipe")
    for discard in (False, True):  # neither waits for somebody at the other end
        with pytest.raises(FlashFileError, match="no regular file"):
            FlashFile(tmp_path / "pipe", SIZE, discard=discard)


def test_a_full_disk_at_the_end_leaves_the_chip_and_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chip"
    path.write_bytes(b"\xff" * SIZE)
    with FlashFile(path, SIZE) as file:
        with monkeypatch.context() as patch:
            fail_to_write(patch)
            with pytest.raises(FlashFileError, match=r"not saved, .*: No space left"):
                file.save(bytes(SIZE))
        assert path.read_bytes() == b"\xff" * SIZE
        assert os.listdir(tmp_path) == ["chip"]
        with pytest.raises(FlashFileError, match="in use"):
            FlashFile(path, SIZE)
        file.save(bytes(SIZE))
    assert path.read_bytes() == bytes(SIZE)


def test_kill_9_leaves_a_whole_file_and_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "chip"
    size = 0x10_0000
    saver = (
        "import itertools, sys\n"
        "from xipsim.firmware.store import FlashFile\n"
        "file = FlashFile(sys.argv[1], int(sys.argv[2]))\n"
        "print('open', flush=True)\n"
        "for n in itertools.count():\n"
        "    file.save(bytes([n & 0xFF]) * file.size)\n"
    )
    for saves in (1, 2, 3):
        process = subprocess.Popen(
            [sys.executable, "-c", saver, str(path), str(size)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert process.stdout is not None and process.stdout.readline() == b"open\n"
        wait_for_saves(path, saves)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        data = path.read_bytes()
        assert data == data[:1] * size
        FlashFile(path, size).close()
        assert os.listdir(tmp_path) == ["chip"]
