"""SNVS: real-time clocks, alarms, what survives a reset, and switching off."""

from datetime import UTC, datetime

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.snvs import Snvs

HPCOMR, HPCR, HPSR, HPRTCMR, HPRTCLR = 0x04, 0x08, 0x14, 0x24, 0x28
HPTAMR, HPTALR, LPCR, LPSR, SRTCMR, SRTCLR = 0x2C, 0x30, 0x38, 0x4C, 0x50, 0x54
LPTAR, LPLVDR, LPGPR0_LEGACY, LPGPR_ALIAS, LPGPR = 0x58, 0x64, 0x68, 0x90, 0x100
MS, S = 1_000_000, 1_000_000_000
TICK = 30_518
"""An edge of 32768 Hz in ns, rounded up."""


def ticks(snvs: Snvs) -> int:
    return snvs.read(SRTCMR) << 32 | snvs.read(SRTCLR)


def set_ticks(snvs: Snvs, value: int) -> None:
    """As MicroPython's machine_rtc_set_ticks()."""
    snvs.write(LPCR, snvs.read(LPCR) & ~1)
    assert not snvs.read(LPCR) & 1
    snvs.write(SRTCMR, value >> 32)
    snvs.write(SRTCLR, value & 0xFFFFFFFF)
    snvs.write(LPCR, snvs.read(LPCR) | 1)


def set_alarm(snvs: Snvs, seconds: int) -> None:
    """As MicroPython's machine_rtc_alarm_helper()."""
    snvs.write(LPCR, snvs.read(LPCR) & ~2)
    snvs.write(LPTAR, 0)
    snvs.write(LPSR, 1)
    snvs.write(LPTAR, ticks(snvs) // 32768 + seconds)
    snvs.write(LPCR, snvs.read(LPCR) | 2)


def test_reset_values() -> None:
    snvs = Snvs(Bench().system)
    assert (snvs.read(HPSR), snvs.read(LPCR), snvs.read(LPSR)) == (0x80003000, 0x20, 8)
    assert (snvs.read(0xBF8), snvs.read(0xBFC)) == (0x003E0104, 0x06000000)


def test_micropythons_start_is_silent_and_finds_the_clock_unset() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(HPCOMR, snvs.read(HPCOMR) | 1 << 31)
    snvs.write(LPLVDR, 0x41736166)
    snvs.write(LPSR, 8)
    snvs.write(LPCR, snvs.read(LPCR) | 1)
    assert snvs.read(LPCR) & 1 and snvs.read(LPSR) == 0
    assert ticks(snvs) < 10
    assert bench.events == []


def test_srtc_counts_32768_a_second_from_what_was_set() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    start = 0x1234 << 32 | 0xFFFF_FFF0
    set_ticks(snvs, start)
    bench.clock.advance(S)
    assert ticks(snvs) == start + 32768
    assert snvs.read(SRTCMR) == 0x1235
    bench.clock.advance(TICK)
    assert ticks(snvs) == start + 32769


def test_srtc_ignores_writes_while_it_runs() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 1000)
    snvs.write(SRTCLR, 5)
    assert ticks(snvs) == 1000
    assert [d.rule for d in bench.diagnostics] == ["rtc-running"]


@pytest.mark.parametrize(
    ("control", "low", "counter"), [(LPCR, SRTCLR, "SRTC"), (HPCR, HPRTCLR, "HPRTC")]
)
def test_a_poll_of_a_running_clock_waits_for_its_next_edge_and_no_longer(
    control: int, low: int, counter: str
) -> None:
    """CircuitPython waits so for a second, reading until two reads agree."""
    bench = Bench()
    snvs = Snvs(bench.system, name="snvs")
    snvs.read(low)
    [(told, end)] = bench.clock.questions
    assert (str(told), end) == (f"snvs {counter}", None), "it stands: nothing will answer"
    bench.clock.questions.clear()
    snvs.write(control, snvs.read(control) | 1)
    bench.clock.advance(TICK)
    snvs.read(low - 4)
    assert bench.clock.questions == [], "the high half is looked at beside"
    snvs.read(low)
    assert bench.clock.questions == [(("snvs", counter), 61_036)], "2 / 32,768 s, rounded up"


