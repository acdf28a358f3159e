"""W25Q commands one by one. Expected values: W25QxxJV data sheets."""

from __future__ import annotations

import pytest
from nor_bus import MS, Master, quad_read

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.parts import part_names

JEDEC_IDS = {
    "W25Q80": "ef4014",
    "W25Q16JV-IQ": "ef4015",
    "W25Q16JV-IM": "ef7015",
    "W25Q32JV": "ef4016",
    "W25Q64JV-IQ": "ef4017",
    "W25Q64JV-IM": "ef7017",
    "W25Q128JV-IQ": "ef4018",
    "W25Q128JV-IM": "ef7018",
    "W25Q256JV": "ef4019",
    "W25Q64JW-IM": "ef8017",
}


@pytest.mark.parametrize(("part", "jedec"), JEDEC_IDS.items())
def test_jedec_id_of_each_part(part: str, jedec: str) -> None:
    m = Master(part)
    assert m(0x9F, read=3).hex() == jedec
    assert m.chip.size == 1 << int(jedec, 16) % 256


def test_every_row_loads_and_answers() -> None:
    for name in part_names():
        m = Master(name)
        assert m(0x9F, read=3) == m.chip.row.id
        assert m.rules() == []


def test_other_ids() -> None:
    m = Master(uid="0123456789abcdef")
    assert m(0x90, address=0, read=4).hex() == "ef16ef16"
    assert m(0x90, address=1, read=2).hex() == "16ef"
    assert m(0xAB, dummy=24, read=1).hex() == "16"
    assert m(0xAB, address=0, read=1).hex() == "16"
    assert m(0x4B, dummy=32, read=8).hex() == "0123456789abcdef"
    assert m.rules() == []


def test_unique_id_is_seeded() -> None:
    assert Master(seed=1).chip.unique_id == Master(seed=1).chip.unique_id
    assert Master(seed=1).chip.unique_id != Master(seed=2).chip.unique_id


def test_page_program_takes_its_time_then_clears_wel_and_wip() -> None:
    m = Master()
    m(0x06)
    assert m.sr() == 0x02
    m(0x02, address=0x1234, write=b"\x5a")
    assert m.chip.busy_until == 400_000
    assert m(0x05, read=3) == b"\x03\x03\x03"
    m.bench.clock.advance(399_999)
    assert m.sr() == 0x03
    assert m.chip.read(0x1234, 1) == b"\xff"
    m.bench.clock.advance(1)
    assert m.sr() == 0x00
    assert m.chip.read(0x1234, 1) == b"\x5a"
    assert m.rules() == []


def test_maximum_times() -> None:
    m = Master(times="maximum")
    m(0x06)
    m(0x20, address=0)
    assert m.chip.busy_until == 400 * MS


def test_program_ands_and_wraps_in_its_page() -> None:
    m = Master()
    m.program(0x10FE, b"\xf0\x0f\x33")
    assert m.chip.read(0x10FE, 2) == b"\xf0\x0f"
    assert m.chip.read(0x1000, 1) == b"\x33"
    assert m.chip.read(0x1100, 1) == b"\xff"
    m.program(0x10FE, b"\x3c")
    assert m.chip.read(0x10FE, 1) == b"\x30"


def test_program_of_more_than_a_page_keeps_the_last_256_bytes() -> None:
    m = Master()
    sent = bytes(range(256)) + b"\xaa\xbb"
    m.program(0x2000, sent)
    assert m.chip.read(0x2000, 256) == b"\xaa\xbb" + bytes(range(2, 256))


def test_program_without_data_or_without_wel_is_ignored() -> None:
    m = Master()
    m(0x02, address=0, write=b"\x00")
    assert m.rules() == ["program-without-wel"]
    m(0x06)
    m(0x02, address=0)
    assert m.rules() == ["wrong-length"]
    assert not m.chip.busy
    assert m.sr() == 0x02


def test_quad_page_program() -> None:
    m = Master("W25Q64JV-IQ")
    m(0x06)
    m(0x32, address=0x100, write=b"quad", data_lanes=4)
    m.wait()
    assert m.chip.read(0x100, 4) == b"quad"
    assert m.rules() == []


