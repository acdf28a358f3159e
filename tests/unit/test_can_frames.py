"""CAN frames: their bits, ranks and error counts by ISO 11898-1, and as both families hold them."""

from __future__ import annotations

import pytest

from xipsim.peripherals.alif import canfd_frames
from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.can.errors import receive_count, transmit_count
from xipsim.peripherals.can.frame import Frame, dlc_of, length_of
from xipsim.peripherals.can.node import ACKNOWLEDGED, DESTROYED, UNACKNOWLEDGED
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt import flexcan_frames
from xipsim.peripherals.imxrt.flexcan import FlexCan

LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64)


@pytest.mark.parametrize(
    ("extended", "fd", "fast", "length", "bits"),
    [
        # SOF, 11 + RTR + IDE + r0, DLC, CRC 15 + 1, ACK 2, EOF 7, 3 behind: 47; 20 more with IDE.
        (False, False, False, 0, (47, 0)),
        (False, False, False, 8, (111, 0)),
        (True, False, False, 1, (75, 0)),
        # SOF, 11, RRS, IDE, FDF, res, BRS; ESI, DLC; CRC 17 or 21, stuff count 4, fixed bits.
        (False, True, True, 0, (30, 32)),
        (False, True, True, 16, (30, 160)),
        (False, True, True, 20, (30, 197)),
        (True, True, True, 64, (49, 549)),
        (True, True, False, 64, (598, 0)),
    ],
)
def test_bits_of_a_frame(
    extended: bool, fd: bool, fast: bool, length: int, bits: tuple[int, int]
) -> None:
    assert Frame(1, bytes(length), 0, extended, False, fd, fast).bits == bits


def test_who_wins_the_bus() -> None:
    """10.3: the lowest identifier; data before a remote frame, and before an extended one."""
    frames = [
        Frame(0x122, is_extended=False),
        Frame(0x123),
        Frame(0x123, is_remote=True),
        Frame(0x123 << 18, is_extended=True),
        Frame(0x123 << 18, is_extended=True, is_remote=True),
        Frame(0x123 << 18 | 1, is_extended=True),
        Frame(0x123 << 18 | 0x3_FFFF, is_extended=True),
        Frame(0x124),
    ]
    ranks = [frame.rank for frame in frames]
    assert ranks == sorted(set(ranks))


def test_length_codes() -> None:
    for code, length in enumerate(LENGTHS):
        assert dlc_of(length) == code and length_of(code, is_fd=True) == length
        assert length_of(code, is_fd=False) == min(length, 8)
    assert [dlc_of(length) for length in (9, 13, 25, 33, 49)] == [9, 10, 13, 14, 15]
    for length in (-1, 65):
        with pytest.raises(ValueError, match=f"0 to 64 bytes, given {length}"):
            dlc_of(length)


@pytest.mark.parametrize(
    ("count", "outcome", "after"),
    [
        (0, ACKNOWLEDGED, 0),
        (1, ACKNOWLEDGED, 0),
        (200, ACKNOWLEDGED, 199),
        (0, UNACKNOWLEDGED, 8),
        (127, UNACKNOWLEDGED, 135),
        (128, UNACKNOWLEDGED, 128),
        (128, DESTROYED, 136),
        (248, DESTROYED, 256),
    ],
)
def test_errors_of_a_transmitter(count: int, outcome: int, after: int) -> None:
    """12.1.4.2 c and g, with its exception for a passive node that nobody acknowledges."""
    assert transmit_count(count, outcome) == after


@pytest.mark.parametrize(
    ("count", "good", "after"),
    [
        (0, True, 0),
        (1, True, 0),
        (127, True, 126),
        (128, True, 127),
        (255, True, 127),
        (0, False, 1),
        (254, False, 255),
        (255, False, 255),
    ],
)
def test_errors_of_a_receiver(count: int, good: bool, after: int) -> None:
    """12.1.4.2 a and h."""
    assert receive_count(count, is_good=good) == after


# -- FlexCAN's message buffers (IMXRT1060RM, Message Buffer Structure) -----------------------------


