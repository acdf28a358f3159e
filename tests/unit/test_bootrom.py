"""The boot ROM, from the flash's own bytes. Facts: imxrt.md section 2."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from flexspi_fakes import ERASE_TIME, MIMXRT_LUT, WINDOW, FakeChip, Rig

from xipsim.peripherals.core import BootError, Entry, ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.bootheader import DcdCheck, DcdWrite, Fcb, dcd_length, parse_dcd
from xipsim.peripherals.imxrt.bootrom import BootRom
from xipsim.peripherals.imxrt.ccm import Ccm
from xipsim.peripherals.imxrt.ccm_analog import CcmAnalog
from xipsim.peripherals.imxrt.flexspi import FlexSpi

SIZE = 0x10000
VECTORS = WINDOW + 0x2000
RAM = 0x2000_0000


def fcb(size: int = SIZE, lut: list[int] | None = None) -> bytearray:
    """An FCB as in the published mimxrt images, without a device-mode command."""
    block = bytearray(512)
    block[:8] = b"FCFB\x00\x04\x01\x56"
    block[0x0C:0x0F] = 1, 3, 3
    block[0x44:0x47] = 1, 4, 6
    struct.pack_into("<I", block, 0x50, size)
    struct.pack_into("<64I", block, 0x80, *(lut or MIMXRT_LUT))
    return block


def put(block: bytearray, offset: int, layout: str, *values: int) -> None:
    struct.pack_into("<" + layout, block, offset, *values)


def image(header: bytes | None = None, place: int = 0) -> bytearray:
    """FCB, IVT, boot data and vectors of a whole image."""
    array = bytearray(b"\xff" * 0x3000)
    array[place : place + 512] = header or fcb()
    put(array, 0x1000, "8I", 0x412000D1, VECTORS, 0, 0, WINDOW + 0x1020, WINDOW + 0x1000, 0, 0)
    put(array, 0x1020, "4I", WINDOW, SIZE, 0, 0xFFFF_FFFF)
    put(array, 0x2000, "2I", 0x2002_0000, WINDOW + 0x2401)
    return array


BUS = 10_000
"""ns that a few short transfers take at most."""


class Board:
    """A chip with an image, its controller and the ROM."""

    def __init__(self, array: bytes, **parameters: int) -> None:
        self.bench = Bench()
        self.chip = FakeChip(self.bench, SIZE)
        self.chip.array[: len(array)] = array
        self.rig = Rig(self.chip, bench=self.bench)
        self.rom = BootRom(self.bench.system, name="bootrom", flexspi=self.rig.spi, **parameters)

    def boot(self) -> Entry:
        """Run the ROM, letting time pass where it waits."""
        rom = self.rom.boot()
        while True:
            try:
                self.bench.clock.advance(next(rom) - self.bench.clock.now)
            except StopIteration as end:
                entry: Entry = end.value
                return entry

    def refuse(self) -> str:
        with pytest.raises(BootError) as error:
            self.boot()
        return str(error.value)


def test_boots_the_vector_table_of_the_ivt():
    board = Board(image())
    assert board.boot() == Entry(pc=WINDOW + 0x2401, sp=0x2002_0000, vtor=VECTORS)
    assert board.bench.events == []


def test_first_read_is_plain_and_single_lane():
    board = Board(image())
    board.boot()
    first = board.chip.seen[0]
    assert (first.opcode, first.address, first.data_lanes, first.dummy) == (0x03, 0, 1, 0)


def test_state_that_the_firmware_relies_on():
    """imxrt.md 2.5, and the vendor's boot driver: the FIFOs are on the IP bus (ARDFEN and ATDFEN
    0), a store to the window runs sequence 9, reads may be prefetched from any address."""
    block = fcb()
    block[0x0D:0x0F] = 5, 5
    board = Board(image(block))
    board.boot()
    get = board.rig.get
    assert get(FlexSpi.MCR0) == 0xFFFF_8010
    assert get(FlexSpi.AHBCR) == 0x78
    assert not get(FlexSpi.MCR2) & 0x8000, "chip selects have sizes of their own"
    assert [get(FlexSpi.FLSHCR0, i) for i in range(4)] == [SIZE >> 10, 0, 0, 0]
    assert get(FlexSpi.FLSHCR1) == 0xA5
    assert get(FlexSpi.FLSHCR2) == 9 << 8
    assert get(FlexSpi.IPRXFCR) == get(FlexSpi.IPTXFCR) == 0
    assert [get(FlexSpi.LUT, i) for i in range(64)] == MIMXRT_LUT
    assert get(FlexSpi.LUTCR) == 1
    assert [s.is_native for s in board.rig.window.segments] == [True]


def test_flexspis_clock_runs_when_the_image_starts():
    """PLL3 is powered, enabled and not bypassed: images that execute in place compute with it."""
    board = Board(image())
    analog = CcmAnalog(board.bench.system, name="ccm_analog")
    board.rom = BootRom(
        board.bench.system, name="bootrom", flexspi=board.rig.spi, ccm_analog=analog
    )
    board.boot()
    assert analog.read(0x10) & 0x8001_3000 == 0x8000_3000


@pytest.mark.parametrize(
    ("code", "is_ddr", "hertz"),
    [
        (code, is_ddr, megahertz * 1e6 * (2 if is_ddr else 1))
        for code, megahertz in enumerate((30, 50, 60, 75, 80, 100, 133, 166, 200), 1)
        for is_ddr in (False, True)
    ]
    # 0 leaves the clock as the ROM had it, what is none of these is taken for 30 MHz.
    + [(0, False, 30e6), (0, True, 30e6), (10, False, 30e6), (255, True, 60e6)],
)
def test_flexspis_clock_is_the_one_that_the_fcb_asks_for(code, is_ddr, hertz):
    """serialClkFreq; by two edges the root runs at twice that. 480 MHz * 18 / FRAC / PODF."""
    block = fcb()
    block[0x40], block[0x46] = is_ddr << 6, code
    board = Board(image(block))
    ccm, analog = Ccm(board.bench.system), CcmAnalog(board.bench.system)
    board.rom = BootRom(board.bench.system, flexspi=board.rig.spi, ccm=ccm, ccm_analog=analog)
    board.boot()
    cscmr1 = ccm.read(0x1C)
    assert cscmr1 >> 29 & 3 == 3, "from PLL3's PFD0"
    assert cscmr1 & ~0x6380_0000 == 0x0490_0000 & ~0x6380_0000, "the rest is as at reset"
    root = 480e6 * 18 / (analog.read(0xF0) & 0x3F) / ((cscmr1 >> 23 & 7) + 1)
    assert root == pytest.approx(hertz, rel=0.06)


def test_hyperflash_timing_register():
    """Word addressing and three column bits: FLSHA1CR1 = 0x1C63."""
    block = fcb()
    block[0x0F], block[0x40] = 3, 0x59
    board = Board(image(block))
    board.refuse()
    assert board.rig.get(FlexSpi.FLSHCR1) == 0x1C63


def test_odd_entry_is_code():
    array = image(place=0x400)
    put(array, 0x1004, "I", WINDOW + 0x2401)
    board = Board(array, fcb_offset=0x400)
    assert board.boot() == Entry(pc=WINDOW + 0x2401, sp=0x2002_0000, vtor=VECTORS)


def test_second_boot_reads_what_the_chip_holds_then():
    board = Board(image())
    board.boot()
    board.chip.array[:0x1000] = b"\xff" * 0x1000
    board.rig.spi.reset(ResetCause.SOFTWARE)
    assert "FCB" in board.refuse()


# -- device mode -----------------------------------------------------------------------------------


def with_command(sequence: int, argument: int, words: list[int]) -> bytearray:
    lut = list(MIMXRT_LUT)
    lut[4 * sequence : 4 * sequence + len(words)] = words
    block = fcb(lut=lut)
    block[0x10:0x12] = 1, 1
    put(block, 0x14, "BB", 1, sequence)
    put(block, 0x18, "I", argument)
    return block


def test_device_mode_command_of_the_published_images():
    """06h, then 81h with a read of 4, then a status poll."""
    board = Board(image(with_command(4, 0x40, [0x24040481])))
    board.boot()
    seen = [(t.opcode, t.write, t.read) for t in board.chip.seen[1:4]]
    assert seen == [(0x06, b"", 0), (0x81, b"", 4), (0x05, b"", 1)]


def test_device_mode_command_writes_its_argument():
    board = Board(image(with_command(4, 0x40, [0x20010401])))
    board.boot()
    assert (board.chip.seen[2].opcode, board.chip.seen[2].write) == (0x01, b"\x40")


def test_rom_waits_until_the_chip_is_ready():
    board = Board(image(with_command(4, 0, [0x0420])))
    board.chip._modify = _become_busy(board)  # type: ignore[method-assign]
    board.boot()
    assert ERASE_TIME <= board.bench.clock.now < ERASE_TIME + BUS


def _become_busy(board: Board) -> Callable[[object], None]:
    def modify(_: object) -> None:
        board.chip.end = board.bench.clock.now + ERASE_TIME

    return modify


def test_fixed_wait_time_replaces_the_poll():
    block = with_command(4, 0x40, [0x20010401])
    put(block, 0x12, "H", 3)
    board = Board(image(block))
    board.boot()
    assert 300_000 <= board.bench.clock.now < 300_000 + BUS
    assert 0x05 not in [t.opcode for t in board.chip.seen]


def test_config_commands():
    block = with_command(4, 0x40, [0x20010431])
    block[0x10], block[0x1C] = 0, 1
    put(block, 0x20, "BB", 1, 4)
    put(block, 0x30, "I", 0x02)
    board = Board(image(block))
    board.boot()
    assert (board.chip.seen[2].opcode, board.chip.seen[2].write) == (0x31, b"\x02")


def test_sequences_of_the_fcbs_own():
    """lutCustomSeqEnable, and lutCustomSeq: sequences and how many, by purpose. An empty entry
    leaves the usual one; an empty table (Teensyduino's) is as none."""
    block = with_command(4, 0x40, [0x2001_0401])
    block[0x47] = 1
    block[0x184:0x186] = 1, 7  # read status: 70h
    block[0x188:0x18A] = 2, 5  # write enable: 50h, then 06h
    block[0x190:0x192] = 1, 10  # write
    put(block, 0x80 + 16 * 7, "I", 0x2401_0470)
    put(block, 0x80 + 16 * 5, "I", 0x0450)
    put(block, 0x80 + 16 * 6, "I", 0x0406)
    board = Board(image(block))
    transfer = board.chip.transfer
    board.chip.transfer = lambda t: b"\0" if t.opcode == 0x70 else transfer(t)  # type: ignore[method-assign]
    board.boot()
    assert [t.opcode for t in board.chip.seen[1:4]] == [0x50, 0x06, 0x01]
    assert board.rig.get(FlexSpi.FLSHCR2) == 10 << 8
    block[0x180:0x1B0] = bytes(0x30)
    board = Board(image(block))
    board.boot()
    assert [t.opcode for t in board.chip.seen[1:4]] == [0x06, 0x01, 0x05]
    assert board.bench.events == []


def test_chip_that_never_gets_ready():
    lut_without_status_answer = with_command(4, 0x40, [0x20010401])
    put(lut_without_status_answer, 0x80 + 16, "I", 0x24010477)
    text = Board(image(lut_without_status_answer)).refuse()
    assert "stays busy" in text
    assert "0xff" in text


# -- what is wrong ---------------------------------------------------------------------------------


def test_erased_fcb():
    text = Board(b"").refuse()
    assert "FCB at flash offset 0x0 reads ff ff ff ff" in text
    assert "46 43 46 42" in text


def test_last_change_is_named():
    board = Board(b"")
    board.chip.last_change = lambda address: f"sector erase of {address:#x}"
    assert "sector erase of 0x0" in board.refuse()


def test_fcb_of_another_soc():
    text = Board(image(place=0x400)).refuse()
    assert "0x400" in text
    assert "another i.MX RT" in text


def test_busy_chip_is_not_waited_for():
    board = Board(image())
    board.chip.end = ERASE_TIME
    text = board.refuse()
    assert f"The chip was busy (until {ERASE_TIME} ns)" in text
    board.bench.clock.advance(ERASE_TIME)
    board.rig.spi.reset(ResetCause.PIN)
    assert board.boot().vtor == VECTORS


def test_no_chip():
    bench = Bench()
    rig = Rig(bench=bench)
    with pytest.raises(BootError, match="no flash chip"):
        next(BootRom(bench.system, flexspi=rig.spi).boot())


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (0x1000, 0xFFFF_FFFF, "IVT at flash offset 0x1000 begins with ff ff ff ff"),
        (0x1000, 0x412100D1, "expected d1 00 20 4x"),
        (0x1014, 0x7000_1000, "0x70001000"),
        (0x1004, 0x1000_0000, "entry"),
        (0x1010, 0, "boot data"),
        (0x1020, 0x2020_0000, "boot data at flash offset 0x1020"),
        (0x1028, 1, "plugin"),
        (0x2000, 0xFFFF_FFFF, "vector table at flash offset 0x2000"),
        (0x2004, 0xFFFF_FFFE, "vector table"),
    ],
)
def test_broken_headers(offset, value, words):
    array = image()
    put(array, offset, "I", value)
    text = Board(array).refuse()
    assert words in text
    assert "\n" not in text