def test_a_coin_cell_keeps_the_time() -> None:
    bench = Bench()
    snvs = Snvs(bench.system, rtc="2026-08-19T12:34:56")
    expected = int(datetime(2026, 8, 19, 12, 34, 56, tzinfo=UTC).timestamp())
    assert snvs.read(LPCR) & 1
    bench.clock.advance(3 * S)
    assert ticks(snvs) == (expected + 3) * 32768
    set_ticks(snvs, 0)
    snvs.write(LPGPR, 7)
    snvs.reset(ResetCause.POWER_ON)
    assert ticks(snvs) == 0 and snvs.read(LPCR) & 1 and snvs.read(LPGPR) == 7


NOT_COUNTED = ["1969-12-31T23:59:59", "2106-02-07T06:28:16", "9999-12-31"]
"""47 bits of 1/32768 s from 1970 on end after 2^32 s."""


@pytest.mark.parametrize("rtc", ["yesterday", *NOT_COUNTED, "2026-01-01T00:00:00+02:00"])
def test_a_time_that_is_none_is_refused(rtc: str) -> None:
    with pytest.raises(ValueError, match=r"rtc: expected a time such as .* given"):
        Snvs(Bench().system, name="snvs", rtc=rtc)


def test_the_last_second_that_is_counted() -> None:
    snvs = Snvs(Bench().system, rtc="2106-02-07T06:28:15")
    assert ticks(snvs) == 0xFFFF_FFFF * 32768


def test_alarm_interrupts_on_the_second_and_is_silent_once_cleared() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 100 * 32768)
    bench.clock.advance(S // 2)
    set_alarm(snvs, 2)
    bench.clock.advance(S + S // 2 - 1)
    assert not snvs.IRQ.level
    bench.clock.advance(1)
    assert snvs.IRQ.level and snvs.read(LPSR) & 1
    snvs.write(LPSR, 1)
    assert not snvs.IRQ.level and not snvs.read(LPSR) & 1
    bench.clock.advance(S // 2)
    assert not snvs.IRQ.level, "the counter still stands in that second"


def test_an_alarm_that_is_not_enabled_does_nothing() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 0)
    snvs.write(LPTAR, 1)
    bench.clock.advance(2 * S)
    assert not snvs.IRQ.level and not snvs.read(LPSR) & 1
    assert all(a.deadline is None for a in bench.clock.alarms)


def test_an_alarm_set_into_the_past_does_not_ring() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 0)
    set_alarm(snvs, 1000)
    bench.clock.advance(10 * S)
    snvs.write(LPTAR, 5)
    assert not snvs.read(LPSR) & 1 and not snvs.IRQ.level


def test_low_power_section_survives_a_reset_and_the_other_does_not() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 5000)
    for index in range(8):
        snvs.write(LPGPR + 4 * index, 0xF01669E0 + index)
    set_alarm(snvs, 2)
    snvs.write(HPCR, 1)
    snvs.reset(ResetCause.WATCHDOG_SOFTWARE)
    assert [snvs.read(LPGPR + 4 * i) for i in range(8)] == [0xF01669E0 + i for i in range(8)]
    assert ticks(snvs) == 5000 and snvs.read(HPCR) == 0
    bench.clock.advance(2 * S)
    assert snvs.IRQ.level, "the alarm is still set"
    snvs.reset(ResetCause.POWER_ON)
    assert snvs.read(LPGPR) == 0 and ticks(snvs) == 0 and not snvs.IRQ.level


def test_general_purpose_registers_have_aliases() -> None:
    snvs = Snvs(Bench().system)
    snvs.write(LPGPR + 12, 0xF01669EF)
    assert snvs.read(LPGPR_ALIAS + 12) == 0xF01669EF
    snvs.write(LPGPR0_LEGACY, 7)
    assert snvs.read(LPGPR) == snvs.read(LPGPR_ALIAS) == 7


def test_deep_sleep_says_when_the_alarm_wakes_it() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 1_381_780_391 * 32768)
    bench.clock.advance(300 * MS)
    set_alarm(snvs, 5)
    snvs.write(LPCR, snvs.read(LPCR) | 0x40)
    assert bench.power_offs == ["the board sleeps until its RTC alarm at 5000000000 ns"]
    assert snvs.wake_at == 5 * S
    bench.clock.now = 5 * S
    snvs.reset(ResetCause.WAKE_UP)
    assert snvs.read(LPSR) & 1 and snvs.IRQ.level
    assert not snvs.read(LPCR) & 0x40
    assert ticks(snvs) == (1_381_780_391 + 5) * 32768


