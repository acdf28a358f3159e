"""Streams that are closed or full, no PTY, no home: told in a line, and never as a bug."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from xipsim.cli.terminal import pseudo_terminal
from xipsim.errors import UserError
from xipsim.firmware.store import NO_HOME, cache_dir, write_atomic

ROOT = Path(__file__).parents[2]
XIPSIM = shlex.join([sys.executable, "-m", "xipsim"])
COMMANDS = ["boards", "parts", "models", "firmware list"]


def shell(
    command: str, folder: Path, **variables: str | None
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XIPSIM_CACHE": str(folder)} | variables
    kept = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, cwd=folder, env=kept, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    ["--flash f -c 1", "--state f -c 1", "--report f -c 1", "--models f -c 1", "--put f -c 1", "f"],
)
def test_in_a_folder_that_is_gone_no_relative_path_is_a_bug(arguments: str, tmp_path: Path) -> None:
    (tmp_path / "image.bin").write_bytes(b"FCFB" + bytes(0x2000))
    here = f"mkdir gone; cd gone; rmdir ../gone; {XIPSIM} exec TEENSY40"
    done = shell(f"{here} {tmp_path}/image.bin {arguments}", tmp_path)
    assert done.returncode == 2
    assert "bug" not in done.stderr
    assert "f: " in done.stderr or "the working directory does not exist" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("output", [">&-", "<&- >&-", ">/dev/full"])
def test_output_that_cannot_be_written(command: str, output: str, tmp_path: Path) -> None:
    done = shell(f"{XIPSIM} {command} {output}", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("xipsim: the output cannot be written: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["--help", "--version", "exec --help", "usb copy -h"])
@pytest.mark.parametrize("unbuffered", ["1", None])
def test_help_that_cannot_be_written(command: str, unbuffered: str | None, tmp_path: Path) -> None:
    """Without a buffer the error comes to argparse, which keeps it to itself."""
    done = shell(f"{XIPSIM} {command} >/dev/full", tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    assert done.stderr == "xipsim: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("others", ["<&-", "2>&-", "<&- 2>&-"])
def test_who_needs_no_input_and_has_no_error_goes_on(
    command: str, others: str, tmp_path: Path
) -> None:
    done = shell(f"{XIPSIM} {command} {others}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_a_message_that_nobody_can_read_still_has_its_exit_code(tmp_path: Path) -> None:
    done = shell(f"{XIPSIM} exec TEENSY99 -c 1 <&- >&- 2>&-", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@pytest.mark.parametrize("command", ["--version", "--help", "exec --help"])
def test_not_even_the_help_is_lost_without_a_word(command: str, tmp_path: Path) -> None:
    done = shell(f"{XIPSIM} {command} >/dev/full", tmp_path, PYTHONUNBUFFERED=None)
    assert done.returncode == 2
    assert done.stderr.startswith("xipsim: the output cannot be written: ")


def test_a_script_from_standard_input_that_is_closed(tmp_path: Path) -> None:
    done = shell(f"{XIPSIM} exec --qemu /nothing TEENSY41 - <&-", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "xipsim: -: the script cannot be read: Bad file descriptor\n"


def test_run_without_any_terminal(tmp_path: Path) -> None:
    code = (
        "from xipsim.cli import streams; streams.open_all()\n"
        "from xipsim.cli.terminal import terminal\n"
        "with terminal(): pass"
    )
    done = shell(f"{shlex.join([sys.executable, '-c', code])} <&- >&-", tmp_path)
    assert "run needs a terminal at standard input" in done.stderr


@pytest.mark.parametrize("missing", ["openpty", "ttyname"])
def test_a_computer_without_ptys(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> int:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(os, missing, none)
    with pytest.raises(UserError, match=r"--pty: .*No such file"), pseudo_terminal():
        pass


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_file_is_not_replaced_by_one(kind: str, tmp_path: Path) -> None:
    """As `/dev/null` would be, if root names it."""
    place = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(place)
        with pytest.raises(OSError, match="no regular file"):
            write_atomic(place, b"new")
        assert place.is_fifo()
    else:
        place.symlink_to("target")
        write_atomic(place, b"new")
        assert place.is_symlink()
        assert (tmp_path / "target").read_bytes() == b"new"


def test_nobody_has_no_home_and_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    for name in ("HOME", "XDG_CACHE_HOME", "XIPSIM_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert cache_dir() == NO_HOME
    assert list(NO_HOME.glob("*")) == []
    assert not (NO_HOME / "boots").exists()
    with pytest.raises(OSError, match="set HOME or XIPSIM_CACHE"):
        write_atomic(NO_HOME / "boots" / "file", b"")
