"""IS25LX/WX. Expected behaviour: data sheet A14 (nor-flash.md 9)."""

from __future__ import annotations

import pytest
from octal_bus import Octal

from xipsim.peripherals.core import ResetCause

PATTERN = bytes(range(256))


def chip(dummies: int | None = None, *, octal: bool = True) -> Octal:
    m = Octal("IS25WX128")
    m.chip.program(0, PATTERN)
    if octal:
        m.go_octal(dummies)
    return m


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("IS25WX128", "9D5B18"), ("IS25WX256", "9D5B19"), ("IS25WX512", "9D5B1A"),
        ("IS25LX128", "9D5A18"), ("IS25LX256", "9D5A19"), ("IS25LX512", "9D5A1A"),
    ],
)  # fmt: skip
def test_id_has_20_bytes(part: str, code: str) -> None:
    m = Octal(part)
    answer = m.spi(0x9F, read=20)
    assert answer[:4] == bytes.fromhex(code) + b"\x10"
    assert answer[4:] == m.chip.unique_id
    m.go_octal()
    assert m.ddr(0x9F, dummy=8, read=20) == answer
    assert m.rules() == []


def test_spi_reads() -> None:
    m = chip(octal=False)
    assert m.spi(0x03, address=5, read=4) == PATTERN[5:9]
    assert m.spi(0x13, address=5, address_bits=32, read=4) == PATTERN[5:9]
    assert m.spi(0x0B, address=5, dummy=8, read=4) == PATTERN[5:9]
    assert m.spi(0x8B, address=5, dummy=8, data_lanes=8, read=4) == PATTERN[5:9]
    assert m.spi(0xCB, address=5, address_lanes=8, dummy=16, data_lanes=8, read=4) == PATTERN[5:9]
    both = {"address_ddr": True, "data_ddr": True, "data_lanes": 8}
    assert m.spi(0x9D, address=4, dummy=8, read=4, **both) == PATTERN[4:8]
    assert m.spi(
        0xFD, address=4, address_bits=32, address_lanes=8, dummy=16, read=4, **both
    ) == PATTERN[4:8]
    assert m.rules() == []


@pytest.mark.parametrize("opcode", [0x0B, 0x0C, 0x8B, 0x7C, 0xCB, 0xCC, 0x9D, 0xFD])
def test_all_reads_act_alike_in_octal_ddr(opcode: int) -> None:
    m = chip()
    assert m.ddr(opcode, address=6, dummy=16, read=4) == PATTERN[6:10]
    assert m.rules() == []


def test_03h_does_not_exist_in_octal_ddr() -> None:
    m = chip()
    assert m.ddr(0x03, address=0, read=2) == b"\xff\xff"
    assert m.rules() == ["unknown-opcode"]


@pytest.mark.parametrize(("value", "clocks"), [(9, 9), (0x1E, 30), (0x00, 16), (0x1F, 16)])
def test_dummies_as_configured(value: int, clocks: int) -> None:
    m = chip(value)
    assert m.ddr(0xFD, address=0, dummy=clocks, read=4) == PATTERN[:4]
    assert m.rules() == []
    m.ddr(0xFD, address=0, dummy=clocks - 1, read=4)
    assert m.rules() == ["wrong-dummy"]


@pytest.mark.parametrize(("dummy", "expected"), [(8, "FFFF0001"), (10, "02030405")])
def test_wrong_dummies_shift_by_two_bytes_each(dummy: int, expected: str) -> None:
    m = chip(9)
    assert m.ddr(0xFD, address=0, dummy=dummy, read=4) == bytes.fromhex(expected)


def test_opcode_extension_does_not_matter() -> None:
    m = chip(9)
    for extension in (0xFD, 0x02, 0x00):
        word = 0xFD00 | extension
        answer = m.ddr(word, opcode_bits=16, opcode_ddr=True, address=0, dummy=9, read=4)
        assert answer == PATTERN[:4]
    assert m.rules() == []


