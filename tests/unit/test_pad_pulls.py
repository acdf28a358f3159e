"""Pulls and open drains, as the pads' control registers say.

i.MX RT: IMXRT1060RM, chapter IOMUXC, SW_PAD_CTL_PAD: PUS 15:14, PUE 13, PKE 12, ODE 11. Alif:
pinconf.h of its Ensemble CMSIS DFP.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from xipsim.peripherals.alif.gpio import Gpio as AlifGpio
from xipsim.peripherals.alif.pinmux import Pinmux
from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.iomuxc import Iomuxc, pad_of
from xipsim.peripherals.pads import Pads


class Pad(NamedTuple):
    """Pins 0 and 1 of a port, and how each kind sets up its pads."""

    bench: Bench
    mux: Peripheral
    port: Pads
    control: int
    """Offset of pin 0's control register; pin 1's follows it."""
    up: int
    down: int
    floating: int
    drain: int
    data: int
    direction: int

    def set(self, pin: int, value: int) -> None:
        self.mux.write(self.control + 4 * pin, value)

    def put(self, directions: int, data: int) -> None:
        self.port.write(self.data, data)
        self.port.write(self.direction, directions)

    @property
    def levels(self) -> tuple[int, int]:
        return self.port.level(0), self.port.level(1)


def imxrt() -> Pad:
    bench = Bench()
    port = Gpio(bench.system, name="gpio4")
    mux = Iomuxc(bench.system, gpio4=port)
    mux.reset(ResetCause.POWER_ON)
    control = 0x204 + 4 * pad_of("EMC_00")
    return Pad(bench, mux, port, control, 0xF000, 0x3000, 0, 0x800, data=0x00, direction=0x04)


def alif() -> Pad:
    bench = Bench()
    mux = Pinmux(bench.system)
    port = AlifGpio(bench.system, name="gpio0", pinmux=mux, port=0)
    port.connected()
    up, down, drain = (bits << 16 for bits in (0x08, 0x10, 0x80))
    return Pad(bench, mux, port, 0x00, up, down, 0, drain, data=0x00, direction=0x04)


@pytest.fixture(params=[imxrt, alif])
def pad(request: pytest.FixtureRequest) -> Pad:
    made: Pad = request.param()
    return made


def test_an_input_follows_its_pull(pad: Pad) -> None:
    assert pad.levels == (1, 1), "nothing pulls: as with a pull-up outside"
    pad.set(0, pad.down)
    assert pad.levels == (0, 1)
    pad.set(0, pad.up)
    assert pad.levels == (1, 1)
    pad.set(0, pad.down)
    pad.port.drive(0, True)
    assert pad.levels == (1, 1), "a button to 3.3 V"
    pad.port.release(0)
    pad.set(0, pad.floating)
    assert pad.levels == (1, 1)


@pytest.mark.parametrize(
    ("value", "level"),
    [
        *((0x1000, 1), (0x2000, 1), (0x0000, 1)),  # keeper, pull without enable, nothing
        *((0x3000, 0), (0x7000, 1), (0xB000, 1), (0xF000, 1)),  # 100K down; 47K, 100K, 22K up
    ],
)
def test_what_pulls_on_the_imxrt(value: int, level: int) -> None:
    pad = imxrt()
    pad.set(0, value)
    assert pad.levels[0] == level


def test_the_alif_s_bus_repeater_pulls_nowhere() -> None:
    pad = alif()
    pad.set(0, pad.up | pad.down)
    assert pad.levels[0] == 1


def test_the_boot_mode_pins_are_pulled_down_at_reset() -> None:
    """IMXRT1060RM: SW_PAD_CTL_PAD_GPIO_AD_B0_04 and 05 are 0x30B0 then; firmware changes them."""
    bench = Bench()
    port = Gpio(bench.system, name="gpio1")
    mux = Iomuxc(bench.system, gpio1=port)
    mux.reset(ResetCause.POWER_ON)
    assert [port.level(pin) for pin in (3, 4, 5, 6)] == [1, 0, 0, 1]
    mux.write(0x204 + 4 * pad_of("AD_B0_04"), 0xF000)
    assert port.level(4) == 1
    mux.reset(ResetCause.SOFTWARE)
    assert port.level(4) == 0


def test_a_high_open_drain_is_no_output(pad: Pad) -> None:
    pad.set(0, pad.drain | pad.up)
    pad.put(0b01, 0b01)
    assert pad.levels == (1, 1)
    pad.port.drive(0, False)
    assert pad.levels == (0, 1), "somebody else holds it low"
    assert not pad.port.lines["0"].level
    pad.port.release(0)
    assert pad.levels == (1, 1) and pad.port.lines["0"].level
    pad.put(0b01, 0b00)
    assert pad.levels == (0, 1) and not pad.port.lines["0"].level


def test_two_open_drains_on_a_wire(pad: Pad) -> None:
    """Low while either holds it; high by the pull of one of them."""
    pad.port.join(0, pad.port, 1)
    pad.set(0, pad.drain | pad.up)
    pad.set(1, pad.drain)
    for data, level in ((0b11, 1), (0b10, 0), (0b01, 0), (0b00, 0), (0b11, 1)):
        pad.put(0b11, data)
        assert pad.levels == (level, level), bin(data)


def test_a_wire_has_the_pull_of_its_other_end(pad: Pad) -> None:
    pad.port.join(0, pad.port, 1)
    pad.set(0, pad.down)
    assert pad.levels == (0, 0)
    pad.set(1, pad.up)
    assert pad.levels == (0, 1), "an assumption: each end its own"
    pad.set(0, pad.floating)
    assert pad.levels == (1, 1)


def test_the_other_port_of_a_wire_is_told_of_a_pull() -> None:
    pad = imxrt()
    other = Gpio(pad.bench.system, name="gpio1")
    pad.port.join(0, other, 7)
    pad.set(0, pad.down)
    assert other.read(0x08) >> 7 & 1 == 0, "PSR"
    pad.set(0, pad.up)
    assert other.read(0x08) >> 7 & 1 == 1


def test_a_port_keeps_its_pulls_over_its_reset(pad: Pad) -> None:
    """They are the multiplexer's, which has a reset of its own."""
    pad.set(0, pad.down)
    pad.port.reset(ResetCause.SOFTWARE)
    assert pad.levels == (0, 1)
    saved = pad.port.save()
    pad.set(0, pad.up)
    pad.port.load(saved)
    assert pad.port.level(0) == 0
