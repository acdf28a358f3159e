"""exec and trace: what goes where, and the exit codes. The machine is a fake."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_fakes import FakeMachine, FakeProcess

from xipsim.cli import main
from xipsim.cli.failure import explain
from xipsim.cli.running import script
from xipsim.errors import (
    BoardReset,
    BootFailed,
    EngineFailed,
    EngineKilled,
    FirmwareFault,
    ModelGap,
    PoweredOff,
    ReplError,
    Situation,
    UserError,
    WaitTimeout,
)

NOWHERE = Situation(now=0)
TOOLS = "--qemu q --gdb 9 --gdb-wait --symbols e"


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeMachine]]:
    """A fresh class, so that a test can set its attributes."""

    class Machine(FakeMachine):
        pass

    monkeypatch.setattr("xipsim.machine.machine.Machine", Machine)
    monkeypatch.setattr("xipsim.engines.programs.find", lambda: SimpleNamespace(start=FakeProcess))
    yield Machine


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_a_script_in_utf_16_is_none_that_a_board_takes(tmp_path: Path, order: str) -> None:
    file = tmp_path / "script.py"
    file.write_bytes("\ufeffprint(1)".encode(order))
    with pytest.raises(UserError, match=r"script\.py: UTF-16, and the board"):
        script(argparse.Namespace(code=None, script=str(file)))


def test_a_byte_order_mark_is_told_before_the_board_stumbles_over_it(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text("print(1)", "utf-8-sig")
    with pytest.raises(UserError, match=r"script\.py: it begins with a byte order mark"):
        script(argparse.Namespace(code=None, script=str(file)))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("firmware.bin", b"FCFB\0\0\1V" + bytes(500), r"firmware\.bin is an image, and no script"),
        ("script.py", b"M\6\0\x1f" + bytes(60), r"script\.py is an image, and no script"),
        ("module.mpy", b"M\6\0\x1f" + bytes(60), r"module\.mpy is compiled: put it on the board"),
        ("script.py", b"# a comment of some length\nprint(1)\0\n", ""),
    ],
)
def test_what_is_no_script(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    """A stray NUL in a text makes no image of it: the firmware says where it is."""
    file = tmp_path / name
    file.write_bytes(data)
    arguments = argparse.Namespace(code=None, script=str(file))
    if not says:
        assert script(arguments) == data
        return
    with pytest.raises(UserError, match=says):
        script(arguments)


@pytest.mark.parametrize("option", ["--flash", "--put", "--models", "--symbols", "image", "script"])
def test_a_report_overwrites_nothing_that_the_command_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("script.py").write_text("print(1)")
    Path("file").write_text("precious")
    Path("link").symlink_to("file")
    rest = {"image": ["file", "script.py"], "script": ["file"]}.get(
        option, ["script.py", option, "file"]
    )
    for report in ("file", "./file", "link"):
        assert main(["exec", "BOARD", *rest, "--report", report]) == 2
        assert "is named twice, and would be overwritten" in capsys.readouterr().err
    assert Path("file").read_text() == "precious"


def test_a_report_overwrites_no_part_of_the_state(
    fake: type[FakeMachine],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Which files these are, and an SD card's, the machine alone knows."""
    monkeypatch.chdir(tmp_path)
    Path("state").mkdir()
    monkeypatch.setattr(fake, "kept_files", (tmp_path / "state" / "nor.bin",))
    words = ["exec", "BOARD", "-c", "1", "--state", "state", "--report"]
    assert main([*words, "state/nor.bin"]) == 2
    assert "state/nor.bin is named twice" in capsys.readouterr().err
    assert not Path("state/nor.bin").exists() and fake.last.closed and not fake.last.scripts
    assert main([*words, "state/report.json"]) == 0


def test_two_files_that_are_to_be_written_are_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["usb", "image", "BOARD", "--output", "x"]
    assert main([*words, "--report", "./x"]) == 2
    assert "x is named twice, and would be overwritten" in capsys.readouterr().err


