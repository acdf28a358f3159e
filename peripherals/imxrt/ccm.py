"""NXP i.MX RT10xx clock controller module (CCM). Reset values: RT1060 family."""

from __future__ import annotations

from xipsim.peripherals.core import Peripheral, Register, RegisterArray, model


@model("Imxrt.Ccm")
class Ccm(Peripheral):
    """Clock dividers, multiplexers and gates.

    Firmware computes its baud rates from what it stored here. Only UARTs, LPI2C, LPSPI, FlexSPI,
    PWM, quad timers, USDHC, FlexCAN and SAI ask it: every peripheral has its clock, whatever its
    gate says.
    """

    SYSTICK_REFERENCE = 100_000
    """Hz of the core's external SysTick reference: the 24 MHz crystal by 240, before any divider of
    this block. (IMXRT1060RM, Arm Cortex-M7 platform, SysTick)"""

    CCR = Register(0x00, reset=0x0401_107F)
    # COSC_READY (bit 5), 0 in the manual, is set by the time any code runs.
    CSR = Register(0x08, reset=0x30, ro=True)
    CCSR = Register(0x0C, reset=0x100)
    CACRR = Register(0x10, reset=0x1)
    ARM_PODF = CACRR.field(0, 3)
    CBCDR = Register(0x14, reset=0x000A_8300)
    SEMC_CLK_SEL = CBCDR.field(6)
    SEMC_ALT_CLK_SEL = CBCDR.field(7)
    IPG_PODF = CBCDR.field(8, 2)
    AHB_PODF = CBCDR.field(10, 3)
    SEMC_PODF = CBCDR.field(16, 3)
    PERIPH_CLK_SEL = CBCDR.field(25)
    PERIPH_CLK2_PODF = CBCDR.field(27, 3)
    CBCMR = Register(0x18, reset=0x2DAE_8324)
    LPSPI_CLK_SEL = CBCMR.field(4, 2)
    FLEXSPI2_CLK_SEL = CBCMR.field(8, 2)
    PERIPH_CLK2_SEL = CBCMR.field(12, 2)
    PRE_PERIPH_CLK_SEL = CBCMR.field(18, 2)
    LPSPI_PODF = CBCMR.field(26, 3)
    FLEXSPI2_PODF = CBCMR.field(29, 3)
    CSCMR1 = Register(0x1C, reset=0x0490_0000)
    USDHC_CLK_SEL = CSCMR1.field(16, 2)
    FLEXSPI_PODF = CSCMR1.field(23, 3)
    FLEXSPI_CLK_SEL = CSCMR1.field(29, 2)
    CSCMR2 = Register(0x20, reset=0x1319_2F06)
    CAN_CLK_PODF = CSCMR2.field(2, 6)
    CAN_CLK_SEL = CSCMR2.field(8, 2)
    CSCDR1 = Register(0x24, reset=0x0649_0B00)
    USDHC1_PODF = CSCDR1.field(11, 3)
    USDHC2_PODF = CSCDR1.field(16, 3)
    CS1CDR = Register(0x28, reset=0x0EC1_02C1)
    CS2CDR = Register(0x2C, reset=0x0073_36C1)
    CDCDR = Register(0x30, reset=0x33F7_1F92)
    CSCDR2 = Register(0x38, reset=0x0002_9150)
    LPI2C_CLK_SEL = CSCDR2.field(18)
    LPI2C_CLK_PODF = CSCDR2.field(19, 6)
    CSCDR3 = Register(0x3C, reset=0x0003_0841)
    # Assumption: divider and multiplexer handshakes take no virtual time, so nothing is ever busy.
    CDHIPR = Register(0x48, ro=True)
    CLPCR = Register(0x54, reset=0x79)
    LPM = CLPCR.field(0, 2, unmodelled="WFI does not enter wait or stop mode", idle=0)
    # No PLL locks, and no divider changes, in a time that could be told of.
    CISR = Register(0x58, ro=True)
    CIMR = Register(0x5C, reset=0xFFFF_FFFF)
    CCOSR = Register(0x60, reset=0x000A_0001)
    CGPR = Register(0x64, reset=0xFE62)
    CCGR = RegisterArray(
        0x68,
        8,
        reset=(
            0xFFFF_FFFF,
            0xFFFF_FFFF,
            0xFC3F_FFFF,
            0xFFFF_FFCF,
            0xFFFF_FFFF,
            0xFFFF_FFFF,
            0xFFFF_FFFF,
            0xFFFF_FFFF,
        ),
    )
    CMEOR = Register(0x88, reset=0xFFFF_FFFF)
