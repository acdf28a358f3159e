"""NXP LPI2C as a master. Reset values: RT1060 family."""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Output,
    Parameter,
    Register,
    ResetCause,
    State,
    System,
    hertz,
    model,
    time_of,
)
from xipsim.peripherals.i2c.controller import I2cController

from .ccm import Ccm

CRYSTAL = 24_000_000
PLL3_60M = 60_000_000
DEPTH = 4
RXEMPTY = 1 << 14
BITS = 9
"""A byte and its acknowledgement."""
TRANSMIT, RECEIVE, STOP, DISCARD, START, START_NACK, FAST, FAST_NACK = range(8)
"""Commands of MTDR."""

_MATCH = "data match"
_SLAVE = "slave mode"
_DMA = "DMA"
_HOST = "host request"


@model("Imxrt.Lpi2c")
class Lpi2c(I2cController):
    """The only master of its bus: a FIFO of commands, and one for what is received.

    A command takes the time of its bits. An address at which there is no device is not
    acknowledged. Assumption: nobody else holds a line, so arbitration is never lost and no time-out
    comes.
    """

    SIZE = 0x4000

    frequency = hertz("functional clock in Hz where there is no `ccm`", default=PLL3_60M)
    ccm = Parameter(Ccm, "whose CSCDR2 selects and divides the functional clock", default=None)

    IRQ = Output("FIFOs, ends of packets, errors")

    VERID = Register(0x00, reset=0x0100_0003, ro=True)
    PARAM = Register(0x04, reset=0x0202, ro=True)
    MCR = Register(0x10)
    MEN = MCR.field(0)
    RST = MCR.field(1)
    MSR = Register(0x14, reset=0x1, ro=0x0300_0003, w1c=0x7F00, neutral=True)
    TDF = MSR.field(0)
    RDF = MSR.field(1)
    EPF = MSR.field(8)
    SDF = MSR.field(9)
    NDF = MSR.field(10)
    FEF = MSR.field(12)
    MBF = MSR.field(24)
    BBF = MSR.field(25)
    MIER = Register(0x18)
    MDER = Register(0x1C)
    TDDE = MDER.field(0, unmodelled=_DMA)
    RDDE = MDER.field(1, unmodelled=_DMA)
    MCFGR0 = Register(0x20)
    HREN = MCFGR0.field(0, unmodelled=_HOST)
    CIRFIFO = MCFGR0.field(8, unmodelled="circular FIFO")
    RDMO = MCFGR0.field(9, unmodelled=_MATCH)
    MCFGR1 = Register(0x24)
    PRESCALE = MCFGR1.field(0, 3)
    AUTOSTOP = MCFGR1.field(8, unmodelled="a STOP of its own when the FIFO is empty")
    IGNACK = MCFGR1.field(9)
    MATCFG = MCFGR1.field(16, 3, unmodelled=_MATCH)
    PINCFG = MCFGR1.field(24, 3, unmodelled="other pins than two with open drain")
    MCFGR2 = Register(0x28)
    FILTSCL = MCFGR2.field(16, 4)
    MCFGR3 = Register(0x2C)
    MDMR = Register(0x40, unmodelled=_MATCH)
    MCCR0 = Register(0x48)
    CLKLO = MCCR0.field(0, 6)
    CLKHI = MCCR0.field(8, 6)
    SETHOLD = MCCR0.field(16, 6)
    MCCR1 = Register(0x50)
    MFCR = Register(0x58)
    TXWATER = MFCR.field(0, 2)
    RXWATER = MFCR.field(16, 2)
    MFSR = Register(0x5C, ro=True, neutral=True)
    TXCOUNT = MFSR.field(0, 3)
    RXCOUNT = MFSR.field(16, 3)
    MTDR = Register(0x60)
    MRDR = Register(0x70, reset=RXEMPTY, ro=True)
    SCR = Register(0x110)
    SEN = SCR.field(0, unmodelled=_SLAVE)
    SSR = Register(0x114, ro=0x0300_F0FF, w1c=0x0F00)
    SIER = Register(0x118)
    SDER = Register(0x11C)
    SCFGR1 = Register(0x124)
    SCFGR2 = Register(0x128)
    SAMR = Register(0x140)
    SASR = Register(0x150, reset=0x4000, ro=True)
    STAR = Register(0x154)
    STDR = Register(0x160)
    SRDR = Register(0x170, reset=0x4000, ro=True)

    _tx: State[list[int]] = State([])
    """Commands that have not begun."""
    _rx: State[list[int]] = State([])
    _command: State[int | None] = State(None)
    """The one on the bus."""
    _left = State(0)
    """Bytes that it has still to receive."""
    _device: State[int | None] = State(None)
    """The address that was sent with the last START, None after a STOP."""
    _reads = State(False)

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._step = self.alarm(self._over)

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    # -- registers -------------------------------------------------------------------------------

    @MCR.on_write
    def _control(self, value: int) -> None:
        if self.RST:
            # MCR alone keeps its value.
            self.reset(ResetCause.SOFTWARE)
        self.MCR = value & 0xF
        if value & 0x100:
            self._tx = []
        if value & 0x200:
            self._rx = []
        self._go_on()

    @MSR.on_read
    def _status(self) -> int:
        self._ask()
        return self.MSR

    @MFSR.on_read
    def _levels(self) -> int:
        self._ask()
        return self.MFSR

    def _ask(self) -> None:
        self.system.clock.question(self.name, self._step.deadline)

    @MSR.on_write
    @MIER.on_write
    @MFCR.on_write
    def _written(self, value: int) -> None:
        self._go_on()

    @MTDR.on_write
    def _put(self, value: int) -> None:
        self.MTDR = 0
        if len(self._tx) == DEPTH:
            self.diagnose("lpi2c-overflow", "MTDR written while the command FIFO is full: lost")
        else:
            self._tx.append(value & 0x7FF)
        self._go_on()

    @MRDR.on_peek
    def _look(self) -> int:
        return self._rx[0] if self._rx else RXEMPTY

    @MRDR.on_read
    def _take(self) -> int:
        if not self._rx:
            return RXEMPTY
        byte = self._rx.pop(0)
        self._go_on()
        return byte

    # -- the bus ---------------------------------------------------------------------------------

    def _duration(self, bits: int, delays: int) -> int:
        """ns of so many clocks of SCL, and set-up or hold times of START and STOP."""
        hertz, divider = self.frequency, 1
        if self.ccm is not None:
            hertz = CRYSTAL if self.ccm.LPI2C_CLK_SEL else PLL3_60M
            divider = self.ccm.LPI2C_CLK_PODF + 1
        latency = 2 + self.FILTSCL >> self.PRESCALE
        clock = self.CLKLO + 1 + self.CLKHI + 1 + latency
        cycles = bits * clock + delays * (self.SETHOLD + 1)
        return time_of(cycles << self.PRESCALE, hertz, divider)

    def _go_on(self) -> None:
        """Begin what can begin."""
        while self._step.deadline is None and self.MEN:
            if self._left:
                if len(self._rx) == DEPTH:
                    break
                self._take_time(BITS, 0)
            elif self._tx and not (self.NDF or self.FEF):
                self._begin(self._tx.pop(0))
            else:
                break
        self._update()

    def _take_time(self, bits: int, delays: int) -> None:
        self._step.at(self.system.clock.now + self._duration(bits, delays))

    def _begin(self, command: int) -> None:
        kind = command >> 8
        if kind >= START:
            if kind >= FAST:
                self.gap("MTDR: high-speed mode")
            self._command = command
            self._take_time(BITS, 1 if self._device is None else 2)
        elif self._device is None:
            # Assumption: a STOP on an idle bus does nothing.
            if kind != STOP:
                self.FEF = 1
                self.diagnose("lpi2c-no-start", "data sent or received without a START before")
        else:
            self._command = command
            if kind == STOP:
                self._take_time(0, 1)
            elif kind == TRANSMIT:
                self._take_time(BITS, 0)
            else:
                self._left = (command & 0xFF) + 1

    def _over(self) -> None:
        """The last bit of the byte, or the STOP, is over."""
        assert self._command is not None
        kind, data = self._command >> 8, self._command & 0xFF
        if kind in (RECEIVE, DISCARD):
            self._receive(kind == RECEIVE)
        elif kind == STOP:
            self._stop()
        elif kind == TRANSMIT:
            assert self._device is not None
            self._acknowledged(not self._reads and self.bus.write(self._device, data))
        else:
            self._start(data, kind in (START_NACK, FAST_NACK))
        self._go_on()

    def _start(self, data: int, wants_nack: bool) -> None:
        if self._device is not None:
            self.EPF = 1
        self._device, self._reads = data >> 1, bool(data & 1)
        self._acknowledged(self.bus.start(self._device, self._reads) is not wants_nack)

    def _acknowledged(self, as_expected: bool) -> None:
        self._command = None
        if not as_expected and not self.IGNACK:
            self.NDF = 1
            self._command = STOP << 8
            self._take_time(0, 1)

    def _receive(self, is_kept: bool) -> None:
        assert self._device is not None
        byte = self.bus.read(self._device) if self._reads else self.bus.NOBODY
        if is_kept:
            self._rx.append(byte)
        self._left -= 1
        if not self._left:
            self._command = None

    def _stop(self) -> None:
        assert self._device is not None
        self.bus.stop(self._device)
        self._device = self._command = None
        self.EPF = self.SDF = 1

    def _update(self) -> None:
        rx, tx = len(self._rx), len(self._tx)
        self.RXCOUNT, self.TXCOUNT = rx, tx
        self.RDF, self.TDF = rx > self.RXWATER, tx <= self.TXWATER
        self.MBF = self.BBF = self._device is not None or self._step.deadline is not None
        # Each enable bit lies at its flag's place.
        self.IRQ.set(bool(self.MSR & self.MIER & 0x7F03))
