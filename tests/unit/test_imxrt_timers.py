"""GPT and PIT against the reference manual's counting rules and MicroPython's way of using them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpt import Gpt
from xipsim.peripherals.imxrt.pit import Pit

CR, PR, SR, IR, OCR1, OCR2, OCR3, CNT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x24
US, MS, S = 1_000, 1_000_000, 1_000_000_000


def time_base(bench: Bench) -> Gpt:
    """A GPT as MicroPython's ticks_init() leaves it: free running at 1 MHz, rollover enabled."""
    gpt = Gpt(bench.system, name="gpt2")
    gpt.write(CR, 0)
    gpt.write(CR, 0x8000)
    assert gpt.read(CR) == 0, "SWR clears itself"
    gpt.write(CR, 0x23A)
    gpt.write(CR, 0x77A)
    gpt.write(PR, 23)
    gpt.write(IR, 0x20)
    gpt.write(CR, gpt.read(CR) | 1)
    return gpt


def test_reset_values() -> None:
    gpt = Gpt(Bench().system)
    assert [gpt.read(r) for r in (CR, PR, SR, IR, CNT)] == [0] * 5
    assert [gpt.read(r) for r in (OCR1, OCR2, OCR3)] == [0xFFFFFFFF] * 3


def test_a_software_reset_leaves_what_enables_and_gates_the_counter() -> None:
    """IMX6ULLRM 30.6.1: "a software reset does not affect" EN, ENMOD, DBGEN, WAITEN, DOZEEN,
    STOPEN, CLKSRC and EN_24M; it clears the rest, FRR among it."""
    gpt = Gpt(Bench().system)
    gpt.write(PR, 23)
    gpt.write(CR, 0x77F)
    gpt.write(CR, 0x77F | 0x8000)
    assert gpt.read(CR) == 0x57F and gpt.read(PR) == 0


def test_micropythons_time_base_counts_microseconds() -> None:
    bench = Bench()
    gpt = time_base(bench)
    assert gpt.read(CNT) == 0
    bench.clock.advance(999)
    assert gpt.read(CNT) == 0
    bench.clock.advance(1)
    assert gpt.read(CNT) == 1
    bench.clock.advance(45 * MS)
    assert gpt.read(CNT) == 45_001
    assert bench.events == []


def test_cnt_is_the_question_and_what_surrounds_it_is_neutral() -> None:
    bench = Bench()
    gpt = time_base(bench)
    gpt.read(CNT)
    gpt.read(SR)
    assert bench.clock.questions == [("gpt2", None)]
    assert {SR, IR, OCR1, CNT} <= Gpt.NEUTRAL


def test_compare_interrupts_exactly_on_time() -> None:
    bench = Bench()
    gpt = time_base(bench)
    bench.clock.advance(10 * US)
    gpt.write(IR, 0x21)
    gpt.write(OCR1, gpt.read(CNT) + 100)
    bench.clock.advance(100 * US - 1)
    assert not gpt.IRQ.level
    bench.clock.advance(1)
    assert gpt.IRQ.level and gpt.read(SR) == 1 and gpt.read(CNT) == 110
    gpt.write(IR, 1)
    assert bench.clock.alarms[0].deadline is None, "the flag stands already"
    gpt.write(SR, 1)
    assert not gpt.IRQ.level and gpt.read(SR) == 0


def test_compare_without_interrupt_is_flagged_without_an_alarm() -> None:
    bench = Bench()
    gpt = time_base(bench)
    gpt.write(IR, 0)
    gpt.write(OCR2, 50)
    assert [a.deadline for a in bench.clock.alarms] == [None]
    bench.clock.advance(49_999)
    assert gpt.read(SR) == 0
    bench.clock.advance(1)
    assert gpt.read(SR) == 0b10
    assert not gpt.IRQ.level


def test_clearing_a_flag_that_nobody_has_read_clears_it() -> None:
    bench = Bench()
    gpt = time_base(bench)
    gpt.write(OCR1, 5)
    bench.clock.advance(6 * US)
    gpt.write(SR, 1)
    assert gpt.read(SR) == 0


def test_enabling_an_interrupt_whose_flag_stands_raises_it_at_once() -> None:
    bench = Bench()
    gpt = time_base(bench)
    gpt.write(OCR3, 5)
    bench.clock.advance(6 * US)
    gpt.write(IR, 0b100)
    assert gpt.IRQ.level


def test_rollover_after_two_to_the_32_microseconds() -> None:
    bench = Bench()
    gpt = time_base(bench)
    bench.clock.advance((1 << 32) * US - 1)
    assert gpt.read(CNT) == 0xFFFFFFFF and not gpt.IRQ.level
    bench.clock.advance(1)
    assert gpt.read(CNT) == 0 and gpt.IRQ.level
    assert gpt.read(SR) & 0x20
    gpt.write(SR, 0x3F)
    bench.clock.advance((1 << 32) * US)
    assert gpt.IRQ.level, "and again a round later"


