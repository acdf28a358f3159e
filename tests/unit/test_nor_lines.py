"""The eight lines clock by clock, against a plain reckoning: the level of each line in each half of
each clock, and who samples which of them when.

What is reckoned with: data is sampled at the rising edge, at double data rate at both; the first
bit goes over the highest line of those in use; on one line the chip answers over IO1 (SO). What
nobody drives is pulled up, or (keeper) keeps its last level.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.wire import Wire, to_bytes


class Reckoned:
    """The levels of IO7 to IO0 in each half clock."""

    def __init__(self, t: Transaction, keeper: bool) -> None:
        self.halves: list[int] = []
        self._keeper, self._last = keeper, 0xFF
        if t.opcode is not None:
            self._drive(t.opcode, t.opcode_bits, t.opcode_lanes, t.opcode_ddr)
        if t.address is not None:
            self._drive(t.address, t.address_bits, t.address_lanes, t.address_ddr)
        if t.mode is not None:
            self._drive(t.mode, t.mode_bits, t.mode_lanes, t.address_ddr)
        self.halves += [self._undriven] * 2 * t.dummy
        start = len(self.halves)
        self.idle = self._undriven
        self._drive(int.from_bytes(t.write, "big"), 8 * len(t.write), t.data_lanes, t.data_ddr)
        if not t.duplex:
            start, self.idle = len(self.halves), self._undriven
            clocks = -(-8 * t.read // (t.data_lanes << t.data_ddr))
            self.halves += [self._undriven] * 2 * clocks
        self.read_at = start // 2
        self._t = t

    @property
    def _undriven(self) -> int:
        return self._last if self._keeper else 0xFF

    def _drive(self, value: int, bits: int, lanes: int, ddr: bool) -> None:
        around = self._undriven
        for place in range(bits - lanes, -1, -lanes):
            symbol = value >> place & (1 << lanes) - 1
            self._last = around >> lanes << lanes | symbol
            self.halves += [self._last] * (1 if ddr else 2)
        if len(self.halves) % 2:
            self.halves.append(self._last)

    def bits(self, start: int, count: int, lanes: int, ddr: bool) -> str:
        """What the chip sees."""
        halves = self.halves[2 * start : 2 * (start + count)]
        return "".join(
            "".join(str(level >> line & 1) for line in reversed(range(lanes)))
            for level in (halves if ddr else halves[::2])
        )

    def sampled(self, answer: bytes, start: int, lanes: int, ddr: bool) -> bytes:
        """What the controller reads of what the chip drives from clock `start` on."""
        t, drives = self._t, {}
        lines = [1] if lanes == 1 else list(reversed(range(lanes)))
        text = "".join(f"{byte:08b}" for byte in answer)
        for place in range(0, len(text), lanes):
            number = place // lanes
            half = 2 * start + (number if ddr else 2 * number)
            level = dict(zip(lines, text[place : place + lanes], strict=True))
            drives[half] = level
            if not ddr:
                drives[half + 1] = level
        looks = [1] if t.data_lanes == 1 else list(reversed(range(t.data_lanes)))
        seen = ""
        for number in range(-(-8 * t.read // t.data_lanes)):
            half = 2 * self.read_at + (number if t.data_ddr else 2 * number)
            for line in looks:
                seen += drives.get(half, {}).get(line, str(self.idle >> line & 1))
        return to_bytes(seen[: 8 * t.read])


LANES = st.sampled_from((1, 2, 4, 8))


@st.composite
def transactions(draw: Any) -> Transaction:
    def phase(least: int) -> tuple[int, int, bool]:
        """Bits, lanes, both edges; whole symbols."""
        lanes = draw(LANES)
        return max(least, lanes), lanes, draw(st.booleans())

    duplex = draw(st.booleans())
    fields: dict[str, Any] = {"dummy": draw(st.integers(0, 5))}
    if draw(st.booleans()):
        bits, lanes, ddr = phase(draw(st.sampled_from((4, 8, 16))))
        value = draw(st.integers(0, (1 << bits + 2) - 1))
        fields |= {"opcode": value, "opcode_bits": bits, "opcode_lanes": lanes, "opcode_ddr": ddr}
    if draw(st.booleans()):
        bits, lanes, ddr = phase(draw(st.sampled_from((8, 24, 32))))
        fields |= {"address": draw(st.integers(0, (1 << bits + 2) - 1)), "address_bits": bits}
        fields |= {"address_lanes": lanes, "address_ddr": ddr}
    if draw(st.booleans()):
        bits, lanes, _ = phase(draw(st.sampled_from((4, 8))))
        fields |= {"mode": draw(st.integers(0, 255)), "mode_bits": bits, "mode_lanes": lanes}
    write = draw(st.binary(max_size=4))
    return Transaction(
        **fields,
        write=write,
        read=len(write) if duplex else draw(st.integers(0, 4)),
        data_lanes=1 if duplex else draw(LANES),
        data_ddr=not duplex and draw(st.booleans()),
        duplex=duplex,
    )


@settings(max_examples=250, deadline=None)
@given(t=transactions(), keeper=st.booleans(), start=st.integers(0, 12), count=st.integers(0, 12),
       lanes=LANES, ddr=st.booleans())  # fmt: skip
def test_what_the_chip_sees(
    t: Transaction, keeper: bool, start: int, count: int, lanes: int, ddr: bool
) -> None:
    wire, reckoned = Wire(t, keeper=keeper), Reckoned(t, keeper)
    assert 2 * wire.length == len(reckoned.halves)
    assert wire.read_at == reckoned.read_at
    expected = reckoned.bits(start, count, lanes, ddr)
    assert wire.bits(start, count, lanes, ddr=ddr) == expected
    assert wire.value(start, count, lanes, ddr=ddr) == int(expected or "0", 2)
    whole = reckoned.bits(0, wire.length, lanes, ddr)
    assert wire.bits(0, wire.length, lanes, ddr=ddr) == whole


@settings(max_examples=250, deadline=None)
@given(t=transactions(), keeper=st.booleans(), answer=st.binary(max_size=6),
       offset=st.integers(-6, 6), lanes=LANES, ddr=st.booleans())  # fmt: skip
def test_what_the_controller_samples(
    t: Transaction, keeper: bool, answer: bytes, offset: int, lanes: int, ddr: bool
) -> None:
    wire, reckoned = Wire(t, keeper=keeper), Reckoned(t, keeper)
    start = max(0, wire.read_at + offset)
    expected = reckoned.sampled(answer, start, lanes, ddr)
    assert wire.sampled(answer, start, lanes, ddr=ddr) == expected


@pytest.mark.parametrize(
    ("bits", "data"),
    [("", b""), ("1", b"\x80"), ("01", b"\x40"), ("00000001", b"\x01"), ("000000011", b"\x01\x80"),
     ("1" * 16, b"\xff\xff"), ("0" * 9, b"\0\0")],
)  # fmt: skip
def test_bits_to_bytes(bits: str, data: bytes) -> None:
    """The last byte is filled up with 0s."""
    assert to_bytes(bits) == data


def test_a_cycle_says_only_what_is_said() -> None:
    """A phase that was not sent is None, 0 or empty; what is sent goes over one line, one edge."""
    t = Transaction(opcode=0x9F)
    assert (t.address, t.mode, t.dummy, t.write, t.read) == (None, None, 0, b"", 0)
    assert (t.opcode_bits, t.address_bits, t.mode_bits) == (8, 0, 0)
    assert (t.opcode_lanes, t.address_lanes, t.mode_lanes, t.data_lanes) == (1, 1, 1, 1)
    assert not (t.opcode_ddr or t.address_ddr or t.data_ddr)
    assert not (t.strobe or t.duplex or t.swaps)
    assert Transaction().opcode is None


def test_the_same_cycle_for_other_data() -> None:
    """Every other field stays."""
    t = Transaction(
        opcode=0x12, opcode_bits=16, opcode_lanes=2, opcode_ddr=True, address=3, address_bits=24,
        address_lanes=4, address_ddr=True, mode=5, mode_bits=6, mode_lanes=7, dummy=8, data_lanes=4,
        data_ddr=True, write=b"ab", read=9, strobe=True, duplex=True, swaps=True,
    )  # fmt: skip
    for address, write, read in ((7, b"xyz", 1), (None, b"", 0)):
        assert t.at(address, write, read) == t._replace(address=address, write=write, read=read)
