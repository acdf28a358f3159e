"""FlexSPI's serial clock, and what a sequence costs of it."""

from __future__ import annotations

from collections.abc import Hashable
from operator import itemgetter

from xipsim.peripherals.core import time_of
from xipsim.peripherals.namedtuple import NamedTuple

from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .clocks import ahb_clock, clock_or, flexspi2_clock, flexspi_clock
from .flexspi_registers import FlexSpiRegisters
from .lut import Sequence

_timing_of = tuple(
    itemgetter(FlexSpiRegisters.MCR0.offset, FlexSpiRegisters.MCR1.offset, timing.offset)
    for timing in FlexSpiRegisters.FLSHCR1.elements
)
"""By which of FLSHxxCR1 applies."""
_timings = itemgetter(
    FlexSpiRegisters.MCR1.offset,
    FlexSpiRegisters.MCR2.offset,
    *(timing.offset for timing in FlexSpiRegisters.FLSHCR1.elements),
)
_muxes = itemgetter(Ccm.CSCMR1.offset, Ccm.CBCMR.offset, Ccm.CBCDR.offset, Ccm.CACRR.offset)
_plls = itemgetter(CcmAnalog.PFD_480.offset, CcmAnalog.PFD_528.offset, CcmAnalog.PLL_ARM.offset)
_WAIT_UNIT = 1024
"""Clocks in one of MCR0.IPGRANTWAIT, MCR0.AHBGRANTWAIT, MCR1.AHBBUSWAIT and MCR1.SEQWAIT."""


class Cost(NamedTuple):
    """What a sequence costs, in ns but for the rate of its data.

    Assumption: TCSS and TCSH clocks are all that surrounds the instructions; arbitration and the
    way from one clock domain to the other take no time.
    """

    interval: int
    """For which chip select has to be high before it."""
    before: int
    """From the fall of chip select to the first bit of data."""
    hertz: int
    byte_clocks: int
    """A byte of data takes so many clocks of `hertz`."""
    behind: int
    """From the last clock to the rise of chip select."""
    limit: int
    """After which it is given up; 0: never. (MCR1.SEQWAIT, in serial root clocks)"""

    def total(self, length: int) -> int:
        """From the fall of chip select to its rise, with `length` bytes of data."""
        return self.before + time_of(length, self.hertz, self.byte_clocks) + self.behind


class SerialBus:
    """Costs, which follow from clock tree, MCR0, MCR1 and FLSHxxCR1."""

    def __init__(self, spi: FlexSpiRegisters) -> None:
        self._spi, self._ccm, self._analog = spi, spi.ccm, spi.ccm_analog
        self._costs: dict[Hashable, Cost] = {}
        """By all that they follow from."""

    @property
    def _hertz(self) -> int:
        """Of the serial root clock."""
        spi = self._spi
        root = (flexspi_clock, flexspi2_clock)[spi.instance - 1]
        rate = clock_or(spi.frequency, root, self._ccm, self._analog)
        return rate // (spi.SERCLKDIV + 1) // (spi.HSEN + 1)

    def setting(self) -> Hashable:
        """All registers that the costs of all sequences follow from, but MCR0."""
        timings, ccm, analog = _timings(self._spi.regs), self._ccm, self._analog
        if ccm is None or analog is None:
            return timings
        return timings, _muxes(ccm.regs), _plls(analog.regs)

    def pace(self, settings: int) -> Hashable:
        """All registers that the cost of a sequence follows from, for the chip select with these
        FLSHxxCRn. Asked with every command."""
        timing, ccm, analog = _timing_of[settings](self._spi.regs), self._ccm, self._analog
        if ccm is None or analog is None:
            return timing
        return timing, _muxes(ccm.regs), _plls(analog.regs)

    def cost(self, settings: int, sequence: Sequence) -> Cost:
        """Of `sequence` for the chip select with these FLSHxxCRn."""
        s = sequence
        key = self.pace(settings), s.clocks, s.byte_clocks, s.divider, s.empty
        known = self._costs.get(key)
        if known is None:
            known = self._costs[key] = self._cost(self._spi.FLSHCR1[settings], sequence)
        return known

    def _cost(self, timing: int, sequence: Sequence) -> Cost:
        hertz = self._hertz
        interval = (timing >> 16) << 8 * (timing >> 15 & 1)
        before = (timing & 0x1F) * sequence.divider + sequence.clocks
        behind = (timing >> 5 & 0x1F) * sequence.divider
        if sequence.empty:
            interval = before = behind = 0
        return Cost(
            interval=time_of(interval, hertz),
            before=time_of(before, hertz),
            hertz=hertz,
            byte_clocks=sequence.byte_clocks,
            behind=time_of(behind, hertz),
            limit=time_of(self._spi.SEQWAIT * _WAIT_UNIT, hertz),
        )

    @property
    def grant_limit(self) -> int:
        """ns for which an IP command waits for the bus. (MCR0.IPGRANTWAIT, in AHB clocks)"""
        return self._ahb_time(self._spi.IPGRANTWAIT)

    @property
    def ahb_grant_limit(self) -> int:
        """ns for which an AHB access waits for the bus. (MCR0.AHBGRANTWAIT, in AHB clocks)"""
        return self._ahb_time(self._spi.AHBGRANTWAIT)

    @property
    def ahb_data_limit(self) -> int:
        """ns for which an AHB access waits for its data. (MCR1.AHBBUSWAIT, in AHB clocks)"""
        return self._ahb_time(self._spi.AHBBUSWAIT)

    def _ahb_time(self, units: int) -> int:
        hertz = clock_or(self._spi.ahb_frequency, ahb_clock, self._ccm, self._analog)
        return time_of(units * _WAIT_UNIT, hertz)
