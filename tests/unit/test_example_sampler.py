"""The README's example of a user's own model, without an engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xipsim.engines.usermodels import load_models
from xipsim.peripherals.core import Peripheral
from xipsim.peripherals.core.testing import Bench

EXAMPLE = Path(__file__).parents[2] / "docs/examples/sampler.py"
PERIOD, DATA = 0x0, 0x4


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def sampler(bench: Bench) -> Peripheral:
    made: Callable[..., Peripheral] = load_models([], [EXAMPLE])["Lab.Sampler"]
    return made(bench.system)


def test_a_sample_comes_after_each_period(bench: Bench, sampler: Peripheral) -> None:
    sampler.write(PERIOD, 250)
    bench.clock.advance(249_999)
    assert not sampler.lines["READY"].level
    bench.clock.advance(1)
    assert sampler.lines["READY"].level
    bench.clock.advance(500_000)
    assert sampler.read(DATA) == 3


def test_reading_the_sample_takes_ready_away(bench: Bench, sampler: Peripheral) -> None:
    sampler.write(PERIOD, 250)
    bench.clock.advance(250_000)
    sampler.read(DATA)
    assert not sampler.lines["READY"].level


def test_period_zero_stops_it(bench: Bench, sampler: Peripheral) -> None:
    sampler.write(PERIOD, 250)
    sampler.write(PERIOD, 0)
    bench.clock.advance(1_000_000)
    assert sampler.read(DATA) == 0
    assert not sampler.lines["READY"].level
