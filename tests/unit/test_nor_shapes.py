"""Every command's shape on the lines, in every mode: exactly it is taken, its neighbours are told.

Shapes: nor-flash.md 2 and 3 (quad parts), 9 (ISSI), 10 (Macronix), 12 (Everspin). Also what a chip
listens to while it is busy, asleep, or has no quad enable bit set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from nor_bus import Master
from octal_bus import Octal


class Shape(NamedTuple):
    opcode: int
    address_bits: int = 0
    address_lanes: int = 1
    dummy: int = 0
    data_lanes: int = 1
    read: int = 0
    write: bytes = b""


def quad_reads(bits: int, always: bool) -> list[Shape]:
    """Opcode and its form that always takes 4 address bytes; lanes; clocks; lanes of data."""
    forms = [
        (0x03, 0x13, 1, 0, 1), (0x0B, 0x0C, 1, 8, 1), (0x3B, 0x3C, 1, 8, 2), (0x6B, 0x6C, 1, 8, 4),
        (0xBB, 0xBC, 2, 4, 2), (0xEB, 0xEC, 4, 6, 4),
    ]  # fmt: skip
    shapes = [Shape(legacy, bits, *rest, read=4) for legacy, _, *rest in forms]
    return shapes + [Shape(wide, 32, *rest, read=4) for _, wide, *rest in forms if always]


def winbond(bits: int, always: bool = False) -> list[Shape]:
    """All that have data or an address; `bits` of address where the mode decides."""
    shapes = quad_reads(bits, always)
    shapes += [Shape(opcode, bits) for opcode in (0x20, 0x52, 0xD8, 0x36, 0x39)]
    shapes += [Shape(0x02, bits, write=b"ab"), Shape(0x32, bits, data_lanes=4, write=b"ab")]
    if always:
        shapes += [Shape(0x12, 32, write=b"ab"), Shape(0x34, 32, data_lanes=4, write=b"ab")]
        shapes += [Shape(0x21, 32), Shape(0xDC, 32), Shape(0xC8, read=1), Shape(0xC5, write=b"\0")]
    shapes += [Shape(opcode, read=2) for opcode in (0x05, 0x35, 0x15, 0x9F)]
    shapes += [Shape(opcode, write=b"\0") for opcode in (0x01, 0x31, 0x11)]
    shapes += [
        Shape(0x5A, 24, 1, 8, 1, read=4),
        Shape(0x90, 24, read=2),
        Shape(0x92, bits, 2, 4, 2, read=2),
        Shape(0x94, bits, 4, 6, 4, read=2),
        Shape(0x3D, bits, read=1),
        Shape(0x4B, dummy=bits + 8, read=8),
        Shape(0xAB, dummy=24, read=1),
        Shape(0x77, 24, 4, 0, 4, write=b"\x10"),
    ]
    return shapes


def security(bits: int) -> list[Shape]:
    """These want an address of theirs."""
    return [Shape(0x48, bits, 1, 8, read=2), Shape(0x42, bits, write=b"ab"), Shape(0x44, bits)]


def qpi(clocks: int) -> list[Shape]:
    shapes = [Shape(opcode, 24, 4, clocks, 4, read=4) for opcode in (0x0B, 0x0C, 0xEB)]
    shapes += [Shape(0x02, 24, 4, 0, 4, write=b"ab")]
    shapes += [Shape(opcode, 24, 4) for opcode in (0x20, 0x52, 0xD8, 0x36, 0x39)]
    shapes += [Shape(opcode, data_lanes=4, read=2) for opcode in (0x05, 0x35, 0x15, 0x9F)]
    shapes += [Shape(opcode, data_lanes=4, write=b"\2") for opcode in (0x01, 0x31, 0x11)]
    shapes += [
        Shape(0x90, 24, 4, 0, 4, read=2),
        Shape(0xAB, dummy=6, data_lanes=4, read=1),
        Shape(0x3D, 24, 4, 0, 4, read=1),
    ]
    return shapes


def neighbours(shape: Shape) -> Iterator[Shape]:
    """The same, with one thing wrong."""
    if shape.read:
        yield shape._replace(dummy=shape.dummy + 1)
        if shape.dummy:
            yield shape._replace(dummy=shape.dummy - 1)
    if shape.address_bits:
        yield shape._replace(address_bits=shape.address_bits ^ 24 ^ 32)
        yield shape._replace(address_lanes=2 if shape.address_lanes == 1 else 1)
    if shape.read or shape.write:
        yield shape._replace(data_lanes=2 if shape.data_lanes == 1 else 1)


def check(m: Master, shapes: list[Shape], address: int = 0x1000) -> None:
    """Each from the state in which the chip is, with WEL set."""
    m(0x06)
    m.chip.counters.commands.clear()
    saved = m.chip.save()

    def rules(shape: Shape) -> list[str]:
        fields: dict[str, Any] = shape._asdict()
        if shape.address_bits:
            fields["address"] = address
        m(**fields)
        found = m.rules()
        if "ignored" in m.chip.stats()["commands"]:
            found.append("ignored")
        m.chip.load(saved)
        return found

    for shape in shapes:
        assert rules(shape) == [], shape
        for wrong in neighbours(shape):
            assert any(rule.startswith("wrong-") for rule in rules(wrong)), wrong
    m(0x04)


def test_quad_parts_in_3_byte_mode() -> None:
    m = Master("W25Q16JV-IQ")
    check(m, winbond(24))
    check(m, security(24))


def test_256_megabit_part_in_both_address_modes() -> None:
    m = Master("W25Q256JV-IQ")
    check(m, winbond(24, always=True))
    m(0xB7)
    assert m.chip.status()["address_bytes"] == 4
    check(m, winbond(32, always=True))
    check(m, security(32))
    m(0xE9)
    check(m, security(24))


@pytest.mark.parametrize(("parameter", "clocks"), [(0x00, 2), (0x10, 4), (0x20, 6), (0x30, 8)])
def test_qpi(parameter: int, clocks: int) -> None:
    m = Master("W25Q16JV-IM", qe=1)
    m(0x38)
    m.qpi = True
    m(0xC0, write=bytes((parameter,)))
    assert m.rules() == []
    check(m, qpi(clocks))


@pytest.mark.parametrize(("parameter", "burst"), [(0, 8), (1, 16), (2, 32), (3, 64)])
def test_wraps_of_reads_in_qpi(parameter: int, burst: int) -> None:
    """C0h, P1-0: what 0Ch wraps within; the other reads go on."""
    m = Master("W25Q16JV-IM", qe=1)
    data = bytes(range(256))
    m.chip.program(0, data)
    m(0x38)
    m.qpi = True
    m(0xC0, write=bytes((parameter,)))
    start = 0x83
    base = start & -burst
    wrapped = bytes(base + (start + i - base) % burst for i in range(70))
    for opcode, expected in ((0x0B, data[start:]), (0xEB, data[start:]), (0x0C, wrapped)):
        assert m(opcode, address=start, dummy=2, read=70) == expected[:70], hex(opcode)
    assert m.rules() == []


@pytest.mark.parametrize(("value", "burst"), [(0xFF, 256), (0xFE, 64), (0xFD, 32), (0xFC, 16)])
def test_wraps_of_reads_of_issi(value: int, burst: int) -> None:
    """Volatile register 07h."""
    m = Octal("IS25WX128")
    m.chip.program(0, bytes(range(256)))
    m.write_volatile(7, value)
    base = 0x8E & -burst
    expected = bytes(base + (0x8E + i - base) % burst for i in range(80))
    assert m.spi(0x0B, address=0x8E, dummy=8, read=80) == expected


def test_small_parts_ignore_what_only_256_megabit_parts_have() -> None:
    m = Master("W25Q128JV-IQ")
    for opcode in (0x13, 0x0C, 0x3C, 0x6C, 0xBC, 0xEC, 0x12, 0x34, 0x21, 0xDC, 0xB7, 0xE9, 0xC5):
        m(opcode, address=0)
        assert m.rules() == ["unknown-opcode"], hex(opcode)


# -- who listens when ------------------------------------------------------------------------------

W25Q_OPCODES = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B, 0x11, 0x15, 0x20, 0x31, 0x32, 0x35, 0x36, 0x38, 0x39,
    0x3B, 0x3D, 0x42, 0x44, 0x48, 0x4B, 0x50, 0x52, 0x5A, 0x60, 0x66, 0x6B, 0x75, 0x77, 0x7A, 0x7E,
    0x90, 0x92, 0x94, 0x98, 0x99, 0x9F, 0xAB, 0xB9, 0xBB, 0xC7, 0xD8, 0xEB, 0xFF,
}  # fmt: skip
ISSI_OPCODES = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B, 0x0C, 0x12, 0x13, 0x20, 0x21, 0x50, 0x52, 0x5A, 0x5C,
    0x60, 0x66, 0x70, 0x75, 0x7A, 0x7C, 0x81, 0x82, 0x84, 0x85, 0x8B, 0x8E, 0x99, 0x9D, 0x9E, 0x9F,
    0xAB, 0xB1, 0xB5, 0xB7, 0xB9, 0xC2, 0xC7, 0xCB, 0xCC, 0xD8, 0xDC, 0xE9, 0xFD,
}  # fmt: skip
MACRONIX_OPCODES = {
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B, 0x0C, 0x12, 0x13, 0x15, 0x20, 0x21, 0x2B, 0x2F, 0x30,
    0x5A, 0x60, 0x66, 0x71, 0x72, 0x99, 0x9F, 0xAB, 0xB0, 0xB7, 0xB9, 0xC7, 0xD8, 0xDC, 0xE9,
}  # fmt: skip
UNMODELLED = {
    "W25Q16JV-IM": {0x0D, 0x0E, 0xBD, 0xED},
    "IS25WX128": {
        *(0x27, 0x28, 0x29, 0x2B, 0x2C, 0x2D, 0x42, 0x4B, 0x68, 0xA6, 0xA7, 0xB6, 0xCD),
        *(0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE8),
    },
    "MX25UM25645G": {
        *(0x27, 0x28, 0x29, 0x2C, 0x2D, 0x68, 0x7E, 0x98, 0xB1, 0xC0, 0xC1),
        *(0xE0, 0xE1, 0xE2, 0xE3, 0xE4),
    },
}
"""Opcodes that the data sheets have beside these."""
UNMODELLED["EM064LX"] = UNMODELLED["IS25WX128"]
READS = {
    "W25Q16JV-IM": {0x03, 0x0B, 0x3B, 0x6B, 0xBB, 0xEB},
    "IS25WX128": {0x03, 0x0B, 0x0C, 0x13, 0x7C, 0x8B, 0x9D, 0xCB, 0xCC, 0xFD},
    "MX25UM25645G": {0x03, 0x0B, 0x0C, 0x13},
}
"""Of the array."""
READS["EM064LX"] = READS["IS25WX128"]
FAMILIES = {
    "W25Q16JV-IM": (W25Q_OPCODES, {0x05, 0x35, 0x15, 0x66, 0x99, 0x75, 0x7A}),
    "IS25WX128": (ISSI_OPCODES, {0x05, 0x70, 0x85, 0x66, 0x99, 0x75, 0x7A}),
    "EM064LX": (ISSI_OPCODES - {0x75, 0x7A}, {0x05, 0x70, 0x85, 0x66, 0x99}),
    "MX25UM25645G": (MACRONIX_OPCODES, {0x05, 0x15, 0x2B, 0x66, 0x99, 0xB0, 0x30}),
}


@pytest.mark.parametrize("part", FAMILIES)
def test_the_opcodes_of_a_family(part: str) -> None:
    """On a fresh chip each; the others are unknown, or told as not modelled."""
    m = Master(part)
    saved = m.chip.save()
    known, gaps = set(), set()
    for opcode in range(256):
        m(opcode)
        if m.bench.gaps:
            assert f"{opcode:02X}h, " in m.bench.gaps[0].what
            gaps.add(opcode)
        elif "unknown-opcode" not in m.rules():
            known.add(opcode)
        m.bench.gaps.clear()
        m.chip.load(saved)
    assert known == FAMILIES[part][0]
    assert gaps == UNMODELLED.get(part, set())


def refused(m: Master, opcodes: set[int], rule: str) -> set[int]:
    """Those that the chip refuses for this reason, alone or with bytes behind them."""
    found = set()
    saved = m.chip.save()
    for opcode in sorted(opcodes):
        for count in (0, 3, 4, 12):
            m(opcode, write=bytes(count))
            if rule in m.rules():
                found.add(opcode)
            m.chip.load(saved)
    return found


@pytest.mark.parametrize("part", FAMILIES)
def test_what_a_busy_chip_listens_to(part: str) -> None:
    m = Master(part)
    opcodes, heard = FAMILIES[part]
    m(0x06)
    m(0x20, address=0)
    assert refused(m, opcodes, "read-while-busy") == READS[part]
    assert refused(m, opcodes, "command-while-busy") == opcodes - heard - READS[part]


@pytest.mark.parametrize("part", ["W25Q16JV-IM", "IS25WX128", "EM064LX"])
def test_what_a_sleeping_chip_listens_to(part: str) -> None:
    m = Master(part)
    m(0xB9)
    m.wait(1)
    opcodes = FAMILIES[part][0]
    assert refused(m, opcodes, "power-down") == opcodes - {0xAB}


def test_what_needs_the_quad_enable_bit() -> None:
    m = Master("W25Q16JV-IM")
    assert refused(m, W25Q_OPCODES, "quad-without-qe") == {0x32, 0x38, 0x6B, 0x77, 0x94, 0xEB}


# Numbers of data bytes with which a command is taken, of 0 to 3.
LENGTHS = {
    "W25Q256JV-IM": {0x01: {1, 2}, 0x31: {1}, 0x11: {1}, 0xC5: {1}, 0x77: {1}},
    "IS25WX128": {0x01: {1}, 0x81: {1}, 0xB1: {1}},
    "MX25UM25645G": {0x01: {1, 2}, 0x72: {1}},
}


@pytest.mark.parametrize("part", LENGTHS)
def test_how_many_bytes_a_register_takes(part: str) -> None:
    m = Master(part, qe=1)
    m(0x06)
    saved = m.chip.save()
    for opcode, expected in LENGTHS[part].items():
        taken = set()
        for count in range(4):
            fields: dict[str, Any] = {"write": bytes(count)}
            if opcode in (0x81, 0xB1):
                fields |= {"address": 1}
            elif opcode == 0x72:
                fields |= {"address": 0x300, "address_bits": 32}
            elif opcode == 0x77:
                fields |= {"address": 0, "address_lanes": 4, "data_lanes": 4}
            m(opcode, **fields)
            if m.rules() == []:
                taken.add(count)
            m.chip.load(saved)
        assert taken == expected, hex(opcode)


# -- octal parts -----------------------------------------------------------------------------------

ISSI_READS = [
    # Opcode, bits (0: as the mode says), lanes, both edges, dummies, lanes of data
    (0x03, 0, 1, False, 0, 1), (0x13, 32, 1, False, 0, 1),
    (0x0B, 0, 1, False, 8, 1), (0x0C, 32, 1, False, 8, 1),
    (0x8B, 0, 1, False, 8, 8), (0x7C, 32, 1, False, 8, 8),
    (0xCB, 0, 8, False, 16, 8), (0xCC, 32, 8, False, 16, 8),
    (0x9D, 0, 1, True, 8, 8), (0xFD, 32, 8, True, 16, 8),
]  # fmt: skip


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("part", ["IS25WX128", "EM064LX"])
def test_reads_of_octal_parts_in_spi(part: str, wide: bool) -> None:
    m = Octal(part)
    m.chip.program(0x1000, bytes(range(8)))
    m.spi(0xB7 if wide else 0xE9)
    for opcode, bits, lanes, ddr, dummy, data_lanes in ISSI_READS:
        shape = {
            "opcode": opcode, "address": 0x1000, "address_bits": bits or (32 if wide else 24),
            "address_lanes": lanes, "address_ddr": ddr, "dummy": dummy, "data_lanes": data_lanes,
            "data_ddr": ddr, "read": 8,
        }  # fmt: skip
        assert m.spi(**shape) == bytes(range(8)), hex(opcode)
        assert m.rules() == [], hex(opcode)
        for wrong, rule in (
            ({"dummy": dummy + 1}, "wrong-dummy"),
            ({"dummy": abs(dummy - 1)}, "wrong-dummy"),
            ({"address_bits": shape["address_bits"] ^ 24 ^ 32}, "wrong-address"),
            ({"data_lanes": 9 - data_lanes}, "wrong-lanes"),
            ({"address_lanes": 9 - lanes}, "wrong-lanes"),
            ({"data_ddr": not ddr}, "wrong-edges"),
        ):
            m.spi(**shape | wrong)
            assert rule in m.rules(), (hex(opcode), wrong)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("part", ["IS25WX128", "EM064LX"])
def test_programs_and_erases_of_octal_parts_in_spi(part: str, wide: bool) -> None:
    m = Octal(part)
    m.spi(0xB7 if wide else 0xE9)
    mode = 32 if wide else 24
    programs = [
        (0x02, mode, 1, 1), (0x12, 32, 1, 1), (0x82, mode, 1, 8), (0x84, 32, 1, 8),
        (0xC2, mode, 8, 8), (0x8E, 32, 8, 8),
    ]  # fmt: skip
    for place, (opcode, bits, lanes, data_lanes) in enumerate(programs):
        m.spi(0x06)
        m.spi(
            opcode, address=0x100 * place, address_bits=bits, address_lanes=lanes,
            data_lanes=data_lanes, write=b"\x12\x34",
        )  # fmt: skip
        m.wait(10)
        assert m.chip.read(0x100 * place, 2) == b"\x12\x34", hex(opcode)
        assert m.rules() == [], hex(opcode)
    for opcode, bits in (
        (0x20, mode), (0x21, 32), (0x52, mode), (0x5C, 32), (0xD8, mode), (0xDC, 32),
    ):  # fmt: skip
        size = {0x20: 0x1000, 0x52: 0x8000, 0xD8: 0x20000 if part[0] == "I" else 0x10000}
        unit = size[opcode if opcode in size else {0x21: 0x20, 0x5C: 0x52, 0xDC: 0xD8}[opcode]]
        m.chip.program(0, bytes(0x40000))
        m.spi(0x06)
        m.spi(opcode, address=0x20001, address_bits=bits)
        m.wait(300)
        assert m.rules() == [], hex(opcode)
        assert m.chip.read(0, 0x40000).count(0xFF) == unit, hex(opcode)


@pytest.mark.parametrize("dummies", [1, 9, 16, 0x1E, 0x1F, 0xFF])
@pytest.mark.parametrize("part", ["IS25WX128", "EM064LX"])
def test_dummies_of_reads_in_octal_ddr(part: str, dummies: int) -> None:
    """01h to 1Eh (Everspin 1Fh) are counts, all others mean 16; registers keep 8."""
    m = Octal(part)
    m.chip.program(0x1000, bytes(range(8)))
    m.go_octal(dummies)
    most = 0x1F if part == "EM064LX" else 0x1E
    expected = dummies if dummies <= most else 16
    for opcode in (0x0B, 0x0C, 0x8B, 0x7C, 0xCB, 0xCC, 0x9D, 0xFD):
        assert m.ddr(opcode, address=0x1000, dummy=expected, read=8) == bytes(range(8))
        assert m.rules() == [], hex(opcode)
        m.ddr(opcode, address=0x1000, dummy=expected + 1, read=8)
        assert "wrong-dummy" in m.rules(), hex(opcode)
    for opcode in (0x03, 0x13):
        m.ddr(opcode, address=0x1000, dummy=expected, read=8)
        assert m.rules() == ["unknown-opcode"], hex(opcode)
    for opcode in (0x05, 0x70, 0x9F, 0x9E):
        m.ddr(opcode, dummy=8, read=2)
        assert m.rules() == [], hex(opcode)
        m.ddr(opcode, dummy=7, read=2)
        assert "wrong-dummy" in m.rules(), hex(opcode)
    for opcode in (0x85, 0xB5, 0x5A):
        m.ddr(opcode, address=0, dummy=8, read=2)
        assert m.rules() == [], hex(opcode)


def macronix(bits: int) -> list[Shape]:
    return [
        Shape(0x03, bits, read=4), Shape(0x13, 32, read=4),
        Shape(0x0B, bits, 1, 8, read=4), Shape(0x0C, 32, 1, 8, read=4),
        Shape(0x02, bits, write=b"ab"), Shape(0x12, 32, write=b"ab"),
        Shape(0x20, bits), Shape(0x21, 32), Shape(0xD8, bits), Shape(0xDC, 32),
        *(Shape(opcode, read=2) for opcode in (0x05, 0x15, 0x2B, 0x9F)),
        Shape(0x5A, 24, 1, 8, read=4), Shape(0x71, 32, read=1), Shape(0x01, write=b"\0"),
        Shape(0x72, 32, write=b"\0"),
    ]  # fmt: skip


def test_macronix_in_spi_in_both_address_modes() -> None:
    m = Master("MX25UM25645G")
    check(m, macronix(24), address=0x300)
    m(0xB7)
    assert m.chip.status()["address_bytes"] == 4
    check(m, macronix(32), address=0x300)
    m(0xE9)
    assert m.chip.status()["address_bytes"] == 3
    check(m, macronix(24), address=0x300)


@pytest.mark.parametrize("code", range(8))
@pytest.mark.parametrize("mode", [1, 2], ids=["SOPI", "DOPI"])
def test_macronix_in_octal_modes(mode: int, code: int) -> None:
    """CR2 300h: 20, 18, 16, 14, 12, 10, 8, 6 dummies; registers 4, at an address."""
    m = Octal("MX25UM25645G")
    m.write_cr2(0x300, code)
    m.write_cr2(0, mode)
    ddr = mode == 2
    edges = {"opcode_ddr": ddr, "address_ddr": ddr, "data_ddr": ddr}
    dummy = 20 - 2 * code
    read = 0xEE11 if ddr else 0xEC13
    m.ddr(read, address=0, dummy=dummy, read=2, **edges)
    assert m.rules() == []
    m.ddr(read, address=0, dummy=dummy + 1, read=2, **edges)
    assert "wrong-dummy" in m.rules()
    for opcode in (0x05FA, 0x15EA, 0x2BD4, 0x9F60, 0x718E, 0x5AA5):
        m.ddr(opcode, address=0, dummy=4, read=2, **edges)
        assert m.rules() == [], hex(opcode)
        m.ddr(opcode, address=0, dummy=5, read=2, **edges)
        assert "wrong-dummy" in m.rules(), hex(opcode)
    for opcode in (0x03FC, 0x13EC, 0x0BF4, 0x02FD, 0x20DF, 0xD827, 0xB748, 0xE916):
        m.ddr(opcode, address=0, dummy=dummy, read=2, **edges)
        assert m.rules() == ["unknown-opcode"], hex(opcode)
