"""The Alif's CANFD as its driver and MicroPython's port use it (canfd.c, machine_can.c).

Reset values and register meanings: Alif's SVD file. Frame lengths and error counts: ISO 11898-1.
"""

import pytest

from xipsim.peripherals.alif.canfd import CanFd
from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.core.testing import Bench

TBUF, CFG_STAT, TCMD, TCTRL, RCTRL, RTIE, RTIF, ERRINT, LIMIT = (
    *(0x50, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7),
)
SEG_1, SEG_2, PRESC, EALCAP, TECNT, ACFCTRL, ACF_EN, ACF = (
    *(0xA8, 0xA9, 0xAB, 0xB0, 0xB3, 0xB4, 0xB6, 0xB8),
)
RESET, LBME, LBMI, TSSS, TACTIVE, BUSOFF = 1 << 7, 1 << 6, 1 << 5, 1 << 3, 1 << 1, 1
TBSEL, LOM, TPE, TPA, TSALL, TSA = 1 << 7, 1 << 6, 1 << 4, 1 << 3, 1 << 1, 1
TSNEXT, TSMODE, SACK, ROM, ROV, RREL = 1 << 6, 1 << 5, 1 << 7, 1 << 6, 1 << 5, 1 << 4
RIF, ROIF, RFIF, RAFIF, TPIF, TSIF, EIF, AIF = (1 << n for n in range(7, -1, -1))
EXTENDED, REMOTE = 1 << 7, 1 << 6
BIT = 2_000
"""ns at 500 kbit/s: 20 MHz / 2 / (1 + 14 + 5)."""
ERROR = 6
"""Bits that a missing acknowledgement adds to a frame: an error flag of 6 and a delimiter of 8 in
place of the 8 of ACK delimiter and end of frame. A passive node waits for 8 more."""


class Node:
    """CANFD as machine.CAN sets it up for 500 kbit/s, in a mode, with a filter for everything."""

    def __init__(self, mode: int = LBME) -> None:
        self.bench = Bench()
        self.can = CanFd(self.bench.system, name="canfd", bus=CanBus(self.bench.system))
        for offset, value in ((SEG_1, 13), (SEG_2, 4), (PRESC, 1), (LIMIT, 14 << 4 | 11)):
            self.set(offset, value)
        self.filter(0, 0, 0x1FFF_FFFF)
        self.set(RCTRL, ROM | (SACK if mode == LBME else 0))
        self.set(TCTRL, TSMODE)
        self.set(CFG_STAT, mode)
        self.bench.clock.advance(11 * BIT)

    def set(self, offset: int, value: int) -> None:
        self.can.write(offset, value, 1)

    def get(self, offset: int) -> int:
        return self.can.read(offset, 1)

    def filter(self, number: int, code: int, mask: int) -> None:
        """canfd_enable_acpt_fltr(): mask bits that are 1 do not count."""
        self.set(ACF_EN, self.get(ACF_EN) | 1 << number)
        self.set(ACFCTRL, number | 1 << 5)
        self.can.write(ACF, mask)
        self.set(ACFCTRL, number)
        self.can.write(ACF, code)

    def load(self, identifier: int, data: bytes = b"", control: int = 0) -> None:
        self.can.write(TBUF, identifier | 1 << 31)
        self.can.write(TBUF + 4, control | len(data))
        for at in range(0, len(data), 4):
            self.can.write(TBUF + 8 + at, int.from_bytes(data[at : at + 4], "little"))

    def queue(self, identifier: int, data: bytes = b"", control: int = 0) -> None:
        """canfd_send() into the secondary buffer."""
        self.set(TCMD, self.get(TCMD) | TBSEL)
        self.load(identifier, data, control)
        self.set(TCTRL, self.get(TCTRL) | TSNEXT)
        self.set(TCMD, self.get(TCMD) | TSALL)

    def take(self) -> tuple[int, int, bytes]:
        """canfd_receive()."""
        assert self.get(RCTRL) & 3
        identifier, control = self.can.read(0), self.get(4)
        data = bytes(self.get(8 + n) for n in range(control & 0xF))
        self.set(RCTRL, self.get(RCTRL) | RREL)
        return identifier, control, data

    def take_all(self) -> list[int]:
        found = []
        while self.get(RCTRL) & 3:
            found.append(self.take()[0])
        return found


