"""LPSPI as NXP's driver uses it (fsl_lpspi.c, master, polling and interrupts).

Reset values: imxrt-ral. Times: SCK is the functional clock by 2^PRESCALE by (SCKDIV + 2).
"""

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.lpspi import Lpspi
from xipsim.peripherals.spi.device import SpiDevice
from xipsim.peripherals.spi.loopback import Loopback

CR, SR, IER, CFGR1, CCR, FCR, FSR, TCR, TDR, RSR, RDR = (
    *(0x10, 0x14, 0x18, 0x24, 0x40, 0x58, 0x5C, 0x60, 0x64, 0x70, 0x74),
)
TDF, RDF, WCF, FCF, TCF, MBF = (1 << n for n in (0, 1, 8, 9, 10, 24))
RXMSK, CONTC, CONT, LSBF = (1 << n for n in (19, 20, 21, 23))
SIMPLE = 7
"""TCR: frames of eight bits, chip select 0."""
DELAY, BYTE = 500, 8000
"""ns before and behind the chip select, and of a byte at 1 MHz."""


class Listener(SpiDevice):
    """Answers with what it got before, and notes what it sees."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.system, name="listener")
        self.seen: list[str] = []

    def selected(self) -> None:
        self.seen.append("on")

    def deselected(self) -> None:
        self.seen.append("off")

    def exchange(self, byte: int) -> int:
        self.seen.append(f"{byte:02x}")
        return byte ^ 0xFF


def master(bench: Bench, command: int = SIMPLE) -> Lpspi:
    """As LPSPI_MasterInit() leaves it: 132 MHz / 132 = 1 MHz, watermarks 0."""
    spi = Lpspi(bench.system, name="lpspi4")
    spi.write(CR, 0x300)
    spi.write(CFGR1, 1)
    spi.write(CCR, 130 | 64 << 8 | 65 << 16 | 65 << 24)
    spi.write(FCR, 0)
    spi.write(TCR, command)
    spi.write(CR, 1)
    return spi


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_reset_values(bench: Bench) -> None:
    spi = Lpspi(bench.system)
    values = {0x00: 0x0102_0004, 0x04: 0x0004_0404, SR: 1, TCR: 0x1F, RSR: 2}
    for offset in spi.regs:
        if offset != RDR:
            assert spi.read(offset) == values.get(offset, 0), hex(offset)


def test_a_byte_takes_its_time(bench: Bench) -> None:
    spi = master(bench)
    spi.write(TDR, 0xA5)
    assert spi.read(SR) == TDF | MBF
    bench.clock.advance(DELAY + BYTE - 1)
    assert spi.read(SR) == TDF | MBF
    bench.clock.advance(1)
    assert spi.read(SR) == TDF | RDF | WCF | MBF
    bench.clock.advance(DELAY)
    assert spi.read(SR) == TDF | RDF | WCF | FCF | TCF
    assert spi.read(RSR) == 1, "the first word of its transfer"
    assert spi.read(RDR) == 0xFF, "nobody drives the line"
    assert spi.read(RSR) == 2 and bench.events == []


def test_between_transfers_it_waits(bench: Bench) -> None:
    """DBT between one chip select and the next."""
    spi = master(bench)
    spi.write(TDR, 1)
    spi.write(TDR, 2)
    bench.clock.advance(2 * (DELAY + BYTE + DELAY) + DELAY - 2)
    assert not spi.read(SR) & TCF
    bench.clock.advance(4)
    assert spi.read(SR) & TCF


def test_without_continuous_every_frame_has_its_chip_select(bench: Bench) -> None:
    spi, device = master(bench), Listener(bench)
    spi.devices[0] = device
    for byte in b"\x01\x02":
        spi.write(TDR, byte)
    bench.clock.advance(100_000)
    assert device.seen == ["on", "01", "off", "on", "02", "off"]
    assert [spi.read(RDR), spi.read(RDR)] == [0xFE, 0xFD]


def test_a_continuous_transfer_as_the_driver_makes_it(bench: Bench) -> None:
    """LPSPI_MasterTransferBlocking(): CONT and CONTC, the data, both cleared at the end."""
    spi, device = master(bench), Listener(bench)
    spi.devices[0] = device
    spi.write(TCR, SIMPLE)
    assert spi.read(FSR) == 0
    spi.write(TCR, spi.read(TCR) | CONT | CONTC)
    assert spi.read(FSR) == 0 and spi.read(TCR) == SIMPLE | CONT | CONTC
    for byte in b"\x01\x02\x03":
        spi.write(TDR, byte)
    bench.clock.advance(DELAY + 3 * BYTE)
    assert device.seen == ["on", "01", "02", "03"] and spi.read(SR) & (MBF | TCF) == MBF
    spi.write(TCR, SIMPLE)
    bench.clock.advance(DELAY)
    assert device.seen[-1] == "off" and spi.read(SR) & (MBF | TCF) == TCF
    assert [spi.read(RDR) for _ in range(3)] == [0xFE, 0xFD, 0xFC]


def test_a_command_waits_for_the_data_before_it(bench: Bench) -> None:
    spi = master(bench)
    spi.write(TDR, 0)
    spi.write(TCR, 15)
    assert spi.read(TCR) == SIMPLE and spi.read(FSR) == 1
    bench.clock.advance(100_000)
    assert spi.read(TCR) == 15 and spi.read(FSR) & 0x1F == 0


def test_a_masked_receiver_keeps_nothing(bench: Bench) -> None:
    spi = master(bench, SIMPLE | RXMSK)
    for byte in range(10):
        spi.write(TDR, byte)
    bench.clock.advance(1_000_000)
    assert spi.read(FSR) == 0 and spi.read(SR) & TCF


def test_a_full_receive_fifo_stalls(bench: Bench) -> None:
    spi = master(bench)
    for _ in range(2):
        for byte in range(10):
            spi.write(TDR, byte)
        bench.clock.advance(1_000_000)
    assert spi.read(FSR) == 16 << 16 | 4
    for _ in range(4):
        spi.read(RDR)
    bench.clock.advance(1_000_000)
    assert spi.read(FSR) == 16 << 16


def test_a_word_too_many_is_told(bench: Bench) -> None:
    spi = master(bench)
    for byte in range(18):
        spi.write(TDR, byte)
    assert [d.rule for d in bench.diagnostics] == ["lpspi-overflow"]


@pytest.mark.parametrize(
    ("command", "words", "line"),
    [
        (15, [0xABCD], "abcd"),
        (31, [0x12345678], "12345678"),
        (63, [0x11223344, 0x55667788], "1122334455667788"),
        (SIMPLE | LSBF, [0x01], "80"),
        (15 | LSBF, [0x0001], "8000"),
    ],
)
def test_frames_on_the_line(bench: Bench, command: int, words: list[int], line: str) -> None:
    spi, device = master(bench, command), Listener(bench)
    spi.devices[0] = device
    for word in words:
        spi.write(TDR, word)
    bench.clock.advance(1_000_000)
    assert "".join(device.seen[1:-1]) == line
    bits = min(command + 1 & 0xFFF, 32)
    assert [spi.read(RDR) for _ in words] == [~word & (1 << bits) - 1 for word in words]


def test_a_device_on_another_chip_select_is_left_alone(bench: Bench) -> None:
    spi, device = master(bench, SIMPLE | 1 << 24), Listener(bench)
    spi.devices[0], spi.devices[1] = device, Loopback(bench.system)
    spi.write(TDR, 0x5A)
    bench.clock.advance(100_000)
    assert device.seen == [] and spi.read(RDR) == 0x5A


def test_power_on_selects_a_device_no_more_whose_chip_select_is_the_controllers(
    bench: Bench,
) -> None:
    """Only what a wired pin drives outlives it: that tells its level when it changes."""
    device = Listener(bench)
    device.chip_select(True)
    assert device.is_selected
    device.reset(ResetCause.SOFTWARE)
    assert device.is_selected, "it has no part in a reset of the microcontroller"
    device.reset(ResetCause.POWER_ON)
    assert not device.is_selected


def test_a_wired_pin_is_the_chip_select(bench: Bench) -> None:
    """It stays selected over several transfers; a reset of the machine changes no pin."""
    spi, device = master(bench), Listener(bench)
    spi.devices[0] = device
    device.on_input(0, True)
    spi.write(TDR, 1)
    bench.clock.advance(100_000)
    assert device.seen == []
    device.on_input(0, False)
    for byte in (2, 3):
        spi.write(TDR, byte)
        bench.clock.advance(100_000)
    device.reset(ResetCause.POWER_ON)
    device.on_input(0, True)
    assert device.seen == ["on", "02", "03", "off"]


def test_interrupts(bench: Bench) -> None:
    spi = master(bench)
    spi.write(IER, TDF)
    assert spi.IRQ.level
    spi.write(IER, RDF)
    assert not spi.IRQ.level
    spi.write(TDR, 1)
    bench.clock.advance(100_000)
    assert spi.IRQ.level
    spi.read(RDR)
    assert not spi.IRQ.level
    spi.write(IER, TCF)
    assert spi.IRQ.level
    spi.write(SR, TCF)
    assert not spi.IRQ.level


def test_the_clock_that_ccm_selects(bench: Bench) -> None:
    """MicroPython: PLL2 by 5, 105.6 MHz; then PLL3's divider 0 at 720 MHz by 5."""
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    spi = Lpspi(bench.system, ccm=ccm, ccm_analog=analog)
    spi.write(CFGR1, 1)
    for source, hertz in ((2, 105_600_000), (1, 144_000_000)):
        ccm.write(0x18, source << 4 | 4 << 26)
        spi.write(CR, 0x301)
        spi.write(TCR, SIMPLE)
        spi.write(TDR, 0)
        began = bench.clock.now
        expected = 8 * 2 * 10**9 / hertz + 10**9 / hertz
        while not spi.read(SR) & WCF:
            bench.clock.advance(1)
        assert bench.clock.now - began == pytest.approx(expected, abs=3)
        bench.clock.advance(1000)
        spi.write(SR, WCF)


