"""Virtual time for tests of the guest's clock: of a core that executes what the test lets pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class Timer:
    def __init__(
        self, fire: Callable[[], None], is_hidden: bool = False, is_patient: bool = False
    ) -> None:
        self.fire, self.deadline = fire, -1
        self.is_hidden, self.is_patient = is_hidden, is_patient

    def arm(self, time: int) -> None:
        self.deadline = time

    def disarm(self) -> None:
        self.deadline = -1


class Source:
    """Virtual time of a core that executes what the test lets pass."""

    def __init__(self) -> None:
        self.now = 0
        self.timers: list[Timer] = []
        self.held = self.halted = False
        self.skipped = 0
        """Stalls that have passed at once."""

    def read(self) -> int:
        return self.now

    def timer(
        self, fire: Callable[[], None], is_hidden: bool = False, is_patient: bool = False
    ) -> Timer:
        self.timers.append(Timer(fire, is_hidden, is_patient))
        return self.timers[-1]

    def next_alarm(self, now: int, most: int, hidden: Mapping[Timer, int]) -> int:
        seen = (t for t in self.timers if t not in hidden)
        return min([most, *(t.deadline - now for t in seen if t.deadline >= 0)])

    def hold(self) -> None:
        self.held = True

    def halt(self) -> None:
        self.halted = True

    def skip(self, span: int) -> bool:
        self.now += span
        return True

    def skip_to(self, timer: Timer, time: int) -> bool:
        others = (t for t in self.timers if t is not timer and not t.is_patient)
        if any(0 <= t.deadline <= time for t in others):
            return False
        self.now = time
        timer.disarm()
        self.skipped += 1
        return True

    def release(self) -> None:
        self.held = self.halted = False

    def move_on(self) -> None:
        """`advance` sees to it."""

    def advance(self, duration: int) -> None:
        """Execute for so long, after the stall under way."""
        end = None if self.held else self.now + duration
        while due := [t for t in self.timers if t.deadline >= 0]:
            first = min(due, key=lambda t: t.deadline)
            if end is not None and first.deadline > end:
                break
            self.now, first.deadline = max(self.now, first.deadline), -1
            first.fire()
            if end is None and not self.held:
                end = self.now + duration
        assert end is not None
        self.now = end
