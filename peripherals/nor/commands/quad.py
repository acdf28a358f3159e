"""The tables of reads and programs that the makers of quad flash share."""

from __future__ import annotations

from collections.abc import Iterator

from ..command import Command
from .array import ArrayCommands

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


def reads(array: ArrayCommands, bits: int, *, wide: bool, wrap: int) -> Iterator[Command]:
    """Array reads with one line for opcodes.

    bits: of address for the legacy opcodes. wide: also those that always take 4 bytes. wrap: what
    set burst with wrap has set.
    """
    for legacy, always, name, address_lanes, mode_clocks, wait, lanes in READS:
        for opcode, size in _both(legacy, always, bits, wide):
            yield Command(
                opcode=opcode, name=name, run=array.read, is_read=True, sends=True,
                address_bits=size, fixed_width=opcode == always, address_lanes=address_lanes,
                mode_clocks=mode_clocks, wait=wait, data_lanes=lanes, quad=lanes == 4,
                burst=wrap if legacy == 0xEB else 0,
            )  # fmt: skip


def programs(array: ArrayCommands, bits: int, *, wide: bool) -> Iterator[Command]:
    """Page programs with one line for opcode and address."""
    for legacy, always, name, lanes in PROGRAMS:
        for opcode, size in _both(legacy, always, bits, wide):
            yield Command(
                opcode=opcode, name=name, run=array.program, takes=True,
                begins=array.begin_program,
                address_bits=size, fixed_width=opcode == always, data_lanes=lanes,
                quad=lanes == 4,
            )  # fmt: skip


def _both(legacy: int, always: int, bits: int, wide: bool) -> Iterator[tuple[int, int]]:
    yield legacy, bits
    if wide:
        yield always, 32
