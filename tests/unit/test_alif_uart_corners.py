"""The Alif's UART: characters of every length, triggers, priorities, resets, shadow registers.

Registers: Alif's SVD file and uart.h; Synopsys's DW_apb_uart data book.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_alif_uart import (
    CHAR,
    DATA,
    DLF,
    HTX,
    IER,
    IIR,
    LCR,
    LSR,
    MSR,
    RFL,
    RFNE,
    SRR,
    SRT,
    STET,
    TFE,
    TFL,
    TFNF,
    USR,
    started,
)

from xipsim.peripherals.alif.uart import Uart
from xipsim.peripherals.alif.uart_pads import PADS
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench

FCR, MCR, SRBR, SRTS, SFE = IIR, 0x10, 0x30, 0x8C, 0x98
MODEM, NONE, THRE, DATA_THERE, LINE, TIMEOUT = 0x0, 0x1, 0x2, 0x4, 0x6, 0xC
"""IIR.IID."""
RX, TX, STATUS, MODEM_STATUS, PTIME = 0x01, 0x02, 0x04, 0x08, 0x80
"""Bits of IER."""


@pytest.mark.parametrize("code", range(4))
@pytest.mark.parametrize("by_shadow", [False, True])
def test_triggers_of_the_receiver(code: int, by_shadow: bool) -> None:
    """RCVR: 1 character, a quarter, half of the FIFO, and 2 less than full. (FCR 7:6, SRT)"""
    bench = Bench()
    uart, _ = started(bench)
    uart.write(SRT if by_shadow else FCR, code if by_shadow else code << 6 | 1)
    assert uart.read(SRT) == code
    trigger = (1, 8, 16, 30)[code]
    uart.type(bytes(32))
    bench.clock.advance(trigger * CHAR - 1)
    assert uart.read(IIR) & 0xF == NONE
    bench.clock.advance(1)
    assert uart.read(IIR) & 0xF == DATA_THERE
    assert uart.IRQ.level


@pytest.mark.parametrize("code", range(4))
@pytest.mark.parametrize("by_shadow", [False, True])
def test_triggers_of_the_transmitter(code: int, by_shadow: bool) -> None:
    """TET, with PTIME: empty, 2 characters, a quarter, half of the FIFO. (FCR 5:4, STET)"""
    bench = Bench()
    uart, _ = started(bench)
    uart.write(STET if by_shadow else FCR, code if by_shadow else code << 4 | 1)
    assert uart.read(STET) == code
    uart.write(IER, TX | PTIME)
    trigger = (0, 2, 8, 16)[code]
    for _ in range(trigger + 2):
        uart.write(DATA, 0)
    assert uart.read(TFL) == trigger + 1
    assert not uart.IRQ.level
    bench.clock.advance(CHAR)
    assert uart.read(IIR) & 0xF == THRE
    assert uart.IRQ.level
    uart.write(IER, TX)
    assert not uart.IRQ.level, "without PTIME it comes when all is sent"


def test_with_ptime_thre_says_that_the_fifo_is_full() -> None:
    uart, _ = started(Bench())
    uart.write(IER, PTIME)
    for count in range(34):
        assert bool(uart.read(LSR) & 0x20) == (count == 33)
        if count < 33:
            uart.write(DATA, 0)
    uart.write(IER, 0)
    assert not uart.read(LSR) & 0x20


def test_without_fifos_each_way_holds_a_character() -> None:
    bench = Bench()
    uart, screen = started(bench, handshake=False)
    uart.write(FCR, 0)
    assert uart.read(USR) == TFNF | TFE
    uart.write(DATA, 1)
    uart.write(DATA, 2)
    assert uart.read(USR) & (TFNF | TFE) == 0
    uart.write(DATA, 3)
    assert [d.rule for d in bench.diagnostics] == ["uart-overflow"]
    bench.clock.advance(2 * CHAR)
    assert screen == b"\1\2"
    uart.type(b"ab")
    bench.clock.advance(CHAR)
    assert uart.read(USR) & 0x18 == 0x18
    assert uart.read(IIR) == DATA_THERE, "and no bits of FIFOs"
    bench.clock.advance(CHAR)
    assert uart.read(LSR) & 2
    assert (uart.read(DATA), uart.read(RFL)) == (ord("a"), 0)
    bench.clock.advance(100 * CHAR)
    assert uart.read(IIR) == NONE, "and no time-out"


@pytest.mark.parametrize(
    ("lcr", "halves"),
    [
        (0, 2 * 7), (1, 2 * 8), (2, 2 * 9), (3, 2 * 10),
        (0x0B, 2 * 11), (0x08, 2 * 8), (0x1B, 2 * 11),
        (0x07, 2 * 11), (0x04, 15), (0x05, 2 * 9), (0x0F, 2 * 12),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("divisor", "fraction"), [(54, 0), (54, 4), (1, 15), (0x1234, 0)])
def test_what_a_character_takes(lcr: int, halves: int, divisor: int, fraction: int) -> None:
    """LCR: 5 to 8 bits, 2 a second stop bit (half a one with five), 3 parity. DLF in 16ths."""
    bench = Bench()
    uart = Uart(bench.system, name="uart4")
    screen = bytearray()
    uart.attach(screen.extend)
    uart.write(LCR, 0x80)
    uart.write(DATA, divisor & 0xFF)
    uart.write(IER, divisor >> 8)
    assert (uart.read(DATA), uart.read(IER)) == (divisor & 0xFF, divisor >> 8)
    assert (uart.peek(DATA), uart.peek(IER)) == (divisor & 0xFF, divisor >> 8)
    uart.write(DLF, fraction)
    uart.write(LCR, lcr)
    uart.write(DATA, 0xFF)
    time = halves * (16 * divisor + fraction) * 10 // 2
    bench.clock.advance(time - 1)
    assert (screen, uart.read(LSR) & 0x40) == (b"", 0)
    bench.clock.advance(1)
    assert screen == bytes([(1 << 5 + (lcr & 3)) - 1])
    assert uart.read(LSR) == 0x60
    uart.type(b"\xff")
    bench.clock.advance(time)
    assert uart.read(DATA) == (1 << 5 + (lcr & 3)) - 1


def modem(bench: Bench, uart: Uart) -> None:
    uart.throttle(True)


def sent(bench: Bench, uart: Uart) -> None:
    uart.write(IER, 0)
    uart.write(IER, 0x0F)


def stale(bench: Bench, uart: Uart) -> None:
    uart.type(b"a")
    bench.clock.advance(6 * CHAR)


def filled(bench: Bench, uart: Uart) -> None:
    uart.type(bytes(8))
    bench.clock.advance(8 * CHAR)


def overrun(bench: Bench, uart: Uart) -> None:
    uart.type(bytes(33))
    bench.clock.advance(33 * CHAR)


RANKS: tuple[tuple[int, int, Callable[[Bench, Uart], None]], ...] = (
    (MODEM, MODEM_STATUS, modem),
    (THRE, TX, sent),
    (TIMEOUT, RX, stale),
    (DATA_THERE, RX, filled),
    (LINE, STATUS, overrun),
)


def test_each_interrupt_hides_those_below_it() -> None:
    bench = Bench()
    uart, _ = started(bench, handshake=False)
    uart.handshake = True
    uart.write(IER, 0)
    uart.read(IIR)
    uart.write(IER, 0x0D)
    for identity, _, happen in RANKS:
        uart.handshake = happen is modem
        happen(bench, uart)
        assert uart.peek(IIR) == 0xC0 | identity
        assert uart.IRQ.level


@pytest.mark.parametrize(("identity", "enable", "happen"), RANKS)
def test_each_interrupt_has_its_enable_bit(
    identity: int, enable: int, happen: Callable[[Bench, Uart], None]
) -> None:
    bench = Bench()
    uart, _ = started(bench, handshake=happen is modem)
    uart.write(IER, 0)
    uart.read(IIR)
    happen(bench, uart)
    uart.write(IER, 0)
    assert (uart.peek(IIR), uart.IRQ.level) == (0xC1, False)
    uart.write(IER, enable)
    assert (uart.peek(IIR), uart.IRQ.level) == (0xC0 | identity, True)


def test_the_enable_bits_that_there_are() -> None:
    uart, _ = started(Bench())
    uart.write(IER, 0xFF)
    assert uart.read(IER) == uart.peek(IER) == 0x8F


def test_the_transmit_interrupt_comes_when_its_enable_bit_rises() -> None:
    """Not when it stays, and not while there is something to be sent."""
    bench = Bench()
    uart, _ = started(bench)
    uart.write(IER, TX)
    assert uart.read(IIR) == 0xC0 | THRE
    uart.write(IER, TX)
    assert uart.read(IIR) == 0xC1
    uart.write(IER, 0)
    uart.write(DATA, 1)
    uart.write(DATA, 2)
    uart.read(IIR)
    uart.write(IER, TX)
    assert uart.read(IIR) == 0xC1
    bench.clock.advance(CHAR)
    assert uart.read(IIR) == 0xC0 | THRE, "the FIFO is empty again"


@pytest.mark.parametrize("register", [FCR, SRR])
@pytest.mark.parametrize("bits", [0, 2, 4, 6])
def test_each_fifo_has_its_reset(register: int, bits: int) -> None:
    """FCR and SRR: 1 RFIFOR, 2 XFIFOR."""
    bench = Bench()
    uart, screen = started(bench)
    uart.write(HTX, 1)
    uart.write(DATA, 1)
    uart.type(b"ab")
    bench.clock.advance(2 * CHAR)
    uart.write(register, bits | (0x41 if register == FCR else 0))
    assert (uart.read(RFL), uart.read(TFL)) == (0 if bits & 2 else 2, 0 if bits & 4 else 1)
    assert bool(uart.read(USR) & RFNE) == (not bits & 2)
    assert uart.read(SRR) == 0
    bench.clock.advance(10 * CHAR)
    assert (uart.read(IIR) & 0xF == TIMEOUT) == (not bits & 2)
    uart.write(HTX, 0)
    bench.clock.advance(2 * CHAR)
    assert screen == (b"" if bits & 4 else b"\1")


@pytest.mark.parametrize(("offset", "off", "on"), [(FCR, 0, 1), (SFE, 0, 1)])
def test_switching_the_fifos_empties_them(offset: int, off: int, on: int) -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.type(b"ab")
    bench.clock.advance(2 * CHAR)
    uart.write(offset, on)
    assert (uart.read(RFL), uart.read(IIR) & 0xC0) == (2, 0xC0)
    uart.write(offset, off)
    assert (uart.read(RFL), uart.read(IIR) & 0xC0) == (0, 0)
    uart.write(offset, off)
    uart.write(offset, on)
    assert uart.read(IIR) & 0xC0 == 0xC0


def test_a_software_reset_is_bit_0() -> None:
    uart, _ = started(Bench())
    uart.write(SRR, 6)
    assert uart.read(LCR) == 3
    uart.write(SRR, 1)
    assert (uart.read(LCR), uart.read(SRR)) == (0, 0)


def test_a_halted_transmitter_waits() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(HTX, 1)
    uart.write(DATA, 1)
    bench.clock.advance(10 * CHAR)
    assert (screen, uart.read(TFL)) == (b"", 1)
    uart.write(HTX, 0)
    bench.clock.advance(CHAR)
    assert screen == b"\1"


def test_shadow_registers() -> None:
    """SRBR and STHR at 30h to 6Ch, whatever DLAB says; SRTS is MCR's bit 1."""
    bench = Bench()
    uart, screen = started(bench)
    uart.write(LCR, 0x83)
    for offset in (SRBR, 0x6C):
        uart.write(offset, ord("x"))
    uart.write(LCR, 3)
    bench.clock.advance(2 * CHAR)
    assert screen == b"xx"
    uart.write(MCR, 0x21)
    uart.write(SRTS, 3)
    assert uart.read(MCR) == 0x23
    uart.write(SRTS, 2)
    assert uart.read(MCR) == 0x21


