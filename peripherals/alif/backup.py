"""Backup SRAM of the Alif Ensemble: 4 KB in the battery domain, where firmware also keeps why it
resets the chip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xipsim.peripherals.core import Keeper, Peripheral, ResetCause, State, exposed, model

SIZE = 0x1000


@model("Alif.BackupRam")
class BackupRam(Peripheral, Keeper):
    """Words that survive every reset but power-on.

    Assumption: it comes up as zeros after power-on; on silicon it is undefined. What `fill` has put
    in before a power-on stays, as with a battery on VBAT.
    """

    SIZE = SIZE
    BLANK = 0

    _cells = State(bytearray(SIZE), survives_reset=True)
    _filled = State(False, survives_reset=True)

    def reset(self, cause: ResetCause) -> None:
        cells, filled = self._cells, self._filled
        super().reset(cause)
        if filled:
            self._cells, self._filled = cells, False

    @classmethod
    def capacity(cls, parameters: Mapping[str, Any]) -> int:
        return SIZE

    @exposed
    def contents(self) -> bytes:
        """All bytes."""
        return bytes(self._cells)

    @exposed
    def fill(self, data: bytes) -> None:
        """Make `data` the contents; it must have exactly their size."""
        if len(data) != SIZE:
            raise ValueError(f"{self.name}: expected {SIZE} bytes, given {len(data)}")
        self._cells[:] = data
        self._filled = True

    def read(self, offset: int, size: int = 4) -> int:
        """Answer a read."""
        self._check(offset, size)
        return int.from_bytes(self._cells[offset : offset + size], "little")

    def peek(self, offset: int, size: int = 4) -> int:
        """The cells."""
        return int.from_bytes(self._cells[offset : offset + size], "little")

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Take a store. Assumption: one that is narrower than a word is lost."""
        if self._check(offset, size):
            self._cells[offset : offset + size] = value.to_bytes(size, "little")

    def _check(self, offset: int, size: int) -> bool:
        if size != 4:
            self.diagnose(
                "backup-narrow-access",
                f"{size} bytes at {offset:#x}: only whole words can be accessed",
                address=offset,
            )
        return size == 4
