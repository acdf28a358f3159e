"""FlexSPI's flags, counters and sequence numbers, one by one. Facts: imxrt.md section 3."""

from __future__ import annotations

import pytest
from flexspi_fakes import MIMXRT_LUT, FakeChip, Rig

from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi

STATUS, WRITE_ENABLE, ERASE, PROGRAM, JUMPS, LAST = 1, 3, 5, 10, 12, 15
AHB_GRANT, IP_ERROR, AHB_ERROR = 1 << 2, 1 << 3, 1 << 4
STOPPED_BY_READ, STOPPED_BY_WRITE, BUS_TIMEOUT = 1 << 8, 1 << 9, 1 << 10
LONG = 100_000
"""ns; more than any of these commands is on the bus."""
LUT = list(MIMXRT_LUT)
LUT[4 * JUMPS] = 0x7C00_0406  # 06h, JMP_ON_CS
LUT[4 * LAST] = 0x0406
LUT[4 * (WRITE_ENABLE + 1) : 4 * (WRITE_ENABLE + 1) + 2] = LUT[4 * PROGRAM : 4 * PROGRAM + 2]


@pytest.fixture
def rig() -> Rig:
    bench = Bench()
    rig = Rig(FakeChip(bench), FakeChip(bench, name="second"), bench=bench)
    rig.enable(*LUT, sizes=(64, 64, 0, 0))
    return rig


def opcodes(rig: Rig) -> list[int | None]:
    """Of the first chip's cycles."""
    return [t.opcode for t in rig.spi.chips[0].seen]  # type: ignore[attr-defined]


# -- sequences -------------------------------------------------------------------------------------


def test_behind_the_last_sequence_comes_the_first(rig: Rig) -> None:
    rig.set(FlexSpi.FLSHCR2, LAST | 1 << 5)
    rig.window.read(0x100, 4)
    assert opcodes(rig) == [0x06, 0xEB]
    rig.start(LAST, 0x100, 4, count=2)
    rig.bench.clock.advance(LONG)
    assert opcodes(rig)[2:] == [0x06, 0xEB]


def test_a_store_of_several_sequences(rig: Rig) -> None:
    rig.set(FlexSpi.FLSHCR2, WRITE_ENABLE << 8 | 1 << 13)
    rig.window.write(0x100, 0x0403_0201)
    assert opcodes(rig) == [0x06, 0x32]
    assert rig.spi.chips[0].array[0x100:0x104] == b"\x01\x02\x03\x04"  # type: ignore[attr-defined]


def test_a_store_cannot_jump(rig: Rig) -> None:
    rig.set(FlexSpi.FLSHCR2, WRITE_ENABLE << 8 | 7 << 13)  # 3 to 10, and 10 is the program
    with_jump = [*LUT]
    with_jump[4 * 9] = 0x7C00_0406
    rig.load_lut(with_jump)
    with pytest.raises(BusError):
        rig.window.write(0x100, 1)
    assert rig.get(FlexSpi.INTR) & AHB_ERROR
    assert rig.get(FlexSpi.STS1) & 0xF0F == 0x209, "sequence 9, JMP_ON_CS used wrongly"


def test_the_same_settings_for_all_chip_selects(rig: Rig) -> None:
    """SAMEDEVICEEN: A1's registers count, for sequences as well as for sizes."""
    seen = rig.spi.chips[1].seen  # type: ignore[attr-defined]
    rig.set(FlexSpi.FLSHCR2, LAST | 1 << 5, 1)
    rig.spi.read_flash(0x1_0100, 4)
    assert [t.opcode for t in seen] == [0x06, 0xEB]
    rig.set(FlexSpi.MCR2, 0x2000_81F7)
    rig.spi.read_flash(0x1_0100, 4)
    assert [t.opcode for t in seen] == [0x06, 0xEB, 0xEB]


# -- flags -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "flag"), [(STATUS + 1, BUS_TIMEOUT), (JUMPS, 0), (WRITE_ENABLE, BUS_TIMEOUT)]
)
def test_a_read_that_gets_no_data_raises_the_interrupt(rig: Rig, control: int, flag: int) -> None:
    rig.set(FlexSpi.INTEN, BUS_TIMEOUT)
    rig.set(FlexSpi.FLSHCR2, control)
    with pytest.raises(BusError):
        rig.window.read(0x100, 4)
    if flag:
        assert rig.get(FlexSpi.INTR) & flag
        assert rig.spi.IRQ.level
        rig.set(FlexSpi.INTR, flag)
        assert not rig.spi.IRQ.level


