"""LPUART: characters take their time, FIFOs have their depth, flags and interrupts follow."""

from collections.abc import Callable

import pytest

from xipsim.peripherals.core import Console, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.lpuart import Lpuart

GLOBAL, BAUD, STAT, CTRL, DATA, MODIR, FIFO, WATER = 0x08, 0x10, 0x14, 0x18, 0x1C, 0x24, 0x28, 0x2C
OR, IDLE, RDRF, TC, TDRE, RAF = (1 << n for n in (19, 20, 21, 22, 23, 24))
RE, TE, ILIE, RIE, TCIE, TIE, ORIE = (1 << n for n in (18, 19, 20, 21, 22, 23, 27))
RXEMPT, IDLINE = 1 << 12, 1 << 11
CHAR = 100_000
"""ns of a character at 100,000 baud: start, eight data bits, stop."""


def started(
    bench: Bench, *, interrupts: int = 0, fifo: bool = True, handshake: bool = True
) -> tuple[Lpuart, bytearray]:
    """As LPUART_Init() leaves it: 80 MHz / 8 / 100 = 100 kbaud, 8N1, watermarks 0."""
    uart = Lpuart(bench.system, name="lpuart1", handshake=handshake)
    screen = bytearray()
    uart.attach(screen.extend)
    uart.write(GLOBAL, 2)
    uart.write(GLOBAL, 0)
    uart.write(BAUD, 0x0700_0064)
    uart.write(WATER, 0)
    if fifo:
        uart.write(FIFO, uart.read(FIFO) | 0x88)
        uart.write(FIFO, uart.read(FIFO) | 0xC000)
    uart.write(STAT, uart.read(STAT) | 0xC01F_C000)
    uart.write(CTRL, RE | TE | interrupts)
    return uart, screen


def test_reset_values() -> None:
    uart = Lpuart(Bench().system)
    expected = [0x04010003, 0x0202, 0, 0, 0x0F000004, 0x00C00000, 0, 0x1000, 0, 0, 0x00C00011, 0]
    assert [uart.read(4 * n) for n in range(12) if n != 7] == expected[:7] + expected[8:]
    assert uart.read(DATA) == expected[7]


def test_it_is_a_console() -> None:
    console: Console = Lpuart(Bench().system, name="lpuart6")
    assert console.opened_at == 0 and console.name == "lpuart6"


def test_the_start_by_nxps_driver_is_silent() -> None:
    bench = Bench()
    uart, _ = started(bench, interrupts=RIE | ORIE)
    assert bench.events == []
    assert uart.read(STAT) == TDRE | TC
    assert uart.read(FIFO) == 0x00C00099


def test_a_character_reaches_the_terminal_after_its_stop_bit() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(DATA, ord("x"))
    assert uart.read(STAT) & (TC | TDRE) == TDRE, "in the shifter, so the FIFO is empty"
    bench.clock.advance(CHAR - 1)
    assert screen == b"" and not uart.read(STAT) & TC
    bench.clock.advance(1)
    assert screen == b"x" and uart.read(STAT) & TC


def test_transmit_fifo_takes_four_besides_the_shifter() -> None:
    bench = Bench()
    uart, screen = started(bench)
    for character in b"abcde":
        uart.write(DATA, character)
    assert uart.read(WATER) >> 8 & 7 == 4 and not uart.read(STAT) & TDRE
    assert bench.events == []
    uart.write(DATA, ord("f"))
    assert uart.read(FIFO) & 1 << 17, "TXOF"
    assert [d.rule for d in bench.diagnostics] == ["lpuart-overflow"]
    bench.clock.advance(5 * CHAR)
    assert screen == b"abcde"
    assert uart.read(STAT) & (TC | TDRE) == TC | TDRE


def test_transmit_interrupts() -> None:
    bench = Bench()
    uart, _ = started(bench, interrupts=TIE)
    assert uart.IRQ.level
    uart.write(DATA, 1)
    uart.write(DATA, 2)
    assert not uart.IRQ.level
    bench.clock.advance(CHAR)
    assert uart.IRQ.level, "the second one is in the shifter"
    uart.write(CTRL, RE | TE | TCIE)
    assert not uart.IRQ.level
    bench.clock.advance(CHAR)
    assert uart.IRQ.level


