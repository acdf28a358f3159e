"""What serial NOR flash does in all shapes of its commands: arrays, ids, power, reset."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING

from ..command import Cycle, Handler
from ..operation import Operation
from .serial import SerialFamily

if TYPE_CHECKING:
    from ..chip import Chip


class NorFamily(SerialFamily):
    """Handlers of commands; a family adds the tables, status registers, protection and modes."""

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

    @property
    def page(self) -> int:
        """Bytes within which a program wraps."""
        return self.chip.row.page

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
        chip, page = self.chip, self.page
        c.address = self.linear(c.address, c.command.address_bits)
        if not c.data:
            self.refuse("wrong-length", c, "chip select rose before a byte had come")
            return None
        if not self.may_change(c, min(len(c.data), page), "program"):
            return None
        chip.counters.bytes_programmed += min(len(c.data), page)
        if c.address % page + len(c.data) > page:
            start, c.address = c.address % page, c.address & -page
            old = chip.array[c.address : c.address + page]
            c.data = page_buffer(start, c.data, old)
        # Assumption: a part of a page takes as long as a whole one (the sheet gives one time).
        chip.begin(
            "program", c.command.name, chip.duration("page_program"),
            address=c.address, length=len(c.data), data=bytes(c.data),
        )  # fmt: skip
        return b""

    def erase_handler(self, time: str) -> Handler:
        """What carries out an erase that takes the part's time called `time`."""
        return partial(self._erase, time)

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
        self.chip.wel = not self.chip.latch_fails
        return b""

    def _write_disable(self, c: Cycle) -> bytes | None:
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
