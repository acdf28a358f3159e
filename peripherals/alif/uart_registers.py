"""Registers of the DesignWare UART. (Alif's Ensemble CMSIS DFP, uart.h; DW_apb_uart data book)"""

from __future__ import annotations

from xipsim.peripherals.core import Peripheral, Register, RegisterArray

_RS485 = "RS-485"
_NINE_BITS = "nine-bit characters and addresses"
_FIFO_ACCESS = "FIFO access mode"
_DMA = "DMA"
_BREAK = "sending a break"


class UartRegisters(Peripheral):
    """Base of the UART: its register table."""

    SIZE = 0x1000

    # RBR for reads, THR for writes, which leave it alone; DLL while LCR.DLAB is set.
    RBR = Register(0x00, ro=True)
    IER = Register(0x04)
    # IIR for reads, FCR for writes.
    IIR = Register(0x08)
    LCR = Register(0x0C)
    BC = LCR.field(6, unmodelled=_BREAK)
    MCR = Register(0x10)
    LB = MCR.field(4, unmodelled="loop-back")
    SIRE = MCR.field(6, unmodelled="infrared")
    LSR = Register(0x14, reset=0x60, ro=True, neutral=True)
    MSR = Register(0x18, ro=True)
    SCR = Register(0x1C)
    SRBR = RegisterArray(0x30, 16)
    FAR = Register(0x70, unmodelled=_FIFO_ACCESS)
    TFR = Register(0x74, ro=True)
    RFW = Register(0x78, unmodelled=_FIFO_ACCESS)
    USR = Register(0x7C, reset=0x06, ro=True, neutral=True)
    TFL = Register(0x80, ro=True, neutral=True)
    RFL = Register(0x84, ro=True, neutral=True)
    SRR = Register(0x88)
    SRTS = Register(0x8C)
    SBCR = Register(0x90)
    SBCB = SBCR.field(0, unmodelled=_BREAK)
    SDMAM = Register(0x94, unmodelled=_DMA)
    SFE = Register(0x98)
    SRT = Register(0x9C, ro=0xFFFF_FFFC)
    STET = Register(0xA0, ro=0xFFFF_FFFC)
    HTX = Register(0xA4)
    DMASA = Register(0xA8, unmodelled=_DMA)
    TCR = Register(0xAC, unmodelled=_RS485)
    DE_EN = Register(0xB0, unmodelled=_RS485)
    RE_EN = Register(0xB4, unmodelled=_RS485)
    DET = Register(0xB8, unmodelled=_RS485)
    TAT = Register(0xBC, unmodelled=_RS485)
    DLF = Register(0xC0, ro=0xFFFF_FFF0)
    RAR = Register(0xC4, unmodelled=_NINE_BITS)
    TAR = Register(0xC8, unmodelled=_NINE_BITS)
    LCR_EXT = Register(0xCC, unmodelled=_NINE_BITS)
    REG_TIMEOUT_RST = Register(0xD4)
    # Assumption: 32-bit APB, auto flow control, PTIME, FIFO status and shadow registers, FIFOs of
    # 32 (all of which the driver uses); the component's version is not public.
    CPR = Register(0xF4, reset=0x0002_1D32, ro=True)
    UCV = Register(0xF8, ro=True)
    CTR = Register(0xFC, reset=0x4457_0110, ro=True)
