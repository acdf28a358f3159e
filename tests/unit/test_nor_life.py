"""What power-off, resets and snapshots leave of a flash chip, what it counts, whom it tells.

Rules: nor-flash.md 8, 13; IS25LX and W25Q sheets as quoted there.
"""

from __future__ import annotations

from typing import Any

import pytest
from nor_bus import MS, Master, quad_read
from octal_bus import Octal

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.nor.bus import SpiDevice, Transaction
from xipsim.peripherals.nor.chip import Chip


class Told:
    """A controller that notes what it is told, and whether a read is plain array data then."""

    def __init__(self, chip: Chip, read: Transaction) -> None:
        self.changes: list[tuple[int, int]] = []
        self.plain: list[bool] = []
        self._read = read
        chip.watch(self)

    def array_changed(self, chip: SpiDevice, address: int, length: int) -> None:
        self.changes.append((address, length))

    def state_changed(self, chip: SpiDevice) -> None:
        self.plain.append(chip.reads_array(self._read))

    operation_began = state_changed

    def operation_ended(self, chip: SpiDevice, address: int, length: int) -> None:
        self.array_changed(chip, address, length)
        self.state_changed(chip)


READ = Transaction(opcode=0x03, address=0x20, address_bits=24, read=4)


# -- resets ----------------------------------------------------------------------------------------


def unlocked() -> Master:
    """One block and one sector are unlocked, and WPS is 1."""
    m = Master()
    m.write_status(0x11, 0x64)
    for address in (0x0000, 0x20_0000):
        m(0x06)
        m(0x39, address=address)
    return m


def locks(m: Master) -> list[int]:
    return [m(0x3D, address=address, read=1)[0] for address in (0x0000, 0x20_0000, 0x30_0000)]


def software(m: Master) -> None:
    m(0x66)
    m(0x99)
    m.wait(1)


def power(m: Master) -> None:
    m.chip.reset(ResetCause.POWER_ON)


def pin(m: Master) -> None:
    m.chip.on_input(0, False)
    m.chip.on_input(0, True)
    m.wait(1)


@pytest.mark.parametrize("reset", [software, power, pin])
def test_all_blocks_are_locked_after_a_reset(reset: Any) -> None:
    """W25QxxJV sheet: the individual locks are volatile, and 1 after power-up and after a reset."""
    m = unlocked()
    assert locks(m) == [0, 0, 1]
    reset(m)
    assert locks(m) == [1, 1, 1]
    assert m.sr(0x15) == 0x64


@pytest.mark.parametrize("reset", [software, power, pin])
def test_volatile_values_are_forgotten(reset: Any) -> None:
    m = Master("W25Q256JV-IM")
    m(0xB7)
    m(0x50)
    m(0x31, write=b"\x02")
    m(0x77, address=0, address_lanes=4, data_lanes=4, write=b"\x00")
    m(0x06)
    before = m.chip.status()
    assert (before["qe"], before["wrap"], before["address_bytes"]) == (True, 8, 4)
    reset(m)
    after = m.chip.status()
    assert (after["qe"], after["wrap"], after["address_bytes"]) == (False, 0, 3)
    assert (after["sr1"], after["sr2"], after["wel"]) == (0, 0, False)
    m(0x50)
    reset(m)
    m(0x31, write=b"\x02")
    assert m.rules() == ["write-without-wel"], "nor does 50h outlive it"


@pytest.mark.parametrize("reset", [power, pin])
def test_a_reset_between_66h_and_99h(reset: Any) -> None:
    m = Master()
    m(0x66)
    reset(m)
    m(0x99)
    assert m.rules() == ["reset-without-enable"]


@pytest.mark.parametrize("opcode", [0x06, 0x04, 0x81, 0x03])
def test_any_other_command_between_66h_and_99h(opcode: int) -> None:
    """Also one that the chip does not know."""
    m = Master()
    m(0x66)
    m(opcode)
    m.rules()
    m(0x99)
    assert m.rules() == ["reset-without-enable"]


