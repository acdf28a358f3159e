"""Root clocks of the i.MX RT1060 by IMXRT1060RM, CCM: clock tree, and CCM_ANALOG: PLLs and PFDs."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt import clocks
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog

CBCDR, CBCMR, CSCMR1, CACRR, CS1CDR, CS2CDR = 0x14, 0x18, 0x1C, 0x10, 0x28, 0x2C
PLL_ARM, PLL_AUDIO, NUM, DENOM, PFD_480, PFD_528, MISC2 = (
    *(0x00, 0x70, 0x80, 0x90, 0xF0, 0x100, 0x170),
)
PLL2, PLL3, CRYSTAL = 528_000_000, 480_000_000, 24_000_000


class Tree:
    """CCM and CCM_ANALOG; all of CCM's dividers by 1, all multiplexers at 0, fractions 18 to 35."""

    def __init__(self) -> None:
        system = Bench().system
        self.ccm, self.analog = Ccm(system), CcmAnalog(system)
        for model in (self.ccm, self.analog):
            model.reset(ResetCause.POWER_ON)
        for offset in (CACRR, CBCDR, CBCMR, CSCMR1, CS1CDR, CS2CDR):
            self.ccm.write(offset, 0)
        self.analog.write(PFD_480, 12 | 18 << 8 | 24 << 16 | 35 << 24)
        self.analog.write(PFD_528, 24 | 16 << 8 | 27 << 16 | 33 << 24)

    def hertz(self, root: str, *which: int) -> int:
        found: int = getattr(clocks, root)(self.ccm, self.analog, *which)
        return found


PFD2 = (396_000_000, 594_000_000, 352_000_000, 288_000_000)
"""528 MHz * 18 / fraction."""
PFD3 = (720_000_000, 480_000_000, 360_000_000, 246_857_142)


@pytest.fixture
def tree() -> Tree:
    return Tree()


def test_fractions_divide_the_plls(tree: Tree) -> None:
    assert tuple(map(tree.analog.pfd_528, range(4))) == PFD2
    assert tuple(map(tree.analog.pfd_480, range(4))) == PFD3
    tree.analog.write(PFD_480, 13 | 0x80)
    assert tree.analog.pfd_480(0) == PLL3 * 18 // 13, "CLKGATE is no part of the fraction"
    tree.analog.write(PFD_480, 11)
    assert tree.analog.pfd_480(0) == PLL3 * 18 // 12, "12 is the least"


@pytest.mark.parametrize(
    ("select", "divider", "hertz"),
    [(0, 0, PLL2), (1, 0, PFD2[2]), (2, 0, PFD2[0]), (3, 0, 1_200_000_000), (3, 1, 600_000_000)],
)
def test_the_core_runs_from_pre_periph_clk(
    tree: Tree, select: int, divider: int, hertz: int
) -> None:
    """CBCMR.PRE_PERIPH_CLK_SEL; CACRR.ARM_PODF divides PLL1, 24 MHz * 100 / 2."""
    tree.analog.write(PLL_ARM, 100 | 1 << 13)
    tree.ccm.write(CBCMR, select << 18)
    tree.ccm.write(CACRR, divider)
    for podf in (0, 1, 7):
        tree.ccm.write(CBCDR, podf << 10 | 3 << 8)
        assert tree.hertz("periph_clock") == hertz
        assert tree.hertz("ahb_clock") == hertz // (podf + 1)
        assert tree.hertz("ipg_clock") == hertz // (podf + 1) // 4


def test_a_bypassed_pll_passes_the_crystal_on(tree: Tree) -> None:
    tree.ccm.write(CBCMR, 3 << 18)
    tree.analog.write(PLL_ARM, 100 | 1 << 13 | 1 << 16)
    assert tree.hertz("periph_clock") == CRYSTAL


@pytest.mark.parametrize(("select", "hertz"), [(0, PLL3), (1, CRYSTAL), (2, PLL2)])
@pytest.mark.parametrize("podf", [0, 1, 7])
def test_the_core_runs_from_periph_clk2(tree: Tree, select: int, hertz: int, podf: int) -> None:
    """CBCDR.PERIPH_CLK_SEL and PERIPH_CLK2_PODF, CBCMR.PERIPH_CLK2_SEL."""
    tree.ccm.write(CBCDR, 1 << 25 | podf << 27)
    tree.ccm.write(CBCMR, select << 12)
    assert tree.hertz("periph_clock") == hertz // (podf + 1)