def test_an_access_during_a_command_raises_the_interrupt(rig: Rig) -> None:
    rig.set(FlexSpi.INTEN, AHB_GRANT)
    rig.start(PROGRAM, 0x100, 16)
    with pytest.raises(BusError):
        rig.window.read(0x100, 4)
    assert rig.get(FlexSpi.INTR) & AHB_GRANT
    assert rig.spi.IRQ.level


def test_an_access_during_a_command_is_given_up_in_time(rig: Rig) -> None:
    """MCR0.AHBGRANTWAIT, here 1: 1,024 AHB clocks of 600 MHz."""
    rig.set(FlexSpi.MCR0, 0x01FF_8010)
    rig.start(PROGRAM, 0x100, 16)
    before = rig.bench.clock.now
    with pytest.raises(BusError):
        rig.window.read(0x100, 4)
    assert rig.bench.clock.now - before == 1_707


def test_who_drives_the_bus_and_what_it_waits_for(rig: Rig) -> None:
    assert rig.get(FlexSpi.STS0) == 3, "idle"
    rig.start(PROGRAM, 0x100, 16)
    assert rig.get(FlexSpi.STS0) == 2 << 2, "the IP command"
    rig.bench.clock.advance(LONG)
    assert rig.get(FlexSpi.INTR) & (STOPPED_BY_READ | STOPPED_BY_WRITE) == STOPPED_BY_WRITE
    rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1)
    assert rig.get(FlexSpi.STS0) == 3
    rig.start(0, 0, 200)
    rig.bench.clock.advance(LONG)
    assert rig.get(FlexSpi.INTR) & (STOPPED_BY_READ | STOPPED_BY_WRITE) == STOPPED_BY_READ
    assert rig.get(FlexSpi.STS0) == 2 << 2


def test_each_kind_of_error_is_acknowledged_by_itself(rig: Rig) -> None:
    rig.set(FlexSpi.FLSHCR2, LAST << 8 | 5 << 13)  # 15, 0, 1, 2, 3, 4: the last one writes
    words = [*LUT]
    words[4 * LAST] = 0x7C00_0406
    rig.load_lut(words)
    with pytest.raises(BusError):
        rig.window.write(0, 1)
    rig.set(FlexSpi.IPCR1, JUMPS << 16)
    rig.set(FlexSpi.IPCMD, 1)
    assert rig.get(FlexSpi.STS1) == (2 << 24 | JUMPS << 16 | 2 << 8 | LAST)
    rig.set(FlexSpi.INTR, AHB_ERROR)
    assert rig.get(FlexSpi.STS1) == (2 << 24 | JUMPS << 16)
    rig.set(FlexSpi.INTR, IP_ERROR)
    assert rig.get(FlexSpi.STS1) == 0


def test_a_software_reset_leaves_the_flags_of_the_fifos_alone_set(rig: Rig) -> None:
    rig.start(JUMPS)
    rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1)
    assert rig.get(FlexSpi.INTR) == 0x40, "there is room in the transmit FIFO"
    assert rig.get(FlexSpi.STS1) == 0
    assert not rig.get(FlexSpi.MCR0) & 1, "SWRESET clears itself"


@pytest.mark.parametrize(("port", "locks"), [(0, 3), (1, 3 << 16)])
def test_each_delay_line_locks_when_it_is_enabled(rig: Rig, port: int, locks: int) -> None:
    rig.set(FlexSpi.DLLCR, 0x79, port)
    assert rig.get(FlexSpi.STS2) & 0x3_0003 == locks


# -- where a command may go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "size", "fails"),
    [(0xFFFC, 4, False), (0xFFFC, 5, True), (0x1_0000, 4, False), (0x1_FFFC, 8, True)],
)
def test_a_command_ends_within_its_chip(rig: Rig, address: int, size: int, fails: bool) -> None:
    rig.start(0, address, size)
    assert bool(rig.get(FlexSpi.INTR) & IP_ERROR) is fails
    if fails:
        assert rig.get(FlexSpi.STS1) >> 24 == 0xF, "a boundary is crossed"


def test_a_command_without_an_address_crosses_nothing(rig: Rig) -> None:
    rig.start(STATUS, 0xFFFF, 4)
    assert not rig.get(FlexSpi.INTR) & IP_ERROR


