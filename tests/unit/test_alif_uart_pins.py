"""What a UART of the Alif sends over a wire: UART1 at P0_4 and P0_5 (AF2), UART2 at P2_0 and P2_1.

Pads: ensemble_pin_alt.csv. Registers: Synopsys DW_apb_uart, frames of ten bits.
"""

from __future__ import annotations

import pytest

from xipsim.peripherals.alif.gpio import Gpio
from xipsim.peripherals.alif.pinmux import Pinmux
from xipsim.peripherals.alif.uart import Uart
from xipsim.peripherals.core.testing import Bench

DATA, IER, FCR, LCR, LSR = 0x00, 0x04, 0x08, 0x0C, 0x14
CHARACTER = 10 * 16 * 54 * 10
"""ns: 100 MHz / 16 / 54, 115.7 kbaud."""


class Board:
    """TXD of UART1 (P0_5) goes to RXD of UART2 (P2_0)."""

    def __init__(self) -> None:
        self.bench = Bench()
        system = self.bench.system
        self.pinmux = Pinmux(system)
        self.ports = {
            n: Gpio(system, name=f"gpio{n}", pinmux=self.pinmux, port=n) for n in (0, 2)
        }
        self.one, self.two = (
            Uart(system, name=f"uart{n}", pinmux=self.pinmux, number=n) for n in (1, 2)
        )
        for port in self.ports.values():
            port.connected()
        self.ports[0].join(5, self.ports[2], 0)
        for pin in (4, 5, 16, 17):
            self.pinmux.write(4 * pin, 2)
        for uart in (self.one, self.two):
            self.rate(uart, 54)
            uart.write(FCR, 1)

    @staticmethod
    def rate(uart: Uart, divisor: int) -> None:
        uart.write(LCR, 0x83)
        uart.write(DATA, divisor)
        uart.write(IER, 0)
        uart.write(LCR, 0x03)

    @staticmethod
    def received(uart: Uart) -> bytes:
        data = bytearray()
        while uart.read(LSR) & 1:
            data.append(uart.read(DATA))
        return bytes(data)

    def characters(self, count: float) -> None:
        self.bench.clock.advance(int(count * CHARACTER))


@pytest.fixture
def board() -> Board:
    return Board()


def test_a_character_arrives_when_its_stop_bit_is_over(board: Board) -> None:
    board.one.write(DATA, ord("a"))
    board.characters(0.99)
    assert not board.two.read(LSR) & 1
    board.characters(0.02)
    assert board.received(board.two) == b"a" and board.received(board.one) == b""


def test_the_line_is_high_between_characters(board: Board) -> None:
    board.ports[2].write(0x04, 0)
    board.ports[2].set_up(0, pull=False, open_drain=False)
    assert board.ports[2].level(0) == 1


def test_a_full_receiver_overruns(board: Board) -> None:
    for n in range(33):
        board.one.write(DATA, n)
        board.characters(1)
    assert board.two.read(LSR) & 2
    assert [d.rule for d in board.bench.diagnostics] == ["uart-overrun"]
    assert board.received(board.two) == bytes(range(32))


def test_another_rate_is_told(board: Board) -> None:
    board.rate(board.two, 108)
    board.one.write(DATA, 1)
    board.characters(1.1)
    assert [d.rule for d in board.bench.diagnostics] == ["uart-rate"]
    assert board.received(board.two) == b""


def test_only_the_pins_that_are_given(board: Board) -> None:
    board.pinmux.write(4 * 16, 0)
    board.one.write(DATA, 1)
    board.characters(1.1)
    assert board.received(board.two) == b""


def test_what_comes_below_the_trigger_interrupts_after_four_characters(board: Board) -> None:
    """Its own terminal and the wire are one line to the receiver. (DW_apb_uart, time-out)"""
    board.two.write(FCR, 0x81)
    board.two.write(IER, 1)
    board.one.write(DATA, 1)
    board.characters(4.9)
    assert not board.two.IRQ.level
    board.characters(0.2)
    assert board.two.IRQ.level
