"""The Cortex-M core: QEMU's `armv7m` container, its registers, interrupts, reset.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from ctypes import Structure, addressof, c_uint8, c_uint64, c_void_p
from functools import cached_property
from typing import Any

from xipsim.engines.guest.coredescription import CORES, NMI_INPUT, CoreDescription
from xipsim.engines.repl import Platform
from xipsim.peripherals.core import Entry

from . import exceptions, shim
from . import library as q
from .vmstate import FloatingPointActive

REGISTERS = (*(f"r{i}" for i in range(13)), "sp", "lr", "pc")
VTOR = 0xE000ED08
NMI, FIRST_INTERRUPT = 2, 16
"""Numbers of exceptions."""
CPU_TYPES = {"cortex-m7": "cortex-m7-arm-cpu", "cortex-m55": "cortex-m55-arm-cpu"}
VECTORS = {"cortex-m7": b"init-nsvtor", "cortex-m55": b"init-svtor"}
"""QEMU's property for the vector table at reset."""
ATTRIBUTES = {"cortex-m7": q.NON_SECURE, "cortex-m55": q.SECURE}
"""Of the core's accesses: an M55 starts secure, and that state has system registers of its own."""


def command_line(platform: Platform) -> list[str]:
    """Options for QEMU's own command line that the platform's core needs.

    What is wrong with the core is told later, when the platform is checked.
    """
    cpu = next((e for e in platform.entries if e.type in CORES), None)
    kind = CPU_TYPES.get(str(cpu.get("cpuType"))) if cpu else None
    regions = cpu.get("numberOfMPURegions") if cpu else None
    if kind is None or type(regions) is not int or regions < 0:
        return []
    return ["-global", f"{kind}.pmsav7-dregion={regions}"]


class Core:
    """One core; implements `backend.Core`. memory: the address space that it sees."""

    def __init__(self, description: CoreDescription, *, memory: int) -> None:
        cpu_type = description.cpu_type
        self.device = q.device_new(b"armv7m")
        q.set_string(self.device, b"cpu-type", CPU_TYPES[cpu_type].encode())
        q.set_uint32(self.device, b"num-irq", description.interrupts)
        q.set_uint32(self.device, VECTORS[cpu_type], description.ram)
        q.set_link(self.device, b"memory", memory, q.error_fatal)
        for name, hertz in (
            (b"cpuclk", description.frequency), (b"refclk", description.reference)
        ):
            if hertz:
                clock = q.clock_new(self.device, b"xipsim-" + name)
                q.clock_set(clock, (10**9 << 32) // hertz)
                q.connect_clock(self.device, name, clock)
        q.device_realize(self.device, q.error_fatal)
        self.cpu = q.get_cpu(0)
        self.nvic = q.get_child(self.device, b"nvic")
        """QEMU's."""
        self._can_take = shim.bound(b"look", q.can_take_exception, self.nvic)
        self._space = q.cpu_address_space(self.cpu, 0)
        self._attributes = ATTRIBUTES[cpu_type]
        self.read: Callable[[int], int] = shim.bound(b"look", shim.core_register, self.cpu)
        """A register, by gdb's number."""

    def interrupt(self, number: int) -> Interrupt:
        """The line of external interrupt `number`, or NMI."""
        if number == NMI_INPUT:
            return Interrupt(q.irq_named_input(self.device, b"NMI", 0), NMI)
        return Interrupt(q.irq_input(self.device, number), FIRST_INTERRUPT + number)

    def on_reset_request(self, handler: Callable[[], None]) -> None:
        """Call `handler` when the firmware writes SYSRESETREQ."""

        def requested(_opaque: Any, _number: int, level: int) -> None:
            if level:
                handler()

        irq = q.irq_allocate(q.pointer(q.IRQ(requested)), None, 0)
        q.connect_output(self.device, b"SYSRESETREQ", 0, irq)

    def on_fault(self, handler: Callable[[dict[str, int]], None]) -> None:
        """Call `handler` with the frame when the core enters a fault handler."""
        exceptions.watch_faults(self.cpu, lambda: handler(self.interrupted()))

    def interrupted(self) -> dict[str, int]:
        """Registers as they were when the core took its last exception, r0 to r3, r12, lr, pc,
        xpsr and sp; right only until the handler's first instruction."""
        return {f"r{n}": self.read(n) for n in (0, 1, 2, 3, 12)} | exceptions.interrupted()

    @cached_property
    def fp_active(self) -> FloatingPointActive:
        """CONTROL.FPCA, which is not in QEMU's device state."""
        return FloatingPointActive(self.cpu, q.vmstate_core)

    # -- registers -------------------------------------------------------------------------------

    def write(self, number: int, value: int) -> None:
        """Set a register, by gdb's number."""
        q.write_register(self.cpu, struct.pack("<I", value), number)

    def can_interrupt(self) -> bool:
        """Whether an exception is pending that the core would take if it went on."""
        return bool(self._can_take(0) & 1)

    def registers(self) -> dict[str, int]:
        """All registers, by gdb's names."""
        values = {name: self.read(number) for number, name in enumerate(REGISTERS)}
        return values | {"xpsr": self.read(q.REGISTER_XPSR)}

    @property
    def pc(self) -> int:
        """Program counter."""
        return self.read(q.REGISTER_PC)

    def read_memory(self, address: int, length: int) -> bytes | None:
        """Bytes as the core sees them; None where nothing answers."""
        buffer = bytearray(length)
        view = (c_uint8 * length).from_buffer(buffer)
        result = q.address_space_rw(
            self._space, address, self._attributes, view, length, False
        )
        return bytes(buffer) if result == q.MEMTX_OK else None

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write as the core would; False where nothing answers."""
        view = (c_uint8 * len(data)).from_buffer_copy(data)
        result: int = q.address_space_rw(
            self._space, address, self._attributes, view, len(data), True
        )
        return result == q.MEMTX_OK

    @property
    def exception(self) -> int:
        """Number of the exception being handled, 0 in thread mode."""
        return self.read(q.REGISTER_XPSR) & 0x1FF

    # -- reset -----------------------------------------------------------------------------------

    def reset(self) -> None:
        """Core, NVIC, SysTick and SCB as after power-on; memory and time stay."""
        q.devices_reset(0)
        q.cpu_reset(self.cpu)

    def enter(self, entry: Entry) -> None:
        """Start where the boot ROM says."""
        self.write_memory(VTOR, struct.pack("<I", entry.vtor))
        self.write(q.REGISTER_SP, entry.sp)
        self.write(q.REGISTER_PC, entry.pc & ~1)
        self.write(q.REGISTER_XPSR, 0x0100_0000)  # the Thumb bit; nothing else runs on a Cortex-M


class Interrupt:
    """An input of the NVIC, which makes that exception pending; the `IrqLine` port."""

    def __init__(self, irq: int, exception: int) -> None:
        self.pointer = addressof(q.keep(_Line(irq, exception)))
        self.set: Callable[[bool], None] = shim.bound_at(b"set", "xipsim_drive", self.pointer)
        """Drive it."""


class _Line(Structure):
    """As in nvic.c."""

    _fields_ = (("input", c_void_p), ("exception", c_uint64))
