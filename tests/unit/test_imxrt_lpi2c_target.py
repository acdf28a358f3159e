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


# -- flag by flag ----------------------------------------------------------------------------------

SBBF, RTF = 1 << 25, 1 << 8
STATUS = TDF | RDF | AVF | RSF | SDF | FEF | AM0F | AM1F | SBF | SBBF


def test_flags_of_a_write() -> None:
    """SBBF from START to STOP, SBF while it is addressed."""
    target = Target()
    seen = []
    target.bus.begin()
    seen.append(target.flags(STATUS))
    target.bus.start(ADDRESS, False)
    seen.append(target.flags(STATUS))
    target.bus.write(1)
    seen.append(target.flags(STATUS))
    target.bus.stop()
    seen.append(target.flags(STATUS))
    busy = SBBF | SBF | AVF | AM0F
    assert seen == [SBBF, busy, busy | RDF, AVF | AM0F | RDF | SDF]


@pytest.mark.parametrize("config", [0, TWO])
@pytest.mark.parametrize("address", [ADDRESS, OTHER, ADDRESS ^ 1, ADDRESS ^ 0x40, 0])
def test_which_addresses_are_its_own(config: int, address: int) -> None:
    """SAMR.ADDR0 is 10:1, ADDR1 is 26:17 and counts with ADDRCFG 2 alone."""
    target = Target(config)
    first, second = address == ADDRESS, address == OTHER and config == TWO
    assert target.start(True, address) == (first or second)
    assert target.flags(AM0F | AM1F) == AM0F * first | AM1F * second
    assert target.read(SASR) == (address << 1 | 1 if first or second else EMPTY)


@pytest.mark.parametrize("bit", [AVF, TDF, RDF, RSF, SDF, FEF, AM0F, AM1F])
def test_each_flag_interrupts(bit: int) -> None:
    """Those of a conversation with one byte each way, the second one for the second address."""
    target = Target(TWO, interrupts=bit)
    told = 0
    for step in (
        lambda: target.start(False),
        lambda: target.bus.write(1),
        lambda: target.bus.write(2),
        lambda: target.start(True, OTHER),
        lambda: target.bus.read(),
        target.bus.refused,
        target.bus.stop,
    ):
        step()
        assert target.i2c.IRQ.level == bool(target.flags(bit))
        told |= target.i2c.IRQ.level
    assert told


@pytest.mark.parametrize("how", ["disabled", "reset"])
def test_what_ends_a_conversation(how: str) -> None:
    target = Target(RXSTALL | TXCFG, interrupts=SDF)
    target.write(STDR, 0x77)
    target.start(True)
    target.bus.read()
    assert target.flags(SBF | TDF) == SBF | TDF
    target.write(STDR, 0x78)
    target.bus.write(0x12)
    target.write(SCR, FILTEN if how == "disabled" else RST)
    assert target.flags(SBF | TDF) == 0
    assert target.read(SRDR) == (0x12 if how == "disabled" else EMPTY)
    target.bus.stop()
    assert not target.flags(SDF), "it has left"
    target.write(SCR, FILTEN | SEN)
    target.write(SAMR, ADDRESS << 1)
    target.write(SCFGR1, TXCFG | TXDSTALL)
    target.start(True)
    assert target.bus.read() == (0x78 if how == "disabled" else None)


@pytest.mark.parametrize(("bit", "sends", "got"), [(RTF, None, 0x12), (RRF, 0x78, EMPTY)])
def test_each_register_is_emptied_by_its_own_bit(bit: int, sends: int | None, got: int) -> None:
    """SCR: RTF is bit 8, RRF is bit 9; both read 0, FILTEN and FILTDZ do not."""
    target = Target(TXCFG | TXDSTALL)
    target.start(False)
    target.bus.write(0x12)
    target.write(STDR, 0x1_78)
    target.write(SCR, SEN | 3 << 4 | bit)
    assert target.read(SCR) == SEN | 3 << 4
    assert target.read(SRDR) == got
    target.start(True)
    assert target.bus.read() == sends


def test_its_reset_clears_all_of_it() -> None:
    target = Target(TWO | TXCFG, interrupts=SDF)
    target.write(STAR, 1)
    for offset in (0x11C, 0x128):
        target.write(offset, 0x10)
    target.start(False)
    target.write(SCR, RST | SEN | FILTEN)
    values = {SCR: RST | SEN | FILTEN, SASR: EMPTY, SRDR: EMPTY}
    for offset in [offset for offset in target.i2c.regs if offset >= SCR]:
        assert target.i2c.peek(offset) == values.get(offset, 0), hex(offset)
    target.write(SCR, SEN)
    target.write(SAMR, ADDRESS << 1)
    assert target.start(False), "it acknowledges again"


def test_a_byte_that_was_prepared_is_not_asked_for() -> None:
    """TXCFG: TDF shows whether STDR is empty."""
    target = Target(TXCFG | TXDSTALL)
    target.write(STDR, 0x44)
    target.start(True)
    assert not target.flags(TDF)
    assert target.bus.read() == 0x44 and target.flags(TDF)
    assert target.bus.read() is None and target.flags(TDF)


def test_the_address_goes_away_when_it_is_read() -> None:
    target = Target(interrupts=AVF)
    target.start(False)
    assert target.i2c.IRQ.level
    assert target.i2c.peek(SASR) == ADDRESS << 1 and target.i2c.IRQ.level
    assert target.read(SASR) == ADDRESS << 1
    assert not target.i2c.IRQ.level
    assert target.read(SASR) == ADDRESS << 1 | EMPTY


@pytest.mark.parametrize("config", [0, 1, 2, 3, 4, 7])
def test_other_kinds_of_addresses_are_told(config: int) -> None:
    """SCFGR1.ADDRCFG: 0 and 2 are addresses of seven bits."""
    target = Target(config << 16)
    told = ["SCFGR1.ADDRCFG: addresses of ten bits, and ranges"]
    assert [gap.what for gap in target.bench.gaps] == told * (config not in (0, 2))
