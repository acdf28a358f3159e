"""Cells: what a program or an erase changes, to the byte; security registers, locks, snapshots.

Rules: nor-flash.md 13 (programs, erases), 4 (security registers, individual locks), 8 (suspended).
"""

from __future__ import annotations

import pytest
from nor_bus import MS, Master
from octal_bus import Octal

from xipsim.peripherals.nor.array import Array

SECTOR = 0x1000


def page(start: int, data: bytes, length: int = 256) -> bytes:
    """A page after a program, byte by byte: behind its last one its first one is next."""
    cells = bytearray(b"\xff" * length)
    for place, byte in enumerate(data):
        cells[(start + place) % length] = byte
    return bytes(cells)


WRAPS = [(0, 1), (0, 256), (0, 257), (1, 255), (1, 256), (0x10, 300), (0xFF, 1), (0xFF, 2),
         (0xFF, 256), (0x80, 600)]  # fmt: skip


@pytest.mark.parametrize(("start", "count"), WRAPS)
def test_where_the_bytes_of_a_program_go(start: int, count: int) -> None:
    """Address bits 7 to 0 wrap; of more than 256 bytes the last 256 stay."""
    data = bytes(place * 7 % 251 for place in range(count))
    m = Master()
    m.program(0x1200 + start, data)
    assert m.chip.read(0x1200, 256) == page(start, data)
    assert m.chip.read(0x1100, 256) + m.chip.read(0x1300, 256) == b"\xff" * 512
    assert m.rules() == (["page-wrap"] if start + count > 256 else [])
    for register in (1, 2, 3):
        m(0x06)
        m(0x42, address=register << 12 | start, write=data)
        assert m.chip.busy_until == m.bench.clock.now + 400_000
        m.wait(1)
        assert m(0x48, address=register << 12, dummy=8, read=256) == page(start, data)


def test_security_registers_one_by_one() -> None:
    """256 bytes each, which come again and again; erased and programmed on their own."""
    m = Master()
    for register in (1, 2, 3):
        assert m(0x48, address=register << 12, dummy=8, read=256) == b"\xff" * 256
        m(0x06)
        m(0x42, address=register << 12, write=bytes((register,)) * 256)
        m.wait(1)
    for register in (1, 2, 3):
        for start in (0, 0x7F, 0xFF):
            read = m(0x48, address=register << 12 | start, dummy=8, read=300)
            assert read == bytes((register,)) * 300
    m(0x06)
    m(0x44, address=0x20FF)
    assert m.chip.busy_until == m.bench.clock.now + 45 * MS
    assert m.chip.stats()["operations"] == 3
    m.wait()
    assert m.chip.stats()["operations"] == 4
    for register, expected in ((1, 1), (2, 0xFF), (3, 3)):
        assert m(0x48, address=register << 12, dummy=8, read=256) == bytes((expected,)) * 256
    m(0x06)
    m(0x42, address=0x20FE, write=b"\x11\x22\x33")
    m.wait(1)
    assert m(0x48, address=0x20FE, dummy=8, read=4) == b"\x11\x22\x33\xff"
    assert m.chip.contents().count(0xFF) == m.chip.size, "the array is another memory"
    assert m.rules() == []


@pytest.mark.parametrize("bit", [8, 9, 10, 11])
def test_a_security_register_has_no_more_than_its_256_bytes(bit: int) -> None:
    m = Master()
    m(0x48, address=0x1000 | 1 << bit, dummy=8, read=1)
    assert m.rules() == ["security-address"]


def test_a_program_that_wraps_touches_nothing_but_its_page() -> None:
    """What is protected, or suspended, behind it is no reason to refuse it; what is before is."""
    m = Master("W25Q16JV-IM")
    m.write_status(0x01, 0x04)  # the highest 64 KB
    below = m.chip.size - 0x1_0000
    for address, rules in ((below - 1, ["page-wrap"]), (below + 0xFF, ["protected"])):
        m.program(address, b"\x12\x34")
        assert m.rules() == rules
    assert m.chip.read(below - 0x100, 0x200) == page(0xFF, b"\x12\x34") + b"\xff" * 256
    o = Octal("EM064LX")
    o.spi(0x06)
    o.spi(0x01, write=b"\x24")  # the lowest 64 KB
    o.wait(1)
    o.spi(0x02, address=o.chip.size - 1, write=b"\0\0")
    assert o.rules() == ["protected"], "it would go on at 0"
    o.spi(0x02, address=o.chip.size - 1, write=b"\0")
    assert o.rules() == []


