"""`alif.Flash` of unmodified firmware against the octal chip behind it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import fat
import pytest
from images import current

from xipsim import FirmwareFault, Machine, WaitTimeout
from xipsim.firmware import boards

if TYPE_CHECKING:
    from conftest import Pool

IMAGE = current("ALIF_ENSEMBLE")
VOLUME = boards.load("ALIF_ENSEMBLE").filesystem
STORAGE = 32 << 20
"""Bytes of the chip that the driver uses (MICROPY_HW_FLASH_STORAGE_BYTES)."""
BLOCK, SIZE = 300, 4096
"""A block that the firmware has not written by itself."""
BOOT_SECTOR = bytes.fromhex("EBFE90") + b"MSDOS5.0" + bytes.fromhex("0010")

SETUP = """
import alif
from binascii import hexlify
f = alif.Flash()
def show(block, length, offset=0):
    b = bytearray(length)
    assert f.readblocks(block, b, offset) == 0
    print(hexlify(b).decode())
"""

# The read command of the XIP window, as frames of 8 bits through the controller's FIFO (alif.md
# 3.4, 4.3): FDh, address, 9 dummy cycles, octal DDR. The window's CTRLR0 is put back behind it.
COMMAND_READ = """
from machine import mem32
OSPI = 0x83002000
def command_read(address, length):
    window = mem32[OSPI]
    mem32[OSPI + 0x10] = 0
    mem32[OSPI + 0x08] = 0
    mem32[OSPI] = 0x80C00807
    mem32[OSPI + 0x04] = length - 1
    mem32[OSPI + 0xF4] = 0x00014A22
    mem32[OSPI + 0x08] = 1
    mem32[OSPI + 0x60] = 0xFD
    mem32[OSPI + 0x60] = address
    mem32[OSPI + 0x10] = 1
    out = bytearray()
    while len(out) < length:
        if mem32[OSPI + 0x24]:
            out.append(mem32[OSPI + 0x60] & 0xFF)
    mem32[OSPI + 0x08] = 0
    mem32[OSPI] = window
    mem32[OSPI + 0x08] = 1
    return out
