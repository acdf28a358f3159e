"""Every register of every family, bit by bit: from the factory, what can be written, what reads.

Expected values: nor-flash.md 4 (Winbond), 9 (ISSI), 10 (Macronix), 12 (Everspin).
"""

from __future__ import annotations

from typing import Any

import pytest
from nor_bus import Master
from octal_bus import Octal

from xipsim.peripherals.core import ResetCause

SR = {1: (0x05, 0x01), 2: (0x35, 0x31), 3: (0x15, 0x11)}
"""Of Winbond: opcodes that read and write."""


@pytest.mark.parametrize("part", ["W25Q64JV-IM", "W25Q256JV-IM", "GD25Q64C", "AT25QL128A"])
def test_writable_bits_of_winbonds_status_registers(part: str) -> None:
    """SR1: SRP to BP0. SR2: CMP, LB3 to LB1, QE, SRL; SUS is read only, bit 2 is none. SR3:
    HOLD/RST, DRV, WPS; from 256 Mb on ADP, too."""
    writable = {1: 0xFC, 2: 0x7B, 3: 0xE6 if part == "W25Q256JV-IM" else 0xE4}
    m = Master(part)
    saved = m.chip.save()
    for number, (read, write) in SR.items():
        for bit in range(8):
            m.write_status(write, 1 << bit)
            assert m.rules() == []
            assert m.sr(read) == 1 << bit & writable[number], (number, bit)
            m.chip.load(saved)


def test_each_lock_bit_freezes_its_own_security_register_for_good() -> None:
    for page in (1, 2, 3):
        m = Master()
        m.write_status(0x31, 0x04 << page)
        for other in (1, 2, 3):
            for opcode, data in ((0x42, b"\0"), (0x44, b"")):
                m(0x06)
                m(opcode, address=other << 12, write=data)
                assert m.rules() == (["protected"] if other == page else [])
                assert m.sr() == (0 if other == page else 3), "refused, it clears WEL"
                m.wait()
        m.write_status(0x01, 0, 0)
        assert m.sr(0x35) == 0x04 << page, "set once for all"


def test_suspended_is_told_from_the_end_of_the_latency_on() -> None:
    """SUS, bit 7 of SR2; the latency is 20 us."""
    m = Master()
    m(0x06)
    m(0x20, address=0)
    m.wait(1)
    m(0x75)
    assert (m.sr() & 1, m.sr(0x35)) == (1, 0x00)
    m.bench.clock.advance(19_999)
    assert (m.sr() & 1, m.sr(0x35)) == (1, 0x00)
    m.bench.clock.advance(1)
    assert (m.sr(), m.sr(0x35)) == (0, 0x80)
    m(0x06)
    m(0x02, address=0x10000, write=b"\0")
    assert (m.sr(), m.sr(0x35)) == (3, 0x80), "also while something else is under way"


def test_a_locked_status_register_clears_wel() -> None:
    m = Master()
    m.write_status(0x31, 0x01)
    m(0x06)
    m(0x01, write=b"\x04")
    assert m.rules() == ["protected"]
    assert m.sr() == 0


def test_volatile_writes_of_all_status_registers() -> None:
    """At once, without WEL, forgotten at power-off. LB1 to LB3 have no volatile form."""
    m = Master()
    m.write_status(0x31, 0x08)
    for opcode, data in ((0x01, b"\xbc\x7a"), (0x11, b"\x80")):
        m(0x50)
        m(opcode, write=data)
        assert not m.chip.busy
        assert m.sr() & 3 == 0
    assert [m.sr(opcode) for opcode in (0x05, 0x35, 0x15)] == [0xBC, 0x4A, 0x80]
    m(0x50)
    m(0x01, write=b"\x04")
    assert [m.sr(opcode) for opcode in (0x05, 0x35)] == [0x04, 0x4A], "one byte leaves SR2 alone"
    m(0x01, write=b"\x08")
    assert m.rules() == ["write-without-wel"], "50h holds for one write"
    m(0x50)
    m(0x06)
    m(0x01, write=b"\x0c")
    assert not m.chip.busy, "50h decides"
    m.chip.reset(ResetCause.POWER_ON)
    assert [m.sr(opcode) for opcode in (0x05, 0x35, 0x15)] == [0x00, 0x08, 0x60]


