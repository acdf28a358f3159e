"""Renode as an engine, up to where Renode begins: a program of the test's stands in for it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from xipsim import platforms
from xipsim.engines.api import ConfigurationError, EngineError, MachineConfig
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.renode.output import monitor_path
from xipsim.engines.renode.program import Renode

BOARD = platforms.find("TEENSY41")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, behind a blank."""
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "my cache"))
    return tmp_path / "my cache"


@pytest.fixture
def renode(tmp_path: Path) -> Path:
    """Tells how it was started, and ends."""
    path = tmp_path / "renode"
    path.write_text('#!/bin/sh\necho "given: $*"\nexit 3\n')
    path.chmod(0o755)
    return path


def failure(config: MachineConfig, renode: Path) -> EngineError:
    """How the build of that machine ends."""
    engine = ChildEngine(config, Renode(renode))
    try:
        with pytest.raises((EngineError, ConfigurationError)) as caught:
            engine.build({})
        return caught.value
    finally:
        engine.close()


def test_renode_is_given_a_script_and_what_it_said_last_is_told(cache: Path, renode: Path) -> None:
    error = failure(MachineConfig(platform=BOARD), renode)
    assert "ended with exit code 3; its last words:\ngiven: --disable-gui" in str(error)
    (script,) = (cache / "renode").glob("*.resc")
    told = f"include @{monitor_path(script)}\nquit"
    assert str(error).endswith(told), "where the script fails, Renode ends"
    lines = script.read_text().splitlines()
    (bridge,) = (cache / "renode").glob("*.cs")
    assert lines.index(f"include @{monitor_path(bridge)}") < lines.index(
        f"xipsim_engine @{monitor_path(BOARD.resolve())}"
    )
    assert stat.S_IMODE(bridge.parent.stat().st_mode) == 0o700


def test_what_another_renode_has_compiled_is_not_taken_for_its_own(
    cache: Path, renode: Path, tmp_path: Path
) -> None:
    """Renode keeps what it compiles by the text alone."""
    newer = tmp_path / "newer"
    newer.write_text("#!/bin/sh\n# of next year\nexit 3\n")
    newer.chmod(0o755)
    texts = set()
    for program in (renode, newer):
        failure(MachineConfig(platform=BOARD), program)
        texts |= {path.read_text() for path in (cache / "renode").glob("*.cs")}
    one, other = (text.splitlines() for text in texts)
    assert one[0] != other[0] and one[1:] == other[1:]


def test_a_signal_behind_a_shell_is_told_as_one(cache: Path, tmp_path: Path) -> None:
    """Renode is started by a script of its own."""
    renode = tmp_path / "renode"
    renode.write_text("#!/bin/sh\nsh -c 'kill -ABRT $$'\nexit $?\n")
    renode.chmod(0o755)
    assert "was killed by signal 6" in str(failure(MachineConfig(platform=BOARD), renode))


def test_its_input_neither_speaks_nor_ends(cache: Path, tmp_path: Path) -> None:
    """Renode reads an input that has ended again and again, as fast as it can."""
    renode = tmp_path / "renode"
    renode.write_text("#!/bin/sh\ntimeout 0.2 cat && echo it ended || echo still open\nexit 3\n")
    renode.chmod(0o755)
    assert "still open" in str(failure(MachineConfig(platform=BOARD), renode))


def test_the_same_machine_again_writes_nothing_new(cache: Path, renode: Path) -> None:
    for _ in range(2):
        failure(MachineConfig(platform=BOARD), renode)
        files = sorted(path.suffix for path in (cache / "renode").iterdir())
        assert files == [".config", ".cs", ".resc"]


def test_what_renode_could_not_say_well_is_said_before_it_starts(
    cache: Path, renode: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def\n")
    unknown = tmp_path / "unknown.repl"
    unknown.write_text(f'using "{BOARD}"\nthing: No.Such @ sysbus 0x70000000\n')
    cut = tmp_path / "a;b.repl"
    cut.write_text(f'using "{BOARD}"\n')
    for config, kind, says in (
        (MachineConfig(platform=BOARD, models=(broken,)), ConfigurationError, f"{broken}:1: Syn"),
        (MachineConfig(platform=unknown), ConfigurationError, "No.Such"),
        (MachineConfig(platform=BOARD, gdb_port=1), ConfigurationError, "embedded engine"),
        (MachineConfig(platform=cut), EngineError, "use a plainer one"),
    ):
        error = failure(config, renode)
        assert type(error) is kind
        assert says in str(error)


def test_a_renode_that_cannot_be_started(cache: Path, renode: Path) -> None:
    renode.write_text("#!/no/such/program\n")
    assert "Renode cannot be started" in str(failure(MachineConfig(platform=BOARD), renode))
