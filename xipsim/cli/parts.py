"""`xipsim parts`: the flash parts that a `.repl` can name."""

from __future__ import annotations

import argparse

from xipsim.peripherals.nor.parts import Part, find_part, part_names

from .table import show, size

COLUMNS = ("Part", "Also", "Maker", "Id", "Size", "Page", "Erase")


def run(_args: argparse.Namespace) -> int:
    """0"""
    show(COLUMNS, [_row(find_part(name)) for name in part_names()])
    return 0


def _row(part: Part) -> tuple[str, ...]:
    return (
        part.name,
        ", ".join(part.aliases),
        part.maker,
        part.id.hex(" ").upper(),
        size(part.size),
        size(part.page),
        ", ".join(size(unit.size) for unit in part.erase),
    )
