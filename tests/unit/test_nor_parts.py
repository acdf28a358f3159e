"""Every part number by its data sheet: ids, sizes, all times, and its SFDP space.

Expected values: nor-flash.md 1 (ids, sizes), 6 (times), 7 (SFDP as dumped, and decoded by JESD216).
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from nor_bus import Master

from xipsim.peripherals.nor import parts
from xipsim.peripherals.nor.parts import everspin, find_part, part_names

US, MS, S = 1_000, 1_000_000, 1_000_000_000

# Part: 9Fh, device id of ABh, bytes.
PARTS = {
    "W25Q80DV": ("EF4014", 0x13, 0x10_0000),
    "W25Q16JV-IQ": ("EF4015", 0x14, 0x20_0000),
    "W25Q16JV-IM": ("EF7015", 0x14, 0x20_0000),
    "W25Q16FW": ("EF6015", 0x14, 0x20_0000),
    "W25Q32JV-IQ": ("EF4016", 0x15, 0x40_0000),
    "W25Q32JV-IM": ("EF7016", 0x15, 0x40_0000),
    "W25Q32FW": ("EF6016", 0x15, 0x40_0000),
    "W25Q64JV-IQ": ("EF4017", 0x16, 0x80_0000),
    "W25Q64JV-IM": ("EF7017", 0x16, 0x80_0000),
    "W25Q64JW-IQ": ("EF6017", 0x16, 0x80_0000),
    "W25Q64JW-IM": ("EF8017", 0x16, 0x80_0000),
    "W25Q64FW": ("EF6017", 0x16, 0x80_0000),
    "W25Q128JV-IQ": ("EF4018", 0x17, 0x100_0000),
    "W25Q128JV-IM": ("EF7018", 0x17, 0x100_0000),
    "W25Q128JW-IQ": ("EF6018", 0x17, 0x100_0000),
    "W25Q128JW-IM": ("EF8018", 0x17, 0x100_0000),
    "W25Q128FW": ("EF6018", 0x17, 0x100_0000),
    "W25Q256JV-IQ": ("EF4019", 0x18, 0x200_0000),
    "W25Q256JV-IM": ("EF7019", 0x18, 0x200_0000),
    "AT25SF128A": ("1F8901", 0x17, 0x100_0000),
    "AT25QL128A": ("1F4218", 0x17, 0x100_0000),
    "GD25Q64C": ("C84017", 0x16, 0x80_0000),
    "EM064LX": ("6BBB17", 0x17, 0x80_0000),
    "EM128LX": ("6BBB18", 0x18, 0x100_0000),
    "IS25LX128": ("9D5A18", None, 0x100_0000),
    "IS25LX256": ("9D5A19", 0x18, 0x200_0000),
    "IS25LX512": ("9D5A1A", None, 0x400_0000),
    "IS25WX128": ("9D5B18", None, 0x100_0000),
    "IS25WX256": ("9D5B19", 0x18, 0x200_0000),
    "IS25WX512": ("9D5B1A", None, 0x400_0000),
    "MX25LM51245G": ("C2853A", 0x3A, 0x400_0000),
    "MX25UM25645G": ("C28039", 0x39, 0x200_0000),
    "MX25UM51245G": ("C2803A", 0x3A, 0x400_0000),
    "MX66UM1G45G": ("C2803B", 0x3B, 0x800_0000),
}

# Opcodes, and typical and maximum time.
W25Q = {
    (0x01,): (10 * MS, 15 * MS),
    (0x02,): (400 * US, 3 * MS),
    (0x20,): (45 * MS, 400 * MS),
    (0x52,): (120 * MS, 1600 * MS),
    (0xD8,): (150 * MS, 2 * S),
    (0xB9,): (3 * US, 3 * US),
    (0xB9, 0xAB): (3 * US, 3 * US),
    (0x66, 0x99): (30 * US, 30 * US),
    (0x20, 0x75): (20 * US, 20 * US),
}
ISSI = {
    (0x01,): (1300 * US, 15 * MS),
    (0xB1,): (200 * MS, 1 * S),
    (0x02,): (150 * US, 1800 * US),
    (0x20,): (80 * MS, 400 * MS),
    (0x52,): (130 * MS, 1 * S),
    (0xD8,): (280 * MS, 1 * S),
    (0xB9,): (3 * US, 3 * US),
    (0xB9, 0xAB): (30 * US, 30 * US),
    (0x66, 0x99): (35 * US, 100 * US),
    (0x20, 0x75): (56 * US, 56 * US),
}
MACRONIX = {
    (0x01,): (10 * MS, 40 * MS),
    (0x02,): (150 * US, 750 * US),
    (0x20,): (25 * MS, 400 * MS),
    (0xD8,): (220 * MS, 2 * S),
    (0xC7,): (150 * S, 460 * S),
    (0xB9,): (10 * US, 10 * US),
    (0xB9, 0xAB): (30 * US, 30 * US),
    (0x66, 0x99): (40 * US, 100 * MS),
    (0x20, 0xB0): (20 * US, 20 * US),
}
ADESTO = W25Q | {
    (0x02,): (640 * US, 6400 * US),
    (0x20,): (64 * MS, 512 * MS),
    (0x52,): (208 * MS, 1664 * MS),
    (0xD8,): (352 * MS, 2816 * MS),
    (0xC7,): (60 * S, 600 * S),
}
EVERSPIN = {
    (0x01,): (1500, 1500),
    (0xB1,): (1500, 1500),
    (0x20,): (60 * US, 60 * US),
    (0x52,): (500 * US, 500 * US),
    (0xD8,): (960 * US, 960 * US),
    (0xC7,): (125 * MS, 125 * MS),
    (0xB9,): (3 * US, 3 * US),
    (0xB9, 0xAB): (350 * US, 350 * US),
    (0x66, 0x99): (300 * US, 350 * US),
}
TIMES = {
    "W25Q80DV": W25Q
    | {
        (0x02,): (800 * US, 3 * MS),
        (0x52,): (120 * MS, 800 * MS),
        (0xD8,): (150 * MS, 1 * S),
        (0xC7,): (2 * S, 6 * S),
    },
    "W25Q16JV-IQ": W25Q | {(0xC7,): (5 * S, 25 * S)},
    "W25Q32JV-IQ": W25Q | {(0xC7,): (10 * S, 50 * S)},
    "W25Q64JV-IQ": W25Q | {(0xC7,): (20 * S, 100 * S)},
    "W25Q128JV-IQ": W25Q | {(0xC7,): (40 * S, 200 * S)},
    "W25Q64JW-IM": W25Q | {(0xC7,): (20 * S, 100 * S)},
    "W25Q16FW": W25Q | {(0xC7,): (5 * S, 25 * S)},
    "AT25QL128A": ADESTO,
    "AT25SF128A": ADESTO,
    "GD25Q64C": W25Q
    | {
        (0x01,): (5 * MS, 30 * MS),
        (0x02,): (500 * US, 2400 * US),
        (0x20,): (50 * MS, 400 * MS),
        (0x52,): (150 * MS, 800 * MS),
        (0xD8,): (200 * MS, 1200 * MS),
        (0xC7,): (25 * S, 60 * S),
        (0xB9,): (20 * US, 20 * US),
        (0xB9, 0xAB): (20 * US, 20 * US),
    },
    "IS25WX128": ISSI | {(0xC7,): (30 * S, 90 * S)},
    "IS25WX256": ISSI | {(0xC7,): (70 * S, 180 * S)},
    "EM064LX": EVERSPIN,
    "MX25UM25645G": MACRONIX,
}


def test_the_table_has_every_part() -> None:
    assert set(PARTS) == set(part_names())


@pytest.fixture(scope="module", params=PARTS)
def asked(request: pytest.FixtureRequest) -> Master:
    """A chip of each part, of which tests only ask what it is."""
    return Master(request.param)


def test_ids_size_page_and_endurance(asked: Master) -> None:
    m, part = asked, asked.chip.part
    jedec, device, size = PARTS[part]
    assert m(0x9F, read=3).hex().upper() == jedec
    if device is not None:
        assert m(0xAB, dummy=24, read=1) == bytes((device,))
    assert m.chip.size == size
    info = m.chip.info()
    octal = part.startswith(("IS", "MX", "EM"))
    assert (m.chip.row.lanes, info["page"]) == (8 if octal else 4, 256)
    assert info["endurance"] == (100_000_000_000_000 if part.startswith("EM") else 100_000)
    assert len(m.chip.unique_id) == (8 if part.startswith(("W25Q", "AT")) else 16)


def duration(m: Master, opcodes: tuple[int, ...]) -> int:
    """How long the last of the commands keeps the chip busy; it is idle and as before then."""
    began = 0
    for opcode in opcodes:
        fields: dict[str, object] = {}
        if opcode in (0x02, 0x20, 0x52, 0xD8):
            fields["address"] = 0
        if opcode == 0xB1:
            fields["address"] = 3
        if opcode in (0x01, 0x02, 0xB1):
            fields["write"] = b"\xfe" if opcode == 0xB1 else b"\x00"
        if opcode in (0x01, 0x02, 0x20, 0x52, 0xD8, 0xB1, 0xC7):
            m(0x06)
        if opcode == 0xAB:
            m.wait(1)
        began = m.bench.clock.now
        m(opcode, **fields)
    until = m.chip.busy_until
    assert until is not None
    m.bench.clock.advance(until - m.bench.clock.now)
    if opcodes[-1] in (0x75, 0xB0):
        m(0x7A if opcodes[-1] == 0x75 else 0x30)
        m.wait(2000)
    if opcodes == (0xB9,):
        m(0xAB)
        m.wait(1)
    assert m.rules() == []
    assert not m.chip.busy
    return until - began


@pytest.mark.parametrize("times", ["typical", "maximum"])
@pytest.mark.parametrize("part", TIMES)
def test_times(part: str, times: str) -> None:
    m = Master(part, times=times)
    for opcodes, expected in TIMES[part].items():
        words = " ".join(f"{opcode:02X}" for opcode in opcodes)
        assert duration(m, opcodes) == expected[times == "maximum"], words


# Seconds; by how their names begin.
CHIP_ERASE = {
    "W25Q16": (5, 25),
    "W25Q32": (10, 50),
    "W25Q64": (20, 100),
    "W25Q128": (40, 200),
    "W25Q256": (80, 400),
    "IS25LX128": (30, 90),
    "IS25LX256": (70, 180),
    "IS25LX512": (140, 360),
    "IS25WX512": (140, 360),
}


@pytest.mark.parametrize("start", CHIP_ERASE)
def test_chip_erase_goes_with_the_size(start: str) -> None:
    for part in PARTS:
        if part.startswith(start):
            times = find_part(part).times["chip_erase"]
            assert times == tuple(seconds * S for seconds in CHIP_ERASE[start]), part


@pytest.mark.parametrize("part", PARTS)
def test_siblings_have_the_times_of_their_family(part: str) -> None:
    """Chip erase aside, which goes with the size (on Macronix's, one limit is known for all)."""
    family = {"W25Q": "W25Q16JV-IQ", "IS25": "IS25WX256", "MX": "MX25UM25645G", "EM": "EM064LX"}
    first = next((name for start, name in family.items() if part.startswith(start)), part)
    if part == "W25Q80DV":
        return  # which is older, and stands in TIMES
    ours, theirs = dict(find_part(part).times), dict(find_part(first).times)
    if not part.startswith("MX"):
        del ours["chip_erase"], theirs["chip_erase"]
    assert ours == theirs


class Traits(NamedTuple):
    """What parts of the W25Q family differ in: QE from the factory and whether it can be cleared,
    QPI, status register 3, 4-byte addresses, and whether 01h with one byte clears register 2."""

    qe: int = 0
    can_clear: bool = True
    qpi: bool = False
    sr3: bool = True
    wide: bool = False
    clears: bool = False


IQ, IM = Traits(qe=1, can_clear=False), Traits(qpi=True)
TRAITS = {
    "W25Q80DV": Traits(sr3=False),
    "W25Q256JV-IQ": IQ._replace(wide=True),
    "W25Q256JV-IM": IM._replace(wide=True),
    "AT25SF128A": Traits(clears=True),
    "AT25QL128A": Traits(clears=True),
    "GD25Q64C": Traits(),
}


def traits_of(part: str) -> Traits:
    return TRAITS.get(part) or (IQ if part.endswith("-IQ") else IM)


@pytest.mark.parametrize("part", [part for part in PARTS if part[:2] in ("W2", "AT", "GD")])
def test_traits_of_the_quad_parts(part: str) -> None:
    """nor-flash.md 1 and 4; quad enable requirements in 5."""
    m = Master(part)
    traits = traits_of(part)
    m(0xB7)
    assert (m.rules() == []) == traits.wide
    m(0xE9)
    m.rules()
    assert m(0x15, read=1) == (b"\x60" if traits.sr3 else b"\xff")
    assert (m.rules() == []) == traits.sr3
    assert m.sr(0x35) == 2 * traits.qe
    m.write_status(0x01, 0, 0)
    assert m.sr(0x35) == (0 if traits.can_clear else 2)
    m.write_status(0x01, 0, 2)
    assert m.sr(0x35) == 2
    m.write_status(0x01, 0)
    assert m.sr(0x35) == (0 if traits.clears else 2)
    m.write_status(0x01, 0, 2)
    m(0x38)
    assert m.rules() == ([] if traits.qpi else ["unknown-opcode"])
    assert m.chip.status()["qpi"] == traits.qpi


@pytest.mark.parametrize("part", ["W25Q80DV", "W25Q16FW", "W25Q32FW", *TRAITS])
def test_the_smallest_protected_area(part: str) -> None:
    """BP 1: a 64th of the array, 64 KB at least; at 256 Mb always 64 KB (BP3)."""
    m = Master(part)
    m.write_status(0x01, 0x04, 2)
    size = m.chip.size
    length = 0x1_0000 if size == 0x200_0000 else max(0x1_0000, size // 64)
    if size > 0x100_0000:
        m(0xB7)
    for address, rules in ((size - length, ["protected"]), (size - length - 1, [])):
        m(0x06)
        bits = 32 if size > 0x100_0000 else 24
        m(0x02, address=address, address_bits=bits, write=b"\xff")
        assert m.rules() == rules
        m.wait()


def test_a_write_to_mram_is_done_when_chip_select_rises() -> None:
    m = Master("EM064LX")
    m(0x06)
    m(0x02, address=0, write=b"\x5a")
    m.bench.clock.advance(1)
    assert not m.chip.busy
    assert m.chip.read(0, 1) == b"\x5a"


# -- SFDP ------------------------------------------------------------------------------------------

SFDP = {
    "W25Q16JV-IQ": (
        (0x00, "53464450 050100ff 00050110 800000ff"),
        (0x80, "e520f9ff ffffff00 44eb086b 083b42bb feffffff ffff0000 ffff40eb 0c200f52"),
        (0xA0, "10d80000 3602a600 82ea14b3 e9637633 7a757a75 f7a2d55c 19f74dff e930f880"),
    ),
    "W25Q32JV-IQ": (
        (0x00, "53464450 050100ff 00050110 800000ff"),
        (0x80, "e520f9ff ffffff01 44eb086b 083b42bb feffffff ffff0000 ffff40eb 0c200f52"),
        (0xA0, "10d80000 3602a600"),
    ),
    "W25Q128JV-IQ": (
        (0x80, "e520f9ff ffffff07 44eb086b 083b42bb feffffff ffff0000 ffff40eb 0c200f52"),
        (0xA0, "10d80000 3602a600 82ea14c9 e9637633 7a757a75 f7a2d55c 19f74dff e930f880"),
    ),
    "W25Q64JW-IM": (
        (0x00, "53464450 060101ff 00060110 800000ff 84000102 d00000ff"),
        (0x80, "e520f9ff ffffff03 44eb086b 083b42bb feffffff ffff0000 ffff40eb 0c200f52"),
        (0xA0, "10d80000 3602a600 82ea14c4 e9637633 7a757a75 f7bdd55c 19f75dff e930f880"),
    ),
    "AT25QL128A": (
        (0x30, "e520f1ff ffffff07 44eb086b 083b80bb feffffff ffff00ff ffff42eb 0c200f52"),
        (0x50, "10d800ff 3362d500 842901ce eca1073d 7a757a75 f7a2d55c 19f61cff e810c080"),
    ),
    # Density and clock bits as the parts'; the rest as the sibling MT35XU01G has it.
    "IS25WX256": (
        (0x30, "e5208aff ffffff0f 00000000 00000000 eeffffff ffff0000 ffff0000 0c2011d8"),
        (0x50, "0f520000 245a9900 8b8e03e1 ac012738 7a757a75 fbbdd55c 000070ff 81b03836"),
        (0x80, "430effff 21dc5cff"),
    ),
    "MX25LM51245G": (
        (0x00, "53464450 060102ff 00060110 300000ff c2000104 100100ff 84000102 c00000ff"),
        (0x30, "30fffbff ffffff1f ffffffff ffffffff ff0114ec ffffffff ffffffff 0c2010dc"),
        (0x50, "00ff00ff ffffffff 81ffffff ffffffff ffffffff ffffffff ffffffff ff50f980"),
        (0xC0, "7fefffff 215cdc14"),
    ),
}


@pytest.mark.parametrize("part", SFDP)
def test_sfdp_as_dumped(part: str) -> None:
    m = Master(part)
    for address, words in SFDP[part]:
        expected = bytes.fromhex(words)
        assert m(0x5A, address=address, dummy=8, read=len(expected)) == expected, hex(address)


def test_sfdp_header_and_density(asked: Master) -> None:
    """JESD216: signature, revision 1.x, pointers to tables within the space, density in DWORD 2."""
    m, part = asked, asked.chip.part
    if part.startswith(("GD", "EM")):
        return  # Theirs is not known.
    space = m(0x5A, address=0, dummy=8, read=0x100)
    assert space[:4] == b"SFDP"
    assert (space[4] in (0, 5, 6), space[5], space[7]) == (True, 1, 0xFF)
    headers = [space[8 + 8 * n : 16 + 8 * n] for n in range(space[6] + 1)]
    assert headers[0][0] == 0x00
    assert all(header[2] == 1 for header in headers)
    for identifier, _, _, words, low, middle, high, msb in headers:
        assert msb == 0xFF
        start = low | middle << 8 | high << 16
        if identifier != 0xC2:  # Macronix's own table is not known.
            assert start >= 8 + 8 * len(headers)
            assert start + 4 * words <= 0x100
        if identifier == 0x00:
            assert words == 16
            assert int.from_bytes(space[start + 4 : start + 8], "little") == 8 * PARTS[part][2] - 1
        if identifier == 0x84:
            assert words == 2


def test_always_4_byte_commands_of_the_256_megabit_part_are_in_its_sfdp() -> None:
    """Table 84h: reads 13h, 0Ch, 3Ch, BCh, 6Ch, ECh (bits 0 to 5), programs 12h, 34h (6, 7),
    erases of types 1 and 3 (bits 9 and 11) with 21h and DCh."""
    m = Master("W25Q256JV-IQ")
    assert m(0x5A, address=0, dummy=8, read=24).hex(" ", 4) == (
        "53464450 060101ff 00060110 800000ff 84000102 d00000ff"
    )
    assert m(0x5A, address=0x80, dummy=8, read=4).hex() == "e520fbff", "3 or 4 address bytes"
    assert m(0x5A, address=0xA8, dummy=8, read=4).hex() == "82ea14d3", "chip erase: 20 times 4 s"
    assert m(0x5A, address=0xBC, dummy=8, read=4).hex() == "e970f9a5"
    words = m(0x5A, address=0xD0, dummy=8, read=8)
    assert words[4:] == bytes.fromhex("21 FF DC FF")
    bits = int.from_bytes(words[:4], "little")
    assert bits & 0xFFF == 0xAFF


@pytest.mark.parametrize("part", PARTS)
def test_erase_sizes(part: str) -> None:
    """4, 32 and 64 KB; ISSI's octal parts have 128 KB, Macronix's no 32 KB."""
    sizes = [0x1000, 0x8000, 0x2_0000 if part.startswith("IS") else 0x1_0000]
    if part.startswith("MX"):
        sizes.remove(0x8000)
    row = find_part(part)
    assert [unit.size for unit in row.erase] == sizes
    assert [unit.opcodes for unit in row.erase] == [
        ({0x1000: 0x20, 0x8000: 0x52}.get(size, 0xD8),) for size in sizes
    ]


# DWORD 1 but for what the size decides (4-byte addresses), and what surrounds the chip erase time
# in DWORD 11.
SIBLINGS = {
    "W25Q": (0x80, "e520f9ff", 0xA8, "82ea14"),
    "IS25": (0x30, "e5208aff", 0x58, "8b8e03"),
    "MX": (0x30, "30fffbff", 0x58, "81ffff"),
}


@pytest.mark.parametrize("part", [part for part in PARTS if part[:2] in ("W2", "IS", "MX")])
def test_sfdp_of_siblings(part: str) -> None:
    """As the dumped one of each family; the 256-Mb W25Q takes 3 or 4 address bytes."""
    m = Master(part)
    start, first, eleventh, times = next(v for k, v in SIBLINGS.items() if part.startswith(k))
    if part.startswith("W25Q256"):
        first = "e520fbff"
    assert m(0x5A, address=start, dummy=8, read=4).hex() == first
    assert m(0x5A, address=eleventh, dummy=8, read=3).hex() == times


def test_revisions_of_sfdp_headers(asked: Master) -> None:
    """JESD216: the basic table is of the header's own revision, the 4-byte table of 1.0."""
    space = asked(0x5A, address=0, dummy=8, read=0x40)
    if asked.chip.part.startswith(("GD", "EM")):
        assert space == b"\xff" * 0x40
        return
    headers = [space[8 + 8 * n : 16 + 8 * n] for n in range(space[6] + 1)]
    assert headers[0][1] == space[4]
    assert all(header[1] == 0 for header in headers if header[0] == 0x84)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("W25Q64J", "; did you mean W25Q64J"),
        ("IS25", "; did you mean IS25"),
        ("mx25um", "; did you mean MX25UM"),
        ("SST26VF016B", ""),
        ("xyz", ""),
    ],
)
def test_names_that_are_none(name: str, hint: str) -> None:
    """In any case of letters; a hint where one is near enough."""
    with pytest.raises(ValueError, match=r"unknown flash part") as refused:
        find_part(name)
    text = str(refused.value)
    assert text.startswith(f"unknown flash part {name!r}{hint}")
    assert ("did you mean" in text) == bool(hint)


