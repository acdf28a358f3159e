"""What a wire shows, edge by edge."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core.testing import Bench


def edges(bench: Bench, level_now: Callable[[], int], duration: int) -> list[tuple[int, int]]:
    """Time and level of each change within `duration` ns, by looking at every alarm."""
    clock, seen = bench.clock, []
    end, level = clock.now + duration, level_now()
    while dues := [a.deadline for a in clock.alarms if a.deadline is not None]:
        if min(dues) > end:
            break
        clock.advance(min(dues) - clock.now)
        if level_now() != level:
            level = level_now()
            seen.append((clock.now, level))
    clock.advance(end - clock.now)
    return seen