@pytest.mark.parametrize(
    ("offset", "value", "what"),
    [
        (0x1C, 1, "DER.TDDE: DMA"),
        (CFGR1, 1 << 3 | 1, "CFGR1.NOSTALL: going on with an empty or full FIFO"),
    ],
)
def test_what_is_not_modelled_is_told(bench: Bench, offset: int, value: int, what: str) -> None:
    spi = master(bench)
    spi.write(offset, value)
    assert [gap.what for gap in bench.gaps] == [what]


def test_a_software_reset_asks_for_no_slave(bench: Bench) -> None:
    """LPSPI_Reset() leaves MEN as it was; CFGR1.MASTER is 0 then."""
    spi = master(bench)
    spi.write(CR, spi.read(CR) | 2 | 0x300)
    spi.write(CR, 0)
    assert bench.gaps == []
    spi.write(CR, 1)
    assert [gap.what for gap in bench.gaps] == ["CFGR1.MASTER: slave mode"]


# -- FIFOs, by their edges -------------------------------------------------------------------------


@pytest.mark.parametrize("water", [0, 1, 7, 15])
def test_watermarks(bench: Bench, water: int) -> None:
    """TDF: at most TXWATER words are left to send; RDF: more than RXWATER are received."""
    spi = master(bench)
    spi.write(CFGR1, 1)
    spi.write(FCR, water << 16 | water)
    spi.write(TDR, 0)  # goes on the bus at once
    for waiting in range(16):
        assert bool(spi.read(SR) & TDF) == (waiting <= water), waiting
        assert spi.read(FSR) == waiting
        spi.write(TDR, 0)
    assert bench.diagnostics == [] and spi.read(FSR) == 16
    bench.clock.advance(1_000_000)
    for received in range(16, -1, -1):
        assert bool(spi.read(SR) & RDF) == (received > water), received
        assert spi.read(RSR) >> 1 & 1 == (received == 0)
        if received == 16:
            bench.clock.advance(1_000_000)
            spi.write(CR, 1 << 8 | 1)  # a seventeenth word waits for room: RTF
            assert spi.read(FSR) == 16 << 16
        if received:
            spi.read(RDR)
            spi.write(CR, 1)


