"""Quad timers, register by register: IMXRT1060RM, chapter TMR; pads by fsl_iomuxc.h.

How MicroPython and Teensyduino use them: test_imxrt_pwm.py.
"""

from __future__ import annotations

import pytest
from wire_edges import edges

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.iomuxc import Iomuxc, pad_of
from xipsim.peripherals.imxrt.qtmr import Qtmr

COMP1, COMP2, LOAD, CTRL, SCTRL, CMPLD1, CMPLD2, CSCTRL, ENBL = (
    *(0x00, 0x02, 0x06, 0x0C, 0x0E, 0x10, 0x12, 0x14, 0x1E),
)
RUNS, LENGTH, OEN, OPS = 1 << 13, 1 << 5, 1, 2
CLEAR, SET, ALTERNATE, ROLLOVER = 1, 2, 4, 6


class Timers:
    """Four timers with periods of 100, 200, 300 and 400 counts, high for 25 of them."""

    def __init__(self, **parameters: object) -> None:
        self.bench = Bench()
        self.qtmr = Qtmr(self.bench.system, name="tmr", **parameters)
        for timer in range(4):
            self.set(timer, COMP1, 100 * timer + 74)
            self.set(timer, COMP2, 24)
            self.set(timer, SCTRL, OEN)
            self.set(timer, CTRL, RUNS | 8 << 9 | LENGTH | ALTERNATE)

    def set(self, timer: int, offset: int, value: int) -> None:
        self.qtmr.write(0x20 * timer + offset, value, 2)

    @property
    def signals(self) -> list[tuple[float, float]]:
        return [(self.qtmr.frequency(n), self.qtmr.duty(n)) for n in range(4)]


NORMAL = [(150e6 / 100 / n, 0.25 / n) for n in range(1, 5)]


def test_each_timer_has_its_own_registers() -> None:
    assert Timers().signals == NORMAL


@pytest.mark.parametrize("timer", range(4))
@pytest.mark.parametrize(
    ("offset", "value", "signal"),
    [
        (SCTRL, 0, lambda f, d: (0, 0)),
        (SCTRL, OEN | OPS, lambda f, d: (f, 1 - d)),
        (CTRL, 8 << 9 | LENGTH | ALTERNATE, lambda f, d: (0, 0)),
        (CTRL, RUNS | 7 << 9 | LENGTH | ALTERNATE, lambda f, d: (0, 0)),
        (CTRL, RUNS | 15 << 9 | LENGTH | ALTERNATE, lambda f, d: (f / 128, d)),
        (CTRL, RUNS | 11 << 9 | ALTERNATE, lambda f, d: (f / 8, d)),
        (CTRL, RUNS | 8 << 9 | CLEAR, lambda f, d: (0, 0)),
        (CTRL, RUNS | 8 << 9 | SET, lambda f, d: (0, 1)),
    ],
)
def test_what_changes_a_signal(timer: int, offset: int, value: int, signal: object) -> None:
    timers = Timers()
    timers.set(timer, offset, value)
    expected = list(NORMAL)
    expected[timer] = signal(*NORMAL[timer])  # type: ignore[operator]
    assert timers.signals == [pytest.approx(one) for one in expected]


@pytest.mark.parametrize("timer", range(4))
def test_each_timer_has_its_enable_bit(timer: int) -> None:
    """ENBL, a register of the first timer."""
    timers = Timers()
    timers.set(0, ENBL, 0xF & ~(1 << timer))
    assert timers.signals == [(0, 0) if n == timer else NORMAL[n] for n in range(4)]


@pytest.mark.parametrize(
    ("control", "low", "high"),
    [(0, 75, 25), (1, 35, 25), (2, 35, 25), (3, 35, 25), (1 << 2, 75, 15), (2 << 2 | 1, 35, 15)],
)
def test_which_registers_count(control: int, low: int, high: int) -> None:
    """CSCTRL.CL1 and CL2: a comparison loads CMPLD1, or CMPLD2."""
    timers = Timers()
    timers.set(0, CMPLD1, 34)
    timers.set(0, CMPLD2, 14)
    timers.set(0, CSCTRL, control)
    assert timers.qtmr.frequency(0) == pytest.approx(150e6 / (low + high))
    assert timers.qtmr.duty(0) == pytest.approx(high / (low + high))


@pytest.mark.parametrize(
    ("length", "load", "low", "high"),
    [(0, 0, 40, 65_496), (LENGTH, 0, 40, 65_537), (LENGTH, 0xFFFF, 40, 2), (0, 0xFFFF, 40, 65_496)],
)
def test_a_signal_that_is_cleared_by_the_rollover(
    length: int, load: int, low: int, high: int
) -> None:
    timers = Timers()
    timers.set(0, COMP1, 40)
    timers.set(0, LOAD, load)
    timers.set(0, CTRL, RUNS | 8 << 9 | length | ROLLOVER)
    assert timers.qtmr.frequency(0) == pytest.approx(150e6 / (low + high))
    assert timers.qtmr.duty(0) == pytest.approx(high / (low + high))