"""


@pytest.fixture
def m(pool: Pool, qemu: Path | None) -> Machine:
    """At its first prompt, with `f` the default volume. The test must leave its engine alive."""
    machine = pool.at_prompt(IMAGE, qemu)
    machine.exec(SETUP)
    return machine


def at(block: int, length: int, machine: Machine) -> bytes:
    """The cells of a block; the volume begins at offset 0 of the chip."""
    return machine.flash.read(block * SIZE, length)


# -- geometry ------------------------------------------------------------------------------------


def test_every_ioctl(m: Machine) -> None:
    """1 to 3 do nothing, 6 erases; what the driver does not know gives None."""
    m.exec(f"f.writeblocks({BLOCK}, bytes({SIZE}))")
    assert m.exec("print([f.ioctl(n, 0) for n in (0, 1, 2, 3, 4, 5, 7, -1)])") == (
        f"[None, 0, 0, 0, {VOLUME.size // SIZE}, {SIZE}, None, None]\n"
    )
    assert m.exec(f"print(f.ioctl(6, {BLOCK}))") == "0\n"
    assert set(at(BLOCK, SIZE, m)) == {0xFF}


@pytest.mark.parametrize(
    ("arguments", "start", "length"),
    [
        ("", 0, VOLUME.size),
        ("start=-1, len=-1", 0, VOLUME.size),
        ("start=0", 0, STORAGE),
        ("start=4096", 4096, STORAGE - 4096),
        ("len=8192", 0, 8192),
        (f"start={STORAGE - 4096}, len=4096", STORAGE - 4096, 4096),
    ],
)
def test_start_and_len_choose_a_part_of_the_storage(
    m: Machine, arguments: str, start: int, length: int
) -> None:
    m.flash.program(start, b"\x5a\x00\x00\xa5")
    script = f"p = alif.Flash({arguments}); print(p.ioctl(4, 0), hexlify(memoryview(p)[:4]))"
    here = m.flash.read(start, 4).hex()
    assert m.exec(script) == f"{length // SIZE} b'{here}'\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "start=1", "start=2048", f"start={STORAGE}", "start=-4096",
        "len=0", "len=-4096", "len=4095", f"len={STORAGE + 4096}",
        f"start=4096, len={STORAGE}", "start=8192, len=1",
    ],
)  # fmt: skip
def test_bad_start_and_len_are_value_errors(m: Machine, arguments: str) -> None:
    script = f"try:\n alif.Flash({arguments})\nexcept ValueError as e:\n print(repr(e))"
    assert m.exec(script) == "ValueError()\n"


def test_positional_arguments_are_refused(m: Machine) -> None:
    assert m.exec("try:\n alif.Flash(0)\nexcept TypeError:\n print('no')") == "no\n"


# -- reading and writing -------------------------------------------------------------------------


def test_a_simple_write_erases_every_block_that_it_touches(m: Machine) -> None:
    """Unlike the driver of the i.MX RT, which erases the first one alone."""
    m.flash.program((BLOCK + 1) * SIZE, bytes(16))
    before = m.flash.stats.erases
    assert m.exec(f"print(f.writeblocks({BLOCK}, bytes([0xA5]) * {SIZE + 8}))") == "0\n"
    assert at(BLOCK, SIZE + 16, m) == b"\xa5" * (SIZE + 8) + b"\xff" * 8
    after = m.flash.stats.erases
    erased = {sector for sector in after if after[sector] > before.get(sector, 0)}
    assert erased == {BLOCK, BLOCK + 1}


def test_an_extended_write_only_clears_bits(m: Machine) -> None:
    m.exec(f"f.ioctl(6, {BLOCK})")
    for data in ("F0" * 8, "3C" * 8):
        script = f"print(f.writeblocks({BLOCK}, bytes.fromhex('{data}'), 32))"
        assert m.exec(script) == "0\n"
    assert at(BLOCK, 64, m) == b"\xff" * 32 + b"\x30" * 8 + b"\xff" * 24


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 4), (8, 8), (252, 8), (2, 4), (250, 4), (256, 600), (4092, 4), (4088, 16), (0, 0)],
)
def test_extended_writes(m: Machine, offset: int, length: int) -> None:
    """Parts of pages whose length is a multiple of 4, wherever they begin; into the next block."""
    m.exec(f"f.ioctl(6, {BLOCK}); f.ioctl(6, {BLOCK + 1})")
    data = bytes(i * 7 + 1 & 0xFF for i in range(length))
    script = f"bytes(i * 7 + 1 & 255 for i in range({length}))"
    assert m.exec(f"print(f.writeblocks({BLOCK}, {script}, {offset}))") == "0\n"
    expected = b"\xff" * offset + data
    assert at(BLOCK, 2 * SIZE, m) == expected.ljust(2 * SIZE, b"\xff")
    assert m.exec(f"show({BLOCK}, {length}, {offset})").strip() == data.hex()


def test_an_empty_write_erases_nothing(m: Machine) -> None:
    m.exec(f"f.writeblocks({BLOCK}, bytes(4), 0)")
    assert m.exec(f"print(f.writeblocks({BLOCK}, b''))") == "0\n"
    assert at(BLOCK, 4, m) == bytes(4)


def test_every_way_of_reading_gives_the_same(m: Machine) -> None:
    """readblocks, memoryview, a read command, the chip's array; after a write and an erase."""
    m.exec(COMMAND_READ)
    m.exec(f"v = memoryview(f); f.writeblocks({BLOCK}, bytes(i * 31 & 255 for i in range({SIZE})))")
    where = BLOCK * SIZE + 100
    for action in ("", f"f.ioctl(6, {BLOCK})"):
        m.exec(action)
        ways = m.exec(
            f"show({BLOCK}, 128, 100); print(hexlify(v[{where}:{where + 128}]).decode())\n"
            f"print(hexlify(command_read({where}, 128)).decode())"
        ).split()
        assert ways == [m.flash.read(where, 128).hex()] * 3


def test_a_buffer_to_write_through_is_refused(m: Machine) -> None:
    script = "try:\n memoryview(f)[0] = 0\nexcept TypeError:\n print('read-only')"
    assert m.exec(script) == "read-only\n"


