"""Our own platforms, and Renode's where they are."""

import os
from pathlib import Path

import pytest

from xipsim import platforms
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
    ],
)
def test_a_board_that_does_not_exist(board: str, says: str) -> None:
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
