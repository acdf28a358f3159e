"""The tables of commands that the makers of quad flash share."""

from __future__ import annotations

from collections.abc import Iterator

from ..command import Command, Handler
from .nor import NorFamily

# Opcode, its form that always takes 4 address bytes, name, address lanes, mode clocks, clocks
# between address and data (mode clocks included), data lanes.
READS = (
    (0x03, 0x13, "read data", 1, 0, 0, 1),
    (0x0B, 0x0C, "fast read", 1, 0, 8, 1),
    (0x3B, 0x3C, "fast read dual output", 1, 0, 8, 2),
    (0x6B, 0x6C, "fast read quad output", 1, 0, 8, 4),
    (0xBB, 0xBC, "fast read dual I/O", 2, 4, 4, 2),
    (0xEB, 0xEC, "fast read quad I/O", 4, 2, 6, 4),
)
PROGRAMS = ((0x02, 0x12, "page program", 1), (0x32, 0x34, "quad page program", 4))


class QuadFamily(NorFamily):
    """Shared commands; a maker's family adds status registers, protection and modes."""

    # -- tables ------------------------------------------------------------------------------------

    def reads(self, bits: int) -> Iterator[Command]:
        """Array reads with one line for opcodes; legacy opcodes take `bits` of address."""
        for legacy, wide, name, address_lanes, mode_clocks, wait, lanes in READS:
            for opcode, size in self._both((legacy,), (wide,), bits):
                yield Command(
                    opcode=opcode, name=name, run=self._read, is_read=True, sends=True,
                    address_bits=size, address_lanes=address_lanes, mode_clocks=mode_clocks,
                    wait=wait, data_lanes=lanes, quad=lanes == 4,
                )  # fmt: skip

    def programs(self, bits: int) -> Iterator[Command]:
        """Page programs with one line for opcode and address."""
        for legacy, wide, name, lanes in PROGRAMS:
            for opcode, size in self._both((legacy,), (wide,), bits):
                yield Command(
                    opcode=opcode, name=name, run=self._program, takes=True,
                    address_bits=size, data_lanes=lanes, quad=lanes == 4,
                )  # fmt: skip

    def erases(self, bits: int, lanes: int) -> Iterator[Command]:
        """Erases of all sizes, chip erase included, in a mode with `lanes` lines."""
        for unit in self.chip.row.erase:
            for opcode, size in self._both(unit.opcodes, unit.opcodes4, bits):
                yield Command(
                    opcode=opcode, name=unit.name, lanes=lanes, address_bits=size,
                    address_lanes=lanes, value=unit.size, run=self.erase_handler(unit.time),
                )  # fmt: skip
        for opcode in (0xC7, 0x60):
            yield Command(
                opcode=opcode, name="chip erase", lanes=lanes, value=self.chip.size,
                run=self.erase_handler("chip_erase"),
            )  # fmt: skip

    def _both(
        self, legacy: tuple[int, ...], wide: tuple[int, ...], bits: int
    ) -> Iterator[tuple[int, int]]:
        for opcode in legacy:
            yield opcode, bits
        if self.chip.size > 0x100_0000:
            for opcode in wide:
                yield opcode, 32

    def controls(self, lanes: int) -> Iterator[Command]:
        """Commands of one byte that every mode has."""
        enables: tuple[tuple[int, str, Handler], ...] = (
            (0x06, "write enable", self._write_enable),
            (0x04, "write disable", self._write_disable),
            (0xB9, "power-down", self._power_down),
        )
        for opcode, name, run in enables:
            yield Command(opcode=opcode, name=name, run=run, lanes=lanes)
        always: tuple[tuple[int, str, Handler], ...] = (
            (0x75, "suspend", self._suspend),
            (0x7A, "resume", self._resume),
            (0x66, "reset enable", self._reset_enable),
            (0x99, "reset", self._reset),
        )
        for opcode, name, run in always:
            yield Command(opcode=opcode, name=name, run=run, lanes=lanes, while_busy=True)
        yield Command(
            opcode=0xAB, name="release power-down", run=self._release, lanes=lanes,
            wait=24 // lanes, data_lanes=lanes, sends=True,
        )  # fmt: skip

    def ids(self, lanes: int) -> Iterator[Command]:
        """JEDEC id and manufacturer id."""
        yield Command(
            opcode=0x9F, name="read JEDEC id", run=self._read_id, lanes=lanes,
            data_lanes=lanes, sends=True,
        )  # fmt: skip
        yield Command(
            opcode=0x90, name="read manufacturer id", run=self._read_maker, lanes=lanes,
            address_bits=24, address_lanes=lanes, data_lanes=lanes, sends=True,
        )  # fmt: skip

    def tables_1_1_1(self, bits: int) -> Iterator[Command]:
        """SFDP (3 address bytes in every address mode) and unique id, with one line."""
        yield Command(
            opcode=0x5A, name="read SFDP", run=self._read_sfdp, address_bits=24, wait=8, sends=True
        )
        yield Command(
            opcode=0x4B, name="read unique id", run=self._read_uid, wait=bits + 8, sends=True
        )
