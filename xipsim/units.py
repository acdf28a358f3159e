"""Durations and virtual times, as people write and read them."""

from __future__ import annotations

import re

from xipsim.errors import UserError

_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_LONG = {"": 1, "s": 1, "m": 60, "h": 3600}
_NEARLY = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(|s(?:ec(?:onds?)?)?|m(?:in(?:utes?)?)?|h(?:ours?)?)\s*", re.IGNORECASE
)
"""A number without a unit, or with one that is none here."""
_DURATION = re.compile(r"\s*(\d+)(?:\.(\d+))?\s*([a-zµ]+)\s*")


def duration(value: str | int) -> int:
    """Nanoseconds of `value`: "2s", "1.5s", "100ms", "500us", "10ns", or an integer, ns.

    UserError for anything else, and for a fraction of a nanosecond.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise UserError(f"a duration cannot be negative: {value}")
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[3] not in _UNITS:
        raise UserError(
            f"{value!r} is no duration: expected a number with s, ms, us or ns, such as '100ms', "
            f"or whole nanoseconds{_meant(value)}"
        )
    whole, fraction, unit = int(match[1]), match[2] or "", _UNITS[match[3]]
    denominator: int = 10 ** len(fraction)
    part, rest = divmod(int(fraction or 0) * unit, denominator)
    if rest:
        raise UserError(f"{value!r} is not a whole number of nanoseconds")
    return whole * unit + part


def _meant(value: object) -> str:
    """What somebody may have wanted who gave no unit, or one that is for people."""
    match = _NEARLY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return ""
    return f"; did you mean '{float(match[1]) * _LONG[match[2][:1].lower()]:.15g}s'?"


def show_duration(ns: int) -> str:
    """A duration in the largest unit that it fills: `45 ms`, `1.5 s`, `700 us`."""
    for unit in ("s", "ms", "us"):
        if ns >= _UNITS[unit]:
            return f"{ns / _UNITS[unit]:.6g} {unit}"
    return f"{ns} ns"


def show_time(ns: int) -> str:
    """A point in virtual time, in seconds to the microsecond: `1.234567 s`."""
    return f"{ns // 1_000_000_000}.{ns % 1_000_000_000 // 1_000:06} s"
