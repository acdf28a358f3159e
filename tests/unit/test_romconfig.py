"""The block that the ROM makes of a chip's SFDP, part by part.

JESD216B: DWORD 1 (reads that there are), 2 (density), 3 (quad reads), 8 and 9 (erases), 11 (page),
15 (quad enable requirement); nor-flash.md 5 has its codes. Where the block has what:
`flexspi_nor_config_t` of the vendor's fsl_romapi.h.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest

from xipsim.peripherals.imxrt import romconfig
from xipsim.peripherals.imxrt.romflexspi import RomError

OPTION = 0xC000_0007
"""Quad SDR at code 7, 133 MHz."""
READ_1_4_4, READ_1_1_4 = 1 << 21, 1 << 22


def sfdp(revision: int = 6, length: int = 16, at: int = 0x30, **words: int) -> bytes:
    """An SFDP space with a basic table; words by their numbers of JESD216: `w3=...`."""
    values = {1: READ_1_4_4 | READ_1_1_4, 2: 0x3FF_FFFF, 3: 0x6B08_EB44, 8: 0x520F_200C,
              9: 0x0000_D810, 11: 0x80, 15: 4 << 20}  # fmt: skip
    values |= {int(name[1:]): value for name, value in words.items()}
    space = bytearray(b"\xff" * 256)
    space[:16] = struct.pack(
        "<4s4B4B3sB", b"SFDP", revision, 1, 0, 0xFF, 0, revision, 1, length,
        at.to_bytes(3, "little"), 0xFF,
    )  # fmt: skip
    for number in range(1, length + 1):
        struct.pack_into("<I", space, at + 4 * (number - 1), values.get(number, 0))
    return bytes(space)


class Recipe(NamedTuple):
    """How QE is set. status, argument: the register before, and what is written."""

    read: int
    write: int
    size: int
    status: int
    argument: bytes


RECIPES = {
    1: Recipe(0x35, 0x01, 2, 0x00, b"\x00\x02"),
    2: Recipe(0x05, 0x01, 1, 0x84, b"\xc0"),
    3: Recipe(0x3F, 0x3E, 2, 0x01, b"\x81\x00"),
    4: Recipe(0x35, 0x01, 2, 0x04, b"\x00\x06"),
    5: Recipe(0x35, 0x01, 2, 0x00, b"\x00\x02"),
    6: Recipe(0x35, 0x31, 1, 0x40, b"\x42"),
}
"""By quad enable requirement. Code 2 writes the block protection bits 0."""
BY_OPTION = {1: 2, 2: 1, 3: 3, 4: 6}
"""quad_mode_setting of the option (fsl_romapi.h): as which requirement."""


def check_recipe(space: bytes, option: int, recipe: Recipe) -> None:
    how = romconfig.quad(space, option)
    assert how is not None
    assert romconfig.read_status(how) == (0x2401_0400 | recipe.read, 0)
    block = romconfig.block(space, option, recipe.status)
    assert block[0x10:0x12] == b"\1\1", "deviceModeCfgEnable, of the type that sets QE"
    assert block[0x14:0x16] == b"\1\6", "one sequence, the sixth"
    assert block[0x18:0x1C] == recipe.argument.ljust(4, b"\0")
    assert struct.unpack_from("<2I", block, 0x80 + 16 * 6) == (
        0x2000_0400 | recipe.size << 16 | recipe.write, 0,
    )  # fmt: skip
    assert romconfig.block(space, option, recipe.status | 1 << how.bit)[0x10] == 0, "it is set"


@pytest.mark.parametrize("requirement", RECIPES)
def test_how_the_quad_enable_bit_is_set(requirement: int) -> None:
    check_recipe(sfdp(w15=requirement << 20), OPTION, RECIPES[requirement])


@pytest.mark.parametrize(("setting", "requirement"), BY_OPTION.items())
def test_an_old_table_leaves_it_to_the_option(setting: int, requirement: int) -> None:
    old = sfdp(revision=0, length=9)
    check_recipe(old, OPTION | setting << 8, RECIPES[requirement])


@pytest.mark.parametrize(
    ("space", "option"),
    [
        (sfdp(w15=0), OPTION),
        (sfdp(w15=7 << 20), OPTION),
        (sfdp(w15=0xFF8F_FFFF), OPTION),
        (sfdp(length=14), OPTION),
        (sfdp(w15=0), OPTION | 4 << 8),
        (sfdp(revision=0, length=9), OPTION),
        (sfdp(revision=0, length=9), OPTION | 9 << 8),
        (sfdp(revision=5, length=9), OPTION | 4 << 8),
    ],
)
def test_a_chip_that_has_none(space: bytes, option: int) -> None:
    assert romconfig.quad(space, option) is None
    block = romconfig.block(space, option, 0)
    assert block[0x10:0x1C] == bytes(12)
    assert block[0x80 + 16 * 6 : 0x80 + 16 * 7] == bytes(16)


def test_a_long_table_of_an_old_revision_says_it_too() -> None:
    check_recipe(sfdp(revision=0, w15=6 << 20), OPTION | 2 << 8, RECIPES[6])


@pytest.mark.parametrize(
    ("revision", "length", "requirement"),
    [(4, 9, 2), (4, 15, 2), (4, 16, 6), (5, 15, 6), (5, 16, 6), (6, 15, 6)],
)
def test_who_says_how_the_quad_enable_bit_is_set(
    revision: int, length: int, requirement: int
) -> None:
    """The table from JESD216A on, and one of 16 words; else the option, here setting 1."""
    space = sfdp(revision=revision, length=length, w15=0xFF8F_FFFF | 6 << 20)
    check_recipe(space, OPTION | 1 << 8, RECIPES[requirement])


@pytest.mark.parametrize("bit", range(8))
def test_which_bits_of_the_status_register_are_kept(bit: int) -> None:
    """Requirement 2: SR1 is written with QE (6) set, and BP0 to BP3 (2 to 5) cleared."""
    status = 1 << bit
    block = romconfig.block(sfdp(w15=2 << 20), OPTION, status)
    kept = 0 if bit in (2, 3, 4, 5) else status
    assert block[0x18:0x1C] == (bytes(4) if bit == 6 else bytes([kept | 0x40, 0, 0, 0]))


@pytest.mark.parametrize(
    ("word1", "word3", "lut"),
    [
        # EBh with 2 mode clocks and 4 dummies; with 1 and 5; with none and 6.
        (READ_1_4_4, 0xEB44, (0x0A18_04EB, 0x3204_1E00, 0x2604, 0)),
        (READ_1_4_4, 0xEB25, (0x0A18_04EB, 0x3205_1A00, 0x2604, 0)),
        (READ_1_4_4, 0xEB06, (0x0A18_04EB, 0x2604_3206, 0, 0)),
        # With 16 dummies; with 4 mode clocks, and what belongs to the other read.
        (READ_1_4_4, 0xEB10, (0x0A18_04EB, 0x2604_3210, 0, 0)),
        (READ_1_4_4, 0xFFFF_EB8A, (0x0A18_04EB, 0x320A_1E00, 0x2604, 0)),
        # 6Bh: address on one pad, 8 dummies.
        (READ_1_1_4, 0x6B08_FFFF, (0x0818_046B, 0x2604_3208, 0, 0)),
        (READ_1_4_4 | READ_1_1_4, 0x6B08_EB44, (0x0A18_04EB, 0x3204_1E00, 0x2604, 0)),
        (0, 0x6B08_EB44, (0x0818_0403, 0x2404, 0, 0)),
    ],
)
def test_the_quickest_read(word1: int, word3: int, lut: tuple[int, ...]) -> None:
    block = romconfig.block(sfdp(w1=word1, w3=word3), OPTION, 0xFF)
    assert struct.unpack_from("<4I", block, 0x80) == lut


def test_commands_without_data_and_the_program() -> None:
    block = romconfig.block(sfdp(), OPTION, 0xFF)
    lut = struct.unpack_from("<64I", block, 0x80)
    expected = {
        0: (0x0A18_04EB, 0x3204_1E00, 0x2604),
        1: (0x2404_0405,),
        3: (0x0406,),
        5: (0x0818_0420,),
        8: (0x0818_04D8,),
        9: (0x0818_0402, 0x2004),
        11: (0x0460,),
    }
    for number in range(16):
        words = expected.get(number, ())
        assert lut[4 * number : 4 * number + 4] == words + (0,) * (4 - len(words)), number


def test_head_of_the_block() -> None:
    block = romconfig.block(sfdp(), OPTION, 0xFF)
    assert block[:4] == b"FCFB"
    assert struct.unpack_from("<I", block, 4) == (0x5601_0400,)
    assert tuple(block[at] for at in (0x0C, 0x0D, 0x0E)) == (0, 3, 3)
    assert struct.unpack_from("<I", block, 0x40) == (0x10,), "safeConfigFreqEnable"
    assert tuple(block[0x44:0x47]) == (1, 4, 7)
    assert block[0x1C8] == 1, "ipcmdSerialClkFreq"


@pytest.mark.parametrize("size", [1 << 16, 2 << 20, 16 << 20])
def test_size(size: int) -> None:
    block = romconfig.block(sfdp(w2=size * 8 - 1), OPTION, 0xFF)
    assert struct.unpack_from("<4I", block, 0x50) == (size, 0, 0, 0)


@pytest.mark.parametrize("density", [(16 << 23 | 7) + 1, 32 << 23, 1 << 31 | 32])
def test_more_than_three_bytes_of_address_reach(density: int) -> None:
    with pytest.raises(RomError, match="beyond 16 MB") as told:
        romconfig.block(sfdp(w2=density), OPTION, 0xFF)
    assert told.value.status == 4


@pytest.mark.parametrize(
    ("words", "smallest", "largest"),
    [
        ((0x520F_200C, 0x0000_D810), (0x1000, 0x20), (0x10000, 0xD8)),
        ((0x0000_200C, 0), (0x1000, 0x20), (0x1000, 0x20)),
        ((0x200C_0000, 0), (0x1000, 0x20), (0x1000, 0x20)),
        ((0, 0xD810_520F), (0x8000, 0x52), (0x10000, 0xD8)),
        ((0x0000_200C, 0xD814_D813), (0x1000, 0x20), (0x8_0000, 0xD8)),
    ],
)
def test_erases(
    words: tuple[int, int], smallest: tuple[int, int], largest: tuple[int, int]
) -> None:
    """The largest below 1 MB; alike: isUniformBlockSize."""
    block = romconfig.block(sfdp(w8=words[0], w9=words[1]), OPTION, 0xFF)
    assert struct.unpack_from("<I", block, 0x1C4) == smallest[:1]
    assert struct.unpack_from("<I", block, 0x1D0) == largest[:1]
    lut = struct.unpack_from("<64I", block, 0x80)
    assert (lut[20], lut[32]) == (0x0818_0400 | smallest[1], 0x0818_0400 | largest[1])
    assert block[0x1C9] == (smallest == largest)


@pytest.mark.parametrize(
    ("space", "page"),
    [
        (sfdp(), 256),
        (sfdp(w11=0x90), 512),
        (sfdp(w11=0xF0), 256),
        (sfdp(w11=0xFFFF_FF8F), 256),
        (sfdp(length=15, w11=0x90), 256),
        (sfdp(revision=0, length=9), 256),
    ],
)
def test_page(space: bytes, page: int) -> None:
    block = romconfig.block(space, OPTION, 0xFF)
    assert struct.unpack_from("<I", block, 0x1C0) == (page,)


def test_where_the_basic_table_is() -> None:
    """Behind the vendor's, and only what is called FF00h."""
    space = bytearray(sfdp(at=0x40))
    space[6] = 1
    space[16:24] = space[8:16]
    space[8] = 0x84
    assert len(romconfig.table(bytes(space))) == 16
    space[23] = 0xFE
    with pytest.raises(RomError, match="no basic flash parameter table") as told:
        romconfig.table(bytes(space))
    assert told.value.status == 20007
    space[23], space[6] = 0xFF, 0
    with pytest.raises(RomError, match="no basic flash parameter table"):
        romconfig.table(bytes(space))


