"""OSPI's reads take their clocks, through the FIFOs and through the window.

Expected values: bits over lines and edges, at 400 MHz / BAUDR (alif.md 3.3 to 3.7), by hand.
"""

from __future__ import annotations

from typing import Any

import pytest
from ospi_driver import BAUDR, CTRLR1, DR, RXFLR, SER, SR, SSIENR, Driver
from test_ospi import (
    DDR,
    EEPROM,
    IMR,
    OCTAL,
    RECEIVE,
    RISR,
    RXFTLR,
    RXOICR,
    Rig,
    xip,
)  # fmt: skip

QUAD = 2 << 22


def pending(rig: Rig) -> int:
    """ns until BUSY falls, found without a poll of the firmware."""
    began = rig.bench.clock.now
    while rig.ospi.peek(SR) & 1:
        rig.bench.clock.advance(5)
    return rig.bench.clock.now - began


@pytest.mark.parametrize(
    ("lines", "spi_ctrlr0", "bits", "frames", "halves"),
    [
        # 8 bits of opcode on eight lines, 8 dummies, frames of a clock.
        (OCTAL, 2 | 2 << 8 | 8 << 11, 8, 3, 2 * (1 + 8 + 3)),
        (OCTAL, 2 | 2 << 8 | 8 << 11 | DDR, 8, 3, 2 * (1 + 8) + 3),
        # 16 bits of opcode and 32 of address on both edges, 4 dummies, a frame of 16 bits.
        (OCTAL, 2 | 8 << 2 | 3 << 8 | 4 << 11 | DDR | 1 << 17, 16, 4, 2 * (1 + 2 + 4) + 4 * 2),
        # Opcode and address on one line, data on four: 0Bh at its most usual.
        (QUAD, 6 << 2 | 2 << 8 | 8 << 11, 8, 256, 2 * (8 + 24 + 8 + 256 * 2)),
        (QUAD, 1 | 6 << 2 | 2 << 8 | 8 << 11, 32, 4, 2 * (8 + 6 + 8 + 4 * 8)),
        # Standard SPI: a frame goes out for each that comes.
        (0, 0, 8, 4, 2 * 4 * 8),
    ],
)
@pytest.mark.parametrize("divider", [2, 4, 4000])
def test_a_receive_takes_its_clocks(
    lines: int, spi_ctrlr0: int, bits: int, frames: int, halves: int, divider: int
) -> None:
    rig = Rig()
    rig.w(SSIENR, 0)
    rig.w(BAUDR, divider)
    rig.setup(lines | RECEIVE | bits - 1, spi_ctrlr0, frames=frames)
    rig.w(DR, 0x0B)
    if spi_ctrlr0 >> 2 & 0xF:
        rig.w(DR, 0x1000)
    rig.w(SER, 1)
    end = -(-halves * divider * 1000 // 800)  # ns: 800 million half clocks a second, divided
    rig.bench.clock.advance(end - 1)
    assert rig.ospi.peek(SR) & 1
    rig.bench.clock.advance(1)
    assert not rig.ospi.peek(SR) & 1
    assert rig.r(RXFLR) == frames


def test_frames_come_one_after_the_other() -> None:
    """Octal SDR at 100 MHz: opcode 1 clock, 5 dummies, a frame with each clock after them."""
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8 | 5 << 11, frames=4)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    assert rig.r(DR) == 0, "the FIFO is empty yet"
    assert rig.rules() == ["rx-fifo-underflow"]
    rig.bench.clock.advance(60 + 20)
    assert rig.r(RXFLR) == 2
    assert rig.r(SR) & 0b1001 == 0b1001  # RFNE beside BUSY
    assert [rig.r(DR), rig.r(DR)] == [0x10, 0x11]
    rig.bench.clock.advance(20)
    assert [rig.r(RXFLR), rig.r(SR) & 1] == [2, 0]


@pytest.mark.parametrize("register", [RXFLR, SR])
def test_a_poll_of_the_empty_fifo_lasts_until_the_first_frame(register: int) -> None:
    """So the two polls of MicroPython's driver that find nothing cost nothing."""
    rig = Rig()
    rig.w(RXFTLR, 7)
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8 | 5 << 11, frames=2)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    value = rig.r(register)
    assert rig.bench.clock.now == 70
    assert value == 1 if register == RXFLR else value & 8
    assert rig.bench.clock.questions == []


def test_a_fifo_that_is_emptied_in_time_loses_nothing() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=1000)
    rig.w(DR, 0x0B)
    rig.w(SER, 1)
    taken = []
    while len(taken) < 1000:
        rig.bench.clock.advance(2000)
        taken += [rig.r(DR) for _ in range(rig.r(RXFLR))]
    assert taken == [0x10 + i & 0xFF for i in range(1000)]
    assert rig.rules() == []


def test_the_frame_without_room_raises_overflow_when_it_comes() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=300)
    rig.w(IMR, 0x08)
    rig.w(DR, 0x0B)
    rig.w(SER, 1)
    rig.bench.clock.advance(10 + 2569)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(1)  # the 257th
    assert rig.ospi.IRQ.level
    assert rig.r(RXOICR) == 1
    rig.bench.clock.advance(10_000)
    assert [e.message for e in rig.bench.diagnostics] == ["44 frames found the receive FIFO full"]


