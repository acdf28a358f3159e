"""What was built: memories, models and the wires between them, as the machine uses them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from xipsim.engines.repl import Entry as PlatformEntry
from xipsim.peripherals.core import BootRom, Entry, Junction, Keeper, ResetCause, Trace, Waker

from .dormant import Models
from .looking import View

if TYPE_CHECKING:
    from .backend import Core, Memory


class Board:
    """Everything that the platform describes, in the order in which it was built."""

    def __init__(self, core: Core, trace: Trace) -> None:
        self.core, self.trace = core, trace
        self.memories: dict[str, Memory] = {}
        self.models = Models()
        self.entries: Sequence[PlatformEntry] = ()
        """Of the platform, where it was built at once."""
        self.view = View()
        self.interrupts: list[Junction] = []
        """Of the core."""
        self.shared: dict[Junction, None] = {}
        """Where several lines meet, of these and of models' inputs."""
        self.tags_touched: set[str] = set()
        """Accesses to tagged ranges that have been reported."""
        self._keeps: set[str] = set()

    def fill(self, name: str, data: bytes) -> None:
        """Non-volatile contents, before the machine runs: `data`, and the rest erased.

        A memory that is given contents keeps them without power from then on.
        """
        if memory := self.memories.get(name):
            memory.fill(data)
            self._keeps.add(name)
        else:
            keeper = self.models[name]
            assert isinstance(keeper, Keeper)
            keeper.fill(data)

    def lose_memory(self) -> None:
        """Power was off. Assumption: RAM comes up as zeros; on silicon it is undefined."""
        for name, memory in self.memories.items():
            if name not in self._keeps:
                memory.clear()

    def reset(self, cause: ResetCause) -> None:
        """Reset every model; the core was reset before, and knows of no interrupt."""
        for model in self.models.values():
            model.reset(cause)
        for interrupt in self.interrupts:
            interrupt.repeat()

    def boot(self) -> Generator[int, None, Entry]:
        """Begin the boot ROM's work."""
        rom = next(m for m in self.models.values() if isinstance(m, BootRom))
        return rom.boot()

    def wake_at(self) -> int | None:
        """Virtual ns at which an alarm will wake a board that has switched itself off."""
        times = [model.wake_at for model in self.models.values() if isinstance(model, Waker)]
        return min((t for t in times if t is not None), default=None)

    def settle(self) -> None:
        """The levels of all lines were put back: take them as what their receivers know."""
        for junction in self.shared:
            junction.settle()
