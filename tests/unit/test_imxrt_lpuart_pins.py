"""What an LPUART sends over a wire: pads by fsl_iomuxc.h, frames of ten bits."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.iomuxc import Iomuxc, pad_of
from xipsim.peripherals.imxrt.lpuart import Lpuart
from xipsim.peripherals.uart_pins import UartPin
from xipsim.peripherals.wiring import Wire

BAUD, STAT, CTRL, DATA = 0x10, 0x14, 0x18, 0x1C
TE, RE = 1 << 19, 1 << 18
RDRF, IDLE, OR = 1 << 21, 1 << 20, 1 << 19
AD_B0_02, AD_B0_03, B1_00, B1_01 = 0xBC + 8, 0xBC + 12, 0x17C, 0x180
"""Their multiplexers: GPIO1 pins 2 and 3, GPIO2 pins 16 and 17."""
CHARACTER = 10 * 16 * 52 * 1_000_000_000 // 80_000_000
"""ns: 80 MHz / 16 / 52, 96 kbaud."""


class Board:
    """LPUART6 at AD_B0_02 and 03, LPUART4 at B1_00 and 01; TXD of each goes to RXD of the other."""

    def __init__(self) -> None:
        self.bench = Bench()
        system = self.bench.system
        gpio1, self.gpio2 = Gpio(system, name="gpio1"), Gpio(system, name="gpio2")
        self.iomuxc = Iomuxc(system, gpio1=gpio1, gpio2=self.gpio2)
        self.uart6 = Lpuart(system, name="lpuart6", iomuxc=self.iomuxc, number=6)
        self.uart4 = Lpuart(system, name="lpuart4", iomuxc=self.iomuxc, number=4)
        for sender, receiver in ((2, 17), (3, 16)):
            Wire(system, port=gpio1, pin=sender, other=self.gpio2, other_pin=receiver)
        for register in (AD_B0_02, AD_B0_03, B1_00, B1_01):
            self.iomuxc.write(register, 2)
        for uart in (self.uart6, self.uart4):
            uart.write(BAUD, 15 << 24 | 52)
            uart.write(CTRL, TE | RE)

    def received(self, uart: Lpuart) -> bytes:
        data = bytearray()
        while uart.read(STAT) & RDRF:
            data.append(uart.read(DATA) & 0xFF)
        return bytes(data)

    def characters(self, count: float) -> None:
        self.bench.clock.advance(int(count * CHARACTER))


@pytest.fixture
def board() -> Board:
    return Board()


def test_a_character_arrives_when_its_stop_bit_is_over(board: Board) -> None:
    board.uart6.write(DATA, ord("a"))
    board.characters(0.99)
    assert not board.uart4.read(STAT) & RDRF
    board.characters(0.02)
    assert board.received(board.uart4) == b"a" and board.received(board.uart6) == b""


def test_both_directions_at_once(board: Board) -> None:
    board.uart6.write(DATA, ord("6"))
    board.uart4.write(DATA, ord("4"))
    board.characters(1.1)
    assert (board.received(board.uart4), board.received(board.uart6)) == (b"6", b"4")


def test_a_sender_at_a_wire_of_its_own(board: Board) -> None:
    """TXD and RXD of one UART wired together, as upstream's tests want it."""
    Wire(board.bench.system, port=board.gpio2, pin=16, other=board.gpio2, other_pin=17)
    board.uart4.write(DATA, ord("x"))
    board.characters(1.1)
    assert board.received(board.uart4) == b"x"


def test_a_full_receiver_overruns(board: Board) -> None:
    for character in b"ab":
        board.uart6.write(DATA, character)
        board.characters(1.1)
    assert board.uart4.read(STAT) & OR and board.received(board.uart4) == b"a"


def test_the_line_is_idle_behind_the_last_character(board: Board) -> None:
    board.uart6.write(DATA, ord("a"))
    board.characters(1.9)
    board.uart6.write(DATA, ord("b"))
    board.characters(0.9)
    assert not board.uart4.read(STAT) & IDLE
    board.characters(1.3)
    assert board.uart4.read(STAT) & IDLE


def test_another_rate_is_told(board: Board) -> None:
    board.uart4.write(BAUD, 15 << 24 | 104)
    board.uart6.write(DATA, ord("a"))
    board.characters(1.1)
    assert board.received(board.uart4) == b""
    assert [d.rule for d in board.bench.diagnostics] == ["lpuart-rate"]


