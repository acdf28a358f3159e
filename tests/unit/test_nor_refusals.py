"""What chips ignore, or have only in part: each is told, and changes nothing.

Rules: nor-flash.md 4 (registers), 8, 9, 10, 12.
"""

from __future__ import annotations

import pytest
from nor_bus import Master
from octal_bus import Octal

from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.chip import Chip


def security(m: Master, opcode: int) -> None:
    m(opcode, address=0x1000, **({"write": b"\0"} if opcode == 0x42 else {}))


@pytest.mark.parametrize(("opcode", "verb"), [(0x42, "program"), (0x44, "erase")])
def test_security_registers_want_wel_and_nothing_suspended(opcode: int, verb: str) -> None:
    m = Master()
    security(m, opcode)
    assert m.rules() == [f"{verb}-without-wel"]
    m(0x06)
    m(0x20, address=0)
    m.bench.clock.advance(1_000_000)
    m(0x75)
    m.bench.clock.advance(20_000)
    m(0x06)
    security(m, opcode)
    assert m.rules() == ["suspended"]
    assert not m.chip.busy
    assert m(0x48, address=0x1000, dummy=8, read=1) == b"\xff"


def test_a_command_without_wel_has_no_effect() -> None:
    m = Master("W25Q256JV")
    m(0xC5, write=b"\x01")
    assert m.rules() == ["write-without-wel"]
    assert m(0xC8, read=1) == b"\x00"
    m(0x36, address=0)
    m(0x98)
    assert m.rules() == ["write-without-wel"] * 2
    o = Octal("MX25UM25645G")
    o.spi(0x72, address=0x300, address_bits=32, write=b"\x03")
    o.spi(0x01, write=b"\x3c")
    o.spi(0x2F)
    assert o.rules() == ["write-without-wel"] * 3
    assert o.spi(0x71, address=0x300, address_bits=32, read=1) == b"\x00"
    assert (o.spi(0x05, read=1), o.spi(0x2B, read=1)) == (b"\x00", b"\x00")


def test_security_register_of_macronix_is_locked_for_good() -> None:
    """2Fh sets LDSO, bit 1."""
    o = Octal("MX25UM25645G")
    o.spi(0x06)
    o.spi(0x2F)
    assert o.spi(0x05, read=1) == b"\x03", "it takes as long as a status write"
    o.bench.clock.advance(10_000_000)
    assert o.spi(0x2B, read=1) == b"\x02"
    assert o.spi(0x05, read=1) == b"\x00"


@pytest.mark.parametrize(("value", "mode"), [(1, 2), (2, 1), (3, 0)])
def test_mode_of_macronix_at_power_on(value: int, mode: int) -> None:
    """CR2 40000000h: the bits of SOPI and DOPI, inverted, can only be cleared."""
    o = Octal("MX25UM25645G")
    o.write_cr2(0x4000_0000, value)
    assert o.spi(0x05, read=1) == b"\x03"
    o.bench.clock.advance(10_000_000)
    assert o.spi(0x71, address=0x4000_0000, address_bits=32, read=1) == bytes((value,))
    assert o.chip.status()["mode"] == "SPI", "from the next reset on"
    o.spi(0x66)
    o.spi(0x99)
    o.bench.clock.advance(100_000_000)
    assert o.chip.status()["mode"] == ("SPI", "SOPI", "DOPI")[mode]
    assert o.rules() == []


@pytest.mark.parametrize("register", [0x100, 0x301, 0x800])
def test_cr2_addresses_that_cannot_be_written(register: int) -> None:
    o = Octal("MX25UM25645G")
    o.write_cr2(register, 0)
    assert o.rules() == ["reserved-register"]
    assert o.spi(0x05, read=1) == b"\x00", "WEL is spent"
    expected = b"\x00" if register == 0x800 else b"\xff"
    assert o.spi(0x71, address=register, address_bits=32, read=1) == expected


@pytest.mark.parametrize(("part", "register", "value", "what"), [
    ("IS25WX128", 6, 0xFE, "XIP mode: reads that go on without opcode"),
    ("IS25WX128", 6, 0xFF, None),
    ("EM064LX", 0, 0xFD, "I/O mode FDh (taken for SPI)"),
    ("EM064LX", 0, 0xFB, "I/O mode FBh (taken for SPI)"),
    ("EM064LX", 0, 0xEB, "I/O mode EBh (taken for SPI)"),
    ("EM064LX", 0, 0xDF, None),
])  # fmt: skip
def test_modes_that_are_not_modelled(
    part: str, register: int, value: int, what: str | None
) -> None:
    o = Octal(part)
    o.write_volatile(register, value)
    assert [gap.what for gap in o.bench.gaps] == ([] if what is None else [what])
    assert o.spi(0x85, address=register, dummy=8, read=1) == bytes((value,))
    assert o.chip.status()["mode"] == "SPI"


def test_an_opcode_in_continuous_read_that_is_too_short_for_an_address() -> None:
    m = Master(qe=1)
    read = Transaction(
        opcode=0xEB, address=0, address_bits=24, address_lanes=4, mode=0x20, mode_bits=8,
        mode_lanes=4, dummy=4, data_lanes=4, read=1,
    )  # fmt: skip
    m.chip.transfer(read)
    assert m.chip.status()["continuous_read"]
    m(0x3C, opcode_bits=4)
    assert m.rules() == ["continuous-read"]
    assert m.chip.status()["continuous_read"], "four clocks are no address"
    assert m(0x9F, read=3) == b"\xff" * 3
    assert not m.chip.status()["continuous_read"], "its mode bits were none of the kind"


