"""Tables: drawn on a terminal, plain columns in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

GAP = "  "


def show(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table with these headings."""
    if sys.stdout.isatty():
        _draw(columns, rows)
        return
    lines = [columns, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(GAP.join(cells).rstrip())


def _draw(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def size(count: int) -> str:
    """Bytes in the largest binary unit that divides them: `8 MB`, `256 B`."""
    for unit, name in ((1 << 20, "MB"), (1 << 10, "KB")):
        if count and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} B"