def test_a_pin_that_is_another_blocks_hears_nothing(board: Board) -> None:
    board.iomuxc.write(B1_01, 5)
    board.uart6.write(DATA, ord("a"))
    board.characters(1.1)
    assert board.received(board.uart4) == b""
    assert board.gpio2.level(17) == 1, "the line is high between characters"


def test_the_terminal_hears_it_too(board: Board) -> None:
    heard: list[bytes] = []
    board.uart6.attach(heard.append)
    board.uart6.write(DATA, ord("a"))
    board.characters(1.1)
    assert heard == [b"a"] and board.received(board.uart4) == b"a"


# -- pads, rates -----------------------------------------------------------------------------------

PADS = [
    ("B1_12", 1, 5, "TX"), ("B1_13", 1, 5, "RX"), ("AD_B0_12", 2, 1, "TX"),
    ("AD_B1_03", 2, 2, "RX"), ("EMC_13", 2, 3, "TX"), ("SD_B1_11", 2, 2, "TX"),
    ("SD_B1_10", 2, 2, "RX"), ("AD_B1_10", 2, 8, "TX"), ("EMC_31", 2, 7, "TX"),
    ("EMC_32", 2, 7, "RX"), ("B0_08", 3, 3, "TX"), ("B0_09", 3, 3, "RX"),
    ("SD_B1_00", 4, 4, "TX"), ("SD_B1_01", 4, 4, "RX"),
]  # fmt: skip
"""IOMUXC_GPIO_..._LPUARTn_TX and _RX of fsl_iomuxc.h, from each MUX_MODE."""
BANKS = {"EMC": (4, 0), "AD_B0": (1, 0), "AD_B1": (1, 16), "B0": (2, 0), "B1": (2, 16),
         "SD_B1": (3, 0)}  # fmt: skip


@pytest.mark.parametrize(("pad", "mode", "number", "signal"), PADS)
def test_pads_by_their_mode(pad: str, mode: int, number: int, signal: str) -> None:
    """A TXD is an output, high between characters; an RXD is an input of that UART alone."""
    bench = Bench()
    ports = {n: Gpio(bench.system, name=f"gpio{n}", pulls=0) for n in range(1, 5)}
    iomuxc = Iomuxc(bench.system, **{f"gpio{n}": port for n, port in ports.items()})
    uarts = {
        n: Lpuart(bench.system, name=f"lpuart{n}", iomuxc=iomuxc, number=n) for n in range(1, 9)
    }
    bank, _, place = pad.rpartition("_")
    port, pin = BANKS[bank][0], BANKS[bank][1] + int(place)
    if pad == "EMC_32":
        port, pin = 3, 18
    for select in range(8):
        iomuxc.write(0x14 + 4 * pad_of(pad), select)
        function = ports[port].function(pin)
        own = isinstance(function, UartPin) and function.uart is uarts[number]
        assert own == (select == mode), select
        if own:
            assert isinstance(function, UartPin) and function.sends == (signal == "TX")
            assert ports[port].direction(pin) == ("out" if signal == "TX" else "in")
            assert ports[port].level(pin) == (signal == "TX")


@pytest.mark.parametrize(
    ("baud", "heard"), [(2000, True), (2105, True), (2106, False), (1904, False), (1905, True)]
)
def test_how_far_two_rates_may_differ(board: Board, baud: int, heard: bool) -> None:
    """Assumed: by 5 % of the receiver's own, either way."""
    board.uart6.write(BAUD, 2000)
    board.uart4.write(BAUD, baud)
    board.uart6.write(DATA, ord("a"))
    board.bench.clock.advance(10 * 16 * 2000 * 1000 // 80 + 1)
    assert bool(board.uart4.read(STAT) & RDRF) == heard
    assert len(board.bench.diagnostics) == (not heard)


def test_the_receiver_is_told_when_a_character_begins(board: Board) -> None:
    """An idle line is counted from the end of the last one."""
    board.uart6.write(DATA, ord("a"))
    board.characters(1.5)
    board.uart6.write(DATA, ord("b"))
    board.characters(0.6)
    assert not board.uart4.read(STAT) & IDLE
