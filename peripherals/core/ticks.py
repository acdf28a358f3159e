"""Counts and time: a counter is never stepped, it follows from virtual time.

The rounding is said here once: a tick is over when all of it is over. So the count of a moment is
rounded down, the moment of a count up, and at `time_of(n)` exactly n ticks are over.
"""

from __future__ import annotations

from collections.abc import Hashable

from .ports import Unanswered
from .system import Clock

NS = 1_000_000_000


def ticks_in(duration: int, hertz: int, divider: int = 1) -> int:
    """Ticks of a clock of `hertz`, divided by `divider`, that are over after `duration` ns.

    A clock of 0 Hz stands still.
    """
    return duration * hertz // (divider * NS)


def time_of(ticks: int, hertz: int, divider: int = 1) -> int:
    """Virtual ns after which that many ticks are over. The clock must run."""
    return -(-ticks * divider * NS // hertz)


def ask_in_vain(clock: Clock, why: str, *counter: Hashable) -> int:
    """Say, inside an access, that the firmware reads a counter that stands still; who waits for it
    is told. why: it does. counter: the model's name, and which of its counters it is.
    Returns what `Clock.question` does.
    """
    what = " ".join(map(str, counter))
    return clock.question(Unanswered(what, f"which stands still: {why}"))
