"""Pins of a port: who drives them, who watches them, who has them, and what is wired to them."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.misc import Button, Led

DR, GDIR, PSR, IMR, ISR, EDGE_SEL = 0x00, 0x04, 0x08, 0x14, 0x18, 0x1C
ALL = 0xFFFF_FFFF
PINS = (0, 1, 15, 16, 31)


def port(**parameters: int) -> Gpio:
    return Gpio(Bench().system, name="gpio1", **parameters)


@pytest.mark.parametrize("pulls", [0, ALL, 0x1234_5678])
@pytest.mark.parametrize("pin", PINS)
def test_a_pin_is_driven_alone(pulls: int, pin: int) -> None:
    gpio, bit = port(pulls=pulls), 1 << pin
    gpio.reset(ResetCause.POWER_ON)
    assert gpio.read(PSR) == pulls
    for level in (True, False, True):
        gpio.drive(pin, level)
        assert gpio.read(PSR) == (pulls | bit if level else pulls & ~bit)
        assert gpio.level(pin) == level
    gpio.release(pin)
    assert gpio.read(PSR) == pulls
    gpio.on_input(pin, not pulls & bit)
    assert gpio.read(PSR) == pulls ^ bit


@pytest.mark.parametrize("pin", PINS)
def test_an_output_wins_against_who_drives_it(pin: int) -> None:
    """An assumption; the driver counts again when the pin is an input again."""
    gpio, bit = port(pulls=0), 1 << pin
    gpio.drive(pin, True)
    gpio.write(GDIR, bit)
    assert (gpio.level(pin), gpio.direction(pin)) == (0, "out")
    gpio.write(DR, bit)
    assert gpio.level(pin) == 1 and gpio.PADS[pin].level
    gpio.drive(pin, False)
    assert gpio.level(pin) == 1
    gpio.write(GDIR, 0)
    assert (gpio.level(pin), gpio.direction(pin)) == (0, "in") and not gpio.PADS[pin].level
    others = [n for n in range(32) if n != pin]
    assert not any(gpio.PADS[n].level or gpio.level(n) for n in others)


@pytest.mark.parametrize("pin", [-1, 32])
def test_pins_that_are_not_there(pin: int) -> None:
    gpio = port()
    for use in (
        lambda: gpio.drive(pin, True),
        lambda: gpio.release(pin),
        lambda: gpio.level(pin),
        lambda: gpio.direction(pin),
        lambda: gpio.watch(pin, lambda level: None),
        lambda: gpio.join(pin, gpio, 0),
        lambda: gpio.join(0, gpio, pin),
    ):
        with pytest.raises(ValueError, match=f"gpio1: expected a pin from 0 to 31, given {pin}"):
            use()
    assert gpio.pins == 32


# -- who watches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", PINS)
def test_a_watcher_is_told_of_each_change_of_its_pin(pin: int) -> None:
    gpio, seen, other = port(pulls=0), [], []
    gpio.drive(pin, True)
    gpio.watch(pin, seen.append)
    gpio.watch(pin, other.append)
    gpio.watch(7, lambda level: None)
    assert seen == other == [True]
    for level in (True, False, False, True):
        gpio.drive(pin, level)
    gpio.drive(9, True)
    gpio.write(GDIR, 1 << pin)
    gpio.write(DR, 1 << pin)
    assert seen == other == [True, False, True, False, True]


def test_a_watcher_that_moves_its_own_pin_and_another() -> None:
    """Each is told of each, in turn."""
    gpio, seen = port(pulls=0), []

    def one(level: bool) -> None:
        seen.append(("one", level))
        if level:
            gpio.drive(1, False)
            gpio.drive(2, True)

    gpio.watch(1, one)
    gpio.watch(2, lambda level: seen.append(("two", level)))
    seen.clear()
    gpio.drive(1, True)
    assert seen.count(("one", True)) == seen.count(("one", False)) == 1
    assert seen.count(("two", True)) == 1 and len(seen) == 3
    assert (gpio.level(1), gpio.level(2)) == (0, 1)


# -- who has a pin ---------------------------------------------------------------------------------


class Function:
    """Of another block: drives what it is told, and notes what it sees."""

    def __init__(self, level: bool | None = None) -> None:
        self.level = level
        self.saw: list[bool] = []

    def driving(self) -> bool | None:
        return self.level

    def seen(self, level: bool) -> None:
        self.saw.append(level)


@pytest.mark.parametrize("pin", PINS)
def test_a_pin_that_another_block_has(pin: int) -> None:
    """It is an output while that puts out a level, whatever the port's registers say."""
    gpio, function, bit = port(pulls=0), Function(), 1 << pin
    gpio.write(DR, ALL)
    gpio.write(GDIR, bit)
    gpio.lend(pin, function)
    gpio.settle()
    assert (gpio.level(pin), gpio.direction(pin), function.saw) == (0, "in", [False])
    assert gpio.function(pin) is function and gpio.function((pin + 1) % 32) is None
    for level in (True, False):
        function.level = level
        gpio.settle()
        assert (gpio.level(pin), gpio.direction(pin)) == (level, "out")
        assert function.saw[-1] == level
    gpio.write(GDIR, 0)
    function.level = None
    gpio.drive(pin, True)
    assert gpio.level(pin) == 1 and function.saw[-1] is True
    gpio.lend(pin, None)
    gpio.write(GDIR, bit)
    gpio.release(pin)
    assert (gpio.level(pin), gpio.direction(pin)) == (1, "out") and gpio.function(pin) is None
    gpio.lend(pin, None)


