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


# -- cycles that are not whole, and what a busy one does -------------------------------------------


def test_a_cycle_without_a_command_does_nothing() -> None:
    master = Master()
    assert master(b"") == b"" and master(RDSR, 1) == b"\x00"


@pytest.mark.parametrize("cycle", [b"\x02", b"\x02\x00", b"\x02\x00\x00", b"\x01", b"\x01\x0c\x0c"])
def test_a_write_that_is_not_whole_begins_nothing(cycle: bytes) -> None:
    """WRITE wants an address and a byte, WRSR exactly one byte; WEL stays."""
    master = Master()
    master(WREN)
    master(cycle)
    assert master(RDSR, 1) == b"\x02"
    assert master.eeprom.contents() == b"\xff" * 32768


def test_bits_of_the_status_register() -> None:
    """WPEN 7, BP1 3, BP0 2 are kept; WEL is over with the write."""
    master = Master()
    for value in (*(1 << bit for bit in range(8)), 0xFF, 0):
        master.write(bytes((1, value)))
        assert master(RDSR, 1) == bytes((value & 0x8C,))


@pytest.mark.parametrize("cycle", [b"\x02\x00\x00x", b"\x01\x04"])
def test_while_a_write_lasts_commands_but_rdsr_are_ignored(cycle: bytes) -> None:
    master = Master()
    master(WREN)
    master(cycle)
    master.bench.clock.advance(WRITE_TIME - 1)
    for ignored in (WREN, WRDI, b"\x02\x00\x40y", b"\x01\x0c"):
        master(ignored)
    assert master(RDSR, 1) == b"\x03"
    assert master(b"\x03\x00\x00", 1) == b"\xff"
    master.bench.clock.advance(1)
    assert master(RDSR, 1) == (b"\x04" if cycle[0] == 1 else b"\x00")
    assert master.eeprom.contents()[0x40] == 0xFF
    assert master(b"\x03\x00\x00", 1) == (b"x" if cycle[0] == 2 else b"\xff")


@pytest.mark.parametrize(("size", "prefix"), [(128, 1), (256, 1), (4096, 2), (65536, 2)])
def test_bytes_of_an_address(size: int, prefix: int) -> None:
    """One up to 256 bytes; bits beyond the size do not count."""
    master = Master(size=size, page=16)
    last = (size - 1).to_bytes(prefix, "big")
    master.write(b"\x02" + last + b"z")
    assert master.eeprom.contents()[-1:] == b"z"
    assert master(b"\x03" + last, 2) == b"z\xff"
    beyond = (0xFFFF >> 16 - 8 * prefix).to_bytes(prefix, "big")
    assert master(b"\x03" + beyond, 1) == b"z"


def test_a_page_that_is_written_over_its_length() -> None:
    """What is sent last counts: 64 bytes and 3 more."""
    master = Master()
    master.write(b"\x02\x01\x40" + bytes(range(67)))
    assert master.eeprom.contents()[0x140:0x180] == bytes((64, 65, 66, *range(3, 64)))
    assert master.eeprom.contents()[0x13F] == master.eeprom.contents()[0x180] == 0xFF


@pytest.mark.parametrize("address", [0x5FFF, 0x6000, 0x7FFF])
def test_a_protected_write_is_dropped_and_wel_stays(address: int) -> None:
    master = Master()
    master.write(b"\x01\x04")
    master(WREN)
    master(b"\x02" + address.to_bytes(2, "big") + b"x")
    is_protected = address >= 0x6000
    assert master(RDSR, 1) == (b"\x06" if is_protected else b"\x07")
    master.bench.clock.advance(WRITE_TIME)
    assert (master.eeprom.contents()[address] == 0xFF) == is_protected


@pytest.mark.parametrize("time", [0, 1000])
def test_the_time_of_a_write_can_be_given(time: int) -> None:
    master = Master(write_time=time)
    master(WREN)
    master(b"\x02\x00\x00x")
    master.bench.clock.advance(max(time - 1, 0))
    assert (master(RDSR, 1) == b"\x03") == (time > 0)
    master.bench.clock.advance(1)
    assert master(RDSR, 1) == b"\x00" and master.eeprom.contents()[:1] == b"x"


def test_power_on_loses_a_write_under_way() -> None:
    master = Master()
    master(WREN)
    master(b"\x02\x00\x00x")
    master.eeprom.reset(ResetCause.POWER_ON)
    assert master(RDSR, 1) == b"\x00"
    master.bench.clock.advance(10 * WRITE_TIME)
    assert master.eeprom.contents()[:1] == b"\xff"


def test_contents_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="nvram: expected 32768 bytes, given 3"):
        Master().eeprom.fill(b"abc")
