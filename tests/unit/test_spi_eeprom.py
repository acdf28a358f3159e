"""A 25LC256 on its bus: Microchip DS21822, instruction set, status register, page writes."""

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.spi.eeprom import Eeprom

WREN, WRDI, RDSR = b"\x06", b"\x04", b"\x05"
WRITE_TIME = 5_000_000


class Master:
    """What cycles of chip select bring."""

    def __init__(self, **parameters: int) -> None:
        self.bench = Bench()
        self.eeprom = Eeprom(self.bench.system, name="nvram", **parameters)

    def __call__(self, data: bytes, read: int = 0) -> bytes:
        self.eeprom.chip_select(True)
        for byte in data:
            self.eeprom.exchange(byte)
        answer = bytes(self.eeprom.exchange(0) for _ in range(read))
        self.eeprom.chip_select(False)
        return answer

    def write(self, data: bytes) -> None:
        """WREN, the command, and its time."""
        self(WREN)
        self(data)
        self.bench.clock.advance(WRITE_TIME)


def test_a_write_takes_its_time() -> None:
    master = Master()
    master(WREN)
    assert master(RDSR, 1) == b"\x02"
    master(b"\x02\x01\x00hello")
    assert master(RDSR, 2) == b"\x03\x03"
    assert master(b"\x03\x01\x00", 2) == b"\xff\xff", "busy: only the status can be read"
    assert master.eeprom.contents()[0x100] == 0xFF
    master.bench.clock.advance(WRITE_TIME)
    assert master(RDSR, 1) == b"\x00", "WEL is reset by the write"
    assert master(b"\x03\x00\xff", 7) == b"\xffhello\xff"


@pytest.mark.parametrize("before", [b"", WRDI])
def test_without_wel_nothing_is_written(before: bytes) -> None:
    master = Master()
    if before:
        master(WREN)
        master(before)
    master(b"\x02\x00\x00x")
    master.bench.clock.advance(WRITE_TIME)
    assert master.eeprom.contents()[0] == 0xFF


def test_a_page_wraps_and_so_does_the_array() -> None:
    master = Master()
    master.write(b"\x02\x00\x3fabc")
    assert master.eeprom.contents()[:2] == b"bc" and master.eeprom.contents()[0x3F:0x41] == b"a\xff"
    assert master(b"\x03\x7f\xff", 3) == b"\xffbc"


def test_a_read_goes_where_it_says_while_nothing_is_written() -> None:
    master = Master(size=256, page=16)
    master.eeprom.fill(bytes(range(256)))
    assert master(b"\x03\x80", 3) == b"\x80\x81\x82"
    assert master(b"\x03", 0) == b"", "no address: nothing happens"


@pytest.mark.parametrize(("bits", "first"), [(0, 0x8000), (1, 0x6000), (2, 0x4000), (3, 0)])
def test_protected_blocks(bits: int, first: int) -> None:
    """BP1, BP0: none, the upper quarter, the upper half, all."""
    master = Master()
    master.write(bytes([1, bits << 2]))
    assert master(RDSR, 1) == bytes([bits << 2])
    for address in (0x0000, 0x3FC0, 0x4000, 0x5FC0, 0x6000, 0x7FC0):
        master.write(bytes([2, *address.to_bytes(2, "big")]) + b"x")
        assert (master.eeprom.contents()[address] == ord("x")) == (address < first)


def test_power_on_keeps_cells_and_protection() -> None:
    master = Master()
    master.write(b"\x02\x00\x00x")
    master.write(b"\x01\x8c")
    master(WREN)
    master.eeprom.reset(ResetCause.SOFTWARE)
    assert master(RDSR, 1) == b"\x8e"
    master.eeprom.reset(ResetCause.POWER_ON)
    assert master(RDSR, 1) == b"\x8c" and master.eeprom.contents()[0] == ord("x")