@pytest.mark.parametrize("opcode", [0x02, 0x42])
def test_a_program_without_data_is_none(opcode: int) -> None:
    m = Master()
    m(0x06)
    m(opcode, address=0x1000)
    assert m.rules() == ["wrong-length"]
    assert not m.chip.busy
    assert m.sr() == 2


# -- at double data rate ---------------------------------------------------------------------------


def test_an_odd_address_at_both_edges_means_the_even_one_before() -> None:
    m = Octal("IS25WX128")
    m.chip.program(0, bytes(range(16)))
    m.go_octal(9)
    for read in (1, 2, 3):
        assert m.ddr(0xFD, address=5, dummy=9, read=read) == bytes(range(4, 4 + read))
    m.rules()
    m.ddr(0x06)
    m.ddr(0xC2, address=0x101, write=b"\x12\x34")
    m.wait(2)
    assert m.chip.read(0x100, 4) == b"\x12\x34\xff\xff"
    assert m.rules() == ["odd-in-ddr"]
    m.spi(0x06)


def test_odd_counts_at_both_edges() -> None:
    """Of Macronix the second byte of a pair lies before the first one."""
    m = Octal("MX25UM25645G")
    m.chip.program(0, bytes(range(16)))
    m.go_octal()
    assert m.ddr(0xEE11, address=2, dummy=20, read=3) == b"\x03\x02\x05"
    assert m.rules() == []
    m.ddr(0x06F9)
    m.ddr(0x12ED, address=0x100, write=b"\xd0\xd1\xd2")
    m.wait(2)
    assert m.chip.read(0x100, 5) == b"\xd1\xd0\xff\xd2\xff"
    assert m.rules() == ["odd-in-ddr"]


def test_odd_counts_at_one_edge_are_as_good_as_any() -> None:
    m = Octal("IS25WX128")
    m.spi(0x06)
    m.spi(0x02, address=0x101, write=b"\x12")
    m.wait(2)
    assert m.spi(0x0B, address=0x101, dummy=8, read=1) == b"\x12"
    assert m.rules() == []


def test_no_data_at_both_edges() -> None:
    m = Octal("IS25WX128")
    m.go_octal()
    m.ddr(0x06)
    m.ddr(0xC2, address=1)
    assert m.rules() == ["wrong-length"]


# -- suspended -------------------------------------------------------------------------------------


def suspended(opcode: int, address: int) -> Master:
    m = Master()
    m.chip.fill(bytes(0x1_0000))
    m(0x06)
    m(opcode, address=address, write=b"\0" * 16 if opcode == 0x02 else b"")
    m.bench.clock.advance(100_000)
    m(0x75)
    m.bench.clock.advance(20_000)
    return m


@pytest.mark.parametrize(
    ("opcode", "first", "last"), [(0x20, 0x3000, 0x3FFF), (0x02, 0x3010, 0x301F)]
)
def test_which_reads_touch_what_is_suspended(opcode: int, first: int, last: int) -> None:
    m = suspended(opcode, first)
    for address, read, touches in (
        (first - 1, 1, False),
        (first - 1, 2, True),
        (first, 1, True),
        (last, 1, True),
        (last + 1, 1, False),
        (first - 1, last - first + 3, True),
    ):
        m(0x03, address=address, read=read)
        assert m.rules() == (["read-suspended"] if touches else []), (hex(address), read)


def test_what_may_begin_while_something_is_suspended() -> None:
    """During a suspended erase a program elsewhere; during a suspended program nothing."""
    m = suspended(0x20, 0x3000)
    saved = m.chip.save()
    for opcode, address, data, allowed in (
        (0x02, 0x2FFF, b"\0", True),
        (0x02, 0x2FFF, b"\0\0", True),  # it wraps in its page
        (0x02, 0x3000, b"\0", False),
        (0x02, 0x3FFF, b"\0", False),
        (0x02, 0x4000, b"\0", True),
        (0x20, 0x8000, b"", False),
        (0xC7, None, b"", False),
    ):
        m(0x06)
        m(opcode, write=data, **({} if address is None else {"address": address}))
        assert ("suspended" not in m.rules()) == allowed, (hex(opcode), address)
        assert m.chip.busy == allowed
        m.chip.load(saved)
    m = suspended(0x02, 0x3000)
    for opcode, data in ((0x02, b"\0"), (0x20, b"")):
        m(0x06)
        m(opcode, address=0x8000, write=data)
        assert m.rules() == ["suspended"]
        assert not m.chip.busy


