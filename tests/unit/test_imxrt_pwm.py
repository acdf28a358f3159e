"""FlexPWM and quad timers as MicroPython drives them (ports/mimxrt, hal/pwm_backport.c).

Expected values: the port's own formulas, for an IPG clock of 150 MHz. Reset values: imxrt-ral.
"""

import pytest

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.clocks import ipg_clock
from xipsim.peripherals.imxrt.flexpwm import FlexPwm
from xipsim.peripherals.imxrt.qtmr import Qtmr

CNT, CTRL2, CTRL, VAL0, VAL1, VAL2, VAL3, VAL4, VAL5, OCTRL = (
    *(0x00, 0x04, 0x06, 0x0A, 0x0E, 0x12, 0x16, 0x1A, 0x1E, 0x22),
)
OUTEN, MASK, MCTRL = 0x180, 0x182, 0x188
INDEP = 1 << 13
COMP1, COMP2, TIMER_CTRL, SCTRL, CMPLD1, CMPLD2, CSCTRL = 0x00, 0x02, 0x0C, 0x0E, 0x10, 0x12, 0x14


class Signal:
    """FLEXPWM, submodule 2, as the port sets it up for 1 kHz: prescaler 4, 37500 counts."""

    def __init__(self, *, ctrl2: int = INDEP) -> None:
        self.bench = Bench()
        self.pwm = FlexPwm(self.bench.system, name="pwm4")
        self.set(CTRL2, ctrl2)
        self.set(CTRL, 0x400 | 2 << 4)
        self.set(VAL1, 37499)
        self.pwm.write(OUTEN, 0x444, 2)

    def set(self, offset: int, value: int) -> None:
        self.pwm.write(2 * 0x60 + offset, value & 0xFFFF, 2)

    def start(self, **values: int) -> None:
        for name, value in values.items():
            self.set({"v0": VAL0, "v2": VAL2, "v3": VAL3, "v4": VAL4, "v5": VAL5}[name], value)
        self.pwm.write(MCTRL, 0x404, 2)


def test_reset_values() -> None:
    pwm = FlexPwm(Bench().system)
    values = {0x06: 0x400, 0x2C: 0xFFFF, 0x2E: 0xFFFF, 0x30: 0x7FF, 0x32: 0x7FF}
    for offset in pwm.regs:
        expected = values.get(offset % 0x60, 0) if offset < 0x180 else 0
        assert pwm.read(offset, 2) == expected, hex(offset)


def test_a_pulse_in_the_middle_of_a_period() -> None:
    """duty_u16=3000: 37500 * 3000 / 65536 = 1716 counts, around the middle."""
    signal = Signal()
    assert signal.pwm.frequency(2, "A") == 0, "it does not run yet"
    signal.start(v2=18750 - 858, v3=18750 + 858)
    assert signal.pwm.frequency(2, "A") == 1000
    assert signal.pwm.duty(2, "A") == pytest.approx(1716 / 37500)
    assert signal.pwm.duty(0, "A") == 0 and signal.pwm.frequency(0) == 0
    assert signal.bench.events == []


def test_always_high_and_never() -> None:
    signal = Signal()
    signal.start(v2=0, v3=37500, v4=18750, v5=18750)
    assert (signal.pwm.duty(2, "A"), signal.pwm.duty(2, "B")) == (1, 0)


def test_values_count_from_the_next_ldok_on() -> None:
    signal = Signal()
    signal.start(v2=0, v3=9375)
    signal.set(VAL3, 18750)
    assert signal.pwm.duty(2, "A") == 0.25
    signal.pwm.write(MCTRL, 0x404, 2)
    assert signal.pwm.duty(2, "A") == 0.5
    assert signal.pwm.read(MCTRL, 2) == 0x400, "LDOK is over"


def test_polarity_mask_and_output_enable() -> None:
    signal = Signal()
    signal.start(v2=0, v3=9375)
    signal.set(OCTRL, 1 << 10)
    assert signal.pwm.duty(2, "A") == 0.75
    signal.pwm.write(MASK, 0x400, 2)
    assert signal.pwm.duty(2, "A") == 1, "masked low, then inverted"
    signal.pwm.write(OUTEN, 0, 2)
    assert signal.pwm.frequency(2, "A") == 0


def test_a_complementary_pair() -> None:
    """IPOL 0: VAL2 and VAL3 make both."""
    signal = Signal(ctrl2=0)
    signal.start(v2=0, v3=9375, v4=0, v5=37500)
    assert (signal.pwm.duty(2, "A"), signal.pwm.duty(2, "B")) == (0.25, 0.75)
    signal.pwm.write(MCTRL, 0x4404, 2)
    assert (signal.pwm.duty(2, "A"), signal.pwm.duty(2, "B")) == (0, 1)


