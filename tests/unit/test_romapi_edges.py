"""The boot ROM's API at its edges: limits, what a call finds and leaves, what a chip is asked.

Facts: the vendor's fsl_romapi.h (structures, sequences, status codes) and published driver.
"""

from __future__ import annotations

import struct

import pytest
from flexspi_fakes import ERASE_TIME, FakeChip
from test_bootrom import SIZE, image, put
from test_romapi import (
    ARGUMENTS,
    CALL,
    CONFIG,
    DEVICE_TIMEOUT,
    FAIL,
    INVALID_ARGUMENT,
    INVALID_SEQUENCE,
    RAM,
    RESULT,
    SECTOR,
    SOURCE,
    STATE,
    SUCCESS,
    TARGET,
    Board,
    Caller,
    config,
    of_chip,
)

from xipsim.peripherals.imxrt import romcode
from xipsim.peripherals.imxrt.bootrom import BootRom
from xipsim.peripherals.imxrt.flexspi import FlexSpi

SEQUENCE_TIMEOUT = 6000
INIT, READ, ERASE, PROGRAM, ERASE_ALL, XFER, UPDATE_LUT = (
    f"FLEXSPI_NOR.{name}"
    for name in ("init", "read", "erase", "program", "erase_all", "xfer", "update_lut")
)
ERASE_BLOCK = 0xD8
MS = 1_000_000


@pytest.fixture
def caller() -> Caller:
    caller = Caller()
    assert caller.call(INIT, 0, CONFIG) == SUCCESS
    caller.chip.seen.clear()
    return caller


def second_chip(caller: Caller) -> FakeChip:
    """On A2, behind the first one; the block at CONFIG has both."""
    chip = FakeChip(caller.board.bench, SIZE, name="second")
    caller.board.rig.spi.chips[1] = chip
    caller.board.rig.spi.connected()
    block = config()
    put(block, 0x50, "2I", SIZE, SIZE)
    caller.put(CONFIG, block)
    return chip


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (ERASE, (0, CONFIG, SIZE - SECTOR, SECTOR)),
        (READ, (0, CONFIG, TARGET, SIZE - 8, 8)),
        (UPDATE_LUT, (0, 15, CONFIG, 1)),
        (UPDATE_LUT, (0, 0, CONFIG, 16)),
    ],
)
def test_the_very_end_can_be_reached(caller: Caller, name: str, arguments: tuple[int, ...]) -> None:
    assert caller.call(name, *arguments) == SUCCESS
    assert caller.said == []


@pytest.mark.parametrize(
    ("name", "offset", "said"),
    [(PROGRAM, 0x1C0, "the address 0x0 is no multiple of 0x0"), (ERASE, 0x1C4, "sectors of 0x0")],
)
def test_a_block_without_sizes(caller: Caller, name: str, offset: int, said: str) -> None:
    """pageSize, sectorSize."""
    block = config()
    put(block, offset, "I", 0)
    caller.put(CONFIG, block)
    assert caller.call(name, 0, CONFIG, 0, SOURCE) == INVALID_ARGUMENT
    assert said in caller.said[-1]
    assert caller.chip.seen == []