def test_switching_off_without_an_alarm() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(LPCR, 0x61)
    assert bench.power_offs == ["the board switched itself off, with no alarm to wake it"]
    assert snvs.wake_at is None


def test_hprtc_takes_over_the_srtcs_time_and_has_an_alarm_of_its_own() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 1 << 33)
    snvs.write(HPCR, 0x10001)
    assert snvs.read(HPCR) == 1, "HP_TS clears itself"
    assert (snvs.read(HPRTCMR), snvs.read(HPRTCLR)) == (2, 0)
    snvs.write(HPTAMR, 2)
    snvs.write(HPTALR, 3)
    snvs.write(HPCR, 3)
    bench.clock.advance(3 * TICK)
    assert snvs.IRQ.level and snvs.read(HPSR) & 1
    snvs.write(HPSR, 1)
    assert not snvs.IRQ.level and snvs.read(HPSR) == 0x80003000


def test_periodic_interrupt_comes_at_every_change_of_its_bit() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(HPCR, 1 | 8 | 14 << 4)
    for _ in range(2):
        bench.clock.advance(S // 2 - 1)
        assert not snvs.IRQ.level
        bench.clock.advance(1)
        assert snvs.IRQ.level
        snvs.write(HPSR, 2)
    snvs.write(HPCR, 1 | 4 | 8 | 14 << 4)
    bench.clock.advance(S)
    assert not snvs.IRQ.level and snvs.read(HPSR) & 2


def test_what_is_missing_is_said() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(HPCOMR, 0x10)
    snvs.write(LPCR, 0x121)
    snvs.write(0x60, 1)
    told = ["HPCOMR.LP_SWR", "LPCR.LPCALB_EN", "LPSMCLR"]
    assert [g.what.split(":")[0] for g in bench.gaps] == told


def test_runs_on_alike_after_save_and_load() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 7)
    set_alarm(snvs, 3)
    saved = snvs.save()
    set_ticks(snvs, 99)
    snvs.load(saved)
    assert snvs.save() == saved
    bench.clock.advance(4 * S)
    assert snvs.IRQ.level and ticks(snvs) == 7 + 4 * 32768


def test_both_clocks_of_snvs_are_seen_without_a_read() -> None:
    """SRTC and HPRTC, 47 bits; a running one is not set."""
    bench = Bench()
    snvs = Snvs(bench.system)
    for control, high, low, enable in ((0x38, 0x50, 0x54, 0x21), (0x08, 0x24, 0x28, 1)):
        snvs.write(high, 3)
        snvs.write(low, 0xFFFF_8000)
        snvs.write(control, enable)
        bench.clock.advance(2 * S)
        assert (snvs.peek(high), snvs.peek(low)) == (4, 0x8000)
        assert (snvs.read(high), snvs.read(low)) == (4, 0x8000)
        snvs.write(high, 0)
        assert snvs.read(high) == 4
    assert [d.message for d in bench.diagnostics] == [
        f"write to the {clock} while it runs: ignored" for clock in ("SRTC", "HPRTC")
    ]


@pytest.mark.parametrize("place", range(4))
def test_general_purpose_registers_are_written_by_their_aliases(place: int) -> None:
    """LPGPR_ALIAS at 90h, the legacy alias of the first at 68h, the registers at 100h."""
    snvs = Snvs(Bench().system)
    snvs.write(0x90 + 4 * place, 0x1234_0000 + place)
    assert [snvs.read(0x100 + 4 * n) for n in range(8)] == [
        0x1234_0000 + place if n == place else 0 for n in range(8)
    ]
    snvs.write(0x68, 99)
    assert snvs.read(0x100) == snvs.read(0x90) == snvs.read(0x68) == snvs.peek(0x68) == 99


# -- which registers survive -----------------------------------------------------------------------

LOW_POWER = (
    *(0x34, 0x38, 0x3C, 0x40, 0x48, 0x4C, 0x50, 0x54, 0x58, 0x5C, 0x60, 0x64),
    *range(0x6C, 0x8C, 4),
    *range(0x100, 0x120, 4),
)
ALIASES = (0x68, *range(0x90, 0xA0, 4))
"""Of general purpose registers."""


