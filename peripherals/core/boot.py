"""What a boot ROM tells the engine: where the core starts, or why it cannot."""

from __future__ import annotations

from xipsim.peripherals.namedtuple import NamedTuple


class Entry(NamedTuple):
    """The core's state when the ROM hands over."""

    pc: int
    sp: int
    vtor: int


class BootError(Exception):
    """The ROM found nothing to start. The text says what it read, where, and what is wrong."""
