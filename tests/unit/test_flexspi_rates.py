"""FlexSPI's rate, by each register that it follows from, and the times of chip select, by hand.

Facts: imxrt.md 3.1 (MCR0, FLSHxxCR1); IMXRT1060RM, CCM, clock tree.
"""

from __future__ import annotations

import pytest
from flexspi_fakes import FakeChip, Rig
from test_flexspi_time import DONE, ENABLE, PROGRAM, BusRig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.flexspi import FlexSpi


@pytest.fixture
def rig() -> BusRig:
    return BusRig()


def lasts(rig: Rig, hertz: float) -> None:
    """Write enable takes 11 clocks of so many hertz, to a ns."""
    rig.bench.clock.advance(100_000)
    rig.start(ENABLE)
    clocks = 11e9 / hertz
    rig.bench.clock.advance(int(clocks) - 1)
    assert not rig.spi.peek(FlexSpi.INTR.offset) & DONE
    rig.bench.clock.advance(3)
    assert rig.spi.peek(FlexSpi.INTR.offset) & DONE


@pytest.mark.parametrize("mcr0", [0x8010, 0x8110, 0x8210, 0x8410, 0x8810, 0x8F10])
def test_the_divider_may_change_at_any_time(rig: BusRig, mcr0: int) -> None:
    """SERCLKDIV (10:8), HSEN (11); behind a command at the old rate."""
    lasts(rig, 100e6)
    rig.set(FlexSpi.MCR0, 0xFFFF_0000 | mcr0)
    lasts(rig, 100e6 / (((mcr0 >> 8 & 7) + 1) * (2 if mcr0 & 0x800 else 1)))
    rig.set(FlexSpi.MCR0, 0xFFFF_8010)
    lasts(rig, 100e6)


PLL2, PLL3 = 528e6, 480e6
PRE = 1 << 18
"""CBCMR.PRE_PERIPH_CLK_SEL: PLL2's PFD2."""


def test_each_register_of_the_clock_tree_may_change_at_any_time() -> None:
    """IMXRT1060RM, CCM: FLEXSPI_CLK_ROOT from SEMC's clock, PFD0 of PLL3, and back."""
    bench = Bench()
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    rig = Rig(FakeChip(bench), bench=bench, spi=FlexSpi(bench.system, ccm=ccm, ccm_analog=analog))
    rig.enable()
    for block, offset, value, hertz in (
        (ccm, 0x1C, 0, None),  # CSCMR1: SEMC's clock, by 1
        (ccm, 0x18, 0, None),  # CBCMR: PLL2
        (ccm, 0x14, 7 << 16, PLL2 / 8),  # CBCDR.SEMC_PODF
        (ccm, 0x14, 3 << 16, PLL2 / 4),
        (ccm, 0x18, PRE, PLL2 * 18 / 24 / 4),
        (analog, 0x100, 0x1010_1010, PLL2 * 18 / 16 / 4),  # PFD_528
        (ccm, 0x18, 3 << 18, None),  # PLL1
        (analog, 0x00, 1 << 13 | 100, 1200e6 / 2 / 4),  # PLL_ARM; ARM_PODF is 1
        (analog, 0x00, 1 << 13 | 80, 960e6 / 2 / 4),
        (ccm, 0x10, 3, 960e6 / 4 / 4),  # CACRR.ARM_PODF
        (ccm, 0x1C, 3 << 29 | 3 << 23, PLL3 * 18 / 12 / 4),
        (analog, 0xF0, 0x1311_1018, PLL3 * 18 / 24 / 4),  # PFD_480
        (ccm, 0x1C, 3 << 29 | 7 << 23, PLL3 * 18 / 24 / 8),
    ):
        block.write(offset, value)
        if hertz is not None:
            lasts(rig, hertz)


