"""Durations and virtual times, as people write and read them."""

from __future__ import annotations

import re

from xipsim.errors import UserError

LONGEST = 1 << 62
"""Virtual ns: engines count 2^63, and some time has passed already. This is 146 years."""
DIGITS = 20
"""Of a number, that can matter. Python reads no more than some thousand."""
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_LONG = {"": 1, "s": 1, "m": 60, "h": 3600}
_NEARLY = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*(|s(?:ec(?:onds?)?)?|m(?:in(?:utes?)?)?|h(?:ours?)?)\s*", re.IGNORECASE
)
"""A number without a unit, or with one that is none here."""
_DURATION = re.compile(r"\s*([0-9]+)(?:\.([0-9]+))?\s*([a-zµ]+)\s*")


def duration(value: str | int) -> int:
    """Nanoseconds of `value`: "2s", "1.5s", "100ms", "500us", "10ns", or an integer, ns.

    UserError for anything else, for a fraction of a nanosecond, and for more than can be counted.
    """
    ns = _duration(value)
    if ns > LONGEST:
        raise UserError(f"{str(value)[:40]!r} is too long: virtual time ends after 146 years")
    return ns


def real_seconds(value: float) -> float:
    """A limit in seconds of real time; UserError for what is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
        raise UserError(f"wall: expected seconds of real time, such as 2.5, given {value!r}")
    return value


def _duration(value: str | int) -> int:
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
    whole, fraction, unit = match[1].lstrip("0"), (match[2] or "").rstrip("0"), _UNITS[match[3]]
    if len(whole) > DIGITS:
        return LONGEST + 1
    denominator: int = 10 ** min(len(fraction), DIGITS)
    part, rest = divmod(int(fraction[:DIGITS] or 0) * unit, denominator)
    if rest or len(fraction) > DIGITS:
        raise UserError(f"{value!r} is not a whole number of nanoseconds")
    return int(whole or 0) * unit + part


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