def test_a_table_longer_than_known_counts_up_to_word_16() -> None:
    assert len(romconfig.table(sfdp(length=20))) == 16


@pytest.mark.parametrize("place", [1, 9, 10, 11])
def test_ten_tables_are_looked_at(place: int) -> None:
    """As the published driver does."""
    space = bytearray(sfdp(at=0x80))
    space[6] = 10
    head = bytes(space[8:16])
    for at in range(8, 96, 8):
        space[at : at + 8] = b"\x84" + head[1:]
    space[8 * place : 8 * place + 8] = head
    if place <= 10:
        assert len(romconfig.table(bytes(space))) == 16
    else:
        with pytest.raises(RomError, match="no basic flash parameter table"):
            romconfig.table(bytes(space))


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (sfdp(length=9), 9),
        (sfdp(length=8), 0),
        (sfdp(length=16, at=0xC0), 16),
        (sfdp(length=9, at=0xC0)[:0xE4], 9),
        (sfdp(length=9, at=0xC0)[:0xE3], 0),
        (sfdp(length=16, at=0xC0)[:0xE7], 9),
        (sfdp(length=16, at=0xC0)[:0xE8], 10),
    ],
)
def test_how_much_of_the_table_there_must_be(space: bytes, words: int) -> None:
    """Nine words, as JESD216 without a letter has."""
    if words:
        assert len(romconfig.table(space)) == words
    else:
        with pytest.raises(RomError, match="no basic flash parameter table"):
            romconfig.table(space)