@pytest.mark.parametrize("value", range(0, 256, 4))
def test_which_mode_bits_keep_a_chip_in_continuous_read(value: int) -> None:
    """M5-4 = 10b, whatever the others are."""
    value |= value >> 6  # the lowest bits, too
    m = Master(qe=1)
    m(
        0xEB, address=0, address_lanes=4, data_lanes=4, mode=value, mode_bits=8, mode_lanes=4,
        dummy=4, read=1,
    )  # fmt: skip
    assert m.chip.status()["continuous_read"] == (value >> 4 & 3 == 2)


@pytest.mark.parametrize(("low", "stays"), [(0, False), (1, False), (2, True), (3, False)])
def test_mode_bits_of_a_dual_read_from_lines_that_keep_their_level(low: int, stays: bool) -> None:
    """IO1 and IO0 hold the last two bits of the address: as M5-4 they count."""
    m = Master(undriven="keeper")
    m(0xBB, address=0x10 | low, address_lanes=2, dummy=4, data_lanes=2, read=1)
    assert m.chip.status()["continuous_read"] == stays
    assert m.rules() == []


@pytest.mark.parametrize(("code", "burst"), [(0, 8), (1, 16), (2, 32), (3, 64)])
def test_wraps_that_77h_sets(code: int, burst: int) -> None:
    """W6-5; W4 = 0 switches it on, for EBh alone."""
    m = Master(qe=1)
    data = bytes(range(256))
    m.chip.program(0, data)
    m(0x77, address=0, address_lanes=4, data_lanes=4, write=bytes((code << 5,)))
    assert m.chip.status()["wrap"] == burst
    base = 0x85 & -burst
    wrapped = bytes(base + (0x85 - base + i) % burst for i in range(70))
    assert m(0xEB, address=0x85, address_lanes=4, dummy=6, data_lanes=4, read=70) == wrapped
    assert m(0x6B, address=0x85, dummy=8, data_lanes=4, read=70) == data[0x85 : 0x85 + 70]
    m(0x77, address=0, address_lanes=4, data_lanes=4, write=bytes((0x10 | code << 5,)))
    assert m.chip.status()["wrap"] == 0


def test_qpi_begins_with_two_dummies_and_wraps_of_eight_bytes() -> None:
    """C0h: P5-4 and P1-0 are 0 after power-on and reset."""
    m = Master(qe=1)
    m.chip.program(0, bytes(range(32)))
    for _ in range(2):
        m(0x38)
        m.qpi = True
        assert m(0x0C, address=0x0C, dummy=2, read=8).hex() == "0c0d0e0f08090a0b"
        assert m.rules() == []
        m(0xC0, write=b"\xff")
        assert m(0x0C, address=0x0C, dummy=8, read=4).hex() == "0c0d0e0f"
        m(0x66)
        m(0x99)
        m.wait(1)
        m.qpi = False


def test_two_status_registers_and_no_locks() -> None:
    m = Master("W25Q80DV")
    for opcode in (0x15, 0x11, 0x36, 0x39, 0x3D, 0x7E, 0x98):
        m(opcode, address=0)
        assert m.rules() == ["unknown-opcode"], hex(opcode)
    status = m.chip.status()
    assert (status["sr1"], status["sr2"], "sr3" in status) == (0, 0, False)


def test_the_extended_address_register() -> None:
    """A31-24 of commands with three bytes; what lies beyond the array counts for nothing."""
    m = Master("W25Q256JV")
    m.chip.program(0x20, b"low")
    m.chip.program(0x100_0020, b"high")
    m(0x06)
    m(0xC5, write=b"\x03")
    assert m.sr() == 0, "WEL is spent"
    assert m(0xC8, read=2) == b"\x03\x03"
    assert m(0x03, address=0x20, read=4) == b"high"
    m(0x06)
    m(0xC5, write=b"\x02")
    assert m(0x03, address=0x20, read=3) == b"low"
    m(0x66)
    m(0x99)
    m.wait(1)
    assert m(0xC8, read=1) == b"\x00"
    m(0x06)
    m(0xC5, write=b"\x01")
    m.chip.reset(ResetCause.POWER_ON)
    assert m(0xC8, read=1) == b"\x00"


# -- ISSI and Everspin -----------------------------------------------------------------------------


def issi(m: Octal, opcode: int, address: int | None = None) -> int:
    """A register, in SPI."""
    fields: dict[str, Any] = {} if address is None else {"address": address, "dummy": 8}
    return m.spi(opcode, read=1, **fields)[0]


FACTORY = {0: 0xFF, 1: 0xFF, 3: 0xFF, 5: 0xFF, 6: 0xFF, 7: 0xFF, 0x0A: 0x55, 0x0B: 0xFF}