def test_what_can_be_suspended_and_resumed() -> None:
    m = suspended(0x20, 0x3000)
    m(0x06)
    m(0x02, address=0x8000, write=b"\0")
    m(0x75)
    m(0x7A)
    assert m.rules() == ["suspend", "resume"], "one thing at a time"
    m.wait(1)
    m(0x7A)
    assert m.rules() == []
    assert m.chip.operation is not None
    assert (m.chip.operation.name, m.chip.suspended) == ("sector erase 4K", None)
    m(0x7A)
    assert m.rules() == ["resume"], "it goes on already"
    m.wait()
    m(0x06)
    m(0x01, write=b"\x04")
    m(0x75)
    assert m.rules() == ["suspend"], "no status write"
    m(0x7A)
    assert m.rules() == ["resume"]


def test_resuming_within_the_latency() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0)
    m.wait(1)
    m(0x75)
    m(0x7A)
    m(0x75)
    assert m.rules() == ["resume", "suspend"]


# -- individual locks ------------------------------------------------------------------------------


def test_units_of_the_individual_locks() -> None:
    """Sectors of 4 KB in the first and the last block, else blocks of 64 KB."""
    m = Master("W25Q16JV-IM")
    m.write_status(0x11, 0x64)
    size = m.chip.size
    units = {
        0x0000: (0x0000, 0x0FFF),
        0xF000: (0xF000, 0xFFFF),
        0x1_0000: (0x1_0000, 0x1_FFFF),
        size - 0x2_0000: (size - 0x2_0000, size - 0x1_0001),
        size - 0x1_0000: (size - 0x1_0000, size - 0xF001),
        size - 0x1000: (size - 0x1000, size - 1),
    }
    saved = m.chip.save()
    for first, last in units.values():
        for address in (first, last):
            m(0x06)
            m(0x39, address=address)
            assert m.sr() == 0, "WEL is spent"
            around = [first - 1, first, last, last + 1]
            seen = [m(0x3D, address=at % size, read=1)[0] for at in around]
            assert seen == [1, 0, 0, 1], hex(address)
            m(0x06)
            m(0x36, address=first + last >> 1)
            assert m(0x3D, address=address, read=2) == b"\x01\x01"
            m.chip.load(saved)


@pytest.mark.parametrize("first", [0x0000, 0x1F_0000])
def test_all_sectors_of_an_edge_block_must_be_unlocked(first: int) -> None:
    """For an erase of all of it."""
    m = Master("W25Q16JV-IM")
    m.write_status(0x11, 0x64)
    for sector in range(16):
        m(0x06)
        m(0xD8, address=first)
        assert m.rules() == ["protected"]
        m(0x06)
        m(0x39, address=first + sector * SECTOR)
    m(0x06)
    m(0xD8, address=first)
    assert m.rules() == []
    assert m.chip.busy


def test_the_locks_of_all_units_at_once() -> None:
    m = Master("W25Q16JV-IM")
    m.write_status(0x11, 0x64)
    everywhere = range(0, m.chip.size, SECTOR)
    for opcode, locked in ((0x98, 0), (0x7E, 1)):
        m(0x06)
        m(opcode)
        assert m.sr() == 0
        assert {m(0x3D, address=address, read=1)[0] for address in everywhere} == {locked}
    m(0x06)
    m(0xC7)
    assert m.rules() == ["protected"]
    m(0x06)
    m(0x98)
    m(0x06)
    m(0xC7)
    assert m.rules() == []


def test_the_block_protection_bits_count_while_wps_is_0() -> None:
    m = Master("W25Q16JV-IM")
    m.write_status(0x01, 0x1C)
    m(0x06)
    m(0x98)
    m.program(0, b"\0")
    assert m.rules() == ["protected"]
    m.write_status(0x11, 0x64)
    m.program(0, b"\0")
    assert m.rules() == []


@pytest.mark.parametrize(
    ("sr1", "sr2", "free"),
    [(0x40, 0, True), (0x60, 0, True), (0x40, 0x40, False), (0x60, 0x40, False)],
)
def test_no_sector_is_protected_by_bp_0(sr1: int, sr2: int, free: bool) -> None:
    """SEC = 1, BP = 0: nothing, to the last byte; with CMP all."""
    m = Master("W25Q16JV-IM")
    m.write_status(0x01, sr1, sr2)
    for address in (0, 0x10_0000, m.chip.size - 1):
        m.program(address, b"\0")
        assert m.rules() == ([] if free else ["protected"])


