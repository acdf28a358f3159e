"""UTIMER, LPRTC, LPTIMER, watchdog and counters, as MicroPython's Alif port uses them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xipsim.peripherals.alif.clocks import Vbat
from xipsim.peripherals.alif.counters import Counter, CounterRead
from xipsim.peripherals.alif.lprtc import Lprtc
from xipsim.peripherals.alif.lptimer import Lptimer
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.alif.wdt import Wdt
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

US, MS, S = 1_000, 1_000_000, 1_000_000_000
WRAP = 1 << 32

# Channel 11 (alif.md 7.4).
CHANNEL = 0xC000
START, STOP, CLEAR, RUNNING, CLOCKS = 0x00, 0x04, 0x08, 0x0C, 0x20
CTRL, COMPARE_CTRL_A, COMPARE_CTRL_B = CHANNEL + 0x80, CHANNEL + 0x8C, CHANNEL + 0x90
CNTR, PTR, A, B = CHANNEL + 0xA0, CHANNEL + 0xA4, CHANNEL + 0xD4, CHANNEL + 0xE4
FLAGS, MASK = CHANNEL + 0x118, CHANNEL + 0x11C
FLAG_A, FLAG_B, OVERFLOW = 1 << 2, 1 << 4, 1 << 7
IRQ_A, IRQ_B, IRQ_OVERFLOW = 467 - 377, 469 - 377, 472 - 377


def system_tick(bench: Bench) -> Utimer:
    """UTIMER as MicroPython's system_tick_init() leaves it."""
    timer = Utimer(bench.system, name="utimer")
    timer.write(CLOCKS, timer.read(CLOCKS) | 0x800)
    timer.write(CTRL, timer.read(CTRL) | 1)
    timer.write(PTR, 0xFFFF_FFFF)
    timer.write(MASK, timer.read(MASK) & ~OVERFLOW)
    for source in (0x04, 0x0C, 0x14):
        timer.write(CHANNEL + source, 0x8000_0000)
    timer.write(START, timer.read(START) | 0x800)
    timer.write(COMPARE_CTRL_A, timer.read(COMPARE_CTRL_A) | 0x800)
    timer.write(COMPARE_CTRL_B, timer.read(COMPARE_CTRL_B) | 0x800)
    return timer


def wait(timer: Utimer, ticks: int) -> None:
    """What system_tick_wfe_with_timeout_us() does before it sleeps."""
    timer.write(A, (timer.read(CNTR) + ticks) % WRAP)
    timer.write(FLAGS, timer.read(FLAGS) | FLAG_A)
    timer.write(MASK, timer.read(MASK) & ~FLAG_A)


def levels(timer: Utimer) -> set[int]:
    return {int(name) for name, line in timer.lines.items() if line.level}


def test_the_tick_counts_at_400_mhz() -> None:
    bench = Bench()
    timer = system_tick(bench)
    assert timer.read(RUNNING) == 0x800 and timer.read(CNTR) == 0
    bench.clock.advance(1 * MS)
    assert timer.read(CNTR) == 400_000
    assert bench.events == [] and levels(timer) == set()


def test_the_tick_does_not_count_without_clock_or_start() -> None:
    bench = Bench()
    timer = Utimer(bench.system)
    timer.write(CTRL, 1)
    timer.write(PTR, 0xFFFF_FFFF)
    timer.write(START, 0x800)
    timer.write(CLOCKS, 0x800)
    bench.clock.advance(MS)
    assert (timer.read(CNTR), timer.read(RUNNING)) == (0, 0), "START_1_SRC.PGM_EN was not set"


def test_stop_and_clear() -> None:
    bench = Bench()
    timer = system_tick(bench)
    bench.clock.advance(MS)
    timer.write(STOP, 0x800)
    bench.clock.advance(MS)
    assert timer.read(CNTR) == 400_000
    timer.write(CLEAR, 0x800)
    assert timer.read(CNTR) == 0
    timer.write(START, 0x800)
    bench.clock.advance(MS)
    assert timer.read(CNTR) == 400_000


