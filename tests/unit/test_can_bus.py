"""Several nodes on a CAN bus: arbitration, acknowledgement, errors and CAN FD, by ISO 11898-1.

Registers: MIMXRT1062.h and fsl_flexcan.c, as in test_imxrt_flexcan.py.
"""

from __future__ import annotations

import pytest

from xipsim.peripherals.alif.canfd import CanFd
from xipsim.peripherals.can.bus import CanBus, _understands
from xipsim.peripherals.can.device import Adapter, CanNode
from xipsim.peripherals.can.frame import Frame, dlc_of
from xipsim.peripherals.can.node import Standing
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexcan import FlexCan

MCR, CTRL1, ECR, ESR1, IFLAG1, CTRL2, FDCTRL, FDCBT = (
    *(0x00, 0x04, 0x1C, 0x20, 0x30, 0x34, 0xC00, 0xC04),
)
MB, RXIMR = 0x80, 0x880
SRXDIS, IRMQ, FDEN, WRNEN = 1 << 17, 1 << 16, 1 << 11, 1 << 21
LOM, BOFFREC, BOFFMSK = 1 << 3, 1 << 6, 1 << 15
BOFFINT, BOFFDONE, FLTCONF, BIT1ERR, ACKERR, FRMERR = (
    *(1 << 2, 1 << 19, 3 << 4, 1 << 15, 1 << 13, 1 << 11),
)
PASSIVE, OFF = 1 << 4, 2 << 4
EDL, BRS, IDE = 1 << 31, 1 << 30, 1 << 21
TIMING = 3 << 24 | 6 << 19 | 4 << 16 | 5
"""40 MHz / 4 and 19 quanta a bit."""
SLOWER = 7 << 24 | 6 << 19 | 4 << 16 | 5
BIT = 4 * 19 * 25
"""ns."""
ERROR = 6
RECEIVER, SENDER = 10, 8
"""Buffers."""


class Board:
    """FlexCANs on one bus: each with a buffer that takes everything, and no self-reception."""

    def __init__(self, *controls: int, has_fd: bool = False) -> None:
        self.bench = Bench()
        self.bus = CanBus(self.bench.system, name="bus")
        self.cans = [
            FlexCan(
                *(self.bench.system,),
                name=f"can{number}",
                frequency=40_000_000,
                bus=self.bus,
                has_fd=has_fd,
            )
            for number in range(len(controls))
        ]
        for can, control in zip(self.cans, controls, strict=True):
            can.reset(ResetCause.POWER_ON)
            can.write(CTRL1, control)
            can.write(RXIMR + 4 * RECEIVER, 0)
            can.write(MCR, 63 | SRXDIS | IRMQ | WRNEN)
            self.listen(can)

    def adapter(self) -> Adapter:
        adapter = Adapter(self.bench.system, name="adapter")
        self.bus.nodes[0] = adapter
        self.bus.connected()
        return adapter

    @staticmethod
    def listen(can: FlexCan, kind: int = 0, span: int = 16) -> None:
        can.write(MB + span * RECEIVER, 0x4 << 24 | kind)

    @staticmethod
    def send(can: FlexCan, identifier: int, data: bytes = b"", number: int = SENDER) -> None:
        at = MB + 16 * number
        can.write(at + 4, identifier << 18)
        for word in (0, 4):
            value = data[word : word + 4].ljust(4, b"\0")
            can.write(at + 8 + word, int.from_bytes(value, "big"))
        can.write(at, 0xC << 24 | len(data) << 16)

    @staticmethod
    def got(can: FlexCan) -> tuple[int, bytes] | None:
        """The identifier and the data that the receiver has; None while it is empty."""
        at = MB + 16 * RECEIVER
        if not can.read(IFLAG1) >> RECEIVER & 1:
            return None
        can.write(IFLAG1, 1 << RECEIVER)
        words = can.read(at + 8).to_bytes(4, "big") + can.read(at + 12).to_bytes(4, "big")
        return can.read(at + 4) >> 18, words[: can.read(at) >> 16 & 0xF]

    def bits(self, count: int) -> None:
        self.bench.clock.advance(count * BIT)


