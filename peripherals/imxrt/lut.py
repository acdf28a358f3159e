"""FlexSPI's look-up table as a program: instructions, sequences, and the cycles they make.

A LUT holds 16 sequences of 8 instructions. `decode` reads one, `Sequence.transaction` says what
the chip sees when it runs. Source: i.MX RT1060 reference manual, FlexSPI, "Look up table".
"""

from __future__ import annotations

import enum
from collections.abc import Sequence as Words
from typing import Any

from xipsim.peripherals.fixed import Fixed
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.peripherals.nor.bus import Transaction

SEQUENCES = 16
WORDS = 4
"""32-bit words of a sequence; each holds two instructions, the low half first."""
_DDR = 0x20


class Op(enum.IntEnum):
    """SDR opcodes; the DDR variant of each but STOP and JMP_ON_CS is 20h higher."""

    STOP = 0x00
    CMD = 0x01
    RADDR = 0x02
    CADDR = 0x03
    MODE1 = 0x04
    MODE2 = 0x05
    MODE4 = 0x06
    MODE8 = 0x07
    WRITE = 0x08
    READ = 0x09
    LEARN = 0x0A
    DATSZ = 0x0B
    DUMMY = 0x0C
    DUMMY_RWDS = 0x0D
    JMP_ON_CS = 0x1F


class ErrorCode(enum.IntEnum):
    """Codes of STS1.IPCMDERRCODE and STS1.AHBCMDERRCODE (vendor header)."""

    JUMP = 0x2
    UNKNOWN_OPCODE = 0x3
    SDR_DUMMY_IN_DDR = 0x4
    DDR_DUMMY_IN_SDR = 0x5
    BEYOND_FLASH = 0x6
    TIMEOUT = 0xE
    BOUNDARY = 0xF

    @property
    def text(self) -> str:
        """The code in words."""
        return _TEXTS[self]


_TEXTS = {
    ErrorCode.JUMP: "JMP_ON_CS is for AHB reads only",
    ErrorCode.UNKNOWN_OPCODE: "unknown instruction opcode",
    ErrorCode.SDR_DUMMY_IN_DDR: "SDR dummy cycles in a DDR sequence",
    ErrorCode.DDR_DUMMY_IN_SDR: "DDR dummy cycles in an SDR sequence",
    ErrorCode.BEYOND_FLASH: "the address is beyond the sizes in FLSHxxCR0",
    ErrorCode.TIMEOUT: "the sequence did not end in time",
    ErrorCode.BOUNDARY: "the data cross the boundary between two chips",
}
_OPS = {int(op): op for op in Op}
_MODES = {Op.MODE1: 1, Op.MODE2: 2, Op.MODE4: 4, Op.MODE8: 8}
_DUMMIES = (Op.DUMMY, Op.DUMMY_RWDS)


class Instruction(NamedTuple):
    """One decoded instruction. `op` is None where the opcode does not exist."""

    op: Op | None
    ddr: bool
    lanes: int
    operand: int

    @classmethod
    def decode(cls, half: int) -> Instruction:
        """Bits 7:0 operand, 9:8 log2 of the pads, 15:10 opcode."""
        code = half >> 10 & 0x3F
        ddr = bool(code & _DDR)
        base = code & ~_DDR
        op = _OPS.get(base)
        if ddr and op in (Op.STOP, Op.JMP_ON_CS):
            op = None
        return cls(op, ddr, 1 << (half >> 8 & 3), half & 0xFF)


