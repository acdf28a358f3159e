"""UTIMER channel by channel: counts, events, buffers, outputs.

Registers: utimer.h of Alif's Ensemble CMSIS DFP; alif.md 7.4. A count is 2.5 ns.
"""

from __future__ import annotations

from itertools import product
from math import ceil

import pytest
from test_alif_timers import (
    CLEAR,
    CLOCKS,
    RUNNING,
    START,
    STOP,
    levels,
)

from xipsim.peripherals.alif.utimer import Utimer
from xipsim.peripherals.alif.utimer_pins import PADS
from xipsim.peripherals.alif.utimer_pwm import Pulse, pulse
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

OEN = 0x10
CNTR_CTRL, COMPARE_CTRL_A, COMPARE_CTRL_B, BUF_OP = 0x80, 0x8C, 0x90, 0x94
CNTR, PTR, PTR_BUF1, COMPARE_A, COMPARE_B = 0xA0, 0xA4, 0xA8, 0xD4, 0xE4
STATUS, FLAGS, MASK = 0x114, 0x118, 0x11C
ENABLE, DOWN = 1, 1 << 8
DRIVER_EN, DISABLE_VAL, COMPARE_EN, START_VAL = 1 << 8, 1 << 9, 1 << 11, 1 << 4
FLAG_A, FLAG_B, UNDERFLOW, OVERFLOW = 1 << 2, 1 << 4, 1 << 6, 1 << 7
COUNT = 2.5
"""ns at 400 MHz."""


class Channel:
    """A channel of UTIMER: its block, and its bits in the global registers."""

    def __init__(self, number: int, *, period: int = 1000, control: int = ENABLE) -> None:
        self.bench, self.number = Bench(), number
        self.timer = Utimer(self.bench.system, name="utimer")
        self.timer.reset(ResetCause.POWER_ON)
        self.bit = 1 << number
        self.w(CLOCKS, self.bit)
        for source in (0x04, 0x0C, 0x14):
            self.set(source, 1 << 31)
        self.set(PTR, period - 1)
        self.set(CNTR_CTRL, control)

    def w(self, offset: int, value: int) -> None:
        self.timer.write(offset, value)

    def set(self, offset: int, value: int) -> None:
        self.timer.write(0x1000 * (self.number + 1) + offset, value)

    def get(self, offset: int) -> int:
        return self.timer.read(0x1000 * (self.number + 1) + offset)

    def counts(self, number: int) -> None:
        """Let so many counts pass, an even number."""
        self.bench.clock.advance(int(number * COUNT))


# -- UTIMER ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(16))
def test_each_channel_obeys_its_bits(number: int) -> None:
    channel = Channel(number)
    channel.w(START, 0xFFFF_FFFF)
    assert channel.timer.read(START) == 0
    assert channel.timer.read(RUNNING) == channel.timer.peek(RUNNING) == channel.bit
    channel.counts(100)
    assert [channel.timer.peek(0x1000 * n + CNTR) for n in range(1, 17)] == [
        100 * (n == number) for n in range(16)
    ]
    channel.w(CLEAR, 0xFFFF_FFFF & ~channel.bit)
    assert channel.get(CNTR) == 100
    channel.w(CLEAR, channel.bit)
    assert (channel.get(CNTR), channel.timer.read(CLEAR)) == (0, 0)
    channel.counts(100)
    channel.w(STOP, 0xFFFF_FFFF & ~channel.bit)
    assert channel.timer.read(RUNNING) == channel.bit
    channel.w(STOP, channel.bit)
    assert (channel.timer.read(RUNNING), channel.timer.read(STOP)) == (0, 0)
    channel.counts(100)
    assert channel.get(CNTR) == 100
    quadrature = ["channels 12 to 15: quadrature counting"] * (number >= 12)
    assert [gap.what for gap in channel.bench.gaps] == quadrature


