"""Virtual time that moves by instructions, or to the next timer where there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

NEVER = 2**63


class Timer:
    """A one-shot timer; implements `timesource.Timer`."""

    def __init__(self, time: ScriptedTime, callback: Callable[[], None]) -> None:
        self._time, self.callback = time, callback

    def arm(self, time: int) -> None:
        """Fire at `time`, or with the next instruction."""
        self._time.set(self, time)

    def disarm(self) -> None:
        """Do not fire."""
        self._time.set(self, None)


class ScriptedTime:
    """Implements `timesource.TimeSource`."""

    def __init__(self) -> None:
        self.now = 0
        self.held = False
        self.first = NEVER
        """When the first timer fires."""
        self._armed: dict[Timer, int] = {}

    def read(self) -> int:
        """Virtual ns."""
        return self.now

    def timer(self, callback: Callable[[], None], **_kind: bool) -> Timer:
        """A timer, off."""
        return Timer(self, callback)

    def set(self, timer: Timer, time: int | None) -> None:
        """When `timer` fires; None: not at all. Of two at the same time, the older one first."""
        self._armed.pop(timer, None)
        if time is not None:
            self._armed[timer] = time
        self.first = min(self._armed.values(), default=NEVER)

    def fire(self) -> None:
        """Call whatever is due."""
        while self.first <= self.now:
            due = min(self._armed, key=self._armed.__getitem__)
            due.disarm()
            due.callback()

    def next_alarm(self, now: int, most: int, hidden: Mapping[Timer, int]) -> int:
        """ns until the first timer fires that is not hidden, at most `most`."""
        times = [time for timer, time in self._armed.items() if timer not in hidden]
        return min(most, max(0, min(times, default=NEVER) - now))

    def hold(self) -> None:
        """The core executes nothing after the access under way."""
        self.held = True

    halt = hold

    def skip(self, span: int) -> bool:
        """Time does not move within an access."""
        return False

    def skip_to(self, timer: Timer, time: int) -> bool:
        """Likewise."""
        return False

    def release(self) -> None:
        """The core goes on."""
        self.held = False

    def move_on(self) -> None:
        """The core's own loop looks at the timers all the time."""
