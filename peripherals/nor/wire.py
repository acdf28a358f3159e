"""Eight lines, clock by clock: what a chip makes of a transaction not shaped as it expects.

A chip knows no phases. It counts clocks and samples its lines; a controller that uses other lane
counts, other dummy cycles or another mode is understood differently than it meant. Here a
transaction becomes the clocks that it is, to be read again the chip's way.
"""

from __future__ import annotations

from typing import NamedTuple

from .bus import Transaction

PULLED_UP = 0xFF


class Clock(NamedTuple):
    """The lines IO7 to IO0 at the edges of one clock, and how many of them the controller drove."""

    rise: int
    fall: int
    lanes: int


class Wire:
    """The clocks of `transaction`; those in which the controller reads come last.

    keeper: lines that nobody drives hold their last level instead of being pulled up.
    """

    def __init__(self, transaction: Transaction, *, keeper: bool) -> None:
        self._keeper, self._level = keeper, PULLED_UP
        self.clocks: list[Clock] = []
        t = transaction
        if t.opcode is not None:
            self._drive(t.opcode, t.opcode_bits, t.opcode_lanes, t.opcode_ddr)
        if t.address is not None:
            self._drive(t.address, t.address_bits, t.address_lanes, t.address_ddr)
        if t.mode is not None:
            self._drive(t.mode, t.mode_bits, t.mode_lanes, t.address_ddr)
        self._idle(t.dummy)
        data_at = len(self.clocks)
        self._drive(int.from_bytes(t.write, "big"), 8 * len(t.write), t.data_lanes, t.data_ddr)
        self.read_at = data_at if t.duplex else len(self.clocks)
        """Clock at which the controller begins to sample."""
        self._read, self._read_lanes, self._read_ddr = t.read, t.data_lanes, t.data_ddr
        if not t.duplex:
            self._idle(-(-8 * t.read // (t.data_lanes << t.data_ddr)))

    def _drive(self, value: int, bits: int, lanes: int, ddr: bool) -> None:
        mask = (1 << lanes) - 1
        levels = []
        for at in range(bits - lanes, -lanes, -lanes):
            driven = (value >> at if at >= 0 else value << -at) & mask
            idle = self._level if self._keeper else PULLED_UP
            self._level = driven | (idle & ~mask)
            levels.append(self._level)
        step = 2 if ddr else 1
        for i in range(0, len(levels), step):
            pair = levels[i : i + step]
            self.clocks.append(Clock(pair[0], pair[-1], lanes))

    def _idle(self, count: int) -> None:
        level = self._level if self._keeper else PULLED_UP
        self.clocks.extend([Clock(level, level, 0)] * count)

    def value(self, start: int, count: int, lanes: int, *, ddr: bool = False) -> int:
        """The number that `count` clocks from `start` carry on the lower `lanes` lines."""
        mask, value = (1 << lanes) - 1, 0
        for clock in self.clocks[start : start + count]:
            value = value << lanes | (clock.rise & mask)
            if ddr:
                value = value << lanes | (clock.fall & mask)
        return value

    def lanes(self, start: int, count: int) -> set[int]:
        """How many lines the controller drove in these clocks."""
        return {clock.lanes for clock in self.clocks[start : start + count]}

    def sampled(self, answer: bytes, start: int, lanes: int, *, ddr: bool = False) -> bytes:
        """What the controller reads if the chip drives `answer` from clock `start` on."""
        seen, bits, lower = bytearray(), 1, (1 << self._read_lanes) - 1
        for at in range(self.read_at, len(self.clocks)):
            clock = self.clocks[at]
            edges = (clock.rise, clock.fall) if self._read_ddr else (clock.rise,)
            for edge, idle in enumerate(edges):
                symbol = 2 * (at - start) + edge if ddr else at - start
                lines = self._output(answer, symbol, lanes, idle)
                # Line 1 carries data from the chip where there is one line for each direction.
                sample = lines >> 1 & 1 if self._read_lanes == 1 else lines & lower
                bits = bits << self._read_lanes | sample
                if bits >> 8:
                    seen.append(bits & 0xFF)
                    bits = 1
        return bytes(seen[: self._read])

    @staticmethod
    def _output(answer: bytes, symbol: int, lanes: int, idle: int) -> int:
        bit = symbol * lanes
        if symbol < 0 or bit >= 8 * len(answer):
            return idle
        value = answer[bit // 8] >> (8 - lanes - bit % 8) & ((1 << lanes) - 1)
        if lanes == 1:
            return (idle & ~0b10) | value << 1
        return (idle & ~((1 << lanes) - 1)) | value
