"""`xipsim usb`: files to and from a board that is a drive. Machine and drive are fakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_fakes import FakeMachine

from xipsim.cli import main
from xipsim.errors import StorageError


class Drive:
    """Takes files, or `raises`."""

    label = "BOOT"
    raises: BaseException | None = None

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write(self, name: str, data: bytes) -> None:
        if self.raises:
            raise self.raises
        self.files[name] = data

    def image(self) -> bytes:
        return b"blocks"


@pytest.fixture(autouse=True)
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    stick = Drive()

    class Machine(FakeMachine):
        usb = SimpleNamespace(storage=stick)
        resets: list[dict[str, Any]] = []

        def run_for(self, duration: str) -> None:
            self.resets = [{"time": 5, "cause": "SYSRESETREQ"}]

        def report(self) -> dict[str, Any]:
            return {"resets": self.resets}

    monkeypatch.setattr("xipsim.machine.machine.Machine", Machine)
    yield stick


def test_copy(drive: Drive, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.uf2").write_bytes(b"image")
    assert main(["usb", "copy", "B", "boot.hex", str(tmp_path / "a.uf2"), "--flash", "f"]) == 0
    assert drive.files == {"a.uf2": b"image"}
    options = FakeMachine.last.options
    assert (options["firmware"], str(options["flash"])) == ("boot.hex", "f")
    assert capfd.readouterr().out == (
        "a.uf2: 5 bytes to BOOT; the board has restarted (SYSRESETREQ)\n"
    )


def test_image(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["usb", "image", "B", "--output", str(tmp_path / "v.img")]) == 0
    assert (tmp_path / "v.img").read_bytes() == b"blocks"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["copy", "B", "/no/file"], 2, "/no/file: cannot be read: No such file or directory"),
        (["copy", "B", "/proc/self/status"], 3, "no mass storage has appeared"),
        (["image", "B", "--output", "/no/folder/v.img"], 2, "/no/folder/v.img: the folder"),
    ],
)
def test_what_goes_wrong(
    words: list[str], code: int, text: str, drive: Drive, capfd: pytest.CaptureFixture[str]
) -> None:
    drive.raises = StorageError("no mass storage has appeared at pc")
    assert main(["usb", *words]) == code
    assert text in capfd.readouterr().err
