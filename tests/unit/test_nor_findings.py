"""What is wrong with a cycle: every finding in its words, in which order, and nothing more.

What a chip expects: nor-flash.md 2 and 3 (quad parts), 9 (ISSI), 10 (Macronix).
"""

from __future__ import annotations

from typing import Any

import pytest
from nor_bus import Master
from octal_bus import Octal

from xipsim.peripherals.nor.bus import Transaction


def told(m: Master | Octal) -> list[str]:
    found = [f"{d.rule}: {d.message}" for d in m.bench.diagnostics]
    m.bench.diagnostics.clear()
    return found


LATE = "wrong-dummy: read data: 8 dummy cycles between address and data, expected 0"
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "dummies where there are none": (
        {"opcode": 0x03, "address": 0, "dummy": 8, "read": 1},
        [LATE],
    ),
    "mode bits where there are none": (
        {"opcode": 0x03, "address": 0, "mode": 0, "mode_bits": 8, "read": 1},
        [LATE],
    ),
    "mode bits count as dummies": (
        {"opcode": 0xEB, "address": 0, "address_lanes": 4, "mode": 0, "mode_bits": 8,
         "mode_lanes": 4, "dummy": 5, "data_lanes": 4, "read": 1},
        ["wrong-dummy: fast read quad I/O: 7 dummy cycles between address and data, expected 6, "
         "mode bits included"],
    ),
    "half of the mode bits": (
        {"opcode": 0xEB, "address": 0, "address_lanes": 4, "mode": 0xF, "mode_bits": 4,
         "mode_lanes": 4, "dummy": 4, "data_lanes": 4, "read": 1},
        ["wrong-dummy: fast read quad I/O: 5 dummy cycles between address and data, expected 6, "
         "mode bits included"],
    ),
    "an id on two lines": (
        {"opcode": 0x92, "address": 0, "address_lanes": 2, "data_lanes": 2, "read": 2},
        ["wrong-dummy: read manufacturer id: 0 dummy cycles between address and data, expected 4, "
         "mode bits included"],
    ),
    "an id on four lines": (
        {"opcode": 0x94, "address": 0, "address_lanes": 4, "data_lanes": 4, "dummy": 4, "read": 2},
        ["wrong-dummy: read manufacturer id: 4 dummy cycles between address and data, expected 6, "
         "mode bits included"],
    ),
    "an address where there is none": (
        {"opcode": 0x9F, "address": 0, "read": 3},
        ["wrong-address: read JEDEC id: 24 address bits, expected 0"],
    ),
    "an address in place of dummies": ({"opcode": 0xAB, "address": 0, "read": 1}, []),
    "an address of no read": (
        {"opcode": 0x06, "address": 0},
        ["wrong-address: write enable: 24 address bits, expected 0",
         "wrong-length: write enable ignored: chip select rose after 32 clocks, and "
         "the command has 8"],
    ),
    "no address": (
        {"opcode": 0x20},
        ["wrong-address: sector erase 4K: 0 address bits, expected 24",
         "wrong-length: sector erase 4K at 0x0 ignored: chip select rose after 8 clocks, and the "
         "command has 32"],
    ),
    "an odd number of address bits": (
        {"opcode": 0x02, "address": 0, "address_bits": 28},
        ["wrong-length: page program at 0x0 ignored: chip select rose after 36 clocks, 32 lead "
         "to the data"],
    ),
    "address and data in one phase": ({"opcode": 0x02, "address": 0x55, "address_bits": 32}, []),
    "a register's value as its address": ({"opcode": 0x01, "address": 4, "address_bits": 8}, []),
    "an address at both edges": (
        {"opcode": 0x20, "address": 0, "address_ddr": True},
        ["wrong-edges: sector erase 4K: address at double data rate, not single",
         "wrong-length: sector erase 4K at 0x0 ignored: chip select rose after 20 clocks, and the "
         "command has 32"],
    ),
    "data at both edges": (
        {"opcode": 0x9F, "data_ddr": True, "read": 2},
        ["wrong-edges: read JEDEC id: data at double data rate, not single"],
    ),
    "data at both edges, and on two lines": (
        {"opcode": 0x9F, "data_ddr": True, "data_lanes": 2, "read": 4},
        ["wrong-lanes: read JEDEC id: data on 2 lines where the chip uses 1",
         "wrong-edges: read JEDEC id: data at double data rate, not single"],
    ),
    "data where there are none": (
        {"opcode": 0x06, "data_lanes": 2, "write": b"\0"},
        ["wrong-length: write enable ignored: chip select rose after 12 clocks, and the "
         "command has 8"],
    ),
    "a read where there are no data": (
        {"opcode": 0x06, "read": 1},
        ["wrong-length: write enable ignored: chip select rose after 16 clocks, and the "
         "command has 8"],
    ),
    "half a byte": (
        {"opcode": 0x32, "address": 0, "dummy": 1, "data_lanes": 4, "write": b"a"},
        ["wrong-length: quad page program at 0x0 ignored: chip select rose after 35 clocks, 32 "
         "lead to the data"],
    ),
    "an opcode on two lines": (
        {"opcode": 0x06, "opcode_lanes": 2},
        ["wrong-lanes: opcode on 2 lines where the chip uses 1 (SPI mode)"],
    ),
    "a longer opcode": (
        {"opcode": 0x9F00, "opcode_bits": 16, "read": 3},
        ["wrong-opcode-length: opcode takes 16 clocks, not 8 (SPI mode)"],
    ),
    "nothing at all": ({}, ["wrong-length: ignored: chip select rose before eight bits had come"]),
    # A plain SPI controller sends everything as data.
    "everything as data": ({"opcode": 0x03, "write": bytes(3), "read": 2}, []),
    "everything as data, the opcode, too": ({"write": b"\x9f", "read": 3}, []),
    "everything as data, and on two lines": (
        {"opcode": 0x03, "write": bytes(4), "read": 4, "data_lanes": 2},
        ["wrong-lanes: read data: address on 2 lines where the chip uses 1",
         "wrong-dummy: read data: read 8 clocks too early; dummy cycles: expected 0",
         "wrong-lanes: read data: data on 2 lines where the chip uses 1"],
    ),
    "everything as data, with a byte too many": (
        {"opcode": 0x03, "write": bytes(4), "read": 2},
        ["wrong-dummy: read data: read 8 clocks too late; dummy cycles: expected 0"],
    ),
    "everything as data, without address": ({"opcode": 0x4B, "write": bytes(4), "read": 8}, []),
    "everything as data, with too little of nothing": (
        {"opcode": 0x4B, "write": bytes(3), "read": 8},
        ["wrong-dummy: read unique id: read 8 clocks too early; dummy cycles: expected 32"],
    ),
    "both ways at once": (
        {"write": b"\x9f\0\0\0", "read": 4, "duplex": True},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_in_spi(case: str) -> None:
    fields, expected = CASES[case]
    m = Master(qe=1)
    m(0x06)
    if "address" in fields:
        fields = {"address_bits": 24} | fields
    m.chip.transfer(Transaction(**fields))
    assert told(m) == expected


def test_what_a_plain_controller_gets() -> None:
    """It sends everything as data, and samples while it sends."""
    m = Master(uid="0123456789abcdef")
    m.chip.program(0x10, b"data")
    send = m.chip.transfer
    assert send(Transaction(opcode=0x03, write=b"\0\0\x10", read=4)) == b"data"
    assert send(Transaction(write=b"\x03\0\0\x10", read=4)) == b"data"
    both = Transaction(write=b"\x03\0\0\x10" + bytes(4), read=8, duplex=True)
    assert send(both) == b"\xff" * 4 + b"data"
    assert send(Transaction(opcode=0x4B, write=bytes(4), read=8)).hex() == "0123456789abcdef"
    send(Transaction(write=b"\x06"))
    assert m.sr() == 2
    send(Transaction(write=b"\x02\0\1\0data"))
    assert m.chip.status()["operation"]["length"] == 4
    m.wait(1)
    assert m.chip.read(0x100, 4) == b"data"
    assert told(m) == []


def test_a_read_of_what_takes_data_programs_what_the_lines_carry() -> None:
    """The chip sees clocks; lines that nobody drives are pulled up."""
    m = Master()
    m(0x06)
    m(0x02, address=0, read=2)
    operation = m.chip.operation
    assert operation is not None
    assert operation.data == b"\xff\xff"


@pytest.mark.parametrize(
    ("opcode", "lanes", "mode_clocks"), [(0xBB, 2, 4), (0xEB, 4, 2), (0x92, 2, 4), (0x94, 4, 2)]
)
def test_a_read_that_ends_in_its_mode_bits(opcode: int, lanes: int, mode_clocks: int) -> None:
    """Chip select may rise behind them, not before."""
    m = Master(qe=1)
    for dummy in range(mode_clocks + 1):
        m(opcode, address=0, address_lanes=lanes, data_lanes=lanes, dummy=dummy)
        rules = ["wrong-length"] if dummy < mode_clocks else []
        assert [text.split(":")[0] for text in told(m)] == rules


@pytest.mark.parametrize(("opcode", "lanes"), [(0xBB, 2), (0xEB, 4)])
@pytest.mark.parametrize(("mode", "stays"), [(0x20, True), (0xEF, True), (0xD0, False)])
def test_mode_bits_count_although_the_dummies_do_not(
    opcode: int, lanes: int, mode: int, stays: bool
) -> None:
    """They are the first eight bits behind the address, however many clocks follow."""
    m = Master(qe=1)
    m(
        opcode, address=0, address_lanes=lanes, mode=mode, mode_bits=8, mode_lanes=lanes, dummy=9,
        data_lanes=lanes, read=1,
    )  # fmt: skip
    assert m.chip.status()["continuous_read"] == stays
    assert told(m)[0].startswith("wrong-dummy")


@pytest.mark.parametrize(("lanes", "dummy", "stays"), [(4, 4, True), (2, 2, False)])
def test_mode_bits_on_other_lines_are_others(lanes: int, dummy: int, stays: bool) -> None:
    """20h on four lines is 2, 0. On two: 0, 2, 0, 0 with IO3 and IO2 pulled up, so the chip takes
    Ch, Eh."""
    m = Master(qe=1)
    m(
        0xEB, address=0, address_lanes=4, mode=0x20, mode_bits=8, mode_lanes=lanes, dummy=dummy,
        data_lanes=4, read=1,
    )  # fmt: skip
    assert m.chip.status()["continuous_read"] == stays


def test_what_is_plain_array_data() -> None:
    """A read of the array, in the chip's mode; nothing else that has an address."""
    m = Master(qe=1)

    def plain(opcode: int, **fields: Any) -> bool:
        return m.chip.reads_array(
            Transaction(opcode=opcode, address=0, address_bits=24, read=4, **fields)
        )

    assert plain(0x03)
    assert plain(0x0B, dummy=8)
    assert plain(0xBB, address_lanes=2, dummy=4, data_lanes=2)
    assert plain(0x03, strobe=True) is False
    assert plain(0x03, swaps=True) is False
    assert plain(0x03, dummy=8) is False
    for opcode, dummy in ((0x5A, 8), (0x48, 8), (0x90, 0), (0x3D, 0)):
        assert plain(opcode, dummy=dummy) is False
    m.chip.on_input(0, False)
    assert plain(0x03) is False


@pytest.mark.parametrize(("mode", "strobes"), [(0xE7, True), (0xC7, False)])
def test_plain_array_data_at_both_edges(mode: int, strobes: bool) -> None:
    """From an even address; with a strobe only where there is one."""
    m = Octal("IS25WX128")
    m.write_volatile(0, mode)
    read = Transaction(
        opcode=0xFD, opcode_lanes=8, address=0, address_bits=32, address_lanes=8, address_ddr=True,
        dummy=16, data_lanes=8, data_ddr=True, read=4,
    )  # fmt: skip
    assert m.chip.reads_array(read)
    assert m.chip.reads_array(read._replace(address=1)) is False
    assert m.chip.reads_array(read._replace(address=2, read=3))
    assert m.chip.reads_array(read._replace(strobe=True)) == strobes


def test_a_longer_opcode_at_one_edge_only() -> None:
    """Its second byte takes the place of the address' first two, and all comes a clock early."""
    m = Octal("IS25WX128")
    m.chip.program(0, bytes(range(16)))
    m.go_octal(9)
    read = {"opcode_bits": 16, "address": 0, "dummy": 9, "read": 4}
    assert m.ddr(0xFD00, opcode_ddr=True, **read) == bytes(range(4))
    assert m.rules() == []
    answer = m.ddr(0xFD00, opcode_ddr=False, **read)
    assert answer == bytes(range(2, 6))
    assert told(m) == ["wrong-opcode-length: opcode takes 2 clocks, not 1 (octal DDR mode)"]


IN_OCTAL: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an address at single data rate": (
        {"opcode": 0x0B, "address": 0, "address_ddr": False, "dummy": 14, "read": 2},
        ["wrong-edges: fast read: address at single data rate, not double"],
    ),
    "the same, and data a clock late": (
        {"opcode": 0x0B, "address": 0, "address_ddr": False, "dummy": 15, "read": 2},
        ["wrong-dummy: fast read: 15 dummy cycles between address and data, expected 16",
         "wrong-edges: fast read: address at single data rate, not double"],
    ),
    "three address bytes": (
        {"opcode": 0x0B, "address": 0, "address_bits": 24, "dummy": 16, "read": 2},
        ["wrong-address: fast read: 24 address bits, expected 32 in octal DDR mode"],
    ),
    "data at single data rate": (
        {"opcode": 0x05, "dummy": 8, "read": 1, "data_ddr": False},
        ["wrong-edges: read status: data at single data rate, not double"],
    ),
    "an address in place of two dummies": (
        {"opcode": 0x9F, "address": 0, "dummy": 6, "read": 2},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_OCTAL)
