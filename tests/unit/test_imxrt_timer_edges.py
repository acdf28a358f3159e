"""GPT, PIT and watchdogs where one bit or one count decides: IMXRT1060RM, MIMXRT1062.h."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpt import Gpt
from xipsim.peripherals.imxrt.pit import Pit
from xipsim.peripherals.imxrt.rtwdog import RtWdog
from xipsim.peripherals.imxrt.src import Src
from xipsim.peripherals.imxrt.wdog import Wdog

US, MS, S = 1_000, 1_000_000, 1_000_000_000

# -- GPT -------------------------------------------------------------------------------------------

CR, PR, SR, IR, OCR, CNT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x24
FREE = 1 << 9
"""CR.FRR; without it the counter begins anew behind OCR1."""
ON = FREE | 1 << 6 | 1
"""From PERCLK, at once."""


def gpt_at(bench: Bench, control: int = ON) -> Gpt:
    gpt = Gpt(bench.system, name="gpt1", frequency=1_000_000)
    gpt.write(CR, control)
    return gpt


def test_what_a_software_reset_keeps() -> None:
    """CR bits 0 to 8 and 10; SWR and FO, 31 to 29, read 0."""
    gpt = Gpt(Bench().system)
    gpt.write(CR, 0xE000_07FF)
    assert gpt.read(CR) == 0x7FF
    gpt.write(CR, 0x87FF)
    assert gpt.read(CR) == 0x5FF


def test_a_software_reset_goes_on_counting_from_nothing() -> None:
    bench = Bench()
    gpt = gpt_at(bench)
    bench.clock.advance(100 * US)
    gpt.write(CR, ON | 0x8000)
    assert gpt.read(CR) == ON & ~FREE and gpt.read(CNT) == 0
    bench.clock.advance(7 * US)
    assert gpt.read(CNT) == 7


@pytest.mark.parametrize("channel", range(3))
def test_each_compare_channel_has_its_flag_and_its_interrupt(channel: int) -> None:
    """OF1 to OF3, OF1IE to OF3IE: bits 0 to 2; flags stand until a one is written."""
    bench = Bench()
    gpt = gpt_at(bench)
    for n in range(3):
        gpt.write(OCR + 4 * n, 100 + n)
    gpt.write(IR, 1 << channel)
    bench.clock.advance((100 + channel) * US - 1)
    assert not gpt.IRQ.level and gpt.peek(SR) == (1 << channel) - 1
    bench.clock.advance(1)
    assert gpt.IRQ.level and gpt.peek(SR) == (2 << channel) - 1
    gpt.write(SR, 0x3F & ~(1 << channel))
    assert gpt.IRQ.level and gpt.read(SR) == 1 << channel
    gpt.write(SR, 1 << channel)
    assert not gpt.IRQ.level
    bench.clock.advance(US * (2 - channel))
    assert gpt.read(SR) == 7 & -(2 << channel)


def test_in_restart_mode_only_the_first_channel_ends_a_round() -> None:
    """The others match within it, or never; ROV, bit 5, belongs to the free counter."""
    bench = Bench()
    gpt = gpt_at(bench, 1 << 6 | 1)
    for n, value in enumerate((9, 4, 10)):
        gpt.write(OCR + 4 * n, value)
    seen = []
    for _ in range(11):
        bench.clock.advance(US)
        seen.append((gpt.read(CNT), gpt.read(SR)))
    assert seen == [(n % 10, (n >= 9) | 2 * (n >= 4)) for n in range(1, 12)]
    bench.clock.advance(4000 * US)
    assert gpt.read(SR) == 3
    gpt.write(OCR + 4, 3)
    assert gpt.read(CNT) == 1, "the counter begins anew with OCR1 alone"
    gpt.write(OCR, 9)
    assert gpt.read(CNT) == 0


def test_writing_the_first_channel_restarts_only_where_it_ends_a_round() -> None:
    bench = Bench()
    gpt = gpt_at(bench)
    bench.clock.advance(5 * US)
    gpt.write(OCR, 7)
    assert gpt.read(CNT) == 5


def test_the_counter_goes_on_when_what_divides_its_clock_changes() -> None:
    bench = Bench()
    gpt = gpt_at(bench)
    bench.clock.advance(50 * US)
    gpt.write(PR, 9)
    assert gpt.read(CNT) == 50
    bench.clock.advance(100 * US)
    assert gpt.read(CNT) == 60
    gpt.write(PR, 0xFFF)
    bench.clock.advance(4096 * US)
    assert gpt.read(CNT) == 61
    gpt.write(PR, 1 << 12)
    bench.clock.advance(10 * US)
    assert gpt.read(CNT) == 71, "PRESCALER24M divides the crystal alone"


@pytest.mark.parametrize("prescaler", [0, 1, 15])
def test_the_prescaler_of_the_crystal(prescaler: int) -> None:
    """PR 15:12; CR.EN_24M and CLKSRC 5."""
    bench = Bench()
    gpt = gpt_at(bench, FREE)
    gpt.write(PR, prescaler << 12 | 2)
    gpt.write(CR, FREE | 1 << 10 | 5 << 6 | 1)
    bench.clock.advance(S)
    assert gpt.read(CNT) == 24_000_000 // (3 * (prescaler + 1))


def test_an_external_clock_is_told() -> None:
    bench = Bench()
    gpt = gpt_at(bench, FREE | 3 << 6)
    assert bench.gaps == []
    gpt.write(CR, FREE | 3 << 6 | 1)
    assert [gap.what for gap in bench.gaps] == ["CR.CLKSRC: external clock; the counter stands"]
    bench.clock.advance(S)
    gpt.read(CNT)
    [(told, end)] = bench.clock.questions
    assert (told, end) == ("gpt1", None)
    assert told.why == "which stands still: CR.EN is 1, CR.CLKSRC 3"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("mode", "count"), [(0, 7), (2, 0)])
def test_what_is_counted_from_when_it_is_enabled(mode: int, count: int) -> None:
    """ENMOD 1: from 0; but only where it was off before."""
    bench = Bench()
    gpt = gpt_at(bench, ON | mode)
    bench.clock.advance(7 * US)
    gpt.write(CR, ON | mode)
    assert gpt.read(CNT) == 7
    gpt.write(CR, (ON | mode) & ~1)
    gpt.write(CR, ON | mode)
    assert gpt.read(CNT) == count


# -- PIT -------------------------------------------------------------------------------------------

MCR, LTMR64H, LTMR64L, LDVAL, CVAL, TCTRL, TFLG = 0x000, 0x0E0, 0x0E4, 0x100, 0x104, 0x108, 0x10C
TEN, TIE, CHN = 1, 2, 4


class Channels:
    """A PIT whose module is on, at 1 MHz."""

    def __init__(self, **periods: tuple[int, int]) -> None:
        """Channels by name (c0): LDVAL + 1 and TCTRL, in the order in which they are written."""
        self.bench = Bench()
        self.pit = Pit(self.bench.system, name="pit", frequency=1_000_000)
        self.pit.write(MCR, 0)
        for name, (counts, control) in periods.items():
            self.set(LDVAL, int(name[1]), counts - 1)
            self.set(TCTRL, int(name[1]), control)

    def set(self, register: int, channel: int, value: int) -> None:
        self.pit.write(register + 0x10 * channel, value)

    def get(self, register: int, channel: int) -> int:
        value = self.pit.peek(register + 0x10 * channel)
        assert self.pit.read(register + 0x10 * channel) == value
        return value

    def us(self, count: int) -> None:
        self.bench.clock.advance(count * US)


@pytest.mark.parametrize("channel", range(4))
def test_each_channel_counts_for_itself(channel: int) -> None:
    pit = Channels(**{f"c{n}": (100 + n, TEN) for n in range(4)})
    pit.set(TCTRL, channel, TEN | TIE)
    assert [pit.get(CVAL, n) for n in range(4)] == [99, 100, 101, 102], "TIE starts nothing anew"
    pit.us(99)
    assert [pit.get(CVAL, n) for n in range(4)] == [0, 1, 2, 3]
    pit.us(channel)
    assert not pit.pit.IRQ.level
    pit.us(1)
    assert pit.pit.IRQ.level
    assert [pit.get(TFLG, n) for n in range(4)] == [n <= channel for n in range(4)]
    pit.set(TFLG, (channel + 1) % 4, 1)
    assert pit.pit.IRQ.level
    pit.set(TFLG, channel, 0)
    assert pit.pit.IRQ.level and pit.get(TFLG, channel)
    pit.set(TFLG, channel, 1)
    assert not pit.pit.IRQ.level and not pit.get(TFLG, channel)


def test_an_interrupt_that_is_enabled_later_comes_for_a_flag_that_stands() -> None:
    pit = Channels(c1=(10, TEN))
    pit.us(3)
    pit.set(TCTRL, 1, TEN | TIE)
    assert pit.get(CVAL, 1) == 6, "the round goes on"
    pit.us(7)
    assert pit.pit.IRQ.level
    pit.set(TCTRL, 1, TEN)
    assert not pit.pit.IRQ.level
    pit.set(TCTRL, 1, TEN | TIE)
    assert pit.pit.IRQ.level


def test_a_channel_that_is_chained_or_is_not_any_more_begins_anew() -> None:
    pit = Channels(c0=(10, TEN), c1=(100, TEN))
    pit.us(25)
    assert pit.get(CVAL, 1) == 74
    pit.set(TCTRL, 1, TEN | CHN)
    assert pit.get(CVAL, 1) == 99
    pit.us(30)
    assert pit.get(CVAL, 1) == 96, "30, 40 and 50 us: expiries of channel 0"
    pit.set(TCTRL, 1, TEN)
    assert pit.get(CVAL, 1) == 99


def test_the_first_channel_has_none_to_be_chained_to() -> None:
    pit = Channels(c0=(10, TEN | TIE | CHN))
    pit.us(9)
    assert pit.get(CVAL, 0) == 0 and not pit.pit.IRQ.level
    pit.us(1)
    assert pit.pit.IRQ.level


def test_a_chain_of_three() -> None:
    """2 * 3 * 5 us; what is enabled in the middle of a round counts from its next expiry on."""
    pit = Channels(c1=(2, TEN), c2=(3, TEN | CHN))
    pit.us(9)
    pit.set(LDVAL, 3, 4)
    pit.set(TCTRL, 3, TEN | TIE | CHN)
    pit.us(26)
    assert not pit.pit.IRQ.level and pit.get(CVAL, 3) == 0
    pit.us(1)
    assert pit.pit.IRQ.level and pit.get(CVAL, 3) == 4 and pit.get(CVAL, 2) == 2
    pit.set(TFLG, 3, 1)
    pit.us(29)
    assert not pit.pit.IRQ.level
    pit.us(1)
    assert pit.pit.IRQ.level


def test_a_chain_whose_first_channel_has_another_period_now() -> None:
    pit = Channels(c0=(10, TEN), c1=(3, TEN | TIE | CHN))
    pit.us(14)
    pit.set(LDVAL, 0, 99)
    pit.us(6 + 99)
    assert not pit.pit.IRQ.level
    pit.us(1)
    assert pit.pit.IRQ.level


def test_a_period_that_nobody_has_set_is_a_count() -> None:
    """LDVAL is 0 after a reset; and so is a chain's."""
    pit = Channels()
    pit.set(TCTRL, 0, TEN)
    pit.set(TCTRL, 1, TEN | CHN)
    pit.set(TCTRL, 2, TEN | TIE)
    assert [pit.get(CVAL, n) for n in range(3)] == [0, 0, 0] and not pit.pit.IRQ.level
    for _ in range(3):
        pit.bench.clock.advance(US - 1)
        assert not pit.pit.IRQ.level
        pit.bench.clock.advance(1)
        assert [pit.get(TFLG, n) for n in range(3)] == [1, 1, 1] and pit.pit.IRQ.level
        for channel in range(3):
            pit.set(TFLG, channel, 1)