def test_a_frame_goes_over_the_bus() -> None:
    board = Board(TIMING, TIMING)
    one, two = board.cans
    board.send(one, 0x123, b"hello")
    board.bits(46 + 40)
    assert board.got(two) is None
    board.bits(1)
    assert board.got(two) == (0x123, b"hello")
    assert one.read(IFLAG1) == 1 << SENDER and one.read(ECR) == 0
    board.send(two, 0x7FF, b"12345678")
    board.bits(47 + 64)
    assert board.got(one) == (0x7FF, b"12345678")


def test_the_lowest_identifier_wins_the_bus() -> None:
    """Both wait while a third frame is on it."""
    board = Board(TIMING, TIMING, TIMING)
    one, two, three = board.cans
    board.send(one, 0x400)
    board.send(one, 0x300, number=SENDER + 1)
    board.send(two, 0x200)
    order = []
    for _ in range(3):
        board.bits(47)
        order.append(board.got(three))
    assert order == [(0x400, b""), (0x200, b""), (0x300, b"")]


def test_a_listener_acknowledges_nothing() -> None:
    board = Board(TIMING, TIMING | LOM)
    one, two = board.cans
    board.send(one, 1)
    board.bits(47 + ERROR)
    assert one.read(ECR) == 8 and one.read(ESR1) & ACKERR and board.got(two) is None


def test_another_rate_destroys_each_frame() -> None:
    """The receiver counts one for each, the sender eight: passive after 16, off after 32."""
    board = Board(TIMING, SLOWER)
    one, two = board.cans
    one.write(CTRL1, TIMING | BOFFMSK | BOFFREC)
    board.send(one, 1)
    board.bits(47 + ERROR)
    assert one.read(ECR) == 8 and one.read(ESR1) & (BIT1ERR | ACKERR) == BIT1ERR
    assert two.read(ECR) == 1 << 8 and two.read(ESR1) & FRMERR
    board.bits(15 * (47 + ERROR))
    assert one.read(ESR1) & FLTCONF == PASSIVE and not one.IRQ.level
    board.bits(16 * (47 + ERROR + 8))
    assert one.read(ESR1) & (FLTCONF | BOFFINT) == OFF | BOFFINT and one.IRQ.level
    board.bits(10_000)
    assert one.read(ESR1) & FLTCONF == OFF, "BOFFREC holds it"
    one.write(CTRL1, TIMING)
    two.write(CTRL1, TIMING)
    board.bits(128 * 11 - 1)
    assert one.read(ESR1) & FLTCONF == OFF
    board.bits(1)
    assert one.read(ESR1) & (FLTCONF | BOFFDONE) == BOFFDONE and one.read(ECR) == 0
    board.bits(47)
    assert board.got(two) == (1, b""), "what waited is sent"


def test_a_bus_off_node_comes_back_by_itself() -> None:
    board = Board(TIMING, TIMING)
    one, two = board.cans
    board.send(one, 1)
    board.bus.disturb(32)
    board.bits(16 * (47 + ERROR) + 16 * (47 + ERROR + 8))
    assert one.read(ESR1) & FLTCONF == OFF and two.read(ECR) == 32 << 8
    board.bits(128 * 11 + 47)
    assert one.read(ESR1) & FLTCONF == 0 and board.got(two) == (1, b"")
    assert two.read(ECR) == 31 << 8, "one less for a good frame"


def test_a_good_frame_takes_one_error_back() -> None:
    board = Board(TIMING, TIMING)
    one, two = board.cans
    board.bus.disturb(1)
    board.send(one, 1)
    board.bits(47 + ERROR + 47)
    assert one.read(ECR) == 7 and two.read(ECR) == 0


