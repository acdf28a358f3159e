"""Parameters, snapshots, faults, watchers, SFDP and properties of flash chips."""

from __future__ import annotations

import pickle
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nor_bus import MS, Master, quad_read

from xipsim.peripherals.core import REGISTRY
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.bus import SpiDevice, Transaction
from xipsim.peripherals.nor.chip import Chip
from xipsim.peripherals.nor.parts import find_part


def test_registered_under_its_repl_name() -> None:
    assert REGISTRY["Nor.Chip"] is Chip


def test_unknown_part_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"nor: part: .*'W25Q64JB'.*W25Q64J"):
        Chip(Bench().system, name="nor", part="W25Q64JB")


@pytest.mark.parametrize("uid", ["xyz", "0123"])
def test_wrong_uid(uid: str) -> None:
    with pytest.raises(ValueError, match="uid: expected 8 bytes in hex"):
        Master(uid=uid)


def test_fill_erases_what_it_is_not_given() -> None:
    m = Master()
    m.chip.fill(bytes(m.chip.size))
    m.chip.fill(b"short")
    assert m.chip.contents() == b"short".ljust(m.chip.size, b"\xff")
    with pytest.raises(ValueError, match="has 8388608 bytes, given 8388609"):
        m.chip.fill(bytes(m.chip.size + 1))
    with pytest.raises(ValueError, match="not within"):
        m.chip.program(m.chip.size - 1, b"ab")


def test_info_and_status() -> None:
    m = Master(uid="00112233445566ff")
    assert m.chip.info()["uid"] == "00112233445566ff"
    m(0x06)
    m(0x20, address=0x2345)
    operation = m.chip.status()["operation"]
    assert operation == {
        "kind": "erase", "name": "sector erase 4K", "address": 0x2000, "length": 0x1000,
        "start": 0, "end": 45 * MS,
    }  # fmt: skip


def test_operation_ends_even_if_the_alarm_is_late() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0)
    m.bench.clock.now = 46 * MS  # time has passed, the alarm has not fired yet
    assert m.sr() == 0


class Watcher:
    def __init__(self) -> None:
        self.changes: list[tuple[int, int]] = []
        self.states: list[bool] = []

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        self.changes.append((address, length))

    def state_changed(self, chip: SpiDevice) -> None:
        self.states.append(chip.reads_array(quad_read(0, 4)))

    operation_began = state_changed

    def operation_ended(self, chip: SpiDevice, address: int, length: int) -> None:
        self.array_changed(chip, address, length)
        self.state_changed(chip)


def test_watchers_hear_of_cells_and_state() -> None:
    m, watcher = Master(qe=1), Watcher()
    m.chip.watch(watcher)
    m.program(0x100, b"ab")
    m(0x06)
    m(0x20, address=0x1000)
    m.wait()
    assert watcher.changes == [(0x100, 2), (0x1000, 0x1000)]
    assert watcher.states == [False, True, False, True]
    m(0x38)
    assert watcher.states[-1] is False


def test_when_a_chip_was_at_work_last() -> None:
    """As it begins and ends, where it is to be read in another way, and where a person writes; not
    where it is only asked. A snapshot keeps it."""
    m = Master(qe=1)
    m.wait(1)
    m.sr()
    m(0x06)
    assert m.chip.active_at == 0
    m(0x20, address=0x1000)
    assert m.chip.active_at == MS
    m.wait()
    assert m.chip.active_at == 46 * MS
    for number, act in enumerate((lambda: m.chip.program(0x200, b"ab"), lambda: m(0x38)), 100):
        m.bench.clock.now = number * MS
        act()
        assert m.chip.active_at == number * MS
    saved = m.chip.save()
    m.bench.clock.now = 200 * MS
    m.chip.erase(0, 0x1000)
    m.chip.load(saved)
    assert m.chip.active_at == 101 * MS


def test_snapshot_in_the_middle_of_an_erase() -> None:
    m = Master(qe=1)
    m.chip.program(0, b"first")
    m.chip.program(0x1000, b"second")
    m(0x06)
    m(0x20, address=0)
    m.wait(10)
    saved = pickle.loads(pickle.dumps(m.chip.save()))
    assert m.sr() == 0x03, "saving changes nothing"
    m.wait(50)
    assert m.chip.read(0, 5) == b"\xff" * 5
    m.bench.clock.now = 10 * MS
    m.chip.load(saved)
    assert m.chip.read(0, 5) == b"first"
    assert m.chip.busy_until == 45 * MS
    m.wait(35)
    assert m.sr() == 0
    assert m.chip.read(0, 5) == b"\xff" * 5
    assert m.chip.read(0x1000, 6) == b"second"


