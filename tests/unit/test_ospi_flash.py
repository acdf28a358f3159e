"""MicroPython's Alif flash driver, register by register, against OSPI and real chip models.

Sequences and values: alif.md 3.8, 4.3, 4.4, traced from the firmware.
"""

from __future__ import annotations

import pytest
from ospi_driver import DR, EVERSPIN, FAMILIES, ISSI, MACRONIX, SER, SSIENR, Driver

from xipsim.peripherals.core import ResetCause

PARTS = list(FAMILIES)
IDS = {
    "IS25WX128": bytes.fromhex("9D5B18"),
    "MX25UM25645G": bytes.fromhex("C28039"),
    "EM064LX": bytes.fromhex("6BBB17"),
}
BOOT_SECTOR = bytes.fromhex("EBFE904D53444F53352E3000")


@pytest.mark.parametrize("part", PARTS)
def test_id_in_spi_mode(part: str) -> None:
    d = Driver(part)
    d.init(4000)
    assert d.spi(0x9F, 0, 0, 0)[1:] == IDS[part]
    assert not d.bench.events


def test_the_id_that_the_devkit_accepts() -> None:
    d = Driver("IS25WX512")
    d.init(4000)
    assert d.spi(0x9F, 0, 0, 0)[1:] == bytes.fromhex("9D5B1A")
    assert d.chip.size == 64 << 20


@pytest.mark.parametrize("part", PARTS)
def test_id_in_octal_mode(part: str) -> None:
    d = Driver(part)
    d.start()
    frames = d.read(d.settings.read_id)
    # Macronix: three of four 16-bit frames, C2C2 8080 3939 C2C2; the driver takes the low bytes.
    assert bytes(frame & 0xFF for frame in frames)[:3] == IDS[part]
    if d.settings is MACRONIX:
        assert frames == [0xC2C2, 0x8080, 0x3939, 0xC2C2]
    assert not d.bench.events


@pytest.mark.parametrize("part", PARTS)
def test_what_is_programmed_lies_in_the_array_in_order(part: str) -> None:
    d = Driver(part)
    d.start()
    d.erase(0)
    d.program(0, BOOT_SECTOR)
    assert d.chip.read(0, 16) == BOOT_SECTOR + b"\xff" * 4
    assert d.look(0, 16) == BOOT_SECTOR + b"\xff" * 4
    assert not d.bench.events


@pytest.mark.parametrize("part", PARTS)
def test_a_page_of_64_words(part: str) -> None:
    d = Driver(part)
    d.start()
    page = bytes(range(256))
    address = 0x1234500 % d.chip.size
    d.program(address, page)
    assert d.chip.read(address, 256) == page
    assert not d.bench.events


def test_macronix_fifo_word_of_the_fact_sheet() -> None:
    # Memory EB FE 90 4D makes the FIFO word FEEB4D90.
    d = Driver("MX25UM25645G")
    d.start()
    d.write_enable()
    d.send(MACRONIX.program, 0, 0xFEEB4D90)
    d.bench.clock.advance(10_000_000)
    assert d.chip.read(0, 4) == bytes.fromhex("EBFE904D")


@pytest.mark.parametrize("part", PARTS)
def test_write_enable_latch_and_busy_are_seen_by_polls(part: str) -> None:
    d = Driver(part)
    d.start()
    # On MRAM the WREN of the setup is still in force.
    assert d.status() == (0x02 if part == "EM064LX" else 0)
    d.send(d.settings.write_enable)
    assert d.status() == 0x02
    d.send(d.settings.erase, 0x1000)
    assert d.status() == 0x03
    d.bench.clock.advance(1_000_000_000)
    assert d.status() == (0x02 if part == "EM064LX" else 0)


def test_polls_of_a_busy_chip_are_questions() -> None:
    d = Driver()
    d.start()
    d.write_enable()
    d.send(ISSI.erase, 0)
    end = d.chip.busy_until
    d.bench.clock.questions.clear()
    d.status()
    assert (("status", "nor"), end) in d.bench.clock.questions
    # Every register that the driver touches in this loop is neutral.
    touched = {0x00, 0x04, 0x08, 0x10, 0x24, 0x28, 0x60, 0xF4}
    # So is what Alif's CMSIS driver touches besides, which works by interrupts.
    touched |= {0x14, 0x18, 0x1C, 0x2C, 0x30, 0x38, 0x3C, 0x40, 0x48}
    assert touched <= d.ospi.NEUTRAL


@pytest.mark.parametrize("part", PARTS)
def test_window_equals_array_and_read_by_command(part: str) -> None:
    d = Driver(part)
    d.start()
    data = bytes(range(64))
    d.chip.program(0x400, data)
    assert d.look(0x400, 64) == data
    assert d.window.segments[0].is_native
    assert not d.bench.events


