"""Virtual time in Renode: a core that is held, without Renode."""

from __future__ import annotations

from typing import Any, cast

from xipsim.engines.renode.calls import Host
from xipsim.engines.renode.time import RenodeTime


class Clock:
    """What of Renode's functions time uses."""

    def __init__(self) -> None:
        self.time = 0
        self.armed: list[int] = []
        self.skipped: list[int] = []

    def now(self) -> int:
        return self.time

    def arm(self, due: int) -> None:
        self.armed.append(due)

    def skip_to(self, time: int) -> None:
        self.skipped.append(time)


def test_a_clock_that_comes_early_lets_no_held_core_go_on() -> None:
    """Renode's time goes by instructions, of 2 ns: an odd time is one that it rounds."""
    clock = Clock()
    time = RenodeTime(cast(Host, cast(Any, clock)))
    fired: list[int] = []
    for due in (99, 295):
        time.timer(lambda due=due: fired.append(due)).arm(due)
    time.hold()
    assert clock.skipped == [99]
    clock.time = 98
    time.fire()
    assert (fired, clock.armed[-1]) == ([], 99)
    clock.time = 100
    time.fire()
    assert (fired, clock.skipped, clock.armed[-1]) == ([99], [99, 295], 295)


def test_a_core_that_was_skipped_to_a_timer_that_came_early_is_skipped_on() -> None:
    """A timer that is due already, as of a wait of the boot ROM, comes before the skip ends."""
    clock = Clock()
    time = RenodeTime(cast(Host, cast(Any, clock)))
    again = time.timer(lambda: time.timer(lambda: None).arm(295))
    again.arm(98)
    clock.time = 98
    time.hold()
    assert clock.skipped == [99], "time passes with instructions only"
    time.fire()
    assert clock.armed[-1] == 99, "else the core would go on at 99"
    clock.time = 100
    time.fire()
    assert clock.skipped == [99, 295]
