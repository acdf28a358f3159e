"""The ROM's FlexSPI NOR driver: the controller and its chips set up as a configuration block says.

Works through the controller's registers, the chips and the bus. Source: the vendor's published
FlexSPI NOR boot driver. Assumption: the mask ROM does what that driver does.
"""

from __future__ import annotations

from collections.abc import Generator

from xipsim.peripherals.core import BootError, Register, RegisterArray

from . import lut
from .bootheader import Custom, Fcb
from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .flexspi import FlexSpi
from .flexspi_registers import LUT_KEY

# CMD 03h, RADDR 24 | READ, STOP: every serial NOR understands it in its power-on state.
_BASIC_READ = (0x0818_0403, 0x0000_2404)
_STATUS, _WRITE_ENABLE, _WRITE = 1, 3, 9
"""LUT sequences with a fixed purpose, where the block names no others."""
# Assumption: the ROM gives up after a second where the block sets no limit.
PATIENCE = 1_000_000_000
"""Virtual ns."""
_PLL3_RUNS = 0x3000
"""PLL_USB1: POWER and ENABLE, not bypassed. FlexSPI's clock comes from it, so images that execute
in place leave it alone and compute other clocks from it."""
_FROM_PFD0 = 3
"""FLEXSPI_CLK_SEL: PLL3's fractional divider 0."""
_SDR = (None, (34, 8), (22, 8), (24, 6), (30, 4), (18, 6), (14, 6), (13, 5), (13, 4), (22, 2))
_DDR = (None, (24, 6), (22, 4), (12, 6), (30, 2), (18, 3), (22, 2), (33, 1), (13, 2), (22, 1))
"""PFD0_FRAC and divider by serialClkFreq: 30, 50, 60, 75, 80, 100, 133, 166, 200 MHz (by two
edges, twice that at the root)."""
_FLAGS = 0xFBF
"""All of INTR that a write may clear, but IPTXWE: writing that pushes."""
_DLL_LOCKS = 0x79
"""DLLEN, and half a clock of delay: for a strobe from the chip."""

Waiting = Generator[int, None, None]


