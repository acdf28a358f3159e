"""Edges of UTIMER at wires: P0_4, which is driver A of channel 2 (AF5), to P0_5, its driver B.

Registers: utimer.h of Alif's Ensemble CMSIS DFP, as MicroPython's machine_pwm.c writes them. Times:
counts of a clock of 400 MHz.
"""

from __future__ import annotations

import pytest
from wire_edges import edges

from xipsim.peripherals.alif.gpio import Gpio
from xipsim.peripherals.alif.pinmux import Pinmux
from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

GLB_START, GLB_STOP, OEN, CLOCKS = 0x00, 0x04, 0x10, 0x20
CHANNEL = 0x3000
CNTR_CTRL, COMPARE_CTRL_A, BUF_OP = 0x80, 0x8C, 0x94
CNTR, PTR, PTR_BUF1, COMPARE_A = 0xA0, 0xA4, 0xA8, 0xD4
HIGH_THEN_LOW = 2 << 2 | 1
LOW_THEN_HIGH = 1 << 2 | 2
TOGGLE_AT_END, TOGGLE_AT_MATCH = 3 << 2, 3
DRIVER_EN, DISABLE_VAL, COMPARE_EN, STOP_VAL = 1 << 8, 1 << 9, 1 << 11, 1 << 6
INTEN, INTTYPE, INTSTATUS, PORTA_EOI, EXT_PORTA = 0x30, 0x38, 0x40, 0x4C, 0x50
US = 1_000


class Wired:
    """Channel 2 at 1 kHz: 400000 counts."""

    def __init__(self, *, is_wired: bool = True) -> None:
        self.bench = Bench()
        system = self.bench.system
        self.pinmux = Pinmux(system, name="pinmux")
        self.gpio = Gpio(system, name="gpio0", pinmux=self.pinmux, port=0)
        self.timer = Utimer(system, name="utimer", pinmux=self.pinmux)
        self.gpio.connected()
        if is_wired:
            self.gpio.join(4, self.gpio, 5)
        self.timer.write(OEN, 0xFF_FFFF)
        self.timer.write(CLOCKS, 1 << 2)
        for offset, value in (
            *((PTR, 1), (PTR_BUF1, 399_999), (CNTR_CTRL, 1)),
            *((BUF_OP, 3 << 28 | 3 << 24 | 1 << 20 | 1 << 2 | 1 << 1),),
            *((source, 1 << 31) for source in (0x04, 0x0C, 0x14)),
        ):
            self.set(offset, value)

    def set(self, offset: int, value: int) -> None:
        self.timer.write(CHANNEL + offset, value)

    def mux(self, pin: int, function: int) -> None:
        self.pinmux.write(4 * pin, function)

    def start(self, control: int, compare: int) -> None:
        self.set(COMPARE_CTRL_A, COMPARE_EN | DRIVER_EN | control)
        self.set(COMPARE_A, compare)
        self.timer.write(OEN, 0xFF_FFFF & ~(1 << 4))
        self.timer.write(GLB_START, 1 << 2)

    @property
    def level(self) -> int:
        """What firmware reads at the other end."""
        return self.gpio.read(EXT_PORTA) >> 5 & 1

    def edges(self, duration: int) -> list[tuple[int, int]]:
        return edges(self.bench, lambda: self.level, duration)


def test_edges_come_when_the_registers_say() -> None:
    """High from the cycle's end to the match at 100000 counts (250 us)."""
    wired = Wired()
    wired.mux(4, 5)
    assert wired.level == 1, "nothing drives it yet: its pull"
    wired.start(HIGH_THEN_LOW, 100_000)
    assert wired.edges(2_100 * US) == [
        *((250 * US, 0), (1_000 * US, 1), (1_250 * US, 0), (2_000 * US, 1)),
    ]


