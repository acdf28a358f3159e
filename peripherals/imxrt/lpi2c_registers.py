"""The register table of LPI2C. Reset values: RT1060 family."""

from __future__ import annotations

from abc import abstractmethod

from xipsim.peripherals.core import Output, Parameter, Register, State, hertz
from xipsim.peripherals.i2c.controller import I2cController

from .ccm import Ccm

CRYSTAL = 24_000_000
PLL3_60M = 60_000_000
DEPTH = 4
RXEMPTY = NO_ADDRESS = 1 << 14
TARGET = 0x110
"""Where the target's registers begin."""
TARGET_STATE = ("received", "prepared", "is_addressed", "is_read", "nacks")

_MATCH = "data match"
_DMA = "DMA"
_HOST = "host request"


class Lpi2cRegisters(I2cController):
    """A master and a target, with an interrupt for both."""

    SIZE = 0x4000

    frequency = hertz("functional clock in Hz where there is no `ccm`", default=PLL3_60M)
    ccm = Parameter(Ccm, "whose CSCDR2 selects and divides the functional clock", default=None)

    IRQ = Output("FIFOs, ends of packets, errors")

    VERID = Register(0x00, reset=0x0100_0003, ro=True)
    PARAM = Register(0x04, reset=0x0202, ro=True)
    MCR = Register(0x10)
    MEN = MCR.field(0)
    RST = MCR.field(1)
    MSR = Register(0x14, reset=0x1, ro=0xFFFF_80FF, w1c=0x7F00, neutral=True)
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
    MRDR = Register(0x70, reset=RXEMPTY, ro=True)
    SCR = Register(0x110)
    SEN = SCR.field(0)
    SRST = SCR.field(1)
    SSR = Register(0x114, ro=0xFFFF_F0FF, w1c=0x0F00, neutral=True)
    STDF = SSR.field(0)
    SRDF = SSR.field(1)
    AVF = SSR.field(2)
    RSF = SSR.field(8)
    SSDF = SSR.field(9)
    SFEF = SSR.field(11)
    AM0F = SSR.field(12)
    AM1F = SSR.field(13)
    SBF = SSR.field(24)
    SBBF = SSR.field(25)
    SIER = Register(0x118)
    SDER = Register(0x11C)
    SREQUESTS = SDER.field(0, 3, unmodelled=_DMA)
    SCFGR1 = Register(0x124)
    ADRSTALL = SCFGR1.field(0, unmodelled="holding the clock for an address")
    RXSTALL = SCFGR1.field(1)
    TXDSTALL = SCFGR1.field(2)
    ACKSTALL = SCFGR1.field(3, unmodelled="holding the clock for an acknowledgement")
    GCEN = SCFGR1.field(8, unmodelled="general calls")
    SAEN = SCFGR1.field(9, unmodelled="SMBus alerts")
    TXCFG = SCFGR1.field(10)
    RXCFG = SCFGR1.field(11, unmodelled="addresses in SRDR")
    SIGNACK = SCFGR1.field(12)
    ADDRCFG = SCFGR1.field(16, 3)
    SCFGR2 = Register(0x128)
    SAMR = Register(0x140)
    ADDR0 = SAMR.field(1, 10)
    ADDR1 = SAMR.field(17, 10)
    SASR = Register(0x150, reset=NO_ADDRESS, ro=True)
    STAR = Register(0x154)
    TXNACK = STAR.field(0)
    STDR = Register(0x160)
    SRDR = Register(0x170, reset=RXEMPTY, ro=True)

    received: State[list[int]] = State([])
    """What a master has sent to the target; more than one byte while the clock is held for it."""
    prepared: State[int | None] = State(None)
    """STDR, for the next byte that a master asks for."""
    is_addressed = State(False)
    """The target is, by a master elsewhere."""
    is_read = State(False)
    """... to send."""
    nacks = State(False)
    """It acknowledges nothing."""

    @abstractmethod
    def update(self) -> None:
        """Bring flags and the interrupt in line with what there is."""