@pytest.mark.parametrize("level", [False, True])
def test_the_reset_pin_takes_wel_and_operation(level: bool) -> None:
    m = Master(qe=1)
    m.chip.program(0, b"kept")
    m(0x06)
    m(0x20, address=0)
    told = Told(m.chip, READ)
    m.chip.on_input(0, False)
    assert told.plain == [False], "it answers nothing now"
    assert m.chip.reads_array(READ) is False
    assert m.chip.status()["wel"] is False
    assert not m.chip.busy
    assert all(deadline is None for deadline in m.chip.save()["alarms"].values())
    assert "RESET# went low during sector erase 4K" in m.bench.notes[0].message
    m.wait(100)
    if level:
        m.chip.on_input(0, True)
        assert m.chip.status()["operation"]["name"] == "hardware reset"
        m.bench.clock.advance(30_000)
        assert m(0x03, address=0, read=4) == b"kept"
        assert told.plain == [False, False, True]
    else:
        assert m(0x03, address=0, read=4) == b"\xff" * 4
        assert m.rules() == ["in-reset"]


def test_there_is_one_input() -> None:
    """RESET#."""
    assert Chip.INPUTS == 1


def test_power_on_is_told() -> None:
    m = Master(qe=1)
    read = quad_read(0, 4)
    told = Told(m.chip, read)
    m(0x38)
    assert told.plain == [False]
    power(m)
    assert told.plain[-1] is True


def test_what_is_cut_is_noted() -> None:
    """Only what changes cells or registers; also what is suspended."""
    m = Master()
    for opcode in (0xB9, 0xAB):
        m(opcode)
        power(m)
    assert m.bench.notes == []
    m(0x06)
    m(0x20, address=0)
    m.wait(1)
    m(0x75)
    m.wait(1)
    m(0x06)
    m(0x02, address=0x1_0000, write=b"\0")
    power(m)
    assert [note.message.split(", until")[0] for note in m.bench.notes] == [
        "power was lost during page program at 0x10000",
        "power was lost during sector erase 4K at 0x0",
    ]
    assert m.bench.notes[0].message.endswith(": taken as not begun")
    m.bench.notes.clear()
    m(0x06)
    m(0x01, write=b"\x04")
    software(m)
    assert len(m.bench.notes) == 1
    assert m.sr() == 0


# -- what is taken is counted by its name ----------------------------------------------------------

