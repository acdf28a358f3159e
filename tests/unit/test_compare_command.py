"""`xipsim compare` on engines that are fakes: what is observed, what is said, the exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_engine import MS, FakeEngine, MicroPython, Script
from machines import IMAGE

from xipsim import compare
from xipsim.cli import main
from xipsim.engines.api import EngineError, MachineConfig
from xipsim.machine.machine import Machine

Prepare = Callable[[str, FakeEngine, MicroPython], None]


@pytest.fixture
def image(tmp_path: Path) -> str:
    path = tmp_path / "image.hex"
    path.write_text(IMAGE)
    return str(path)


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[Prepare]:
    """Both are there; functions in the list prepare each when it starts."""
    prepared: list[Prepare] = []

    def machine(*arguments: Any, **options: Any) -> Machine:
        def start(config: MachineConfig) -> FakeEngine:
            engine = FakeEngine(config)
            firmware = MicroPython(engine)
            firmware.scripts[b"print(1)"] = Script(output=b"1\r\n")
            for prepare in prepared:
                prepare(config.engine, engine, firmware)
            return engine

        return Machine(*arguments, start=start, **options)

    monkeypatch.setattr(compare, "Machine", machine)
    monkeypatch.setattr("xipsim.engines.programs.find", lambda engine: None)
    return prepared


def run(image: str, *more: str) -> int:
    return main(["compare", "TEENSY40", image, "-c", "print(1)", *more])


def test_runs_that_show_the_same(
    engines: list[Prepare], image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(image) == 0
    told = capsys.readouterr().out
    assert told.startswith("qemu and renode show the same: 0 flash commands")
    assert told.endswith("it came to its end\n")


def test_runs_that_differ(
    engines: list[Prepare], image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def prepare(name: str, engine: FakeEngine, firmware: MicroPython) -> None:
        if name == "renode":
            firmware.scripts[b"print(1)"] = Script(output=b"2\r\n")
            engine.at(MS, lambda: engine.chip.__setitem__(0x1000, 0))

    engines.append(prepare)
    assert run(image) == 1
    out = capsys.readouterr().out
    assert "chip nor, at 0x001000:" in out
    assert "console pc, at number" in out


def test_a_script_that_raises_is_a_run_as_any_other(
    engines: list[Prepare], image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def prepare(name: str, engine: FakeEngine, firmware: MicroPython) -> None:
        error = b"Traceback:\r\nOSError: 5\r\n"
        firmware.scripts[b"print(1)"] = Script(error=error)

    engines.append(prepare)
    assert run(image) == 0
    assert capsys.readouterr().out.endswith("the script raised OSError\n")


def test_an_engine_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def find(engine: str) -> None:
        if engine == "renode":
            raise EngineError("Renode was not found: there is no renode on the PATH")

    monkeypatch.setattr("xipsim.engines.programs.find", find)
    assert run(image) == 2
    assert capsys.readouterr().err == (
        "xipsim: Renode was not found: there is no renode on the PATH\n"
    )


def test_what_would_be_kept_or_chosen_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--flash=a", "--engine=qemu", "--report=r", "--cold", "--gdb=1"):
        with pytest.raises(SystemExit):
            run("image.hex", option)
        assert f"unknown argument {option}" in capsys.readouterr().err
