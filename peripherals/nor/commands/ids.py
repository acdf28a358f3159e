"""Ids, unique id and SFDP."""

from __future__ import annotations

from collections.abc import Iterator

from ..command import Command, Cycle
from ..state import ChipState
from .array import repeated


class IdCommands:
    """Handlers, and the tables of quad flash."""

    def __init__(self, chip: ChipState) -> None:
        self._row, self._uid = chip.row, chip.unique_id
        self._sfdp = chip.row.sfdp_space().ljust(0x100, b"\xff")

    def commands(self, lanes: int) -> Iterator[Command]:
        """JEDEC id and manufacturer id, in every mode."""
        yield Command(
            opcode=0x9F, name="read JEDEC id", run=self._read_id,
            data_lanes=lanes, sends=True,
        )  # fmt: skip
        yield Command(
            opcode=0x90, name="read manufacturer id", run=self._read_maker,
            address_bits=24, fixed_width=True, address_lanes=lanes, data_lanes=lanes, sends=True,
        )  # fmt: skip

    def single(self, bits: int) -> Iterator[Command]:
        """What only a mode with one line for opcodes has."""
        for opcode, lanes, clocks, wait in ((0x92, 2, 4, 4), (0x94, 4, 2, 6)):
            yield Command(
                opcode=opcode, name="read manufacturer id", run=self._read_maker, sends=True,
                address_bits=bits, address_lanes=lanes, mode_clocks=clocks, wait=wait,
                data_lanes=lanes, quad=lanes == 4,
            )  # fmt: skip
        yield Command(
            opcode=0x4B, name="read unique id", run=self._read_uid, wait=bits + 8, sends=True
        )
        yield self.sfdp()

    def sfdp(self) -> Command:
        """SFDP: 3 address bytes in every address mode."""
        return Command(
            opcode=0x5A, name="read SFDP", run=self._read_sfdp, address_bits=24, fixed_width=True,
            wait=8, sends=True,
        )  # fmt: skip

    def _read_id(self, c: Cycle) -> bytes:
        return repeated(self._row.id, c.read)

    def _read_maker(self, c: Cycle) -> bytes:
        return repeated(bytes((self._row.id[0], self._row.device_id)), c.read, c.address & 1)

    def _read_uid(self, c: Cycle) -> bytes:
        # Assumption: the id comes again and again if more is read.
        return repeated(self._uid, c.read)

    def _read_sfdp(self, c: Cycle) -> bytes:
        return repeated(self._sfdp, c.read, c.address % len(self._sfdp))