@pytest.mark.parametrize(
    ("select", "hertz"), [(0, PLL2), (1 << 6, PFD2[2]), (3 << 6, PFD3[1]), (1 << 7, PLL2)]
)
@pytest.mark.parametrize("podf", [0, 2, 7])
def test_semc_and_flexspi_from_it(tree: Tree, select: int, hertz: int, podf: int) -> None:
    """CBCDR.SEMC_CLK_SEL, SEMC_ALT_CLK_SEL, SEMC_PODF; FLEXSPI_CLK_SEL 0 is SEMC's."""
    tree.ccm.write(CBCDR, select | podf << 16)
    assert tree.hertz("semc_clock") == tree.hertz("flexspi_clock") == hertz // (podf + 1)


@pytest.mark.parametrize(
    ("register", "select", "podf", "root", "sources"),
    [
        (CSCMR1, 29, 23, "flexspi_clock", (PLL2, PLL3, PFD2[2], PFD3[0])),
        (CBCMR, 8, 29, "flexspi2_clock", (PFD2[2], PFD3[0], PFD3[1], PLL2)),
    ],
)
@pytest.mark.parametrize("divider", [0, 1, 7])
def test_serial_root_clocks(
    tree: Tree, register: int, select: int, podf: int, root: str, sources: tuple[int], divider: int
) -> None:
    for number, hertz in enumerate(sources):
        tree.ccm.write(register, number << select | divider << podf)
        assert tree.hertz(root) == hertz // (divider + 1)


@pytest.mark.parametrize(
    ("div_select", "num", "denom", "hertz"),
    [(32, 77, 100, 786_480_000), (27, 1, 2, 660_000_000), (54, 0, 0, 1_296_000_000)],
)
@pytest.mark.parametrize(("post", "by"), [(0, 4), (1, 2), (2, 1), (3, 1)])
@pytest.mark.parametrize(
    ("misc2", "last"), [(0, 1), (1 << 15, 2), (1 << 23, 1), (1 << 15 | 1 << 23, 4)]
)
def test_the_audio_pll(
    tree: Tree,
    div_select: int,
    num: int,
    denom: int,
    hertz: int,
    post: int,
    by: int,
    misc2: int,
    last: int,
) -> None:
    """24 MHz * (DIV_SELECT + NUM / DENOM), POST_DIV_SELECT, MISC2.AUDIO_DIV_LSB and MSB.

    A reserved POST_DIV_SELECT counts as 2, a DENOM of 0 as 1. No other bits count.
    """
    for others in (0, 0xFFFF_FFFF):
        unused = others & ~(1 << 15 | 1 << 23)
        for offset, value in ((NUM, num), (DENOM, denom), (MISC2, misc2 | unused)):
            tree.analog.write(offset, value)
        unused = others & ~(3 << 19 | 1 << 16 | 0x7F)
        for bypass, source in ((0, hertz), (1, CRYSTAL)):
            used = div_select | bypass << 16 | post << 19
            tree.analog.write(PLL_AUDIO, used | unused)
            assert clocks.audio_pll(tree.analog) == source // by // last


@pytest.mark.parametrize(
    ("number", "register", "shift"), [(1, CS1CDR, 0), (2, CS2CDR, 0), (3, CS1CDR, 16)]
)
@pytest.mark.parametrize(("pred", "podf"), [(0, 0), (3, 15), (7, 63)])
def test_clocks_of_sai(
    tree: Tree, number: int, register: int, shift: int, pred: int, podf: int
) -> None:
    """SAIn_CLK_PRED and PODF, and no others' bits; CSCMR1.SAIn_CLK_SEL: 0 PFD 2 of PLL3, 2 PLL4."""
    for offset in (CS1CDR, CS2CDR):
        tree.ccm.write(offset, 0xFFFF_FFFF)
    others = 0xFFFF_FFFF & ~(0x1FF << shift)
    tree.ccm.write(register, (podf | pred << 6) << shift | others)
    divided = (pred + 1) * (podf + 1)
    assert tree.hertz("sai_clock", number) == PFD3[2] // (pred + 1) // (podf + 1)
    tree.analog.write(PLL_AUDIO, 32 | 1 << 13 | 2 << 19)
    tree.analog.write(NUM, 0)
    tree.ccm.write(CSCMR1, 2 << 8 + 2 * number)
    assert tree.hertz("sai_clock", number) == 768_000_000 // divided
    tree.ccm.write(CSCMR1, 2 << 6 + 2 * number | 2 << 10 + 2 * number)
    assert tree.hertz("sai_clock", number) == PFD3[2] // (pred + 1) // (podf + 1), "others' bits"


