"""Where in flash the boot ROM finds what: each field of FCB, IVT, boot data and DCD by itself.

Offsets: `flexspi_mem_config_t` and `flexspi_nor_config_t` of the vendor's FlexSPI NOR configuration
header, imxrt.md 2.2 and 2.3; DCD: IMXRT1060RM, System Boot, "Device configuration data".
"""

from __future__ import annotations

import struct
from typing import Any

import pytest

from xipsim.peripherals.imxrt.bootheader import (
    BootData,
    Command,
    Custom,
    DcdCheck,
    DcdWrite,
    Fcb,
    Ivt,
    dcd_length,
    ivt_fault,
    parse_dcd,
)

MS = 1_000_000


def fcb(**fields: Any) -> dict[str, Any]:
    """What is found in an FCB of zeros, but for `fields`."""
    zero = {
        "version": 0, "clock_source": 0, "cs_hold": 0, "cs_setup": 0, "column_bits": 0, "wait": 0,
        "commands": (), "misc": 0, "device_type": 0, "pads": 0, "frequency": 0, "custom": {},
        "sizes": (0, 0, 0, 0), "timeout": 0, "busy_bit": 0, "busy_level": 1, "lut": (0,) * 64,
        "page_size": 0, "sector_size": 0,
    }  # fmt: skip
    return zero | fields


def parsed(block: bytes) -> dict[str, Any]:
    found: dict[str, Any] = Fcb.parse(block)._asdict()
    return found


def one_of(count: int, index: int, value: int) -> tuple[int, ...]:
    return tuple(value if i == index else 0 for i in range(count))


FIELDS = [
    (0x04, "I", 0x8765_4321, fcb(version=0x8765_4321)),
    (0x0C, "B", 0xA5, fcb(clock_source=0xA5)),
    (0x0D, "B", 0xA5, fcb(cs_hold=0xA5)),
    (0x0E, "B", 0xA5, fcb(cs_setup=0xA5)),
    (0x0F, "B", 0xA5, fcb(column_bits=0xA5)),
    (0x12, "H", 1, fcb(wait=100_000)),
    (0x12, "H", 0xFFFF, fcb(wait=6_553_500_000)),
    (0x40, "I", 0x8765_4321, fcb(misc=0x8765_4321)),
    (0x44, "B", 0xA5, fcb(device_type=0xA5)),
    (0x45, "B", 0xA5, fcb(pads=0xA5)),
    (0x46, "B", 0xA5, fcb(frequency=0xA5)),
    *((0x50 + 4 * i, "I", 1 << 26, fcb(sizes=one_of(4, i, 1 << 26))) for i in range(4)),
    (0x70, "I", 1, fcb(timeout=MS)),
    (0x70, "I", 0x8000_0001, fcb(timeout=0x8000_0001 * MS)),
    (0x7C, "H", 0x8001, fcb(busy_bit=0x8001)),
    (0x7E, "H", 1, fcb(busy_level=0)),
    (0x7E, "H", 0x100, fcb(busy_level=0)),
    *((0x80 + 4 * i, "I", 0x8765_4321, fcb(lut=one_of(64, i, 0x8765_4321))) for i in range(64)),
    (0x1C0, "I", 0x8765_4321, fcb(page_size=0x8765_4321)),
    (0x1C4, "I", 0x8765_4321, fcb(sector_size=0x8765_4321)),
]
SWITCHES = (0x10, 0x1C, 0x47)
"""deviceModeCfgEnable, configCmdEnable, lutCustomSeqEnable."""


@pytest.mark.parametrize(("offset", "layout", "value", "expected"), FIELDS)
def test_a_field_of_the_fcb(offset: int, layout: str, value: int, expected: dict[str, Any]) -> None:
    block = bytearray(512)
    struct.pack_into(f"<{layout}", block, offset, value)
    assert parsed(block) == expected


def test_other_bytes_of_the_fcb_say_nothing() -> None:
    """Commands and sequences of the FCB's own count only where they are switched on."""
    known = {
        offset + byte for offset, layout, *_ in FIELDS for byte in range(struct.calcsize(layout))
    }
    for offset in set(range(512)) - known - {*SWITCHES}:
        block = bytearray(512)
        block[offset] = 0xFF
        assert parsed(block) == fcb(), hex(offset)