@pytest.mark.parametrize(
    ("sizes", "count", "words", "second"),
    [
        (None, 64, 2, 4),
        ((0, 0), 64, 2, 4),
        ((1, 1), 42, 4, 6),
        ((2, 2), 24, 8, 10),
        ((3, 3), 14, 16, 18),
    ],
)
def test_where_buffers_lie(
    sizes: tuple[int, int] | None, count: int, words: int, second: int
) -> None:
    """Two regions of 512 bytes: 32, 21, 12 or 7 buffers of 8, 16, 32 or 64 bytes each."""
    places = flexcan_frames.layout(sizes)
    assert len(places) == count and {place.words for place in places} == {words}
    assert (places[0].first, places[1].first, places[count // 2].first) == (0, second, 128)
    assert places[1].span == range(second, 2 * second)
    assert flexcan_frames.numbers(sizes)[128] == count // 2


FRAMES = [
    ((0xC << 24 | 3 << 16, 0x123 << 18, 0x1122_3344, 0), Frame(0x123, b"\x11\x22\x33", 3)),
    (
        (1 << 21 | 5 << 16, 0x1FFF_FFFF, 0x1122_3344, 0x5566_7788),
        Frame(0x1FFF_FFFF, b"\x11\x22\x33\x44\x55", 5, is_extended=True),
    ),
    ((1 << 20 | 15 << 16, 0x7FF << 18, 1, 1), Frame(0x7FF, b"", 15, is_remote=True)),
    ((15 << 16, 0, 0xFFFF_FFFF, 0xFFFF_FFFF), Frame(0, b"\xff" * 8, 15)),
]


@pytest.mark.parametrize(("words", "frame"), FRAMES)
def test_a_buffer_sends(words: tuple[int, ...], frame: Frame) -> None:
    for takes_fd in (False, True):
        assert flexcan_frames.frame_of(words, takes_fd=takes_fd) == frame


def test_a_buffer_sends_an_fd_frame() -> None:
    """EDL 31, BRS 30; RTR does not count; without FD, EDL does not."""
    words = (1 << 31 | 1 << 30 | 1 << 20 | 9 << 16, 4 << 18, 0x0102_0304, 0x0506_0708, 0x090A_0B0C)
    fd = flexcan_frames.frame_of(words, takes_fd=True)
    assert fd == Frame(4, bytes(range(1, 13)), 9, is_fd=True, is_fast=True)
    assert flexcan_frames.frame_of(words, takes_fd=False) == Frame(4, b"", 9, is_remote=True)
    slow = flexcan_frames.frame_of((1 << 31 | 9 << 16, *words[1:]), takes_fd=True)
    assert slow.is_fd and not slow.is_fast


def test_a_buffer_receives() -> None:
    """CODE 27:24, SRR with IDE, RTR, ESI 29; the time stamp has 16 bits."""
    made = flexcan_frames.words_of
    assert made(Frame(0x123, b"\x11\x22\x33", 3), 2, 0x1_2345, 2) == [
        2 << 24 | 3 << 16 | 0x2345,
        0x123 << 18,
        0x1122_3300,
        0,
    ]
    assert made(Frame(9, b"", 4, is_extended=True, is_remote=True), 6, 0, 2) == [
        6 << 24 | 7 << 20 | 4 << 16,
        9,
        0,
        0,
    ]
    passive = Frame(1, bytes(12), 9, is_fd=True, is_from_passive=True)
    assert made(passive, 2, 0, 4)[0] == 1 << 31 | 1 << 29 | 2 << 24 | 9 << 16
    assert made(passive._replace(is_fast=True), 2, 0, 2)[0] >> 29 == 7
    assert len(made(passive, 2, 0, 2)) == 4, "what there is room for"


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (Frame(0x123), 0),
        (Frame(0x123, is_remote=True), 1 << 31),
        (Frame(0x123 << 18, is_extended=True), 1 << 30),
    ],
)
def test_elements_of_the_fifos_table(frame: Frame, kind: int) -> None:
    """Format A: RTR 31, IDE 30, the identifier from 29 (standard: 29 to 19) down."""
    element = kind | 0x123 << 19
    assert flexcan_frames.filter_matches(frame, element, 0xFFFF_FFFE)
    for bit in (31, 30, 29, 19):
        assert not flexcan_frames.filter_matches(frame, element ^ 1 << bit, 0xFFFF_FFFE)
        assert flexcan_frames.filter_matches(frame, element ^ 1 << bit, 0xFFFF_FFFE ^ 1 << bit)


