"""Renode's own types and ways of registration that our engines know, in one place."""

from __future__ import annotations

from collections.abc import Callable

from xipsim.peripherals.namedtuple import NamedTuple

from .platform import Value

CORE, CONTROLLER = "CPU.CortexM", "IRQControllers.NVIC"
PAGE = 0x1000
"""Memories lie on the bus in whole pages of so many bytes."""
BUS_END = 1 << 32
"""The first address that a 32-bit core cannot name."""


class StockParameter(NamedTuple):
    """A parameter of one of Renode's types that our engines follow.

    expected: its values in words. fits: whether a value is one of them. example: one of them.
    """

    expected: str
    fits: Callable[[Value], bool]
    example: str
    required: bool = False


class StockType(NamedTuple):
    """What a platform can expect of one of Renode's types.

    size: bytes on the bus, "size" if the parameter of that name says it, None if it has no
    addresses. inputs: how many interrupts it takes. output: the name of its only output.
    parameters: those that our engines follow, by name; Renode has more, and checks them.
    on_pins: it is registered on the pins of a port.
    """

    size: int | str | None = None
    inputs: int = 0
    output: str = ""
    parameters: dict[str, StockParameter] = {}
    on_pins: bool = False


def _among(*values: int | str) -> tuple[str, Callable[[Value], bool]]:
    def fits(value: Value) -> bool:
        return type(value) in (int, str) and value in values

    return f"one of {', '.join(map(str, values))}", fits


def _is_count(value: Value) -> bool:
    return type(value) is int and value > 0


def _is_pages(value: Value) -> bool:
    return type(value) is int and value > 0 and value % PAGE == 0


_CPU = {
    "cpuType": StockParameter(
        *_among("cortex-m7", "cortex-m55"), example='"cortex-m7"', required=True
    ),
    # Renode makes a tick of each instruction that way: 1000 of its ns divided by this.
    "PerformanceInMips": StockParameter(
        "a divisor of 1000, for whole nanoseconds an instruction",
        lambda value: _is_count(value) and 1000 % int(str(value)) == 0,
        example="500",
    ),
    # Cortex-M7 TRM 5.1 has 0, 8 or 16; Cortex-M55 TRM, memory protection, 4 and 12 besides.
    "numberOfMPURegions": StockParameter(*_among(0, 4, 8, 12, 16), example="16"),
}
_NVIC = {
    "systickFrequency": StockParameter(
        "a frequency in Hz", _is_count, example="600000000", required=True
    ),
}
_MEMORY = {
    "size": StockParameter(
        f"a size in bytes, a multiple of {PAGE:#x}", _is_pages, example="0x10000", required=True
    ),
}

STOCK: dict[str, StockType] = {
    CORE: StockType(inputs=1, parameters=_CPU),
    # The System Control Space, 0xE000E000-0xE000EFFF (ARMv7-M manual B3.2.1); up to 496 external
    # interrupts (B1.5.1).
    CONTROLLER: StockType(size=0x1000, inputs=496, output="IRQ", parameters=_NVIC),
    "Memory.MappedMemory": StockType(size="size", parameters=_MEMORY),
    "Memory.ArrayMemory": StockType(size="size", parameters=_MEMORY),
    "Miscellaneous.LED": StockType(inputs=1, on_pins=True),
    "Miscellaneous.Button": StockType(output="IRQ", on_pins=True),
}
"""By the name that `.repl` files give them."""

BUS_POINTS: dict[str, frozenset[str]] = {
    "Bus.BusPointRegistration": frozenset({"address", "cpu"}),
    "Bus.BusRangeRegistration": frozenset({"address", "size", "range", "cpu"}),
    "Bus.BusMultiRegistration": frozenset({"address", "size", "region", "cpu"}),
}
"""Renode's ways to say `@ sysbus new ...`, with those parameters that our engines follow."""
