"""An I2C bus at two pins of GPIO ports: for masters that move the pins themselves (`SoftI2C`)."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import Model, Parameter, ResetCause, State, System, model
from xipsim.peripherals.core.wires import ModelInput
from xipsim.peripherals.pads import Pads

from .controller import I2cController
from .lines import Lines, LinesState


@model("I2c.Pins")
class Pins(Model):
    """The bus of `controller`, at the pins at which the board has it.

    Whoever moves the pins as a master meets the devices of that bus, and the controller as a
    target. What the controller itself sends as a master does not show at the pins.
    """

    controller = Parameter(I2cController, "whose bus it is")
    scl_port = Parameter(Pads, "the port of SCL")  # type: ignore[type-abstract]
    scl_pin = Parameter(int, "its pin")
    sda_port = Parameter(Pads, "the port of SDA")  # type: ignore[type-abstract]
    sda_pin = Parameter(int, "its pin")

    _bus: State[LinesState] = State(LinesState())

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._places = (self.scl_port, self.scl_pin), (self.sda_port, self.sda_pin)
        for port, pin in self._places:
            port.level(pin)  # ValueError for a pin that is not there
        self._lines = Lines(self.controller, lambda: self._bus, self._pull)

    def connected(self) -> None:
        for number, (port, pin) in enumerate(self._places):
            port.lines[str(pin)].connect(ModelInput(self, number))
        self._lines.connected()

    def reset(self, cause: ResetCause) -> None:
        self._lines.release()
        super().reset(cause)
        self._bus.scl, self._bus.sda = (bool(port.level(pin)) for port, pin in self._places)

    def on_input(self, number: int, level: bool) -> None:
        """A line has another level."""
        self._lines.changed(number, level)

    def _pull(self, line: int, is_held: bool) -> None:
        port, pin = self._places[line]
        if is_held:
            port.drive(pin, False)
        else:
            port.release(pin)