def test_only_bits_22_to_0_of_a_size_count(rig: Rig) -> None:
    rig.set(FlexSpi.FLSHCR0, 0x8000_0000 | 128)
    assert rig.window.read(0x1_0000, 4) == 0xFFFF_FFFF, "the first chip, from its beginning"
    assert rig.spi.chips[1].seen == []  # type: ignore[attr-defined]


# -- FIFOs -----------------------------------------------------------------------------------------


def test_wrcntr_counts_what_is_pushed_by_its_watermark(rig: Rig) -> None:
    rig.set(FlexSpi.INTR, 0x40)
    assert rig.get(FlexSpi.IPTXFSTS) == 1 << 16 | 1
    rig.set(FlexSpi.IPTXFCR, 3 << 2)  # four entries at a time
    rig.set(FlexSpi.INTR, 0x40)
    assert rig.get(FlexSpi.IPTXFSTS) == 5 << 16 | 5
    rig.set(FlexSpi.IPTXFCR, 3 << 2 | 1)
    assert rig.get(FlexSpi.IPTXFSTS) == 0
    assert rig.get(FlexSpi.IPTXFCR) == 3 << 2, "CLRIPTXF clears itself"


def test_what_was_cleared_is_not_sent(rig: Rig) -> None:
    rig.set(FlexSpi.TFDR, 0xEEEE_EEEE)
    rig.set(FlexSpi.INTR, 0x40)
    rig.command(WRITE_ENABLE)
    assert rig.send(PROGRAM, 0x100, b"\x01\x02\x03\x04\x05\x06\x07\x08") == 0
    (program,) = (t for t in rig.spi.chips[0].seen if t.opcode == 0x32)  # type: ignore[attr-defined]
    assert program.write == b"\x01\x02\x03\x04\x05\x06\x07\x08"


def test_the_ahb_side_of_the_transmit_fifo_ends_with_it(rig: Rig) -> None:
    rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1 << 7)
    rig.tx.write(124, 0xEE03_0201)
    rig.tx.write(127, 0x04, 1)
    rig.tx.write(128, 0xFFFF_FFFF)
    assert rig.spi.TFDR[31] == 0x0403_0201
    assert rig.spi.TFDR[0] == 0


@pytest.mark.parametrize("bit", range(10, 15))
def test_word_and_column_addresses_end_native_reads(rig: Rig, bit: int) -> None:
    """WA and CAS of FLSHxxCR1: addresses are sent in another form."""
    segment = rig.window.segments[0]
    assert segment.is_native
    rig.set(FlexSpi.FLSHCR1, 0x63 | 1 << bit)
    assert not segment.is_native
    rig.set(FlexSpi.FLSHCR1, 0x63)
    assert segment.is_native


# -- what is not modelled --------------------------------------------------------------------------


def test_parallel_commands_are_a_gap(rig: Rig) -> None:
    rig.set(FlexSpi.IPCR1, WRITE_ENABLE << 16)
    rig.set(FlexSpi.IPCMD, 1)
    rig.bench.clock.advance(LONG)
    assert rig.bench.gaps == []
    rig.set(FlexSpi.IPCR1, WRITE_ENABLE << 16 | 1 << 31)
    rig.set(FlexSpi.IPCMD, 1)
    assert [gap.what for gap in rig.bench.gaps] == ["IPCR1: parallel mode"]


def test_a_software_reset_empties_the_fifos_and_their_counters(rig: Rig) -> None:
    rig.set(FlexSpi.INTR, 0x40)
    rig.start(STATUS, 0, 20)
    rig.bench.clock.advance(LONG)
    rig.set(FlexSpi.INTR, 0x20)
    assert rig.get(FlexSpi.IPRXFSTS) == 1 << 16 | 2
    rig.set(FlexSpi.INTR, 0x40)
    assert rig.get(FlexSpi.IPTXFSTS) == 1 << 16 | 1
    rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1)
    for register in (FlexSpi.IPRXFSTS, FlexSpi.IPTXFSTS):
        assert rig.get(register) == rig.spi.peek(register.offset) == 0


def test_a_software_reset_takes_every_pointer_back(rig: Rig) -> None:
    rig.spi.pointers = [1, 2, 3, 4]
    rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1)
    assert rig.spi.pointers == [0, 0, 0, 0]