def test_the_third_output() -> None:
    """PWM_SetupPwmx_u16(): VAL0 is duty * VAL1 / 65535, POLX inverts; 100 % has no pulse."""
    signal = Signal()
    signal.set(OCTRL, 1 << 8)
    signal.start(v0=9375)
    assert signal.pwm.duty(2, "X") == pytest.approx(0.25, abs=1 / 37500)
    signal.start(v0=37499)
    assert signal.pwm.duty(2, "X") == 1


def test_counters_run_from_negative_values() -> None:
    """NXP's driver for centre-aligned signals: INIT is -VAL1 - 1."""
    signal = Signal()
    signal.set(0x02, -18750)
    signal.set(VAL1, 18749)
    signal.start(v2=-4687, v3=4688)
    assert signal.pwm.frequency(2, "A") == 1000 and signal.pwm.duty(2, "A") == 0.25
    assert signal.pwm.read(2 * 0x60 + CNT, 2) == -18750 & 0xFFFF
    signal.bench.clock.advance(500_000)
    assert signal.pwm.read(2 * 0x60 + CNT, 2) == 0


@pytest.mark.parametrize(("submodule", "channel"), [(4, "A"), (-1, "A"), (0, "C")])
def test_no_such_output(submodule: int, channel: str) -> None:
    with pytest.raises(ValueError, match="submodule 0 to 3, channel A, B or X"):
        Signal().pwm.duty(submodule, channel)


def test_captures_are_told() -> None:
    signal = Signal()
    signal.set(0x34, 1)
    assert [gap.what for gap in signal.bench.gaps] == ["CAPTCTRLA[2].ARMA: capturing edges"]


def timer(low: int, high: int, *, mode: int = 4, sctrl: int = 1) -> tuple[Bench, Qtmr]:
    """Timer 2 as the port sets it up, with the IPG clock divided by 2."""
    bench = Bench()
    qtmr = Qtmr(bench.system, name="tmr1")
    for offset, value in (
        *((COMP1, low), (COMP2, high), (CMPLD1, low), (CMPLD2, high)),
        *((CSCTRL, 2 | 1 << 2), (SCTRL, sctrl), (TIMER_CTRL, 9 << 9 | 0x20 | mode)),
    ):
        qtmr.write(0x40 + offset, value, 2)
    assert qtmr.frequency(2) == 0, "it does not count yet"
    qtmr.write(0x40 + TIMER_CTRL, 1 << 13 | 9 << 9 | 0x20 | mode, 2)
    return bench, qtmr


def test_a_quad_timer_at_two_kilohertz() -> None:
    """75 MHz / 2000 - 2 = 37498 counts, a quarter of them high: 28124 and 9374."""
    bench, qtmr = timer(28124, 9374)
    assert qtmr.frequency(2) == 2000 and qtmr.duty(2) == 0.25
    qtmr.write(0x40 + CMPLD1, 18749, 2)
    qtmr.write(0x40 + CMPLD2, 18749, 2)
    assert qtmr.frequency(2) == 2000 and qtmr.duty(2) == 0.5
    assert bench.events == []


@pytest.mark.parametrize(
    ("mode", "sctrl", "duty"), [(1, 1, 0), (2, 1, 1), (4, 3, 0.75), (2, 3, 0), (4, 0, 0)]
)
def test_outputs_of_a_quad_timer(mode: int, sctrl: int, duty: float) -> None:
    """Cleared, set, inverted, both, and not enabled."""
    _, qtmr = timer(28124, 9374, mode=mode, sctrl=sctrl)
    assert qtmr.duty(2) == duty


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize(("compare", "load"), [(9_000, 65_537 - 28_500), (0, 24_000)])
def test_a_quad_timer_set_at_a_comparison_and_cleared_at_the_rollover(
    compare: int, load: int, length: int
) -> None:
    """Teensyduino's pwm.c, inverted: high for CMPLD1, low for 65537 - LOAD counts; 4 kHz of
    150 MHz. Without LENGTH it goes round all its 65,536 counts."""
    bench = Bench()
    qtmr = Qtmr(bench.system, name="tmr1")
    for offset, value in (
        *((SCTRL, 3), (CSCTRL, 1), (0x06, load), (COMP1, compare)),
        *((CMPLD1, compare), (TIMER_CTRL, 1 << 13 | 8 << 9 | length << 5 | 6)),
    ):
        qtmr.write(0x40 + offset, value, 2)
    period = 65_537 - load + compare if length else 65_536
    assert qtmr.frequency(2) == pytest.approx(150_000_000 / period)
    assert qtmr.duty(2) == pytest.approx(compare / period)
    assert bench.events == []


