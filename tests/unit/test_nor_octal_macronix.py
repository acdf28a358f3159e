"""MX25UM/LM, MX66UM. Expected behaviour: nor-flash.md 10."""

from __future__ import annotations

from typing import Any

import pytest
from octal_bus import Octal

PATTERN = bytes(range(256))
READ = {"address": 0, "dummy": 20, "read": 4}


def chip(*, octal: bool = True) -> Octal:
    m = Octal("MX25UM25645G")
    m.chip.program(0, PATTERN)
    if octal:
        m.go_octal()
    return m


def sopi(m: Octal, opcode: int, **fields: Any) -> bytes:
    fields = {"opcode_ddr": False, "address_ddr": False, "data_ddr": False} | fields
    return m.ddr(opcode, **fields)


@pytest.mark.parametrize(
    ("part", "code", "size"),
    [
        ("MX25UM25645G", "C28039", 32), ("MX25UM51245G", "C2803A", 64),
        ("MX25LM51245G", "C2853A", 64), ("MX66UM1G45G", "C2803B", 128),
    ],
)  # fmt: skip
def test_id(part: str, code: str, size: int) -> None:
    m = Octal(part)
    assert m.spi(0x9F, read=3) == bytes.fromhex(code)
    assert m.chip.size == size << 20


def test_id_comes_twice_in_dopi() -> None:
    m = chip()
    assert m.ddr(0x9F60, address=0, dummy=4, read=8) == bytes.fromhex("C2C280803939C2C2")
    assert m.rules() == []


def test_opcode_needs_its_inverse() -> None:
    m = chip()
    m.ddr(0x06FA)
    assert m.rules() == ["wrong-opcode-extension"]
    m.ddr(0x0606)
    assert m.rules() == ["wrong-opcode-extension"]
    assert m.ddr(0x05FA, address=0, dummy=4, read=2) == b"\x00\x00"
    m.ddr(0x06F9)
    assert m.ddr(0x05FA, address=0, dummy=4, read=2) == b"\x02\x02"


def test_pairs_are_exchanged_in_dopi() -> None:
    m = chip()
    assert m.ddr(0xEE11, **READ) == bytes((1, 0, 3, 2))
    assert m.rules() == []


def test_program_in_dopi_reads_exchanged_in_spi() -> None:
    m = chip()
    m.ddr(0x06F9)
    m.ddr(0x12ED, address=0x1000, write=b"\xd0\xd1\xd2\xd3")
    m.wait()
    assert m.chip.read(0x1000, 4) == b"\xd1\xd0\xd3\xd2"
    m.ddr(0x6699)
    m.ddr(0x9966)
    m.wait(200)
    assert m.spi(0x03, address=0x1000, read=4) == b"\xd1\xd0\xd3\xd2"


def test_sopi_keeps_the_order() -> None:
    m = chip(octal=False)
    m.write_cr2(0, 1)
    assert sopi(m, 0xEC13, address=0, dummy=20, read=4) == PATTERN[:4]
    assert sopi(m, 0x9F60, address=0, dummy=4, read=3) == bytes.fromhex("C28039")
    assert m.rules() == []
    m.ddr(0xEE11, **READ)
    assert m.rules()


def test_both_mode_bits_are_refused() -> None:
    m = chip(octal=False)
    m.write_cr2(0, 3)
    assert m.rules() == ["reserved-register"]
    assert m.spi(0x9F, read=1) == b"\xc2"


@pytest.mark.parametrize(("code", "clocks"), list(enumerate((20, 18, 16, 14, 12, 10, 8, 6))))
def test_dummy_codes(code: int, clocks: int) -> None:
    m = chip(octal=False)
    m.write_cr2(0x300, code)
    m.write_cr2(0, 2)
    assert m.ddr(0xEE11, **(READ | {"dummy": clocks})) == bytes((1, 0, 3, 2))
    assert m.rules() == []
    m.ddr(0xEE11, **(READ | {"dummy": clocks + 1}))
    assert m.rules() == ["wrong-dummy"]


def test_cr2_reads_back() -> None:
    m = chip(octal=False)
    m.write_cr2(0x300, 5)
    assert m.spi(0x71, address=0x300, address_bits=32, read=1) == b"\x05"
    m.write_cr2(0, 2)
    assert m.ddr(0x718E, address=0x300, dummy=4, read=2) == b"\x05\x05"
    m.ddr(0x06F9)
    m.ddr(0x728D, address=0x300, write=b"\x07\x00")  # the first byte counts
    assert m.ddr(0x718E, address=0x300, dummy=4, read=2) == b"\x07\x07"
    assert m.rules() == []


def test_status_and_configuration_writes_in_dopi() -> None:
    m = chip()
    m.ddr(0x06F9)
    m.ddr(0x01FE, address=1, write=b"\x02\x00")
    m.wait()
    assert m.ddr(0x15EA, address=0, dummy=4, read=2) == b"\x02\x02"
    m.ddr(0x06F9)
    m.ddr(0x01FE, address=0, write=b"\x3c\x00")
    m.wait()
    assert m.ddr(0x05FA, address=0, dummy=4, read=2) == b"\x3c\x3c"
    assert m.rules() == []