@pytest.mark.parametrize("part", ["IS25WX256", "EM064LX"])
def test_configuration_from_the_factory(part: str) -> None:
    """FFh everywhere, but for the learning pattern; ECC status (0Ch to 11h) is 0, what is reserved
    FFh. On Everspin's 08h is the behaviour: persistent."""
    m = Octal(part)
    for opcode in (0x85, 0xB5):
        for address in range(0x14):
            ecc = 0 if 0x0C <= address <= 0x11 else 0xFF
            assert issi(m, opcode, address) == FACTORY.get(address, ecc), hex(address)
    assert m.rules() == []
    status = m.chip.status()
    assert status["volatile"]["0a"] == status["nonvolatile"]["0a"] == 0x55


ANY = set(range(256))


@pytest.mark.parametrize(
    ("part", "register", "values"),
    [
        ("IS25WX128", 1, ANY),
        ("IS25WX128", 6, {0xFF, 0xFE, 0xFD, 0xF8}),  # XIP off, and which read goes on
        ("IS25WX128", 0x0A, ANY),
        ("IS25WX128", 0x0B, {0xFF, 0xFE}),  # ECC off, on
        ("IS25WX128", 2, set()),
        ("IS25WX128", 4, set()),
        ("IS25WX128", 8, set()),
        ("IS25WX128", 0x0C, set()),
        ("IS25WX128", 0x1E, set()),
        ("EM064LX", 0, {0xFF, 0xDF, 0xFD, 0xFB, 0xEB, 0xE7, 0xC7}),
        ("EM064LX", 8, ANY),
        ("EM064LX", 0x1E, ANY),
        ("EM064LX", 0x0C, set()),
    ],
)
def test_what_the_non_volatile_registers_take(part: str, register: int, values: set[int]) -> None:
    """B1h does not change the mode at once, so that one chip can be asked for all values."""
    m, taken = Octal(part), set()
    for value in range(256):
        m.spi(0x06)
        m.spi(0xB1, address=register, write=bytes((value,)))
        m.wait(200)
        if m.rules() == []:
            taken.add(value)
            assert issi(m, 0xB5, register) == value
        m.spi(0x50)
    assert taken == values
    assert issi(m, 0x85, register) == FACTORY.get(register, 0 if register == 0x0C else 0xFF)


@pytest.mark.parametrize("part", ["IS25WX128", "EM064LX"])
def test_the_volatile_xip_register_takes_on_and_off(part: str) -> None:
    """FEh is on. The non-volatile one counts from power-on on; either is told as not modelled."""
    m, taken = Octal(part), set()
    for value in range(256):
        m.write_volatile(6, value)
        if m.rules() == []:
            taken.add(value)
        m.spi(0x50)
    assert taken == {0xFF, 0xFE}
    for value, gaps in ((0xFF, 0), (0xFD, 1)):
        fresh = Octal(part)
        fresh.spi(0x06)
        fresh.spi(0xB1, address=6, write=bytes((value,)))
        fresh.wait(200)
        assert fresh.bench.gaps == []
        fresh.chip.reset(ResetCause.POWER_ON)
        assert len(fresh.bench.gaps) == gaps
        assert issi(fresh, 0x85, 6) == value


def test_a_volatile_write_acts_at_once_and_clears_wel() -> None:
    for part, wel in (("IS25WX128", 0), ("EM064LX", 2)):
        m = Octal(part)
        m.write_volatile(3, 0xFD)
        assert issi(m, 0x05) == wel, part
        assert issi(m, 0x85, 3) == 0xFD
        assert issi(m, 0xB5, 3) == 0xFF


def test_non_volatile_values_count_from_the_next_reset_on() -> None:
    m = Octal("IS25WX128")
    for register, value in ((1, 9), (7, 0xFE)):
        m.spi(0x06)
        m.spi(0xB1, address=register, write=bytes((value,)))
        assert issi(m, 0x05) == 3
        m.wait(200)
        assert issi(m, 0x05) == 0
        assert (issi(m, 0xB5, register), issi(m, 0x85, register)) == (value, 0xFF)
    m.spi(0x66)
    m.spi(0x99)
    m.wait(1)
    assert (issi(m, 0x85, 1), issi(m, 0x85, 7)) == (9, 0xFE)
    assert m.chip.status()["dummies"] == 9


