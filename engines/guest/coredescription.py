"""What a platform says of its core, for the engine that makes it."""

from __future__ import annotations

from xipsim.engines.repl import Platform
from xipsim.peripherals.core import Registry
from xipsim.peripherals.namedtuple import NamedTuple

MEMORIES = ("Memory.MappedMemory", "Memory.ArrayMemory")
CORES = ("CPU.CortexM",)
CONTROLLERS = ("IRQControllers.NVIC",)
NMI_INPUT = 2 - 16
"""Exception 2, by the number that it would have among the external interrupts."""


class CoreDescription(NamedTuple):
    """How a core is made. cpu_type: as the `.repl` says. interrupts: inputs of the NVIC.

    frequency, reference: of SysTick's processor clock and of its external reference, in Hz; 0 if
    it has none. ram: an address in RAM, aligned to 1 KiB, where a vector table may be looked for
    before the boot ROM decides.
    """

    cpu_type: str
    interrupts: int
    frequency: int
    reference: int
    ram: int


def describe_core(platform: Platform, registry: Registry) -> CoreDescription:
    """What the platform says of its core, and the models of what surrounds it."""
    cpu = next(e for e in platform.entries if e.type in CORES)
    nvic = next(e for e in platform.entries if e.type in CONTROLLERS)
    wires = [w.number for e in platform.entries for w in e.interrupts if w.destination == nvic.name]
    ram = min(
        r.address
        for e in platform.entries
        for r in e.registrations
        if e.type in MEMORIES and r.address is not None
    )
    return CoreDescription(
        cpu_type=str(cpu.get("cpuType")),
        interrupts=(max(wires, default=0) // 32 + 1) * 32,
        frequency=int(str(nvic.get("systickFrequency"))),
        reference=max(
            registry[e.type].SYSTICK_REFERENCE for e in platform.entries if e.type in registry
        ),
        ram=ram,
    )
