"""LPI2C as a slave, of a master that moves pins: NXP's fsl_lpi2c.c, and MicroPython's test of it.

Flags and their order: LPI2C_SlaveTransferHandleIRQ(), and machine_i2c_target.py of
MicroPython, which passes on boards. Fields: MIMXRT1062.h.
"""

import pytest
from soft_i2c import SCL, SDA, SoftI2c

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.iomuxc import Iomuxc
from xipsim.peripherals.imxrt.lpi2c import Lpi2c

SCR, SSR, SIER, SCFGR1, SAMR, SASR, STAR, STDR, SRDR = (
    *(0x110, 0x114, 0x118, 0x124, 0x140, 0x150, 0x154, 0x160, 0x170),
)
TDF, RDF, AVF, TAF, RSF, SDF, BEF, FEF, AM0F = (1 << n for n in (*range(4), *range(8, 13)))
AM1F, GCF, SBF, BBF = (1 << n for n in (13, 14, 24, 25))
ADRSTALL, RXSTALL, TXDSTALL, GCEN, TXCFG, RXCFG = (1 << n for n in (0, 1, 2, 8, 10, 11))
EMPTY, SOF = 1 << 14, 1 << 15
ADDRESS = 67
MUX_SCL, MUX_SDA = 0xFC, 0x100
"""IOMUXC_GPIO_AD_B1_00_LPI2C1_SCL and AD_B1_01_LPI2C1_SDA of fsl_iomuxc.h, MUX_MODE 3."""
MASTER = {SCL: 26, SDA: 22}
"""GPIO1's pins at the other ends of the wires: D20 and D17 of a Teensy 4.1."""


class Target(SoftI2c):
    """LPI2C1 as machine.I2CTarget sets it up, and the order of the driver's interrupt handler."""

    def __init__(self, configuration: int = TXDSTALL | RXSTALL, answers: bytes = b"") -> None:
        self.bench = Bench()
        self.port = Gpio(self.bench.system, name="gpio1")
        iomuxc = Iomuxc(self.bench.system, gpio1=self.port)
        self.i2c = Lpi2c(self.bench.system, name="lpi2c1", iomuxc=iomuxc, number=1)
        self.port.join(26, self.port, 16)
        self.port.join(17, self.port, 22)
        self.models = (self.port, iomuxc, self.i2c)
        for model in self.models:
            model.connected()
            model.reset(ResetCause.POWER_ON)
        for offset in (MUX_SCL, MUX_SDA):
            iomuxc.write(offset, 3 | 1 << 4)
        self.events: list[str] = []
        self.received = bytearray()
        self.answers = iter(answers)
        for value in (2, 0):
            self.i2c.write(SCR, value)
        self.i2c.write(SAMR, ADDRESS << 1)
        self.i2c.write(SCFGR1, configuration)
        self.i2c.write(SCR, 0x31)
        self.i2c.write(SIER, 0xF0F)

    def put(self, line: int, level: int) -> None:
        bit, directions = 1 << MASTER[line], self.port.read(4)
        self.port.write(4, directions & ~bit if level else directions | bit)

    def level(self, line: int) -> int:
        return self.port.read(8) >> MASTER[line] & 1

    def status(self) -> int:
        return self.i2c.read(SSR)

    def serve(self) -> None:
        while self.i2c.IRQ.level:
            flags = self.status()
            assert not flags & (BEF | FEF)
            if flags & (RSF | SDF):
                self.events.append("RESTART" if flags & RSF else "STOP")
                self.i2c.write(SSR, flags & (RSF | SDF))
                self.i2c.write(STAR, 0)
            if flags & AVF:
                self.events.append("READ" if self.i2c.read(SASR) & 1 else "WRITE")
            if flags & TDF:
                self.events.append("TX")
                self.i2c.write(STDR, next(self.answers, 0xEE))
            if flags & RDF:
                self.events.append("RX")
                self.received.append(self.i2c.read(SRDR) & 0xFF)
                self.i2c.write(STAR, 1)  # as the driver does behind a callback

    def asleep(self) -> None:
        """Interrupts are served no more."""
        self.serve = lambda: None  # type: ignore[method-assign]


def test_a_scan_of_the_slave_and_of_another() -> None:
    target = Target()
    target.start()
    assert target.status() & (SBF | BBF) == BBF
    assert target.send(ADDRESS << 1), "acknowledged"
    assert target.status() & (SBF | BBF) == SBF | BBF
    target.stop()
    assert target.events == ["WRITE", "STOP"]
    assert not target.status() & (SBF | BBF)
    target.start()
    assert not target.send(ADDRESS - 1 << 1)
    target.stop()
    assert target.events == ["WRITE", "STOP"]


def test_it_is_written() -> None:
    """All bytes are taken, although the driver asks for a NACK behind each of them."""
    target = Target()
    target.start()
    for byte in (ADDRESS << 1, 0x12, 0x34, 0x56):
        assert target.send(byte)
    target.stop()
    assert target.received == b"\x12\x34\x56"
    assert target.events == ["WRITE", "RX", "RX", "RX", "STOP"]


def test_it_is_read_behind_a_write() -> None:
    """A byte more is asked for than the master takes, and what was given for it is dropped."""
    target = Target(answers=b"\xa5\x3c\x99\x81")
    target.start()
    assert target.send(ADDRESS << 1) and target.send(7)
    target.start()
    assert target.send(ADDRESS << 1 | 1)
    assert (target.take(last=False), target.take(last=True)) == (0xA5, 0x3C)
    assert not target.status() & TDF
    target.stop()
    assert target.events == ["WRITE", "RX", "RESTART", "READ", "TX", "TX", "TX", "STOP"]
    target.start()
    assert target.send(ADDRESS << 1 | 1)
    assert target.take(last=True) == 0x81, "and not 0x99"


