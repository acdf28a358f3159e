"""Pin multiplexers and pads of the Alif Ensemble. (Alif's Ensemble CMSIS DFP, pinconf)

Of a pad's control only the open drain counts, and of a multiplexer whether the pin is its port's:
what else drives pads is connected as the board's description says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from xipsim.peripherals.core import Peripheral, RegisterArray, ResetCause, System, model

OPEN_DRAIN = 0x80
"""Of pad control."""
PINS = 8
FUNCTION = 7

Listener = Callable[[int, bool, bool], None]
"""Told of a pin of the port: its number, whether it is the port's, and whether open drain."""


class PadControl(Peripheral):
    """One register for each pin; a subclass declares them as `PAD`."""

    SIZE = 0x1000
    CONTROL_LSB: ClassVar[int]
    """Where pad control begins."""
    FUNCTIONS: ClassVar[int]
    """Mask of the alternate function; 0: there is none."""
    PAD: RegisterArray

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._listeners: dict[int, Listener] = {}

    def listen(self, port: int, listener: Listener) -> None:
        """Tell `listener` about the pins of `port`, beginning now."""
        self._listeners[port] = listener
        for pin in range(PINS):
            self._tell(PINS * port + pin)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        for port in self._listeners:
            for pin in range(PINS):
                self._tell(PINS * port + pin)

    def _tell(self, index: int) -> None:
        port, pin = divmod(index, PINS)
        if listener := self._listeners.get(port):
            value = self.PAD[index]
            is_ports = not value & self.FUNCTIONS
            listener(pin, is_ports, bool(value >> self.CONTROL_LSB & OPEN_DRAIN))


@model("Alif.Pinmux")
class Pinmux(PadControl):
    """One register for each pin of the ports 0 to 14: pin n of port p is PAD[8 * p + n].

    Alternate function in bits 2:0, pad control in bits 23:16. Reset values are not public: 0.
    """

    CONTROL_LSB = 16
    FUNCTIONS = FUNCTION

    PAD = RegisterArray(0x00, 15 * PINS)

    @PAD.on_write
    def _changed(self, index: int, value: int) -> None:
        self._tell(index)


@model("Alif.LpgpioPads")
class LpgpioPads(PadControl):
    """Pad control of port 15, which has no alternate functions."""

    CONTROL_LSB = 0
    FUNCTIONS = 0

    # Assumption: the battery domain keeps them over warm resets, like the port itself.
    PAD = RegisterArray(0x00, PINS, survives_reset=True)

    @PAD.on_write
    def _changed(self, index: int, value: int) -> None:
        self._tell(index)
