"""Reads, programs and erases of the array, and bytes as they come out and go in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..command import Command, Cycle
from ..engine import WriteEngine
from ..operation import Operation
from ..state import ChipState

_PROGRAM = "page_program"
"""Assumption: a part of a page takes as long as a whole one (the sheet gives one time)."""


class ArrayCommands:
    """Handlers, and the table of erases; how reads and programs look differs by maker."""

    def __init__(self, chip: ChipState, engine: WriteEngine) -> None:
        self._chip, self._engine = chip, engine
        self._program_time = chip.duration(_PROGRAM)

    def erases(self, bits: int, lanes: int = 1, *, wide: bool = True) -> Iterator[Command]:
        """Erases of all sizes, chip erase included, in a mode with `lanes` lines.

        bits: of address for the legacy opcodes. wide: also those that always take 4 bytes.
        """
        for unit in self._chip.row.erase:
            sizes = [(opcode, bits) for opcode in unit.opcodes]
            sizes += [(opcode, 32) for opcode in unit.opcodes4 if wide]
            for opcode, size in sizes:
                yield Command(
                    opcode=opcode, name=unit.name, address_bits=size,
                    fixed_width=opcode in unit.opcodes4, address_lanes=lanes, value=unit.size,
                    run=partial(self._erase, unit.time),
                    begins=partial(self._begin_erase, unit.time, unit.size),
                )  # fmt: skip
        for opcode in (0xC7, 0x60):
            yield Command(
                opcode=opcode, name="chip erase", value=self._chip.size,
                run=partial(self._erase, "chip_erase"),
            )  # fmt: skip

    def cell(self, c: Cycle) -> int:
        """The cell that the cycle's address means: bits beyond the chip's size do not count."""
        address, size = c.address, self._chip.size
        if c.command.address_bits == 24:
            address |= self._chip.maker.high_address << 24
        if address >= size:
            self._report_end(c, f"{address:#x} is taken for {address & size - 1:#x}")
        return address & size - 1

    def _report_end(self, c: Cycle, what: str) -> None:
        if c.is_meant:
            text = f"{c.command.name}: {what}: the chip has {self._chip.size:#x} bytes"
            self._chip.diagnose("beyond-end", text, opcode=c.command.opcode, address=c.address)

    def read(self, c: Cycle) -> bytes:
        """Read the array."""
        chip = self._chip
        if c.command.mode_clocks:
            opcode = c.command.opcode if chip.maker.enters_continuous(c.mode) else 0
            if opcode != chip.maker.mode.continuous:
                chip.maker.set_continuous(opcode)
        c.address = self.cell(c)
        chip.counters.bytes_read += c.read
        self._warn_of_suspended(c)
        if wrap := c.command.burst:
            base = c.address & -wrap
            return repeated(chip.array[base : base + wrap], c.read, c.address - base)
        if c.address + c.read <= chip.size:
            return bytes(chip.array[c.address : c.address + c.read])
        self._report_end(c, f"{c.read} bytes from {c.address:#x} on go over to 0x0")
        return repeated(chip.array, c.read, c.address)

    def _warn_of_suspended(self, c: Cycle) -> None:
        # Assumption: where an operation is suspended the old cells read; silicon gives no promise.
        if (operation := self._chip.suspended) and overlaps(operation, c.address, c.read):
            self._chip.diagnose(
                "read-suspended",
                f"{c.command.name} at {c.address:#x} reads what is suspended: {operation.what}",
                opcode=c.command.opcode,
                address=c.address,
            )

    def program(self, c: Cycle) -> bytes | None:
        """Program within a page."""
        chip, page = self._chip, self._chip.maker.page
        c.address = self.cell(c)
        if is_empty(chip, c):
            return None
        base = c.address & -page
        ahead = min(len(c.data), base + page - c.address)
        behind = min(len(c.data) - ahead, page)
        cells = ((c.address, ahead), (base, behind)) if behind else ((c.address, ahead),)
        if not self._may_change(c, "program", cells):
            return None
        chip.counters.bytes_programmed += min(len(c.data), page)
        if behind:
            self._report_wrap(c, page)
            start, c.address = c.address - base, base
            c.data = page_buffer(start, c.data, chip.array[base : base + page])
        data, duration = bytes(c.data), self._program_time
        self._engine.begin("program", c.command.name, duration, c.address, len(data), data)
        return b""

    def begin_program(self, name: str, address: int, data: bytes) -> None:
        """As `Command.begins`."""
        chip, length = self._chip, len(data)
        chip.maker.judged("program", "")
        chip.counters.bytes_programmed += length
        self._engine.begin("program", name, self._program_time, address, length, data)

    def _report_wrap(self, c: Cycle, page: int) -> None:
        self._chip.diagnose(
            "page-wrap",
            f"{c.command.name} at {c.address:#x}: {len(c.data)} bytes go beyond the page of {page} "
            "bytes; the rest goes to its beginning",
            opcode=c.command.opcode,
            address=c.address,
        )

    def _erase(self, time: str, c: Cycle) -> bytes | None:
        c.address = self.cell(c) & -c.command.value
        if not self._may_change(c, "erase", ((c.address, c.command.value),)):
            return None
        self._run_erase(time, c.command.value, c.command.name, c.address)
        return b""

    def _begin_erase(self, time: str, size: int, name: str, address: int, _data: bytes) -> None:
        self._chip.maker.judged("erase", "")
        self._run_erase(time, size, name, address & -size)

    def _run_erase(self, time: str, size: int, name: str, address: int) -> None:
        self._engine.begin("erase", name, self._chip.duration(time), address, size)

    def _may_change(self, c: Cycle, verb: str, ranges: tuple[tuple[int, int], ...]) -> bool:
        """Whether a program or erase is carried out: WEL, nothing suspended there, protection.

        ranges: address and length of what it would change.
        """
        chip, maker, suspended = self._chip, self._chip.maker, self._chip.suspended
        rule = why = ""
        if not chip.wel:
            rule, why = f"{verb}-without-wel", "the write enable latch is 0"
        elif suspended and (
            verb == "erase"
            or suspended.kind == "program"
            or any(overlaps(suspended, *cells) for cells in ranges)
        ):
            rule, why = "suspended", f"{suspended.what} is suspended"
        elif why := self._protection(ranges):
            rule = "protected"
            if maker.holds_wel:
                why += "; WEL stays 1 until 50h"
            else:
                # Assumption: a refused operation clears WEL, as a completed one does.
                chip.wel = False
        maker.judged(verb, rule)
        if rule:
            chip.refuse(rule, c, why)
        return not rule

    def _protection(self, ranges: tuple[tuple[int, int], ...]) -> str:
        """What protects any of them, in words; empty: nothing does."""
        for address, length in ranges:
            if protection := self._chip.maker.protection(address, length):
                return protection
        return ""


def is_empty(chip: ChipState, c: Cycle) -> bool:
    """Whether a program came without data, which no chip carries out; reported."""
    if not c.data:
        chip.refuse("wrong-length", c, "chip select rose before a byte had come")
    return not c.data


def repeated(data: bytes | bytearray, count: int, start: int = 0) -> bytes:
    """`count` bytes of `data` over and over from `start`, as registers come out while clocked."""
    out = bytes(data[start : start + count])
    if rest := count - len(out):
        begin = bytes(data[:rest])
        out += (begin * -(-rest // len(begin)))[:rest]
    return out


def page_buffer(start: int, data: bytes, old: bytes | bytearray) -> bytes:
    """A page as it shall become, `old` where nothing was sent: `data` from `start`, wrapping, of
    which the last bytes sent stay."""
    buffer, page = bytearray(old), len(old)
    kept = data[-page:]
    start = (start + len(data) - len(kept)) % page
    head = kept[: page - start]
    buffer[start : start + len(head)] = head
    buffer[: len(kept) - len(head)] = kept[len(head) :]
    return bytes(buffer)


def overlaps(operation: Operation, address: int, length: int) -> bool:
    """Whether an operation on the array touches the range."""
    return (
        operation.target == "array"
        and operation.address < address + length
        and address < operation.address + operation.length
    )
