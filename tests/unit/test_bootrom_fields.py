"""A boot that fails names the field: where it lies, what it holds, and what leads to it.

Layout: imxrt.md 2; fsl_romapi.h (FCB: sflashPadType 45h, sflashA1Size 50h, lookupTable 80h);
IMXRT1060RM, System Boot (IVT: entry +4, DCD +0Ch, boot data +10h, self +14h; boot data: start,
length, plugin).
"""

from __future__ import annotations

import pytest
from flexspi_fakes import MIMXRT_LUT, WINDOW
from test_bootrom import OCRAM, SIZE, VECTORS, Board, fcb, image, put, ram_image

END = WINDOW + SIZE
READ_9FH = [MIMXRT_LUT[0] & ~0xFF | 0x9F, *MIMXRT_LUT[1:]]


@pytest.mark.parametrize(
    ("field", "what", "address"),
    [
        (0x1004, "entry", 0),
        (0x1004, "entry", 0x2000_0000),
        (0x1004, "entry", 0x7000_0000),
        (0x1004, "entry", END),
        (0x1004, "entry", END - 4),
        (0x1004, "entry", END - 1 | 1),
        (0x1010, "boot data", 0),
        (0x1010, "boot data", END),
        (0x1010, "boot data", END - 8),
        (0x100C, "DCD", 0x2000_0000),
        (0x100C, "DCD", END),
        (0x100C, "DCD", END - 2),
        (0x100C, "DCD", 3),
    ],
)
def test_a_pointer_that_leads_out_of_the_chip(field: int, what: str, address: int) -> None:
    array = image()
    put(array, field, "I", address)
    assert (
        f"points at {address:#x} (at {field:#x}) for its {what}, not into the chip, {SIZE:#x} bytes"
        in Board(array).refuse()
    )


def test_a_pointer_that_leads_out_of_an_image_for_ram() -> None:
    array = ram_image()
    put(array, 0x100C, "I", OCRAM + SIZE)
    assert "(at 0x100c) for its DCD, not into the image that is to be copied" in (
        Board(array).refuse()
    )


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (0x1014, WINDOW + 0x2000, "says that it lies at 0x60002000 (at 0x1014), but is read at"),
        (0x1020, WINDOW - 0x1000, "boot data at flash offset 0x1020 says start 0x5ffff000"),
        (0x1028, 1, "asks for a plugin (at 0x1028)"),
        (0x1010, WINDOW + 0x2801, "the boot data at flash offset 0x2801 is erased; the IVT's "
         "pointer to it, at 0x1010, is 0x60002801"),
        (0x1010, WINDOW + 0x1000, "says start 0x412000d1, while the IVT says it lies at 0x60001000;"
         " the IVT's pointer to it, at 0x1010, is 0x60001000"),
        (0x1004, WINDOW + 0x2800, "the vector table at flash offset 0x2800 is erased; the IVT's "
         "entry, at 0x1004, is 0x60002800"),
        (0x2000, 0x4000_0000, "begins with 0x40000000, no stack pointer into RAM; the IVT's entry, "
         "at 0x1004, is 0x60002000"),
        (0x2004, VECTORS + 0x400, "has the reset vector 0x60002400, which is even, and no Thumb"),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong(offset: int, value: int, words: str) -> None:
    array = image()
    put(array, offset, "I", value)
    assert words in Board(array).refuse()


def test_the_length_of_an_image_for_ram() -> None:
    array = ram_image()
    put(array, 0x1024, "I", SIZE + 4)
    assert f"says length {SIZE + 4:#x} (at 0x1024), more than the chip has" in Board(array).refuse()


@pytest.mark.parametrize(
    ("size", "what"), [(0, "IVT"), (0x200, "IVT"), (0x1000, "IVT"), (0x2000, "vector table")]
)
@pytest.mark.parametrize("place", [0, 0x400])
def test_a_size_in_the_fcb_that_ends_before_the_image(size: int, what: str, place: int) -> None:
    array = image(fcb(size=size), place)
    text = Board(array, fcb_offset=place).refuse()
    assert f"where it reads the {what}" in text
    at = place + 0x50
    assert (
        f"The FCB's size of port A1, at flash offset {at:#x}, is {size:#x} bytes, the chip has "
        f"{SIZE:#x}." in text
    )


@pytest.mark.parametrize("lut", [[0] * 64, [0xFFFF_FFFF] * 64])
def test_a_lut_in_the_fcb_by_which_nothing_is_read(lut: list[int]) -> None:
    text = Board(image(fcb(lut=lut))).refuse()
    assert "at flash offset 0x1000, where it reads the IVT" in text
    assert text.endswith("It reads by sequence 0 of the FCB's LUT, at flash offset 0x80.")


def test_a_lut_in_the_fcb_that_reads_something_else() -> None:
    """What is in the chip is right, and not to blame."""
    text = Board(image(fcb(lut=READ_9FH))).refuse()
    assert "the IVT at flash offset 0x1000 begins with ff ff ff ff" in text
    assert (
        "The chip holds d1 00 20 41 00 20 00 60 there, which sequence 0 of the FCB's LUT, at flash "
        "offset 0x80, does not read." in text
    )
    array = image()
    put(array, 0x1000, "I", 0xFFFF_FFFF)
    assert "The chip holds" not in Board(array).refuse()


@pytest.mark.parametrize(
    ("pads", "told"), [(1, "its read uses 4 pads, of which it connects 1"), (4, ""), (8, "")]
)
def test_pads_that_the_read_sequence_uses_and_the_fcb_does_not_connect(
    pads: int, told: str
) -> None:
    header = fcb()
    header[0x45] = pads
    board = Board(image(header))
    board.boot()
    assert [d.rule for d in board.bench.diagnostics] == (["fcb-mismatch"] if told else [])
    assert all(told in d.message for d in board.bench.diagnostics)


@pytest.mark.parametrize(
    ("address", "told"),
    [(0, False), (WINDOW + 0x1020, False), (VECTORS, False), (WINDOW + 0x1000, True),
     (WINDOW + 0x2801, True)],
)  # fmt: skip
def test_a_dcd_pointer_to_no_dcd(address: int, told: bool) -> None:
    """A pointer to a byte that is 0 is what the ports' images have."""
    array = image()
    put(array, 0x100C, "I", address)
    board = Board(array)
    board.boot()
    messages = [d.message for d in board.bench.diagnostics]
    assert bool(messages) is told
    for message in messages:
        assert f"at flash offset 0x100c, is {address:#x}, where" in message


def test_a_vector_table_where_vtor_cannot_point() -> None:
    """The ROM takes stack pointer and reset vector from there all the same."""
    array = image()
    put(array, 0x1004, "I", VECTORS + 8)
    put(array, 0x2008, "2I", 0x2002_0000, WINDOW + 0x2401)
    board = Board(array)
    assert board.boot().pc == WINDOW + 0x2401
    (found,) = board.bench.diagnostics
    assert found.rule == "vectors-unaligned"
    assert "at 0x60002008" in found.message and "vectors from 0x60002000" in found.message
