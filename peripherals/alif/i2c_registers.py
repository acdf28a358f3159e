"""The register table of I2C (Synopsys DW_apb_i2c), and the state behind it.

Sources: Alif's SVD file and i2c.h, which alone has IC_HS_MADDR.
"""

from __future__ import annotations

from xipsim.peripherals.core import (
    Output,
    Register,
    RegisterArray,
    State,
    hertz,
)
from xipsim.peripherals.i2c.controller import I2cController

DEPTH = 32
"""Entries of each FIFO."""
RX_UNDER, RX_OVER, RX_FULL, TX_OVER, TX_EMPTY, RD_REQ, TX_ABRT, RX_DONE = (1 << n for n in range(8))
ACTIVITY, STOP_DET, START_DET, GEN_CALL, RESTART_DET = (1 << n for n in range(8, 13))
"""Interrupts: bits of INTR_STAT, INTR_MASK and RAW_INTR_STAT."""
CLEARED = (
    ~(RX_FULL | TX_EMPTY),
    *(RX_UNDER, RX_OVER, TX_OVER, RD_REQ, TX_ABRT, RX_DONE),
    *(ACTIVITY, STOP_DET, START_DET, GEN_CALL),
)
"""What a read of each register from CLR_INTR on clears."""

_GENERAL_CALL = "general call, START byte and device identity"
_TEN_BITS = "addresses of ten bits"
_DMA = "DMA"
_STUCK = "lines that are stuck"


class I2cRegisters(I2cController):
    """What the two sides of the block share."""

    SIZE = 0x1000

    frequency = hertz("IC_CLK in Hz", default=100_000_000)

    IRQ = Output("any interrupt that is not masked")

    CON = Register(0x00, reset=0x7D, ro=0xFFFF_F610)
    MASTER_MODE = CON.field(0)
    SPEED = CON.field(1, 2)
    SLAVE_10BIT = CON.field(3, unmodelled=_TEN_BITS, idle=0)
    MASTER_10BIT = CON.field(4)
    RESTART_EN = CON.field(5)
    SLAVE_DISABLE = CON.field(6)
    STOP_DET_IFADDRESSED = CON.field(7)
    TX_EMPTY_CTRL = CON.field(8)
    BUS_CLEAR = CON.field(11)
    TAR = Register(0x04, reset=0x1055)
    TARGET = TAR.field(0, 7)
    SPECIAL = TAR.field(11, unmodelled=_GENERAL_CALL)
    TAR_10BIT = TAR.field(12, unmodelled=_TEN_BITS, idle=0)
    SAR = Register(0x08, reset=0x55)
    OWN = SAR.field(0, 7)
    HS_MADDR = Register(0x0C)
    DATA_CMD = Register(0x10, neutral=True)
    SS_SCL_HCNT = Register(0x14, reset=0x190)
    SS_SCL_LCNT = Register(0x18, reset=0x1D6)
    FS_SCL_HCNT = Register(0x1C, reset=0x3C)
    FS_SCL_LCNT = Register(0x20, reset=0x82)
    INTR_STAT = Register(0x2C, ro=True, neutral=True)
    INTR_MASK = Register(0x30, reset=0x48FF)
    RAW_INTR_STAT = Register(0x34, ro=True, neutral=True)
    RX_TL = Register(0x38)
    TX_TL = Register(0x3C)
    CLR = RegisterArray(0x40, len(CLEARED), ro=True)
    ENABLE = Register(0x6C)
    EN = ENABLE.field(0)
    ABORT = ENABLE.field(1)
    TX_CMD_BLOCK = ENABLE.field(2)
    SDA_STUCK_RECOVERY = ENABLE.field(3, unmodelled=_STUCK)
    STATUS = Register(0x70, reset=0x6, ro=True, neutral=True)
    TXFLR = Register(0x74, ro=True, neutral=True)
    RXFLR = Register(0x78, ro=True, neutral=True)
    SDA_HOLD = Register(0x7C, reset=0x1)
    TX_ABRT_SOURCE = Register(0x80, ro=True)
    DMA_CR = Register(0x88)
    RDMAE = DMA_CR.field(0, unmodelled=_DMA)
    TDMAE = DMA_CR.field(1, unmodelled=_DMA)
    DMA_TDLR = Register(0x8C)
    DMA_RDLR = Register(0x90)
    SDA_SETUP = Register(0x94, reset=0x64)
    ACK_GENERAL_CALL = Register(0x98, reset=0x1)
    ENABLE_STATUS = Register(0x9C, ro=True, neutral=True)
    FS_SPKLEN = Register(0xA0, reset=0x5)
    SCL_STUCK_AT_LOW_TIMEOUT = Register(0xAC, reset=0xFFFF_FFFF)
    SDA_STUCK_AT_LOW_TIMEOUT = Register(0xB0, reset=0xFFFF_FFFF)
    CLR_SCL_STUCK_DET = Register(0xB4, ro=True)
    DEVICE_ID = Register(0xB8, ro=True)
    REG_TIMEOUT_RST = Register(0xF0, reset=0x8)
    COMP_PARAM_1 = Register(0xF4, reset=0x001F_1FEA, ro=True)
    COMP_VERSION = Register(0xF8, reset=0x3230_322A, ro=True)
    COMP_TYPE = Register(0xFC, reset=0x4457_0140, ro=True)

    raised: State[int] = State(0)
    """Interrupts that stay until they are cleared."""
    tx: State[list[int]] = State([])
    """Commands of the master, or bytes of the target, that have not begun."""
    rx: State[list[int]] = State([])
    is_addressed = State(False)
    """Somebody else on the bus has sent this one's address, and no STOP yet."""

    is_refused = State(False)
    """The master has not acknowledged the last byte that it got."""

    def update(self) -> None:
        """Bring interrupts in line with FIFOs and registers."""
        raise NotImplementedError
