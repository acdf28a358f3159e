"""Security registers: three pages of 256 bytes beside the array, each lockable for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..command import Command, Cycle
from ..engine import WriteEngine
from ..operation import Operation
from ..state import ChipState
from .array import is_empty, page_buffer, repeated

PAGE = 0x100


class SecurityRegisters:
    """Pages 1 to 3, selected by address bits 15-12; page 0 does not exist here (it is SFDP).

    is_frozen: whether the LB bit of a page (0 to 2, as they lie in `cells`) is set.
    """

    def __init__(
        self, chip: ChipState, engine: WriteEngine, is_frozen: Callable[[int], bool]
    ) -> None:
        self._chip, self._engine, self._is_frozen = chip, engine, is_frozen
        self.cells = bytearray(b"\xff" * 3 * PAGE)

    def commands(self, bits: int) -> Iterator[Command]:
        """Read, program and erase, on one line."""
        yield Command(
            opcode=0x48, name="read security register", run=self._read, address_bits=bits,
            wait=8, sends=True,
        )  # fmt: skip
        yield Command(
            opcode=0x42, name="program security register", run=self._program, address_bits=bits,
            takes=True,
        )  # fmt: skip
        yield Command(
            opcode=0x44, name="erase security register", run=self._erase, address_bits=bits
        )

    def apply(self, operation: Operation) -> None:
        """A program or an erase has ended."""
        start, data = operation.address, operation.data
        if operation.kind == "erase":
            self.cells[start : start + PAGE] = b"\xff" * PAGE
            return
        for at, byte in enumerate(data, start):
            self.cells[at] &= byte

    def _start(self, c: Cycle) -> int | None:
        """Where the page that is meant begins in `cells`."""
        page = c.address >> 12
        if page in (1, 2, 3) and not c.address & 0xF00:
            return (page - 1) * PAGE
        self._chip.refuse("security-address", c, "no security register is there")
        return None

    def _read(self, c: Cycle) -> bytes | None:
        start = self._start(c)
        if start is None:
            return None
        return repeated(self.cells[start : start + PAGE], c.read, c.address & 0xFF)

    def _program(self, c: Cycle) -> bytes | None:
        if is_empty(self._chip, c):
            return None
        data = page_buffer(c.address & 0xFF, c.data, b"\xff" * PAGE)
        return self._begin(c, "program", "page_program", data)

    def _erase(self, c: Cycle) -> bytes | None:
        return self._begin(c, "erase", "erase_4k", b"")

    def _begin(self, c: Cycle, verb: str, time: str, data: bytes) -> bytes | None:
        chip, start = self._chip, self._start(c)
        if start is None:
            return None
        if not chip.wel:
            chip.refuse(f"{verb}-without-wel", c, "the write enable latch is 0")
        elif chip.suspended:
            chip.refuse("suspended", c, f"{chip.suspended.what} is suspended")
        elif self._is_frozen(start // PAGE):
            chip.wel = False
            chip.refuse("protected", c, "its LB bit is set for good")
        else:
            self._engine.begin(
                verb, c.command.name, chip.duration(time),
                target="security", address=start, length=PAGE, data=data,
            )  # fmt: skip
            return b""
        return None