@pytest.mark.parametrize(("bit", "left"), [(0x100, 1 << 16), (0x200, 1), (0x300, 0)])
def test_each_fifo_is_emptied_by_its_own_bit(bench: Bench, bit: int, left: int) -> None:
    """CR: RTF is bit 8, RRF is bit 9; both read 0."""
    spi = master(bench)
    spi.write(TDR, 1)
    bench.clock.advance(1_000_000)
    spi.write(TDR, 2)
    spi.write(TDR, 3)
    spi.write(CR, 1 | bit)
    assert spi.read(FSR) == left and spi.read(CR) == 1


def test_an_empty_receive_fifo_is_told(bench: Bench) -> None:
    spi = master(bench)
    assert spi.read(RDR) == 0 and spi.peek(RDR) == 0
    assert [d.rule for d in bench.diagnostics] == ["lpspi-underflow"]


def test_only_the_first_word_of_a_transfer_is_marked(bench: Bench) -> None:
    """RSR.SOF is bit 0; RDR shows 32 bits of each word, whoever looks."""
    spi = master(bench, 31 | CONT)
    for word in (1, 2):
        spi.write(TDR, word)
    bench.clock.advance(1_000_000)
    assert spi.read(RSR) == 1 and spi.peek(RDR) == spi.read(RDR) == 0xFFFF_FFFF
    assert spi.read(RSR) == 0 and spi.read(RDR) == 0xFFFF_FFFF
    spi.write(TCR, 31)
    spi.write(TDR, 3)
    bench.clock.advance(1_000_000)
    assert spi.read(RSR) == 1


