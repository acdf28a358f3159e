"""Why a chip ignores a command, or takes another place than was meant: told as the sheets have it.

Rules: nor-flash.md 4, 8 and 13; Winbond W25Q64JV, 8.2.25 (75h): neither 01h nor an erase while an
erase is suspended; "W25QxxJV-IM", whose 0Dh, BDh and EDh use both edges of the clock.
"""

from __future__ import annotations

from typing import Any

import pytest
from nor_bus import Master, quad_read
from octal_bus import Octal

from xipsim.peripherals.nor.bus import Transaction

ERASE = {"address": 0x1000}


def told(m: Master | Octal) -> list[str]:
    found = [f"{d.rule}: {d.message}" for d in m.bench.diagnostics]
    m.bench.diagnostics.clear()
    return found


def suspended(part: str = "W25Q64JV-IM") -> Master:
    m = Master(part)
    m(0x06)
    m(0x20, **ERASE)
    m.wait(1)
    m(0x75)
    m.wait(1)
    return m


# -- widths, modes, lengths ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0xE9, 0xB7])
@pytest.mark.parametrize(
    ("opcode", "sent", "expected", "fields"),
    [
        (0x5A, 32, 24, {"dummy": 8, "read": 4}),
        (0x90, 32, 24, {"read": 2}),
        (0x13, 24, 32, {"read": 4}),
        (0x0C, 24, 32, {"dummy": 8, "read": 4}),
        (0x12, 24, 32, {"write": b"ab"}),
        (0x21, 24, 32, {}),
        (0xDC, 24, 32, {}),
    ],
)
def test_a_command_whose_address_follows_no_mode(
    mode: int, opcode: int, sent: int, expected: int, fields: dict[str, Any]
) -> None:
    m = Master("W25Q256JV", qe=1)
    m(mode)
    m(0x06)
    m(opcode, address=0, address_bits=sent, **fields)
    text = told(m)[0]
    assert text.endswith(f"{sent} address bits, expected {expected} in every mode")


@pytest.mark.parametrize(
    ("part", "opcode"), [("IS25WX256", 0x81), ("MX25UM25645G", 0x02), ("W25Q256JV", 0x20)]
)
def test_a_chip_with_a_4_byte_mode_is_in_the_other_one(part: str, opcode: int) -> None:
    m = Octal(part)
    m.spi(0x06)
    m.spi(opcode, address=0, address_bits=32, **({} if opcode == 0x20 else {"write": b"\xff"}))
    assert told(m)[0].endswith("32 address bits, expected 24: the chip is in 3-byte mode")


def test_a_chip_without_a_4_byte_mode() -> None:
    m = Master()
    m(0x06)
    m(0x20, address=0, address_bits=32)
    assert told(m)[0].endswith("32 address bits, expected 24: the chip has no 4-byte mode")


@pytest.mark.parametrize("bits", [None, 16])
def test_an_address_of_no_mode_at_all_is_not_blamed_on_the_mode(bits: int | None) -> None:
    m = Master("W25Q256JV")
    m(0x03, read=4, **({} if bits is None else {"address": 0, "address_bits": bits}))
    assert told(m)[0].endswith(f"{bits or 0} address bits, expected 24")


@pytest.mark.parametrize(
    ("opcode", "fields", "clocks", "own"),
    [(0x06, {"write": b"\0"}, 16, 8), (0x20, {}, 8, 32), (0xC7, {"read": 1}, 16, 8)],
)
def test_a_command_without_data_has_its_number_of_clocks(
    opcode: int, fields: dict[str, Any], clocks: int, own: int
) -> None:
    m = Master()
    m(0x06)
    m(opcode, **fields)
    assert told(m)[-1].endswith(
        f"chip select rose after {clocks} clocks, and the command has {own}"
    )


