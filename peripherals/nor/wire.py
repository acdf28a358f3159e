"""Four lines, clock by clock: what a chip makes of a transaction that is not shaped as it expects.

A chip knows no phases. It counts clocks and samples its lines; a controller that uses other lane
counts, other dummy cycles or another mode is understood differently than it meant. Here a
transaction becomes the clocks that it is, to be read again the chip's way.
"""

from __future__ import annotations

from dataclasses import dataclass

from .bus import Transaction

PULLED_UP = 0b1111


@dataclass(frozen=True, slots=True)
class Clock:
    """The lines IO3 to IO0 at one rising edge, and how many of them the controller drove."""

    lines: int
    lanes: int


class Wire:
    """The clocks of `transaction`; those of its read phase come last, undriven.

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
        self._drive(int.from_bytes(t.write, "big"), 8 * len(t.write), t.data_lanes, t.data_ddr)
        self.read_at = len(self.clocks)
        """Clock at which the controller begins to sample."""
        self._samples_per_clock = 2 if t.data_ddr else 1
        self._read, self._read_lanes = t.read, t.data_lanes
        self._idle(-(-8 * t.read // (t.data_lanes * self._samples_per_clock)))

    def _drive(self, value: int, bits: int, lanes: int, ddr: bool) -> None:
        mask = (1 << lanes) - 1
        # The chip samples rising edges only: of a DDR phase it sees every other transfer.
        for at in range(bits - lanes, -lanes, -lanes * (2 if ddr else 1)):
            driven = (value >> at if at >= 0 else value << -at) & mask
            idle = self._level if self._keeper else PULLED_UP
            self._level = (driven | (idle & ~mask)) & PULLED_UP
            self.clocks.append(Clock(self._level, min(lanes, 4)))

    def _idle(self, count: int) -> None:
        level = self._level if self._keeper else PULLED_UP
        self.clocks.extend([Clock(level, 0)] * count)

    def value(self, start: int, count: int, lanes: int) -> int:
        """The number that `count` clocks from `start` carry on the lower `lanes` lines."""
        mask, value = (1 << lanes) - 1, 0
        for clock in self.clocks[start : start + count]:
            value = value << lanes | (clock.lines & mask)
        return value

    def lanes(self, start: int, count: int) -> set[int]:
        """How many lines the controller drove in these clocks."""
        return {clock.lanes for clock in self.clocks[start : start + count]}

    def sampled(self, answer: bytes, start: int, lanes: int) -> bytes:
        """What the controller reads if the chip drives `answer` from clock `start` on."""
        seen, bits, lower = bytearray(), 1, (1 << self._read_lanes) - 1
        for at in range(self.read_at, len(self.clocks)):
            lines = self._output(answer, at - start, lanes, self.clocks[at].lines)
            # Line 1 carries data from the chip where there is one line for each direction.
            sample = lines >> 1 & 1 if self._read_lanes == 1 else (lines | 0xF0) & lower
            for _ in range(self._samples_per_clock):
                bits = bits << self._read_lanes | sample
                if bits >> 8:
                    seen.append(bits & 0xFF)
                    bits = 1
        return bytes(seen[: self._read])

    @staticmethod
    def _output(answer: bytes, clock: int, lanes: int, idle: int) -> int:
        bit = clock * lanes
        if clock < 0 or bit >= 8 * len(answer):
            return idle
        value = answer[bit // 8] >> (8 - lanes - bit % 8) & ((1 << lanes) - 1)
        if lanes == 1:
            return (idle & ~0b10) | value << 1
        return (idle & ~((1 << lanes) - 1)) | value