# -- images that do not execute in place -----------------------------------------------------------


OCRAM = 0x2020_8000


def ram_image(start: int = OCRAM, length: int = 0x3000) -> bytearray:
    """As `image`, but it wants to lie at `start`; it ends with four bytes of its own."""
    array = image()
    put(array, 0x1000, "8I", 0x412000D1, start + 0x2000, 0, 0, start + 0x1020, start + 0x1000, 0, 0)
    put(array, 0x1020, "3I", start, length, 0)
    put(array, 0x2004, "I", start + 0x2401)
    array[0x2FFC:0x3000] = b"end."
    return array


@pytest.mark.parametrize("start", [OCRAM, 0])
def test_an_image_for_ram_is_copied_there_and_started(start):
    """IMXRT1060RM, System Boot: boot data say where to and how much, from flash offset 0 on."""
    board = Board(ram_image(start))
    ram = board.bench.bus.add(start, 0x4000)
    entry = Entry(pc=start + 0x2401, sp=0x2002_0000, vtor=start + 0x2000)
    assert board.boot() == entry
    assert ram[0x2FFC:0x3004] == b"end.\0\0\0\0"
    assert board.bench.events == []


def test_the_dcd_of_an_image_for_ram_is_run_before_the_copy():
    """It may be what makes the memory work."""
    array = ram_image()
    put(array, 0x100C, "I", OCRAM + 0x1100)
    block = dcd(command(0xCC, 0x04, OCRAM + 0x1100, 0))
    array[0x1100 : 0x1100 + len(block)] = block
    board = Board(array)
    ram = board.bench.bus.add(OCRAM, 0x3000)
    board.boot()
    assert ram[0x1100:0x1104] == block[:4]


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (0x1004, OCRAM + 0x3000, "entry, not into the image that is to be copied"),
        (0x1010, WINDOW + 0x1020, "boot data, not into the image that is to be copied"),
        (0x1020, OCRAM + 0x100, f"says start {OCRAM + 0x100:#x}"),
        (0x1024, SIZE + 1, "more than the chip has"),
        (0x1024, 0x3004, "no memory for all of it"),
        (0x2004, 0, "vector table at flash offset 0x2000"),
    ],
)
def test_broken_headers_of_an_image_for_ram(offset, value, words):
    array = ram_image()
    put(array, offset, "I", value)
    board = Board(array)
    board.bench.bus.add(OCRAM, 0x3000)
    assert words in board.refuse()


