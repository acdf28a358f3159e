"""Pin multiplexers and pads of the Alif Ensemble. (Alif's Ensemble CMSIS DFP, pinconf)

Of a pad's control the pulls and the open drain count. A pad of a block whose signals go over pins
here is lent to it; what else drives pads is connected as the board's description says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from xipsim.peripherals.core import RegisterArray, ResetCause, System, model
from xipsim.peripherals.multiplexer import Choice, PinMultiplexer
from xipsim.peripherals.pads import Pads

OPEN_DRAIN, PULLS = 0x80, 0x18
"""Of pad control."""
PULL = {0x08: True, 0x10: False}
"""Up and down; neither is high impedance, both a bus repeater."""
PINS = 8
FUNCTION = 7

Listener = Callable[[int, bool], None]
"""Told of a pin of the port: its number, and whether it is the port's."""


def pads(by_function: Mapping[int, str]) -> dict[Choice, str]:
    """What pads are by their alternate function, from `P0_4 SIGNAL P0_5 SIGNAL ...` for each."""
    found = {}
    for function, text in by_function.items():
        for name, signal in zip(text.split()[::2], text.split()[1::2], strict=True):
            port, _, pin = name[1:].partition("_")
            found[PINS * int(port) + int(pin), function] = signal
    return found


class PadControl(PinMultiplexer):
    """One register for each pin; a subclass declares them as `PAD`."""

    SIZE = 0x1000
    CONTROL_LSB: ClassVar[int]
    """Where pad control begins."""
    FUNCTIONS: ClassVar[int]
    """Mask of the alternate function; 0: there is none."""
    PAD: RegisterArray

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._listeners: dict[int, tuple[Pads, Listener]] = {}

    def listen(self, number: int, port: Pads, listener: Listener) -> None:
        """Tell `listener` about the pins of `port`, beginning now."""
        self._listeners[number] = port, listener
        for pin in range(PINS):
            self._tell(PINS * number + pin)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        for port in self._listeners:
            for pin in range(PINS):
                self._tell(PINS * port + pin)

    def _tell(self, index: int) -> None:
        number, pin = divmod(index, PINS)
        if number in self._listeners:
            port, listener = self._listeners[number]
            control = self.PAD[index] >> self.CONTROL_LSB
            # Assumption: the bus repeater, which keeps the last level, is no pull.
            pull = PULL.get(control & PULLS)
            port.set_up(pin, pull=pull, open_drain=bool(control & OPEN_DRAIN))
            listener(pin, self._selected(index) is None)
        self._route(index, settles=True)

    def _pads(self) -> int:
        return len(self.PAD)

    def _selected(self, pad: int) -> int | None:
        return self.PAD[pad] & self.FUNCTIONS or None

    def _place(self, pad: int) -> tuple[Pads, int] | None:
        number, pin = divmod(pad, PINS)
        known = self._listeners.get(number)
        return None if known is None else (known[0], pin)


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
