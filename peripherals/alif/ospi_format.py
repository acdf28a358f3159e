"""How OSPI shapes a transfer: lanes, lengths and edges of its phases, frames as bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from struct import pack

from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.peripherals.nor.bus import Transaction


class Settings(NamedTuple):
    """What the registers say of a transfer: an enhanced (dual, quad or octal) one, or a standard
    one with everything 0."""

    frf: int
    """0 standard, 1 dual, 2 quad, 3 octal."""
    trans_type: int
    """0: instruction and address on one line; 1: only the instruction; 2: none."""
    instruction_bits: int
    instruction_ddr: bool
    address_bits: int
    ddr: bool
    wait: int
    strobe: bool
    frame_bits: int


class Format(Settings):
    """The shape of a transfer. What follows from the settings is found once."""

    @cached_property
    def lanes(self) -> int:
        """Lines of the data."""
        return 1 << self.frf

    @cached_property
    def instruction_lanes(self) -> int:
        """Lines of the instruction."""
        return self.lanes if self.trans_type == 2 else 1

    @cached_property
    def address_lanes(self) -> int:
        """Lines of the address."""
        return self.lanes if self.trans_type else 1

    @cached_property
    def head(self) -> int:
        """Entries of the transmit FIFO that are not data."""
        return bool(self.instruction_bits) + bool(self.address_bits)

    @cached_property
    def frame_edges(self) -> int:
        """Half clock cycles that a frame of data takes."""
        return self.edges(self.frame_bits)

    def edges(self, bits: int) -> int:
        """Half clock cycles that so many bits of data take."""
        return -(-2 * bits // (self.lanes << self.ddr))

    def mode_clocks(self, bits: int) -> int:
        """Clock cycles of so many mode bits, which go as the address does."""
        return -(-bits // (self.address_lanes << self.ddr))

    @cached_property
    def read_lead(self) -> int:
        """Clock cycles of a read before its first frame, without mode bits."""
        return sum(map(self.clocks, range(self.head))) + self.wait

    def clocks(self, entry: int) -> int:
        """Clock cycles that entry number `entry` of a transfer takes, at least 1."""
        if entry >= self.head:
            half_clocks = self.frame_edges
        elif entry == 0 and self.instruction_bits:
            lanes = self.instruction_lanes << self.instruction_ddr
            half_clocks = 2 * self.instruction_bits // lanes
        else:
            half_clocks = 2 * self.address_bits // (self.address_lanes << self.ddr)
        return max(1, -(-half_clocks // 2))

    def transaction(
        self,
        head: list[int],
        *,
        write: bytes = b"",
        read: int = 0,
        mode: int | None = None,
        mode_bits: int = 0,
        swaps: bool = False,
    ) -> Transaction:
        """The cycle of chip select whose instruction and address are `head`."""
        address = head[-1] & ((1 << self.address_bits) - 1) if self.address_bits else None
        opcode = None
        if self.instruction_bits:
            opcode = head[0] & ((1 << self.instruction_bits) - 1)
        return Transaction(
            opcode=opcode,
            opcode_bits=self.instruction_bits or 8,
            opcode_lanes=self.instruction_lanes,
            opcode_ddr=self.instruction_ddr,
            address=address,
            address_bits=self.address_bits,
            address_lanes=self.address_lanes,
            address_ddr=self.ddr and address is not None,
            mode=mode,
            mode_bits=mode_bits,
            mode_lanes=self.address_lanes,
            dummy=self.wait if read else 0,
            data_lanes=self.lanes,
            data_ddr=self.ddr,
            write=write,
            read=read,
            strobe=self.strobe and bool(read),
            swaps=swaps,
        )


def packed(frames: Sequence[int], bits: int) -> bytes:
    """Frames as they go over the lines, most significant bit first; 1s fill the last byte."""
    if bits == 8:
        return bytes([frame & 0xFF for frame in frames])
    if bits == 32:
        return pack(f">{len(frames)}I", *frames)
    packed, rest, count, mask = bytearray(), 0, 0, (1 << bits) - 1
    for frame in frames:
        rest, count = rest << bits | frame & mask, count + bits
        whole, count = divmod(count, 8)
        packed += (rest >> count).to_bytes(whole, "big")
        rest &= (1 << count) - 1
    if count:
        packed.append(rest << 8 - count | 0xFF >> count)
    return bytes(packed)


def unpacked(data: bytes, bits: int, first: int, end: int) -> Iterable[int]:
    """Frames `first` to `end - 1` of what came over the lines."""
    if bits == 8:
        return data[first:end]
    skipped = first * bits // 8
    data = data[skipped : size(end, bits)]
    value, length, mask = int.from_bytes(data, "big"), 8 * (skipped + len(data)), (1 << bits) - 1
    return [value >> length - index * bits & mask for index in range(first + 1, end + 1)]


def size(frames: int, bits: int) -> int:
    """Bytes that hold so many frames."""
    return -(-frames * bits // 8)
