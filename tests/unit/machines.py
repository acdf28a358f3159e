"""Machines on a fake engine, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fake_engine import FakeEngine, MicroPython

from xipsim import Machine

IMAGE = ":0200000460009A\n:0400000046434642EB\n:00000001FF\n"
"""Intel HEX: `FCFB` at 0x60000000."""


def make_machine(
    tmp_path: Path, *, paste: str = "yes", window: int = 128, **options: Any
) -> tuple[Machine, FakeEngine, MicroPython]:
    """A TEENSY40 (2 MB) whose image is four bytes."""
    if "firmware" not in options and "flash" not in options:
        image = tmp_path / "image.hex"
        image.write_text(IMAGE)
        options["firmware"] = image
    engines: list[FakeEngine] = []

    def start(config: Any) -> FakeEngine:
        engines.append(FakeEngine(config))
        return engines[0]

    machine = Machine(options.pop("board", "TEENSY40"), start=start, **options)
    return machine, engines[0], MicroPython(engines[0], paste=paste, window=window)
