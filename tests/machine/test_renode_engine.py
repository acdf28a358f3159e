"""Renode as the engine of a machine, where there is one: real firmware, and what is refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fuse
import pytest
from images import PUBLISHED
from processes import descendants, is_alive

from xipsim.engines.programs import find
from xipsim.errors import EngineFailed, UserError
from xipsim.machine.machine import Machine


@pytest.fixture(scope="module")
def machine(renode: str) -> Iterator[Machine]:
    """A board on Renode; one for all tests, since it takes seconds to start."""
    with Machine("TEENSY41", firmware=PUBLISHED.require(), engine=renode) as machine:
        yield machine


def test_a_script_runs_and_its_file_survives_a_reset(machine: Machine) -> None:
    assert machine.exec("f = open('/flash/a', 'w'); f.write('kept'); f.close(); print(6 * 7)") == (
        "42\n"
    )
    machine.reset()
    assert machine.exec("print(open('/flash/a').read())") == "kept\n"


def test_lamps_and_memory_are_there_as_on_any_engine(machine: Machine) -> None:
    machine.exec("import machine; machine.Pin('D13', machine.Pin.OUT).value(1)")
    assert machine.gpio["gpio2"][3].level
    assert machine.flash.read(0, 4) == b"FCFB"


def test_a_board_of_the_users_uses_one_of_ours(renode: str, tmp_path: Path) -> None:
    """By the path that docs/platforms.md gives, from a folder of the user's."""
    board = tmp_path / "lab.repl"
    lamp = "lamp: Miscellaneous.LED @ gpio1 18\ngpio1:\n    18 -> lamp@0\n"
    board.write_text(f'using "platforms/boards/TEENSY41.repl"\n\n{lamp}')
    with Machine(board, firmware=PUBLISHED.require(), engine=renode) as machine:
        assert machine.exec("print(6 * 7)") == "42\n"


def test_a_model_in_the_current_folder_is_told_where_it_raises(
    renode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renode's own current folder is another one."""
    monkeypatch.chdir(tmp_path)
    Path("fuse.py").write_text(fuse.MODEL)
    Path("lab.repl").write_text(fuse.BOARD)
    options: dict[str, Any] = {"firmware": PUBLISHED.require(), "models": ["fuse.py"]}
    with (
        Machine("lab.repl", engine=renode, **options) as machine,
        pytest.raises(UserError) as caught,
    ):
        machine.exec("from machine import mem32; mem32[0x90000000] = 7")
    told = str(caught.value)
    assert "ValueError: no such value 7" in told
    assert "fuse.py, line 14, in _write; fuse: write of 0x7, 4 bytes, at 0x0" in told


def test_a_snapshot_is_refused_by_name(machine: Machine) -> None:
    with pytest.raises(UserError, match=r"Renode cannot take a snapshot.*embedded engine"):
        machine.snapshot()
    assert machine.exec("print(1)") == "1\n", "the machine is as it was"


def test_a_qemu_for_renode_is_a_mistake() -> None:
    with pytest.raises(UserError, match="the engine is renode"):
        Machine("TEENSY41", engine="renode", qemu="/bin/true")


def test_a_renode_that_is_killed_is_told_and_leaves_nothing(renode: str) -> None:
    before = descendants(os.getpid())
    with Machine("TEENSY41", firmware=PUBLISHED.require(), engine=renode) as machine:
        machine.boot()
        started = descendants(os.getpid()) - before
        os.kill(max(started), signal.SIGKILL)
        with pytest.raises(EngineFailed):
            machine.exec("import time; time.sleep(1000)")
    assert not [pid for pid in started if is_alive(pid)]


def test_a_bridge_that_does_not_compile_is_told_and_leaves_nothing(
    renode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a Renode that has not what the bridge names."""
    real, before = find(renode).path, descendants(os.getpid())
    other = tmp_path / "renode"
    other.write_text(
        f"""#!/bin/sh
        for file in "$XIPSIM_CACHE"/renode/*.cs; do echo "class X : NoSuch {{}}" >>"$file"; done
        exec "{real}" "$@"
        """
    )
    other.chmod(0o755)
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XIPSIM_RENODE", str(other))
    with pytest.raises(EngineFailed, match=r"error CS0246.*NoSuch"):
        Machine("TEENSY41", firmware=PUBLISHED.require(), engine=renode)
    assert descendants(os.getpid()) == before
