"""Renode as the models' end uses it; implements `guest.backend.Backend`.

The machine is Renode's: it has made core, memories and wires as the `.repl` says, and a peripheral
for each model. What is built here goes into those.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

from xipsim.engines.api import SnapshotError
from xipsim.engines.guest.backend import CoreDescription
from xipsim.engines.guest.builder import NMI_INPUT
from xipsim.engines.guest.supervisor import Supervisor
from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import UsersEnd
from xipsim.peripherals.core import (
    BusError,
    Entry,
    IrqLine,
    Model,
    Peripheral,
    Read,
    Region,
    Words,
    Write,
)

from .calls import READ, WRITE, Host, keep
from .time import RenodeTime

SP, PC, XPSR = 13, 15, 25
"""gdb's numbers of registers, which are Renode's."""
REGISTERS = {**{f"r{i}": i for i in range(13)}, "sp": SP, "lr": 14, "pc": PC, "xpsr": XPSR}
VTOR = 0xE000ED08
FAULT_FRAME = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr", "sp")
"""Registers at a fault; `bridge/Faults.cs` has the same."""


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


class Bus:
    """The `Bus` port: memory and registers as a bus master sees them."""

    def __init__(self, host: Host, *, as_core: bool = False) -> None:
        self._host, self._as_core = host, as_core

    def read(self, address: int, length: int) -> bytes:
        """Bytes at `address`."""
        buffer = ctypes.create_string_buffer(length)
        if not self._host.read_bus(address, buffer, length, self._as_core):
            raise BusError(f"read of {length} bytes at {address:#010x}: nothing answers there")
        return buffer.raw

    def write(self, address: int, data: bytes) -> None:
        """Store `data` at `address`."""
        data = bytes(data)
        if not self._host.write_bus(address, data, len(data), self._as_core):
            raise BusError(f"write of {len(data)} bytes at {address:#010x}: nothing answers there")


class Core:
    """The core; implements `backend.Core`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._bus = Bus(host, as_core=True)
        self.faulted: Callable[[dict[str, int]], None] = lambda frame: None

    @property
    def pc(self) -> int:
        """Program counter."""
        pc: int = self._host.register(PC)
        return pc

    @property
    def exception(self) -> int:
        """Number of the exception being handled, 0 in thread mode."""
        xpsr: int = self._host.register(XPSR)
        return xpsr & 0x1FF

    def can_interrupt(self) -> bool:
        """Not known."""
        return True

    def registers(self) -> dict[str, int]:
        """All registers."""
        return {name: self._host.register(number) for name, number in REGISTERS.items()}

    def read_memory(self, address: int, length: int) -> bytes | None:
        """Bytes as the core sees them; None where nothing answers."""
        try:
            return self._bus.read(address, length)
        except BusError:
            return None

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write as the core would; False where nothing answers."""
        try:
            self._bus.write(address, data)
        except BusError:
            return False
        return True

    def interrupt(self, number: int) -> IrqLine:
        """An input; those that are wired in Renode are not asked for."""
        return Nmi(self._host) if number == NMI_INPUT else Interrupt(self._host, number)

    def on_fault(self, handler: Callable[[dict[str, int]], None]) -> None:
        """Call `handler` with the frame when the core has entered a fault handler."""
        self.faulted = handler

    def reset(self) -> None:
        """Core and NVIC as after power-on."""
        self._host.reset_core()

    def enter(self, entry: Entry) -> None:
        """Start where the boot ROM says."""
        self._host.start_core(entry.pc, entry.sp, entry.vtor)


class Interrupt:
    """One of the core's external interrupts."""

    def __init__(self, host: Host, number: int) -> None:
        self._host, self._number = host, number

    def set(self, level: bool) -> None:
        """The `IrqLine` port."""
        self._host.interrupt(self._number, level)


class Nmi:
    """The core's non-maskable interrupt, taken where it rises."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def set(self, level: bool) -> None:
        """The `IrqLine` port."""
        if level:
            self._host.raise_nmi()


class Memory:
    """One of Renode's memories; implements `backend.Memory`."""

    def __init__(self, host: Host, size: int) -> None:
        self._bus, self._size = Bus(host), size
        self._address = 0
        self._placed = False

    def place(self, address: int) -> None:
        """It answers there."""
        if not self._placed:
            self._address, self._placed = address, True

    def fill(self, data: bytes) -> None:
        """Contents before the machine runs: `data`, and the rest erased."""
        self._bus.write(self._address, data.ljust(self._size, b"\xff"))

    def clear(self) -> None:
        """Fill it with zeros."""
        self._bus.write(self._address, bytes(self._size))

    def save(self) -> bytes:
        """Its bytes."""
        return self._bus.read(self._address, self._size)

    def load(self, saved: bytes) -> None:
        """Be as when `save` returned `saved`."""
        self._bus.write(self._address, saved)


class Window:
    """The `Window` port: an address range of which segments are served at native speed."""

    def __init__(
        self,
        host: Host,
        model: int,
        port: int,
        address: int,
        size: int,
        after_instruction: Callable[[Callable[[], None]], None],
    ) -> None:
        self.address, self.size = address, size
        self._host, self._model, self._port = host, model, port
        self._after = after_instruction
        self._number: int | None = None

    def segment(self, offset: int, size: int, *, writable: bool = False) -> Segment:
        """A native segment at `offset`, not served yet. Its memory is the window's, for ever."""
        if self._number is None:
            self._number = self._host.add_window(
                self._model, self._port, self.address, self.size
            )
        return Segment(self._host, self._number, offset, size, writable, self._after)


class Segment:
    """A part of a window."""

    def __init__(
        self,
        host: Host,
        window: int,
        offset: int,
        size: int,
        writable: bool,
        after_instruction: Callable[[Callable[[], None]], None],
    ) -> None:
        self._host, self._window, self._offset, self._size = host, window, offset, size
        self._writable, self._after = writable, after_instruction
        self._memory: int = host.window_memory(window) + offset
        self._wanted = self._on = False

    def load(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Change bytes; translations of code made from them are dropped."""
        ctypes.memmove(self._memory + offset, bytes(data), len(data))
        self._host.drop_translations(self._window, self._offset + offset, len(data))

    def native(self, on: bool) -> None:
        """Serve from the copy, or send accesses to the model, after the instruction under way."""
        if on != self._wanted:
            self._wanted = on
            self._after(self._switch)

    def _switch(self) -> None:
        if self._on != self._wanted:
            self._on = self._wanted
            place = (self._window, self._offset, self._size)
            self._host.switch_window(*place, self._on, self._writable)

    def unmap(self) -> None:
        """Take it off the bus."""
        self.native(False)