def test_protected_operations_set_the_fail_bits_and_clear_wel() -> None:
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(0x01, write=b"\x3c")
    m.wait()
    for opcode, fields, bit in (
        (0x12, {"address_bits": 32, "write": b"\0"}, 0x20),
        (0x21, {"address_bits": 32}, 0x40),
    ):
        m.spi(0x06)
        m.spi(opcode, address=0, **fields)
        assert m.spi(0x2B, read=1)[0] & bit
        assert m.spi(0x05, read=1) == b"\x3c"
    assert m.rules() == ["protected", "protected"]


@pytest.mark.parametrize(
    ("opcode", "fields", "bit"),
    [(0x12, {"address_bits": 32, "write": bytes(256)}, 0x04), (0x21, {"address_bits": 32}, 0x08)],
    ids=["program", "erase"],
)
def test_the_security_register_says_what_is_suspended(
    opcode: int, fields: dict[str, Any], bit: int
) -> None:
    """Bit 2 is PSB, bit 3 ESB."""
    m = chip(octal=False)
    m.spi(0x06)
    m.spi(opcode, address=0, **fields)
    m.spi(0xB0)
    m.wait(0.05)
    assert m.spi(0x2B, read=1)[0] & 0x0C == bit
    m.spi(0x30)
    m.wait()
    assert m.spi(0x2B, read=1)[0] & 0x0C == 0
    assert m.rules() == []


def test_any_cycle_of_chip_select_ends_power_down() -> None:
    m = chip()
    m.ddr(0xB946)
    m.wait(1)
    assert m.ddr(0x05FA, address=0, dummy=4, read=2) == b"\xff\xff"
    m.wait(1)
    assert m.ddr(0x05FA, address=0, dummy=4, read=2) == b"\x00\x00"  # still in DOPI


def test_reset_pin_leaves_dopi() -> None:
    m = chip()
    m.chip.on_input(0, False)
    m.chip.on_input(0, True)
    m.wait(1)
    assert m.spi(0x9F, read=3) == bytes.fromhex("C28039")
    assert m.rules() == []


def test_odd_address_is_reported() -> None:
    m = chip()
    m.ddr(0xEE11, **(READ | {"address": 1}))
    assert m.rules() == ["odd-in-ddr"]


def test_plain_array_data_needs_a_controller_that_exchanges_pairs() -> None:
    from xipsim.peripherals.nor.bus import Transaction

    m = chip()
    read = {
        "opcode": 0xEE11, "opcode_bits": 16, "opcode_lanes": 8, "opcode_ddr": True, "address": 0,
        "address_bits": 32, "address_lanes": 8, "address_ddr": True, "dummy": 20, "data_lanes": 8,
        "data_ddr": True, "read": 2,
    }  # fmt: skip
    assert not m.chip.reads_array(Transaction(**read))
    assert m.chip.reads_array(Transaction(**read, swaps=True))


def test_sfdp() -> None:
    m = Octal("MX25LM51245G")
    assert m.spi(0x5A, address=0, dummy=8, read=4) == b"SFDP"
    density = int.from_bytes(m.spi(0x5A, address=0x34, dummy=8, read=4), "little")
    assert density + 1 == 8 * (64 << 20)


def test_each_fail_bit_says_how_the_last_operation_of_its_kind_went() -> None:
    """Security register: bit 5 P_FAIL, bit 6 E_FAIL."""
    m = Octal("MX25UM25645G")

    def security(opcode: int, address: int, **data: bytes) -> int:
        m.spi(0x06)
        m.spi(opcode, address=address, address_bits=32, **data)
        m.wait(500)
        return m.spi(0x2B, read=1)[0]

    m.spi(0x06)
    m.spi(0x01, write=b"\x04")  # BP0: the highest 64 KB
    m.wait()
    locked, free = 0x1FF_0000, 0x1FE_0000
    assert security(0x12, locked, write=b"\0") == 0x20
    assert security(0x21, locked) == 0x60
    assert security(0x12, free, write=b"\0") == 0x40
    assert security(0x21, free) == 0


@pytest.mark.parametrize("bottom", [False, True])
@pytest.mark.parametrize(("code", "blocks"), [(0, 0), (1, 1), (3, 4), (9, 256), (10, 512)])
def test_protection_from_either_end(bottom: bool, code: int, blocks: int) -> None:
    """SR bits 5 to 2: BP3 to BP0, in blocks of 64 KB; CR bit 3: TB, set once for all."""
    m = Octal("MX25UM25645G")
    m.spi(0x06)
    m.spi(0x01, write=bytes((code << 2, 0x08 if bottom else 0x00)))
    m.wait()
    m.rules()
    size, length = m.chip.size, blocks << 16
    for address in (0, length - 1, length, size - length - 1, size - length, size - 1):
        if not 0 <= address < size:
            continue
        inside = address < length if bottom else address >= size - length
        m.spi(0x06)
        m.spi(0x12, address=address, address_bits=32, write=b"\xff")
        assert m.rules() == (["protected"] if inside else []), hex(address)
        m.wait(1)
