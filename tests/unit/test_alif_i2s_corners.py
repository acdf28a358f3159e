"""The Alif's I2S: words and halves of each length, every level, enable bit and flag.

Registers: Alif's Ensemble CMSIS DFP, i2s.h, sys_ctrl_i2s.h; Synopsys's DW_apb_i2s data book.
"""

from __future__ import annotations

import pytest
from test_alif_i2s import (
    CCR,
    CER,
    DEPTH,
    IER,
    IMR,
    IRER,
    ISR,
    ITER,
    LEFT,
    RCR,
    RER,
    RFCR,
    RFF,
    RIGHT,
    ROR,
    RXDA,
    RXFO,
    TCR,
    TER,
    TFCR,
    TFF,
    TOR,
    TXFE,
    TXFO,
    Driver,
    recording,
)

from xipsim.peripherals.alif.clocks import ClkctlPerSlv
from xipsim.peripherals.alif.i2s import I2s
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

RXFFR, TXFFR = 0x14, 0x18
BITS = {1: 12, 2: 16, 3: 20, 4: 24, 5: 32}
"""Of a word, by WLEN."""
CLOCKS = {0: 16, 1: 24, 2: 32}
"""Of each half, by WSS."""


def numbered(count: int) -> bytes:
    return recording(b"".join((n << 8).to_bytes(2, "little") * 2 for n in range(1, count + 1)))


# -- clocks and words ------------------------------------------------------------------------------


