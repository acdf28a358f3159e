"""UART of the Alif Ensemble: Synopsys DesignWare APB UART (a 16550), a terminal at its line."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    ResetCause,
    State,
    System,
    exposed,
    hertz,
    model,
)
from xipsim.peripherals.uart_pins import UartPins, WiredUart

from .pinmux import Pinmux
from .uart_pads import PADS
from .uart_registers import UartRegisters

NS = 1_000_000_000
DEPTH = 32
RX_TRIGGERS = (1, DEPTH // 4, DEPTH // 2, DEPTH - 2)
TX_TRIGGERS = (0, 2, DEPTH // 4, DEPTH // 2)
TIMEOUT = 4
"""Characters of silence after which what is below the receive trigger interrupts."""

DLAB = 0x80
RX_AVAILABLE, TX_EMPTY, LINE_STATUS, MODEM_STATUS, PTIME = 0x01, 0x02, 0x04, 0x08, 0x80
CTS, DSR, DCD = 0x10, 0x20, 0x80
DCTS = 0x01

# With each character these several times: as stored integers, not as fields.
_LCR, _DLF = UartRegisters.LCR.offset, UartRegisters.DLF.offset
_HTX = UartRegisters.HTX.offset

ID_MODEM, ID_NONE, ID_TX, ID_RX, ID_LINE, ID_TIMEOUT = 0x0, 0x1, 0x2, 0x4, 0x6, 0xC


@model("Alif.Uart")
class Uart(WiredUart, UartRegisters):
    """UART with FIFOs of 32, and a `Console` at the other end.

    What it sends goes to the receivers of UARTs that are wired to its pin, too, character by
    character.
    """

    RULES = "uart"

    pinmux = Parameter(Pinmux, "which gives pins to it", default=None)
    number = Parameter(int, "which UART it is there", default=0)
    frequency = hertz("UART clock in Hz (SYST_PCLK)", default=100_000_000)
    handshake = Parameter(
        bool,
        "both ends wait for each other (RTS and CTS wired), so that nothing is lost; "
        "without it, what the receiver does not take in time is lost (LSR.OE)",
        default=True,
    )

    IRQ = Output("transmit, receive and error interrupts")

    _divisor = State(0)
    _ier = State(0)
    _fifos = State(False)
    """FCR.FIFOE: without it, each direction holds one character."""
    _overrun = State(False)
    _tx_empty = State(False)
    """The transmit interrupt is pending; reading IIR or writing THR takes it back."""
    _timed_out = State(False)
    _cts_changed = State(False)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._timeout = self.alarm(self._became_stale)
        self._pins = UartPins(self, self.pinmux, PADS, self.number)
        self._hertz = self.frequency

    @exposed
    def throttle(self, on: bool) -> None:
        self._cts_changed |= on != self._throttled and self.handshake
        super().throttle(on)

    # -- data ------------------------------------------------------------------------------------

    @UartRegisters.RBR.on_read
    def _read_data(self) -> int:
        return self._divisor & 0xFF if self.regs[_LCR] & DLAB else self._take()

    @UartRegisters.SRBR.on_read
    def _read_shadow(self, index: int) -> int:
        return self._take()

    @UartRegisters.RBR.on_peek
    def _look_at_data(self) -> int:
        return self._divisor & 0xFF if self.LCR & DLAB else self._look_at_shadow(0)

    @UartRegisters.SRBR.on_peek
    def _look_at_shadow(self, index: int) -> int:
        return self._rx[0] if self._rx else 0

    def _take(self) -> int:
        if not self._rx:
            return 0
        character = self._rx.pop(0)
        self._hear()
        self._go_on()
        return character

    @UartRegisters.RBR.on_write
    def _write_data(self, value: int) -> None:
        if self.regs[_LCR] & DLAB:
            self._divisor = self._divisor & 0xFF00 | value & 0xFF
            self._go_on()
        else:
            self._put(value)

    @UartRegisters.SRBR.on_write
    def _write_shadow(self, index: int, value: int) -> None:
        self._put(value)

    def _put(self, value: int) -> None:
        tx = self._tx
        if len(tx) >= self._depth():
            self.diagnose("uart-overflow", "THR written while the transmit FIFO is full: lost")
        else:
            tx.append(value & self._mask())
            self._tx_empty = False
            if self._shifter is None:
                self._send()
            self._update()

    # -- control ---------------------------------------------------------------------------------

    @UartRegisters.IER.on_read
    @UartRegisters.IER.on_peek
    def _read_enable(self) -> int:
        return self._divisor >> 8 if self.LCR & DLAB else self._ier

    @UartRegisters.IER.on_write
    def _enable(self, value: int) -> None:
        if self.LCR & DLAB:
            self._divisor = self._divisor & 0xFF | (value & 0xFF) << 8
        else:
            if value & ~self._ier & TX_EMPTY and not self._tx:
                self._tx_empty = True
            self._ier = value & 0x8F
        self._go_on()

    @UartRegisters.IIR.on_read
    def _identify(self) -> int:
        shown = self._shown_identity()
        if shown & 0xF == ID_TX:
            self._tx_empty = False
            self._update()
        return shown

    @UartRegisters.IIR.on_peek
    def _shown_identity(self) -> int:
        return self._identity() | (0xC0 if self._fifos else 0)

    @UartRegisters.IIR.on_write
    def _fifo_control(self, value: int) -> None:
        if value & 0x08:
            self.gap("FCR.DMAM: DMA")
        self.SRT, self.STET = value >> 6 & 3, value >> 4 & 3
        # Assumption: the FIFOs are emptied when they are switched on or off, as in any 16550.
        self._flush(value | (6 if bool(value & 1) != self._fifos else 0))
        self._fifos = bool(value & 1)
        self._go_on()

    @UartRegisters.SFE.on_write
    def _shadow_enable(self, value: int) -> None:
        self._flush(6 if bool(value & 1) != self._fifos else 0)
        self._fifos = bool(value & 1)
        self._go_on()

    @UartRegisters.SRR.on_write
    def _software_reset(self, value: int) -> None:
        self.SRR = 0
        if value & 1:
            self.reset(ResetCause.SOFTWARE)
        self._flush(value)
        self._go_on()

    def _flush(self, value: int) -> None:
        """Empty the receive (bit 1) and the transmit FIFO (bit 2)."""
        if value & 2:
            self._rx, self._timed_out = [], False
            self._timeout.cancel()
        if value & 4:
            self._tx, self._tx_empty = [], True

    @UartRegisters.LCR.on_write
    @UartRegisters.MCR.on_write
    def _line_control(self, value: int) -> None:
        self._go_on()

    @UartRegisters.SRTS.on_write
    def _shadow_rts(self, value: int) -> None:
        self.MCR = self.MCR & ~2 | (value & 1) << 1

    @UartRegisters.SRT.on_write
    @UartRegisters.STET.on_write
    @UartRegisters.HTX.on_write
    @UartRegisters.DLF.on_write
    def _written(self, value: int) -> None:
        self._go_on()

    # -- status ----------------------------------------------------------------------------------

    @UartRegisters.LSR.on_read
    def _line_status(self) -> int:
        self._ask()
        status = self._look_at_line()
        if self._overrun:
            self._overrun = False
            self._update()
        return status

    @UartRegisters.LSR.on_peek
    def _look_at_line(self) -> int:
        tx = len(self._tx)
        # With PTIME, THRE says that the FIFO is full.
        thre = tx >= self._depth() if self._ier & PTIME and self._fifos else not tx
        idle = not tx and self._shifter is None
        return bool(self._rx) | self._overrun << 1 | thre << 5 | idle << 6

    @UartRegisters.MSR.on_read
    def _modem_status(self) -> int:
        lines = self._modem_lines()
        self._cts_changed = False
        self._update()
        return lines

    @UartRegisters.MSR.on_peek
    def _modem_lines(self) -> int:
        cts = 0 if self._held() else CTS
        return cts | DSR | DCD | (DCTS if self._cts_changed else 0)

    @UartRegisters.USR.on_read
    def _uart_status(self) -> int:
        self._ask()
        return self._look_at_status()

    @UartRegisters.USR.on_peek
    def _look_at_status(self) -> int:
        rx, tx, depth = len(self._rx), len(self._tx), self._depth()
        return (tx < depth) << 1 | (not tx) << 2 | (rx > 0) << 3 | (rx >= depth) << 4

    @UartRegisters.TFL.on_read
    def _tx_level(self) -> int:
        self._ask()
        return len(self._tx)

    @UartRegisters.TFL.on_peek
    def _look_at_tx_level(self) -> int:
        return len(self._tx)

    @UartRegisters.RFL.on_read
    def _rx_level(self) -> int:
        self._ask()
        return len(self._rx)

    @UartRegisters.RFL.on_peek
    def _look_at_rx_level(self) -> int:
        return len(self._rx)

    def _depth(self) -> int:
        return DEPTH if self._fifos else 1

    def _identity(self) -> int:
        """The pending interrupt of the highest priority, as IIR shows it."""
        enabled = self._ier
        if self._overrun and enabled & LINE_STATUS:
            return ID_LINE
        if self._rx and enabled & RX_AVAILABLE:
            if len(self._rx) >= self._rx_trigger:
                return ID_RX
            if self._timed_out:
                return ID_TIMEOUT
        if enabled & TX_EMPTY and self._wants_more:
            return ID_TX
        if self._cts_changed and enabled & MODEM_STATUS:
            return ID_MODEM
        return ID_NONE

    @property
    def _rx_trigger(self) -> int:
        return RX_TRIGGERS[self.SRT] if self._fifos else 1

    @property
    def _wants_more(self) -> bool:
        """With PTIME, the transmit interrupt is a level; else it comes once, when all is sent."""
        if self._ier & PTIME and self._fifos:
            return len(self._tx) <= TX_TRIGGERS[self.STET]
        return self._tx_empty

    def _update(self) -> None:
        line, level = self.IRQ, self._identity() != ID_NONE
        if level != line.level:
            line.set(level)

    # -- the line --------------------------------------------------------------------------------

    def _mask(self) -> int:
        return (1 << 5 + (self.regs[_LCR] & 3)) - 1

    def _character(self) -> int:
        regs, divisor = self.regs, self._divisor
        return _duration(regs[_LCR], divisor * 16 + regs[_DLF], self._hertz) if divisor else 0

    def _may_send(self) -> bool:
        # Assumption: the terminal's CTS is obeyed whether MCR.AFCE says so or not.
        return not (self._held() or self.regs[_HTX] & 1)

    def _begun(self) -> None:
        # Who is wired to the pin looks at characters only when they are over.
        if not self._tx:
            self._tx_empty = True

    def _may_receive(self) -> bool:
        return len(self._rx) < self._depth()

    def _take_in(self, character: int) -> None:
        character &= self._mask()
        if not self._may_receive():
            self._overrun = True
            self.diagnose("uart-overrun", "a character came to a full receive FIFO: lost")
        else:
            self._rx.append(character)
        self._hear()
        self._go_on()

    def _hear(self) -> None:
        """A character came or was taken: the silence begins anew."""
        self._timed_out = False
        if self._rx and self._fifos:
            self._timeout.at(self.system.clock.now + TIMEOUT * self._character())
        else:
            self._timeout.cancel()

    def _became_stale(self) -> None:
        self._timed_out = bool(self._rx)
        self._update()


@lru_cache(maxsize=64)
def _duration(lcr: int, sixteenths: int, hertz: int) -> int:
    """Virtual ns of a character, with the divisor in sixteenths."""
    halves = 2 * (1 + 5 + (lcr & 3) + (lcr >> 3 & 1) + 1)
    if lcr & 4:
        halves += 2 if lcr & 3 else 1
    return halves * sixteenths * NS // (2 * hertz)
