"""LPRTC, LPTIMER, watchdog and counters of the Alif at the end of each count.

Registers: lptimer.h, rtc.h and wdt.h of Alif's Ensemble CMSIS DFP, Alif's SVD file; Arm's
CMSDK TRM (APB watchdog); alif.md 7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_alif_timers import (
    CCR,
    CCVR,
    CLR,
    CMR,
    CONTROL,
    CPCVR,
    CPSR,
    EOI,
    INTCLR,
    LOAD,
    LOCK,
    MS,
    RIS,
    RUNNING,
    US,
    VALUE,
    WRAP,
    S,
    real_time_clock,
    watchdog,
)

from xipsim.peripherals.alif.clocks import Vbat
from xipsim.peripherals.alif.counters import Counter, CounterRead
from xipsim.peripherals.alif.lprtc import Lprtc
from xipsim.peripherals.alif.lptimer import Lptimer
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.alif.wdt import Wdt
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

STATUS = 0x114
"""CHAN_STATUS of UTIMER, in each channel's block."""


# -- LPRTC -----------------------------------------------------------------------------------------


def test_the_match_can_be_masked_and_stays() -> None:
    """CCR: 0 IEN, 1 MASK; RSTAT is the raw flag, STAT the masked one."""
    bench = Bench()
    rtc = real_time_clock(bench)
    rtc.write(CMR, 2)
    rtc.write(CCR, 0x17)
    bench.clock.advance(2 * S)
    assert (rtc.read(0x10), rtc.read(0x14), rtc.IRQ.level) == (0, 1, False)
    rtc.write(CCR, 0x15)
    assert (rtc.read(0x10), rtc.read(0x14), rtc.IRQ.level) == (1, 1, True)
    assert rtc.peek(EOI) == 0
    assert rtc.IRQ.level, "a look acknowledges nothing"
    rtc.reset(ResetCause.SOFTWARE)
    assert (rtc.read(0x10), rtc.IRQ.level) == (1, True)
    assert rtc.read(EOI) == 0
    assert (rtc.read(0x10), rtc.read(0x14), rtc.IRQ.level) == (0, 0, False)


@pytest.mark.parametrize(("control", "comes"), [(0x15, True), (0x14, False), (0x11, False)])
def test_a_match_wants_ien_and_en(control: int, comes: bool) -> None:
    bench = Bench()
    rtc = real_time_clock(bench)
    rtc.write(CMR, 3)
    rtc.write(CCR, control)
    bench.clock.advance(10 * S)
    assert bool(rtc.read(0x14)) == rtc.IRQ.level == comes


