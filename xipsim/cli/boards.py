"""`xipsim boards`: the boards, with what they are made of and the image that each would run."""

from __future__ import annotations

import argparse

from xipsim import platforms
from xipsim.firmware import boards, catalogue
from xipsim.firmware.errors import FirmwareError

from .table import show, size

COLUMNS = ("Board", "Product", "SoC", "Flash", "Size", "Image")


def run(_args: argparse.Namespace) -> int:
    """0"""
    show(COLUMNS, [_row(name) for name in platforms.boards()])
    return 0


def _row(name: str) -> tuple[str, ...]:
    facts = boards.load(name)
    chip = size(facts.flash.size)
    return name, facts.product, facts.flash.soc, _part(name), chip, _image(name)


def _part(board: str) -> str:
    from xipsim.engines.repl.cache import load
    from xipsim.engines.usermodels import load_models
    from xipsim.peripherals.core import FlashChip

    entries = load(platforms.find(board)).entries
    registry = load_models(e.type for e in entries)
    kinds = {name for name in registry if issubclass(registry[name], FlashChip)}
    return ", ".join(str(e.get("part")) for e in entries if e.type in kinds)


def _image(board: str) -> str:
    try:
        found = catalogue.find(board)
    except FirmwareError:
        return f"none: see `xipsim firmware path {board}`"
    return f"{found.path.name} ({found.place})"