@pytest.mark.parametrize("rtc", ["", "2026-01-01"])
@pytest.mark.parametrize("cause", [ResetCause.SOFTWARE, ResetCause.POWER_ON])
def test_the_low_power_section_keeps_every_register(rtc: str, cause: ResetCause) -> None:
    """IMXRT1060RM, SNVS memory map: LPLR to LPGPR are of the low power section, on a battery of its
    own; HPLR to HPTALR are not."""
    snvs = Snvs(Bench().system, name="snvs", rtc=rtc)
    snvs.reset(ResetCause.POWER_ON)
    fresh = {offset: snvs.peek(offset) for offset in snvs.regs}
    snvs.write(LPCR, 0)
    for offset in snvs.regs:
        if offset not in (LPCR, LPSR, *ALIASES):
            snvs.write(offset, 0x0000_1010 + offset)
    set_before = {offset: snvs.peek(offset) for offset in snvs.regs}
    snvs.reset(cause)
    is_kept = cause is ResetCause.SOFTWARE or bool(rtc)
    for offset in snvs.regs:
        kept = is_kept and offset in (*LOW_POWER, *ALIASES)
        assert snvs.peek(offset) == (set_before if kept else fresh)[offset], hex(offset)


@pytest.mark.parametrize(("rtc", "seconds"), [("1970-01-01", 0), ("1970-01-01T00:00:01", 1)])
def test_the_first_times_that_there_are(rtc: str, seconds: int) -> None:
    snvs = Snvs(Bench().system, rtc=rtc)
    assert ticks(snvs) == seconds * 32768


# -- counters, by their width and their switches ---------------------------------------------------


@pytest.mark.parametrize(
    ("control", "high", "low"), [(LPCR, SRTCMR, SRTCLR), (HPCR, HPRTCMR, HPRTCLR)]
)
def test_a_counter_has_47_bits_and_stands_while_it_is_off(
    control: int, high: int, low: int
) -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(high, 0xFFFF_FFFF)
    snvs.write(low, 0xFFFF_FFFE)
    bench.clock.advance(S)
    assert (snvs.read(high), snvs.peek(high), snvs.read(low)) == (0x7FFF, 0x7FFF, 0xFFFF_FFFE)
    snvs.write(control, 1)
    for count in (0x7FFF_FFFF_FFFF, 0, 1):
        bench.clock.advance(TICK)
        assert snvs.read(high) << 32 | snvs.read(low) == count
        assert snvs.peek(high) << 32 | snvs.peek(low) == count
    snvs.write(control, 0)
    bench.clock.advance(S)
    assert snvs.read(low) == 1 == snvs.peek(low)
    snvs.write(control, 1)
    bench.clock.advance(S)
    assert snvs.read(low) == 32_769


def test_writing_its_control_does_not_disturb_a_counter() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 100 << 32)
    snvs.write(HPCR, 1 << 16 | 1)
    for value in (1 | 1 << 4, 1 | 2, 1):
        bench.clock.advance(S)
        snvs.write(HPCR, value)
        snvs.write(LPCR, 1 | value & 2)
        assert snvs.read(HPCR) == value
    assert snvs.read(HPRTCMR) == snvs.read(SRTCMR) == 100
    assert snvs.read(HPRTCLR) == snvs.read(SRTCLR) == 3 * 32768


def test_a_counter_is_set_from_the_other_one_while_it_stands_too() -> None:
    """HPCR.HP_TS with RTC_EN 0."""
    snvs = Snvs(Bench().system)
    set_ticks(snvs, 0x12_3456_789A)
    snvs.write(HPCR, 1 << 16)
    assert snvs.read(HPCR) == 0
    assert (snvs.read(HPRTCMR), snvs.read(HPRTCLR)) == (0x12, 0x3456_789A)


