"""Everspin EMxxLX: MRAM behind the commands of octal flash. Writes need no erase.

Source: EMxxLX data sheet 3.2. What it says of registers and octal DDR is as on the IS25LX.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..command import Command, Cycle
from .issi import IO_MODE, PROGRAM_ERROR, VALUES, IssiOctal

BEHAVIOUR = 0x08
PERSISTENT = 0x01
UNIT = 0x1_0000


class Everspin(IssiOctal):
    """EM064LX and its siblings."""

    overwrites = True
    keeps_wel = True
    MAX_DUMMIES = 0x1F
    VALUES = VALUES | {
        IO_MODE: VALUES[IO_MODE] | {0xFD, 0xFB, 0xEB},
        BEHAVIOUR: frozenset(range(256)),
        0x1E: frozenset(range(256)),
    }

    # -- writes ------------------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """Persistent mode knows no pages: a write goes on to the end of the memory and wraps."""
        row = self._chip.row
        is_persistent = self.volatile.registers[BEHAVIOUR] & PERSISTENT
        return row.size if is_persistent else row.page

    def judged(self, verb: str, rule: str) -> None:
        super().judged(verb, rule)
        if rule == "program-without-wel":
            self.volatile.flags |= PROGRAM_ERROR

    def protected_area(self) -> tuple[int, int]:
        code, size = self.protection_code, self._chip.size
        units = code if code <= 8 else 16 << code - 9
        length = min(units * UNIT, size)
        return (0, length) if self.sr & 0x20 else (size - length, size)

    def _write_configuration(self, c: Cycle) -> bytes | None:
        answer = super()._write_configuration(c)
        registers = self.volatile.registers
        if registers[IO_MODE] in (0xFD, 0xFB, 0xEB):
            self._chip.gap(f"I/O mode {registers[IO_MODE]:02X}h (taken for SPI)")
        return answer

    def _suspends(self) -> Iterator[Command]:
        return iter(())
