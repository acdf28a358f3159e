"""DesignWare UART: FIFOs of 32, triggers, time-out, interrupt identification. (alif.md 7.3)"""

from typing import Any

from xipsim.peripherals.alif.gpio import Gpio
from xipsim.peripherals.alif.pinmux import Pinmux
from xipsim.peripherals.alif.uart import Uart
from xipsim.peripherals.core import Console, ResetCause
from xipsim.peripherals.core.testing import Bench

DATA, IER, IIR, LCR, LSR, MSR = 0x00, 0x04, 0x08, 0x0C, 0x14, 0x18
USR, TFL, RFL, SRR, SRT, STET, HTX, DLF = 0x7C, 0x80, 0x84, 0x88, 0x9C, 0xA0, 0xA4, 0xC0
TFNF, TFE, RFNE, RFF = 2, 4, 8, 16
CHAR = 86_800
"""ns of ten bits at 100 MHz / 16 / (0x36 + 4/16): 115207 baud."""


def started(bench: Bench, *, handshake: bool = True, **pins: Any) -> tuple[Uart, bytearray]:
    """As MicroPython's mp_uart_init() leaves it: 115200 8N1, receive trigger 8, transmit 0."""
    uart = Uart(bench.system, name="uart4", handshake=handshake, **pins)
    screen = bytearray()
    uart.attach(screen.extend)
    uart.write(SRR, 7)
    uart.write(IIR, 1)
    uart.write(IER, uart.read(IER) & ~5)
    uart.write(LCR, uart.read(LCR) | 0x80)
    uart.write(DATA, 0x36)
    uart.write(IER, 0)
    uart.write(DLF, 4)
    uart.write(LCR, uart.read(LCR) & ~0x80)
    uart.write(LCR, uart.read(LCR) | 3)
    assert uart.read(IIR) == 0xC1
    uart.write(IIR, uart.read(IIR) | 2)
    uart.write(STET, 0)
    uart.write(SRT, 1)
    uart.write(IER, uart.read(IER) | 5)
    return uart, screen


def test_reset_values() -> None:
    uart = Uart(Bench().system)
    assert [uart.read(r) for r in (IER, IIR, LSR, USR, TFL, RFL)] == [0, 1, 0x60, 6, 0, 0]


def test_it_is_a_console() -> None:
    console: Console = Uart(Bench().system, name="uart4")
    assert console.opened_at == 0 and console.name == "uart4"


def test_the_divisor_latch_hides_data_and_interrupt_enable() -> None:
    uart, _ = started(Bench())
    uart.write(LCR, 0x83)
    assert (uart.read(DATA), uart.read(IER)) == (0x36, 0)
    uart.write(LCR, 3)
    assert uart.read(IER) == 5


def test_the_start_by_the_firmware_is_silent() -> None:
    bench = Bench()
    started(bench)
    assert bench.events == []


def test_a_character_reaches_the_terminal_after_its_stop_bit() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(DATA, ord("x"))
    bench.clock.advance(CHAR - 1)
    assert screen == b"" and not uart.read(LSR) & 0x40
    bench.clock.advance(1)
    assert screen == b"x" and uart.read(LSR) == 0x60


def test_the_transmit_fifo_holds_32_beside_the_shifter() -> None:
    bench = Bench()
    uart, screen = started(bench)
    for n in range(33):
        assert uart.read(USR) & TFNF, n
        uart.write(DATA, n)
    assert uart.read(TFL) == 32 and not uart.read(USR) & TFNF
    uart.write(DATA, 99)
    assert [d.rule for d in bench.diagnostics] == ["uart-overflow"]
    bench.clock.advance(33 * CHAR)
    assert screen == bytes(range(33)) and uart.read(TFL) == 0


def test_transmit_interrupt_as_the_firmwares_handler_uses_it() -> None:
    bench = Bench()
    uart, screen = started(bench)
    text = bytes(range(100))
    left = list(text)
    assert not uart.IRQ.level
    uart.write(IER, uart.read(IER) | 2)
    assert uart.IRQ.level, "raised at once for an empty FIFO"
    for _ in range(10):
        if uart.IRQ.level and uart.read(IIR) & 0xF == 2:
            while uart.read(USR) & TFNF:
                if not left:
                    uart.write(IER, uart.read(IER) & ~2)
                    break
                uart.write(DATA, left.pop(0))
        bench.clock.advance(40 * CHAR)
    assert screen == text
    assert not uart.IRQ.level


def test_reading_iir_takes_the_transmit_interrupt_back() -> None:
    uart, _ = started(Bench())
    uart.write(IER, 7)
    assert uart.read(IIR) == 0xC2
    assert uart.read(IIR) == 0xC1 and not uart.IRQ.level