@pytest.mark.parametrize("seen", [False, True])
def test_a_new_period_counts_from_the_next_round_on(seen: bool) -> None:
    pit = Channels(c0=(10, TEN | TIE))
    pit.us(4)
    pit.set(LDVAL, 0, 49)
    pit.us(6)
    assert pit.pit.IRQ.level
    if seen:
        assert pit.get(CVAL, 0) == 49
    pit.set(TFLG, 0, 1)
    pit.us(49)
    assert not pit.pit.IRQ.level and pit.get(CVAL, 0) == 0
    pit.us(1)
    assert pit.pit.IRQ.level and pit.get(CVAL, 0) == 49


def test_a_stopped_module_holds_every_count() -> None:
    pit = Channels(c0=(10, TEN), c1=(100, TEN | CHN | TIE))
    pit.us(25)
    pit.pit.write(MCR, 2)
    pit.us(1000)
    assert (pit.get(CVAL, 0), pit.get(CVAL, 1)) == (4, 97)
    pit.pit.write(MCR, 1)
    pit.us(5)
    assert (pit.get(CVAL, 0), pit.get(CVAL, 1)) == (9, 96), "FRZ is for debuggers"


def test_the_lifetime_timer() -> None:
    """LTMR64H is channel 1, and latches channel 0."""
    pit = Channels(c1=(1 << 32, TEN | CHN), c0=(1 << 32, TEN))
    pit.us(5)
    assert pit.pit.peek(LTMR64H) == pit.pit.read(LTMR64H) == 0xFFFF_FFFF
    pit.us(5)
    assert pit.pit.read(LTMR64L) == 0xFFFF_FFFF - 5


