"""FlexCAN: MIMXRT1062.h and fsl_flexcan.c for bits, ISO 11898-1 for frames."""

from __future__ import annotations

import pytest

from xipsim.peripherals.can.bus import CanBus
from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.flexcan import FlexCan

MCR, CTRL1, TIMER, RXMGMASK, ECR, ESR1, IMASK1, IFLAG2, IFLAG1, CTRL2, RXFGMASK, RXFIR = (
    0x00, 0x04, 0x08, 0x10, 0x1C, 0x20, 0x28, 0x2C, 0x30, 0x34, 0x48, 0x4C
)  # fmt: skip
CBT, MB, RXIMR = 0x50, 0x80, 0x880
MDIS, FRZ, RFEN, HALT, NOTRDY, SOFTRST, FRZACK, WRNEN, LPMACK, SRXDIS, IRMQ = (
    1 << bit for bit in (31, 30, 29, 28, 27, 25, 24, 21, 20, 17, 16)
)
LBUF, LPB, LOM, ERRMSK, TWRNMSK = 1 << 4, 1 << 12, 1 << 3, 1 << 14, 1 << 11
ERRINT, ACKERR, TWRNINT, FLTCONF, TXWRN = 1 << 1, 1 << 13, 1 << 17, 3 << 4, 1 << 9
RTR, IDE, SRR = 1 << 20, 1 << 21, 1 << 22
AVAILABLE, WARNING, OVERFLOW = 1 << 5, 1 << 6, 1 << 7
TIMING = 3 << 24 | 6 << 19 | 4 << 16 | 5
"""40 MHz / 4, and 1 + 6 + 7 + 5 - 1 + 1 time quanta a bit: 1 + (5+1) + (6+1) + (4+1) = 19."""
QUANTA = 19
BIT = 4 * QUANTA * 25
"""ns."""
ERROR = 6
"""Bits that a missing acknowledgement adds to a frame: an error flag of 6 and a delimiter of 8 in
place of the 8 of ACK delimiter and end of frame. A passive node waits for 8 more."""


def std(identifier: int) -> int:
    return identifier << 18


class Can:
    def __init__(self, control: int = LPB, mcr: int = 0) -> None:
        self.bench = Bench()
        bus = CanBus(self.bench.system)
        self.can = FlexCan(self.bench.system, frequency=40_000_000, bus=bus)
        self.can.reset(ResetCause.POWER_ON)
        self.can.write(CTRL1, TIMING | control)
        self.can.write(MCR, 63 | mcr)
        self.read = self.can.read
        self.write = self.can.write

    def buffer(self, number: int, *words: int) -> None:
        """The words behind the first one, and then that, which makes it go."""
        for place in (1, 2, 3, 0):
            if place < len(words):
                self.write(MB + 16 * number + 4 * place, words[place])

    def send(
        self, number: int, identifier: int, kind: int = 0, length: int = 0, data: int = 0
    ) -> None:
        self.buffer(number, 0xC << 24 | kind | length << 16, identifier, data)

    def cs(self, number: int) -> int:
        return self.read(MB + 16 * number)

    def code(self, number: int) -> int:
        return self.cs(number) >> 24 & 0xF

    def bits(self, count: int) -> None:
        self.bench.clock.advance(count * BIT)


def test_modes() -> None:
    can = Can()
    assert can.read(MCR) & (NOTRDY | FRZACK | LPMACK) == 0
    can.write(MCR, FRZ | HALT)
    assert can.read(MCR) & (NOTRDY | FRZACK | LPMACK) == NOTRDY | FRZACK
    can.write(MCR, MDIS | FRZ | HALT)
    assert can.read(MCR) & (NOTRDY | FRZACK | LPMACK) == NOTRDY | LPMACK
    can.write(MCR, SOFTRST)
    assert can.read(MCR) == 0x5980_000F, "frozen after a reset"
    assert can.read(CTRL1) == TIMING | LPB, "not reached by it"


