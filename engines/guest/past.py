"""Things that are done as of a time that has passed: see `passages`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from xipsim.peripherals.core import Speaker

from .timesource import TimeSource


class PastClock(Protocol):
    """What is needed of the machine's clock."""

    source: TimeSource
    reading: list[Callable[[], int]]
    """What tells the time, as its one element."""


class Past:
    """Lets models see an earlier time, between `begin` and `end`."""

    def __init__(self, clock: PastClock) -> None:
        self._clock, self._reading = clock, clock.reading
        self._known = clock.reading[0]
        self.time = 0
        """What they see."""
        self.is_now = False
        """Whether something is done so."""
        self.pc = 0
        """Of the access that does it; 0: of the one under way."""
        self._read = lambda: self.time

    def begin(self) -> None:
        """Something is done as of `time`, which may change meanwhile."""
        self.is_now = True
        self._reading[0] = self._read

    def end(self) -> None:
        """Time is what it was."""
        self.is_now, self.pc = False, 0
        self._reading[0] = self._known

    def at(self, time: int, act: Callable[..., object], *arguments: Any) -> None:
        """Do that as of `time`."""
        self.time = time
        self.begin()
        try:
            act(*arguments)
        finally:
            self.end()

    def fire(self, speaker: Speaker) -> None:
        """The model's alarm, if its time has come while no timer was set to it."""
        deadline = speaker.end.deadline
        if deadline is not None and deadline <= self._clock.source.read():
            self.at(deadline, speaker.end.fire)
