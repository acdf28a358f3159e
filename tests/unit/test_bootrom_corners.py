"""What the boot ROM sets up, for how long it waits, and which headers it takes, one by one.

Facts: imxrt.md 2; FLSHxxCRn, MCR0: 3.1; clocks: `flexspi_clock_config` of the vendor's published
FlexSPI NOR driver.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from flexspi_fakes import ERASE_TIME, MIMXRT_LUT, WINDOW
from test_bootrom import (
    OCRAM,
    RAM,
    SIZE,
    VECTORS,
    Board,
    board_with_dcd,
    command,
    dcd,
    fcb,
    image,
    put,
    ram_image,
    with_command,
)
from test_romapi import CONFIG, SUCCESS, Caller

from xipsim.peripherals.core import BootError, Entry
from xipsim.peripherals.imxrt.bootrom import BootRom
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.flexspi import FlexSpi

SECOND = 1_000_000_000
WINDOW_SIZE = 0x1000_0000


def clocked(board: Board) -> tuple[Ccm, CcmAnalog]:
    ccm, analog = Ccm(board.bench.system), CcmAnalog(board.bench.system)
    board.rom = BootRom(board.bench.system, flexspi=board.rig.spi, ccm=ccm, ccm_analog=analog)
    return ccm, analog


def waits(board: Board) -> list[tuple[int, int]]:
    """Boots; when the ROM has said so, and for when it wants to go on."""
    found = []
    for until in board.rom.boot():
        found.append((board.bench.clock.now, until))
        board.bench.clock.advance(until - board.bench.clock.now)
    return found


# -- what it sets up -------------------------------------------------------------------------------


def test_without_an_fcb_all_is_as_it_was_for_the_search() -> None:
    """Reads by 03h on one line, sampled without DQS, at 30 MHz."""
    board = Board(b"")
    ccm, analog = clocked(board)
    board.refuse()
    get = board.rig.get
    assert get(FlexSpi.MCR0) == 0xFFFF_8000
    assert [get(FlexSpi.LUT, index) for index in range(4)] == [0x0818_0403, 0x2404, 0, 0]
    assert (analog.read(0xF0) & 0x3F, (ccm.read(0x1C) >> 23 & 7) + 1) == (34, 8)


def test_every_chip_select_is_set_up() -> None:
    block = fcb()
    put(block, 0x50, "4I", SIZE, 0x8000, 0x4000, 0x2000)
    board = Board(image(block))
    board.boot()
    registers = (FlexSpi.FLSHCR0, FlexSpi.FLSHCR1, FlexSpi.FLSHCR2)
    found = [[board.rig.get(register, index) for index in range(4)] for register in registers]
    assert found == [[64, 32, 16, 8], [0x63] * 4, [9 << 8] * 4]


@pytest.mark.parametrize(
    ("setup", "hold", "column", "misc", "timing"),
    [
        (0x11, 0x0E, 0, 0, 0x0E << 5 | 0x11),
        (0x0E, 0x11, 0, 0, 0x11 << 5 | 0x0E),
        (0xFF, 0xE1, 0, 0, 1 << 5 | 0x1F),
        (0, 0, 9, 0, 9 << 11),
        (0, 0, 0xF6, 8, 6 << 11 | 1 << 10),
    ],
)
def test_times_of_chip_select_and_the_unit_of_addresses(
    setup: int, hold: int, column: int, misc: int, timing: int
) -> None:
    """FLSHxxCR1: TCSS, TCSH, CAS, WA."""
    block = fcb()
    block[0x0D:0x10] = hold, setup, column
    put(block, 0x40, "I", misc)
    board = Board(image(block))
    with contextlib.suppress(BootError):
        board.boot()
    assert board.rig.get(FlexSpi.FLSHCR1) == timing


@pytest.mark.parametrize(("first", "count"), [(10, 1), (5, 3), (15, 8), (8, 5)])
def test_stores_run_the_sequences_that_program(first: int, count: int) -> None:
    """FLSHxxCR2.AWRSEQID and AWRSEQNUM, from lutCustomSeq."""
    block = fcb()
    block[0x47] = 1
    block[0x190:0x192] = count, first
    board = Board(image(block))
    board.boot()
    assert board.rig.get(FlexSpi.FLSHCR2) == first << 8 | (count - 1) << 13


@pytest.mark.parametrize("source", range(4))
def test_where_read_data_are_sampled(source: int) -> None:
    """readSampleClkSrc: MCR0.RXCLKSRC."""
    block = fcb()
    block[0x0C] = source
    board = Board(image(block))
    board.boot()
    assert board.rig.get(FlexSpi.MCR0) == 0xFFFF_8000 | source << 4


SDR = ((34, 8), (22, 8), (24, 6), (30, 4), (18, 6), (14, 6), (13, 5), (13, 4), (22, 2))
DDR = ((24, 6), (22, 4), (12, 6), (30, 2), (18, 3), (22, 2), (33, 1), (13, 2), (22, 1))
"""PFD0_FRAC and the divider, by serialClkFreq."""


@pytest.mark.parametrize(
    ("code", "is_ddr", "expected"),
    [
        *((code, False, pair) for code, pair in enumerate(SDR, 1)),
        *((code, True, pair) for code, pair in enumerate(DDR, 1)),
        (0, True, SDR[0]), (10, False, SDR[0]), (10, True, DDR[0]),
    ],
)  # fmt: skip
def test_fraction_and_divider(code: int, is_ddr: bool, expected: tuple[int, int]) -> None:
    block = fcb()
    block[0x40], block[0x46] = is_ddr << 6, code
    board = Board(image(block))
    ccm, analog = clocked(board)
    board.boot()
    assert (analog.read(0xF0) & 0x3F, (ccm.read(0x1C) >> 23 & 7) + 1) == expected
    assert analog.read(0xF0) & 0x3F3F_3F80 == 0x1311_1000, "the other dividers, and no gate"
    assert analog.read(0x10) == 0x8000_3000, "LOCK, ENABLE, POWER"


def test_what_the_firmware_has_left_in_the_fifos_is_gone_with_init() -> None:
    caller = Caller()
    rig = caller.board.rig
    rig.start(0, 0, 64)
    rig.wait(1_000)
    rig.set(FlexSpi.IPRXFCR, 3 << 2)
    rig.set(FlexSpi.INTR, 0x40)
    rig.set(FlexSpi.IPTXFCR, 3 << 2)
    assert rig.get(FlexSpi.IPRXFSTS) and rig.get(FlexSpi.IPTXFSTS)
    assert caller.call("FLEXSPI_NOR.init", 0, CONFIG) == SUCCESS
    for register in (FlexSpi.IPRXFSTS, FlexSpi.IPTXFSTS, FlexSpi.IPRXFCR, FlexSpi.IPTXFCR):
        assert rig.get(register) == 0
    assert caller.board.bench.gaps == []


@pytest.mark.parametrize("runs", [0, 1, 2, 3, 5, 8])
@pytest.mark.parametrize("first", [4, 4 + 16])
def test_sequences_of_a_device_command(runs: int, first: int) -> None:
    """deviceModeSeq; ISEQID has four bits, ISEQNUM three."""
    block = with_command(4, 0x40, [0x0438, 0, 0, 0] * 8)
    block[0x14:0x16] = runs, first
    board = Board(image(block))
    board.boot()
    seen = [t.opcode for t in board.chip.seen[1:] if t.opcode != 0xEB]
    assert seen == [0x06, *[0x38] * max(runs, 1), 0x05]


def test_the_argument_goes_to_the_sequence_that_writes() -> None:
    block = with_command(4, 0x40, [0x0438, 0, 0, 0, 0x2002_0401, 0])
    block[0x14] = 2
    board = Board(image(block))
    board.boot()
    seen = [(t.opcode, t.write) for t in board.chip.seen[1:4]]
    assert seen == [(0x06, b""), (0x38, b""), (0x01, b"\x40\0")]


# -- for how long it waits -------------------------------------------------------------------------


@pytest.mark.parametrize(("timeout", "limit"), [(0, SECOND), (7, 7_000_000)])
def test_a_chip_may_be_busy_until_the_limit(timeout: int, limit: int) -> None:
    """timeoutInMs, from the first poll on. Where there is none: a second."""
    block = with_command(4, 0x40, [0x2001_0401])
    put(block, 0x70, "I", timeout)
    board = Board(image(block))
    transfer, polled = board.chip.transfer, []

    def busy(t: Any) -> bytes:
        if t.opcode != 0x05:
            return transfer(t)
        polled.append(board.bench.clock.now)
        return b"\1"

    board.chip.transfer = busy  # type: ignore[method-assign]
    assert "stays busy" in board.refuse()
    assert polled[-1] == polled[0] + limit, "it looks once more then"


def test_a_dcd_check_without_a_count_ends_after_a_second() -> None:
    board, _ = board_with_dcd(dcd(command(0xCF, 0x14, RAM, 0x1)))
    assert "failed" in board.refuse()
    assert board.bench.clock.now == SECOND


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_fixed_wait_is_made(count: int) -> None:
    """waitTimeCfgCommands behind each command, here 300 us."""
    block = with_command(4, 0, [0x2001_0431])
    block[0x10], block[0x1C] = 0, 1
    put(block, 0x12, "H", 3)
    for number in range(count):
        block[0x20 + 4 * number : 0x22 + 4 * number] = 1, 4
    spans = [until - now for now, until in waits(Board(image(block)))]
    assert [span for span in spans if span > 10_000] == [300_000] * count


def test_the_kinds_of_config_commands_that_are_not_polled_behind() -> None:
    """configModeType 2 and 3, as deviceModeType: the third is polled."""
    block = with_command(4, 0, [0x2001_0431])
    block[0x10] = 0
    block[0x1C:0x20] = 1, 2, 3, 1
    for number in range(3):
        block[0x20 + 4 * number : 0x22 + 4 * number] = 1, 4
    board = Board(image(block))
    board.boot()
    assert [t.opcode for t in board.chip.seen[1:8]] == [0x06, 0x31, 0x06, 0x31, 0x06, 0x31, 0x05]


# -- headers ---------------------------------------------------------------------------------------


def test_an_fcb_at_the_other_place() -> None:
    text = Board(image(), fcb_offset=0x400).refuse()
    assert "FCB at flash offset 0x400 reads ff ff ff ff" in text
    assert "which is at 0x0: the image is for another i.MX RT" in text


@pytest.mark.parametrize("offset", [0, 0x400])
def test_the_fcbs_place_can_be_given(offset: int) -> None:
    assert Board(image(place=offset), fcb_offset=offset).boot().vtor == VECTORS


@pytest.mark.parametrize("offset", [1, 0x200, 0x401, 0x800])
def test_no_soc_has_its_fcb_elsewhere(offset: int) -> None:
    with pytest.raises(ValueError, match="expected one of 0, 1024"):
        Board(image(), fcb_offset=offset)


def test_which_operation_keeps_the_chip_busy() -> None:
    board = Board(image())
    board.chip.end = ERASE_TIME
    board.chip.operation = "chip erase"  # type: ignore[attr-defined]
    assert "The chip was busy (chip erase) and gave no data." in board.refuse()


@pytest.mark.parametrize(
    ("size", "device", "said"),
    [
        (SIZE, 1, []),
        (SIZE // 2, 1, ["it gives 0x8000 of 0x10000 bytes: no access to the rest"]),
        (SIZE * 2, 1, ["it gives 0x20000 bytes: addresses from 0x10000 on wrap"]),
        (SIZE, 3, ["its device type is 3, not 1 (serial NOR)"]),
    ],
)
def test_how_an_fcb_does_not_fit(size: int, device: int, said: list[str]) -> None:
    block = fcb(size=size)
    block[0x44] = device
    board = Board(image(block))
    board.boot()
    assert [d.message.split(": ", 1)[1] for d in board.bench.diagnostics] == said


@pytest.mark.parametrize(
    ("offset", "value", "said"),
    [
        (0x1020, WINDOW + 0x2000, ""),  # boot data: start
        (0x1020, WINDOW + WINDOW_SIZE - 4, ""),
        (0x1020, WINDOW + WINDOW_SIZE, "says start 0x70000000"),
        (0x1020, WINDOW - 4, "says start 0x5ffffffc"),
        (0x1004, WINDOW + WINDOW_SIZE, "for its entry, not into the chip"),
        (0x1004, WINDOW - 4, "for its entry, not into the chip"),
        (0x1010, WINDOW + WINDOW_SIZE, "for its boot data, not into the chip"),
        (0x1010, WINDOW - 4, "for its boot data, not into the chip"),
        (0x2000, 0x2002_0001, "no stack pointer"),
        (0x2000, 0x2002_0002, "no stack pointer"),
        (0x100C, WINDOW + 0x1100, ""),  # DCD: FFh, which is none
    ],
)
def test_where_the_parts_of_an_image_may_lie(offset: int, value: int, said: str) -> None:
    array = image()
    put(array, offset, "I", value)
    board = Board(array)
    if said:
        assert said in board.refuse()
    else:
        assert board.boot().vtor == VECTORS


@pytest.mark.parametrize(
    ("offset", "value", "said"),
    [
        (0x1024, SIZE, ""),  # boot data: length
        (0x1004, OCRAM - 2, "for its entry, not into the image that is to be copied"),
        (0x1010, OCRAM - 4, "for its boot data, not into the image that is to be copied"),
        (0x1010, OCRAM + SIZE, "for its boot data, not into the image that is to be copied"),
        (0x1020, WINDOW, f"says start {WINDOW:#x}"),
    ],
)
def test_where_the_parts_of_an_image_for_ram_may_lie(offset: int, value: int, said: str) -> None:
    array = ram_image()
    put(array, offset, "I", value)
    board = Board(array)
    memory = board.bench.bus.add(OCRAM, SIZE)
    if said:
        assert said in board.refuse()
    else:
        assert board.boot().vtor == OCRAM + 0x2000
        assert memory == board.chip.array


@pytest.mark.parametrize("in_place", [True, False])
def test_vectors_may_be_the_first_bytes(in_place: bool) -> None:
    """With the FCB at 400h."""
    array = image(place=0x400) if in_place else ram_image()
    array[0x400:0x600] = fcb()
    start = WINDOW if in_place else OCRAM
    put(array, 0x1004, "I", start)
    put(array, 0, "2I", 0x2002_0000, start + 0x2401)
    board = Board(array, fcb_offset=0x400)
    board.bench.bus.add(OCRAM, SIZE)
    assert board.boot() == Entry(pc=start + 0x2401, sp=0x2002_0000, vtor=start)


def test_the_lut_of_the_fcb_is_whole() -> None:
    lut = [MIMXRT_LUT[i] or 0x0405 for i in range(64)]
    lut[2:4] = 0, 0
    board = Board(image(fcb(lut=lut)))
    board.boot()
    assert [board.rig.get(FlexSpi.LUT, index) for index in range(64)] == lut
