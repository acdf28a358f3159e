"""Edges of FlexPWM and quad timers at wires: D2 to D3 of the Teensys, and D11 to D12.

Pads and modes: fsl_iomuxc.h. Times: the registers, at an IPG clock of 150 MHz.
"""

from __future__ import annotations

import pytest
from wire_edges import edges

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexpwm import FlexPwm
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.iomuxc import Iomuxc, pad_of
from xipsim.peripherals.imxrt.qtmr import Qtmr
from xipsim.peripherals.wave_pins import Wave

CTRL2, CTRL, VAL1, VAL2, VAL3, OCTRL = 0x04, 0x06, 0x0E, 0x12, 0x16, 0x22
OUTEN, MASK, MCTRL = 0x180, 0x182, 0x188
COMP1, COMP2, TIMER_CTRL, SCTRL, CMPLD1, CMPLD2, CSCTRL = 0x00, 0x02, 0x0C, 0x0E, 0x10, 0x12, 0x14
GPIO = 5


class Wired:
    """A pad that a block may have, wired to pin 31 of the same port, whose edges are recorded."""

    def __init__(self, pad: str, pin: int, *, is_wired: bool = True) -> None:
        self.bench = Bench()
        system = self.bench.system
        self.gpio = Gpio(system, name="gpio")
        self.iomuxc = Iomuxc(system, gpio2=self.gpio, gpio4=self.gpio)
        if is_wired:
            self.gpio.join(pin, self.gpio, 31)
        self._mux = 0x14 + 4 * pad_of(pad)

    def mux(self, mode: int) -> None:
        self.iomuxc.write(self._mux, mode)

    @property
    def level(self) -> int:
        """What firmware reads at the other end."""
        return self.gpio.read(0x08) >> 31

    def edges(self, duration: int) -> list[tuple[int, int]]:
        """What changes at the other end."""
        return edges(self.bench, lambda: self.level, duration)


class Pwm(Wired):
    """FLEXPWM4, submodule 2, output A, at EMC_04 (ALT1): 1 kHz, 37500 counts of 4 clocks."""

    def __init__(self, *, is_wired: bool = True) -> None:
        super().__init__("EMC_04", 4, is_wired=is_wired)
        self.pwm = FlexPwm(self.bench.system, name="pwm4", iomuxc=self.iomuxc, number=4)
        for offset, value in ((CTRL2, 1 << 13), (CTRL, 0x400 | 2 << 4), (VAL1, 37499)):
            self.set(offset, value)
        self.pwm.write(OUTEN, 0x400, 2)

    def set(self, offset: int, value: int) -> None:
        self.pwm.write(2 * 0x60 + offset, value, 2)

    def start(self, rise: int, fall: int) -> None:
        self.set(VAL2, rise)
        self.set(VAL3, fall)
        self.pwm.write(MCTRL, 0x404, 2)


def test_edges_come_when_the_registers_say() -> None:
    """Up at 7500 counts (200 us), down at 22500 (600 us)."""
    wired = Pwm()
    wired.mux(1)
    assert wired.level == 1, "nothing drives it yet: its pull"
    wired.start(7500, 22500)
    assert wired.level == 0
    assert wired.edges(2_000_000) == [
        *((200_000, 1), (600_000, 0)),
        *((1_200_000, 1), (1_600_000, 0)),
    ]


def test_a_pin_that_is_given_later_has_its_edges_from_then_on() -> None:
    wired = Pwm()
    wired.start(7500, 22500)
    assert wired.edges(500_000) == [] and wired.level == 1
    wired.mux(1)
    assert wired.edges(500_000) == [(600_000, 0)]
    wired.mux(GPIO)
    assert wired.edges(2_000_000) == [] and wired.level == 1


