"""The cells of a NOR flash chip: programming clears bits, erasing sets them."""

from __future__ import annotations

from typing import Any

SECTOR = 0x1000
_ERASED = b"\xff" * SECTOR


class Array:
    """`size` bytes of cells, FFh from the factory."""

    def __init__(self, size: int) -> None:
        self.cells = bytearray(b"\xff") * size
        self.overwrites = False
        """Programming sets bits, too (MRAM)."""
        self.failing: list[tuple[int, int]] = []
        """(address, length) of cells that programming does not change: a fault."""
        self._saved: dict[str, Any] | None = None
        """What was saved or loaded last; `_touched` are the sectors that changed since."""
        self._touched: set[int] = set()

    def __len__(self) -> int:
        return len(self.cells)

    def program(self, address: int, data: bytes) -> int | None:
        """AND `data` into the cells from `address` (MRAM: store it), but for failing ones.

        Returns the address of the first cell that failed to take its value, None if all did.
        """
        length = len(data)
        end = address + length
        self.touch(address, length)
        old = self.cells[address:end]
        if self.overwrites or old == b"\xff" * length:
            self.cells[address:end] = data
        else:
            anded = int.from_bytes(old, "little") & int.from_bytes(data, "little")
            self.cells[address:end] = anded.to_bytes(length, "little")
        return self._keep_failing(address, old) if self.failing else None

    def _keep_failing(self, address: int, old: bytes | bytearray) -> int | None:
        """Cells from `address`, which held `old`, have just been programmed: as of `program`."""
        end, failed = address + len(old), []
        for start, count in self.failing:
            low, high = max(start, address), min(start + count, end)
            if low < high and self.cells[low:high] != old[low - address : high - address]:
                self.cells[low:high] = old[low - address : high - address]
                failed.append(low)
        return min(failed, default=None)

    def fill(self, data: bytes) -> None:
        """Make `data` the first cells, the rest blank."""
        if self._touched or self._saved:
            self.erase(0, len(self.cells))
        self.cells[: len(data)] = data
        self.touch(0, max(1, len(data)))

    def erase(self, address: int, length: int) -> None:
        """All bits of `length` bytes from `address` become 1."""
        self.touch(address, length)
        self.cells[address : address + length] = b"\xff" * length

    def touch(self, address: int, length: int) -> None:
        """Note that cells in [address, address + length) change."""
        first, last = address // SECTOR, (address + length - 1) // SECTOR
        if last > first:
            self._touched.update(range(first, last + 1))
        else:
            self._touched.add(first)

    def save(self) -> dict[str, Any]:
        """The sectors that are not blank, and the faults."""
        sectors = dict(self._saved["sectors"]) if self._saved else {}
        for at in (number * SECTOR for number in self._touched):
            sector = bytes(self.cells[at : at + SECTOR])
            if sector != _ERASED:
                sectors[at] = sector
            else:
                sectors.pop(at, None)
        self._saved = {"sectors": dict(sorted(sectors.items())), "failing": list(self.failing)}
        self._touched.clear()
        return self._saved

    def load(self, saved: dict[str, Any]) -> list[int]:
        """Be as when `save` returned `saved`; the addresses of the sectors that changed.

        Going back to what was saved or loaded last costs only what was touched since.
        """
        suspects = {number * SECTOR for number in self._touched}
        if saved is not self._saved:
            # All others are blank, and shall be.
            suspects.update(saved["sectors"], self._saved["sectors"] if self._saved else ())
        changed = []
        for at in sorted(suspects):
            sector = saved["sectors"].get(at, _ERASED)
            if self.cells[at : at + SECTOR] != sector:
                self.cells[at : at + SECTOR] = sector
                changed.append(at)
        self.failing = list(saved["failing"])
        self._saved = saved
        self._touched.clear()
        return changed