def test_waits_for_a_grant_follow_the_ahb_clock() -> None:
    """MCR0.IPGRANTWAIT 1: 1,024 clocks of 132 MHz."""
    bench = Bench()
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    rig = Rig(FakeChip(bench), bench=bench, spi=FlexSpi(bench.system, ccm=ccm, ccm_analog=analog))
    rig.enable()
    ccm.write(0x18, 0)
    ccm.write(0x14, 3 << 10)
    rig.set(FlexSpi.MCR0, 0xFF01_8010)
    rig.start(PROGRAM, 0, 16)
    rig.set(FlexSpi.IPCMD, 1)
    bench.clock.advance(7_757)
    assert not rig.get(FlexSpi.INTR) & 2
    bench.clock.advance(1)
    assert rig.get(FlexSpi.INTR) & 2


def test_times_of_chip_select_at_both_edges(rig: BusRig) -> None:
    """A clock of the bus is two of the root: TCSS 3 and TCSH 3 are 6 and 6, the opcode takes 1."""
    rig.load_lut([0x8706])
    for clocks in (6 + 1, 6 + 6 + 1):
        rig.start(0)
        rig.wait(clocks - 1)
        assert not rig.flags & DONE
        rig.wait(1)
        assert rig.flags & DONE


@pytest.mark.parametrize("tcss", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("tcsh", [1, 2, 4, 8, 16])
def test_the_bits_of_tcss_and_tcsh(rig: BusRig, tcss: int, tcsh: int) -> None:
    rig.set(FlexSpi.FLSHCR1, tcsh << 5 | tcss)
    for clocks in (tcss + 8, tcsh + tcss + 8):
        rig.start(ENABLE)
        rig.wait(clocks - 1)
        assert not rig.flags & DONE
        rig.wait(1)
        assert rig.flags & DONE


def test_chip_select_stays_high_behind_a_command_that_was_ended(rig: BusRig) -> None:
    """CSINTERVAL, 100 clocks from the software reset on."""
    rig.set(FlexSpi.FLSHCR1, 100 << 16 | 3)
    rig.start(PROGRAM, 0, 16)
    rig.wait(1_000)
    rig.set(FlexSpi.MCR0, 0xFFFF_8011)
    rig.start(ENABLE)
    rig.wait(100 + 3 + 8 - 1)
    assert not rig.flags & DONE
    rig.wait(1)
    assert rig.flags & DONE


def test_without_a_clock_tree_the_bus_has_100_mhz(rig: BusRig) -> None:
    """To the ns, by the longest time-out that there is: SEQWAIT FFFFh, times 1,024 clocks."""
    rig.set(FlexSpi.MCR1, 0xFFFF_FFFF)
    rig.start(PROGRAM, 0, 8)
    rig.bench.clock.advance(0xFFFF * 1024 * 10 - 1)
    assert not rig.flags & 0x800
    rig.bench.clock.advance(1)
    assert rig.flags & 0x800


def test_without_a_clock_tree_the_ahb_has_600_mhz(rig: BusRig) -> None:
    """AHBBUSWAIT FFFFh."""
    rig.set(FlexSpi.FLSHCR2, ENABLE)
    rig.wait(1_000)
    began = rig.bench.clock.now
    with pytest.raises(BusError):
        rig.window.read(0)
    assert rig.bench.clock.now - began == 0xFFFF * 1024 * 10 // 6


def test_the_rates_can_be_given() -> None:
    bench = Bench()
    spi = FlexSpi(bench.system, frequency=50_000_000, ahb_frequency=100_000_000)
    rig = Rig(FakeChip(bench), bench=bench, spi=spi)
    rig.enable()
    lasts(rig, 50e6)
    rig.set(FlexSpi.MCR1, 0xFFFF_0001)
    rig.set(FlexSpi.FLSHCR2, ENABLE)
    bench.clock.advance(1_000)
    began = bench.clock.now
    with pytest.raises(BusError):
        rig.window.read(0)
    assert bench.clock.now - began == 10_240
