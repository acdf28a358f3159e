"""What is meant to cost little: a cycle of the expected shape is not laid out clock by clock, a
poll is not decoded anew, a snapshot looks at what was touched, what nobody hears is not made.

nor/decoder.py, nor/array.py and nor/state.py promise so; firmware sends millions of such cycles.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from nor_bus import Master, quad_read
from octal_bus import Octal

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.core.trace import Trace
from xipsim.peripherals.nor.array import Array
from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.chip import Chip


@contextmanager
def counted(owner: Any, method: str) -> Iterator[list[int]]:
    """How often a method is called, in a list of one."""
    calls, original = [0], getattr(owner, method)

    def count(*arguments: Any) -> Any:
        calls[0] += 1
        return original(*arguments)

    setattr(owner, method, count)
    yield calls
    delattr(owner, method)


def replays(chip: Chip, t: Transaction) -> int:
    with counted(chip._decoder._replay, "run") as calls:
        chip.transfer(t)
    return calls[0]


ADDRESS: dict[str, Any] = {"address": 0x1000, "address_bits": 24}
QUAD: dict[str, Any] = ADDRESS | {"address_lanes": 4, "data_lanes": 4}
MODE: dict[str, Any] = {"mode": 0xFF, "mode_bits": 8}
IN_SPI: list[dict[str, Any]] = [
    {"opcode": 0x06},
    {"opcode": 0x05, "read": 1},
    {"opcode": 0x9F, "read": 3},
    {"opcode": 0xAB},
    {"opcode": 0xAB, "dummy": 24, "read": 1},
    {"opcode": 0xAB, "address": 0, "address_bits": 24, "read": 1},
    {"opcode": 0x4B, "address": 0, "address_bits": 32, "read": 8},
    {"opcode": 0x4B, "address": 0, "address_bits": 24, "dummy": 8, "read": 8},
    {"opcode": 0x03, "read": 4} | ADDRESS,
    {"opcode": 0x0B, "dummy": 8, "read": 4} | ADDRESS,
    {"opcode": 0xBB, "dummy": 4, "read": 4, "address_lanes": 2, "data_lanes": 2} | ADDRESS,
    {"opcode": 0xBB, "mode_lanes": 2, "read": 4, "address_lanes": 2, "data_lanes": 2}
    | ADDRESS | MODE,
    {"opcode": 0xEB, "dummy": 6, "read": 4} | QUAD,
    {"opcode": 0xEB, "dummy": 4, "mode_lanes": 4, "read": 4} | QUAD | MODE,
    {"opcode": 0x5A, "dummy": 8, "read": 4} | ADDRESS,
    {"opcode": 0x02, "write": b"ab"} | ADDRESS,
    {"opcode": 0x31, "write": b"\2"},
    {"opcode": 0x77, "write": b"\x10"} | QUAD,
    {"opcode": 0xFF},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(IN_SPI)))
def test_well_shaped_cycles_in_spi(number: int) -> None:
    m = Master(qe=1)
    m(0x06)
    assert replays(m.chip, Transaction(**IN_SPI[number])) == 0
    assert m.rules() == []


def test_well_shaped_cycles_in_qpi_and_continuous_read() -> None:
    m = Master(qe=1)
    m(0x38)
    for t in (
        Transaction(opcode=0x06, opcode_lanes=4),
        Transaction(opcode=0x05, opcode_lanes=4, data_lanes=4, read=1),
        Transaction(opcode=0xEB, opcode_lanes=4, dummy=2, read=4, **QUAD),
        Transaction(opcode=0xFF, opcode_lanes=4),
    ):
        assert replays(m.chip, t) == 0, t
    enter = {"mode": 0xA0, "mode_bits": 8, "mode_lanes": 4, "dummy": 4}
    for opcode in (0xEB, None, None):
        assert replays(m.chip, quad_read(0, 4, opcode=opcode, **enter)) == 0
    assert replays(m.chip, quad_read(0, 4, opcode=None, **enter | {"mode": 0xFF})) == 0
    assert replays(m.chip, Transaction(opcode=0x05, read=1)) == 0
    assert m.rules() == []


OCTAL: dict[str, Any] = {"opcode_lanes": 8, "data_lanes": 8, "data_ddr": True}
AT: dict[str, Any] = {"address_bits": 32, "address_lanes": 8, "address_ddr": True}


def test_well_shaped_cycles_in_octal_ddr() -> None:
    m = Octal("IS25WX128")
    m.go_octal(9)
    for t in (
        Transaction(opcode=0x06, opcode_lanes=8),
        Transaction(opcode=0x06, opcode_lanes=8, data_ddr=True),
        Transaction(opcode=0x05, dummy=8, read=1, **OCTAL),
        Transaction(opcode=0x9F, dummy=8, read=3, **OCTAL),
        Transaction(opcode=0x9F, address=0, dummy=6, read=2, **OCTAL, **AT),
        Transaction(opcode=0xFD, address=2, dummy=9, read=4, **OCTAL, **AT),
        Transaction(
            opcode=0xFD02, opcode_bits=16, opcode_ddr=True, address=0, dummy=9, read=4, **OCTAL,
            **AT,
        ),
        Transaction(opcode=0xC2, address=2, write=b"ab", **OCTAL, **AT),
    ):  # fmt: skip
        assert replays(m.chip, t) == 0, t
    assert m.rules() == []


@pytest.mark.parametrize("mode", [1, 2], ids=["SOPI", "DOPI"])
def test_well_shaped_cycles_of_macronix(mode: int) -> None:
    m = Octal("MX25UM25645G")
    m.write_cr2(0, mode)
    ddr = mode == 2
    both = {"opcode_bits": 16, "opcode_lanes": 8, "opcode_ddr": ddr, "data_lanes": 8}
    at = {"address": 0, "address_bits": 32, "address_lanes": 8, "address_ddr": ddr}
    for t in (
        Transaction(opcode=0x06F9, **both),
        Transaction(opcode=0x05FA, dummy=4, read=2, data_ddr=ddr, **both, **at),
        Transaction(
            opcode=0xEE11 if ddr else 0xEC13, dummy=20, read=4, data_ddr=ddr, **both, **at
        ),
        Transaction(opcode=0x12ED, write=b"ab", data_ddr=ddr, **both, **at),
    ):
        assert replays(m.chip, t) == 0, t
    assert m.rules() == []


def test_a_poll_that_is_sent_again_is_not_decoded_again() -> None:
    """The same object in the same mode; another one, or one with an address or data, is."""
    m = Master(qe=1)
    poll = Transaction(opcode=0x05, read=1)
    m.chip.transfer(poll)
    with counted(m.chip._decoder, "_understand") as calls:
        for _ in range(3):
            assert m.chip.transfer(poll) == b"\0"
        assert calls == [0]
        m.chip.transfer(poll._replace(read=2))
        assert calls == [1]
        read = Transaction(opcode=0x03, address=0, address_bits=24, read=1)
        m.chip.transfer(read)
        m.chip.transfer(read)
        assert calls == [3]
        enable = Transaction(opcode=0x06)
        m.chip.transfer(enable)
        m.chip.transfer(enable)
        assert calls == [4]
        program = Transaction(opcode=0x31, write=b"\2")
        m.chip.transfer(program)
        m.chip.transfer(program)
        assert calls == [6]
        m.wait(100)
        assert m.chip.transfer(poll) == b"\0"
        assert calls == [6], "it is still known"
        m(0x38)
        m.chip.transfer(poll)
        assert calls == [8], "in another mode it says something else"


def test_cycles_that_are_remembered_are_few() -> None:
    """Whatever a controller sends, and the last one is among them."""
    m = Master()
    polls = [Transaction(opcode=0x05, read=1) for _ in range(100)]
    for poll in polls:
        m.chip.transfer(poll)
        assert len(m.chip._decoder._understood) <= 32
        with counted(m.chip._decoder, "_understand") as calls:
            m.chip.transfer(poll)
        assert calls == [0]


class Cells(bytearray):
    """Counts how often it is looked at and changed."""

    looks = changes = 0

    def __getitem__(self, key: Any) -> Any:
        self.looks += 1
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.changes += 1
        super().__setitem__(key, value)

    def since(self) -> tuple[int, int]:
        seen = self.looks, self.changes
        self.looks = self.changes = 0
        return seen


def test_going_back_looks_at_what_was_touched_only() -> None:
    array = Array(0x10_0000)
    cells = array.cells = Cells(array.cells)
    array.fill(b"short")
    assert cells.since() == (0, 1), "a blank array need not be erased"
    saved = array.save()
    cells.since()
    array.load(saved)
    assert cells.since() == (0, 0)
    array.erase(0x3000, 0x2000)
    array.program(0x8000, b"\0")
    cells.since()
    assert array.load(saved) == [0x8000]
    assert cells.since() == (3, 1), "three sectors, of which one is another"
    array.load(saved)
    assert cells.since() == (0, 0)
    blank = Array(0x10_0000).save()
    array.load(blank)
    assert cells.since() == (1, 1), "the sectors of either"
    array.load(blank)
    assert cells.since() == (0, 0)


class Silent(Trace):
    """Nobody hears."""

    def emit(self, event: Any) -> None:
        raise AssertionError(event)


def test_cycles_are_not_told_where_nobody_hears_of_them() -> None:
    system = Bench().system._replace(trace=Silent())
    chip = Chip(system, name="nor", part="W25Q16JV-IM")
    for opcode in (0x06, 0xC7):
        chip.transfer(Transaction(opcode=opcode))
    chip.transfer(Transaction(opcode=0x05, read=1))
    chip.repeated((1, 2))
    assert chip.stats()["commands"] == {"write enable": 1, "chip erase": 1, "read status 1": 3}
