"""Renode's own types and ways of registration that our engines know, in one place."""

from __future__ import annotations

from typing import NamedTuple


class StockType(NamedTuple):
    """What a platform can expect of one of Renode's types.

    size: bytes on the bus, "size" if the parameter of that name says it, None if it has no
    addresses. inputs: how many interrupts it takes. output: the name of its only output.
    on_pins: it is registered on the pins of a port.
    """

    size: int | str | None = None
    inputs: int = 0
    output: str = ""
    on_pins: bool = False


STOCK: dict[str, StockType] = {
    "CPU.CortexM": StockType(inputs=1),
    # The System Control Space, 0xE000E000-0xE000EFFF (ARMv7-M manual B3.2.1); up to 496 external
    # interrupts (B1.5.1).
    "IRQControllers.NVIC": StockType(size=0x1000, inputs=496, output="IRQ"),
    "Memory.MappedMemory": StockType(size="size"),
    "Memory.ArrayMemory": StockType(size="size"),
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
