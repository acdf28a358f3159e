"""LPI2C as a slave: what a master elsewhere on the bus gets to see of it."""

from __future__ import annotations

from collections.abc import Callable

from .lpi2c_registers import EMPTY, Lpi2cRegisters

NOTHING = 0xFF
"""What is read where nobody pulls SDA."""
SOF = 1 << 15
"""SRDR: the first byte behind the address."""
ONE, EITHER, RANGE = 0, 2, 6
"""ADDRCFG with addresses of seven bits."""


def _nobody() -> None:
    """Nobody holds the clock for it."""


class TargetSide:
    """Implements `Target` on the block's registers.

    With TXCFG 0 what STDR holds is dropped where a read begins, and TDF is set from then to its
    end whenever STDR is empty: also while its last byte is on the bus (fsl_lpi2c.c counts one more
    for that). TXDSTALL, RXSTALL and ADRSTALL hold the clock behind the ninth bit for as long as
    TDF, RDF or AVF is set. Without ACKSTALL, STAR.TXNACK is what the slave answers by default, and
    counts where it is written while the slave is idle: fsl_lpi2c.c sets it behind each byte that
    it has handed to a callback, and MicroPython's port has the next byte all the same. Assumption:
    with it the address is refused, too.
    """

    def __init__(self, i2c: Lpi2cRegisters) -> None:
        self._i2c = i2c
        self.waiter: Callable[[], None] = _nobody

    def begin(self) -> None:
        """See `Target`."""
        i2c = self._i2c
        if i2c.SEN:
            i2c.SBBF = 1
            i2c.RSF |= i2c.is_addressed
            i2c.is_sending = False
            i2c.update()

    def start(self, address: int, reads: bool) -> bool:
        """See `Target`."""
        i2c = self._i2c
        matches = self._matches(address, reads)
        i2c.SBF = i2c.is_addressed = bool(i2c.SEN and any(matches))
        if not i2c.is_addressed:
            return False
        i2c.SASR, i2c.AVF = address << 1 | reads, 1
        i2c.AM0F, i2c.AM1F, i2c.GCF = matches
        i2c.is_sending, i2c.is_first = reads, True
        if reads and not i2c.TXCFG:
            i2c.to_send = None
        i2c.update()
        return not i2c.refuses

    def _matches(self, address: int, reads: bool) -> tuple[bool, bool, bool]:
        """As AM0F, AM1F and GCF have it."""
        i2c = self._i2c
        first, second, kind = i2c.ADDR0, i2c.ADDR1, i2c.ADDRCFG
        is_first = kind in (ONE, EITHER) and address == first
        is_second = (kind == EITHER and address == second) or (
            kind == RANGE and first <= address <= second
        )
        return is_first, is_second, bool(i2c.GCEN and not address and not reads)

    def is_ready(self) -> bool:
        """See `Target`."""
        i2c = self._i2c
        is_full = i2c.RXSTALL and i2c.received is not None
        return not (i2c.SEN and (is_full or (i2c.ADRSTALL and i2c.AVF)))

    def write(self, byte: int) -> bool:
        """See `Target`."""
        i2c = self._i2c
        if not i2c.SEN:
            return False
        if i2c.received is None:
            i2c.received = byte | (SOF if i2c.is_first else 0)
        else:
            i2c.SFEF = 1
        i2c.is_first = False
        i2c.update()
        return not i2c.refuses

    def read(self) -> int | None:
        """See `Target`."""
        i2c = self._i2c
        if not i2c.SEN:
            return NOTHING
        if i2c.ADRSTALL and i2c.AVF:
            return None
        byte, i2c.to_send = i2c.to_send, None
        if byte is None and not i2c.TXDSTALL:
            byte, i2c.SFEF = NOTHING, 1
        i2c.update()
        return byte

    def refused(self) -> None:
        """See `Target`."""
        self._i2c.is_sending = False
        self._i2c.SBF = 0
        self._i2c.update()

    def stop(self) -> None:
        """See `Target`."""
        i2c = self._i2c
        if i2c.SEN:
            i2c.SSDF |= i2c.is_addressed
        i2c.is_addressed = i2c.is_sending = False
        i2c.SBF = i2c.SBBF = 0
        i2c.update()

    # -- the firmware's side ---------------------------------------------------------------------

    def take_address(self) -> int:
        """SASR is read."""
        i2c = self._i2c
        value = i2c.SASR
        i2c.SASR |= EMPTY
        i2c.AVF = i2c.AM0F = i2c.AM1F = i2c.GCF = 0
        self.changed()
        return value

    def take(self) -> int:
        """SRDR is read."""
        i2c = self._i2c
        if i2c.RXCFG and i2c.AVF:
            return self.take_address()
        value, i2c.received = i2c.received, None
        self.changed()
        return EMPTY if value is None else value

    def put(self, byte: int) -> None:
        """STDR is written. Assumption: what it held, and nobody has fetched, is lost."""
        self._i2c.to_send = byte
        self.changed()

    def answer(self, refuses: bool) -> None:
        """STAR is written."""
        if not self._i2c.is_addressed:
            self._i2c.refuses = refuses

    def empty(self, *, transmit: bool, receive: bool) -> None:
        """SCR.RTF and RRF."""
        if transmit:
            self._i2c.to_send = None
        if receive:
            self._i2c.received = None
        self.changed()

    def forget(self) -> None:
        """SCR.RST, or the slave is off: whoever is on the bus goes on without it."""
        i2c = self._i2c
        i2c.to_send = i2c.received = None
        i2c.is_addressed = i2c.is_sending = i2c.is_first = False
        i2c.SBF = i2c.SBBF = 0
        self.changed()

    def changed(self) -> None:
        """Something that may hold the clock has changed."""
        self._i2c.update()
        self.waiter()
