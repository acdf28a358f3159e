"""FlexSPI's register table, what it has on the bus, and the state behind it.

Sources: i.MX RT1060 reference manual, chapter FlexSPI; the vendor's register header and driver.
"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Output,
    Peripheral,
    Record,
    Region,
    Register,
    RegisterArray,
    Slots,
    State,
)
from xipsim.peripherals.nor.bus import SpiDevice

LUT_KEY = 0x5AF0_5AF0
FIFO = 128
"""Bytes of each of the two FIFOs of IP commands."""


class IpCommand(Record):
    """An IP command's sequences still to run; `sent` holds data for the first of them."""

    def __init__(self, select: int, address: int, size: int, sequences: list[int]) -> None:
        self.select, self.address, self.size = select, address, size
        self.sequences = sequences
        self.sent = bytearray()


class FlexSpiRegisters(Peripheral):
    """What the parts of the model share: registers, chip selects, windows, state."""

    SIZE = 0x4000

    chips: Slots[SpiDevice] = Slots(4, "chip selects: 0 A1, 1 A2, 2 B1, 3 B2")
    IRQ = Output("the module's interrupt")
    window = Region("the chips' bytes, A1, A2, B1 and B2 in a row (XIP)")
    rx_fifo = Region("receive FIFO of IP commands on the AHB (ARDF)", required=False)
    tx_fifo = Region("transmit FIFO of IP commands on the AHB (ATDF)", required=False)

    MCR0 = Register(0x00, reset=0xFFFF_80C2)
    SWRESET = MCR0.field(0)
    MDIS = MCR0.field(1)
    ARDFEN = MCR0.field(6)
    ATDFEN = MCR0.field(7)
    COMBINATIONEN = MCR0.field(13, unmodelled="port A and B combined to 8 pads")
    MCR1 = Register(0x04, reset=0xFFFF_FFFF)
    SEQWAIT = MCR1.field(16, 16)
    MCR2 = Register(0x08, reset=0x2000_81F7)
    SAMEDEVICEEN = MCR2.field(15)
    AHBCR = Register(0x0C, reset=0x18)
    APAREN = AHBCR.field(0, unmodelled="parallel mode")
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
    # The buffers hold what the window's chips hold, so their sizes and masters change nothing.
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
    TFDR = RegisterArray(0x180, 32, ro=True, neutral=True)
    LUT = RegisterArray(0x200, 64, ro=True)

    key_given = State(False)
    """The write of LUTKEY just before was the key."""
    command: State[IpCommand | None] = State(None)
    """The IP command that waits for data, or for room in a FIFO. It holds the bus."""
    rx = State(bytearray())
    """The receive FIFO; what exceeds its depth is still to come from the chip."""
    tx = State(bytearray())
    staging = State(bytearray(FIFO))
    """What was written to TFDR and is not pushed yet."""
    pointers = State([0, 0, 0, 0])
    """Start instruction of the next AHB read of each chip select (JMP_ON_CS)."""
    busy_reported: State[tuple[int, int | None] | None] = State(None)
    """Chip select and end of the operation during which a read was reported last."""
    stores_reported: State[set[int | None]] = State(set())
    """PCs of stores to the window that were lost."""

    def drive_irq(self) -> None:
        """Set the interrupt as INTR and INTEN say."""
        self.IRQ.set(bool(self.INTR & self.INTEN))