def test_counting_edges_is_told() -> None:
    bench = Bench()
    qtmr = Qtmr(bench.system)
    qtmr.write(TIMER_CTRL, 2 << 13, 2)
    assert len(bench.gaps) == 1
    with pytest.raises(ValueError, match="0 to 3"):
        qtmr.frequency(4)


@pytest.mark.parametrize(
    ("cbcdr", "cbcmr", "cacrr", "pll1", "hertz"),
    [
        (3 << 8, 3 << 18, 1, 0x2064, 150_000_000),
        (1 << 8, 3 << 18, 1, 0x2058, 264_000_000),
        (3 << 8 | 1 << 10, 0, 0, 0x2064, 66_000_000),
        (1 << 25, 1 << 12, 0, 0x2064, 24_000_000),
    ],
    ids=["600 MHz by 4", "528 MHz by 2", "PLL2 by 2 by 4", "crystal"],
)
def test_the_ipg_clock(cbcdr: int, cbcmr: int, cacrr: int, pll1: int, hertz: int) -> None:
    """IMXRT1060RM, CCM clock tree: PLL1 is 24 MHz * DIV_SELECT / 2."""
    system = Bench().system
    ccm, analog = Ccm(system), CcmAnalog(system)
    for offset, value in ((0x14, cbcdr), (0x18, cbcmr), (0x10, cacrr)):
        ccm.write(offset, value)
    analog.write(0, pll1)
    assert ipg_clock(ccm, analog) == hertz


# -- FlexPWM: each submodule, each output ----------------------------------------------------------


def running(**parameters: int) -> FlexPwm:
    """All submodules run, all outputs are on; periods of 100, 200, 300 and 400 counts, each output
    with another duty."""
    pwm = FlexPwm(Bench().system, name="pwm1", **parameters)
    for submodule in range(4):
        period = 100 * (submodule + 1)
        for offset, value in (
            *((CTRL2, INDEP), (VAL0, 10), (VAL1, period - 1), (VAL2, 5), (VAL3, 25)),
            *((VAL4, 7), (VAL5, 47)),
        ):
            pwm.write(0x60 * submodule + offset, value, 2)
    pwm.write(OUTEN, 0xFFF, 2)
    pwm.write(MCTRL, 0xF0F, 2)
    return pwm


HIGH = {"A": 20, "B": 40}


def test_each_output_has_its_own_values() -> None:
    """A between VAL2 and VAL3, B between VAL4 and VAL5, X between VAL0 and VAL1."""
    pwm = running()
    for submodule in range(4):
        period = 100 * (submodule + 1)
        assert pwm.frequency(submodule, "A") == pwm.frequency(submodule) == 150e6 / period
        for channel in "AB":
            assert pwm.duty(submodule, channel) == pytest.approx(HIGH[channel] / period)
        assert pwm.duty(submodule, "X") == pytest.approx((period - 11) / period)


@pytest.mark.parametrize(("channel", "first"), [("A", 8), ("B", 4), ("X", 0)])
@pytest.mark.parametrize("submodule", range(4))
def test_each_output_has_its_own_bits(channel: str, first: int, submodule: int) -> None:
    """OUTEN and MASK: PWMA_EN 11:8, PWMB_EN 7:4, PWMX_EN 3:0; OCTRL: POLA 10, POLB 9, POLX 8; RUN
    is MCTRL 11:8."""

    def duties(pwm: FlexPwm) -> dict[tuple[int, str], float]:
        return {(n, c): pwm.duty(n, c) for n in range(4) for c in "ABX"}

    own, normal, bit = (submodule, channel), duties(running()), 1 << first + submodule
    for offset, value, duty in (
        (OUTEN, 0xFFF & ~bit, 0),
        (MASK, bit, 0),
        (0x60 * submodule + OCTRL, 0x100 << "XBA".index(channel), 1 - normal[own]),
    ):
        pwm = running()
        pwm.write(offset, value, 2)
        assert duties(pwm) == pytest.approx(normal | {own: duty})
    pwm = running()
    pwm.write(MCTRL, 0xF00 & ~(0x100 << submodule), 2)
    assert [pwm.frequency(n) > 0 for n in range(4)] == [n != submodule for n in range(4)]


