"""LPI2C as a target: fsl_lpi2c.c and IMXRT1060RM, chapter LPI2C, for flags and when they come."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.lpi2c import Lpi2c

MCR, SCR, SSR, SIER, SCFGR1, SAMR, SASR, STAR, STDR, SRDR = (
    *(0x10, 0x110, 0x114, 0x118, 0x124, 0x140, 0x150, 0x154, 0x160, 0x170),
)
SEN, RST, FILTEN, RRF = 1, 2, 1 << 4, 1 << 9
TDF, RDF, AVF, RSF, SDF, FEF, AM0F, AM1F, SBF = (
    *(1, 2, 4, 1 << 8, 1 << 9, 1 << 11, 1 << 12, 1 << 13, 1 << 24),
)
RXSTALL, TXDSTALL, TXCFG, TWO = 1 << 1, 1 << 2, 1 << 10, 2 << 16
EMPTY = 1 << 14
ADDRESS, OTHER = 0x43, 0x21


class Target:
    """Set up as LPI2C_SlaveInit() does it, with the stalls of the default configuration."""

    def __init__(self, config: int = RXSTALL | TXDSTALL, interrupts: int = 0) -> None:
        self.bench = Bench()
        self.i2c = Lpi2c(self.bench.system)
        self.i2c.reset(ResetCause.POWER_ON)
        self.read, self.write = self.i2c.read, self.i2c.write
        self.write(SCR, RST)
        self.write(SCR, 0)
        self.write(SAMR, ADDRESS << 1 | OTHER << 17)
        self.write(SCFGR1, config)
        self.write(SIER, interrupts)
        self.write(SCR, FILTEN | SEN)
        assert self.i2c.target is not None
        self.bus = self.i2c.target

    def start(self, reads: bool, address: int = ADDRESS) -> bool:
        self.bus.begin()
        return self.bus.start(address, reads)

    def flags(self, mask: int) -> int:
        return self.read(SSR) & mask


def test_it_answers_its_address_alone() -> None:
    target = Target()
    assert not target.start(False, OTHER) and target.read(SASR) == EMPTY
    target.bus.stop()
    assert not target.flags(AVF | SDF | SBF), "it was another's"
    assert target.start(True)
    assert target.flags(AVF | AM0F | SBF) == AVF | AM0F | SBF
    assert target.read(SASR) == ADDRESS << 1 | 1
    assert not target.flags(AVF) and target.read(SASR) & EMPTY


def test_a_second_address() -> None:
    target = Target(config=TWO)
    assert target.start(False, OTHER) and target.flags(AM0F | AM1F) == AM1F


@pytest.mark.parametrize("how", [0, FILTEN])
def test_a_disabled_one_answers_nothing(how: int) -> None:
    target = Target()
    target.write(SCR, how)
    assert not target.start(False)


def test_what_a_master_writes() -> None:
    target = Target(interrupts=RDF | SDF)
    target.start(False)
    assert not target.i2c.IRQ.level
    assert target.bus.write(0x55)
    assert target.i2c.IRQ.level and target.flags(RDF)
    assert target.i2c.peek(SRDR) == 0x55 == target.read(SRDR)
    assert not target.i2c.IRQ.level and target.read(SRDR) == EMPTY
    target.bus.stop()
    assert target.i2c.IRQ.level
    target.write(SSR, SDF)
    assert not target.i2c.IRQ.level and not target.flags(SBF)


def test_bytes_that_come_too_fast() -> None:
    """With RXSTALL they wait, else one is lost, and FEF tells."""
    for config, got, error in ((RXSTALL, [1, 2], 0), (0, [1], FEF)):
        target = Target(config)
        target.start(False)
        target.bus.write(1)
        target.bus.write(2)
        assert target.flags(FEF) == error
        found = []
        while target.flags(RDF):
            found.append(target.read(SRDR))
        assert found == got


def test_what_a_master_reads() -> None:
    """The clock is held for the first byte; the one behind is asked for at once."""
    target = Target(interrupts=TDF)
    told = []
    target.bus.waiter = lambda: told.append(target.bus.read())
    target.start(True)
    assert target.i2c.IRQ.level and target.bus.read() is None
    target.write(STDR, 0x11)
    assert told == [0x11] and target.flags(TDF)
    target.bus.waiter = lambda: None
    target.write(STDR, 0x22)
    assert target.i2c.read(STDR) == 0, "it can only be written"
    assert not target.flags(TDF) and target.bus.read() == 0x22
    target.write(STDR, 0x33)
    target.bus.refused()
    target.bus.stop()
    assert not target.flags(TDF) and not target.i2c.IRQ.level
    target.start(True)
    assert target.bus.read() is None, "what nobody asked for is dropped"


def test_what_stays_in_stdr() -> None:
    target = Target(config=TXCFG | TXDSTALL)
    target.write(STDR, 0x44)
    target.start(True)
    assert target.bus.read() == 0x44


def test_without_a_stall_an_empty_register_is_an_error() -> None:
    target = Target(config=0)
    target.start(True)
    assert target.bus.read() == 0xFF and target.flags(FEF)


def test_a_repeated_start() -> None:
    target = Target()
    target.start(False)
    assert not target.flags(RSF)
    target.start(True)
    assert target.flags(RSF) and target.read(SASR) & 1


def test_a_nack_counts_while_nobody_has_addressed_it() -> None:
    """fsl_lpi2c.c sets TXNACK in the midst of a transfer, which changes nothing."""
    target = Target()
    target.start(False)
    target.write(STAR, 1)
    assert target.bus.write(1)
    target.bus.stop()
    assert target.start(False)
    target.bus.stop()
    target.write(STAR, 1)
    assert not target.start(False)
    target.bus.stop()
    target.write(STAR, 0)
    assert target.start(False)


def test_resets() -> None:
    """The master's and the target's leave each other alone."""
    target = Target()
    target.start(False)
    target.bus.write(1)
    target.write(SCR, FILTEN | SEN | RRF)
    assert not target.flags(RDF)
    target.bus.write(2)
    target.write(MCR, 2)
    target.write(MCR, 0)
    assert target.read(SAMR) == ADDRESS << 1 | OTHER << 17
    assert target.flags(RDF | SBF) == RDF | SBF and target.read(SRDR) == 2
    target.write(MCR, 1)
    target.write(SCR, RST)
    assert target.read(MCR) == 1 and target.read(SAMR) == 0 and target.read(SSR) == 0


def test_what_is_missing() -> None:
    target = Target(config=1 | 1 << 3 | 1 << 8 | 1 << 9 | 1 << 11 | 4 << 16)
    assert len(target.bench.gaps) == 6
