"""Registers of the Alif that MicroPython seldom touches: Alif's SVD file and drivers, alif.md 7."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.alif.canfd import CanFd
from xipsim.peripherals.alif.clocks import ClkctlPerSlv
from xipsim.peripherals.alif.counters import Counter, CounterRead
from xipsim.peripherals.alif.i2c import I2c
from xipsim.peripherals.alif.i2s import I2s
from xipsim.peripherals.alif.lptimer import Lptimer
from xipsim.peripherals.alif.spi import Spi
from xipsim.peripherals.alif.uart import Uart
from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.core import Peripheral, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.i2c.device import I2cDevice

MS, S = 1_000_000, 1_000_000_000


def powered(bench: Bench, model: type[Peripheral], **parameters: Any) -> Any:
    instance = model(bench.system, name="model", **parameters)
    instance.reset(ResetCause.POWER_ON)
    return instance


# -- timers and counters ---------------------------------------------------------------------------


def test_a_stopped_channel_keeps_its_count_and_does_not_end() -> None:
    """LPTIMER: 32768 Hz; half a second is 16384 counts."""
    bench = Bench()
    timer = powered(bench, Lptimer)
    timer.write(0x00, 32767)
    timer.write(0x08, 3)
    bench.clock.advance(S // 2)
    timer.write(0x08, 2)
    bench.clock.advance(10 * S)
    assert timer.read(0x04) == timer.peek(0x04) == 32767 - 16384
    assert timer.read(0xA8) == 0 and not timer.lines["0"].level
    timer.write(0x08, 3)
    assert timer.read(0x04) == 32767, "begins anew"


def test_one_read_acknowledges_all_channels() -> None:
    bench = Bench()
    timer = powered(bench, Lptimer)
    for channel in (0, 3):
        timer.write(0x14 * channel, 9)
        timer.write(0x14 * channel + 8, 1)
    bench.clock.advance(MS)
    assert timer.read(0xA0) == timer.read(0xA8) == 0b1001
    assert [timer.lines[str(n)].level for n in range(4)] == [True, False, False, True]
    assert timer.peek(0xA4) == 0 and timer.read(0xA8) == 0b1001
    assert timer.read(0xA4) == 0 and timer.read(0xA8) == timer.read(0xA0) == 0
    assert not any(timer.lines[str(n)].level for n in range(4))


def test_both_halves_of_a_counter_are_seen_and_set() -> None:
    """CNTCVL and CNTCVH, 64 bits, at both frames; 32768 Hz."""
    bench = Bench()
    counter = powered(bench, Counter, frequency=32_768)
    frame = powered(bench, CounterRead, counter=counter)
    counter.write(0x08, 0xFFFF_FFFF)
    counter.write(0x0C, 5)
    counter.write(0x00, 1)
    bench.clock.advance(S)
    for model, low, high in ((counter, 0x08, 0x0C), (frame, 0x00, 0x04)):
        assert (model.peek(low), model.peek(high)) == (32767, 6)
        assert (model.read(low), model.read(high)) == (32767, 6)
    counter.write(0x0C, 7)
    assert (counter.read(0x08), counter.read(0x0C)) == (32767, 7)
    counter.write(0x08, 1)
    bench.clock.advance(S)
    assert (counter.read(0x08), counter.read(0x0C)) == (32769, 7)
    counter.write(0x00, 0)
    bench.clock.advance(S)
    assert (counter.read(0x08), counter.peek(0x0C)) == (32769, 7)


# -- I2C -------------------------------------------------------------------------------------------

DATA, RAW, ENABLE, TXFLR, RXFLR, ABRT_SOURCE = 0x10, 0x34, 0x6C, 0x74, 0x78, 0x80
READ = 0x100


class Counting(I2cDevice):
    """Answers 0, 1, 2 and so on."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.system, name="device")
        self.sent = 0

    def start(self, reads: bool) -> bool:
        return True

    def stop(self) -> None:
        pass

    def read(self) -> int:
        self.sent += 1
        return self.sent - 1

    def write(self, byte: int) -> bool:
        return True


def master(bench: Bench) -> Any:
    i2c = powered(bench, I2c)
    i2c.devices[0x50] = Counting(bench)
    for offset, value in ((ENABLE, 0), (0x00, 0x165), (0x04, 0x50), (ENABLE, 1)):
        i2c.write(offset, value)
    return i2c


def test_a_transfer_is_aborted_by_its_user() -> None:
    """ENABLE.ABORT: IC_TX_ABRT_SOURCE.ABRT_USER_ABRT is bit 16; the bit falls when it is done."""
    bench = Bench()
    i2c = master(bench)
    i2c.write(ENABLE, 3)
    assert i2c.read(ABRT_SOURCE) == 0 and i2c.read(ENABLE) == 1, "nothing to abort"
    for byte in (1, 2, 3):
        i2c.write(DATA, byte)
    bench.clock.advance(30_000)
    assert i2c.read(0x5C) == 1, "ACTIVITY"
    assert i2c.read(RAW) & 1 << 8, "is there again for as long as the bus is taken"
    i2c.write(ENABLE, 3)
    assert i2c.read(ABRT_SOURCE) & 0x1_FFFF == 1 << 16 and i2c.read(RAW) & 1 << 6
    assert i2c.read(ENABLE) == 1 and i2c.read(TXFLR) == 0
    bench.clock.advance(MS)
    assert i2c.read(RAW) & 1 << 9, "STOP"
    i2c.read(0x5C)
    assert not i2c.read(RAW) & 1 << 8