@pytest.mark.parametrize(
    ("opcode", "data", "text"),
    [
        (0x01, b"abc", "3 data bytes, expected 1 or 2"),
        (0x01, b"", "0 data bytes, expected 1 or 2"),
        (0x31, b"ab", "2 data bytes, expected 1"),
    ],
)
def test_how_many_bytes_a_register_takes(opcode: int, data: bytes, text: str) -> None:
    m = Master()
    m(0x06)
    m(opcode, write=data)
    assert told(m)[0].endswith(text)


def test_mode_bits_on_other_lines_than_the_address() -> None:
    m = Master(qe=1)
    m.chip.transfer(quad_read(0, 4, mode=0xFF, mode_bits=8, mode_lanes=1, dummy=4))
    assert told(m)[0] == (
        "wrong-lanes: fast read quad I/O: mode bits on 1 line where the chip uses 4"
    )


# -- no opcode, or one that is read as something else ----------------------------------------------


def test_a_read_without_opcode_of_a_chip_that_is_not_in_continuous_read() -> None:
    """What JMP_ON_CS does after the chip has left it, or has been reset."""
    m = Master(qe=1)
    read = Transaction(
        address=0x2000, address_bits=24, address_lanes=4, mode=0xA0, mode_bits=8, mode_lanes=4,
        dummy=4, data_lanes=4, read=4,
    )  # fmt: skip
    m.chip.transfer(read)
    assert told(m) == [
        "no-opcode: no opcode was sent, and the chip is not in continuous read (SPI mode)"
    ]
    m.chip.transfer(quad_read(0x2000, 4, mode=0xA0, mode_bits=8, mode_lanes=4, dummy=4))
    m.chip.transfer(read)
    assert told(m) == []


def test_an_address_that_is_taken_for_an_opcode() -> None:
    """Line 0 of address 000001h and mode bits 01h, on four lines, is 0000 0101."""
    m = Master(qe=1)
    m.chip.transfer(
        Transaction(
            address=0x000001, address_bits=24, address_lanes=4, mode=0x01, mode_bits=8,
            mode_lanes=4, dummy=4, data_lanes=4, read=4,
        )
    )  # fmt: skip
    assert told(m) == [
        "no-opcode: no opcode was sent, and the chip is not in continuous read (SPI mode): what "
        "comes is taken for read status 1, 05h"
    ]


def test_an_opcode_on_wrong_lines_that_is_taken_for_another_one() -> None:
    """9Fh in two clocks of four lines: 1 and 1 on line 0, and the idle line behind them."""
    m = Master()
    m.chip.transfer(Transaction(opcode=0x9F, opcode_lanes=4, data_lanes=4, read=3))
    assert told(m) == [
        "wrong-lanes: opcode on 4 lines where the chip uses 1 (SPI mode): what comes is taken for "
        "continuous read reset, FFh"
    ]


# -- beyond the end --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opcode", "fields", "name"),
    [
        (0x20, {}, "sector erase 4K"),
        (0xD8, {}, "block erase 64K"),
        (0x02, {"write": b"a"}, "page program"),
        (0x03, {"read": 4}, "read data"),
        (0x0B, {"read": 4, "dummy": 8}, "fast read"),
    ],
)
def test_an_address_beyond_the_chip(opcode: int, fields: dict[str, Any], name: str) -> None:
    m = Master()
    m(0x06)
    m(opcode, address=0x81_0000, **fields)
    assert told(m) == [
        f"beyond-end: {name}: 0x810000 is taken for 0x10000: the chip has 0x800000 bytes"
    ]


def test_a_plain_spi_controller_is_told_of_the_end_too() -> None:
    m = Master()
    m.chip.transfer(Transaction(write=bytes((0x03, 0x81, 0, 0)), read=4))
    assert told(m) == [
        "beyond-end: read data: 0x810000 is taken for 0x10000: the chip has 0x800000 bytes"
    ]


