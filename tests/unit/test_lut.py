"""The FlexSPI look-up table as a program. Words from imxrt.md 3.10, opcodes from 3.3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xipsim.peripherals.imxrt.lut import ErrorCode, decode
from xipsim.peripherals.nor.bus import Transaction


def words(*halves: int) -> list[int]:
    """Four LUT words from instructions (opcode, log2 of pads, operand packed by `op`)."""
    full = [*halves, *[0] * (8 - len(halves))]
    return [full[i] | full[i + 1] << 16 for i in range(0, 8, 2)]


def op(code: int, operand: int = 0, pads: int = 0) -> int:
    return code << 10 | pads << 8 | operand


def test_quad_read_of_the_mimxrt_firmware():
    sequence = decode([0x0A1804EB, 0x26043206, 0, 0])
    assert sequence.transaction(0x123456, read=4) == Transaction(
        opcode=0xEB, address=0x123456, address_bits=24, address_lanes=4, dummy=6,
        data_lanes=4, read=4,
    )
    assert (sequence.reads, sequence.writes, sequence.error) == (4, None, None)


def test_page_program_sends_the_data():
    sequence = decode([0x08180432, 0x00002204, 0, 0])
    cycle = sequence.transaction(0x100, data=b"abc")
    assert (cycle.opcode, cycle.address, cycle.address_lanes) == (0x32, 0x100, 1)
    assert (cycle.write, cycle.data_lanes, cycle.read) == (b"abc", 4, 0)


def test_a_command_without_address_has_none():
    assert decode([0x0406, 0, 0, 0]).transaction(0x5000) == Transaction(opcode=6)


def test_address_keeps_only_the_bits_that_are_sent():
    sequence = decode(words(op(1, 3), op(2, 24), op(9)))
    assert sequence.transaction(0x0123_4567, read=1).address == 0x23_4567


@pytest.mark.parametrize(("code", "bits", "value"), [(4, 1, 1), (5, 2, 3), (6, 4, 15), (7, 8, 255)])
def test_mode_bits_take_the_low_bits_of_the_operand(code, bits, value):
    cycle = decode(words(op(1, 0xEB), op(2, 24, 2), op(code, 0xFF, 2), op(9))).transaction(0)
    assert (cycle.mode, cycle.mode_bits, cycle.mode_lanes) == (value, bits, 4)


def test_no_mode_instruction_leaves_the_lines_undriven():
    assert decode(words(op(1, 0xEB), op(2, 24, 2), op(9))).transaction(0).mode is None


def test_two_mode_instructions_follow_each_other():
    cycle = decode(words(op(1, 0xEB), op(2, 24), op(6, 0xA), op(6, 5), op(9))).transaction(0)
    assert (cycle.mode, cycle.mode_bits) == (0xA5, 8)


def test_stop_ends_a_sequence_early():
    assert decode(words(op(1, 6), op(0), op(9))).reads is None


def test_a_sequence_that_begins_with_stop_is_empty():
    assert decode([0, 0, 0, 0]).empty
    assert not decode([0x0406, 0, 0, 0]).empty


def test_eight_instructions_need_no_stop():
    halves = [op(1, 0xEB), op(2, 24), op(7, 0xA0), *[op(0xC, 1)] * 4, op(9)]
    assert decode(words(*halves)).transaction(0, read=1).dummy == 4


def test_jump_on_cs_gives_the_next_start_and_ends_the_sequence():
    program = words(op(1, 0xEB), op(2, 24, 2), op(7, 0xA0, 2), op(9, 0, 2), op(0x1F, 1), op(1, 9))
    assert decode(program).jump == 1
    again = decode(program, 1).transaction(8, read=4)
    assert (again.opcode, again.address, again.mode) == (None, 8, 0xA0)


def test_data_size_is_sent_before_the_data():
    sequence = decode(words(op(1, 0x99), op(0xB, 16), op(8)))
    assert sequence.transaction(0, data=b"xyz").write == b"\x00\x03xyz"


def test_command_bytes_behind_the_opcode_are_data():
    assert decode(words(op(1, 1), op(1, 0x40))).transaction(0).write == b"\x40"


@pytest.mark.parametrize("code", [0x0E, 0x1E, 0x20, 0x3F, 0x2E])
def test_unknown_opcodes(code):
    assert decode(words(op(1, 3), op(code))).error is ErrorCode.UNKNOWN_OPCODE


def test_dummies_of_the_wrong_kind():
    sdr = decode(words(op(0x21, 0xA0, 3), op(0xC, 6), op(0x29, 0, 3)))
    ddr = decode(words(op(1, 0xEB), op(0x2C, 6), op(9)))
    assert sdr.error is ErrorCode.SDR_DUMMY_IN_DDR
    assert ddr.error is ErrorCode.DDR_DUMMY_IN_SDR


@pytest.mark.parametrize(
    ("halves", "gap"),
    [
        ([op(0x21, 0xA0)], "LUT: DDR instructions"),
        ([op(1, 3, 3)], "LUT: 8 pads"),
        ([op(1, 3), op(0xD, 6)], "LUT: RWDS latency"),
        ([op(1, 3), op(0xA, 6)], "LUT: data learning"),
    ],
)
def test_what_is_not_modelled_is_named(halves, gap):
    assert gap in decode(words(*halves)).gaps


def test_hyperflash_read_addresses_words():
    """imxrt.md 3.5: WA halves the byte address, CAS=3 splits off three column bits."""
    sequence = decode([0x8B1887A0, 0xA7048F10, 0, 0])
    cycle = sequence.transaction(0x2468, word=True, column=3, read=4)
    assert cycle.address == 0x1234
    assert (cycle.address_bits, cycle.address_ddr, cycle.data_lanes) == (24 + 16, True, 8)


def test_hyperflash_unlock_is_a_command_of_eight_bytes():
    cycle = decode([0x87008700, 0x87AA8700, 0x87058700, 0x87708700]).transaction(0)
    assert (cycle.opcode, cycle.opcode_bits) == (0x0000_00AA_0005_0070, 64)


@given(st.lists(st.integers(0, 0xFFFF_FFFF), min_size=4, max_size=4), st.integers(0, 7))
def test_any_words_decode(program, start):
    sequence = decode(program, start)
    cycle = sequence.transaction(0xFFFF_FFFF, word=True, column=15, data=b"12", read=3)
    assert cycle.address is None or cycle.address >= 0


def test_more_than_one_command_goes_out_in_order():
    """On one line the second and third byte are sent behind the first, as data would be."""
    sequence = decode(words(op(1, 0x01), op(1, 0x02), op(1, 0x40)))
    assert (sequence.template.opcode, sequence.fixed) == (0x01, b"\x02\x40")
    assert sequence.transaction(0).write == b"\x02\x40"


RWDS, DUMMY = op(0xD, 6, 3), op(0xC, 4, 3)


@pytest.mark.parametrize(
    ("halves", "strobe", "dummy"),
    [((), False, 0), ((DUMMY,), False, 4), ((RWDS,), True, 6), ((RWDS, DUMMY), True, 10),
     ((DUMMY, RWDS), True, 10)],
)  # fmt: skip
def test_dummies_whose_number_the_chip_can_double(halves, strobe, dummy):
    """DUMMY_RWDS: HyperBus chips hold RWDS high for twice the latency."""
    template = decode(words(op(1, 0xA0, 3), op(2, 24, 3), *halves, op(9, 4, 3))).template
    assert (template.strobe, template.dummy) == (strobe, dummy)


@pytest.mark.parametrize("operand", [0, 1, 7, 8, 0x0A, 0xFF])
def test_a_jump_leads_to_one_of_eight_instructions(operand):
    assert decode(words(op(1, 3), op(0x1F, operand))).jump == operand % 8


@pytest.mark.parametrize(
    ("bits", "data", "read", "sent"),
    [
        (8, b"abc", 0, b"\x03"),
        (8, b"", 5, b"\x05"),
        (8, b"", 300, b"\x2c"),
        (9, b"", 300, b"\x01\x2c"),
        (12, b"", 0x1234, b"\x02\x34"),
        (16, b"", 0x1_0002, b"\x00\x02"),
        (24, b"", 300, b"\x00\x01\x2c"),
    ],
)
def test_as_many_bits_of_the_size_as_datsz_says(bits, data, read, sent):
    sequence = decode(words(op(1, 0x99), op(0xB, bits), op(8 if data else 9)))
    assert sequence.transaction(0, data=data, read=read).write == sent + data


@pytest.mark.parametrize(
    ("half", "clocks"),
    [
        (op(1, 0xEB, 0), 8),
        (op(1, 0xEB, 1), 4),
        (op(1, 0xEB, 2), 2),
        (op(1, 0xEB, 3), 1),
        (op(2, 24, 1), 12),
        (op(2, 20, 3), 3),
        (op(3, 16, 2), 4),
        (op(4, 1, 0), 1),
        (op(4, 1, 2), 1),
        (op(5, 1, 0), 2),
        (op(5, 1, 1), 1),
        (op(6, 1, 0), 4),
        (op(7, 1, 0), 8),
        (op(7, 1, 2), 2),
        (op(0xB, 16, 0), 16),
        (op(0xB, 12, 3), 2),
        (op(0xC, 7, 2), 7),
        (op(0xD, 7, 3), 7),
        (op(0xA, 9, 2), 0),
    ],
)
def test_clocks_of_each_instruction(half, clocks):
    """Bits by pads, rounded up; dummies by their number; data do not count here."""
    for data in (op(8, 4), op(9, 4)):
        sequence = decode(words(half, data))
        assert (sequence.clocks, sequence.byte_clocks, sequence.divider) == (clocks, 8, 1)


@pytest.mark.parametrize(("pads", "clocks"), [(0, 8), (1, 4), (2, 2), (3, 1)])
@pytest.mark.parametrize("code", [8, 9])
def test_clocks_of_a_byte(code, pads, clocks):
    sequence = decode(words(op(1, 3), op(code, 4, pads)))
    assert (sequence.byte_clocks, sequence.clocks) == (clocks, 8)
    template = sequence.template
    assert (template.data_lanes, template.data_ddr) == (1 << pads, False)
    assert (sequence.reads, sequence.writes) == ((4, None) if code == 9 else (None, 4))


def test_commands_behind_an_address_are_data():
    """imxrt.md 3.10, the last cycle of HyperFlash's sector erase: 0030h to the sector's address."""
    sequence = decode([0x8B188700, 0x87008F10, 0x00008730, 0])
    cycle = sequence.transaction(0x24680, word=True, column=3)
    assert (cycle.opcode, cycle.opcode_bits) == (0x00, 8)
    assert (cycle.address, cycle.address_bits) == (0x12340, 40)
    assert (cycle.write, cycle.data_lanes, cycle.data_ddr) == (b"\x00\x30", 8, True)


def test_commands_on_eight_lines_before_an_address_are_one():
    cycle = decode(words(op(1, 0xEE, 3), op(1, 0x11, 3), op(2, 32, 3), op(9, 4, 3))).transaction(8)
    assert (cycle.opcode, cycle.opcode_bits, cycle.opcode_lanes) == (0xEE11, 16, 8)
    assert (cycle.write, cycle.address) == (b"", 8)


def test_a_byte_behind_the_opcode_has_its_own_lines():
    template = decode(words(op(1, 0x01), op(1, 0x40, 2))).template
    assert (template.opcode_lanes, template.data_lanes, template.data_ddr) == (1, 4, False)


def test_an_address_of_rows_or_columns_alone():
    rows = decode(words(op(1, 3), op(2, 16), op(9)))
    columns = decode(words(op(1, 3), op(3, 4), op(9)))
    assert rows.transaction(0x12345, column=4).address == 0x1234
    assert columns.transaction(0x12345, column=4).address == 5
    assert rows.transaction(0x1234567, column=4).address == 0x3456, "16 bits of them"


@pytest.mark.parametrize(
    ("halves", "address", "bits"),
    [((op(1, 3), op(2, 24), op(9)), 0, 24), ((op(1, 5), op(9)), None, 0),
     ((op(1, 3), op(2, 24), op(3, 16), op(9)), 0, 40)],
)  # fmt: skip
def test_what_a_chip_is_asked_for_whether_it_is_a_read(halves, address, bits):
    probe = decode(words(*halves)).probe
    assert (probe.address, probe.address_bits, probe.read) == (address, bits, 4)


@pytest.mark.parametrize("code", [*range(1, 0xE)])
def test_both_edges_of_each_instruction(code):
    """The opcode with bit 5 set. Dummies alone make no sequence of that kind."""
    sequence = decode(words(op(code | 0x20, 8, 3)))
    is_dummy = code in (0xC, 0xD)
    assert sequence.error is (ErrorCode.DDR_DUMMY_IN_SDR if is_dummy else None)
    assert sequence.divider == (1 if is_dummy else 2)
    assert "LUT: DDR instructions" in sequence.gaps


def test_the_first_error_counts():
    unknown, dummy = op(0x0E), op(0x2C, 6)
    assert decode(words(op(1, 3), unknown, dummy)).error is ErrorCode.UNKNOWN_OPCODE
    assert decode(words(op(1, 3), dummy, unknown)).error is ErrorCode.DDR_DUMMY_IN_SDR


def test_instructions_behind_the_data_are_named_and_have_no_effect():
    sequence = decode(words(op(1, 5), op(9, 1), op(0xC, 8), op(2, 24, 2), op(8, 4)))
    assert sequence.behind == ("DUMMY", "RADDR", "WRITE")
    assert sequence.template == Transaction(opcode=5)
    assert (sequence.clocks, sequence.reads, sequence.writes) == (8, 1, None)


@pytest.mark.parametrize("code", ErrorCode)
def test_each_error_has_its_words(code):
    assert code.text
    assert len({each.text for each in ErrorCode}) == 7