def test_the_receive_fifo_holds_32_bytes() -> None:
    bench = Bench()
    i2c = master(bench)
    for _ in range(2):
        for _ in range(16):
            i2c.write(DATA, READ)
        bench.clock.advance(10 * MS)
    assert i2c.read(RXFLR) == 32 and not i2c.read(RAW) & 2 and bench.events == []
    i2c.write(DATA, READ)
    bench.clock.advance(MS)
    assert i2c.read(RXFLR) == 32 and i2c.read(RAW) & 2
    assert [d.rule for d in bench.diagnostics] == ["i2c-overrun"]
    assert i2c.peek(DATA) == 0 and [i2c.read(DATA) for _ in range(32)] == list(range(32))
    assert i2c.read(0x48) == 1 and not i2c.read(RAW) & 2, "CLR_RX_OVER"


def target(bench: Bench) -> Any:
    """Address 67, enabled, not a master."""
    i2c = powered(bench, I2c)
    for offset, value in ((ENABLE, 0), (0x00, 0), (0x08, 67), (ENABLE, 1)):
        i2c.write(offset, value)
    return i2c


def test_what_the_target_has_left_over_is_flushed_when_it_is_read() -> None:
    """ABRT_SLVFLUSH_TXFIFO, bit 13, and TX_ABRT."""
    i2c = target(Bench())
    i2c.write(DATA, 0x5A)
    assert not i2c.target.start(66, True) and i2c.read(TXFLR) == 1, "another address"
    assert i2c.target.start(67, False) and i2c.read(TXFLR) == 1, "it is written"
    assert i2c.target.start(67, True)
    assert i2c.read(TXFLR) == 0 and i2c.read(ABRT_SOURCE) == 1 << 13 and i2c.read(RAW) & 1 << 6


def test_a_target_that_is_full_loses_what_is_written() -> None:
    i2c = target(Bench())
    assert i2c.target.start(67, False)
    for byte in range(32):
        assert i2c.target.write(byte)
    assert i2c.read(RXFLR) == 32 and not i2c.read(RAW) & 2
    assert i2c.target.write(99)
    assert i2c.read(RAW) & 2 and [i2c.read(DATA) for _ in range(32)] == list(range(32))


# -- I2S, UART, CAN --------------------------------------------------------------------------------


def test_overruns_are_seen_and_cleared_by_a_read() -> None:
    """TOR and ROR: FIFOs of 16 frames; what has come until the read is counted with it."""
    bench = Bench()
    clkctl = powered(bench, ClkctlPerSlv)
    i2s = powered(bench, I2s, clkctl=clkctl, number=0)
    clkctl.write(0x10, 1 << 20 | 1 << 12 | 25)
    for offset in (0x00, 0x0C, 0x28, 0x2C):
        i2s.write(offset, 1)
    for word in range(1, 18):
        i2s.write(0x20, word)
        i2s.write(0x24, word)
    assert i2s.peek(0x44) == 1 and i2s.read(0x38) & 0x20, "TOR: 16 frames fit"
    assert i2s.read(0x44) == 1 and i2s.peek(0x44) == i2s.read(0x44) == 0
    i2s.write(0x04, 1)
    bench.clock.advance(S)
    assert i2s.peek(0x40) == 1 and i2s.read(0x40) == 1 and i2s.peek(0x40) == 0
    assert bench.gaps == []
    clkctl.write(0x10, 1 << 20 | 1 << 16 | 1 << 12 | 25)  # I2S_CTRL of sys_ctrl_i2s.h
    i2s.write(0x24, 1)
    assert [g.what for g in bench.gaps] == ["I2Sn_CTRL: an external audio clock (76.8 MHz taken)"]


def test_flushing_the_receiver_takes_its_interrupt_back_at_once() -> None:
    """RFF and RXFFR; RXDA with more than RFCR.RXCHDT frames; IMR masks with ones."""
    for flush in (0x14, 0x50):
        bench = Bench()
        i2s = powered(bench, I2s)
        for offset in (0x00, 0x04, 0x0C, 0x28):
            i2s.write(offset, 1)
        i2s.write(0x3C, 0x32)
        bench.clock.advance(100_000)
        i2s.write(0x04, 0)
        assert i2s.IRQ.level and i2s.read(0x38) & 1
        i2s.write(flush, 0)
        assert i2s.IRQ.level
        i2s.write(flush, 1)
        assert not i2s.IRQ.level and not i2s.read(0x38) & 1


