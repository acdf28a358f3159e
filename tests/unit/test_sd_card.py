"""An SD card as the Physical Layer Simplified Specification 6.00 has it."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.sd.card import Card

MB = 1 << 20
ILLEGAL_COMMAND, OUT_OF_RANGE, ERASE_SEQ_ERROR = 1 << 22, 1 << 31, 1 << 28
BUSY_TIME_LIMIT = 250_000_000
"""4.6.2: a card of high capacity is busy for 250 ms at most after a block."""


def state(status: int) -> int:
    return status >> 9 & 0xF


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def card(bench: Bench) -> Card:
    card = Card(bench.system, size=4 * MB)
    card.reset(ResetCause.POWER_ON)
    return card


def identified(card: Card) -> int:
    """Through figure 4-2, up to stand-by; its RCA, where commands want it."""
    card.command(0, 0)
    assert card.command(8, 0x1AA) == 0x1AA
    assert card.command(55, 0) is not None
    ocr = card.command(41, 0x4010_0000)
    assert ocr is not None and ocr >> 30 == 3, "ready, and of high capacity"
    assert card.command(2, 0) is not None
    answer = card.command(3, 0)
    assert answer is not None and answer >> 16
    return answer & 0xFFFF_0000


def selected(card: Card) -> int:
    rca = identified(card)
    assert card.command(7, rca) is not None
    return rca


def test_the_cid_is_the_same_for_cmd2_and_cmd10(card: Card) -> None:
    card.command(55, 0)
    card.command(41, 0x4010_0000)
    cid = card.command(2, 0)
    answer = card.command(3, 0)
    assert answer is not None
    assert cid == card.command(10, answer & 0xFFFF_0000) and cid is not None and cid < 1 << 120


def test_states(card: Card) -> None:
    """Table 4-33: CURRENT_STATE is the state before the command."""
    rca = identified(card)
    statuses = [card.command(13, rca), card.command(7, rca), card.command(13, rca)]
    assert [state(status or 0) for status in statuses] == [3, 3, 4]
    assert card.command(7, 0) is None
    assert state(card.command(13, rca) or 0) == 3, "deselected by another address"


def test_what_is_meant_for_another_card_is_not_answered(card: Card) -> None:
    rca = identified(card)
    for index in (7, 9, 10, 13, 55):
        assert card.command(index, rca ^ 0x1_0000) is None


@pytest.mark.parametrize("index", [1, 5, 17, 60])
def test_an_illegal_command_is_told_by_the_next_response(card: Card, index: int) -> None:
    """4.10.1: ILLEGAL_COMMAND, type E R, cleared by showing it; the command gets no response."""
    rca = identified(card)
    assert card.command(index, 0) is None
    assert (card.command(13, rca) or 0) & ILLEGAL_COMMAND
    assert not (card.command(13, rca) or 0) & ILLEGAL_COMMAND


def test_blocks_are_written_and_read(bench: Bench, card: Card) -> None:
    rca = selected(card)
    blocks = [bytes([n]) * 512 for n in (1, 2, 3)]
    card.command(25, 100)
    for block in blocks:
        assert card.receive(block)
        assert 0 < card.busy_until - bench.clock.now <= BUSY_TIME_LIMIT
        bench.clock.advance(card.busy_until - bench.clock.now)
    assert state(card.command(13, rca) or 0) == 6
    card.command(12, 0)
    assert state(card.command(13, rca) or 0) == 4
    card.command(18, 101)
    assert [card.send(), card.send()] == blocks[1:]
    card.command(12, 0)
    assert card.contents()[100 * 512 : 103 * 512] == b"".join(blocks)


def test_a_single_block_needs_no_stop(card: Card) -> None:
    selected(card)
    card.command(24, 7)
    assert card.receive(b"x" * 512) and not card.receive(b"y" * 512)
    card.command(17, 7)
    assert card.send() == b"x" * 512 and card.send() is None


def test_a_block_count_ends_a_transfer(card: Card) -> None:
    """4.7.2: CMD23 counts for the command that follows, and for no other."""
    rca = selected(card)
    card.command(23, 2)
    card.command(18, 0)
    assert card.send() and card.send() and card.send() is None
    assert state(card.command(13, rca) or 0) == 4
    card.command(18, 0)
    assert card.send() and card.send() and card.send()


@pytest.mark.parametrize("index", [17, 18, 24, 25])
def test_an_address_beyond_the_end(card: Card, index: int) -> None:
    selected(card)
    assert (card.command(index, 4 * MB // 512) or 0) & OUT_OF_RANGE
    assert card.send() is None and not card.receive(bytes(512))


def test_a_transfer_that_runs_over_the_end(card: Card) -> None:
    """4.3.3: it stops sending, and waits for CMD12, whose response tells why."""
    selected(card)
    card.command(18, 4 * MB // 512 - 1)
    assert card.send() is not None and card.send() is None
    assert (card.command(12, 0) or 0) & OUT_OF_RANGE


def test_erased_blocks_read_as_scr_says(card: Card) -> None:
    """5.6: DATA_STAT_AFTER_ERASE is bit 55 of the SCR."""
    rca = selected(card)
    card.fill(b"\x55" * (4 * MB))
    card.command(32, 1)
    card.command(33, 2)
    card.command(38, 0)
    card.command(55, rca)
    card.command(51, 0)
    scr = card.send()
    assert scr is not None and len(scr) == 8
    erased = b"\xff" if scr[1] & 0x80 else b"\x00"
    assert card.contents()[512:1536] == erased * 1024
    assert card.contents()[:512] == card.contents()[1536:2048] == b"\x55" * 512


def test_an_erase_backwards_is_refused(card: Card) -> None:
    rca = selected(card)
    card.command(32, 2)
    card.command(33, 1)
    assert (card.command(38, 0) or 0) & ERASE_SEQ_ERROR
    assert not (card.command(13, rca) or 0) & ERASE_SEQ_ERROR


def test_power_on_keeps_the_cells_and_a_reset_of_the_microcontroller_all(card: Card) -> None:
    rca = selected(card)
    card.command(24, 3)
    card.receive(b"k" * 512)
    card.reset(ResetCause.WATCHDOG)
    assert state(card.command(13, rca) or 0) == 4
    card.reset(ResetCause.POWER_ON)
    assert card.command(13, rca) is None
    assert card.contents()[3 * 512 : 4 * 512] == b"k" * 512


@pytest.mark.parametrize("size", [0, 1, 0x7_FFFF, 0x8_0001, 0x8000_0000])
def test_sizes_that_no_card_has_are_refused(bench: Bench, size: int) -> None:
    with pytest.raises(ValueError, match="size: expected a multiple of 0x80000 up to 1 GB"):
        Card(bench.system, size=size)


# -- which commands are legal in which state, and what each answers --------------------------------

IDLE, READY, IDENTIFICATION, STANDBY, TRANSFER, SENDING, RECEIVING = range(7)
EVERY = range(7)
LEGAL = {
    0: EVERY,
    2: (READY,),
    3: (IDENTIFICATION, STANDBY),
    7: (STANDBY,),
    8: (IDLE,),
    9: (STANDBY,),
    10: (STANDBY,),
    12: (SENDING, RECEIVING),
    13: (STANDBY, TRANSFER, SENDING, RECEIVING),
    55: EVERY,
} | dict.fromkeys((6, 16, 17, 18, 23, 24, 25, 32, 33, 38), (TRANSFER,))
"""The card state transition table (4.8), as far as this card goes; 7: by its own address."""
LEGAL_APPLICATION = {41: (IDLE,)} | dict.fromkeys((6, 13, 23, 42, 51), (TRANSFER,))
LENIENT = {(12, TRANSFER), (41, READY)}
"""What it takes although the table has nothing there."""


def reach(card: Card, wanted: int) -> int:
    """The RCA as arguments have it, in a state."""
    steps = ((0, 0), (55, 0), (41, 0x4010_0000), (2, 0), (3, 0))
    for index, argument in steps[: (1, 3, 4, 5, 5, 5, 5)[wanted]]:
        card.command(index, argument)
    rca = 0x1234_0000 if wanted >= STANDBY else 0
    if wanted >= TRANSFER:
        card.command(7, rca)
    if wanted > TRANSFER:
        card.command({SENDING: 18, RECEIVING: 25}[wanted], 0)
    return rca


@pytest.mark.parametrize("now", EVERY)
@pytest.mark.parametrize("application", [False, True])
def test_each_command_is_legal_in_its_states_only(
    bench: Bench, now: int, application: bool
) -> None:
    """CMD55 is legal everywhere, and its response tells whether the command before it was."""
    table = LEGAL | LEGAL_APPLICATION if application else LEGAL
    for index in range(64):
        card = Card(bench.system, size=4 * MB)
        rca = reach(card, now)
        argument = 0x1AA if index == 8 else rca
        if application:
            assert (card.command(55, rca) or 0) & 0x1E20 == now << 9 | 1 << 5
        card.command(index, argument)
        if index == 0 or (index, now) in LENIENT:
            continue
        rca = 0x1234_0000 if index == 3 and now in LEGAL[3] else rca
        is_illegal = bool((card.command(55, rca) or 0) & ILLEGAL_COMMAND)
        assert is_illegal == (now not in table.get(index, ())), index


@pytest.mark.parametrize("index", [6, 7, 13, 16, 17, 18, 23, 24, 25, 32, 55])
def test_a_response_is_the_card_status(card: Card, index: int) -> None:
    """4.10.1: READY_FOR_DATA is bit 8, APP_CMD bit 5, CURRENT_STATE bits 12 to 9."""
    rca = reach(card, STANDBY if index == 7 else TRANSFER)
    own = {7: 3 << 9 | 1 << 8, 55: 4 << 9 | 1 << 8 | 1 << 5}
    argument = rca if index in (7, 13, 55) else 0
    assert card.command(index, argument) == own.get(index, 4 << 9 | 1 << 8)


@pytest.mark.parametrize("index", [6, 13, 23, 42, 51])
def test_the_response_to_an_application_command_says_that_it_was_one(
    card: Card, index: int
) -> None:
    """4.10.1, APP_CMD: also that the command was interpreted as one. The next is none any more."""
    rca = reach(card, TRANSFER)
    card.command(55, rca)
    assert card.command(index, 0) == 4 << 9 | 1 << 8 | 1 << 5
    card.send()
    assert card.command(42, 0) is None
    assert card.command(13, rca) == 4 << 9 | 1 << 8 | ILLEGAL_COMMAND


@pytest.mark.parametrize("index", [6, 13, 23, 42, 51, 60])
def test_an_application_command_that_is_illegal_is_the_last(card: Card, index: int) -> None:
    """4.3.9: what follows it is an ordinary command again."""
    rca = reach(card, STANDBY)
    card.command(55, rca)
    assert card.command(index, 0) is None
    assert card.command(13, rca) == ILLEGAL_COMMAND | 3 << 9 | 1 << 8


def test_a_response_to_cmd3_has_the_status_in_sixteen_bits(card: Card) -> None:
    """R6 (4.9.5): bits 23, 22, 19 and 12 to 0 of the status; ILLEGAL_COMMAND is bit 14."""
    reach(card, IDENTIFICATION)
    assert (card.command(3, 0) or 0) & 0xFFFF == 2 << 9 | 1 << 8
    reach(card, IDENTIFICATION)
    card.command(17, 0)
    assert (card.command(3, 0) or 0) & 0xFFFF == 1 << 14 | 2 << 9 | 1 << 8
    assert (card.command(3, 0) or 0) & 0xFFFF == 3 << 9 | 1 << 8


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        (0x1AA, 0x1AA),
        (0x155, 0x155),
        (0xFFFF_F1FF, 0x1FF),
        (0x0AA, None),
        (0x2AA, None),
        (0x3AA, None),
        (0x9AA, None),
    ],
)
def test_the_interface_condition(card: Card, argument: int, answer: int | None) -> None:
    """4.9.6: voltage 1h is 2.7 to 3.6 V; it and the check pattern are echoed."""
    assert card.command(8, argument) == answer


def test_the_operating_conditions(card: Card) -> None:
    """5.1: 2.7 to 3.6 V are bits 23 to 15; CCS is bit 30, power-up is over with bit 31."""
    answers = []
    for argument in (0, 1 << 14, 1 << 24, 1 << 15):
        card.command(55, 0)
        answers.append(card.command(41, argument))
    assert answers == [0x00FF_8000] * 3 + [0xC0FF_8000]
    card.command(0, 0)
    card.command(55, 0)
    assert card.command(41, 1 << 23) == 0xC0FF_8000


# -- its registers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "units"), [(MB // 2, 0), (4 * MB, 7), (1024 * MB, 2047)])
def test_the_whole_csd(bench: Bench, size: int, units: int) -> None:
    """Table 5-16; of the fields for which it fixes no value: all that a class 10 card can."""
    card = Card(bench.system, size=size)
    csd = card.command(9, reach(card, STANDBY)) or 0
    expected = bytes.fromhex("40 0E 00 32 5B 59") + units.to_bytes(4, "big")
    assert csd.to_bytes(15, "big") == expected + bytes.fromhex("7F 80 0A 40 00")


def test_the_whole_cid(card: Card) -> None:
    """5.2: MID, OID, PNM, PRV, PSN, MDT: months since 2000, the month in the low four bits."""
    cid = (card.command(10, reach(card, STANDBY)) or 0).to_bytes(15, "big")
    assert cid[0] == 0 and cid[1:8] == b"XSXIPSM" and cid[8] == 0x10
    assert int.from_bytes(cid[9:13], "big") == 1
    assert int.from_bytes(cid[13:], "big") == 24 << 4 | 10


def test_what_comes_on_the_data_lines_and_is_no_block(card: Card) -> None:
    """5.6, SCR: specification 3.0, erased cells are 0, one line or four, CMD23. 4.10.2, SD status:
    four lines, class 10. 4.3.10, switch function: 100 mA, the default of each group alone."""
    rca = reach(card, TRANSFER)
    card.command(55, rca)
    card.command(51, 0)
    assert card.send() == bytes.fromhex("02 05 80 02 00 00 00 00")
    card.command(55, rca)
    card.command(13, 0)
    assert card.send() == b"\x80" + bytes(7) + b"\x04" + bytes(55)
    for argument, chosen in (
        (0x00FF_FFFF, "00 00 00"),
        (0x80FF_FF0F, "00 00 00"),
        (0x80FF_FF2F, "00 00 F0"),
        (0x801F_FFFF, "F0 00 00"),
        (0x80F3_E7A1, "0F FF FF"),
    ):
        card.command(6, argument)
        status = bytes.fromhex("00 64" + "80 01" * 6 + chosen)
        assert card.send() == status.ljust(64, b"\x00"), hex(argument)


def test_a_register_that_nobody_has_fetched_is_forgotten(card: Card) -> None:
    rca = reach(card, TRANSFER)
    for leave in ((12, 0), (7, 0)):
        card.command(55, rca)
        card.command(51, 0)
        card.command(*leave)
        card.command(7, rca)
        card.command(17, 0)
        assert card.send() == bytes(512)


# -- blocks ----------------------------------------------------------------------------------------


def test_a_card_ends_with_its_last_block(card: Card) -> None:
    last = 4 * MB // 512 - 1
    reach(card, TRANSFER)
    card.command(24, last)
    assert card.receive(b"z" * 512)
    card.command(17, last)
    assert card.send() == b"z" * 512
    assert card.contents()[-512:] == b"z" * 512 and len(card.contents()) == 4 * MB


def test_a_write_that_runs_over_the_end(card: Card) -> None:
    """The block that has no place is refused, and CMD12 tells why."""
    reach(card, TRANSFER)
    card.command(25, 4 * MB // 512 - 1)
    assert card.receive(b"1" * 512) and not card.receive(b"2" * 512)
    assert card.command(12, 0) == OUT_OF_RANGE | 6 << 9 | 1 << 8


@pytest.mark.parametrize("length", [0, 511, 513])
def test_a_block_of_another_length_is_refused(card: Card, length: int) -> None:
    reach(card, TRANSFER)
    card.command(24, 0)
    assert not card.receive(b"x" * length) and card.contents() == bytes(4 * MB)


@pytest.mark.parametrize("count", [1, 2, 0x1_0001])
def test_a_block_count_has_32_bits(card: Card, count: int) -> None:
    """Table 4-23: CMD23, bits 31 to 0."""
    rca = reach(card, TRANSFER)
    card.command(23, count)
    card.command(25, 0)
    for _ in range(min(count, 3)):
        assert state(card.command(13, rca) or 0) == RECEIVING
        assert card.receive(bytes(512))
    assert state(card.command(13, rca) or 0) == (TRANSFER if count < 3 else RECEIVING)


def test_a_block_count_of_nothing_is_none(card: Card) -> None:
    reach(card, TRANSFER)
    card.command(23, 0)
    card.command(25, 0)
    assert card.receive(bytes(512)) and card.receive(bytes(512))


def test_a_block_of_zeros_takes_the_place_of_another(card: Card) -> None:
    reach(card, TRANSFER)
    for block in (b"x" * 512, bytes(512)):
        card.command(24, 5)
        card.receive(block)
        assert card.contents()[5 * 512 : 6 * 512] == block


def test_its_times(bench: Bench, card: Card) -> None:
    """Assumed, as `Sd.Card` says: 0.1 ms before a block, 0.25 ms busy behind one and an erase."""
    assert card.access_time == 100_000
    reach(card, TRANSFER)
    bench.clock.now = 5
    card.command(24, 0)
    card.receive(bytes(512))
    assert card.busy_until == 250_005
    card.command(32, 0)
    card.command(33, 0)
    bench.clock.now = 1_000_000
    card.command(38, 0)
    assert card.busy_until == 1_250_000
    card.command(0, 0)
    assert card.busy_until == 1_250_000, "CMD0 stops no programming"


@pytest.mark.parametrize(
    ("commands", "error"),
    [
        ([(38, 0)], ERASE_SEQ_ERROR),
        ([(33, 5), (38, 0)], ERASE_SEQ_ERROR),
        ([(32, 0), (38, 0)], ERASE_SEQ_ERROR),
        ([(32, 4), (33, 3), (38, 0)], ERASE_SEQ_ERROR),
        ([(32, 4), (33, 4 * MB // 512), (38, 0)], OUT_OF_RANGE),
        ([(32, 0), (33, 0), (32, 1), (38, 0)], ERASE_SEQ_ERROR),
    ],
)
def test_an_erase_out_of_sequence_erases_nothing(
    card: Card, commands: list[tuple[int, int]], error: int
) -> None:
    """4.3.5: CMD32, CMD33, CMD38; with each erase the sequence is over."""
    reach(card, TRANSFER)
    card.fill(b"\x55" * (4 * MB))
    told = 0
    for index, argument in commands:
        told |= card.command(index, argument) or 0
    assert told & (ERASE_SEQ_ERROR | OUT_OF_RANGE) == error
    assert card.contents() == b"\x55" * (4 * MB) and card.busy_until == 0


def test_one_block_and_the_last_can_be_erased_and_only_once(card: Card) -> None:
    reach(card, TRANSFER)
    card.fill(b"\x55" * (4 * MB))
    last = 4 * MB // 512 - 1
    for first, end in ((7, 7), (last - 1, last)):
        for index, argument in ((32, first), (33, end), (38, 0)):
            assert card.command(index, argument) == 4 << 9 | 1 << 8
    assert (card.command(38, 0) or 0) & ERASE_SEQ_ERROR
    heads = card.contents()[::512]
    assert [n for n, byte in enumerate(heads) if not byte] == [7, last - 1, last]


def test_contents_of_another_size_are_refused(card: Card) -> None:
    with pytest.raises(ValueError, match="expected 4194304 bytes, given 512"):
        card.fill(bytes(512))
    assert Card.capacity({}) == 0x200_0000, "32 MB unless its size is given"
    assert Card.capacity({"size": 0x4000_0000}) == 0x4000_0000
    assert Card.capacity({"size": 0x8_0000}) == 0x8_0000
