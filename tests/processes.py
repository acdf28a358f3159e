"""Looking at processes from outside."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie that init has not reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def has_stopped(pid: int) -> bool:
    """Whether each of its threads stands still: a signal takes its time."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text().rsplit(")", 1)[1].split()[0] == "T" for stat in threads)


def descendants(pid: int) -> set[int]:
    """The processes that it has started, and that those have."""
    found: set[int] = set()
    with suppress(FileNotFoundError, ProcessLookupError):  # it ends meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                if is_alive(child):
                    found |= {child} | descendants(child)
    return found
