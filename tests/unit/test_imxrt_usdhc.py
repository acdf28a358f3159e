"""uSDHC with a card: as NXP's fsl_usdhc.c drives it; bits by the header MIMXRT1062.h."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench, FakeBus
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.usdhc import Usdhc
from xipsim.peripherals.imxrt.usdhc_dma import adma2_segments, taken
from xipsim.peripherals.sd.card import Card

DS_ADDR, BLK_ATT, CMD_ARG, CMD_XFR_TYP, RSP0 = 0x00, 0x04, 0x08, 0x0C, 0x10
PORT, PRES_STATE = 0x20, 0x24
PROT_CTRL, SYS_CTRL, INT_STATUS, STATUS_EN, SIGNAL_EN = 0x28, 0x2C, 0x30, 0x34, 0x38
WTMK_LVL, MIX_CTRL, ADMA_ERR_STATUS, ADMA_SYS_ADDR = 0x44, 0x48, 0x54, 0x58
CC, TC, DINT, BWR, BRR = (1 << bit for bit in (0, 1, 3, 4, 5))
CTOE, DTOE, DCE, DMAE = (1 << bit for bit in (16, 20, 21, 28))
CIHB, CDIHB, CINST, DATA0, DATA3 = 1 << 0, 1 << 1, 1 << 16, 1 << 24, 1 << 27
NONE, LONG, SHORT, SHORT_BUSY = (kind << 16 for kind in range(4))
CHECKED, DATA = 0x18_0000, 1 << 21
DMAEN, BCEN, AC12EN, DTDSEL, MSBSEL, AC23EN = (1 << bit for bit in (0, 1, 2, 4, 5, 7))
FOUR_LINES, ADMA2, LITTLE = 1 << 1, 2 << 8, 2 << 4
RSTA, RSTC, RSTD = 1 << 24, 1 << 25, 1 << 26
SECOND = 1_000_000_000
TABLE, MEMORY = 0x2000_0000, 0x2000_1000


class Host:
    """fsl_usdhc.c, as far as blocking transfers go."""

    def __init__(self, *, card: bool = True, size: int = 1 << 20) -> None:
        self.bench = Bench()
        self.usdhc = Usdhc(self.bench.system, frequency=100_000_000)
        self.card = Card(self.bench.system, name="card", size=size)
        if card:
            self.usdhc.slot[0] = self.card
            self.card.reset(ResetCause.POWER_ON)
        self.usdhc.reset(ResetCause.POWER_ON)
        self.usdhc.write(SYS_CTRL, 0x000F_0110)  # 100 MHz / 2 / 2: 25 MHz
        self.usdhc.write(PROT_CTRL, LITTLE | ADMA2 | FOUR_LINES)
        self.usdhc.write(STATUS_EN, 0xFFFF_FFFF)
        self.usdhc.write(WTMK_LVL, 128 << 16 | 128)

    def wait(self, flags: int, limit: int = 30 * SECOND) -> int:
        """Let time pass until one of `flags` comes; all that are set, which are cleared."""
        clock = self.bench.clock
        end = clock.now + limit
        while not (status := self.usdhc.read(INT_STATUS)) & flags:
            times = [a.deadline for a in clock.alarms if a.deadline is not None]
            assert times and min(times) <= end, "nothing will come"
            clock.advance(min(times) - clock.now)
        self.usdhc.write(INT_STATUS, status & flags)
        return int(status)

    def command(self, index: int, argument: int = 0, kind: int = SHORT, flags: int = 0) -> int:
        self.usdhc.write(CMD_ARG, argument)
        self.usdhc.write(CMD_XFR_TYP, index << 24 | kind | (CHECKED if kind else 0) | flags)
        return self.wait(CC | CTOE)

    def select(self) -> None:
        self.command(0, kind=NONE)
        self.command(8, 0x1AA)
        self.command(55)
        self.command(41, 0x4010_0000)
        self.command(2, kind=LONG)
        self.command(3)
        self.rca = self.usdhc.read(RSP0) & 0xFFFF_0000
        assert self.command(7, self.rca, SHORT_BUSY) & CC

    def transfer(self, index: int, block: int, count: int, mix: int) -> None:
        self.usdhc.write(BLK_ATT, count << 16 | 512)
        many = MSBSEL | BCEN | AC12EN if count > 1 else 0
        self.usdhc.write(MIX_CTRL, 0x8000_0000 | mix | many)
        assert self.command(index, block, flags=DATA) & CC

    def words(self, count: int) -> bytes:
        return b"".join(self.usdhc.read(PORT).to_bytes(4, "little") for _ in range(count))

    def put(self, data: bytes) -> None:
        for at in range(0, len(data), 4):
            self.usdhc.write(PORT, int.from_bytes(data[at : at + 4], "little"))

    def state(self) -> int:
        return int(self.usdhc.read(PRES_STATE))

    @property
    def rules(self) -> list[str]:
        return [diagnostic.rule for diagnostic in self.bench.diagnostics]


@pytest.fixture
def host() -> Host:
    host = Host()
    host.select()
    return host


def pattern(blocks: int) -> bytes:
    return bytes(n * 7 + n // 256 & 0xFF for n in range(blocks * 512))


def test_a_card_is_detected() -> None:
    assert Host().state() & (CINST | DATA3) == CINST | DATA3
    assert not Host(card=False).state() & (CINST | DATA3)


def test_responses_take_their_clocks() -> None:
    """48 for a command; the answer comes 2 to 64 later (4.12), with 48 of its own; 25 MHz."""
    host = Host()
    host.usdhc.write(CMD_ARG, 0x1AA)
    host.usdhc.write(CMD_XFR_TYP, 8 << 24 | SHORT | CHECKED)
    host.bench.clock.advance((48 + 2 + 48) * 40 - 1)
    assert host.usdhc.read(INT_STATUS) == 0 and host.state() & CIHB
    host.bench.clock.advance(63 * 40)
    assert host.usdhc.read(INT_STATUS) == CC and not host.state() & CIHB
    assert host.usdhc.read(RSP0) == 0x1AA


def test_a_long_response(host: Host) -> None:
    """As USDHC_ReceiveCommandResponse takes it: bits 127 to 8, from bit 0 of RSP0."""
    host.command(7, 0, NONE)
    host.command(9, host.rca, LONG)
    csd = sum(host.usdhc.read(RSP0 + 4 * n) << 32 * n for n in range(4))
    assert csd << 8 >> 126 == 1 and ((csd >> 40 & 0x3F_FFFF) + 1) << 19 == 1 << 20


def test_a_command_that_is_not_answered() -> None:
    host = Host(card=False)
    host.usdhc.write(SIGNAL_EN, CTOE)
    assert host.command(0, kind=NONE) & CC
    host.usdhc.write(CMD_XFR_TYP, 8 << 24 | SHORT)
    assert not host.usdhc.IRQ.level
    host.bench.clock.advance((48 + 64) * 40)
    assert host.usdhc.IRQ.level and host.wait(CTOE) == CTOE
    assert not host.usdhc.IRQ.level


def test_flags_are_set_only_where_their_status_is_enabled() -> None:
    host = Host()
    host.usdhc.write(STATUS_EN, 0)
    host.usdhc.write(CMD_XFR_TYP, 0)
    host.bench.clock.advance(SECOND)
    assert host.usdhc.read(INT_STATUS) == 0


def test_a_reset_of_all_keeps_which_flags_are_enabled() -> None:
    """MicroPython's sdcard.c resets all after USDHC_Init, and polls INT_STATUS after that."""
    host = Host()
    host.usdhc.write(SYS_CTRL, host.usdhc.read(SYS_CTRL) | RSTA | RSTC | RSTD)
    assert host.usdhc.read(SYS_CTRL) & (RSTA | RSTC | RSTD) == 0
    assert host.command(0, kind=NONE) & CC


