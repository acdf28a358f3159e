"""What a boot ROM tells the engine: where the core starts, or why it cannot."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """The core's state when the ROM hands over."""

    pc: int
    sp: int
    vtor: int


class BootError(Exception):
    """The ROM found nothing to start. The text says what it read, where, and what is wrong."""


class BootRom(Protocol):
    """A model that decides, at every reset, how the core starts."""

    def boot(self) -> Generator[int, None, Entry]:
        """Do what the mask ROM does; raise BootError where it would give up.

        Yields a virtual time whenever the ROM waits: the engine goes on with it at that time.
        """