def test_cells_that_fail_to_program() -> None:
    m = Master()
    m.chip.fail_program(0x102, 2)
    m.program(0x100, bytes(6))
    assert m.sr() == 0
    assert m.chip.read(0x100, 6) == b"\0\0\xff\xff\0\0"
    assert m.rules() == ["program-failed"], "which the chip itself does not report"


def test_stuck_busy() -> None:
    m = Master()
    m.chip.stuck_busy()
    m(0x06)
    m(0x20, address=0)
    m.wait(10_000)
    assert m.sr() == 0x03
    assert m.chip.busy
    assert m.chip.busy_until is None
    m(0x66)
    m(0x99)
    m.wait(1)
    assert m.sr() == 0


def test_stuck_wel() -> None:
    m = Master()
    m(0x06)
    m.chip.stuck_wel()
    m(0x06)
    assert m.sr() == 0
    m.program(0x100, b"\0")
    assert m.chip.read(0x100, 1) == b"\xff"
    assert m.rules() == ["program-without-wel"]


def test_worn_sector_is_noted_once() -> None:
    m = Master()
    m.chip.counters.erases[3] = m.chip.row.endurance - 1
    noted = []
    for _ in range(3):
        m(0x06)
        m(0x20, address=0x3000)
        m.wait()
        noted.append(len(m.bench.notes))
    assert noted == [0, 1, 1], "not for the last cycle that the data sheet promises"
    assert "0x3000" in m.bench.notes[0].message


# -- SFDP, by JESD216 ------------------------------------------------------------------------------


def basic_table(m: Master) -> list[int]:
    """DWORDs of the basic flash parameter table, found as a driver finds them."""
    header = m(0x5A, address=0, dummy=8, read=16)
    assert header[:4] == b"SFDP"
    assert header[8] == 0, "the first table is the basic one"
    pointer = int.from_bytes(header[12:15], "little")
    data = m(0x5A, address=pointer, dummy=8, read=4 * header[11])
    return list(struct.unpack(f"<{header[11]}I", data))


@pytest.mark.parametrize("part", ["W25Q80", "W25Q16JV", "W25Q32JV", "W25Q64JV", "W25Q128JV",
                                  "W25Q256JV", "W25Q64JW-IM"])  # fmt: skip
def test_sfdp_says_what_the_part_is(part: str) -> None:
    m = Master(part)
    row, table = find_part(part), basic_table(m)
    assert table[1] + 1 == row.size * 8
    assert table[0] >> 8 & 0xFF == 0x20
    quad = table[2]
    assert (quad & 0x1F, quad >> 5 & 7, quad >> 8 & 0xFF) == (4, 2, 0xEB)
    assert (quad >> 16 & 0x1F, quad >> 21 & 7, quad >> 24) == (8, 0, 0x6B)
    dual = table[3]
    assert (dual & 0x1F, dual >> 8 & 0xFF) == (8, 0x3B)
    assert ((dual >> 16 & 0x1F) + (dual >> 21 & 7), dual >> 24) == (4, 0xBB)
    types = [(table[7] >> s & 0xFF, table[7] >> s + 8 & 0xFF) for s in (0, 16)]
    types.append((table[8] & 0xFF, table[8] >> 8 & 0xFF))
    assert [(1 << n, opcode) for n, opcode in types] == [
        (4096, 0x20), (32768, 0x52), (65536, 0xD8),
    ]  # fmt: skip
    assert 1 << (table[10] >> 4 & 0xF) == row.page
    units = (16, 256, 4_000, 64_000)[table[10] >> 29 & 3]
    chip_ms = ((table[10] >> 24 & 0x1F) + 1) * units
    assert chip_ms == pytest.approx(row.times["chip_erase"][0] / MS, rel=0.25)
    assert table[14] >> 20 & 7 == (5 if part == "W25Q64JW-IM" else 4), "QER"
    assert m.rules() == []


def test_sfdp_of_the_64_megabit_part_byte_for_byte() -> None:
    m = Master("W25Q64JV-IM")
    expected = (
        "e520f9ffffffff0344eb086b083b42bbfeffffffffff0000ffff40eb0c200f52"
        "10d800003602a60082ea14c4e96376337a757a75f7a2d55c19f74dffe930f880"
    )
    assert m(0x5A, address=0x80, dummy=8, read=64).hex() == expected
    assert m(0x5A, address=0x10, dummy=8, read=4) == b"\xff" * 4
    assert m(0x5A, address=0x100, dummy=8, read=4) == b"SFDP"


def test_part_whose_sfdp_is_not_known_reads_blank() -> None:
    assert Master("GD25Q64C")(0x5A, address=0, dummy=8, read=4) == b"\xff" * 4