def test_typed_characters_arrive_at_the_baud_rate() -> None:
    bench = Bench()
    uart, _ = started(bench, interrupts=RIE)
    uart.type(b"hi")
    assert uart.pending == 2 and uart.read(STAT) & RAF
    bench.clock.advance(CHAR - 1)
    assert not uart.IRQ.level and uart.read(STAT) & RDRF == 0
    bench.clock.advance(1)
    assert uart.IRQ.level and uart.read(WATER) >> 24 & 7 == 1
    assert uart.read(DATA) == ord("h") | IDLINE
    assert not uart.IRQ.level
    bench.clock.advance(CHAR)
    assert uart.read(DATA) == ord("i")
    assert uart.read(DATA) & RXEMPT and uart.read(FIFO) & 1 << 16, "RXUF"
    assert uart.pending == 0


def test_with_a_handshake_the_terminal_waits_for_room() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.type(b"0123456789")
    bench.clock.advance(100 * CHAR)
    assert uart.pending == 6 and not uart.read(STAT) & OR
    got = bytearray()
    while len(got) < 10:
        bench.clock.advance(CHAR)
        while uart.read(WATER) >> 24:
            got.append(uart.read(DATA) & 0xFF)
    assert got == b"0123456789"
    assert bench.events == []


def test_without_a_handshake_a_full_fifo_overruns() -> None:
    bench = Bench()
    uart, _ = started(bench, interrupts=ORIE, handshake=False)
    uart.type(b"0123456")
    bench.clock.advance(4 * CHAR)
    assert not uart.IRQ.level
    bench.clock.advance(CHAR)
    assert uart.IRQ.level and uart.read(STAT) & OR
    assert [d.rule for d in bench.diagnostics] == ["lpuart-overrun"]
    assert [uart.read(DATA) & 0xFF for _ in range(4)] == list(b"0123")
    bench.clock.advance(CHAR)
    assert uart.read(WATER) >> 24 == 0, "nothing is stored while OR stands"
    uart.write(STAT, OR)
    bench.clock.advance(CHAR)
    assert uart.read(DATA) & 0xFF == ord("6")


def test_a_terminal_without_handshake_talks_to_a_deaf_receiver() -> None:
    bench = Bench()
    uart = Lpuart(bench.system, handshake=False)
    uart.type(b"x")
    bench.clock.advance(10 * CHAR)
    assert uart.pending == 0
    assert [d.rule for d in bench.diagnostics] == ["lpuart-receiver-off"]


def test_buffers_of_one_while_the_fifos_are_off() -> None:
    bench = Bench()
    uart, _ = started(bench, fifo=False)
    uart.type(b"ab")
    bench.clock.advance(10 * CHAR)
    assert uart.pending == 1
    uart.write(DATA, 1)
    uart.write(DATA, 2)
    uart.write(DATA, 3)
    assert uart.read(FIFO) & 1 << 17


def test_idle_line_after_the_time_that_idlecfg_says() -> None:
    bench = Bench()
    uart, _ = started(bench, interrupts=ILIE | 2 << 8)
    bench.clock.advance(100 * CHAR)
    assert not uart.IRQ.level, "nothing has been received yet"
    uart.type(b"ab")
    bench.clock.advance(2 * CHAR + 4 * CHAR - 1)
    assert not uart.IRQ.level
    bench.clock.advance(1)
    assert uart.IRQ.level and uart.read(STAT) & IDLE
    uart.write(STAT, IDLE)
    bench.clock.advance(100 * CHAR)
    assert not uart.IRQ.level


