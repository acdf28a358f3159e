"""Wires between pins: what one port puts out, the other reads."""

import pytest

from xipsim.peripherals.alif.gpio import Gpio as AlifGpio
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.wiring import Wire

DR, GDIR, PSR, IMR, ISR, EDGE_SEL = 0x00, 0x04, 0x08, 0x14, 0x18, 0x1C


def ports(bench: Bench, *names: str, pulls: int = 0xFFFF_FFFF) -> list[Gpio]:
    return [Gpio(bench.system, name=name, pulls=pulls) for name in names]


def wire(bench: Bench, port: Gpio, pin: int, other: Gpio, other_pin: int) -> None:
    Wire(bench.system, port=port, pin=pin, other=other, other_pin=other_pin)


def put(port: Gpio, pin: int, level: int) -> None:
    port.write(DR, level << pin)
    port.write(GDIR, 1 << pin)


@pytest.mark.parametrize("same", [True, False])
def test_an_input_reads_the_output_at_the_other_end(same: bool) -> None:
    bench = Bench()
    one, two = ports(bench, "gpio1", "gpio2")
    other = one if same else two
    wire(bench, one, 3, other, 4)
    assert other.level(4) == 1, "nobody drives it: the pull"
    for level in (0, 1, 0):
        put(one, 3, level)
        assert other.level(4) == level == other.read(PSR) >> 4 & 1
    one.write(GDIR, 0)
    assert other.level(4) == 1
    # And in the other direction.
    put(other, 4, 0)
    assert one.level(3) == 0


def test_an_edge_interrupts() -> None:
    bench = Bench()
    one, two = ports(bench, "gpio1", "gpio2")
    wire(bench, two, 4, one, 3)
    put(one, 3, 0)
    two.write(EDGE_SEL, 1 << 4)
    two.write(ISR, 0xFFFF_FFFF)  # of the low levels, which interrupt after a reset
    two.write(IMR, 1 << 4)
    assert not two.LOW.level
    one.write(DR, 1 << 3)
    assert two.LOW.level and two.read(ISR) == 1 << 4


def test_three_pins_on_one_wire() -> None:
    bench = Bench()
    one, two, three = ports(bench, "gpio1", "gpio2", "gpio3")
    wire(bench, one, 0, two, 0)
    wire(bench, three, 0, two, 0)
    put(three, 0, 0)
    assert [one.level(0), two.level(0)] == [0, 0]
    one.drive(0, True)
    assert one.level(0) == 1, "what drives it at this end"


def test_a_test_drives_both_ends() -> None:
    bench = Bench()
    one, two = ports(bench, "gpio1", "gpio2")
    wire(bench, one, 0, two, 31)
    one.drive(0, False)
    assert two.level(31) == 0
    one.release(0)
    assert two.level(31) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_after_a_reset_nobody_drives_the_wire(order: tuple[int, int]) -> None:
    bench = Bench()
    pair = ports(bench, "gpio1", "gpio2")
    wire(bench, pair[0], 0, pair[1], 0)
    put(pair[0], 0, 0)
    assert pair[1].level(0) == 0
    for index in order:
        pair[index].reset(ResetCause.SOFTWARE)
    assert pair[1].read(PSR) & 1 == 1


def test_a_snapshot_knows_the_level() -> None:
    bench = Bench()
    one, two = ports(bench, "gpio1", "gpio2")
    wire(bench, one, 0, two, 0)
    put(one, 0, 0)
    saved = [one.save(), two.save()]
    one.write(DR, 1)
    assert two.level(0) == 1
    for port, state in zip((one, two), saved, strict=True):
        port.load(state)
    assert two.read(PSR) & 1 == 0
    one.write(DR, 1)
    assert two.read(PSR) & 1 == 1


def test_on_the_alif() -> None:
    bench = Bench()
    one, two = (AlifGpio(bench.system, name=name) for name in ("gpio1", "gpio2"))
    one.join(0, two, 7)
    one.write(0x04, 1)
    assert two.read(0x50) >> 7 == 0
    one.write(0x00, 1)
    assert two.read(0x50) >> 7 == 1


def test_no_such_pin() -> None:
    bench = Bench()
    (one,) = ports(bench, "gpio1")
    with pytest.raises(ValueError, match="gpio1: expected a pin from 0 to 31, given 32"):
        wire(bench, one, 0, one, 32)
