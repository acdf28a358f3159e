"""The boot ROM's and the window's rules at their edges. Facts: imxrt.md sections 2 and 3."""

from __future__ import annotations

import struct

import pytest
from flexspi_fakes import ERASE_TIME, MIMXRT_LUT, WINDOW, FakeChip, Rig
from test_bootrom import RAM, Board, fcb, image, put, with_command

from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.bootheader import is_ram, parse_dcd
from xipsim.peripherals.imxrt.bootrom import BootRom
from xipsim.peripherals.imxrt.flexspi import FlexSpi

READ_OPCODE_05 = 0x2401_0405


@pytest.mark.parametrize("tag", [b"FCFA", b"FCF\x00", b"F\xff\xff\xff"])
def test_all_four_bytes_of_the_fcbs_tag_count(tag: bytes) -> None:
    block = fcb()
    block[:4] = tag
    assert "FCB at flash offset 0x0 reads" in Board(image(block)).refuse()


@pytest.mark.parametrize(("version", "boots"), [(0x40, True), (0x43, True), (0x50, False)])
def test_the_ivts_version_is_4x(version: int, boots: bool) -> None:
    array = image()
    array[0x1003] = version
    board = Board(array)
    if boots:
        board.boot()
    else:
        assert "IVT" in board.refuse()


@pytest.mark.parametrize("kind", [2, 3])
def test_switches_to_four_or_eight_lines_are_not_followed_by_a_poll(kind: int) -> None:
    """After them the status sequence would be read in the wrong mode."""
    block = with_command(4, 0x40, [0x2001_0401])
    block[0x11] = kind
    board = Board(image(block))
    board.boot()
    assert READ_OPCODE_05 in MIMXRT_LUT
    assert 0x05 not in [t.opcode for t in board.chip.seen]


@pytest.mark.parametrize(
    ("bit", "polarity", "ready", "busy"),
    [(7, 0, b"\x01", b"\x80"), (7, 1, b"\x80", b"\x01"), (0, 1, b"\x01", b"\xfe")],
)
def test_the_fcb_says_which_bit_is_busy_and_at_what_level(
    bit: int, polarity: int, ready: bytes, busy: bytes
) -> None:
    """busyOffset and busyBitPolarity (0: busy while the bit is 1)."""
    block = with_command(4, 0x40, [0x2001_0401])
    put(block, 0x7C, "2H", bit, polarity)
    board = Board(image(block))
    transfer, clock = board.chip.transfer, board.bench.clock

    def status(t):  # type: ignore[no-untyped-def]
        if t.opcode == 0x05:
            return ready if clock.now >= ERASE_TIME else busy
        return transfer(t)

    board.chip.transfer = status  # type: ignore[method-assign]
    board.boot()
    assert ERASE_TIME <= clock.now < ERASE_TIME + 2_000_000


def test_commands_go_to_each_chip_at_its_own_address() -> None:
    """Two chips of 32 KB: the device-mode command is sent to both."""
    block = with_command(4, 0x40, [0x2001_0401])
    put(block, 0x50, "2I", 0x8000, 0x8000)
    bench = Bench()
    chips = [FakeChip(bench, 0x8000, f"nor{i}") for i in range(2)]
    array = image(block)
    chips[0].array[: len(array)] = array
    rig = Rig(*chips, bench=bench)
    rom = BootRom(bench.system, name="bootrom", flexspi=rig.spi)
    for until in rom.boot():
        bench.clock.advance(until - bench.clock.now)
    for chip in chips:
        assert [t.write for t in chip.seen if t.opcode == 0x01] == [b"\x40"]


@pytest.mark.parametrize(("source", "dll"), [(3, 0x79), (1, 0x100), (0, 0x100)])
def test_only_a_clock_from_the_dqs_pad_needs_the_delay_line(source: int, dll: int) -> None:
    """readSampleClkSrc 3 sets DLLCR to 79h; else it keeps its reset value."""
    block = fcb()
    block[0x0C] = source
    board = Board(image(block))
    board.boot()
    assert board.rig.get(FlexSpi.DLLCR) == dll


