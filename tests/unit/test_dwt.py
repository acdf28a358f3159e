"""The cycle counter of the DWT."""

from xipsim.peripherals.arm.dwt import Dwt
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

CTRL, CYCCNT, CPICNT, LAR = 0x000, 0x004, 0x008, 0xFB0


def counting(bench: Bench) -> Dwt:
    """As MicroPython's mp_hal_ticks_cpu_enable() leaves it."""
    dwt = Dwt(bench.system, frequency=600_000_000)
    dwt.write(LAR, 0xC5ACCE55)
    dwt.write(CYCCNT, 0)
    dwt.write(CTRL, dwt.read(CTRL) | 1)
    return dwt


def test_cycles_follow_virtual_time() -> None:
    bench = Bench()
    dwt = counting(bench)
    bench.clock.advance(1_000)
    assert dwt.read(CYCCNT) == 600
    bench.clock.advance(1)
    assert dwt.read(CYCCNT) == 600
    bench.clock.advance(4)
    assert dwt.read(CYCCNT) == 603
    assert bench.events == []


def test_a_read_is_a_question_and_waits_on_it_below_100_us_are_exact() -> None:
    bench = Bench()
    dwt = counting(bench)
    dwt.read(CYCCNT)
    assert bench.clock.questions == [(dwt.name, None)]
    assert bench.clock.exact == 100_000
    assert {CYCCNT} == Dwt.NEUTRAL


def test_the_counter_stands_until_it_is_enabled_and_when_disabled() -> None:
    bench = Bench()
    dwt = Dwt(bench.system, frequency=600_000_000)
    bench.clock.advance(1_000)
    assert dwt.read(CYCCNT) == 0
    dwt.write(CTRL, 0x4000_0001)
    bench.clock.advance(10)
    dwt.write(CTRL, 0x4000_0000)
    bench.clock.advance(1_000)
    assert dwt.read(CYCCNT) == 6


def test_writing_the_counter_sets_it_and_it_wraps() -> None:
    bench = Bench()
    dwt = counting(bench)
    bench.clock.advance(12_345)
    dwt.write(CYCCNT, 0xFFFF_FFFF)
    bench.clock.advance(5)
    assert dwt.read(CYCCNT) == 2


def test_numcomp_is_read_only_and_the_rest_is_declared_as_missing() -> None:
    bench = Bench()
    dwt = Dwt(bench.system, frequency=600_000_000)
    dwt.write(CTRL, 0)
    assert dwt.read(CTRL) == 0x4000_0000
    dwt.write(CPICNT, 1)
    assert [g.what for g in bench.gaps] == ["CPICNT: this counter stands still"]


def test_only_power_on_stops_the_counter() -> None:
    bench = Bench()
    dwt = counting(bench)
    dwt.reset(ResetCause.SOFTWARE)
    bench.clock.advance(1_000)
    assert dwt.read(CYCCNT) == 600
    dwt.reset(ResetCause.POWER_ON)
    bench.clock.advance(1_000)
    assert dwt.read(CYCCNT) == 0


def test_save_and_load() -> None:
    bench = Bench()
    dwt = counting(bench)
    bench.clock.advance(1_000)
    saved = dwt.save()
    dwt.write(CTRL, 0)
    dwt.load(saved)
    bench.clock.advance(1_000)
    assert dwt.read(CYCCNT) == 1_200
