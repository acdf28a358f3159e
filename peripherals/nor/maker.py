"""What a chip needs from the strategy that knows its maker's commands and registers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from xipsim.peripherals.namedtuple import NamedTuple

from .command import Command
from .operation import Operation


class Mode(NamedTuple):
    """How a chip listens at the moment. The table of its commands follows from this alone."""

    name: str
    """What people call it."""
    lanes: int
    """Lines of the opcode."""
    wide: bool
    """Addresses of legacy commands have 4 bytes."""
    opcode_bits: int = 8
    """16: an opcode and its inverse."""
    opcode_ddr: bool = False
    """An opcode's two bytes come at the two edges of one clock."""
    continuous: int = 0
    """Opcode of the read that goes on without one, 0 for none."""
    strobe: bool = False
    """The chip drives a data strobe with its data."""
    settings: Hashable = None
    """What else the table depends on."""

    @property
    def opcode_clocks(self) -> int:
        """Clocks that an opcode takes."""
        return self.opcode_bits // (self.lanes << self.opcode_ddr)


class Maker(ABC):
    """Commands, modes, registers and protection of parts that speak alike; one for each chip."""

    overwrites: ClassVar[bool] = False
    """Programming sets bits, too: cells that need no erase."""
    keeps_wel: ClassVar[bool] = False
    """WEL stays at the end of an operation."""
    holds_wel: ClassVar[bool] = False
    """WEL stays 1 after a refusal by protection, until the error flags are cleared."""
    wakes_on_select: ClassVar[bool] = False
    """Any cycle of chip select ends power-down, and has no other effect."""
    unmodelled: Mapping[int, str] = MappingProxyType({})
    """Commands that the chips have and the model has not, by the first byte of their opcode."""

    mode: Mode
    """As the registers say now."""

    @abstractmethod
    def table(self) -> Iterator[Command]:
        """All commands of the present mode. Of two with one opcode the latter counts."""

    @abstractmethod
    def power_on(self) -> None:
        """Volatile registers and modes as after power-on."""

    @abstractmethod
    def software_reset(self) -> None:
        """Volatile registers and modes as 66h, 99h leave them."""

    # -- reads -----------------------------------------------------------------------------------

    @property
    def quad_enabled(self) -> bool:
        """The quad enable bit. Only asked of those that have commands which need it."""
        raise NotImplementedError

    @property
    def high_address(self) -> int:
        """Address bits 31 to 24 of commands that send three bytes."""
        return 0

    def enters_continuous(self, bits: int) -> bool:
        """Whether these mode bits keep the chip in continuous read. This and the next are only
        asked of those that have reads with mode bits."""
        raise NotImplementedError

    def set_continuous(self, opcode: int) -> None:
        """Remember the read that goes on without opcode, 0 for none."""
        raise NotImplementedError

    # -- programs and erases ---------------------------------------------------------------------

    @property
    @abstractmethod
    def page(self) -> int:
        """Bytes within which a program wraps."""

    @abstractmethod
    def protection(self, address: int, length: int) -> str:
        """What protects any byte of the range, in words; empty: nothing does."""

    def judged(self, verb: str, rule: str) -> None:  # noqa: B027
        """A `program` or `erase` was accepted (`rule` empty) or refused: for error flags."""

    @abstractmethod
    def apply(self, operation: Operation) -> None:
        """An operation on registers or memories beside the array has ended."""

    @property
    def latches(self) -> Hashable | None:
        """All that an idle chip's status registers follow from, but WEL, and whether it refuses a
        program or an erase; None: not told."""
        return None

    # -- for people, and snapshots ---------------------------------------------------------------

    @abstractmethod
    def status(self) -> dict[str, Any]:
        """Registers and mode."""

    @abstractmethod
    def save(self) -> dict[str, Any]:
        """Registers, volatile or not, and memories beside the array."""

    @abstractmethod
    def load(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`."""
