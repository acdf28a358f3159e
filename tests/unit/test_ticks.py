"""Counts and time of a clock: what is rounded how."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xipsim.peripherals.core import ticks_in, time_of

HERTZ = st.integers(1, 1_000_000_000)
DIVIDER = st.integers(1, 1 << 16)


def test_rounding() -> None:
    """32768 Hz: a tick takes 30517.578125 ns."""
    assert [time_of(n, 32_768) for n in (0, 1, 2, 32_768)] == [0, 30_518, 61_036, 1_000_000_000]
    assert [ticks_in(ns, 32_768) for ns in (0, 30_517, 30_518, 61_036)] == [0, 0, 1, 2]
    assert time_of(3, 24_000_000, 24) == 3_000
    assert ticks_in(2_999, 24_000_000, 24) == 2
    assert ticks_in(1_000_000, 0) == 0, "a clock that stands"


@given(st.integers(0, 1 << 64), HERTZ, DIVIDER)
def test_at_the_time_of_a_tick_it_is_over_and_not_before(n: int, hertz: int, divider: int) -> None:
    time = time_of(n, hertz, divider)
    assert ticks_in(time, hertz, divider) == n
    assert n == 0 or ticks_in(time - 1, hertz, divider) == n - 1
