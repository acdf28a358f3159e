"""The Alif's CANFD beyond its ports' use: each command, mode, counter and buffer at its edges.

Registers: Alif's SVD file, canfd.c and canfd.h. Frame lengths and error counts: ISO 11898-1.
"""

from __future__ import annotations

import pytest
from test_alif_canfd import (
    ACF,
    ACF_EN,
    ACFCTRL,
    AIF,
    BIT,
    BUSOFF,
    CFG_STAT,
    EALCAP,
    EIF,
    ERRINT,
    ERROR,
    EXTENDED,
    LBME,
    LBMI,
    LIMIT,
    LOM,
    PRESC,
    RAFIF,
    RCTRL,
    RESET,
    RIF,
    ROM,
    ROV,
    RREL,
    RTIE,
    RTIF,
    SACK,
    SEG_1,
    SEG_2,
    TACTIVE,
    TBSEL,
    TBUF,
    TCMD,
    TCTRL,
    TECNT,
    TPA,
    TPE,
    TPIF,
    TSA,
    TSALL,
    TSIF,
    TSMODE,
    TSNEXT,
    TSSS,
    Node,
)

from xipsim.peripherals.alif.canfd import CanFd
from xipsim.peripherals.can.device import Adapter
from xipsim.peripherals.core import ResetCause

RECNT, TSONE, STBY, TPSS = 0xB2, 1 << 2, 1 << 5, 1 << 4
F_SEG_1, F_SEG_2, F_PRESC = 0xAC, 0xAD, 0xAF
BEIE, EPIE, EPASS, EWARN = 1 << 1, 1 << 5, 1 << 6, 1 << 7
FD, BRS = 1 << 5, 1 << 4
FRAME = 47
"""Bits of a standard frame without data, with the pause behind it."""
BIT_ERROR, FORM_ERROR, NO_ACKNOWLEDGEMENT = 1, 2, 4
"""EALCAP.KOER."""


class Pair(Node):
    """The controller on a bus with an adapter that acknowledges."""

    def __init__(self) -> None:
        super().__init__(mode=0)
        self.bus = self.can.bus
        self.adapter = Adapter(self.bench.system, name="adapter")
        self.bus.nodes[0] = self.adapter
        self.bus.connected()

    def join_another(self) -> None:
        """Another adapter, which acknowledges what the first one sends, is on the bus."""
        self.bus.nodes[1] = Adapter(self.bench.system, name="other")
        self.bus.connected()

    def heard(self) -> list[int]:
        return [frame["identifier"] for frame in self.adapter.frames()]

    def bits(self, count: int) -> None:
        self.bench.clock.advance(count * BIT)

    def errors(self, transmit: int) -> None:
        """Let frames of its, each sent once, fail so often that TECNT is that."""
        self.set(CFG_STAT, TPSS)
        for _ in range(transmit // 8):
            self.bus.disturb(1)
            self.load(7)
            self.set(TCMD, TPE)
            self.bits(FRAME + 20)
        assert self.get(TECNT) == transmit
        self.set(RTIF, 0xFF)
        self.set(ERRINT, 0x15)
        self.set(CFG_STAT, 0)

    def koer(self) -> int:
        return self.get(EALCAP) >> 5


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [LBMI, LBME])
def test_a_node_takes_part_after_eleven_bits(mode: int) -> None:
    node = Node(mode)
    node.set(CFG_STAT, RESET)
    node.set(CFG_STAT, mode)
    node.queue(1)
    node.bench.clock.advance((11 + FRAME) * BIT - 1)
    assert node.get(RTIF) == 0
    node.bench.clock.advance(1)
    assert node.get(RTIF) == RIF | TSIF


@pytest.mark.parametrize("mode", [LBMI, LBME])
def test_the_data_of_an_fd_frame_go_at_their_own_rate(mode: int) -> None:
    """17 bits to the change of the rate and 13 behind the CRC; ESI, DLC, data, and a CRC of 17."""
    node = Node(mode)
    for offset, value in ((F_SEG_1, 4), (F_SEG_2, 2), (F_PRESC, 2)):
        node.set(offset, value)
    fast = 3 * (1 + 5 + 3) * 50
    node.queue(1, b"12345678", FD | BRS)
    end = 30 * BIT + (5 + 64 + 27) * fast
    node.bench.clock.advance(end - 1)
    assert node.get(RTIF) == 0
    node.bench.clock.advance(1)
    assert node.get(RTIF) == RIF | TSIF


