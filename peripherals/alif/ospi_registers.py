"""OSPI's register table (Synopsys DWC SSI with XIP extensions), and the state behind it.

Sources: the vendor's SVD file (fields, reset values) and driver headers (what the SVD leaves out).
"""

from __future__ import annotations

from xipsim.peripherals.core import (
    FlashChip,
    Output,
    Parameter,
    Peripheral,
    Region,
    Register,
    RegisterArray,
    Slots,
    State,
    guards,
    hertz,
)
from xipsim.peripherals.nor.bus import SpiDevice


class OspiRegisters(Peripheral):
    """What the parts of the model share: registers, chip selects, the window, state."""

    SIZE = 0x1000

    frequency = hertz("Hz of the clock that BAUDR divides.", default=400_000_000)

    xip = Parameter(
        str,
        "native: reads of the window are free while it shows what the chip holds; cycles: each is "
        "a cycle of its own and takes its clocks",
        default="native",
        choices=("native", "cycles"),
    )

    chips: Slots[SpiDevice] = Slots(2, "chip selects", kind=FlashChip)
    IRQ = Output("the module's interrupt")
    window = Region("the bytes of the chip that XIP_SER selects (XIP)")

    CTRLR0 = Register(0x00, reset=0x00C0_4407, neutral=True)
    DFS = CTRLR0.field(0, 5)
    FRF = CTRLR0.field(6, 2)
    SCPH = CTRLR0.field(8)
    SCPOL = CTRLR0.field(9)
    TMOD = CTRLR0.field(10, 2)
    SRL = CTRLR0.field(13)
    SSTE = CTRLR0.field(14)
    SPI_FRF = CTRLR0.field(22, 2)
    SPI_HYPERBUS_EN = CTRLR0.field(24)
    SSI_IS_MST = CTRLR0.field(31)
    CTRLR1 = Register(0x04, neutral=True)
    NDF = CTRLR1.field(0, 16)
    SSIENR = Register(0x08, neutral=True)
    SSI_EN = SSIENR.field(0)
    MWCR = Register(0x0C, unmodelled="the Microwire frame format")
    SER = Register(0x10, neutral=True)
    SELECTS = SER.field(0, 2)
    BAUDR = Register(0x14, ro=0xFFFF_0001, neutral=True)
    TXFTLR = Register(0x18, neutral=True)
    TFT = TXFTLR.field(0, 8)
    TXFTHR = TXFTLR.field(16, 8)
    RXFTLR = Register(0x1C, neutral=True)
    RFT = RXFTLR.field(0, 8)
    TXFLR = Register(0x20, ro=True, neutral=True)
    RXFLR = Register(0x24, ro=True, neutral=True)
    SR = Register(0x28, reset=0x06, ro=True, neutral=True)
    IMR = Register(0x2C, reset=0xFF, neutral=True)
    ISR = Register(0x30, ro=True, neutral=True)
    RISR = Register(0x34, ro=True, neutral=True)
    TXEICR = Register(0x38, ro=True, neutral=True)
    RXOICR = Register(0x3C, ro=True, neutral=True)
    RXUICR = Register(0x40, ro=True, neutral=True)
    MSTICR = Register(0x44, ro=True, neutral=True)
    ICR = Register(0x48, ro=True, neutral=True)
    DMACR = Register(0x4C)
    RDMAE = DMACR.field(0, unmodelled="DMA requests of the receive FIFO")
    TDMAE = DMACR.field(1, unmodelled="DMA requests of the transmit FIFO")
    DMATDLR = Register(0x50)
    DMARDLR = Register(0x54)
    IDR = Register(0x58, reset=0xC7C5_C7C5, ro=True)
    SSIC_VERSION_ID = Register(0x5C, reset=0x3130_332A, ro=True)
    DR = RegisterArray(0x60, 36, ro=True, neutral=True)
    RX_SAMPLE_DELAY = Register(0xF0)
    SPI_CTRLR0 = Register(0xF4, reset=0x200, neutral=True)
    TRANS_TYPE = SPI_CTRLR0.field(0, 2)
    ADDR_L = SPI_CTRLR0.field(2, 4)
    INST_L = SPI_CTRLR0.field(8, 2)
    WAIT_CYCLES = SPI_CTRLR0.field(11, 5)
    SPI_DDR_EN = SPI_CTRLR0.field(16)
    INST_DDR_EN = SPI_CTRLR0.field(17)
    SPI_RXDS_EN = SPI_CTRLR0.field(18)
    SPI_DM_EN = SPI_CTRLR0.field(24)
    CLK_STRETCH_EN = SPI_CTRLR0.field(30)
    DDR_DRIVE_EDGE = Register(0xF8)
    XIP_MODE_BITS = Register(0xFC)
    XIP_INCR_INST = Register(0x100)
    XIP_WRAP_INST = Register(0x104)
    XIP_CTRL = Register(0x108, reset=0x0800_0401)
    XIP_FRF = XIP_CTRL.field(0, 2)
    XIP_TRANS_TYPE = XIP_CTRL.field(2, 2)
    XIP_ADDR_L = XIP_CTRL.field(4, 4)
    XIP_INST_L = XIP_CTRL.field(9, 2)
    XIP_MD_BITS_EN = XIP_CTRL.field(12)
    XIP_WAIT_CYCLES = XIP_CTRL.field(13, 5)
    XIP_DFS_HC = XIP_CTRL.field(18)
    XIP_DDR_EN = XIP_CTRL.field(19)
    XIP_INST_DDR_EN = XIP_CTRL.field(20)
    XIP_RXDS_EN = XIP_CTRL.field(21)
    XIP_INST_EN = XIP_CTRL.field(22)
    XIP_CONT_XFER_EN = XIP_CTRL.field(23)
    XIP_HYPERBUS_EN = XIP_CTRL.field(24)
    XIP_MBL = XIP_CTRL.field(26, 2)
    XIP_SER = Register(0x10C)
    XIP_SELECTS = XIP_SER.field(0, 2)
    XRXOICR = Register(0x110, ro=True)
    XIP_CNT_TIME_OUT = Register(0x114)
    XIP_WRITE_INCR_INST = Register(0x140)
    XIP_WRITE_WRAP_INST = Register(0x144)
    XIP_WRITE_CTRL = Register(0x148)
    WR_FRF = XIP_WRITE_CTRL.field(0, 2)
    WR_TRANS_TYPE = XIP_WRITE_CTRL.field(2, 2)
    WR_ADDR_L = XIP_WRITE_CTRL.field(4, 4)
    WR_INST_L = XIP_WRITE_CTRL.field(8, 2)
    WR_SPI_DDR_EN = XIP_WRITE_CTRL.field(10)
    WR_INST_DDR_EN = XIP_WRITE_CTRL.field(11)
    WR_HYPERBUS_EN = XIP_WRITE_CTRL.field(12)
    WR_WAIT_CYCLES = XIP_WRITE_CTRL.field(16, 5)

    LOCKED = (
        CTRLR0, CTRLR1, MWCR, BAUDR, RX_SAMPLE_DELAY, SPI_CTRLR0, DDR_DRIVE_EDGE, XIP_MODE_BITS,
        XIP_INCR_INST, XIP_WRAP_INST, XIP_CTRL, XIP_SER, XIP_CNT_TIME_OUT, XIP_WRITE_INCR_INST,
        XIP_WRITE_WRAP_INST, XIP_WRITE_CTRL,
    )  # fmt: skip
    """Registers that can be written only while SSIENR is 0."""

    tx: State[list[int]] = State([])
    """Entries of the transmit FIFO that wait for their transfer."""
    rx: State[list[int]] = State([])
    """Frames in the receive FIFO."""
    sent: State[list[int]] = State([])
    """Entries of the transfer under way, and in `ends` the ns at which each is through."""
    ends: State[list[int]] = State([])
    incoming: State[bytes] = State(b"")
    """What the chip answers to the receive under way."""
    expected = State(0)
    """Frames of that receive, 0 without one; of them have `arrived` and were `lost`."""
    arrived = State(0)
    lost = State(0)
    since = State(0)
    """When it began, in ns, and how many half clocks after that its first frame begins."""
    lead = State(0)
    chosen = State(0)
    """SER when the last transfer began."""
    raised = State(0)
    """The interrupts that stay until they are cleared."""
    overflowing = State(False)
    """A write to the full transmit FIFO was reported since it was emptied last."""
    xip_enabled = State(False)
    """AES_CONTROL.XIP_EN."""
    window_native = State(False)
    """Whether the window is native: no command and no register has ended that since a read."""
    window_reports: State[set[tuple[str, int | None]]] = State(set())
    """Rules broken through the window, with the PC or the end of the operation."""

    @guards(*LOCKED, guarded_while=SSI_EN)
    def _refuse(self, register: Register, value: int) -> bool:
        # Assumption: such a write is lost.
        self.diagnose(
            "write-while-enabled",
            f"{register.name} <- {value:#x} is lost: it can be written while SSIENR is 0 only",
        )
        return False
