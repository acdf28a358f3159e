"""`xipsim boards`: the boards, with what they are made of and the image that each would run."""

from __future__ import annotations

import argparse

from xipsim import platforms
from xipsim.engines.repl.cache import load
from xipsim.firmware import boards, catalogue
from xipsim.firmware.errors import FirmwareError
from xipsim.machine.layout import CHIP, chip_part, soc

from .table import show, size

COLUMNS = ("Board", "Product", "SoC", "Flash", "Size", "Image")


def run(_args: argparse.Namespace) -> int:
    """0"""
    show(COLUMNS, [_row(name) for name in platforms.boards()])
    return 0


def _row(name: str) -> tuple[str, ...]:
    platform = load(platforms.find(name))
    chips = [chip_part(entry) for entry in platform.entries if entry.type == CHIP]
    parts, sizes = (
        ", ".join(texts) for texts in ([c.name for c in chips], [size(c.size) for c in chips])
    )
    return name, boards.load(name).product, soc(platform), parts, sizes, _image(name)


def _image(board: str) -> str:
    try:
        found = catalogue.find(board)
    except FirmwareError:
        return f"none: see `xipsim firmware path {board}`"
    return f"{found.path.name} ({found.place})"