@pytest.mark.parametrize(
    ("kind", "identifier", "length", "bits"),
    [(0, std(0x123), 0, 44), (0, std(1), 8, 108), (IDE | SRR, 0x1FFF_FFFF, 3, 88), (RTR, 0, 8, 44)],
)
def test_a_frame_takes_its_bits(kind: int, identifier: int, length: int, bits: int) -> None:
    """10.4: 44 bits of a standard frame, 64 of an extended one, data, and three between frames."""
    can = Can(mcr=SRXDIS)
    can.send(8, identifier, kind, length)
    can.bench.clock.advance((bits + 3) * BIT - 1)
    assert can.read(IFLAG1) == 0 and can.code(8) == 0xC
    can.bench.clock.advance(1)
    assert can.read(IFLAG1) == 1 << 8
    assert can.code(8) == (0x4 if kind == RTR else 0x8), "a remote frame's buffer waits for data"


def test_bit_timing_by_cbt() -> None:
    can = Can(mcr=SRXDIS)
    can.write(CBT, 1 << 31 | 3 << 21 | 5 << 10 | 6 << 5 | 4)
    can.send(8, 0)
    can.bits(46)
    assert can.read(IFLAG1) == 0
    can.bits(1)
    assert can.read(IFLAG1)


@pytest.mark.parametrize(("control", "first"), [(LPB, 20), (LPB | LBUF, 10)])
def test_which_buffer_is_first(control: int, first: int) -> None:
    """By arbitration: a lower identifier, and standard before extended; or by number (LBUF)."""
    can = Can(control, mcr=SRXDIS | FRZ | HALT)
    can.send(10, std(0x101))
    can.send(15, 0x100 << 18, IDE | SRR)
    can.send(20, std(0x100))
    can.write(MCR, 63 | SRXDIS)
    can.bits(47)
    assert can.read(IFLAG1) == 1 << first
    can.bits(2 * 67)
    assert can.read(IFLAG1) == 1 << 10 | 1 << 15 | 1 << 20


def test_a_loopback_into_a_buffer() -> None:
    can = Can(mcr=IRMQ)
    can.write(RXIMR + 4 * 4, std(0x7FF))
    can.write(RXIMR + 4 * 5, std(0x700))
    can.buffer(4, 0x4 << 24, std(0x124))
    can.buffer(5, 0x4 << 24, std(0x100))
    can.send(40, std(0x123), length=2, data=0xABCD_0000)
    can.bits(63)
    assert can.read(IFLAG1) == 1 << 5 and can.read(IFLAG2) == 1 << 8
    assert can.code(4) == 0x4 and can.code(5) == 0x2
    assert can.cs(5) >> 16 & 0xF == 2 and can.read(MB + 16 * 5 + 4) == std(0x123)
    assert can.read(MB + 16 * 5 + 8) == 0xABCD_0000
    can.send(40, std(0x133))
    can.bits(47)
    assert can.code(5) == 0x6, "overrun: it was full"


@pytest.mark.parametrize("unlock", [TIMER, MB + 16 * 6])
def test_a_buffer_that_was_read_takes_the_next_frame(unlock: int) -> None:
    """RT1060 manual, codes of receive buffers: FULL stays after it was serviced, which is reading
    its first word and then the timer, or another buffer; OVERRUN is FULL again after that."""
    can = Can()
    can.write(RXMGMASK, 0)
    can.buffer(5, 0x4 << 24, 0)

    def receives() -> int:
        can.send(40, std(0x123))
        can.bits(47)
        return can.can.peek(MB + 16 * 5) >> 24 & 0xF

    assert receives() == 0x2
    can.cs(5)
    can.read(unlock)
    assert receives() == 0x2
    assert receives() == 0x6, "this one nobody has read"
    can.cs(5)
    assert receives() == 0x6, "a read that has not ended"
    can.cs(5)
    can.read(unlock)
    assert receives() == 0x2
    can.read(MB + 16 * 5 + 8)
    can.read(unlock)
    assert receives() == 0x6, "its data alone do not count"