@pytest.mark.parametrize(("length", "boots"), [(1768, True), (1772, False)])
def test_a_dcd_of_the_largest_size_is_taken(length: int, boots: bool) -> None:
    """1768 bytes: one write command of (1768 - 8) / 8 words to RAM."""
    array = image()
    put(array, 0x100C, "I", WINDOW + 0x2800)
    dcd = bytes([0xD2, length >> 8, length & 0xFF, 0x41])
    body = length - 4
    dcd += bytes([0xCC, body >> 8, body & 0xFF, 4]) + (RAM.to_bytes(4, "big") + bytes(4)) * 220
    array[0x2800 : 0x2800 + len(dcd)] = dcd
    board = Board(array)
    board.bench.bus.add(RAM, 16)
    if boots:
        board.boot()
    else:
        assert "1768" in board.refuse()


def test_a_store_runs_all_sequences_if_one_of_them_writes() -> None:
    """AWRSEQNUM 1: write enable, then page program with the data."""
    bench = Bench()
    chip = FakeChip(bench)
    rig = Rig(chip, bench=bench)
    lut = list(MIMXRT_LUT)
    lut[44:46] = lut[40:42]
    lut[40:42] = [0x0000_0406, 0]
    rig.enable(*lut)
    rig.set(FlexSpi.FLSHCR2, 10 << 8 | 1 << 13)
    rig.window.write(0x20, 0x1234, 2)
    assert [(t.opcode, t.write) for t in chip.seen] == [(0x06, b""), (0x32, b"\x34\x12")]


def test_a_sequence_that_was_changed_is_not_run_as_it_was_from_any_instruction() -> None:
    """After JMP_ON_CS 1 reads begin at instruction 1; a new LUT counts there, too."""
    bench = Bench()
    chip = FakeChip(bench)
    rig = Rig(chip, bench=bench)
    rig.enable(0x0A1804EB, 0x3204_1EA0, 0x7C01_2604)
    rig.window.read(0)
    rig.window.read(0)
    assert chip.seen[-1].dummy == 4
    rig.load_lut([0x0A1804EB, 0x3206_1EA0, 0x7C01_2604])
    rig.window.read(0)
    assert (chip.seen[-1].opcode, chip.seen[-1].dummy) == (None, 6)


def test_cells_beyond_the_visible_part_of_a_chip_are_not_copied() -> None:
    """FLSHA1CR0 shows 32 of 64 KB: what changes across that end is copied up to it."""
    bench = Bench()
    chip = FakeChip(bench, 0x1_0000)
    rig = Rig(chip, bench=bench)
    rig.enable(sizes=(32, 0, 0, 0))
    (segment,) = [s for s in rig.window.segments if s.is_native]
    chip.array[0x7FF0:0x8010] = bytes(32)
    for watcher in chip.watchers:
        watcher.array_changed(chip, 0x7FF0, 32)
    assert len(segment.bytes) == 0x8000
    assert segment.bytes[0x7FF0:] == bytes(16)


def test_all_three_config_commands_run_with_their_own_arguments() -> None:
    """FCB: configCmdSeqs at 20h, configCmdArgs at 30h; each writes its own register."""
    block = with_command(4, 0, [0x2001_0431])
    block[0x10], block[0x1C] = 0, 1
    for number in range(3):
        block[0x20 + 4 * number : 0x22 + 4 * number] = 1, 4
        block[0x30 + 4 * number] = 0x10 + number
    board = Board(image(block))
    board.boot()
    sent = [t.write for t in board.chip.seen if t.opcode == 0x31]
    assert sent == [b"\x10", b"\x11", b"\x12"]


@pytest.mark.parametrize(("bit", "gaps"), [(2, ["FCB: parallel mode"]), (1, []), (5, [])])
def test_parallel_chips_are_a_gap(bit: int, gaps: list[str]) -> None:
    """controllerMiscOption, bit 2."""
    block = fcb()
    put(block, 0x40, "I", 1 << bit)
    board = Board(image(block))
    board.boot()
    assert [gap.what for gap in board.bench.gaps] == gaps


def test_an_image_for_ram_whose_vectors_are_nowhere() -> None:
    """With an odd entry they lie 2000h behind the image's start; nothing is there."""
    array = image()
    put(array, 0x1000, "8I", 0x412000D1, RAM + 0x1101, 0, 0, RAM + 0x1020, RAM + 0x1000, 0, 0)
    put(array, 0x1020, "4I", RAM, 0x1800, 0, 0xFFFF_FFFF)
    board = Board(array)
    board.bench.bus.add(RAM, 0x1800)
    assert board.refuse() == (
        f"The image's header points at {RAM + 0x2000:#x}, where nothing answers."
    )