# -- properties ------------------------------------------------------------------------------------

FEW = settings(max_examples=40, deadline=None)
# One chip for all examples: what follows holds in every state of it.
SHARED = Master("W25Q16JV-IM", qe=1)
addresses = st.integers(0, 0x1F_FFFF)


@FEW
@given(address=addresses, old=st.binary(min_size=256, max_size=256),
       data=st.binary(min_size=1, max_size=300))  # fmt: skip
def test_program_only_clears_bits_of_its_page(address: int, old: bytes, data: bytes) -> None:
    m, page = SHARED, address & ~0xFF
    m.chip.erase(page, 256)
    m.chip.program(page, old)
    low, high = max(page - 256, 0), min(page + 512, m.chip.size)
    before = m.chip.read(low, high - low)
    m.program(address, data)
    new = m.chip.read(page, 256)
    assert all(n & ~o == 0 for n, o in zip(new, old, strict=True))
    after = bytearray(m.chip.read(low, high - low))
    after[page - low : page - low + 256] = old
    assert bytes(after) == before


@FEW
@given(address=addresses, unit=st.sampled_from([(0x20, 0x1000), (0x52, 0x8000), (0xD8, 0x10000)]))
def test_erase_sets_exactly_its_unit(address: int, unit: tuple[int, int]) -> None:
    m, (opcode, size) = SHARED, unit
    base = address & -size
    low, high = max(base - 16, 0), min(base + size + 16, m.chip.size)
    m.chip.memory.cells[low:high] = bytes(high - low)
    m(0x06)
    m(opcode, address=address)
    m.wait()
    assert m.chip.read(base, size) == b"\xff" * size
    assert m.chip.read(low, base - low) == bytes(base - low)
    assert m.chip.read(base + size, high - base - size) == bytes(high - base - size)


phases = st.sampled_from([1, 2, 4])
transactions = st.fixed_dictionaries(
    {
        "opcode": st.one_of(
            st.none(), st.integers(0, 255), st.sampled_from([0x02, 0x20, 0xD8, 0xEB])
        ),
        "opcode_lanes": phases,
        "opcode_ddr": st.booleans(),
        "address": st.one_of(st.none(), st.integers(0, 2**24 - 1)),
        "address_bits": st.sampled_from([8, 16, 24, 32]),
        "address_lanes": phases,
        "mode": st.one_of(st.none(), st.integers(0, 255)),
        "mode_bits": st.sampled_from([4, 8]),
        "mode_lanes": phases,
        "dummy": st.integers(0, 12),
        "data_lanes": st.sampled_from([1, 2, 4, 8]),
        "data_ddr": st.booleans(),
        "write": st.binary(max_size=8),
        "read": st.integers(0, 8),
    }
).map(lambda phases: Transaction(**phases))


@settings(max_examples=60, deadline=None)
@given(st.lists(transactions, max_size=15), st.sampled_from(["pull-ups", "keeper"]))
def test_random_transactions_never_raise(given: list[Transaction], undriven: str) -> None:
    m = Master("W25Q80", qe=1, undriven=undriven)
    for t in given:
        expects_array = m.chip.reads_array(t)
        cells = m.chip.read(t.address or 0, t.read) if expects_array else b""
        answer = m.chip.transfer(t)
        assert len(answer) == t.read
        if expects_array:
            assert answer == cells
        m.bench.clock.advance(100_000)


# Everything that is not understood as a suspend or a reset.
plain = transactions.map(
    lambda t: t._replace(opcode=t.opcode or 0x03, opcode_lanes=1, opcode_ddr=False)
).filter(lambda t: t.opcode not in (0x66, 0x75, 0x99))


@FEW
@given(st.lists(plain, max_size=10))
def test_nothing_changes_while_busy(given: list[Transaction]) -> None:
    m = SHARED
    if m.chip.busy:
        m.wait(60_000)
    m.chip.maker.power_on()
    m.chip.wel = True
    m(0x20, address=0x8000)
    before, status = hash(m.chip.contents()), m.sr(0x35)
    for t in given:
        m.chip.transfer(t)
    assert hash(m.chip.contents()) == before
    assert (m.sr(), m.sr(0x35)) == (0x03, status)
    m.wait()


@FEW
@given(st.lists(transactions, max_size=10))
def test_nothing_changes_while_protected(given: list[Transaction]) -> None:
    m = Master("W25Q80")
    m.chip.program(0, b"precious")
    m.write_status(0x01, 0x1C, 0x01)  # all blocks, status registers locked
    before = m.chip.contents()
    for t in given:
        m.chip.wel = True
        m.chip.transfer(t)
        m.wait(3_000)
    assert m.chip.contents() == before
