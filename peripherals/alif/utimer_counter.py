"""The counter of a UTIMER channel: where it is, and when it steps where."""

from __future__ import annotations

from xipsim.peripherals.core import Record


class Counter(Record):
    """How a channel counts. Positions go from 0 up to the wrap, whichever way the count goes."""

    def __init__(self) -> None:
        self.running = False
        self.down = False
        self.position = 0
        """Position at `since`, below `modulo`."""
        self.since = 0
        self.modulo = 1
        self.targets: list[tuple[int, int]] = []
        """Bit of CHAN_INTERRUPT and position of everything that can happen in a round."""
        self.seen = 0
        """Steps since `since` whose events are in CHAN_INTERRUPT."""
        self.next: int | None = None
        """Virtual ns of the first event that is not there, None if there is none to come."""
        self.alarm: int | None = None
        """Virtual ns of the first event to come that interrupts."""

    def place(self, count: int) -> int:
        """The position of a count: also the count at a position."""
        return self.modulo - 1 - count if self.down else count

    def steps_to(self, position: int) -> int:
        """Steps since `since` after which the counter next steps onto `position`."""
        # Assumption: a compare value equal to the present count matches a round later.
        return self.seen + 1 + (position - self.position - self.seen - 1) % self.modulo
