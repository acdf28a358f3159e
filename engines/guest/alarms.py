"""Alarms on the virtual clock."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core import RAISED

from .timesource import Timer, TimeSource


class ClockAlarm:
    """A one-shot alarm; implements the `Alarm` port. hidden: where it is listed while it is set."""

    __slots__ = ("_arm", "_disarm", "_expected", "_hidden", "deadline", "fired", "timer")

    def __init__(
        self,
        source: TimeSource,
        callback: Callable[[], None],
        guard: Callable[[BaseException], None],
        after: Callable[[], None],
        hidden: dict[Timer, int] | None = None,
        *,
        is_patient: bool = False,
    ) -> None:
        self.deadline: int | None = None
        self._expected: int | None = None
        self._hidden = hidden

        def fired() -> None:
            self.deadline = None
            if hidden is not None:
                del hidden[self.timer]
            try:
                callback()
            except RAISED as error:
                guard(error)
            after()

        self.fired: Callable[[], None] = fired
        """Its timer calls that when it fires."""
        self.timer = source.timer(fired, is_hidden=hidden is not None, is_patient=is_patient)
        self._arm, self._disarm = self.timer.arm, self.timer.disarm

    def at(self, time: int) -> None:
        """Fire at `time`, or at once."""
        self.deadline = time
        if self._hidden is not None:
            self._hidden[self.timer] = time
        if time != self._expected:
            self._arm(time)
        self._expected = None

    def expect(self, time: int) -> None:
        """It will be set for that time next: its timer was, already, and may have fired."""
        self._expected = time

    def follow(self, time: int | None) -> None:
        """Its timer was set to that already, or stopped. A hidden one: set."""
        self.deadline = time
        if self._hidden is not None and time is not None:
            self._hidden[self.timer] = time

    def fire(self) -> None:
        """Do now what it does when its time comes."""
        self._disarm()
        self.fired()

    def cancel(self) -> None:
        """Do not fire."""
        if self.deadline is not None:
            self.deadline = None
            if self._hidden is not None:
                del self._hidden[self.timer]
            self._disarm()
