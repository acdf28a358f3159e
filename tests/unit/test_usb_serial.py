"""Bytes through the serial port: each one arrives, once and in order, whatever the chunking."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from usb_firmware import CTRL, MICROPYTHON, MS, SHUFFLED, Board, Layout, S

SIZES = st.one_of(
    st.integers(0, 1500), st.sampled_from([0, 1, 511, 512, 513, 1023, 1024, 1025, 4096, 16384])
)
CHUNKS = st.lists(SIZES, max_size=12)


def pattern(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks, at = [], 0
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    return chunks


@given(out=CHUNKS, back=CHUNKS, pauses=st.lists(st.integers(0, MS), min_size=12, max_size=12))
def test_any_chunking_arrives_both_ways(
    out: list[int], back: list[int], pauses: list[int]
) -> None:
    board = Board().open()
    typed, printed = pattern(sum(out)), pattern(sum(back), 1)
    board.firmware.print(*cut(printed, back))
    for chunk, pause in zip(cut(typed, out), pauses, strict=False):
        board.pc.type(chunk)
        board.run(pause)
    board.run(100 * MS)
    assert board.firmware.received == typed
    assert board.printed == printed
    assert board.pc.pending == 0
    assert board.idle


@pytest.mark.parametrize("layout", [MICROPYTHON, SHUFFLED], ids=["micropython", "shuffled"])
def test_256_kilobytes_each_way(layout: Layout) -> None:
    board = Board(layout).open()
    data = pattern(256 * 1024)
    board.pc.type(data)
    board.firmware.print(*cut(data, [512] * 512))
    board.run(S)
    assert board.firmware.received == data
    assert board.printed == data


@pytest.mark.parametrize("room", [512, 1024, 4096])
def test_short_packets_end_what_the_firmware_receives(room: int) -> None:
    board = Board()
    board.firmware.room = room
    board.open()
    board.pc.type(b"a" * 700)
    board.run(MS)
    board.pc.type(b"b")
    board.run(MS)
    assert board.firmware.received == b"a" * 700 + b"b"


def test_no_empty_packet_follows_a_full_one() -> None:
    """Linux' cdc-acm sends one only to devices that it knows to need it (SEND_ZERO_PACKET): a
    firmware that waits for more than a packet at a time goes on waiting."""
    board = Board()
    board.firmware.room = 1024
    board.open()
    board.pc.type(b"a" * 512)
    board.run(S)
    assert (board.firmware.received, board.pc.pending) == (b"", 0)
    board.pc.type(b"b")
    board.run(MS)
    assert board.firmware.received == b"a" * 512 + b"b"


def test_empty_packets_are_no_bytes() -> None:
    board = Board().open()
    board.firmware.print(b"a" * 512, b"", b"b", b"")
    board.run(MS)
    assert board.printed == b"a" * 512 + b"b"
    assert not board.firmware.sending


def test_a_throttled_pc_takes_nothing() -> None:
    board = Board().open()
    board.pc.throttle(True)
    board.firmware.print(b"first", b"second")
    board.run(S)
    assert (board.printed, board.firmware.sending) == (b"", True)
    board.pc.type(b"still typing")
    board.run(MS)
    assert board.firmware.received == b"still typing"
    board.pc.throttle(False)
    board.run(MS)
    assert board.printed == b"firstsecond"


def test_a_receiver_that_throttles_gets_no_further_packet() -> None:
    board = Board().open()
    board.pc.attach(lambda data: board.pc.throttle(True))
    board.firmware.print(b"1", b"2")
    board.run(MS)
    assert board.printed == b"1"


def test_a_firmware_that_is_busy_loses_nothing() -> None:
    board = Board().open()
    data = pattern(5000)
    board.firmware.hold(True)
    board.pc.type(data)
    board.run(10 * S)
    assert board.pc.pending == 5000 - 512
    board.firmware.hold(False)
    board.run(10 * MS)
    assert board.firmware.received == data


def test_a_halted_endpoint_is_cleared_and_goes_on() -> None:
    board = Board().open()
    board.usb.write(CTRL + 8, board.usb.read(CTRL + 8) | 1)
    board.firmware.hold(True)
    board.pc.type(b"after")
    board.run(MS)
    board.pc.type(b" the halt")
    board.run(MS)
    board.firmware.hold(False)
    board.run(5 * MS)
    assert board.firmware.received == b"after the halt"
    clears = [setup for setup in board.firmware.setups if setup[:2] == b"\x02\x01"]
    assert clears == [b"\x02\x01\x00\x00\x02\x00\x00\x00"]


def test_a_packet_takes_its_time_on_the_bus() -> None:
    board = Board().open()
    start = board.bench.clock.now
    times: list[int] = []
    board.pc.attach(lambda data: times.append(board.bench.clock.now - start))
    board.firmware.print(b"x" * 512 * 3)
    board.run(MS)
    # USB 2.0 table 5-10: 13 bulk packets of 512 bytes in a microframe of 125 us.
    assert times == [9615, 19230, 28845]
