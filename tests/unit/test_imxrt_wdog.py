"""Watchdogs of the i.MX RT, and what the reset controller says afterwards.

Expected values: imxrt.md 5.1 and 5.10, MicroPython's ports/mimxrt (machine.reset, machine.WDT).
"""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core import Note, Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.rtwdog import RtWdog
from xipsim.peripherals.imxrt.src import Src
from xipsim.peripherals.imxrt.wdog import Wdog

WCR, WSR, WRSR, WICR, WMCR = 0, 2, 4, 6, 8
CS, CNT, TOVAL, WIN = 0, 4, 8, 12
MS = 1_000_000
SECOND = 1_000 * MS
POR, TOUT, SFTW = 0x10, 0x02, 0x01


def powered(bench: Bench, model: type[Peripheral], **parameters: Any) -> Any:
    instance = model(bench.system, **parameters)
    instance.reset(ResetCause.POWER_ON)
    return instance


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def wdog(bench: Bench) -> Wdog:
    wdog: Wdog = powered(bench, Wdog)
    return wdog


def start(wdog: Wdog, half_seconds: int, wicr: int = 0x4) -> None:
    """What MicroPython's WDT does: WICR, WMCR, then WCR with SRS, WDA and WDE."""
    wdog.write(WICR, wicr, 2)
    wdog.write(WMCR, 0, 2)
    wdog.write(WCR, (half_seconds - 1) << 8 | 0x34, 2)


def feed(wdog: Wdog) -> None:
    wdog.write(WSR, 0x5555, 2)
    wdog.write(WSR, 0xAAAA, 2)


def test_values_at_power_on(wdog: Wdog) -> None:
    values = [wdog.read(offset, 2) for offset in (WCR, WSR, WRSR, WICR, WMCR)]
    assert values == [0x30, 0, POR, 4, 1]


def test_software_reset_needs_srs_cleared_and_sets_srs_again(bench: Bench, wdog: Wdog) -> None:
    wdog.write(WCR, wdog.read(WCR, 2), 2)
    assert bench.resets == []
    wdog.write(WCR, wdog.read(WCR, 2) & ~0x10, 2)
    assert bench.resets == [ResetCause.WATCHDOG_SOFTWARE]
    wdog.reset(ResetCause.WATCHDOG_SOFTWARE)
    assert wdog.read(WRSR, 2) == SFTW
    assert wdog.read(WCR, 2) == 0x30


def test_an_unfed_watchdog_resets_at_its_time_out(bench: Bench, wdog: Wdog) -> None:
    start(wdog, half_seconds=4)
    bench.clock.advance(2 * SECOND - 1)
    assert bench.resets == []
    bench.clock.advance(1)
    assert bench.resets == [ResetCause.WATCHDOG]
    wdog.reset(ResetCause.WATCHDOG)
    assert wdog.read(WRSR, 2) == TOUT


def test_feeding_starts_the_time_anew(bench: Bench, wdog: Wdog) -> None:
    start(wdog, half_seconds=2)
    for _ in range(5):
        bench.clock.advance(900 * MS)
        feed(wdog)
    bench.clock.advance(999 * MS)
    assert bench.resets == []
    bench.clock.advance(1 * MS)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_a_new_time_out_counts_from_the_next_service(bench: Bench, wdog: Wdog) -> None:
    start(wdog, half_seconds=1)
    wdog.write(WCR, 9 << 8 | 0x34, 2)
    feed(wdog)
    bench.clock.advance(4_999 * MS)
    assert bench.resets == []
    bench.clock.advance(1 * MS)
    assert len(bench.resets) == 1


@pytest.mark.parametrize("words", [(0xAAAA,), (0x5555, 0x1234, 0xAAAA), (0xAAAA, 0x5555)])
def test_anything_but_the_two_words_in_order_does_not_feed(
    bench: Bench, wdog: Wdog, words: tuple[int, ...]
) -> None:
    start(wdog, half_seconds=1)
    bench.clock.advance(400 * MS)
    for word in words:
        wdog.write(WSR, word, 2)
    bench.clock.advance(100 * MS)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_a_running_watchdog_cannot_be_stopped(bench: Bench, wdog: Wdog) -> None:
    start(wdog, half_seconds=1)
    wdog.write(WCR, 0x30, 2)
    assert wdog.read(WCR, 2) & 0x4
    assert [d.rule for d in bench.diagnostics] == ["wdog-stop"]
    bench.clock.advance(500 * MS)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_early_interrupt_once_for_each_service(bench: Bench, wdog: Wdog) -> None:
    start(wdog, half_seconds=4, wicr=0x8002)
    bench.clock.advance(1 * SECOND - 1)
    assert not wdog.IRQ.level
    bench.clock.advance(1)
    assert wdog.IRQ.level
    wdog.write(WICR, wdog.read(WICR, 2), 2)
    assert not wdog.IRQ.level
    bench.clock.advance(100 * MS)
    assert not wdog.IRQ.level
    feed(wdog)
    bench.clock.advance(1 * SECOND)
    assert wdog.IRQ.level