def test_restart_mode_repeats_and_writing_ocr1_restarts() -> None:
    bench = Bench()
    gpt = Gpt(bench.system, frequency=1_000_000)
    gpt.write(OCR1, 9)
    gpt.write(IR, 1)
    gpt.write(CR, 0x43)
    times = []
    for _ in range(3):
        deadline = bench.clock.alarms[0].deadline
        assert deadline is not None
        bench.clock.advance(deadline - bench.clock.now)
        assert gpt.IRQ.level
        times.append(deadline)
        gpt.write(SR, 1)
    assert [b - a for a, b in pairwise(times)] == [10 * US] * 2
    bench.clock.advance(3 * US)
    gpt.write(OCR1, 99)
    assert gpt.read(CNT) == 0
    bench.clock.advance(100 * US)
    assert gpt.read(CNT) == 0


def test_a_stopped_counter_keeps_or_resets_its_count_by_enmod() -> None:
    bench = Bench()
    gpt = Gpt(bench.system, frequency=1_000_000)
    gpt.write(CR, 0x241)
    bench.clock.advance(7 * US)
    gpt.write(CR, 0x240)
    bench.clock.advance(100 * US)
    assert gpt.read(CNT) == 7
    gpt.write(CR, 0x241)
    bench.clock.advance(US)
    assert gpt.read(CNT) == 8
    gpt.write(CR, 0x242)
    gpt.write(CR, 0x243)
    assert gpt.read(CNT) == 0


@pytest.mark.parametrize(
    ("clksrc", "en_24m", "pr", "per_second"),
    [
        (1, 0, 0, 75_000_000),
        (2, 0, 74, 1_000_000),
        (4, 0, 0, 32_768),
        (5, 1, 0x2017, 333_333),
        (5, 0, 0, 0),
        (0, 0, 0, 0),
    ],
)
def test_clock_sources(clksrc: int, en_24m: int, pr: int, per_second: int) -> None:
    bench = Bench()
    gpt = Gpt(bench.system)
    gpt.write(PR, pr)
    gpt.write(CR, 0x203 | clksrc << 6 | en_24m << 10)
    bench.clock.advance(S)
    assert gpt.read(CNT) == per_second


def test_input_capture_and_output_pins_are_reported_as_gaps() -> None:
    bench = Bench()
    gpt = Gpt(bench.system)
    gpt.write(CR, 0x0001_0000)
    gpt.write(CR, 0x0010_0000)
    assert [g.what[:5] for g in bench.gaps] == ["CR.IM", "CR.OM"]


def test_gpt_runs_on_alike_after_save_and_load() -> None:
    bench = Bench()
    gpt = time_base(bench)
    gpt.write(IR, 1)
    gpt.write(OCR1, 30)
    bench.clock.advance(10 * US)
    saved = gpt.save()
    gpt.write(OCR1, 12)
    gpt.write(PR, 0)
    gpt.load(saved)
    assert gpt.save() == saved
    bench.clock.advance(20 * US - 1)
    assert not gpt.IRQ.level and gpt.read(CNT) == 29
    bench.clock.advance(1)
    assert gpt.IRQ.level and gpt.read(CNT) == 30


def test_reset_stops_the_counter_and_drops_the_interrupt() -> None:
    bench = Bench()
    gpt = time_base(bench)
    gpt.write(IR, 1)
    gpt.write(OCR1, 1)
    bench.clock.advance(US)
    assert gpt.IRQ.level
    gpt.reset(ResetCause.SOFTWARE)
    bench.clock.advance(S)
    assert not gpt.IRQ.level and gpt.read(CNT) == 0


@given(
    compare=st.integers(0, 0xFFFFFFFF),
    steps=st.lists(st.integers(1, 3_000 * S), min_size=1, max_size=6),
)
def test_flags_do_not_depend_on_how_often_somebody_looks(compare: int, steps: list[int]) -> None:
    watched, unwatched = Bench(), Bench()
    gpts = []
    for bench in (watched, unwatched):
        gpt = time_base(bench)
        gpt.write(IR, 0)
        gpt.write(OCR1, compare)
        gpts.append(gpt)
    for step in steps:
        watched.clock.advance(step)
        gpts[0].read(SR)
        gpts[0].read(CNT)
    unwatched.clock.advance(sum(steps))
    assert gpts[0].read(SR) == gpts[1].read(SR)
    assert gpts[0].read(CNT) == gpts[1].read(CNT) == sum(steps) // US % (1 << 32)
    reached = sum(steps) // US >= (compare or 1 << 32)
    assert bool(gpts[0].read(SR) & 1) is reached


# -- PIT -----------------------------------------------------------------------------------------

MCR, LTMR64H, LTMR64L = 0x000, 0x0E0, 0x0E4


def ldval(n: int) -> int:
    return 0x100 + 0x10 * n


def cval(n: int) -> int:
    return 0x104 + 0x10 * n


def tctrl(n: int) -> int:
    return 0x108 + 0x10 * n


def tflg(n: int) -> int:
    return 0x10C + 0x10 * n


