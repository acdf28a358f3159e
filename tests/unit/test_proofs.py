"""Loops of which it is proven that they count nothing: their driver makes fewer polls, and all that
can be seen is as if it had made them. What proves it is the tests' own; an engine's is compared by
the conformance tests."""

from __future__ import annotations

from itertools import pairwise

import pytest
from driven_core import TICK, Core, FlexSpiDriver, Seen, Witness
from test_passages import PlayedDriver
from test_turns import Drivers, OspiDriver

from xipsim.engines.guest.polling import QUESTIONS_BEFORE_STALL
from xipsim.engines.guest.proofs import COMPARED, TRIES

PAGES = 4


def run(
    drivers: Drivers,
    core: Core,
    witness: Witness | None = None,
    looks: tuple[int, ...] = (),
) -> tuple[Seen, list[int]]:
    """All that is to be seen of an erase and some pages, and how many polls the driver made of
    each."""
    driver = drivers(core, looks=looks)
    board = driver.board if isinstance(driver, OspiDriver) else driver
    board.clock.questions.proofs.witness = witness
    if isinstance(driver, PlayedDriver):
        driver.player.witness = witness
    polls = [0]
    driver.erase(0x1000)
    polls.append(driver.polls)
    for page in range(PAGES):
        driver.program(0x1000 + 256 * page, bytes(range(256)))
        polls.append(driver.polls)
    made = [after - before for before, after in pairwise(polls)]
    return driver.seen(driver.chip, driver.controller), made


ALL = [FlexSpiDriver, PlayedDriver, OspiDriver]


@pytest.mark.parametrize("drivers", ALL)
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("tick", range(700, 60_000, 6_395))
def test_no_trace_and_no_time_tells_who_made_the_polls(
    drivers: Drivers, masked: bool, tick: int
) -> None:
    core, other = Core(tick=tick, masked=masked), Core(tick=tick, masked=masked)
    seen, polls = run(drivers, core, Witness(core))
    all_seen, all_polls = run(drivers, other)
    assert seen == all_seen
    assert all(less <= more for less, more in zip(polls, all_polls, strict=True))


@pytest.mark.parametrize("drivers", ALL)
def test_what_was_proven_in_one_wait_holds_in_the_next(drivers: Drivers) -> None:
    core = Core(tick=TICK, masked=True)
    witness = Witness(core)
    _, polls = run(drivers, core, witness)
    assert witness.followed == 1
    assert max(polls[-2:]) <= COMPARED + 2, "two look at the end"


@pytest.mark.parametrize("drivers", ALL)
@pytest.mark.parametrize("lacks", ["counts", "writes"])
def test_a_driver_that_counts_makes_its_first_polls(drivers: Drivers, lacks: str) -> None:
    core = Core(tick=TICK, masked=True)
    _, polls = run(drivers, core, Witness(core, **{lacks: True}))
    assert min(polls) >= QUESTIONS_BEFORE_STALL


@pytest.mark.parametrize("look", range(1_000, 40_000, 1_339))
def test_an_alarm_among_the_first_polls_changes_nothing(look: int) -> None:
    """One of the user's, which no stall is shortened by."""
    looks = tuple(look + 7_919 * more for more in range(60))
    core, other = Core(tick=1_234, masked=True), Core(tick=1_234, masked=True)
    assert run(FlexSpiDriver, core, Witness(core), looks)[0] == run(
        FlexSpiDriver, other, looks=looks
    )[0]


def test_where_nothing_comes_of_it_no_more_is_tried() -> None:
    core = Core(tick=TICK, masked=True)
    driver = FlexSpiDriver(core)
    driver.clock.questions.proofs.witness = witness = Witness(core, writes=True)
    for page in range(TRIES + 3):
        driver.program(256 * page, bytes(256))
    assert witness.followed == TRIES


def test_behind_a_reset_it_may_be_another_program() -> None:
    core = Core(tick=TICK, masked=True)
    driver = FlexSpiDriver(core)
    driver.clock.questions.proofs.witness = witness = Witness(core)
    driver.erase(0)
    driver.clock.questions.proofs.clear()
    driver.program(0, bytes(256))
    assert witness.followed == 2