@pytest.mark.parametrize(("one", "two", "prescaler"), [(1, 1, 0), (30, 7, 0), (5, 3, 6)])
def test_a_bit_has_its_segments(one: int, two: int, prescaler: int) -> None:
    """SEG_1 + 2 quanta, SEG_2 + 1, each of PRESC + 1 clocks of 50 ns."""
    node = Node(LBMI)
    node.set(CFG_STAT, RESET)
    for offset, value in ((SEG_1, one), (SEG_2, two), (PRESC, prescaler)):
        node.set(offset, value)
    node.set(CFG_STAT, LBMI)
    bit = (one + 2 + two + 1) * (prescaler + 1) * 50
    node.bench.clock.advance(11 * bit)
    node.queue(1)
    node.bench.clock.advance(FRAME * bit - 1)
    assert node.get(RTIF) == 0
    node.bench.clock.advance(1)
    assert node.get(RTIF)


# -- commands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "command", "sends"),
    [(0, 0, True), (0, LOM, False), (LBME, LOM, True), (0, STBY, False), (LBME, STBY, False)],
)
@pytest.mark.parametrize("request_", [TPE, TSONE, TSALL])
def test_who_only_listens_or_stands_by_sends_nothing(
    mode: int, command: int, request_: int, sends: bool
) -> None:
    """LOM leaves its own loop back."""
    node = Node(mode)
    node.set(TCMD, command | TBSEL)
    node.load(1)
    node.set(TCTRL, TSMODE | TSNEXT)
    node.set(TCMD, command | request_)
    assert bool(node.get(TCMD) & request_) == sends
    assert node.get(TCMD) & (LOM | STBY) == command
    node.bench.clock.advance(1)
    assert bool(node.get(CFG_STAT) & TACTIVE) == sends


def test_in_reset_no_command_is_taken() -> None:
    node = Node()
    node.set(CFG_STAT, RESET)
    node.set(TCMD, TPE | TSALL)
    assert node.get(TCMD) == 0


def test_one_message_or_all() -> None:
    node = Node()
    node.set(TCMD, TBSEL)
    for identifier in (5, 3, 1):
        node.load(identifier)
        node.set(TCTRL, TSMODE | TSNEXT)
        assert not node.get(TCTRL) & TSNEXT
    node.set(TCMD, TBSEL | TSONE)
    node.bench.clock.advance(3 * FRAME * BIT)
    assert node.take_all() == [1]
    assert (node.get(TCMD), node.get(TCTRL) & 3) == (TBSEL, 1)
    node.set(TCMD, TBSEL | TSONE | TSALL)
    assert node.get(TCMD) == TBSEL | TSALL, "all of them includes one"
    node.bench.clock.advance(3 * FRAME * BIT)
    assert node.take_all() == [3, 5]
    assert (node.get(TCMD), node.get(TCTRL) & 3) == (TBSEL, 0)


def test_the_next_slot_is_of_the_secondary_buffer() -> None:
    node = Node()
    node.load(1)
    node.set(TCTRL, TSMODE | TSNEXT)
    assert node.get(TCTRL) & (TSNEXT | 3) == 0
    node.set(TCTRL, TSMODE)
    node.set(TCMD, TBSEL)
    node.set(TCTRL, TSMODE)
    assert node.get(TCTRL) & 3 == 0, "TSNEXT fills it"


def test_a_primary_message_that_waits_can_be_aborted() -> None:
    pair = Pair()
    pair.queue(1)
    pair.set(TCMD, TSALL)
    pair.load(2)
    pair.set(TCMD, TPE)
    pair.set(TCMD, TPE | TPA)
    assert pair.get(TCMD) & (TPE | TPA) == 0
    assert pair.get(RTIF) == AIF
    assert pair.can.IRQ.level, "AIF has no enable bit"
    pair.bits(3 * FRAME)
    assert pair.heard() == [1]


def test_an_abort_of_the_secondary_buffer_leaves_the_primary_one() -> None:
    pair = Pair()
    pair.load(9)
    pair.set(TCMD, TPE)
    for identifier in (1, 2):
        pair.queue(identifier)
    pair.set(TCMD, pair.get(TCMD) | TSA)
    assert pair.get(TCMD) == TBSEL | TPE
    assert (pair.get(TCTRL) & 3, pair.get(RTIF)) == (0, AIF)
    pair.bits(3 * FRAME)
    assert pair.heard() == [9]
    assert pair.get(RTIF) == AIF | TPIF


