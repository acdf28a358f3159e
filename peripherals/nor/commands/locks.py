"""Individual locks of blocks and sectors (Winbond: in force while WPS is 1)."""

from __future__ import annotations

from collections.abc import Iterator

from ..command import Command, Cycle
from .array import ArrayCommands
from .control import ControlCommands

BLOCK, SECTOR = 0x1_0000, 0x1000


class BlockLocks:
    """One lock for each 64-KB block, and for each 4-KB sector of the first and the last one."""

    def __init__(self, size: int, array: ArrayCommands, control: ControlCommands) -> None:
        self._size, self._array, self._control = size, array, control
        self.unlocked: set[int] = set()
        """Start addresses; after power-on none is unlocked."""

    def commands(self, bits: int, lanes: int) -> Iterator[Command]:
        """Lock, unlock and read one lock; lock and unlock all."""
        for opcode, name, value in ((0x36, "block lock", 1), (0x39, "block unlock", 0)):
            yield Command(
                opcode=opcode, name=name, run=self._change, address_bits=bits,
                address_lanes=lanes, value=value,
            )  # fmt: skip
        for opcode, name, value in ((0x7E, "global lock", 1), (0x98, "global unlock", 0)):
            yield Command(opcode=opcode, name=name, run=self._change_all, value=value)
        yield Command(
            opcode=0x3D, name="read block lock", run=self._read,
            address_bits=bits, address_lanes=lanes, data_lanes=lanes, sends=True,
        )  # fmt: skip

    def locked(self, address: int, length: int) -> int | None:
        """Where the first locked unit of the range begins; None: none is locked."""
        units = self._units(address, length)
        return next((unit for unit in units if unit not in self.unlocked), None)

    def _units(self, address: int, length: int) -> Iterator[int]:
        end, size = address + length, self._size
        while address < end:
            in_edge = address < BLOCK or address >= size - BLOCK
            unit = SECTOR if in_edge else BLOCK
            address &= -unit
            yield address
            address += unit

    def _unit(self, c: Cycle) -> int:
        return next(self._units(self._array.cell(c), 1))

    def _change(self, c: Cycle) -> bytes | None:
        if not self._control.spend_wel(c):
            return None
        if c.command.value:
            self.unlocked.discard(self._unit(c))
        else:
            self.unlocked.add(self._unit(c))
        return b""

    def _change_all(self, c: Cycle) -> bytes | None:
        if not self._control.spend_wel(c):
            return None
        units = () if c.command.value else self._units(0, self._size)
        self.unlocked = set(units)
        return b""

    def _read(self, c: Cycle) -> bytes:
        return bytes((self._unit(c) not in self.unlocked,)) * c.read
