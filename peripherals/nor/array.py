"""The cells of a NOR flash chip: programming clears bits, erasing sets them."""

from __future__ import annotations

from typing import Any

SECTOR = 0x1000
_ERASED = b"\xff" * SECTOR


class Array:
    """`size` bytes of cells, FFh from the factory."""

    def __init__(self, size: int) -> None:
        self.cells = bytearray(b"\xff" * size)
        self.failing: list[tuple[int, int]] = []
        """(address, length) of cells that programming does not change: a fault."""

    def __len__(self) -> int:
        return len(self.cells)

    def program(self, address: int, data: bytes) -> None:
        """AND `data` into the cells from `address`, but for failing ones."""
        end = address + len(data)
        old = bytes(self.cells[address:end])
        anded = int.from_bytes(old, "little") & int.from_bytes(data, "little")
        self.cells[address:end] = anded.to_bytes(len(data), "little")
        for start, length in self.failing:
            low, high = max(start, address), min(start + length, end)
            if low < high:
                self.cells[low:high] = old[low - address : high - address]

    def erase(self, address: int, length: int) -> None:
        """All bits of `length` bytes from `address` become 1."""
        self.cells[address : address + length] = b"\xff" * length

    def save(self) -> dict[str, Any]:
        """The sectors that are not blank, and the faults."""
        sectors = {}
        for at in range(0, len(self.cells), SECTOR):
            sector = bytes(self.cells[at : at + SECTOR])
            if sector != _ERASED:
                sectors[at] = sector
        return {"sectors": sectors, "failing": list(self.failing)}

    def load(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`."""
        self.erase(0, len(self.cells))
        for at, sector in saved["sectors"].items():
            self.cells[at : at + SECTOR] = sector
        self.failing = list(saved["failing"])