def test_what_is_on_the_bus_ends_there() -> None:
    pair = Pair()
    for identifier in (1, 2):
        pair.queue(identifier)
    pair.set(TCMD, pair.get(TCMD) | TSA)
    assert pair.get(TCTRL) & 3 == 1
    pair.bits(3 * FRAME)
    assert pair.heard() == [1]


@pytest.mark.parametrize(("primary", "once"), [(True, TPSS), (False, TSSS)])
def test_each_buffer_has_its_single_shot(primary: bool, once: int) -> None:
    """TPSS is of the primary one, TSSS of the secondary one."""
    for mode, again in ((TPSS | TSSS, False), (once, False), ((TPSS | TSSS) ^ once, True)):
        node = Node(mode)
        if primary:
            node.load(1)
            node.set(TCMD, TPE)
        else:
            node.queue(1)
        node.bench.clock.advance((FRAME + ERROR) * BIT)
        assert bool(node.get(TCMD) & (TPE | TSALL)) == again
        assert bool(node.get(CFG_STAT) & TACTIVE) == again


def test_a_reset_of_the_module_leaves_its_settings() -> None:
    """canfd.c, canfd_reset(): RESET in CFG_STAT. Buffers, commands and flags go."""
    node = Node(mode=TSSS)
    node.set(ERRINT, BEIE | 1 << 3 | EPIE)
    node.set(RTIE, 0xFE)
    node.queue(1)
    node.bench.clock.advance((FRAME + ERROR) * BIT)
    assert (node.get(EALCAP) >> 5, node.get(ERRINT) & 1) == (NO_ACKNOWLEDGEMENT, 1)
    node.set(CFG_STAT, 0)
    node.queue(2)
    node.set(TCMD, TBSEL | TSALL | TPE)
    assert node.get(CFG_STAT) & TACTIVE
    node.set(CFG_STAT, RESET)
    assert node.get(CFG_STAT) == RESET
    assert (node.get(TCMD), node.get(RTIF), node.get(EALCAP)) == (TBSEL, 0, 0)
    assert node.get(ERRINT) == BEIE | 1 << 3 | EPIE
    assert (node.get(TECNT), node.get(TCTRL) & 3) == (8, 0)
    assert [node.get(offset) for offset in (SEG_1, SEG_2, PRESC, LIMIT)] == [13, 4, 1, 14 << 4 | 11]
    node.set(CFG_STAT, 0)
    node.bench.clock.advance(1_000 * BIT)
    assert node.get(TECNT) == 8, "nothing is sent any more"


@pytest.mark.parametrize("kept", [TBSEL, LOM, STBY])
def test_a_reset_of_the_module_keeps_its_modes(kept: int) -> None:
    node = Node(mode=0)
    node.set(TCMD, kept)
    node.set(CFG_STAT, RESET)
    assert node.get(TCMD) == kept


def test_a_reset_in_the_loop_back_ends_what_is_sent() -> None:
    node = Node(LBMI)
    node.queue(1)
    node.set(CFG_STAT, RESET)
    node.set(CFG_STAT, LBMI)
    node.bench.clock.advance(1_000 * BIT)
    assert (node.get(RTIF), node.get(RCTRL) & 3) == (0, 0)


@pytest.mark.parametrize("by_register", [False, True])
def test_a_reset_ends_what_is_on_the_bus(by_register: bool) -> None:
    pair = Pair()
    pair.queue(1)
    pair.bits(20)
    if by_register:
        pair.set(CFG_STAT, RESET)
    else:
        pair.can.reset(ResetCause.SOFTWARE)
    pair.bits(1_000)
    assert pair.heard() == []
    assert not pair.can.IRQ.level


def test_a_reset_empties_the_receive_buffer() -> None:
    node = Node()
    node.set(RCTRL, SACK)
    for identifier in range(17):
        node.queue(identifier)
        node.bench.clock.advance(FRAME * BIT)
    assert node.get(RCTRL) & (ROV | 3) == ROV | 3
    node.set(CFG_STAT, RESET)
    assert node.get(RCTRL) & (ROV | 3) == 0
    assert node.can.read(0) == 0


# -- with others -----------------------------------------------------------------------------------


def test_what_others_hear_does_not_come_back() -> None:
    """Without a loop back."""
    pair = Pair()
    pair.queue(1)
    pair.bits(FRAME)
    assert pair.heard() == [1]
    assert (pair.get(RTIF), pair.get(RCTRL) & 3, pair.koer()) == (TSIF, 0, 0)


