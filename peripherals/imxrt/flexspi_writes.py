"""What the writes of one of FlexSPI's passages have said so far: see `flexspi_passages`.

Each of its accesses asks, and a page has some 190: so what came before is not looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct

from xipsim.peripherals.core import Written

from .flexspi_flow import block_size
from .flexspi_registers import FlexSpiRegisters

_INTR, _IPTXWE = FlexSpiRegisters.INTR.offset, FlexSpiRegisters.IPTXWE.mask
_IPTXFCR = FlexSpiRegisters.IPTXFCR.offset
_IPCR0, _IPCR1 = FlexSpiRegisters.IPCR0.offset, FlexSpiRegisters.IPCR1.offset
_IPCMD = FlexSpiRegisters.IPCMD.offset
_TFDR = tuple(word.offset for word in FlexSpiRegisters.TFDR.elements)
FREE = frozenset((_IPCR0, _IPCR1, *_TFDR))
"""Registers that only hold what is written, until a command is started."""

HELD = -1
"""In place of a step: the address that IPCR0 held when the passage began."""

Data = Callable[[memoryview], bytes]


class Writes:
    """Follows `told`, to which each write is appended. control: IPTXFCR as it was before."""

    def __init__(self, told: Sequence[Written], control: int) -> None:
        self.told = told
        self._seen = 0
        self.free: dict[int, int] = {}
        """Free registers that were written, and the step that was the last to do so."""
        self.address: int | None = None
        """The step that has written the address of the command that was started last, or `HELD`;
        None: none was."""
        self.pushed: list[int] | None = []
        """The steps that have written the words that were pushed; None if some were not written in
        the passage, or not in their order."""
        self._block = block_size(control)
        self._data: tuple[int, Data] | None = None

    def follow(self) -> None:
        """Look at what has come since the last time."""
        seen, self._seen = self._seen, len(self.told)
        for step, offset, value in self.told[seen:]:
            if offset in FREE:
                self.free[offset] = step
            elif offset == _IPTXFCR:
                self._block = block_size(value)
            elif offset == _INTR and value & _IPTXWE:
                self._push()
            elif offset == _IPCMD and value & 1:
                self.address = self.next_address

    @property
    def next_address(self) -> int:
        """The step that has written IPCR0, or `HELD`."""
        return self.free.get(_IPCR0, HELD)

    def _push(self) -> None:
        """A block of words goes to the FIFO."""
        words, free = self.pushed, self.free
        if words is not None:
            block = [free.get(word, -1) for word in _TFDR[: self._block // 4]]
            if min(block) <= (words[-1] if words else -1) or block != sorted(block):
                self.pushed = None
            else:
                words += block

    def data(self, words: Sequence[int]) -> Data:
        """Takes what was pushed from what was written, by step."""
        if self._data is None or self._data[0] != len(words):
            self._data = len(words), _data(words)
        return self._data[1]


def _data(words: Sequence[int]) -> Data:
    """Takes the words that these steps have written, neighbours in one go."""
    runs: list[list[int]] = []
    for step in words:
        if runs and step == runs[-1][-1] + 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    form, end = "", 0
    for run in runs:
        form += f"{4 * (run[0] - end)}x{4 * len(run)}s"
        end = run[-1] + 1
    take, join = Struct(form).unpack_from, b"".join
    return lambda written: join(take(written))
