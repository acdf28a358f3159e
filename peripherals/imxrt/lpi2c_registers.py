"""The register table of NXP's LPI2C. Reset values: RT1060 family."""

from __future__ import annotations

from xipsim.peripherals.core import Output, Parameter, Register, State
from xipsim.peripherals.i2c.controller import I2cController

from .ccm import Ccm

PLL3_60M = 60_000_000
EMPTY = 1 << 14
"""MRDR and SRDR: there is nothing; SASR: no address."""

_MATCH = "data match"
_DMA = "DMA"
_HOST = "host request"


class Lpi2cRegisters(I2cController):
    """What the two sides of the block share."""

    SIZE = 0x4000

    frequency = Parameter(int, "functional clock in Hz where there is no `ccm`", default=PLL3_60M)
    ccm = Parameter(Ccm, "whose CSCDR2 selects and divides the functional clock", default=None)

    IRQ = Output("FIFOs, ends of packets, errors")

    VERID = Register(0x00, reset=0x0100_0003, ro=True)
    PARAM = Register(0x04, reset=0x0202, ro=True)
    MCR = Register(0x10)
    MEN = MCR.field(0)
    RST = MCR.field(1)
    MSR = Register(0x14, reset=0x1, ro=0x0300_0003, w1c=0x7F00, neutral=True)
    TDF = MSR.field(0)
    RDF = MSR.field(1)
    EPF = MSR.field(8)
    SDF = MSR.field(9)
    NDF = MSR.field(10)
    FEF = MSR.field(12)
    MBF = MSR.field(24)
    BBF = MSR.field(25)
    MIER = Register(0x18)
    MDER = Register(0x1C)
    TDDE = MDER.field(0, unmodelled=_DMA)
    RDDE = MDER.field(1, unmodelled=_DMA)
    MCFGR0 = Register(0x20)
    HREN = MCFGR0.field(0, unmodelled=_HOST)
    CIRFIFO = MCFGR0.field(8, unmodelled="circular FIFO")
    RDMO = MCFGR0.field(9, unmodelled=_MATCH)
    MCFGR1 = Register(0x24)
    PRESCALE = MCFGR1.field(0, 3)
    AUTOSTOP = MCFGR1.field(8, unmodelled="a STOP of its own when the FIFO is empty")
    IGNACK = MCFGR1.field(9)
    MATCFG = MCFGR1.field(16, 3, unmodelled=_MATCH)
    PINCFG = MCFGR1.field(24, 3, unmodelled="other pins than two with open drain")
    MCFGR2 = Register(0x28)
    FILTSCL = MCFGR2.field(16, 4)
    MCFGR3 = Register(0x2C)
    MDMR = Register(0x40, unmodelled=_MATCH)
    MCCR0 = Register(0x48)
    CLKLO = MCCR0.field(0, 6)
    CLKHI = MCCR0.field(8, 6)
    SETHOLD = MCCR0.field(16, 6)
    MCCR1 = Register(0x50)
    MFCR = Register(0x58)
    TXWATER = MFCR.field(0, 2)
    RXWATER = MFCR.field(16, 2)
    MFSR = Register(0x5C, ro=True, neutral=True)
    TXCOUNT = MFSR.field(0, 3)
    RXCOUNT = MFSR.field(16, 3)
    MTDR = Register(0x60)
    MRDR = Register(0x70, reset=EMPTY, ro=True)
    SCR = Register(0x110)
    SEN = SCR.field(0)
    SRST = SCR.field(1)
    SSR = Register(0x114, ro=0x0300_F0FF, w1c=0x0F00, polled=True)
    STDF = SSR.field(0)
    SRDF = SSR.field(1)
    AVF = SSR.field(2)
    RSF = SSR.field(8)
    SSDF = SSR.field(9)
    SFEF = SSR.field(11)
    AM0F = SSR.field(12)
    AM1F = SSR.field(13)
    GCF = SSR.field(14)
    SBF = SSR.field(24)
    SBBF = SSR.field(25)
    SIER = Register(0x118)
    SDER = Register(0x11C)
    STDDE = SDER.field(0, unmodelled=_DMA)
    SRDDE = SDER.field(1, unmodelled=_DMA)
    AVDE = SDER.field(2, unmodelled=_DMA)
    SCFGR1 = Register(0x124)
    ADRSTALL = SCFGR1.field(0)
    RXSTALL = SCFGR1.field(1)
    TXDSTALL = SCFGR1.field(2)
    ACKSTALL = SCFGR1.field(3, unmodelled="a pause before each acknowledgement")
    GCEN = SCFGR1.field(8)
    SAEN = SCFGR1.field(9, unmodelled="SMBus alerts")
    TXCFG = SCFGR1.field(10)
    RXCFG = SCFGR1.field(11)
    SIGNACK = SCFGR1.field(12, unmodelled="a transfer that goes on after a NACK")
    HSMEN = SCFGR1.field(13, unmodelled="high-speed mode")
    ADDRCFG = SCFGR1.field(16, 3)
    SCFGR2 = Register(0x128)
    SAMR = Register(0x140)
    ADDR0 = SAMR.field(1, 7)
    ADDR1 = SAMR.field(17, 7)
    SASR = Register(0x150, reset=EMPTY, ro=True)
    STAR = Register(0x154)
    TXNACK = STAR.field(0)
    STDR = Register(0x160)
    SRDR = Register(0x170, reset=EMPTY, ro=True)

    to_send: State[int | None] = State(None)
    """What STDR holds for the master elsewhere on the bus."""
    received: State[int | None] = State(None)
    """What SRDR holds."""
    is_addressed = State(False)
    """The last address on the bus was the slave's, and no STOP came since."""
    is_sending = State(False)
    """The master reads from the slave."""
    refuses = State(False)
    """The slave acknowledges nothing."""
    is_first = State(False)
    """The next byte for the slave is the first one behind its address."""

    def update(self) -> None:
        """Bring flags and interrupt in line with FIFOs and registers."""
        raise NotImplementedError