# -- time ------------------------------------------------------------------------------------------


class Timed(Listener):
    """Notes when, too."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.times: list[tuple[str, int]] = []
        self.clock = bench.clock

    def selected(self) -> None:
        self.times.append(("on", self.clock.now))

    def deselected(self) -> None:
        self.times.append(("off", self.clock.now))

    def exchange(self, byte: int) -> int:
        self.times.append((f"{byte:02x}", self.clock.now))
        return 0


@pytest.mark.parametrize("prescale", [0, 1, 2, 5])
def test_every_part_of_a_transfer_takes_its_clocks(bench: Bench, prescale: int) -> None:
    """CCR: SCKDIV + 2 for a bit, PCSSCK + 1 before the first, SCKPCS + 1 behind the last, DBT + 2
    before the next chip select; each of the clock divided by 2^PRESCALE."""
    spi, device = master(bench), Timed(bench)
    spi.frequency = 1_000_000_000  # a cycle is a nanosecond
    spi.devices[0] = device
    spi.write(CCR, 100 | 17 << 8 | 40 << 16 | 60 << 24)
    spi.write(TCR, prescale << 27 | 15)
    spi.write(TDR, 0x1234)
    spi.write(TDR, 0x5678)
    bench.clock.advance(1_000_000)
    frame, unit = 16 * 102, 1 << prescale
    last = (41 + frame) * unit
    off = last + 61 * unit
    again = off + (19 + 41 + frame) * unit
    assert device.times == [
        *(("on", 0), ("12", last), ("34", last), ("off", off)),
        *(("on", off), ("56", again), ("78", again), ("off", again + 61 * unit)),
    ]


def test_the_delay_between_transfers_is_over_when_nothing_was_sent_meanwhile(bench: Bench) -> None:
    """DBT counts from the last chip select, not from the next word."""
    spi = master(bench)
    spi.write(TDR, 0)
    bench.clock.advance(DELAY + BYTE + DELAY)
    for pause in (0, DELAY // 4, DELAY, 10 * DELAY):
        bench.clock.advance(pause)
        spi.write(SR, WCF)
        spi.write(TDR, 0)
        bench.clock.advance(max(0, DELAY - pause) + DELAY + BYTE - 1)
        assert not spi.read(SR) & WCF
        bench.clock.advance(1)
        assert spi.read(SR) & WCF
        bench.clock.advance(DELAY)


@pytest.mark.parametrize(
    ("select", "hertz"),
    [(0, 480_000_000 * 18 / 16), (1, 720_000_000), (2, 528_000_000), (3, 396_000_000)],
)
@pytest.mark.parametrize("podf", [0, 3, 7])
def test_each_source_of_its_clock(bench: Bench, select: int, hertz: float, podf: int) -> None:
    """CBCMR.LPSPI_CLK_SEL: PFD1 and PFD0 of PLL3, PLL2, its PFD2; LPSPI_PODF + 1. PFDs as reset."""
    ccm, analog = Ccm(bench.system), CcmAnalog(bench.system)
    spi = Lpspi(bench.system, ccm=ccm, ccm_analog=analog)
    ccm.write(0x18, select << 4 | podf << 26)
    for offset, value in ((CFGR1, 1), (CCR, 98), (CR, 1), (TCR, 999), (TDR, 0)):
        spi.write(offset, value)
    (due,) = [a.deadline for a in bench.clock.alarms if a.deadline is not None]
    one, frame = (-(-n * (podf + 1) * 10**9 // int(hertz)) for n in (1, 32 * 100))
    assert due == one + frame


@pytest.mark.parametrize("offset", [SR, FSR, RSR])
def test_who_polls_waits_for_the_end_of_the_word(bench: Bench, offset: int) -> None:
    spi = master(bench)
    spi.write(TDR, 0)
    spi.read(offset)
    bench.clock.advance(1_000_000)
    spi.read(offset)
    assert bench.clock.questions == [("lpspi4", DELAY + BYTE), ("lpspi4", None)]


# -- frames and commands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "words", "line"),
    [
        (8, [0x1FF], "ff"),
        (24, [0xFF12_3456], "123456"),
        (40, [0x1122_3344, 0xFFFF_FF55], "1122334455"),
        (64, [0x1122_3344, 0x5566_7788], "1122334455667788"),
        (72, [0x1122_3344, 0x5566_7788, 0x99], "112233445566778899"),
    ],
)
def test_a_frame_is_cut_into_words(bench: Bench, bits: int, words: list[int], line: str) -> None:
    """FRAMESZ + 1 bits, 32 to a word, the last has what is left; WCF for each, FCF at the end."""
    spi, device = master(bench, bits - 1), Listener(bench)
    spi.devices[0] = device
    flags = []
    for word in words:
        spi.write(TDR, word)
        bench.clock.advance(DELAY + 32 * 1000)
        flags.append(spi.read(SR) & (WCF | FCF))
        spi.write(SR, 0x3F00)
    bench.clock.advance(1_000_000)
    assert flags[:-1] == [WCF] * (len(words) - 1)
    assert spi.read(SR) & FCF or flags[-1] == WCF | FCF
    assert device.seen == ["on", *(line[n : n + 2] for n in range(0, len(line), 2)), "off"]


def test_a_command_in_a_continuous_transfer_changes_the_frames_behind_it(bench: Bench) -> None:
    """CONTC: the transfer goes on with the new command; without it, it ends."""
    spi, device = master(bench), Listener(bench)
    spi.devices[0] = device
    for offset, value in (
        *((TCR, SIMPLE | CONT), (TDR, 1)),
        *((TCR, 15 | CONT | CONTC), (TDR, 0x0203)),
        *((TCR, SIMPLE | CONT | CONTC | RXMSK), (TDR, 4)),
        *((TCR, SIMPLE | CONT), (TDR, 5)),
        (TCR, SIMPLE),
    ):
        spi.write(offset, value)
    bench.clock.advance(1_000_000)
    assert device.seen == ["on", "01", "02", "03", "04", "off", "on", "05", "off"]
    assert spi.read(FSR) == 3 << 16, "4 was not received"
    assert spi.read(SR) & (TCF | MBF) == TCF


@pytest.mark.parametrize("place", range(4))
def test_each_chip_select(bench: Bench, place: int) -> None:
    """TCR.PCS is bits 25 and 24."""
    spi, devices = master(bench, SIMPLE | place << 24), [Listener(bench) for _ in range(4)]
    spi.devices.update(enumerate(devices))
    spi.write(TDR, 7)
    bench.clock.advance(1_000_000)
    assert [bool(device.seen) for device in devices] == [n == place for n in range(4)]


@pytest.mark.parametrize("bits", [8, 24, 32])
def test_the_lowest_bit_first(bench: Bench, bits: int) -> None:
    """LSBF, both ways: what comes back as it went out."""
    spi = master(bench, bits - 1 | LSBF)
    spi.devices[0] = Loopback(bench.system)
    spi.write(TDR, 0xF040_3021)
    bench.clock.advance(1_000_000)
    assert spi.read(RDR) == 0xF040_3021 & (1 << bits) - 1


def test_it_begins_only_as_an_enabled_master(bench: Bench) -> None:
    spi = Lpspi(bench.system)
    spi.write(TCR, SIMPLE)
    spi.write(TDR, 1)
    assert spi.read(FSR) == 2 and spi.read(SR) & (MBF | TDF) == MBF
    spi.write(CR, 1)
    bench.clock.advance(1_000_000)
    assert spi.read(FSR) == 2, "no master"
    spi.write(CR, 0)
    spi.write(CFGR1, 1)
    bench.clock.advance(1_000_000)
    assert spi.read(FSR) == 2, "not enabled"
    spi.write(CR, 1)
    bench.clock.advance(1_000_000)
    assert spi.read(FSR) == 1 << 16


def test_a_software_reset_keeps_the_control_register_alone(bench: Bench) -> None:
    """CR.RST: all other registers have their reset values as long as it is set."""
    spi = master(bench)
    spi.write(IER, 0x3F03)
    spi.write(TDR, 1)
    bench.clock.advance(1_000_000)
    spi.write(CR, 0xB)
    values = {0x00: 0x0102_0004, 0x04: 0x0004_0404, CR: 0xB, SR: 1, TCR: 0x1F, RSR: 2}
    assert {offset: spi.peek(offset) for offset in spi.regs} == {
        offset: values.get(offset, 0) for offset in spi.regs
    }
    assert not spi.IRQ.level and bench.gaps == []
