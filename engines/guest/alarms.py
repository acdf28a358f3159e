"""Alarms on the virtual clock."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core import RAISED

from .backend import TimeSource


class ClockAlarm:
    """A one-shot alarm; implements the `Alarm` port."""

    __slots__ = ("_arm", "_disarm", "deadline", "timer")

    def __init__(
        self,
        source: TimeSource,
        callback: Callable[[], None],
        guard: Callable[[BaseException], None],
        after: Callable[[], None],
    ) -> None:
        self.deadline: int | None = None

        def fired() -> None:
            self.deadline = None
            try:
                callback()
            except RAISED as error:
                guard(error)
            after()

        self.timer = source.timer(fired)
        self._arm, self._disarm = self.timer.arm, self.timer.disarm

    def at(self, time: int) -> None:
        """Fire at `time`, or at once."""
        self.deadline = time
        self._arm(time)

    def cancel(self) -> None:
        """Do not fire."""
        if self.deadline is not None:
            self.deadline = None
            self._disarm()
