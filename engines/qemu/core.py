"""The Cortex-M core: QEMU's `armv7m` container, its registers, interrupts, reset.

SPDX-License-Identifier: GPL-2.0-or-later
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from ctypes import c_uint8
from functools import cached_property
from typing import Any

from xipsim.peripherals.core import Entry, Line

from . import library as q
from .vmstate import FloatingPointActive

NMI = 2 - 16
"""The non-maskable interrupt, exception 2, by the number that it would have among the others."""
REGISTERS = (*(f"r{i}" for i in range(13)), "sp", "lr", "pc")
CFSR, HFSR, MMFAR, BFAR, VTOR = 0xE000ED28, 0xE000ED2C, 0xE000ED34, 0xE000ED38, 0xE000ED08
ICSR, VECTPENDING = 0xE000ED04, 0x1FF000
EXCEPTIONS = {
    2: "NMI",
    3: "HardFault",
    4: "MemManage",
    5: "BusFault",
    6: "UsageFault",
    7: "SecureFault",
}
CPU_TYPES = {"cortex-m7": "cortex-m7-arm-cpu", "cortex-m55": "cortex-m55-arm-cpu"}
VECTORS = {"cortex-m7": b"init-nsvtor", "cortex-m55": b"init-svtor"}
"""QEMU's property for the vector table at reset."""
ATTRIBUTES = {"cortex-m7": q.NON_SECURE, "cortex-m55": q.SECURE}
"""Of the core's accesses: an M55 starts secure, and that state has system registers of its own."""


class Core:
    """One core. frequency: of the core clock (SysTick), in Hz. ram: an address in RAM, aligned
    to 1 KiB, for the vector table that QEMU reads at reset before the boot ROM decides."""

    def __init__(
        self, cpu_type: str, *, interrupts: int, frequency: int, ram: int, memory: int
    ) -> None:
        self.device = q.device_new(b"armv7m")
        q.set_string(self.device, b"cpu-type", CPU_TYPES[cpu_type].encode())
        q.set_uint32(self.device, b"num-irq", interrupts)
        q.set_uint32(self.device, VECTORS[cpu_type], ram)
        q.set_link(self.device, b"memory", memory, q.error_fatal)
        clock = q.clock_new(self.device, b"xipsim-cpuclk")
        q.clock_set(clock, (10**9 << 32) // frequency)
        q.connect_clock(self.device, b"cpuclk", clock)
        q.device_realize(self.device, q.error_fatal)
        self.cpu = q.get_cpu(0)
        self._space = q.cpu_address_space(self.cpu, 0)
        self._attributes = ATTRIBUTES[cpu_type]
        self._bytes = q.byte_array_new()
        self._interrupts: dict[int, Interrupt] = {}

    def interrupt(self, number: int, wake: Callable[[], None]) -> Interrupt:
        """The line of external interrupt `number`, or NMI; `wake` is called when it rises."""
        if number not in self._interrupts:
            if number == NMI:
                irq = q.irq_named_input(self.device, b"NMI", 0)
            else:
                irq = q.irq_input(self.device, number)
            self._interrupts[number] = Interrupt(irq, wake)
        return self._interrupts[number]

    def on_reset_request(self, handler: Callable[[], None]) -> None:
        """Call `handler` when the firmware writes SYSRESETREQ."""

        def requested(_opaque: Any, _number: int, level: int) -> None:
            if level:
                handler()

        irq = q.irq_allocate(q.pointer(q.IRQ(requested)), None, 0)
        q.connect_output(self.device, b"SYSRESETREQ", 0, irq)

    @cached_property
    def fp_active(self) -> FloatingPointActive:
        """CONTROL.FPCA, which is not in QEMU's device state."""
        return FloatingPointActive(self.cpu, q.vmstate_core)

    def settle_interrupts(self) -> None:
        """The lines and the NVIC have been restored: agree with them, silently."""
        for interrupt in self._interrupts.values():
            interrupt.settle()

    def is_interrupt_pending(self) -> bool:
        """Whether WFI would end: an enabled interrupt is pending, masked by PRIMASK or not."""
        icsr = self.read_word(ICSR)
        return bool(icsr is not None and icsr & VECTPENDING)

    # -- registers -------------------------------------------------------------------------------

    def read(self, number: int) -> int:
        """A register, by gdb's number."""
        q.byte_array_resize(self._bytes, 0)
        size = q.read_register(self.cpu, self._bytes, number)
        return int.from_bytes(bytes(self._bytes.contents.data[:size]), "little")

    def write(self, number: int, value: int) -> None:
        """Set a register, by gdb's number."""
        q.write_register(self.cpu, struct.pack("<I", value), number)

    def registers(self) -> dict[str, int]:
        """All registers, by gdb's names."""
        values = {name: self.read(number) for number, name in enumerate(REGISTERS)}
        return values | {"xpsr": self.read(q.REGISTER_XPSR)}

    @property
    def pc(self) -> int:
        """Program counter."""
        return self.read(q.REGISTER_PC)

    def read_word(self, address: int) -> int | None:
        """A word as the core sees it (its private bus included); None where nothing answers."""
        data = self.read_memory(address, 4)
        return None if data is None else int.from_bytes(data, "little")

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

    # -- faults ----------------------------------------------------------------------------------

    @property
    def exception(self) -> int:
        """Number of the exception being handled, 0 in thread mode."""
        return self.read(q.REGISTER_XPSR) & 0x1FF

    def fault_report(self) -> dict[str, Any]:
        """Fault registers, and what the core stacked when it entered the fault handler."""
        registers = self.registers()
        report: dict[str, Any] = {
            "exception": EXCEPTIONS.get(self.exception, str(self.exception)),
            "cfsr": self.read_word(CFSR),
            "hfsr": self.read_word(HFSR),
            "mmfar": self.read_word(MMFAR),
            "bfar": self.read_word(BFAR),
            "registers": registers,
        }
        frame = self._stacked_frame(registers["sp"], registers["lr"])
        if frame is not None:
            names = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")
            words = [self.read_word(frame + 4 * i) for i in range(8)]
            report["stacked"] = dict(zip(names, words, strict=True))
        return report

    def _stacked_frame(self, sp: int, lr: int) -> int | None:
        """Address of the exception frame: on top of the stack if the handler has pushed nothing,
        else behind the EXC_RETURN value that it has pushed."""
        if lr >= 0xFFFF_FF00:
            return sp
        for address in range(sp, sp + 256, 4):
            word = self.read_word(address)
            if word is not None and word >= 0xFFFF_FF00:
                return address + 4
        return None


class Interrupt:
    """An input of the NVIC, high while any of the lines connected to it is."""

    def __init__(self, irq: int, wake: Callable[[], None]) -> None:
        self._irq, self._wake = irq, wake
        self._lines: list[Line] = []
        self._high = False

    def connect(self, line: Line) -> None:
        """Make `line` one of the sources."""
        self._lines.append(line)
        line.connect(self)

    def set(self, level: bool) -> None:
        """One of the lines has changed; the `IrqLine` port."""
        high = level or any(line.level for line in self._lines)
        if high != self._high:
            self._high = high
            q.irq_set(self._irq, int(high))
            if high:
                self._wake()

    def settle(self) -> None:
        """Take the lines' levels as what the NVIC already knows."""
        self._high = any(line.level for line in self._lines)