def test_a_passive_receiver_destroys_nothing() -> None:
    board = Board(TIMING, SLOWER, TIMING)
    one, two, three = board.cans
    two.write(ECR, 128 << 8)
    two.disturbed()
    board.send(one, 1)
    board.bits(47)
    assert board.got(three) == (1, b"") and one.read(ECR) == 0
    assert two.read(ECR) >> 8 == 130


def test_a_controller_that_leaves_takes_no_part() -> None:
    board = Board(TIMING, TIMING)
    one, two = board.cans
    two.write(MCR, 1 << 31)
    board.send(one, 1)
    board.bits(47 + ERROR)
    assert one.read(ECR) == 8
    one.reset(ResetCause.SOFTWARE)
    board.bits(1000)
    assert one.read(ECR) == 0 and board.bus.over_at is None


def test_a_state_in_the_middle_of_a_frame() -> None:
    board, other = Board(TIMING, TIMING), Board(TIMING, TIMING)
    board.send(board.cans[0], 0x55, b"x")
    board.bits(20)
    other.bench.clock.now = board.bench.clock.now
    for source, target in zip([board.bus, *board.cans], [other.bus, *other.cans], strict=True):
        target.load(source.save())
    for each in (board, other):
        each.bits(35)
        assert each.got(each.cans[1]) == (0x55, b"x")


# -- nodes that are none of the board's ----------------------------------------------------------


def test_an_adapter_sends_and_hears() -> None:
    board = Board(TIMING)
    (can,) = board.cans
    adapter = board.adapter()
    adapter.send(0x321, b"ping")
    board.bits(47 + 32)
    assert board.got(can) == (0x321, b"ping")
    board.send(can, 0x322, b"pong")
    board.bits(47 + 32)
    assert adapter.frames() == [
        {"identifier": 0x322, "data": b"pong", "extended": False, "remote": None, "fd": False}
    ]
    adapter.forget()
    assert adapter.frames() == []


def test_an_adapter_waits_until_somebody_is_there() -> None:
    board = Board(TIMING)
    (can,) = board.cans
    adapter = board.adapter()
    can.write(MCR, 1 << 31)
    adapter.send(1)
    board.bits(1000)
    assert board.bus.over_at is None
    can.write(MCR, 63 | SRXDIS | IRMQ)
    board.bits(47)
    assert board.got(can) == (1, b"")


def test_an_adapter_that_only_listens() -> None:
    board = Board(TIMING)
    (can,) = board.cans
    adapter = board.adapter()
    adapter.listen_only(True)
    board.send(can, 1)
    board.bits(47 + ERROR)
    assert can.read(ECR) == 8 and adapter.frames() == []
    adapter.listen_only(False)
    board.bits(2 * (47 + ERROR))
    assert [frame["identifier"] for frame in adapter.frames()] == [1]


def test_a_node_of_ones_own_answers() -> None:
    class Echo(CanNode):
        def received(self, frame: Frame) -> None:
            self.transmit(frame._replace(identifier=frame.identifier + 1))

    board = Board(TIMING)
    (can,) = board.cans
    board.bus.nodes[0] = Echo(board.bench.system)
    board.bus.connected()
    board.send(can, 0x10, b"abc")
    board.bits(2 * (47 + 24))
    assert board.got(can) == (0x11, b"abc")


