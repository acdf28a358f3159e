"""I2C of the Alif Ensemble: Synopsys DW_apb_i2c, as a master and as a target.

What stands on which lines: `i2c_registers.py` is the register table, `i2c_target.py` the target's
side. Behaviour: Alif's SVD file, and DW_apb_i2c as the RP2040's data sheet (4.3) describes it.
"""

from __future__ import annotations

from typing import Any

from xipsim.peripherals.core import State, System, model, time_of

from .i2c_registers import (
    ACTIVITY,
    CLEARED,
    DEPTH,
    RX_FULL,
    RX_OVER,
    RX_UNDER,
    START_DET,
    STOP_DET,
    TX_ABRT,
    TX_EMPTY,
    TX_OVER,
    I2cRegisters,
)
from .i2c_target import TargetSide

BITS = 9
"""A byte and its acknowledgement."""
READ, STOP, RESTART = 1 << 8, 1 << 9, 1 << 10
"""Bits of a command in DATA_CMD."""
NO_ADDRESS, NO_DATA, USER = 1 << 0, 1 << 3, 1 << 16
"""Bits of TX_ABRT_SOURCE: what was not acknowledged, or that ENABLE.ABORT was written."""
STANDARD = 1
"""Of CON.SPEED; else fast, or fast plus."""
ADDRESSING, MOVING, STOPPING = 1, 2, 3


