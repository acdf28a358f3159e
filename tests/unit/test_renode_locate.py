"""Finding Renode: the order of the places, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from xipsim.engines.api import EngineError
from xipsim.engines.renode.locate import find_renode, lacks, renode_version

VARIABLES = ("XIPSIM_RENODE", "PYRENODE_BIN", "PYRENODE_BUILD_DIR")


def program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return monkeypatch


def test_the_first_place_that_names_one_counts(nowhere: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_path = program(tmp_path / "path" / "renode")
    built = program(tmp_path / "build" / "renode")
    portable = program(tmp_path / "portable")
    ours = program(tmp_path / "ours")
    nowhere.setenv("PATH", str(on_path.parent))
    assert find_renode() == (on_path, "PATH")
    nowhere.setenv("PYRENODE_BUILD_DIR", str(built.parent))
    assert find_renode() == (built, "PYRENODE_BUILD_DIR")
    nowhere.setenv("PYRENODE_BIN", str(portable))
    assert find_renode() == (portable, "PYRENODE_BIN")
    nowhere.setenv("XIPSIM_RENODE", str(ours))
    assert find_renode() == (ours, "XIPSIM_RENODE")
    assert find_renode(on_path) == (on_path, "--renode")


def test_where_there_is_none_it_says_where_it_looked(nowhere: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError) as raised:
        find_renode()
    for place in (*VARIABLES, "PATH"):
        assert place in str(raised.value)


def test_a_variable_that_names_no_program_is_the_users_mistake(
    nowhere: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere.setenv("PYRENODE_BUILD_DIR", str(tmp_path))
    with pytest.raises(EngineError, match=r"PYRENODE_BUILD_DIR.* is not a program"):
        find_renode()


def test_the_version_is_that_of_the_build(tmp_path: Path) -> None:
    said = "echo 'Renode v1.16.1'; echo '  build: 1.16.1+20260821git06854d4d1'"
    assert renode_version(program(tmp_path / "renode", said)) == "1.16.1+20260821git06854d4d1"


def test_what_is_no_renode_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is not Renode"):
        renode_version(program(tmp_path / "renode", "echo Hello"))


@pytest.mark.parametrize(("said", "missing"), [("", 0), ("BusAccessException", 2)])
def test_what_it_lacks_is_asked_and_told(tmp_path: Path, said: str, missing: int) -> None:
    path = program(tmp_path / "renode", f"echo banner; echo 'xipsim lacks:{said}:'")
    assert len(lacks(path)) == missing


def test_one_that_does_not_answer_is_told_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no runtime here"):
        lacks(program(tmp_path / "renode", "echo no runtime here; exit 1"))