@pytest.mark.parametrize("switch", [1, 0x80])
def test_the_device_mode_command(switch: int) -> None:
    block = bytearray(512)
    block[0x10:0x12] = switch, 0xA1
    block[0x14:0x16] = 0xA2, 0xA3
    struct.pack_into("<I", block, 0x18, 0x8765_4321)
    assert parsed(block) == fcb(commands=(Command(0xA1, 0xA2, 0xA3, 0x8765_4321),))


@pytest.mark.parametrize("switch", [1, 0x80])
def test_the_config_commands(switch: int) -> None:
    """configModeType[3], configCmdSeqs[3] (number, first), configCmdArgs[3]; number 0: none."""
    block = bytearray(512)
    block[0x1C:0x20] = switch, 0xA1, 0xA2, 0xA3
    struct.pack_into("<12B", block, 0x20, 1, 0xB1, 0, 0, 0, 0xB2, 0, 0, 0x83, 0xB3, 0, 0)
    struct.pack_into("<3I", block, 0x30, 0x8765_4321, 2, 0x9876_5432)
    expected = (Command(0xA1, 1, 0xB1, 0x8765_4321), Command(0xA3, 0x83, 0xB3, 0x9876_5432))
    assert parsed(block) == fcb(commands=expected)


SEQUENCES = {
    Custom.READ: (0, 0),
    Custom.READ_STATUS: (1, 1),
    Custom.WRITE_ENABLE: (2, 3),
    Custom.ERASE_SECTOR: (3, 5),
    Custom.WRITE: (4, 9),
    Custom.ERASE_CHIP: (5, 11),
    Custom.ERASE_BLOCK: (7, 8),
}
"""By purpose: NOR_CMD_INDEX_..., where in lutCustomSeq; NOR_CMD_LUT_SEQ_IDX_..., what is usual."""


@pytest.mark.parametrize("purpose", SEQUENCES)
def test_sequences_by_their_purpose(purpose: Custom) -> None:
    index, usual = SEQUENCES[purpose]
    block = bytearray(512)
    block[0x180 + 4 * index : 0x182 + 4 * index] = 0xA1, 0xA2
    assert Fcb.parse(block).sequence(purpose) == (usual, 1)
    for switch in (1, 0x80):
        block[0x47] = switch
        assert parsed(block) == fcb(custom={purpose: (0xA2, 0xA1)})
        assert Fcb.parse(block).sequence(purpose) == (0xA2, 0xA1)
        for other in SEQUENCES.keys() - {purpose}:
            assert Fcb.parse(block).sequence(other) == (SEQUENCES[other][1], 1)


@pytest.mark.parametrize("bit", range(32))
def test_controller_misc_option(bit: int) -> None:
    """2 ParallelEnable, 3 WordAddressableEnable, 6 DdrModeEnable."""
    block = bytearray(512)
    struct.pack_into("<I", block, 0x40, 1 << bit)
    found = Fcb.parse(block)
    assert (found.is_parallel, found.is_word_addressed, found.is_ddr) == (
        bit == 2, bit == 3, bit == 6,
    )  # fmt: skip


def test_fields_of_the_ivt() -> None:
    block = struct.pack("<8I", 0x4020_00D1, 1, 2, 3, 4, 5, 6, 7)
    found = Ivt.parse(block)
    assert (found.entry, found.dcd, found.boot_data, found.self_address) == (1, 3, 4, 5)


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("d1 00 20 40", True), ("d1 00 20 4f", True), ("d1 00 20 30", False),
        ("d1 00 20 50", False), ("d1 00 20 c0", False), ("d2 00 20 40", False),
        ("d1 00 21 40", False), ("d1 01 20 40", False), ("d1 20 00 40", False),
    ],
)  # fmt: skip
def test_the_header_of_an_ivt(header: str, good: bool) -> None:
    block = bytes.fromhex(header).ljust(0x20, b"\xee")
    assert ivt_fault(block) == ("" if good else f"{header}, expected d1 00 20 4x")


