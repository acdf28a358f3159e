"""I2C, SPI, ADC, PWM and CAN as MicroPython's scripts use them on the Alif."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from images import ALIF

from xipsim import Machine, ReplError, platforms

if TYPE_CHECKING:
    from pool import Options, Pool

BOARD = Path(platforms.__file__).resolve().parent / "boards" / "ALIF_ENSEMBLE.repl"
DEVICES = f"""
using "{BOARD}"

eeprom: I2c.Eeprom @ i2c0 0x50

sensor: I2c.Tmp102 @ i2c0 0x48

nvram: Spi.Eeprom @ spi0 0

gpio1:
    3 -> nvram@0

loopback: Spi.Loopback @ spi1 0
"""


@pytest.fixture
def m(pool: Pool, engine: Options) -> Machine:
    """At its first prompt. The test must leave its engine alive."""
    return pool.at_prompt(ALIF, engine)


@pytest.fixture
def wired(engine: Options, tmp_path: Path) -> Iterator[Machine]:
    """With devices on its buses; every gap is an error."""
    board = tmp_path / "LAB.repl"
    board.write_text(DEVICES)
    with Machine(str(board), firmware=ALIF.require(), **engine, strict=True) as machine:
        yield machine


def test_an_empty_i2c_bus(m: Machine) -> None:
    """Nobody is there: a scan finds nothing, transfers fail as the port has it, none hangs."""
    assert m.exec("from machine import I2C; i = I2C(0); print(i.scan())") == "[]\n"
    for call, error in (
        ("i.writeto(0x50, b'x')", "EIO|5"),
        ("i.writeto(0x50, b'xyz')", "EIO|5"),
        ("i.readfrom_mem(0x50, 0, 40)", "EIO|5"),
        # The port looks for errors only while it asks for more, then waits for its time-out.
        ("i.readfrom(0x50, 1)", "ETIMEDOUT|110"),
    ):
        with pytest.raises(ReplError, match=error):
            m.exec(call)


def test_devices_on_the_i2c_bus(wired: Machine) -> None:
    """The scan moves the pins, the rest goes through the controller."""
    m = wired
    assert m.exec("from machine import I2C; i = I2C(0); print(i.scan())") == "[72, 80]\n"
    m.exec("import time; i.writeto_mem(0x50, 0x1f0, b'Alif', addrsize=16); time.sleep_ms(6)")
    assert m.exec("print(i.readfrom_mem(0x50, 0x1f0, 5, addrsize=16))") == "b'Alif\\xff'\n"
    assert m.call("eeprom", "contents")[0x1F0:0x1F4] == b"Alif"
    m.call("sensor", "set_temperature", -25)
    assert m.exec("print(i.readfrom_mem(0x48, 0, 2))") == "b'\\xe7\\x00'\n"
    assert m.exec("print(set(i.readfrom_mem(0x50, 0x400, 200, addrsize=16)))") == "{255}\n"


def test_softi2c_at_the_same_pins(wired: Machine) -> None:
    wired.exec("from machine import SoftI2C; i = SoftI2C(scl='P0_3', sda='P0_2')")
    assert wired.exec("print(i.scan(), i.readfrom_mem(0x48, 0, 2))") == (
        "[72, 80] b'\\x19\\x00'\n"
    )


def test_an_spi_bus(wired: Machine) -> None:
    """Nobody on SPI2, a wire on SPI1, an EEPROM on SPI0 whose chip select P1_3 drives."""
    m = wired
    m.exec("from machine import SPI, Pin; import time; b = bytearray(12)")
    assert m.exec("print(SPI(2, 1_000_000).read(2))") == "b'\\xff\\xff'\n"
    script = "s = SPI(1, 4_000_000, bits={}); s.write_readinto(b'Hello, world', b); print(b)"
    assert m.exec(script.format(8)) == "bytearray(b'Hello, world')\n"
    took = "t = time.ticks_us(); s.write(b'12345678'); print(time.ticks_diff(time.ticks_us(), t))"
    m.exec("s = SPI(1, 1_000_000)")
    assert 64 <= int(m.exec(took)) < 120
    assert m.exec(
        "s = SPI(0, 2_000_000); cs = Pin('P1_3', Pin.OUT, value=1)\n"
        "def talk(data, n=0):\n"
        "    cs(0); s.write(data); r = s.read(n) if n else None; cs(1); return r\n"
        "talk(b'\\x06'); talk(b'\\x02\\x01\\x00Alif'); print(talk(b'\\x05', 1))"
    ) == "b'\\x03'\n"
    m.exec("while talk(b'\\x05', 1)[0] & 1: pass")
    assert m.exec("print(talk(b'\\x03\\x01\\x00', 5))") == "b'Alif\\xff'\n"


def test_a_level_at_an_adc(wired: Machine) -> None:
    """P0_3 is input 3 of ADC120, P1_0 input 2 of ADC121; 1.8 V is full scale."""
    wired.exec("from machine import ADC; a = ADC('P0_3'); b = ADC('P1_0'); t = ADC(ADC.CORE_TEMP)")
    wired.call("adc120", "set_level", 3, 0.9)
    wired.call("adc121", "set_level", 2, 0.45)
    assert wired.exec("print(a.read_u16(), b.read_u16(), t.read_u16())") == "32768 16384 0\n"
    wired.call("adc120", "set_level", 3, 3.3)
    assert wired.exec("print(a.read_u16())") == "65520\n"


def test_a_pwm_signal(wired: Machine) -> None:
    """P0_4 is driver A of channel 2, P0_5 its driver B."""
    m = wired
    m.exec("from machine import PWM; p = PWM('P0_4', freq=1000, duty_u16=0x4000)")
    assert m.call("utimer", "frequency", 2, "A") == pytest.approx(1000)
    assert m.call("utimer", "duty", 2, "A") == pytest.approx(0.25, abs=1e-4)
    m.exec("q = PWM('P0_5', freq=50, duty_ns=5_000_000, invert=1)")
    assert m.call("utimer", "frequency", 2, "B") == pytest.approx(50)
    assert m.call("utimer", "duty", 2, "B") == pytest.approx(0.75)
    m.exec("p.deinit(); q.deinit()")
    assert m.call("utimer", "frequency", 2, "A") == 0


def test_can_hears_itself(wired: Machine) -> None:
    """The lowest identifier goes first; a filter lets one through."""
    m = wired
    m.exec(
        "from machine import CAN; import time; c = CAN(1, 500_000, mode=CAN.MODE_LOOPBACK)\n"
        "def heard():\n"
        "    time.sleep_ms(2); r = c.recv()\n"
        "    return r and (r[0], bytes(r[1]), r[2])\n"
        "c.set_filters(None); time.sleep_ms(1)\n"  # It waits for an idle bus first.
        "for i in (0x102, 0x100, 0x101): c.send(i, bytes([i & 3]) * 8)"
    )
    heard = "(256, b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00', 0)"
    first = "(258, b'\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02', 0)"
    assert m.exec("print(heard()); print(heard())") == f"{first}\n{heard}\n"
    m.exec("c.set_filters([(0x101, 0x7ff, 0)])\nfor i in range(3): c.send(0x100 + i, b'x')")
    assert m.exec("print(heard(), heard())") == "(257, b'x', 0) None\n"


def test_a_can_bus_with_nobody_else(m: Machine) -> None:
    """Nobody acknowledges: error passive, and the message waits until it is cancelled."""
    m.exec("from machine import CAN; import time; c = CAN(1, 500_000); c.send(1, b'x')")
    script = "time.sleep_ms(5); print(c.get_counters()[0], c.get_counters()[5], c.state())"
    assert m.exec(script) == "128 1 3\n"
    assert m.exec(f"c.cancel_send(0); {script}") == "128 0 3\n"


def test_a_uart_at_a_wire_of_its_own(engine: Options) -> None:
    """UART(1), TX to RX: what it sends comes back, whatever its frames; and its interrupts."""
    with Machine("ALIF_ENSEMBLE", firmware=ALIF.require(), **engine, wires=["P0_5:P0_4"]) as m:
        m.exec("from machine import UART; import time; u = UART(1, 115200); seen = []")
        assert m.exec("u.write(b'hello'); time.sleep_ms(2); print(u.any(), u.read())") == (
            "5 b'hello'\n"
        )
        for bits in (7, 8):
            for parity in (None, 0, 1):
                m.exec(f"u.init(9600, bits={bits}, parity={parity}, stop=2)")
                # They are taken when the line was idle for four more.
                script = "u.write(b'ab'); time.sleep_ms(10); print(u.read())"
                assert m.exec(script) == "b'ab'\n"
        m.exec("u.init(115200); u.irq(lambda u: seen.append(u.any()), UART.IRQ_RXIDLE)")
        assert m.exec("u.write(b'xyz'); time.sleep_ms(5); print(seen, u.read())") == (
            "[3] b'xyz'\n"
        )
        m.exec("big = bytes(range(200)); u.init(1_000_000); u.write(big); time.sleep_ms(5)")
        assert m.exec("print(u.read() == big)") == "True\n"
        assert m.report()["gaps"] == []
