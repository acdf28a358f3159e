"""Whatever a controller sends, an octal chip keeps the laws of its cells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from octal_bus import Octal

from xipsim.peripherals.nor.bus import Transaction

CHIPS = {part: Octal(part) for part in ("IS25WX128", "MX25UM25645G", "EM064LX")}
FACTORY = {part: m.chip.maker.save() for part, m in CHIPS.items()}
"""Registers, of which any cycle may set those that no reset clears, protection among them."""
"""Made once, as their arrays are large; each example begins with a reset pin."""

LANES = st.sampled_from((1, 2, 4, 8))
OPCODES = st.sampled_from(
    (0x9F, 0x9F60, 0x05, 0x05FA, 0x06, 0x06F9, 0x81, 0x72, 0x728D, 0x85, 0xFD, 0xEE11, 0xC2, 0x12ED,
     0x02, 0x21, 0x21DE, 0x99, 0x66, 0xB9, 0xAB, 0x50, 0x01, 0x03, 0x0B, 0x75, 0x7A)
) | st.integers(0, 0xFFFF)  # fmt: skip


@st.composite
def transactions(draw: Any) -> Transaction:
    duplex = draw(st.booleans())
    write = draw(st.binary(max_size=8))
    has_address = draw(st.booleans())
    return Transaction(
        opcode=draw(OPCODES),
        opcode_bits=draw(st.sampled_from((4, 8, 16))),
        opcode_lanes=draw(LANES),
        opcode_ddr=draw(st.booleans()),
        address=draw(st.integers(0, 2**32 - 1)) if has_address else None,
        address_bits=draw(st.sampled_from((24, 32))) if has_address else 0,
        address_lanes=draw(LANES),
        address_ddr=draw(st.booleans()),
        dummy=draw(st.integers(0, 31)),
        data_lanes=1 if duplex else draw(LANES),
        data_ddr=not duplex and draw(st.booleans()),
        write=write,
        read=len(write) if duplex else draw(st.integers(0, 8)),
        strobe=draw(st.booleans()),
        duplex=duplex,
        swaps=draw(st.booleans()),
    )


def fresh(part: str, *, octal: bool) -> Octal:
    m = CHIPS[part]
    m.chip.maker.load(FACTORY[part])
    m.chip.on_input(0, False)
    m.chip.on_input(0, True)
    m.wait(200)
    if octal:
        m.go_octal()
    m.rules()
    m.bench.commands.clear()
    return m


@pytest.mark.parametrize("part", list(CHIPS))
@settings(deadline=None, max_examples=60)
@given(octal=st.booleans(), cycles=st.lists(transactions(), max_size=8), ns=st.integers(0, 10**9))
def test_no_transaction_breaks_the_chip(
    part: str, octal: bool, cycles: list[Transaction], ns: int
) -> None:
    m = fresh(part, octal=octal)
    for t in cycles:
        m.chip.reads_array(t)
        assert len(m.chip.transfer(t)) == t.read
        m.bench.clock.advance(ns)
    m.chip.status()


@pytest.mark.parametrize("part", list(CHIPS))
@settings(deadline=None, max_examples=60)
@given(octal=st.booleans(), t=transactions())
def test_what_is_plain_array_data_reads_as_the_array(
    part: str, octal: bool, t: Transaction
) -> None:
    m = fresh(part, octal=octal)
    if m.chip.reads_array(t) and t.address is not None:
        answer = m.chip.transfer(t)
        if t.swaps and t.read % 2 == 0:
            answer = b"".join(answer[i : i + 2][::-1] for i in range(0, t.read, 2))
        if not t.swaps or t.read % 2 == 0:
            assert answer == m.chip.read(t.address, t.read)


def program(m: Octal, address: int, data: bytes) -> None:
    if m.is_macronix:
        data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
        m.ddr(0x06F9)
        m.ddr(0x12ED, address=address, write=data)
    else:
        m.ddr(0x06)
        m.ddr(0xC2, address=address, write=data)
    m.wait(5)


@pytest.mark.parametrize("part", list(CHIPS))
@settings(deadline=None, max_examples=40)
@given(
    offset=st.integers(0, 100).map(lambda n: 2 * n),
    old=st.binary(min_size=2, max_size=40).map(lambda b: b[: len(b) & ~1]),
    new=st.binary(min_size=2, max_size=40).map(lambda b: b[: len(b) & ~1]),
)
def test_programming_clears_bits_but_on_mram(
    part: str, offset: int, old: bytes, new: bytes
) -> None:
    m = fresh(part, octal=True)
    m.chip.erase(0, 0x1000)
    m.chip.program(offset, old)
    before = m.chip.read(offset, len(new))
    program(m, offset, new)
    expected = new if part == "EM064LX" else bytes(a & b for a, b in zip(before, new, strict=True))
    assert m.chip.read(offset, len(new)) == expected
    assert m.rules() == []