def test_global_registers_leave_a_channel_alone_that_does_not_obey_them() -> None:
    """STOP_1_SRC and CLEAR_1_SRC have a PGM_EN of their own, bit 31."""
    bench = Bench()
    timer = system_tick(bench)
    for source in (0x0C, 0x14):
        timer.write(CHANNEL + source, 0)
    bench.clock.advance(MS)
    timer.write(STOP, 0x800)
    timer.write(CLEAR, 0x800)
    assert timer.read(RUNNING) == 0x800
    bench.clock.advance(MS)
    assert timer.read(CNTR) == 800_000


def test_a_timed_wait_ends_exactly_on_time() -> None:
    bench = Bench()
    timer = system_tick(bench)
    bench.clock.advance(123 * US)
    wait(timer, 400_000)
    bench.clock.advance(MS - 1)
    assert levels(timer) == set()
    bench.clock.advance(1)
    assert levels(timer) == {IRQ_A} and timer.read(FLAGS) == FLAG_A
    timer.write(FLAGS, timer.read(FLAGS) | FLAG_A)
    assert levels(timer) == set()


def test_a_compare_value_that_has_passed_waits_for_the_next_round() -> None:
    bench = Bench()
    timer = system_tick(bench)
    bench.clock.advance(10 * MS)
    timer.write(B, 400)
    timer.write(MASK, timer.read(MASK) & ~FLAG_B)
    bench.clock.advance(MS)
    assert timer.read(FLAGS) == 0 and levels(timer) == set()
    bench.clock.advance(11 * S)
    assert timer.read(FLAGS) & FLAG_B and IRQ_B in levels(timer)


def test_the_flag_sets_while_masked_and_interrupts_when_unmasked() -> None:
    bench = Bench()
    timer = system_tick(bench)
    timer.write(A, 400)
    bench.clock.advance(MS)
    assert levels(timer) == set() and timer.read(FLAGS) == FLAG_A
    timer.write(MASK, timer.read(MASK) & ~FLAG_A)
    assert levels(timer) == {IRQ_A}
    timer.write(MASK, timer.read(MASK) | FLAG_A)
    assert levels(timer) == set()


def test_a_written_one_clears_its_flag_alone() -> None:
    bench = Bench()
    timer = system_tick(bench)
    timer.write(A, 400)
    timer.write(B, 500)
    bench.clock.advance(MS)
    timer.write(FLAGS, FLAG_A)
    assert timer.read(FLAGS) == FLAG_B


