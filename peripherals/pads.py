"""The pins of a GPIO port as the board sees them: driven from outside, or left to their pulls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from xipsim.peripherals.core import (
    Outputs,
    Parameter,
    Peripheral,
    PinPort,
    ResetCause,
    State,
    System,
    exposed,
)


class Pads(Peripheral, PinPort, ABC):
    """Base of the GPIO ports. A subclass declares `PADS` and `pulls`, and its registers."""

    PADS: Outputs
    pulls: Parameter[int]
    """Levels of the pins that nothing drives, one bit each."""

    _driven = State(0)
    """Pins that something outside drives, and with which level."""
    _driven_levels = State(0)
    _shown = State(0)
    """Levels last put on PADS."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._pads = self.PADS

    def reset(self, cause: ResetCause) -> None:
        # What drives a pin from outside does not know of the microcontroller's resets.
        driven, levels, shown = self._driven, self._driven_levels, self._shown
        super().reset(cause)
        self._driven, self._driven_levels, self._shown = driven, levels, shown

    @abstractmethod
    def _output(self) -> tuple[int, int]:
        """The registers that say what the pins put out, and which of them are outputs."""

    @abstractmethod
    def _settle(self) -> None:
        """Bring pads, status and interrupt lines in line with the registers."""

    @property
    def pins(self) -> int:
        """How many."""
        return len(self._pads)

    # -- the board's side ------------------------------------------------------------------------

    def on_input(self, number: int, level: bool) -> None:
        """A line wired to pin `number` has changed."""
        self.drive(number, level)

    @exposed
    def drive(self, pin: int, level: bool) -> None:
        """Drive `pin` from outside. It counts while the pin is an input."""
        bit = self._bit(pin)
        self._driven |= bit
        self._driven_levels = self._driven_levels & ~bit | (bit if level else 0)
        self._settle()

    @exposed
    def release(self, pin: int) -> None:
        """Stop driving `pin`: its pull decides."""
        self._driven &= ~self._bit(pin)
        self._settle()

    @exposed
    def level(self, pin: int) -> int:
        """The level of `pin`, 0 or 1."""
        return 1 if self._levels() & self._bit(pin) else 0

    @exposed
    def direction(self, pin: int) -> str:
        """`in` or `out`."""
        return "out" if self._output()[1] & self._bit(pin) else "in"

    def _bit(self, pin: int) -> int:
        if not 0 <= pin < self.pins:
            raise ValueError(f"{self.name}: expected a pin from 0 to {self.pins - 1}, given {pin}")
        return 1 << pin

    # -- levels ----------------------------------------------------------------------------------

    def _levels(self) -> int:
        inputs = self._driven_levels & self._driven | self.pulls & ~self._driven
        data, outputs = self._output()
        # Assumption: against a driver outside, the pin's own output wins.
        return (data & outputs | inputs & ~outputs) & (1 << len(self._pads)) - 1

    def _show(self, levels: int) -> None:
        """Put `levels` on PADS."""
        changed, self._shown = levels ^ self._shown, levels
        while changed:
            pin = (changed & -changed).bit_length() - 1
            changed &= changed - 1
            self._pads[pin].set(bool(levels >> pin & 1))
