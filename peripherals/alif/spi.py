"""SPI of the Alif Ensemble: Synopsys DWC SSI on single lines, as a master. (Alif's SVD, spi.h)

OSPI is the same block with more lines and a window; it has a model of its own.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    RegisterArray,
    ResetCause,
    Slots,
    State,
    System,
    hertz,
    model,
    time_of,
)
from xipsim.peripherals.spi.device import SpiDevice, exchange_frame

DEPTH = 16
"""Entries of each FIFO."""
SELECTS = 4
TXE, TXO, RXU, RXO, RXF = (1 << n for n in range(5))
"""Bits of IMR, ISR and RISR."""
BOTH, SEND, RECEIVE, EEPROM = range(4)
"""Of CTRLR0.TMOD."""
IS_MST = 1 << 31

_DMA = "DMA"


@model("Alif.Spi")
class Spi(Peripheral):
    """A master with FIFOs of sixteen frames and four chip selects. Bits take their time.

    What nobody drives reads as ones. Chip select is active from the first frame to the last one in
    the FIFO, or for each frame (CTRLR0.SSTE with SCPH 0).
    """

    SIZE = 0x1000

    frequency = hertz("Hz of the clock that BAUDR divides", default=200_000_000)
    lp = Parameter(
        bool, "CTRLR0 as the vendor's driver writes it in the low-power instance", default=False
    )

    IRQ = Output("any interrupt that IMR lets through")
    devices = Slots[SpiDevice](SELECTS, "devices, by the number of their SS", kind=SpiDevice)

    CTRLR0 = Register(0x00, reset=0x8000_4007)
    CTRLR1 = Register(0x04)
    NDF = CTRLR1.field(0, 16)
    ENR = Register(0x08)
    EN = ENR.field(0)
    MWCR = Register(0x0C, unmodelled="the Microwire frame format")
    SER = Register(0x10, reset=0x1, ro=~0xF & 0xFFFF_FFFF)
    BAUDR = Register(0x14, ro=0xFFFF_0001)
    TXFTLR = Register(0x18)
    TFT = TXFTLR.field(0, 4)
    TXFTHR = TXFTLR.field(16, 4)
    RXFTLR = Register(0x1C)
    RFT = RXFTLR.field(0, 4)
    TXFLR = Register(0x20, ro=True, neutral=True)
    RXFLR = Register(0x24, ro=True, neutral=True)
    SR = Register(0x28, reset=0x6, ro=True, neutral=True)
    IMR = Register(0x2C, reset=0x3F)
    ISR = Register(0x30, ro=True, neutral=True)
    RISR = Register(0x34, ro=True, neutral=True)
    TXOICR = Register(0x38, ro=True)
    RXOICR = Register(0x3C, ro=True)
    RXUICR = Register(0x40, ro=True)
    MSTICR = Register(0x44, ro=True)
    ICR = Register(0x48, ro=True)
    DMACR = Register(0x4C)
    RDMAE = DMACR.field(0, unmodelled=_DMA)
    TDMAE = DMACR.field(1, unmodelled=_DMA)
    DMATDLR = Register(0x50)
    DMARDLR = Register(0x54)
    DR = RegisterArray(0x60, 36, ro=True)
    RX_SAMPLE_DELAY = Register(0xF0)

    _tx: State[list[int]] = State([])
    _rx: State[list[int]] = State([])
    _frame: State[int | None] = State(None)
    """On the lines."""
    _left = State(0)
    """Frames that a receive has still to take, with the one on the lines."""
    _selected = State(0)
    """Chip selects that are active."""
    _raised = State(0)
    """Interrupts that stay until they are cleared."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._step = self.alarm(self._over)

    def reset(self, cause: ResetCause) -> None:
        self._select(0)
        super().reset(cause)

    # -- CTRLR0, which has two layouts -----------------------------------------------------------

    def _field(self, lsb: int, lp_lsb: int, width: int) -> int:
        return self.CTRLR0 >> (lp_lsb if self.lp else lsb) & (1 << width) - 1

    @property
    def _bits(self) -> int:
        return self._field(0, 16, 5) + 1

    @property
    def _mode(self) -> int:
        return self._field(10, 8, 2)

    @property
    def _toggles(self) -> bool:
        return bool(self._field(14, 24, 1) and not self._field(8, 6, 1))

    # -- registers -------------------------------------------------------------------------------

    @ENR.on_write
    def _enable(self, value: int) -> None:
        if not self.EN:
            self._step.cancel()
            self._tx, self._rx, self._frame, self._left = [], [], None, 0
            self._select(0)
        elif not self.lp and not self.CTRLR0 & IS_MST:
            self.gap("CTRLR0.SPI_IS_MST: slave mode")
        elif self._field(6, 4, 2):
            self.gap("CTRLR0.FRF: other frame formats than Motorola's")
        self._go_on()

    @SER.on_write
    @TXFTLR.on_write
    @RXFTLR.on_write
    @IMR.on_write
    def _written(self, value: int) -> None:
        self._go_on()

    @DR.on_write
    def _put(self, index: int, value: int) -> None:
        if not self.EN:
            self.diagnose("spi-disabled", "DR written while ENR is 0: lost")
        elif len(self._tx) == DEPTH:
            self._raised |= TXO
            self.diagnose("spi-overflow", "DR written while the transmit FIFO is full: lost")
        else:
            self._tx.append(value)
        self._go_on()

    @DR.on_read
    def _take(self, index: int) -> int:
        if not self._rx:
            self._raised |= RXU
            self._update()
            return 0
        frame = self._rx.pop(0)
        self._update()
        return frame

    @DR.on_peek
    def _look(self, index: int) -> int:
        return self._rx[0] if self._rx else 0

    @SR.on_read
    def _status(self) -> int:
        self._ask()
        return self._flags()

    @SR.on_peek
    def _flags(self) -> int:
        tx, rx = len(self._tx), len(self._rx)
        flags = bool(self._selected) | (tx < DEPTH) << 1 | (tx == 0) << 2
        return flags | (rx > 0) << 3 | (rx == DEPTH) << 4

    @TXFLR.on_read
    def _tx_level(self) -> int:
        self._ask()
        return len(self._tx)

    @TXFLR.on_peek
    def _look_tx(self) -> int:
        return len(self._tx)

    @RXFLR.on_read
    def _rx_level(self) -> int:
        self._ask()
        return len(self._rx)

    @RXFLR.on_peek
    def _look_rx(self) -> int:
        return len(self._rx)

    @RISR.on_read
    def _raw_status(self) -> int:
        self._ask()
        return self._raw()

    @ISR.on_read
    def _masked_status(self) -> int:
        self._ask()
        return self._masked()

    @ISR.on_peek
    def _masked(self) -> int:
        return self._raw() & self.IMR

    @RISR.on_peek
    def _raw(self) -> int:
        raw = self._raised
        if self.EN and len(self._tx) <= self.TFT:
            raw |= TXE
        return raw | (RXF if len(self._rx) > self.RFT else 0)

    @TXOICR.on_read
    def _clear_tx_overflow(self) -> int:
        return self._clear(TXO)

    @RXOICR.on_read
    def _clear_rx_overflow(self) -> int:
        return self._clear(RXO)

    @RXUICR.on_read
    def _clear_rx_underflow(self) -> int:
        return self._clear(RXU)

    @ICR.on_read
    def _clear_all(self) -> int:
        return self._clear(TXO | RXO | RXU)

    @TXOICR.on_peek
    def _has_tx_overflow(self) -> int:
        return self._has(TXO)

    @RXOICR.on_peek
    def _has_rx_overflow(self) -> int:
        return self._has(RXO)

    @RXUICR.on_peek
    def _has_rx_underflow(self) -> int:
        return self._has(RXU)

    @ICR.on_peek
    def _has_any(self) -> int:
        return self._has(TXO | RXO | RXU)

    def _has(self, interrupts: int) -> int:
        return 1 if self._raised & interrupts else 0

    def _clear(self, interrupts: int) -> int:
        was = self._has(interrupts)
        self._raised &= ~interrupts
        self._update()
        return was

    def _ask(self) -> None:
        self.system.clock.question(self.name, self._step.deadline)

    def _update(self) -> None:
        self.IRQ.set(bool(self._masked()))

    # -- the lines -------------------------------------------------------------------------------

    def _select(self, selects: int) -> None:
        self._selected = selects
        for number, device in sorted(self.devices.items()):
            device.chip_select(bool(selects >> number & 1))

    def _go_on(self) -> None:
        """Begin what can begin."""
        is_idle = self._frame is None
        if is_idle and self.EN and self.SER and len(self._tx) > self.TXFTHR:
            self._left = self.NDF + 1 if self._mode == RECEIVE else 0
            self._begin(self._tx.pop(0))
        self._update()

    def _begin(self, frame: int) -> None:
        self._select(self.SER)
        self._frame = frame
        if not self.BAUDR:
            self.diagnose("spi-no-clock", "a transfer without a clock: BAUDR is 0")
            return
        self._step.at(self.system.clock.now + time_of(self._bits * self.BAUDR, self.frequency))

    def _over(self) -> None:
        """The last bit of a frame is over."""
        bits, mode = self._bits, self._mode
        assert self._frame is not None
        sent = self._frame & (1 << bits) - 1
        is_looped = self._field(13, 11, 1)  # SRL
        received = sent if is_looped else exchange_frame(self, self.devices, sent, bits)
        if mode == BOTH or self._left:
            self._receive(received)
        if self._toggles:
            self._select(0)
        if self._left:
            self._left -= 1
        elif mode == EEPROM and not self._tx:
            # The control frames are over.
            self._left = self.NDF + 1
        if self._left:
            self._begin(self._frame)
        elif self._tx and mode != RECEIVE:
            self._begin(self._tx.pop(0))
        else:
            self._frame = None
            self._select(0)
        self._go_on()

    def _receive(self, frame: int) -> None:
        if len(self._rx) < DEPTH:
            self._rx.append(frame)
        else:
            self._raised |= RXO
            self.diagnose("spi-overrun", "a frame was received while the FIFO is full: lost")