def test_spi_opcode_is_not_understood_in_octal_mode() -> None:
    m = chip()
    assert m.spi(0x9F, read=3) == b"\xff" * 3
    assert "wrong-lanes" in m.rules()
    m.spi(0x06)
    assert m.ddr(0x05, dummy=8, read=1) == b"\x00"


def test_octal_opcode_is_not_understood_in_spi_mode() -> None:
    m = chip(octal=False)
    assert m.ddr(0x9F, dummy=8, read=3) == b"\xff" * 3
    assert m.rules()
    m.ddr(0x06)
    assert m.spi(0x05, read=1) == b"\x00"


def test_single_data_rate_in_octal_ddr_is_garbage() -> None:
    m = chip(9)
    t = {"address": 0x100, "dummy": 9, "read": 4, "address_ddr": False}
    assert m.ddr(0xFD, **t) != PATTERN[:4]
    assert "wrong-edges" in m.rules()


def test_registers_read_with_8_dummies() -> None:
    m = chip(9)
    assert m.ddr(0x85, address=1, dummy=8, read=1) == b"\x09"
    assert m.ddr(0x85, address=0, dummy=8, read=2) == b"\xe7\xe7"
    assert m.ddr(0xB5, address=0, dummy=8, read=1) == b"\xff"
    assert m.ddr(0x85, address=0x40, dummy=8, read=1) == b"\xff"
    assert m.rules() == []


def test_reserved_register_sets_the_error_flag_and_clears_wel() -> None:
    m = chip(octal=False)
    for register, value in ((2, 0), (0, 0x12), (5, 0x00)):
        m.write_volatile(register, value)
        assert m.spi(0x70, read=1)[0] & 0x02
        assert m.spi(0x05, read=1) == b"\x00"
        assert m.rules() == ["reserved-register"]
        m.spi(0x50)
        assert m.spi(0x70, read=1) == b"\x80"


@pytest.mark.parametrize(
    ("register", "values"),
    [
        (0, {0xFF, 0xDF, 0xE7, 0xC7}),  # SPI, without strobe; octal DDR, without strobe
        (3, {0xFF, 0xFE, 0xFD, 0xFC}),  # 50, 35, 25, 18 ohm
        (5, {0xFF, 0xFE}),  # three and four bytes of address
        (7, {0xFF, 0xFE, 0xFD, 0xFC}),  # no wrap, 64, 32, 16 bytes
    ],
)
def test_what_the_configuration_registers_take(register: int, values: set[int]) -> None:
    """The data sheet's table of configuration registers: every other value is reserved."""
    m, taken = chip(octal=False), set()
    for value in range(256):
        m.write_volatile(register, value)
        if m.rules() == []:
            taken.add(value)
            m = chip(octal=False)  # it may be in another mode now
    assert taken == values


def test_volatile_write_needs_wel() -> None:
    m = chip(octal=False)
    m.spi(0x81, address=0, write=b"\xe7")
    assert m.rules() == ["write-without-wel"]
    assert m.spi(0x9F, read=1) == b"\x9d"


def test_non_volatile_mode_counts_from_the_next_power_up() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0xB1, address=0, write=b"\xe7")
    assert m.spi(0x05, read=1)[0] & 1
    m.wait(1000)
    assert m.spi(0x9F, read=1) == b"\x9d"
    m.chip.reset(ResetCause.POWER_ON)
    assert m.spi(0x9F, read=3) == b"\xff" * 3  # "boots directly in octal DDR"
    assert m.ddr(0x9F, dummy=8, read=1) == b"\x9d"


def test_second_byte_of_a_register_write_is_ignored_and_reported() -> None:
    m = chip()
    m.ddr(0x06)
    m.ddr(0x81, address=1, write=b"\x0a\x0b")
    assert m.rules() == ["odd-in-ddr"]
    assert m.ddr(0x85, address=1, dummy=8, read=1) == b"\x0a"


