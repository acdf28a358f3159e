"""The ROM's FlexSPI NOR driver: a controller and its chips, worked as a configuration block says.

Works through the controller's registers, the chips and the bus. Source: the vendor's published
FlexSPI NOR boot driver. Assumption: the mask ROM does what that driver does.
"""

from __future__ import annotations

from collections.abc import Generator

from xipsim.peripherals.core import Record, Register, RegisterArray
from xipsim.peripherals.namedtuple import NamedTuple

from . import lut
from .bootheader import Custom, Fcb
from .ccm import Ccm
from .ccm_analog import CcmAnalog
from .flexspi import FlexSpi
from .flexspi_registers import LUT_KEY

# CMD 03h, RADDR 24 | READ, STOP: every serial NOR understands it in its power-on state.
_BASIC_READ = (0x0818_0403, 0x0000_2404)
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
_ENTRY = 8
"""Bytes of a FIFO entry, and of the watermarks."""
_DLL_LOCKS = 0x79
"""DLLEN, and half a clock of delay: for a strobe from the chip."""
_LOOK = 1_000_000
"""ns between two looks at what nobody knows the end of."""

SUCCESS, FAIL, INVALID_ARGUMENT = 0, 1, 4
SEQUENCE_TIMEOUT, INVALID_SEQUENCE, DEVICE_TIMEOUT = 6000, 6001, 6002
"""The ROM's status codes (fsl_romapi.h)."""
_TIMED_OUT = 0xE
"""IPCMDERRCODE: sequence execution time-out."""

Waiting = Generator[int, None, None]


