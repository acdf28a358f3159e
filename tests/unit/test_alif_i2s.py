"""I2S of the Alif: registers, levels, clocks as in its DFP (i2s.h, i2s.c, sys_ctrl_i2s.h)."""

from __future__ import annotations

import io
import wave

import pytest

from xipsim.peripherals.alif.clocks import ClkctlPerSlv
from xipsim.peripherals.alif.i2s import I2s
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

IER, IRER, ITER, CER, CCR, LEFT, RIGHT, RER, TER = *range(0x00, 0x14, 4), 0x20, 0x24, 0x28, 0x2C
RCR, TCR, ISR, IMR, ROR, TOR, RFCR, TFCR, RFF, TFF = range(0x30, 0x58, 4)
RXDA, RXFO, TXFE, TXFO = 0x01, 0x02, 0x10, 0x20
WLEN_16, WLEN_24, WLEN_32, WSS_16, WSS_32 = 2, 4, 5, 0 << 3, 2 << 3
DEPTH = 16
FRAME = 1_000_000_000 / 48_000


class Driver:
    """What Driver_I2S.c does for a master; 48 kHz, halves of 32 clocks, words of 24 bits."""

    def __init__(self, wlen: int = WLEN_24, wss: int = WSS_32, divider: int = 25) -> None:
        self.bench = Bench()
        self.clkctl = ClkctlPerSlv(self.bench.system)
        self.i2s = I2s(self.bench.system, name="i2s1", clkctl=self.clkctl, number=1)
        self.i2s.reset(ResetCause.POWER_ON)
        self.read, self.write = self.i2s.read, self.i2s.write
        # 76.8 MHz / 25 = 3.072 MHz = 64 x 48 kHz
        self.clkctl.write(0x14, 1 << 20 | 1 << 12 | divider)
        self.write(IER, 1)
        self.write(IMR, self.read(IMR) | 0x33)
        self.write(TFCR, 8)
        self.write(RFCR, 7)
        for flush, length in ((TFF, TCR), (RFF, RCR)):
            self.write(flush, 1)
            self.write(length, wlen)
        self.write(CCR, wss)
        self.write(CER, 1)

    def send(self) -> None:
        self.write(ITER, 1)
        self.write(TER, 1)

    def receive(self) -> None:
        self.write(IRER, 1)
        self.write(RER, 1)

    def frame(self, left: int, right: int) -> None:
        self.write(LEFT, left)
        self.write(RIGHT, right)

    def take(self) -> tuple[int, int]:
        return self.read(LEFT), self.read(RIGHT)

    def frames(self, count: float) -> None:
        self.bench.clock.advance(round(count * FRAME))

    def wav(self) -> wave.Wave_read:
        return wave.open(io.BytesIO(self.i2s.wav()))


