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


def test_a_register_read_of_the_voltages_does_not_make_it_ready(card: Card) -> None:
    """4.2.3.1: ACMD41 with a voltage window of 0 is an inquiry."""
    card.command(55, 0)
    ocr = card.command(41, 0)
    assert ocr is not None and not ocr >> 31 and ocr & 0xFF8000 == 0xFF8000


def test_the_csd_says_the_size(card: Card) -> None:
    """5.3.3: version 2.0; (C_SIZE + 1) * 512 KB. Bits 127 to 8 are here from bit 0."""
    csd = card.command(9, identified(card))
    assert csd is not None
    assert csd >> 118 == 1
    assert ((csd >> 40 & 0x3F_FFFF) + 1) * 512 * 1024 == 4 * MB
    assert csd >> 72 & 0xF == csd >> 14 & 0xF == 9, "blocks of 512 bytes"
    assert csd >> 88 & 0xFF == 0x32, "25 MHz"


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


def test_the_switch_function_knows_the_defaults(card: Card) -> None:
    """4.3.10.4: 64 bytes; four bits for each group in bits 399 to 376, Fh where it is unknown."""
    selected(card)
    for argument, chosen in ((0x00FF_FFF0, 0x000000), (0x80FF_FFF1, 0x00000F)):
        card.command(6, argument)
        status = card.send()
        assert status is not None and len(status) == 64
        assert int.from_bytes(status[14:17], "big") == chosen


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