def test_what_stops_or_turns_the_wave() -> None:
    wired = Pwm()
    wired.mux(1)
    wired.start(7500, 22500)
    wired.set(OCTRL, 1 << 10)
    assert wired.level == 1
    assert wired.edges(1_000_000) == [(200_000, 0), (600_000, 1)]
    wired.pwm.write(MASK, 0x400, 2)
    assert wired.level == 1 and wired.edges(1_000_000) == [], "masked low, then inverted"
    wired.pwm.write(MASK, 0, 2)
    wired.set(OCTRL, 0)
    assert wired.level == 0
    wired.pwm.write(OUTEN, 0, 2)
    assert wired.level == 1 and wired.edges(1_000_000) == []
    wired.pwm.write(OUTEN, 0x400, 2)
    assert wired.level == 0
    wired.pwm.reset(ResetCause.SOFTWARE)
    assert wired.level == 1 and wired.edges(1_000_000) == []


@pytest.mark.parametrize(("rise", "fall", "level"), [(0, 37500, 1), (18750, 18750, 0)])
def test_full_and_no_duty_have_no_edges(rise: int, fall: int, level: int) -> None:
    wired = Pwm()
    wired.mux(1)
    wired.start(rise, fall)
    assert wired.level == level and wired.edges(3_000_000) == []
    assert all(alarm.deadline is None for alarm in wired.bench.clock.alarms)


def test_nobody_listens_nothing_happens() -> None:
    """A pin without a wire has its level, but no alarms."""
    wired = Pwm(is_wired=False)
    wired.mux(1)
    wired.start(7500, 22500)
    assert all(alarm.deadline is None for alarm in wired.bench.clock.alarms)
    seen = []
    for _ in range(4):
        seen.append(wired.gpio.level(4))
        wired.bench.clock.advance(250_000)
    assert seen == [0, 1, 1, 0]


def test_edges_interrupt() -> None:
    """IMR, and ICR2 for the falling edge of pin 31."""
    wired = Pwm()
    wired.gpio.write(0x10, 3 << 30)
    wired.gpio.write(0x14, 1 << 31)
    wired.mux(1)
    wired.start(7500, 22500)
    wired.gpio.write(0x18, 0xFFFF_FFFF)
    wired.bench.clock.advance(599_999)
    assert not wired.gpio.HIGH.level
    wired.bench.clock.advance(1)
    assert wired.gpio.HIGH.level


def test_another_block_of_the_kind_does_not_have_the_pin() -> None:
    wired = Pwm()
    other = FlexPwm(wired.bench.system, name="pwm1", iomuxc=wired.iomuxc, number=1)
    wired.mux(1)
    other.write(OUTEN, 0x400, 2)
    other.write(MCTRL, 0x404, 2)
    assert wired.level == 1, "the pull: FLEXPWM4 does not run"


def test_a_state_that_is_put_back_goes_on() -> None:
    wired, other = Pwm(), Pwm()
    wired.mux(1)
    wired.start(7500, 22500)
    wired.edges(300_000)
    other.bench.clock.now = 300_000
    for source, target in ((wired.iomuxc, other.iomuxc), (wired.pwm, other.pwm)):
        target.load(source.save())
    other.gpio.load(wired.gpio.save())
    assert other.edges(1_000_000) == wired.edges(1_000_000) == [(600_000, 0), (1_200_000, 1)]


def test_a_quad_timer() -> None:
    """TMR1's timer 2 at B0_02 (ALT1): 75 MHz, 28124 + 1 counts low (375 us), 9374 + 1 high."""
    wired = Wired("B0_02", 2)
    qtmr = Qtmr(wired.bench.system, name="tmr1", iomuxc=wired.iomuxc, number=1)
    wired.mux(1)
    for offset, value in (
        *((COMP1, 28124), (COMP2, 9374), (CMPLD1, 28124), (CMPLD2, 9374)),
        *((CSCTRL, 2 | 1 << 2), (SCTRL, 1), (TIMER_CTRL, 1 << 13 | 9 << 9 | 0x20 | 4)),
    ):
        qtmr.write(0x40 + offset, value, 2)
    assert wired.level == 0
    assert wired.edges(1_000_000) == [(375_000, 1), (500_000, 0), (875_000, 1), (1_000_000, 0)]
    qtmr.write(0x40 + TIMER_CTRL, 1 << 13 | 9 << 9 | 0x20 | 2, 2)
    assert wired.level == 1 and wired.edges(1_000_000) == [], "set at a comparison"