@model("Alif.I2c")
class I2c(I2cRegisters):
    """The only master of its bus, and a target for one whose master is somebody else (`I2c.Pins`).

    A command leaves the FIFO when its byte begins; the bus gets a STOP when the FIFO is empty after
    a byte, as MicroPython's port found. An address at which there is no device is not acknowledged:
    the FIFO is flushed, and stays so until CLR_TX_ABRT is read.
    Assumption: START and STOP take the time of a bit. Assumption: a command is taken out of the
    FIFO after its address was acknowledged, not before; and a FIFO that is held flushed does not
    show as empty in STATUS, for MicroPython's port looks for an abort only until it does.
    Registers that silicon locks while the block is enabled can be written here.
    """

    _phase = State(0)
    """What is on the bus, 0: nothing."""
    _is_open = State(False)
    """A START was sent, and no STOP yet."""
    _reads = State(False)
    _command = State(0)
    """The one whose byte is on the bus."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        super().__init__(system, name=name, **parameters)
        self._own_side = self.target = TargetSide(self)
        self._step = self.alarm(self._over)

    # -- registers -------------------------------------------------------------------------------

    @I2cRegisters.TAR.on_write
    def _tar(self, value: int) -> None:
        self.MASTER_10BIT = self.TAR_10BIT

    @I2cRegisters.ENABLE.on_write
    def _enable(self, value: int) -> None:
        if not self.EN:
            self.tx, self.rx = [], []
            self.raised = 0
        elif self.ABORT:
            if self._is_open:
                self._abort(USER)
            self.ABORT = 0
        self._go_on()

    @I2cRegisters.ENABLE_STATUS.on_read
    def _enabled(self) -> int:
        self._ask()
        return self._is_enabled()

    @I2cRegisters.ENABLE_STATUS.on_peek
    def _is_enabled(self) -> int:
        return 1 if self.EN or self._is_open else 0

    @I2cRegisters.DATA_CMD.on_write
    def _put(self, value: int) -> None:
        self.DATA_CMD = 0
        if len(self.tx) == DEPTH:
            self.raised |= TX_OVER
            self.diagnose("i2c-overflow", "DATA_CMD written while the FIFO is full: lost")
        elif not self.EN:
            self.diagnose("i2c-disabled", "DATA_CMD written while ENABLE is 0: lost")
        elif not self.raised & TX_ABRT:
            self.tx.append(value & 0x7FF)
        self._go_on()
        if not self.MASTER_MODE:
            self._own_side.filled()

    @I2cRegisters.DATA_CMD.on_read
    def _take(self) -> int:
        if not self.rx:
            self.raised |= RX_UNDER
            self.update()
            return 0
        byte = self.rx.pop(0)
        self.update()
        return byte

    @I2cRegisters.DATA_CMD.on_peek
    def _look(self) -> int:
        return self.rx[0] if self.rx else 0

    @I2cRegisters.CLR.on_read
    def _clear(self, index: int) -> int:
        was = self._clear_status(index)
        self.raised &= ~CLEARED[index]
        if CLEARED[index] & TX_ABRT:
            self.TX_ABRT_SOURCE = 0
        if self._is_open:
            self.raised |= ACTIVITY
        self._go_on()
        return was

    @I2cRegisters.CLR.on_peek
    def _clear_status(self, index: int) -> int:
        return 1 if self.raised & CLEARED[index] else 0

    @I2cRegisters.STATUS.on_read
    def _status(self) -> int:
        self._ask()
        return self._bits()

    @I2cRegisters.STATUS.on_peek
    def _bits(self) -> int:
        tx, rx = len(self.tx), len(self.rx)
        is_empty = tx == 0 and not self.raised & TX_ABRT
        fifos = (tx < DEPTH) << 1 | is_empty << 2 | (rx > 0) << 3 | (rx == DEPTH) << 4
        master, target = self._is_open, self.is_addressed
        return (master or target) | fifos | master << 5 | target << 6

    @I2cRegisters.TXFLR.on_read
    def _tx_level(self) -> int:
        self._ask()
        return len(self.tx)

    @I2cRegisters.TXFLR.on_peek
    def _look_tx(self) -> int:
        return len(self.tx)

    @I2cRegisters.RXFLR.on_read
    def _rx_level(self) -> int:
        self._ask()
        return len(self.rx)

    @I2cRegisters.RXFLR.on_peek
    def _look_rx(self) -> int:
        return len(self.rx)

    @I2cRegisters.RAW_INTR_STAT.on_read
    def _raw_status(self) -> int:
        self._ask()
        return self._raw()

    @I2cRegisters.INTR_STAT.on_read
    def _masked_status(self) -> int:
        self._ask()
        return self._masked()

    @I2cRegisters.INTR_STAT.on_peek
    def _masked(self) -> int:
        return self._raw() & self.INTR_MASK

    @I2cRegisters.RAW_INTR_STAT.on_peek
    def _raw(self) -> int:
        raw = self.raised
        if len(self.rx) > self.RX_TL:
            raw |= RX_FULL
        is_shifting = self.TX_EMPTY_CTRL and self._phase in (ADDRESSING, MOVING)
        if (self.EN or self._is_open) and len(self.tx) <= self.TX_TL and not is_shifting:
            raw |= TX_EMPTY
        return raw

    @I2cRegisters.INTR_MASK.on_write
    @I2cRegisters.RX_TL.on_write
    @I2cRegisters.TX_TL.on_write
    def _written(self, value: int) -> None:
        self.update()

    def update(self) -> None:
        self.IRQ.set(bool(self._masked()))

    def _ask(self) -> None:
        self.system.clock.question(self.name, self._step.deadline)

    # -- the master ------------------------------------------------------------------------------

    def _take_time(self, phase: int, bits: int) -> None:
        """The bus is busy with `phase` for so many clocks of SCL."""
        if self.SPEED == STANDARD:
            high, low = self.SS_SCL_HCNT, self.SS_SCL_LCNT
        else:
            high, low = self.FS_SCL_HCNT, self.FS_SCL_LCNT
        clocks = high + self.FS_SPKLEN + 7 + low + 1
        self._phase = phase
        self._step.at(self.system.clock.now + time_of(bits * clocks, self.frequency))

    def _go_on(self) -> None:
        """Begin what can begin."""
        if not self._phase and self.MASTER_MODE and self._is_free_to_begin():
            self._begin()
        self.update()

    def _is_free_to_begin(self) -> bool:
        return bool(self.EN and self.tx and not self.TX_CMD_BLOCK and not self.raised & TX_ABRT)

    def _begin(self) -> None:
        """The next command, on a bus that is idle or holds."""
        reads = bool(self.tx[0] & READ)
        if self._is_open and reads == self._reads and not self.tx[0] & RESTART:
            self._move()
            return
        # Where it may send no RESTART, it sends STOP and START.
        extra = 1 if self._is_open and not self.RESTART_EN else 0
        self._is_open, self._reads = True, reads
        self.raised |= ACTIVITY | START_DET
        self._take_time(ADDRESSING, 1 + extra + BITS)

    def _move(self) -> None:
        self._command = self.tx.pop(0)
        self._take_time(MOVING, BITS)

    def _over(self) -> None:
        """The last bit of what is on the bus is over."""
        phase, self._phase = self._phase, 0
        if phase == STOPPING:
            self.bus.stop(self.TARGET)
            self._is_open = False
            self.raised |= STOP_DET
            self._go_on()
            return
        if phase == ADDRESSING:
            is_fine = self.bus.start(self.TARGET, self._reads) or self._abort(NO_ADDRESS)
        elif self._reads:
            is_fine = self._receive()
        else:
            byte = self._command & 0xFF
            is_fine = self.bus.write(self.TARGET, byte) or self._abort(NO_DATA)
        wants_stop = phase == MOVING and self._command & STOP
        if is_fine and not wants_stop and self._is_free_to_begin():
            if phase == ADDRESSING:
                self._move()
            else:
                self._begin()
        elif is_fine:
            self._take_time(STOPPING, 1)
        self.update()

    def _receive(self) -> bool:
        byte = self.bus.read(self.TARGET)
        if len(self.rx) < DEPTH:
            self.rx.append(byte)
        elif self.EN:
            self.raised |= RX_OVER
            self.diagnose("i2c-overrun", "a byte was received while the FIFO is full: lost")
        return True

    def _abort(self, source: int) -> bool:
        """Nothing more goes over the bus but a STOP."""
        self.TX_ABRT_SOURCE |= source | len(self.tx) << 23
        self.raised |= TX_ABRT
        self.tx = []
        self._take_time(STOPPING, 1)
        return False
