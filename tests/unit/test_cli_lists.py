"""The commands that list things, errors, and the start-up of the command itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xipsim.cli import main
from xipsim.cli.failure import explain
from xipsim.engines.api import EngineError, ModelError
from xipsim.firmware.errors import FirmwareError
from xipsim.platforms import UnknownBoard
from xipsim.version import __version__

HEAVY = {"lark", "rich", "importlib.metadata", "multiprocessing", "subprocess", "tempfile"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); sys.argv = ['xipsim', '--version']\n"
        "from xipsim.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(*sorted(set(sys.modules) - before))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, modules = run.stdout.splitlines()
    assert version == f"xipsim {__version__}"
    assert not HEAVY & set(modules.split())


def test_boards(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["Board", "Product", "SoC", "Flash", "Size", "Image"]
    (row,) = (line for line in lines if line.startswith("TEENSY41"))
    assert "RT1062" in row
    assert "W25Q64JV-IM" in row
    assert "8 MB" in row


def test_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """W25Q64JV-IM: JEDEC id EF 70 17, 8 MB. (data sheet W25Q64JV-DTR, 8.1.1)"""
    assert main(["parts"]) == 0
    (row,) = (r for r in capsys.readouterr().out.splitlines() if r.startswith("W25Q64JV-IM"))
    assert "EF 70 17" in row
    assert "8 MB" in row


def test_models_and_one_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "Imxrt.FlexSpi" in capsys.readouterr().out
    assert main(["models", "Nor.Chip"]) == 0
    out = capsys.readouterr().out
    assert "Part number" in out
    assert "required" in out
    assert "FlashChip" in out
    assert main(["models", "Nor.Chop"]) == 2
    assert "did you mean Nor.Chip?" in capsys.readouterr().err


def test_models_of_the_user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from xipsim.peripherals.core import Output, Peripheral, model\n"
        "@model('Mine.Beeper')\n"
        "class Beeper(Peripheral):\n"
        "    '''It beeps.'''\n"
        "    SIZE = 0x100\n"
        "    IRQ = Output('When it has beeped.')\n"
    )
    assert main(["models", "Mine.Beeper", "--models", str(file)]) == 0
    out = capsys.readouterr().out
    assert "It beeps." in out
    assert "When it has beeped." in out


def test_a_users_models_with_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("x = 1\ny = x.z\n")
    assert main(["models", "--models", str(file)]) == 2
    assert f"{file}:2" in capsys.readouterr().err


def test_firmware_add_list_info_path(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "TEENSY41.bin"
    image.write_bytes(b"FCFB" + b"\x80" * 0x2000)
    assert main(["firmware", "list"]) == 0
    assert "xipsim firmware add" in capsys.readouterr().out
    assert main(["firmware", "add", str(image)]) == 0
    assert capsys.readouterr().out.startswith("TEENSY41 ")
    assert main(["firmware", "list"]) == 0
    assert str(image) in capsys.readouterr().out
    assert main(["firmware", "path", "TEENSY41"]) == 0
    cached = Path(capsys.readouterr().out.strip())
    assert cached.read_bytes() == image.read_bytes()
    assert main(["firmware", "info", str(cached)]) == 0
    assert "bin" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["firmware", "path", "TENSY41"], "did you mean TEENSY41?"),
        (["firmware", "list", "TENSY41"], "did you mean TEENSY41?"),
        (["firmware", "add", "missing.hex"], "missing.hex"),
        (["firmware", "info", "deadbeef"], "deadbeef"),
        (["exec", "TENSY41", "-c", "x"], "did you mean TEENSY41?"),
        (["exec", "my/board.repl", "-c", "x"], "my/board.repl"),
    ],
)
def test_wrong_names(
    cache: Path, arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err


# -- doctor --------------------------------------------------------------------------------------


def test_doctor_names_what_is_missing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("XIPSIM_QEMU", raising=False)
    monkeypatch.setenv("PATH", str(cache))
    assert main(["doctor"]) == 2
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("missing  QEMU")
    assert "apt install qemu-system-arm" in last


def test_doctor_on_another_program(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--qemu", "/bin/true"]) == 2
    assert "/bin/true is not QEMU" in capsys.readouterr().out


def test_doctor_on_a_version_that_was_not_tried(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    qemu = cache / "qemu-system-arm"
    qemu.write_text("#!/bin/sh\necho QEMU emulator version 42.0.1\n")
    qemu.chmod(0o755)
    for part in ("find_shim", "find_libpython"):
        monkeypatch.setattr(f"xipsim.cli.doctor.{part}", lambda: "here")
    monkeypatch.setattr("xipsim.cli.doctor._engine", lambda _: "starts")
    assert main(["doctor", "--qemu", str(qemu)]) == 0
    assert "42.0.1" in (out := capsys.readouterr().out)
    assert "not tried yet: known to work are 7.2, 8.2, 10.0" in out


def test_doctor_does_without_renode_and_says_what_one_lacks(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("find_shim", "find_libpython", "_python"):
        monkeypatch.setattr(f"xipsim.cli.doctor.{part}", lambda: "here")
    for part in ("_qemu", "_engine"):
        monkeypatch.setattr(f"xipsim.cli.doctor.{part}", lambda _: "here")
    for variable in ("XIPSIM_RENODE", "PYRENODE_BIN", "PYRENODE_BUILD_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(cache))
    assert main(["doctor"]) == 0
    assert "none     Renode    Renode was not found: XIPSIM_RENODE is" in capsys.readouterr().out
    renode = cache / "renode"
    renode.write_text(
        "#!/bin/sh\nif [ $1 = --version ]; then echo Renode v1.16.1; else"
        " echo xipsim lacks:BusAccessException:; fi\n"
    )
    renode.chmod(0o755)
    assert main(["doctor"]) == 0
    assert f"ok       Renode    1.16.1 ({renode}, by PATH); it lacks bus faults" in (
        capsys.readouterr().out
    )


# -- failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        EngineError("no QEMU"),
        FirmwareError("no image"),
        UnknownBoard("no board"),
        PermissionError(13, "Permission denied", "/x"),
    ],
)
def test_what_the_user_can_put_right_has_code_2(error: Exception) -> None:
    assert explain(error)[1] == 2


@pytest.mark.parametrize("error", [ModelError("a model"), KeyError("x"), OSError(9, "closed")])
def test_what_only_we_can_put_right_has_code_5(error: Exception) -> None:
    text, code = explain(error)
    assert code == 5
    assert __version__ in text
    assert "please report" in text


def test_our_own_bug_is_one_line_with_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("xipsim.cli.parts.part_names", broken)
    monkeypatch.delenv("XIPSIM_DEBUG", raising=False)
    assert main(["parts"]) == 5
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "RuntimeError: two lines" in error
    assert "xipsim/cli/parts.py:" in error


def test_the_traceback_is_shown_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XIPSIM_DEBUG", "1")
    assert main(["firmware", "path", "NOWHERE"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_the_module_runs_as_a_program() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "xipsim", "nonsense"],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