def test_an_unmodelled_command_of_a_sleeping_or_busy_chip() -> None:
    o = Octal("IS25WX128")
    o.spi(0x06)
    o.spi(0x20, address=0)
    o.spi(0x77)
    message = o.bench.diagnostics[0].message
    assert message == (
        "ignored: the chip has no command 77h in SPI mode (busy: sector erase 4K at 0x0, until "
        "80000000 ns)"
    )
    o.rules()
    o.wait(100)
    o.spi(0xB9)
    o.wait(1)
    o.spi(0x77)
    assert o.rules() == ["power-down"]


def test_reset_pin_that_does_not_change_changes_nothing() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0)
    m.chip.on_input(0, True)
    assert m.chip.status()["operation"]["name"] == "sector erase 4K"
    m.chip.on_input(0, False)
    m.chip.on_input(0, False)
    assert not m.chip.busy
    m(0x9F, read=1)
    assert m.rules() == ["in-reset"]
    m.chip.on_input(0, True)
    assert m.chip.busy_until == m.bench.clock.now + 30_000


def test_capacity_is_known_before_there_is_a_chip() -> None:
    assert Chip.capacity({"part": "W25Q16JV-IM"}) == 0x20_0000
    with pytest.raises(ValueError, match="unknown flash part 'None'"):
        Chip.capacity({})


def test_resume_of_nothing_and_suspend_in_its_last_moment() -> None:
    m = Master()
    m(0x7A)
    m(0x75)
    assert m.rules() == ["resume", "suspend"]
    m(0x06)
    m(0x20, address=0)
    m.bench.clock.advance(45_000_000 - 20_000)
    m(0x75)
    assert m.chip.suspended is None, "it ends by itself first"
    m.bench.clock.advance(20_000)
    assert not m.chip.busy
    assert m.rules() == []


def test_an_operation_that_never_ends_cannot_be_suspended() -> None:
    m = Master()
    m.chip.stuck_busy()
    m(0x06)
    m(0x20, address=0)
    m(0x75)
    m.wait(1_000)
    assert m.sr() & 1
    assert m.chip.suspended is None
    m(0x66)
    m(0x99)
    m.wait(1)
    assert m.sr() == 0
    m(0x06)
    m(0x20, address=0)
    assert m.chip.busy_until == m.bench.clock.now + 45_000_000, "the fault is over"


def test_plain_array_data_ends_with_the_array() -> None:
    m = Master("W25Q256JV")
    read = Transaction(opcode=0x13, address_bits=32, address=0x1FF_FFFC, read=4)
    assert m.chip.reads_array(read)
    assert m.chip.reads_array(read._replace(read=5)) is False
    short = Transaction(opcode=0x03, address_bits=24, address=0, read=4)
    assert m.chip.reads_array(short)
    m(0x06)
    m(0xC5, write=b"\x01")
    assert m.chip.reads_array(short) is False, "the extended address adds 16 MB"
    assert m.chip.reads_array(read)


def test_an_operation_in_words() -> None:
    """A place where there is one."""
    m = Master()
    m(0x06)
    m(0x01, write=b"\x04")
    assert str(m.chip.operation) == "write status 1, until 10000000 ns"
    assert m.chip.status()["operation"]["length"] == 0
    m.wait()
    m(0x06)
    m(0x02, address=0x1234, write=b"\0")
    assert str(m.chip.operation) == f"page program at 0x1234, until {m.chip.busy_until} ns"
    m.wait()
    m.chip.stuck_busy()
    m(0x06)
    m(0x20, address=0)
    assert str(m.chip.operation) == "sector erase 4K at 0x0, for ever"


def test_what_an_opcode_in_continuous_read_reads() -> None:
    """9Fh on one line: as the chip sees it, address FEEFFFh (lines 1 to 3 are pulled up), mode bits
    FFh, four dummies, and its data on four lines, of which the controller samples line 1."""
    m = Master(qe=1)
    m.chip.program(0x7E_EFFF, b"\x20\x02\x00\x22")
    m.chip.transfer(
        Transaction(
            opcode=0xEB, address=0, address_bits=24, address_lanes=4, mode=0x20, mode_bits=8,
            mode_lanes=4, dummy=4, data_lanes=4, read=1,
        )
    )  # fmt: skip
    # From clock 8 on, data from clock 12: 1111, then line 1 of 2 0, 0 2, 0 0, 2 2, F F...
    assert m(0x9F, read=3) == bytes((0b1111_1001, 0b0011_1111, 0xFF))
    assert m.rules() == ["continuous-read"]
    assert m(0x9F, read=3).hex() == "ef7017"


def test_cells_that_are_not_there() -> None:
    m = Master("W25Q16JV-IM")
    size = 0x20_0000
    text = "nor: 2 bytes at 0x1fffff are not within 0x200000 bytes"
    for act in (
        lambda: m.chip.program(size - 1, b"ab"),
        lambda: m.chip.erase(size - 1, 2),
        lambda: m.chip.read(size - 1, 2),
        lambda: m.chip.fail_program(size - 1, 2),
    ):
        with pytest.raises(ValueError) as refused:
            act()
        assert str(refused.value) == text
