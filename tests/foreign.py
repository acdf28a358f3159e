"""How far firmware of others comes: runs images that were built elsewhere, prints a table.

    .venv/bin/python tests/foreign.py FOLDER [WORD...]

Takes the images of tests/foreign/images.toml (those whose name holds one of the words) from FOLDER,
runs each until it has said what it should, and prints what was said last and what the models do not
have, as a table in Markdown; docs/foreign.md holds the last one. Exit code 1: one did not come as
far as it should.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from xipsim import Machine, XipsimError

HERE = Path(__file__).parent / "foreign"
WALL = 900.0
"""Seconds; code in a page with a small MPU region is slow."""
HEAD = "| firmware | version | board | comes to | missing |\n| --- | --- | --- | --- | --- |"


def run(entry: dict[str, Any], folder: Path) -> tuple[bool, str, str]:
    """Whether it came as far as it should, how far, and what blocks lack."""
    own = HERE / f"{entry['board']}.repl"
    board = str(own) if own.is_file() else entry["board"]
    failure = ""
    with Machine(board, firmware=folder / entry["file"]) as machine:
        try:
            if "check" in entry:
                exec(entry["check"], {"machine": machine, "folder": folder})
            if "code" in entry:
                machine.exec(entry["code"])
            elif "console" in entry:
                machine.consoles[entry["console"]].expect(
                    entry["says"], timeout=entry["time"], wall=WALL
                )
            elif "time" in entry:
                machine.run_for(entry["time"], wall=WALL)
        except (XipsimError, AssertionError) as error:
            failure = str(error).partition(". ")[0]
        report = machine.report()
    if not failure and "note" in entry:
        notes = [note["message"] for note in report["notes"]]
        failure = "" if any(entry["note"] in note for note in notes) else f"notes: {notes}"
    blocks = {_block(gap) for gap in report["gaps"]}
    return not failure, failure or entry["comes_to"], ", ".join(sorted(blocks)) or "nothing"


def _block(gap: dict[str, Any]) -> str:
    name: str = gap["what"].partition(":")[0] if gap["source"] == "bus" else gap["source"]
    return name


def main(folder: str, words: list[str]) -> int:
    """Print the table; the exit code."""
    print(HEAD)
    good = True
    for entry in tomllib.loads((HERE / "images.toml").read_text())["image"]:
        if words and not any(word in entry["name"] for word in words):
            continue
        files = (entry["file"], *entry.get("files", ()))
        lacking = [name for name in files if not Path(folder, name).exists()]
        came, far, missing = False, f"not run: there is no {', '.join(lacking)}", "?"
        if not lacking:
            came, far, missing = run(entry, Path(folder))
        good = good and came
        row = (entry["name"], entry["version"], entry["board"], far, missing)
        print(f"| {' | '.join(row)} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else __doc__)
