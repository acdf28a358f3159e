"""Root clocks of the i.MX RT1060 that follow from CCM and the PLLs (IMXRT1060RM, Clock Tree)."""

from __future__ import annotations

from .ccm import Ccm
from .ccm_analog import CcmAnalog

CRYSTAL = 24_000_000
PLL2 = 528_000_000
PLL3 = 480_000_000


def ipg_clock(ccm: Ccm, analog: CcmAnalog) -> int:
    """Hz of IPG_CLK_ROOT, from which timers and PWM run."""
    if ccm.PERIPH_CLK_SEL:
        # Assumption: 3, which is reserved, selects what 2 does.
        source = (PLL3, CRYSTAL, PLL2, PLL2)[ccm.PERIPH_CLK2_SEL]
        root = source // (ccm.PERIPH_CLK2_PODF + 1)
    else:
        select = ccm.PRE_PERIPH_CLK_SEL
        if select == 3:
            root = _pll1(analog) // (ccm.ARM_PODF + 1)
        else:
            root = (PLL2, analog.pfd_528(2), analog.pfd_528(0))[select]
    return root // (ccm.AHB_PODF + 1) // (ccm.IPG_PODF + 1)


def _pll1(analog: CcmAnalog) -> int:
    if analog.PLL_ARM_BYPASS:
        return CRYSTAL
    return CRYSTAL * analog.PLL_ARM_DIV_SELECT // 2
