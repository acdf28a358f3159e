"""What docs/micropython.md says of `mimxrt.Flash`, asked of the firmware itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from images import TEENSYS, Image

from xipsim import FirmwareFault, Machine

SETUP = """
from mimxrt import Flash
flash, buffer = Flash(), bytearray(4)
def at(block, offset=0):
    flash.readblocks(block, buffer, offset)
    return bytes(buffer)
for block in (200, 201):
    flash.ioctl(6, block)
"""
STORAGE, SECTOR = 0x100000, 4096
IMAGES = [pytest.param(i, id=i.name) for i in TEENSYS if i.board == "TEENSY41"]


@pytest.fixture(scope="module", params=IMAGES)
def booted(request: pytest.FixtureRequest) -> Iterator[Machine]:
    image: Image = request.param
    with Machine(image.board, firmware=image.require()) as machine:
        yield machine


@pytest.fixture
def machine(booted: Machine) -> Machine:
    """At the prompt, with blocks 200 and 201 erased."""
    booted.exec(SETUP)
    return booted


def test_only_the_first_block_is_erased(machine: Machine) -> None:
    printed = machine.exec("""
flash.writeblocks(200, b'\\x0f' * 4, 0)
flash.writeblocks(201, b'\\x0f' * 4, 0)
print(flash.writeblocks(200, b'\\xf0' * 8192))
print(at(200), at(201))
""")
    assert printed == "0\nb'\\xf0\\xf0\\xf0\\xf0' b'\\x00\\x00\\x00\\x00'\n"


@pytest.mark.parametrize("data", [b"", b"xy"])
def test_the_block_is_erased_whatever_the_length(machine: Machine, data: bytes) -> None:
    machine.exec(f"flash.writeblocks(200, b'abcd', 100); flash.writeblocks(200, {data!r})")
    assert machine.exec("print(at(200, 100))") == "b'\\xff\\xff\\xff\\xff'\n"


def test_an_extended_write_goes_on_into_the_next_block(machine: Machine) -> None:
    printed = machine.exec("flash.writeblocks(200, b'abcdefgh', 4092); print(at(201))")
    assert printed == "b'efgh'\n"


def test_an_extended_write_does_not_erase(machine: Machine) -> None:
    machine.exec("flash.writeblocks(200, b'\\x0f' * 4, 0); flash.writeblocks(200, b'\\xf0' * 4, 0)")
    assert machine.flash.read(STORAGE + 200 * SECTOR, 4) == bytes(4)


def test_block_minus_one_is_the_sector_below_the_storage_area(machine: Machine) -> None:
    assert machine.exec("print(flash.ioctl(6, -1))") == "0\n"
    assert machine.flash.stats.erases[STORAGE // SECTOR - 1] == 1


def test_an_erase_beyond_the_chip_gives_1(machine: Machine) -> None:
    assert machine.exec("print(flash.ioctl(6, 1792))") == "1\n"


def test_cells_that_fail_are_reported_as_success(machine: Machine) -> None:
    machine.call("nor", "fail_program", STORAGE + 200 * SECTOR, 2)
    printed = machine.exec("print(flash.writeblocks(200, b'abcd', 0), at(200))")
    assert printed == "0 b'\\xff\\xffcd'\n"


def test_a_read_beyond_the_chip_faults(machine: Machine) -> None:
    with pytest.raises(FirmwareFault, match="0x60800000"):
        machine.exec("at(1792)")
    machine.reset()
