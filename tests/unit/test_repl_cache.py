"""A platform is parsed once; after that lark is not even imported."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from xipsim.engines.repl import Place, PlatformError, cache
from xipsim.engines.repl.cache import load
from xipsim.firmware.store import write_checked

LOAD = """
import sys
from xipsim.engines.repl.cache import load
from xipsim.firmware.store import write_checked
from xipsim.engines.repl.check import check
platform = load(sys.argv[1])
print([entry.name for entry in platform.entries], "lark" in sys.modules)
"""


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XIPSIM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "soc.repl").write_text("x: T @ sysbus 0x1000\n    a: <1, +2>\n    -> x@1\n")
    path = tmp_path / "board.repl"
    path.write_text('using "./soc.repl"\ny: T\n    of: [x, new P { q: 1 }]\n')
    return path


def cached(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache" / "platforms").iterdir())


def parses(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files given to the parser from now on."""
    from xipsim.engines.repl import resolve

    seen: list[Path] = []
    monkeypatch.setattr(resolve, "resolve", seen.append)
    return seen


def test_the_cached_platform_is_the_parsed_one(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(board)
    seen = parses(monkeypatch)
    second = load(board)
    assert (first, seen) == (second, [])
    assert second["x"].place == Place(str(board.with_name("soc.repl")), 1, 1)


def test_a_hit_does_not_import_lark(board: Path) -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", LOAD, str(board)], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert runs == ["['x', 'y'] True\n", "['x', 'y'] False\n"]


@pytest.mark.parametrize("file", ["board.repl", "soc.repl"])
def test_a_changed_file_is_parsed_again(board: Path, file: str) -> None:
    load(board)
    changed = board.with_name(file)
    changed.write_text(changed.read_text() + "z: T\n")
    assert "z" in load(board)
    assert len(cached(board.parent)) == 1


def test_a_file_that_appears_where_one_was_looked_for(board: Path) -> None:
    nearer = board.with_name("platforms") / "soc2.repl"
    nearer.parent.mkdir()
    further = board.with_name("soc2.repl")
    further.write_text("far: T\n")
    own = nearer.with_name("own.repl")
    own.write_text('using "soc2.repl"\n')
    assert "far" in load(own)
    nearer.write_text("near: T\n")
    assert "near" in load(own)


def test_mistakes_are_not_cached(board: Path) -> None:
    board.write_text("x: T @@\n")
    for _ in range(2):
        with pytest.raises(PlatformError):
            load(board)


@pytest.mark.parametrize("content", [b"", b"rubbish", pickle.dumps({}) + pickle.dumps("rubbish")])
def test_a_damaged_cache_is_replaced(board: Path, content: bytes) -> None:
    platform = load(board)
    (entry,) = cached(board.parent)
    good = entry.read_bytes()
    entry.write_bytes(content)
    assert load(board) == platform
    assert entry.read_bytes() == good


class Evil:
    """Pickles as a call."""

    def __reduce__(self) -> object:
        return os.mkdir, ("evil",)


@pytest.mark.parametrize("part", [0, 1])
def test_a_cache_runs_nothing(
    board: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: int
) -> None:
    """Also where its checksum is right: anybody can make one."""
    caplog.set_level("INFO")
    monkeypatch.chdir(board.parent)
    platform = load(board)
    (entry,) = cached(board.parent)
    parts = [pickle.dumps({}), pickle.dumps(platform)]
    parts[part] = pickle.dumps(Evil())
    write_checked(entry, len(parts[0]).to_bytes(4, "little") + b"".join(parts))
    assert load(board) == platform
    assert "names posix.mkdir, which is no plain data" in caplog.text
    assert not Path("evil").exists()


def test_the_cache_is_its_owners_alone(board: Path) -> None:
    load(board)
    (entry,) = cached(board.parent)
    assert entry.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("board_file", ["/dev/zero", "pipe", "link"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, board_file: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(PlatformError, match=r"cannot read .*(no regular file|symbolic links)"):
        load(tmp_path / board_file)


def test_a_description_of_gigabytes(tmp_path: Path) -> None:
    with (tmp_path / "big.repl").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PlatformError, match="no more than 1048576 are expected"):
        load(tmp_path / "big.repl")


def test_a_cache_that_cannot_be_written_is_only_logged(
    board: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And only for who asks: without it everything goes on as well."""
    caplog.set_level("INFO")
    (board.parent / "file").write_text("")
    monkeypatch.setenv("XIPSIM_CACHE", str(board.parent / "file"))
    assert "x" in load(board)
    assert "cannot cache in" in caplog.text
    assert {record.levelname for record in caplog.records} == {"INFO"}


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIPSIM_CACHE", "/own")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache.cache_dir() == Path("/own")
    monkeypatch.delenv("XIPSIM_CACHE")
    assert cache.cache_dir() == Path("/xdg/xipsim")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/a")
    assert cache.cache_dir() == Path("/home/a/.cache/xipsim")


def test_a_large_board_is_loaded_in_one_go(board: Path) -> None:
    """Python is called for what has to be checked of an entry, not for each of its bytes."""
    text = "".join(
        f"e{i}: A.Type @ sysbus {i * 0x1000:#x}\n"
        f'    a: 1\n    b: "text"\n    [0-3] -> x@[{i}-{i + 3}]\n'
        for i in range(1, 71)
    )
    board.write_text('using "./soc.repl"\n' + text)
    load(board)
    calls: list[str] = []
    sys.setprofile(lambda _frame, event, _: calls.append(event))
    try:
        load(board)
    finally:
        sys.setprofile(None)
    # Some 45 for each entry with its four wires; parsing it again takes tens of thousands.
    assert calls.count("call") + calls.count("c_call") < 70 * 100