PLAIN: dict[str, list[tuple[int, dict[str, Any], str]]] = {
    "W25Q256JV-IM": [
        (0x06, {}, "write enable"),
        (0x04, {}, "write disable"),
        (0x50, {}, "write enable volatile"),
        (0x31, {"write": b"\x02"}, "write status 2"),
        (0x77, {"address": 0, "address_lanes": 4, "data_lanes": 4, "write": b"\x10"},
         "set burst with wrap"),
        (0xFF, {}, "continuous read reset"),
        (0xFF, {"write": b"\xff\xff"}, "continuous read reset"),
        (0xB7, {}, "enter 4-byte mode"),
        (0xE9, {}, "exit 4-byte mode"),
        (0x06, {}, "write enable"),
        (0xC5, {"write": b"\0"}, "write extended address"),
        (0xC8, {"read": 1}, "read extended address"),
        (0x06, {}, "write enable"),
        (0x36, {"address": 0}, "block lock"),
        (0x06, {}, "write enable"),
        (0x39, {"address": 0}, "block unlock"),
        (0x3D, {"address": 0, "read": 1}, "read block lock"),
        (0x06, {}, "write enable"),
        (0x7E, {}, "global lock"),
        (0x06, {}, "write enable"),
        (0x98, {}, "global unlock"),
        (0x06, {}, "write enable"),
        (0x42, {"address": 0x1000, "write": b"a"}, "program security register"),
        (0x06, {}, "write enable"),
        (0x44, {"address": 0x1000}, "erase security register"),
        (0x48, {"address": 0x1000, "dummy": 8, "read": 1}, "read security register"),
        (0x06, {}, "write enable"),
        (0x01, {"write": b"\0"}, "write status 1"),
        (0x06, {}, "write enable"),
        (0x11, {"write": b"\x60"}, "write status 3"),
        (0xB9, {}, "power-down"),
        (0xAB, {}, "release power-down"),
        (0x66, {}, "reset enable"),
        (0x99, {}, "reset"),
    ],
    "IS25WX128": [
        (0x06, {}, "write enable"),
        (0x04, {}, "write disable"),
        (0x50, {}, "clear flag status"),
        (0x70, {"read": 1}, "read flag status"),
        (0x06, {}, "write enable"),
        (0x81, {"address": 3, "write": b"\xfe"}, "write volatile configuration"),
        (0x85, {"address": 3, "dummy": 8, "read": 1}, "read volatile configuration"),
        (0x06, {}, "write enable"),
        (0xB1, {"address": 3, "write": b"\xfe"}, "write non-volatile configuration"),
        (0xB5, {"address": 3, "dummy": 8, "read": 1}, "read non-volatile configuration"),
        (0x06, {}, "write enable"),
        (0x01, {"write": b"\0"}, "write status"),
        (0xB7, {}, "enter 4-byte mode"),
        (0xE9, {}, "exit 4-byte mode"),
        (0x9E, {"read": 3}, "read id"),
    ],
    "MX25UM25645G": [
        (0x06, {}, "write enable"),
        (0x72, {"address": 0x300, "address_bits": 32, "write": b"\1"}, "write CR2"),
        (0x06, {}, "write enable"),
        (0x72, {"address": 0x4000_0000, "address_bits": 32, "write": b"\3"}, "write CR2"),
        (0x71, {"address": 0x300, "address_bits": 32, "read": 1}, "read CR2"),
        (0x06, {}, "write enable"),
        (0x01, {"write": b"\0\7"}, "write status"),
        (0x06, {}, "write enable"),
        (0x2F, {}, "write security register"),
        (0x2B, {"read": 1}, "read security register"),
        (0x15, {"read": 1}, "read configuration"),
        (0xB7, {}, "enter 4-byte mode"),
        (0xE9, {}, "exit 4-byte mode"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("part", PLAIN)
def test_commands_are_counted_by_their_names(part: str) -> None:
    """And none of them is ignored."""
    m = Master(part)
    for opcode, fields, name in PLAIN[part]:
        m.chip.counters.commands.clear()
        m(opcode, **fields)
        assert m.chip.stats()["commands"] == {name: 1}, hex(opcode)
        m.wait()
        assert not m.chip.busy
    assert m.rules() == []


def test_commands_of_qpi_suspend_and_erase_are_counted_too() -> None:
    m = Master(qe=1)
    m(0x06)
    m(0x20, address=0)
    m.wait(1)
    m(0x75)
    m.wait(1)
    m(0x7A)
    m.wait(100)
    m(0x38)
    m.qpi = True
    m(0xC0, write=b"\0")
    m(0x06)
    m(0x02, address=0, write=b"ab")
    m.wait(1)
    m(0xFF)
    m.qpi = False
    m(0x06)
    m(0xC7)
    assert m.rules() == []
    assert m.chip.stats()["commands"] == {
        "write enable": 3, "sector erase 4K": 1, "suspend": 1, "resume": 1, "enter QPI": 1,
        "set read parameters": 1, "page program": 1, "exit QPI": 1, "chip erase": 1,
    }  # fmt: skip


# -- deaf, and busy --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "opcode", "us"),
    [((), 0xB9, 3), ((0xB9,), 0xAB, 3), ((0x66,), 0x99, 30)],
    ids=["power-down", "release", "reset"],
)
def test_not_even_the_status_can_be_read(before: tuple[int, ...], opcode: int, us: int) -> None:
    """While a chip goes to sleep, wakes or resets itself."""
    m = Master()
    for each in before:
        m(each)
        m.bench.clock.advance(3_000 if each == 0xB9 else 0)
    m(opcode)
    m.bench.clock.advance(us * 1000 - 1)
    assert m(0x05, read=2) == b"\xff\xff"
    assert m.rules() == ["command-while-busy"]
    m.bench.clock.advance(1)
    assert not m.chip.busy
    assert m.chip.status()["powered_down"] is (opcode == 0xB9)


def test_a_poll_is_repeated_only_while_it_is_one() -> None:
    """A read of a register of a busy chip; nothing that begins or ends something, or has an
    address."""
    m = Master()
    assert not m.chip.repeats
    m.sr()
    assert not m.chip.repeats, "idle"
    m(0x06)
    m(0x20, address=0)
    assert not m.chip.repeats
    m.sr()
    assert m.chip.repeats
    m(0x03, address=0, read=1)
    assert not m.chip.repeats, "refused"
    m.sr(0x35)
    assert m.chip.repeats
    m(0x66)
    assert not m.chip.repeats
    m.sr()
    m(0x75)
    assert not m.chip.repeats
    m.wait(1)
    m(0x7A)
    assert not m.chip.repeats
    m.wait(100)
    m(0x06)
    m(0xC7)
    assert not m.chip.repeats
    o = Octal("IS25WX128")
    o.spi(0x06)
    o.spi(0x20, address=0)
    assert o.spi(0x85, address=1, dummy=8, read=1) == b"\xff"
    assert not o.chip.repeats
    fresh = Chip(Bench().system, name="nor", part="IS25WX128")
    fresh.load(o.chip.save())
    assert fresh.busy
    assert not fresh.repeats


def test_polls_that_came_again_are_counted_and_told() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0)
    m.sr()
    m.bench.commands.clear()
    m.chip.repeated((1000, 2000, 3000))
    assert m.chip.stats()["commands"]["read status 1"] == 4
    assert [c.time for c in m.bench.commands] == [1000, 2000, 3000]
    assert {(c.opcode, c.name, c.address, c.received) for c in m.bench.commands} == {
        (0x05, "read status 1", None, b"\x03")
    }


def test_one_cycle_sent_again() -> None:
    """Means what it means now, not what it meant before."""
    m = Master(qe=1)
    poll = Transaction(opcode=0x05, read=1)
    assert m.chip.transfer(poll) == b"\x00"
    m(0x06)
    assert m.chip.transfer(poll) == b"\x02"
    m(0x38)
    assert m.chip.transfer(poll) == b"\xff"
    w = Master("W25Q256JV")
    w.chip.program(0x20, b"low")
    w.chip.program(0x100_0020, b"high")
    read = Transaction(opcode=0x03, address=0x20, address_bits=24, read=3)
    for extended, expected in ((1, b"hig"), (0, b"low"), (1, b"hig")):
        w(0x06)
        w(0xC5, write=bytes((extended,)))
        assert w.chip.transfer(read) == expected
    o = Octal("IS25WX128")
    o.chip.program(0, bytes(range(8)))
    o.go_octal(9)
    odd = Transaction(
        opcode=0xFD, opcode_lanes=8, address=2, address_bits=32, address_lanes=8,
        address_ddr=True, dummy=9, data_lanes=8, data_ddr=True, read=3,
    )  # fmt: skip
    assert [o.chip.transfer(odd) for _ in range(3)] == [b"\x02\x03\x04"] * 3


# -- what is counted, and shown --------------------------------------------------------------------


def test_operations_and_the_time_that_they_take() -> None:
    m = Master()
    m.wait(7)
    m(0x06)
    m(0x20, address=0)
    m.wait(10)
    assert m.chip.stats()["busy_time"] == 10 * MS, "so far"
    assert m.chip.stats()["operations"] == 0
    power(m)
    assert m.chip.stats()["busy_time"] == 10 * MS
    assert m.chip.stats()["operations"] == 0, "which did not end"
    m.wait(100)
    assert m.chip.stats()["busy_time"] == 10 * MS
    m.write_status(0x01, 0x04)
    assert m.chip.stats()["operations"] == 1
    assert m.chip.stats()["busy_time"] == 20 * MS
    m(0xB9)
    m.wait(1)
    assert m.chip.stats()["operations"] == 1, "power-down is none"
    assert m.chip.stats()["busy_time"] == 20 * MS + 3_000


def test_bytes_programmed_are_those_that_stay() -> None:
    m = Master()
    m.program(0, bytes(258))
    assert m.chip.stats()["bytes_programmed"] == 256
    m.program(0x100, bytes(3))
    assert m.chip.stats()["bytes_programmed"] == 259
    m(0x02, address=0, write=b"\0")
    assert m.chip.stats()["bytes_programmed"] == 259, "refused"


def test_leaving_continuous_read_reads_nothing() -> None:
    m = Master(qe=1)
    m(
        0xEB, address=0, address_lanes=4, data_lanes=4, mode=0xA0, mode_bits=8, mode_lanes=4,
        dummy=4, read=4,
    )  # fmt: skip
    m(0xFF)
    assert m.chip.stats()["bytes_read"] == 4


@pytest.mark.parametrize(
    ("opcode", "data", "facts"),
    [
        (0x01, b"\x04", ("status", "write status 1", 0, 0, 10_000)),
        (0x02, b"ab", ("program", "page program", 0x1234, 2, 400)),
        (0x52, b"", ("erase", "block erase 32K", 0, 0x8000, 120_000)),
        (0xC7, b"", ("erase", "chip erase", 0, 0x80_0000, 20_000_000)),
        (0xB9, b"", ("power-down", "power-down", 0, 0, 3)),
    ],
)
def test_what_people_see_of_an_operation(
    opcode: int, data: bytes, facts: tuple[str, str, int, int, int]
) -> None:
    m = Master()
    m.wait(1)
    m(0x06)
    fields = {} if opcode in (0x01, 0xC7, 0xB9) else {"address": 0x1234}
    m(opcode, write=data, **fields)
    kind, name, address, length, us = facts
    status = m.chip.status()
    assert status["operation"] == {
        "kind": kind, "name": name, "address": address, "length": length, "start": 1 * MS,
        "end": 1 * MS + us * 1000,
    }  # fmt: skip
    assert (status["busy"], status["wel"], status["suspended"]) == (True, True, None)


def test_what_people_see_of_a_suspended_operation() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0x3000)
    m.wait(1)
    m(0x75)
    assert m.chip.status()["operation"]["name"] == "suspend"
    m.wait(1)
    status = m.chip.status()
    assert status["operation"] is None
    assert (status["suspended"]["name"], status["suspended"]["address"]) == (
        "sector erase 4K", 0x3000,
    )  # fmt: skip


