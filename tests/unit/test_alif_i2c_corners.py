"""The Alif's I2C interrupt by interrupt and command by command, as a master and as a target.

Registers: Alif's SVD file; DW_apb_i2c as the RP2040's data sheet (4.3) describes it.
"""

from __future__ import annotations

import pytest
from test_alif_i2c import (
    ABRT_SOURCE,
    ACTIVE,
    BIT,
    CON,
    DATA,
    EN_STATUS,
    ENABLE,
    FS_HCNT,
    FS_LCNT,
    INTR_MASK,
    INTR_STAT,
    MASTER,
    RAW,
    READ,
    RX_TL,
    RXFLR,
    SAR,
    SLAVE,
    SPKLEN,
    START_DET,
    STATUS,
    STOP_DET,
    TAR,
    TFE,
    TFNF,
    TX_ABRT,
    TX_EMPTY,
    TX_TL,
    TXFLR,
    Master,
)

from xipsim.peripherals.alif.i2c import I2c
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.i2c.device import I2cDevice

SS_HCNT, SS_LCNT = 0x14, 0x18
STOP, RESTART = 1 << 9, 1 << 10
ACTIVITY, RESTART_DET, RX_OVER, RX_DONE, RD_REQ = 1 << 8, 1 << 12, 1 << 1, 1 << 7, 1 << 5
RESTART_EN, TX_EMPTY_CTRL, SLAVE_DISABLE, STOP_IF_ADDRESSED = 1 << 5, 1 << 8, 1 << 6, 1 << 7