@pytest.mark.parametrize(
    ("opcode", "size", "typical_ms"),
    [(0x20, 0x1000, 45), (0x52, 0x8000, 120), (0xD8, 0x10000, 150)],
)
def test_erase_sets_its_unit_whatever_the_low_address_bits(
    opcode: int, size: int, typical_ms: int
) -> None:
    m = Master()
    m.chip.fill(bytes(m.chip.size))
    base = 0x40000
    m(0x06)
    m(opcode, address=base + size - 3)
    assert m.chip.busy_until == typical_ms * MS
    m.wait()
    cells = m.chip.contents()
    assert cells[base : base + size] == b"\xff" * size
    assert cells.count(0) == m.chip.size - size
    assert m.chip.stats()["erases"] == {(base + i) // 4096: 1 for i in range(0, size, 4096)}
    assert m.rules() == []


@pytest.mark.parametrize("opcode", [0xC7, 0x60])
def test_chip_erase(opcode: int) -> None:
    m = Master("W25Q16JV-IQ")
    m.chip.fill(bytes(m.chip.size))
    m(0x06)
    m(opcode)
    assert m.chip.busy_until == 5_000 * MS
    m.wait(5_000)
    assert m.chip.contents() == b"\xff" * m.chip.size


def test_write_disable_and_erase_without_wel() -> None:
    m = Master()
    m.chip.fill(bytes(m.chip.size))
    m(0x06)
    m(0x04)
    m(0x20, address=0)
    assert m.rules() == ["erase-without-wel"]
    assert not m.chip.busy


def test_addresses_beyond_the_array_wrap() -> None:
    m = Master("W25Q16JV-IQ")
    m.chip.program(0x10, b"here")
    assert m(0x03, address=0x20_0010, read=4) == b"here"
    m.chip.program(m.chip.size - 1, b"\x00")
    m.chip.program(0, b"\x01")
    assert m(0x03, address=m.chip.size - 1, read=2) == b"\x00\x01"


def test_every_read_command_returns_the_array() -> None:
    m = Master("W25Q64JV-IQ")
    m.chip.program(0x1000, b"array data")
    forms = [
        {"opcode": 0x03},
        {"opcode": 0x0B, "dummy": 8},
        {"opcode": 0x3B, "dummy": 8, "data_lanes": 2},
        {"opcode": 0x6B, "dummy": 8, "data_lanes": 4},
        {"opcode": 0xBB, "dummy": 4, "address_lanes": 2, "data_lanes": 2},
        {"opcode": 0xBB, "mode": 0xFF, "mode_bits": 8, "mode_lanes": 2, "address_lanes": 2,
         "data_lanes": 2},
        {"opcode": 0xEB, "dummy": 6, "address_lanes": 4, "data_lanes": 4},
        {"opcode": 0xEB, "mode": 0xFF, "mode_bits": 8, "mode_lanes": 4, "dummy": 4,
         "address_lanes": 4, "data_lanes": 4},
        {"opcode": 0xEB, "mode": 0xF, "mode_bits": 4, "mode_lanes": 4, "dummy": 5,
         "address_lanes": 4, "data_lanes": 4},
    ]  # fmt: skip
    for form in forms:
        t = Transaction(address=0x1000, address_bits=24, read=10, **form)  # type: ignore[arg-type]
        assert m.chip.transfer(t) == b"array data", form
    assert m.rules() == []


def test_busy_chip_answers_status_only() -> None:
    m = Master()
    m.chip.fill(bytes(m.chip.size))
    m(0x06)
    m(0x20, address=0x3000)
    assert m.sr() & m(0x35, read=1)[0] == 0
    assert m.sr() == 0x03
    assert m.rules() == []
    assert m(0x03, address=0, read=2) == b"\xff\xff"
    assert m(0x9F, read=3) == b"\xff\xff\xff"
    m(0x04)
    assert m.sr() == 0x03
    assert "sector erase 4K at 0x3000, until 45000000 ns" in m.bench.diagnostics[0].message
    assert m.rules() == ["read-while-busy", "command-while-busy", "command-while-busy"]


def test_unknown_opcode_is_harmless_and_keeps_wel() -> None:
    m = Master()
    m(0x06)
    assert m(0x81, read=4) == b"\xff" * 4
    assert m.rules() == ["unknown-opcode"]
    assert m.sr() == 0x02


def test_power_down_and_release() -> None:
    m = Master()
    m(0xB9)
    m.bench.clock.advance(3_000)
    assert m(0x9F, read=3) == b"\xff" * 3
    m(0x06)
    assert m.rules() == ["power-down", "power-down"]
    m(0xAB)
    m.bench.clock.advance(3_000)
    assert m(0x9F, read=3).hex() == "ef7017"
    assert m.sr() == 0
    assert m.rules() == []


def test_release_of_a_chip_that_is_awake_is_legal() -> None:
    m = Master()
    m(0xAB)
    assert m(0x9F, read=3).hex() == "ef7017"
    assert m.rules() == []


def test_reset_needs_its_pair_adjacent() -> None:
    m = Master()
    m(0x06)
    m(0x66)
    m(0x05, read=1)
    m(0x99)
    assert m.rules() == ["reset-without-enable"]
    assert m.sr() == 0x02
    m(0x66)
    m(0x99)
    m.bench.clock.advance(30_000)
    assert m.sr() == 0
    assert m.rules() == []


def test_reset_aborts_an_erase() -> None:
    m = Master()
    m.chip.fill(bytes(m.chip.size))
    m(0x06)
    m(0x20, address=0)
    m(0x66)
    m(0x99)
    m.bench.clock.advance(30_000)
    assert m.sr() == 0
    assert m.chip.read(0, 16) == bytes(16)
    assert len(m.bench.notes) == 1


def test_suspend_read_program_resume() -> None:
    m = Master()
    m.chip.fill(bytes(m.chip.size))
    m.chip.erase(0x10000, 0x1000)
    m(0x06)
    m(0x20, address=0x5000)
    m.wait(10)
    m(0x75)
    m.bench.clock.advance(20_000)
    assert m.sr() == 0
    assert m(0x35, read=1)[0] & 0x80
    assert m(0x03, address=0, read=1) == b"\x00"
    assert m.rules() == []
    m(0x03, address=0x5000, read=1)
    assert m.rules() == ["read-suspended"]
    m.program(0x10000, b"\x12")
    assert m.chip.read(0x10000, 1) == b"\x12"
    m(0x06)
    m(0x20, address=0x6000)
    m(0x02, address=0x5010, write=b"\x00")
    assert m.rules() == ["suspended", "suspended"]
    m(0x7A)
    assert m.chip.busy_until == m.bench.clock.now + 35 * MS
    m.wait(35)
    assert m.chip.read(0x5000, 0x1000) == b"\xff" * 0x1000
    assert m.chip.read(0x6000, 1) == b"\x00"
    assert m(0x35, read=1)[0] & 0x80 == 0
    assert m.chip.stats()["busy_time"] == 45 * MS + 20_000 + 400_000


def test_suspend_with_nothing_to_suspend() -> None:
    m = Master()
    m(0x75)
    m(0x7A)
    assert m.rules() == ["suspend", "resume"]


def test_security_registers_and_their_lock() -> None:
    m = Master()
    m(0x06)
    m(0x42, address=0x2010, write=b"secret")
    m.wait()
    assert m(0x48, address=0x2010, dummy=8, read=6) == b"secret"
    m.write_status(0x31, 0x10)  # LB2
    m(0x06)
    m(0x44, address=0x2000)
    assert m.rules() == ["protected"]
    m.write_status(0x31, 0x00)
    assert m.sr(0x35) & 0x10, "LB bits are set for good"
    m(0x06)
    m(0x44, address=0x1000)
    m.wait()
    m(0x48, address=0x0000, dummy=8, read=1)
    assert m.rules() == ["security-address"]
    assert m(0x48, address=0x2010, dummy=8, read=6) == b"secret"


def test_programming_a_security_register_only_clears_bits() -> None:
    m = Master()
    for data in (b"\xf0", b"\x3c"):
        m(0x06)
        m(0x42, address=0x1000, write=data)
        m.wait()
    assert m(0x48, address=0x1000, dummy=8, read=2) == b"\x30\xff"


def test_the_reset_pin_ends_power_down() -> None:
    """W25Q64JV, 8.2.43: back to the state at power-on."""
    m = Master()
    m(0xB9)
    m.wait(10)
    assert m(0x9F, read=3) == b"\xff" * 3
    m.chip.on_input(0, False)
    m.chip.on_input(0, True)
    m.wait(100)
    m.rules()
    assert m(0x9F, read=3) == bytes.fromhex("EF 70 17")
    assert m.rules() == []


def test_four_byte_addresses_of_the_256_megabit_part() -> None:
    m = Master("W25Q256JV")
    m.chip.program(0x100_0020, b"high")
    assert m(0x13, address=0x100_0020, address_bits=32, read=4) == b"high"
    m(0xB7)
    assert m.sr(0x15) & 1
    assert m(0x03, address=0x100_0020, address_bits=32, read=4) == b"high"
    assert m(0xEC, address=0x100_0020, address_bits=32, address_lanes=4, data_lanes=4, dummy=6,
             read=4) == b"high"  # fmt: skip
    m(0xE9)
    assert m(0x03, address=0x20, read=4) == b"\xff" * 4
    m(0x06)
    m(0xC5, write=b"\x01")
    assert m(0xC8, read=1) == b"\x01"
    assert m(0x03, address=0x20, read=4) == b"high"
    assert m.chip.reads_array(Transaction(opcode=3, address=0x20, address_bits=24, read=4)) is False
    assert m.rules() == []


def test_small_parts_have_no_four_byte_commands() -> None:
    m = Master("W25Q128JV-IQ")
    for opcode in (0xB7, 0x13, 0x12, 0x21, 0xDC, 0xC5):
        m(opcode, address=0, address_bits=32)
        assert m.rules() == ["unknown-opcode"]


def test_reset_of_the_microcontroller_leaves_the_chip_alone() -> None:
    m = Master(qe=1)
    m(0x38)
    m.qpi = True
    m(0x06)
    m(0x20, address=0)
    for cause in ResetCause:
        if cause is not ResetCause.POWER_ON:
            m.chip.reset(cause)
    assert m.sr() == 0x03
    m.wait(45)
    assert m.sr() == 0


def test_power_cycle_keeps_cells_and_loses_the_operation() -> None:
    m = Master(qe=1)
    m.chip.program(0, b"kept")
    m(0x38)
    m.qpi = True
    m(0x06)
    m(0x20, address=0)
    m.chip.reset(ResetCause.POWER_ON)
    m.qpi = False
    assert m.sr() == 0
    assert m(0x9F, read=3).hex() == "ef7017"
    m.wait()
    assert m.chip.read(0, 4) == b"kept"
    assert ["power was lost" in note.message for note in m.bench.notes] == [True]


def test_statistics_and_trace() -> None:
    m = Master()
    m.program(0x100, b"abc")
    m(0x03, address=0x100, read=2)
    m(0x77)
    stats = m.chip.stats()
    assert stats["commands"] == {
        "write enable": 1, "page program": 1, "read data": 1, "ignored": 1,
    }  # fmt: skip
    assert (stats["bytes_read"], stats["bytes_programmed"], stats["operations"]) == (2, 3, 1)
    assert stats["busy_time"] == 400_000
    program = m.bench.commands[1]
    assert (program.opcode, program.name, program.address) == (0x02, "page program", 0x100)
    assert program.sent == b"abc"
    assert m.bench.commands[2].received == b"ab"


def test_reads_array_follows_busy_and_power_down() -> None:
    m = Master("W25Q64JV-IQ")
    t = quad_read(0x1000, 16)
    assert m.chip.reads_array(t)
    m(0x06)
    m(0x20, address=0)
    assert m.chip.reads_array(t) is False
    m.wait(45)
    assert m.chip.reads_array(t)
    m(0xB9)
    m.wait(1)
    assert m.chip.reads_array(t) is False
