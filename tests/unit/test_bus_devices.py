"""Small devices by their data sheets: TMP102 (SBOS397), EEPROMs, a PHY (IEEE 802.3, 22.2.4)."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.ethernet import Phy
from xipsim.peripherals.i2c.eeprom import Eeprom
from xipsim.peripherals.i2c.tmp102 import Tmp102


def sensor() -> Tmp102:
    device = Tmp102(Bench().system, name="sensor")
    device.reset(ResetCause.POWER_ON)
    return device


def put(device: Tmp102, pointer: int, value: int | None = None) -> None:
    device.start(False)
    device.write(pointer)
    if value is not None:
        device.write(value >> 8)
        device.write(value & 0xFF)
    device.stop()


def get(device: Tmp102, pointer: int) -> int:
    put(device, pointer)
    device.start(True)
    value = device.read() << 8 | device.read()
    device.stop()
    return value


def test_registers_of_a_sensor_at_power_on() -> None:
    """Table 2 and 5 to 11: 25 degrees here, 60A0h, 75 and 80 degrees."""
    device = sensor()
    assert [get(device, n) for n in range(4)] == [0x1900, 0x60A0, 0x4B00, 0x5000]
    assert get(device, 5) == 0x60A0, "two bits point"


@pytest.mark.parametrize(
    ("celsius", "plain", "extended"),
    [
        (0.0, 0x0000, 0x0001),
        (0.0625, 0x0010, 0x0009),
        (-0.0625, 0xFFF0, 0xFFF9),
        (-25.0, 0xE700, 0xF381),
        (-55.0, 0xC900, 0xE481),
        (127.9375, 0x7FF0, 0x3FF9),
        (128.0, 0x7FF0, 0x4001),
        (150.0, 0x7FF0, 0x4B01),
    ],
)
def test_temperatures(celsius: float, plain: int, extended: int) -> None:
    """Tables 3 and 4: 12 bits, 13 with EM, whose lowest bit says so."""
    device = sensor()
    device.set_temperature(celsius)
    assert get(device, 0) == plain
    put(device, 1, 0x60B0)
    assert get(device, 0) == extended


def test_what_a_sensor_keeps_of_its_configuration() -> None:
    """R1, R0 and AL are only read; limits have sixteen bits; the temperature is not written."""
    device = sensor()
    for written, kept in ((0xFFFF, 0xFFF0), (0x0000, 0x6020)):
        put(device, 1, written)
        assert get(device, 1) == kept
    for pointer in (2, 3):
        put(device, pointer, 0xABC0 + pointer)
        assert get(device, pointer) == 0xABC0 + pointer
    put(device, 0, 0x1234)
    assert get(device, 0) == 0x1900


def test_a_write_that_is_not_whole_changes_nothing() -> None:
    device = sensor()
    device.start(False)
    for byte in (1, 0xFF):
        device.write(byte)
    device.stop()
    assert get(device, 1) == 0x60A0
    device.start(True)
    assert [device.read() for _ in range(3)] == [0x60, 0xA0, 0x60], "begins anew"


@pytest.mark.parametrize("celsius", [-55.1, 150.1])
def test_temperatures_that_there_are_not(celsius: float) -> None:
    with pytest.raises(ValueError, match=f"-55 to 150 degrees, given {celsius}"):
        sensor().set_temperature(celsius)


@pytest.mark.parametrize("shutdown", [0, 1 << 8])
@pytest.mark.parametrize("one_shot", [0, 1 << 15])
def test_when_a_sensor_measures(shutdown: int, one_shot: int) -> None:
    """SD is bit 8, OS bit 15: in shutdown a one-shot alone, else all the time; OS reads 1 then."""
    device = sensor()
    put(device, 1, 0x6120)
    device.set_temperature(50.0)
    assert get(device, 0) == 0x1900, "in shutdown"
    put(device, 1, 0x60A0 | shutdown | one_shot)
    assert get(device, 0) == (0x1900 if shutdown and not one_shot else 0x3200)
    assert get(device, 1) >> 15 == (1 if shutdown and one_shot else 0)
    device.set_temperature(-1.0)
    assert get(device, 0) == (0xFF00 if not shutdown else 0x3200 if one_shot else 0x1900)


def test_a_sensor_at_power_on_has_the_temperature_of_now() -> None:
    device = sensor()
    put(device, 1, 0x6120)
    put(device, 2, 0x1230)
    device.set_temperature(50.0)
    device.reset(ResetCause.SOFTWARE)
    assert (get(device, 0), get(device, 1), get(device, 2)) == (0x1900, 0x6120, 0x1230)
    device.reset(ResetCause.POWER_ON)
    assert [get(device, n) for n in range(4)] == [0x3200, 0x60A0, 0x4B00, 0x5000]


def test_limits_of_a_sensor_are_told_by_each_of_their_registers() -> None:
    """The alert output is not there; the temperature itself is not written."""
    for pointer in range(4):
        device = sensor()
        told: list[str] = []
        device.gap = told.append  # type: ignore[method-assign]
        put(device, pointer, 0x60A0)
        assert told == ["TLOW, THIGH: the alert output"] * (pointer > 1)


def test_a_word_that_follows_another_is_lost() -> None:
    device = sensor()
    device.start(False)
    for byte in (2, 0x12, 0x34, 0x56, 0x78):
        assert device.write(byte)
    device.stop()
    assert get(device, 2) == 0x1234


# -- EEPROMs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [128, 256, *(1 << n for n in range(12, 17))])
def test_sizes_of_eeproms(size: int) -> None:
    """AT24C01 and 02, AT24C32 to 512."""
    assert len(Eeprom(Bench().system, size=size, page=8).contents()) == size


@pytest.mark.parametrize("size", [0, 1, 64, 127, 129, 192, 512, 2048, 4095, 6144, 1 << 17])
def test_sizes_that_no_eeprom_has(size: int) -> None:
    with pytest.raises(ValueError, match=f"128, 256 or 4096 to 65536, given {size}"):
        Eeprom(Bench().system, size=size, page=8)


@pytest.mark.parametrize("page", [-8, 0, 3, 12, 512])
def test_pages_that_no_eeprom_has(page: int) -> None:
    with pytest.raises(ValueError, match=f"page: expected a power of two, given {page}"):
        Eeprom(Bench().system, size=256, page=page)


def test_a_busy_eeprom_acknowledges_nothing() -> None:
    """24LC256, acknowledge polling: not its address, for 5 ms."""
    bench = Bench()
    eeprom = Eeprom(bench.system, name="eeprom")
    for reads in (False, True):
        assert eeprom.start(reads)
    eeprom.start(False)
    for byte in (0x12, 0x34, 0x56):
        assert eeprom.write(byte)
    eeprom.stop()
    bench.clock.advance(4_999_999)
    assert not eeprom.start(False) and not eeprom.start(True)
    bench.clock.advance(1)
    assert eeprom.start(True) and eeprom.contents()[0x1234] == 0x56


@pytest.mark.parametrize("sent", [b"", b"\x12", b"\x12\x34"])
def test_an_address_alone_writes_nothing(sent: bytes) -> None:
    """Half of an address leaves it where it was."""
    bench = Bench()
    eeprom = Eeprom(bench.system, name="eeprom")
    eeprom.fill(bytes(n & 0xFF for n in range(32768)))
    eeprom.start(False)
    for byte in sent:
        eeprom.write(byte)
    eeprom.stop()
    assert eeprom.start(True), "not busy"
    assert eeprom.read() == (0x34 if len(sent) == 2 else 0)


# -- Ethernet --------------------------------------------------------------------------------------


def test_registers_of_a_phy() -> None:
    """Control, status, identifiers, advertisement; RESET (15) and RESTART (9) clear themselves."""
    phy = Phy(Bench().system, name="phy", id=0x1234_5678)
    phy.reset(ResetCause.POWER_ON)
    assert [phy.read(n) for n in range(6)] == [0x3100, 0x7849, 0x1234, 0x5678, 0x01E1, 0]
    for register in (1, 2, 3):
        phy.write(register, 0xFFFF)
    phy.write(0, 0x7FFF)
    phy.write(4, 0x55)
    phy.write(31, 7)
    assert [phy.read(n) for n in (0, 1, 2, 3, 4, 31)] == [0x7DFF, 0x7849, 0x1234, 0x5678, 0x55, 7]
    phy.reset(ResetCause.WATCHDOG)
    assert phy.read(31) == 7, "not its reset"
    phy.write(0, 0x8000)
    assert [phy.read(n) for n in (0, 4, 31)] == [0x3100, 0x01E1, 0]
