"""What a failed test shows of its machine: consoles, flash chips, and what the models noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xipsim.errors import XipsimError
from xipsim.session.stop_reports import activity
from xipsim.units import show_duration, show_time

if TYPE_CHECKING:
    from xipsim.board.flash import Flash
    from xipsim.machine.machine import Machine

CONSOLE_LINES = 20
SECTORS = 8


def console_text(machine: Machine) -> str:
    """The last lines of every console that printed anything."""
    pieces = []
    for name, console in machine.consoles.items():
        lines = console.transcript.decode("utf-8", "replace").splitlines()[-CONSOLE_LINES:]
        if lines:
            shown = [f"  {_printable(line)}" for line in lines]
            pieces.append("\n".join([f"Console {name}, last lines:", *shown]))
    return "\n".join(pieces) or "No console has printed anything."


def noticed_text(machine: Machine, told: str) -> str:
    """What the models noticed, a line each, but for what is `told` already; perhaps empty."""
    return "\n".join(text for text in machine.noticed if text not in told)


def flash_text(machine: Machine) -> str:
    """What each chip is doing, and what was done to it; one line each."""
    try:
        lines = [_chip_text(chip) for chip in machine.chips.values()]
    except XipsimError as error:
        return f"The flash cannot be asked any more: {error}"
    return "\n".join([*lines, f"Virtual time: {show_time(machine.now)}"])


def _chip_text(chip: Flash) -> str:
    stats = chip.stats
    text = (
        f"Flash {chip.name} ({chip.info['part']}): {activity(chip.status)}; "
        f"{stats.operations} operations, {stats.bytes_programmed} bytes programmed, "
        f"busy for {show_duration(stats.busy_time)}"
    )
    if stats.erases:
        sectors = [f"{s} ({n}x)" if n > 1 else str(s) for s, n in sorted(stats.erases.items())]
        more = f" and {len(sectors) - SECTORS} more" if len(sectors) > SECTORS else ""
        text += f", erased sectors {', '.join(sectors[:SECTORS])}{more}"
    return text


def _printable(line: str) -> str:
    """The line, with control characters as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
