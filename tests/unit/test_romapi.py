"""The boot ROM's API: tables and code, and what each function does to controller, chip and memory.

Facts: the vendor's fsl_romapi.h (order of the tables, structures, status codes).
"""

from __future__ import annotations

import struct

import pytest
from flexspi_fakes import ERASE_TIME, MIMXRT_LUT, FakeChip
from test_bootrom import SIZE, Board, fcb, image, put

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt import romcode, romconfig
from xipsim.peripherals.imxrt.bootrom import BootRom
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.imxrt.romflexspi import RomError
from xipsim.peripherals.nor.chip import Chip

RAM, CONFIG, SOURCE, TARGET, STACK = 0x2000_0000, 0x2000_1000, 0x2000_2000, 0x2000_3000, 0x2000_8000
ARGUMENTS, SP, CALL, STATE, RESULT = 0x00, 0x10, 0x14, 0x18, 0x1C
SUCCESS, FAIL, INVALID_ARGUMENT, INVALID_SEQUENCE, DEVICE_TIMEOUT = 0, 1, 4, 6001, 6002
SECTOR, BLOCK = 0x1000, 0x4000


def config(**options: int) -> bytearray:
    """A whole flexspi_nor_config_t: sequences 0 read, 1 status, 3, 5 erase, 9 program."""
    lut = list(MIMXRT_LUT)
    lut[32], lut[36:38] = 0x0818_0420, [0x0818_0432, 0x0000_2204]  # erase block, program
    block = fcb(lut=lut)
    put(block, 0x1C0, "2I", 256, SECTOR)
    put(block, 0x1D0, "I", options.get("block", BLOCK))
    block[0x1C9] = options.get("uniform", 0)
    return block


class Caller:
    """A board that has booted, and a firmware that calls the ROM as the ROM's code hands it on."""

    def __init__(self) -> None:
        self.board = Board(image())
        self.board.boot()
        self.ram = self.board.bench.bus.add(RAM, 0x10000)
        self.put(CONFIG, config())
        self.polls = 0

    @property
    def chip(self):  # type: ignore[no-untyped-def]
        return self.board.chip

    def put(self, address: int, data: bytes) -> None:
        self.ram[address - RAM : address - RAM + len(data)] = data

    def get(self, address: int, length: int) -> bytes:
        return bytes(self.ram[address - RAM : address - RAM + length])

    def begin(self, name: str, *arguments: int) -> None:
        rom = self.board.rom
        for i, value in enumerate(arguments[:4]):
            rom.write(ARGUMENTS + 4 * i, value)
        self.put(STACK, struct.pack("<3I", 0, 0, *arguments[4:5] or (0,)))
        rom.write(SP, STACK)
        rom.write(CALL, romcode.FUNCTIONS.index(name))

    def finish(self) -> int:
        clock, rom = self.board.bench.clock, self.board.rom
        while not rom.read(STATE):
            self.polls += 1
            key, until = clock.questions[-1]
            assert key == ("bootrom", "api")
            assert until is not None
            assert until > clock.now
            clock.advance(until - clock.now)
        return rom.read(RESULT)

    def call(self, name: str, *arguments: int) -> int:
        self.begin(name, *arguments)
        return self.finish()

    @property
    def said(self) -> list[str]:
        return [d.message for d in self.board.bench.diagnostics]


@pytest.fixture
def caller() -> Caller:
    return Caller()


# -- tables and code -------------------------------------------------------------------------------


def word(page: bytes, address: int) -> int:
    (value,) = struct.unpack_from("<I", page, address - romcode.BASE)
    return int(value)


def test_the_pointer_at_1ch_leads_to_the_tables() -> None:
    page = romcode.page()
    tree = word(page, romcode.BASE + 0x1C)
    nor = word(page, tree + 16)
    entries = {word(page, tree + 8)} | {word(page, nor + 4 + 4 * i) for i in range(9)}
    assert len(entries) == 10, "runBootloader, and the nine of FLEXSPI_NOR"
    assert all(entry & 1 and romcode.BASE < entry < romcode.BASE + 0x1000 for entry in entries)