def test_fields_of_boot_data() -> None:
    assert BootData.parse(struct.pack("<3I", 1, 2, 0)) == BootData(1, 2, False)
    assert BootData.parse(struct.pack("<3I", 1, 2, 1)) == BootData(1, 2, True)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ("d2 06 e8 40", 1768), ("d2 00 04 41", 4), ("d2 12 34 4f", 0x1234), ("d2 00 04 50", 0),
        ("d2 00 04 30", 0), ("d2 00 04 c0", 0), ("d1 00 04 40", 0), ("00 00 00 00", 0),
    ],
)  # fmt: skip
def test_the_header_of_a_dcd(header: str, length: int) -> None:
    assert dcd_length(bytes.fromhex(header)) == length


def dcd(*commands: bytes) -> bytes:
    body = b"".join(commands)
    return struct.pack(">BHB", 0xD2, 4 + len(body), 0x41) + body


def command(tag: int, flags: int, *values: int) -> bytes:
    return struct.pack(f">BHB{len(values)}I", tag, 4 + 4 * len(values), flags, *values)


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize(
    ("flags", "operation"), [(0, "write"), (0x10, "write"), (0x08, "clear"), (0x18, "set")]
)
def test_writes_of_the_dcd(size: int, flags: int, operation: str) -> None:
    """Bit 3 of the parameter: the value is a mask; bit 4: its bits are set."""
    first, second = (DcdWrite(operation, size, a, v) for a, v in ((0x10, 0x11), (0x20, 0x21)))
    block = dcd(command(0xCC, flags | size, 0x10, 0x11, 0x20, 0x21))
    assert list(parse_dcd(block)) == [first, second]


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("flags", [0, 0x08, 0x10, 0x18])
@pytest.mark.parametrize("polls", [None, 0, 7])
def test_checks_of_the_dcd(size: int, flags: int, polls: int | None) -> None:
    values = (0x10, 0x11) if polls is None else (0x10, 0x11, polls)
    (check,) = parse_dcd(dcd(command(0xCF, flags | size, *values)))
    assert check == DcdCheck(size, 0x10, 0x11, bool(flags & 0x10), bool(flags & 0x08), polls)


@pytest.mark.parametrize("size", [0, 3, 5, 6, 7])
def test_sizes_that_there_are_not(size: int) -> None:
    for tag in (0xCC, 0xCF):
        with pytest.raises(ValueError, match=f"offset 0x4 has data of {size} bytes"):
            list(parse_dcd(dcd(command(tag, size, 1, 2))))


@pytest.mark.parametrize("rest", range(8))
def test_a_write_without_its_value_is_none(rest: int) -> None:
    body = struct.pack(">2I", 1, 2) + bytes(rest)
    block = dcd(struct.pack(">BHB", 0xCC, 4 + len(body), 4) + body, command(0xCC, 4, 5, 6))
    assert list(parse_dcd(block)) == [DcdWrite("write", 4, 1, 2), DcdWrite("write", 4, 5, 6)]


@pytest.mark.parametrize("words", [0, 1, 4])
def test_a_check_has_two_words_or_three(words: int) -> None:
    with pytest.raises(ValueError, match=f"offset 0x4 has {4 * words} bytes"):
        list(parse_dcd(dcd(command(0xCF, 4, *range(words)))))


@pytest.mark.parametrize("length", [0, 3, 5, 8, 0xFFFF])
def test_a_command_has_the_length_that_it_says(length: int) -> None:
    """Behind a NOP, which is four bytes long."""
    block = dcd(command(0xC0, 0), struct.pack(">BHB", 0xC0, length, 0))
    with pytest.raises(ValueError, match=f"0xc0 at DCD offset 0x8 has length {length}"):
        list(parse_dcd(block))


@pytest.mark.parametrize("tag", [0x00, 0xB0, 0xB3, 0xC1, 0xC8, 0xCD, 0xCE, 0xD2])
def test_commands_that_there_are_not(tag: int) -> None:
    with pytest.raises(ValueError, match=f"unknown command {tag:#04x} at DCD offset 0x4"):
        list(parse_dcd(dcd(command(tag, 4, 1, 2))))


@pytest.mark.parametrize("rest", range(4))
def test_less_than_a_header_ends_the_dcd(rest: int) -> None:
    block = dcd(command(0xCC, 4, 1, 2)) + bytes(rest)
    assert list(parse_dcd(block)) == [DcdWrite("write", 4, 1, 2)]