@pytest.mark.parametrize("prescale", range(8))
def test_prescalers(prescale: int) -> None:
    """CTRL.PRSC: 1 to 128."""
    signal = Signal()
    signal.set(CTRL, 0x400 | prescale << 4)
    signal.start()
    assert signal.pwm.frequency(2) == pytest.approx(150e6 / 37_500 / (1 << prescale))
    signal.bench.clock.advance(1_000_000)
    assert signal.pwm.read(2 * 0x60 + CNT, 2) == (150_000 >> prescale) % 37_500


def test_what_loads_and_when_it_counts() -> None:
    """LDOK of each submodule; CLDOK (7:4) takes it back; both read 0, RUN and IPOL as written."""
    signal = Signal()
    signal.start()
    signal.set(VAL1, 99)
    for control in (0x0400, 0x0401, 0x0402, 0x0408, 0x0444, 0x044F):
        signal.pwm.write(MCTRL, control, 2)
        assert signal.pwm.frequency(2) == 1000, hex(control)
    signal.bench.clock.advance(1_000_000_123)
    signal.pwm.write(MCTRL, 0xF48B & ~0x80 | 0x4, 2)
    assert signal.pwm.read(MCTRL, 2) == 0xF400
    assert signal.pwm.read(2 * 0x60 + CNT, 2) == 0, "it begins anew"
    signal.bench.clock.advance(1_000)
    assert signal.pwm.read(2 * 0x60 + CNT, 2) == 37
    signal.pwm.write(MCTRL, 0, 2)
    assert signal.pwm.read(2 * 0x60 + CNT, 2) == 0 and signal.pwm.frequency(2) == 0


def test_force_reads_nothing() -> None:
    """CTRL2.FORCE is bit 6."""
    signal = Signal()
    signal.set(CTRL2, 0xFFFC)
    assert signal.pwm.read(2 * 0x60 + CTRL2, 2) == 0xFFFC & ~0x40


@pytest.mark.parametrize(
    ("on", "off", "high"),
    [
        (0, 1, 1),
        (99, 0, 1),
        (99, 98, 99),
        (60, 20, 60),
        (0, 99, 99),
        (0, 100, 100),
        (50, 100, 100),
        (100, 20, 0),
        (101, 20, 0),
        (30, 30, 0),
    ],
)
def test_pulses_at_the_ends_of_a_period(on: int, off: int, high: int) -> None:
    """Of 100 counts. What is never reached never sets, or clears, the output; it may be high over
    the end of a period."""
    signal = Signal()
    signal.set(VAL1, 99)
    signal.start(v2=on, v3=off)
    assert signal.pwm.duty(2) == pytest.approx(high / 100)


@pytest.mark.parametrize(("ipol", "on", "off"), [(0, 5, 25), (1, 7, 47)])
def test_which_pair_of_values_makes_a_complementary_pair(ipol: int, on: int, off: int) -> None:
    """MCTRL.IPOL: VAL2 and VAL3, or VAL4 and VAL5, which are B's."""
    for submodule in range(4):
        pwm = running()
        pwm.write(0x60 * submodule + CTRL2, 0, 2)
        pwm.write(MCTRL, 0xF00 | ipol << 12 + submodule, 2)
        part = (off - on) / (100 * (submodule + 1))
        high = {"A": 1 - part, "B": part} if ipol else {"A": part, "B": 1 - part}
        for channel in "AB":
            assert pwm.duty(submodule, channel) == pytest.approx(high[channel])
        others = [n for n in range(4) if n != submodule]
        assert [pwm.duty(n, "B") for n in others] == [running().duty(n, "B") for n in others]


def test_its_clock_comes_from_the_clock_controller() -> None:
    """IPG: PLL1 at 1200 MHz by 2 and 4."""
    system = Bench().system
    ccm, analog = Ccm(system), CcmAnalog(system)
    for offset, value in ((0x14, 3 << 8), (0x18, 3 << 18), (0x10, 1)):
        ccm.write(offset, value)
    analog.write(0, 0x2064)
    pwm = FlexPwm(system, ccm=ccm, ccm_analog=analog)
    pwm.write(VAL1, 149, 2)
    pwm.write(OUTEN, 0x100, 2)
    pwm.write(MCTRL, 0x101, 2)
    assert pwm.frequency(0) == 1_000_000
    ccm.write(0x14, 1 << 8)
    assert pwm.frequency(0) == 2_000_000