def test_every_function_gives_its_number_and_goes_to_the_common_code() -> None:
    """mov.w r12, #n; b.w: Armv7-M manual A7.7.76 (T2) and A7.7.12 (T4)."""
    page = romcode.page()
    tree = word(page, romcode.BASE + 0x1C)
    nor, clock, rtwdog, wdog = (word(page, tree + 4 * i) for i in (4, 6, 7, 8))
    tables = ((tree + 8, 1), (nor + 4, 9), (clock + 4, 46), (rtwdog, 14), (wdog, 12))
    entries = [word(page, at + 4 * i) & ~1 for at, count in tables for i in range(count)]
    targets = set()
    for number, entry in enumerate(entries):
        move, register, high, low = struct.unpack_from("<4H", page, entry - romcode.BASE)
        assert (move, register) == (0xF04F, 0x0C00 | number)
        assert (high >> 11, low >> 14, low >> 12 & 1) == (0b11110, 0b10, 1)
        sign = high >> 10 & 1
        bits = [1 - ((low >> j & 1) ^ sign) for j in (13, 11)]
        offset = sign << 24 | bits[0] << 23 | bits[1] << 22 | (high & 0x3FF) << 12
        offset |= (low & 0x7FF) << 1
        targets.add(entry + 8 + offset - (sign << 25))
    assert len(targets) == 1
    (common,) = targets
    assert page[common - romcode.BASE :][:2] == b"\x10\xb5", "push {r4, lr}"
    assert len(entries) == len(romcode.FUNCTIONS)


def test_the_code_is_served_natively_and_the_rest_of_the_rom_is_a_gap() -> None:
    board = Board(image())
    window = board.bench.window(board.rom, "code", romcode.BASE, 0x17000)
    board.rom.connected()
    assert window.read(0x1C) == romcode.BASE + 0x40
    assert window.read(0x1234) == 0
    assert [g.what for g in board.bench.gaps] == ["ROM code"]


# -- functions -------------------------------------------------------------------------------------


def test_init_sets_up_controller_and_chip_as_the_block_says(caller: Caller) -> None:
    block = config()
    block[0x0C] = 0
    block[0x10:0x12] = 1, 1
    put(block, 0x14, "BB", 1, 4)
    put(block, 0x18, "I", 0x40)
    put(block, 0x80 + 64, "I", 0x2001_0401)
    caller.put(CONFIG, block)
    assert caller.call("FLEXSPI_NOR.init", 0, CONFIG) == SUCCESS
    assert caller.board.rig.get(FlexSpi.MCR0) == 0xFFFF_8000
    assert [t.opcode for t in caller.chip.seen[-3:]] == [0x06, 0x01, 0x05]
    assert caller.chip.seen[-2].write == b"\x40"


def test_a_page_is_programmed_and_waited_for(caller: Caller) -> None:
    data = bytes(range(256))
    caller.put(SOURCE, data)
    caller.call("FLEXSPI_NOR.init", 0, CONFIG)
    start = caller.board.bench.clock.now
    assert caller.call("FLEXSPI_NOR.program", 0, CONFIG, 0x5100, SOURCE) == SUCCESS
    assert caller.chip.array[0x5100:0x5200] == data
    took = caller.board.bench.clock.now - start
    # 256 bytes on four lines at 100 MHz, and what commands and addresses take.
    assert ERASE_TIME + 5_120 < took < ERASE_TIME + 7_000
    assert caller.polls < 40, "the ends of transfers and of the chip's work are known"
    assert caller.said == []


def test_an_erase_takes_blocks_where_it_can_and_sectors_else(caller: Caller) -> None:
    caller.call("FLEXSPI_NOR.init", 0, CONFIG)
    seen = len(caller.chip.seen)
    assert caller.call("FLEXSPI_NOR.erase", 0, CONFIG, 0x3FFF, 0x6001) == SUCCESS
    erased = [t.address for t in caller.chip.seen[seen:] if t.opcode == 0x20]
    assert erased == [0x3000, 0x4000, 0x8000, 0x9000]
    caller.put(CONFIG, config(uniform=1))
    seen = len(caller.chip.seen)
    caller.call("FLEXSPI_NOR.erase", 0, CONFIG, 0x4000, 0x4000)
    erased = [t.address for t in caller.chip.seen[seen:] if t.opcode == 0x20]
    assert erased == [0x4000, 0x5000, 0x6000, 0x7000]