# -- alarms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [1, 2, 3, 100])
def test_the_alarm_of_the_hprtc_by_its_edge(ahead: int) -> None:
    """HPTAMR and HPTALR, 47 bits together; the count that stands there already does not ring."""
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, (3 << 32) - 1)
    snvs.write(HPCR, 1 << 16 | 1)
    target = (3 << 32) - 1 + ahead
    snvs.write(HPTAMR, target >> 32 | 0xFFFF_8000)
    snvs.write(HPTALR, target & 0xFFFF_FFFF)
    snvs.write(HPCR, 3)
    due = -(-ahead * S // 32768)
    bench.clock.advance(due - 1)
    assert not snvs.IRQ.level and not snvs.peek(HPSR) & 1 and not snvs.read(HPSR) & 1
    bench.clock.advance(1)
    assert snvs.IRQ.level and snvs.peek(HPSR) & 1 and snvs.read(HPSR) & 1
    snvs.write(HPCR, 1)
    assert not snvs.IRQ.level, "HPTA_EN is the enable bit of the interrupt, too"
    snvs.write(HPCR, 3)
    assert snvs.IRQ.level
    snvs.write(HPSR, 2)
    assert snvs.IRQ.level, "another flag"
    snvs.write(HPSR, 1)
    bench.clock.advance(10 * S)
    assert not snvs.IRQ.level and snvs.read(HPSR) == 0x8000_3000


def test_an_alarm_at_the_present_count_comes_after_a_whole_round() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(HPCR, 3)
    bench.clock.advance(3600 * S)
    assert not snvs.IRQ.level and not snvs.read(HPSR) & 1


@pytest.mark.parametrize("frequency", range(16))
def test_the_periodic_interrupt(frequency: int) -> None:
    """HPCR.PI_FREQ names the bit of the HPRTC whose change interrupts."""
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(HPCR, 1 | 8 | frequency << 4)
    for n in (1, 2, 3):
        due = -(-n * (S << frequency) // 32768)
        bench.clock.advance(due - 1 - bench.clock.now)
        assert not snvs.IRQ.level and not snvs.peek(HPSR) & 2
        bench.clock.advance(1)
        assert snvs.IRQ.level and snvs.peek(HPSR) == 0x8000_3002
        snvs.write(HPSR, 2)
    snvs.write(HPCR, 1 | frequency << 4)
    bench.clock.advance(10 * S)
    assert not snvs.read(HPSR) & 2, "PI_EN"


@pytest.mark.parametrize("offset", [HPTAMR, HPTALR, LPTAR, HPCR, LPCR, HPSR, LPSR])
def test_a_period_that_does_not_interrupt_is_not_lost(offset: int) -> None:
    """HPCR.DIS_PI: PI is flagged all the same, whatever is written meanwhile."""
    bench = Bench()
    snvs = Snvs(bench.system)
    snvs.write(HPCR, 1 | 4 | 8)
    bench.clock.advance(S)
    snvs.write(offset, snvs.read(offset) if offset in (HPCR, LPCR) else 0)
    assert snvs.peek(HPSR) & 2 and not snvs.IRQ.level
    snvs.write(HPSR, 2)
    assert not snvs.peek(HPSR) & 2


def test_the_sooner_of_two_alarms_is_not_lost() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 0)
    set_alarm(snvs, 3)
    snvs.write(HPCR, 1)
    snvs.write(HPTALR, 32768)
    snvs.write(HPCR, 3)
    bench.clock.advance(S)
    assert snvs.IRQ.level and snvs.read(HPSR) & 1 and not snvs.read(LPSR) & 1
    snvs.write(HPSR, 1)
    bench.clock.advance(2 * S - 1)
    assert not snvs.IRQ.level
    bench.clock.advance(1)
    assert snvs.IRQ.level and snvs.read(LPSR) & 1


def test_other_flags_of_the_low_power_section_do_not_clear_its_alarm() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 0)
    set_alarm(snvs, 1)
    bench.clock.advance(S)
    assert snvs.peek(LPSR) == snvs.read(LPSR) == 9
    snvs.write(LPSR, 8)
    assert snvs.IRQ.level and snvs.read(LPSR) == 1
    snvs.write(LPCR, 1)
    assert not snvs.IRQ.level, "LPTA_EN"


# -- switching off ---------------------------------------------------------------------------------


def test_an_alarm_that_has_rung_wakes_at_once() -> None:
    bench = Bench()
    snvs = Snvs(bench.system)
    set_ticks(snvs, 0)
    set_alarm(snvs, 1)
    assert snvs.wake_at == S
    bench.clock.advance(S + 5)
    assert snvs.wake_at == S + 5
    snvs.write(LPCR, snvs.read(LPCR) | 0x40)
    assert bench.power_offs == ["the board sleeps until its RTC alarm at 1000000005 ns"]


@pytest.mark.parametrize("control", [0x40, 0x42, 0x41])
def test_without_an_alarm_or_a_clock_nothing_wakes_it(control: int) -> None:
    snvs = Snvs(Bench().system)
    snvs.write(LPTAR, 1)
    snvs.write(LPCR, control)
    assert snvs.wake_at is None
