"""Platforms as Renode platform descriptions: one per SoC, one per board."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

_BOARDS = Path(__file__).resolve().parent / "boards"


class UnknownBoard(LookupError):
    """There is no such board. Says which one is nearest."""

    def __str__(self) -> str:
        return str(self.args[0])


def boards() -> tuple[str, ...]:
    """The names of all boards, sorted."""
    return tuple(sorted(path.stem for path in _BOARDS.glob("*.repl")))


def folder() -> Path:
    """Where the boards of ours are described."""
    return _BOARDS


def find(board: str) -> Path:
    """The `.repl` of a board, by its name or by the path of a file of the user's own."""
    if board in boards():
        return _BOARDS / f"{board}.repl"
    path = Path(board)
    if os.path.isfile(board):
        return path
    if path.suffix == ".repl" or len(path.parts) > 1:
        raise UnknownBoard(_why_none(board))
    by_lower_case = {name.lower(): name for name in boards()}
    near = difflib.get_close_matches(board.lower(), by_lower_case, n=1, cutoff=0.5)
    hint = f"did you mean {by_lower_case[near[0]]}?" if near else "`xipsim boards` lists them"
    raise UnknownBoard(f"there is no board {board!r}; {hint}")


def _why_none(file: str) -> str:
    """Why `file`, which is none that could be read, is no platform."""
    try:
        os.stat(file)
    except FileNotFoundError:
        return f"there is no file {file}"
    except (OSError, ValueError) as error:
        return f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}"
    what = "a folder" if os.path.isdir(file) else "no regular file"
    return f"{file} is {what}, and a board's .repl is expected"