def test_a_read_that_goes_over_the_end() -> None:
    m = Master()
    m(0x03, address=0x7F_FFFC, read=4)
    assert told(m) == []
    m(0x03, address=0x7F_FFFE, read=4)
    assert told(m) == [
        "beyond-end: read data: 4 bytes from 0x7ffffe on go over to 0x0: the chip has 0x800000 "
        "bytes"
    ]


def test_an_address_that_nobody_meant_is_not_blamed_on_its_size() -> None:
    m = Master(qe=1)
    m(0xEB, address=0, data_lanes=4, dummy=6, read=4)
    assert [text.split(":")[0] for text in told(m)] == ["wrong-lanes"]
    m = Master(qe=1)
    m.chip.transfer(quad_read(0, 4, mode=0xA0, mode_bits=8, mode_lanes=4, dummy=4))
    m(0xFF)
    assert told(m) == [], "how continuous read is left"


# -- suspend, reset, power-down --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "suspend", "write", "fields"),
    [
        ("W25Q64JV-IM", 0x75, 0x01, {}),
        ("W25Q64JV-IM", 0x75, 0x31, {}),
        ("GD25Q64C", 0x75, 0x01, {}),
        ("IS25WX256", 0x75, 0x01, {}),
        ("IS25WX256", 0x75, 0xB1, {"address": 1, "address_bits": 24}),
        ("MX25UM25645G", 0xB0, 0x01, {}),
    ],
)
def test_no_register_is_written_while_an_erase_is_suspended(
    part: str, suspend: int, write: int, fields: dict[str, Any]
) -> None:
    m = Octal(part)
    m.spi(0x06)
    m.spi(0x20, **ERASE)
    m.wait(1)
    m.spi(suspend)
    m.wait(1)
    m.spi(0x06)
    m.spi(write, write=b"\x1e", **fields)
    assert told(m)[0].endswith("ignored: sector erase 4K at 0x1000 is suspended")
    assert not m.chip.busy
    assert m.chip.status()["suspended"], "and it can be resumed"
    m.spi(0x30 if suspend == 0xB0 else 0x7A)
    m.wait()
    assert told(m) == []
    assert m.chip.stats()["erases"] == {1: 1}


def test_a_volatile_write_is_no_operation_and_may_come_while_one_is_suspended() -> None:
    m = suspended()
    m(0x50)
    m(0x31, write=b"\x02")
    assert told(m) == []
    assert m(0x35, read=1) == b"\x82", "SUS, and QE"


def test_why_there_is_no_suspend() -> None:
    m = Master()
    m(0x75)
    assert told(m) == ["suspend: suspend ignored: nothing is under way"]
    m = suspended()
    m(0x75)
    assert told(m) == ["suspend: suspend ignored: sector erase 4K at 0x1000 is suspended already"]
    for opcode, data, name in ((0x01, b"\0", "write status 1"), (0xC7, b"", "chip erase at 0x0")):
        m = Master()
        m(0x06)
        m(opcode, write=data)
        m(0x75)
        assert told(m) == [
            f"suspend: suspend ignored: {name} is under way, which cannot be suspended"
        ]


def test_why_there_is_no_resume() -> None:
    m = Master()
    m(0x7A)
    assert told(m) == ["resume: resume ignored: nothing is suspended"]
    m(0x06)
    m(0x20, **ERASE)
    m(0x7A)
    assert "the chip is busy: sector erase 4K at 0x1000" in told(m)[0]
    m(0x75)
    m(0x7A)
    assert "the chip is busy: suspend, until" in told(m)[0], "tSUS is not over"


@pytest.mark.parametrize(
    ("between", "name"), [(0x05, "05h"), (0x06, "06h"), (0xFE, "FEh"), (None, None)]
)
def test_what_came_between_the_two_commands_of_a_reset(
    between: int | None, name: str | None
) -> None:
    m = Master()
    if between is not None:
        m(0x66)
        m(between, read=between == 0x05)
    told(m)
    m(0x99)
    why = f": {name} came between" if name else ""
    assert told(m) == [f"reset-without-enable: reset ignored: 66h did not come just before{why}"]
    m(0x99)
    assert told(m)[0].endswith("just before"), "it is not told again"
    m(0x66)
    m(0x99)
    assert m.chip.status()["operation"]["kind"] == "reset"