@pytest.mark.parametrize("wss", CLOCKS)
@pytest.mark.parametrize("divider", [1, 25, 100, 1023])
def test_a_frame_has_two_halves(wss: int, divider: int) -> None:
    """SCLK: 76.8 MHz by I2Sn_CTRL 9:0."""
    driver = Driver(wss=wss << 3, divider=divider)
    driver.write(TFCR, 0)
    driver.send()
    driver.frame(1, 2)
    time = -(-2 * CLOCKS[wss] * divider * 10_000 // 768)
    driver.bench.clock.advance(time - 1)
    assert not driver.i2s.peek(ISR) & TXFE
    driver.bench.clock.advance(1)
    assert driver.i2s.peek(ISR) & TXFE


@pytest.mark.parametrize(
    ("control", "divider"),
    [(1 << 17 | 25, 1), (0, 1), (1 << 16 | 25, 25), (1 << 18 | 1 << 15 | 25, 25)],
)
def test_bits_of_the_clocks_control(control: int, divider: int) -> None:
    """17 passes the divider by, 16 takes the clock from outside, which is told."""
    driver = Driver()
    driver.clkctl.write(0x14, control)
    driver.write(TFCR, 0)
    driver.send()
    driver.frame(1, 2)
    time = -(-2 * 32 * divider * 10_000 // 768)
    driver.bench.clock.advance(time - 1)
    assert not driver.i2s.peek(ISR) & TXFE
    driver.bench.clock.advance(1)
    assert driver.i2s.peek(ISR) & TXFE
    assert bool(driver.bench.gaps) == bool(control & 1 << 16)


@pytest.mark.parametrize("number", range(4))
def test_each_controller_has_its_clock(number: int) -> None:
    bench = Bench()
    clkctl = ClkctlPerSlv(bench.system)
    i2s = I2s(bench.system, name="i2s", clkctl=clkctl, number=number)
    i2s.reset(ResetCause.POWER_ON)
    for each in range(4):
        clkctl.write(0x10 + 4 * each, 10 if each == number else 100)
    for offset, value in ((CCR, 2 << 3), (IER, 1), (CER, 1), (ITER, 1), (TER, 1)):
        i2s.write(offset, value)
    i2s.write(RIGHT, 1)
    bench.clock.advance(-(-64 * 10 * 10_000 // 768) - 1)
    assert not i2s.peek(ISR) & TXFE
    bench.clock.advance(1)
    assert i2s.peek(ISR) & TXFE


def test_without_a_clock_control_the_divider_is_passed_by() -> None:
    bench = Bench()
    i2s = I2s(bench.system, name="i2s")
    i2s.reset(ResetCause.POWER_ON)
    for offset in (IER, CER, ITER, TER):
        i2s.write(offset, 1)
    i2s.write(RIGHT, 1)
    bench.clock.advance(-(-32 * 10_000 // 768))
    assert i2s.peek(ISR) & TXFE
    assert bench.gaps == []


@pytest.mark.parametrize("wlen", range(6))
@pytest.mark.parametrize("wss", CLOCKS)
def test_the_length_of_a_word(wlen: int, wss: int) -> None:
    """No longer than its half; WLEN 0: as long as it. What is received has its bits on top."""
    driver = Driver(wlen=wlen, wss=wss << 3)
    bits = min(BITS.get(wlen, 32), CLOCKS[wss])
    driver.i2s.record(recording(bytes.fromhex("00 80 34 12")))
    driver.receive()
    driver.frames(1.1)
    left, right = 0x8000 << 16 >> 32 - bits, 0x1234 << 16 >> 32 - bits
    assert driver.take() == (left, right)
    driver.send()
    driver.frame(0x1234_5678, 0)
    driver.frames(1.1)
    assert driver.wav().getsampwidth() == -(-bits // 8)


# -- levels and flags ------------------------------------------------------------------------------


@pytest.mark.parametrize("level", range(16))
def test_every_level_of_the_transmitter(level: int) -> None:
    """TXFE while the FIFO holds TFCR frames or fewer."""
    driver = Driver()
    driver.write(TFCR, level | 0xFFFF_FFF0)
    driver.write(IMR, 0x33 & ~TXFE)
    for _ in range(level):
        driver.frame(1, 1)
    assert (driver.i2s.peek(ISR) & TXFE, driver.i2s.IRQ.level) == (TXFE, True)
    driver.frame(1, 1)
    assert (driver.i2s.peek(ISR) & TXFE, driver.i2s.IRQ.level) == (0, False)
    driver.send()
    driver.frames(0.99)
    assert not driver.i2s.IRQ.level
    driver.frames(0.02)
    assert driver.i2s.IRQ.level


@pytest.mark.parametrize("level", range(16))
def test_every_level_of_the_receiver(level: int) -> None:
    """RXDA with more than RFCR frames."""
    driver = Driver()
    driver.write(RFCR, level | 0xFFFF_FFF0)
    driver.write(IMR, 0x33 & ~RXDA)
    driver.receive()
    driver.frames(level + 0.99)
    assert not driver.i2s.IRQ.level
    driver.frames(0.02)
    assert driver.i2s.IRQ.level
    assert driver.read(ISR) & (RXDA | RXFO) == RXDA
    driver.take()
    assert not driver.i2s.IRQ.level
    driver.write(RFCR, max(level - 1, 0))
    assert driver.i2s.IRQ.level == (level > 0)


@pytest.mark.parametrize("flag", [RXDA, RXFO, TXFE, TXFO])
def test_each_flag_has_its_mask(flag: int) -> None:
    driver = Driver()
    driver.receive()
    driver.frames(20)
    for _ in range(17):
        driver.frame(1, 1)
    if flag == TXFE:
        driver.write(TFF, 1)
    assert driver.i2s.peek(ISR) & flag
    driver.write(IMR, 0x33 & ~flag)
    assert driver.i2s.IRQ.level
    driver.write(IMR, 0x33)
    assert not driver.i2s.IRQ.level


def test_overruns_are_told_by_their_registers() -> None:
    driver = Driver()
    driver.receive()
    for _ in range(17):
        driver.frame(1, 1)
    assert (driver.i2s.peek(TOR), driver.i2s.peek(ROR)) == (1, 0)
    driver.frames(17.1)
    assert driver.read(ISR) & (RXFO | TXFO) == RXFO | TXFO
    assert (driver.i2s.peek(TOR), driver.i2s.peek(ROR)) == (1, 1)
    assert driver.read(ROR) == 1
    assert driver.i2s.peek(ISR) & (RXFO | TXFO) == TXFO
    assert driver.read(TOR) == 1
    assert driver.i2s.peek(ISR) & (RXFO | TXFO) == 0
    assert driver.read(TOR) == 0


def test_what_was_lost_was_heard() -> None:
    """The recording goes on while the FIFO is full."""
    driver = Driver()
    driver.i2s.record(numbered(40))
    driver.receive()
    driver.frames(30.5)
    assert [driver.take()[0] >> 16 for _ in range(DEPTH)] == list(range(1, 17))
    driver.frames(1)
    assert driver.take()[0] >> 16 == 31


def test_the_head_is_looked_at_as_of_now() -> None:
    driver = Driver()
    driver.i2s.record(recording(bytes.fromhex("0001 0002 0003 0004")))
    driver.receive()
    assert (driver.i2s.peek(LEFT), driver.i2s.peek(RIGHT)) == (0, 0)
    assert (driver.read(LEFT), driver.read(RIGHT)) == (0, 0)
    driver.frames(1.1)
    assert (driver.i2s.peek(LEFT), driver.i2s.peek(RIGHT)) == (0x1_0000, 0x2_0000)
    assert (driver.read(LEFT), driver.read(LEFT)) == (0x1_0000, 0x1_0000)
    assert driver.read(RIGHT) == 0x2_0000
    driver.frames(1)
    assert driver.take() == (0x3_0000, 0x4_0000)


# -- enables, flushes ------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [IER, IRER, RER, CER])
def test_nothing_comes_while_anything_is_off(off: int) -> None:
    driver = Driver()
    driver.i2s.record(numbered(9))
    driver.receive()
    driver.write(off, 0)
    driver.frames(3)
    assert driver.take() == (0, 0)
    assert [gap.what for gap in driver.bench.gaps] == (
        ["a clock from outside: slave mode (CER.CLKEN is 0)"] if off == CER else []
    )
    driver.write(off, 0xFFFF_FFFE)
    driver.frames(3)
    assert driver.take() == (0, 0), "bit 0 enables"
    driver.write(off, 1)
    driver.frames(1.1)
    assert driver.take()[0] >> 16 == 1


@pytest.mark.parametrize("flush", [TXFFR, TFF])
def test_flushing_the_transmitter(flush: int) -> None:
    driver = Driver()
    for _ in range(9):
        driver.frame(1, 1)
    driver.write(flush, 2)
    assert not driver.i2s.peek(ISR) & TXFE
    driver.write(flush, 1)
    assert driver.i2s.peek(ISR) & TXFE
    assert driver.read(flush) == 0
    driver.send()
    driver.frames(20)
    assert driver.wav().getnframes() == 0


@pytest.mark.parametrize("flush", [RXFFR, RFF])
def test_flushing_the_receiver(flush: int) -> None:
    driver = Driver()
    driver.i2s.record(numbered(20))
    driver.receive()
    driver.frames(9.5)
    driver.write(flush, 2)
    assert driver.read(ISR) & RXDA
    driver.write(flush, 1)
    assert (driver.read(ISR) & RXDA, driver.read(flush)) == (0, 0)
    driver.frames(1)
    assert driver.take()[0] >> 16 == 10


def test_a_flush_at_work_keeps_what_was_sent() -> None:
    driver = Driver()
    driver.send()
    for n in range(4):
        driver.frame(n + 1, n + 1)
    driver.frames(2.5)
    driver.write(TFF, 1)
    driver.frame(9, 9)
    driver.frames(1.1)
    wav = driver.wav()
    assert wav.getnframes() == 3
    assert wav.readframes(3)[::6] == bytes((1, 2, 9))


def test_another_format_begins_a_frame_anew() -> None:
    driver = Driver()
    driver.write(TFCR, 0)
    driver.send()
    driver.receive()
    driver.frame(1, 1)
    driver.frames(0.9)
    driver.write(CCR, 0)
    driver.frames(0.45)
    assert not driver.i2s.peek(ISR) & TXFE
    driver.frames(0.1)
    assert driver.i2s.peek(ISR) & TXFE


def test_a_left_half_waits_for_its_right_one() -> None:
    driver = Driver()
    driver.write(TFCR, 0)
    driver.write(LEFT, 5)
    assert driver.i2s.peek(ISR) & TXFE
    driver.write(RIGHT, 6)
    assert not driver.i2s.peek(ISR) & TXFE
    driver.write(RIGHT, 7)
    driver.send()
    driver.frames(2.1)
    wav = driver.wav()
    assert wav.readframes(2)[::3] == bytes((5, 6, 5, 7))


@pytest.mark.parametrize(("bit", "name"), [(16, "DMAEN_RXBLOCK"), (17, "DMAEN_TXBLOCK"), (18, "")])
def test_dma_is_a_gap(bit: int, name: str) -> None:
    driver = Driver()
    driver.write(0x200, 1 << bit)
    assert [gap.what for gap in driver.bench.gaps] == ([f"DMACR.{name}: DMA"] if name else [])


@pytest.mark.parametrize("offset", [ISR, ROR, TOR, 0x1F0, 0x1F4, 0x1F8, 0x1FC])
def test_a_store_to_what_can_only_be_read_changes_nothing(offset: int) -> None:
    driver = Driver()
    before = driver.i2s.save()
    driver.write(offset, 0xFFFF_FFFF)
    assert driver.i2s.save() == before
    assert frozenset({ISR}) == I2s.NEUTRAL


def test_lengths_of_each_direction_are_their_own() -> None:
    driver = Driver(wlen=2)
    driver.write(RCR, 5)
    driver.i2s.record(recording(bytes.fromhex("3412 7856")))
    driver.send()
    driver.receive()
    driver.frame(0x1234, 0x5678)
    driver.frames(1.1)
    assert driver.take() == (0x1234_0000, 0x5678_0000)
    assert driver.wav().getsampwidth() == 2
    assert (driver.read(TCR), driver.read(RCR)) == (2, 5)
    assert driver.read(ITER) == driver.read(TER) == 1
