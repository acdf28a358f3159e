"""The commands that the makers of quad flash share: reads, programs, erases, ids, power, reset."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..command import Command, Cycle, Handler
from ..operation import Operation
from .serial import SerialFamily

if TYPE_CHECKING:
    from ..chip import Chip

# Opcode, its form that always takes 4 address bytes, name, address lanes, mode clocks, clocks
# between address and data (mode clocks included), data lanes.
READS = (
    (0x03, 0x13, "read data", 1, 0, 0, 1),
    (0x0B, 0x0C, "fast read", 1, 0, 8, 1),
    (0x3B, 0x3C, "fast read dual output", 1, 0, 8, 2),
    (0x6B, 0x6C, "fast read quad output", 1, 0, 8, 4),
    (0xBB, 0xBC, "fast read dual I/O", 2, 4, 4, 2),
    (0xEB, 0xEC, "fast read quad I/O", 4, 2, 6, 4),
)
PROGRAMS = ((0x02, 0x12, "page program", 1), (0x32, 0x34, "quad page program", 4))


class QuadFamily(SerialFamily):
    """Shared commands; a maker's family adds status registers, protection and modes."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        sfdp = chip.row.sfdp
        self._sfdp = sfdp.ljust(max(0x100, -(-len(sfdp) // 0x100) * 0x100), b"\xff")

    @abstractmethod
    def protected(self, address: int, length: int) -> bool:
        """Whether any byte of the range is protected."""

    @abstractmethod
    def set_continuous(self, opcode: int) -> None:
        """Remember the read that goes on without opcode, 0 for none."""

    @abstractmethod
    def software_reset(self) -> None:
        """Volatile registers and modes as 66h, 99h leave them."""

    # -- tables ------------------------------------------------------------------------------------

    def reads(self, bits: int) -> Iterator[Command]:
        """Array reads with one line for opcodes; legacy opcodes take `bits` of address."""
        for legacy, wide, name, address_lanes, mode_clocks, wait, lanes in READS:
            for opcode, size in self._both((legacy,), (wide,), bits):
                yield Command(
                    opcode=opcode, name=name, run=self._read, is_read=True, sends=True,
                    address_bits=size, address_lanes=address_lanes, mode_clocks=mode_clocks,
                    wait=wait, data_lanes=lanes, quad=lanes == 4,
                )  # fmt: skip

    def programs(self, bits: int) -> Iterator[Command]:
        """Page programs with one line for opcode and address."""
        for legacy, wide, name, lanes in PROGRAMS:
            for opcode, size in self._both((legacy,), (wide,), bits):
                yield Command(
                    opcode=opcode, name=name, run=self._program, takes=True,
                    address_bits=size, data_lanes=lanes, quad=lanes == 4,
                )  # fmt: skip

    def erases(self, bits: int, lanes: int) -> Iterator[Command]:
        """Erases of all sizes, chip erase included, in a mode with `lanes` lines."""
        for unit in self.chip.row.erase:
            for opcode, size in self._both(unit.opcodes, unit.opcodes4, bits):
                yield Command(
                    opcode=opcode, name=unit.name, lanes=lanes, address_bits=size,
                    address_lanes=lanes, value=unit.size, run=partial(self._erase, unit.time),
                )  # fmt: skip
        for opcode in (0xC7, 0x60):
            yield Command(
                opcode=opcode, name="chip erase", lanes=lanes, value=self.chip.size,
                run=partial(self._erase, "chip_erase"),
            )  # fmt: skip

    def _both(
        self, legacy: tuple[int, ...], wide: tuple[int, ...], bits: int
    ) -> Iterator[tuple[int, int]]:
        for opcode in legacy:
            yield opcode, bits
        if self.chip.size > 0x100_0000:
            for opcode in wide:
                yield opcode, 32

    def controls(self, lanes: int) -> Iterator[Command]:
        """Commands of one byte that every mode has."""
        enables: tuple[tuple[int, str, Handler], ...] = (
            (0x06, "write enable", self._write_enable),
            (0x04, "write disable", self._write_disable),
            (0xB9, "power-down", self._power_down),
        )
        for opcode, name, run in enables:
            yield Command(opcode=opcode, name=name, run=run, lanes=lanes)
        always: tuple[tuple[int, str, Handler], ...] = (
            (0x75, "suspend", self._suspend),
            (0x7A, "resume", self._resume),
            (0x66, "reset enable", self._reset_enable),
            (0x99, "reset", self._reset),
        )
        for opcode, name, run in always:
            yield Command(opcode=opcode, name=name, run=run, lanes=lanes, while_busy=True)
        yield Command(
            opcode=0xAB, name="release power-down", run=self._release, lanes=lanes,
            wait=24 // lanes, data_lanes=lanes, sends=True,
        )  # fmt: skip

    def ids(self, lanes: int) -> Iterator[Command]:
        """JEDEC id and manufacturer id."""
        yield Command(
            opcode=0x9F, name="read JEDEC id", run=self._read_id, lanes=lanes,
            data_lanes=lanes, sends=True,
        )  # fmt: skip
        yield Command(
            opcode=0x90, name="read manufacturer id", run=self._read_maker, lanes=lanes,
            address_bits=24, address_lanes=lanes, data_lanes=lanes, sends=True,
        )  # fmt: skip

    def tables_1_1_1(self, bits: int) -> Iterator[Command]:
        """SFDP (3 address bytes in every address mode) and unique id, with one line."""
        yield Command(
            opcode=0x5A, name="read SFDP", run=self._read_sfdp, address_bits=24, wait=8, sends=True
        )
        yield Command(
            opcode=0x4B, name="read unique id", run=self._read_uid, wait=bits + 8, sends=True
        )

    # -- array -------------------------------------------------------------------------------------

    def _read(self, c: Cycle) -> bytes:
        chip = self.chip
        if c.command.mode_clocks:
            opcode = c.command.opcode if self.enters_continuous(c.mode) else 0
            if opcode != (self.continuous.opcode if self.continuous else 0):
                self.set_continuous(opcode)
                self.refresh()
                chip.notify()
        c.address = self.linear(c.address, c.command.address_bits)
        chip.counters.bytes_read += c.read
        self._warn_of_suspended(c)
        if wrap := self.burst(c.command):
            base = c.address & -wrap
            return repeated(chip.array[base : base + wrap], c.read, c.address - base)
        if c.address + c.read <= chip.size:
            return bytes(chip.array[c.address : c.address + c.read])
        return repeated(chip.array, c.read, c.address)

    def _warn_of_suspended(self, c: Cycle) -> None:
        # Assumption: where an operation is suspended the old cells read; silicon gives no promise.
        if (operation := self.chip.suspended) and overlaps(operation, c.address, c.read):
            self.chip.diagnose(
                "read-suspended",
                f"{c.command.name} at {c.address:#x} reads what is suspended: {operation}",
                opcode=c.command.opcode,
                address=c.address,
            )

    def _program(self, c: Cycle) -> bytes | None:
        chip, page = self.chip, self.chip.row.page
        c.address = self.linear(c.address, c.command.address_bits)
        if not c.data:
            self.refuse("wrong-length", c, "chip select rose before a byte had come")
            return None
        if not self.may_change(c, min(len(c.data), page), "program"):
            return None
        chip.counters.bytes_programmed += min(len(c.data), page)
        if c.address % page + len(c.data) > page:
            c.address, c.data = c.address & -page, page_buffer(c.address % page, c.data, page)
        # Assumption: a part of a page takes as long as a whole one (the sheet gives one time).
        chip.begin(
            "program", c.command.name, chip.duration("page_program"),
            address=c.address, length=len(c.data), data=bytes(c.data),
        )  # fmt: skip
        return b""

    def _erase(self, time: str, c: Cycle) -> bytes | None:
        c.address = self.linear(c.address, c.command.address_bits) & -c.command.value
        if not self.may_change(c, c.command.value, "erase"):
            return None
        self.chip.begin(
            "erase", c.command.name, self.chip.duration(time),
            address=c.address, length=c.command.value,
        )  # fmt: skip
        return b""

    def may_change(self, c: Cycle, length: int, verb: str) -> bool:
        """Whether a program or erase is carried out: WEL, nothing suspended there, protection."""
        chip, suspended = self.chip, self.chip.suspended
        if not chip.wel:
            self.refuse(f"{verb}-without-wel", c, "the write enable latch is 0")
            return False
        if suspended and (
            verb == "erase" or suspended.kind == "program" or overlaps(suspended, c.address, length)
        ):
            self.refuse("suspended", c, f"suspended: {suspended}")
            return False
        if self.protected(c.address, length):
            # Assumption: a refused operation clears WEL, as a completed one does.
            chip.wel = False
            self.refuse("protected", c, "the area is protected")
            return False
        return True

    def spend_wel(self, c: Cycle) -> bool:
        """Whether WEL was set. Assumption: commands that act at once clear it as others do."""
        if not self.chip.wel:
            self.refuse("write-without-wel", c, "the write enable latch is 0")
            return False
        self.chip.wel = False
        return True

    # -- ids ---------------------------------------------------------------------------------------

    def _read_id(self, c: Cycle) -> bytes:
        return repeated(self.chip.row.id, c.read)

    def _read_maker(self, c: Cycle) -> bytes:
        row = self.chip.row
        return repeated(bytes((row.id[0], row.device_id)), c.read, c.address & 1)

    def _read_uid(self, c: Cycle) -> bytes:
        # Assumption: the id comes again and again if more is read.
        return repeated(self.chip.unique_id, c.read)

    def _read_sfdp(self, c: Cycle) -> bytes:
        return repeated(self._sfdp, c.read, c.address % len(self._sfdp))

    # -- control -----------------------------------------------------------------------------------

    def _write_enable(self, c: Cycle) -> bytes:
        self.chip.wel = True
        return b""

    def _write_disable(self, c: Cycle) -> bytes:
        self.chip.wel = False
        return b""

    def _power_down(self, c: Cycle) -> bytes:
        self.chip.begin("power-down", c.command.name, self.chip.duration("power_down"))
        return b""

    def _release(self, c: Cycle) -> bytes:
        chip = self.chip
        if chip.powered_down:
            chip.begin("release", c.command.name, chip.duration("release"))
        return repeated(bytes((chip.row.device_id,)), c.read)

    def _suspend(self, c: Cycle) -> bytes | None:
        chip, operation = self.chip, self.chip.operation
        can = operation and operation.kind in ("program", "erase") and not chip.suspended
        if not operation or not can or operation.length == chip.size:
            why = f"not while {operation}" if operation else "nothing is under way"
            self.refuse("suspend", c, why)
            return None
        chip.suspend()
        return b""

    def _resume(self, c: Cycle) -> bytes | None:
        chip = self.chip
        if chip.operation or not chip.suspended:
            self.refuse("resume", c, "nothing is suspended, or the chip is busy")
            return None
        chip.resume()
        return b""

    def _reset_enable(self, c: Cycle) -> bytes:
        self.chip.reset_enabled = True
        return b""

    def _reset(self, c: Cycle) -> bytes | None:
        chip = self.chip
        if not chip.reset_enabled:
            self.refuse("reset-without-enable", c, "66h did not come just before")
            return None
        chip.abort()
        chip.wel = chip.reset_enabled = False
        self.software_reset()
        chip.begin("reset", c.command.name, chip.duration("reset"))
        return b""


def repeated(data: bytes | bytearray, count: int, start: int = 0) -> bytes:
    """`count` bytes of `data` over and over from `start`, as registers come out while clocked."""
    out = bytes(data[start : start + count])
    while len(out) < count:
        out += bytes(data[: count - len(out)])
    return out


def page_buffer(start: int, data: bytes, page: int) -> bytes:
    """A page's buffer, FFh where nothing was sent: it wraps, and the last bytes sent stay."""
    buffer = bytearray(b"\xff" * page)
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