def test_a_block_may_lie_at_the_end_of_memory(caller: Caller) -> None:
    """flexspi_nor_config_t has 512 bytes."""
    last = RAM + 0x10000 - 512
    caller.put(last, config())
    assert caller.call(INIT, 0, last) == SUCCESS
    assert caller.call(INIT, 0, last + 1) == INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("block", "uniform", "start", "length", "erased"),
    [
        (0x4000, 0, 0x4000, 0x4000, [(0xD8, 0x4000)]),
        (0x4000, 0, 0x4000, 0x3001, [(0xD8, 0x4000)]),
        (0x4000, 0, 0x4000, 0x3000, [(0x20, 0x4000), (0x20, 0x5000), (0x20, 0x6000)]),
        (0x4000, 0, 0x4FFF, 1, [(0x20, 0x4000)]),
        (0x4000, 0, 0x4FFF, 2, [(0x20, 0x4000), (0x20, 0x5000)]),
        (0x4000, 0, 0x7000, 0x5000, [(0x20, 0x7000), (0xD8, 0x8000)]),
        (0x2000, 0, 0x4000, 0x4000, [(0xD8, 0x4000), (0xD8, 0x6000)]),
        (0x2000, 1, 0x4000, 0x2000, [(0x20, 0x4000), (0x20, 0x5000)]),
        (0x1000, 0, 0x4000, 0x1000, [(0x20, 0x4000)]),
        (0x0800, 0, 0x4000, 0x1000, [(0x20, 0x4000)]),
        (0x0000, 0, 0x4000, 0x1000, [(0x20, 0x4000)]),
        (0x4000, 0, 0x4000, 0, []),
    ],
)
def test_what_is_erased_by_which_command(
    caller: Caller, block: int, uniform: int, start: int, length: int, erased: list[tuple[int, int]]
) -> None:
    """blockSize and isUniformBlockSize; whole blocks by sequence 8, the rest by sectors, 5."""
    with_blocks = config(block=block, uniform=uniform)
    put(with_blocks, 0x80 + 16 * 8, "I", 0x0818_0400 | ERASE_BLOCK)
    caller.put(CONFIG, with_blocks)
    caller.call(INIT, 0, CONFIG)
    caller.chip.seen.clear()
    assert caller.call(ERASE, 0, CONFIG, start, length) == SUCCESS
    seen = [(t.opcode, t.address) for t in caller.chip.seen if t.opcode in (0x20, ERASE_BLOCK)]
    assert seen == erased
    assert [t.opcode for t in caller.chip.seen].count(0x06) == len(erased)


def test_each_chip_is_erased_as_a_whole(caller: Caller) -> None:
    second = second_chip(caller)
    block = bytearray(caller.get(CONFIG, 512))
    put(block, 0x80 + 16 * 11, "I", 0x0460)
    caller.put(CONFIG, block)
    caller.call(INIT, 0, CONFIG)
    for chip in (caller.chip, second):
        chip.seen.clear()
    assert caller.call(ERASE_ALL, 0, CONFIG) == SUCCESS
    for chip in (caller.chip, second):
        assert [t.opcode for t in chip.seen] == [0x06, 0x60, 0x05]


def test_each_command_has_the_whole_time_of_the_block(caller: Caller) -> None:
    """timeoutInMs, for each of two sectors that take 45 ms."""
    block = config()
    put(block, 0x70, "I", 50)
    caller.put(CONFIG, block)
    assert caller.call(ERASE, 0, CONFIG, 0, 2 * SECTOR) == SUCCESS
    assert caller.board.bench.clock.now > 2 * ERASE_TIME


@pytest.mark.parametrize(("bit", "size"), [(0, 1), (7, 1), (8, 2), (15, 2)])
def test_as_many_bytes_of_status_as_the_busy_bit_needs(caller: Caller, bit: int, size: int) -> None:
    """busyOffset counts through them; the chip is busy for two polls."""
    block = config()
    put(block, 0x7C, "H", bit)
    caller.put(CONFIG, block)
    transfer, left = caller.chip.transfer, 3

    def status(t):  # type: ignore[no-untyped-def]
        nonlocal left
        if t.opcode != 0x05:
            return transfer(t)
        caller.chip.seen.append(t)
        left -= 1
        level = 1 << bit if left else 0xFFFF & ~(1 << bit)
        return level.to_bytes(2, "little")[: t.read].ljust(t.read, b"\0")

    caller.chip.transfer = status  # type: ignore[method-assign]
    caller.call(INIT, 0, CONFIG)
    caller.chip.seen.clear()
    left = 3
    assert caller.call(ERASE, 0, CONFIG, 0, 1) == SUCCESS
    assert [t.read for t in caller.chip.seen if t.opcode == 0x05] == [size] * 3


# -- what a call finds, and what it leaves behind --------------------------------------------------


