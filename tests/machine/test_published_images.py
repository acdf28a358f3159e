"""Images that others have published, through the loaders: files that the project does not carry."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from images import ALIF, SHARED
from intelhex import IntelHex

from xipsim.firmware import catalogue, header, images
from xipsim.peripherals.alif.bootrom import BootRom
from xipsim.peripherals.core import BootError, Entry, ResetCause
from xipsim.peripherals.core.testing import Bench

BASE = 0x6000_0000
CHIPS = {
    "TEENSY40": header.BootChip(base=BASE, size=0x20_0000, pads=4),
    "TEENSY41": header.BootChip(base=BASE, size=0x80_0000, pads=4),
}
MRAM, MRAM_SIZE = 0x8000_0000, 0x58_0000
HP = 0x8002_0000
"""Where the image for the high-performance core lies (alif.md 2.2)."""


def shared(name: str) -> Path:
    """A published image, which the project does not carry."""
    places = [*os.environ.get("XIPSIM_FIRMWARE_PATH", "").split(os.pathsep), str(SHARED)]
    for place in filter(None, places):
        if (found := Path(place) / name).exists():
            return found
    pytest.skip(f"{name} is neither in ../shared/firmware nor in XIPSIM_FIRMWARE_PATH")


def test_hex_equals_intelhex() -> None:
    path = shared("TEENSY41.hex")
    image, oracle = images.load(path), IntelHex(str(path))
    assert image.format == "hex"
    assert image.sha256.startswith("8b509bc14f704750")  # PROVENANCE.md
    assert [(s.address, s.end) for s in image.segments] == oracle.segments()
    assert image.entry == oracle.start_addr["EIP"]
    for address, data in image.segments:
        assert data == oracle.tobinstr(start=address, size=len(data))


@pytest.mark.parametrize("name", ["MIMXRT1010.bin", "MIMXRT1020.bin", "MIMXRT1176.bin"])
def test_raw_images_begin_at_their_fcb(name: str) -> None:
    fcb = 0x000 if name == "MIMXRT1020.bin" else 0x400
    (piece,) = images.load(shared(name)).placed(BASE, 0x100_0000, fcb_offset=fcb)
    assert piece.offset == fcb
    assert piece.data[0x1000 - fcb] == 0xD1


@pytest.mark.parametrize("name", ["TEENSY40", "TEENSY41"])
def test_images_name_their_board_and_version(name: str) -> None:
    found = catalogue.identify(images.load(shared(f"{name}.hex")))
    assert found == catalogue.Identity(version="v1.18-379-g63dabfeb2 on 2022-04-25", board=name)


@pytest.mark.parametrize("name", ["TEENSY40", "TEENSY41"])
def test_images_fit_their_boards(name: str) -> None:
    facts = CHIPS[name]
    flash = bytearray(b"\xff" * facts.size)
    images.program(flash, images.load(shared(f"{name}.hex")).placed(facts.base, facts.size))
    found = header.describe(flash, facts)
    assert header.check_fits(found, facts) == []
    assert found.ivt is not None and found.ivt.entry == 0x6000_2000  # imxrt.md section 0


def test_an_image_for_a_smaller_chip_warns_once() -> None:
    facts = CHIPS["TEENSY41"]
    flash = bytearray(b"\xff" * facts.size)
    images.program(flash, images.load(shared("TEENSY40.hex")).placed(facts.base, facts.size))
    (warning,) = header.check_fits(header.describe(flash, facts), facts)
    assert "port A1 2 MB, the chip has 8 MB" in warning


def test_a_package_that_the_vendors_tool_has_written() -> None:
    """It starts as the Secure Enclave would do it, and not with a bit of its ATOC changed."""
    bench = Bench()
    mram = bench.bus.add(MRAM, MRAM_SIZE)
    mram[:] = b"\xff" * MRAM_SIZE
    rom = BootRom(bench.system, name="bootrom")
    rom.reset(ResetCause.POWER_ON)
    for offset, data in images.load(ALIF.require()).placed(MRAM, MRAM_SIZE):
        mram[offset : offset + len(data)] = data
    sp, pc = struct.unpack_from("<2I", mram, HP - MRAM)
    with pytest.raises(StopIteration) as done:
        next(rom.boot())
    assert done.value.value == Entry(pc=pc, sp=sp, vtor=HP)
    mram[-0x20] ^= 1
    with pytest.raises(BootError, match="bad checksum"):
        next(rom.boot())