def test_what_people_see_of_a_part() -> None:
    info = Master("IS25WX256", uid="00" * 16, times="maximum").chip.info()
    assert (info["part"], info["maker"], info["id"]) == ("IS25WX256", "ISSI", "9d5b19")
    assert (info["size"], info["page"]) == (32 << 20, 256)
    assert info["erase_sizes"] == [4 << 10, 32 << 10, 128 << 10]
    assert info["times"]["erase_4k"] == 400 * MS
    assert Master(times="typical").chip.info()["times"]["erase_4k"] == 45 * MS


def test_the_last_change_of_each_sector() -> None:
    m = Octal("EM064LX")
    m.bench.clock.now = 5
    m.spi(0x06)
    m.spi(0x02, address=0x5F80, write=bytes(256))
    m.wait(1)
    for address in (0x5000, 0x5F7F, 0x5F80, 0x6000, 0x607F, 0x6FFF):
        text = m.chip.last_change(address)
        assert text == "page program at 0x5f80, begun at 5 ns", hex(address)
    assert m.chip.last_change(0x4FFF) is None
    assert m.chip.last_change(0x7000) is None
    m.spi(0x52, address=0x1_2345)
    m.wait(1)
    assert str(m.chip.last_change(0x1_7FFF)).startswith("block erase 32K at 0x10000")
    assert m.chip.last_change(0x1_8000) is None


