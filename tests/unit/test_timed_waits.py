"""A loop that waits for a flag and looks at a timer besides: how long its wait seems to it.

Time is the test's own; the clock, with its stalls, is the engines'.
"""

from __future__ import annotations

import pytest
from time_source import Source

from xipsim.engines.guest.alarms import ClockAlarm
from xipsim.engines.guest.clock import GuestClock

TURN = 74
"""ns that a turn takes where nothing stalls."""


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
