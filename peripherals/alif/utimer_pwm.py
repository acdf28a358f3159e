"""What a UTIMER channel's counter makes of its two output drivers."""

from __future__ import annotations

from xipsim.peripherals.namedtuple import NamedTuple

START_VAL, STOP_VAL = 1 << 4, 1 << 6
DRIVER_EN, DISABLE_VAL, COMPARE_EN = 1 << 8, 1 << 9, 1 << 11
"""Bits of COMPARE_CTRL."""
KEEP, LOW, HIGH, TOGGLE = range(4)
"""What DRV_MATCH and DRV_CYCLE_END do to a driver's level."""


class Pulse(NamedTuple):
    """A driver is high from count `rise` to `fall` of each `period`; never, or always, if that is
    none or all of it."""

    rise: int
    fall: int
    period: int


def constant(level: bool | int, period: int) -> Pulse:
    """A driver that keeps its level."""
    return Pulse(0, period if level else 0, period)


def pulse(control: int, compare: int, period: int) -> Pulse:
    """What a driver does with a counter that runs.

    control: COMPARE_CTRL. compare: counts from the cycle's end to the match; none comes if that is
    not below `period`. A driver that toggles once in a cycle has two of them as its period.
    Assumption: DRV_START_VAL is its level in the first cycle up to the match; of drivers that do
    not toggle the first cycle is like the others, and a match at the cycle's end comes after it.
    """
    if not control & DRIVER_EN:
        return constant(control & DISABLE_VAL, period)
    split = compare if control & COMPARE_EN and compare < period else period
    match = control & 3 if split < period else KEEP
    begins, cycles = bool(control & START_VAL), []
    for _ in range(4):
        ends = _acted(begins, match)
        cycles.append((begins, ends))
        begins = _acted(ends, control >> 2 & 3)
    # What nothing sets in the first cycle is set from the second on; the third is as the first.
    (begins, ends), following = cycles[2:]
    if (begins, ends) == following:
        if begins == ends:
            return constant(begins, period)
        return Pulse(0, split, period) if begins else Pulse(split, period, period)
    toggles_at = 0 if begins == ends else split
    rise = toggles_at if ends else toggles_at + period
    return Pulse(rise, (rise + period) % (2 * period), 2 * period)


def _acted(level: bool, action: int) -> bool:
    """The level after an action on it."""
    return {KEEP: level, LOW: False, HIGH: True, TOGGLE: not level}[action]
