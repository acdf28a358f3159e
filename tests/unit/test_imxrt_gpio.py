"""GPIO ports, and the LEDs and buttons on their pins."""

import pytest

from xipsim.peripherals.core import Line, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.misc import Button, Led

DR, GDIR, PSR, ICR1, ICR2, IMR, ISR, EDGE_SEL = range(0, 0x20, 4)
DR_SET, DR_CLEAR, DR_TOGGLE = 0x84, 0x88, 0x8C
LOW_LEVEL, HIGH_LEVEL, RISING, FALLING = range(4)


class Pin:
    """What an engine puts between a line and the input of a model."""

    def __init__(self, target: Gpio | Led, number: int) -> None:
        self.target, self.number = target, number

    def set(self, level: bool) -> None:
        self.target.on_input(self.number, level)


def wire(line: Line, target: Gpio | Led, number: int) -> None:
    line.connect(Pin(target, number))


def test_outputs_follow_set_clear_and_toggle() -> None:
    gpio = Gpio(Bench().system, pulls=0)
    gpio.write(DR_SET, 0x8)
    assert gpio.read(PSR) == 0 and not gpio.PADS[3].level, "still an input"
    gpio.write(GDIR, 0x18)
    assert gpio.read(PSR) == 0x8 and gpio.PADS[3].level
    gpio.write(DR_TOGGLE, 0x18)
    assert gpio.read(DR) == 0x10 and gpio.PADS[4].level and not gpio.PADS[3].level
    gpio.write(DR_CLEAR, 0x10)
    assert gpio.read(DR) == gpio.read(PSR) == 0
    assert [gpio.read(r) for r in (DR_SET, DR_CLEAR, DR_TOGGLE)] == [0, 0, 0]
    assert gpio.direction(3) == "out" and gpio.direction(5) == "in"


def test_waiting_for_a_pin_is_a_question() -> None:
    """GPIO_PinRead() reads DR, GPIO_PinReadPadStatus() PSR."""
    assert {DR, PSR, ISR} == Gpio.POLLED


def test_dr_of_an_input_reads_the_pad() -> None:
    gpio = Gpio(Bench().system, pulls=0)
    gpio.drive(7, True)
    assert gpio.read(DR) == 0x80
    gpio.write(GDIR, 0x80)
    assert gpio.read(DR) == 0


def test_an_input_reads_its_driver_else_its_pull() -> None:
    gpio = Gpio(Bench().system)
    assert gpio.read(PSR) == 0xFFFFFFFF
    gpio.drive(5, False)
    assert gpio.level(5) == 0 and gpio.read(PSR) == 0xFFFFFFDF
    gpio.release(5)
    assert gpio.level(5) == 1
    with pytest.raises(ValueError, match="expected a pin from 0 to 31, given 32"):
        gpio.drive(32, True)


@pytest.mark.parametrize(("pin", "line"), [(5, "LOW"), (15, "LOW"), (16, "HIGH"), (31, "HIGH")])
@pytest.mark.parametrize(("mode", "level"), [(RISING, True), (FALLING, False)])
def test_edges_interrupt_once(pin: int, line: str, mode: int, level: bool) -> None:
    gpio = Gpio(Bench().system)
    gpio.drive(pin, not level)
    gpio.write(ICR1 if pin < 16 else ICR2, mode << 2 * (pin % 16))
    gpio.write(ISR, 0xFFFFFFFF)
    gpio.write(IMR, 1 << pin)
    assert not gpio.lines[line].level
    gpio.drive(pin, level)
    assert gpio.lines[line].level and gpio.read(ISR) == 1 << pin
    assert not gpio.lines["HIGH" if line == "LOW" else "LOW"].level
    gpio.write(ISR, 1 << pin)
    assert not gpio.lines[line].level
    gpio.drive(pin, not level)
    assert not gpio.lines[line].level


