"""What the guest's clock takes for a wait, and what ends it: no shortcut changes what is read."""

from __future__ import annotations

import random
from typing import Any

import pytest
from time_source import Source

from xipsim.engines.guest.access import window_access
from xipsim.engines.guest.clock import GuestClock
from xipsim.peripherals.core import Model, Region, Unanswered
from xipsim.peripherals.core.testing import Bench

TURN, OTHER_TURN = 74, 100
EIGHT = 8
"""Polls that are made of each operation."""


class Core:
    """Asks the same question in a loop, on a clock that stalls."""

    def __init__(self) -> None:
        self.source = Source()
        self.clock = GuestClock(self.source, guard=_raise, stalls=True)
        self.exception = 0
        self.clock.questions.level = lambda: self.exception

    def polls(self, count: int, turn: int = TURN, access: int = 0) -> list[bool]:
        """Whether each of them stalled. access: ns that the bus makes another access last."""
        stalled = []
        for _ in range(count):
            self.clock.question("flag")
            stalled.append(self.source.held)
            self.source.advance(turn)
            if access:
                self.clock.lasts(self.source.now + access)
        return stalled

    def waits(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.clock.questions.waits.told()["found"]
        return found


def _raise(error: BaseException) -> None:
    raise error


def until_it_stalls(core: Core, most: int = 200) -> None:
    """A wait that has taken so long that a sixteenth of it is a stall."""
    assert any(core.polls(most))


def test_the_first_polls_are_made() -> None:
    core = Core()
    assert not any(core.polls(EIGHT - 1))


def test_a_loop_with_another_turn_is_another_wait() -> None:
    """Its first polls are made, as those of any operation: it may be one that ends at once."""
    core = Core()
    until_it_stalls(core)
    core.polls(1, OTHER_TURN)
    assert not any(core.polls(EIGHT - 1, OTHER_TURN))
    assert any(core.polls(200, OTHER_TURN))
    assert [wait["waits"] for wait in core.waits()] == [2]


def test_a_handler_that_asks_once_does_not_stall() -> None:
    """It would stand still until the next interrupt, in the middle of a handler."""
    core = Core()
    until_it_stalls(core)
    while not core.polls(1)[0]:
        pass
    assert core.polls(1) == [False], "the answer behind a stall is new: the one after it is not"
    core.exception = 15
    assert core.polls(1) == [False]
    core.exception = 0
    assert any(core.polls(50)), "the loop that it has interrupted goes on"


def test_no_stall_is_longer_than_a_millisecond_where_the_end_is_unknown() -> None:
    """A loop that gives up after so many polls would see time grow by 1/16 with each."""
    core = Core()
    longest = 0
    while core.source.now < 100_000_000:
        before = core.source.now
        core.polls(1)
        longest = max(longest, core.source.now - before)
    assert longest == 1_000_000 + TURN


@pytest.mark.parametrize("access", [0, 1_000])
def test_the_report_tells_the_polls_of_silicon(access: int) -> None:
    """As many as fit into the wait: a turn takes its instructions, and what its accesses take."""
    core = Core()
    core.polls(400, access=access)
    began = core.waits()[0]["first"]
    turns = (core.source.now - began) / (TURN + access)
    assert core.waits()[0]["polls"] == pytest.approx(400, abs=2)
    assert turns > 3 * 400, "it stalled"
    assert core.waits()[0]["on_silicon"] == pytest.approx(turns, rel=0.02)


def test_what_is_polled_is_known_while_it_is() -> None:
    core = Core()
    core.polls(EIGHT - 1)
    assert core.clock.questions.polled() == [], "no wait yet"
    until_it_stalls(core)
    assert core.clock.questions.polled() == ["flag"]
    core.source.advance(1_000_000)
    assert core.clock.questions.polled() == [], "the firmware does something else by now"
    until_it_stalls(core)
    core.clock.questions.asked = None
    assert core.clock.questions.polled() == [], "an access that belongs to no wait"


@pytest.mark.parametrize(("wfi", "sleeps"), [(True, True), (False, False)])
def test_an_interrupt_that_came_before_ends_wfe_but_not_wfi(wfi: bool, sleeps: bool) -> None:
    """Armv7-M, B1.5.18: an exception sets the event register; WFI does not look at it."""
    core = Core()
    core.clock.alarm(lambda: None).at(1_000)
    core.clock.wake()
    core.clock.sleep(wfi)
    assert core.source.halted is sleeps
    assert core.source.now == 0, "no time was passed over"


def test_wfe_consumes_the_event() -> None:
    core = Core()
    core.clock.alarm(lambda: None).at(1_000)
    core.clock.wake()
    core.clock.sleep(False)
    assert core.source.now == 0
    core.clock.sleep(False)
    assert core.source.now == 1_000


def test_an_interrupt_that_ends_wfe_ends_the_question() -> None:
    core = Core()
    core.clock.alarm(core.clock.wake).at(1_000)
    core.clock.questions.asked = "a question"
    core.clock.sleep(False)
    assert not core.source.halted, "the time was passed over"
    core.source.advance(1)
    assert core.clock.questions.asked is None


def test_nothing_is_passed_over_where_nothing_will_come() -> None:
    core = Core()
    core.clock.sleep(False)
    assert core.source.halted
    assert core.source.now == 0


class Behind(Model):
    """A window with a byte behind it."""

    WINDOW = Region("the byte")

    @WINDOW.on_read
    def _load(self, offset: int, size: int) -> int:
        return 0

    @WINDOW.on_write
    def _store(self, offset: int, value: int, size: int) -> None:
        """Lost."""


@pytest.mark.parametrize("is_store", [False, True])
def test_an_access_to_a_window_ends_the_wait(is_store: bool) -> None:
    """What comes behind it is another operation, which may end at once: its polls are made."""
    core = Core()
    model = Behind(Bench().system)
    read, write = window_access(model, Behind.WINDOW, core.clock, lambda error, what: None)
    until_it_stalls(core)
    if is_store:
        write(None, 0, 1, 4)
    else:
        read(None, 0, 4)
    assert not any(core.polls(EIGHT - 1))


@pytest.mark.parametrize(
    ("pause", "polls", "exception", "told"),
    [
        (1_500, 1_000, 0, ["KPP"]),  # a loop of byte code
        (1_500, 999, 0, []),
        (5_000_000, 1_000, 0, ["KPP"]),  # one that sleeps meanwhile
        (25_000_000, 2_000, 0, []),  # now and then is no wait
        (1_000_000, 2_000, 15, []),  # nor is a look of an interrupt handler
    ],
)
def test_a_slow_loop_that_waits_in_vain_is_told_once(
    pause: int, polls: int, exception: int, told: list[str]
) -> None:
    """Whatever it does between its polls; a snapshot of it goes on where it was."""
    core = Core()
    core.exception = exception
    heard: list[str] = []
    clock = core.clock
    for part in (polls // 2, polls - polls // 2):
        clock.questions.hopeless = lambda what: heard.append(str(what))
        for _ in range(part):
            clock.question(Unanswered("KPP"))
            clock.questions.asked = None  # another access
            core.source.advance(pause)
        saved = clock.save()
        clock = GuestClock(core.source, guard=_raise, stalls=True)
        clock.questions.level = lambda: core.exception
        clock.load(saved)
    assert heard == told


def test_as_many_addresses_as_a_scan_has_are_no_poll() -> None:
    core = Core()
    heard: list[str] = []
    core.clock.questions.hopeless = lambda what: heard.append(str(what))
    for _ in range(2_000):
        for address in range(17):
            core.clock.question(Unanswered(hex(address)))
            core.source.advance(TURN)
    assert heard == []


@pytest.mark.parametrize("seed", range(40))
def test_turns_told_together_are_turns_made_one_by_one(seed: int) -> None:
    """By length, accesses that took time, and what another question has to do with it."""
    choose = random.Random(seed)
    turn, taken, began = choose.choice((8, 300, 1_900)), choose.choice((0, 83)), 10_000
    gaps = [choose.choice((turn,) * 9 + (turn // 2, turn * 20)) for _ in range(EIGHT - 2)]
    times = [began + sum(gaps[: n + 1]) + taken * (n + 1) for n in range(len(gaps))]

    def saved(*pieces: int) -> dict[str, Any]:
        """When so many were told at a time, or made."""
        source = Source()
        clock, left = GuestClock(source, _raise, stalls=True), list(times)
        source.now = began - 100 * (seed & 1)
        clock.question("other")
        source.now = began
        clock.question("flag", 10**9)
        for piece in pieces:
            clock.questions.asked_again(left[:piece], taken)
            del left[:piece]
        for source.now in left:
            clock.count_as_taken(taken)
            clock.question("flag", 10**9)
        return clock.save()

    made = saved()
    assert saved(1, 1, 1) == saved(2, 3) == saved(4) == saved(6) == made