def test_a_chip_that_is_waking_up_is_busy_with_that() -> None:
    m = Master()
    m(0xB9)
    m.wait(1)
    m(0x9F, read=3)
    assert told(m)[0].endswith("the chip is in power-down")
    m(0xAB)
    m(0x9F, read=3)
    assert "the chip is busy: release power-down, until 1003000 ns" in told(m)[0]
    m.wait(1)
    assert m(0x9F, read=3).hex() == "ef7017"


def test_the_cycle_that_wakes_a_macronix_chip_is_lost() -> None:
    m = Octal("MX25UM25645G")
    m.spi(0xB9)
    m.wait(1)
    m.spi(0x9F, read=3)
    assert told(m) == [
        "power-down: ignored: the chip was in power-down, from which any cycle wakes it"
    ]
    m.wait(1)
    m.spi(0xB9)
    m.wait(1)
    m.spi(0xAB)
    assert told(m) == [], "that is how it is meant"


# -- protection ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sr1", "sr2", "sr3", "text"),
    [
        (0x1C, 0, 0x60, "0x0 to 0x7fffff is protected (status 1 is 1Ch, CMP is 0)"),
        (0x24, 0, 0x60, "0x0 to 0x1ffff is protected (status 1 is 24h, CMP is 0)"),
        (0x04, 0x40, 0x60, "0x0 to 0x7dffff is protected (status 1 is 04h, CMP is 1)"),
        (0x00, 0, 0x64, "WPS is 1, and the lock of 0x1000 is set"),
    ],
)
def test_what_protects_the_place(sr1: int, sr2: int, sr3: int, text: str) -> None:
    m = Master()
    m.write_status(0x01, sr1, sr2)
    m.write_status(0x11, sr3)
    m(0x06)
    m(0x20, address=0x1000)
    assert told(m) == [f"protected: sector erase 4K at 0x1000 ignored: {text}"]


def test_what_protects_the_place_on_octal_chips() -> None:
    for part, sr, text in (
        ("IS25WX256", 0x3C, "0x0 to 0x3fffff is protected (status is 3Ch)"),
        ("MX25UM25645G", 0x3C, "0x0 to 0x1ffffff is protected (status is 3Ch, TB is 0)"),
    ):
        m = Octal(part)
        m.spi(0x06)
        m.spi(0x01, write=bytes((sr,)))
        m.wait()
        m.spi(0x06)
        m.spi(0x20, address=0x1000)
        assert text in told(m)[0]


def test_a_program_that_wraps_below_what_is_protected() -> None:
    """SR1 04h: the last 128 KB. The rest of the data goes to the beginning of the page before."""
    m = Master()
    m.write_status(0x01, 0x04)
    m.program(0x7D_FFF8, bytes(16))
    assert [text.split(":")[0] for text in told(m)] == ["page-wrap"]
    assert m.chip.read(0x7D_FF00, 8) == bytes(8)
    assert m.chip.read(0x7D_FFF8, 8) == bytes(8)
    m.program(0x7E_00F8, bytes(16))
    assert told(m)[0].startswith("protected:")


# -- commands that the chip has and the model has not ----------------------------------------------


@pytest.mark.parametrize("opcode", [0x0D, 0xBD, 0xED])
def test_reads_at_both_edges_of_the_parts_that_have_them(opcode: int) -> None:
    m = Master("W25Q64JV-IM")
    m(opcode)
    assert next(gap.what for gap in m.bench.gaps).startswith(f"command {opcode:02X}h, DTR")
    assert told(m) == []
    for part in ("W25Q64JV-IQ", "W25Q64FW", "GD25Q64C", "AT25SF128A"):
        m = Master(part)
        m(opcode)
        assert told(m)[0].startswith("unknown-opcode"), part
