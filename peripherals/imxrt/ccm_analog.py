"""The analog page at 0x400D8000 of the i.MX RT1060 family.

CCM_ANALOG (PLLs), PMU (regulators), TEMPMON, USB_ANALOG and XTALOSC24M share it.
"""

from __future__ import annotations

from xipsim.peripherals.core import Register, ResetCause, model

from .tempmon import Tempmon

_LOCK = 1 << 31
_LDO_STATUS = 1 << 17 | 1 << 16
_PFD_STABLE = 1 << 30 | 1 << 22 | 1 << 14 | 1 << 6
_MISC2_STATUS = 0x004F_4F4F


def _divided(hertz: int, pfd: int, number: int) -> int:
    # Assumption: a fraction below 12, the least that the manual allows, counts as 12.
    return hertz * 18 // max(pfd >> 8 * number & 0x3F, 12)


@model("Imxrt.CcmAnalog")
class CcmAnalog(Tempmon):
    """PLLs, phase fractional dividers, regulators, oscillators, USB detectors, temperature.

    Assumption: PLLs lock, regulators settle and the crystal starts in no virtual time, so a status
    bit follows the bit that switches its source on.
    """

    SIZE = 0x1000

    PLL_ARM = Register(0x00, reset=0x0001_3063, ro=_LOCK, set_clear_toggle=True)
    PLL_ARM_DIV_SELECT = PLL_ARM.field(0, 7)
    PLL_ARM_BYPASS = PLL_ARM.field(16)
    PLL_USB1 = Register(0x10, reset=0x0001_2000, ro=_LOCK, set_clear_toggle=True)
    PLL_USB2 = Register(0x20, reset=0x0001_2000, ro=_LOCK, set_clear_toggle=True)
    PLL_SYS = Register(0x30, reset=0x0001_3001, ro=_LOCK, set_clear_toggle=True)
    PLL_SYS_SS = Register(0x40)
    PLL_SYS_NUM = Register(0x50)
    PLL_SYS_DENOM = Register(0x60, reset=0x12)
    PLL_AUDIO = Register(0x70, reset=0x0001_1006, ro=_LOCK, set_clear_toggle=True)
    PLL_AUDIO_NUM = Register(0x80, reset=0x05F5_E100)
    PLL_AUDIO_DENOM = Register(0x90, reset=0x2964_619C)
    PLL_VIDEO = Register(0xA0, reset=0x0001_100C, ro=_LOCK, set_clear_toggle=True)
    PLL_VIDEO_NUM = Register(0xB0, reset=0x05F5_E100)
    PLL_VIDEO_DENOM = Register(0xC0, reset=0x10A2_4447)
    PLL_ENET = Register(0xE0, reset=0x0001_1001, ro=_LOCK, set_clear_toggle=True)
    # The STABLE bits toggle with every change on silicon, "for diagnostic purposes only".
    PFD_480 = Register(0xF0, reset=0x1311_100C, ro=_PFD_STABLE, set_clear_toggle=True)
    PFD_528 = Register(0x100, reset=0x1018_101B, ro=_PFD_STABLE, set_clear_toggle=True)
    REG_1P1 = Register(0x110, reset=0x1073, ro=_LDO_STATUS, set_clear_toggle=True)
    REG_3P0 = Register(0x120, reset=0x0F74, ro=_LDO_STATUS, set_clear_toggle=True)
    REG_2P5 = Register(0x130, reset=0x1073, ro=_LDO_STATUS, set_clear_toggle=True)
    REG_CORE = Register(0x140, reset=0x0048_2012, set_clear_toggle=True)
    MISC0 = Register(0x150, reset=0x0400_0000, ro=1 << 29 | 1 << 15 | 1 << 7, set_clear_toggle=True)
    MISC1 = Register(0x160, w1c=0xF800_0000, ro=0x07FC_EBE0, set_clear_toggle=True)
    MISC2 = Register(0x170, reset=0x0027_2727, ro=_MISC2_STATUS, set_clear_toggle=True)
    # 0x180, 0x190 and 0x290 are TEMPMON's.
    USB1_VBUS_DETECT = Register(0x1A0, reset=0x0010_0004, set_clear_toggle=True)
    USB1_CHRG_DETECT = Register(0x1B0, set_clear_toggle=True, unmodelled="charger detection")
    # Assumption: the cable's 5 V are there whether or not the PC listens: VBUS, A and B valid.
    USB1_VBUS_DETECT_STAT = Register(0x1C0, reset=0xE, ro=True)
    USB1_CHRG_DETECT_STAT = Register(0x1D0, ro=True)
    USB1_LOOPBACK = Register(0x1E0, set_clear_toggle=True, unmodelled="loopback test")
    USB1_MISC = Register(0x1F0, reset=0x2, set_clear_toggle=True)
    USB2_VBUS_DETECT = Register(0x200, reset=0x0010_0004, set_clear_toggle=True)
    USB2_CHRG_DETECT = Register(0x210, set_clear_toggle=True, unmodelled="charger detection")
    # SESSEND: nothing is plugged into the second port.
    USB2_VBUS_DETECT_STAT = Register(0x220, reset=0x1, ro=True)
    USB2_CHRG_DETECT_STAT = Register(0x230, ro=True)
    USB2_LOOPBACK = Register(0x240, set_clear_toggle=True, unmodelled="loopback test")
    USB2_MISC = Register(0x250, reset=0x2, set_clear_toggle=True)
    DIGPROG = Register(0x260, reset=0x006C_0000, ro=True)
    # XTALOSC_PWRUP_STAT (bit 16), 0 in the manual: the crystal runs before any code does.
    LOWPWR_CTRL = Register(0x270, reset=0x0001_4001, ro=1 << 16, set_clear_toggle=True)
    OSC_CONFIG0 = Register(0x2A0, reset=0x1020, set_clear_toggle=True)
    OSC_CONFIG1 = Register(0x2B0, reset=0x02EE, set_clear_toggle=True)
    OSC_CONFIG2 = Register(0x2C0, reset=0x0001_02E2, set_clear_toggle=True)

    _FOLLOWERS = (
        # register, status bit, control bit, value of the control bit that means "on"
        (PLL_ARM, 31, 12, 0),
        (PLL_USB1, 31, 12, 1),
        (PLL_USB2, 31, 12, 1),
        (PLL_SYS, 31, 12, 0),
        (PLL_AUDIO, 31, 12, 0),
        (PLL_VIDEO, 31, 12, 0),
        (PLL_ENET, 31, 12, 0),
        (REG_1P1, 17, 0, 1),
        (REG_3P0, 17, 0, 1),
        (REG_2P5, 17, 0, 1),
        (MISC0, 15, 16, 1),  # crystal OK, once its detector is on
        (MISC0, 7, 0, 0),  # bandgap up
    )

    def reset(self, cause: ResetCause) -> None:
        super().reset(cause)
        self._settle(0)

    def pfd_480(self, number: int) -> int:
        """Hz of a fractional divider of PLL3, which runs at 480 MHz."""
        return _divided(480_000_000, self.PFD_480, number)

    def pfd_528(self, number: int) -> int:
        """Hz of a fractional divider of PLL2, which runs at 528 MHz."""
        return _divided(528_000_000, self.PFD_528, number)

    @PLL_ARM.on_write
    @PLL_USB1.on_write
    @PLL_USB2.on_write
    @PLL_SYS.on_write
    @PLL_AUDIO.on_write
    @PLL_VIDEO.on_write
    @PLL_ENET.on_write
    @REG_1P1.on_write
    @REG_3P0.on_write
    @REG_2P5.on_write
    @MISC0.on_write
    def _settle(self, value: int) -> None:
        for register, status, control, on in self._FOLLOWERS:
            held = self.regs[register.offset]
            ready = (held >> control & 1) == on
            self.regs[register.offset] = held & ~(1 << status) | ready << status