def test_looking_from_outside_takes_nothing() -> None:
    bench = Bench()
    uart, _ = started(bench, handshake=False)
    uart.type(bytes(range(1, 34)))
    bench.clock.advance(33 * CHAR)
    bench.clock.questions.clear()
    assert uart.peek(LSR) == uart.peek(LSR) == 0x63
    assert (uart.peek(DATA), uart.peek(SRBR)) == (1, 1)
    assert uart.peek(IIR) == uart.peek(IIR) == 0xC0 | LINE
    assert bench.clock.questions == []
    assert (uart.read(LSR), uart.read(LSR)) == (0x63, 0x61)
    assert uart.read(DATA) == 1


@pytest.mark.parametrize("register", [LSR, USR, TFL, RFL])
def test_a_poll_asks_for_the_end_of_the_character(register: int) -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.write(DATA, 1)
    value = uart.peek(register)
    assert uart.read(register) == value
    assert bench.clock.questions == [("uart4", CHAR)]
    assert frozenset({LSR, USR, TFL, RFL}) == Uart.NEUTRAL


def test_clear_to_send_is_seen_and_its_change_once() -> None:
    """MSR: 0 DCTS, 4 CTS, 5 DSR, 7 DCD."""
    bench = Bench()
    uart, _ = started(bench)
    assert uart.read(MSR) == 0xB0
    uart.throttle(True)
    uart.throttle(True)
    assert (uart.peek(MSR), uart.read(MSR), uart.read(MSR)) == (0xA1, 0xA1, 0xA0)
    uart.throttle(False)
    assert (uart.read(MSR), uart.read(MSR)) == (0xB1, 0xB0)
    other, _ = started(bench, handshake=False)
    other.throttle(True)
    assert other.read(MSR) == 0xB0