class Sequence(Fixed):
    """What one LUT sequence does, from an instruction on to its end."""

    template: Transaction
    """Everything that does not depend on address and data."""
    probe: Transaction
    """A read of four bytes at address 0."""
    fixed: bytes
    """Bytes from CMD instructions behind the opcode."""
    empty: bool
    """It begins with STOP: chip select stays high."""
    behind: tuple[str, ...]
    """Instructions behind the data, which have no effect."""
    error: ErrorCode | None
    gaps: tuple[str, ...]
    """What it uses that the controller's model does not have."""
    clocks: int
    """Of the serial root clock, for all that comes before the data."""
    byte_clocks: int
    """Of the serial root clock, for a byte of data."""
    divider: int
    """Serial root clocks of one clock on the bus: 1, or 2 in a sequence that uses both edges."""
    row_bits: int = 0
    column_bits: int = 0
    reads: int | None = None
    """Operand of the READ instruction (bytes, where the command gives no size); None without."""
    writes: int | None = None
    """The same for WRITE."""
    size_bits: int = 0
    """DATSZ: bits in which the data size is sent."""
    jump: int | None = None
    """JMP_ON_CS: the instruction with which the next AHB read starts."""

    def transaction(
        self, address: int, *, word: bool = False, column: int = 0, data: bytes = b"", read: int = 0
    ) -> Transaction:
        """The cycle for byte `address` of the chip.

        word: FLSHxxCR1.WA, the chip counts in 16-bit words. column: FLSHxxCR1.CAS, how many low
        bits form the column address. data: bytes for WRITE. read: bytes for READ.
        """
        sent = self.fixed
        if self.size_bits:
            size = len(data) or read
            width = (self.size_bits + 7) // 8
            sent += (size & ((1 << self.size_bits) - 1)).to_bytes(width, "big")
        place = self._address(address >> 1 if word else address, column)
        return self.template.at(place, sent + data, read)

    def _address(self, address: int, column: int) -> int | None:
        low = address & ((1 << column) - 1)
        row = (address >> column) & ((1 << self.row_bits) - 1)
        if self.row_bits and self.column_bits:
            return row << column | low
        if self.row_bits:
            return row
        return low if self.column_bits else None


def decode(words: Words[int], start: int = 0) -> Sequence:
    """Decode the sequence in `words` (WORDS of them), executed from instruction `start` on."""
    halves = [word >> shift & 0xFFFF for word in words for shift in (0, 16)]
    program: list[Instruction] = []
    for half in halves:
        instruction = Instruction.decode(half)
        if instruction.op is Op.STOP:
            break
        program.append(instruction)
        if instruction.op is Op.JMP_ON_CS:
            break
    builder = _Builder(2 if _is_ddr(program) else 1)
    for instruction in program[start:]:
        builder.add(instruction)
    return builder.sequence(_error(program))


def _is_ddr(program: list[Instruction]) -> bool:
    # Assumption: one DDR instruction of any kind makes a sequence a DDR sequence.
    return any(i.ddr for i in program if i.op not in _DUMMIES)


def _error(program: list[Instruction]) -> ErrorCode | None:
    ddr = _is_ddr(program)
    for instruction in program:
        if instruction.op is None:
            return ErrorCode.UNKNOWN_OPCODE
        if instruction.op in _DUMMIES and instruction.ddr != ddr:
            return ErrorCode.SDR_DUMMY_IN_DDR if ddr else ErrorCode.DDR_DUMMY_IN_SDR
    return None


