"""uSDHC, the SD host controller of the i.MX RT family, with an empty slot."""

from __future__ import annotations

from xipsim.peripherals.core import Output, Peripheral, Register, ResetCause, model

_SDSTB = 1 << 3
_COMMAND_COMPLETE = 1 << 0
_COMMAND_TIMEOUT = 1 << 16
_FLAGS = 0x157F_51FF
_SOFTWARE_RESETS = 0x1F00_0000  # RSTT, INITA, RSTD, RSTC, RSTA
_RSTA = 1 << 24


@model("Imxrt.Usdhc")
class Usdhc(Peripheral):
    """The host side of a slot without a card.

    Nothing answers: a command that wants a response ends in a time-out (at once; silicon: 64 card
    clocks), one that does not completes. Card detect and DATA3 say "no card".
    """

    IRQ = Output("flags in INT_STATUS that INT_SIGNAL_EN lets through")

    DS_ADDR = Register(0x00)
    BLK_ATT = Register(0x04)
    CMD_ARG = Register(0x08)
    CMD_XFR_TYP = Register(0x0C)
    RSPTYP = CMD_XFR_TYP.field(16, 2)
    CMD_RSP0 = Register(0x10, ro=True)
    CMD_RSP1 = Register(0x14, ro=True)
    CMD_RSP2 = Register(0x18, ro=True)
    CMD_RSP3 = Register(0x1C, ro=True)
    DATA_BUFF_ACC_PORT = Register(0x20)
    # Assumption: the card clock is stable at once. CINST and DLSL are 0: no card.
    PRES_STATE = Register(0x24, reset=0x8080 | _SDSTB, ro=True)
    PROT_CTRL = Register(0x28, reset=0x0880_0020)
    SYS_CTRL = Register(0x2C, reset=0x0080_800F)
    INT_STATUS = Register(0x30, w1c=_FLAGS)
    INT_STATUS_EN = Register(0x34)
    INT_SIGNAL_EN = Register(0x38)
    AUTOCMD12_ERR_STATUS = Register(0x3C)
    HOST_CTRL_CAP = Register(0x40, reset=0x07F3_B407, ro=True)
    WTMK_LVL = Register(0x44, reset=0x0810_0810)
    MIX_CTRL = Register(0x48, reset=0x8000_0000)
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

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._update()

    @CMD_XFR_TYP.on_write
    def _command(self, value: int) -> None:
        flag = _COMMAND_TIMEOUT if self.RSPTYP else _COMMAND_COMPLETE
        self.INT_STATUS |= flag & self.INT_STATUS_EN
        self._update()

    @SYS_CTRL.on_write
    def _system_control(self, value: int) -> None:
        self.SYS_CTRL &= ~_SOFTWARE_RESETS
        if value & _RSTA:
            for offset in (*range(0x00, 0x10, 4), 0x30, 0x34, 0x38, 0x3C):
                self.regs[offset] = 0
            self._update()

    @INT_STATUS.on_write
    @INT_SIGNAL_EN.on_write
    def _flags_written(self, value: int) -> None:
        self._update()

    def _update(self) -> None:
        self.IRQ.set(bool(self.INT_STATUS & self.INT_SIGNAL_EN))