def test_a_loop_back_without_self_acknowledgement() -> None:
    node = Node(LBME)
    node.set(RCTRL, ROM)
    node.queue(1)
    node.bench.clock.advance((FRAME + ERROR) * BIT)
    assert (node.get(TECNT), node.get(EALCAP) >> 5) == (8, NO_ACKNOWLEDGEMENT)
    node.set(RCTRL, ROM | SACK)
    node.bench.clock.advance(2 * (FRAME + ERROR) * BIT)
    assert node.get(TECNT) == 7


def test_in_the_internal_loop_back_it_is_off_the_bus() -> None:
    pair = Pair()
    pair.set(CFG_STAT, LBMI)
    pair.adapter.send(1)
    pair.queue(2)
    pair.bits(1_000)
    assert pair.take_all() == [2]
    assert pair.heard() == []


@pytest.mark.parametrize("listens", [False, True])
def test_a_listener_acknowledges_nothing(listens: bool) -> None:
    pair = Pair()
    pair.set(TCMD, LOM if listens else 0)
    pair.adapter.send(1)
    pair.bits(FRAME)
    assert pair.get(RCTRL) & 3 == (0 if listens else 1), "an adapter waits for somebody who does"


@pytest.mark.parametrize(("listens", "count"), [(False, 1), (True, 0)])
def test_a_frame_that_breaks_off_is_a_form_error(listens: bool, count: int) -> None:
    pair = Pair()
    pair.join_another()
    pair.set(TCMD, LOM if listens else 0)
    pair.set(ERRINT, BEIE)
    pair.bus.disturb(1)
    pair.adapter.send(1)
    pair.bits(FRAME)
    pair.bits(ERROR + 2)
    assert (pair.koer(), pair.get(RECNT)) == (FORM_ERROR, count)
    assert pair.get(ERRINT) & 1 == count
    pair.bits(1_000)
    assert (pair.take_all(), pair.get(RECNT)) == ([1], 0)


@pytest.mark.parametrize(("listens", "count"), [(False, 0), (True, 1)])
def test_a_listeners_errors_are_not_taken_back(listens: bool, count: int) -> None:
    pair = Pair()
    pair.join_another()
    pair.bus.disturb(1)
    pair.adapter.send(1)
    pair.bits(FRAME + 20)
    assert pair.get(RECNT) == 1
    pair.set(TCMD, LOM if listens else 0)
    pair.bits(1_000)
    assert (pair.take_all(), pair.get(RECNT)) == ([1], count)


def test_a_frame_of_its_that_is_destroyed_is_a_bit_error() -> None:
    pair = Pair()
    pair.set(ERRINT, BEIE)
    pair.bus.disturb(1)
    pair.queue(1)
    pair.bits(FRAME + ERROR + 2)
    assert (pair.koer(), pair.get(TECNT), pair.get(ERRINT) & 1) == (BIT_ERROR, 8, 1)
    assert pair.can.IRQ.level
    pair.bits(1_000)
    assert (pair.heard(), pair.get(TECNT)) == ([1], 7)


@pytest.mark.parametrize("enabled", [0, BEIE])
def test_a_bus_error_is_flagged_where_it_is_enabled(enabled: int) -> None:
    node = Node(TSSS)
    node.set(ERRINT, enabled)
    node.queue(1)
    node.bench.clock.advance((FRAME + ERROR) * BIT)
    assert node.get(ERRINT) & 1 == (enabled == BEIE)
    assert node.can.IRQ.level == (enabled == BEIE)


# -- counters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ewl", "count"), [(0, 8), (4, 40), (15, 128)])
def test_the_warning_limit_is_eight_more_for_each(ewl: int, count: int) -> None:
    """EWL + 1 times 8 errors."""
    pair = Pair()
    pair.set(LIMIT, 14 << 4 | ewl)
    pair.errors(count - 8)
    assert not pair.get(ERRINT) & EWARN
    pair.set(CFG_STAT, TPSS)
    pair.bus.disturb(1)
    pair.load(7)
    pair.set(TCMD, TPE)
    pair.bits(FRAME + 20)
    assert pair.get(TECNT) == count
    assert pair.get(ERRINT) & EWARN
    assert pair.get(RTIF) & EIF


