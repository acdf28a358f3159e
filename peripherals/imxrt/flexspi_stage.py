"""What a sequence of an IP command does on the bus, as far as registers alone tell."""

from __future__ import annotations

from xipsim.peripherals.core import time_of
from xipsim.peripherals.namedtuple import NamedTuple

from .flexspi_bus import Cost
from .flexspi_registers import FIFO
from .lut import Sequence


class Pace(NamedTuple):
    """Values of the attributes of `IpCommand` with these names."""

    reads: bool
    writes: int
    limit: int
    behind: int
    interval: int
    hertz: int
    byte_clocks: int


class Stage(NamedTuple):
    """One sequence of a command, wherever its data lie."""

    sequence: Sequence
    pace: Pace
    size: int
    """Bytes that it reads."""
    before: int
    """ns from the fall of chip select to the first bit of data."""
    holds_bus: bool
    """No AHB access comes between, whatever the receive FIFO held before.

    AHB reads during a short command wait for its end, and then find what they would have found
    before: the window stays native. Not where the chip will be busy then, or where the end depends
    on the firmware.
    """
    span: int
    """ns from the first bit of data to the moment at which the clock stops, if both FIFOs were
    empty, and the firmware does nothing."""
    is_bound: bool
    """Whether that is not the end of it."""


def stage(sequence: Sequence, cost: Cost, size: int) -> Stage:
    """Of a sequence that costs that. size: IPCR1.IDATSZ."""
    reads = writes = 0
    if sequence.reads is not None:
        reads = size or sequence.reads
    elif sequence.writes is not None:
        writes = size or sequence.writes
    return Stage(
        sequence=sequence,
        pace=Pace(
            reads=sequence.reads is not None,
            writes=writes,
            limit=cost.limit,
            behind=cost.behind,
            interval=cost.interval,
            hertz=cost.hertz,
            byte_clocks=cost.byte_clocks,
        ),
        size=reads,
        before=cost.before,
        holds_bus=writes > 0 or (sequence.template.address_bits > 0 and sequence.reads is None),
        span=time_of(min(reads, FIFO), cost.hertz, cost.byte_clocks),
        is_bound=reads > FIFO or writes > 0,
    )