# -- from outside ----------------------------------------------------------------------------------


def test_changes_from_outside_are_told() -> None:
    m = Master("W25Q16JV-IM")
    told = Told(m.chip, READ)
    m.chip.program(0x1234, b"abc")
    m.chip.erase(0x2000, 0x1000)
    m.chip.fill(b"x")
    assert told.changes == [(0x1234, 3), (0x2000, 0x1000), (0, 0x20_0000)]
    assert m.chip.stats()["commands"] == {}


@pytest.mark.parametrize(
    ("address", "length"), [(-1, 2), (0x10, -1), (0x20_0001, 0), (0x1F_FFFF, 2), (-4, 0)]
)
def test_cells_that_are_not_within(address: int, length: int) -> None:
    m = Master("W25Q16JV-IM")
    for act in (m.chip.read, m.chip.erase, m.chip.fail_program):
        with pytest.raises(ValueError, match="are not within 0x200000 bytes"):
            act(address, length)


def test_no_cells_are_within_wherever_they_are() -> None:
    m = Master("W25Q16JV-IM")
    assert m.chip.read(0x10, 0) == m.chip.read(0x20_0000, 0) == b""
    assert m.chip.BLANK == 0xFF


@pytest.mark.parametrize(
    ("opcode", "fields"), [(0x02, {"address": 0, "write": b"\0"}), (0x20, {"address": 0}),
                           (0x01, {"write": b"\x04"})],
)  # fmt: skip
def test_what_can_be_stuck(opcode: int, fields: dict[str, Any]) -> None:
    """An erase, a program or a status write; nothing else is, and uses the fault up."""
    m = Master()
    m.chip.stuck_busy()
    m(0xB9)
    m.wait(1)
    m(0xAB)
    m.wait(1)
    assert not m.chip.busy
    fresh = Master()
    fresh.chip.load(m.chip.save())
    for each in (m, fresh):
        each(0x06)
        each(opcode, **fields)
        assert each.chip.busy_until is None
        each.wait(1_000_000)
        assert each.sr() == 3


