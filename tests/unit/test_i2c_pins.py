"""An I2C bus at two pins, edge by edge: NXP's UM10204, for a device of ours and a target."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.i2c.device import I2cDevice
from xipsim.peripherals.i2c.pins import Pins
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.lpi2c import Lpi2c

SCL, SDA = 3, 2
SAMR, SCFGR1, SCR, SSR, STDR, SRDR, SASR = 0x140, 0x124, 0x110, 0x114, 0x160, 0x170, 0x150
ADDRESS, TARGET = 0x2B, 0x55


class Device(I2cDevice):
    """Acknowledges so many bytes, and answers with those that it was given."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.system, name="device")
        self.log: list[str] = []
        self.acknowledges = 99
        self.answers = [0xA5, 0x01, 0x80, 0xFF, 0x00]

    def start(self, reads: bool) -> bool:
        self.log.append("R" if reads else "W")
        return True

    def write(self, byte: int) -> bool:
        self.log.append(f"{byte:02x}")
        self.acknowledges -= 1
        return self.acknowledges >= 0

    def read(self) -> int:
        self.log.append("r")
        return self.answers.pop(0)

    def stop(self) -> None:
        self.log.append("P")


class Soft:
    """A master at the far end of two wires, with a device at 2Bh and a controller as the target."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.i2c = Lpi2c(self.bench.system, name="lpi2c1")
        self.i2c.devices[ADDRESS] = self.device = Device(self.bench)
        self.near = Gpio(self.bench.system, name="gpio1")
        self.far = Gpio(self.bench.system, name="gpio2")
        for pin, other in ((1, SCL), (0, SDA)):
            self.near.join(pin, self.far, other)
        self.pins = Pins(
            self.bench.system,
            controller=self.i2c,
            scl_port=self.far,
            scl_pin=SCL,
            sda_port=self.far,
            sda_pin=SDA,
        )
        for model in (self.i2c, self.near, self.far, self.pins):
            model.connected()
            model.reset(ResetCause.POWER_ON)
        for offset, value in ((SAMR, TARGET << 1), (SCFGR1, 1 << 1 | 1 << 2), (SCR, 1)):
            self.i2c.write(offset, value)

    def put(self, pin: int, level: int) -> None:
        """As an open drain."""
        directions = self.near.read(4)
        self.near.write(4, directions & ~(1 << pin) if level else directions | 1 << pin)

    def scl(self, level: int) -> None:
        self.put(1, level)

    def sda(self, level: int) -> None:
        self.put(0, level)

    @property
    def lines(self) -> tuple[int, int]:
        """SCL and SDA."""
        return self.near.level(1), self.near.level(0)

    def start(self) -> None:
        self.sda(1)
        self.scl(1)
        self.sda(0)
        self.scl(0)

    def stop(self) -> None:
        self.sda(0)
        self.scl(1)
        self.sda(1)

    def bit(self, level: int = 1) -> int:
        """One clock; what SDA is while it is high."""
        self.sda(level)
        self.scl(1)
        seen = self.lines[1]
        self.scl(0)
        return seen

    def send(self, byte: int) -> bool:
        """Whether it was acknowledged."""
        for place in range(7, -1, -1):
            assert self.bit(byte >> place & 1) == byte >> place & 1, "nobody else drives"
        return not self.bit()

    def take(self, *, acknowledge: bool) -> int:
        value = 0
        for _ in range(8):
            value = value << 1 | self.bit()
        self.bit(not acknowledge)
        return value


@pytest.fixture
def soft() -> Soft:
    return Soft()


def test_bytes_to_a_device(soft: Soft) -> None:
    soft.device.acknowledges = 2
    soft.start()
    assert [soft.send(byte) for byte in (ADDRESS << 1, 0x81, 0x7E, 0xFF)] == [True] * 3 + [False]
    assert soft.lines == (0, 1)
    soft.stop()
    assert soft.device.log == ["W", "81", "7e", "ff", "P"]
    assert soft.lines == (1, 1)


def test_bytes_of_a_device(soft: Soft) -> None:
    soft.start()
    assert soft.send(ADDRESS << 1 | 1)
    got = [soft.take(acknowledge=n < 3) for n in range(4)]
    soft.stop()
    assert got == [0xA5, 0x01, 0x80, 0xFF]
    assert soft.device.log == ["R", *"rrrr", "P"]
    assert soft.lines == (1, 1)


def test_a_byte_that_is_not_acknowledged_was_the_last(soft: Soft) -> None:
    """The device lets go of the line until it is addressed anew."""
    soft.start()
    soft.send(ADDRESS << 1 | 1)
    soft.take(acknowledge=False)
    assert [soft.bit() for _ in range(9)] == [1] * 9
    soft.start()
    assert soft.send(ADDRESS << 1) and soft.send(7)
    assert soft.device.log == ["R", "r", "W", "07"]


def test_nobody_has_another_address(soft: Soft) -> None:
    soft.start()
    assert not soft.send(ADDRESS << 1 ^ 0x80)
    assert [soft.send(0), soft.send(0)] == [False, False]
    soft.stop()
    assert soft.device.log == [], "nor is it told of the STOP"


def test_a_repeated_start_has_no_stop(soft: Soft) -> None:
    soft.start()
    soft.send(ADDRESS << 1)
    soft.send(0x10)
    soft.start()
    assert soft.send(ADDRESS << 1 | 1)
    assert soft.take(acknowledge=False) == 0xA5
    soft.stop()
    assert soft.device.log == ["W", "10", "R", "r", "P"]
    soft.stop()
    assert soft.device.log[-1] == "P" and soft.device.log.count("P") == 1


@pytest.mark.parametrize("bits", range(1, 9))
def test_a_start_in_the_midst_of_a_byte_begins_anew(soft: Soft, bits: int) -> None:
    soft.start()
    for _ in range(bits):
        soft.bit(1)
    soft.start()
    assert soft.send(ADDRESS << 1) and soft.send(0x42)
    assert soft.device.log == ["W", "42"]


def test_a_stop_in_the_midst_of_a_byte_ends_it(soft: Soft) -> None:
    soft.start()
    soft.send(ADDRESS << 1)
    for _ in range(4):
        soft.bit(1)
    soft.stop()
    assert soft.device.log == ["W", "P"]
    assert [soft.bit(0) for _ in range(9)] == [0] * 9, "data without a START are nobody's"
    assert soft.device.log == ["W", "P"]


def test_data_change_while_the_clock_is_low_alone(soft: Soft) -> None:
    """SDA that moves while SCL is low is neither START nor STOP."""
    soft.start()
    for level in (1, 0, 1, 0):
        soft.sda(level)
    soft.send(ADDRESS << 1)
    assert soft.device.log == ["W"]


# -- the controller as a target --------------------------------------------------------------------


def test_bytes_to_the_target(soft: Soft) -> None:
    soft.start()
    assert soft.send(TARGET << 1) and soft.i2c.read(SASR) == TARGET << 1
    assert soft.send(0x3C) and soft.i2c.read(SRDR) == 0x3C
    soft.stop()
    assert soft.i2c.read(SSR) & 1 << 9, "SDF"
    assert soft.device.log == []


def test_bytes_of_the_target_and_the_clock_that_it_holds(soft: Soft) -> None:
    soft.start()
    assert soft.send(TARGET << 1 | 1)
    soft.scl(1)
    assert soft.lines[0] == 0, "TXDSTALL: nothing is in STDR"
    soft.i2c.write(STDR, 0x96)
    assert soft.lines == (1, 1), "its first bit"
    soft.scl(0)
    rest = [soft.bit() for _ in range(7)]
    assert [1, *rest] == [1, 0, 0, 1, 0, 1, 1, 0]
    soft.i2c.write(STDR, 0x0F)
    soft.bit(0)
    assert soft.take(acknowledge=False) == 0x0F
    assert not soft.i2c.read(SSR) & 1, "TDF: it was the last"
    soft.stop()


def test_a_held_clock_is_let_go_by_a_reset(soft: Soft) -> None:
    soft.start()
    soft.send(TARGET << 1 | 1)
    soft.scl(1)
    assert soft.lines[0] == 0
    soft.pins.reset(ResetCause.SOFTWARE)
    assert soft.lines == (1, 1)


@pytest.mark.parametrize("reads", [0, 1])
def test_a_held_line_is_let_go_by_a_reset(soft: Soft, reads: int) -> None:
    """The acknowledgement, or a bit that is low."""
    soft.device.answers = [0]
    soft.start()
    for place in range(7, -1, -1):
        soft.bit((ADDRESS << 1 | reads) >> place & 1)
    soft.sda(1)
    assert soft.lines == (0, 0)
    soft.pins.reset(ResetCause.SOFTWARE)
    assert soft.lines == (0, 1)
