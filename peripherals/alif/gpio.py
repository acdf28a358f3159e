"""GPIO of the Alif Ensemble: Synopsys DesignWare APB GPIO, one port of eight pins per block."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Model,
    Output,
    Outputs,
    Parameter,
    Register,
    ResetCause,
    Slots,
    State,
    System,
    model,
)
from xipsim.peripherals.pads import Pads, levels_unpulled

from .pinmux import PadControl

PINS = 8
FULL = 0xFF
REST = 0xFFFF_FF00
"""Bits of a register that belong to no pin."""


@model("Alif.Gpio")
class Gpio(Pads):
    """A port of eight pins with an interrupt for each, and one for all of them.

    A pin that `pinmux` gives to another block is no output of the port's, and one with an open
    drain is none while it is high. Assumption: the input path is on, whatever pad control says;
    inputs are synchronised in no time, and debouncing (DEBOUNCE) lets everything through.
    """

    SIZE = 0x1000

    pulls = levels_unpulled(PINS)
    battery = Parameter(
        bool, "in the battery domain: pins keep level and direction over warm resets", default=False
    )

    pinmux = Parameter(PadControl, "where its pads are set up", default=None)
    port = Parameter(int, "its number there", default=0, least=0)

    PADS = Outputs(
        PINS,
        "a pin's level, also while it is an input: a RESET# hangs on its pull-up",
        survives_reset=True,
    )
    IRQ0 = Output("interrupt of pin 0")
    IRQ1 = Output("interrupt of pin 1")
    IRQ2 = Output("interrupt of pin 2")
    IRQ3 = Output("interrupt of pin 3")
    IRQ4 = Output("interrupt of pin 4")
    IRQ5 = Output("interrupt of pin 5")
    IRQ6 = Output("interrupt of pin 6")
    IRQ7 = Output("interrupt of pin 7")
    COMBINED = Output("interrupt of any pin")
    attached = Slots[Model](PINS, "LEDs and buttons of the board")

    SWPORTA_DR = Register(0x00, ro=REST)
    SWPORTA_DDR = Register(0x04, ro=REST)
    SWPORTA_CTL = Register(0x08, ro=REST)
    SOURCE = SWPORTA_CTL.field(0, PINS, unmodelled="pins driven by hardware")
    INTEN = Register(0x30, ro=REST)
    INTMASK = Register(0x34, ro=REST)
    INTTYPE_LEVEL = Register(0x38, ro=REST)
    INT_POLARITY = Register(0x3C, ro=REST)
    INTSTATUS = Register(0x40, ro=True, polled=True)
    RAW_INTSTATUS = Register(0x44, ro=True, polled=True)
    DEBOUNCE = Register(0x48, ro=REST)
    PORTA_EOI = Register(0x4C)
    EXT_PORTA = Register(0x50, ro=True, polled=True)
    LS_SYNC = Register(0x60)
    INT_BOTHEDGE = Register(0x68, ro=REST)
    # Assumption: what these say of the block's build is not public; firmware does not read them.
    VER_ID_CODE = Register(0x6C, ro=True)
    CONFIG_REG2 = Register(0x70, ro=True)
    CONFIG_REG1 = Register(0x74, ro=True)

    _foreign = State(0)
    """Pins of other blocks."""
    _edges = State(0)
    """Edges seen and not acknowledged."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        ports = len(self.pinmux.PAD) // PINS if self.pinmux is not None else 0
        if ports and self.port >= ports:
            raise ValueError(f"{self.name}: port: expected 0 to {ports - 1}, given {self.port}")
        self._irqs = [self.lines[f"IRQ{pin}"] for pin in range(PINS)]
        self.EXT_PORTA = self._levels()
        self._settle()

    def connected(self) -> None:
        if self.pinmux is not None:
            self.pinmux.listen(self.port, self, self._given)

    def reset(self, cause: ResetCause) -> None:
        data, direction = self.SWPORTA_DR, self.SWPORTA_DDR
        foreign = self._foreign
        super().reset(cause)
        # Pads have resets of their own, of which they tell.
        self._foreign = foreign
        if self.battery and cause is not ResetCause.POWER_ON:
            self.SWPORTA_DR, self.SWPORTA_DDR = data, direction
        self.EXT_PORTA = self._levels()
        self._settle()

    # -- registers -------------------------------------------------------------------------------

    @SWPORTA_DR.on_write
    @SWPORTA_DDR.on_write
    @INTEN.on_write
    @INTMASK.on_write
    @INTTYPE_LEVEL.on_write
    @INT_POLARITY.on_write
    @INT_BOTHEDGE.on_write
    def _written(self, value: int) -> None:
        self._settle()

    @PORTA_EOI.on_write
    def _acknowledge(self, value: int) -> None:
        self.PORTA_EOI = 0
        self._edges &= ~value
        self._settle()

    # -- pads ------------------------------------------------------------------------------------

    def _given(self, pin: int, is_ports: bool) -> None:
        """Whether a pin is the port's has changed, or is told again."""
        bit, before = 1 << pin, self._foreign
        self._foreign = before & ~bit | (0 if is_ports else bit)
        if self._foreign != before:
            self._settle()

    def _output(self) -> tuple[int, int]:
        data = self.SWPORTA_DR
        return data, self.SWPORTA_DDR & ~self._foreign & ~(data & self._open_drain)

    def _settle(self) -> None:
        before, now = self.EXT_PORTA, self._levels()
        self.EXT_PORTA = now
        # An interrupt is a matter of inputs only. (DW_apb_gpio data book, interrupts)
        enabled, edge = self.INTEN & ~self.SWPORTA_DDR, self.INTTYPE_LEVEL | self.INT_BOTHEDGE
        rising = self.INT_POLARITY | self.INT_BOTHEDGE
        falling = ~self.INT_POLARITY | self.INT_BOTHEDGE
        self._edges |= now & ~before & rising | before & ~now & falling
        self._edges &= enabled & edge
        active = ~(now ^ self.INT_POLARITY) & enabled & ~edge
        self.RAW_INTSTATUS = (self._edges | active) & FULL
        self.INTSTATUS = self.RAW_INTSTATUS & ~self.INTMASK
        pending = self.INTSTATUS
        for pin, irq in enumerate(self._irqs):
            irq.set(bool(pending >> pin & 1))
        self.COMBINED.set(bool(pending))
        self._show(self.EXT_PORTA)