@pytest.mark.parametrize(
    ("control", "compare", "expected"),
    [
        (LOW_THEN_HIGH, 100_000, [(250, 1), (1000, 0), (1250, 1), (2000, 0), (2250, 1)]),
        (TOGGLE_AT_END, 100_000, [(1000, 1), (2000, 0)]),
        (TOGGLE_AT_MATCH, 100_000, [(250, 1), (1250, 0), (2250, 1)]),
        (TOGGLE_AT_MATCH | TOGGLE_AT_END, 100_000, [(250, 0), (1000, 1), (1250, 0), (2000, 1)]),
    ],
)
def test_what_match_and_end_do(control: int, compare: int, expected: list[tuple[int, int]]) -> None:
    """Of the wires' levels only changes count: how a toggling driver begins is an assumption."""
    wired = Wired()
    wired.mux(4, 5)
    wired.start(control, compare)
    times = [time // US for time, _ in wired.edges(2_400 * US)]
    assert times[: len(expected)] == [time for time, _ in expected]


@pytest.mark.parametrize(
    ("control", "compare", "level"),
    [
        (HIGH_THEN_LOW, 400_000, 1),
        (LOW_THEN_HIGH, 400_000, 0),
        (HIGH_THEN_LOW, 0, 0),
    ],
)
def test_full_and_no_duty_have_no_edges(control: int, compare: int, level: int) -> None:
    wired = Wired()
    wired.mux(4, 5)
    wired.start(control, compare)
    assert wired.level == level and wired.edges(3_000 * US) == []


def test_a_driver_that_is_disabled_or_stands() -> None:
    wired = Wired()
    wired.mux(4, 5)
    wired.start(HIGH_THEN_LOW, 100_000)
    for control, level in ((COMPARE_EN, 0), (COMPARE_EN | DISABLE_VAL, 1)):
        wired.set(COMPARE_CTRL_A, control)
        assert wired.level == level and wired.edges(2_000 * US) == []
    wired.timer.write(GLB_STOP, 1 << 2)
    for control, level in ((DRIVER_EN | STOP_VAL, 1), (DRIVER_EN, 0)):
        wired.set(COMPARE_CTRL_A, control)
        assert wired.level == level and wired.edges(2_000 * US) == []
    wired.timer.write(OEN, 0xFF_FFFF)
    assert wired.level == 1, "its output is off: the pull"


def test_a_pin_is_given_and_taken_back() -> None:
    wired = Wired()
    wired.start(HIGH_THEN_LOW, 100_000)
    assert wired.edges(500 * US) == [] and wired.level == 1
    for function in (1, 4):
        wired.mux(4, function)
        assert wired.edges(0) == [] and wired.level == 1, "another block's"
    wired.mux(4, 5)
    assert wired.level == 0
    assert wired.edges(600 * US) == [(1_000 * US, 1)]
    wired.mux(4, 0)
    assert wired.edges(2_000 * US) == [] and wired.level == 1
    wired.mux(4, 5)
    wired.pinmux.reset(ResetCause.SOFTWARE)
    assert wired.edges(2_000 * US) == [] and wired.level == 1
    wired.mux(4, 5)
    wired.timer.reset(ResetCause.SOFTWARE)
    assert wired.edges(2_000 * US) == []


def test_the_wave_goes_on_where_the_counter_is() -> None:
    """A new match counts at once; a count that is written moves the edges."""
    wired = Wired()
    wired.mux(4, 5)
    wired.start(HIGH_THEN_LOW, 100_000)
    wired.edges(100 * US)
    wired.set(COMPARE_A, 200_000)
    assert wired.edges(500 * US) == [(500 * US, 0)]
    wired.set(CNTR, 396_000)
    assert wired.edges(600 * US) == [(610 * US, 1), (1_110 * US, 0)]


def test_edges_interrupt() -> None:
    wired = Wired()
    wired.gpio.write(INTEN, 1 << 5)
    wired.gpio.write(INTTYPE, 1 << 5)
    wired.mux(4, 5)
    wired.start(HIGH_THEN_LOW, 100_000)
    wired.gpio.write(PORTA_EOI, 1 << 5)
    wired.bench.clock.advance(250 * US - 1)
    assert not wired.gpio.IRQ5.level
    wired.bench.clock.advance(1)
    assert wired.gpio.IRQ5.level and wired.gpio.read(INTSTATUS) == 1 << 5


def test_nobody_listens_nothing_happens() -> None:
    wired = Wired(is_wired=False)
    wired.mux(4, 5)
    wired.start(HIGH_THEN_LOW, 100_000)
    assert all(alarm.deadline is None for alarm in wired.bench.clock.alarms)
    seen = []
    for _ in range(4):
        seen.append(wired.gpio.level(4))
        wired.bench.clock.advance(250 * US)
    assert seen == [1, 0, 0, 0]


def test_a_state_that_is_put_back_goes_on() -> None:
    wired, other = Wired(), Wired()
    wired.mux(4, 5)
    wired.start(HIGH_THEN_LOW, 100_000)
    wired.edges(300 * US)
    other.bench.clock.now = 300 * US
    for source, target in (
        (wired.pinmux, other.pinmux),
        (wired.timer, other.timer),
        (wired.gpio, other.gpio),
    ):
        target.load(source.save())
    expected = [(1_000 * US, 1), (1_250 * US, 0)]
    assert other.edges(1_000 * US) == wired.edges(1_000 * US) == expected
