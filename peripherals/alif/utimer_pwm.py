"""What a UTIMER channel's counter makes of its two output drivers."""

from __future__ import annotations

DRIVER_EN, DISABLE_VAL, COMPARE_EN = 1 << 8, 1 << 9, 1 << 11
"""Bits of COMPARE_CTRL."""
KEEP, LOW, HIGH, TOGGLE = range(4)
"""What DRV_MATCH and DRV_CYCLE_END do to a driver's level."""


def action_at_match(control: int) -> int:
    """DRV_MATCH of a COMPARE_CTRL register."""
    return control & 3


def action_at_end(control: int) -> int:
    """DRV_CYCLE_END of a COMPARE_CTRL register."""
    return control >> 2 & 3


def high_part(control: int, compare: int, period: int) -> float:
    """For which part of a period the driver is high, 0 to 1.

    control: COMPARE_CTRL. compare: counts from the cycle's end to the match; none comes if that is
    not below `period`. Toggling counts as the half that it is over two periods.
    """
    if not control & DRIVER_EN:
        return 1.0 if control & DISABLE_VAL else 0.0
    matches = control & COMPARE_EN and compare < period
    at_end, at_match = action_at_end(control), action_at_match(control) if matches else KEEP
    if at_end == TOGGLE or at_match == TOGGLE:
        return 0.5
    # Levels behind the end and behind the match; what nothing sets stays as the other has set it.
    after_end = at_end if at_end != KEEP else at_match
    after_match = at_match if at_match != KEEP else at_end
    split = compare if matches else period
    high = split * (after_end == HIGH) + (period - split) * (after_match == HIGH)
    return high / period