def test_the_kind_of_frame_has_to_fit() -> None:
    can = Can()
    can.write(RXMGMASK, 0)
    can.buffer(4, 0x4 << 24 | IDE, 0)
    can.send(40, std(1))
    can.bits(47)
    assert can.code(4) == 0x4
    can.send(40, 1, IDE | SRR)
    can.bits(67)
    assert can.code(4) == 0x2


def fifo(*filters: tuple[int, int]) -> Can:
    """The receive FIFO with 8 filters of format A, which are elements and masks."""
    can = Can(mcr=RFEN | IRMQ | FRZ | HALT)
    for place in range(8):
        element, mask = filters[place] if place < len(filters) else (0xFFFF_FFFF, 0xFFFF_FFFF)
        can.write(MB + 6 * 16 + 4 * place, element)
        can.write(RXIMR + 4 * place, mask)
    can.write(MCR, 63 | RFEN | IRMQ)
    return can


def test_the_fifo() -> None:
    """Six frames: a warning with the fifth, the seventh is lost; a flag cleared takes one out."""
    can = fifo((0, 0))
    for number in range(7):
        can.send(40, std(number), length=1, data=number << 24)
        can.bits(55)
        assert can.read(IFLAG1) == (
            AVAILABLE | (WARNING if number > 3 else 0) | (OVERFLOW if number > 5 else 0)
        )
    can.write(IFLAG1, WARNING | OVERFLOW)
    seen = []
    while can.read(IFLAG1) & AVAILABLE:
        seen.append((can.read(MB + 4) >> 18, can.read(MB + 8) >> 24))
        can.write(IFLAG1, AVAILABLE)
    assert seen == [(n, n) for n in range(6)]


@pytest.mark.parametrize(
    ("kind", "identifier", "hit"),
    [
        (0, std(0x120), 0),
        (0, std(0x12F), 0),
        (0, std(0x130), None),
        (RTR, std(0x120), None),
        (IDE | SRR, 0x123_4567, 1),
        (IDE | SRR, 0x123_4568, None),
    ],
)
def test_filters_of_the_fifo(kind: int, identifier: int, hit: int | None) -> None:
    """Format A: RTR, IDE, and the identifier from bit 1 up, a standard one from bit 19."""
    can = fifo(
        (0x120 << 19, 0xC000_0000 | 0x7F0 << 19), (1 << 30 | 0x123_4567 << 1, 0xFFFF_FFFE)
    )
    can.send(40, identifier, kind)
    can.bits(67)
    assert bool(can.read(IFLAG1) & AVAILABLE) is (hit is not None)
    if hit is not None:
        assert can.read(RXFIR) == hit


def test_filters_without_a_mask_of_their_own() -> None:
    """RFFN 1: sixteen filters, of which RXIMR masks the first ten."""
    can = fifo()
    can.write(MCR, 63 | RFEN | IRMQ | FRZ | HALT)
    can.write(CTRL2, 1 << 24)
    for place in range(16):
        can.write(MB + 6 * 16 + 4 * place, 0xFFFF_FFFF)
        can.write(RXIMR + 4 * place, 0xFFFF_FFFF)
    can.write(MB + 6 * 16 + 4 * 12, 0)
    can.write(RXIMR + 4 * 12, 0xFFFF_FFFF)
    can.write(RXFGMASK, 0)
    can.write(MCR, 63 | RFEN | IRMQ)
    can.send(40, std(77))
    can.bits(47)
    assert can.read(IFLAG1) & AVAILABLE and can.read(RXFIR) in range(10, 16)


def test_nobody_acknowledges() -> None:
    """12.1.4: 8 for each error, a warning at 96, error passive at 128, where it stays."""
    can = Can(0, mcr=WRNEN)
    can.write(CTRL1, TIMING | ERRMSK)
    can.send(8, std(1))
    can.bits(47 + ERROR)
    assert can.read(ECR) == 8 and can.read(ESR1) & (ACKERR | ERRINT | FLTCONF) == ACKERR | ERRINT
    assert can.can.IRQ.level
    can.write(ESR1, ERRINT)
    assert not can.can.IRQ.level
    can.bits((47 + ERROR) * 11)
    assert can.read(ECR) == 96 and can.read(ESR1) & (TWRNINT | TXWRN) == TWRNINT | TXWRN
    can.bits((47 + ERROR + 8) * 30)
    assert can.read(ECR) == 128 and can.read(ESR1) & FLTCONF == 1 << 4
    assert can.code(8) == 0xC and can.read(IFLAG1) == 0, "it is still being sent"


