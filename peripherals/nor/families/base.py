"""What a chip needs from the strategy that decodes its commands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ..bus import Transaction
from ..operation import Operation

if TYPE_CHECKING:
    from ..chip import Chip


class Family(ABC):
    """Decodes transactions and keeps the registers; created once for each chip."""

    overwrites = False
    """Programming sets bits, too: cells that need no erase."""
    keeps_wel = False
    """WEL stays at the end of an operation."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip

    @abstractmethod
    def transfer(self, t: Transaction) -> bytes:
        """Run one cycle and report it with `Chip.done`."""

    @abstractmethod
    def reads_array(self, t: Transaction) -> bool:
        """As `Chip.reads_array`, on a chip that is idle and awake."""

    @abstractmethod
    def power_on(self) -> None:
        """Volatile registers and modes as after power-on."""

    @abstractmethod
    def apply(self, operation: Operation) -> None:
        """An operation on the family's own registers or memories has ended."""

    @abstractmethod
    def status(self) -> dict[str, Any]:
        """Registers and mode, for people."""

    @abstractmethod
    def save(self) -> dict[str, Any]:
        """Registers, volatile or not, and memories beside the array."""

    @abstractmethod
    def load(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`."""
