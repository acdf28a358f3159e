"""What a flash chip is busy with, and the numbers that it collects."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import Record
from xipsim.peripherals.namedtuple import NamedTuple

DEAF = ("power-down", "release", "reset")
"""Kinds of operations during which not even the status registers can be read."""


class Operation(NamedTuple):
    """An internal operation under way (or suspended). Cells and registers change at its end."""

    kind: str
    """`program`, `erase`, `status`; or the time of `suspend`, `power-down`, `release`, `reset`."""
    name: str
    """The data sheet's name of the command."""
    start: int
    end: int | None
    """Virtual ns; None: it never ends (a fault)."""
    address: int = 0
    length: int = 0
    data: bytes = b""
    """program: what is ANDed into `length` cells from `address`."""
    target: str = "array"
    """`array`, or the family's own memory (`security`)."""
    values: tuple[tuple[int, int], ...] = ()
    """status: numbers of registers and their new values."""

    pc: int | None = None
    """Of the access that began it."""

    @property
    def is_deaf(self) -> bool:
        """Whether its kind is one of those."""
        return self.kind in DEAF

    @property
    def what(self) -> str:
        """The command, and where."""
        return f"{self.name} at {self.address:#x}" if self.length else self.name

    def facts(self) -> dict[str, Any]:
        """What users are told of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "address": self.address,
            "length": self.length,
            "start": self.start,
            "end": self.end,
        }

    def __str__(self) -> str:
        until = "for ever" if self.end is None else f"until {self.end} ns"
        return f"{self.what}, {until}"


Change = tuple[str, int, int, int | None]
"""Of an operation that has changed cells: name, address, start, pc."""


def in_words(change: Change) -> str:
    """What it was, and when and by whom it was begun."""
    name, address, start, pc = change
    text = f"{name} at {address:#x}, begun at {start} ns"
    return text if pc is None else f"{text} by the code at {pc:#x}"


class Counters(Record):
    """What happened on a chip since the machine was made; power cycles do not clear it."""

    def __init__(self) -> None:
        # Plain dictionaries: a `Counter` takes three times as long to count.
        self.commands: dict[str, int] = {}
        """By name."""
        self.bytes_read = self.bytes_programmed = 0
        self.erases: dict[int, int] = {}
        """Erase cycles of each 4-KB sector, by sector number."""
        self.operations = self.busy_time = 0
        self.changes: dict[int, Change] = {}
        """What changed each 4-KB sector last, by sector number."""