@pytest.mark.parametrize(
    ("module", "control", "why"),
    [
        (2, TEN, "MCR.MDIS is 1"),
        (0, 0, "TCTRL[2].TEN is 0"),
        (0, TEN | CHN, "TCTRL[1].TEN is 0"),
    ],
)
@pytest.mark.parametrize("register", [CVAL, TFLG])
def test_why_a_channel_stands(module: int, control: int, why: str, register: int) -> None:
    pit = Channels(c2=(10, control))
    pit.pit.write(MCR, module)
    pit.pit.read(register + 0x20)
    [(told, end)] = pit.bench.clock.questions
    assert (str(told), end) == ("pit 2", None)
    assert told.why == f"which stands still: {why}"  # type: ignore[attr-defined]


def test_who_polls_a_flag_waits_for_its_expiry() -> None:
    pit = Channels(c0=(10, TEN), c1=(3, TEN | CHN))
    pit.us(12)
    for channel in (0, 1, 0):
        pit.pit.read(TFLG + 0x10 * channel)
    assert pit.bench.clock.questions == [(("pit", 1), 30 * US)], "the other one's stands already"
    pit.bench.clock.questions.clear()
    pit.pit.read(CVAL)
    assert pit.bench.clock.questions == [(("pit", 0), None)]


# -- WDOG ------------------------------------------------------------------------------------------

