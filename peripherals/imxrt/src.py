"""System reset controller of the i.MX RT10xx: why the chip was reset, and how it boots."""

from __future__ import annotations

from xipsim.peripherals.core import Peripheral, Register, RegisterArray, ResetCause, State, model

# Assumption: leaving SNVS power-off shows as a user reset, and without the power-up bit: that is
# how MicroPython tells deep sleep (bit 3) from a power-on.
_SRSR = {
    ResetCause.POWER_ON: 1 << 0,  # ipp_reset_b
    ResetCause.PIN: 1 << 0,  # POR_B is the chip's only reset pin
    ResetCause.SOFTWARE: 1 << 1,  # lockup_sysresetreq
    ResetCause.LOCKUP: 1 << 1,
    ResetCause.WAKE_UP: 1 << 3,  # ipp_user_reset_b
    ResetCause.WATCHDOG: 1 << 4,  # wdog_rst_b
    ResetCause.WATCHDOG_SOFTWARE: 1 << 4,
}
_WDOG3_RST_B = 1 << 7

COLD = frozenset({ResetCause.POWER_ON, ResetCause.PIN, ResetCause.WAKE_UP})
"""Resets after which everything outside the SNVS domain starts as at power-on."""


@model("Imxrt.Src")
class Src(Peripheral):
    """Reset status, boot mode, and general-purpose registers that outlive warm resets.

    SRSR collects the sources of all resets since the last cold one, until firmware writes ones.
    """

    SCR = Register(0x00, reset=0xA048_0520)
    CORE0_RST = SCR.field(13, unmodelled="reset of the core alone")
    CORE0_DBG_RST = SCR.field(17, unmodelled="reset of the core's debug logic")
    # BOOT_CFG pins and fuses all 0: serial NOR on FlexSPI.
    SBMR1 = Register(0x04, ro=True)
    SRSR = Register(0x08, reset=0x1, w1c=0xFF, ro=0xFFFF_FE00, survives_reset=True)
    # Assumption: BMOD (25:24) = 2, internal boot, as the boards' pins are strapped.
    SBMR2 = Register(0x1C, reset=0x0200_0000, ro=True)
    GPR = RegisterArray(0x20, 10, survives_reset=True)

    rtwdog_fired = State(False, survives_reset=True)

    def reset(self, cause: ResetCause) -> None:
        source = _SRSR[cause]
        if cause is ResetCause.WATCHDOG and self.rtwdog_fired:
            source = _WDOG3_RST_B
        super().reset(ResetCause.POWER_ON if cause in COLD else cause)
        self.rtwdog_fired = False
        self.SRSR = source if cause in COLD else self.SRSR | source