@pytest.mark.parametrize("enabled", [False, True])
def test_rfdr_shows_nothing_while_the_fifo_is_on_the_ahb(rig: Rig, enabled: bool) -> None:
    rig.spi.chips[0].array[:8] = b"\x12\x34\x56\x78\x9a\xbc\xde\xf0"  # type: ignore[attr-defined]
    rig.start(0, 0, 8)
    rig.bench.clock.advance(LONG)
    if enabled:
        rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1 << 6)
    words = [0, 0, 0] if enabled else [0x78563412, 0xF0DEBC9A, 0]
    assert [rig.get(FlexSpi.RFDR, index) for index in range(3)] == words
    assert [rig.spi.peek(0x100 + 4 * index) for index in range(3)] == words
    assert [rig.get(FlexSpi.TFDR, index) for index in range(3)] == [0, 0, 0]
    wrong = ["wrong-fifo-port"] * 3 if enabled else []
    assert [d.rule for d in rig.bench.diagnostics] == wrong


def test_an_empty_sequence_takes_no_time(rig: Rig) -> None:
    rig.set(FlexSpi.FLSHCR1, 0xFFFF_03FF)  # all times as long as can be
    began = rig.bench.clock.now
    rig.start(2)
    assert rig.get(FlexSpi.INTR) & 1
    assert rig.bench.clock.now == began
    assert opcodes(rig) == []
    rig.start(2)
    assert rig.get(FlexSpi.INTR) & 1
    assert rig.bench.clock.now == began, "chip select was never low"
    assert [d.rule for d in rig.bench.diagnostics] == ["lut-empty"] * 2


@pytest.mark.parametrize(
    ("sequence", "size", "native"),
    [(STATUS, 1, True), (WRITE_ENABLE, 0, True), (ERASE, 0, False), (4, 1, False), (0, 128, True),
     (0, 129, False)],
)  # fmt: skip
def test_commands_during_which_the_window_is_not_native(
    rig: Rig, sequence: int, size: int, native: bool
) -> None:
    """Those behind which the chip is busy, and those whose end depends on the firmware."""
    words = [*LUT]
    words[16] = 0x2001_0401  # sequence 4: a status register is written
    rig.load_lut(words)
    assert rig.window.segments[0].is_native
    rig.start(sequence, 0, size)
    assert rig.window.segments[0].is_native == native


def test_that_the_clock_stood_still_stays_to_be_seen(rig: Rig) -> None:
    """SCKSTOPBYRD, like every flag, until a one is written to it; it takes no other flag away."""
    rig.start(PROGRAM, 0x100, 16)
    rig.set(FlexSpi.MCR0, 0x01FF_8010)
    with pytest.raises(BusError):
        rig.window.read(0x100, 4)
    rig.set(FlexSpi.MCR0, rig.get(FlexSpi.MCR0) | 1)
    rig.set(FlexSpi.INTR, STOPPED_BY_WRITE)
    with_grant = rig.get(FlexSpi.INTR) & AHB_GRANT
    rig.set(FlexSpi.IPCR0, 0)
    rig.set(FlexSpi.IPCR1, 200)
    rig.set(FlexSpi.IPCMD, 1)
    rig.bench.clock.advance(LONG)
    for _ in range(2):
        rig.set(FlexSpi.INTR, 0x20)
        assert rig.get(FlexSpi.INTR) & (STOPPED_BY_READ | AHB_GRANT) == STOPPED_BY_READ | with_grant
    rig.set(FlexSpi.INTR, STOPPED_BY_READ)
    assert not rig.get(FlexSpi.INTR) & STOPPED_BY_READ


@pytest.mark.parametrize("bit", range(15))
def test_the_unit_of_addresses(rig: Rig, bit: int) -> None:
    """FLSHxxCR1: bit 10 is WA, addresses of words; the others below CAS leave addresses alone."""
    rig.set(FlexSpi.FLSHCR1, 1 << bit)
    rig.start(0, 0x2468, 4)
    rig.bench.clock.advance(LONG)
    seen = rig.spi.chips[0].seen[-1]  # type: ignore[attr-defined]
    column = 1 << bit - 11 if bit > 10 else 0
    assert seen.address == (0x1234 if bit == 10 else 0x2468 >> column)


@pytest.mark.parametrize(
    ("words", "native"),
    [
        ((0x0A18_04EB, 0x2604_3206, 0), True),
        ((0x0A18_04EB, 0x2800_3206, 0x2604), False),  # LEARN, which the model lacks
        ((0x0A18_04EB, 0x4000_3206, 0x2604), False),  # no instruction
    ],
)
def test_reads_by_what_the_model_lacks_are_not_native(
    rig: Rig, words: tuple[int, ...], native: bool
) -> None:
    lut = [*LUT]
    lut[:3] = words
    rig.load_lut(lut)
    assert rig.window.segments[0].is_native == native
