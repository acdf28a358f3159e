"""What an engine gives to the models' end, and nothing else of it is used there.

Imported by type checkers alone: a start would wait a third of a millisecond for these classes.

Times are virtual nanoseconds since power-on. *Standing still* means: the core is between two
instructions, virtual time does not move, and the engine has called `Supervisor.stand_still`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import UsersEnd
from xipsim.peripherals.core import (
    Bus,
    Entry,
    IrqLine,
    Model,
    Read,
    Region,
    Segment,
    Words,
    Write,
)

from .coredescription import CoreDescription
from .sameness import Held
from .shortcuts import Player, Turner, Witness
from .timesource import TimeSource


class Core(Protocol):
    """The Cortex-M core. Registers by gdb's names; None where nothing answers."""

    @property
    def pc(self) -> int:
        """Program counter."""

    @property
    def exception(self) -> int:
        """Number of the exception being handled, 0 in thread mode."""

    def can_interrupt(self) -> bool:
        """Whether an interrupt is pending that the core would take if it went on; also where an
        engine cannot tell."""

    def registers(self) -> dict[str, int]:
        """All registers."""

    def read_memory(self, address: int, length: int) -> bytes | None:
        """Bytes as the core sees them, its private bus included."""

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write as the core would; False where nothing answers."""

    def interrupt(self, number: int) -> IrqLine:
        """The input of external interrupt `number`, or of the NMI."""


    def on_fault(self, handler: Callable[[dict[str, int]], None]) -> None:
        """Call `handler` with the frame when the core enters a fault handler, before the first
        instruction of that: r0 to r3, r12, sp, lr, pc and xpsr as they were. Where an engine cannot
        tell, the frame is looked for on the stack."""

    def reset(self) -> None:
        """Core, NVIC, SysTick and SCB as after power-on; memory and time stay."""

    def enter(self, entry: Entry) -> None:
        """Start where the boot ROM says."""


class Memory(Protocol):
    """Plain memory."""

    def place(self, address: int) -> None:
        """Make it answer at `address`; again elsewhere makes an alias of the same bytes."""

    def fill(self, data: bytes) -> None:
        """Contents before the machine runs: `data`, and the rest erased (FFh)."""

    def clear(self) -> None:
        """Fill it with zeros, with the core about to be reset."""

    def save(self) -> Any:
        """Its bytes, in a form that can be pickled."""

    def load(self, saved: Any) -> None:
        """Be as when `save` returned `saved`; code made from other bytes is dropped."""


class Window(Protocol):
    """The `Window` port of the models."""

    @property
    def address(self) -> int: ...
    @property
    def size(self) -> int: ...
    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment: ...


class Backend(Protocol):
    """An engine, from within its process. What places something may raise NoRoom."""

    @property
    def time(self) -> TimeSource:
        """Virtual time."""

    @property
    def bus(self) -> Bus:
        """Memory and registers as a bus master other than the core sees them."""

    @property
    def turner(self) -> Turner | None:
        """None where the engine has none."""

    @property
    def player(self) -> Player | None:
        """Of passages; None where the engine has none."""

    @property
    def witness(self) -> Witness | None:
        """Of what loops change; None where the engine cannot tell."""

    @property
    def compares(self) -> Callable[[], Held] | None:
        """Makes what compares Python's objects faster than Python; None where there is nothing."""

    # -- building --------------------------------------------------------------------------------

    def make_core(
        self, description: CoreDescription, on_reset_request: Callable[[], None]
    ) -> Core:
        """The core. on_reset_request: called when the firmware writes SYSRESETREQ."""

    def make_memory(self, name: str, size: int) -> Memory:
        """Memory that answers nowhere yet."""

    def begin_memories(self) -> None:
        """All memories will be saved, or loaded, and nothing else is written until that is done."""

    def place_registers(
        self, model: Model, address: int, size: int, read: Read, write: Write, words: Words
    ) -> None:
        """Send accesses at `address` to `read` and `write`, of any width that the core has.

        words: a short cut for some of them, with the same effect.
        """

    def place_late(
        self, name: str, address: int, size: int, make: Callable[[], tuple[Read, Write, Words]]
    ) -> None:
        """The same for a model that is not there yet: `make` is called with the first access.

        Only for an engine that has a cache of boots.
        """

    def place_window(
        self, model: Model, region: Region, address: int, size: int, read: Read, write: Write
    ) -> Window:
        """An address range of which segments can be served natively; the rest goes to the model.

        `read` and `write` take offsets in the window, and may raise BusError.
        """

    def place_tag(self, name: str, address: int, size: int, read: Read, write: Write) -> None:
        """Send what nothing else answers at `address` to `read` and `write`."""

    # -- running ---------------------------------------------------------------------------------

    def enter(self) -> None:
        """Stand still after the instruction under way. Idempotent; from any thread."""

    def next_request(self, server: UsersEnd) -> Request | None:
        """Wait for a request while standing still. None: leave, and come back by `enter`."""

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> Any:
        """The state of core, NVIC, SysTick and virtual time, in a form that can be pickled."""

    def load(self, saved: Any) -> None:
        """Be as when `save` returned `saved`; SnapshotError. The models' state comes after it."""