def test_the_overflow_comes_with_the_count_back_at_zero() -> None:
    bench = Bench()
    timer = system_tick(bench)
    period = -(-WRAP * S // 400_000_000)
    bench.clock.advance(period - 1)
    assert timer.read(CNTR) > 0xFFFF_FF00 and levels(timer) == set()
    bench.clock.advance(1)
    assert timer.read(CNTR) < 2 and levels(timer) == {IRQ_OVERFLOW}


def test_a_masked_event_sets_no_alarm() -> None:
    bench = Bench()
    timer = system_tick(bench)
    timer.write(A, 400)
    (deadline,) = (a.deadline for a in bench.clock.alarms if a.deadline is not None)
    assert deadline > 10 * S, "only the overflow's"


def test_counting_down_underflows() -> None:
    bench = Bench()
    timer = system_tick(bench)
    timer.write(STOP, 0x800)
    timer.write(PTR, 999)
    timer.write(CTRL, 0x101)
    timer.write(CNTR, 400)
    timer.write(START, 0x800)
    bench.clock.advance(1 * US)
    assert timer.read(CNTR) == 0 and not timer.read(FLAGS) & 0x40
    bench.clock.advance(3)
    assert timer.read(CNTR) == 999 and timer.read(FLAGS) & 0x40


def test_the_counter_is_the_question_and_what_surrounds_it_is_neutral() -> None:
    bench = Bench()
    timer = system_tick(bench)
    timer.read(CNTR)
    timer.read(FLAGS)
    assert bench.clock.questions == [(("utimer", 11), None)]
    assert {CNTR, A, B, FLAGS, MASK} <= Utimer.NEUTRAL


@given(
    start=st.integers(0, WRAP - 1),
    ahead=st.integers(1, WRAP - 1),
    looks=st.lists(st.integers(0, 3 * S), max_size=5),
)
def test_compare_is_flagged_when_the_counter_has_stepped_onto_it(
    start: int, ahead: int, looks: list[int]
) -> None:
    bench = Bench()
    timer = system_tick(bench)
    timer.write(CNTR, start)
    timer.write(A, (start + ahead) % WRAP)
    for duration in looks:
        bench.clock.advance(duration)
        steps = bench.clock.now * 400_000_000 // S
        assert bool(timer.read(FLAGS) & FLAG_A) == (steps >= ahead)


def test_saved_ticks_go_on_alike() -> None:
    bench = Bench()
    timer = system_tick(bench)
    wait(timer, 400_000)
    saved = timer.save()
    bench.clock.advance(2 * MS)
    assert levels(timer) == {IRQ_A}
    bench.clock.now = 0
    timer.load(saved)
    bench.clock.advance(MS - 1)
    assert timer.read(FLAGS) == 0
    bench.clock.advance(1)
    assert levels(timer) == {IRQ_A}


# -- LPRTC (alif.md 7.5) ---------------------------------------------------------------------------

CCVR, CMR, CLR, CCR, EOI, CPSR, CPCVR = 0x00, 0x04, 0x08, 0x0C, 0x18, 0x20, 0x24


def real_time_clock(bench: Bench, seconds: int = 0) -> Lprtc:
    rtc = Lprtc(bench.system, name="lprtc")
    rtc.write(CCR, 0)
    rtc.write(CPSR, 32768)
    rtc.write(CLR, seconds)
    rtc.write(CCR, 0x14)
    return rtc


def test_the_clock_counts_seconds_and_the_prescaler_up() -> None:
    bench = Bench()
    rtc = real_time_clock(bench, 1000)
    bench.clock.advance(2_500 * MS)
    assert rtc.read(CCVR) == 1002
    assert rtc.read(CPCVR) * 15625 // 512 == 500_000


def test_the_prescaler_divides_only_while_it_is_enabled() -> None:
    """CCR bit 4 is PSCLR_EN: without it, each clock of the crystal counts."""
    bench = Bench()
    rtc = Lprtc(bench.system)
    rtc.write(CPSR, 32768)
    rtc.write(CCR, 0x4)
    bench.clock.advance(1 * S)
    assert rtc.read(CCVR) == 32768


def test_setting_the_clock_restarts_the_prescaler() -> None:
    bench = Bench()
    rtc = real_time_clock(bench)
    bench.clock.advance(700 * MS)
    rtc.write(CCR, 0)
    rtc.write(CLR, 50)
    rtc.write(CCR, 0x14)
    assert (rtc.read(CCVR), rtc.read(CPCVR)) == (50, 0)
    bench.clock.advance(999 * MS)
    assert rtc.read(CCVR) == 50
    bench.clock.advance(1 * MS)
    assert rtc.read(CCVR) == 51


def test_loading_the_running_clock_leaves_the_prescaler_alone() -> None:
    bench = Bench()
    rtc = real_time_clock(bench)
    bench.clock.advance(700 * MS)
    rtc.write(CLR, 50)
    assert rtc.read(CPCVR) * 15625 // 512 == pytest.approx(700_000, abs=31)
    bench.clock.advance(301 * MS)
    assert rtc.read(CCVR) == 51


def test_the_clock_survives_a_warm_reset_only() -> None:
    bench = Bench()
    rtc = real_time_clock(bench)
    bench.clock.advance(5 * S)
    rtc.reset(ResetCause.SOFTWARE)
    bench.clock.advance(5 * S)
    assert (rtc.read(CCVR), rtc.read(CCR), rtc.read(CPSR)) == (10, 0x14, 32768)
    rtc.reset(ResetCause.POWER_ON)
    assert (rtc.read(CCVR), rtc.read(CCR), rtc.read(CPSR)) == (0, 0, 0)


def test_the_match_interrupts_until_it_is_acknowledged() -> None:
    bench = Bench()
    rtc = real_time_clock(bench)
    bench.clock.advance(1_300 * MS)
    rtc.write(CMR, rtc.read(CCVR) + 3)
    rtc.write(CCR, rtc.read(CCR) | 1)
    bench.clock.advance(2_699 * MS)
    assert not rtc.IRQ.level
    bench.clock.advance(1 * MS)
    assert rtc.IRQ.level and rtc.read(CCVR) == 4
    rtc.read(EOI)
    assert not rtc.IRQ.level


# -- LPTIMER (alif.md 7.6) -------------------------------------------------------------------------


def test_a_channel_counts_down_and_interrupts_at_the_end_of_its_round() -> None:
    bench = Bench()
    timer = Lptimer(bench.system, vbat=Vbat(bench.system))
    channel = 2 * 0x14
    timer.write(channel, 32767)
    timer.write(channel + 8, 3)
    bench.clock.advance(500 * MS)
    assert timer.read(channel + 4) == 32767 - 16384
    bench.clock.advance(500 * MS - 1)
    assert not timer.lines["2"].level
    bench.clock.advance(1)
    assert timer.lines["2"].level and timer.read(channel + 4) == 32767
    assert timer.read(channel + 0x10) == 1 and timer.read(0xA8) == 4
    timer.read(channel + 0xC)
    assert not timer.lines["2"].level and timer.read(0xA8) == 0
    bench.clock.advance(1 * S)
    assert timer.lines["2"].level, "user mode goes on from LOADCOUNT"


def test_a_masked_channel_is_only_flagged_raw() -> None:
    bench = Bench()
    timer = Lptimer(bench.system)
    timer.write(0, 9)
    timer.write(8, 7)
    bench.clock.advance(1 * MS)
    assert not timer.lines["0"].level and timer.read(0x10) == 0 and timer.read(0xA8) == 1


def test_free_running_goes_on_from_all_ones() -> None:
    bench = Bench()
    timer = Lptimer(bench.system)
    timer.write(0, 9)
    timer.write(8, 1)
    bench.clock.advance(10 * S // 32768 + 1)
    assert timer.read(4) == 0xFFFF_FFFF


def test_the_timer_runs_on_over_a_warm_reset() -> None:
    bench = Bench()
    timer = Lptimer(bench.system)
    timer.write(0, 32767)
    timer.write(8, 3)
    bench.clock.advance(400 * MS)
    timer.reset(ResetCause.SOFTWARE)
    bench.clock.advance(600 * MS)
    assert timer.lines["0"].level
    timer.reset(ResetCause.POWER_ON)
    assert not timer.lines["0"].level and timer.read(8) == 0


def test_a_channel_without_a_clock_is_a_gap() -> None:
    bench = Bench()
    vbat = Vbat(bench.system)
    vbat.write(0x04, 3 << 4)
    timer = Lptimer(bench.system, vbat=vbat)
    timer.write(0x14 + 8, 1)
    assert len(bench.gaps) == 1


# -- watchdog (alif.md 7.7) ------------------------------------------------------------------------

LOAD, VALUE, CONTROL, INTCLR, RIS, LOCK = 0x0, 0x4, 0x8, 0xC, 0x10, 0xC00


def watchdog(bench: Bench, milliseconds: int) -> Wdt:
    """As MicroPython's WDT(timeout=...) starts it."""
    wdt = Wdt(bench.system, name="wdt")
    wdt.write(LOCK, 0x1ACC_E551)
    wdt.write(LOAD, milliseconds * 400_000)
    wdt.write(CONTROL, 3)
    wdt.write(LOCK, 1)
    return wdt


def test_the_watchdogs_identification_can_only_be_read() -> None:
    """Arm's TRM of the SP805: part 805h, designer 41h, cell id B105F00Dh."""
    wdt = Wdt(Bench().system, name="wdt")
    wdt.write(LOCK, 0x1ACC_E551)
    places = [0xFD0, *range(0xFE0, 0x1000, 4)]
    before = [wdt.read(place) for place in places]
    assert before[5:] == [0x0D, 0xF0, 0x05, 0xB1]
    for place in places:
        wdt.write(place, 0xAA)
    assert [wdt.read(place) for place in places] == before


def test_the_first_expiry_is_nmi_the_second_resets() -> None:
    bench = Bench()
    wdt = watchdog(bench, 5000)
    bench.clock.advance(5 * S - 1)
    assert not wdt.NMI.level and wdt.read(VALUE) <= 1
    bench.clock.advance(1)
    assert wdt.NMI.level and wdt.read(RIS) == 1 and bench.resets == []
    bench.clock.advance(5 * S)
    assert bench.resets == [ResetCause.WATCHDOG]


def test_feeding_starts_over() -> None:
    bench = Bench()
    wdt = watchdog(bench, 1000)
    for _ in range(5):
        bench.clock.advance(900 * MS)
        wdt.write(LOCK, 0x1ACC_E551)
        wdt.write(LOAD, 400_000_000)
        wdt.write(INTCLR, 1)
        wdt.write(LOCK, 1)
    assert not wdt.NMI.level and bench.events == []


def test_enabling_it_again_reloads_the_counter() -> None:
    """CMSDK watchdog, WDOGCONTROL.INTEN: reloads from WDOGLOAD when it was off before."""
    bench = Bench()
    wdt = watchdog(bench, 1000)
    wdt.write(LOCK, 0x1ACC_E551)
    bench.clock.advance(600 * MS)
    wdt.write(CONTROL, 0)
    assert wdt.read(VALUE) == 160_000_000, "it stands"
    bench.clock.advance(S)
    wdt.write(CONTROL, 3)
    assert wdt.read(VALUE) == 400_000_000
    bench.clock.advance(S - 1)
    assert not wdt.NMI.level
    bench.clock.advance(1)
    assert wdt.NMI.level


def test_the_handler_stops_it() -> None:
    bench = Bench()
    wdt = watchdog(bench, 1000)
    bench.clock.advance(1 * S)
    wdt.write(LOCK, 0x1ACC_E551)
    wdt.write(CONTROL, wdt.read(CONTROL) & ~3)
    assert not wdt.NMI.level
    bench.clock.advance(100 * S)
    assert bench.resets == []


@pytest.mark.parametrize("offset", [LOAD, CONTROL, INTCLR])
def test_locked_registers_take_no_writes(offset: int) -> None:
    bench = Bench()
    wdt = watchdog(bench, 1000)
    before = [wdt.read(r) for r in (LOAD, CONTROL, VALUE)]
    wdt.write(offset, 0)
    assert [wdt.read(r) for r in (LOAD, CONTROL, VALUE)] == before
    assert [d.rule for d in bench.diagnostics] == ["wdt-locked"] and wdt.read(LOCK) == 1


# -- counters (alif.md 7.1) ------------------------------------------------------------------------


def test_s32k_counts_once_it_is_enabled() -> None:
    bench = Bench()
    counter = Counter(bench.system, name="s32k", frequency=32768)
    frame = CounterRead(bench.system, counter=counter)
    bench.clock.advance(S)
    assert frame.read(0) == 0
    counter.write(0, 1)
    bench.clock.advance(50 * MS)
    assert frame.read(0) == 1638
    assert bench.clock.questions[-1] == ("s32k", None)
    assert {0, 4} <= CounterRead.NEUTRAL


def test_the_upper_half() -> None:
    bench = Bench()
    counter = Counter(bench.system, frequency=100_000_000)
    counter.write(0, 1)
    bench.clock.advance(100 * S)
    low, high = 100 * 100_000_000 % WRAP, 100 * 100_000_000 // WRAP
    assert (counter.read(8), counter.read(0xC)) == (low, high)
