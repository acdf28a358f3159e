"""FlexSPI's register table, what it has on the bus, and the state behind it.

Sources: i.MX RT1060 reference manual, chapter FlexSPI; the vendor's register header and driver.
"""

from __future__ import annotations

from xipsim.peripherals.core import (
    FlashChip,
    Output,
    Parameter,
    Peripheral,
    Record,
    Region,
    Register,
    RegisterArray,
    Slots,
    State,
    hertz,
)
from xipsim.peripherals.nor.bus import SpiDevice

from .ccm import Ccm
from .ccm_analog import CcmAnalog

LUT_KEY = 0x5AF0_5AF0
FIFO = 128
"""Bytes of each of the two FIFOs of IP commands."""
ENTRY = 8
"""Bytes of a FIFO entry."""


class IpCommand(Record):
    """An IP command's sequences still to run; the first one is on the bus."""

    def __init__(self, select: int, address: int, size: int, sequences: list[int]) -> None:
        self.select, self.address, self.size = select, address, size
        self.sequences = sequences
        self.holds_bus = False
        """No AHB access comes between."""

    began: int
    """Virtual ns at which chip select fell."""
    limit: int
    """ns after which the sequence is given up; 0: never."""
    reads: bool
    writes: int
    """Bytes that it sends."""
    padding: int
    """Bytes that fill the last FIFO entry of what it reads."""
    hertz: int
    byte_clocks: int
    """Bytes move at `hertz` by `byte_clocks`."""
    base: int
    """Virtual ns from which they move."""
    moved: int
    """Bytes that had moved before: of a read, those that are in the receive FIFO; of a write, those
    that have left the transmit FIFO."""
    behind: int
    """ns from the last clock to the rise of chip select."""
    interval: int
    """ns for which chip select has to be high before it."""
    end: int | None
    """Virtual ns of the last clock; None while that depends on the firmware."""
    room_at: int | None
    """Virtual ns from which on the transmit FIFO has room for a block; 0 if nothing has to leave it
    before; None if it will have none."""
    stop: int
    """Virtual ns at which the serial clock stops, if `end` is None and the firmware does nothing:
    the receive FIFO is full, or the transmit FIFO empty."""


class FlexSpiRegisters(Peripheral):
    """What the parts of the model share: registers, chip selects, windows, state."""

    SIZE = 0x4000

    frequency = hertz(
        "serial root clock in Hz where there is no `ccm`", default=100_000_000
    )
    ahb_frequency = hertz("AHB clock in Hz where there is no `ccm`", default=600_000_000)
    ccm = Parameter(Ccm, "which selects and divides the serial root clock", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose PLLs are its sources", default=None)
    instance = Parameter(
        int, "1: clocked as FlexSPI, 2: as FlexSPI2", default=1, choices=(1, 2)
    )

    ahb = Parameter(
        str,
        "coherent: the window shows what the chips hold, natively; buffers: what was read ahead "
        "stays until it is dropped, and each read comes to the model",
        default="coherent",
        choices=("coherent", "buffers"),
    )

    chips: Slots[SpiDevice] = Slots(4, "chip selects: 0 A1, 1 A2, 2 B1, 3 B2", kind=FlashChip)
    IRQ = Output("the module's interrupt")
    window = Region("the chips' bytes, A1, A2, B1 and B2 in a row (XIP)")
    rx_fifo = Region("receive FIFO of IP commands on the AHB (ARDF)", required=False)
    tx_fifo = Region("transmit FIFO of IP commands on the AHB (ATDF)", required=False)

    # `ro` on INTR, LUTKEY, LUTCR, FLSHCR2, LUT and MCR0.MDIS: their write hooks decide what is
    # stored.
    MCR0 = Register(0x00, reset=0xFFFF_80C2, ro=0x2)
    SWRESET = MCR0.field(0)
    MDIS = MCR0.field(1)
    ARDFEN = MCR0.field(6)
    ATDFEN = MCR0.field(7)
    SERCLKDIV = MCR0.field(8, 3)
    HSEN = MCR0.field(11)
    COMBINATIONEN = MCR0.field(13, unmodelled="port A and B combined to 8 pads")
    IPGRANTWAIT = MCR0.field(16, 8)
    AHBGRANTWAIT = MCR0.field(24, 8)
    MCR1 = Register(0x04, reset=0xFFFF_FFFF)
    AHBBUSWAIT = MCR1.field(0, 16)
    SEQWAIT = MCR1.field(16, 16)
    MCR2 = Register(0x08, reset=0x2000_81F7)
    CLRAHBBUFOPT = MCR2.field(11)
    SAMEDEVICEEN = MCR2.field(15)
    AHBCR = Register(0x0C, reset=0x18)
    APAREN = AHBCR.field(0, unmodelled="parallel mode")
    CLRAHBBUF = AHBCR.field(1, 2)
    PREFETCHEN = AHBCR.field(5)
    INTEN = Register(0x10)
    INTR = Register(0x14, reset=0x40, w1c=0xFFF, ro=True, neutral=True)
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
    LUTKEY = Register(0x18, reset=LUT_KEY, ro=True)
    LUTCR = Register(0x1C, reset=2, ro=True)
    LOCK = LUTCR.field(0)
    # Without `ahb: "buffers"` they hold what the chips hold: sizes and masters change nothing.
    AHBRXBUFCR0 = RegisterArray(
        0x20, 4, reset=(0x8000_0020, 0x8001_0020, 0x8002_0020, 0x8003_0020)
    )
    FLSHCR0 = RegisterArray(0x60, 4, reset=0x1_0000)
    FLSHCR1 = RegisterArray(0x70, 4, reset=0x63)
    FLSHCR2 = RegisterArray(0x80, 4, ro=True, neutral=True)
    FLSHCR4 = Register(0x94)
    WMEN = FLSHCR4.field(2, 2, unmodelled="write mask on DQS")
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
    TFDR = RegisterArray(0x180, 32, neutral=True, stored_unless=ATDFEN)
    LUT = RegisterArray(0x200, 64, ro=True)

    key_given = State(False)
    """The write of LUTKEY just before was the key."""
    command: State[IpCommand | None] = State(None)
    """The IP command under way."""
    rx = State(bytearray())
    """The receive FIFO, and what is still to come into it from the chip: see `flexspi_flow`."""
    tx = State(bytearray())
    """The transmit FIFO, and what has gone from it for the sequence on the bus."""
    quiet_at = State(0)
    """Virtual ns at which chip select rose last, or will rise."""
    pointers = State([0, 0, 0, 0])
    """Start instruction of the next AHB read of each chip select (JMP_ON_CS)."""
    busy_reported: State[tuple[int, int | None] | None] = State(None)
    """Chip select and end of the operation during which a read was reported last."""
    ahb_buffers: State[list[tuple[int, bytes] | None]] = State([None, None, None, None])
    """Where what an AHB buffer holds begins in the window, and the bytes."""
    stale_reported: State[set[tuple[int | None, str | None]]] = State(set())
    """Buffers, and the changes of the chip that they had not seen when they were read."""
    stores_reported: State[set[int | None]] = State(set())
    """PCs of stores to the window that were lost."""

    def drive_irq(self) -> None:
        """Set the interrupt as INTR and INTEN say."""
        self.IRQ.set(bool(self.INTR & self.INTEN))


_DATA = range(FlexSpiRegisters.RFDR.offset, FlexSpiRegisters.LUT.offset)
OF_COMMANDS = tuple(
    r.offset for r in FlexSpiRegisters.registers() if r.neutral and r.offset not in _DATA
)
"""Registers that firmware changes for each command, as it does in a loop that polls a chip."""