def test_a_whole_chip_is_erased(caller: Caller) -> None:
    block = config()
    put(block, 0x80 + 16 * 11, "I", 0x0460)
    caller.put(CONFIG, block)
    caller.call("FLEXSPI_NOR.init", 0, CONFIG)
    assert caller.call("FLEXSPI_NOR.erase_all", 0, CONFIG) == SUCCESS
    assert [t.opcode for t in caller.chip.seen[-3:]] == [0x06, 0x60, 0x05]


@pytest.mark.parametrize("length", [1, 7, 8, 300, 4096, 5001])
def test_a_read_takes_its_fifth_argument_from_the_stack(caller: Caller, length: int) -> None:
    caller.chip.array[0x4000:0x6000] = bytes(i * 7 & 0xFF for i in range(0x2000))
    caller.put(TARGET, b"\xaa" * 5008)
    assert caller.call("FLEXSPI_NOR.read", 0, CONFIG, TARGET, 0x4001, length) == SUCCESS
    assert caller.get(TARGET, length) == bytes(caller.chip.array[0x4001 : 0x4001 + length])
    assert caller.get(TARGET + length, 4) == b"\xaa" * 4


def test_lut_and_transfers(caller: Caller) -> None:
    """update_lut, and xfer with a command, a write, a read."""
    caller.put(SOURCE, struct.pack("<8I", 0x0406, 0, 0, 0, 0x0818_0432, 0x2204, 0, 0))
    assert caller.call("FLEXSPI_NOR.update_lut", 0, 12, SOURCE, 2) == SUCCESS
    assert caller.board.rig.get(FlexSpi.LUT, 48) == 0x0406
    assert caller.board.rig.get(FlexSpi.LUT, 52) == 0x0818_0432
    caller.put(SOURCE, b"written!")
    for kind, address, sequence in ((0, 0, 12), (2, 0x6000, 13)):
        xfer = (kind, address, sequence, 1, 0, SOURCE, 8, 0, 0)
        caller.put(TARGET, struct.pack("<9I", *xfer))
        assert caller.call("FLEXSPI_NOR.xfer", 0, TARGET) == SUCCESS
    assert caller.chip.array[0x6000:0x6008] == b"written!"
    caller.board.bench.clock.advance(ERASE_TIME)
    caller.put(TARGET, struct.pack("<9I", 3, 0x6000, 0, 1, 0, 0, 0, SOURCE + 64, 8))
    assert caller.call("FLEXSPI_NOR.xfer", 0, TARGET) == SUCCESS
    assert caller.get(SOURCE + 64, 8) == b"written!"


@pytest.mark.parametrize(
    ("name", "arguments", "status", "said"),
    [
        ("FLEXSPI_NOR.init", (0, SOURCE), INVALID_ARGUMENT, "begins with 00 00 00 00"),
        ("FLEXSPI_NOR.init", (0, 0x7000_0000), INVALID_ARGUMENT, "nothing at 0x70000000"),
        ("FLEXSPI_NOR.init", (1, CONFIG), INVALID_ARGUMENT, "no instance 1"),
        ("FLEXSPI_NOR.program", (0, CONFIG, 0x5101, SOURCE), INVALID_ARGUMENT, "0x5101"),
        ("FLEXSPI_NOR.program", (0, CONFIG, 0, 0x7000_0000), INVALID_ARGUMENT, "nothing at"),
        ("FLEXSPI_NOR.erase", (0, CONFIG, SIZE, 1), INVALID_ARGUMENT, "are not there"),
        ("FLEXSPI_NOR.read", (0, CONFIG, TARGET, SIZE, 1), INVALID_ARGUMENT, "too many"),
        ("FLEXSPI_NOR.read", (0, CONFIG, 0x7000_0000, 0, 4), INVALID_ARGUMENT, "nothing at"),
        ("FLEXSPI_NOR.update_lut", (0, 15, SOURCE, 2), INVALID_ARGUMENT, "there are 16"),
        ("FLEXSPI_NOR.erase_all", (0, CONFIG), INVALID_SEQUENCE, "LUT sequence 11"),
    ],
)
def test_what_cannot_be_done_has_the_roms_own_status(
    caller: Caller, name: str, arguments: tuple[int, ...], status: int, said: str
) -> None:
    block = config()
    put(block, 0x80 + 16 * 11, "I", 0x7804_0460)  # an unknown instruction
    caller.put(CONFIG, block)
    caller.board.rig.load_lut(list(struct.unpack_from("<64I", block, 0x80)))
    assert caller.call(name, *arguments) == status
    assert any(f"ROM API: {name} fails with {status}: " in s and said in s for s in caller.said)