def test_a_frame_in_the_loop_ends_there_though_loopback_is_left() -> None:
    """And one on the bus there; the next one goes the other way."""
    can = Can()
    can.send(0, std(5))
    can.bits(20)
    can.write(CTRL1, TIMING)
    can.send(1, std(6))
    can.bits(100)
    assert (can.code(0), can.code(1)) == (8, 0xC)
    assert can.read(ESR1) & ACKERR, "the second frame is on the bus, where nobody acknowledges"
    can.write(CTRL1, TIMING | LPB)
    assert can.code(1) == 0xC
    can.bits(200)
    assert can.code(1) == 8


def test_a_frame_that_waits_is_taken_back() -> None:
    can = Can(0)
    can.send(8, std(1))
    can.send(9, std(2))
    can.write(MB + 16 * 9, 0x9 << 24)
    assert can.read(IFLAG1) == 1 << 9 and can.code(9) == 0x9
    can.write(MB + 16 * 8, 0x9 << 24)
    assert can.read(IFLAG1) == 1 << 9, "on the bus: only its end tells"
    can.bits(47 + ERROR)
    assert can.read(IFLAG1) == 1 << 9 | 1 << 8
    can.bits(1000)
    assert can.read(ECR) == 8


@pytest.mark.parametrize("how", [{"control": LPB | LOM}, {"mcr": FRZ | HALT}, {"mcr": MDIS}])
def test_nothing_is_sent(how: dict[str, int]) -> None:
    can = Can(**how)
    can.send(8, std(1))
    can.bits(1000)
    assert can.read(IFLAG1) == 0 and can.code(8) == 0xC


def test_interrupts_and_the_timer() -> None:
    can = Can(mcr=SRXDIS)
    can.write(IMASK1, 1 << 8)
    before = can.read(TIMER)
    can.send(8, std(1))
    can.bits(47)
    assert can.can.IRQ.level and can.read(TIMER) - before == 47
    assert can.cs(8) & 0xFFFF == can.read(TIMER)
    can.write(IFLAG1, 1 << 8)
    assert not can.can.IRQ.level


# -- time quanta, status, masks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "quanta", "prescaler"),
    [
        (0, 4, 1),
        (1 << 24, 4, 2),
        (0xFF << 24, 4, 256),
        (1 << 19, 5, 1),
        (7 << 19, 11, 1),
        (1 << 16, 5, 1),
        (7 << 16, 11, 1),
        (1, 5, 1),
        (7, 11, 1),
    ],
)
def test_bit_timing_by_ctrl1(control: int, quanta: int, prescaler: int) -> None:
    """PRESDIV 31:24, PSEG1 21:19, PSEG2 18:16, PROPSEG 2:0, each plus 1, and the sync segment."""
    can = Can(mcr=SRXDIS)
    can.write(CTRL1, LPB | control)
    can.send(8, 0)
    (due,) = [a.deadline for a in can.bench.clock.alarms if a.deadline is not None]
    assert due == 47 * quanta * prescaler * 25


@pytest.mark.parametrize(
    ("timing", "quanta", "prescaler"),
    [
        (0, 4, 1),
        (1 << 21, 4, 2),
        (0x3FF << 21, 4, 1024),
        (1 << 10, 5, 1),
        (63 << 10, 67, 1),
        (1 << 5, 5, 1),
        (31 << 5, 35, 1),
        (1, 5, 1),
        (31, 35, 1),
    ],
)
def test_bit_timing_by_cbt_field_by_field(timing: int, quanta: int, prescaler: int) -> None:
    """BTF 31; EPRESDIV 30:21, EPROPSEG 15:10, EPSEG1 9:5, EPSEG2 4:0, each plus 1."""
    can = Can(mcr=SRXDIS)
    can.write(CBT, 1 << 31 | timing)
    can.send(8, 0)
    (due,) = [a.deadline for a in can.bench.clock.alarms if a.deadline is not None]
    assert due == 47 * quanta * prescaler * 25


