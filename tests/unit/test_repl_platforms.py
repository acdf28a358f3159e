"""Our own platforms, and Renode's where they are."""

import os
from pathlib import Path

import pytest

from xipsim import platforms
from xipsim.engines.repl import PlatformError
from xipsim.engines.repl.check import check, unmodelled
from xipsim.engines.repl.resolve import resolve
from xipsim.engines.usermodels import load_models

RENODE = "XIPSIM_RENODE_PLATFORMS"


@pytest.mark.parametrize("board", platforms.boards())
def test_our_boards_are_right(board: str) -> None:
    platform, _ = resolve(platforms.find(board))
    registry = load_models(entry.type for entry in platform.entries)
    check(platform, registry)
    assert unmodelled(platform, registry) == ()


PLACES = {
    "TEENSY41": ("led2: Miscellaneous.LED @ gpio2 32", "gpio2:\n    3 -> gpio1@32"),
    "ALIF_ENSEMBLE": ("led2: Miscellaneous.LED @ gpio0 8", "gpio0:\n    2 -> gpio1@8"),
}
"""A pin that the port does not have: to put something on, and to wire another pin to."""


@pytest.mark.parametrize(("board", "text"), [(b, t) for b, ts in PLACES.items() for t in ts])
def test_a_pin_that_is_not_there(board: str, text: str, tmp_path: Path) -> None:
    own = tmp_path / "own.repl"
    own.write_text(f'using "{platforms.find(board)}"\n\n{text}\n')
    platform, _ = resolve(own)
    registry = load_models(entry.type for entry in platform.entries)
    with pytest.raises(PlatformError, match=r"own\.repl:[34]:.* has no (place|input) (32|8)"):
        check(platform, registry)


def test_a_board_by_path(tmp_path: Path) -> None:
    own = tmp_path / "own.repl"
    own.write_text("")
    assert platforms.find(str(own)) == own


@pytest.mark.parametrize(
    ("board", "says"),
    [
        ("teensy41", "there is no board 'teensy41'; did you mean TEENSY41?"),
        ("TEENSY_4.1", "did you mean TEENSY4"),
        ("xyzzy", "there is no board 'xyzzy'; `xipsim boards` lists them"),
        ("./no.repl", "there is no file ./no.repl"),
        ("folder.repl", "folder.repl is a folder, and a board's .repl is expected"),
        ("pipe.repl", "pipe.repl is no regular file"),
        ("pipe.repl/x.repl", "pipe.repl/x.repl: cannot be read: Not a directory"),
        ("loop.repl", "loop.repl: cannot be read: Too many levels of symbolic links"),
        ("dangling.repl", "there is no file dangling.repl"),
        ("n" * 300 + ".repl", "cannot be read: File name too long"),
        ("a\0.repl", "embedded null"),
    ],
)
def test_a_board_that_does_not_exist(
    board: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder.repl")
    os.mkfifo("pipe.repl")
    os.symlink("loop.repl", "loop.repl")
    os.symlink("nowhere", "dangling.repl")
    with pytest.raises(platforms.UnknownBoard) as caught:
        platforms.find(board)
    assert says in str(caught.value)


def test_renodes_own_platforms_parse() -> None:
    folder = os.environ.get(RENODE)
    if not folder:
        pytest.skip(f"{RENODE} does not say where Renode's platforms/ are")
    files = sorted(Path(folder).rglob("*.repl"))
    assert files, f"no .repl file in {folder}"
    types = {kind for file in files for kind in unmodelled(resolve(file)[0])}
    print(f"{len(files)} platforms, {len(types)} types that are not modelled here")
    assert "UART.PL011" in types and "CPU.CortexM" not in types