def test_flags_and_fifos_that_the_firmware_has_left_are_of_no_harm(caller: Caller) -> None:
    rig = caller.board.rig
    caller.chip.array[0x4000:0x4010] = bytes(range(16))
    rig.start(0, 0x5000, 64)
    rig.wait(1_000)  # read, and nobody has fetched it
    for _ in range(3):
        rig.set(FlexSpi.TFDR, 0xEEEE_EEEE)
        rig.set(FlexSpi.INTR, 0x40)
    rig.spi.INTR = 0xFFF
    assert caller.call(READ, 0, CONFIG, TARGET, 0x4000, 16) == SUCCESS
    assert caller.get(TARGET, 16) == bytes(range(16))
    assert rig.get(FlexSpi.INTR) == 0x40, "all acknowledged; the transmit FIFO has room"
    assert rig.get(FlexSpi.IPTXFSTS) == 0, "nothing was pushed"
    for _ in range(3):
        rig.set(FlexSpi.TFDR, 0xEEEE_EEEE)
        rig.set(FlexSpi.INTR, 0x40)
    page = bytes(range(256))
    caller.put(SOURCE, page)
    assert caller.call(PROGRAM, 0, CONFIG, 0x4000, SOURCE) == SUCCESS
    assert caller.chip.array[0x4000:0x4100] == page
    assert rig.get(FlexSpi.INTR) == 0x40
    assert caller.said == []


@pytest.mark.parametrize(
    ("second", "status"), [(0x7804_0432, INVALID_SEQUENCE), (0x2001_0432, SEQUENCE_TIMEOUT)]
)
def test_errors_are_acknowledged(caller: Caller, second: int, status: int) -> None:
    """An unknown instruction; a second WRITE, for which there are no data: MCR1.SEQWAIT ends it.

    The driver clears IPCMDERR, and STS1's code with it.
    """
    rig = caller.board.rig
    words = (0x2001_0431, 0, 0, 0, second, 0, 0, 0)
    caller.put(SOURCE, struct.pack("<8I", *words))
    assert caller.call(UPDATE_LUT, 0, 12, SOURCE, 2) == SUCCESS
    rig.set(FlexSpi.MCR1, 0x0001_FFFF)
    caller.put(TARGET, struct.pack("<9I", 2, 0, 12, 2, 0, SOURCE, 1, 0, 0))
    assert caller.call(XFER, 0, TARGET) == status
    assert rig.get(FlexSpi.INTR) == 0x40
    assert rig.get(FlexSpi.STS1) == 0
    assert caller.call(READ, 0, CONFIG, TARGET, 0, 4) == SUCCESS


@pytest.mark.parametrize(
    ("kind", "size", "sent", "seen"),
    [(0, 0, b"", b""), (1, 2, b"\x12\x34", b"\x12"), (2, 2, b"\x12\x34", b"\x12\x34")],
)
def test_kinds_of_transfers_that_send(
    caller: Caller, kind: int, size: int, sent: bytes, seen: bytes
) -> None:
    """flexspi_operation_t: a command; a configuration, as long as its WRITE says; a write."""
    word = 0x2001_0431 if kind else 0x0431
    caller.put(SOURCE, struct.pack("<4I", word, 0, 0, 0))
    assert caller.call(UPDATE_LUT, 0, 12, SOURCE, 1) == SUCCESS
    caller.put(SOURCE, sent)
    caller.put(TARGET, struct.pack("<9I", kind, 0, 12, 1, 0, SOURCE, size, CONFIG, 8))
    assert caller.call(XFER, 0, TARGET) == SUCCESS
    assert [(t.opcode, t.write) for t in caller.chip.seen] == [(0x31, seen)]
    assert caller.board.rig.get(FlexSpi.IPTXFSTS) & 0xFF == 0, "nothing else was pushed"
    assert caller.get(CONFIG, 4) == b"FCFB", "nothing was received"


# -- what the core polls ---------------------------------------------------------------------------


def test_a_call_that_is_done_is_no_wait_any_more(caller: Caller) -> None:
    rom, clock = caller.board.rom, caller.board.bench.clock
    caller.begin(ERASE, 0, CONFIG, 0, SECTOR)
    before = len(clock.questions)
    assert rom.peek(STATE) == 0
    assert len(clock.questions) == before, "who looks asks nothing"
    assert caller.finish() == SUCCESS
    before = len(clock.questions)
    assert rom.read(STATE) == rom.peek(STATE) == 1
    assert len(clock.questions) == before


def test_what_the_model_answers_cannot_be_written(caller: Caller) -> None:
    rom = caller.board.rom
    caller.begin(ERASE, 0, CONFIG, 0, SECTOR)
    rom.write(STATE, 0xFFFF_FFFF)
    assert rom.read(STATE) == 0
    caller.finish()
    rom.write(RESULT, 0xFFFF_FFFF)
    assert rom.read(RESULT) == SUCCESS