def test_a_broken_latch_falls_at_once_and_stays_broken() -> None:
    m = Master()
    m(0x06)
    m.chip.stuck_wel()
    assert m.chip.status()["wel"] is False
    fresh = Master()
    fresh.chip.load(m.chip.save())
    for each in (m, fresh):
        each(0x06)
        assert each.sr() == 0
        power(each)
        each(0x06)
        assert each.sr() == 0


# -- snapshots -------------------------------------------------------------------------------------


def test_all_that_winbond_remembers_is_in_a_snapshot() -> None:
    m = Master("W25Q256JV-IM")
    m.write_status(0x11, 0x66)
    m.write_status(0x31, 0x02)
    m(0x06)
    m(0x42, address=0x3000, write=b"secret")
    m.wait()
    m(0x06)
    m(0x39, address=0x10_0000)
    m(0x06)
    m(0xC5, write=b"\x01")
    m(0xB7)
    fresh = Master("W25Q256JV-IM")
    told = Told(fresh.chip, READ._replace(address_bits=32))
    saved = m.chip.save()
    fresh.chip.load(saved)
    assert told.plain == [True]
    assert len(saved["maker"]["security"]) == 3 * 256
    for each in (m, fresh):
        assert [each.sr(opcode) for opcode in (0x05, 0x35, 0x15)] == [0x00, 0x02, 0x67]
        assert each(0xC8, read=1) == b"\x01"
        wide = {"address_bits": 32}
        assert each(0x48, address=0x3000, dummy=8, read=6, **wide) == b"secret"
        assert each(0x3D, address=0x10_0000, read=1, **wide) == b"\x00"
        assert each(0x3D, address=0x20_0000, read=1, **wide) == b"\x01"
        assert each.rules() == []
    fresh(0x06)
    fresh(0x39, address=0x20_0000, address_bits=32)
    again = Master("W25Q256JV-IM")
    again.chip.load(saved)
    assert again(0x3D, address=0x20_0000, read=1, address_bits=32) == b"\x01"


