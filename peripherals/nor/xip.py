"""The parts of a controller's XIP window that the engine serves from a copy of the chips' bytes."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.core import Segment, Window

from .bus import SpiDevice


class _Part:
    """One chip's part of the window."""

    def __init__(self, window: Window, chip: SpiDevice, offset: int, size: int) -> None:
        self.window, self.chip, self.offset, self.size = window, chip, offset, size
        self.segment: Segment = window.segment(offset, size)
        self.native = False


class XipWindow:
    """Keeps the window's segments equal to the chips, and native while that is what a read gives.

    Holds nothing but what follows from the controller's registers and the chips.
    native_size(select): bytes from the chip's start that reads of the window get as plain array
    data now; 0 for none.
    """

    def __init__(self, native_size: Callable[[int], int]) -> None:
        self._native_size = native_size
        self._parts: dict[int, _Part] = {}

    def map(self, window: Window, select: int, chip: SpiDevice, offset: int, size: int) -> None:
        """Let `chip` answer `size` bytes at `offset` of `window`. Not native yet."""
        self.unmap(select)
        part = self._parts[select] = _Part(window, chip, offset, size)
        self._load(part)

    def is_mapped(self, select: int, offset: int) -> bool:
        """Whether chip select `select` has its part at `offset`."""
        part = self._parts.get(select)
        return part is not None and part.offset == offset

    @property
    def is_native(self) -> bool:
        """Whether any part is native."""
        return any(part.native for part in self._parts.values())

    def unmap(self, select: int) -> None:
        """Send what chip select `select` had to the model."""
        part = self._parts.pop(select, None)
        if part is not None:
            part.segment.unmap()

    @staticmethod
    def _load(part: _Part) -> None:
        part.segment.load(0, memoryview(part.chip.array)[: part.size])

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        """Copy the cells in [address, address + length) of `chip`."""
        for part in self._parts.values():
            end = min(address + length, part.size)
            if part.chip is chip and address < end:
                part.segment.load(address, memoryview(chip.array)[address:end])

    def peek(self, offset: int, size: int) -> int:
        """The cells behind `size` bytes of the window, whatever the chips are doing.

        FFh where no chip answers.
        """
        data = bytearray(b"\xff" * size)
        for part in self._parts.values():
            start = max(offset, part.offset)
            end = min(offset + size, part.offset + part.size)
            if start < end:
                cells = part.chip.array[start - part.offset : end - part.offset]
                data[start - offset : end - offset] = cells
        return int.from_bytes(data, "little")

    def evaluate(self) -> None:
        """Look again which parts are native; tell the engine of changes only."""
        for select, part in list(self._parts.items()):
            size = self._native_size(select)
            if size not in (0, part.size):
                self.map(part.window, select, part.chip, part.offset, size)
                part = self._parts[select]
            if part.native != (size > 0):
                part.native = size > 0
                part.segment.native(part.native)