class _Builder:
    """Collects the phases of a cycle, instruction by instruction.

    divider: serial root clocks of one clock on the bus.
    """

    def __init__(self, divider: int) -> None:
        self.divider = divider
        self.clocks, self.byte_clocks = 0, 8
        self.phases: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.fixed = bytearray()
        self.dummy = 0
        self.gaps: list[str] = []
        self.behind: list[str] = []
        self.empty = True

    def add(self, i: Instruction) -> None:
        """Take the next instruction."""
        has_data = "reads" in self.facts or "writes" in self.facts
        if has_data and i.op is not None and i.op is not Op.JMP_ON_CS:
            # Assumption: the first READ or WRITE moves all data; what drivers leave behind it
            # (words of another sequence) moves none.
            self.behind.append(i.op.name)
            return
        if i.op is not Op.JMP_ON_CS:
            self.empty = False
            self._note_gaps(i)
            self._count(i)
        if i.op is Op.CMD:
            self._command(i)
        elif i.op in (Op.RADDR, Op.CADDR):
            self.facts["row_bits" if i.op is Op.RADDR else "column_bits"] = i.operand
            self.phases |= {"address_lanes": i.lanes, "address_ddr": i.ddr}
        elif i.op in _MODES:
            self._mode(_MODES[i.op], i)
        elif i.op in (Op.READ, Op.WRITE):
            self.facts["reads" if i.op is Op.READ else "writes"] = i.operand
            self.phases |= {"data_lanes": i.lanes, "data_ddr": i.ddr}
        elif i.op in _DUMMIES:
            self.dummy += i.operand
            self.phases["strobe"] = self.phases.get("strobe", False) or i.op is Op.DUMMY_RWDS
        elif i.op is Op.DATSZ:
            self.facts["size_bits"] = i.operand
        elif i.op is Op.JMP_ON_CS:
            self.facts["jump"] = i.operand & 7

    def _count(self, i: Instruction) -> None:
        """Its serial root clocks: of an instruction that uses both edges, half as many."""
        if i.op in (Op.READ, Op.WRITE):
            self.byte_clocks = self._clocks(8, i)
        elif i.op in _DUMMIES:
            # Assumption: the operand counts serial root clocks, two to a clock on a DDR bus.
            self.clocks += i.operand
        elif i.op in _MODES:
            self.clocks += self._clocks(_MODES[i.op], i)
        elif i.op in (Op.CMD, Op.RADDR, Op.CADDR, Op.DATSZ):
            self.clocks += self._clocks(8 if i.op is Op.CMD else i.operand, i)

    def _clocks(self, bits: int, i: Instruction) -> int:
        return -(-bits * self.divider // (i.lanes << i.ddr))

    def _note_gaps(self, i: Instruction) -> None:
        for used, what in (
            (i.ddr, "DDR instructions"),
            (i.lanes == 8, "8 pads"),
            (i.op is Op.DUMMY_RWDS, "RWDS latency"),
            # Assumption: without the data-learning pattern register, which this block lacks,
            # LEARN has no cycles.
            (i.op is Op.LEARN, "data learning"),
        ):
            if used and f"LUT: {what}" not in self.gaps:
                self.gaps.append(f"LUT: {what}")

    def _command(self, i: Instruction) -> None:
        phases = self.phases
        if "opcode" not in phases:
            phases |= {"opcode": i.operand, "opcode_lanes": i.lanes, "opcode_ddr": i.ddr}
            phases["opcode_bits"] = 8
        elif i.lanes == 8 and "address_lanes" not in phases:
            # Octal and HyperBus chips take commands of more than one byte.
            phases["opcode"] = phases["opcode"] << 8 | i.operand
            phases["opcode_bits"] += 8
        else:
            self.fixed.append(i.operand)
            phases |= {"data_lanes": i.lanes, "data_ddr": i.ddr}

    def _mode(self, bits: int, i: Instruction) -> None:
        phases = self.phases
        value = i.operand & ((1 << bits) - 1)
        phases["mode"] = phases.get("mode", 0) << bits | value
        phases["mode_bits"] = phases.get("mode_bits", 0) + bits
        phases["mode_lanes"] = i.lanes

    def sequence(self, error: ErrorCode | None) -> Sequence:
        """The sequence as decoded."""
        bits = self.facts.get("row_bits", 0) + self.facts.get("column_bits", 0)
        template = Transaction(**self.phases, address_bits=bits, dummy=self.dummy)
        return Sequence(
            template=template,
            probe=template._replace(address=0 if bits else None, read=4),
            fixed=bytes(self.fixed),
            empty=self.empty,
            behind=tuple(self.behind),
            error=error,
            gaps=tuple(self.gaps),
            clocks=self.clocks,
            byte_clocks=self.byte_clocks,
            divider=self.divider,
            **self.facts,
        )