@pytest.mark.parametrize("part", ["IS25WX128", "EM064LX"])
def test_status_register_of_issi(part: str) -> None:
    """SRWD, BP3, TB, BP2 to BP0; WEL and WIP cannot be written."""
    m = Octal(part)
    for bit in range(8):
        m.spi(0x06)
        m.spi(0x01, write=bytes((1 << bit,)))
        m.wait(2)
        assert issi(m, 0x05) & 0xFD == 1 << bit & 0xFC
    assert m.chip.status()["sr"] & 0xFD == 0x80
    m.chip.reset(ResetCause.POWER_ON)
    assert issi(m, 0x05) == 0x80, "non-volatile; WEL is not"


@pytest.mark.parametrize("part", ["IS25WX128", "EM064LX"])
def test_error_flags_of_what_is_protected(part: str) -> None:
    """b1 protection, and b4 of a program, b5 of an erase; WEL stays 1 until 50h."""
    m = Octal(part)
    m.spi(0x06)
    m.spi(0x01, write=b"\x04")  # the highest 64 KB
    m.wait(2)
    top = m.chip.size - 0x1_0000
    for opcode, data, flag in ((0x02, b"\0", 0x10), (0x20, b"", 0x20)):
        m.spi(0x06)
        m.spi(opcode, address=top, write=data)
        assert issi(m, 0x70) == 0x82 | flag
        assert issi(m, 0x05) == 0x06
        m.spi(0x50)
        assert issi(m, 0x70) == 0x80
        assert issi(m, 0x05) == 0x04


def test_flag_status_of_issi_bit_by_bit() -> None:
    """b0 4-byte mode, b2 program suspended, b6 erase suspended, b7 ready."""
    m = Octal("IS25WX128")
    assert issi(m, 0x70) == 0x80
    m.spi(0xB7)
    assert issi(m, 0x70) == 0x81
    m.spi(0xE9)
    assert issi(m, 0x70) == 0x80
    for opcode, data, flag in ((0x02, bytes(256), 0x04), (0x20, b"", 0x40)):
        m.spi(0x06)
        m.spi(opcode, address=0, write=data)
        assert issi(m, 0x70) == 0x00
        m.bench.clock.advance(10_000)
        m.spi(0x75)
        m.bench.clock.advance(56_000)
        assert issi(m, 0x70) == 0x80 | flag
        m.spi(0x7A)
        m.wait(100)
        assert issi(m, 0x70) == 0x80


def test_address_mode_of_issi() -> None:
    """Register 05h: FFh three bytes, FEh four; in octal DDR there are always four."""
    m = Octal("IS25WX128")
    m.spi(0xB7)
    assert m.spi(0x85, address=5, address_bits=32, dummy=8, read=1) == b"\xfe"
    assert m.chip.status()["address_bytes"] == 4
    m.spi(0xE9)
    assert issi(m, 0x85, 5) == 0xFF
    assert m.chip.status()["address_bytes"] == 3
    m.go_octal()
    assert m.chip.status()["address_bytes"] == 4
    assert m.ddr(0x70, dummy=8, read=2) == b"\x81\x81"
    for opcode in (0xB7, 0xE9):
        m.ddr(opcode)
        assert m.ddr(0x85, address=5, dummy=8, read=2) == b"\xff\xff", "it has no effect there"
    assert m.rules() == []


@pytest.mark.parametrize(("count", "rules"), [(1, []), (2, ["odd-in-ddr"]), (3, ["wrong-length"])])
@pytest.mark.parametrize("opcode", [0x81, 0xB1])
def test_bytes_of_a_register_write_in_octal_ddr(opcode: int, count: int, rules: list[str]) -> None:
    m = Octal("IS25WX128")
    m.go_octal()
    m.ddr(0x06)
    m.ddr(opcode, address=3, write=b"\xfe" * count)
    assert m.rules() == rules
    m.wait(200)
    expected = 0xFF if count == 3 else 0xFE
    read = 0x85 if opcode == 0x81 else 0xB5
    assert m.ddr(read, address=3, dummy=8, read=2) == bytes((expected, expected))