@pytest.mark.parametrize("watermark", [1, 16, 100, 128])
@pytest.mark.parametrize("count", [1, 3])
def test_reading_through_the_data_port(host: Host, watermark: int, count: int) -> None:
    """USDHC_ReadByDataPortBlocking: a watermark's words for each BRR, the rest for the last."""
    host.card.fill(pattern(8).ljust(1 << 20, b"\x00"))
    host.usdhc.write(WTMK_LVL, 128 << 16 | watermark)
    host.transfer(18 if count > 1 else 17, 2, count, DTDSEL)
    data, total = b"", count * 128
    while len(data) < 4 * total:
        assert host.wait(BRR | DTOE) & BRR
        data += host.words(min(watermark, total - len(data) // 4))
        host.usdhc.write(INT_STATUS, BRR)
    assert data == pattern(8)[1024 : 1024 + 512 * count]
    assert host.wait(TC) & TC and not host.state() & CDIHB and host.rules == []


@pytest.mark.parametrize("watermark", [1, 16, 128])
@pytest.mark.parametrize("count", [1, 3])
def test_writing_through_the_data_port(host: Host, watermark: int, count: int) -> None:
    """USDHC_WriteByDataPortBlocking, likewise with BWR; TC comes when the card is ready again."""
    host.usdhc.write(WTMK_LVL, watermark << 16 | 128)
    host.transfer(25 if count > 1 else 24, 5, count, 0)
    data = rest = pattern(count)
    while rest:
        assert host.wait(BWR | DCE) & BWR
        host.put(rest[: 4 * watermark])
        rest = rest[4 * watermark :]
        host.usdhc.write(INT_STATUS, BWR)
    while host.state() & DATA0:
        host.bench.clock.advance(1000)
    assert host.state() & CDIHB
    assert host.wait(TC | DCE) & TC
    assert host.state() & DATA0 and not host.state() & CDIHB
    assert host.card.contents()[5 * 512 : (5 + count) * 512] == data


def adma2(bus: FakeBus, *entries: tuple[int, int, int]) -> bytearray:
    """A table of (attributes, length, address), and memory for data."""
    table = bus.add(TABLE, 8 * len(entries))
    for n, (attributes, length, address) in enumerate(entries):
        word = (length << 16 | attributes).to_bytes(4, "little")
        table[8 * n : 8 * n + 8] = word + address.to_bytes(4, "little")
    return bus.add(MEMORY, 0x1000)


VALID, END, TRAN, LINK = 0x1, 0x2, 0x20, 0x30


def test_reading_by_adma2_into_several_pieces(host: Host) -> None:
    host.card.fill(pattern(8).ljust(1 << 20, b"\x00"))
    memory = adma2(
        host.bench.bus,
        (VALID | TRAN, 700, MEMORY),
        (VALID, 0, 0),
        (VALID | TRAN | END, 836, MEMORY + 0x800),
    )
    host.usdhc.write(ADMA_SYS_ADDR, TABLE)
    host.transfer(18, 1, 3, DTDSEL | DMAEN)
    assert host.wait(TC | DMAE | DTOE) & TC
    assert memory[:700] + memory[0x800 : 0x800 + 836] == pattern(8)[512 : 4 * 512]
    assert host.command(13, host.rca) & CC
    assert host.usdhc.read(RSP0) >> 9 & 0xF == 4, "auto CMD12 ended it"


@pytest.mark.parametrize(("mix", "place"), [(0, DS_ADDR), (AC23EN, ADMA_SYS_ADDR)])
def test_simple_dma_begins_where_auto_cmd23_leaves_room(host: Host, mix: int, place: int) -> None:
    """USDHC_SetInternalDmaConfig: DS_ADDR holds the number of blocks for CMD23, if that is sent."""
    host.card.fill(pattern(8).ljust(1 << 20, b"\x00"))
    memory = host.bench.bus.add(MEMORY, 0x1000)
    host.usdhc.write(PROT_CTRL, LITTLE | FOUR_LINES)
    host.usdhc.write(DS_ADDR, 2)
    host.usdhc.write(place, MEMORY + 0x100)
    host.transfer(18, 1, 2, DTDSEL | DMAEN | mix)
    status = host.wait(TC | DMAE | DTOE)
    assert status & (TC | DINT) == TC | DINT, "the DMA has told of its end, too"
    assert memory[0x100:0x500] == pattern(8)[512 : 3 * 512]
    assert host.rules == []


def test_a_transfer_through_the_data_port_raises_no_dma_interrupt(host: Host) -> None:
    host.transfer(17, 0, 1, DTDSEL)
    host.wait(BRR)
    host.words(128)
    assert host.wait(TC) & (TC | DINT) == TC


def test_a_length_of_nothing_in_an_adma2_table_is_64_kb(host: Host) -> None:
    """SD Host Controller Simplified Specification, table 1-12: 0000h means 65536."""
    host.card.fill(pattern(4).ljust(1 << 20, b"\x00"))
    memory = adma2(host.bench.bus, (VALID | TRAN | END, 0, MEMORY))
    host.usdhc.write(ADMA_SYS_ADDR, TABLE)
    host.transfer(18, 0, 3, DTDSEL | DMAEN)
    assert host.wait(TC | DMAE | DTOE) & (TC | DMAE) == TC
    assert memory[: 3 * 512] == pattern(3)


def test_writing_by_adma2(host: Host) -> None:
    memory = adma2(host.bench.bus, (VALID | TRAN | END, 1024, MEMORY))
    memory[:1024] = pattern(2)
    host.usdhc.write(ADMA_SYS_ADDR, TABLE)
    host.transfer(25, 9, 2, DMAEN)
    assert host.wait(TC | DMAE) & TC
    assert host.card.contents()[9 * 512 : 11 * 512] == pattern(2)


@pytest.mark.parametrize(
    "entries",
    [
        ((0, 512, MEMORY),),
        ((VALID | TRAN | END, 256, MEMORY),),
        ((VALID | TRAN | END, 512, 0x6000_0000),),
        ((VALID | LINK, 0, TABLE),),
    ],
    ids=["not valid", "too short", "no memory", "without an end"],
)
@pytest.mark.parametrize("reads", [True, False], ids=["read", "write"])
def test_a_wrong_adma_table_is_a_dma_error(host: Host, entries: Any, reads: bool) -> None:
    adma2(host.bench.bus, *entries)
    host.usdhc.write(ADMA_SYS_ADDR, TABLE)
    host.transfer(17 if reads else 24, 0, 1, DMAEN | (DTDSEL if reads else 0))
    assert host.wait(TC | DMAE | DTOE) & (TC | DMAE) == DMAE
    assert host.usdhc.read(ADMA_ERR_STATUS) and host.rules == ["usdhc-dma"]


def test_four_lines_carry_a_block_in_a_quarter_of_the_time(host: Host) -> None:
    """Four bits for each clock of 25 MHz; start bit, CRC and end bit are on each line."""
    times = []
    for lines in (0, FOUR_LINES):
        host.usdhc.write(PROT_CTRL, LITTLE | ADMA2 | lines)
        host.transfer(17, 0, 1, DTDSEL)
        began = host.bench.clock.now
        host.wait(BRR)
        times.append(host.bench.clock.now - began)
        host.words(128)
        host.usdhc.write(INT_STATUS, BRR)
        host.wait(TC)
    assert times[0] - times[1] == (4096 - 1024) * 40


def test_data_that_does_not_come_times_out(host: Host) -> None:
    """DTOCV Fh: 2^29 clocks of 25 MHz."""
    host.transfer(17, 1 << 20, 1, DTDSEL)
    began = host.bench.clock.now
    assert host.wait(BRR | TC | DTOE) & (BRR | TC | DTOE) == DTOE
    assert host.bench.clock.now - began == (1 << 29) * 40
    assert not host.state() & CDIHB


def test_a_block_that_the_card_refuses(host: Host) -> None:
    host.transfer(25, (1 << 20) // 512 - 1, 2, 0)
    host.put(pattern(1))
    host.put(pattern(1))
    assert host.wait(DCE | TC) & (DCE | TC) == DCE


def test_a_reset_of_the_data_lines_ends_a_transfer(host: Host) -> None:
    host.transfer(17, 1 << 20, 1, DTDSEL)
    assert host.state() & CDIHB
    host.usdhc.write(SYS_CTRL, host.usdhc.read(SYS_CTRL) | RSTD)
    assert not host.state() & CDIHB
    host.bench.clock.advance(60 * SECOND)
    assert not host.usdhc.read(INT_STATUS) & DTOE


def test_a_stop_ends_a_transfer_without_a_number(host: Host) -> None:
    host.usdhc.write(BLK_ATT, 512)
    host.usdhc.write(MIX_CTRL, 0x8000_0000 | DTDSEL | MSBSEL)
    host.command(18, 0, flags=DATA)
    host.wait(BRR)
    assert host.command(12, kind=SHORT_BUSY) & CC and not host.state() & CDIHB


def test_mistakes_are_told(host: Host) -> None:
    host.usdhc.read(PORT)
    host.usdhc.write(PORT, 0)
    host.usdhc.write(CMD_XFR_TYP, 0)
    host.usdhc.write(CMD_XFR_TYP, 0)
    assert host.rules == ["usdhc-underrun", "usdhc-overrun", "usdhc-command"]


# -- time on the lines, at 25 MHz ------------------------------------------------------------------

CLOCK = 40


@pytest.mark.parametrize(
    ("index", "kind", "clocks"),
    [
        (0, NONE, 48 + 8),  # 4.12.4: eight clocks behind a command
        (8, SHORT, 48 + 8 + 48),
        (2, LONG, 48 + 8 + 136),
        (17, SHORT, 48 + 64),  # not answered
    ],
)
def test_how_long_a_command_takes(index: int, kind: int, clocks: int) -> None:
    """4.12: N_CR is 2 to 64 clocks; it is assumed to be 8."""
    host = Host()
    if index == 2:
        host.command(55)
        host.command(41, 0x4010_0000)
    host.usdhc.write(CMD_ARG, 0x1AA)
    host.usdhc.write(CMD_XFR_TYP, index << 24 | kind)
    host.bench.clock.advance(clocks * CLOCK - 1)
    assert host.state() & CIHB and not host.usdhc.read(INT_STATUS)
    host.bench.clock.advance(1)
    assert not host.state() & CIHB
    assert host.usdhc.read(INT_STATUS) == (CTOE if index == 17 else CC)


@pytest.mark.parametrize(("width", "lines"), [(0, 1), (1, 4), (2, 8), (3, 8)])
def test_how_long_a_block_takes(host: Host, width: int, lines: int) -> None:
    """DTW; eighteen clocks more for start bit, CRC and end bit; a read waits for the card."""
    host.usdhc.write(PROT_CTRL, LITTLE | ADMA2 | width << 1)
    block = (4096 // lines + 18) * CLOCK
    host.transfer(17, 0, 1, DTDSEL)
    began = host.bench.clock.now
    host.wait(BRR)
    assert host.bench.clock.now - began == host.card.access_time + block
    host.words(128)
    host.wait(TC)
    host.transfer(24, 0, 1, 0)
    host.put(pattern(1))
    began = host.bench.clock.now
    while host.state() & DATA0:
        host.bench.clock.advance(CLOCK)
    assert host.bench.clock.now - began == block


@pytest.mark.parametrize("value", [0, 1, 0xE])
def test_data_timeouts(host: Host, value: int) -> None:
    """SYS_CTRL.DTOCV: 2^14 clocks and more."""
    host.usdhc.write(SYS_CTRL, 0x0000_0110 | value << 16)
    host.transfer(17, 1 << 20, 1, DTDSEL)
    began = host.bench.clock.now
    host.wait(DTOE)
    assert host.bench.clock.now - began == (1 << 14 + value) * CLOCK


@pytest.mark.parametrize(
    ("control", "divider"),
    [(0x000, 1), (0x0F0, 16), (0x100, 2), (0x110, 4), (0x270, 32), (0x8020, 768)],
)
def test_the_clock_of_the_card(control: int, divider: int) -> None:
    """SYS_CTRL: SDCLKFS is half of a divider, 0 stands for 1; DVS + 1."""
    host = Host()
    host.usdhc.write(SYS_CTRL, control)
    host.usdhc.write(CMD_XFR_TYP, 0)
    (due,) = [a.deadline for a in host.bench.clock.alarms if a.deadline is not None]
    assert due == 56 * 10 * divider


@pytest.mark.parametrize(
    ("number", "select", "hertz"),
    [(1, 0, 396), (1, 1, 352), (1, 2, 396), (2, 2, 352), (2, 1, 396), (2, 3, 352)],
)
def test_the_root_clock(number: int, select: int, hertz: int) -> None:
    """CSCMR1.USDHC1_CLK_SEL is bit 16, that of USDHC2 bit 17: PFD2 or PFD0 of PLL2, 396 and 352 MHz
    after a reset; CSCDR1.USDHC1_PODF is 13:11, that of USDHC2 18:16."""
    bench = Bench()
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    usdhc = Usdhc(bench.system, ccm=ccm, ccm_analog=analog, number=number)
    ccm.write(0x1C, select << 16)
    ccm.write(0x24, 1 << 11 | 3 << 16)
    usdhc.write(SYS_CTRL, 0x8090)  # by 256 and 10
    usdhc.write(CMD_XFR_TYP, 0)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == pytest.approx(56_000 * 2560 * (2 if number == 1 else 4) / hertz, abs=1)


def test_without_a_clock_controller_its_root_clock_is_given() -> None:
    """198 MHz as MicroPython sets it."""
    bench = Bench()
    usdhc = Usdhc(bench.system)
    usdhc.write(SYS_CTRL, 0x8090)
    usdhc.write(CMD_XFR_TYP, 0)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    assert due == pytest.approx(56_000 * 2560 / 198, abs=1)


# -- present state ---------------------------------------------------------------------------------

SDSTB, LINES = 1 << 3, 0xF << 24
DLA, WTA, RTA, BWEN, BREN = (1 << bit for bit in (2, 8, 9, 10, 11))
STEADY = 0x8000 | 0x80 | SDSTB
"""PRES_STATE after a reset, IMXRT1060RM: what else it shows of a card that is at rest."""


def test_what_is_shown_of_a_read(host: Host) -> None:
    assert host.state() == STEADY | CINST | LINES
    host.usdhc.write(WTMK_LVL, 128 << 16 | 128)
    host.transfer(17, 0, 1, DTDSEL)
    assert host.state() == STEADY | CINST | LINES | CDIHB | DLA | RTA
    host.wait(BRR)
    assert host.state() == STEADY | CINST | LINES | CDIHB | DLA | RTA | BREN
    host.words(1)
    assert host.state() & BREN, "all that is left may be read"
    host.words(127)
    assert host.state() == STEADY | CINST | LINES


def test_what_is_shown_of_a_write(host: Host) -> None:
    host.transfer(24, 0, 1, 0)
    assert host.state() == STEADY | CINST | LINES | CDIHB | DLA | WTA | BWEN
    host.put(pattern(1)[:508])
    assert host.state() & BWEN
    host.put(pattern(1)[508:])
    assert host.state() == STEADY | CINST | LINES | CDIHB | DLA | WTA
    while host.state() & DATA0:
        host.bench.clock.advance(1000)
    assert host.state() == STEADY | CINST | (LINES & ~DATA0) | CDIHB | DLA | WTA
    host.wait(TC)
    assert host.state() == STEADY | CINST | LINES


def test_an_empty_slot() -> None:
    """DATA3 is pulled down on the board, the card would pull it up."""
    assert Host(card=False).state() == STEADY | 0x7 << 24


def test_who_polls_waits_for_what_comes_first(host: Host) -> None:
    """The response, the block, the end of the card's busy signal."""
    questions = host.bench.clock.questions
    host.usdhc.name = "sd"
    host.usdhc.write(BLK_ATT, 1 << 16 | 512)
    host.usdhc.write(MIX_CTRL, 0)
    host.usdhc.write(CMD_ARG, 0)
    questions.clear()
    host.state()
    host.usdhc.write(CMD_XFR_TYP, 24 << 24 | SHORT | DATA)
    now = host.bench.clock.now
    host.usdhc.read(INT_STATUS)
    host.bench.clock.advance(104 * CLOCK)
    host.put(pattern(1))
    host.usdhc.read(INT_STATUS)
    host.usdhc.write(CMD_ARG, host.rca)
    host.usdhc.write(CMD_XFR_TYP, 13 << 24 | SHORT)
    host.state()
    host.bench.clock.advance((1024 + 18) * CLOCK)
    host.usdhc.read(INT_STATUS)
    block = now + (104 + 1024 + 18) * CLOCK
    ends = [None, now + 104 * CLOCK, block, now + 2 * 104 * CLOCK]
    assert questions == [("sd", end) for end in [*ends, block + host.card.WRITE_TIME]]


# -- resets, flags ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bit", "command", "data"), [(RSTA, 0, 0), (RSTC, 0, CDIHB), (RSTD, CIHB, 0), (0, CIHB, CDIHB)]
)
def test_what_each_software_reset_ends(host: Host, bit: int, command: int, data: int) -> None:
    host.transfer(17, 1 << 20, 1, DTDSEL)
    host.usdhc.write(CMD_ARG, host.rca)
    host.usdhc.write(CMD_XFR_TYP, 13 << 24 | SHORT)
    host.usdhc.write(SYS_CTRL, host.usdhc.read(SYS_CTRL) | bit)
    assert host.state() & (CIHB | CDIHB) == command | data
    host.bench.clock.advance(60 * SECOND)
    if bit == RSTA:
        assert host.usdhc.read(INT_STATUS) == 0
    assert bool(host.usdhc.read(INT_STATUS) & CC) == bool(command)
    assert bool(host.usdhc.read(INT_STATUS) & DTOE) == bool(data)


def test_a_reset_of_all_clears_what_belongs_to_a_command(host: Host) -> None:
    """DS_ADDR, BLK_ATT, CMD_ARG, CMD_XFR_TYP, INT_STATUS, AUTOCMD12_ERR_STATUS; INITA and RSTT read
    0, too, as CREQ of PROT_CTRL does."""
    for offset in (DS_ADDR, BLK_ATT, CMD_ARG, 0x3C):
        host.usdhc.write(offset, 0x0101_0101)
    host.usdhc.write(CMD_XFR_TYP, 0)
    host.bench.clock.advance(SECOND)
    assert host.usdhc.read(INT_STATUS)
    control = host.usdhc.read(SYS_CTRL)
    host.usdhc.write(SYS_CTRL, control | 0x1F00_0000)
    assert host.usdhc.read(SYS_CTRL) == control
    for offset in (DS_ADDR, BLK_ATT, CMD_ARG, CMD_XFR_TYP, INT_STATUS, 0x3C):
        assert host.usdhc.read(offset) == 0, hex(offset)
    assert host.usdhc.read(STATUS_EN) == 0xFFFF_FFFF
    assert host.usdhc.read(WTMK_LVL) == 128 << 16 | 128
    host.usdhc.write(PROT_CTRL, LITTLE | 1 << 17)
    assert host.usdhc.read(PROT_CTRL) == LITTLE


def test_flags_that_stand_show_when_they_are_let_through(host: Host) -> None:
    """BRR follows the buffer once its status is enabled; the interrupt its flag and its signal."""
    host.usdhc.write(STATUS_EN, CC)
    host.transfer(17, 0, 1, DTDSEL)
    host.bench.clock.advance(SECOND)
    assert host.usdhc.read(INT_STATUS) == 0
    host.usdhc.write(SIGNAL_EN, BRR)
    assert not host.usdhc.IRQ.level
    host.usdhc.write(STATUS_EN, CC | BRR)
    assert host.usdhc.read(INT_STATUS) == BRR and host.usdhc.IRQ.level
    host.usdhc.write(SIGNAL_EN, 0)
    assert not host.usdhc.IRQ.level
    host.usdhc.write(SIGNAL_EN, BRR)
    assert host.usdhc.IRQ.level
    host.words(128)
    host.usdhc.write(INT_STATUS, BRR)
    assert not host.usdhc.IRQ.level


# -- responses -------------------------------------------------------------------------------------


def responses(host: Host) -> list[int]:
    return [host.usdhc.read(RSP0 + 4 * n) for n in range(4)]


def test_each_response_in_its_registers(host: Host) -> None:
    """A short one in CMDRSP0 alone, a long one in all four, that of an automatic CMD12 in the last;
    a command without one leaves them alone."""
    host.command(7, 0, NONE)
    host.command(9, host.rca, LONG)
    csd = responses(host)
    assert csd == [0x800A_4000, 0x0000_017F, 0x325B_5900, 0x0040_0E00]
    host.command(13, host.rca)
    assert responses(host) == [3 << 9 | 1 << 8, *csd[1:]]
    host.command(0, 0, NONE)
    assert responses(host) == [3 << 9 | 1 << 8, *csd[1:]]
    host.select()
    status = host.usdhc.read(RSP0)
    host.transfer(18, 0, 2, DTDSEL)
    for _ in range(2):
        host.wait(BRR)
        host.words(128)
        host.usdhc.write(INT_STATUS, BRR)
    host.wait(TC)
    assert responses(host)[3] == 5 << 9 | 1 << 8 and responses(host)[1:3] != [0, 0]
    assert status != responses(host)[3]


def test_a_single_block_is_not_stopped(host: Host) -> None:
    """AC12EN counts for transfers of many blocks alone."""
    host.transfer(17, 0, 1, DTDSEL | AC12EN)
    host.wait(BRR)
    before = responses(host)
    host.words(128)
    host.wait(TC)
    assert responses(host) == before


def test_a_response_with_busy_ends_when_the_card_is_ready(host: Host) -> None:
    """R1b: CC with the response, TC with DATA0; CDIHB until then. CMD38 programs."""
    host.command(32, 0)
    host.command(33, 0)
    assert host.command(38, 0, SHORT_BUSY) & CC
    assert host.state() & (CDIHB | DATA0) == CDIHB
    ready = host.card.busy_until
    host.usdhc.write(SIGNAL_EN, TC)
    host.bench.clock.advance(ready - host.bench.clock.now - 1)
    assert not host.usdhc.IRQ.level
    host.bench.clock.advance(1)
    assert host.usdhc.IRQ.level and host.wait(TC) & TC
    assert host.state() & (CDIHB | DATA0) == DATA0


def test_the_same_response_without_its_busy_signal_does_not_wait(host: Host) -> None:
    host.command(32, 0)
    host.command(33, 0)
    host.command(38, 0, SHORT)
    assert host.state() & (CDIHB | DATA0) == 0


# -- the data port ---------------------------------------------------------------------------------


def test_a_block_that_is_smaller_than_the_watermark(host: Host) -> None:
    """SD_SendScr: eight bytes, watermark as it was."""
    host.command(55, host.rca)
    host.usdhc.write(BLK_ATT, 1 << 16 | 8)
    host.usdhc.write(MIX_CTRL, DTDSEL)
    host.command(51, flags=DATA)
    assert host.wait(BRR | DTOE) & BRR
    assert host.usdhc.peek(PORT) == 0x0280_0502
    assert host.words(2) == bytes.fromhex("02 05 80 02 00 00 00 00")
    assert host.wait(TC) & TC and host.usdhc.peek(PORT) == 0 and host.rules == []


def test_a_watermark_of_nothing_is_one_word(host: Host) -> None:
    host.usdhc.write(WTMK_LVL, 0)
    host.transfer(17, 0, 1, DTDSEL)
    for _ in range(128):
        assert host.wait(BRR | TC) & BRR
        host.words(1)
    assert host.wait(TC) & TC


def test_the_port_looks_empty_while_something_is_written(host: Host) -> None:
    host.transfer(24, 0, 1, 0)
    host.usdhc.write(PORT, 0x1234_5678)
    assert host.usdhc.peek(PORT) == 0
    host.usdhc.read(PORT)
    assert host.rules == ["usdhc-underrun"]


def test_more_than_was_announced_is_lost(host: Host) -> None:
    host.transfer(24, 3, 1, 0)
    host.put(pattern(1) + b"more")
    assert host.rules == ["usdhc-overrun"]
    host.wait(TC)
    assert host.card.contents()[3 * 512 : 5 * 512] == pattern(1) + bytes(512)


def test_a_write_without_a_number_of_blocks_is_told(host: Host) -> None:
    host.usdhc.write(BLK_ATT, 512)
    host.usdhc.write(MIX_CTRL, MSBSEL)
    host.command(25, 0, flags=DATA)
    assert [gap.what for gap in host.bench.gaps] == [
        "a write of blocks without a number (MIX_CTRL.BCEN) through the data port"
    ]


# -- DMA -------------------------------------------------------------------------------------------


def test_adma1_is_told(host: Host) -> None:
    host.usdhc.write(PROT_CTRL, LITTLE | 1 << 8)
    host.transfer(17, 0, 1, DTDSEL | DMAEN)
    assert host.wait(DMAE | TC | DTOE) & (DMAE | TC) == DMAE
    assert [gap.what for gap in host.bench.gaps] == ["PROT_CTRL.DMASEL 1: descriptors of ADMA1"]
    assert host.usdhc.read(ADMA_ERR_STATUS) == 1 and not host.state() & CDIHB
    assert "its descriptors are not understood" in host.bench.diagnostics[0].message


def test_a_table_goes_on_elsewhere() -> None:
    """SD Host Controller Specification, 1.13.4: Act 11b is a link, 00b and 01b are passed over; END
    counts with each of them."""
    bus = FakeBus()
    bus.add(TABLE, 0x100)
    at = TABLE
    for attributes, length, address in (
        *((VALID | TRAN, 5, MEMORY), (VALID, 9, 1), (VALID | 0x10, 9, 1)),
        (VALID | LINK, 9, TABLE + 0x80),
        (VALID | TRAN | END, 0xFFFF, 2),
    ):
        word = (length << 16 | attributes).to_bytes(4, "little")
        bus.write(at, word + address.to_bytes(4, "little"))
        at += 8
    for end, last in ((VALID | TRAN | END, [(7, 0x8000)]), (VALID | END, []), (0x11 | END, [])):
        bus.write(TABLE + 0x80, (0x8000 << 16 | end).to_bytes(4, "little") + bytes((7, 0, 0, 0)))
        assert adma2_segments(bus, TABLE) == [(MEMORY, 5), *last]


@pytest.mark.parametrize(("entries", "is_good"), [(1024, True), (1025, False)])
def test_a_table_is_given_up_after_a_thousand_entries(entries: int, is_good: bool) -> None:
    bus = FakeBus()
    table = bus.add(TABLE, 8 * entries)
    table[:] = b"\x01\x00\x00\x00\x00\x00\x00\x00" * entries
    table[-8] = VALID | END
    if is_good:
        assert adma2_segments(bus, TABLE) == []
    else:
        with pytest.raises(ValueError, match="no end within 1024 descriptors"):
            adma2_segments(bus, TABLE)


def test_memory_is_taken_piece_by_piece() -> None:
    segments = [(0x100, 4), (0x200, 6), (0x300, 8)]
    assert taken(segments, 7) == [(0x100, 4), (0x200, 3)]
    assert segments == [(0x203, 3), (0x300, 8)]
    assert taken(segments, 3) == [(0x203, 3)] and segments == [(0x300, 8)]
    assert taken(segments, 9) == [(0x300, 8)] and segments == []
    assert taken(segments, 1) == []


def test_what_dma_writes_must_be_whole(host: Host) -> None:
    """A descriptor with less than a block: nothing reaches the card."""
    adma2(host.bench.bus, (VALID | TRAN | END, 1023, MEMORY))[:] = b"x" * 0x1000
    host.usdhc.write(ADMA_SYS_ADDR, TABLE)
    host.transfer(25, 0, 2, DMAEN)
    assert host.wait(TC | DMAE) & (TC | DMAE) == DMAE
    assert host.card.contents()[:1024] == b"x" * 512 + bytes(512)
    assert "name less memory than it has bytes" in host.bench.diagnostics[0].message


# -- when the next block begins --------------------------------------------------------------------


@pytest.mark.parametrize("watermark", [1, 16, 128])
def test_the_next_block_waits_until_there_is_less_than_a_watermark(
    host: Host, watermark: int
) -> None:
    """The card's clock stops while the buffer is full enough."""
    host.usdhc.write(WTMK_LVL, 128 << 16 | watermark)
    host.transfer(18, 0, 2, DTDSEL)
    host.wait(BRR)
    host.bench.clock.advance(SECOND)
    host.words(128 - watermark)
    assert all(alarm.deadline is None for alarm in host.bench.clock.alarms)
    began = host.bench.clock.now
    host.words(1)
    (due,) = [a.deadline for a in host.bench.clock.alarms if a.deadline is not None]
    assert due - began == host.card.access_time + (1024 + 18) * CLOCK


def test_a_block_is_sent_when_all_of_it_is_there(host: Host) -> None:
    """And the next one may be written meanwhile, as far as there is room for one."""
    host.transfer(25, 0, 2, 0)
    host.put(pattern(1)[:508])
    assert all(alarm.deadline is None for alarm in host.bench.clock.alarms)
    host.put(pattern(1)[508:])
    began = host.bench.clock.now
    (due,) = [a.deadline for a in host.bench.clock.alarms if a.deadline is not None]
    assert due - began == (1024 + 18) * CLOCK
    assert host.state() & BWEN
    host.put(pattern(1))
    assert not host.state() & BWEN and host.rules == []
    assert host.wait(TC) & TC
    assert host.card.contents()[:1024] == pattern(1) * 2
