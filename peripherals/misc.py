"""What a person sees and touches on a board: LEDs and buttons, by Renode's names.

::

    led: Miscellaneous.LED @ gpio2 3

    gpio2:
        3 -> led@0

    button: Miscellaneous.Button @ gpio1 5
        -> gpio1@5
"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Inputs,
    Model,
    Output,
    Parameter,
    ResetCause,
    State,
    exposed,
    model,
)


@model("Miscellaneous.LED")
class Led(Model, Inputs):
    """An LED on a pin."""

    INPUTS = 1

    invert = Parameter(bool, "the LED lights while the pin is low", default=False)

    _level = State(False, survives_reset=True)

    def on_input(self, number: int, level: bool) -> None:
        """The pin's level has changed."""
        self._level = level

    @exposed
    def state(self) -> bool:
        """Whether it lights."""
        return self._level != self.invert


@model("Miscellaneous.Button")
class Button(Model):
    """A push-button, not bouncing. Its output is high while it is pressed."""

    invert = Parameter(bool, "the output is low while the button is pressed", default=False)

    IRQ = Output("the button's level", required=True, survives_reset=True)

    _pressed = State(False, outside=True)

    def connected(self) -> None:
        self._drive()

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._drive()

    def _drive(self) -> None:
        self.IRQ.set(self._pressed != self.invert)

    @exposed
    def press(self) -> None:
        """Press it and keep it pressed."""
        self._pressed = True
        self._drive()

    @exposed
    def release(self) -> None:
        """Let it go."""
        self._pressed = False
        self._drive()

    @exposed
    def toggle(self) -> None:
        """Press it if it is up, let it go if it is pressed."""
        self._pressed = not self._pressed
        self._drive()