def test_the_address_register_is_valid_until_it_is_read() -> None:
    target = Target()
    target.asleep()
    assert target.i2c.read(SASR) == EMPTY
    target.start()
    target.send(ADDRESS << 1 | 1)
    assert target.status() & (AVF | AM0F | TDF) == AVF | AM0F | TDF
    assert target.i2c.read(SASR) == ADDRESS << 1 | 1
    assert target.i2c.read(SASR) & EMPTY
    assert not target.status() & (AVF | AM0F)


def test_the_receive_register_gives_the_address_first_with_rxcfg() -> None:
    target = Target(RXSTALL | RXCFG)
    target.asleep()
    target.start()
    target.send(ADDRESS << 1)
    target.send(0x42)
    assert target.i2c.read(SRDR) & 0xFF == ADDRESS << 1
    assert target.i2c.read(SRDR) == SOF | 0x42
    assert target.i2c.read(SRDR) == EMPTY


def test_the_clock_is_held_until_there_is_a_byte() -> None:
    target = Target()
    target.asleep()
    target.start()
    assert target.send(ADDRESS << 1 | 1)
    target.move(scl=1)
    assert not target.level(SCL)
    target.i2c.write(STDR, 0x81)
    assert target.level(SCL) and target.level(SDA), "the first bit"
    target.move(scl=0)
    assert [target.clock() for _ in range(7)] == [0, 0, 0, 0, 0, 0, 1]


def test_the_clock_is_held_until_the_last_byte_was_read() -> None:
    target = Target()
    target.asleep()
    target.start()
    assert target.send(ADDRESS << 1) and target.send(1)
    target.move(scl=1)
    assert not target.level(SCL)
    assert target.i2c.read(SRDR) == SOF | 1
    assert target.level(SCL)
    target.move(scl=0)
    assert [target.clock() for _ in range(8)] == [*(1,) * 7, 0], "FFh, and an acknowledgement"
    target.move(scl=1)
    assert target.i2c.read(SRDR) == 0xFF


@pytest.mark.parametrize("reads", [False, True])
def test_the_clock_is_held_until_the_address_was_read(reads: bool) -> None:
    target = Target(ADRSTALL)
    target.asleep()
    target.start()
    assert target.send(ADDRESS << 1 | reads)
    if reads:
        target.i2c.write(STDR, 0x80)
    target.move(scl=1)
    assert not target.level(SCL)
    target.i2c.read(SASR)
    assert target.level(SCL)


def test_without_stalls_bytes_are_lost_and_told() -> None:
    target = Target(0)
    target.asleep()
    target.start()
    assert target.send(ADDRESS << 1) and target.send(1) and target.send(2)
    assert target.status() & FEF
    target.i2c.write(SSR, FEF)
    assert target.i2c.read(SRDR) == SOF | 1
    target.start()
    target.send(ADDRESS << 1 | 1)
    assert target.take(last=True) == 0xFF
    assert target.status() & FEF


def test_a_byte_may_wait_for_the_master_with_txcfg() -> None:
    target = Target(TXCFG | TXDSTALL)
    target.asleep()
    assert target.status() & TDF
    target.i2c.write(STDR, 0x5A)
    assert not target.status() & TDF
    target.start()
    target.send(ADDRESS << 1 | 1)
    assert target.take(last=True) == 0x5A


def test_a_slave_that_was_told_to_refuses() -> None:
    """LPI2C_SlaveTransferCreateHandle() writes STAR before anything is on the bus."""
    target = Target()
    target.i2c.write(STAR, 1)
    target.start()
    assert not target.send(ADDRESS << 1)
    target.stop()
    target.i2c.write(STAR, 0)
    target.start()
    assert target.send(ADDRESS << 1)


@pytest.mark.parametrize(
    ("kind", "first", "second", "address", "flag"),
    [
        (2, 0x10, 0x20, 0x20, AM1F),
        (2, 0x10, 0x20, 0x18, 0),
        (6, 0x10, 0x20, 0x18, AM1F),
        (6, 0x10, 0x20, 0x21, 0),
        (0, 0x10, 0x20, 0x20, 0),
    ],
)
def test_two_addresses_and_ranges(
    kind: int, first: int, second: int, address: int, flag: int
) -> None:
    target = Target(kind << 16)
    target.asleep()
    target.i2c.write(SAMR, first << 1 | second << 17)
    target.start()
    assert target.send(address << 1) is bool(flag)
    assert target.status() & (AM0F | AM1F) == flag


def test_a_general_call() -> None:
    target = Target(GCEN)
    target.asleep()
    target.start()
    assert target.send(0)
    assert target.status() & GCF


def test_each_side_is_reset_by_itself() -> None:
    target = Target()
    target.i2c.write(0x10, 2)  # MCR.RST
    assert (target.i2c.read(SAMR), target.i2c.read(SCR)) == (ADDRESS << 1, 0x31)
    target.i2c.write(0x24, 3)  # MCFGR1
    target.i2c.write(SCR, 2)
    assert target.i2c.read(SAMR) == 0
    assert target.i2c.read(0x24) == 3
    target.start()
    assert not target.send(ADDRESS << 1)


@pytest.mark.parametrize("how", ["reset", "off"])
def test_whoever_lets_go_lets_go_of_the_lines(how: str) -> None:
    target = Target()
    target.asleep()
    target.start()
    target.send(ADDRESS << 1 | 1)
    target.move(scl=1)
    assert not target.level(SCL)
    if how == "off":
        target.i2c.write(SCR, 0)
    else:
        for model in target.models:
            model.reset(ResetCause.SOFTWARE)
    assert target.level(SCL)
