"""The changes of tests/mutations.toml can be made: each line that they change is there, once."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_change_has_its_line() -> None:
    table = tomllib.loads((ROOT / "tests" / "mutations.toml").read_text(encoding="utf-8"))
    stale = [
        (change["file"], change["old"])
        for change in table["change"]
        if (ROOT / change["file"]).read_text(encoding="utf-8").count(change["old"]) != 1
    ]
    assert stale == [], "replace them by changes that do the same harm"