@pytest.mark.parametrize(
    ("how", "arguments", "says"),
    [
        ("send", (0x800,), "an identifier below 0x800"),
        ("send", (-1,), "an identifier below 0x800"),
        ("send", (1 << 29, b"", True), "below 0x20000000"),
        ("send", (1, b"123456789"), "up to 8 bytes, given 9"),
        ("send_fd", (1, bytes(65)), "up to 64 bytes, given 65"),
        ("send_request", (1, 9), "0 to 8 bytes"),
        ("send_request", (1, -1), "0 to 8 bytes"),
        ("send_request", (1, 1 << 40), "0 to 8 bytes"),
    ],
)
def test_frames_that_there_are_not(how: str, arguments: tuple[object, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        getattr(Board().adapter(), how)(*arguments)


# -- CAN FD --------------------------------------------------------------------------------------


def with_fd(can: FlexCan, size: int = 3) -> None:
    """64 bytes a buffer: 7 of them in each of the two regions; data at 40 MHz / 2 / 10 quanta."""
    can.write(MCR, 1 << 30 | 1 << 28)
    can.write(FDCTRL, 1 << 31 | size << 19 | size << 16)
    can.write(FDCBT, 1 << 20 | 2 << 10 | 3 << 5 | 2)
    for at in range(7 * 2):
        can.write(MB + 72 * at, 0)
    can.write(RXIMR, 0)
    can.write(MCR, 13 | SRXDIS | IRMQ | FDEN)


FAST = 2 * (1 + 2 + 3 + 1 + 2 + 1) * 25
"""ns of a fast bit: FPROPSEG 2, FPSEG1 3, FPSEG2 2."""


def test_an_fd_frame_with_a_fast_part() -> None:
    """17 bits before and 13 behind it, 5 + 8 * 64 + 32 fast ones between."""
    board = Board(TIMING, TIMING, has_fd=True)
    one, two = board.cans
    with_fd(one)
    with_fd(two)
    two.write(MB, 0x4 << 24)
    at = MB + 0x200 + 72  # the ninth buffer, in the second region
    data = bytes(range(64))
    one.write(at + 4, 0x123 << 18)
    for word in range(16):
        one.write(at + 8 + 4 * word, int.from_bytes(data[4 * word : 4 * word + 4], "big"))
    one.write(at, EDL | BRS | 0xC << 24 | 15 << 16)
    duration = 30 * BIT + (5 + 512 + 32) * FAST
    board.bench.clock.advance(duration - 1)
    assert two.read(IFLAG1) == 0
    board.bench.clock.advance(1)
    assert two.read(IFLAG1) == 1 and one.read(IFLAG1) == 1 << 8
    assert two.read(MB) & (EDL | BRS | 0xF << 16) == EDL | BRS | 15 << 16
    got = b"".join(two.read(MB + 8 + 4 * word).to_bytes(4, "big") for word in range(16))
    assert got == data


def test_an_fd_frame_is_an_error_to_a_classic_controller() -> None:
    board = Board(TIMING, TIMING, has_fd=True)
    one, two = board.cans
    with_fd(one)
    one.write(MB + 4, 1 << 18)
    one.write(MB, EDL | 0xC << 24)
    board.bits(30 + 5 + 27 + ERROR)
    assert one.read(ECR) == 8 and two.read(ECR) == 1 << 8


def test_a_controller_without_fd_says_so() -> None:
    board = Board(TIMING)
    board.cans[0].write(MCR, FDEN)
    assert [d.rule for d in board.bench.diagnostics] == ["can-fd"]


def test_lengths_of_fd_frames() -> None:
    assert [dlc_of(length) for length in (0, 8, 9, 12, 13, 33, 64)] == [0, 8, 9, 9, 10, 14, 15]


def test_an_fd_frame_of_an_adapter_into_the_alif_s() -> None:
    """Filled up to 12 bytes; words in TBUF and RBUF are little-endian. (canfd.c)"""
    bench = Bench()
    bus = CanBus(bench.system)
    alif = CanFd(bench.system, name="canfd", bus=bus)
    adapter = Adapter(bench.system)
    bus.nodes[0] = adapter
    bus.connected()
    for offset, value in ((0xA8, 13), (0xA9, 4), (0xAB, 1)):
        alif.write(offset, value, 1)
    alif.write(0xB4, 1 << 5, 1)
    alif.write(0xB8, 0x1FFF_FFFF)
    alif.write(0xA0, 0, 1)
    adapter.send_fd(0x12345, b"eleven byte", True)
    bench.clock.advance(1_000_000)
    assert alif.read(0xA3, 1) & 3, "RSTAT"
    assert alif.read(0) == 0x12345 and alif.read(4) & 0xFF == 1 << 7 | 1 << 5 | 1 << 4 | 9
    assert b"".join(alif.read(8 + n).to_bytes(4, "little") for n in (0, 4, 8)) == b"eleven byte\0"
    alif.write(0x50, 7)
    alif.write(0x54, 1 << 5 | 10)
    for word in range(4):
        alif.write(0x58 + 4 * word, 0x01010101 * word)
    alif.write(0xA1, 1 << 4, 1)
    bench.clock.advance(1_000_000)
    (frame,) = adapter.frames()
    assert frame["fd"] and frame["data"] == bytes([0] * 4 + [1] * 4 + [2] * 4 + [3] * 4)


def test_the_alif_s_goes_off_the_bus_and_comes_back() -> None:
    bench = Bench()
    bus = CanBus(bench.system)
    alif = CanFd(bench.system, name="canfd", bus=bus)
    bus.nodes[0] = adapter = Adapter(bench.system)
    bus.connected()
    for offset, value in ((0xA8, 13), (0xA9, 4), (0xAB, 1), (0xA0, 0)):
        alif.write(offset, value, 1)
    bench.clock.advance(11 * 2000)
    bus.disturb(32)
    alif.write(0x50, 7)
    alif.write(0xA1, 1 << 4, 1)
    for bits in (16 * 53, 16 * 61):
        assert not alif.read(0xA0, 1) & 1
        bench.clock.advance(bits * 2000)
    assert alif.read(0xA0, 1) & 1 and alif.read(0xA5, 1) & 2, "BUSOFF, EIF"
    bench.clock.advance(128 * 11 * 2000 + 47 * 2000)
    assert not alif.read(0xA0, 1) & 1 and alif.read(0xB3, 1) == 0
    assert [frame["identifier"] for frame in adapter.frames()] == [7]


# -- rates and standing, at their edges ------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ((1_000_000, 2), (500_000, 1), True),
        ((1_000_000, 1), (985_000, 1), True),
        ((1_000_000, 1), (984_999, 1), False),
        ((985_000, 1), (1_000_000, 1), True),
        ((984_999, 1), (1_000_000, 1), False),
        (None, (1, 1), True),
        ((1, 1), None, True),
    ],
)
def test_rates_that_are_the_same(
    one: tuple[int, int] | None, other: tuple[int, int] | None, alike: bool
) -> None:
    """Assumed: within 1.5 %, of the slow bits of all frames, the fast ones of fast frames."""
    sender, standing = Standing(one, one), Standing(other, other)
    assert _understands(standing, sender, Frame(1)) == alike
    slow = Standing(None, other)
    assert _understands(slow, Standing(None, one), Frame(1))
    assert _understands(slow, Standing(None, one), Frame(1, is_fd=True))
    assert _understands(slow, Standing(None, one), Frame(1, is_fd=True, is_fast=True)) == alike
    assert _understands(standing, None, Frame(1)), "its sender has left"


