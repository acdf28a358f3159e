"""LPI2C as a target: what a master elsewhere on the bus gets to see of it.

IMXRT1060RM, chapter LPI2C, slave mode; fsl_lpi2c.c.
"""

from __future__ import annotations

from collections.abc import Callable

from .lpi2c_registers import NO_ADDRESS, RXEMPTY, Lpi2cRegisters

ONE_OF_TWO = 2
"""ADDRCFG: ADDR0 or ADDR1, of seven bits each."""
ALL_ONES = 0xFF


def _nobody() -> None:
    """Nobody holds the clock for it."""


class TargetSide:
    """Implements `Target` on the block's registers.

    Without ACKSTALL, STAR.TXNACK counts as it was while nobody had addressed the target. The byte
    behind the one that is being sent is asked for as soon as that has begun, before the master
    refuses it. STDR is emptied by an address, unless SCFGR1.TXCFG is set. Assumption: with RXSTALL
    the clock is held for as long as SRDR is full, which here takes no time of the master's.
    """

    def __init__(self, i2c: Lpi2cRegisters) -> None:
        self._i2c = i2c
        self.waiter: Callable[[], None] = _nobody

    # -- the firmware's side ---------------------------------------------------------------------

    def control(self, value: int) -> None:
        """SCR was written."""
        i2c = self._i2c
        if i2c.SRST:
            i2c.SSR = i2c.SIER = i2c.SDER = i2c.SCFGR1 = i2c.SCFGR2 = i2c.SAMR = i2c.STAR = 0
            i2c.SASR, i2c.nacks = NO_ADDRESS, False
        if i2c.SRST or not i2c.SEN:
            i2c.is_addressed = i2c.is_read = False
            i2c.SBF = i2c.STDF = 0
        if i2c.SRST or value & 0x100:
            i2c.prepared = None
        if i2c.SRST or value & 0x200:
            i2c.received = []
        i2c.SCR = value & 0x33
        i2c.update()

    def acknowledge(self) -> None:
        """STAR was written."""
        if not self._i2c.is_addressed:
            self._i2c.nacks = bool(self._i2c.TXNACK)

    def put(self, byte: int) -> None:
        """STDR was written."""
        self._i2c.prepared = byte
        self._i2c.STDF = 0
        self._i2c.update()
        self.waiter()

    def take(self) -> int:
        """SRDR is read."""
        i2c = self._i2c
        byte = i2c.received.pop(0) if i2c.received else RXEMPTY
        i2c.update()
        return byte

    # -- the bus's side --------------------------------------------------------------------------

    def begin(self) -> None:
        """See `Target`."""
        i2c = self._i2c
        if i2c.SEN:
            i2c.SBBF = 1
            if i2c.is_addressed:
                i2c.RSF = 1
            i2c.update()

    def start(self, address: int, reads: bool) -> bool:
        """See `Target`."""
        i2c = self._i2c
        first = address == i2c.ADDR0
        second = i2c.ADDRCFG == ONE_OF_TWO and address == i2c.ADDR1
        i2c.is_addressed = bool(i2c.SEN and (first or second) and not i2c.nacks)
        i2c.is_read = i2c.is_addressed and reads
        i2c.STDF = 0
        i2c.AM0F, i2c.AM1F = first and i2c.is_addressed, second and i2c.is_addressed
        if i2c.is_addressed:
            i2c.SASR, i2c.AVF, i2c.SBF = address << 1 | reads, 1, 1
            if reads:
                if not i2c.TXCFG:
                    i2c.prepared = None
                i2c.STDF = i2c.prepared is None
        i2c.update()
        return i2c.is_addressed

    def write(self, byte: int) -> bool:
        """See `Target`."""
        i2c = self._i2c
        if i2c.received and not i2c.RXSTALL:
            i2c.SFEF = 1
        else:
            i2c.received.append(byte)
        i2c.update()
        return True

    def read(self) -> int | None:
        """See `Target`."""
        i2c = self._i2c
        byte, i2c.prepared = i2c.prepared, None
        i2c.STDF = 1
        if byte is None and not i2c.TXDSTALL:
            i2c.SFEF = 1
            byte = ALL_ONES
        i2c.update()
        return byte

    def refused(self) -> None:
        """See `Target`."""
        self._i2c.is_read = False
        self._i2c.STDF = 0
        self._i2c.update()

    def stop(self) -> None:
        """See `Target`."""
        i2c = self._i2c
        if i2c.is_addressed:
            i2c.SSDF = 1
        i2c.is_addressed = i2c.is_read = False
        i2c.SBF = i2c.SBBF = i2c.STDF = 0
        i2c.update()