def test_program_and_erase_in_octal_ddr() -> None:
    m = chip(9)
    m.ddr(0x06)
    assert m.ddr(0x05, dummy=8, read=1) == b"\x02"
    m.ddr(0xC2, address=0x1000, write=b"\x12\x34")
    assert m.ddr(0x05, dummy=8, read=2) == b"\x03\x03"
    assert m.ddr(0x70, dummy=8, read=1)[0] & 0x80 == 0
    m.wait()
    assert m.ddr(0x05, dummy=8, read=1) == b"\x00"
    assert m.chip.read(0x1000, 2) == b"\x12\x34"
    m.ddr(0x06)
    m.ddr(0x21, address=0x1ABC)
    m.wait()
    assert m.chip.read(0x1000, 2) == b"\xff\xff"
    assert m.rules() == []


def test_erase_times() -> None:
    m = chip(octal=False)
    for opcode, ms, size in ((0x20, 80, 0x1000), (0x52, 130, 0x8000), (0xD8, 280, 0x20000)):
        m.spi(0x06)
        m.spi(opcode, address=0x12345)
        assert m.chip.busy_until == m.bench.clock.now + ms * 1_000_000
        operation = m.chip.status()["operation"]
        assert (operation["address"], operation["length"]) == (0x12345 & -size, size)
        m.wait()


def test_odd_address_and_length_are_reported() -> None:
    m = chip(9)
    m.ddr(0xFD, address=3, dummy=9, read=2)
    assert m.rules() == ["odd-in-ddr"]
    m.ddr(0x06)
    m.ddr(0xC2, address=0x100, write=b"\x00\x00\x00")
    assert m.rules() == ["odd-in-ddr"]
    m.wait()
    assert m.chip.read(0x100, 4) == b"\x00\x00\x00\xff"


def test_id_is_not_decoded_while_busy() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x20, address=0)
    assert m.spi(0x9F, read=3) == b"\xff" * 3
    assert m.rules() == ["command-while-busy"]
    assert m.spi(0x85, address=1, dummy=8, read=1) == b"\xff"
    assert m.rules() == []


def test_protected_program_keeps_wel_and_flags_it() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x01, write=b"\x7c")  # all of BP3 to BP0, TB
    m.wait()
    assert m.spi(0x05, read=1) == b"\x7c"
    m.spi(0x06)
    m.spi(0x02, address=0x1000, write=b"\x00")
    assert m.rules() == ["protected"]
    assert m.spi(0x05, read=1) == b"\x7e"
    assert m.spi(0x70, read=1)[0] & 0x12 == 0x12
    m.spi(0x04)
    assert m.rules() == ["error-pending"]
    assert m.spi(0x05, read=1) == b"\x7e"
    m.spi(0x50)
    assert m.spi(0x05, read=1) == b"\x7c"
    m.spi(0x06)
    m.spi(0xC7)
    assert m.spi(0x70, read=1)[0] & 0x22 == 0x22


@pytest.mark.parametrize(
    ("sr", "inside", "outside"),
    [(0x04, 0xFF_0000, 0xFE_FFFF), (0x24, 0x00_FFFF, 0x01_0000), (0x60, 0x7F_FFFF, 0x80_0000)],
)
def test_block_protection(sr: int, inside: int, outside: int) -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x01, write=bytes((sr,)))
    m.wait()
    for address, rules in ((inside, ["protected"]), (outside, [])):
        m.spi(0x50)
        m.spi(0x06)
        m.spi(0x02, address=address, write=b"\x00")
        assert m.rules() == rules
        m.wait()


def test_software_reset_leaves_octal_mode() -> None:
    m = chip()
    m.ddr(0x66)
    m.ddr(0x99)
    m.wait(1)
    assert m.spi(0x9F, read=3) == bytes.fromhex("9D5B18")