@pytest.mark.parametrize("bottom", [False, True])
@pytest.mark.parametrize("code", range(16))
def test_protection_of_issi_by_every_code(code: int, bottom: bool) -> None:
    """Code n: 2^(n-1) blocks of 64 KB, from the top or (TB) the bottom; no more than all."""
    m = Octal("IS25WX128")
    m.spi(0x06)
    m.spi(0x01, write=bytes(((code & 7) << 2 | (code & 8) << 3 | bottom << 5,)))
    m.wait(2)
    size = m.chip.size
    length = min(0x1_0000 << code >> 1, size) if code else 0
    for address in {0, length - 1, length, size - length - 1, size - length, size - 1}:
        if not 0 <= address < size:
            continue
        inside = address < length if bottom else address >= size - length
        m.spi(0x06)
        m.spi(0x02, address=address, write=b"\xff")
        assert m.rules() == (["protected"] if inside else []), hex(address)
        m.wait(2)
        m.spi(0x50)


def test_erase_without_wel_is_no_error() -> None:
    """On Everspin's a program without it is: flag bit 4."""
    for part, flags in (("IS25WX128", 0x80), ("EM064LX", 0x90)):
        m = Octal(part)
        m.spi(0x20, address=0)
        assert issi(m, 0x70) == 0x80
        m.spi(0x02, address=0, write=b"\0")
        assert issi(m, 0x70) == flags
        assert m.rules() == ["erase-without-wel", "program-without-wel"]


# -- Macronix --------------------------------------------------------------------------------------


def cr2(m: Octal, address: int) -> int:
    return m.spi(0x71, address=address, address_bits=32, read=1)[0]


def test_registers_of_macronix_from_the_factory() -> None:
    m = Octal("MX25UM25645G")
    assert [m.spi(opcode, read=1)[0] for opcode in (0x05, 0x15, 0x2B)] == [0x00, 0x07, 0x00]
    zero = (0x000, 0x200, 0x300, 0x500, 0x800, 0xC00, 0xD00, 0xE00, 0xF00, 0x8000_0000)
    assert [cr2(m, address) for address in zero] == [0] * len(zero)
    assert cr2(m, 0x4000_0000) == 3
    for address in (0x001, 0x100, 0x400, 0x801, 0xB00, 0xC01, 0xF01, 0x1000, 0x8000_0001):
        assert cr2(m, address) == 0xFF, hex(address)
    status = m.chip.status()
    assert (status["cr"], status["dummies"], status["mode"]) == (0x07, 20, "SPI")
    assert status["cr2"]["40000000"] == 3


@pytest.mark.parametrize(("address", "mask"), [(0x200, 0x03), (0x300, 0x07), (0x500, 0x01)])
def test_writable_bits_of_cr2(address: int, mask: int) -> None:
    m = Octal("MX25UM25645G")
    for bit in range(8):
        m.write_cr2(address, 1 << bit)
        assert cr2(m, address) == 1 << bit & mask
        assert m.spi(0x05, read=1) == b"\x00", "it acts at once, and WEL is spent"
    m.write_cr2(address, 0xFF)
    assert cr2(m, address) == mask
    m.spi(0x66)
    m.spi(0x99)
    m.wait(200)
    assert cr2(m, address) == 0


def test_writable_bits_of_macronixs_status_and_configuration() -> None:
    """SR: BP3 to BP0. CR: ODS, TB (one-time), PBE."""
    for bit in range(8):
        m = Octal("MX25UM25645G")
        m.spi(0x06)
        m.spi(0x01, write=bytes((1 << bit, 1 << bit)))
        m.wait(10)
        assert m.spi(0x05, read=2) == bytes((1 << bit & 0x3C,)) * 2
        assert m.spi(0x15, read=2) == bytes((1 << bit & 0x1F,)) * 2
        m.spi(0x06)
        m.spi(0x01, write=b"\x00\x00")
        m.wait(10)
        assert m.spi(0x15, read=1) == bytes((1 << bit & 0x08,))
        m.spi(0x06)
        m.spi(0x01, write=b"\x04")
        m.wait(10)
        assert m.spi(0x05, read=1) == b"\x04"
        assert m.spi(0x15, read=1) == bytes((1 << bit & 0x08,)), "one byte leaves CR alone"


def test_security_register_of_macronix_bit_by_bit() -> None:
    """1 LDSO, 2 PSB, 3 ESB, 5 P_FAIL, 6 E_FAIL."""
    m = Octal("MX25UM25645G")
    for opcode, data, flag in ((0x02, bytes(256), 0x04), (0x20, b"", 0x08)):
        m.spi(0x06)
        m.spi(opcode, address=0, write=data)
        m.bench.clock.advance(10_000)
        m.spi(0xB0)
        m.bench.clock.advance(20_000)
        assert m.spi(0x2B, read=1) == bytes((flag,))
        m.spi(0x30)
        m.wait(100)
        assert m.spi(0x2B, read=1) == b"\0"
    m.spi(0x06)
    m.spi(0x01, write=b"\x04\x0f")  # the lowest 64 KB
    m.wait(10)
    for opcode, data, flags in ((0x02, b"\0", 0x20), (0x20, b"", 0x60)):
        m.spi(0x06)
        m.spi(opcode, address=0, write=data)
        assert m.spi(0x2B, read=1) == bytes((flags,))
    m.spi(0x06)
    m.spi(0x2F)
    m.wait(10)
    assert m.spi(0x2B, read=2) == b"\x62\x62"


