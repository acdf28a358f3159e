"""Files with models of a user's own, of several machines in one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import HANGS

from xipsim.engines.usermodels import UserModelError, load_models
from xipsim.peripherals.core import REGISTRY

SOURCE = """
from xipsim.peripherals.core import Peripheral, model

@model({name!r})
class Lamp(Peripheral):
    SIZE = {size}
"""


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    yield
    for name in [name for name in REGISTRY if name.startswith("Try.")]:
        REGISTRY.drop(name)


def file(path: Path, name: str = "Try.Lamp", size: int = 4) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(SOURCE.format(name=name, size=size))
    return path


def test_a_later_machine_may_have_another_model_of_that_name(tmp_path: Path) -> None:
    """Two files, two machines; and the first one again."""
    one, other = file(tmp_path / "one.py", size=4), file(tmp_path / "other.py", size=8)
    for wanted, size in ((one, 4), (other, 8), (one, 4)):
        registry = load_models((), [wanted])
        assert size == registry["Try.Lamp"].SIZE  # type: ignore[attr-defined]


def test_files_of_one_name_in_two_folders(tmp_path: Path) -> None:
    one, other = file(tmp_path / "a" / "lamp.py", size=4), file(tmp_path / "b" / "lamp.py", size=8)
    for wanted, size in ((one, 4), (other, 8), (one, 4)):
        registry = load_models((), [wanted])
        assert size == registry["Try.Lamp"].SIZE  # type: ignore[attr-defined]


def test_two_files_of_one_machine_cannot_have_one_name(tmp_path: Path) -> None:
    files = [file(tmp_path / "one.py"), file(tmp_path / "other.py")]
    with pytest.raises(UserModelError, match=r"other\.py:\d+: ValueError: Try.Lamp is already"):
        load_models((), files)


def test_who_names_no_files_keeps_what_is_there(tmp_path: Path) -> None:
    load_models((), [file(tmp_path / "one.py")])
    assert "Try.Lamp" in load_models(["Nor.Chip"])
    assert "Nor.Chip" in load_models((), [file(tmp_path / "two.py", name="Try.Other")])
    assert "Try.Lamp" not in REGISTRY


@pytest.mark.parametrize(
    ("file", "why"),
    [("loop.py", "Too many levels of symbolic links"), ("none.py", "No such file or directory")],
)
def test_one_that_cannot_be_read_says_why(tmp_path: Path, file: str, why: str) -> None:
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    with pytest.raises(UserModelError, match=f"{file}: cannot be read: {why}"):
        load_models((), [tmp_path / file])


@pytest.mark.parametrize("line", ["while True: pass", "import time; time.sleep(60)"])
def test_one_whose_import_never_ends_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """Where it was is told, whether it computes or waits."""
    endless = tmp_path / "endless.py"
    endless.write_text(f"n = 1\n{line}\n")
    monkeypatch.setattr("xipsim.engines.usermodels.IMPORT_TIME", 0.2)
    with pytest.raises(UserModelError, match=r"endless\.py:2: its import has not ended after 0.2"):
        load_models((), [endless])


def test_one_that_is_given_up_computes_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = tmp_path / "endless.py"
    endless.write_text("while True: pass\n")
    monkeypatch.setattr("xipsim.engines.usermodels.IMPORT_TIME", 0.1)
    before = set(threading.enumerate())
    with pytest.raises(UserModelError):
        load_models((), [endless])
    for thread in set(threading.enumerate()) - before:
        thread.join(HANGS)
        assert not thread.is_alive()