@pytest.mark.parametrize(
    ("timing", "quanta", "prescaler"),
    [
        (0, 3, 1),
        (1 << 20, 3, 2),
        (0x3FF << 20, 3, 1024),
        (1 << 10, 4, 1),
        (31 << 10, 34, 1),
        (1 << 5, 4, 1),
        (7 << 5, 10, 1),
        (1, 4, 1),
        (7, 10, 1),
    ],
)
def test_timing_of_the_fast_bits(timing: int, quanta: int, prescaler: int) -> None:
    """FDCBT: FPRESDIV 29:20, FPSEG1 7:5, FPSEG2 2:0, each plus 1; FPROPSEG 14:10 as it is."""
    bench = Bench()
    can = FlexCan(bench.system, frequency=40_000_000, bus=CanBus(bench.system), has_fd=True)
    can.reset(ResetCause.POWER_ON)
    for offset, value in (
        *((CTRL1, TIMING | LPB), (0xC00, 1 << 31), (0xC04, timing)),
        *((MCR, 63 | SRXDIS | 1 << 11), (MB, 1 << 31 | 1 << 30 | 0xC << 24)),
    ):
        can.write(offset, value)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == 30 * BIT + 32 * quanta * prescaler * 25


def test_what_the_status_shows() -> None:
    """ESR1: TX 6, IDLE 7, SYNCH 18."""
    can = Can(mcr=SRXDIS)

    def state() -> list[int]:
        return [can.read(ESR1) >> bit & 1 for bit in (6, 7, 18)]

    assert state() == [0, 1, 1]
    can.send(8, 0)
    assert state() == [1, 0, 1]
    can.bits(47)
    assert state() == [0, 1, 1]
    can.write(MCR, FRZ | HALT)
    assert state() == [0, 0, 0]


@pytest.mark.parametrize("number", [0, 13, 14, 15, 16, 63])
def test_which_mask_a_buffer_has(number: int) -> None:
    """RX14MASK for 14, RX15MASK for 15, RXMGMASK for the rest; with IRMQ its own RXIMR."""
    for individual in (0, IRMQ):
        for offset in (0x10, 0x14, 0x18, RXIMR + 4 * number):
            can = Can(mcr=individual)
            for mask in (0x10, 0x14, 0x18):
                can.write(mask, 0xFFFF_FFFF)
            can.write(RXIMR + 4 * number, 0xFFFF_FFFF)
            can.write(offset, 0)
            can.buffer(number, 0x4 << 24, std(0x123))
            can.send(40, std(0x456))
            can.bits(47)
            own = RXIMR + 4 * number if individual else {14: 0x14, 15: 0x18}.get(number, 0x10)
            assert can.code(number) == (2 if offset == own else 4), hex(offset)


@pytest.mark.parametrize("number", [0, 31, 32, 63])
def test_each_buffer_has_its_flag(number: int) -> None:
    can = Can(mcr=SRXDIS)
    can.send(number, std(1))
    can.bits(47)
    assert can.read(IFLAG2) << 32 | can.read(IFLAG1) == 1 << number
    can.write(MB + 16 * number, 0x9 << 24)
    can.write(IFLAG1, 0xFFFF_FFFF)
    can.write(IFLAG2, 0xFFFF_FFFF)
    can.write(MB + 16 * number, 0x9 << 24)
    assert can.read(IFLAG2) << 32 | can.read(IFLAG1) == 1 << number, "taken back"


def test_of_equal_frames_the_lower_buffer_goes_first() -> None:
    can = Can(mcr=SRXDIS | FRZ | HALT)
    for number in (20, 3, 50):
        can.send(number, std(7))
    can.write(MCR, 63 | SRXDIS)
    order = []
    for _ in range(3):
        can.bits(47)
        order.append((can.read(IFLAG2) << 32 | can.read(IFLAG1)).bit_length() - 1)
        can.write(IFLAG1, 0xFFFF_FFFF)
    assert order == [3, 20, 50]