@pytest.mark.parametrize("mode", range(8))
@pytest.mark.parametrize("counts", range(8))
def test_what_is_no_signal_is_told(mode: int, counts: int) -> None:
    """CM 1 counts rising edges, for OUTMODE 1, 2, 4 and 6."""
    timers = Timers()
    timers.set(1, CTRL, counts << 13 | 8 << 9 | mode)
    is_missing = counts > 1 or (counts == 1 and mode not in (CLEAR, SET, ALTERNATE, ROLLOVER))
    assert bool(timers.bench.gaps) == is_missing


@pytest.mark.parametrize("timer", [-1, 4])
def test_there_are_four(timer: int) -> None:
    for look in (Timers().qtmr.frequency, Timers().qtmr.duty):
        with pytest.raises(ValueError, match=f"expected a timer from 0 to 3, given {timer}"):
            look(timer)


def test_its_clock_comes_from_the_clock_controller() -> None:
    """IPG: PLL1 at 1200 MHz by 2 and 4, then by 2."""
    system = Bench().system
    ccm, analog = Ccm(system), CcmAnalog(system)
    for offset, value in ((0x14, 3 << 8), (0x18, 3 << 18), (0x10, 1)):
        ccm.write(offset, value)
    analog.write(0, 0x2064)
    timers = Timers(ccm=ccm, ccm_analog=analog)
    assert timers.qtmr.frequency(0) == 1_500_000
    ccm.write(0x14, 1 << 8)
    assert timers.qtmr.frequency(0) == 3_000_000


@pytest.mark.parametrize(
    ("pad", "mode", "number", "timer"),
    [
        ("AD_B1_00", 1, 3, 0),
        ("B0_00", 1, 1, 0),
        ("B0_05", 1, 2, 2),
        ("B0_11", 1, 4, 2),
        ("B1_11", 1, 4, 3),
        ("EMC_15", 4, 3, 0),
        ("EMC_22", 4, 2, 3),
    ],
)
def test_outputs_by_pad_and_mode(pad: str, mode: int, number: int, timer: int) -> None:
    """IOMUXC_GPIO_..._QTIMERn_TIMERm: a signal that is always high or always low."""
    bench = Bench()
    ports = {f"gpio{n}": Gpio(bench.system, name=f"gpio{n}") for n in range(1, 5)}
    iomuxc = Iomuxc(bench.system, **ports)
    qtmr = Qtmr(bench.system, name="tmr", iomuxc=iomuxc, number=number)
    qtmr.write(0x20 * timer + CTRL, RUNS | 8 << 9 | CLEAR, 2)
    bank, _, place = pad.rpartition("_")
    port, first = {"EMC": (4, 0), "AD_B1": (1, 16), "B0": (2, 0), "B1": (2, 16)}[bank]
    for select in range(8):
        iomuxc.write(0x14 + 4 * pad_of(pad), select)
        seen = []
        for polarity in (OEN, OEN | OPS, OEN):
            qtmr.write(0x20 * timer + SCTRL, polarity, 2)
            seen.append(ports[f"gpio{port}"].level(first + int(place)))
        assert (seen == [0, 1, 0]) == (select == mode), select


@pytest.mark.parametrize("polarity", [0, 1])
@pytest.mark.parametrize("prescaler", [0, 3])
def test_edges_at_a_pin(polarity: int, prescaler: int) -> None:
    """B0_02 is timer 2 of TMR1 in ALT1: low for COMP1 + 1, high for COMP2 + 1 counts from when CTRL
    was written."""
    bench = Bench()
    port = Gpio(bench.system, name="gpio2")
    iomuxc = Iomuxc(bench.system, gpio2=port)
    qtmr = Qtmr(bench.system, iomuxc=iomuxc, frequency_hz=1_000_000)
    port.join(2, port, 31)
    iomuxc.write(0x14 + 4 * pad_of("B0_02"), 1)
    bench.clock.advance(12_345)
    for offset, value in (
        *((COMP1, 59), (COMP2, 39), (SCTRL, OEN | OPS * polarity)),
        (CTRL, RUNS | 8 + prescaler << 9 | LENGTH | ALTERNATE),
    ):
        qtmr.write(0x40 + offset, value, 2)
    unit = 1000 << prescaler
    seen = edges(bench, lambda: port.read(0x08) >> 31, 210 * unit)
    expected = [(60, 1), (100, 0), (160, 1), (200, 0)]
    assert seen == [(12_345 + at * unit, level ^ polarity) for at, level in expected]