# -- the array by itself ---------------------------------------------------------------------------


def test_a_snapshot_of_a_blank_array_is_empty() -> None:
    array = Array(4 * SECTOR)
    assert array.save()["sectors"] == {}
    array.program(SECTOR + 5, b"\0")
    assert list(array.save()["sectors"]) == [SECTOR]


@pytest.mark.parametrize(
    ("address", "length", "sectors"),
    [
        (0, 1, [0]),
        (SECTOR - 1, 1, [0]),
        (SECTOR - 1, 2, [0, 1]),
        (SECTOR, 1, [1]),
        (SECTOR, SECTOR, [1]),
        (SECTOR, SECTOR + 1, [1, 2]),
        (SECTOR + 1, SECTOR, [1, 2]),
        (6 * SECTOR - 1, 2, [5, 6]),
        (0, 8 * SECTOR, list(range(8))),
        (7 * SECTOR, SECTOR, [7]),
        (8 * SECTOR - 1, 1, [7]),
    ],
)
def test_going_back_touches_what_was_changed(address: int, length: int, sectors: list[int]) -> None:
    array = Array(8 * SECTOR)
    blank = array.save()
    for change in (
        lambda: array.program(address, bytes(length)),
        lambda: (array.cells.__setitem__(slice(address, address + length), bytes(length)),
                 array.touch(address, length)),
    ):  # fmt: skip
        change()
        assert array.load(blank) == [number * SECTOR for number in sectors]
        assert array.cells == b"\xff" * 8 * SECTOR, "and is as long as it was"
        assert array.load(blank) == []
    array.fill(bytes(8 * SECTOR))
    full = array.save()
    array.erase(address, length)
    assert array.load(full) == [number * SECTOR for number in sectors]
    assert array.cells == bytes(8 * SECTOR)


def test_going_to_any_snapshot() -> None:
    """Of its own or of another array, whatever it held before."""
    array, other = Array(4 * SECTOR), Array(4 * SECTOR)
    blank = other.save()
    other.program(SECTOR, b"one")
    one = other.save()
    other.load(blank)
    other.program(2 * SECTOR, b"two")
    two = other.save()
    contents = {}
    for name, saved in (("blank", blank), ("one", one), ("two", two)):
        other.load(saved)
        contents[name] = bytes(other.cells)
    array.fill(b"first")
    states = {"blank": blank, "one": one, "two": two}
    for name in ("blank", "one", "two", "one", "blank", "two", "two", "blank"):
        array.load(states[name])
        assert array.cells == contents[name], name
    array.fill(b"own")
    own = array.save()
    array.load(one)
    array.load(own)
    assert array.cells == b"own".ljust(4 * SECTOR, b"\xff")
    array.save()
    array.load(blank)
    assert array.cells == contents["blank"]


def test_cells_that_fail() -> None:
    """Only those that should have changed are reported, the first of them; others take their
    value."""
    array = Array(SECTOR)
    array.failing += [(0x20, 4), (0x10, 2), (0x40, 1)]
    assert array.program(0, b"\xff" * 0x100) is None
    assert array.program(0x30, bytes(0x10)) is None
    assert array.program(0x22, bytes(0x1F)) == 0x22
    assert array.cells[0x20:0x28] == b"\xff" * 4 + bytes(4)
    assert array.program(0, bytes(0x100)) == 0x10
    assert [i for i in range(0x100) if array.cells[i]] == [
        0x10, 0x11, 0x20, 0x21, 0x22, 0x23, 0x40,
    ]  # fmt: skip
    assert array.program(0x41, b"\0") is None
    assert array.program(0x40, b"\0") == 0x40


def test_mram_takes_ones_and_its_failing_cells_keep_theirs() -> None:
    array = Array(SECTOR)
    array.overwrites = True
    array.program(0, b"\x00\x0f\xf0")
    array.failing.append((1, 1))
    assert array.program(0, b"\xaa\x55\x33") == 1
    assert array.cells[:4] == b"\xaa\x0f\x33\xff"
    assert array.program(1, b"\x0f") is None


def test_filling_a_used_array() -> None:
    array = Array(4 * SECTOR)
    assert len(array) == 4 * SECTOR
    array.fill(b"long" * SECTOR)
    saved = array.save()
    array.fill(b"short")
    assert array.cells == b"short".ljust(4 * SECTOR, b"\xff")
    array.fill(b"")
    assert array.cells == b"\xff" * 4 * SECTOR
    assert array.load(saved) == [n * SECTOR for n in range(4)]
