"""NXP GPIO (IGPIO): 32 pins, level and edge interrupts."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Model,
    Output,
    Outputs,
    Register,
    RegisterArray,
    ResetCause,
    Slots,
    State,
    System,
    model,
)
from xipsim.peripherals.pads import Pads, levels_unpulled

PINS = 32
FULL = 0xFFFF_FFFF


def _every_second_bit(value: int) -> int:
    """Bits 0, 2, 4 ... of a 32-bit value as a 16-bit one."""
    return sum((value >> 2 * i & 1) << i for i in range(16))


@model("Imxrt.Gpio")
class Gpio(Pads):
    """A port of 32 pins.

    A pad's pull and its open drain are IOMUXC's. Assumption: every pin is muxed to its port with
    its input path on, whatever IOMUXC says. The fast ports GPIO6-9 of the RT1060 do not share the
    pads of GPIO1-4 here (IOMUXC_GPR26-29).
    """

    SIZE = 0x4000

    # Assumption: keepers are not modelled.
    pulls = levels_unpulled(PINS)

    PADS = Outputs(PINS, "a pin's level while it is an output, else low", survives_reset=True)
    LOW = Output("interrupts of pins 0-15")
    HIGH = Output("interrupts of pins 16-31")
    attached = Slots[Model](PINS, "LEDs and buttons of the board")

    DR = Register(0x00, polled=True)
    GDIR = Register(0x04)
    PSR = Register(0x08, ro=True, polled=True)
    ICR = RegisterArray(0x0C, 2)
    IMR = Register(0x14)
    ISR = Register(0x18, w1c=FULL, polled=True)
    EDGE_SEL = Register(0x1C)
    DR_SET = Register(0x84)
    DR_CLEAR = Register(0x88)
    DR_TOGGLE = Register(0x8C)

    _low = State(FULL)
    """Pins whose interrupt condition is a low level; `_high`, `_rising`, `_falling` likewise."""
    _high = State(0)
    _rising = State(0)
    _falling = State(0)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self.PSR = self.pulls
        self._settle()

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.PSR = self._levels()
        self._settle()

    # -- registers -------------------------------------------------------------------------------

    @DR.on_read
    @DR.on_peek
    def _read_data(self) -> int:
        return self.DR & self.GDIR | self.PSR & ~self.GDIR

    @DR.on_write
    @GDIR.on_write
    @IMR.on_write
    @ISR.on_write
    def _written(self, value: int) -> None:
        self._settle()

    @DR_SET.on_write
    def _set(self, value: int) -> None:
        self._put(self.DR | value)

    @DR_CLEAR.on_write
    def _clear(self, value: int) -> None:
        self._put(self.DR & ~value)

    @DR_TOGGLE.on_write
    def _toggle(self, value: int) -> None:
        self._put(self.DR ^ value)

    def _put(self, value: int) -> None:
        self.DR = value
        self.DR_SET = self.DR_CLEAR = self.DR_TOGGLE = 0
        self._settle()

    @ICR.on_write
    def _configure(self, index: int, value: int) -> None:
        self._conditions()

    @EDGE_SEL.on_write
    def _both_edges(self, value: int) -> None:
        self._conditions()

    def _conditions(self) -> None:
        """Sort the pins by what ICR and EDGE_SEL say interrupts them."""
        low, high = self.ICR[0], self.ICR[1]
        edge = _every_second_bit(low >> 1) | _every_second_bit(high >> 1) << 16
        second = _every_second_bit(low) | _every_second_bit(high) << 16
        level = ~edge & ~self.EDGE_SEL
        self._low, self._high = level & ~second & FULL, level & second
        self._rising = edge & ~second | self.EDGE_SEL
        self._falling = edge & second | self.EDGE_SEL
        self._settle()

    # -- pads ------------------------------------------------------------------------------------

    def _output(self) -> tuple[int, int]:
        return self.DR, self.GDIR & ~(self.DR & self._open_drain)

    def _settle(self) -> None:
        before, now = self.PSR, self._levels()
        self.PSR = now
        self.ISR |= (
            now & ~before & self._rising
            | before & ~now & self._falling
            | now & self._high
            | ~now & self._low
        )
        pending = self.ISR & self.IMR
        self.LOW.set(bool(pending & 0xFFFF))
        self.HIGH.set(bool(pending >> 16))
        self._show(now & self.GDIR)
