"""The wave at an output: against a list of its levels, count by count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xipsim.peripherals.wave_pins import Wave

PERIOD, NS = 12, 250
"""Counts; ns of a count at 8 MHz / 2."""


def wave(rise: int, fall: int, *, inverts: bool, first: int, began: int) -> Wave:
    return Wave(
        hertz=8_000_000,
        divider=2,
        began=began,
        period=PERIOD,
        rise=rise,
        fall=fall,
        inverts=inverts,
        first=first,
    )


def high(rise: int, fall: int, count: int) -> bool:
    """Set at `rise`, cleared at `fall`, whichever comes first in a period."""
    count %= PERIOD
    if rise <= fall:
        return count in range(rise, fall)
    return count not in range(fall, rise)


@given(
    st.integers(0, PERIOD),
    st.integers(0, PERIOD),
    st.booleans(),
    st.integers(0, PERIOD - 1),
    st.integers(0, 10_000),
)
def test_levels_and_edges(rise: int, fall: int, inverts: bool, first: int, began: int) -> None:
    one = wave(rise, fall, inverts=inverts, first=first, began=began)
    levels = [high(rise, fall, first + n) is not inverts for n in range(3 * PERIOD)]
    has_edges = rise % PERIOD != fall % PERIOD
    for n in range(2 * PERIOD):
        for now in (began + n * NS, began + (n + 1) * NS - 1):
            assert one.level(now) is levels[n]
            edge = next((k for k in range(n + 1, 3 * PERIOD) if levels[k] != levels[k - 1]), None)
            expected = began + edge * NS if edge is not None and has_edges else None
            assert one.next_edge(now) == expected


def test_a_counter_that_stands_has_no_edges() -> None:
    one = wave(2, 7, inverts=False, first=3, began=5)._replace(hertz=0)
    assert one.next_edge(10**9) is None and one.level(10**9)
    assert not one._replace(first=7).level(10**9)
