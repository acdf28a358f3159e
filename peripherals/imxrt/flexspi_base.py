"""FlexSPI's registers, its four chip selects, and the way from a LUT sequence to a chip.

Sources: i.MX RT1060 reference manual, chapter FlexSPI; the vendor's register header and driver.
"""

from __future__ import annotations

from xipsim.peripherals.core import Output, Peripheral, Register, RegisterArray, Slots, State
from xipsim.peripherals.nor.bus import SpiDevice

from . import lut

LUT_KEY = 0x5AF0_5AF0


class FlexSpiBase(Peripheral):
    """The register table, the LUT and the chips. What moves data is in the subclasses."""

    SIZE = 0x4000

    chips: Slots[SpiDevice] = Slots(4, "chip selects: 0 A1, 1 A2, 2 B1, 3 B2")
    IRQ = Output("the module's interrupt")

    MCR0 = Register(0x00, reset=0xFFFF_80C2)
    SWRESET = MCR0.field(0)
    MDIS = MCR0.field(1)
    ARDFEN = MCR0.field(6)
    ATDFEN = MCR0.field(7)
    COMBINATIONEN = MCR0.field(13)
    MCR1 = Register(0x04, reset=0xFFFF_FFFF)
    SEQWAIT = MCR1.field(16, 16)
    MCR2 = Register(0x08, reset=0x2000_81F7)
    SAMEDEVICEEN = MCR2.field(15)
    AHBCR = Register(0x0C, reset=0x18)
    APAREN = AHBCR.field(0)
    CLRAHBBUF = AHBCR.field(1, 2)
    INTEN = Register(0x10)
    INTR = Register(0x14, reset=0x40, w1c=0xFFF, ro=0xFFFF_F000, neutral=True)
    IPCMDDONE = INTR.field(0)
    IPCMDGE = INTR.field(1)
    AHBCMDGE = INTR.field(2)
    IPCMDERR = INTR.field(3)
    AHBCMDERR = INTR.field(4)
    IPRXWA = INTR.field(5)
    IPTXWE = INTR.field(6)
    SCKSTOPBYRD = INTR.field(8)
    SCKSTOPBYWR = INTR.field(9)
    AHBBUSTIMEOUT = INTR.field(10)
    SEQTIMEOUT = INTR.field(11)
    # `ro` on LUTKEY, LUTCR, FLSHCR2, LUT and TFDR: their write hooks decide what is stored.
    LUTKEY = Register(0x18, reset=LUT_KEY, ro=True)
    LUTCR = Register(0x1C, reset=2, ro=True)
    LOCK = LUTCR.field(0)
    AHBRXBUFCR0 = RegisterArray(
        0x20,
        4,
        reset=(0x8000_0020, 0x8001_0020, 0x8002_0020, 0x8003_0020),
        unmodelled="AHB buffers and prefetch; the window is always coherent",
    )
    FLSHCR0 = RegisterArray(0x60, 4, reset=0x1_0000)
    FLSHCR1 = RegisterArray(0x70, 4, reset=0x63)
    FLSHCR2 = RegisterArray(0x80, 4, ro=True, neutral=True)
    FLSHCR4 = Register(0x94)
    WMEN = FLSHCR4.field(2, 2)
    IPCR0 = Register(0xA0, neutral=True)
    IPCR1 = Register(0xA4, neutral=True)
    IDATSZ = IPCR1.field(0, 16)
    ISEQID = IPCR1.field(16, 4)
    ISEQNUM = IPCR1.field(24, 3)
    IPAREN = IPCR1.field(31)
    IPCMD = Register(0xB0, neutral=True)
    IPRXFCR = Register(0xB8, neutral=True)
    CLRIPRXF = IPRXFCR.field(0)
    RXDMAEN = IPRXFCR.field(1)
    RXWMRK = IPRXFCR.field(2, 4)
    IPTXFCR = Register(0xBC, neutral=True)
    CLRIPTXF = IPTXFCR.field(0)
    TXDMAEN = IPTXFCR.field(1)
    TXWMRK = IPTXFCR.field(2, 4)
    DLLCR = RegisterArray(0xC0, 2, reset=0x100)
    STS0 = Register(0xE0, reset=3, ro=True, neutral=True)
    STS1 = Register(0xE4, ro=True)
    AHBCMDERRID = STS1.field(0, 4)
    AHBCMDERRCODE = STS1.field(8, 4)
    IPCMDERRID = STS1.field(16, 4)
    IPCMDERRCODE = STS1.field(24, 4)
    STS2 = Register(0xE8, reset=0x0100_0100, ro=True)
    AHBSPNDSTS = Register(0xEC, ro=True)
    IPRXFSTS = Register(0xF0, ro=True, neutral=True)
    RDCNTR = IPRXFSTS.field(16, 16)
    IPTXFSTS = Register(0xF4, ro=True, neutral=True)
    WRCNTR = IPTXFSTS.field(16, 16)
    RFDR = RegisterArray(0x100, 32, ro=True, neutral=True)
    TFDR = RegisterArray(0x180, 32, ro=True, neutral=True)
    LUT = RegisterArray(0x200, 64, ro=True)

    _key_given = State(False)
    _sequences: dict[tuple[int, int], lut.Sequence]
    """Decoded sequences by index and start instruction: a cache of the LUT."""
    _bounds: tuple[int, ...] = (0, 0, 0, 0)
    """Ends of A1, A2, B1 and B2 in the FlexSPI space: a cache of FLSHxxCR0."""

    # -- interrupts ------------------------------------------------------------------------------

    @INTEN.on_write
    def _enable(self, value: int) -> None:
        self._drive_irq()

    def _drive_irq(self) -> None:
        self.IRQ.set(bool(self.INTR & self.INTEN))

    # -- LUT -------------------------------------------------------------------------------------

    @LUTKEY.on_write
    def _take_key(self, value: int) -> None:
        self._key_given = value == LUT_KEY

    @LUTCR.on_write
    def _lock(self, value: int) -> None:
        if self._key_given and value in (1, 2):
            self.LUTCR = value
        self._key_given = False

    @LUT.on_write
    def _write_lut(self, index: int, value: int) -> None:
        if self.LOCK:
            self.diagnose("lut-locked", f"LUT[{index}] was written while the LUT is locked")
        elif value != self.LUT[index]:
            self.LUT[index] = value
            self._lut_changed(index // lut.WORDS)

    def _lut_changed(self, sequence: int) -> None:
        for start in range(2 * lut.WORDS):
            self._sequences.pop((sequence, start), None)

    def _sequence(self, index: int, start: int = 0) -> lut.Sequence:
        known = self._sequences.get((index, start))
        if known is None:
            words = [self.LUT[index * lut.WORDS + i] for i in range(lut.WORDS)]
            known = self._sequences[index, start] = lut.decode(words, start)
        return known

    # -- chips -----------------------------------------------------------------------------------

    def _settings(self, select: int) -> int:
        """Which of the FLSHxxCRn apply to chip select `select`."""
        return 0 if select and self.SAMEDEVICEEN else select

    def _measure(self) -> None:
        ends, end = [], 0
        for select in range(4):
            end += (self.FLSHCR0[self._settings(select)] & 0x7F_FFFF) << 10
            ends.append(end)
        self._bounds = tuple(ends)

    def _start(self, select: int) -> int:
        return self._bounds[select - 1] if select else 0

    def _route(self, address: int) -> int | None:
        """The chip select that has byte `address` of the FlexSPI space."""
        for select, end in enumerate(self._bounds):
            if address < end:
                return select
        return None

    def _transfer(
        self, select: int, sequence: lut.Sequence, address: int, data: bytes, read: int
    ) -> bytes:
        """One cycle of chip select; FFh where no chip drives the bus."""
        for gap in sequence.gaps:
            self.gap(gap)
        if sequence.empty:
            return b""
        control = self.FLSHCR1[self._settings(select)]
        transaction = sequence.transaction(
            address - self._start(select),
            word=bool(control >> 10 & 1),
            column=control >> 11 & 0xF,
            data=data,
            read=read,
        )
        chip = self.chips.get(select)
        return chip.transfer(transaction) if chip else b"\xff" * read