def test_the_mode_at_power_on_can_be_changed_in_one_direction_only() -> None:
    m = Octal("MX25UM25645G")
    for value, left in ((0xFD, 1), (3, 1), (0, 0), (3, 0)):
        m.write_cr2(0x4000_0000, value)
        m.wait(10)
        assert cr2(m, 0x4000_0000) == left


@pytest.mark.parametrize(("mode", "counts"), [(1, {1}), (2, {1, 2})], ids=["SOPI", "DOPI"])
@pytest.mark.parametrize("opcode", [0x01FE, 0x728D])
def test_bytes_of_a_register_write_in_octal_modes(mode: int, counts: set[int], opcode: int) -> None:
    m = Octal("MX25UM25645G")
    m.write_cr2(0, mode)
    edges = {"opcode_ddr": mode == 2, "address_ddr": mode == 2, "data_ddr": mode == 2}
    saved, taken = m.chip.save(), set()
    for count in range(5):
        m.ddr(0x06F9, **edges)
        m.ddr(opcode, address=0x300 if opcode == 0x728D else 0, write=bytes(count), **edges)
        if m.rules() == []:
            taken.add(count)
        m.chip.load(saved)
    assert taken == counts


def test_a_data_strobe_comes_in_dopi_and_where_cr2_says_so() -> None:
    """CR2 200h bit 1: DOS, DQS in SOPI. In SPI there is none."""
    m = Octal("MX25UM25645G")
    m.chip.program(0, b"\x01\x02")
    m.write_cr2(0x200, 2)
    assert m.spi(0x03, address=0, read=2, strobe=True) == b"\xff\xff"
    assert m.rules() == ["no-strobe"]
    m.write_cr2(0, 1)
    read = {"address": 0, "dummy": 20, "read": 2, "strobe": True}
    sopi = {"opcode_ddr": False, "address_ddr": False, "data_ddr": False}
    assert m.ddr(0xEC13, **read, **sopi) == b"\x01\x02"
    m.ddr(0x06F9, **sopi)
    m.ddr(0x728D, address=0x200, write=b"\x01", **sopi)
    assert m.rules() == []
    assert m.ddr(0xEC13, **read, **sopi) == b"\xff\xff"
    assert m.rules() == ["no-strobe"]
    m.ddr(0x06F9, **sopi)
    m.ddr(0x728D, address=0, write=b"\x02", **sopi)
    assert m.ddr(0xEE11, **read) == b"\x02\x01"
    assert m.rules() == []


@pytest.mark.parametrize(
    ("value", "octal", "strobes"),
    [(0xFF, False, True), (0xDF, False, False), (0xE7, True, True), (0xC7, True, False)],
)
def test_a_data_strobe_of_issi_follows_the_io_mode(value: int, octal: bool, strobes: bool) -> None:
    m = Octal("IS25WX128")
    m.chip.program(0, b"\x01\x02")
    m.write_volatile(0, value)
    send = m.ddr if octal else m.spi
    answer = send(0x0B, address=0, dummy=16 if octal else 8, read=2, strobe=True)
    assert answer == (b"\x01\x02" if strobes else b"\xff\xff")
    assert m.rules() == ([] if strobes else ["no-strobe"])
    send(0x06, strobe=True)
    assert m.rules() == [], "nothing is read"


def test_quad_parts_have_no_data_strobe() -> None:
    m = Master()
    assert m(0x9F, read=3, strobe=True) == b"\xff" * 3
    assert m.rules() == ["no-strobe"]
    m(0x06, strobe=True)
    assert m.rules() == []
    assert m.sr() == 2


def test_commands_of_macronix_that_the_model_lacks_in_octal_modes() -> None:
    m = Octal("MX25UM25645G")
    m.go_octal()
    m.ddr(0x6897)
    assert [gap.what for gap in m.bench.gaps] == ["command 68h, write protection selection"]
    assert m.rules() == []
