"""Up to eight lines, clock by clock: what a chip makes of a transaction not shaped as it expects.

A chip knows no phases. It counts clocks and samples its lines; a controller that uses other lane
counts, other dummy cycles or another mode is understood differently than it meant. Here a
transaction becomes the clocks that it is, to be read again the chip's way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .bus import Transaction

PULLED_UP = 0xFF


class _Phase:
    """Clocks in a row in which the controller drives the same lines, `lanes` of them (0: none).

    data: what it drives, the first bit foremost. idle: the lines where nobody drives them.
    """

    def __init__(
        self, start: int, count: int, lanes: int, ddr: bool, data: bytes, idle: int
    ) -> None:
        self.start, self.end = start, start + count
        self.lanes, self.ddr, self.data, self.idle = lanes, ddr, data, idle

    def level(self, symbol: int) -> int:
        """Lines IO7 to IO0 while it drives this symbol."""
        return self.idle & -1 << self.lanes | symbol

    def bits(self, first: int, end: int, lanes: int, ddr: bool) -> str:
        """What the lower `lanes` lines carry in clocks [first, end), in 0s and 1s."""
        if not self.lanes:
            return _text(self.idle, lanes) * (end - first << ddr)
        seen = _seen(self.data, self.lanes, self.ddr, self.level, first - self.start, lanes, ddr)
        return seen[: (end - first) * lanes << ddr]


def _text(level: int, lanes: int) -> str:
    return format(level & (1 << lanes) - 1, f"0{lanes}b")


def _seen(
    data: bytes,
    lanes: int,
    ddr: bool,
    level: Callable[[int], int],
    first: int,
    on: int,
    at_ddr: bool,
) -> str:
    """What is seen on the lower `on` lines, at both edges or not, of `data` that somebody drives
    on `lanes` lines: from clock `first` of the data on, in 0s and 1s.

    level: all lines, for what is driven.
    """
    symbols = [_text(level(symbol), on) for symbol in range(1 << lanes)]
    shifts = range(8 - lanes, -1, -lanes)
    mask, per_byte, start = (1 << lanes) - 1, 8 // lanes, first << ddr
    step = 1
    if at_ddr and not ddr:
        symbols = [text * 2 for text in symbols]
    elif ddr and not at_ddr:
        # Of each clock's two symbols only the first is sampled.
        step = 2
    if step > per_byte:
        data, start = data[start::step], 0
    begin, skip = divmod(start, per_byte)
    data = data[begin:]
    table = {b: "".join(symbols[b >> s & mask] for s in shifts[::step]) for b in set(data)}
    text = "".join(map(table.__getitem__, data))
    return text[skip // step * len(symbols[0]) :]


def to_bytes(bits: str) -> bytes:
    """The bytes of 0s and 1s, the last one filled up with 0s."""
    length = -(-len(bits) // 8)
    return (int(bits or "0", 2) << -len(bits) % 8).to_bytes(length, "big")


class Wire:
    """The clocks of `transaction`; those in which the controller reads come last.

    keeper: lines that nobody drives hold their last level instead of being pulled up.
    """

    def __init__(self, transaction: Transaction, *, keeper: bool) -> None:
        self._keeper, self._level = keeper, PULLED_UP
        self._phases: list[_Phase] = []
        self.length = 0
        """Clocks in all."""
        t = transaction
        if t.opcode is not None:
            self._drive_number(t.opcode, t.opcode_bits, t.opcode_lanes, t.opcode_ddr)
        if t.address is not None:
            self._drive_number(t.address, t.address_bits, t.address_lanes, t.address_ddr)
        if t.mode is not None:
            self._drive_number(t.mode, t.mode_bits, t.mode_lanes, t.address_ddr)
        self._idle(t.dummy)
        data_at = self.length
        self._drive(t.write, 8 * len(t.write), t.data_lanes, t.data_ddr)
        self.read_at = data_at if t.duplex else self.length
        """Clock at which the controller begins to sample."""
        self._read, self._read_lanes, self._read_ddr = t.read, t.data_lanes, t.data_ddr
        if not t.duplex:
            self._idle(-(-8 * t.read // (t.data_lanes << t.data_ddr)))

    def _drive_number(self, value: int, bits: int, lanes: int, ddr: bool) -> None:
        data = ((value & (1 << bits) - 1) << -bits % 8).to_bytes(-(-bits // 8), "big")
        self._drive(data, bits, lanes, ddr)

    def _drive(self, data: bytes, bits: int, lanes: int, ddr: bool) -> None:
        symbols = -(-bits // lanes)
        if not symbols:
            return
        at = (symbols - 1) * lanes
        last = data[at >> 3] >> 8 - lanes - (at & 7) & (1 << lanes) - 1
        if ddr and symbols & 1:
            # The last level stays for the falling edge.
            sent = format(int.from_bytes(data, "big"), f"0{8 * len(data)}b")[: symbols * lanes]
            data = to_bytes(sent + _text(last, lanes))
            symbols += 1
        phase = _Phase(self.length, symbols >> ddr, lanes, ddr, data, self._undriven)
        self._add(phase)
        self._level = phase.level(last)

    def _idle(self, count: int) -> None:
        self._add(_Phase(self.length, count, 0, False, b"", self._undriven))

    def _add(self, phase: _Phase) -> None:
        self._phases.append(phase)
        self.length = phase.end

    @property
    def _undriven(self) -> int:
        return self._level if self._keeper else PULLED_UP

    def _within(self, start: int, count: int) -> Iterator[tuple[_Phase, int, int]]:
        """The phases of these clocks, each with the first clock and the one behind the last."""
        for phase in self._phases:
            first, end = max(start, phase.start), min(start + count, phase.end)
            if first < end:
                yield phase, first, end

    def bits(self, start: int, count: int, lanes: int, *, ddr: bool = False) -> str:
        """What `count` clocks from `start` carry on the lower `lanes` lines, in 0s and 1s."""
        within = self._within(start, count)
        return "".join(phase.bits(first, end, lanes, ddr) for phase, first, end in within)

    def value(self, start: int, count: int, lanes: int, *, ddr: bool = False) -> int:
        """The same as a number."""
        return int(self.bits(start, count, lanes, ddr=ddr) or "0", 2)

    def sampled(self, answer: bytes, start: int, lanes: int, *, ddr: bool = False) -> bytes:
        """What the controller reads if the chip drives `answer` from clock `start` on."""
        on, at_ddr = self._read_lanes, self._read_ddr
        if (start, lanes, ddr) == (self.read_at, on, at_ddr) and len(answer) >= self._read:
            return answer[: self._read]
        idle = self._phases[-1].idle if self._phases else PULLED_UP
        # Line 1 carries data from the chip where there is one line for each direction.
        shift, to, out = int(on == 1), int(lanes == 1), -1 << lanes
        if lanes == 1:
            out = ~0b10

        def level(symbol: int) -> int:
            return (idle & out | symbol << to) >> shift

        late = self.read_at - start
        nobody = _text(idle >> shift, on)
        bits = nobody * (max(0, -late) << at_ddr)
        bits += _seen(answer, lanes, ddr, level, max(0, late), on, at_ddr)
        wanted = 8 * self._read
        return to_bytes((bits + nobody * wanted)[:wanted])
