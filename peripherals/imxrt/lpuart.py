"""NXP LPUART with a terminal at the other end of its line."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    ResetCause,
    State,
    System,
    hertz,
    model,
)
from xipsim.peripherals.uart_pins import UartPins, WiredUart

from .ccm import Ccm
from .iomuxc import Iomuxc
from .lpuart_pins import PADS

NS = 1_000_000_000
CRYSTAL = 24_000_000
PLL3_80M = 80_000_000
DEPTH = 4
RXEMPT, IDLINE = 1 << 12, 1 << 11
FLUSH = 0xC000

_BREAK = "sending and detecting breaks"
_MATCH = "address match"
_LOOP = "loop and single-wire mode"


@model("Imxrt.Lpuart")
class Lpuart(WiredUart, Peripheral):
    """LPUART with FIFOs of four, and a `Console` at the other end.

    What it sends goes to the receivers of UARTs that are wired to its pin, too, character by
    character.
    Assumption: characters of 9 and 10 data bits lose all but the low eight at the terminal.
    Assumption: enabling the transmitter sends no preamble.
    """

    SIZE = 0x4000
    RULES = "lpuart"

    frequency = hertz("UART clock in Hz where there is no `ccm`", default=PLL3_80M)
    # MicroPython 1.18 runs its UARTs from 80 MHz, later versions from 40 MHz.
    ccm = Parameter(Ccm, "whose CSCDR1 selects and divides the UART clock", default=None)
    iomuxc = Parameter(Iomuxc, "which gives pins to it", default=None)
    number = Parameter(int, "which UART it is there", default=1)
    handshake = Parameter(
        bool,
        "both ends wait for each other (RTS and CTS wired), so that nothing is lost; "
        "without it, what the receiver does not take in time is lost (STAT.OR)",
        default=True,
    )

    IRQ = Output("transmit, receive and error interrupts")

    VERID = Register(0x00, reset=0x0401_0003, ro=True)
    PARAM = Register(0x04, reset=0x0202, ro=True)
    GLOBAL = Register(0x08)
    RST = GLOBAL.field(1)
    PINCFG = Register(0x0C, unmodelled="input trigger")
    BAUD = Register(0x10, reset=0x0F00_0004)
    SBR = BAUD.field(0, 13)
    SBNS = BAUD.field(13)
    RXEDGIE = BAUD.field(14, unmodelled="edge detection")
    LBKDIE = BAUD.field(15, unmodelled=_BREAK)
    RDMAE = BAUD.field(21, unmodelled="DMA requests of the receiver")
    TDMAE = BAUD.field(23, unmodelled="DMA requests of the transmitter")
    OSR = BAUD.field(24, 5)
    M10 = BAUD.field(29, unmodelled="10-bit characters")
    MAEN2 = BAUD.field(30, unmodelled=_MATCH)
    MAEN1 = BAUD.field(31, unmodelled=_MATCH)
    STAT = Register(0x14, reset=0x00C0_0000, ro=0x01E0_3FFF, w1c=0xC01F_C000, neutral=True)
    OR = STAT.field(19)
    IDLE = STAT.field(20)
    RDRF = STAT.field(21)
    TC = STAT.field(22)
    TDRE = STAT.field(23)
    RAF = STAT.field(24)
    CTRL = Register(0x18)
    PE = CTRL.field(1)
    M = CTRL.field(4)
    RSRC = CTRL.field(5, unmodelled=_LOOP)
    LOOPS = CTRL.field(7, unmodelled=_LOOP)
    IDLECFG = CTRL.field(8, 3)
    M7 = CTRL.field(11)
    MA2IE = CTRL.field(14, unmodelled=_MATCH)
    MA1IE = CTRL.field(15, unmodelled=_MATCH)
    SBK = CTRL.field(16, unmodelled=_BREAK)
    RWU = CTRL.field(17, unmodelled="wake-up by the line")
    RE = CTRL.field(18)
    TE = CTRL.field(19)
    TXDIR = CTRL.field(29, unmodelled=_LOOP)
    DATA = Register(0x1C, reset=RXEMPT)
    FRETSC = DATA.field(13, unmodelled="sending break and idle characters")
    MATCH = Register(0x20)
    MODIR = Register(0x24)
    TXRTSE = MODIR.field(1, unmodelled="RTS driven by the transmitter")
    IREN = MODIR.field(18, unmodelled="infrared")
    FIFO = Register(0x28, reset=0x00C0_0011, ro=0xFFFC_2077, w1c=0x3_0000, neutral=True)
    RXFE = FIFO.field(3)
    TXFE = FIFO.field(7)
    RXIDEN = FIFO.field(10, 3)
    RXUF = FIFO.field(16)
    TXOF = FIFO.field(17)
    RX_EMPTY = FIFO.field(22)
    TX_EMPTY = FIFO.field(23)
    WATER = Register(0x2C, ro=0xFFFC_FFFC, neutral=True)
    TXWATER = WATER.field(0, 2)
    TXCOUNT = WATER.field(8, 3)
    RXWATER = WATER.field(16, 2)
    RXCOUNT = WATER.field(24, 3)

    _line_idle = State(True)
    _stale = State(False)
    """The line has been idle for RXIDEN's time while there was something in the receive FIFO."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._pins = UartPins(self, self.iomuxc, PADS, self.number)
        self._idle = self.alarm(self._became_idle)
        self._partial = self.alarm(self._became_stale)

    # -- registers -------------------------------------------------------------------------------

    @GLOBAL.on_write
    def _global(self, value: int) -> None:
        if self.RST:
            self.reset(ResetCause.SOFTWARE)
            self.GLOBAL = value

    @STAT.on_read
    def _status(self) -> int:
        self._ask()
        return self.STAT

    @WATER.on_read
    def _levels(self) -> int:
        self._ask()
        return self.WATER

    @STAT.on_write
    @WATER.on_write
    def _written(self, value: int) -> None:
        self._update()

    @BAUD.on_write
    @CTRL.on_write
    def _control(self, value: int) -> None:
        self._go_on()

    @FIFO.on_write
    def _set_fifo(self, value: int) -> None:
        self.FIFO &= ~FLUSH
        if value & 0x4000:
            self._rx = []
        if value & 0x8000:
            self._tx = []
        self._go_on()

    @DATA.on_peek
    def _look(self) -> int:
        return self._rx[0] if self._rx else RXEMPT

    @DATA.on_read
    def _take(self) -> int:
        if not self._rx:
            self.RXUF = 1
            self._update()
            return RXEMPT
        character = self._rx.pop(0)
        self._stale = self._stale and bool(self._rx)
        self._go_on()
        return character

    @DATA.on_write
    def _put(self, value: int) -> None:
        if value & Lpuart.FRETSC.mask:
            return
        if len(self._tx) >= (DEPTH if self.TXFE else 1):
            self.TXOF = 1
            self.diagnose("lpuart-overflow", "DATA written while the transmit FIFO is full: lost")
        else:
            self._tx.append(value & self._mask())
        self._go_on()

    # -- the line --------------------------------------------------------------------------------

    def _mask(self) -> int:
        return 0x7F if self.M7 or (self.PE and not self.M) else 0xFF

    def _character(self) -> int:
        # CTRL.M7 counts only while CTRL.M is 0; the parity bit is one of the data bits.
        data = 10 if self.M10 else 9 if self.M else 7 if self.M7 else 8
        bits = 1 + data + 1 + self.SBNS
        oversampling = self.OSR + 1 if self.OSR else 16
        hertz, divider = self.frequency, 1
        if self.ccm is not None:
            select = self.ccm.CSCDR1
            hertz, divider = CRYSTAL if select & 0x40 else PLL3_80M, (select & 0x3F) + 1
        return bits * oversampling * self.SBR * divider * NS // hertz

    def _may_send(self) -> bool:
        # Assumption: the terminal's CTS is wired whether MODIR.TXCTSE looks at it or not.
        return bool(self.TE) and not self._held()

    def _has_room(self) -> bool:
        return len(self._rx) < (DEPTH if self.RXFE else 1)

    def _may_receive(self) -> bool:
        return bool(self.RE) and self._has_room()

    def _listen(self) -> bool:
        has_begun = super()._listen()
        if has_begun:
            self._idle.cancel()
            self._partial.cancel()
        return has_begun

    def on_start(self) -> None:
        self._idle.cancel()
        self._partial.cancel()

    def _take_in(self, character: int) -> None:
        character &= self._mask()
        if not self.RE:
            self.diagnose("lpuart-receiver-off", "a character came while CTRL.RE was 0: lost")
        elif self.OR or not self._has_room():
            if not self.OR:
                self.diagnose("lpuart-overrun", "a character came to a full receive FIFO: lost")
            self.OR = 1
        else:
            self._rx.append(character | (IDLINE if self._line_idle else 0))
        self._line_idle = False
        now, character_time = self.system.clock.now, self._character()
        # Assumption: idle time counts from the end of the stop bit, whatever CTRL.ILT says.
        self._idle.at(now + (character_time << self.IDLECFG))
        if self.RXIDEN:
            self._partial.at(now + (character_time << self.RXIDEN >> 1))
        self._go_on()

    def _became_idle(self) -> None:
        self._line_idle = True
        self.IDLE = 1
        self._update()

    def _became_stale(self) -> None:
        self._stale = bool(self._rx)
        self._update()

    # -- status ----------------------------------------------------------------------------------

    def _update(self) -> None:
        rx, tx = len(self._rx), len(self._tx)
        self.RXCOUNT, self.TXCOUNT = rx, tx
        self.RX_EMPTY, self.TX_EMPTY = not rx, not tx
        # The manual's watermark: more than it in the receive FIFO, no more than it in the other.
        self.RDRF = rx > self.RXWATER or self._stale
        self.TDRE = tx <= self.TXWATER
        self.TC = not tx and self._shifter is None
        self.RAF = self._receiving.deadline is not None
        stat, ctrl, fifo = self.STAT, self.CTRL, self.FIFO
        # Each enable bit of CTRL lies at its flag's place in STAT, those of the errors 8 above it.
        self.IRQ.set(
            bool(stat & ctrl & 0x00F0_0000 | stat & ctrl >> 8 & 0x000F_0000)
            or bool(fifo >> 16 & fifo >> 8 & 3)
        )