def test_fd_frames_are_for_those_who_know_them() -> None:
    old = Standing(takes_fd=False)
    assert _understands(old, Standing(), Frame(1))
    assert not _understands(old, Standing(), Frame(1, is_fd=True))
    assert not _understands(old, None, Frame(1, is_fd=True))


@pytest.mark.parametrize(("listens", "destroys"), [(False, True), (True, False)])
def test_an_adapter_of_old_destroys_fd_frames_unless_it_only_listens(
    listens: bool, destroys: bool
) -> None:
    """It is error active, so that its error flags count."""
    board = Board(TIMING, TIMING, has_fd=True)
    one, two = board.cans
    adapter = board.adapter()
    adapter.takes_fd = False
    adapter.listen_only(listens)
    for can in (one, two):
        with_fd(can)
    one.write(MB + 4, 1 << 18)
    one.write(MB, EDL | 0xC << 24)
    board.bits(30 + 5 + 27 + ERROR)
    assert one.read(ECR) == 8 * destroys and adapter.frames() == []
    assert two.read(ECR) == destroys << 8


def test_so_many_frames_are_disturbed() -> None:
    """And each counts once, whoever sends."""
    board = Board(TIMING, TIMING)
    one, two = board.cans
    board.bus.disturb(2)
    board.send(one, 1)
    board.bits(2 * (47 + ERROR))
    assert one.read(ECR) == 16 and two.read(ECR) == 2 << 8 and board.got(two) is None
    board.bits(47)
    assert board.got(two) == (1, b"") and one.read(ECR) == 15
    board.bus.disturb()
    board.send(two, 1)
    board.bits(47 + ERROR)
    assert two.read(ECR) & 0xFF == 8