def test_the_full_interrupt_comes_with_the_frame_above_the_threshold() -> None:
    rig = Rig()
    rig.w(RXFTLR, 1)
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=6)
    rig.w(IMR, 0x10)
    rig.w(DR, 0x0B)
    rig.w(SER, 1)
    rig.bench.clock.advance(29)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(1)
    assert rig.ospi.IRQ.level
    rig.r(DR)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(10)
    assert rig.ospi.IRQ.level
    assert rig.r(RISR) & 0x10
    rig.w(RXFTLR, 3)
    assert not rig.ospi.IRQ.level
    rig.bench.clock.advance(20)
    assert rig.ospi.IRQ.level


def test_deselecting_stops_a_receive() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=6)
    rig.w(DR, 0x0B)
    rig.w(SER, 1)
    rig.bench.clock.advance(35)
    rig.w(SER, 0)
    assert (rig.r(RXFLR), rig.r(SR) & 1) == (2, 0)
    assert rig.bench.diagnostics[-1].message == "stopped after 2 of 6 frames"
    rig.bench.clock.advance(1000)
    assert rig.r(RXFLR) == 2


def test_what_is_pushed_during_a_receive_is_the_next_one() -> None:
    rig = Rig()
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=2)
    rig.w(SER, 1)
    rig.w(DR, 0x9F)
    rig.w(DR, 0x05)
    assert [t.opcode for t in rig.chips[0].seen] == [0x9F]
    rig.bench.clock.advance(30)
    assert [t.opcode for t in rig.chips[0].seen] == [0x9F, 0x05]
    rig.bench.clock.advance(30)
    assert (rig.r(RXFLR), rig.r(SR) & 1) == (4, 0)


def test_an_eeprom_read_sends_and_then_receives() -> None:
    rig = Rig()
    rig.setup(EEPROM | 7, frames=2)
    for entry in (0x03, 0, 0x12, 0x34):
        rig.w(DR, entry)
    rig.w(SER, 1)
    assert pending(rig) == 10 * 8 * (4 + 2)


def test_a_receive_under_way_outlives_a_snapshot() -> None:
    rig, other = Rig(), Rig()
    rig.setup(OCTAL | RECEIVE | 11, 2 | 2 << 8, frames=5)
    rig.w(DR, 0x0B)
    rig.w(SER, 1)
    rig.bench.clock.advance(45)
    other.bench.clock.now = rig.bench.clock.now
    other.ospi.load(rig.ospi.save())
    for one in (rig, other):
        one.bench.clock.advance(100)
        assert [one.r(DR) for _ in range(one.r(RXFLR))] == [0x101, 0x112, 0x131, 0x415, 0x161]


# -- the window ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "offset", "size", "halves"),
    [
        # FDh, 32 bits of address in DDR, 9 dummies, four bytes of half a clock.
        ({}, 0x100, 4, 2 * (1 + 2 + 9) + 4),
        ({}, 0x101, 1, 2 * (1 + 2 + 9) + 2),
        # Macronix: 16 bits of opcode on both edges, 10 dummies.
        (
            {"ctrl": 0x02FD468B, "opcode": 0xEE11, "ctrlr0": 0x80C0080F},
            0x100, 4, 2 * (1 + 2 + 10) + 4,
        ),
        # And 8 mode bits, on the lines and edges of the address.
        ({"ctrl": 0x02ED248B | 1 << 12 | 2 << 26}, 0x100, 4, 2 * (1 + 2 + 1 + 9) + 4),
        ({"ctrl": 0x02ED248B & ~(1 << 22)}, 0x100, 4, 2 * (2 + 9) + 4),
        ({"ctrl": 0x02ED248B & ~(1 << 19)}, 0x100, 4, 2 * (1 + 4 + 9 + 4)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("divider", [4, 40])
def test_a_read_of_the_window_takes_its_clocks(
    settings: dict[str, Any], offset: int, size: int, halves: int, divider: int
) -> None:
    rig = Rig()
    rig.w(BAUDR, divider)
    xip(rig, **settings)
    rig.window.read(offset, size)
    assert rig.bench.clock.now == halves * divider * 1000 // 800


def test_what_does_not_come_from_the_chip_takes_no_time() -> None:
    rig = Rig()
    xip(rig)
    rig.aes.write(0x00, 0)
    rig.window.read(0, 4)
    assert rig.bench.clock.now == 0


def test_the_window_does_not_wait_for_a_receive() -> None:
    rig = Rig()
    xip(rig)
    rig.w(CTRLR1, 0)
    rig.setup(OCTAL | RECEIVE | 7, 2 | 2 << 8, frames=50)
    rig.w(DR, 0x9F)
    rig.w(SER, 1)
    assert rig.window.read(0, 4) == 0xFFFF_FFFF
    assert "a transfer is under way" in rig.bench.diagnostics[-1].message


def test_status_polls_of_the_driver_take_bus_time() -> None:
    """05h in octal DDR with 8 dummies at 100 MHz: 1 + 8 clocks and half a one for the status."""
    d = Driver()
    d.start()
    began = d.bench.clock.now
    d.status()
    assert d.bench.clock.now - began == 95


def test_native_reads_are_free() -> None:
    d = Driver()
    d.start()
    d.look(0, 4)
    began = d.bench.clock.now
    d.look(0, 64)
    assert d.window.segments[0].is_native
    assert d.bench.clock.now == began


def test_with_cycles_every_read_takes_its_clocks() -> None:
    """FDh, 32 bits of address, 9 dummies, 4 bytes, in octal DDR at 100 MHz: 14 clocks."""
    d = Driver(xip="cycles")
    d.start()
    d.chip.program(0x40, bytes(range(64)))
    began = d.bench.clock.now
    assert d.look(0x40, 64) == bytes(range(64))
    assert not d.window.segments[0].is_native
    assert d.bench.clock.now - began == 16 * 140