@pytest.mark.parametrize(("limit", "status"), [(0, SUCCESS), (50, SUCCESS), (30, DEVICE_TIMEOUT)])
def test_a_chip_may_be_busy_for_as_long_as_the_block_says(
    caller: Caller, limit: int, status: int
) -> None:
    """timeoutInMs, 0: for ever. The erase takes 45 ms."""
    block = config()
    put(block, 0x70, "I", limit)
    caller.put(CONFIG, block)
    caller.call("FLEXSPI_NOR.init", 0, CONFIG)
    start = caller.board.bench.clock.now
    assert caller.call("FLEXSPI_NOR.erase", 0, CONFIG, 0, 1) == status
    took = caller.board.bench.clock.now - start
    assert 0 < took - (ERASE_TIME if status == SUCCESS else 30_000_000) < 10_000


def of_chip(part: str, qe: int) -> tuple[Caller, Chip]:
    """A firmware whose chip is a real one."""
    caller = Caller()
    board = caller.board
    chip = Chip(board.bench.system, name="nor", part=part, qe=qe)
    board.rig.spi.chips[0] = chip
    board.rig.spi.connected()
    return caller, chip


@pytest.mark.parametrize("qe", [0, 1])
def test_get_config_makes_a_block_of_the_chips_sfdp(qe: int) -> None:
    """W25Q64JV, data sheet 8.2: 64 Mbit, EBh with 2 mode clocks and 4 dummies, 4 KB by 20h, 64 KB
    by D8h, pages of 256 bytes, QE by 01h with two bytes. Option C0000007h: quad SDR at 133 MHz."""
    caller, _ = of_chip("W25Q64JV-IQ", qe)
    caller.put(SOURCE, bytes.fromhex("070000c0"))
    assert caller.call("FLEXSPI_NOR.get_config", 0, CONFIG, SOURCE) == SUCCESS
    block = caller.get(CONFIG, 512)
    assert block[:8] == b"FCFB\x00\x04\x01\x56"
    assert tuple(block[at] for at in (0x0C, 0x0D, 0x0E, 0x44, 0x45, 0x46)) == (0, 3, 3, 1, 4, 7)
    assert struct.unpack_from("<4I", block, 0x50) == (8 << 20, 0, 0, 0)
    lut = struct.unpack_from("<64I", block, 0x80)
    assert lut[0:3] == (0x0A18_04EB, 0x3204_1E00, 0x2604)
    assert (lut[4], lut[12], lut[20], lut[32]) == (
        *(0x2404_0405, 0x0406, 0x0818_0420, 0x0818_04D8),
    )
    assert (lut[36:38], lut[44]) == ((0x0818_0402, 0x2004), 0x0460)
    assert struct.unpack_from("<2I", block, 0x1C0) == (256, 4096)
    assert struct.unpack_from("<I", block, 0x1D0) == (65536,)
    assert (block[0x1C8], block[0x1C9]) == (1, 0)
    assert block[0x10] == (not qe), "to be set once"
    if not qe:
        assert (block[0x11], block[0x14:0x16], block[0x18:0x1C]) == (1, b"\x01\x06", b"\0\2\0\0")
        assert lut[24] == 0x2002_0401
    assert caller.board.bench.gaps == []


def test_a_chip_works_by_the_block_that_get_config_has_made() -> None:
    caller, chip = of_chip("W25Q64JV-IQ", 0)
    caller.put(SOURCE, bytes.fromhex("070000c0"))
    assert caller.call("FLEXSPI_NOR.get_config", 0, CONFIG, SOURCE) == SUCCESS
    assert caller.call("FLEXSPI_NOR.init", 0, CONFIG) == SUCCESS
    page = bytes(range(256))
    caller.put(SOURCE, page)
    for function in ("erase", "program"):
        last = SOURCE if function == "program" else 0x1_0000
        assert caller.call(f"FLEXSPI_NOR.{function}", 0, CONFIG, 0x2_0000, last) == SUCCESS
    assert chip.read(0x2_0000, 256) == page
    assert caller.call("FLEXSPI_NOR.read", 0, CONFIG, TARGET, 0x2_0000, 256) == SUCCESS
    assert caller.get(TARGET, 256) == page, "by the quad read, with QE set"