def test_all_that_octal_parts_remember_is_in_a_snapshot() -> None:
    for part in ("IS25WX128", "EM064LX"):
        m, fresh = Octal(part), Octal(part)
        m.spi(0x06)
        m.spi(0x01, write=b"\x04")
        m.wait(2)
        m.spi(0x06)
        m.spi(0xB1, address=1, write=b"\x0c")
        m.wait(200)
        m.write_volatile(7, 0xFE)
        m.write_volatile(2, 0)
        fresh.chip.load(m.chip.save())
        for each in (m, fresh):
            status = each.chip.status()
            assert (status["sr"] & 0xFD, status["flags"]) == (0x04, 0x82)
            assert status["nonvolatile"]["01"] == 0x0C
            assert status["volatile"]["07"] == 0xFE
    m, fresh = Octal("MX25UM25645G"), Octal("MX25UM25645G")
    m.spi(0x06)
    m.spi(0x01, write=b"\x04\x0f")
    m.wait(10)
    m.spi(0xB7)
    m.spi(0x06)
    m.spi(0x12, address=0, address_bits=32, write=b"\0")
    m.write_cr2(0x300, 5)
    saved = m.chip.save()
    fresh.chip.load(saved)
    for each in (m, fresh):
        status = each.chip.status()
        assert (status["sr"], status["cr"], status["security"]) == (0x04, 0x0F, 0x20)
        assert (status["dummies"], status["address_bytes"]) == (10, 4)
    fresh.write_cr2(0x300, 1)
    assert saved["maker"]["volatile"].cr2[0x300] == 5, "what was saved stays"


def test_cells_that_a_snapshot_changes_are_told() -> None:
    m = Master("W25Q16JV-IM")
    saved = m.chip.save()
    m.chip.program(0x1_2345, b"\0")
    m.chip.program(0x3000, b"\0")
    m.chip.fail_program(0, 1)
    told = Told(m.chip, READ)
    m.chip.load(saved)
    assert told.changes == [(0x3000, 0x1000), (0x1_2000, 0x1000)]
    assert told.plain == [True]
    m.program(0, b"\0")
    assert m.rules() == [], "nor is the fault there any more"
    assert m.chip.stats()["operations"] == 1


def test_an_alarm_is_off_once_its_operation_is_over() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0)
    m.bench.clock.now = 46 * MS  # the alarm has not come yet
    assert m.sr() == 0
    assert all(deadline is None for deadline in m.chip.save()["alarms"].values())


# -- who tells the controller ----------------------------------------------------------------------


def test_what_changes_how_reads_are_answered_is_told() -> None:
    m = Master("W25Q256JV-IM")
    told = Told(m.chip, READ)
    m(0x06)
    m(0xC5, write=b"\x01")
    assert told.plain[-1] is False, "three bytes mean another place"
    m(0x06)
    m(0xC5, write=b"\x00")
    assert told.plain[-1] is True
    m(0xB7)
    assert told.plain[-1] is False
    m(0xE9)
    assert told.plain[-1] is True
    quad = Told(m.chip, quad_read(0, 4))
    m(0x50)
    m(0x31, write=b"\x02")
    assert quad.plain == [True]
    m(0x77, address=0, address_lanes=4, data_lanes=4, write=b"\x00")
    assert quad.plain == [True, False]
    m(0x77, address=0, address_lanes=4, data_lanes=4, write=b"\x10")
    assert quad.plain[-1] is True
    m.chip.transfer(quad_read(0, 4, mode=0xA0, mode_bits=8, mode_lanes=4, dummy=4))
    assert quad.plain[-1] is False


@pytest.mark.parametrize("part", ["IS25WX128", "MX25UM25645G"])
def test_octal_parts_tell_of_their_modes(part: str) -> None:
    m = Octal(part)
    told = Told(m.chip, READ)
    m.spi(0xB7)
    assert told.plain == [False]
    m.spi(0xE9)
    assert told.plain == [False, True]
    m.go_octal()
    assert told.plain[-1] is False