def test_one_script_is_not_lost_behind_another(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["exec", "BOARD", "-c", "print(1)", "-c", "print(2)"])
    assert "-c is given twice" in capsys.readouterr().err


def test_a_script_without_an_end_is_refused() -> None:
    with pytest.raises(UserError, match="/dev/zero: more than 16 MB, which no script has"):
        script(argparse.Namespace(code=None, script="/dev/zero"))


def test_standard_output_holds_the_output_and_nothing_else(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert main(["exec", "BOARD", "-c", "print(42)"]) == 0
    out, err = capfdbinary.readouterr()
    assert (out, err) == (b"42\n", b"")
    assert FakeMachine.last.scripts == [b"print(42)"]
    assert FakeMachine.last.closed


def test_bytes_that_are_no_text_come_out_as_they_were(
    fake: type[FakeMachine], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    data = bytes(range(256))
    fake.prints = data.decode(errors="surrogateescape")
    main(["exec", "BOARD", "-c", "x"])
    assert capfdbinary.readouterr().out == data


def test_warnings_come_on_standard_error(
    fake: type[FakeMachine], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.warnings = ("the image is for 2 MB",)
    main(["exec", "BOARD", "-c", "x"])
    assert capsys.readouterr().err == "xipsim: warning: the image is for 2 MB\n"


def test_a_wait_in_vain_is_told_on_standard_error(
    fake: type[FakeMachine], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.waits_for = "the firmware waits for SAI, which is not modelled"
    main(["exec", "BOARD", "-c", "x"])
    assert capsys.readouterr().err == f"xipsim: {fake.waits_for}\n"


def test_the_script_comes_from_a_file_or_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "s.py"
    script.write_bytes(b"a\n")
    main(["exec", "BOARD", "image.hex", str(script)])
    assert FakeMachine.last.scripts == [b"a\n"]
    assert FakeMachine.last.options["firmware"] == "image.hex"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"b\n")))
    main(["exec", "BOARD", "-"])
    assert FakeMachine.last.scripts == [b"b\n"]


@pytest.mark.parametrize(
    "image",
    [b"\x7fELF\x01\x01\x01\x00", b"UF2\n\x57\x51\x5d\x9e\x00", b"PK\x03\x04\x14\x00",
     b":020000046000 9A\n".replace(b" ", b""), b"FCFB\x00\x04\x01V"],
    ids=["elf", "uf2", "zip", "hex", "bin"],
)
@pytest.mark.parametrize("command", ["exec", "trace"])
def test_an_image_in_the_place_of_the_script(
    command: str, image: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "firmware"
    file.write_bytes(image)
    assert main([command, "BOARD", str(file)]) == 2
    assert f"{file} is an image, and no script: say what it shall run" in capsys.readouterr().err


def test_a_traceback_goes_to_standard_error(
    fake: type[FakeMachine], capfd: pytest.CaptureFixture[str]
) -> None:
    fake.raises = ReplError("Traceback\nOSError: 5", "OSError", "42\n")
    assert main(["exec", "BOARD", "-c", "x"]) == 1
    assert capfd.readouterr() == ("42\n", "Traceback\nOSError: 5\n")
    fake.broken_rules = "The models noticed: nor: WEL is 0 (at 0.1 s)."
    assert main(["exec", "BOARD", "-c", "x"]) == 1
    assert capfd.readouterr().err == (
        "Traceback\nOSError: 5\nxipsim: The models noticed: nor: WEL is 0 (at 0.1 s).\n"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("no"), 2),
        (WaitTimeout("no", NOWHERE, "a prompt"), 3),
        (BoardReset("no", NOWHERE, ""), 3),
        (PoweredOff("no", NOWHERE), 3),
        (FirmwareFault("no", NOWHERE, {}), 6),
        (BootFailed("no", NOWHERE), 7),
        (ModelGap("no", NOWHERE), 4),
    ],
)
def test_each_kind_of_trouble_has_its_exit_code(
    fake: type[FakeMachine], error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.raises = error
    assert main(["exec", "BOARD", "-c", "x"]) == code
    assert capsys.readouterr().err == "xipsim: no\n"
    assert FakeMachine.last.closed


def test_an_engine_that_failed_is_told_in_one_line(
    fake: type[FakeMachine], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the child's traceback, but with its last line."""
    fake.raises = EngineFailed("it ended; its last words:\nTraceback:\n  File\nValueError: 5")
    assert main(["exec", "BOARD", "-c", "x"]) == 5
    error = capsys.readouterr().err
    assert error.startswith("xipsim: it ended; its last words: ValueError: 5")
    assert "please report" in error
    assert error.count("\n") == 1


def test_the_report_is_written_before_the_machine_closes_also_after_an_error(
    fake: type[FakeMachine], tmp_path: Path
) -> None:
    fake.raises = UserError("no")
    report = tmp_path / "r.json"
    assert main(["exec", "BOARD", "-c", "x", "--report", str(report)]) == 2
    assert json.loads(report.read_text()) == {"board": "BOARD", "closed": False}


def test_a_report_goes_into_a_pipe_and_through_a_link(tmp_path: Path) -> None:
    """Both stay what they are."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("target")
    reads = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    for name in ("pipe", "link"):
        assert main(["exec", "BOARD", "-c", "x", "--report", str(tmp_path / name)]) == 0
    with open(reads, "rb") as pipe:
        assert json.loads(pipe.read())["board"] == "BOARD"
    assert json.loads((tmp_path / "target").read_text())["board"] == "BOARD"
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_report_that_nobody_reads_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert main(["exec", "BOARD", "-c", "x", "--report", str(tmp_path / "pipe")]) == 2
    assert "pipe: the report cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--report", "missing/r.json", "-c", "x"], "folder for the report"),
        (["--report", ".", "-c", "x"], ". is a folder"),
        (["--discard", "-c", "x"], "--flash"),
        (["missing.py"], "missing.py: the script cannot be read"),
    ],
)
def test_mistakes_are_seen_before_a_machine_is_made(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FakeMachine, "__init__", None)
    assert main(["exec", "BOARD", *arguments]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("command", ["exec BOARD -c x --report r", "usb image BOARD --output r"])
def test_what_cannot_be_written_is_told_before_a_machine_has_run_for_nothing(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(FakeMachine, "__init__", None)
    assert main(command.split()) == 2
    assert "cannot be written there: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError(), UserError("it ended")])
def test_what_was_not_saved_is_told_however_the_run_ended(
    error: BaseException, fake: type[FakeMachine], capsys: pytest.CaptureFixture[str]
) -> None:
    """`Machine` adds it to the error that ended the run."""
    error.add_note("a.bin: not saved, the file is as it was: No space left on device")
    fake.raises = error
    with suppress(SystemExit):
        main(["exec", "BOARD", "-c", "x"])
    assert capsys.readouterr().err.splitlines()[-1].startswith("xipsim: a.bin: not saved")


@pytest.mark.parametrize(
    ("error", "code", "reported"),
    [(EngineFailed("died"), 5, True), (EngineKilled("signal 9, from outside"), 2, False)],
)
def test_an_engine_that_was_killed_is_no_bug_to_report(
    error: EngineFailed, code: int, reported: bool
) -> None:
    text, exit_code = explain(error)
    assert exit_code == code
    assert ("please report" in text) is reported


def test_ctrl_c_before_a_machine_is_made(
    fake: type[FakeMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is started first of all."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xipsim.engines.programs.find", interrupted)
    assert main(["exec", "BOARD", "-c", "x"]) == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_in_order(
    fake: type[FakeMachine], number: signal.Signals, tmp_path: Path
) -> None:
    """The machine is asked to end its run, reported and closed; then 128 + the signal."""
    before = signal.getsignal(number)
    fake.signal = number
    report = tmp_path / "r.json"
    with pytest.raises(SystemExit) as exit_:
        main(["exec", "BOARD", "-c", "x", "--report", str(report)])
    assert exit_.value.code == 128 + number
    assert report.exists()
    assert FakeMachine.last.closed
    assert signal.getsignal(number) is before


def test_a_reader_that_is_gone_ends_the_run_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    monkeypatch.setattr("sys.stdout", os.fdopen(writes, "w"))
    assert main(["exec", "BOARD", "-c", "x"]) == 141
    assert FakeMachine.last.interrupted
    assert FakeMachine.last.closed
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_the_users(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(full, write_through=True))
    assert main(["exec", "BOARD", "-c", "x"]) == 2
    assert "No space left" in capsys.readouterr().err


# -- trace ---------------------------------------------------------------------------------------


def test_a_trace_holds_the_boot_and_the_script(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "BOARD", "-c", "x"]) == 0
    assert capfd.readouterr() == (
        "100 nor 02 read-data - 0 -\n200 nor 02 page-program - 0 -\n",
        "42\n",
    )


def test_from_the_prompt_on_and_without_times(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "BOARD", "-c", "x", "--from-prompt", "--no-times"]) == 0
    assert capfd.readouterr().out == "nor 02 page-program - 0 -\n"


def test_the_hash_is_all_that_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """sha256sum of the line `nor 02 page-program - 0 -` with its line feed."""
    arguments = ["trace", "BOARD", "-c", "x", "--from-prompt", "--no-times", "--hash"]
    assert main(arguments) == 0
    want = subprocess.run(
        ["sha256sum"], input=b"nor 02 page-program - 0 -\n", capture_output=True, check=True
    ).stdout.split()[0]
    assert capfd.readouterr().out == f"{want.decode()}\n"


# -- options -------------------------------------------------------------------------------------


def test_options_reach_the_machine() -> None:
    kept = "--flash f --state s --discard --put p"
    machine = f"{kept} --rtc now --seed 3 --uid 00 --strict --stalls off --models m --wire D0:D1"
    machine += " --ahb buffers"
    main(["exec", "B", "i.hex", "-c", "x", "--timeout", "9s", *machine.split(), *TOOLS.split()])
    options: dict[str, Any] = FakeMachine.last.options
    assert callable(options.pop("start"))
    assert {name: str(value) for name, value in options.items()} == {
        "engine": "qemu",
        "firmware": "i.hex",
        "flash": "f",
        "state": "s",
        "discard": "True",
        "put": "['p']",
        "rtc": "now",
        "seed": "3",
        "uid": "00",
        "strict": "True",
        "ahb": "buffers",
        "stalls": "False",
        "qemu": "q",
        "gdb": "9",
        "gdb_wait": "True",
        "models": "['m']",
        "symbols": "e",
        "wires": "['D0:D1']",
        "console": "",
        "boot_cache": "True",
    }
    assert FakeMachine.last.timeout == "9s"


@pytest.mark.parametrize(
    ("arguments", "cached"),
    [
        (["exec"], True),
        (["exec", "--cold"], False),
        (["trace"], False),
        (["trace", "--from-prompt"], True),
        (["trace", "--from-prompt", "--cold"], False),
    ],
)
def test_what_needs_no_boot_takes_it_from_the_cache(arguments: list[str], cached: bool) -> None:
    main([*arguments, "B", "-c", "x"])
    assert FakeMachine.last.options["boot_cache"] is cached


def test_run_without_a_terminal_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open(os.devnull) as nothing, open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stdin", nothing)
        monkeypatch.setattr(sys, "stdout", nowhere)
        assert main(["run", "BOARD"]) == 2
    assert "run needs a terminal" in capsys.readouterr().err


# -- QEMU, started ahead -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["-c", "x"], ["-c", "x", "--no-such-option"], []], ids=["right", "wrong", "few"]
)
def test_qemu_is_ended_whatever_the_arguments(arguments: list[str]) -> None:
    with suppress(SystemExit):
        main(["exec", "BOARD", *arguments])
    assert FakeProcess.last.done == ["kill", "close"]


@pytest.mark.parametrize(
    "arguments", [["boards"], ["exec", "B", "-c", "x", "--qemu=q"], ["exec", "--help"]]
)
def test_it_is_not_started_for_nothing_nor_without_its_options(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeProcess, "__init__", None)
    with suppress(SystemExit):
        assert main(arguments) == 0
