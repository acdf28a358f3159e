"""Things that are done as of a time that has passed: see `passages`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from xipsim.peripherals.core import Speaker

from .timesource import TimeSource


class PastClock(Protocol):
    """What is needed of the machine's clock."""

    source: TimeSource

    def read_by(self, read: Callable[[], int] | None) -> None:
        """Until None is given, take the time from there."""


class Past:
    """Lets models see an earlier time, while somebody does something."""

    def __init__(self, clock: PastClock) -> None:
        self._clock = clock
        self._time: int | None = None
        self.pc = 0
        """Of the access that does it; 0: of the one under way."""

    @property
    def is_now(self) -> bool:
        """Whether something is done so."""
        return self._time is not None

    def at(self, time: int, act: Callable[[], object]) -> None:
        """Do something as of that time."""
        self.each(((time, act, 0),))

    def each(self, acts: Iterable[tuple[int, Callable[[], object], int]]) -> None:
        """Do these, each as of its time, and by an access from that place in the code; 0: by the
        one under way."""
        self._clock.read_by(lambda: self._time or 0)
        try:
            for self._time, act, self.pc in acts:
                act()
        finally:
            self._time, self.pc = None, 0
            self._clock.read_by(None)

    def fire(self, speaker: Speaker) -> None:
        """The model's alarm, if its time has come while no timer was set to it."""
        deadline = speaker.end.deadline
        if deadline is not None and deadline <= self._clock.source.read():
            self.at(deadline, speaker.end.fire)