@pytest.mark.parametrize("spoil", [(CLOCKS, 0), (0x1000 * 6 + CNTR_CTRL, 0), (STOP, 1 << 5)])
def test_a_channel_counts_with_clock_enable_and_start(spoil: tuple[int, int]) -> None:
    channel = Channel(5)
    assert channel.get(STATUS) == 0
    channel.w(START, channel.bit)
    assert channel.get(STATUS) == 1 << 14
    channel.counts(10)
    channel.w(*spoil)
    channel.counts(10)
    assert (channel.get(CNTR), channel.get(STATUS), channel.timer.read(RUNNING)) == (10, 0, 0)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        ((0x1000 * 6 + CNTR_CTRL, 0), "bit 0 of CNTR_CTRL[5]"),
        ((CLOCKS, 0xFFFF & ~(1 << 5)), "bit 5 of GLB_CLOCK_ENABLE"),
        ((STOP, 1 << 5), "nothing has started it"),
    ],
)
def test_why_a_counter_stands(spoil: tuple[int, int], word: str) -> None:
    channel = Channel(5)
    channel.w(START, channel.bit)
    channel.w(*spoil)
    assert word in channel.timer.why_it_stands(5)


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize(
    ("bit", "control"),
    [(2, ENABLE), (4, ENABLE), (7, ENABLE), (2, ENABLE | DOWN), (6, ENABLE | DOWN)],
)
def test_each_event_has_its_flag_its_mask_and_its_line(number: int, bit: int, control: int) -> None:
    """Interrupt 8 * channel + bit: 2 and 4 the compare values, 6 underflow, 7 overflow."""
    channel = Channel(number, control=control)
    channel.set(COMPARE_CTRL_A, COMPARE_EN * (bit == 2))
    channel.set(COMPARE_CTRL_B, COMPARE_EN * (bit == 4))
    channel.set(COMPARE_A, 400)
    channel.set(COMPARE_B, 600)
    counts = {2: 400, 4: 600, 6: 1000, 7: 1000}[bit]
    if control & DOWN:
        channel.set(CNTR, 999)
        counts = {2: 599, 6: 1000}[bit]
    channel.set(MASK, 0xFF & ~(1 << bit))
    channel.w(START, channel.bit)
    channel.bench.clock.advance(ceil(counts * COUNT) - 1)
    assert (channel.get(FLAGS), levels(channel.timer)) == (0, set())
    channel.bench.clock.advance(1)
    assert levels(channel.timer) == {8 * number + bit}
    assert channel.get(FLAGS) == 1 << bit
    channel.set(FLAGS, 0xFF & ~(1 << bit))
    assert levels(channel.timer) == {8 * number + bit}
    channel.set(MASK, 0xFF)
    assert levels(channel.timer) == set()
    channel.set(MASK, 0)
    channel.set(FLAGS, 1 << bit)
    assert (channel.get(FLAGS), levels(channel.timer)) == (0, set())


@pytest.mark.parametrize(("value", "comes"), [(0, True), (999, True), (1000, False)])
@pytest.mark.parametrize("control", [COMPARE_EN, 0])
def test_a_compare_value_lies_within_the_period(value: int, comes: bool, control: int) -> None:
    channel = Channel(0)
    channel.set(COMPARE_CTRL_A, control)
    channel.set(COMPARE_CTRL_B, control)
    channel.set(COMPARE_A, value)
    channel.set(COMPARE_B, value)
    channel.w(START, 1)
    channel.counts(2000)
    both = FLAG_A | FLAG_B if comes and control else 0
    assert channel.get(FLAGS) == OVERFLOW | both


def test_a_match_that_is_enabled_late_comes_from_then_on() -> None:
    channel = Channel(3)
    channel.set(COMPARE_A, 400)
    channel.w(START, channel.bit)
    channel.counts(500)
    channel.set(COMPARE_CTRL_A, COMPARE_EN)
    assert channel.get(FLAGS) == 0
    channel.counts(898)
    assert channel.get(FLAGS) == OVERFLOW
    channel.counts(2)
    assert channel.get(FLAGS) == OVERFLOW | FLAG_A