class RomFlexSpi:
    """The driver. ccm, ccm_analog: where the clock comes from; None leaves it as it is."""

    def __init__(self, spi: FlexSpi, ccm: Ccm | None, ccm_analog: CcmAnalog | None) -> None:
        self.spi, self._ccm, self._analog = spi, ccm, ccm_analog

    def _set(self, register: Register | RegisterArray, value: int, index: int = 0) -> None:
        self.spi.write(register.offset + 4 * index, value)

    # -- controller ------------------------------------------------------------------------------

    def start(self) -> None:
        """Clock and controller as the ROM needs them to find a configuration block."""
        self._start_clock(1, is_ddr=False)
        self.load_lut(_BASIC_READ)
        self._enable(0)

    def _start_clock(self, frequency: int, *, is_ddr: bool) -> None:
        table = _DDR if is_ddr else _SDR
        divided = table[frequency] if frequency < len(table) else table[1]
        if self._analog is not None:
            self._analog.write(CcmAnalog.PLL_USB1.offset, _PLL3_RUNS)
            if divided:
                old = self._analog.read(CcmAnalog.PFD_480.offset)
                self._analog.write(CcmAnalog.PFD_480.offset, old & ~0x3F | divided[0])
        if self._ccm is not None and divided:
            old = self._ccm.read(Ccm.CSCMR1.offset)
            old &= ~(Ccm.FLEXSPI_CLK_SEL.mask | Ccm.FLEXSPI_PODF.mask)
            divider = divided[1] - 1 << Ccm.FLEXSPI_PODF.lsb
            self._ccm.write(
                Ccm.CSCMR1.offset, old | divider | _FROM_PFD0 << Ccm.FLEXSPI_CLK_SEL.lsb
            )

    def load_lut(self, words: tuple[int, ...]) -> None:
        """Unlock, write from sequence 0 on, lock."""
        self._set(FlexSpi.LUTKEY, LUT_KEY)
        self._set(FlexSpi.LUTCR, 2)
        for index, word in enumerate(words):
            self._set(FlexSpi.LUT, word, index)
        self._set(FlexSpi.LUTKEY, LUT_KEY)
        self._set(FlexSpi.LUTCR, 1)

    def _enable(self, sample_clock: int) -> None:
        # Each chip select has settings of its own, and the FIFOs are on the IP bus: firmware that
        # executes in place reads and writes them there without a look at MCR0.
        self._set(FlexSpi.MCR2, FlexSpi.MCR2.reset & ~FlexSpi.SAMEDEVICEEN.mask)
        kept = FlexSpi.MCR0.reset & ~(
            FlexSpi.MDIS.mask | FlexSpi.ARDFEN.mask | FlexSpi.ATDFEN.mask
        )
        self._set(FlexSpi.MCR0, kept | sample_clock << 4)
        # READADDROPT and PREFETCHEN.
        self._set(FlexSpi.AHBCR, FlexSpi.AHBCR.reset | 0x60)

    def configure(self, fcb: Fcb) -> None:
        """Clock, controller and LUT as `fcb` has them."""
        if fcb.is_parallel:
            self.spi.gap("FCB: parallel mode")
        self._start_clock(fcb.frequency, is_ddr=fcb.is_ddr)
        self._enable(fcb.clock_source & 3)
        timing = fcb.cs_setup & 0x1F | (fcb.cs_hold & 0x1F) << 5
        timing |= fcb.is_word_addressed << 10 | (fcb.column_bits & 0xF) << 11
        write = fcb.custom.get(Custom.WRITE, (_WRITE, 1))
        for select, size in enumerate(fcb.sizes):
            self._set(FlexSpi.FLSHCR0, size >> 10, select)
            self._set(FlexSpi.FLSHCR1, timing, select)
            self._set(FlexSpi.FLSHCR2, (write[0] & 0xF) << 8 | (write[1] - 1 & 7) << 13, select)
        if fcb.clock_source == 3:
            self._set(FlexSpi.DLLCR, _DLL_LOCKS)
        self._set(FlexSpi.IPRXFCR, 1)
        self._set(FlexSpi.IPTXFCR, 1)
        self.load_lut(fcb.lut)

    # -- chips -----------------------------------------------------------------------------------

    def configure_chips(self, fcb: Fcb) -> Waiting:
        """Send the commands of `fcb` to every chip, each with a wait for its end."""
        start = 0
        for select, size in enumerate(fcb.sizes):
            if size:
                for command in fcb.commands:
                    self._run_custom(fcb, Custom.WRITE_ENABLE, _WRITE_ENABLE, start)
                    self._run(
                        fcb, command.sequence, start, count=command.runs, data=command.argument
                    )
                    if fcb.wait or command.kind in (2, 3):
                        yield self.spi.system.clock.now + fcb.wait
                    else:
                        yield from self._wait_while_busy(fcb, select, start)
            start += size

    def _run_custom(
        self, fcb: Fcb, purpose: Custom, usual: int, address: int, *, size: int = 0
    ) -> int:
        """What `fcb` has for that purpose."""
        index, count = fcb.custom.get(purpose, (usual, 1))
        return self._run(fcb, index, address, count=count, size=size)

    def _run(
        self, fcb: Fcb, index: int, address: int, *, count: int = 1, data: int = 0, size: int = 0
    ) -> int:
        """An IP command from sequence `index` on; returns the first word that it read."""
        spi = self.spi
        self._set(FlexSpi.IPRXFCR, 1)
        self._set(FlexSpi.IPTXFCR, 1)
        sequences = range(index, index + max(count, 1))
        if any(_sequence(fcb, i).writes is not None for i in sequences):
            self._set(FlexSpi.TFDR, data)
            self._set(FlexSpi.INTR, FlexSpi.IPTXWE.mask)
        self._set(FlexSpi.IPCR0, address)
        self._set(FlexSpi.IPCR1, size | (index & 0xF) << 16 | (len(sequences) - 1 & 7) << 24)
        self._set(FlexSpi.IPCMD, 1)
        flags = spi.read(FlexSpi.INTR.offset)
        value = spi.read(FlexSpi.RFDR.offset)
        self._set(FlexSpi.INTR, _FLAGS)
        if flags & FlexSpi.IPCMDERR.mask or not flags & FlexSpi.IPCMDDONE.mask:
            raise BootError(f"The FCB's LUT sequence {index} does not run as an IP command.")
        return value

    def _wait_while_busy(self, fcb: Fcb, select: int, address: int) -> Waiting:
        index, count = fcb.custom.get(Custom.READ_STATUS, (_STATUS, 1))
        if all(_sequence(fcb, i).reads is None for i in range(index, index + count)):
            return
        clock = self.spi.system.clock
        deadline = clock.now + (fcb.timeout or PATIENCE)
        size = fcb.busy_bit // 8 + 1
        while True:
            status = self._run_custom(fcb, Custom.READ_STATUS, _STATUS, address, size=size)
            if status >> fcb.busy_bit & 1 != fcb.busy_level:
                return
            if clock.now >= deadline:
                raise BootError(
                    f"The chip on {self.spi.name} stays busy after a configuration command "
                    f"of the FCB: its status reads {status:#x}."
                )
            chip = self.spi.chips.get(select)
            yield (chip and chip.busy_until) or clock.now + 1_000_000


def _sequence(fcb: Fcb, index: int) -> lut.Sequence:
    first = index % lut.SEQUENCES * lut.WORDS
    return lut.decode(fcb.lut[first : first + lut.WORDS])