def test_a_status_sequence_that_reads_nothing_is_not_waited_for() -> None:
    block = with_command(4, 0x40, [0x2001_0401])
    put(block, 0x80 + 16, "4I", 0x0405, 0, 0, 0)
    board = Board(image(block))
    board.boot()
    assert 0x01 in [t.opcode for t in board.chip.seen], "the command itself"
    assert 0x05 not in [t.opcode for t in board.chip.seen]


@pytest.mark.parametrize(("runs", "times"), [(0, 1), (1, 1), (2, 2)])
def test_a_device_command_runs_once_at_least(runs: int, times: int) -> None:
    """deviceModeSeq.seqNum; sequences 4 and 5 are alike."""
    block = with_command(4, 0x40, [0x0438, 0, 0, 0, 0x0438, 0])
    block[0x14] = runs
    board = Board(image(block))
    board.boot()
    assert [t.opcode for t in board.chip.seen].count(0x38) == times


def test_a_device_command_that_wants_more_than_its_argument_times_out() -> None:
    """deviceModeArg is sent once; the second sequence waits for MCR1.SEQWAIT, 65,535 times 1,024
    clocks."""
    block = with_command(4, 0x40, [0x2001_0401, 0, 0, 0, 0x2001_0401, 0])
    block[0x14] = 2
    board = Board(image(block))
    assert "LUT sequence 4 does not run as an IP command" in board.refuse()
    assert board.bench.clock.now > 65_535 * 1_024 * 7, "133 MHz"


@pytest.mark.parametrize(
    ("sp", "boots"),
    [
        (0x2000_0000, False), (0x2000_0004, True), (0x2000_0006, False), (0x3000_0000, True),
        (0x3000_0004, False), (0x8000_0000, False), (0x8000_0004, True), (0xE000_0000, True),
        (0xE000_0004, False), (0x0000_0000, False),
    ],
)  # fmt: skip
def test_where_a_first_stack_may_lie(sp: int, boots: bool) -> None:
    """On-chip RAM, 2000_0000h to 2FFF_FFFFh, or what SEMC reaches, 8000_0000h to DFFF_FFFFh."""
    array = image()
    put(array, 0x2000, "I", sp)
    board = Board(array)
    if boots:
        assert board.boot().sp == sp
    else:
        assert f"begins with {sp:#010x}, no stack pointer into RAM" in board.refuse()


@pytest.mark.parametrize("pc", [WINDOW + 0x2400, 0])
def test_a_first_instruction_is_thumb(pc: int) -> None:
    array = image()
    put(array, 0x2004, "I", pc)
    assert f"the reset vector {pc:#010x}, which is even" in Board(array).refuse()


@pytest.mark.parametrize(
    ("address", "copied"),
    [
        (0, True), (0x7_FFFF, True), (0x8_0000, False), (0x1FFF_FFFF, False), (0x2000_0000, True),
        (0x2FFF_FFFF, True), (0x3000_0000, False), (0x7FFF_FFFF, False), (0x8000_0000, True),
        (0xDFFF_FFFF, True), (0xE000_0000, False),
    ],
)  # fmt: skip
def test_images_that_are_copied(address: int, copied: bool) -> None:
    """By where their IVT says that it lies: ITCM, too."""
    assert is_ram(address) == copied


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_sizes_of_dcd_commands(size: int) -> None:
    """Bits 2 to 0 of the flags; the second command begins at offset 16."""
    body = struct.pack(">2I", 0x400F_C000, 1)
    write = struct.pack(">BHB", 0xCC, 12, size) + body
    check = struct.pack(">BHB", 0xCF, 12, size) + body
    block = struct.pack(">BHB", 0xD2, 28, 0x41) + write + check
    if size == 3:
        with pytest.raises(ValueError, match="the command at DCD offset 0x4 has data of 3 bytes"):
            list(parse_dcd(block))
    else:
        assert [command.size for command in parse_dcd(block)] == [size, size]
