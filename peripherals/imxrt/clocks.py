"""Root clocks of the i.MX RT1060 that follow from CCM and the PLLs (IMXRT1060RM, Clock Tree)."""

from __future__ import annotations

from collections.abc import Callable

from .ccm import Ccm
from .ccm_analog import CcmAnalog

CRYSTAL = 24_000_000
PLL2 = 528_000_000
PLL3 = 480_000_000


def clock_or(
    otherwise: int,
    root: Callable[..., int],
    ccm: Ccm | None,
    analog: CcmAnalog | None,
    *which: int,
) -> int:
    """Hz of a root clock of these blocks; `otherwise` for a block that was given none of them.

    which: what `root` wants to know beside the blocks.
    """
    return otherwise if ccm is None or analog is None else root(ccm, analog, *which)


def periph_clock(ccm: Ccm, analog: CcmAnalog) -> int:
    """Hz of PERIPH_CLK, from which the core and its buses run."""
    if ccm.PERIPH_CLK_SEL:
        # Assumption: 3, which is reserved, selects what 2 does.
        source = (PLL3, CRYSTAL, PLL2, PLL2)[ccm.PERIPH_CLK2_SEL]
        return source // (ccm.PERIPH_CLK2_PODF + 1)
    select = ccm.PRE_PERIPH_CLK_SEL
    if select == 3:
        return _pll1(analog) // (ccm.ARM_PODF + 1)
    return (PLL2, analog.pfd_528(2), analog.pfd_528(0))[select]


def ahb_clock(ccm: Ccm, analog: CcmAnalog) -> int:
    """Hz of AHB_CLK_ROOT, the core's clock."""
    return periph_clock(ccm, analog) // (ccm.AHB_PODF + 1)


def ipg_clock(ccm: Ccm, analog: CcmAnalog) -> int:
    """Hz of IPG_CLK_ROOT, from which timers and PWM run."""
    return ahb_clock(ccm, analog) // (ccm.IPG_PODF + 1)


def semc_clock(ccm: Ccm, analog: CcmAnalog) -> int:
    """Hz of SEMC_CLK_ROOT."""
    if not ccm.SEMC_CLK_SEL:
        source = periph_clock(ccm, analog)
    else:
        source = analog.pfd_480(1) if ccm.SEMC_ALT_CLK_SEL else analog.pfd_528(2)
    return source // (ccm.SEMC_PODF + 1)


def flexspi_clock(ccm: Ccm, analog: CcmAnalog) -> int:
    """Hz of FLEXSPI_CLK_ROOT, the serial root clock of the first FlexSPI."""
    sources = (semc_clock(ccm, analog), PLL3, analog.pfd_528(2), analog.pfd_480(0))
    return sources[ccm.FLEXSPI_CLK_SEL] // (ccm.FLEXSPI_PODF + 1)


def flexspi2_clock(ccm: Ccm, analog: CcmAnalog) -> int:
    """Hz of FLEXSPI2_CLK_ROOT, the serial root clock of the second FlexSPI."""
    sources = (analog.pfd_528(2), analog.pfd_480(0), analog.pfd_480(1), PLL2)
    return sources[ccm.FLEXSPI2_CLK_SEL] // (ccm.FLEXSPI2_PODF + 1)


def _pll1(analog: CcmAnalog) -> int:
    if analog.PLL_ARM_BYPASS:
        return CRYSTAL
    return CRYSTAL * analog.PLL_ARM_DIV_SELECT // 2


def audio_pll(analog: CcmAnalog) -> int:
    """Hz of PLL4, behind its dividers."""
    pll = analog.PLL_AUDIO
    if pll >> 16 & 1:
        hertz = CRYSTAL
    else:
        # Assumption: a denominator of 0, which makes no sense, is one of 1.
        fraction = CRYSTAL * analog.PLL_AUDIO_NUM // (analog.PLL_AUDIO_DENOM or 1)
        hertz = CRYSTAL * (pll & 0x7F) + fraction
    # Assumption: 3, which is reserved, selects what 2 does.
    post = (4, 2, 1, 1)[pll >> 19 & 3]
    # AUDIO_DIV_LSB and AUDIO_DIV_MSB: by 1, 2, 1 and 4.
    last = (1, 2, 1, 4)[analog.MISC2 >> 15 & 1 | analog.MISC2 >> 22 & 2]
    return hertz // post // last


def sai_clock(ccm: Ccm, analog: CcmAnalog, number: int) -> int:
    """Hz of SAIn_CLK_ROOT, which is MCLK1 of SAI 1 to 3."""
    dividers = (ccm.CS1CDR, ccm.CS2CDR, ccm.CS1CDR >> 16)[number - 1]
    select = ccm.CSCMR1 >> 8 + 2 * number & 3
    # Assumption: the video PLL, and 3, which is reserved, select what 2 does.
    root = audio_pll(analog) if select else analog.pfd_480(2)
    return root // ((dividers >> 6 & 7) + 1) // ((dividers & 0x3F) + 1)
