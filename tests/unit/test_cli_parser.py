"""The grammar of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from xipsim.cli.parser import parse


@pytest.mark.parametrize(
    ("words", "image", "script", "code"),
    [
        ("exec TEENSY41 -c pass", None, None, "pass"),
        ("exec TEENSY41 a.hex -c pass", "a.hex", None, "pass"),
        ("exec TEENSY41 -c pass a.hex", "a.hex", None, "pass"),
        ("exec TEENSY41 s.py", None, "s.py", None),
        ("exec TEENSY41 -", None, "-", None),
        ("exec TEENSY41 a.hex s.py", "a.hex", "s.py", None),
        ("exec TEENSY41 a.hex -", "a.hex", "-", None),
        ("exec --seed 1 TEENSY41 --flash f.bin a.hex --strict s.py", "a.hex", "s.py", None),
        ("trace --hash TEENSY41 --no-times a.hex s.py", "a.hex", "s.py", None),
    ],
)
def test_which_positional_is_the_image_and_which_the_script(
    words: str, image: str | None, script: str | None, code: str | None
) -> None:
    args = parse(words.split())
    assert (args.board, args.image, args.script, args.code) == ("TEENSY41", image, script, code)


@pytest.mark.parametrize(
    ("words", "image"),
    [
        ("usb copy TEENSY41 f.uf2", None),
        ("usb copy TEENSY41 boot.hex f.uf2", "boot.hex"),
        ("usb copy --flash c.bin TEENSY41 boot.hex --seed 1 f.uf2", "boot.hex"),
    ],
)
def test_which_positional_is_copied(words: str, image: str | None) -> None:
    args = parse(words.split())
    assert (args.action, args.board, args.image, args.file) == ("copy", "TEENSY41", image, "f.uf2")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("", "COMMAND"),
        ("boot TEENSY41", "'boot'"),
        ("--bord", "unknown argument --bord"),
        ("exec", "are required: BOARD ("),
        ("run", "are required: BOARD ("),
        ("exec TEENSY41", "-c CODE"),
        ("exec TEENSY41 a b c", "'b' is too much"),
        ("exec TEENSY41 a b -c pass", "'b' is too much beside -c"),
        ("run TEENSY41 a b", "'b' is too much"),
        ("run TEENSY41 --flsh f", "--flsh"),
        ("run TEENSY41 --seed many", "'many' is no whole number"),
        ("run TEENSY41 --gdb 70000", "'70000' is no TCP port"),
        ("run TEENSY41 --hash", "--hash"),
        ("exec TEENSY41 -c pass --timeout 60", "'60s'"),
        ("exec TEENSY41 -c pass --timeout soon", "'soon' is no duration"),
        ("boards extra", "extra"),
        ("usb copy TEENSY41", "give the FILE to copy"),
        ("usb copy TEENSY41 a b c", "'b' is too much beside IMAGE and FILE"),
        ("usb image TEENSY41", "--output"),
        ("usb format TEENSY41", "'format'"),
        ("firmware", "ACTION"),
        ("firmware add", "FILE"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(words.split())
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("xipsim: ")
    assert error.count("\n") == 1
    assert complaint in error


def test_options_of_a_machine() -> None:
    files = "--flash f.bin --discard --put main.py --put lib.py --models m.py --report r.json"
    values = "--rtc now --seed 0x10 --uid 0011 --strict --gdb 3333 --qemu /opt/qemu"
    args = parse(["run", "BOARD", "image.bin", "--pty", *files.split(), *values.split()])
    assert args.pty
    assert args.discard
    assert args.strict
    assert (args.flash, args.report, args.qemu) == (
        "f.bin",
        Path("r.json"),
        Path("/opt/qemu"),
    )
    assert (args.put, args.models) == (["main.py", "lib.py"], ["m.py"])
    assert (args.rtc, args.seed, args.uid, args.gdb) == ("now", 16, "0011", 3333)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith("xipsim ")


FILES = ("flash", "state", "put", "models", "symbols", "report", "qemu")


@pytest.mark.parametrize(
    "words",
    [
        ["exec", "TEENSY41", "", "-c", "pass"],
        ["exec", "TEENSY41", "a.hex", ""],
        ["run", "TEENSY41", ""],
        ["run", "TEENSY41", "--pty", ""],
        ["renode", "TEENSY41", "--output", ""],
        *(["run", "TEENSY41", f"--{name}", ""] for name in FILES),
    ],
)
def test_a_name_that_is_empty_is_not_the_current_folder(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What a shell makes of a variable that is not set."""
    with pytest.raises(SystemExit):
        parse(words)
    assert "empty, and shall name a file" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["3", "٣s", "1e3s", "inf"])
def test_a_duration_is_written_in_plain_digits(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["exec", "TEENSY41", "-c", "pass", "--timeout", text])
    assert f"{text!r} is no duration" in capsys.readouterr().err
