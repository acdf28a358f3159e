"""Renode's Cortex-M core, and its interrupts."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.engines.guest.coredescription import NMI_INPUT
from xipsim.peripherals.core import BusError, Entry, IrqLine

from .calls import Host
from .memory import Bus

SP, PC, XPSR = 13, 15, 25
"""gdb's numbers of registers, which are Renode's."""
REGISTERS = {**{f"r{i}": i for i in range(13)}, "sp": SP, "lr": 14, "pc": PC, "xpsr": XPSR}
FAULT_FRAME = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr", "sp")
"""Registers at a fault; `bridge/Faults.cs` has the same."""


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