def test_a_character_on_its_way_keeps_the_line_from_being_idle() -> None:
    bench = Bench()
    uart, _ = started(bench, interrupts=ILIE)
    uart.type(b"a")
    bench.clock.advance(CHAR + CHAR // 2)
    uart.type(b"b")
    bench.clock.advance(CHAR + CHAR - 1)
    assert not uart.IRQ.level
    bench.clock.advance(1)
    assert uart.IRQ.level


def test_watermark_and_the_idle_time_that_overrules_it() -> None:
    bench = Bench()
    uart, _ = started(bench, interrupts=RIE)
    uart.write(WATER, 2 << 16)
    uart.type(b"ab")
    bench.clock.advance(50 * CHAR)
    assert not uart.IRQ.level
    uart.type(b"c")
    bench.clock.advance(CHAR)
    assert uart.IRQ.level
    for _ in range(3):
        uart.read(DATA)
    uart.write(FIFO, uart.read(FIFO) | 2 << 10)
    uart.type(b"d")
    bench.clock.advance(CHAR + 2 * CHAR - 1)
    assert not uart.IRQ.level
    bench.clock.advance(1)
    assert uart.IRQ.level
    assert uart.read(DATA) & 0xFF == ord("d")
    assert not uart.IRQ.level


@pytest.mark.parametrize(
    ("setup", "bits"),
    [
        (lambda uart: None, 10),
        (lambda uart: uart.write(BAUD, uart.read(BAUD) | 1 << 13), 11),
        (lambda uart: uart.write(CTRL, TE | 0x12), 11),
        (lambda uart: uart.write(CTRL, TE | 1 << 11), 9),
    ],
    ids=["8N1", "8N2", "8E1", "7N1"],
)
def test_frame_length(setup: Callable[[Lpuart], None], bits: int) -> None:
    bench = Bench()
    uart, screen = started(bench)
    setup(uart)
    uart.write(DATA, ord("A"))
    bench.clock.advance(bits * 10_000 - 1)
    assert screen == b""
    bench.clock.advance(1)
    assert screen == b"A"


@pytest.mark.parametrize(
    ("cscdr1", "character"), [(0x00, 100_000), (0x01, 200_000), (0x40, 333_333), (0x41, 666_666)]
)
def test_clock_comes_from_the_clock_controller(cscdr1: int, character: int) -> None:
    bench = Bench()
    ccm = Ccm(bench.system)
    uart = Lpuart(bench.system, ccm=ccm)
    screen = bytearray()
    uart.attach(screen.extend)
    ccm.write(0x24, cscdr1)
    uart.write(BAUD, 0x0700_0064)
    uart.write(CTRL, TE)
    uart.write(DATA, ord("A"))
    bench.clock.advance(character - 1)
    assert screen == b""
    bench.clock.advance(1)
    assert screen == b"A"


def test_a_throttled_terminal_stops_the_transmitter() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(DATA, ord("a"))
    uart.write(DATA, ord("b"))
    uart.throttle(True)
    bench.clock.advance(100 * CHAR)
    assert screen == b"a" and not uart.read(STAT) & TC
    uart.throttle(False)
    bench.clock.advance(CHAR)
    assert screen == b"ab"


def test_a_poll_is_a_question_until_the_line_changes() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.write(DATA, 1)
    bench.clock.questions.clear()
    uart.read(STAT)
    assert bench.clock.questions == [("lpuart1", CHAR)]
    assert STAT in Lpuart.NEUTRAL


def test_software_reset_keeps_what_was_typed() -> None:
    bench = Bench()
    uart, screen = started(bench, interrupts=TIE)
    uart.type(b"later")
    uart.write(DATA, ord("x"))
    uart.write(GLOBAL, 2)
    assert uart.read(GLOBAL) == 2 and uart.read(BAUD) == 0x0F000004 and not uart.IRQ.level
    bench.clock.advance(100 * CHAR)
    assert screen == b"" and uart.pending == 5
    uart.reset(ResetCause.POWER_ON)
    assert uart.pending == 0


def test_what_is_missing_is_said() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.write(CTRL, TE | 1 << 16)
    uart.write(MODIR, 1 << 18)
    assert [g.what.split(":")[0] for g in bench.gaps] == ["CTRL.SBK", "MODIR.IREN"]


def test_runs_on_alike_after_save_and_load() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.type(b"in")
    uart.write(DATA, ord("o"))
    bench.clock.advance(CHAR // 2)
    saved = uart.save()
    bench.clock.advance(10 * CHAR)
    screen.clear()
    bench.clock.now = CHAR // 2
    uart.load(saved)
    assert uart.save() == saved
    bench.clock.advance(2 * CHAR)
    assert screen == b"o"
    assert [uart.read(DATA) & 0xFF for _ in range(2)] == list(b"in")


# -- frames, FIFOs and times, by each of their bits ------------------------------------------------

SBNS, PE, M, M7, SR_RX, SR_TX = 1 << 13, 1 << 1, 1 << 4, 1 << 11, 1 << 14, 1 << 15


@pytest.mark.parametrize(
    ("baud", "control", "bits"),
    [
        (0, 0, 10),
        (SBNS, 0, 11),
        (0, M, 11),
        (0, M | PE, 11),
        (0, M7, 9),
        (0, M7 | M, 11),
        (SBNS, M7, 10),
        (1 << 29, 0, 12),
        (1 << 29 | SBNS, M, 13),
    ],
)
@pytest.mark.parametrize(
    ("rate", "clocks"),
    [
        (0x0700_0064, 800),
        (0x0F00_0001, 16),
        (0x0000_0001, 16),
        (0x1F00_1FFF, 32 * 0x1FFF),
        (0x0300_0003, 12),
    ],
)
def test_how_long_a_character_takes(
    baud: int, control: int, bits: int, rate: int, clocks: int
) -> None:
    """BAUD.OSR + 1 times SBR clocks of 80 MHz a bit, 16 for OSR 0; start, data, stops (SBNS)."""
    bench = Bench()
    uart = Lpuart(bench.system)
    uart.write(BAUD, rate | baud)
    uart.write(CTRL, TE | control)
    uart.write(DATA, 0x55)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == bits * clocks * 1000 // 80


def test_without_a_rate_nothing_is_sent_or_typed() -> None:
    bench = Bench()
    uart = Lpuart(bench.system)
    uart.write(BAUD, 0x0F00_0000)
    uart.write(CTRL, TE | RE)
    uart.write(DATA, 1)
    uart.type(b"x")
    bench.clock.advance(1_000_000_000)
    assert uart.pending == 1 and not uart.read(STAT) & TC
    uart.write(BAUD, 0x0F00_0001)
    bench.clock.advance(1_000_000)
    assert uart.pending == 0 and uart.read(STAT) & TC


@pytest.mark.parametrize(
    ("control", "mask"), [(0, 0xFF), (M7, 0x7F), (PE, 0x7F), (PE | M, 0xFF), (M7 | PE, 0x7F)]
)
def test_data_bits(control: int, mask: int) -> None:
    """Seven with M7, and with a parity bit among eight (PE without M); both ways."""
    bench = Bench()
    uart, screen = started(bench)
    uart.write(CTRL, TE | RE | control)
    uart.write(DATA, 0xFFF & 0x5FF)
    uart.type(b"\xff")
    bench.clock.advance(20 * CHAR)
    assert screen == bytes((mask,)) and uart.read(DATA) & 0x3FF == mask


@pytest.mark.parametrize(("bit", "left"), [(SR_RX, 2), (SR_TX, 2 << 16), (SR_RX | SR_TX, 0)])
def test_each_fifo_is_emptied_by_its_own_bit(bit: int, left: int) -> None:
    """FIFO: RXFLUSH is bit 14, TXFLUSH bit 15; both read 0. The character under way goes on."""
    bench = Bench()
    uart, screen = started(bench)
    uart.type(b"ab")
    bench.clock.advance(2 * CHAR)
    for character in b"xyz":
        uart.write(DATA, character)
    uart.write(FIFO, 0x88 | bit)
    assert uart.read(WATER) == (left & 0xFF) << 8 | (left >> 16) << 24
    assert uart.read(FIFO) & (SR_RX | SR_TX) == 0
    bench.clock.advance(3 * CHAR)
    assert screen == (b"x" if bit & SR_TX else b"xyz")


@pytest.mark.parametrize("water", range(4))
def test_watermarks(water: int) -> None:
    """TDRE: at most TXWATER characters wait; RDRF: more than RXWATER do."""
    bench = Bench()
    uart, _ = started(bench)
    uart.write(WATER, water << 16 | water)
    uart.write(DATA, 0)
    for waiting in range(5):
        assert bool(uart.read(STAT) & TDRE) == (waiting <= water)
        assert uart.read(WATER) == water << 16 | water | waiting << 8
        assert bool(uart.read(FIFO) & 1 << 23) == (waiting == 0), "TXEMPT"
        uart.write(DATA, 0)
    uart.type(b"12345")
    for received in range(1, 5):
        bench.clock.advance(CHAR)
        assert uart.read(WATER) >> 24 == received
        assert bool(uart.read(STAT) & RDRF) == (received > water)
        assert not uart.read(FIFO) & 1 << 22, "RXEMPT"


def test_buffers_of_one() -> None:
    """RXFE and TXFE 0: one character each beside the shifters."""
    bench = Bench()
    uart, screen = started(bench, fifo=False, handshake=False)
    uart.write(DATA, 1)
    uart.write(DATA, 2)
    assert not uart.read(FIFO) & 1 << 17 and bench.diagnostics == []
    uart.write(DATA, 3)
    assert uart.read(FIFO) & 1 << 17
    uart.type(b"abc")
    bench.clock.advance(CHAR)
    assert not uart.read(STAT) & OR
    bench.clock.advance(2 * CHAR)
    assert uart.read(STAT) & OR and uart.read(DATA) & 0xFF == ord("a")
    assert screen == b"\x01\x02"
    assert [d.rule for d in bench.diagnostics] == ["lpuart-overflow", "lpuart-overrun"], "once each"


def test_an_empty_receiver() -> None:
    bench = Bench()
    uart, _ = started(bench)
    assert uart.peek(DATA) == RXEMPT and not uart.read(FIFO) & 1 << 16
    assert uart.read(DATA) == RXEMPT and uart.read(FIFO) & 3 << 16 == 1 << 16
    uart.write(FIFO, uart.read(FIFO))
    assert not uart.read(FIFO) & 1 << 16
    uart.type(b"q")
    bench.clock.advance(CHAR)
    assert uart.peek(DATA) == uart.read(DATA) == ord("q") | IDLINE


@pytest.mark.parametrize("config", range(8))
def test_idle_times(config: int) -> None:
    """CTRL.IDLECFG: 1 to 128 characters; the next character says that the line was idle before."""
    bench = Bench()
    uart, _ = started(bench, interrupts=ILIE | config << 8)
    uart.type(b"a")
    bench.clock.advance(CHAR + (CHAR << config) - 1)
    assert not uart.IRQ.level
    bench.clock.advance(1)
    assert uart.IRQ.level
    uart.type(b"bc")
    bench.clock.advance(2 * CHAR)
    assert [uart.read(DATA) for _ in range(3)] == [ord("a") | IDLINE, ord("b") | IDLINE, ord("c")]


@pytest.mark.parametrize("config", range(1, 8))
def test_idle_times_of_a_partly_filled_fifo(config: int) -> None:
    """FIFO.RXIDEN: 1 to 64 characters, half of what IDLECFG has; RDRF until the FIFO is empty."""
    bench = Bench()
    uart, _ = started(bench)
    uart.write(WATER, 3 << 16)
    uart.write(FIFO, 0x88 | config << 10)
    uart.type(b"ab")
    bench.clock.advance(2 * CHAR + (CHAR << config - 1) - 1)
    assert not uart.read(STAT) & RDRF
    bench.clock.advance(1)
    assert uart.read(STAT) & RDRF
    uart.read(DATA)
    assert uart.read(STAT) & RDRF
    uart.read(DATA)
    assert not uart.read(STAT) & RDRF
    uart.type(b"c")
    bench.clock.advance(CHAR)
    assert not uart.read(STAT) & RDRF


def test_an_empty_fifo_is_not_stale() -> None:
    bench = Bench()
    uart, _ = started(bench)
    uart.write(WATER, 3 << 16)
    uart.write(FIFO, 0x88 | 1 << 10)
    uart.type(b"a")
    bench.clock.advance(CHAR)
    uart.read(DATA)
    bench.clock.advance(10 * CHAR)
    assert not uart.read(STAT) & RDRF


def test_the_receiver_is_active_while_a_character_comes() -> None:
    bench = Bench()
    uart, _ = started(bench)
    assert not uart.read(STAT) & RAF
    uart.type(b"a")
    assert uart.read(STAT) & RAF
    bench.clock.advance(CHAR)
    assert not uart.read(STAT) & RAF


def test_break_characters_are_told_and_are_no_data() -> None:
    """DATA.FRETSC is bit 13."""
    bench = Bench()
    uart, screen = started(bench)
    uart.write(DATA, 1 << 13)
    bench.clock.advance(20 * CHAR)
    assert screen == b""
    assert [g.what for g in bench.gaps] == ["DATA.FRETSC: sending break and idle characters"]


def test_a_transmitter_that_is_off_keeps_its_characters() -> None:
    bench = Bench()
    uart, screen = started(bench)
    uart.write(CTRL, RE)
    uart.write(DATA, ord("k"))
    bench.clock.advance(10 * CHAR)
    assert screen == b"" and uart.read(WATER) >> 8 & 7 == 1
    uart.write(CTRL, TE)
    bench.clock.advance(CHAR)
    assert screen == b"k"


def test_a_terminal_without_handshake_cannot_be_held() -> None:
    bench = Bench()
    uart, screen = started(bench, handshake=False)
    uart.throttle(True)
    uart.write(DATA, ord("k"))
    bench.clock.advance(CHAR)
    assert screen == b"k"


def test_who_polls_waits_for_what_comes_first() -> None:
    """The end of the character that is sent, of the one that comes, idle times."""
    bench = Bench()
    uart, _ = started(bench, interrupts=1 << 8)
    bench.clock.questions.clear()
    uart.read(WATER)
    uart.type(b"a")
    bench.clock.advance(CHAR // 2)
    uart.write(DATA, 1)
    uart.read(WATER)
    bench.clock.advance(CHAR // 2)
    uart.read(STAT)
    bench.clock.advance(CHAR // 2)
    uart.read(STAT)
    halves = (2, 3, 6)
    assert bench.clock.questions == [
        ("lpuart1", None),
        *(("lpuart1", half * CHAR // 2) for half in halves),
    ]
