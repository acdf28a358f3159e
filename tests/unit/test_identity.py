"""What shapes a machine is in its identity: whatever changes there changes the boot cache's key."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from xipsim.engines import identity as module
from xipsim.engines.api import MachineConfig
from xipsim.engines.identity import identity
from xipsim.engines.repl.cache import load
from xipsim.machine import boot_cache

ROOT = Path(__file__).parents[2]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of everything that has a part in it."""
    for room in ("platforms", "peripherals", "engines"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, tmp_path / room, ignore=ignored)
    (tmp_path / "qemu").write_bytes(b"\x7fELF")
    (tmp_path / "own.py").write_text("x = 1\n")
    (tmp_path / "helper.py").write_text("y = 1\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def config(places: Path) -> MachineConfig:
    board = places / "platforms" / "boards" / "TEENSY41.repl"
    return MachineConfig(platform=board, models=(places / "own.py",))


class Program:
    """As much of an engine's program as an identity needs."""

    NAME = "QEMU"

    def __init__(self, path: Path) -> None:
        self.path = path


def taken(places: Path, config: MachineConfig) -> dict[str, str]:
    return identity(config, load(config.platform), Program(places / "qemu"), [places / "helper.py"])


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    assert before.keys() == after.keys()
    return [what for what in before if before[what] != after[what]]


def test_the_models_that_are_used_are_the_ones_that_count() -> None:
    """Also through the links that give the rooms their import names."""
    files = {Path(path).resolve() for path in module._sources()}
    assert {ROOT / "peripherals/imxrt/ccm.py", ROOT / "engines/guest/clock.py"} <= files


def test_the_same_machine_has_the_same(places: Path, config: MachineConfig) -> None:
    assert taken(places, config) == taken(places, config)


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("platforms/boards/TEENSY41.repl", "board"),
        ("platforms/soc/rt1062.repl", "board"),
        ("peripherals/imxrt/ccm.py", "version of the models"),
        ("peripherals/nor/parts/winbond.py", "version of the models"),
        ("engines/guest/clock.py", "version of the models"),
        ("own.py", "set of your own models"),
        ("helper.py", "set of your own models"),
        ("qemu", "build of QEMU"),
    ],
)
def test_one_byte_of_a_file_counts(
    places: Path, config: MachineConfig, file: str, what: str
) -> None:
    path = places / file
    before = taken(places, config)
    with path.open("ab") as end:
        end.write(b"\n")
    assert changed(before, taken(places, config)) == [what]


def test_a_qemu_of_the_same_size_counts(places: Path, config: MachineConfig) -> None:
    """An upgrade in place shows by its time."""
    before = taken(places, config)
    os.utime(places / "qemu", ns=(1, 1))
    assert changed(before, taken(places, config)) == ["build of QEMU"]


def test_bytes_that_move_from_file_to_file_count(places: Path, config: MachineConfig) -> None:
    """Two files are not what they are when joined."""
    own, helper = places / "own.py", places / "helper.py"
    helper.write_text("a\n")
    own.write_text("b\n")
    before = taken(places, config)
    helper.write_text("a\nb\n")
    own.write_text("")
    assert changed(before, taken(places, config)) == ["set of your own models"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": 1},
        {"stalls": False},
        {"strict": True},
        {"wires": (("gpio1", 3, "gpio1", 2),)},
        {"overrides": {"ocotp": {"uid": "00"}}},
        {"overrides": {"snvs": {"rtc": "2024-01-01"}}},
    ],
    ids=str,
)
def test_each_argument_counts(
    places: Path, config: MachineConfig, arguments: dict[str, Any]
) -> None:
    before = taken(places, config)
    after = taken(places, config._replace(**arguments))
    assert changed(before, after) == ["set of arguments"]


def test_versions_count(
    places: Path, config: MachineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = taken(places, config)
    monkeypatch.setattr(module, "FORMAT", "0")
    monkeypatch.setattr(module, "__version__", "0")
    monkeypatch.setattr("sys.version", "3.99.0 (main)")
    want = ["snapshot format", "version of xipsim", "Python"]
    assert changed(before, taken(places, config)) == want


def test_the_cache_is_keyed_by_it_the_flash_and_the_console(places: Path) -> None:
    keys = {
        boot_cache.place({"board": "a"}, {"nor": b"flash"}, "pc"),
        boot_cache.place({"board": "a"}, {"ram": b"flash"}, "pc"),
        boot_cache.place({"board": "b"}, {"nor": b"flash"}, "pc"),
        boot_cache.place({"board": "a"}, {"nor": b"flasi"}, "pc"),
        boot_cache.place({"board": "a"}, {"nor": b"flash"}, "lpuart1"),
    }
    assert len(keys) == 5
    assert {path.parent for path in keys} == {places / "cache" / "boots"}


def test_the_cache_keeps_what_was_used_lately(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot_cache, "KEPT", 2)
    folder = places / "cache" / "boots"
    folder.mkdir(parents=True)
    for age, name in enumerate(("new", "old", "older")):
        file = folder / f"{name}.snapshot"
        file.touch()
        os.utime(file, ns=(10**9 - age, 10**9 - age))

    class Taken:
        def save(self, file: Path) -> None:
            file.touch()

        def drop(self) -> None:
            pass

    boot_cache.store(Taken(), folder / "newest.snapshot")  # type: ignore[arg-type]
    assert {file.stem for file in folder.iterdir()} == {"newest", "new"}