def test_an_erase_takes_the_parts_time(m: Machine) -> None:
    typical = m.flash.info["times"]["erase_4k"] / 1000
    script = f"import time; t = time.ticks_us(); f.ioctl(6, {BLOCK}); print(time.ticks_us() - t)"
    assert float(m.exec(script)) == pytest.approx(typical, rel=0.07)


# -- what fails ----------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [f"{BLOCK}, bytes(5)", f"{BLOCK}, bytes(8), 254"])
def test_a_part_of_a_page_that_is_no_multiple_of_4_is_reported(
    qemu: Path | None, write: str
) -> None:
    """The driver counts down by 4, past 0, and fills a FIFO that nothing empties: for ever."""
    with Machine("ALIF_ENSEMBLE", firmware=IMAGE.require(), qemu=qemu) as machine:
        machine.exec(SETUP)
        with pytest.raises(FirmwareFault, match="transmit FIFO is full") as caught:
            machine.exec(f"f.writeblocks({write})")
        assert caught.value.exit_code == 3
        assert re.search(r"no chip is selected.*PC 0x800", str(caught.value))


def test_a_chip_that_is_stuck_busy_ends_the_wait(m: Machine) -> None:
    """The driver would give up after a million polls; the limit of the wait comes before."""
    m.flash.stuck_busy()
    with pytest.raises(WaitTimeout, match=r"busy with sector erase 4K .* for ever") as caught:
        m.exec(f"f.ioctl(6, {BLOCK})", timeout="2s")
    assert caught.value.situation.pc is not None


@pytest.mark.skipif(
    not os.environ.get("XIPSIM_SLOW_TESTS"),
    reason="a million polls take 20 s; XIPSIM_SLOW_TESTS=1 runs it",
)
def test_a_stuck_write_enable_latch_is_etimedout(pool: Pool) -> None:
    """The driver polls a million times for WEL, and gives the only error that it knows."""
    machine = pool.at_prompt(IMAGE, None)
    machine.exec(SETUP)
    machine.flash.stuck_wel()
    machine.flash.program(BLOCK * SIZE, bytes(4))
    assert machine.exec(f"print(f.ioctl(6, {BLOCK}))") == "-110\n"
    assert machine.flash.stats.commands["read status"] > 1_000_000
    assert at(BLOCK, 4, machine) == bytes(4)


def test_cells_that_fail_are_reported_as_success(m: Machine) -> None:
    m.exec(f"f.ioctl(6, {BLOCK})")
    m.flash.fail_program(BLOCK * SIZE, 2)
    assert m.exec(f"print(f.writeblocks({BLOCK}, b'abcd', 0))") == "0\n"
    assert at(BLOCK, 4, m) == b"\xff\xffcd"


# -- the file system -----------------------------------------------------------------------------


def test_the_first_boot_makes_a_fat_volume(m: Machine) -> None:
    """alif.md 5.1: no partition table, sectors of 4096 bytes, 2045 clusters of two; ours byte by
    byte, for a mistake in the order of bytes would be undone by reading."""
    assert m.flash.read(0, len(BOOT_SECTOR)) == BOOT_SECTOR
    assert m.flash.read(0x1FE, 2) == b"\x55\xaa"
    assert m.exec("import os; print(os.statvfs('/flash')[:4], os.getcwd())") == (
        "(8192, 8192, 2045, 2045) /flash\n"
    )
    assert m.flash.stats.erases.keys() <= {0, 1, 2, 3, 4, 5, 6, 7}
    assert fat.files(m.flash.read(0, VOLUME.size)) == {}


def test_files_survive_resets_and_another_implementation_reads_them(m: Machine) -> None:
    read = "print(len(open('a.txt').read()))"
    m.exec("with open('a.txt', 'w') as file: file.write('kept' * 5000)")
    m.console.write(b"\x04")
    m.console.expect("soft reboot")
    assert m.exec(read) == "20000\n"
    m.reset()
    assert m.exec(read) == "20000\n"
    m.power_cycle()
    assert m.exec(read) == "20000\n"
    assert fat.files(m.flash.read(0, VOLUME.size)) == {"A.TXT": b"kept" * 5000}