def test_nothing_is_sent_without_a_divisor() -> None:
    """DLL and DLH 0: the serial clock is off; the terminal of a model takes it at once."""
    bench = Bench()
    uart = Uart(bench.system, name="uart4")
    uart.write(DLF, 4)
    uart.write(LCR, 3)
    uart.write(DATA, 1)
    assert all(a.deadline is None or a.deadline <= bench.clock.now for a in bench.clock.alarms)


@pytest.mark.parametrize("bit", [3])
def test_dma_is_a_gap(bit: int) -> None:
    uart, _ = started(Bench())
    uart.write(FCR, 0x01)
    assert uart.reported == set()
    uart.write(FCR, 0x01 | 1 << bit)
    assert uart.reported == {"FCR.DMAM: DMA"}


READ_ONLY = (LSR, MSR, 0x74, USR, TFL, RFL, 0xF4, 0xF8, 0xFC)


@pytest.mark.parametrize("offset", READ_ONLY)
def test_a_store_to_what_can_only_be_read_changes_nothing(offset: int) -> None:
    uart, _ = started(Bench())
    uart.reset(ResetCause.SOFTWARE)
    before = uart.save()
    uart.write(offset, 0xFFFF_FFFF)
    assert uart.save() == before


@pytest.mark.parametrize(
    ("port", "pin", "functions"),
    [(0, 4, {2}), (0, 5, {2}), (2, 0, {2}), (2, 1, {2})],
)
def test_pads_of_the_ports_in_use(port: int, pin: int, functions: set[int]) -> None:
    """ensemble_pin_alt.csv: UART1 at P0_4 and P0_5, UART2 at P2_0 and P2_1 (AF2)."""
    found = {f for (p, f), _ in PADS.items() if p == 8 * port + pin}
    assert found >= functions