def test_what_a_sent_buffer_keeps() -> None:
    """Code and time stamp change; EDL, IDE, RTR, DLC and the reserved bits do not."""
    can = Can(mcr=SRXDIS)
    can.buffer(8, 0xFC << 24 | 0xF8_ABCD & ~(1 << 21), std(5))
    assert can.code(8) == 0xC
    can.bits(47)
    assert can.cs(8) >> 16 & ~0xF00 == (0xFC << 8 | 0xF8) & ~0xF00 & ~(1 << 5)
    assert can.cs(8) & 0xFFFF == can.read(TIMER)


# -- modes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "acknowledged"),
    [
        (0, 0),
        (FRZ, 0),
        (HALT, 0),
        (FRZ | HALT, NOTRDY | FRZACK),
        (MDIS, NOTRDY | LPMACK),
        (MDIS | FRZ | HALT, NOTRDY | LPMACK),
    ],
)
def test_acknowledgements_of_modes(mode: int, acknowledged: int) -> None:
    can = Can()
    can.write(MCR, mode)
    assert can.read(MCR) == mode | acknowledged


def test_the_timer_counts_while_it_is_ready() -> None:
    """Bits, sixteen of them; it begins anew when the controller leaves a halt."""
    can = Can()
    can.bits(100)
    assert can.read(TIMER) == can.can.peek(TIMER) == 100
    can.write(MCR, 63 | IRMQ)
    assert can.read(TIMER) == 100, "it was ready all the while"
    can.write(MCR, FRZ | HALT)
    can.write(TIMER, 0x1_2345)
    can.bits(10)
    assert can.read(TIMER) == 0x2345
    can.write(MCR, 63)
    can.bits(0x1_0003)
    assert can.read(TIMER) == 3


def test_what_a_software_reset_reaches() -> None:
    """MCR, ESR1, ECR, masks and flags of buffers; not CTRL1, CTRL2, RXMGMASK, buffers, RXIMR."""
    can = Can(mcr=RFEN)
    kept = {CTRL2: 0x1230, RXMGMASK: 5, RXIMR: 6, MB + 4: 7, RXFGMASK: 8}
    for offset, value in (kept | {0x24: 1, IMASK1: 1, ECR: 0x0101}).items():
        can.write(offset, value)
    can.send(40, std(9))
    can.bits(20)
    can.write(MCR, SOFTRST)
    assert can.read(MCR) == 0x5980_000F
    for offset in (ECR, ESR1, 0x24, IMASK1, IFLAG1, IFLAG2):
        assert can.read(offset) == 0, hex(offset)
    assert {offset: can.read(offset) for offset in kept} == kept
    can.bits(1000)
    assert can.read(IFLAG2) == 0, "what was on its way is gone"


def test_a_fifo_is_emptied_by_its_flag_alone() -> None:
    """IFLAG1.BUF5I with RFEN; without it bit 5 is buffer 5's."""
    can = fifo((0, 0))
    for number in range(2):
        can.send(40, std(number))
        can.bits(47)
    can.write(IFLAG1, WARNING | OVERFLOW | 0x1F)
    assert can.read(MB + 4) >> 18 == 0
    can.write(IFLAG1, AVAILABLE)
    assert can.read(MB + 4) >> 18 == 1 and can.read(IFLAG1) & AVAILABLE
    can.write(IFLAG1, AVAILABLE)
    assert not can.read(IFLAG1) & AVAILABLE


def test_who_polls_waits_for_the_end_of_the_frame() -> None:
    can = Can(mcr=SRXDIS)
    can.can.name = "can1"
    for offset in (ESR1, IFLAG1, IFLAG2):
        can.read(offset)
    can.send(8, 0)
    for offset in (ESR1, IFLAG1, IFLAG2):
        can.read(offset)
    assert can.bench.clock.questions == [("can1", None)] * 3 + [("can1", 47 * BIT)] * 3