@pytest.mark.parametrize(
    ("frame", "control", "identifier"),
    [
        (Frame(0x123), 0, 0x123 << 18),
        (Frame(0x123, is_remote=True), 1 << 20, 0x123 << 18),
        (Frame(0x1234567, is_extended=True), 1 << 21, 0x1234567),
    ],
)
def test_what_a_mailbox_takes(frame: Frame, control: int, identifier: int) -> None:
    takes = flexcan_frames.mailbox_matches
    assert takes(frame, control, identifier, 0xFFFF_FFFF)
    assert takes(frame, control, identifier | 7 << 29, 0xFFFF_FFFF), "PRIO is not compared"
    assert not takes(frame, control ^ 1 << 20, identifier, 0)
    assert not takes(frame, control ^ 1 << 21, identifier, 0)
    assert not takes(frame, control, identifier ^ 1 << 28, 0xFFFF_FFFF)
    assert takes(frame, control, identifier ^ 1 << 28, 0xEFFF_FFFF)


@pytest.mark.parametrize(("filters", "first"), [(0, 8), (3, 14), (15, 38)])
def test_buffers_behind_the_fifos_filters(filters: int, first: int) -> None:
    """CTRL2.RFFN: the FIFO and 8 * (RFFN + 1) filters take buffers 0 to 5 and two for each RFFN."""
    bench = Bench()
    can = FlexCan(bench.system, frequency=40_000_000, bus=CanBus(bench.system))
    can.reset(ResetCause.POWER_ON)
    can.write(0x34, filters << 24)
    can.write(0x04, 3 << 24 | 6 << 19 | 4 << 16 | 5 | 1 << 12)
    can.write(0x00, 63 | 1 << 29 | 1 << 17)
    for number in (first - 1, first):
        can.write(0x80 + 16 * number, 0xC << 24)
    bench.clock.advance(1_000_000)
    assert can.read(0x2C) << 32 | can.read(0x30) == 1 << first


def test_an_fd_frame_in_a_loop_takes_both_parts_of_its_time() -> None:
    """40 MHz; 4 * 19 clocks a slow bit, 2 * 10 a fast one; 30 of them and 32 + 96."""
    bench = Bench()
    bus = CanBus(bench.system)
    can = FlexCan(bench.system, frequency=40_000_000, bus=bus, has_fd=True)
    can.reset(ResetCause.POWER_ON)
    can.write(0x34, 1 << 12)
    can.write(0x04, 3 << 24 | 6 << 19 | 4 << 16 | 5 | 1 << 12)
    can.write(0xC00, 1 << 31 | 3 << 19 | 3 << 16)
    can.write(0xC04, 1 << 20 | 2 << 10 | 3 << 5 | 2)
    can.write(0x00, 13 | 1 << 11)
    can.write(0x84, 1 << 18)
    can.write(0x80, 1 << 31 | 1 << 30 | 0xC << 24 | 9 << 16)
    bench.clock.advance(30 * 4 * 19 * 25 + (32 + 96) * 2 * 10 * 25 - 1)
    assert can.read(0x30) == 0
    bench.clock.advance(1)
    assert can.read(0x30) == 1


# -- the Alif's buffers (canfd.h) ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "frame"),
    [
        ((0x7FF, 3, 0x4433_2211, 0), Frame(0x7FF, b"\x11\x22\x33", 3)),
        ((0xFFFF_FFFF, 0, 0), Frame(0x7FF)),
        ((0xFFFF_FFFF, 1 << 7, 0), Frame(0x1FFF_FFFF, b"", 0, is_extended=True)),
        ((1, 1 << 6 | 5, 7, 7), Frame(1, b"", 5, is_remote=True)),
        ((1, 1 << 6 | 1 << 5 | 1, 7), Frame(1, b"\x07", 1, is_fd=True)),
        ((1, 1 << 5 | 1 << 4 | 1, 7), Frame(1, b"\x07", 1, is_fd=True, is_fast=True)),
        ((1, 1 << 4 | 1, 7), Frame(1, b"\x07", 1)),
        ((1, 0xF, 7, 7, 7), Frame(1, b"\x07\0\0\0\x07\0\0\0", 15)),
    ],
)
def test_a_buffer_of_the_alif_sends(words: tuple[int, ...], frame: Frame) -> None:
    assert canfd_frames.frame_of(words) == frame


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (Frame(0x123, b"\x11\x22\x33\x44\x55", 5), [0x123, 5, 0x4433_2211, 0x55]),
        (Frame(9, b"", 4, is_extended=True, is_remote=True), [9, 0xC4]),
        (Frame(9, b"", 0, is_fd=True, is_fast=True), [9, 0x30]),
        (Frame(9, b"1234", 4, is_fd=True, is_from_passive=True), [9 | 1 << 31, 0x24, 0x34333231]),
    ],
)
def test_a_buffer_of_the_alif_receives(frame: Frame, words: list[int]) -> None:
    assert canfd_frames.words_of(frame) == words