WCR, WSR, WRSR, WICR, WMCR = 0, 2, 4, 6, 8


def wdog_on(bench: Bench) -> Wdog:
    wdog = Wdog(bench.system, name="wdog1")
    wdog.reset(ResetCause.POWER_ON)
    return wdog


def test_a_reset_by_software_is_asked_for_once() -> None:
    """WCR.SRS "is set again": a store of other bits before the reset comes asks for no other."""
    bench = Bench()
    wdog = wdog_on(bench)
    wdog.write(WCR, 0x20, 2)
    assert wdog.read(WCR, 2) == 0x30 and wdog.read(WRSR, 2) == 1
    wdog.write(WCR, wdog.read(WCR, 2), 2)
    assert bench.resets == [ResetCause.WATCHDOG_SOFTWARE]


@pytest.mark.parametrize("steps", [0, 1, 0x7F, 0xFF])
def test_time_outs(steps: int) -> None:
    """WCR.WT: 0.5 to 128 seconds."""
    bench = Bench()
    wdog = wdog_on(bench)
    wdog.write(WCR, steps << 8 | 0x34, 2)
    bench.clock.advance((steps + 1) * S // 2 - 1)
    assert bench.resets == []
    bench.clock.advance(1)
    assert bench.resets == [ResetCause.WATCHDOG] and wdog.read(WRSR, 2) == 2


@pytest.mark.parametrize("wict", [0, 1, 3, 4, 9, 0x80])
def test_early_interrupts(wict: int) -> None:
    """WICR.WICT: half seconds before the time-out, here 2 s; none where that is over already."""
    bench = Bench()
    wdog = wdog_on(bench)
    wdog.write(WICR, 0x8000 | wict, 2)
    wdog.write(WCR, 3 << 8 | 0x34, 2)
    comes = 0 <= wict < 4
    bench.clock.advance(max(0, 4 - wict) * S // 2 - 1 if comes else 2 * S - 1)
    assert not wdog.IRQ.level and not wdog.read(WICR, 2) & 0x4000
    bench.clock.advance(1)
    assert wdog.IRQ.level == comes and bool(wdog.read(WICR, 2) & 0x4000) == comes


def test_an_early_interrupt_shows_only_while_it_is_enabled() -> None:
    """WIE 15, WTIS 14."""
    bench = Bench()
    wdog = wdog_on(bench)
    wdog.write(WCR, 3 << 8 | 0x34, 2)
    wdog.write(WICR, 2, 2)
    bench.clock.advance(S)
    assert wdog.read(WICR, 2) == 2 and not wdog.IRQ.level
    wdog.write(WSR, 0x5555, 2)
    wdog.write(WSR, 0xAAAA, 2)
    wdog.write(WICR, 0x8002, 2)
    bench.clock.advance(S)
    assert wdog.read(WICR, 2) == 0xC002 and wdog.IRQ.level
    wdog.write(WICR, 0x0002, 2)
    assert wdog.read(WICR, 2) == 0x4002 and not wdog.IRQ.level
    wdog.write(WICR, 0x8002, 2)
    assert wdog.IRQ.level
    wdog.write(WICR, 0xC002, 2)
    assert not wdog.IRQ.level


def test_a_watchdog_that_does_not_run_is_not_fed() -> None:
    bench = Bench()
    wdog = wdog_on(bench)
    for word in (0x5555, 0xAAAA):
        wdog.write(WSR, word, 2)
    bench.clock.advance(200 * S)
    assert bench.resets == []
    assert not [alarm for alarm in bench.clock.alarms if alarm.deadline is not None]


@pytest.mark.parametrize("cause", [ResetCause.POWER_ON, ResetCause.SOFTWARE, ResetCause.WATCHDOG])
def test_the_power_down_counter_counts_sixteen_seconds_from_every_reset(cause: ResetCause) -> None:
    bench = Bench()
    wdog = wdog_on(bench)
    bench.clock.advance(10 * S)
    wdog.reset(cause)
    bench.clock.advance(16 * S - 1)
    assert bench.notes == []
    wdog.write(WMCR, 1, 2)
    bench.clock.advance(1)
    assert len(bench.notes) == 1


# -- RTWDOG ----------------------------------------------------------------------------------------

CS, COUNT, TOVAL, WIN = 0, 4, 8, 12
UNLOCK, REFRESH = 0xD928_C520, 0xB480_A602
FLG, CMD32EN, PRES, ULK, RCS, LPO, EN, INT, UPDATE = (
    *(1 << 14, 1 << 13, 1 << 12, 1 << 11, 1 << 10, 1 << 8, 1 << 7, 1 << 6, 1 << 5),
)


def rtwdog_with(bench: Bench, control: int, toval: int = 0x8000) -> RtWdog:
    src = Src(bench.system)
    rtwdog = RtWdog(bench.system, name="wdog3", src=src)
    for model in (src, rtwdog):
        model.reset(ResetCause.POWER_ON)
    rtwdog.write(COUNT, UNLOCK)
    rtwdog.write(TOVAL, toval)
    rtwdog.write(CS, control)
    return rtwdog


@pytest.mark.parametrize(
    ("offset", "value"),
    [(CS, LPO | CMD32EN | UPDATE), (TOVAL, 0x8001), (TOVAL, 0), (WIN, 1)],
)
def test_each_register_is_locked_and_keeps_its_value(offset: int, value: int) -> None:
    bench = Bench()
    control = LPO | CMD32EN | UPDATE | EN
    rtwdog = rtwdog_with(bench, control)
    before = [rtwdog.read(offset) for offset in (CS, TOVAL, WIN)]
    assert before == [control | RCS, 0x8000, 0]
    for own, same in zip((CS, TOVAL, WIN), before, strict=True):
        rtwdog.write(own, same)
    assert bench.diagnostics == [], "what stands there already"
    rtwdog.write(offset, value)
    assert [rtwdog.read(offset) for offset in (CS, TOVAL, WIN)] == before
    assert [d.rule for d in bench.diagnostics] == ["rtwdog-locked"]


def test_the_states_of_its_lock() -> None:
    """ULK is 1 and RCS 0 between the unlock and the new configuration."""
    bench = Bench()
    rtwdog = rtwdog_with(bench, LPO | CMD32EN | UPDATE)
    assert rtwdog.read(CS) & (ULK | RCS) == RCS
    rtwdog.write(COUNT, UNLOCK)
    assert rtwdog.read(CS) & (ULK | RCS) == ULK
    rtwdog.write(CS, LPO | CMD32EN)
    assert rtwdog.read(CS) & (ULK | RCS) == RCS
    rtwdog.write(COUNT, UNLOCK)
    assert rtwdog.read(CS) & ULK == 0, "UPDATE is 0"


def test_the_flag_and_its_interrupt() -> None:
    """FLG is cleared by a one, whether it is unlocked or not; the reset comes 1.7 us behind it."""
    bench = Bench()
    rtwdog = rtwdog_with(bench, LPO | CMD32EN | UPDATE | EN | INT, toval=32_768)
    bench.clock.advance(S - 1)
    assert not rtwdog.IRQ.level and not rtwdog.read(CS) & FLG
    bench.clock.advance(1)
    assert rtwdog.IRQ.level and rtwdog.read(CS) & FLG
    rtwdog.write(CS, LPO | CMD32EN | UPDATE | EN | INT | FLG)
    assert not rtwdog.IRQ.level and not rtwdog.read(CS) & FLG and bench.diagnostics == []
    bench.clock.advance(1_699)
    assert bench.resets == []
    bench.clock.advance(1)
    assert bench.resets == [ResetCause.WATCHDOG]


@pytest.mark.parametrize(("control", "hertz"), [(0, 32_768), (PRES, 128)])
def test_its_counter(control: int, hertz: int) -> None:
    """PRES divides by 256; sixteen bits; 0 while it is off."""
    bench = Bench()
    rtwdog = rtwdog_with(bench, LPO | CMD32EN | UPDATE | EN | control, toval=0xFFFF)
    bench.clock.advance(1_900_000_000)
    assert rtwdog.read(COUNT) == rtwdog.peek(COUNT) == 19 * hertz // 10
    rtwdog.write(COUNT, REFRESH)
    assert rtwdog.read(COUNT) == 0
    rtwdog.write(COUNT, UNLOCK)
    rtwdog.write(CS, LPO | UPDATE)
    bench.clock.advance(100 * S)
    assert rtwdog.read(COUNT) == 0 and bench.resets == [], "switched off"


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ((0xC520, 0xD928), "unlocked"),
        ((0xA602, 0xC520, 0xD928), "unlocked"),
        ((0xA602, 0xB480), "refreshed"),
        ((0xD928,), "fired"),
        ((0xA602, 0xD928), "fired"),
        ((0xC520, 0xB480), "fired"),
        ((0xC520, 0xD928, 0xD928), "fired"),
        ((0xC521,), "fired"),
    ],
)
def test_commands_in_halves(words: tuple[int, ...], state: str) -> None:
    bench = Bench()
    rtwdog = rtwdog_with(bench, LPO | UPDATE | EN)
    bench.clock.advance(S // 4)
    for word in words:
        rtwdog.write(COUNT, word)
    assert bool(bench.resets) == (state == "fired")
    if state != "fired":
        assert bool(rtwdog.read(CS) & ULK) == (state == "unlocked")
        assert rtwdog.read(COUNT) == (0 if state == "refreshed" else 0x2000)


def test_it_does_nothing_while_it_is_off() -> None:
    bench = Bench()
    rtwdog = rtwdog_with(bench, LPO | CMD32EN | UPDATE)
    rtwdog.write(COUNT, REFRESH)
    rtwdog.write(COUNT, 0x1234)
    bench.clock.advance(100 * S)
    assert bench.resets == [] and bench.notes == []
