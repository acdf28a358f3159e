"""Wires on a board, of a family of their own: Renode has no type for them.

::

    wire: Wiring.Wire
        port: gpio1
        pin: 3
        other: gpio1
        other_pin: 2
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import Model, Parameter, System, model
from xipsim.peripherals.pads import Pads


@model("Wiring.Wire")
class Wire(Model):
    """A wire between two pins: an output at one end is what an input at the other reads.

    It carries what GPIO ports put out, what a test drives at either end, the edges of PWM, the
    characters of UARTs, as a whole, and on the i.MX RT matches of encoders.
    """

    port = Parameter(Pads, "the port at one end")  # type: ignore[type-abstract]
    pin = Parameter(int, "its pin")
    other = Parameter(Pads, "the port at the other end")  # type: ignore[type-abstract]
    other_pin = Parameter(int, "its pin")

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self.port.join(self.pin, self.other, self.other_pin)