def test_an_event_that_is_acknowledged_comes_a_round_later() -> None:
    channel = Channel(3)
    channel.set(COMPARE_CTRL_A, COMPARE_EN)
    channel.set(COMPARE_A, 400)
    channel.set(MASK, 0xFF & ~FLAG_A)
    channel.w(START, channel.bit)
    for _ in range(3):
        channel.counts(400)
        assert levels(channel.timer) == {26}
        channel.set(FLAGS, FLAG_A)
        channel.counts(598)
        assert levels(channel.timer) == set()
        channel.counts(2)


def test_the_count_goes_on_when_it_turns_round() -> None:
    channel = Channel(2)
    channel.w(START, channel.bit)
    channel.counts(300)
    channel.set(CNTR_CTRL, ENABLE | DOWN)
    assert (channel.get(CNTR), channel.get(STATUS)) == (300, 1 << 14 | 1 << 15)
    channel.counts(100)
    assert channel.get(CNTR) == 200
    channel.set(CNTR_CTRL, ENABLE)
    channel.counts(100)
    assert (channel.get(CNTR), channel.get(STATUS)) == (300, 1 << 14)


@pytest.mark.parametrize("control", [ENABLE, ENABLE | DOWN])
def test_a_count_can_be_set(control: int) -> None:
    channel = Channel(2, control=control)
    channel.w(START, channel.bit)
    channel.set(CNTR, 500)
    channel.counts(100)
    assert channel.get(CNTR) == (400 if control & DOWN else 600)


def test_another_period_begins_at_once() -> None:
    channel = Channel(2)
    channel.w(START, channel.bit)
    channel.counts(300)
    channel.set(PTR, 399)
    channel.counts(200)
    assert channel.get(CNTR) == 100


@pytest.mark.parametrize(
    ("control", "period"),
    [(1 << 1 | 1 << 20, 400), (1 << 1, 1000), (1 << 20, 1000), (0, 1000), (1 << 2 | 1 << 20, 1000)],
)
@pytest.mark.parametrize("control_first", [False, True])
def test_a_buffered_period(control: int, period: int, control_first: bool) -> None:
    """BUF_OP_CTRL: CNTR_BUF_EN 1, CNTR_BUF_OP 20."""
    channel = Channel(2)
    pairs = [(BUF_OP, control), (PTR_BUF1, 399)]
    channel.w(START, channel.bit)
    for offset, value in pairs if control_first else reversed(pairs):
        channel.set(offset, value)
    channel.counts(1100)
    assert channel.get(CNTR) == 1100 % period


def test_what_the_tick_of_micropython_touches_ends_no_wait() -> None:
    touched = (CNTR, COMPARE_A, COMPARE_B, FLAGS, MASK)
    assert {0x1000 * n + at for n in range(1, 17) for at in touched} == Utimer.NEUTRAL


def test_alarms_of_several_channels() -> None:
    """The first one is the alarm; each comes at its time."""
    channel = Channel(0)
    for number, period in ((0, 1000), (1, 700), (2, 1700)):
        channel.number = number
        for source in (0x04, 0x0C, 0x14):
            channel.set(source, 1 << 31)
        channel.set(PTR, period - 1)
        channel.set(CNTR_CTRL, ENABLE)
        channel.set(MASK, 0xFF & ~OVERFLOW)
    channel.w(CLOCKS, 7)
    channel.w(START, 7)
    (deadline,) = (a.deadline for a in channel.bench.clock.alarms if a.deadline is not None)
    assert deadline == 1750
    seen = []
    for _ in range(9):
        channel.counts(200)
        seen.append(sorted(levels(channel.timer)))
    assert seen == [[], [], [], [15], [7, 15], [7, 15], [7, 15], [7, 15], [7, 15, 23]]


# -- outputs ---------------------------------------------------------------------------------------


def acted(level: bool, action: int) -> bool:
    return (level, False, True, not level)[action]