def test_polls_of_a_call_end_no_wait(caller: Caller) -> None:
    assert {STATE} == BootRom.NEUTRAL


def test_a_call_takes_the_place_of_one_that_was_under_way(caller: Caller) -> None:
    caller.begin(ERASE, 0, CONFIG, 0x4000, 2 * SECTOR)
    while not caller.chip.busy:
        assert not caller.board.rom.read(STATE)
        caller.board.bench.clock.advance(10_000)
    caller.board.bench.clock.advance(ERASE_TIME)
    caller.put(TARGET, b"\xaa" * 4)
    assert caller.call(READ, 0, CONFIG, TARGET, 0, 4) == SUCCESS
    assert caller.get(TARGET, 4) == b"FCFB"
    assert [t.address for t in caller.chip.seen if t.opcode == 0x20] == [0x4000]
    assert [d.rule for d in caller.board.bench.diagnostics] == ["rom-api-reentered"]


@pytest.mark.parametrize("number", [len(romcode.FUNCTIONS), 0xFF])
def test_a_number_that_no_stub_gives(caller: Caller, number: int) -> None:
    caller.board.rom.write(CALL, number)
    assert caller.finish() == FAIL
    assert [gap.what for gap in caller.board.bench.gaps] == ["ROM API: ?"]


def test_arguments_and_results_are_read_back(caller: Caller) -> None:
    rom = caller.board.rom
    for index in range(4):
        rom.write(ARGUMENTS + 4 * index, 0x8765_4321 + index)
    for index in range(4):
        assert rom.read(ARGUMENTS + 4 * index) == 0x8765_4321 + index


# -- get_config ------------------------------------------------------------------------------------


def test_get_config_leaves_a_block_a_lut_and_nothing_else() -> None:
    """The chip can be read at once: sequence 0 of the block is in the LUT."""
    caller, chip = of_chip("W25Q64JV-IQ", 0)
    rig = caller.board.rig
    caller.put(CONFIG, b"\xaa" * 520)
    caller.put(SOURCE, bytes.fromhex("070000c0"))
    assert caller.call("FLEXSPI_NOR.get_config", 0, CONFIG, SOURCE) == SUCCESS
    block = caller.get(CONFIG, 520)
    assert block[512:] == b"\xaa" * 8
    assert block[0x1D4:0x200] == bytes(0x2C), "reserved"
    lut = struct.unpack_from("<4I", block, 0x80)
    assert [rig.get(FlexSpi.LUT, index) for index in range(4)] == list(lut)
    assert [rig.get(FlexSpi.LUT, index) for index in range(4, 8)] == [0x2401_0435, 0, 0, 0], (
        "by which QE's register was read"
    )
    assert caller.said == []
    assert chip.stats()["commands"] == {"read SFDP": 1, "read status 2": 1}


@pytest.mark.parametrize("frequency", [1, 2, 4, 8, 9])
def test_the_options_frequency_is_the_blocks(frequency: int) -> None:
    caller, _ = of_chip("W25Q64JV-IQ", 1)
    caller.put(SOURCE, struct.pack("<I", 0xC000_0000 | frequency))
    assert caller.call("FLEXSPI_NOR.get_config", 0, CONFIG, SOURCE) == SUCCESS
    assert caller.get(CONFIG + 0x46, 1)[0] == frequency


# -- the ROM's bytes -------------------------------------------------------------------------------


def test_the_rom_is_read_only_and_one_page_of_it_is_there() -> None:
    board = Board(image())
    window = board.bench.window(board.rom, "code", 0x0020_0000, 0x17000)
    board.rom.connected()
    (segment,) = window.segments
    assert (segment.offset, len(segment.bytes), segment.is_native) == (0, 0x1000, True)
    assert bytes(segment.bytes) == romcode.page()
    window.write(0x1C, 0)
    assert window.read(0x1C) == 0x0020_0040
    assert window.read(0x1000) == 0
    assert [gap.what for gap in board.bench.gaps] == ["write to the ROM", "ROM code"]


def test_a_timeout_is_told_with_the_status(caller: Caller) -> None:
    block = config()
    put(block, 0x70, "I", 1)
    caller.put(CONFIG, block)
    assert caller.call(ERASE, 0, CONFIG, 0, 1) == DEVICE_TIMEOUT
    assert "its status reads 0x1" in caller.said[-1]