def test_where_the_rom_would_go_on_is_said():
    assert "waits for a download over USB or UART, which is not modelled" in Board(b"").refuse()


def test_fcb_without_a_size_leaves_nothing_to_read():
    assert "bus error" in Board(image(fcb(size=0))).refuse()


@pytest.mark.parametrize("size", [SIZE // 2, SIZE * 2])
def test_wrong_size_boots_with_one_warning(size):
    board = Board(image(fcb(size=size)))
    board.boot()
    board.rig.spi.reset(ResetCause.SOFTWARE)
    board.rom.reset(ResetCause.SOFTWARE)
    board.boot()
    assert [d.rule for d in board.bench.diagnostics] == ["fcb-mismatch"]


@pytest.mark.parametrize(("device", "rules"), [(0, []), (2, ["fcb-mismatch"])])
def test_a_device_type_that_was_left_out_is_no_mismatch(device, rules):
    """Zephyr's images for the Teensys leave it 0, and boot."""
    block = fcb()
    block[0x44] = device
    board = Board(image(block))
    board.boot()
    assert [d.rule for d in board.bench.diagnostics] == rules


# -- DCD -------------------------------------------------------------------------------------------


def dcd(*commands: bytes) -> bytes:
    body = b"".join(commands)
    return struct.pack(">BHB", 0xD2, 4 + len(body), 0x41) + body


def command(tag: int, flags: int, *values: int) -> bytes:
    return struct.pack(f">BHB{len(values)}I", tag, 4 + 4 * len(values), flags, *values)


def board_with_dcd(block: bytes) -> tuple[Board, bytearray]:
    array = image()
    put(array, 0x100C, "I", WINDOW + 0x1100)
    array[0x1100 : 0x1100 + len(block)] = block
    board = Board(array)
    return board, board.bench.bus.add(RAM, 0x100)


def test_dcd_writes_of_every_size_and_kind():
    board, ram = board_with_dcd(
        dcd(
            command(0xCC, 0x04, RAM, 0x12345678, RAM + 4, 0xFFFF_FFFF),
            command(0xCC, 0x01, RAM + 8, 0x1AB),
            command(0xCC, 0x02, RAM + 12, 0x1CDEF),
            command(0xCC, 0x0C, RAM + 4, 0x00FF_0000),
            command(0xC0, 0),
            command(0xB2, 0x1E, 1),
            command(0xCC, 0x1C, RAM, 0x8000_0001),
        )
    )
    board.boot()
    assert ram[:16] == struct.pack("<4I", 0x92345679, 0xFF00_FFFF, 0xAB, 0xCDEF)


def test_dcd_check_polls_until_it_holds():
    board, ram = board_with_dcd(dcd(command(0xCF, 0x14, RAM, 0x3)))
    rom = board.rom.boot()
    next(rom)
    next(rom)
    ram[0] = 3
    with pytest.raises(StopIteration):
        next(rom)


@pytest.mark.parametrize(
    ("flags", "value", "holds"),
    [(0x04, 0xF0, True), (0x04, 0xF1, False), (0x14, 0x0F, True), (0x14, 0x0E, False),
     (0x0C, 0x0E, True), (0x0C, 0x0F, False), (0x1C, 0x01, True), (0x1C, 0xF0, False)],
)
def test_dcd_check_conditions(flags, value, holds):
    (check,) = parse_dcd(dcd(command(0xCF, flags, RAM, 0x0F, 5)))
    assert isinstance(check, DcdCheck)
    assert check.holds(value) is holds
    assert check.polls == 5


def test_dcd_check_with_a_count_gives_up():
    board, _ = board_with_dcd(dcd(command(0xCF, 0x14, RAM, 0x1, 4)))
    assert f"{RAM:#x}" in board.refuse()


def test_dcd_check_makes_as_many_polls_as_its_count_says():
    board, _ = board_with_dcd(dcd(command(0xCF, 0x14, RAM, 0x1, 4)))
    rom, polls = board.rom.boot(), 0
    with pytest.raises(BootError):
        for _ in rom:
            polls += 1
    assert polls == 4


def test_dcd_check_with_count_zero_does_nothing():
    board, _ = board_with_dcd(dcd(command(0xCF, 0x14, RAM, 0x1, 0)))
    assert board.boot().vtor == VECTORS


def test_dcd_write_where_nothing_answers():
    board, _ = board_with_dcd(dcd(command(0xCC, 4, 0x5000_0000, 1)))
    assert "0x50000000" in board.refuse()


def test_dcd_pointer_to_a_zero_byte_is_ignored():
    """As in the RT1020 and RT1050 images (imxrt.md section 0)."""
    board, _ = board_with_dcd(bytes(4))
    assert board.boot().vtor == VECTORS


@pytest.mark.parametrize(
    "block", [dcd(b"\xcc\x00\x02\x04"), dcd(b"\xcc\x00\xff\x04"), dcd(command(0x55, 0)),
              dcd(command(0xCC, 3, RAM, 1)), dcd(command(0xCF, 4, RAM))]
)
def test_malformed_dcd(block):
    board, _ = board_with_dcd(block)
    assert "DCD" in board.refuse()


def test_dcd_header():
    assert dcd_length(dcd(command(0xC0, 0))[:4]) == 8
    assert dcd_length(bytes(4)) == 0
    assert list(parse_dcd(dcd(command(0xCC, 4, 1, 2)))) == [
        DcdWrite(operation="write", size=4, address=1, value=2)
    ]


def test_fcb_fields():
    """imxrt.md 2.2."""
    block = with_command(4, 0x40, [])
    put(block, 0x70, "I", 7)
    put(block, 0x7C, "HH", 15, 1)
    parsed = Fcb.parse(block)
    assert (parsed.clock_source, parsed.cs_hold, parsed.cs_setup, parsed.pads) == (1, 3, 3, 4)
    assert (parsed.timeout, parsed.busy_bit, parsed.busy_level) == (7_000_000, 15, 0)
    assert parsed.sizes == (SIZE, 0, 0, 0)
    (device_mode,) = parsed.commands
    assert (device_mode.sequence, device_mode.runs, device_mode.argument) == (4, 1, 0x40)
