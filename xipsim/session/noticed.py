"""What the models noticed lately, in words: often the cause of what a wait or a boot ended with."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.session.findings import Finding
from xipsim.session.run_log import RunLog
from xipsim.units import show_time

MOST_TOLD = 3
"""Diagnostics, and blocks with gaps, that a message tells: those that came last."""
_BUS = "bus"
"""Source of gaps of blocks that have only a name; the name then is what the text begins with."""

Place = Callable[[int], str]
"""An address in words."""


def diagnostics_text(log: RunLog, place: Place) -> str:
    """What the firmware did against the hardware's rules, the latest first; empty if nothing.

    What the boot ROM tried, which has no PC, explains nothing once the firmware has spoken.
    """
    speaks = bool(log.printed_since_reset)
    causes = [f for f in log.diagnostics.latest if not (speaks and f.event.pc is None)]
    told = [_diagnostic(found, place) for found in causes]
    return _sentence("The models noticed", told, len(told) + log.diagnostics.left_out)


def gaps_text(log: RunLog, place: Place) -> str:
    """What was used and is not modelled, by block, the latest first; empty if nothing."""
    blocks: dict[str, list[Finding]] = {}
    for found in log.gaps.latest:
        blocks.setdefault(_block(found), []).append(found)
    told = [_gaps(block, gaps, place) for block, gaps in blocks.items()]
    return _sentence("Used, but not modelled", told, len(told))


def resets_text(log: RunLog, start: int) -> str:
    """How often the firmware has reset the board from virtual time `start` on; empty if never."""
    resets = [reset for reset in log.resets if reset.time >= start]
    if not resets:
        return ""
    count = len(resets) + log.left_out["resets"]
    times = "once" if count == 1 else f"{count} times"
    cause = resets[-1].cause
    return f"Meanwhile the board was reset {times} ({cause}, first at {show_time(resets[0].time)})."


def _sentence(beginning: str, told: list[str], count: int) -> str:
    if not told:
        return ""
    rest = count - MOST_TOLD
    more = f"; and {rest} more, see the report" if rest > 0 else ""
    return f"{beginning}: {'; '.join(told[:MOST_TOLD])}{more}."


def _diagnostic(found: Finding, place: Place) -> str:
    event = found.event
    return f"{event.source}: {_words(event.message)} ({_when(found, place)})"


def _block(found: Finding) -> str:
    source: str = found.event.source
    return str(found.event.what).partition(":")[0] if source == _BUS else source


def _gaps(block: str, gaps: list[Finding], place: Place) -> str:
    what = _words(gaps[0].event.what).removeprefix(f"{block}: ")
    named = " has only a name" if gaps[0].event.source == _BUS else ""
    more = f", and {len(gaps) - 1} more of it" if len(gaps) > 1 else ""
    return f"{block}{named}: {what}{more} ({_when(gaps[0], place)})"


def _when(found: Finding, place: Place) -> str:
    many = found.count > 1
    times = f"{found.count} times, last " if many else ""
    pc = found.event.pc
    return f"{times}at {show_time(found.last)}" + (f", PC {place(pc)}" if pc is not None else "")


def _words(text: str) -> str:
    return text.rstrip(".")