@pytest.mark.parametrize(("mode", "level"), [(LOW_LEVEL, False), (HIGH_LEVEL, True)])
def test_levels_interrupt_until_they_go(mode: int, level: bool) -> None:
    gpio = Gpio(Bench().system)
    gpio.drive(2, not level)
    gpio.write(ICR1, mode << 4)
    gpio.write(ISR, 0xFFFFFFFF)
    gpio.write(IMR, 4)
    assert not gpio.LOW.level
    gpio.drive(2, level)
    gpio.write(ISR, 4)
    assert gpio.LOW.level, "the level is still there"
    gpio.drive(2, not level)
    assert gpio.LOW.level, "the flag waits for the firmware"
    gpio.write(ISR, 4)
    assert not gpio.LOW.level


def test_edge_sel_takes_both_edges() -> None:
    gpio = Gpio(Bench().system)
    gpio.write(ICR1, RISING << 2)
    gpio.write(EDGE_SEL, 2)
    gpio.write(IMR, 2)
    for level in (False, True):
        gpio.write(ISR, 2)
        gpio.drive(1, level)
        assert gpio.LOW.level


def test_status_is_independent_of_the_mask() -> None:
    gpio = Gpio(Bench().system)
    gpio.write(ICR1, FALLING)
    gpio.drive(0, False)
    assert gpio.read(ISR) == 1 and not gpio.LOW.level
    gpio.write(IMR, 1)
    assert gpio.LOW.level


def test_a_reset_turns_outputs_off_and_leaves_the_drivers_outside() -> None:
    gpio = Gpio(Bench().system)
    gpio.drive(5, False)
    gpio.write(GDIR, 8)
    gpio.write(DR_SET, 8)
    assert gpio.PADS[3].level
    gpio.reset(ResetCause.POWER_ON)
    assert not gpio.PADS[3].level and gpio.direction(3) == "in"
    assert gpio.level(5) == 0


def test_micropythons_led_start_is_silent() -> None:
    bench = Bench()
    gpio = Gpio(bench.system)
    gpio.write(IMR, gpio.read(IMR) & ~8)
    gpio.write(DR_SET, 8)
    gpio.write(GDIR, gpio.read(GDIR) | 8)
    gpio.write(EDGE_SEL, gpio.read(EDGE_SEL) & ~8)
    gpio.write(DR_CLEAR, 8)
    assert bench.events == []


@pytest.mark.parametrize("invert", [False, True])
def test_an_led_shows_its_pin(invert: bool) -> None:
    bench = Bench()
    gpio, led = Gpio(bench.system), Led(bench.system, invert=invert)
    wire(gpio.PADS[3], led, 0)
    gpio.write(GDIR, 8)
    assert led.state() is invert
    gpio.write(DR_SET, 8)
    assert led.state() is not invert


@pytest.mark.parametrize("invert", [False, True])
def test_a_button_drives_its_pin_also_before_it_is_touched(invert: bool) -> None:
    bench = Bench()
    gpio, button = Gpio(bench.system), Button(bench.system, invert=invert)
    wire(button.IRQ, gpio, 5)
    button.connected()
    assert gpio.level(5) == int(invert)
    button.press()
    assert gpio.level(5) == int(not invert)
    button.release()
    assert gpio.level(5) == int(invert)
    button.toggle()
    assert gpio.level(5) == int(not invert)


def test_a_held_button_stays_held_over_a_reset() -> None:
    bench = Bench()
    gpio, button = Gpio(bench.system), Button(bench.system, invert=True)
    wire(button.IRQ, gpio, 5)
    button.press()
    for model in (gpio, button):
        model.reset(ResetCause.SOFTWARE)
    assert gpio.level(5) == 0


def test_save_and_load() -> None:
    bench = Bench()
    gpio = Gpio(bench.system)
    gpio.write(ICR1, FALLING << 10)
    gpio.write(IMR, 1 << 5)
    gpio.drive(5, True)
    saved = gpio.save()
    gpio.write(ICR1, 0)
    gpio.write(GDIR, 0xFF)
    gpio.drive(5, False)
    gpio.load(saved)
    assert gpio.save() == saved
    gpio.write(ISR, 0xFFFFFFFF)
    gpio.drive(5, False)
    assert gpio.LOW.level