def test_the_power_down_counter_is_noted_unless_switched_off(bench: Bench, wdog: Wdog) -> None:
    other: Wdog = powered(bench, Wdog, name="other")
    wdog.write(WMCR, 0, 2)
    bench.clock.advance(16 * SECOND)
    assert [(type(n), n.source) for n in bench.notes] == [(Note, "other")]
    assert other.read(WMCR, 2) == 1 and bench.resets == []


def test_resets_by_others_keep_the_reason_and_stop_the_watchdog(bench: Bench, wdog: Wdog) -> None:
    start(wdog, half_seconds=1)
    wdog.reset(ResetCause.SOFTWARE)
    assert wdog.read(WRSR, 2) == POR
    bench.clock.advance(10 * SECOND)
    assert bench.resets == []


def test_a_snapshot_holds_a_running_watchdog(bench: Bench, wdog: Wdog) -> None:
    start(wdog, half_seconds=2)
    bench.clock.advance(300 * MS)
    saved = wdog.save()
    feed(wdog)
    wdog.load(saved)
    assert wdog.save() == saved
    bench.clock.advance(700 * MS)
    assert bench.resets == [ResetCause.WATCHDOG]


# -- SRC ------------------------------------------------------------------------------------------

SRSR = 0x08


@pytest.mark.parametrize(
    ("cause", "bits"),
    [
        (ResetCause.POWER_ON, 0x01),
        (ResetCause.PIN, 0x01),
        (ResetCause.WAKE_UP, 0x08),
        (ResetCause.SOFTWARE, 0x03),
        (ResetCause.LOCKUP, 0x03),
        (ResetCause.WATCHDOG, 0x11),
        (ResetCause.WATCHDOG_SOFTWARE, 0x11),
    ],
)
def test_srsr_collects_the_sources(bench: Bench, cause: ResetCause, bits: int) -> None:
    src: Src = powered(bench, Src)
    src.reset(cause)
    assert src.read(SRSR) == bits


def test_srsr_is_cleared_by_ones(bench: Bench) -> None:
    src: Src = powered(bench, Src)
    src.write(SRSR, src.read(SRSR))
    assert src.read(SRSR) == 0
    src.reset(ResetCause.SOFTWARE)
    assert src.read(SRSR) == 0x02


def test_general_purpose_registers_outlive_warm_resets_only(bench: Bench) -> None:
    src: Src = powered(bench, Src)
    src.write(0x30, 0x0BAD_00F1)
    src.reset(ResetCause.SOFTWARE)
    assert src.read(0x30) == 0x0BAD_00F1
    src.reset(ResetCause.PIN)
    assert src.read(0x30) == 0


# -- RTWDOG ---------------------------------------------------------------------------------------

UPDATE, INT, EN, RCS, ULK = 1 << 5, 1 << 6, 1 << 7, 1 << 10, 1 << 11
LPO_32BIT = 0x2100


@pytest.fixture
def src(bench: Bench) -> Src:
    src: Src = powered(bench, Src)
    return src


@pytest.fixture
def rtwdog(bench: Bench, src: Src) -> RtWdog:
    rtwdog: RtWdog = powered(bench, RtWdog, src=src)
    return rtwdog


def configure(rtwdog: RtWdog, cs: int, toval: int = 0x8000, win: int = 0) -> None:
    rtwdog.write(CNT, 0xD928_C520)
    rtwdog.write(TOVAL, toval)
    rtwdog.write(WIN, win)
    rtwdog.write(CS, LPO_32BIT | cs)


def test_rtwdog_reset_value_but_for_what_the_rom_changes(rtwdog: RtWdog) -> None:
    assert rtwdog.read(CS) & ~(EN | UPDATE) == 0x2980 & ~EN
    assert rtwdog.read(TOVAL) == 0x400