@pytest.mark.parametrize("part", PARTS)
def test_window_without_the_native_copy_gives_the_same(part: str) -> None:
    d = Driver(part)
    d.start()
    d.chip.program(0x400, bytes(range(64)))
    for size in (1, 2, 4, 8):
        for offset in range(0x400, 0x410):
            expected = d.chip.read(offset, size)
            assert d.ospi.read_flash(offset, size) == expected
    assert not d.bench.events


@pytest.mark.parametrize("part", PARTS)
def test_warm_reset_needs_the_reset_pin(part: str) -> None:
    d = Driver(part)
    d.start()
    d.reset(ResetCause.SOFTWARE)
    d.init(4000)
    assert d.spi(0x9F, 0, 0, 0)[1:] == b"\xff" * 3  # the chip is still in octal mode
    d.chip.on_input(0, False)
    d.bench.clock.advance(100_000)
    d.chip.on_input(0, True)
    d.bench.clock.advance(1_000_000)
    assert d.spi(0x9F, 0, 0, 0)[1:] == IDS[part]


def test_no_chip_reads_ones() -> None:
    d = Driver(None)
    d.init(4000)
    assert d.spi(0x9F, 0, 0, 0) == b"\xff" * 4


def test_wrong_dummies_shift_the_window() -> None:
    d = Driver("EM064LX")
    d.settings = ISSI  # 9 dummies for the window
    d.init()
    for command in EVERSPIN.setup:  # 7 in the chip
        d.spi(0x06)
        d.spi(*command)
    d.enter_xip()
    d.chip.program(0, bytes(range(16)))
    assert d.look(0, 4) == bytes((4, 5, 6, 7))  # two clocks late: four bytes
    assert not d.window.segments[0].is_native
    assert {e.rule for e in d.bench.diagnostics} == {"wrong-dummy"}


def test_wrong_frame_size_swaps_pairs_in_the_window() -> None:
    d = Driver("MX25UM25645G")
    d.start()
    d.chip.program(0, bytes((0xEB, 0xFE, 0x90, 0x4D)))
    d.w((SSIENR, 0), (0x00, 0x80C00807), (SSIENR, 1))
    assert d.look(0, 4) == bytes((0xFE, 0xEB, 0x4D, 0x90))
    assert not d.window.segments[0].is_native


def test_a_write_that_overruns_the_fifo_is_reported_and_ends_the_run() -> None:
    # alif.md 4.4: a page part of 5 bytes makes the driver push for ever, with SER 0.
    d = Driver()
    d.start()
    d.write_enable()
    ctrlr0, spi_ctrlr0, opcode = ISSI.program
    d.setup(ctrlr0, 0, spi_ctrlr0)
    d.bench.pc = 0x8002_1234
    for value in (opcode, *range(255)):
        d.w((DR, value))
    assert not d.bench.diagnostics
    assert d.bench.stuck == []
    d.w((DR, 0), (DR, 0), (DR, 0))
    (report,) = d.bench.diagnostics
    assert (report.rule, report.pc) == ("tx-fifo-overflow-unselected", 0x8002_1234)
    assert len(d.bench.stuck) == 1
    d.w((SSIENR, 0))
    assert d.ospi.read(0x20) == 0


def test_stuck_wel_and_stuck_busy_are_seen() -> None:
    d = Driver()
    d.start()
    d.write_enable()
    d.chip.stuck_busy()
    d.send(ISSI.erase, 0)
    d.bench.clock.advance(10_000_000_000)
    assert d.status() & 1
    d.w((SER, 0))


def test_snapshot_in_the_middle() -> None:
    d = Driver("MX25UM25645G")
    d.start()
    d.erase(0)
    models = (d.ospi, d.aes, d.chip)
    saved = [model.save() for model in models]
    d.program(0, BOOT_SECTOR)
    for model, state in zip(models, saved, strict=True):
        model.load(state)
    assert d.look(0, 4) == b"\xff" * 4
    d.program(0, BOOT_SECTOR)
    assert d.look(0, 12) == BOOT_SECTOR


@pytest.mark.parametrize("part", PARTS)
def test_looking_into_the_window_of_a_busy_chip(part: str) -> None:
    """The cells, and nothing that the chip or the report would notice."""
    d = Driver(part)
    d.start()
    d.chip.program(0x400, bytes(range(64)))
    d.write_enable()
    d.send(d.settings.erase, 0x1000)
    saved, stats = d.ospi.save(), d.chip.stats()
    assert d.window.peek(0x404, 8) == int.from_bytes(bytes(range(4, 12)), "little")
    assert d.window.peek(d.chip.size - 1, 2) == 0xFFFF
    assert (d.ospi.save(), d.chip.stats()) == (saved, stats)
    assert not d.bench.events