@pytest.mark.parametrize("byte", [1, 2])
def test_a_table_that_lies_beyond_what_is_read(byte: int) -> None:
    """Three bytes of pointer: 10030h, 130h."""
    space = bytearray(sfdp())
    space[12 + byte] = 1
    with pytest.raises(RomError, match="no basic flash parameter table"):
        romconfig.table(bytes(space))


@pytest.mark.parametrize("bit", range(28))
def test_options_that_are_not_modelled(bit: int) -> None:
    """Bits 3 to 0 are the frequency, 11 to 8 quad_mode_setting."""
    assert romconfig.is_modelled(0xC000_0000)
    assert romconfig.is_modelled(0xC000_0000 | 1 << bit) is (bit in (0, 1, 2, 3, 8, 9, 10, 11))


@pytest.mark.parametrize("frequency", range(16))
def test_the_frequency(frequency: int) -> None:
    assert romconfig.block(sfdp(), 0xC000_0000 | frequency, 0xFF)[0x46] == frequency


def test_the_chip_is_asked_slowly_first() -> None:
    block = romconfig.first_block()
    assert len(block) == 512
    assert block[:4] == b"FCFB"
    assert struct.unpack_from("<I", block, 4) == (0x5601_0400,)
    assert tuple(block[at] for at in (0x0C, 0x0D, 0x0E, 0x45, 0x46)) == (0, 3, 3, 4, 1)
    assert struct.unpack_from("<I", block, 0x50) == (16 << 20,)
    assert struct.unpack_from("<4I", block, 0x80) == (0x0818_0403, 0x2404, 0, 0)
    assert romconfig.READ_SFDP == (0x0818_045A, 0x24FF_3008)