def recording(samples: bytes, rate: int = 48_000, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(samples)
    return file.getvalue()


@pytest.fixture
def driver() -> Driver:
    return Driver()


def test_what_is_sent_is_a_wav_file(driver: Driver) -> None:
    driver.send()
    driver.frame(0xFFF200, 0x000001)
    driver.frame(0x123456, 0x800000)
    driver.frames(2.1)
    wav = driver.wav()
    assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (48_000, 2, 3)
    assert wav.readframes(9) == bytes.fromhex("00f2ff 010000 563412 000080")


@pytest.mark.parametrize(
    ("wlen", "wss", "divider", "rate", "width"),
    [
        (WLEN_16, WSS_16, 75, 32_000, 2),
        (WLEN_16, WSS_32, 150, 8_000, 2),
        (WLEN_32, WSS_32, 25, 48_000, 4),
    ],
)
def test_rate_and_width(wlen: int, wss: int, divider: int, rate: int, width: int) -> None:
    """SCLK has twice the word select's clocks for each frame (i2s_get_sclk_frequency)."""
    driver = Driver(wlen, wss, divider)
    driver.send()
    driver.frame(0x8000_7FFF, 2)
    driver.bench.clock.advance(1_000_000)
    wav = driver.wav()
    assert (wav.getframerate(), wav.getsampwidth()) == (rate, width)
    assert wav.readframes(1)[:width] == (0x8000_7FFF).to_bytes(4, "little")[:width]


def test_the_transmit_fifo_asks_at_its_level(driver: Driver) -> None:
    """The handler fills it up with depth - TFCR - 1 frames."""
    driver.send()
    driver.write(IMR, driver.read(IMR) & ~(TXFE | TXFO))
    assert driver.i2s.IRQ.level, "an empty FIFO asks"
    for n in range(9):
        assert driver.read(ISR) & TXFE, f"{n} frames are not more than 8"
        driver.frame(n, n)
    assert not driver.i2s.IRQ.level
    driver.frames(0.9)
    assert not driver.i2s.IRQ.level
    driver.frames(0.2)
    assert driver.i2s.IRQ.level
    for _ in range(DEPTH - 8 - 1):
        driver.frame(1, 1)
    assert not driver.read(ISR) & TXFO, "there is room for as many as the handler writes"


def test_an_overrun_of_the_transmitter_is_told_and_cleared_by_a_read(driver: Driver) -> None:
    driver.send()
    driver.write(IMR, driver.read(IMR) & ~TXFO)
    for _ in range(DEPTH):
        driver.frame(1, 1)
    assert not driver.i2s.IRQ.level
    driver.frame(1, 1)
    assert driver.i2s.IRQ.level and driver.read(ISR) & TXFO
    assert [d.rule for d in driver.bench.diagnostics] == ["i2s-overflow"]
    driver.read(TOR)
    assert not driver.i2s.IRQ.level and not driver.read(ISR) & TXFO
    driver.frames(100)
    assert driver.wav().getnframes() == DEPTH


def test_a_recording_is_received(driver: Driver) -> None:
    """24 bits of 16: the sample's bits are the highest. Behind the end it is silent."""
    driver.i2s.record(recording(bytes.fromhex("0100 0080 ff7f 3412")))
    driver.receive()
    driver.write(IMR, driver.read(IMR) & ~(RXDA | RXFO))
    driver.frames(7.9)
    assert not driver.i2s.IRQ.level
    driver.frames(0.2)
    assert driver.i2s.IRQ.level, "8 frames, one more than RFCR"
    assert driver.read(ISR) & (RXDA | RXFO) == RXDA
    assert [driver.take() for _ in range(3)] == [
        (0x000100, 0x800000),
        (0x7FFF00, 0x123400),
        (0, 0),
    ]
    assert not driver.i2s.IRQ.level
    assert not driver.bench.notes


def test_what_comes_to_a_full_fifo_is_lost(driver: Driver) -> None:
    data = b"".join(n.to_bytes(2, "little") * 2 for n in range(1, 40))
    driver.i2s.record(recording(data))
    driver.receive()
    driver.write(IMR, driver.read(IMR) & ~RXFO)
    driver.frames(16.1)
    assert not driver.i2s.IRQ.level
    driver.frames(1)
    assert driver.i2s.IRQ.level
    driver.read(ROR)
    assert not driver.i2s.IRQ.level
    taken = [driver.take()[0] >> 8 for _ in range(DEPTH)]
    assert taken == list(range(1, 17))
    driver.frames(1)
    assert driver.take()[0] >> 8 == 18, "the 17th was lost"


def test_nothing_moves_while_anything_is_off() -> None:
    for off in (IER, ITER, CER, TER):
        driver = Driver()
        driver.send()
        driver.write(off, 0)
        driver.frame(1, 1)
        driver.frames(10)
        assert driver.wav().getnframes() == 0
        assert bool(driver.bench.gaps) == (off == CER), "a clock from outside"
        driver.write(off, 1)
        driver.frames(1.1)
        assert driver.wav().getnframes() == 1


def test_a_recording_of_another_rate_is_told(driver: Driver) -> None:
    driver.i2s.record(recording(bytes(40), 44_100))
    driver.receive()
    driver.frames(20)
    [note] = driver.bench.notes
    assert "44100 frames a second, and is taken at 48000" in note.message


def test_a_polled_transfer_waits_until_the_next_change(driver: Driver) -> None:
    """i2s_send_blocking: until TXFE is set, at the level."""
    driver.send()
    for _ in range(10):
        driver.frame(1, 1)
    began = driver.bench.clock.now
    driver.bench.clock.questions.clear()
    driver.read(ISR)
    [(key, until)] = driver.bench.clock.questions
    assert key == "i2s1"
    assert until is not None
    assert until - began == pytest.approx(2 * FRAME, abs=2)


def test_dma_is_a_gap(driver: Driver) -> None:
    driver.write(0x200, 1 << 17)
    assert [gap.what for gap in driver.bench.gaps] == ["DMACR.DMAEN_TXBLOCK: DMA"]