@pytest.mark.parametrize("enabled", [0, EPIE])
def test_error_passive_and_back(enabled: int) -> None:
    """From 128 on; the flag comes with each change, where it is enabled."""
    pair = Pair()
    pair.errors(120)
    pair.set(ERRINT, enabled | 0x15)
    assert pair.get(ERRINT) & EPASS == 0
    pair.bus.disturb(1)
    pair.queue(7)
    pair.bits(FRAME + 20)
    assert pair.get(ERRINT) & (EPASS | 1 << 4) == EPASS | bool(enabled) << 4
    pair.set(ERRINT, enabled | 0x15)
    pair.bits(1_000)
    assert pair.get(TECNT) == 127
    assert pair.get(ERRINT) & (EPASS | 1 << 4) == bool(enabled) << 4


def test_off_the_bus_until_it_is_told_to_come_back() -> None:
    pair = Pair()
    pair.bus.disturb(64)
    pair.load(7)
    pair.set(TCMD, TPE)
    pair.bits(2_300)
    assert pair.get(CFG_STAT) & BUSOFF
    assert pair.get(TECNT) == 255
    pair.set(CFG_STAT, 0)
    assert pair.get(CFG_STAT) & BUSOFF, "a 0 changes nothing"
    pair.bus.disturb(0)
    pair.set(CFG_STAT, BUSOFF)
    assert not pair.get(CFG_STAT) & BUSOFF
    assert (pair.get(TECNT), pair.get(RECNT)) == (0, 0)
    pair.bits(FRAME)
    assert pair.heard() == [7]
    pair.set(RTIF, 0xFF)
    pair.bits(2_000)
    assert pair.get(RTIF) == 0, "no recovery is under way any more"


def test_the_recovery_takes_128_times_11_bits_and_clears_the_counters() -> None:
    pair = Pair()
    pair.join_another()
    pair.bus.disturb(1)
    pair.adapter.send(0x700)
    pair.bits(FRAME + 20)
    assert pair.get(RECNT) == 1
    pair.bus.disturb(64)
    pair.load(7)
    pair.set(TCMD, TPE)
    for _ in range(3_000):
        if pair.get(CFG_STAT) & BUSOFF:
            break
        pair.bits(1)
    assert pair.get(RECNT) > 0
    pair.set(TCMD, pair.get(TCMD) | TPA)
    pair.set(RTIF, 0xFF)
    pair.bus.disturb(0)
    pair.bits(128 * 11 - 2)
    assert pair.get(CFG_STAT) & BUSOFF
    pair.bits(2)
    assert not pair.get(CFG_STAT) & BUSOFF
    assert (pair.get(TECNT), pair.get(RECNT)) == (0, 0)
    assert pair.get(RTIF) == EIF


def test_a_passive_sender_says_so_in_its_fd_frames() -> None:
    """ESI: bit 31 of the first word."""
    for count, esi in ((120, 0), (128, 1)):
        pair = Pair()
        pair.errors(count)
        pair.set(CFG_STAT, LBMI)
        pair.queue(1, b"", FD)
        pair.bits(1_000)
        assert pair.can.read(0) >> 31 == esi


# -- buffers ---------------------------------------------------------------------------------------


def test_how_full_the_secondary_buffer_is() -> None:
    """TSSTAT: 0 empty, 1 up to the half, 2 more, 3 full."""
    pair = Pair()
    pair.set(TCMD, TBSEL)
    states = []
    for identifier in range(16):
        pair.load(identifier)
        pair.set(TCTRL, TSNEXT)
        states.append((pair.get(TCTRL) & 3, pair.get(RTIE) & 1))
    assert states == [(1, 0)] * 8 + [(2, 0)] * 7 + [(3, 1)]


@pytest.mark.parametrize("limit", [0, 1, 2, 15])
def test_how_full_the_receive_buffer_is(limit: int) -> None:
    """RSTAT: 0 empty, 1 some, 2 from AFWL on, 3 full; a limit of 0 is as 1."""
    node = Node()
    node.set(LIMIT, limit << 4 | 11)
    for number in range(1, 17):
        node.queue(number)
        node.bench.clock.advance(FRAME * BIT)
        full = number >= max(limit, 1)
        assert node.get(RCTRL) & 3 == (3 if number == 16 else 2 if full else 1)
        assert bool(node.get(RTIF) & RAFIF) == full


