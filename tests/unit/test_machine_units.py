"""Durations as people write them."""

from __future__ import annotations

import pytest

from xipsim.errors import UserError
from xipsim.units import duration, real_seconds, show_duration, show_time


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("100ms", 100_000_000),
        ("2s", 2_000_000_000),
        ("1.5s", 1_500_000_000),
        ("500us", 500_000),
        ("500 µs", 500_000),
        ("10ns", 10),
        ("0.25us", 250),
        (7, 7),
        (0, 0),
    ],
)
def test_durations_are_exact(text: str | int, ns: int) -> None:
    assert duration(text) == ns


@pytest.mark.parametrize("wall", [-1, -0.5, float("nan"), "5", "5s", True, b"1", [1]])
def test_what_is_no_limit_of_real_time(wall: object) -> None:
    with pytest.raises(UserError, match="wall: expected seconds of real time"):
        real_seconds(wall)  # type: ignore[arg-type]


@pytest.mark.parametrize("wall", [0, 5, 2.5, float("inf")])
def test_a_limit_of_real_time_is_kept(wall: float) -> None:
    assert real_seconds(wall) == wall


@pytest.mark.parametrize("text", ["", "5", "1 minute", "-1s", "1e3s", "0.5ns", -1, True, 1.5, None])
def test_what_is_no_duration_is_the_users_mistake(text: object) -> None:
    with pytest.raises(UserError):
        duration(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("60", "60s"),
        ("1.5", "1.5s"),
        ("1m", "60s"),
        ("1.5 min", "90s"),
        ("2 minutes", "120s"),
        ("1h", "3600s"),
        ("10 Sec", "10s"),
    ],
)
def test_a_unit_that_is_missing_or_for_people_gets_an_advice(text: str, meant: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{meant}'"):
        duration(text)
    assert duration(meant)


@pytest.mark.parametrize(
    "text", [1 << 63, "99999999999s", "9223372036854775808ns", "9" * 5000 + "s"]
)
def test_longer_than_engines_count_is_told(text: str | int) -> None:
    with pytest.raises(UserError, match="too long"):
        duration(text)
    assert duration("4000000000s") == 4_000_000_000 * 10**9


def test_zeros_of_a_number_do_not_matter() -> None:
    assert duration("0" * 5000 + "1.5" + "0" * 5000 + "s") == 1_500_000_000
    with pytest.raises(UserError, match="whole number of nanoseconds"):
        duration("0." + "3" * 5000 + "s")


def test_times_are_shown_in_units_that_people_read() -> None:
    assert show_duration(45_000_000) == "45 ms"
    assert show_duration(1_500_000_000) == "1.5 s"
    assert show_duration(999) == "999 ns"
    assert show_time(1_234_567_890) == "1.234567 s"
