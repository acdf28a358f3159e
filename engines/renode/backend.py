"""Renode as the models' end uses it; implements `guest.backend.Backend`.

The machine is Renode's: it has made core, memories and wires as the `.repl` says, and a peripheral
for each model. What is built here goes into those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xipsim.engines.api import SnapshotError
from xipsim.engines.guest.coredescription import CoreDescription
from xipsim.engines.guest.supervisor import Supervisor
from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import UsersEnd
from xipsim.peripherals.core import BusError, Model, Peripheral, Read, Region, Words, Write

from .calls import READ, WRITE, Host, keep
from .core import Core
from .memory import Bus, Memory
from .time import RenodeTime
from .window import Window


class RenodeBackend:
    """One machine. numbers: Renode's number of each model, by its name."""

    def __init__(self, host: Host, numbers: Mapping[str, int]) -> None:
        self._host, self._numbers = host, numbers
        self.time = RenodeTime(host)
        self.bus = Bus(host)
        self.player = self.witness = self.turner = self.compares = None
        self.on_reset_request: Callable[[], None] = lambda: None
        self.core: Core
        self._work: list[Callable[[], None]] = []
        self._is_standing = False

    # -- building --------------------------------------------------------------------------------

    def make_core(self, description: CoreDescription, on_reset_request: Callable[[], None]) -> Core:
        """The core, which is there."""
        self.on_reset_request = on_reset_request
        self.core = Core(self._host)
        return self.core

    def make_memory(self, name: str, size: int) -> Memory:
        """Memory, which is there."""
        return Memory(self._host, size)

    def begin_memories(self) -> None:
        """All of them will be saved or loaded, as which nothing is kept of them here."""

    def place_registers(
        self, model: Model, address: int, size: int, read: Read, write: Write, words: Words
    ) -> None:
        """Answer for the model's registers."""
        assert isinstance(model, Peripheral)

        def peek(_handle: int, offset: int, size: int) -> int:
            return model.peek(offset, size)

        if self._answer(model, 0, read, write, peek):
            self._host.words(self._numbers[model.name], size, *words)

    def place_late(
        self, name: str, address: int, size: int, make: Callable[[], tuple[Read, Write, Words]]
    ) -> None:
        """There is no cache of boots in Renode."""
        raise NotImplementedError

    def _answer(self, model: Model, port: int, read: Read, write: Write, peek: Read) -> bool:
        if model.name not in self._numbers:
            return False  # one of Renode's own types, that answers there itself
        callbacks = keep((READ(read), WRITE(write), READ(peek)))
        self._host.port(self._numbers[model.name], port, *callbacks)
        return True

    def place_window(
        self, model: Model, region: Region, address: int, size: int, read: Read, write: Write
    ) -> Window:
        """Answer for one of the model's regions."""
        refuse = self._host.refuse

        def checked_read(handle: int, offset: int, size: int) -> int:
            try:
                return read(handle, offset, size)
            except BusError:
                refuse()
                return 0

        def checked_write(handle: int, offset: int, value: int, size: int) -> None:
            try:
                write(handle, offset, value, size)
            except BusError:
                refuse()

        def peek(_handle: int, offset: int, size: int) -> int:
            try:
                return region.peek(model, offset, size)
            except BusError:
                refuse()
                return 0

        port = 1 + model.declared(Region).index(region)
        self._answer(model, port, checked_read, checked_write, peek)
        number = self._numbers[model.name]
        return Window(self._host, number, port, address, size, self.after_instruction)

    def place_tag(self, name: str, address: int, size: int, read: Read, write: Write) -> None:
        """Answer where nothing else does."""
        callbacks = keep((READ(read), WRITE(write)))
        self._host.tag(name.encode(), address, size, *callbacks)

    # -- running ---------------------------------------------------------------------------------

    def enter(self) -> None:
        """Stand still after the instruction under way."""
        if not self._is_standing:
            self.time.is_about_to_stand = True
        self._host.enter()

    def after_instruction(self, work: Callable[[], None]) -> None:
        """Do that when the instruction under way is over, before the next one."""
        if self._is_standing:
            work()
        else:
            self._work.append(work)
            self.enter()

    def stand(self, supervisor: Supervisor) -> None:
        """It is over: stand still."""
        self._is_standing = True
        self.time.is_about_to_stand = False
        work, self._work = self._work, []
        for piece in work:
            piece()
        supervisor.stand_still()
        self._is_standing = False

    def next_request(self, server: UsersEnd) -> Request | None:
        """The next request."""
        return server.receive()

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> Any:
        """Refused."""
        raise SnapshotError(
            "Renode cannot take a snapshot while it runs; the embedded engine (qemu) can"
        )

    def load(self, saved: Any) -> None:
        """Refused."""
        raise SnapshotError("Renode cannot go back to a snapshot; the embedded engine (qemu) can")