# -- what a pad is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize("pulls", [0, ALL])
def test_a_pull_of_its_own(pin: int, pulls: int) -> None:
    gpio, bit = port(pulls=pulls), 1 << pin
    gpio.reset(ResetCause.POWER_ON)
    for pull in (True, False, None, False, True, None):
        gpio.set_up(pin, pull=pull, open_drain=False)
        own = pulls if pull is None else pulls | bit if pull else pulls & ~bit
        assert gpio.read(PSR) == own
    gpio.set_up(pin, pull=False, open_drain=False)
    gpio.drive(pin, True)
    assert gpio.read(PSR) == pulls | bit


@pytest.mark.parametrize("pin", PINS)
def test_an_open_drain(pin: int) -> None:
    """Low is an output, high is none."""
    gpio, bit = port(pulls=ALL), 1 << pin
    gpio.set_up(pin, pull=None, open_drain=True)
    gpio.write(GDIR, ALL)
    gpio.write(DR, ALL)
    gpio.drive(pin, False)
    assert gpio.read(PSR) == ALL & ~bit and gpio.direction(pin) == "in"
    gpio.release(pin)
    gpio.write(DR, ALL & ~bit)
    assert gpio.read(PSR) == ALL & ~bit and gpio.direction(pin) == "out"
    gpio.set_up(pin, pull=None, open_drain=False)
    gpio.write(DR, ALL)
    gpio.drive(pin, False)
    assert gpio.read(PSR) == ALL


# -- wires -----------------------------------------------------------------------------------------


def test_the_other_ends_of_a_wire() -> None:
    bench = Bench()
    ports = [Gpio(bench.system, name=f"gpio{n}") for n in range(3)]
    ports[0].join(1, ports[1], 2)
    ports[2].join(3, ports[2], 4)
    ports[2].join(3, ports[1], 2)
    ports[0].join(1, ports[2], 4)
    ends = {(0, 1), (1, 2), (2, 3), (2, 4)}
    for place, pin in ends:
        others = [(ports.index(end), at) for end, at in ports[place].wired(pin)]  # type: ignore[arg-type]
        assert len(others) == 3 and set(others) == ends - {(place, pin)}
    assert ports[0].wired(0) == []


@pytest.mark.parametrize(("pin", "other"), [(0, 0), (0, 31), (31, 5), (17, 17)])
def test_each_end_of_a_wire_sees_what_the_other_puts_there(pin: int, other: int) -> None:
    """A level at once, an interrupt with it; a pull, where the end has none of its own."""
    bench = Bench()
    one, two = (Gpio(bench.system, name=name, pulls=0) for name in ("gpio1", "gpio2"))
    one.join(pin, two, other)
    two.write(EDGE_SEL, 1 << other)
    two.write(ISR, ALL)
    one.write(GDIR, 1 << pin)
    for level in (1, 0, 1):
        one.write(DR, level << pin)
        assert two.read(PSR) == level << other
        assert two.read(ISR) & 1 << other
        two.write(ISR, ALL)
    one.write(GDIR, 0)
    assert two.read(PSR) == 0
    two.drive(other, True)
    assert one.read(PSR) == 1 << pin
    two.release(other)
    one.set_up(pin, pull=True, open_drain=False)
    assert two.read(PSR) == 1 << other
    two.set_up(other, pull=False, open_drain=False)
    assert (one.level(pin), two.level(other)) == (1, 0), "an assumption: each end its own"


# -- lamps and buttons -----------------------------------------------------------------------------


@pytest.mark.parametrize("inverts", [False, True])
def test_an_led_before_anything_has_driven_it(inverts: bool) -> None:
    led = Led(Bench().system, invert=inverts)
    assert led.state() == inverts
    led.on_input(0, True)
    led.reset(ResetCause.SOFTWARE)
    assert led.state() != inverts, "its pin tells when it changes"
    led.on_input(0, False)
    assert led.state() == inverts


@pytest.mark.parametrize("inverts", [False, True])
def test_a_button_that_nobody_has_touched(inverts: bool) -> None:
    button = Button(Bench().system, invert=inverts)
    button.connected()
    assert button.IRQ.level == inverts
    button.press()
    button.press()
    assert button.IRQ.level != inverts
    button.reset(ResetCause.POWER_ON)
    assert button.IRQ.level != inverts, "somebody still holds it"
    button.toggle()
    assert button.IRQ.level == inverts
