"""NXP LPI2C, as a master and as a slave.

`lpi2c_registers.py` is the register table, `lpi2c_target.py` the slave's side, and `lpi2c_pins.py`
has the lines of the bus at the pads.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import (
    Parameter,
    Register,
    ResetCause,
    State,
    System,
    model,
    time_of,
)
from xipsim.peripherals.i2c.lines import LinesState

from .iomuxc import Iomuxc
from .lpi2c_pins import Lpi2cPins
from .lpi2c_registers import EMPTY, PLL3_60M, Lpi2cRegisters
from .lpi2c_target import EITHER, ONE, RANGE, TargetSide

CRYSTAL = 24_000_000
DEPTH = 4
BITS = 9
"""A byte and its acknowledgement."""
TRANSMIT, RECEIVE, STOP, DISCARD, START, START_NACK, FAST, FAST_NACK = range(8)
"""Commands of MTDR."""
SLAVE = 0x110
"""From here on a register is the slave's."""


@model("Imxrt.Lpi2c")
class Lpi2c(Lpi2cRegisters):
    """The only master of its bus, or a slave for one that moves the pins (`SoftI2C`).

    As a master it has a FIFO of commands, and one for what is received. A command takes the time of
    its bits, and does not show at the pins. An address at which there is no device is not
    acknowledged. Assumption: nobody else holds a line, so arbitration is never lost and no time-out
    comes.
    """

    iomuxc = Parameter(Iomuxc, "which gives pins to it", default=None)
    number = Parameter(int, "which LPI2C, from 1", default=1)

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

    _bus_lines: State[LinesState] = State(LinesState())

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._step = self.alarm(self._over)
        self._own_side = self.target = TargetSide(self)
        self._pins = Lpi2cPins(self, lambda: self._bus_lines, self.iomuxc, self.number)

    def connected(self) -> None:
        self._pins.connected()

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self.update()

    # -- registers -------------------------------------------------------------------------------

    @Lpi2cRegisters.MCR.on_write
    def _control(self, value: int) -> None:
        if self.RST:
            self._reset_side(is_slave=False)
        self.MCR = value & 0xF
        if value & 0x100:
            self._tx = []
        if value & 0x200:
            self._rx = []
        self._go_on()

    def _reset_side(self, *, is_slave: bool) -> None:
        """As MCR.RST and SCR.RST do: what belongs to the other side keeps its value."""
        for register in self.declared(Register):
            if (register.offset >= SLAVE) is is_slave:
                self.regs[register.offset] = register.reset
        if is_slave:
            self.refuses = False
            self._own_side.forget()
        else:
            self._step.cancel()
            self._tx, self._rx, self._left = [], [], 0
            self._device = self._command = None

    @Lpi2cRegisters.MSR.on_read
    def _status(self) -> int:
        self._ask()
        return self.MSR

    @Lpi2cRegisters.MFSR.on_read
    def _levels(self) -> int:
        self._ask()
        return self.MFSR

    def _ask(self) -> None:
        self.system.clock.question(self.name, self._step.deadline)

    @Lpi2cRegisters.MSR.on_write
    @Lpi2cRegisters.MIER.on_write
    @Lpi2cRegisters.MFCR.on_write
    def _written(self, value: int) -> None:
        self._go_on()

    @Lpi2cRegisters.MTDR.on_write
    def _put(self, value: int) -> None:
        self.MTDR = 0
        if len(self._tx) == DEPTH:
            self.diagnose("lpi2c-overflow", "MTDR written while the command FIFO is full: lost")
        else:
            self._tx.append(value & 0x7FF)
        self._go_on()

    @Lpi2cRegisters.MRDR.on_peek
    def _look(self) -> int:
        return self._rx[0] if self._rx else EMPTY

    @Lpi2cRegisters.MRDR.on_read
    def _take(self) -> int:
        if not self._rx:
            return EMPTY
        byte = self._rx.pop(0)
        self._go_on()
        return byte

    # -- registers of the slave ------------------------------------------------------------------

    @Lpi2cRegisters.SCR.on_write
    def _control_slave(self, value: int) -> None:
        if self.SRST:
            self._reset_side(is_slave=True)
        self.SCR = value & 0x33
        self._own_side.empty(transmit=bool(value & 0x100), receive=bool(value & 0x200))
        if not self.SEN:
            self._own_side.forget()

    @Lpi2cRegisters.SSR.on_write
    @Lpi2cRegisters.SIER.on_write
    def _written_to_slave(self, value: int) -> None:
        self.update()

    @Lpi2cRegisters.SCFGR1.on_write
    def _configure_slave(self, value: int) -> None:
        if self.ADDRCFG not in (ONE, EITHER, RANGE):
            self.gap("SCFGR1.ADDRCFG: addresses of ten bits")
        self._own_side.changed()

    @Lpi2cRegisters.SASR.on_read
    def _take_address(self) -> int:
        return self._own_side.take_address()

    @Lpi2cRegisters.SASR.on_peek
    def _look_at_address(self) -> int:
        return self.SASR

    @Lpi2cRegisters.STAR.on_write
    def _answer(self, value: int) -> None:
        self._own_side.answer(bool(self.TXNACK))

    @Lpi2cRegisters.STDR.on_write
    def _put_for_master(self, value: int) -> None:
        self.STDR = 0
        self._own_side.put(value & 0xFF)

    @Lpi2cRegisters.SRDR.on_read
    def _take_from_master(self) -> int:
        return self._own_side.take()

    @Lpi2cRegisters.SRDR.on_peek
    def _look_at_received(self) -> int:
        return EMPTY if self.received is None else self.received

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
        self.update()

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

    def update(self) -> None:
        rx, tx = len(self._rx), len(self._tx)
        self.RXCOUNT, self.TXCOUNT = rx, tx
        self.RDF, self.TDF = rx > self.RXWATER, tx <= self.TXWATER
        self.MBF = self.BBF = self._device is not None or self._step.deadline is not None
        self.STDF = self.to_send is None and (self.is_sending or (self.TXCFG and self.SEN))
        self.SRDF = self.received is not None
        # Each enable bit lies at its flag's place.
        self.IRQ.set(bool(self.MSR & self.MIER & 0x7F03 or self.SSR & self.SIER & 0xFF0F))