def test_a_reserved_source_counts_as_the_one_before(tree: Tree) -> None:
    """CBCMR.PERIPH_CLK2_SEL 3 as 2."""
    tree.ccm.write(CBCDR, 1 << 25)
    tree.ccm.write(CBCMR, 3 << 12)
    assert tree.hertz("periph_clock") == PLL2


def test_the_reference_of_systick(tree: Tree) -> None:
    """The crystal by 240, whatever the dividers say. (imxrt.md: SysTick with CLKSOURCE 0)"""
    assert CRYSTAL // 240 == tree.ccm.SYSTICK_REFERENCE


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        *((offset, 0) for offset in (0x00, 0x10, 0x20, 0x30, 0x70, 0xA0, 0xE0)),  # PLLs: LOCK
        *((offset, 2 << 16) for offset in (0x110, 0x130)),  # LDOs: OK, but no brown-out
        (0x120, 0),
        (0x150, 1 << 7),  # MISC0: REFTOP_VBGUP, and no OSC_XTALOK
        (0xF0, 0), (0x100, 0),
    ],
)  # fmt: skip
def test_status_after_a_reset(offset: int, value: int) -> None:
    """PLLs are powered down then, two of the three regulators and the bandgap are not."""
    analog = CcmAnalog(Bench().system)
    analog.reset(ResetCause.POWER_ON)
    status = {0x110: 3 << 16, 0x120: 3 << 16, 0x130: 3 << 16, 0x150: 0x2000_8080}
    pfd = {0xF0: 0x4040_4040, 0x100: 0x4040_4040}
    assert analog.read(offset) & (status | pfd).get(offset, 1 << 31) == value


def test_status_that_never_changes_cannot_be_cleared() -> None:
    """COSC_READY; VBUS valid on the first port, none on the second; DIGPROG; XTALOSC_PWRUP_STAT."""
    system = Bench().system
    ccm, analog = Ccm(system), CcmAnalog(system)
    for model, offset, value in (
        (ccm, 0x08, 0x30),
        (analog, 0x1C0, 0xE),
        (analog, 0x220, 1),
        (analog, 0x260, 0x006C_0000),
        (analog, 0x270, 1 << 16),
    ):
        model.reset(ResetCause.POWER_ON)
        model.write(offset, 0)
        assert model.read(offset) == value, hex(offset)


@pytest.mark.parametrize("lpm", range(4))
def test_low_power_modes_are_a_gap(lpm: int) -> None:
    """CLPCR.LPM: 0 run, 1 wait, 2 stop; the other bits say nothing of it."""
    bench = Bench()
    ccm = Ccm(bench.system)
    ccm.reset(ResetCause.POWER_ON)
    ccm.write(0x54, 0xFFFF_FFFC | lpm)
    assert [gap.what.split(":")[0] for gap in bench.gaps] == ["CLPCR.LPM"] * bool(lpm)


def test_blocks_that_are_not_there_leave_the_clock_that_was_given() -> None:
    tree = Tree()
    root = clocks.semc_clock
    assert clocks.clock_or(5, root, None, tree.analog) == 5
    assert clocks.clock_or(5, root, tree.ccm, None) == 5
    assert clocks.clock_or(5, root, tree.ccm, tree.analog) == PLL2
    assert clocks.clock_or(5, clocks.sai_clock, tree.ccm, tree.analog, 1) == PFD3[2]


@pytest.mark.parametrize(
    ("offset", "control", "on", "status"),
    [
        *((pll, 12, 0, 31) for pll in (0x00, 0x30, 0x70, 0xA0, 0xE0)),
        *((pll, 12, 1, 31) for pll in (0x10, 0x20)),
        *((ldo, 0, 1, 17) for ldo in (0x110, 0x120, 0x130)),
        (0x150, 16, 1, 15),
        (0x150, 0, 0, 7),
    ],
)
def test_status_follows_power(tree: Tree, offset: int, control: int, on: int, status: int) -> None:
    """LOCK by POWERDOWN or POWER, OK by ENABLE_LINREG, OSC_XTALOK, REFTOP_VBGUP."""
    for level in (0, 1, 0):
        tree.analog.write(offset, level << control)
        assert tree.analog.read(offset) >> status & 1 == (level == on)
        assert tree.analog.read(offset) >> control & 1 == level
    tree.analog.write(offset + 4, 1 << control)
    assert tree.analog.read(offset) >> status & 1 == (on == 1), "by the set alias, too"
