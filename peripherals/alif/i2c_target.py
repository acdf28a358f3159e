"""I2C of the Alif Ensemble as a target: what a master elsewhere on the bus gets to see of it."""

from __future__ import annotations

from collections.abc import Callable

from .i2c_registers import (
    ACTIVITY,
    DEPTH,
    RD_REQ,
    RESTART_DET,
    RX_DONE,
    RX_OVER,
    START_DET,
    STOP_DET,
    TX_ABRT,
    I2cRegisters,
)

FLUSHED = 1 << 13
"""Of TX_ABRT_SOURCE: bytes that nobody has asked for were dropped."""


def _nobody() -> None:
    """Nobody holds the clock for it."""


class TargetSide:
    """Implements `Target` on the block's registers.

    A read holds the clock, and raises RD_REQ, for each byte that is not in the FIFO. As
    MicroPython's port found, a byte that is written after the master has refused one is dropped at
    once. CON.RX_FIFO_FULL_HLD_CTRL is read-only (SVD): what comes to a full FIFO is lost.
    """

    def __init__(self, i2c: I2cRegisters) -> None:
        self._i2c = i2c
        self.waiter: Callable[[], None] = _nobody

    def _is_enabled(self) -> bool:
        return bool(self._i2c.EN and not self._i2c.SLAVE_DISABLE)

    def _raise(self, interrupts: int) -> None:
        self._i2c.raised |= interrupts
        self._i2c.update()

    def begin(self) -> None:
        """See `Target`."""
        if self._is_enabled():
            self._raise(START_DET)

    def start(self, address: int, reads: bool) -> bool:
        """See `Target`."""
        i2c = self._i2c
        was_addressed = i2c.is_addressed
        i2c.is_addressed = self._is_enabled() and address == i2c.OWN
        if i2c.is_addressed:
            i2c.is_refused = False
            self._raise(ACTIVITY | (RESTART_DET if was_addressed else 0))
            if reads and i2c.tx:
                self._flush()
        return i2c.is_addressed

    def is_ready(self) -> bool:
        """See `Target`."""
        return True

    def write(self, byte: int) -> bool:
        """See `Target`."""
        if len(self._i2c.rx) < DEPTH:
            self._i2c.rx.append(byte)
            self._raise(0)
        else:
            self._raise(RX_OVER)
        return True

    def read(self) -> int | None:
        """See `Target`."""
        if self._i2c.tx:
            return self._i2c.tx.pop(0) & 0xFF
        self._raise(RD_REQ)
        return None

    def refused(self) -> None:
        """See `Target`."""
        self._i2c.is_refused = True
        self._raise(RX_DONE)

    def stop(self) -> None:
        """See `Target`."""
        i2c = self._i2c
        if self._is_enabled() and (i2c.is_addressed or not i2c.STOP_DET_IFADDRESSED):
            self._raise(STOP_DET)
        i2c.is_addressed = False

    def filled(self) -> None:
        """The firmware has written a byte for the master."""
        if self._i2c.is_refused and self._i2c.tx:
            self._flush()
        elif self._i2c.tx:
            self.waiter()

    def _flush(self) -> None:
        self._i2c.tx = []
        self._i2c.TX_ABRT_SOURCE |= FLUSHED
        self._raise(TX_ABRT)