def pit_at(bench: Bench, frequency: int = 1_000_000) -> Pit:
    pit = Pit(bench.system, name="pit", frequency=frequency)
    pit.write(MCR, 0)
    return pit


def test_pit_is_disabled_after_reset() -> None:
    bench = Bench()
    pit = Pit(bench.system)
    assert pit.read(MCR) == 2
    pit.write(ldval(0), 9)
    pit.write(tctrl(0), 3)
    bench.clock.advance(S)
    assert not pit.IRQ.level and pit.read(cval(0)) == 9


def test_a_channel_times_out_every_ldval_plus_one_counts() -> None:
    bench = Bench()
    pit = pit_at(bench)
    pit.write(ldval(2), 9)
    pit.write(tctrl(2), 3)
    assert pit.read(cval(2)) == 9
    for _ in range(3):
        bench.clock.advance(10 * US - 1)
        assert not pit.IRQ.level
        bench.clock.advance(1)
        assert pit.IRQ.level and pit.read(tflg(2)) == 1
        pit.write(tflg(2), 1)
        assert not pit.IRQ.level


def test_micropythons_timer_of_a_millisecond_at_150_mhz() -> None:
    bench = Bench()
    pit = Pit(bench.system)
    pit.write(MCR, 0)
    pit.write(ldval(0), 150_000 - 1)
    pit.write(tctrl(0), 3)
    bench.clock.advance(MS - 1)
    assert not pit.IRQ.level
    bench.clock.advance(1)
    assert pit.IRQ.level


def test_a_new_load_value_takes_effect_after_the_present_round() -> None:
    bench = Bench()
    pit = pit_at(bench)
    pit.write(ldval(1), 9)
    pit.write(tctrl(1), 3)
    bench.clock.advance(4 * US)
    pit.write(ldval(1), 99)
    assert pit.read(cval(1)) == 5
    bench.clock.advance(6 * US)
    assert pit.IRQ.level and pit.read(cval(1)) == 99


def test_a_chained_channel_counts_the_expiries_of_the_one_before() -> None:
    bench = Bench()
    pit = pit_at(bench)
    pit.write(ldval(3), 2)
    pit.write(tctrl(3), 7)
    pit.write(ldval(2), 9)
    pit.write(tctrl(2), 1)
    bench.clock.advance(30 * US - 1)
    assert not pit.IRQ.level and pit.read(cval(3)) == 0
    bench.clock.advance(1)
    assert pit.IRQ.level and pit.read(tflg(3)) == 1 and pit.read(cval(3)) == 2
    bench.clock.advance(15 * US)
    pit.write(tflg(3), 1)
    bench.clock.advance(15 * US - 1)
    assert not pit.IRQ.level
    bench.clock.advance(1)
    assert pit.IRQ.level


def test_lifetime_timer_latches_its_lower_half() -> None:
    bench = Bench()
    pit = pit_at(bench)
    for channel in (1, 0):
        pit.write(ldval(channel), 0xFFFFFFFF)
        pit.write(tctrl(channel), 5 if channel else 1)
    bench.clock.advance(((3 << 32) + 7) * US)
    assert pit.read(LTMR64H) == 0xFFFFFFFC
    bench.clock.advance(100 * US)
    assert pit.read(LTMR64L) == 0xFFFFFFF8


def test_a_poll_of_a_flag_is_a_question_until_the_expiry() -> None:
    bench = Bench()
    pit = pit_at(bench)
    pit.write(ldval(0), 9)
    pit.write(tctrl(0), 1)
    assert pit.read(tflg(0)) == 0
    assert bench.clock.questions == [(("pit", 0), 10 * US)]
    assert all(a.deadline is None for a in bench.clock.alarms), "no interrupt, no alarm"


def test_stopping_freezes_a_channel_and_starting_reloads_it() -> None:
    bench = Bench()
    pit = pit_at(bench)
    pit.write(ldval(0), 99)
    pit.write(tctrl(0), 3)
    bench.clock.advance(30 * US)
    pit.write(tctrl(0), 2)
    bench.clock.advance(S)
    assert pit.read(cval(0)) == 69 and not pit.IRQ.level
    pit.write(tctrl(0), 3)
    assert pit.read(cval(0)) == 99


def test_module_disable_freezes_all_channels() -> None:
    bench = Bench()
    pit = pit_at(bench)
    pit.write(ldval(0), 99)
    pit.write(tctrl(0), 3)
    bench.clock.advance(30 * US)
    pit.write(MCR, 2)
    bench.clock.advance(S)
    pit.write(MCR, 0)
    bench.clock.advance(70 * US - 1)
    assert not pit.IRQ.level
    bench.clock.advance(1)
    assert pit.IRQ.level


def test_pit_runs_on_alike_after_save_and_load() -> None:
    bench = Bench()
    pit = pit_at(bench)
    pit.write(ldval(0), 9)
    pit.write(tctrl(0), 3)
    bench.clock.advance(4 * US)
    saved = pit.save()
    pit.write(tctrl(0), 0)
    pit.load(saved)
    assert pit.save() == saved
    bench.clock.advance(6 * US)
    assert pit.IRQ.level
