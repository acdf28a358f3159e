"""What is `alif.Flash`'s own: parts of the storage, words of 4 bytes, time-out, first boot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import fat
import pytest
from images import ALIF

from xipsim import FirmwareFault, Machine
from xipsim.firmware import boards

if TYPE_CHECKING:
    from pool import Options, Pool

VOLUME = boards.load("ALIF_ENSEMBLE").filesystem
STORAGE = 32 << 20
"""Bytes of the chip that the driver uses (MICROPY_HW_FLASH_STORAGE_BYTES)."""
BLOCK, SIZE = 300, 4096
"""A block that the firmware has not written by itself."""
BOOT_SECTOR = bytes.fromhex("EBFE90") + b"MSDOS5.0" + bytes.fromhex("0010")

SETUP = "import alif; from binascii import hexlify; f = alif.Flash()"


@pytest.fixture
def m(pool: Pool, engine: Options) -> Machine:
    """At its first prompt, with `f` the default volume. The test must leave its engine alive."""
    machine = pool.at_prompt(ALIF, engine)
    machine.exec(SETUP)
    return machine


# -- geometry ------------------------------------------------------------------------------------


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


@pytest.mark.every_engine
def test_positional_arguments_are_refused(m: Machine) -> None:
    assert m.exec("try:\n alif.Flash(0)\nexcept TypeError:\n print('no')") == "no\n"


# -- what fails ----------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [f"{BLOCK}, bytes(5)", f"{BLOCK}, bytes(8), 254"])
def test_a_part_of_a_page_that_is_no_multiple_of_4_is_reported(
    engine: Options, write: str
) -> None:
    """The driver counts down by 4, past 0, and fills a FIFO that nothing empties: for ever."""
    with Machine("ALIF_ENSEMBLE", firmware=ALIF.require(), **engine) as machine:
        machine.exec(SETUP)
        with pytest.raises(FirmwareFault, match="transmit FIFO is full") as caught:
            machine.exec(f"f.writeblocks({write})")
        assert caught.value.exit_code == 6
        assert re.search(r"no chip is selected.*PC 0x800", str(caught.value))


def test_a_stuck_write_enable_latch_is_etimedout(pool: Pool) -> None:
    """The driver polls a million times for WEL, and gives the only error that it knows: 20 s."""
    machine = pool.at_prompt(ALIF, {})
    machine.exec(SETUP)
    machine.flash.stuck_wel()
    machine.flash.program(BLOCK * SIZE, bytes(4))
    assert machine.exec(f"print(f.ioctl(6, {BLOCK}))") == "-110\n"
    assert machine.flash.stats.commands["read status"] > 1_000_000
    assert machine.flash.read(BLOCK * SIZE, 4) == bytes(4)


# -- the file system -----------------------------------------------------------------------------


@pytest.mark.every_engine
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