def test_the_next_message_is_released_one_by_one() -> None:
    node = Node()
    for identifier, data in ((1, b"abcdefgh"), (2, b"x")):
        node.queue(identifier, data)
        node.bench.clock.advance(1_000 * BIT)
    assert [node.can.read(4 * n) for n in range(5)] == [1, 8, 0x6463_6261, 0x6867_6665, 0]
    node.set(RCTRL, SACK | RREL)
    assert not node.get(RCTRL) & RREL
    assert [node.can.read(4 * n) for n in range(5)] == [2, 1, ord("x"), 0, 0]
    node.set(RCTRL, SACK)
    assert node.can.read(0) == 2
    node.set(RCTRL, SACK | RREL)
    assert [node.can.read(4 * n) for n in range(20)] == [0] * 20


def test_each_filter_keeps_its_code_and_its_mask() -> None:
    node = Node()
    for number in range(3):
        node.filter(number, 0x100 + number, 0x200 + number)
    for number in range(3):
        node.set(ACFCTRL, number)
        assert node.can.read(ACF) == 0x100 + number
        node.set(ACFCTRL, number | 1 << 5)
        assert node.can.read(ACF) == 0x200 + number


def test_masks_let_everything_through_until_they_are_set() -> None:
    node = Node()
    fresh = CanFd(node.bench.system, name="fresh", bus=node.can.bus)
    for number in range(3):
        fresh.write(ACFCTRL, number, 1)
        assert fresh.read(ACF) == 0
        fresh.write(ACFCTRL, number | 1 << 5, 1)
        assert fresh.read(ACF) == 0x1FFF_FFFF


@pytest.mark.parametrize("number", range(3))
def test_each_filter_has_its_enable_bit(number: int) -> None:
    node = Node()
    for other in range(3):
        node.filter(other, 0x300 if other == number else 0x400, 0)
    for enabled, passes in ((1 << number, True), (7 ^ 1 << number, False)):
        node.set(ACF_EN, enabled)
        node.queue(0x300)
        node.bench.clock.advance(FRAME * BIT)
        assert bool(node.take_all()) == passes


@pytest.mark.parametrize(
    ("mask", "standard", "extended"),
    [
        (1 << 30, True, False),  # AIDEE: which kind counts
        (1 << 30 | 1 << 29, False, True),
        (1 << 29, True, True),
        (0, True, True),
    ],
)
def test_which_kind_of_identifier_a_filter_takes(mask: int, standard: bool, extended: bool) -> None:
    for control, passes in ((0, standard), (EXTENDED, extended)):
        node = Node()
        node.filter(0, 0x123, mask)
        node.queue(0x123, b"", control)
        node.bench.clock.advance(100 * BIT)
        assert bool(node.take_all()) == passes


@pytest.mark.parametrize("bit", range(29))
def test_every_bit_of_an_identifier_counts(bit: int) -> None:
    """29 of an extended one, 11 of a standard one: a bit of the mask leaves it out."""
    for control, width in ((EXTENDED, 29), (0, 11)):
        for mask in (0, 1 << bit):
            node = Node()
            node.filter(0, 0x1FFF_FFFF ^ 1 << bit, mask)
            node.queue(0x1FFF_FFFF if control else 0x7FF, b"", control)
            node.bench.clock.advance(100 * BIT)
            assert bool(node.take_all()) == (bool(mask) or bit >= width)


@pytest.mark.parametrize("bit", range(1, 8))
def test_each_flag_has_its_enable_bit(bit: int) -> None:
    """RTIE beside RTIF; AIF, bit 0, has none."""
    node = Node()
    for identifier in range(18):
        node.queue(identifier)
        node.bench.clock.advance(FRAME * BIT)
    node.can.RTIF = 1 << bit
    node.set(RTIE, 1 << bit)
    assert node.can.IRQ.level
    node.set(RTIE, 0xFE & ~(1 << bit))
    assert not node.can.IRQ.level
    node.set(RTIE, 1 << bit)
    node.set(RTIF, 0xFF ^ 1 << bit)
    assert node.can.IRQ.level
    node.set(RTIF, 1 << bit)
    assert not node.can.IRQ.level


@pytest.mark.parametrize(
    ("offset", "size"), [(0, 4), (0x4C, 4), (0x98, 4), (0xB0, 1), (0xB2, 1), (0xB3, 1)]
)
def test_a_store_to_what_can_only_be_read_changes_nothing(offset: int, size: int) -> None:
    node = Node()
    before = node.can.save()
    node.can.write(offset, (1 << 8 * size) - 1, size)
    assert node.can.save() == before
    assert node.can.read(TBUF) == 0
