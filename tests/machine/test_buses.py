"""I2C, SPI and wires between pins as MicroPython's scripts use them on the Teensy 4.1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from images import Image, teensy41s
from pool import Options

from xipsim import Machine, ReplError, UserError

pytestmark = teensy41s

DEVICES = """
using "{board}.repl"

eeprom: I2c.Eeprom @ lpi2c1 0x50

sensor: I2c.Tmp102 @ lpi2c1 0x48

wire: Wiring.Wire
    port: gpio1
    pin: 3
    other: gpio1
    other_pin: 2

cross: Wiring.Wire
    port: gpio4
    pin: 4
    other: gpio2
    other_pin: 10

loopback: Spi.Loopback @ lpspi4 0

nvram: Spi.Eeprom @ lpspi3 0

pins: I2c.Pins
    controller: lpi2c1
    scl_port: gpio4
    scl_pin: 6
    sda_port: gpio4
    sda_pin: 8

gpio2:
    0 -> nvram@0
"""


@pytest.fixture
def wired(image: Image, engine: Options, tmp_path: Path) -> Iterator[Machine]:
    """A Teensy with devices on its buses."""
    from xipsim import platforms

    boards = Path(platforms.__file__).resolve().parent / "boards"
    board = tmp_path / "LAB.repl"
    board.write_text(DEVICES.format(board=boards / image.board))
    with Machine(str(board), firmware=image.require(), **engine) as machine:
        yield machine


def test_an_empty_i2c_bus(m: Machine) -> None:
    """Nobody is there: the scan finds nothing, a transfer fails with ENODEV."""
    assert m.exec("from machine import I2C; i = I2C(0); print(i.scan())") == "[]\n"
    for call in ("i.writeto(0x50, b'x')", "i.readfrom(0x50, 1)"):
        with pytest.raises(ReplError, match=r"ENODEV|19"):
            m.exec(call)


def test_devices_on_the_i2c_bus(wired: Machine) -> None:
    m = wired
    assert m.exec("from machine import I2C; i = I2C(0); print(i.scan())") == "[72, 80]\n"
    m.exec("import time; i.writeto_mem(0x50, 0x1f0, b'Teensy', addrsize=16)")
    with pytest.raises(ReplError, match=r"ENODEV|19"):
        m.exec("i.writeto(0x50, b'')")
    assert m.exec("time.sleep_ms(5); print(i.readfrom_mem(0x50, 0x1f0, 7, addrsize=16))") == (
        "b'Teensy\\xff'\n"
    )
    assert m.call("eeprom", "contents")[0x1F0:0x1F6] == b"Teensy"
    m.call("sensor", "set_temperature", -25)
    assert m.exec("print(i.readfrom_mem(0x48, 0, 2))") == "b'\\xe7\\x00'\n"


def test_softi2c_at_pins_of_the_bus(wired: Machine) -> None:
    """D4 and D5: open drains, which the devices hold low."""
    wired.exec("from machine import Pin, SoftI2C; i = SoftI2C(scl=Pin('D4'), sda=Pin('D5'))")
    assert wired.exec("print(i.scan(), i.readfrom_mem(0x48, 0, 2))") == (
        "[72, 80] b'\\x19\\x00'\n"
    )


def test_a_long_read_of_the_eeprom(wired: Machine) -> None:
    """More than the 256 bytes that one receive command asks for."""
    wired.exec("from machine import I2C; i = I2C(0, freq=400_000)")
    assert wired.exec("print(set(i.readfrom_mem(0x50, 0, 600, addrsize=16)))") == "{255}\n"


def test_an_empty_spi_bus(m: Machine) -> None:
    """Transfers end, after the time of their bits; what nobody drives reads as ones."""
    m.exec("from machine import SPI; import time; s = SPI(0, 1_000_000)")
    assert m.exec("s.write(b'abc'); print(s.read(4))") == "b'\\xff\\xff\\xff\\xff'\n"
    took = "t = time.ticks_us(); s.write(b'12345678'); print(time.ticks_diff(time.ticks_us(), t))"
    assert 64 <= int(m.exec(took)) < 120


def test_a_wire_from_mosi_to_miso(wired: Machine) -> None:
    script = (
        "from machine import SPI; b = bytearray(12)\n"
        "for p, h, n in ((0, 0, 8), (1, 0, 8), (0, 1, 8), (1, 1, 16)):\n"
        "    s = SPI(0, 4_000_000, polarity=p, phase=h, bits=n)\n"
        "    s.write_readinto(b'Hello, world', b); print(b, s.read(2, 0x5a))"
    )
    line = "bytearray(b'Hello, world') b'ZZ'\n"
    assert wired.exec(script) == 4 * line


@pytest.mark.parametrize(("out", "into"), [("D0", "D1"), ("D1", "D0"), ("D2", "D6")])
def test_a_wire_between_two_pins(wired: Machine, out: str, into: str) -> None:
    """An output at one end is read at the other, and its edges interrupt there."""
    wired.exec(f"from machine import Pin; o = Pin({out!r}, Pin.OUT); i = Pin({into!r}, Pin.IN)")
    wired.exec("n = []; i.irq(lambda p: n.append(p.value()), Pin.IRQ_RISING | Pin.IRQ_FALLING)")
    script = "for v in (1, 0, 1):\n    o(v); print(i(), end=' ')\nprint(n[-3:])"
    assert wired.exec("o(0)\n" + script) == "1 0 1 [1, 0, 1]\n"


def test_wires_without_a_file(image: Image, engine: Options) -> None:
    wires = ["D0:D1", "gpio4/4:D6"]
    with Machine(image.board, firmware=image.require(), **engine, wires=wires) as m:
        m.exec("from machine import Pin; a, b = (Pin(n, Pin.OUT) for n in ('D0', 'D2'))")
        m.exec("c, d = (Pin(n, Pin.IN) for n in ('D1', 'D6'))")
        for levels in ((0, 1), (1, 0)):
            assert m.exec(f"a({levels[0]}); b({levels[1]}); print((c(), d()))") == f"{levels}\n"
        assert list(m.report()["arguments"]["wires"]) == wires


def test_a_wire_to_no_pin(image: Image, engine: Options) -> None:
    with pytest.raises(UserError, match="expected a pin from 0 to 31, given 32"):
        Machine(image.board, firmware=image.require(), **engine, wires=["gpio1/32:D0"]).close()


def test_an_eeprom_on_spi_whose_chip_select_is_a_pin(wired: Machine) -> None:
    """Several transfers while D10 is low are one cycle of the chip: WREN, WRITE, RDSR, READ."""
    m = wired
    m.exec(
        "from machine import SPI, Pin; s = SPI(1, 2_000_000); cs = Pin('D10', Pin.OUT, value=1)\n"
        "def talk(data, n=0):\n"
        "    cs(0); s.write(data); r = s.read(n) if n else None; cs(1); return r"
    )
    m.exec("talk(b'\\x06'); talk(b'\\x02\\x01\\x00Teensy')")
    assert m.exec("print(talk(b'\\x05', 1))") == "b'\\x03'\n"
    m.exec("while talk(b'\\x05', 1)[0] & 1: pass")
    assert m.exec("print(talk(b'\\x03\\x01\\x00', 7))") == "b'Teensy\\xff'\n"
    assert m.call("nvram", "contents")[0x100:0x106] == b"Teensy"


def test_a_uart_at_a_wire_of_its_own(image: Image, qemu: Path | None) -> None:
    """UART(1), TX to RX: what it sends comes back, in the time of its bits."""
    with Machine(image.board, firmware=image.require(), qemu=qemu, wires=["D0:D1"]) as m:
        m.exec("from machine import UART; import time; u = UART(1, 9600)")
        m.exec("def back():\n    while u.any() < 5: pass\n    return u.read()")
        m.exec("t = time.ticks_us(); u.write(b'hello'); r = back(); u = time.ticks_us()")
        assert m.exec("print(r)") == "b'hello'\n"
        # Five characters of ten bits; the last is taken when the line was idle for four more.
        assert 5_200 <= int(m.exec("print(time.ticks_diff(u, t))")) < 10_500
