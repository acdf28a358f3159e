"""Descriptors in memory: the eDMA's TCD (IMXRT1060RM, eDMA), uSDHC's ADMA2 (SD Host 3.00, 1.13)."""

from __future__ import annotations

from typing import Any

import pytest

from xipsim.peripherals.core.testing import FakeBus
from xipsim.peripherals.imxrt.edma_tcd import Side, decoded, signed
from xipsim.peripherals.imxrt.usdhc_dma import adma2_segments, taken


def words(**fields: int) -> list[int]:
    """SADDR, ATTR:SOFF, NBYTES, SLAST, DADDR, CITER:DOFF, DLAST_SGA, BITER:CSR."""
    given = dict.fromkeys(("saddr", "soff", "attr", "nbytes", "daddr", "doff", "citer"), 0)
    given |= dict.fromkeys(("csr", "biter"), 0) | fields
    return [
        given["saddr"],
        given["attr"] << 16 | given["soff"],
        given["nbytes"],
        0,
        given["daddr"],
        given["citer"] << 16 | given["doff"],
        0,
        given["biter"] << 16 | given["csr"],
    ]


@pytest.mark.parametrize(
    ("value", "bits", "expected"),
    [(0, 16, 0), (0x7FFF, 16, 0x7FFF), (0x8000, 16, -0x8000), (0x1_FFFF, 16, -1), (4, 3, -4)],
)
def test_twos_complement(value: int, bits: int, expected: int) -> None:
    assert signed(value, bits) == expected


@pytest.mark.parametrize(
    ("citer", "count", "link"),
    [
        (0x0001, 1, None),
        (0x7FFF, 0x7FFF, None),
        (0x8001, 1, 0),
        (0x81FF, 0x1FF, 0),
        (0x8201, 1, 1),
        (0xBFFF, 0x1FF, 31),
    ],
)
def test_iterations_and_links(citer: int, count: int, link: int | None) -> None:
    """CITER_ELINKNO and CITER_ELINKYES: ELINK 15, LINKCH 13:9, 15 or 9 bits that count."""
    tcd = decoded(words(citer=citer, biter=citer), has_offsets=False)
    assert (tcd.citer, tcd.biter, tcd.link) == (count, count, link)


@pytest.mark.parametrize(
    ("nbytes", "emlm", "length", "source", "destination"),
    [
        (0xFFFF_FFFF, False, 0xFFFF_FFFF, 0, 0),
        (0x3FFF_FFFF, True, 0x3FFF_FFFF, 0, 0),
        (1 << 31 | 5 << 10 | 0x3FF, True, 0x3FF, 5, 0),
        (1 << 30 | 0xF_FFFF << 10 | 1, True, 1, 0, -1),
        (3 << 30 | 0x8_0000 << 10 | 2, True, 2, -0x8_0000, -0x8_0000),
        (3 << 30 | 0x7_FFFF << 10 | 2, True, 2, 0x7_FFFF, 0x7_FFFF),
    ],
)
def test_bytes_and_offsets_of_a_minor_loop(
    nbytes: int, emlm: bool, length: int, source: int, destination: int
) -> None:
    """NBYTES_MLNO, MLOFFNO, MLOFFYES: SMLOE 31, DMLOE 30, MLOFF 29:10."""
    tcd = decoded(words(nbytes=nbytes), has_offsets=emlm)
    assert (tcd.length, tcd.source_step, tcd.destination_step) == (length, source, destination)


@pytest.mark.parametrize(
    ("attr", "read", "written", "modulo"),
    [
        (0x0000, 1, 1, False),
        (0x0102, 2, 4, False),
        (0x0503, 32, 8, False),
        (0x0800, 1, 1, True),
        (0x8000, 1, 1, True),
        (0x0008, 1, 1, True),
        (0x0080, 1, 1, True),
    ],
)
def test_attributes(attr: int, read: int, written: int, modulo: bool) -> None:
    """SMOD 15:11, SSIZE 10:8, DMOD 7:3, DSIZE 2:0: 1 << size bytes."""
    given = words(saddr=0x100, soff=0xFFFC, attr=attr, daddr=0x200, doff=8, csr=0x1234)
    tcd = decoded(given, has_offsets=False)
    assert tcd.source == Side(0x100, -4, read) and tcd.destination == Side(0x200, 8, written)
    assert tcd.has_modulo is modulo and tcd.csr == 0x1234