def test_with_ptime_the_transmit_interrupt_is_a_level_at_the_trigger() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.write(STET, 2)
    uart.write(IER, 0x82)
    for n in range(10):
        uart.write(DATA, n)
    assert uart.read(TFL) == 9 and not uart.IRQ.level
    bench.clock.advance(CHAR)
    assert uart.read(TFL) == 8 and uart.read(IIR) == 0xC2 and uart.read(IIR) == 0xC2
    assert not uart.read(LSR) & 0x20, "THRE says full then"


def test_eight_characters_interrupt_at_the_quarter() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.type(b"12345678")
    bench.clock.advance(8 * CHAR - 1)
    assert not uart.IRQ.level
    bench.clock.advance(1)
    assert uart.IRQ.level and uart.read(IIR) == 0xC4 and uart.read(RFL) == 8
    assert bytes(uart.read(DATA) for _ in range(8)) == b"12345678"
    assert not uart.IRQ.level and not uart.read(USR) & RFNE


def test_fewer_interrupt_after_four_characters_of_silence() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.type(b"ab")
    bench.clock.advance(6 * CHAR - 1)
    assert not uart.IRQ.level and uart.read(RFL) == 2
    bench.clock.advance(1)
    assert uart.IRQ.level and uart.read(IIR) == 0xCC
    assert uart.read(DATA) == ord("a") and not uart.IRQ.level, "reading takes it back"
    bench.clock.advance(4 * CHAR)
    assert uart.read(IIR) == 0xCC


def test_with_handshake_nothing_is_lost() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.type(bytes(range(100)))
    bench.clock.advance(200 * CHAR)
    assert uart.read(USR) & RFF and uart.pending == 68
    received = bytearray()
    while uart.pending or uart.read(RFL):
        received.append(uart.read(DATA))
        bench.clock.advance(2 * CHAR)
    assert received == bytes(range(100)) and bench.events == []


def test_without_handshake_an_overrun_is_flagged_and_reported() -> None:
    bench = Bench()
    uart, _ = started(bench, handshake=False)
    uart.type(bytes(33))
    bench.clock.advance(33 * CHAR)
    assert uart.read(IIR) == 0xC6
    assert uart.read(LSR) & 2 and not uart.read(LSR) & 2
    assert uart.read(IIR) == 0xC4
    assert [d.rule for d in bench.diagnostics] == ["uart-overrun"]


def test_a_throttled_terminal_stops_the_transmitter() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(DATA, 1)
    uart.write(DATA, 2)
    uart.throttle(True)
    assert not uart.read(MSR) & 0x10
    bench.clock.advance(10 * CHAR)
    assert screen == b"\1"
    uart.throttle(False)
    assert uart.read(MSR) & 0x11 == 0x11
    bench.clock.advance(CHAR)
    assert screen == b"\1\2"


def test_software_reset_empties_and_stops() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(DATA, 1)
    uart.write(SRR, 7)
    bench.clock.advance(10 * CHAR)
    assert screen == b"" and uart.read(IIR) == 1 and uart.read(LCR) == 0


def test_what_was_typed_survives_a_reset_until_the_line_is_set_up() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.type(b"xyz")
    uart.reset(ResetCause.SOFTWARE)
    bench.clock.advance(100 * CHAR)
    assert uart.pending == 3


def test_polling_the_status_is_a_question_until_the_line_does_something() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.write(DATA, 1)
    uart.read(TFL)
    assert bench.clock.questions == [("uart4", CHAR)]
    assert {LSR, USR, TFL, RFL} <= Uart.NEUTRAL


def test_save_and_load() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(DATA, 0x41)
    uart.type(b"q")
    saved = uart.save()
    bench.clock.advance(20 * CHAR)
    assert screen == b"A" and uart.read(DATA) == ord("q")
    bench.clock.now = 0
    uart.load(saved)
    bench.clock.advance(20 * CHAR)
    assert screen == b"AA" and uart.read(DATA) == ord("q")


def test_what_it_sends_arrives_at_the_other_end_of_a_wire() -> None:
    """UART1 of the DevKit, P0_5 and P0_4 wired together; function 2 of both is the UART's."""
    bench = Bench()
    pinmux = Pinmux(bench.system)
    port = Gpio(bench.system, name="gpio0", port=0, pinmux=pinmux)
    port.join(4, port, 5)
    uart, screen = started(bench, pinmux=pinmux, number=1)
    port.connected()
    for pin in (4, 5):
        pinmux.write(4 * pin, 2)
    for character in b"ab":
        uart.write(DATA, character)
    bench.clock.advance(CHAR - 100)
    assert not uart.read(RFL)
    bench.clock.advance(CHAR + 200)
    assert [uart.read(DATA) for _ in range(uart.read(RFL))] == list(b"ab")
    assert screen == b"ab", "the terminal hears it, too"
    pinmux.write(4 * 4, 0)
    uart.write(DATA, ord("c"))
    bench.clock.advance(2 * CHAR)
    assert not uart.read(RFL), "RX has no pin any more"
    assert bench.diagnostics == []