@pytest.mark.parametrize(
    ("part", "option", "status"),
    [
        ("GD25Q64C", 0xC000_0007, 20007),
        ("W25Q256JV-IQ", 0xC000_0007, INVALID_ARGUMENT),
        ("W25Q64JV-IQ", 0xC010_0007, INVALID_ARGUMENT),
        ("W25Q64JV-IQ", 0xC000_0017, INVALID_ARGUMENT),
    ],
    ids=["no SFDP", "four bytes of address", "DDR", "0-4-4"],
)
def test_what_get_config_cannot_make(part: str, option: int, status: int) -> None:
    caller, _ = of_chip(part, 1)
    caller.put(SOURCE, option.to_bytes(4, "little"))
    assert caller.call("FLEXSPI_NOR.get_config", 0, CONFIG, SOURCE) == status
    assert caller.said[-1].startswith(f"ROM API: FLEXSPI_NOR.get_config fails with {status}: ")


BASIC = struct.pack("<4sBBBB BBBB3sB", b"SFDP", 5, 1, 0, 255, 0, 5, 1, 16, b"\x10\0\0", 255)
"""An SFDP's head, and that of a basic flash parameter table of 16 words at 10h."""


@pytest.mark.parametrize(
    "sfdp",
    [
        b"SFD",
        b"\xff" * 256,
        BASIC[:8] + b"\x84" + BASIC[9:],
        BASIC[:11] + b"\4" + BASIC[12:],
        BASIC,
    ],
    ids=["cut", "none", "another table", "four words", "cut table"],
)
def test_a_damaged_sfdp_is_told(sfdp: bytes) -> None:
    with pytest.raises(RomError) as told:
        romconfig.table(sfdp.ljust(16, b"\0") if sfdp != b"SFD" else sfdp)
    assert told.value.status == 20007


def test_an_sfdp_without_a_unit_to_erase_is_told() -> None:
    with pytest.raises(RomError, match="no unit to erase"):
        romconfig.block(BASIC.ljust(256, b"\0"), 0xC000_0007, 0)


def test_what_is_not_there_is_reported_by_its_name(caller: Caller) -> None:
    assert caller.call("CLOCK.SetMux", 0, 0) == FAIL
    assert caller.call("RTWDOG.Init", 0, 0) == FAIL
    what = [g.what for g in caller.board.bench.gaps]
    assert what == ["ROM API: CLOCK.SetMux", "ROM API: RTWDOG.Init"]


def test_the_bootloader_is_the_end(caller: Caller) -> None:
    caller.call("runBootloader", SOURCE)
    assert "download over USB or UART" in caller.board.bench.stuck[0]


def test_a_call_under_way_goes_on_after_a_snapshot(caller: Caller) -> None:
    caller.call("FLEXSPI_NOR.init", 0, CONFIG)
    caller.begin("FLEXSPI_NOR.erase", 0, CONFIG, 0x4000, 0x2000)
    assert caller.board.rom.read(STATE) == 0
    saved = caller.board.rom.save()
    caller.board.rom.reset(ResetCause.SOFTWARE)
    caller.board.rom.load(saved)
    assert caller.finish() == SUCCESS
    erased = [t.address for t in caller.chip.seen if t.opcode == 0x20]
    assert erased == [0x4000, 0x5000]


def test_a_call_during_a_call_is_told(caller: Caller) -> None:
    caller.call("FLEXSPI_NOR.init", 0, CONFIG)
    caller.begin("FLEXSPI_NOR.erase", 0, CONFIG, 0x4000, 0x2000)
    caller.begin("FLEXSPI_NOR.clear_cache", 0)
    assert [d.rule for d in caller.board.bench.diagnostics] == ["rom-api-reentered"]


def test_the_page_of_code_can_be_looked_at() -> None:
    bench = Bench()
    rom = BootRom(bench.system, name="bootrom", flexspi=Board(image()).rig.spi)
    window = bench.window(rom, "code", romcode.BASE, 0x1000)
    page = romcode.page()
    for offset, size in ((0, 4), (0x1C, 4), (0x1E, 2), (0x41, 1)):
        expected = int.from_bytes(page[offset : offset + size], "little")
        assert window.peek(offset, size) == expected
    assert bench.gaps == []