# -- errors ----------------------------------------------------------------------------------------

RXWRN, RWRNINT, PASSIVE, OFF = 1 << 8, 1 << 16, 1 << 4, 2 << 4


@pytest.mark.parametrize(
    ("before", "after", "shows"),
    [
        (87, 95, 0),
        (88, 96, TXWRN | TWRNINT),
        (96, 104, TXWRN),
        (119, 127, TXWRN | TWRNINT),
        (120, 128, TXWRN | PASSIVE | TWRNINT),
        (247, 255, TXWRN | PASSIVE | TWRNINT),
    ],
)
@pytest.mark.parametrize("warns", [0, WRNEN])
def test_limits_of_the_transmitters_errors(
    before: int, after: int, shows: int, warns: int
) -> None:
    """Warning at 96, passive at 128; the interrupt when the warning comes, and only with WRNEN."""
    can = Can(0, mcr=warns)
    can.write(ECR, before)
    if before >= 96 and before != 119 and before < 120:
        can.can.TXWRN = 1
    can.can._sending = 8
    can.can.sent(2)
    assert can.read(ECR) == after
    expected = shows if warns else shows & ~TWRNINT
    assert can.read(ESR1) & (TXWRN | FLTCONF | TWRNINT | RXWRN | RWRNINT) == expected


def test_256_errors_are_off_the_bus() -> None:
    can = Can(0)
    can.write(ECR, 248)
    can.can._sending = 8
    can.can.sent(2)
    assert can.read(ESR1) & FLTCONF == OFF and can.read(ESR1) & 1 << 2
    assert can.can.standing() is None and can.read(ECR) == 0


@pytest.mark.parametrize(
    ("before", "shows"), [(94, 0), (95, RXWRN | RWRNINT), (127, RXWRN | PASSIVE | RWRNINT)]
)
@pytest.mark.parametrize("listens", [0, LOM])
def test_limits_of_the_receivers_errors(before: int, shows: int, listens: int) -> None:
    """One for each frame that was disturbed; a listener counts none (LOM)."""
    can = Can(listens, mcr=WRNEN)
    can.write(ECR, before << 8)
    can.can.disturbed()
    assert can.read(ECR) == before + (not listens) << 8
    assert can.read(ESR1) & (1 << 11 | ERRINT) == 1 << 11 | ERRINT, "FRMERR"
    expected = 0 if listens else shows
    assert can.read(ESR1) & (TXWRN | FLTCONF | TWRNINT | RXWRN | RWRNINT) == expected


@pytest.mark.parametrize(
    ("select", "hertz"), [(0, 60_000_000), (1, 24_000_000), (2, 80_000_000), (3, 60_000_000)]
)
@pytest.mark.parametrize("podf", [0, 1, 63])
def test_its_root_clock(select: int, hertz: int, podf: int) -> None:
    """CSCMR2: CAN_CLK_SEL 9:8 is PLL3 by 8, the crystal, PLL3 by 6; CAN_CLK_PODF 7:2."""
    bench = Bench()
    ccm = Ccm(bench.system)
    can = FlexCan(bench.system, ccm=ccm, bus=CanBus(bench.system))
    can.reset(ResetCause.POWER_ON)
    ccm.write(0x20, select << 8 | podf << 2)
    for offset, value in ((CTRL1, 0xFF << 24 | LPB), (MCR, 63 | SRXDIS), (MB, 0xC << 24)):
        can.write(offset, value)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == -(-47 * 4 * 256 * (podf + 1) * 1_000_000_000 // hertz)


def test_without_a_clock_controller_it_has_40_mhz() -> None:
    bench = Bench()
    can = FlexCan(bench.system, bus=CanBus(bench.system))
    can.reset(ResetCause.POWER_ON)
    for offset, value in ((CTRL1, 0xFF << 24 | LPB), (MCR, 63 | SRXDIS), (MB, 0xC << 24)):
        can.write(offset, value)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == 47 * 4 * 256 * 25