def test_in_octal_ddr(case: str) -> None:
    fields, expected = IN_OCTAL[case]
    m = Octal("IS25WX128")
    m.go_octal()
    m.ddr(**fields)
    assert sorted(told(m)) == sorted(expected)


@pytest.mark.parametrize(
    ("wide", "bits", "why"),
    [
        (False, 32, "32 address bits, expected 24: the chip is in 3-byte mode"),
        (True, 24, "24 address bits, expected 32: the chip is in 4-byte mode"),
        (True, 16, "16 address bits, expected 32"),
    ],
)
def test_the_address_mode_is_named(wide: bool, bits: int, why: str) -> None:
    m = Octal("MX25UM25645G")
    m.spi(0xB7 if wide else 0xE9)
    m.spi(0x03, address=0, address_bits=bits, read=4)
    assert told(m) == [f"wrong-address: read data: {why}"]
    m.spi(0x13, address=0, address_bits=24, read=1)
    assert told(m) == ["wrong-address: read data: 24 address bits, expected 32 in every mode"]
    m.spi(0x5A, address=0, address_bits=32, dummy=8, read=1)
    assert told(m) == ["wrong-address: read SFDP: 32 address bits, expected 24 in every mode"]


def test_a_refusal_names_opcode_and_place() -> None:
    m = Master()
    m(0x02, address=0x1234, write=b"\0")
    m(0x31, write=b"\0")
    m(0x77)
    found = [(d.opcode, d.address, d.message) for d in m.bench.diagnostics]
    assert found[:2] == [
        (0x02, 0x1234, "page program at 0x1234 ignored: the write enable latch is 0"),
        (0x31, None, "write status 2 ignored: the write enable latch is 0"),
    ]