@pytest.mark.parametrize(
    ("side", "pieces", "after"),
    [
        (Side(0x100, 4, 4), [(0x100, 16)], 0x110),
        (Side(0x100, 0, 4), [(0x100, 4)] * 4, 0x100),
        (Side(0x100, 8, 4), [(0x100, 4), (0x108, 4), (0x110, 4), (0x118, 4)], 0x120),
        (Side(0x8, -4, 4), [(8, 4), (4, 4), (0, 4), (0xFFFF_FFFC, 4)], 0xFFFF_FFF8),
        (Side(0xFFFF_FFF8, 8, 8), [(0xFFFF_FFF8, 16)], 8),
    ],
)
def test_accesses_of_a_side(side: Side, pieces: list[tuple[int, int]], after: int) -> None:
    assert list(side.pieces(16)) == pieces
    assert side.after(16) == after


TABLE, VALID, END = 0x1000, 1, 2


def table(*entries: tuple[int, int, int]) -> FakeBus:
    """Attributes, length, address of each descriptor, from `TABLE` on."""
    bus = FakeBus()
    memory = bus.add(TABLE, 0x4000)
    for place, (kind, length, address) in enumerate(entries):
        memory[8 * place : 8 * place + 8] = (address << 32 | length << 16 | kind).to_bytes(
            8, "little"
        )
    return bus


def test_segments_of_a_table() -> None:
    """Act2 and Act1 are bits 5 and 4: 00 no operation, 10 transfer, 11 link; 0 bytes are 64 KB."""
    nop, tran, link = VALID | 0 << 4, VALID | 2 << 4, VALID | 3 << 4
    bus = table(
        (tran, 512, 0x2000_0000),
        (nop, 99, 0x3000_0000),
        (link, 77, TABLE + 40),
        (tran, 1, 1),
        (tran, 2, 2),
        (tran, 0, 0x2000_1000),
        (tran | END, 0xFFFF, 0x2002_0000),
        (tran, 3, 3),
    )
    assert adma2_segments(bus, TABLE) == [
        (0x2000_0000, 512),
        (0x2000_1000, 0x1_0000),
        (0x2002_0000, 0xFFFF),
    ]


def test_tables_that_make_no_sense() -> None:
    """Not valid: told by its address. Without an end: given up, the last that counts is the
    1024th."""
    tran = VALID | 2 << 4
    with pytest.raises(ValueError, match="descriptor at 0x00001008 is not valid"):
        adma2_segments(table((tran, 1, 1), (2 << 4 | END, 1, 1)), TABLE)
    assert len(adma2_segments(table(*[(tran, 1, 1)] * 1023, (tran | END, 1, 1)), TABLE)) == 1024
    with pytest.raises(ValueError, match="no end within 1024 descriptors"):
        adma2_segments(table(*[(tran, 1, 1)] * 1024, (tran | END, 1, 1)), TABLE)


@pytest.mark.parametrize(
    ("length", "parts", "left"),
    [
        (0, [], [(10, 4), (20, 4)]),
        (3, [(10, 3)], [(13, 1), (20, 4)]),
        (4, [(10, 4)], [(20, 4)]),
        (6, [(10, 4), (20, 2)], [(22, 2)]),
        (9, [(10, 4), (20, 4)], []),
    ],
)
def test_memory_is_taken_off_the_front(length: int, parts: Any, left: Any) -> None:
    segments = [(10, 4), (20, 4)]
    assert taken(segments, length) == parts and segments == left