def test_reset_pin_leaves_octal_mode_and_aborts() -> None:
    m = chip()
    m.ddr(0x06)
    m.ddr(0x21, address=0)
    m.chip.on_input(0, False)
    assert m.spi(0x9F, read=3) == b"\xff" * 3
    assert m.rules() == ["in-reset"]
    m.chip.on_input(0, True)
    assert m.chip.busy
    m.wait(1)
    assert m.spi(0x9F, read=3) == bytes.fromhex("9D5B18")
    assert m.chip.read(0, 4) == PATTERN[:4]
    assert m.spi(0x05, read=1) == b"\x00"


def test_no_strobe_in_c7_mode() -> None:
    m = chip(octal=False)
    m.write_volatile(0, 0xC7)
    assert m.ddr(0xFD, address=0, dummy=16, read=2, strobe=True) == b"\xff\xff"
    assert m.rules() == ["no-strobe"]
    assert m.ddr(0xFD, address=0, dummy=16, read=2) == PATTERN[:2]


def test_wrap() -> None:
    m = chip(octal=False)
    m.write_volatile(7, 0xFC)
    assert m.spi(0x0B, address=0x0E, dummy=8, read=4) == bytes((0x0E, 0x0F, 0x00, 0x01))


def test_suspend_shows_in_the_flags() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x20, address=0)
    m.wait(1)
    m.spi(0x75)
    m.wait(1)
    assert m.spi(0x70, read=1) == b"\xc0"
    assert m.spi(0x05, read=1) == b"\x00"
    m.spi(0x7A)
    assert m.spi(0x05, read=1)[0] & 1
    m.wait()
    assert m.chip.read(0, 1) == b"\xff"


def test_sfdp_says_the_size() -> None:
    m = Octal("IS25WX256")
    assert m.spi(0x5A, address=0, dummy=8, read=4) == b"SFDP"
    density = int.from_bytes(m.spi(0x5A, address=0x34, dummy=8, read=4), "little")
    assert density + 1 == 8 * (32 << 20)
    m.go_octal()
    assert m.ddr(0x5A, address=0, dummy=8, read=4) == b"SFDP"


@pytest.mark.parametrize(
    "opcode",
    [
        *(0x2B, 0x68, 0x2C, 0x2D, 0xE0, 0xE1, 0xE5, 0xE8, 0xE2, 0xE3, 0xE4),  # protection
        *(0xA6, 0xA7),  # global freeze bit
        *(0x27, 0x28, 0x29),  # password
        *(0x4B, 0x42, 0xB6, 0xCD),  # OTP, ECC, data learning
    ],
)
def test_each_command_that_the_model_lacks_is_a_gap(opcode: int) -> None:
    """The data sheet's table of commands; what is none of it is against the rules."""
    m = chip(octal=False)
    m.spi(opcode)
    assert len(m.bench.gaps) == 1 and m.rules() == []
    m.spi(0xA8)
    assert len(m.bench.gaps) == 1 and len(m.rules()) == 1


def test_what_the_model_lacks_is_a_gap() -> None:
    m = chip(octal=False)
    m.spi(0xE8, address=0, read=1)
    assert "volatile locks" in m.bench.gaps[0].what
    assert m.rules() == []


def test_snapshot() -> None:
    m = chip(9)
    saved = m.chip.save()
    m.chip.reset(ResetCause.POWER_ON)
    m.chip.load(saved)
    assert m.ddr(0xFD, address=0, dummy=9, read=4) == PATTERN[:4]


def test_clearing_flags_that_are_not_set_leaves_wel_alone() -> None:
    """50h ends what an error has left; it is no write disable."""
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x50)
    assert m.spi(0x05, read=1) == b"\x02"
    m.spi(0x01, write=b"\x04")
    m.wait(2)
    m.spi(0x06)
    m.spi(0x02, address=m.chip.size - 1, write=b"\x00")
    assert m.spi(0x05, read=1) == b"\x06", "protected: WEL stays"
    m.spi(0x50)
    assert m.spi(0x05, read=1) == b"\x04"
    assert m.spi(0x70, read=1) == b"\x80"