def test_a_match_comes_a_round_later_where_the_count_is_already_there() -> None:
    bench = Bench()
    rtc = Lprtc(bench.system, name="lprtc")
    rtc.write(CLR, WRAP - 2)
    rtc.write(CMR, WRAP - 2)
    rtc.write(CCR, 0x5)
    bench.clock.advance(S)
    assert rtc.read(0x14) == 0
    assert rtc.read(CCVR) == 32766, "over the end to 0"
    rtc.write(CMR, 32768)
    bench.clock.advance(2 * S // 32768 - 1)
    assert rtc.read(0x14) == 0
    bench.clock.advance(2)
    assert rtc.read(0x14) == 1


@pytest.mark.parametrize(("prescaler", "hertz"), [(32768, 1), (1, 32768), (0, 32768), (0x8001, 1)])
def test_a_match_after_the_clock_was_loaded_and_stopped(prescaler: int, hertz: int) -> None:
    bench = Bench()
    rtc = Lprtc(bench.system, name="lprtc")
    rtc.write(CPSR, prescaler)
    rtc.write(CLR, 100)
    rtc.write(CMR, 105)
    rtc.write(CCR, 0x15)
    clock = -(-S * max(prescaler, 1) // 32768)
    bench.clock.advance(2 * clock)
    assert (rtc.read(CCVR), rtc.peek(CCVR)) == (102, 102)
    rtc.write(CCR, 0x11)
    bench.clock.advance(10 * clock)
    assert (rtc.read(CCVR), rtc.read(CPCVR), rtc.read(0x14)) == (102, 0, 0)
    rtc.write(CCR, 0x15)
    bench.clock.advance(3 * clock - 10)
    assert rtc.read(0x14) == 0
    bench.clock.advance(20)
    assert (rtc.read(0x14), rtc.read(CCVR)) == (1, 105)


def test_the_prescaler_is_seen() -> None:
    bench = Bench()
    rtc = real_time_clock(bench)
    bench.clock.advance(S + S // 4)
    assert rtc.read(CPCVR) == rtc.peek(CPCVR) == 8192
    assert bench.clock.questions[-1] == ("lprtc", None)
    assert {CCVR, CPCVR} == Lprtc.NEUTRAL


def test_a_warm_reset_leaves_all_of_the_clock() -> None:
    bench = Bench()
    rtc = real_time_clock(bench, 7)
    rtc.write(CMR, 1234)
    rtc.write(CCR, 0x15)
    bench.clock.advance(S + S // 2)
    before = rtc.save()
    rtc.reset(ResetCause.SOFTWARE)
    assert rtc.save() == before


# -- LPTIMER ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", range(4))
@pytest.mark.parametrize(("source", "hertz"), [(0, 32_768), (1, 128_000), (2, 0), (3, 0)])
def test_each_channel_has_its_clock(channel: int, source: int, hertz: int) -> None:
    """VBAT's TIMER_CLKSEL: two bits at 4 * channel."""
    bench = Bench()
    vbat = Vbat(bench.system)
    vbat.write(0x04, source << 4 * channel | 0x2222 & ~(0xF << 4 * channel))
    timer = Lptimer(bench.system, name="lptimer", vbat=vbat)
    at = 0x14 * channel
    timer.write(at, 1_000_000)
    timer.write(at + 8, 3)
    bench.clock.advance(S)
    assert timer.read(at + 4) == timer.peek(at + 4) == 1_000_000 - hertz
    assert bool(bench.gaps) == (not hertz)


@pytest.mark.parametrize("channel", range(4))
def test_each_channel_ends_and_is_acknowledged_by_itself(channel: int) -> None:
    bench = Bench()
    timer = Lptimer(bench.system, name="lptimer")
    for each in range(4):
        timer.write(0x14 * each, 32767)
        timer.write(0x14 * each + 8, 3 if each == channel else 7)
    assert timer.read(0x14 * channel + 0x10) == 0
    assert bench.clock.questions[-1] == (("lptimer", channel, "over"), S)
    assert timer.read(0xA0) == timer.read(0xA8) == 0
    assert bench.clock.questions[-2:] == [(("lptimer", "over"), S)] * 2
    bench.clock.advance(S)
    bench.clock.questions.clear()
    assert (timer.read(0xA0), timer.read(0xA8)) == (1 << channel, 0xF)
    assert [timer.read(0x14 * each + 0x10) for each in range(4)] == [
        int(each == channel) for each in range(4)
    ]
    others = [each for each in range(4) if each != channel]
    assert bench.clock.questions == [(("lptimer", each, "over"), 2 * S) for each in others]
    assert [timer.lines[str(each)].level for each in range(4)] == [
        each == channel for each in range(4)
    ]
    assert timer.peek(0x14 * channel + 0xC) == 0
    assert timer.read(0xA8) == 0xF
    assert timer.read(0x14 * channel + 0xC) == 0
    assert (timer.read(0xA0), timer.read(0xA8)) == (0, 0xF & ~(1 << channel))


def test_a_round_of_one_clock_and_the_end_of_free_running() -> None:
    bench = Bench()
    timer = Lptimer(bench.system)
    timer.write(0x00, 0)
    timer.write(0x08, 3)
    bench.clock.advance(S // 32768)
    assert timer.read(0xA8) == 0
    bench.clock.advance(1)
    assert timer.read(0xA8) == 1
    timer.write(0x14, 9)
    timer.write(0x14 + 8, 1)
    bench.clock.advance(S + 1 * US)
    assert timer.read(0x14 + 4) == 0xFFFF_FFFF - (32768 - 10)


def test_a_running_channel_takes_its_load_at_the_next_round() -> None:
    bench = Bench()
    timer = Lptimer(bench.system)
    timer.write(0x00, 32767)
    timer.write(0x08, 3)
    bench.clock.advance(S // 2)
    timer.write(0x00, 65535)
    timer.write(0x08, 3)
    assert timer.read(0x04) == 16383
    bench.clock.advance(S // 2)
    assert timer.read(0x04) == 65535


def test_a_warm_reset_leaves_all_of_the_channels() -> None:
    bench = Bench()
    timer = Lptimer(bench.system)
    for channel in range(4):
        timer.write(0x14 * channel, 32767 + channel)
        timer.write(0x14 * channel + 8, 3)
    bench.clock.advance(S)
    before = timer.save()
    timer.reset(ResetCause.SOFTWARE)
    assert timer.save() == before
    assert {0x14 * n + 4 for n in range(4)} == Lptimer.NEUTRAL


# -- watchdog --------------------------------------------------------------------------------------


def test_without_resen_it_interrupts_and_goes_on() -> None:
    bench = Bench()
    wdt = Wdt(bench.system, name="wdt")
    wdt.write(LOAD, 400_000)
    wdt.write(CONTROL, 1)
    bench.clock.advance(MS)
    assert (wdt.NMI.level, wdt.read(RIS), wdt.read(RIS + 4)) == (True, 1, 1)
    bench.clock.advance(10 * MS)
    assert bench.resets == []
    assert len(bench.notes) == 1
    wdt.write(INTCLR, 0)
    assert (wdt.NMI.level, wdt.read(RIS), wdt.read(RIS + 4), wdt.read(INTCLR)) == (False, 0, 0, 0)
    assert wdt.read(VALUE) == wdt.peek(VALUE) == 400_000
    bench.clock.advance(MS // 4)
    assert wdt.read(VALUE) == wdt.peek(VALUE) == 300_000


def test_the_raw_flag_stays_while_it_is_off() -> None:
    bench = Bench()
    wdt = watchdog(bench, 1)
    bench.clock.advance(MS)
    wdt.write(LOCK, 0x1ACC_E551)
    wdt.write(CONTROL, 2)
    assert (wdt.read(RIS), wdt.read(RIS + 4), wdt.NMI.level) == (1, 0, False)
    wdt.write(CONTROL, 3)
    assert (wdt.read(RIS), wdt.read(RIS + 4), wdt.NMI.level) == (1, 1, True)


def test_a_load_counts_at_once() -> None:
    bench = Bench()
    wdt = Wdt(bench.system, name="wdt")
    wdt.write(LOAD, 400_000)
    wdt.write(CONTROL, 1)
    bench.clock.advance(MS // 2)
    wdt.write(LOAD, 800_000)
    assert wdt.read(VALUE) == 800_000
    bench.clock.advance(2 * MS - 1)
    assert not wdt.NMI.level
    bench.clock.advance(1)
    assert wdt.NMI.level


def test_a_load_of_0_expires_with_the_next_clock() -> None:
    bench = Bench()
    wdt = Wdt(bench.system, name="wdt")
    wdt.write(LOAD, 0)
    wdt.write(CONTROL, 1)
    bench.clock.advance(2)
    assert not wdt.NMI.level
    bench.clock.advance(1)
    assert wdt.NMI.level


@pytest.mark.parametrize(
    ("key", "locked"),
    [(0x1ACC_E551, 0), (0, 1), (1, 1), (0x1ACC_E550, 1), (0x1ACC_E559, 1), (0xFFFF_FFFF, 1)],
)
def test_one_key_unlocks(key: int, locked: int) -> None:
    wdt = Wdt(Bench().system, name="wdt")
    assert wdt.read(LOCK) == 0
    wdt.write(LOCK, key)
    assert wdt.read(LOCK) == locked


def test_a_reset_stops_it_and_fills_it() -> None:
    bench = Bench()
    wdt = watchdog(bench, 1)
    bench.clock.advance(MS)
    wdt.reset(ResetCause.WATCHDOG)
    assert (wdt.read(LOAD), wdt.read(VALUE), wdt.read(CONTROL)) == (0xFFFF_FFFF, 0xFFFF_FFFF, 0)
    assert not wdt.NMI.level
    bench.clock.advance(S)
    assert bench.resets == []


# -- read-only registers ---------------------------------------------------------------------------

READ_ONLY: dict[str, tuple[Callable[[Bench], Any], tuple[int, ...]]] = {
    "utimer": (
        lambda bench: Utimer(bench.system),
        (RUNNING, *(0x1000 * n + STATUS for n in range(1, 17))),
    ),
    "lprtc": (lambda bench: Lprtc(bench.system), (CCVR, 0x10, 0x14, EOI, 0x1C, CPCVR)),
    "lptimer": (
        lambda bench: Lptimer(bench.system),
        (*(0x14 * n + at for n in range(4) for at in (4, 0xC, 0x10)), 0xA0, 0xA4, 0xA8, 0xAC),
    ),
    "wdt": (lambda bench: Wdt(bench.system), (VALUE, RIS, 0x14, 0xFD0, 0xFE0, 0xFEC, 0xFFC)),
    "counter": (lambda bench: Counter(bench.system, frequency=32_768), (0x04,)),
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_store_to_what_can_only_be_read_changes_nothing(name: str) -> None:
    make, offsets = READ_ONLY[name]
    model = make(Bench())
    before = model.save()
    for offset in offsets:
        model.write(offset, 0xFFFF_FFFF)
        assert model.save() == before, hex(offset)


def test_a_reset_stops_and_clears_a_counter() -> None:
    bench = Bench()
    counter = Counter(bench.system, name="s32k", frequency=1_000)
    counter.write(0x00, 1)
    bench.clock.advance(S)
    assert (counter.read(8), counter.now()) == (1000, 1000)
    counter.reset(ResetCause.SOFTWARE)
    bench.clock.advance(S)
    assert (counter.read(0), counter.read(8), counter.read(0xC)) == (0, 0, 0)
    assert {8, 0xC} == Counter.NEUTRAL


@pytest.mark.parametrize("bit", range(64))
def test_every_bit_of_a_counter(bit: int) -> None:
    """In its own frame and in the one that only reads; a half that is set leaves the other."""
    bench = Bench()
    counter = Counter(bench.system, name="s32k", frequency=1_000)
    frame = CounterRead(bench.system, name="read", counter=counter)
    for value in (1 << bit, (1 << 64) - 1 ^ 1 << bit):
        counter.write(0x08, value & 0xFFFF_FFFF)
        counter.write(0x0C, value >> 32)
        counter.write(0x08, value & 0xFFFF_FFFF)
        for model, low, high in ((counter, 0x08, 0x0C), (frame, 0x00, 0x04)):
            assert model.read(high) << 32 | model.read(low) == value
            assert model.peek(high) << 32 | model.peek(low) == value
    before = frame.save()
    frame.write(0, 1)
    frame.write(4, 1)
    assert frame.save() == before


def test_a_counter_begins_anew_after_its_last_count() -> None:
    bench = Bench()
    counter = Counter(bench.system, name="s32k", frequency=1_000)
    counter.write(0x08, 0xFFFF_FFFF)
    counter.write(0x0C, 0xFFFF_FFFF)
    counter.write(0x00, 1)
    bench.clock.advance(2 * MS + 10 * US)
    assert (counter.read(8), counter.read(0xC)) == (1, 0)


@pytest.mark.parametrize(
    ("value", "field"), [(2, "HDBG"), (4, "SCEN"), (1 << 8, "FCREQ"), (1 << 31, "FCREQ")]
)
def test_what_counters_lack(value: int, field: str) -> None:
    bench = Bench()
    counter = Counter(bench.system, name="s32k", frequency=1_000)
    counter.write(0x00, value)
    assert [gap.what.split(":")[0] for gap in bench.gaps] == [f"CNTCR.{field}"]