def test_names_in_any_case_and_by_alias() -> None:
    assert find_part("w25q64jv").name == "W25Q64JV-IQ"
    assert find_part("W25Q64DW").name == "W25Q64FW"
    assert part_names() == sorted(part_names())
    assert "W25Q64JV" not in part_names()


def test_two_rows_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row may have two names in its file; two rows may not have one."""
    monkeypatch.setattr(everspin, "AGAIN", everspin.EM064LX, raising=False)
    assert parts._parts.__wrapped__()["EM064LX"] is everspin.EM064LX
    twin = everspin.EM064LX._replace(name="Other", aliases=("em064lx",))
    monkeypatch.setattr(everspin, "TWIN", twin, raising=False)
    with pytest.raises(ValueError, match=r"everspin.py: two parts are called (em064lx|EM064LX)"):
        parts._parts.__wrapped__()


def test_a_sibling_is_its_row_but_for_what_is_different() -> None:
    row = find_part("W25Q64JV-IQ")
    before = (dict(row.times), dict(row.options), dict(row.sfdp))
    different = {"times": {"reset": (1, 2)}, "options": {"qpi": True}, "sfdp": {0: "01"}}
    sibling = row.like(name="X", size=5, **different)
    assert (sibling.name, sibling.size, sibling.id, sibling.aliases) == ("X", 5, row.id, ())
    assert sibling.times == row.times | {"reset": (1, 2)}
    assert sibling.options == row.options | {"qpi": True}
    assert sibling.sfdp == row.sfdp | {0: "01"}
    assert row.like(aliases=("Y",)).aliases == ("Y",)
    assert (row.times, row.options, row.sfdp) == before


def test_pieces_of_an_sfdp_space() -> None:
    """In any order; what lies between them is FFh, and a later one replaces an earlier."""
    row = find_part("EM064LX")
    space = row._replace(sfdp={0x04: "04 05", 0x00: "00 01", 0x05: "55 66"}).sfdp_space()
    assert space.hex(" ") == "00 01 ff ff 04 55 66"
    assert row.sfdp_space() == b""