@pytest.mark.parametrize("inverts", [False, True])
@pytest.mark.parametrize(("rise", "fall"), [(2, 5), (5, 2), (0, 3), (3, 7), (6, 0)])
def test_level_and_edges_of_a_wave_agree(rise: int, fall: int, inverts: bool) -> None:
    """Seven counts of a third of a microsecond, which is no whole number of ns."""
    wave = Wave(3_000_000, 1, 17, 7, rise, fall, inverts)
    changes = [t for t in range(18, 9000) if wave.level(t) != wave.level(t - 1)]
    edges, now = [], 17
    while (edge := wave.next_edge(now)) is not None and edge < 9000:
        edges.append(now := edge)
    assert edges == changes


@pytest.mark.parametrize(
    ("pad", "mode", "number", "channel", "submodule"),
    [
        ("AD_B0_00", 0, 2, "A", 3),
        ("AD_B0_11", 1, 1, "B", 3),
        ("B1_14", 1, 4, "A", 2),
        ("EMC_00", 1, 4, "A", 0),
        ("EMC_22", 1, 3, "B", 3),
        ("SD_B0_05", 1, 1, "B", 2),
        ("B0_06", 2, 2, "A", 0),
        ("B0_11", 2, 2, "B", 2),
        ("SD_B1_03", 2, 2, "B", 3),
        ("AD_B0_02", 4, 1, "X", 0),
        ("AD_B0_13", 4, 1, "X", 3),
        ("EMC_13", 4, 1, "B", 3),
        ("B1_00", 6, 1, "A", 3),
        ("B1_03", 6, 2, "B", 3),
    ],
)
def test_outputs_by_pad_and_mode(
    pad: str, mode: int, number: int, channel: str, submodule: int
) -> None:
    """IOMUXC_GPIO_..._FLEXPWMn_PWM... of fsl_iomuxc.h. A masked output is low, or by its polarity
    high; with any other mode the pad does not follow it."""
    bench = Bench()
    ports = {f"gpio{n}": Gpio(bench.system, name=f"gpio{n}") for n in range(1, 5)}
    iomuxc = Iomuxc(bench.system, **ports)
    pwm = FlexPwm(bench.system, name="pwm", iomuxc=iomuxc, number=number)
    for offset, value in ((OUTEN, 0xFFF), (MASK, 0xFFF), (MCTRL, 0xF00)):
        pwm.write(offset, value, 2)
    port, pin = iomuxc_place(pad)
    for select in range(8):
        iomuxc.write(0x14 + 4 * pad_of(pad), select)
        seen = []
        for polarity in (0, 1, 0):
            pwm.write(0x60 * submodule + OCTRL, polarity << 8 + "XBA".index(channel), 2)
            seen.append(ports[f"gpio{port}"].level(pin))
        assert (seen == [0, 1, 0]) == (select == mode), select


def iomuxc_place(pad: str) -> tuple[int, int]:
    """Port and pin: IMXRT1060RM, table 10-1."""
    bank, _, number = pad.rpartition("_")
    port, first = {
        "EMC": (4, 0), "AD_B0": (1, 0), "AD_B1": (1, 16), "B0": (2, 0), "B1": (2, 16),
        "SD_B0": (3, 12), "SD_B1": (3, 0),
    }[bank]  # fmt: skip
    return port, first + int(number)


def test_both_outputs_of_a_complementary_pair() -> None:
    """EMC_05 is B of the same submodule, in ALT1: the opposite of A."""
    wired = Pwm()
    wired.gpio.join(5, wired.gpio, 30)
    wired.set(CTRL2, 0)
    wired.pwm.write(OUTEN, 0x440, 2)
    wired.mux(1)
    wired.iomuxc.write(0x14 + 4 * pad_of("EMC_05"), 1)
    wired.start(7500, 22500)
    seen = edges(wired.bench, lambda: wired.gpio.read(0x08) >> 30, 1_000_000)
    assert seen == [(200_000, 0b10), (600_000, 0b01)]