class RomError(Exception):
    """What the driver could not do. status: as the ROM's functions return it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Transfer(NamedTuple):
    """An IP command of `number` LUT sequences from `first` on.

    size: of the data; 0 where the sequence says it. data: what is sent. to: where in memory goes
    what is received; None: nowhere.
    """

    first: int
    number: int
    address: int
    data: bytes = b""
    size: int = 0
    to: int | None = None


class UntilReady(NamedTuple):
    """A wait for the chip on chip select `select`, whose bytes begin at `address`."""

    select: int
    address: int


class Pause(NamedTuple):
    """A wait of so many ns."""

    span: int


Step = Transfer | UntilReady | Pause


class Job(Record):
    """Steps to do, and how far the first of them has come. fcb: of the chips; None: not asked for.

    patience: ns that a chip may stay busy where `fcb` sets no limit; 0: for ever. clears_cache:
    what the AHB has read ahead is stale when the last step is done. then: the caller's method that
    goes on from there.
    """

    def __init__(
        self,
        fcb: Fcb | None,
        steps: list[Step],
        *,
        patience: int = 0,
        clears_cache: bool = False,
        then: str = "",
    ) -> None:
        self.fcb, self.steps, self.then = fcb, steps, then
        self.patience, self.clears_cache = patience, clears_cache
        self.started, self.sent = False, 0
        self.received = bytearray()
        self.until: int | None = None
        self.look_at = 0
        """Virtual ns before which a look is in vain."""

    def begin(self) -> None:
        """Forget the step that was under way."""
        self.started, self.sent = False, 0
        self.received = bytearray()


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

    def load_lut(self, words: tuple[int, ...], first: int = 0) -> None:
        """Unlock, write from word `first` on, lock."""
        self._set(FlexSpi.LUTKEY, LUT_KEY)
        self._set(FlexSpi.LUTCR, 2)
        for index, word in enumerate(words, first):
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
        first, count = fcb.sequence(Custom.WRITE)
        for select, size in enumerate(fcb.sizes):
            self._set(FlexSpi.FLSHCR0, size >> 10, select)
            self._set(FlexSpi.FLSHCR1, timing, select)
            self._set(FlexSpi.FLSHCR2, (first & 0xF) << 8 | (count - 1 & 7) << 13, select)
        if fcb.clock_source == 3:
            self._set(FlexSpi.DLLCR, _DLL_LOCKS)
        self._clear_fifos()
        self.load_lut(fcb.lut)

    def clear_cache(self) -> None:
        """Software reset of the controller: what the AHB has read ahead is gone."""
        self._set(FlexSpi.MCR0, self.spi.read(FlexSpi.MCR0.offset) | FlexSpi.SWRESET.mask)

    def _clear_fifos(self) -> None:
        self._set(FlexSpi.IPRXFCR, 1)
        self._set(FlexSpi.IPTXFCR, 1)

    # -- steps -----------------------------------------------------------------------------------

    def chip_steps(self, fcb: Fcb) -> list[Step]:
        """The commands of `fcb` for every chip, each with a wait for its end."""
        steps: list[Step] = []
        start = 0
        for select, size in enumerate(fcb.sizes):
            if size:
                for command in fcb.commands:
                    count = max(command.runs, 1)
                    sequences = range(command.sequence, command.sequence + count)
                    writes = any(_sequence(fcb, i).writes is not None for i in sequences)
                    data = command.argument.to_bytes(4, "little") if writes else b""
                    steps.append(Transfer(*fcb.sequence(Custom.WRITE_ENABLE), start))
                    steps.append(Transfer(command.sequence, count, start, data))
                    if fcb.wait or command.kind in (2, 3):
                        steps.append(Pause(fcb.wait))
                    else:
                        steps.append(UntilReady(select, start))
            start += size
        return steps

    def run(self, job: Job) -> Waiting:
        """Do all of `job`; yields the virtual ns at which to go on."""
        while (again := self.advance(job)) is not None:
            yield again

    def advance(self, job: Job) -> int | None:
        """Do of `job` what can be done now: None if that is all, else the ns for the next look."""
        if self.spi.system.clock.now < job.look_at:
            return job.look_at
        while job.steps:
            again = self._do(job, job.steps[0])
            if again is not None:
                job.look_at = again
                return again
            del job.steps[0]
            job.begin()
            job.until = None
        return None

    def _do(self, job: Job, step: Step) -> int | None:
        now = self.spi.system.clock.now
        if isinstance(step, Pause):
            if job.until is None:
                job.until = now + step.span
            return job.until if now < job.until else None
        if isinstance(step, UntilReady):
            return self._look(job, step)
        again = self._transfer(job, step)
        if again is not None:
            return again
        if step.to is not None:
            self.spi.system.bus.write(step.to, bytes(job.received[: step.size]))
        return None

    def _look(self, job: Job, step: UntilReady) -> int | None:
        fcb, now = job.fcb, self.spi.system.clock.now
        assert fcb is not None
        first, count = fcb.sequence(Custom.READ_STATUS)
        if all(_sequence(fcb, i).reads is None for i in range(first, first + count)):
            return None
        limit = fcb.timeout or job.patience
        if job.until is None and limit:
            job.until = now + limit
        size = fcb.busy_bit // 8 + 1
        again = self._transfer(job, Transfer(first, count, step.address, size=size))
        if again is not None:
            return again
        status = int.from_bytes(job.received[:size], "little")
        job.begin()
        if status >> fcb.busy_bit & 1 != fcb.busy_level:
            return None
        if job.until is not None and now >= job.until:
            raise RomError(
                DEVICE_TIMEOUT,
                f"The chip on {self.spi.name} stays busy after a command of the FCB: its status "
                f"reads {status:#x}.",
            )
        chip = self.spi.chips.get(step.select)
        again = (chip and chip.busy_until) or now + _LOOK
        return again if job.until is None else min(again, job.until)

    def _transfer(self, job: Job, step: Transfer) -> int | None:
        """Start it, or go on with it; the ns for the next look, None once it is through."""
        spi = self.spi
        if not job.started:
            job.started = True
            self._clear_fifos()
            self._set(FlexSpi.INTR, _FLAGS)
            self._set(FlexSpi.IPCR0, step.address)
            control = (step.first & 0xF) << 16 | (step.number - 1 & 7) << 24
            self._set(FlexSpi.IPCR1, control | step.size)
            self._set(FlexSpi.IPCMD, 1)
        # By peeks: a look by the core could take time, which would be the caller's.
        while job.sent < len(step.data) and spi.peek(FlexSpi.INTR.offset) & FlexSpi.IPTXWE.mask:
            self._push(step.data[job.sent : job.sent + _ENTRY])
            job.sent += _ENTRY
        while spi.peek(FlexSpi.IPRXFSTS.offset) & 0xFF:
            job.received += self._pop()
        flags = spi.peek(FlexSpi.INTR.offset)
        if flags & FlexSpi.IPCMDERR.mask:
            code = spi.read(FlexSpi.STS1.offset) >> 24 & 0xF
            self._set(FlexSpi.INTR, _FLAGS)
            raise RomError(
                SEQUENCE_TIMEOUT if code == _TIMED_OUT else INVALID_SEQUENCE,
                f"The FCB's LUT sequence {step.first} does not run as an IP command.",
            )
        if not flags & FlexSpi.IPCMDDONE.mask:
            # A sequence may want more data than there are: MCR1.SEQWAIT ends that.
            now, rests_at = spi.system.clock.now, spi.rests_at
            return rests_at if rests_at is not None and rests_at > now else now + _LOOK
        self._set(FlexSpi.INTR, _FLAGS)
        return None

    def _push(self, entry: bytes) -> None:
        words = entry.ljust(_ENTRY, b"\0")
        for i in range(2):
            self._set(FlexSpi.TFDR, int.from_bytes(words[4 * i : 4 * i + 4], "little"), i)
        self._set(FlexSpi.INTR, FlexSpi.IPTXWE.mask)

    def _pop(self) -> bytes:
        first = FlexSpi.RFDR.offset
        words = (self.spi.read(first), self.spi.read(first + 4))
        self._set(FlexSpi.INTR, FlexSpi.IPRXWA.mask)
        return b"".join(word.to_bytes(4, "little") for word in words)


def _sequence(fcb: Fcb, index: int) -> lut.Sequence:
    first = index % lut.SEQUENCES * lut.WORDS
    return lut.decode(fcb.lut[first : first + lut.WORDS])