def test_reset_values() -> None:
    system = Bench().system
    can = CanFd(system, bus=CanBus(system))
    values = {
        CFG_STAT: 0x80, TCTRL: 0x84, RTIE: 0xFE, LIMIT: 0x1B, SEG_1: 3, SEG_2: 2, 0xAA: 2, PRESC: 1,
        0xAC: 3, 0xAD: 2, 0xAE: 2, 0xAF: 1, 0xB5: 2, ACF_EN: 1, 0xBC: 9, 0xBD: 7, 0xD0: 1,
    }  # fmt: skip
    for register in CanFd.registers():
        assert can.peek(register.offset, register.width // 8) == values.get(register.offset, 0)


@pytest.mark.parametrize("mode", [LBME, LBMI])
def test_what_is_sent_comes_back_after_its_bits(mode: int) -> None:
    """47 bits of a standard frame and eight for each byte."""
    node = Node(mode)
    node.queue(0x123, b"hello")
    assert node.get(CFG_STAT) & TACTIVE and node.get(TCTRL) & 3 == 1
    node.bench.clock.advance((47 + 40) * BIT - 1)
    assert not node.get(RTIF)
    node.bench.clock.advance(1)
    assert node.get(RTIF) == RIF | TSIF and node.can.IRQ.level
    assert not node.get(TCMD) & TSALL and node.get(TCTRL) & 3 == 0
    assert node.take() == (0x123, 5, b"hello")
    node.set(RTIF, RIF | TSIF)
    assert not node.can.IRQ.level and node.get(RCTRL) & 3 == 0
    assert node.bench.events == []


def test_extended_and_remote_frames() -> None:
    node = Node()
    node.queue(0x1234_5678, b"12345678", EXTENDED)
    node.bench.clock.advance((67 + 64) * BIT)
    assert node.take() == (0x1234_5678, EXTENDED | 8, b"12345678")
    node.load(7, b"", REMOTE)
    node.can.write(TBUF + 4, REMOTE | 4)
    node.set(TCMD, TPE)
    node.bench.clock.advance(47 * BIT)
    assert node.get(RTIF) & TPIF
    assert node.take()[:2] == (7, REMOTE | 4)


@pytest.mark.parametrize(("mode", "order"), [(TSMODE, [5, 1, 2, 3]), (0, [5, 3, 1, 2])])
def test_order_by_priority_or_by_age(mode: int, order: list[int]) -> None:
    """The first is on the bus before the others come."""
    node = Node()
    node.set(TCTRL, mode)
    for identifier in (5, 3, 1, 2):
        node.queue(identifier)
    node.bench.clock.advance(4 * 47 * BIT)
    assert node.take_all() == order


def test_the_primary_buffer_goes_before_the_secondary_one() -> None:
    node = Node()
    node.queue(1)
    node.queue(2)
    node.set(TCMD, node.get(TCMD) & ~TBSEL)
    node.load(9)
    node.set(TCMD, node.get(TCMD) | TPE)
    node.bench.clock.advance(3 * 47 * BIT)
    assert node.take_all() == [1, 9, 2]


@pytest.mark.parametrize(
    ("identifier", "control", "passes"),
    [(0x101, 0, True), (0x105, 0, True), (0x102, 0, False), (0x101, EXTENDED, False)],
)
def test_filters(identifier: int, control: int, passes: bool) -> None:
    """Standard frames whose identifier is 101h but for bit 2."""
    node = Node()
    node.filter(0, 0x101, 0x4 | 1 << 30)
    node.queue(identifier, b"", control)
    node.bench.clock.advance(67 * BIT)
    assert (node.take_all() == [identifier]) is passes


def test_disabled_filters_let_nothing_through() -> None:
    node = Node()
    node.set(ACF_EN, 0)
    node.queue(1)
    node.bench.clock.advance(47 * BIT)
    assert node.take_all() == [] and node.get(RTIF) == TSIF


@pytest.mark.parametrize(("keeps_old", "first"), [(ROM, 0), (0, 1)])
def test_a_full_receive_buffer(keeps_old: int, first: int) -> None:
    node = Node()
    node.set(RCTRL, SACK | keeps_old)
    flags = []
    for identifier in range(17):
        node.queue(identifier)
        node.bench.clock.advance(47 * BIT)
        flags.append(node.get(RTIF) & (RAFIF | RFIF | ROIF))
    assert flags == [0] * 13 + [RAFIF] * 2 + [RAFIF | RFIF] + [RAFIF | RFIF | ROIF]
    assert node.get(RCTRL) & (ROV | 3) == ROV | 3
    assert node.take_all() == list(range(first, 16 + first))
    assert not node.get(RCTRL) & ROV


def test_nobody_acknowledges() -> None:
    """Eight for each try, up to error passive; EIF at 96, EPIF at 128; sent again and again."""
    node = Node(mode=0)
    node.set(ERRINT, 1 << 5 | 1 << 1)
    node.queue(1)
    one = (47 + ERROR) * BIT
    for tries in range(1, 12):
        node.bench.clock.advance(one)
        assert node.get(TECNT) == 8 * tries
    assert node.get(EALCAP) >> 5 == 4 and node.get(ERRINT) & 1
    assert not node.get(RTIF) & EIF and not node.get(ERRINT) & 0xC0
    node.bench.clock.advance(one)
    assert node.get(RTIF) & EIF and node.get(ERRINT) & 0xC0 == 0x80
    node.bench.clock.advance(10 * (one + 8 * BIT))
    assert node.get(TECNT) == 128 and node.get(ERRINT) & 0xD0 == 0xD0
    assert node.get(TCTRL) & 3 == 1 and node.get(RTIF) & TSIF == 0
    node.set(CFG_STAT, BUSOFF)
    assert node.get(TECNT) == 0


def test_a_message_that_is_acknowledged_takes_one_error_back() -> None:
    """12.1.4.2: one less for each, and never less than none."""
    node = Node(mode=TSSS)
    node.queue(1)
    node.bench.clock.advance((47 + 14) * BIT)
    assert node.get(TECNT) == 8
    node.set(CFG_STAT, LBMI)
    counts = []
    for identifier in range(10):
        node.queue(identifier)
        node.bench.clock.advance(47 * BIT)
        counts.append(node.get(TECNT))
    assert counts == [7, 6, 5, 4, 3, 2, 1, 0, 0, 0]


@pytest.mark.parametrize("single", [False, True])
def test_a_message_that_is_not_sent_again(single: bool) -> None:
    """Aborted, or single shot: the try under way is its last."""
    node = Node(mode=TSSS if single else 0)
    node.queue(1)
    node.queue(2)
    if not single:
        node.set(TCMD, node.get(TCMD) | TSA)
        assert node.get(RTIF) & AIF
    node.bench.clock.advance(3 * (47 + ERROR) * BIT)
    assert node.get(TCTRL) & 3 == 0 and node.get(TECNT) == (16 if single else 8)


def test_a_listener_sends_nothing() -> None:
    node = Node(mode=0)
    node.set(TCMD, LOM)
    node.queue(1)
    assert not node.get(TCMD) & TSALL and not node.get(CFG_STAT) & TACTIVE


def test_a_full_secondary_buffer_and_a_reset() -> None:
    node = Node(mode=0)
    for identifier in range(16):
        node.queue(identifier)
    assert node.get(TCTRL) & 3 == 3 and node.get(RTIE) & 1
    node.queue(16)
    assert [d.rule for d in node.bench.diagnostics] == ["can-overflow"]
    node.set(CFG_STAT, RESET)
    assert node.get(TCTRL) & 3 == 0 and not node.get(TCMD) & TSALL


def test_what_is_missing() -> None:
    node = Node()
    node.set(0xB5, 3)
    assert [gap.what.split(":")[0] for gap in node.bench.gaps] == [
        "TIMECFG.TIMEEN",
    ]
