"""`SpiDevice.begins`: what a chip says beforehand of a program or an erase.

Whoever is told so lets the operation begin later, as of then, with another address and other data:
nothing but its end may depend on these, and nothing may be reported. Where it is not told, or
`latched` has changed since, the chip is asked anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nor_bus import Master
from octal_bus import Octal

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.nor.bus import Begun, Transaction

PAGE = 256
PROGRAM: dict[str, Any] = {
    "opcode": 0x02, "address": 0x1000, "address_bits": 24, "write": bytes(PAGE)
}  # fmt: skip
QUAD = PROGRAM | {"opcode": 0x32, "data_lanes": 4}
ERASE: dict[str, Any] = {"opcode": 0x20, "address": 0x1000, "address_bits": 24}
BLOCK = ERASE | {"opcode": 0xD8}


def told(m: Master, cycle: dict[str, Any]) -> Begun | None:
    return m.chip.begins(Transaction(**cycle))


def enabled(part: str = "W25Q64JV-IM", **parameters: Any) -> Master:
    m = Master(part, **{"qe": 1} | parameters)
    m(0x06)
    return m


@pytest.mark.parametrize("cycle", [PROGRAM, QUAD, ERASE, BLOCK])
@pytest.mark.parametrize("times", ["typical", "maximum"])
def test_what_was_told_comes(cycle: dict[str, Any], times: str) -> None:
    """At any other address, too: busy, for the time of the data sheet, and without a word."""
    spans = set()
    for address in (0x1000, 0, 0x7F_F000, 0x12_3000):
        m = enabled(times=times)
        begun = told(m, cycle)
        assert begun is not None
        assert begun.page == PAGE
        m.chip.transfer(Transaction(**cycle | {"address": address}))
        assert m.chip.busy
        assert begun.end.deadline == m.chip.busy_until
        spans.add(begun.end.deadline)
        assert m.sr() == 3
        assert m.rules() == []
    time = {0x20: "erase_4k", 0xD8: "erase_64k"}.get(cycle["opcode"], "page_program")
    assert spans == {m.chip.row.times[time][times == "maximum"]}


@pytest.mark.parametrize(
    ("part", "cycle"),
    [
        ("W25Q256JV-IM", PROGRAM | {"opcode": 0x12, "address_bits": 32}),
        ("W25Q256JV-IM", ERASE | {"opcode": 0x21, "address_bits": 32}),
        ("W25Q128JV-IQ", PROGRAM),
        ("AT25SF128A", PROGRAM),
        ("GD25Q64C", ERASE),
    ],
)
def test_other_parts_tell(part: str, cycle: dict[str, Any]) -> None:
    assert told(enabled(part, qe=None), cycle) is not None


@pytest.mark.parametrize(
    ("cycle", "changed"),
    [
        (PROGRAM, {"write": bytes(PAGE + 1)}),  # wraps, which is reported
        (PROGRAM, {"address": 0x1001}),  # likewise
        (PROGRAM, {"address": 0x80_0000}),  # is taken for 0, which is reported
        (ERASE, {"address": 0x80_0000}),
        (PROGRAM, {"write": b""}),  # refused
        (ERASE, {"write": b"a"}),  # chip select rises too late: refused
        (PROGRAM, {"address": None, "address_bits": 0}),
        (PROGRAM, {"opcode_lanes": 4}),  # not understood as it is meant
        (PROGRAM, {"data_lanes": 4}),
        (PROGRAM, {"opcode": 0x03}),  # a read
        (PROGRAM, {"opcode": 0x42}),  # of a security register, which may be locked
        (ERASE, {"opcode": 0x44}),
        (ERASE, {"opcode": 0xC7, "address": None, "address_bits": 0}),
        (PROGRAM, {"opcode": 0xFE}),
    ],
)
def test_other_cycles_are_not_told(cycle: dict[str, Any], changed: dict[str, Any]) -> None:
    assert told(enabled(), cycle | changed) is None


def test_a_page_may_be_programmed_in_part() -> None:
    m = enabled()
    assert told(m, PROGRAM | {"address": 0x10F0, "write": bytes(16)}) is not None
    assert told(m, PROGRAM | {"address": 0x10F1, "write": bytes(16)}) is None


def test_the_end_of_the_array() -> None:
    m = enabled()
    assert told(m, PROGRAM | {"address": 0x7F_FF00}) is not None
    assert told(m, ERASE | {"address": 0x7F_FFFF}) is not None


def status(*values: int) -> Callable[[Master], None]:
    """Write status registers 1, 2 and 3, as far as given; and enable again."""

    def write(m: Master) -> None:
        for opcode, value in zip((0x01, 0x31, 0x11), values, strict=False):
            m.write_status(opcode, value)
        m(0x06)

    return write


def suspend(m: Master) -> None:
    """A program, while an erase is: only at another place."""
    m(0x20, address=0x1000)
    m(0x75)
    m.wait(1)
    m(0x06)


def cycles(*opcodes: int, ms: float = 1) -> Callable[[Master], None]:
    def send(m: Master) -> None:
        for opcode in opcodes:
            m(opcode)
            m.wait(ms)

    return send


def pulse_reset(m: Master) -> None:
    m.chip.on_input(0, False)
    m.chip.on_input(0, True)


def erase(m: Master) -> None:
    m.chip.transfer(Transaction(**ERASE))


REFUSING: dict[str, Callable[[Master], None]] = {
    "WEL 0": cycles(0x04),
    "BP0": status(0x04),
    "BP2-0": status(0x1C),
    "SEC and BP0": status(0x44),
    "TB and BP0": status(0x24),
    "CMP": status(0x04, 0x42),
    "CMP alone": status(0x00, 0x42),
    "WPS, all locked": status(0x00, 0x02, 0x64),
    "QE 0": status(0x00, 0x00),
    "suspended": suspend,
    "busy": erase,
    "power-down": cycles(0xB9),
    "on its way to power-down": cycles(0xB9, ms=0),
    "software reset enabled": cycles(0x66),
    "in reset": lambda m: m.chip.on_input(0, False),
    "behind a reset": pulse_reset,
    "QPI": cycles(0x38),
    "stuck busy": lambda m: m.chip.stuck_busy(),
    "stuck WEL": lambda m: m.chip.stuck_wel(),
    "power lost": lambda m: m.chip.reset(ResetCause.POWER_ON),
}


@pytest.mark.parametrize("what", REFUSING)
def test_what_could_refuse_it(what: str) -> None:
    """Then it is not told; and `latched`, on which it depends, is not what it was when it was."""
    m = enabled()
    before = m.chip.latched
    assert told(m, QUAD) is not None
    REFUSING[what](m)
    assert told(m, QUAD) is None
    assert m.chip.latched is None or m.chip.latched != before


def test_a_lock_anywhere_refuses_it() -> None:
    """With WPS each block has one: `latched` tells which are open."""
    m = enabled()
    status(0x00, 0x02, 0x64)(m)
    m(0x98)  # global unlock
    m(0x06)
    opened = m.chip.latched
    assert told(m, QUAD) is not None
    m(0x36, address=0x40_0000)
    m(0x06)
    assert told(m, QUAD) is None
    assert m.chip.latched != opened
    m(0x39, address=0x40_0000)
    m(0x06)
    assert told(m, QUAD) is not None
    assert m.chip.latched == opened


def test_the_extended_address_leads_elsewhere() -> None:
    """W25Q256JV, 3-byte mode: what lies behind the array is taken for a place within it."""
    m = enabled("W25Q256JV-IM")
    before = m.chip.latched
    assert told(m, PROGRAM) is not None
    m(0xC5, write=b"\x01")
    m(0x06)
    assert told(m, PROGRAM) is None
    assert m.chip.latched != before


def test_cells_that_fail_or_are_worn_do_not_matter() -> None:
    """They are found at the end of the operation, whenever it was begun."""
    m = enabled()
    before = m.chip.latched
    m.chip.fail_program(0, 0x1000)
    m.chip.counters.erases.update(dict.fromkeys(range(4), 200000))
    assert told(m, QUAD) is not None
    assert m.chip.latched == before


def test_chips_that_tell_nothing_of_what_they_refuse() -> None:
    """A Macronix keeps the fate of the last operation in a register beside."""
    erase = Transaction(opcode=0x21, address=0, address_bits=32)
    for part, tells in (("MX25UM51245G", False), ("IS25LX256", True)):
        m = Octal(part)
        m.spi(0x06)
        assert (m.chip.begins(erase) is not None) == tells