@pytest.mark.parametrize("actions", list(product(range(4), range(4), (0, 1))))
@pytest.mark.parametrize("compare", [0, 1, 3, 9, 10, 11])
def test_levels_of_a_driver_count_by_count(actions: tuple[int, int, int], compare: int) -> None:
    """DRV_MATCH and DRV_CYCLE_END: 0 keep, 1 low, 2 high, 3 toggle. A period of ten counts, from
    the fourth on against the drawn levels; a period may be two of them where the driver toggles."""
    match, end, start = actions
    control = DRIVER_EN | COMPARE_EN | START_VAL * start | end << 2 | match
    found = pulse(control, compare, 10)
    assert found.period in (10, 20)
    level, drawn = bool(start), []
    for count in range(60):
        if count % 10 == 0 and count:
            level = acted(level, end)
        if count % 10 == compare:
            level = acted(level, match)
        drawn.append(level)
    for count in range(40, 60):
        at = count % found.period
        if found.rise <= found.fall:
            shown = found.rise <= at < found.fall
        else:
            shown = not found.fall <= at < found.rise
        assert shown == drawn[count], (count, found)


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        (DISABLE_VAL, Pulse(0, 10, 10)),
        (START_VAL | COMPARE_EN | 3, Pulse(0, 0, 10)),
        (DRIVER_EN | START_VAL, Pulse(0, 10, 10)),
        (DRIVER_EN | START_VAL | 1, Pulse(0, 10, 10)),  # no match without COMPARE_EN
        (DRIVER_EN, Pulse(0, 0, 10)),
    ],
)
def test_a_driver_without_edges(control: int, expected: Pulse) -> None:
    assert pulse(control, 4, 10) == expected


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("driver", ["A", "B"])
def test_frequency_and_duty_of_each_driver(number: int, driver: str) -> None:
    channel = Channel(number)
    control, compare = {"A": (COMPARE_CTRL_A, COMPARE_A), "B": (COMPARE_CTRL_B, COMPARE_B)}[driver]
    channel.set(control, DRIVER_EN | COMPARE_EN | 2 << 2 | 1)
    channel.set(compare, 250)
    timer, bit = channel.timer, 1 << 2 * number + (driver == "B")
    channel.w(OEN, 0xFF_FFFF & ~bit)
    assert (timer.frequency(number, driver), timer.duty(number, driver)) == (0.0, 0.0)
    channel.w(START, channel.bit)
    assert (timer.frequency(number, driver), timer.duty(number, driver)) == (400_000.0, 0.25)
    other = "B" if driver == "A" else "A"
    assert (timer.frequency(number, other), timer.duty(number, other)) == (0.0, 0.0)
    channel.w(OEN, 0xFF_FFFF)
    assert (timer.frequency(number, driver), timer.duty(number, driver)) == (0.0, 0.0)


def test_the_duty_of_a_driver_that_is_high_over_the_cycles_end() -> None:
    channel = Channel(0)
    channel.set(COMPARE_CTRL_A, DRIVER_EN | COMPARE_EN | 3)
    channel.set(COMPARE_A, 250)
    channel.w(START, 1)
    assert channel.timer.duty(0) == 0.5
    channel.set(COMPARE_CTRL_A, DRIVER_EN | COMPARE_EN | 1 << 2 | 2)
    assert channel.timer.duty(0) == 0.75


@pytest.mark.parametrize(("number", "driver"), [(-1, "A"), (12, "A"), (0, "C"), (0, "a")])
def test_outputs_that_are_not_there(number: int, driver: str) -> None:
    with pytest.raises(ValueError, match="expected channel 0 to 11, driver A or B"):
        Channel(0).timer.frequency(number, driver)


@pytest.mark.parametrize(
    ("pad", "function", "signal"),
    [
        ((0, 0), 4, "0A"), ((0, 4), 5, "2A"), ((2, 7), 4, "11B"), ((5, 0), 6, "0A"),
        ((5, 3), 5, "1B"), ((7, 4), 6, "10A"), ((7, 7), 7, "11B"), ((7, 5), 7, "10B"),
        ((11, 7), 5, "7B"), ((12, 4), 3, "10A"), ((12, 7), 4, "11B"), ((10, 4), 5, "2A"),
    ],
)  # fmt: skip
def test_pads_of_outputs(pad: tuple[int, int], function: int, signal: str) -> None:
    """MicroPython's ensemble_pin_alt.csv: UTn_T0 is driver A, UTn_T1 B; the AF is the column."""
    port, pin = pad
    assert {f: s for (p, f), s in PADS.items() if p == 8 * port + pin} == {function: signal}
