"""Who imports whom: rooms only downwards, as CONTRIBUTING's table says; files never in a circle.

Import statements are read, not run: those in functions count, and those for type checkers, too.
"""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "peripherals": "xipsim.peripherals",
    "platforms": "xipsim.platforms",
    "firmware": "xipsim.firmware",
    "engines": "xipsim.engines",
    "robot/library": "xipsim.robot",
    "xipsim": "xipsim",
}
"""Import names by the folders that hold the files; `xipsim/` has links to the others."""


def _files() -> dict[str, Path]:
    """All files by their import names."""
    files = {}
    for folder, package in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            inside = path.relative_to(ROOT / folder).with_suffix("").parts
            is_linked = folder == "xipsim" and (ROOT / folder / inside[0]).is_symlink()
            if not is_linked:
                parts = inside[:-1] if inside[-1] == "__init__" else inside
                files[".".join([package, *parts])] = path
    return files


FILES = _files()


class _Imports(ast.NodeVisitor):
    """The files of ours that a file's import statements name."""

    def __init__(self, name: str) -> None:
        self.run_time: set[str] = set()
        self.for_types: set[str] = set()
        self._found = self.run_time
        path = FILES[name]
        self._package = name if path.stem == "__init__" else name.rpartition(".")[0]
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            self._found = self.for_types
        self.generic_visit(node)
        self._found = self.run_time

    def visit_Import(self, node: ast.Import) -> None:
        self._found |= {alias.name for alias in node.names} & FILES.keys()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        steps = self._package.split(".")
        above = steps[: len(steps) - node.level + 1] if node.level else []
        module = ".".join([*above, *filter(None, [node.module])])
        names = {f"{module}.{alias.name}" for alias in node.names}
        self._found |= {name if name in FILES else module for name in names} & FILES.keys()


IMPORTS = {name: _Imports(name) for name in FILES}
EVERYWHERE = ("xipsim.version",)
"""Files that every room may import."""
SEES_NO_CIRCLE = ("xipsim", "robot", "firmware", "platforms", "engines", "peripherals")
"""Rooms in which what is imported for type checkers alone makes no circle either."""


def _room(name: str) -> str:
    inner = name.split(".")[1:2]
    return inner[0] if inner and f"xipsim.{inner[0]}" in FOLDERS.values() else "xipsim"


def _allowed() -> dict[str, set[str]]:
    """What each room may import, by the table in CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \|[^|]*\|([^|]*)\|$", text, re.MULTILINE)
    allowed: dict[str, set[str]] = {}
    for room, rest in rows:
        named = set(re.findall(r"\w+", rest)) & set(allowed)
        above = set(allowed) if "all above" in rest else named
        allowed[room] = above | {room}
    return allowed


def test_every_file_is_looked_at() -> None:
    assert {_room(name) for name in FILES} == set(_allowed())
    imports = IMPORTS["xipsim.machine.machine"]
    assert imports.run_time >= {"xipsim.session.session", "xipsim.errors", "xipsim.engines.api"}
    assert "xipsim.machine.snapshot" in imports.for_types


@pytest.mark.parametrize("room", _allowed())
def test_rooms_import_only_what_the_table_allows(room: str) -> None:
    wrong = [
        f"{name} imports {imported}"
        for name, imports in IMPORTS.items()
        if _room(name) == room
        for imported in sorted(imports.run_time | imports.for_types)
        if _room(imported) not in _allowed()[room] and imported not in EVERYWHERE
    ]
    assert wrong == []


def test_files_do_not_import_in_a_circle() -> None:
    graph = {
        name: imports.run_time
        | (imports.for_types if _room(name) in SEES_NO_CIRCLE else set())
        for name, imports in IMPORTS.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))
