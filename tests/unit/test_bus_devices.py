"""Small devices by their data sheets: TMP102 (SBOS397), an SD card's states and registers (Physical
Layer Simplified Specification 6.00), a PHY (IEEE 802.3, 22.2.4)."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.ethernet import Phy
from xipsim.peripherals.i2c.eeprom import Eeprom
from xipsim.peripherals.i2c.tmp102 import Tmp102
from xipsim.peripherals.sd.card import Card

MB = 1 << 20


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


# -- SD --------------------------------------------------------------------------------------------

READY, IDENTIFICATION, STANDBY, TRANSFER, SENDING, RECEIVING = range(1, 7)
ILLEGAL_COMMAND = 1 << 22


def card(state: int) -> tuple[Card, int]:
    """A card in that state, and its address."""
    device = Card(Bench().system, size=4 * MB)
    device.reset(ResetCause.POWER_ON)
    steps = [(55, 0), (41, 0x4010_0000), (2, 0), (3, 0)]
    for index, argument in steps[: state + 1 if state < STANDBY else 4]:
        answer = device.command(index, argument)
    address = (answer or 0) & 0xFFFF_0000
    if state > STANDBY:
        device.command(7, address)
    if state > TRANSFER:
        device.command(18 if state == SENDING else 25, 0)
    return device, address


@pytest.mark.parametrize(
    ("index", "legal"),
    [
        (2, {READY}),
        (3, {IDENTIFICATION, STANDBY}),
        (9, {STANDBY}),
        (10, {STANDBY}),
        (13, {STANDBY, TRANSFER, SENDING, RECEIVING}),
        *((index, {TRANSFER}) for index in (6, 16, 17, 18, 23, 24, 25, 32, 33, 38)),
    ],
)
def test_where_a_command_is_legal(index: int, legal: set[int]) -> None:
    """4.8, table 4-33."""
    for state in range(READY, RECEIVING + 1):
        device, address = card(state)
        argument = address if index in (9, 10, 13) else 0
        assert (device.command(index, argument) is not None) == (state in legal), state


@pytest.mark.parametrize("index", [6, 13, 23, 42, 51])
def test_application_commands_belong_behind_cmd55(index: int) -> None:
    """The next one alone; APP_CMD (bit 5) says that the card expects or took one."""
    device, address = card(TRANSFER)
    status = device.command(55, address)
    assert status is not None and status & 1 << 5 and status & 1 << 8, "READY_FOR_DATA"
    answer = device.command(index, 0)
    assert answer is not None and answer & 1 << 5
    device, address = card(STANDBY)
    device.command(55, address)
    assert device.command(index, 0) is None
    assert (device.command(13, address) or 0) & ILLEGAL_COMMAND


def test_registers_of_a_card() -> None:
    """5.2: manufacturing date and serial number; 5.3.3: fields of the CSD, from bit 8; 5.6: SCR."""
    device, address = card(STANDBY)
    cid = device.command(10, address) or 0
    assert cid >> 96 & 0xFFFF == int.from_bytes(b"XS", "big") and cid >> 48 & 0xFF == 0x10
    csd = (device.command(9, address) or 0) << 8
    fields = {126: 1, 112: 0x0E, 104: 0, 96: 0x32, 84: 0x5B5, 80: 9, 46: 1, 39: 0x7F, 26: 2, 22: 9}
    widths = {126: 2, 112: 8, 104: 8, 96: 8, 84: 12, 80: 4, 46: 1, 39: 7, 26: 3, 22: 4}
    for lsb, value in fields.items():
        assert csd >> lsb & (1 << widths[lsb]) - 1 == value, lsb
    device.command(7, address)
    device.command(55, address)
    device.command(51, 0)
    assert device.send() == bytes.fromhex("02 05 80 02 00 00 00 00")
    device.command(55, address)
    device.command(13, 0)
    status = device.send()
    # DAT_BUS_WIDTH 2: four lines; SPEED_CLASS 4: class 10; all else 0.
    assert status == (2 << 510 | 4 << 440).to_bytes(64, "big")


def test_an_erase_ends_where_it_was_told_to() -> None:
    """CMD32, CMD33, CMD38; both ends belong to it; beyond the last block it is refused."""
    device, address = card(TRANSFER)
    device.fill(b"\x11" * (4 * MB))
    for index, argument in ((32, 5), (33, 5), (38, 0)):
        device.command(index, argument)
    assert device.busy_until == 250_000
    blocks = device.contents()
    assert blocks[4 * 512 : 7 * 512] == b"\x11" * 512 + bytes(512) + b"\x11" * 512
    for index, argument in ((32, 5), (33, 4 * MB // 512), (38, 0)):
        status = device.command(index, argument)
    assert (status or 0) >> 31 == 1 and device.contents() == blocks
    assert (device.command(13, address) or 0) >> 31 == 0


def test_a_count_and_a_length_of_blocks() -> None:
    """CMD23: sixteen bits, 0 is none; a block has 512 bytes."""
    device, _ = card(TRANSFER)
    device.command(23, 0x1_0001)
    device.command(25, 0)
    assert not device.receive(bytes(511)) and not device.receive(bytes(513))
    assert device.receive(bytes(512)) and not device.receive(bytes(512))
    device.command(23, 0)
    device.command(25, 0)
    assert device.receive(bytes(512)) and device.receive(bytes(512))


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
