"""What will go wrong with an image on a board, foreseen from its boot headers."""

from __future__ import annotations

import re
import struct

import pytest

from xipsim.firmware import header

SIZE = 0x4000
FACTS = header.BootChip(base=0x6000_0000, size=SIZE, pads=4)


def chip(
    *,
    fcb: int = 0,
    device_type: int = 1,
    pads: int = 4,
    sizes: tuple[int, int, int, int] = (SIZE, 0, 0, 0),
    entry: int = 0x6000_2000,
    self_address: int = 0x6000_1000,
    reset: int = 0x6000_3001,
) -> bytearray:
    """A chip whose headers fit FACTS unless told otherwise (imxrt.md 2.2 to 2.4)."""
    flash = bytearray(b"\xff" * SIZE)
    flash[fcb : fcb + 8] = b"FCFB\x00\x04\x01\x56"
    flash[fcb + 0x44 : fcb + 0x46] = bytes([device_type, pads])
    struct.pack_into("<4I", flash, fcb + 0x50, *sizes)
    struct.pack_into("<2I", flash, fcb + 0x1C0, 256, 4096)
    ivt = (0x412000D1, entry, 0, 0, 0x6000_1020, self_address, 0, 0, 0x6000_0000, SIZE, 0)
    struct.pack_into("<11I", flash, 0x1000, *ivt)
    struct.pack_into("<2I", flash, 0x2000, 0x2002_0000, reset)
    flash[0x3000:0x3002] = b"\xfe\xe7"
    return flash


def warnings(flash: bytearray) -> list[str]:
    return header.check_fits(header.describe(flash, FACTS), FACTS)


def test_headers_that_fit_give_no_warning() -> None:
    found = header.describe(chip(), FACTS)
    fcb = found.fcb
    assert fcb is not None and fcb.version == 0x5601_0400
    assert (fcb.device_type, fcb.pads, fcb.sizes) == (1, 4, (SIZE, 0, 0, 0))
    assert (fcb.page_size, fcb.sector_size) == (256, 4096)
    assert found.ivt is not None and found.ivt.self_address == 0x6000_1000
    assert header.check_fits(found, FACTS) == []


def test_a_device_type_that_was_left_out_gives_no_warning() -> None:
    assert warnings(chip(device_type=0)) == []


@pytest.mark.parametrize(
    ("flash", "warning"),
    [
        (chip(fcb=0x400), "no FCB at flash offset 0x0.*ff ff ff ff.* but one at 0x400"),
        (chip(device_type=2), r"device type 2 \(NAND\), the board has 1 \(NOR\)"),
        (chip(pads=8), "8 data pads, the board's chip has 4: reads will return garbage"),
        (chip(pads=3), "3 data pads"),
        (chip(sizes=(0x2000, 0, 0, 0)), "accesses from flash offset 0x2000 on will fail"),
        (chip(sizes=(0x100000, 0, 0, 0)), "port A1 1 MB, the chip has 16384 bytes"),
        (chip(sizes=(SIZE, SIZE, 0, 0)), "port A2 16384 bytes: the board has no chip there"),
        (chip(self_address=0x7000_1000), "made for 0x70001000 and lies at 0x60001000"),
        (chip(entry=0x7000_2000), "entry 0x70002000 leads nowhere"),
        (chip()[:0x2007], "the vector table, at 0x60002000, is erased flash.*truncated"),
        (chip(reset=0xFFFF_FFFF), "the vector table, at 0x60002000, is erased flash.*truncated"),
        (chip(reset=0x2000_0001), "entry 0x60002000 leads at 0x20000001, outside the flash"),
        (chip(entry=0x6000_3801), "the first instruction, at 0x60003801, is erased flash"),
    ],
)
def test_each_misfit_is_one_warning_that_says_what_will_happen(
    flash: bytearray, warning: str
) -> None:
    (text,) = warnings(flash)
    assert re.search(warning, text)


@pytest.mark.parametrize("start", [0x2020_8000, 0])
def test_an_image_that_the_boot_rom_copies_to_ram_fits(start: int) -> None:
    """Its IVT, entry and reset vector are addresses in RAM; TinyUF2's are."""
    places = {"self_address": start + 0x1000, "entry": start + 0x2000}
    assert warnings(chip(**places, reset=start + 0x3001)) == []
    (erased,) = warnings(chip(**places, reset=start + 0x3801))
    assert "is erased flash" in erased
    (outside,) = warnings(chip(**places, reset=start + SIZE + 1))
    assert "outside the flash" in outside


def test_an_erased_chip_and_a_lost_ivt() -> None:
    assert "no FCB" in warnings(bytearray(b"\xff" * SIZE))[0]
    flash = chip()
    flash[0x1000] = 0xFF
    assert "no image vector table" in warnings(flash)[0]