def test_system_init_switches_it_off_silently(bench: Bench, rtwdog: RtWdog) -> None:
    rtwdog.write(CNT, 0xD928_C520)
    rtwdog.write(TOVAL, 0xFFFF)
    rtwdog.write(CS, rtwdog.read(CS) & ~EN | UPDATE)
    bench.clock.advance(10 * SECOND)
    assert rtwdog.read(TOVAL) == 0xFFFF
    assert bench.resets == [] and bench.events == []


def test_rtwdog_fires_after_toval_ticks_and_src_says_which_watchdog(
    bench: Bench, src: Src, rtwdog: RtWdog
) -> None:
    configure(rtwdog, EN | UPDATE, toval=0x8000)
    assert rtwdog.read(CS) & (RCS | ULK) == RCS
    bench.clock.advance(SECOND // 2)
    assert rtwdog.read(CNT) == 0x4000
    bench.clock.advance(SECOND // 2 - 1)
    assert bench.resets == []
    bench.clock.advance(1)
    assert bench.resets == [ResetCause.WATCHDOG]
    src.reset(ResetCause.WATCHDOG)
    assert src.read(SRSR) == 0x81


def test_rtwdog_refresh_as_one_word(bench: Bench, rtwdog: RtWdog) -> None:
    configure(rtwdog, EN | UPDATE)
    for _ in range(4):
        bench.clock.advance(900 * MS)
        rtwdog.write(CNT, 0xB480_A602)
    assert bench.resets == []


def test_rtwdog_commands_as_two_halves(bench: Bench, rtwdog: RtWdog) -> None:
    rtwdog.write(CNT, 0xD928_C520)
    rtwdog.write(CS, 0x0100 | EN | UPDATE)
    for half in (0xC520, 0xD928):
        rtwdog.write(CNT, half, 2)
    assert rtwdog.read(CS) & ULK
    rtwdog.write(TOVAL, 0x8000)
    rtwdog.write(CS, 0x0100 | EN | UPDATE)
    bench.clock.advance(900 * MS)
    for half in (0xA602, 0xB480):
        rtwdog.write(CNT, half, 2)
    bench.clock.advance(999 * MS)
    assert bench.resets == []
    bench.clock.advance(1 * MS)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_rtwdog_resets_at_once_on_an_unknown_word(bench: Bench, rtwdog: RtWdog) -> None:
    configure(rtwdog, EN | UPDATE)
    rtwdog.write(CNT, 0x1234_5678)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_rtwdog_window(bench: Bench, rtwdog: RtWdog) -> None:
    configure(rtwdog, EN | UPDATE | 1 << 15, win=0x4000)
    bench.clock.advance(600 * MS)
    rtwdog.write(CNT, 0xB480_A602)
    assert bench.resets == []
    bench.clock.advance(400 * MS)
    rtwdog.write(CNT, 0xB480_A602)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_the_window_opens_at_its_count(bench: Bench, rtwdog: RtWdog) -> None:
    """The manual, WIN: a refresh is early while the counter is less than it."""
    for early, resets in ((0, []), (1, [ResetCause.WATCHDOG])):
        configure(rtwdog, EN | UPDATE | 1 << 15, win=0x4000)
        bench.clock.advance(500 * MS - early * 31 * 1000)
        rtwdog.write(CNT, 0xB480_A602)
        assert bench.resets == resets


def test_rtwdog_interrupt_comes_255_bus_clocks_before_the_reset(
    bench: Bench, rtwdog: RtWdog
) -> None:
    configure(rtwdog, EN | UPDATE | INT)
    bench.clock.advance(SECOND)
    assert rtwdog.IRQ.level and bench.resets == []
    bench.clock.advance(2_000)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_rtwdog_prescaler(bench: Bench, rtwdog: RtWdog) -> None:
    configure(rtwdog, EN | UPDATE | 1 << 12, toval=0x80)
    bench.clock.advance(SECOND - 1)
    assert bench.resets == []
    bench.clock.advance(1)
    assert len(bench.resets) == 1


def test_rtwdog_ignores_configuration_without_unlock(bench: Bench, rtwdog: RtWdog) -> None:
    configure(rtwdog, EN)
    rtwdog.write(TOVAL, 0xFFFF)
    rtwdog.write(CS, LPO_32BIT)
    assert rtwdog.read(TOVAL) == 0x8000 and rtwdog.read(CS) & EN
    assert {d.rule for d in bench.diagnostics} == {"rtwdog-locked"}
    rtwdog.write(CNT, 0xD928_C520)
    assert not rtwdog.read(CS) & ULK, "UPDATE is 0: no unlock until the next reset"
