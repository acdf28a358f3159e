"""uSDHC's registers, and what follows from them alone. Reset values: RT1060 family."""

from __future__ import annotations

from xipsim.peripherals.core import Output, Parameter, Peripheral, Register, hertz

from .ccm import Ccm
from .ccm_analog import CcmAnalog

FLAGS = 0x157F_51FF
_STABLE = 1 << 3
_TUNING = "tuning of the sampling clock"


class UsdhcRegisters(Peripheral):
    """The register table, and the rate of the card's clock."""

    SIZE = 0x4000

    frequency = hertz("root clock in Hz where there is no `ccm`", default=198_000_000)
    ccm = Parameter(Ccm, "which selects and divides the root clock", default=None)
    ccm_analog = Parameter(CcmAnalog, "whose PLLs are its sources", default=None)
    number = Parameter(int, "which of CCM's clocks is its own", default=1, choices=(1, 2))

    IRQ = Output("flags in INT_STATUS that INT_SIGNAL_EN lets through")

    DS_ADDR = Register(0x00)
    BLK_ATT = Register(0x04)
    BLKSIZE = BLK_ATT.field(0, 13)
    BLKCNT = BLK_ATT.field(16, 16)
    CMD_ARG = Register(0x08)
    CMD_XFR_TYP = Register(0x0C)
    RSPTYP = CMD_XFR_TYP.field(16, 2)
    DPSEL = CMD_XFR_TYP.field(21)
    CMDINX = CMD_XFR_TYP.field(24, 6)
    CMD_RSP0 = Register(0x10, ro=True)
    CMD_RSP1 = Register(0x14, ro=True)
    CMD_RSP2 = Register(0x18, ro=True)
    CMD_RSP3 = Register(0x1C, ro=True)
    DATA_BUFF_ACC_PORT = Register(0x20)
    # Assumption: the card clock is stable at once.
    PRES_STATE = Register(0x24, reset=0x8080 | _STABLE, ro=True, neutral=True)
    CIHB = PRES_STATE.field(0)
    CDIHB = PRES_STATE.field(1)
    DLA = PRES_STATE.field(2)
    WTA = PRES_STATE.field(8)
    RTA = PRES_STATE.field(9)
    BWEN = PRES_STATE.field(10)
    BREN = PRES_STATE.field(11)
    CINST = PRES_STATE.field(16)
    DLSL = PRES_STATE.field(24, 8)
    PROT_CTRL = Register(0x28, reset=0x0880_0020)
    DTW = PROT_CTRL.field(1, 2)
    EMODE = PROT_CTRL.field(4, 2, unmodelled="other byte orders than little endian", idle=2)
    DMASEL = PROT_CTRL.field(8, 2)
    SABGREQ = PROT_CTRL.field(16, unmodelled="a stop between two blocks")
    SYS_CTRL = Register(0x2C, reset=0x0080_800F)
    DVS = SYS_CTRL.field(4, 4)
    SDCLKFS = SYS_CTRL.field(8, 8)
    DTOCV = SYS_CTRL.field(16, 4)
    INT_STATUS = Register(0x30, w1c=FLAGS, ro=0xEA80_2E00, neutral=True)
    INT_STATUS_EN = Register(0x34)
    INT_SIGNAL_EN = Register(0x38)
    AUTOCMD12_ERR_STATUS = Register(0x3C)
    HOST_CTRL_CAP = Register(0x40, reset=0x07F3_B407, ro=True)
    WTMK_LVL = Register(0x44, reset=0x0810_0810)
    RD_WML = WTMK_LVL.field(0, 8)
    WR_WML = WTMK_LVL.field(16, 8)
    MIX_CTRL = Register(0x48, reset=0x8000_0000)
    DMAEN = MIX_CTRL.field(0)
    BCEN = MIX_CTRL.field(1)
    AC12EN = MIX_CTRL.field(2)
    DDR_EN = MIX_CTRL.field(3, unmodelled="double data rate")
    DTDSEL = MIX_CTRL.field(4)
    MSBSEL = MIX_CTRL.field(5)
    AC23EN = MIX_CTRL.field(7)
    EXE_TUNE = MIX_CTRL.field(22, unmodelled=_TUNING)
    AUTO_TUNE_EN = MIX_CTRL.field(24, unmodelled=_TUNING)
    FORCE_EVENT = Register(0x50, unmodelled="forced events")
    ADMA_ERR_STATUS = Register(0x54, ro=True)
    ADMA_SYS_ADDR = Register(0x58)
    DLL_CTRL = Register(0x60)
    DLL_STATUS = Register(0x64, reset=0x200, ro=True)
    CLK_TUNE_CTRL_STATUS = Register(0x68)
    VEND_SPEC = Register(0xC0, reset=0x2000_7809)
    MMC_BOOT = Register(0xC4, unmodelled="boot from eMMC")
    VEND_SPEC2 = Register(0xC8, reset=0x1006)
    TUNING_CTRL = Register(0xCC, reset=0x0021_2800)

    def _clock(self) -> tuple[int, int]:
        """Hz of the root clock, and what divides it to the card's."""
        root = self.frequency
        if self.ccm is not None and self.ccm_analog is not None:
            # One bit for each of the two; it selects PFD0 in place of PFD2.
            from_pfd0 = self.ccm.USDHC_CLK_SEL >> self.number - 1 & 1
            root = self.ccm_analog.pfd_528(0 if from_pfd0 else 2)
            podf = self.ccm.USDHC1_PODF if self.number == 1 else self.ccm.USDHC2_PODF
            root //= podf + 1
        return root, (2 * self.SDCLKFS or 1) * (self.DVS + 1)
