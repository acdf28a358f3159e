"""ENET's MDIO with a PHY that has no cable: IEEE 802.3 clause 22, fsl_enet.c, MIMXRT1062.h."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.ethernet import Phy
from xipsim.peripherals.imxrt.enet import Enet

EIR, EIMR, TDAR, ECR, MMFR, MSCR, RCR = 0x04, 0x08, 0x14, 0x24, 0x40, 0x44, 0x84
MII = 1 << 23
LINK, NEGOTIATED, ABLE = 1 << 2, 1 << 5, 1 << 3
IPG = 150_000_000
SPEED = 29
"""MDC of 2.5 MHz, as ENET_SetSMI has it: 150 MHz / (2 * 30)."""


class Mac:
    def __init__(self, *, phy: bool = True) -> None:
        self.bench = Bench()
        self.enet = Enet(self.bench.system, frequency_hz=IPG)
        self.phy = Phy(self.bench.system, name="phy")
        if phy:
            self.enet.phys[0] = self.phy
        self.enet.write(MSCR, SPEED << 1)

    def _transfer(self, operation: int, register: int, data: int = 0) -> None:
        self.enet.write(EIR, MII)
        self.enet.write(MMFR, 1 << 30 | operation << 28 | register << 18 | 2 << 16 | data)
        self.bench.clock.advance(64 * 400 - 1)
        assert not self.enet.read(EIR) & MII
        self.bench.clock.advance(1)
        assert self.enet.read(EIR) & MII

    def read(self, register: int) -> int:
        self._transfer(2, register)
        return self.enet.read(MMFR) & 0xFFFF

    def write(self, register: int, data: int) -> None:
        self._transfer(1, register, data)


@pytest.fixture
def mac() -> Mac:
    return Mac()


def test_the_phy_is_a_dp83825_without_a_link(mac: Mac) -> None:
    """DP83825I's data sheet: PHYIDR1 2000h, PHYIDR2 A140h."""
    assert (mac.read(2), mac.read(3)) == (0x2000, 0xA140)
    assert mac.read(1) & (LINK | NEGOTIATED | ABLE) == ABLE


def test_registers_are_written(mac: Mac) -> None:
    mac.write(4, 0x1E1)
    mac.write(0x17, 0x80)
    mac.write(0, 1 << 12 | 1 << 9)
    assert (mac.read(4), mac.read(0x17), mac.read(0)) == (0x1E1, 0x80, 1 << 12)
    mac.write(1, 0xFFFF)
    assert mac.read(1) & LINK == 0, "status can only be read"
    mac.write(0, 1 << 15)
    assert mac.read(0) & 1 << 15 == 0 and mac.read(0x17) == 0


def test_nobody_at_an_address_reads_ones() -> None:
    assert Mac(phy=False).read(1) == 0xFFFF


def test_the_interrupt(mac: Mac) -> None:
    mac.enet.write(EIMR, MII)
    mac.read(1)
    assert mac.enet.IRQ.level
    mac.enet.write(EIR, MII)
    assert not mac.enet.IRQ.level


def test_a_reset_of_the_mac(mac: Mac) -> None:
    mac.enet.write(RCR, 0x1234_0000)
    mac.write(0x17, 0x80)
    mac.enet.write(ECR, 1)
    assert mac.enet.read(ECR) == 0x7000_0000 and mac.enet.read(RCR) == 0x05EE_0001
    mac.enet.write(MSCR, SPEED << 1)
    assert mac.read(0x17) == 0x80, "the PHY knows nothing of it"
    mac.phy.reset(ResetCause.PIN)
    assert mac.read(0x17) == 0x80


def test_what_is_missing_is_told(mac: Mac) -> None:
    mac.enet.write(TDAR, 1 << 24)
    assert [gap.what for gap in mac.bench.gaps] == ["TDAR: sending frames"]
    mac.enet.write(MMFR, 0x6002_0000)
    mac.enet.write(MMFR, 0x6002_0000)
    assert [d.rule for d in mac.bench.diagnostics] == ["enet-mdio"]


# -- MDIO, field by field --------------------------------------------------------------------------


@pytest.mark.parametrize("address", [0, 1, 7, 16, 31])
@pytest.mark.parametrize("register", [0, 4, 9, 18, 31])
def test_each_phy_and_register_by_its_address(address: int, register: int) -> None:
    """MMFR: OP 29:28, PA 27:23, RA 22:18, DATA 15:0."""
    bench = Bench()
    enet = Enet(bench.system, frequency_hz=IPG)
    phys = {n: Phy(bench.system, name=f"phy{n}") for n in {address, (address + 1) % 32}}
    enet.phys.update(phys)
    enet.write(MSCR, SPEED << 1)

    def transfer(operation: int, data: int = 0) -> int:
        enet.write(EIR, MII)
        enet.write(MMFR, 1 << 30 | operation << 28 | address << 23 | register << 18 | data)
        bench.clock.advance(64 * 400)
        assert enet.read(EIR) == MII
        return enet.read(MMFR)

    before = phys[address].read(register)
    for operation in (0, 3):
        transfer(operation, 0x5A5A)
        assert phys[address].read(register) == before
    transfer(1, 0x4C4C)
    assert phys[address].read(register) == 0x4C4C
    assert phys[(address + 1) % 32].read(register) != 0x4C4C
    frame = transfer(2)
    assert frame == 1 << 30 | 2 << 28 | address << 23 | register << 18 | 0x4C4C


@pytest.mark.parametrize("speed", [1, 29, 63])
def test_a_transfer_takes_64_bits_of_its_clock(speed: int) -> None:
    """MDC is the IPG clock by 2 and MII_SPEED + 1; with MII_SPEED 0 there is none."""
    mac = Mac()
    mac.enet.write(MSCR, speed << 1)
    mac.enet.write(MMFR, 0x6002_0000)
    (due,) = [a.deadline for a in mac.bench.clock.alarms if a.deadline is not None]
    assert due == -(-64 * 2 * (speed + 1) * 1_000_000_000 // IPG)
    mac.enet.name = "enet"
    mac.enet.read(EIR)
    mac.bench.clock.advance(due)
    mac.enet.read(EIR)
    assert mac.bench.clock.questions == [("enet", due), ("enet", None)]
    mac.enet.write(MSCR, 1)
    mac.enet.write(MMFR, 0x6002_0000)
    assert all(alarm.deadline is None for alarm in mac.bench.clock.alarms)
    assert mac.bench.diagnostics == []


def test_only_a_reset_of_the_mac_resets_it(mac: Mac) -> None:
    """ECR: RESET is bit 0, ETHEREN bit 1."""
    mac.enet.write(RCR, 0x1234_0000)
    mac.enet.write(ECR, 0x7000_0002)
    assert mac.enet.read(RCR) == 0x1234_0000 and mac.enet.read(ECR) == 0x7000_0002


def test_what_a_phy_keeps() -> None:
    """22.2.4: RESET and RESTART clear themselves; a reset brings the defaults back."""
    phy = Phy(Bench().system, name="phy")
    assert phy.read(30) == 0
    for value, kept in ((0x0200, 0), (0x7FFF, 0x7DFF), (0x8000, 0x3100), (0xFFFF, 0x3100)):
        phy.write(30, 5)
        phy.write(0, value)
        assert phy.read(0) == kept
        assert phy.read(30) == (0 if value & 0x8000 else 5)
    phy.write(4, 0x8200)
    assert phy.read(4) == 0x8200
    phy.write(30, 7)
    phy.reset(ResetCause.POWER_ON)
    assert (phy.read(30), phy.read(4)) == (0, 0x01E1)
