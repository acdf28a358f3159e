"""A loop that waits for a flag and looks at a timer besides: how long its wait seems to it.

Time is the test's own; the clock, with its stalls, is the engines'.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xipsim.engines.guest.alarms import ClockAlarm
from xipsim.engines.guest.clock import GuestClock

TURN = 74
"""ns that a turn takes where nothing stalls."""


class Timer:
    def __init__(self, fire: Callable[[], None]) -> None:
        self.fire, self.deadline = fire, -1

    def arm(self, time: int) -> None:
        self.deadline = time

    def disarm(self) -> None:
        self.deadline = -1


class Source:
    """Virtual time of a core that executes what the test lets pass."""

    def __init__(self) -> None:
        self.now = 0
        self.timers: list[Timer] = []
        self.held = False

    def read(self) -> int:
        return self.now

    def timer(self, fire: Callable[[], None]) -> Timer:
        self.timers.append(Timer(fire))
        return self.timers[-1]

    def next_alarm(self, now: int, most: int, hidden: list[tuple[Timer, int]]) -> int:
        seen = (t for t in self.timers if t not in [timer for timer, _ in hidden])
        return min([most, *(t.deadline - now for t in seen if t.deadline >= 0)])

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False

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


@pytest.mark.parametrize("is_timer_first", [True, False])
@pytest.mark.parametrize("edge", range(150_000, 150_000 + 40 * 97, 97))
def test_an_event_is_timed_to_two_turns(edge: int, is_timer_first: bool) -> None:
    """Stalls end with the alarm that changes the flag, and no other begins before it is seen."""
    source = Source()
    clock = GuestClock(source, guard=lambda error: None, stalls=True)
    flags: list[bool] = []
    alarm: ClockAlarm = clock.alarm(lambda: flags.append(True))
    alarm.at(edge)
    turns, is_over, time = 0, False, 0
    while not is_over:
        turns += 1
        for is_timer in (is_timer_first, not is_timer_first):
            if is_timer:
                time = clock.question("timer")
            else:
                is_over = bool(flags)
                clock.question("flag", after=100_000)
            source.advance(TURN // 2)
    assert abs(time - edge) <= 2 * TURN
    assert turns < edge // TURN // 2, "it stalled"


@pytest.mark.parametrize(("known", "fewest", "most"), [(True, 8, 16), (False, 900, 910)])
def test_a_driver_whose_looks_are_commands_with_interrupts_waits_where_the_end_is_known(
    known: bool, fewest: int, most: int
) -> None:
    """Alif's CMSIS driver: 1,100 ns from one read of the flag status to the next."""
    source, end = Source(), 1_000_000
    clock = GuestClock(source, guard=lambda error: None, stalls=True)
    polls = 0
    while source.now < end:
        polls += 1
        clock.question("status", until=end if known else None)
        source.advance(1_100)
    assert fewest <= polls <= most
    assert source.now < end + 2 * 1_100
