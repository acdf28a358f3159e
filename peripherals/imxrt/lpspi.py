"""NXP LPSPI as a master. Reset values: RT1060 family."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Peripheral,
    Register,
    ResetCause,
    Slots,
    State,
    System,
    hertz,
    model,
    time_of,
)
from xipsim.peripherals.spi.device import SpiDevice, exchange_frame

from .ccm import Ccm
from .ccm_analog import CcmAnalog

PLL2 = 528_000_000
DEPTH = 16
WORD = 32
COMMAND = 1 << 32
"""Marks a word of the transmit FIFO that was written to TCR."""
FIRST = 1 << 32
"""Marks a word of the receive FIFO that is the first of its transfer."""

_MATCH = "data match"
_SLAVE = "slave mode"
_DMA = "DMA"
_LANES = "transfers on two and four lines, or on one for both directions"


def _reversed(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2)


@model("Imxrt.Lpspi")
class Lpspi(Peripheral):
    """A master with FIFOs of sixteen words, in which commands and data take their turns.

    Bits take their time, as do the delays around the chip select. What nobody drives reads as ones.
    Assumption: a command that is written while the module is disabled waits until it is enabled.
    Assumption: a device's chip select is active whatever polarity CFGR1.PCSPOL gives it.
    """

    SIZE = 0x4000

    frequency = hertz("functional clock in Hz where there is no `ccm`", default=PLL2 // 4)
    ccm = Parameter(Ccm, "whose CBCMR selects and divides the functional clock", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose PFDs are sources of that clock", default=None)

    IRQ = Output("FIFOs, ends of words, frames and transfers")
    devices = Slots[SpiDevice](4, "devices, by the number of their PCS", kind=SpiDevice)

    VERID = Register(0x00, reset=0x0102_0004, ro=True)
    PARAM = Register(0x04, reset=0x0004_0404, ro=True)
    CR = Register(0x10)
    MEN = CR.field(0)
    RST = CR.field(1)
    SR = Register(0x14, reset=0x1, ro=0xFFFF_C0FF, w1c=0x3F00, neutral=True)
    TDF = SR.field(0)
    RDF = SR.field(1)
    WCF = SR.field(8)
    FCF = SR.field(9)
    TCF = SR.field(10)
    MBF = SR.field(24)
    IER = Register(0x18)
    DER = Register(0x1C)
    TDDE = DER.field(0, unmodelled=_DMA)
    RDDE = DER.field(1, unmodelled=_DMA)
    CFGR0 = Register(0x20)
    HREN = CFGR0.field(0, unmodelled="host request")
    CIRFIFO = CFGR0.field(8, unmodelled="circular FIFO")
    RDMO = CFGR0.field(9, unmodelled=_MATCH)
    CFGR1 = Register(0x24)
    MASTER = CFGR1.field(0)
    AUTOPCS = CFGR1.field(2, unmodelled=_SLAVE)
    NOSTALL = CFGR1.field(3, unmodelled="going on with an empty or full FIFO")
    MATCFG = CFGR1.field(16, 3, unmodelled=_MATCH)
    PINCFG = CFGR1.field(24, 2, unmodelled=_LANES)
    PCSCFG = CFGR1.field(27, unmodelled=_LANES)
    DMR0 = Register(0x30, unmodelled=_MATCH)
    DMR1 = Register(0x34, unmodelled=_MATCH)
    CCR = Register(0x40)
    SCKDIV = CCR.field(0, 8)
    DBT = CCR.field(8, 8)
    PCSSCK = CCR.field(16, 8)
    SCKPCS = CCR.field(24, 8)
    FCR = Register(0x58)
    TXWATER = FCR.field(0, 4)
    RXWATER = FCR.field(16, 4)
    FSR = Register(0x5C, ro=True, neutral=True)
    TXCOUNT = FSR.field(0, 5)
    RXCOUNT = FSR.field(16, 5)
    TCR = Register(0x60, reset=0x1F)
    FRAMESZ = TCR.field(0, 12)
    WIDTH = TCR.field(16, 2, unmodelled=_LANES)
    TXMSK = TCR.field(18)
    RXMSK = TCR.field(19)
    CONTC = TCR.field(20)
    CONT = TCR.field(21)
    BYSW = TCR.field(22, unmodelled="exchanging the bytes of a word")
    LSBF = TCR.field(23)
    PCS = TCR.field(24, 2)
    PRESCALE = TCR.field(27, 3)
    TDR = Register(0x64)
    RSR = Register(0x70, reset=0x2, ro=True, neutral=True)
    SOF = RSR.field(0)
    RXEMPTY = RSR.field(1)
    RDR = Register(0x74, ro=True)

    _command = State(0x1F)
    """The command that counts; TCR shows it."""
    _tx: State[list[int]] = State([])
    _rx: State[list[int]] = State([])
    _word: State[int | None] = State(None)
    """On the bus: as it lies in the FIFO."""
    _left = State(0)
    """Bits of the frame that have not begun."""
    _select: State[int | None] = State(None)
    """The chip select that is active."""
    _is_first = State(False)
    """No word of the transfer has been received yet."""
    _ready = State(0)
    """Virtual ns before which no chip select becomes active again."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._step = self.alarm(self._over)

    def reset(self, cause: ResetCause) -> None:
        if self._select is not None:
            self._deselect()
        super().reset(cause)
        self._update()

    # -- registers -------------------------------------------------------------------------------

    @CR.on_write
    def _control(self, value: int) -> None:
        if self.RST:
            # CR alone keeps its value.
            self.reset(ResetCause.SOFTWARE)
        self.CR = value & 0xF
        if value & 0x100:
            self._tx = []
        if value & 0x200:
            self._rx = []
        if self.MEN and not self.MASTER and not self.RST:
            self.gap(f"CFGR1.MASTER: {_SLAVE}")
        if not self.MEN and self._step.deadline is None and self._select is not None:
            self._deselect()
        self._go_on()

    @SR.on_read
    def _status(self) -> int:
        self._ask()
        return self.SR

    @FSR.on_read
    def _levels(self) -> int:
        self._ask()
        return self.FSR

    @RSR.on_read
    def _receive_status(self) -> int:
        self._ask()
        return self.RSR

    def _ask(self) -> None:
        self.system.clock.question(self.name, self._step.deadline)

    @SR.on_write
    @IER.on_write
    @FCR.on_write
    def _written(self, value: int) -> None:
        self._update()

    @TCR.on_write
    def _put_command(self, value: int) -> None:
        self.TCR = self._command
        self._put(value | COMMAND)

    @TDR.on_write
    def _put_data(self, value: int) -> None:
        self.TDR = 0
        self._put(value)

    def _put(self, word: int) -> None:
        if len(self._tx) == DEPTH:
            self.diagnose("lpspi-overflow", "written to a full transmit FIFO: lost")
        else:
            self._tx.append(word)
        self._go_on()

    @RDR.on_peek
    def _look(self) -> int:
        return self._rx[0] & FIRST - 1 if self._rx else 0

    @RDR.on_read
    def _take(self) -> int:
        value = self._look()
        if not self._rx:
            self.diagnose("lpspi-underflow", "RDR read while the receive FIFO is empty")
        self._rx = self._rx[1:]
        self._go_on()
        return value

    # -- the bus ---------------------------------------------------------------------------------

    def _time(self, cycles: int) -> int:
        """ns of so many cycles of the prescaled clock."""
        hertz, divider = self.frequency, 1
        if self.ccm is not None:
            hertz, divider = self._root(), self.ccm.LPSPI_PODF + 1
        return time_of(cycles << self.PRESCALE, hertz, divider)

    def _root(self) -> int:
        """Hz of the source that CBCMR selects."""
        assert self.ccm is not None
        source, analog = self.ccm.LPSPI_CLK_SEL, self.ccm_analog
        if source == 2 or analog is None:
            return PLL2
        return analog.pfd_528(2) if source == 3 else analog.pfd_480(1 - source)

    def _go_on(self) -> None:
        """Begin what can begin."""
        while self._step.deadline is None and self.MEN and self.MASTER:
            if self._left and self.TXMSK:
                if not self._begin(0):
                    break
            elif not self._tx:
                break
            elif self._tx[0] & COMMAND:
                self._obey(self._tx.pop(0) & COMMAND - 1)
            elif self._begin(self._tx[0]):
                self._tx.pop(0)
            else:
                break
        self._update()

    def _obey(self, command: int) -> None:
        self._command = self.TCR = command
        if self._select is not None and not self.CONTC:
            # A new command ends a continuous transfer.
            self._left = 0
            self._close()
        if self.TXMSK:
            self._left = self.FRAMESZ + 1

    def _begin(self, word: int) -> bool:
        """Put a word on the bus; False while there is no room for what comes back."""
        if len(self._rx) == DEPTH and not self.RXMSK:
            return False
        delay = 0
        if self._select is None:
            delay = max(0, self._ready - self.system.clock.now) + self._time(self.PCSSCK + 1)
            self._select, self._is_first = self.PCS, True
            if device := self.devices.get(self._select):
                device.chip_select(True)
        self._left = self._left or self.FRAMESZ + 1
        self._word = word
        bits = min(self._left, WORD)
        self._step.at(self.system.clock.now + delay + self._time(bits * (self.SCKDIV + 2)))
        return True

    def _over(self) -> None:
        """The last bit of a word is over, or the delay behind the last of a transfer."""
        if self._word is None:
            self._deselect()
            self._ready = self.system.clock.now + self._time(self.DBT + 2)
            self.FCF = 1
        else:
            self._exchange(self._word)
        self._go_on()
        if self._select is None and not self._tx and self._step.deadline is None:
            self.TCF = 1
            self._update()

    def _exchange(self, word: int) -> None:
        bits = min(self._left, WORD)
        sent = word & (1 << bits) - 1
        first = _reversed(sent, bits) if self.LSBF else sent
        received = exchange_frame(self, self.devices, first, bits)
        if not self.RXMSK:
            value = _reversed(received, bits) if self.LSBF else received
            self._rx.append(value | (FIRST if self._is_first else 0))
            self._is_first = False
        self.WCF = 1
        self._word = None
        self._left -= bits
        if not self._left:
            self.TXMSK = 0
            self._command = self.TCR
            if not self.CONT:
                self._close()

    def _close(self) -> None:
        self._step.at(self.system.clock.now + self._time(self.SCKPCS + 1))

    def _deselect(self) -> None:
        assert self._select is not None
        if device := self.devices.get(self._select):
            device.chip_select(False)
        self._select = None

    # -- status ----------------------------------------------------------------------------------

    def _update(self) -> None:
        rx, tx = len(self._rx), len(self._tx)
        self.RXCOUNT, self.TXCOUNT = rx, tx
        self.RDF, self.TDF = rx > self.RXWATER, tx <= self.TXWATER
        self.RXEMPTY = not rx
        self.SOF = bool(rx) and self._rx[0] >= FIRST
        self.MBF = self._select is not None or self._step.deadline is not None or tx > 0
        # Each enable bit lies at its flag's place.
        self.IRQ.set(bool(self.SR & self.IER & 0x3F03))