def test_a_mode_without_commands_is_a_gap(caller: Caller) -> None:
    """needExitNoCmdMode of flexspi_nor_config_t, 1CDh."""
    block = config()
    caller.put(CONFIG, block)
    assert caller.call("FLEXSPI_NOR.init", 0, CONFIG) == SUCCESS
    assert caller.board.bench.gaps == []
    block[0x1CD] = 1
    caller.put(CONFIG, block)
    assert caller.call("FLEXSPI_NOR.init", 0, CONFIG) == SUCCESS
    assert [gap.what for gap in caller.board.bench.gaps] == ["ROM API: needExitNoCmdMode"]


def test_get_config_of_a_chip_that_needs_no_quad_enable_bit() -> None:
    """AT25SF128A's table with requirement 0: its register is not read."""
    caller, chip = of_chip("W25Q64JV-IM", 0)
    sfdp = bytearray(chip.row.sfdp_space().ljust(256, b"\xff"))
    sfdp[0x80 + 4 * 14 + 2] &= 0x8F
    chip.maker._ids._sfdp = bytes(sfdp)  # type: ignore[attr-defined]
    caller.put(SOURCE, bytes.fromhex("070000c0"))
    assert caller.call("FLEXSPI_NOR.get_config", 0, CONFIG, SOURCE) == SUCCESS
    block = caller.get(CONFIG, 512)
    assert block[:4] == b"FCFB"
    assert block[0x10] == 0
    assert set(chip.stats()["commands"]) == {"read SFDP"}


@pytest.mark.parametrize("name", [name for name in romcode.FUNCTIONS if "FLEXSPI_NOR" in name])
def test_every_function_knows_one_controller(caller: Caller, name: str) -> None:
    assert caller.call(name, 1, CONFIG, 0, 0) == INVALID_ARGUMENT
    assert "there is no instance 1" in caller.said[-1]
    assert [gap.what for gap in caller.board.bench.gaps] == [
        "ROM API: other controllers than the boot device's"
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "clears"),
    [
        ("erase", (0, CONFIG, 0, SECTOR), True),
        ("program", (0, CONFIG, 0, SOURCE), True),
        ("erase_all", (0, CONFIG), True),
        ("clear_cache", (0,), True),
        ("read", (0, CONFIG, TARGET, 0, 4), False),
    ],
)
def test_what_drops_what_was_read_ahead(
    caller: Caller, name: str, arguments: tuple[int, ...], clears: bool
) -> None:
    """By MCR0.SWRESET, when the chip is ready."""
    block = config()
    put(block, 0x80 + 16 * 11, "I", 0x0406)  # in place of a chip erase, which the chip lacks
    caller.put(CONFIG, block)
    caller.call("FLEXSPI_NOR.init", 0, CONFIG)
    spi = caller.board.rig.spi
    spi.pointers[0] = 1  # a software reset takes it back
    assert caller.call(f"FLEXSPI_NOR.{name}", *arguments) == SUCCESS
    assert spi.pointers[0] == (0 if clears else 1)


@pytest.mark.parametrize("select", [0, 1])
def test_the_chip_that_is_changed_is_the_one_that_is_waited_for(
    caller: Caller, select: int
) -> None:
    """The second one begins where the first one's bytes end."""
    board = caller.board
    second = FakeChip(board.bench, SIZE, name="second")
    board.rig.spi.chips[1] = second
    board.rig.spi.connected()
    block = config()
    put(block, 0x50, "2I", SIZE, SIZE)
    caller.put(CONFIG, block)
    assert caller.call("FLEXSPI_NOR.init", 0, CONFIG) == SUCCESS
    began = board.bench.clock.now
    assert caller.call("FLEXSPI_NOR.erase", 0, CONFIG, select * SIZE, SECTOR) == SUCCESS
    assert 0 < board.bench.clock.now - began - ERASE_TIME < 10_000
    erased = [0x20 in [t.opcode for t in chip.seen] for chip in (caller.chip, second)]
    assert erased == [select == 0, select == 1]
