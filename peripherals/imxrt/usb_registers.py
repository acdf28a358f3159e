"""Registers of the USB OTG controller (ChipIdea). (RT10xx)

IMXRT1060RM, chapter 42; reset values: imxrt-ral, imxrt106.
"""

from __future__ import annotations

from xipsim.peripherals.core import Output, Peripheral, Register, RegisterArray

CONTROL_ENABLED = 0x0080_0080
"""TXE and RXE of endpoint 0, which are always set."""


class UsbRegisters(Peripheral):
    """The register table of one core, and its interrupt."""

    SIZE = 0x200

    IRQ = Output("USB interrupt", required=True)

    ID = Register(0x000, reset=0xE4A1_FA05, ro=True)
    HWGENERAL = Register(0x004, reset=0x35, ro=True)
    HWHOST = Register(0x008, reset=0x1002_0001, ro=True)
    HWDEVICE = Register(0x00C, reset=0x11, ro=True)
    HWTXBUF = Register(0x010, reset=0x8008_0B08, ro=True)
    HWRXBUF = Register(0x014, reset=0x808, ro=True)
    GPTIMERLD = RegisterArray(0x080, 2, stride=8, ro=0xFF00_0000)
    GPTIMERCTRL = RegisterArray(0x084, 2, stride=8, ro=0x7EFF_FFFF)
    SBUSCFG = Register(0x090, reset=2)
    CAPLENGTH = Register(0x100, width=16, reset=0x40, ro=True)  # the upper byte is reserved
    HCIVERSION = Register(0x102, width=16, reset=0x100, ro=True)
    HCSPARAMS = Register(0x104, reset=0x0001_0011, ro=True)
    HCCPARAMS = Register(0x108, reset=0x6, ro=True)
    DCIVERSION = Register(0x120, reset=0x1, ro=True)  # the upper half is reserved
    DCCPARAMS = Register(0x124, reset=0x188, ro=True)
    USBCMD = Register(0x140, reset=0x0008_0000)
    RS = USBCMD.field(0)
    RST = USBCMD.field(1)
    FS = USBCMD.field(2, 2)
    PSE = USBCMD.field(4)
    ASE = USBCMD.field(5)
    IAA = USBCMD.field(6)
    SUTW = USBCMD.field(13)
    FS2 = USBCMD.field(15)
    USBSTS = Register(0x144, w1c=0x0301_05FF, ro=0xFCFE_FA00)
    UI = USBSTS.field(0)
    UEI = USBSTS.field(1)
    PCI = USBSTS.field(2)
    FRI = USBSTS.field(3)
    SEI = USBSTS.field(4)
    AAI = USBSTS.field(5)
    URI = USBSTS.field(6)
    SRI = USBSTS.field(7)
    SLI = USBSTS.field(8)
    HCH = USBSTS.field(12)
    PS = USBSTS.field(14)
    AS = USBSTS.field(15)
    NAKI = USBSTS.field(16)
    TI = USBSTS.field(24, 2)
    USBINTR = Register(0x148)
    FRE = USBINTR.field(3)
    URE = USBINTR.field(6)
    SRE = USBINTR.field(7)
    FRINDEX = Register(0x14C, ro=True)
    DEVICEADDR = Register(0x154)
    USBADRA = DEVICEADDR.field(24)
    USBADR = DEVICEADDR.field(25, 7)
    ENDPTLISTADDR = Register(0x158, ro=0x7FF)
    # Reserved in the manual; TinyUSB clears it as the transaction translator's control.
    TTCTRL = Register(0x15C)
    BURSTSIZE = Register(0x160, reset=0x808)
    TXFILLTUNING = Register(0x164)
    ENDPTNAK = Register(0x178, w1c=0x00FF_00FF, ro=0xFF00_FF00)
    ENDPTNAKEN = Register(0x17C)
    CONFIGFLAG = Register(0x180, reset=1, ro=True)
    PORTSC1 = Register(0x184, reset=0x1000_0000, ro=0x0C00_0F81, w1c=0x2A)
    CCS = PORTSC1.field(0)
    FPR = PORTSC1.field(6, unmodelled="resume signalling (the host never suspends the bus)")
    SUSP = PORTSC1.field(7)
    PR = PORTSC1.field(8)
    HSP = PORTSC1.field(9)
    PFSC = PORTSC1.field(24)
    PSPD = PORTSC1.field(26, 2)
    OTGSC = Register(0x1A4, reset=0x1120, w1c=0x007F_0000, ro=0x8080_FFC4)
    ASV = OTGSC.field(10)
    BSV = OTGSC.field(11)
    BSE = OTGSC.field(12)
    BSVIS = OTGSC.field(19)
    BSEIS = OTGSC.field(20)
    USBMODE = Register(0x1A8, reset=0x5000)
    CM = USBMODE.field(0, 2)
    ENDPTSETUPSTAT = Register(0x1AC, w1c=0xFFFF, ro=0xFFFF_0000)
    ENDPTPRIME = Register(0x1B0)
    ENDPTFLUSH = Register(0x1B4)
    ENDPTSTAT = Register(0x1B8, ro=True)
    ENDPTCOMPLETE = Register(0x1BC, w1c=0x00FF_00FF, ro=0xFF00_FF00)
    ENDPTCTRL = RegisterArray(0x1C0, 8, reset=(CONTROL_ENABLED, 0, 0, 0, 0, 0, 0, 0))

    def _signal(self) -> None:
        # Assumption: interrupts are raised at once, whatever threshold ITC asks for.
        otg = self.OTGSC >> 16 & self.OTGSC >> 24 & 0x7F
        self.IRQ.set(bool(self.USBSTS & self.USBINTR or otg))