class Log(I2cDevice):
    """Notes what is on the bus; answers 1, 2, 3 and so on."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.system, name="log")
        self.seen: list[object] = []

    def start(self, reads: bool) -> bool:
        self.seen.append("read" if reads else "write")
        return True

    def stop(self) -> None:
        self.seen.append("stop")

    def read(self) -> int:
        self.seen.append("?")
        return self.seen.count("?")

    def write(self, byte: int) -> bool:
        self.seen.append(byte)
        return True


def master(con: int = 0x41 | RESTART_EN | TX_EMPTY_CTRL | 2 << 1) -> tuple[Master, Log]:
    one = Master()
    one.i2c.write(CON, con)
    log = one.i2c.devices[0x50] = Log(one.bench)
    return one, log


# -- interrupts ------------------------------------------------------------------------------------

CLEARS = {
    0x40: 0x1FEB, 0x44: 1 << 0, 0x48: 1 << 1, 0x4C: 1 << 3, 0x50: 1 << 5, 0x54: 1 << 6,
    0x58: 1 << 7, 0x5C: 1 << 8, 0x60: 1 << 9, 0x64: 1 << 10, 0x68: 1 << 11,
}  # fmt: skip
"""What a read of each register clears: all, RX_UNDER, RX_OVER, TX_OVER, RD_REQ, TX_ABRT, RX_DONE,
ACTIVITY, STOP_DET, START_DET, GEN_CALL. RX_FULL and TX_EMPTY are levels."""


@pytest.mark.parametrize("register", CLEARS)
def test_what_a_read_clears(register: int) -> None:
    i2c = I2c(Bench().system, name="i2c0")
    i2c.raised, i2c.TX_ABRT_SOURCE = 0x1FEB, 0x1
    assert i2c.peek(register) == 1
    assert i2c.peek(RAW) == 0x1FEB, "a look clears nothing"
    assert i2c.read(register) == 1
    assert i2c.peek(RAW) == 0x1FEB & ~CLEARS[register]
    assert i2c.peek(ABRT_SOURCE) == (0 if register in (0x40, 0x54) else 1)
    assert i2c.peek(register) == i2c.read(register) == 0


@pytest.mark.parametrize("bit", [0, 1, 3, *range(5, 13)])
def test_each_interrupt_has_its_mask(bit: int) -> None:
    i2c = I2c(Bench().system, name="i2c0")
    i2c.raised = 1 << bit
    i2c.write(INTR_MASK, 0x1FFF & ~(1 << bit))
    assert (i2c.read(INTR_STAT), i2c.IRQ.level) == (0, False)
    i2c.write(INTR_MASK, 1 << bit)
    assert (i2c.read(INTR_STAT), i2c.peek(INTR_STAT), i2c.IRQ.level) == (1 << bit, 1 << bit, True)


@pytest.mark.parametrize("threshold", [0, 1, 2, 4, 8, 16, 31])
def test_thresholds(threshold: int) -> None:
    """TX_EMPTY with TX_TL entries or fewer, RX_FULL with more than RX_TL."""
    one, _ = master(con=0x41 | RESTART_EN | 2 << 1)
    i2c = one.i2c
    i2c.write(ENABLE, 1 | 1 << 2)
    i2c.write(TX_TL, threshold)
    one.put(*[READ] * threshold)
    assert i2c.read(RAW) & TX_EMPTY
    one.put(READ)
    assert not i2c.read(RAW) & TX_EMPTY
    i2c.write(RX_TL, threshold)
    i2c.write(INTR_MASK, 1 << 2)
    i2c.write(ENABLE, 1)
    one.bench.clock.advance((11 + 9 * threshold) * BIT - BIT)
    assert (i2c.read(RAW) >> 2 & 1, i2c.IRQ.level) == (0, False)
    one.bench.clock.advance(9 * BIT)
    assert (i2c.read(RAW) >> 2 & 1, i2c.IRQ.level) == (1, True)
    i2c.read(DATA)
    assert (i2c.read(RAW) >> 2 & 1, i2c.IRQ.level) == (0, False)


@pytest.mark.parametrize("controlled", [False, True])
def test_when_the_transmitter_is_empty(controlled: bool) -> None:
    """TX_EMPTY_CTRL: only when the byte of the last command is over."""
    one, _ = master(con=0x41 | RESTART_EN | 2 << 1 | TX_EMPTY_CTRL * controlled)
    one.i2c.write(TX_TL, 0)
    assert one.i2c.read(RAW) & TX_EMPTY
    one.put(1)
    assert not one.i2c.read(RAW) & TX_EMPTY
    one.bench.clock.advance(11 * BIT)
    assert one.i2c.read(TXFLR) == 0
    assert bool(one.i2c.read(RAW) & TX_EMPTY) != controlled
    one.bench.clock.advance(8 * BIT)
    assert one.i2c.read(RAW) & TX_EMPTY, "only the STOP is left"
    one.bench.clock.advance(10 * BIT)
    one.i2c.write(ENABLE, 0)
    assert not one.i2c.read(RAW) & TX_EMPTY


@pytest.mark.parametrize("register", [STATUS, TXFLR, RXFLR, RAW, INTR_STAT, EN_STATUS])
def test_a_poll_asks_for_the_end_of_what_is_on_the_bus(register: int) -> None:
    one, _ = master()
    one.put(1)
    one.bench.clock.questions.clear()
    value = one.i2c.peek(register)
    assert one.bench.clock.questions == []
    assert one.i2c.read(register) == value
    assert one.bench.clock.questions == [("i2c0", 10 * BIT)]
    touched = {DATA, INTR_STAT, RAW, STATUS, TXFLR, RXFLR, EN_STATUS}
    assert frozenset(touched) == I2c.NEUTRAL


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("speed", "high", "low"), [(1, 400, 470), (2, 60, 130), (3, 60, 130)])
def test_each_speed_has_its_counts(speed: int, high: int, low: int) -> None:
    """SCL: HCNT + SPKLEN + 7 cycles high, LCNT + 1 low; at 100 MHz."""
    one, _ = master(con=0x41 | speed << 1)
    for offset, value in ((SS_HCNT, 400), (SS_LCNT, 470), (FS_HCNT, 60), (FS_LCNT, 130)):
        one.i2c.write(offset, value)
    one.i2c.write(SPKLEN, 3)
    one.put(1)
    one.i2c.read(STATUS)
    assert one.bench.clock.questions[-1] == ("i2c0", 10 * 10 * (high + 3 + 7 + low + 1))


@pytest.mark.parametrize(("restarts", "bits"), [(RESTART_EN, 10 + 9 + 10 + 9 + 1), (0, 39 + 1)])
def test_a_turn_of_direction_is_a_restart_or_a_stop_and_a_start(restarts: int, bits: int) -> None:
    one, log = master(con=0x41 | 2 << 1 | restarts)
    one.put(7, READ)
    one.bench.clock.advance(bits * BIT - 1)
    assert not one.i2c.read(RAW) & STOP_DET
    one.bench.clock.advance(1)
    assert one.i2c.read(RAW) & STOP_DET
    assert log.seen == ["write", 7, "read", "?", "stop"]
    assert one.i2c.read(DATA) == 1


def test_bits_of_a_command() -> None:
    """DATA_CMD: 8 read, 9 STOP behind it, 10 RESTART before it."""
    one, log = master()
    one.put(0x1FE & 0xFF, 0x55 | RESTART, 0xAA | STOP, 1, READ | RESTART, READ | STOP | 0xF800)
    assert one.i2c.read(DATA) == 0
    one.i2c.read(0x44)
    one.bench.clock.advance(200 * BIT)
    assert log.seen == [
        *("write", 0xFE, "write", 0x55, 0xAA, "stop", "write", 1, "read", "?", "?", "stop"),
    ]
    assert (one.i2c.read(RXFLR), one.i2c.peek(DATA)) == (2, 1)
    assert one.i2c.read(STATUS) & (ACTIVE | MASTER) == 0


def test_what_is_blocked_begins_when_it_is_let_go() -> None:
    one, log = master()
    one.i2c.write(ENABLE, 1 | 1 << 2)
    one.put(1)
    one.bench.clock.advance(100 * BIT)
    assert log.seen == []
    one.i2c.write(ENABLE, 1)
    one.bench.clock.advance(100 * BIT)
    assert log.seen == ["write", 1, "stop"]


def test_a_block_in_the_midst_stops_the_transfer() -> None:
    one, log = master()
    one.put(1, 2)
    one.bench.clock.advance(12 * BIT)
    one.i2c.write(ENABLE, 1 | 1 << 2)
    one.bench.clock.advance(100 * BIT)
    assert log.seen == ["write", 1, "stop"]
    assert one.i2c.read(TXFLR) == 1


def test_status_while_it_is_at_work() -> None:
    one, _ = master()
    one.put(1)
    assert one.i2c.read(STATUS) == one.i2c.peek(STATUS) == ACTIVE | TFNF | MASTER
    assert one.i2c.read(RAW) & (ACTIVITY | START_DET) == ACTIVITY | START_DET
    one.bench.clock.advance(11 * BIT)
    assert one.i2c.read(STATUS) == ACTIVE | TFNF | TFE | MASTER
    one.bench.clock.advance(100 * BIT)
    assert one.i2c.read(STATUS) == TFNF | TFE


def test_a_disabled_block_takes_nothing() -> None:
    one, log = master()
    one.i2c.write(ENABLE, 0)
    assert one.i2c.read(EN_STATUS) == 0
    one.put(1)
    assert [d.rule for d in one.bench.diagnostics] == ["i2c-disabled"]
    one.i2c.write(ENABLE, 1)
    one.bench.clock.advance(100 * BIT)
    assert (log.seen, one.i2c.read(TXFLR)) == ([], 0)


def test_a_target_sends_nothing_by_itself() -> None:
    """CON.MASTER_MODE 0."""
    one, log = master(con=2 << 1)
    one.put(1)
    one.bench.clock.advance(100 * BIT)
    assert (log.seen, one.i2c.read(TXFLR)) == ([], 1)


def test_bytes_that_come_after_it_was_disabled_are_nobodys() -> None:
    one, _ = master()
    for _ in range(32):
        one.put(READ)
    one.bench.clock.advance(300 * BIT)
    assert one.i2c.read(RXFLR) == 32
    one.put(READ)
    one.bench.clock.advance(12 * BIT)
    one.i2c.write(ENABLE, 0)
    one.bench.clock.advance(100 * BIT)
    assert one.bench.diagnostics == []


@pytest.mark.parametrize(("value", "gap"), [(0x50, None), (0x850, "SPECIAL"), (0x1050, "10BIT")])
def test_addresses(value: int, gap: str | None) -> None:
    """TAR: 12 ten bits, which CON shows in bit 4; 11 general call and the like."""
    one, _ = master()
    one.i2c.write(TAR, value)
    assert one.i2c.read(CON) >> 4 & 1 == value >> 12 & 1
    assert len(one.bench.gaps) == (gap is not None)
    assert gap is None or gap in one.bench.gaps[0].what


# -- the target ------------------------------------------------------------------------------------


def target(con: int = 0) -> I2c:
    """Address 67."""
    i2c = I2c(Bench().system, name="i2c0")
    for offset, value in ((ENABLE, 0), (CON, con), (SAR, 0x3FF & ~0x7F | 67), (ENABLE, 1)):
        i2c.write(offset, value)
    return i2c


@pytest.mark.parametrize("address", [67, 66, 65, 71, 75, 83, 99, 3])
def test_the_target_has_one_address(address: int) -> None:
    i2c = target()
    i2c.target.begin()
    assert i2c.target.start(address, False) == (address == 67)
    assert bool(i2c.read(STATUS) & SLAVE) == (address == 67)
    assert i2c.read(RAW) & START_DET
    assert bool(i2c.read(RAW) & ACTIVITY) == (address == 67)


@pytest.mark.parametrize(("con", "enable"), [(SLAVE_DISABLE, 1), (0, 0)])
def test_a_target_that_is_off(con: int, enable: int) -> None:
    i2c = target(con)
    i2c.write(ENABLE, enable)
    i2c.target.begin()
    assert not i2c.target.start(67, False)
    i2c.target.stop()
    assert i2c.read(RAW) & (START_DET | STOP_DET | ACTIVITY) == 0


@pytest.mark.parametrize("con", [0, STOP_IF_ADDRESSED])
@pytest.mark.parametrize("address", [67, 66])
def test_whose_stop_is_told(con: int, address: int) -> None:
    i2c = target(con)
    i2c.target.start(address, False)
    i2c.target.stop()
    assert bool(i2c.read(RAW) & STOP_DET) == (address == 67 or not con)
    assert not i2c.read(STATUS) & SLAVE
    i2c.read(0x60)
    i2c.target.stop()
    assert bool(i2c.read(RAW) & STOP_DET) == (not con), "it is not addressed any more"


def test_a_restart_is_told() -> None:
    i2c = target()
    i2c.target.start(67, False)
    assert not i2c.read(RAW) & RESTART_DET
    i2c.target.start(67, True)
    assert i2c.read(RAW) & RESTART_DET
    i2c.target.stop()
    i2c.read(0x40)
    i2c.target.start(67, False)
    assert not i2c.read(RAW) & RESTART_DET, "a new transfer"


def test_bytes_for_the_master() -> None:
    i2c = target()
    waits: list[int] = []
    i2c.target.waiter = lambda: waits.append(i2c.read(TXFLR))
    i2c.target.start(67, True)
    assert i2c.target.read() is None
    assert i2c.read(RAW) & RD_REQ
    i2c.write(DATA, 0x1A5)
    assert (waits, i2c.target.read(), i2c.read(TXFLR)) == ([1], 0xA5, 0)
    i2c.target.refused()
    assert i2c.read(RAW) & RX_DONE
    i2c.write(DATA, 0x11)
    assert (i2c.read(TXFLR), i2c.read(ABRT_SOURCE), waits) == (0, 1 << 13, [1])
    assert i2c.read(RAW) & TX_ABRT
    i2c.write(DATA, 0x12)
    assert i2c.read(TXFLR) == 0, "flushed until CLR_TX_ABRT is read"
    i2c.read(0x54)
    i2c.target.start(67, True)
    i2c.write(DATA, 0x13)
    assert (i2c.read(TXFLR), waits) == (1, [1, 1]), "asked for anew"


def test_bytes_from_the_master() -> None:
    i2c = target()
    i2c.write(INTR_MASK, 1 << 2)
    i2c.target.start(67, False)
    for byte in range(32):
        assert i2c.target.write(byte)
        assert i2c.IRQ.level
    assert not i2c.read(RAW) & RX_OVER
    assert i2c.target.write(32)
    assert i2c.read(RAW) & RX_OVER
    assert (i2c.read(RXFLR), i2c.read(STATUS) & 0x18) == (32, 0x18)


@pytest.mark.parametrize("value", [0, 1 << 3, 0x7D])
def test_ten_bits_of_a_target_are_a_gap(value: int) -> None:
    """CON bit 3, which is 1 after reset: to leave it so asks for it, too."""
    bench = Bench()
    I2c(bench.system, name="i2c0").write(CON, value)
    assert bool(bench.gaps) == bool(value & 1 << 3)


@pytest.mark.parametrize(
    "offset",
    [INTR_STAT, RAW, *range(0x40, 0x6C, 4), STATUS, TXFLR, RXFLR, ABRT_SOURCE, EN_STATUS, 0xB4,
     0xB8, 0xF4, 0xF8, 0xFC],
)  # fmt: skip
def test_a_store_to_what_can_only_be_read_changes_nothing(offset: int) -> None:
    i2c = I2c(Bench().system, name="i2c0")
    before = i2c.save()
    i2c.write(offset, 0xFFFF_FFFF)
    assert i2c.save() == before
