"""FlexCAN's registers, and its bit rate. Reset values: RT1060 family, CAN1 and CAN2."""

from __future__ import annotations

from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.can.node import Rate
from xipsim.peripherals.core import Output, Parameter, Peripheral, Register, RegisterArray, hertz

from .ccm import Ccm

FULL = 0xFFFF_FFFF
BUFFERS = 64
WORDS = 4
"""Of a message buffer: CS, ID, WORD0, WORD1."""
CRYSTAL, PLL3_60M, PLL3_80M = 24_000_000, 60_000_000, 80_000_000


class FlexCanRegisters(Peripheral):
    """The register table, and the rate of bits."""

    SIZE = 0x4000

    frequency = hertz("CAN root clock in Hz where there is no `ccm`", default=40_000_000)
    ccm = Parameter(Ccm, "whose CSCMR2 selects and divides it", default=None)
    bus = Parameter(CanBus, "on which it is")
    has_fd = Parameter(bool, "whether it knows CAN FD, as the third one does", default=False)

    IRQ = Output("message buffers, errors, warnings")

    MCR = Register(0x000, reset=0x5980_000F, ro=0x0910_0000)
    IDAM = MCR.field(8, 2)
    FDEN = MCR.field(11)
    DMA = MCR.field(15, unmodelled="DMA")
    IRMQ = MCR.field(16)
    SRXDIS = MCR.field(17)
    LPMACK = MCR.field(20)
    WRNEN = MCR.field(21)
    SLFWAK = MCR.field(22, unmodelled="waking up by the bus")
    FRZACK = MCR.field(24)
    SOFTRST = MCR.field(25)
    NOTRDY = MCR.field(27)
    HALT = MCR.field(28)
    RFEN = MCR.field(29)
    FRZ = MCR.field(30)
    MDIS = MCR.field(31)
    CTRL1 = Register(0x004)
    PROPSEG = CTRL1.field(0, 3)
    LOM = CTRL1.field(3)
    LBUF = CTRL1.field(4)
    BOFFREC = CTRL1.field(6)
    RWRNMSK = CTRL1.field(10)
    TWRNMSK = CTRL1.field(11)
    LPB = CTRL1.field(12)
    ERRMSK = CTRL1.field(14)
    BOFFMSK = CTRL1.field(15)
    PSEG2 = CTRL1.field(16, 3)
    PSEG1 = CTRL1.field(19, 3)
    PRESDIV = CTRL1.field(24, 8)
    TIMER = Register(0x008)
    RXMGMASK = Register(0x010, reset=FULL)
    RX14MASK = Register(0x014, reset=FULL)
    RX15MASK = Register(0x018, reset=FULL)
    ECR = Register(0x01C)
    TX_ERR_COUNTER = ECR.field(0, 8)
    RX_ERR_COUNTER = ECR.field(8, 8)
    ESR1 = Register(0x020, ro=0x23C4_FFF8, w1c=0x003B_0007, neutral=True)
    ERRINT = ESR1.field(1)
    BOFFINT = ESR1.field(2)
    FLTCONF = ESR1.field(4, 2)
    TX = ESR1.field(6)
    IDLE = ESR1.field(7)
    RXWRN = ESR1.field(8)
    TXWRN = ESR1.field(9)
    FRMERR = ESR1.field(11)
    ACKERR = ESR1.field(13)
    BIT1ERR = ESR1.field(15)
    RWRNINT = ESR1.field(16)
    TWRNINT = ESR1.field(17)
    SYNCH = ESR1.field(18)
    BOFFDONEINT = ESR1.field(19)
    IMASK2 = Register(0x024)
    IMASK1 = Register(0x028)
    IFLAG2 = Register(0x02C, w1c=FULL, neutral=True)
    IFLAG1 = Register(0x030, w1c=FULL, neutral=True)
    CTRL2 = Register(0x034)
    RFFN = CTRL2.field(24, 4)
    BOFFDONEMSK = CTRL2.field(30)
    ESR2 = Register(0x038, ro=True)
    CRCR = Register(0x044, ro=True)
    RXFGMASK = Register(0x048, reset=FULL)
    RXFIR = Register(0x04C, ro=True)
    CBT = Register(0x050)
    EPSEG2 = CBT.field(0, 5)
    EPSEG1 = CBT.field(5, 5)
    EPROPSEG = CBT.field(10, 6)
    EPRESDIV = CBT.field(21, 10)
    BTF = CBT.field(31)
    DBG1 = Register(0x058, reset=0x0001_0000, ro=True)
    DBG2 = Register(0x05C, ro=True)
    MB = RegisterArray(0x080, BUFFERS * WORDS)
    """CS, ID, WORD0 and WORD1 of each message buffer; more words, and fewer of them, with FD."""
    RXIMR = RegisterArray(0x880, BUFFERS)
    GFWR = Register(0x9E0, reset=0x7F)
    # Assumption: reset values of CAN1 and CAN2, where both read 0, too; firmware writes them.
    FDCTRL = Register(0xC00, ro=0x7FE4_20FF, w1c=0x4000)
    MBDSR0 = FDCTRL.field(16, 2)
    MBDSR1 = FDCTRL.field(19, 2)
    FDRATE = FDCTRL.field(31)
    FDCBT = Register(0xC04)
    FPSEG2 = FDCBT.field(0, 3)
    FPSEG1 = FDCBT.field(5, 3)
    FPROPSEG = FDCBT.field(10, 5)
    FPRESDIV = FDCBT.field(20, 10)
    FDCRC = Register(0xC08, ro=True)

    def _root_clock(self) -> Rate:
        """Hz of the CAN root clock before its divider, and that."""
        if self.ccm is None:
            return self.frequency, 1
        # Assumption: 3, which is reserved, selects what 0 does.
        hertz = (PLL3_60M, CRYSTAL, PLL3_80M, PLL3_60M)[self.ccm.CAN_CLK_SEL]
        return hertz, self.ccm.CAN_CLK_PODF + 1

    def _bit_clock(self) -> Rate:
        """The rate of bits."""
        hertz, divider = self._root_clock()
        prescaler, *segments = self.PRESDIV, self.PROPSEG, self.PSEG1, self.PSEG2
        if self.BTF:
            prescaler, *segments = self.EPRESDIV, self.EPROPSEG, self.EPSEG1, self.EPSEG2
        return hertz, divider * (prescaler + 1) * (1 + sum(quanta + 1 for quanta in segments))

    def _fast_clock(self) -> Rate:
        """The rate of the bits that a switch of rates concerns. (IMXRT1060RM, FDCBT)"""
        hertz, divider = self._root_clock()
        quanta = 1 + self.FPROPSEG + self.FPSEG1 + 1 + self.FPSEG2 + 1
        return hertz, divider * (self.FPRESDIV + 1) * quanta