@pytest.mark.parametrize(
    ("count", "kept"), [(999, range(999)), (1000, range(1000)), (1002, range(2, 1002))]
)
def test_an_adapter_keeps_a_thousand_frames(count: int, kept: range) -> None:
    adapter = Board().adapter()
    for number in range(count):
        adapter.heard(Frame(number))
    assert [frame["identifier"] for frame in adapter.frames()] == list(kept)


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        (("send", 0x7FF, b"12345678", False), Frame(0x7FF, b"12345678", 8)),
        (("send", 0x1FFF_FFFF, b"", True), Frame(0x1FFF_FFFF, b"", 0, True)),
        (("send_request", 5, 8, True), Frame(5, b"", 8, True, True)),
        (("send_request", 0, 0, False), Frame(0, b"", 0, False, True)),
        (("send_fd", 5, b"1" * 9, True, False), Frame(5, b"111111111\0\0\0", 9, True, is_fd=True)),
        (("send_fd", 5, bytes(64)), Frame(5, bytes(64), 15, is_fd=True, is_fast=True)),
    ],
)  # fmt: skip
def test_what_an_adapter_sends(sent: tuple[object, ...], heard: Frame) -> None:
    adapter = Board().adapter()
    getattr(adapter, str(sent[0]))(*sent[1:])
    assert adapter.wants() == heard
    adapter.sent(1)
    assert adapter.wants() == heard, "not acknowledged: it stays"
    adapter.sent(0)
    assert adapter.wants() is None


def test_what_an_adapter_says_of_a_frame() -> None:
    adapter = Board().adapter()
    adapter.heard(Frame(0x12345, b"", 7, True, True))
    adapter.heard(Frame(1, b"ab", 2, is_fd=True))
    assert adapter.frames() == [
        {"identifier": 0x12345, "data": b"", "extended": True, "remote": 7, "fd": False},
        {"identifier": 1, "data": b"ab", "extended": False, "remote": None, "fd": True},
    ]


def test_a_nodes_rate_is_the_others() -> None:
    """An adapter takes the rate of the first that has one, else 500 kbit/s."""
    board = Board(SLOWER, TIMING)
    adapter = board.adapter()
    board.cans[1].write(MCR, 1 << 31)
    adapter.send(1)
    assert board.bus.over_at == 47 * 8 * 19 * 25
    lonely = Board()
    first, second = (Adapter(lonely.bench.system, name=name) for name in ("one", "two"))
    lonely.bus.nodes.update({0: first, 1: second})
    lonely.bus.connected()
    first.send(1)
    assert lonely.bus.over_at == 47 * 2000


def test_a_reset_of_the_microcontroller_leaves_an_adapter_alone() -> None:
    board = Board()
    adapter = board.adapter()
    adapter.send(1)
    adapter.heard(Frame(2))
    adapter.reset(ResetCause.SOFTWARE)
    assert adapter.wants() is not None and adapter.frames()
    adapter.reset(ResetCause.POWER_ON)
    assert adapter.wants() is None and adapter.frames() == []