def test_a_passive_sender_waits_for_eight_bits_more() -> None:
    """ISO 11898-1, 10.9: a frame of 47 bits, an error frame of 6 more, and suspended: 8."""
    bench = Bench()
    bus = CanBus(bench.system)
    can = powered(bench, CanFd, bus=bus)
    can.write(0xA0, 0, 1)
    bench.clock.advance(MS)
    can.write(0x50, 1)
    can.write(0x54, 0)
    can.write(0xA1, 1 << 4, 1)
    lengths = []
    for _ in range(20):
        assert bus.over_at is not None
        lengths.append(bus.over_at - bench.clock.now)
        bench.clock.advance(lengths[-1])
    assert can.read(0xB3, 1) == 128
    short, long = lengths[0], lengths[-1]
    assert lengths == [short] * 16 + [long] * 4
    assert 53 * (long - short) == 8 * short


@pytest.mark.parametrize(
    ("mode", "received"),
    [(0, [1, 2, 3]), (1, []), (2, [1, 1, 1, 1]), (3, [3, 3, 3, 3])],
    ids=["both", "send", "receive", "eeprom"],
)
def test_what_a_mode_of_spi_receives(mode: int, received: list[int]) -> None:
    """CTRLR0.TMOD, with SRL: three frames, or NDF + 1 = 4 where it only receives."""
    bench = Bench()
    spi = powered(bench, Spi)
    ctrlr0 = 1 << 31 | 1 << 13 | mode << 10 | 7
    for offset, value in ((0x08, 0), (0x00, ctrlr0), (0x04, 3), (0x14, 200), (0x18, 2 << 16)):
        spi.write(offset, value)
    spi.write(0x08, 1)
    for frame in (1, 2, 3):
        spi.write(0x60, frame)
    bench.clock.advance(MS)
    assert [spi.read(0x60) for _ in range(spi.read(0x24))] == received
    assert bench.events == []


def test_without_srl_there_is_no_loop() -> None:
    """SRL is bit 13; SSTE, bit 14, toggles the chip select."""
    bench = Bench()
    spi = powered(bench, Spi)
    for offset, value in ((0x08, 0), (0x00, 1 << 31 | 1 << 14 | 7), (0x14, 200), (0x08, 1)):
        spi.write(offset, value)
    spi.write(0x60, 0x12)
    bench.clock.advance(MS)
    assert spi.read(0x60) == 0xFF


def test_a_change_of_cts_interrupts_until_msr_is_read() -> None:
    """IER.EDSSI is bit 3; IIR 0 is the lowest priority; MSR: DCTS 0, CTS 4, DSR 5, DCD 7."""
    bench = Bench()
    uart = powered(bench, Uart)
    uart.write(0x04, 8)
    assert uart.read(0x18) == 0xB0 and not uart.IRQ.level and uart.read(0x08) & 0xF == 1
    uart.throttle(True)
    assert uart.IRQ.level and uart.read(0x08) & 0xF == 0
    assert uart.peek(0x18) == 0xA1 and uart.read(0x18) == 0xA1
    assert not uart.IRQ.level and uart.read(0x18) == 0xA0
    uart.throttle(False)
    uart.write(0x04, 7)
    assert uart.read(0x08) & 0xF != 0 and uart.read(0x18) == 0xB1


def test_looking_takes_nothing_from_the_receiver() -> None:
    """RBR, its shadows, and the divisor that DLAB shows in its place."""
    bench = Bench()
    uart = powered(bench, Uart, frequency=100_000_000)
    uart.write(0x0C, 0x83)
    uart.write(0x00, 54)
    uart.write(0x04, 0x12)
    assert (uart.peek(0x00), uart.peek(0x04)) == (54, 0x12)
    assert (uart.read(0x00), uart.read(0x04)) == (54, 0x12)
    uart.write(0x04, 0)
    uart.write(0x0C, 3)
    uart.write(0x08, 1)
    uart.type(b"ab")
    bench.clock.advance(10 * MS)
    assert [uart.peek(0x00), uart.peek(0x30), uart.peek(0x6C)] == [0x61] * 3
    assert [uart.read(0x6C), uart.peek(0x00), uart.read(0x30), uart.peek(0x00)] == [
        0x61, 0x62, 0x62, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(("listens", "errors"), [(False, [1, 2, 3]), (True, [0, 0, 0])])
def test_a_frame_that_is_destroyed_counts_as_an_error_of_the_receiver(
    listens: bool, errors: list[int]
) -> None:
    """ISO 11898-1, 12.1.4.2 a: one for each; EALCAP.KOER 2 is a form error; a listener has none."""
    bench = Bench()
    bus = CanBus(bench.system)
    can = powered(bench, CanFd, bus=bus)
    can.write(0xA6, 1 << 1, 1)
    can.write(0xA0, 0, 1)
    can.write(0xA1, 1 << 6 if listens else 0, 1)
    counts = []
    for _ in range(3):
        can.disturbed()
        counts.append(can.read(0xB2, 1))
    assert counts == errors and can.read(0xB3, 1) == 0
    assert can.read(0xB0, 1) >> 5 == 2
    assert can.IRQ.level is not listens, "BEIF with BEIE"
