"""A passage that ends early goes on as another one: a driver makes an erase where it has made a
page, or another model is accessed in between. By a model that makes each access, and with a player.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from driven_core import ENABLE, STATUS, TICK, Core, FlexSpiDriver
from test_passages import NEVER, PlayedDriver, both, lost_after
from test_passages_operations import PAGE, PAGES_TO_LEARN, made_by_the_model, page, pages

from xipsim.engines.guest.repertoire import BRANCHES, OFTEN, TRIES
from xipsim.peripherals.imxrt.flexspi import FlexSpi

SECTOR = 0x1000
ERASES_TO_LEARN = OFTEN + 2
"""Seen often, recorded, and played."""


def erase(driver: FlexSpiDriver, address: int) -> None:
    driver.erase(address)
    driver.restart()


def blocks(driver: FlexSpiDriver, first: int, count: int) -> None:
    """Each of them erased, and a page of it programmed."""
    for number in range(first, first + count):
        erase(driver, SECTOR * number)
        pages(driver, SECTOR // PAGE * number, 2, seed=number)


def test_an_erase_between_pages_is_played() -> None:
    """Each access of it, and its address is another one each time."""
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    blocks(driver, 0, ERASES_TO_LEARN)
    made = made_by_the_model(driver)
    blocks(driver, ERASES_TO_LEARN, 4)
    assert not made


def test_erases_are_where_they_were_said_to_be() -> None:
    def run(driver: FlexSpiDriver) -> bytes:
        driver.chip.program(0, bytes(40 * SECTOR))
        blocks(driver, 0, ERASES_TO_LEARN)
        for sector in (30, 9, 17):
            erase(driver, SECTOR * sector)
            pages(driver, 200, 1)
        return driver.chip.read(0, 40 * SECTOR)

    both(run)


@pytest.mark.parametrize("address", [0x7F_F000, 0x7F_FFFF, 0x80_0000, 0xFFFF_F000, 0x12_3456])
def test_addresses_of_erases(address: int) -> None:
    """Also where there is no chip: the address comes before what ends the page's passage."""

    def run(driver: FlexSpiDriver) -> None:
        blocks(driver, 0, ERASES_TO_LEARN)
        with lost_after(driver, 600):
            erase(driver, address)
        with lost_after(driver, 600):
            pages(driver, 200, 1)

    both(run)


def disturbed(driver: FlexSpiDriver, at: int, disturb: Callable[[FlexSpiDriver], object]) -> None:
    """That comes before the access of this number, from now on."""
    read, write, left = driver._read, driver._write, at

    def before(access: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1:
                disturb(driver)
            return access(*arguments)

        return made

    driver._read, driver._write = before(read), before(write)


def touch(driver: FlexSpiDriver) -> None:
    """Another model is accessed, by the core."""
    if isinstance(driver, PlayedDriver):
        driver.player.end()
    driver.clock.questions.asked = None


def ask(driver: FlexSpiDriver) -> None:
    """Which asks something, of which the answer is known."""
    touch(driver)
    driver.clock.question("what time is it", driver.core.now + 30_000)


def look(driver: FlexSpiDriver) -> None:
    driver.clock.stand_still()


@pytest.mark.parametrize("disturb", [touch, ask, look])
@pytest.mark.parametrize("at", [0, 1, 9, 10, 14, 15, 20, 100, 170, 180, 200, 250])
def test_what_comes_between_two_accesses(at: int, disturb: Callable[[FlexSpiDriver], None]) -> None:
    def run(driver: FlexSpiDriver) -> None:
        pages(driver, 0, PAGES_TO_LEARN)
        for number in range(PAGES_TO_LEARN, PAGES_TO_LEARN + OFTEN + 4):
            disturbed(driver, at, disturb)
            pages(driver, number, 1)

    both(run, tick=TICK // 3)


@pytest.mark.parametrize("disturb", [touch, ask])
def test_a_page_behind_another_models_access_is_played(
    disturb: Callable[[FlexSpiDriver], None],
) -> None:
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    pages(driver, 0, PAGES_TO_LEARN)
    for number in range(PAGES_TO_LEARN, PAGES_TO_LEARN + OFTEN + 2):
        disturbed(driver, 1, disturb)
        pages(driver, number, 1)
    made = made_by_the_model(driver)
    disturbed(driver, 1, disturb)
    pages(driver, 60, 1)
    assert not made


def checked(driver: FlexSpiDriver, address: int) -> None:
    """Write enable, and whether that is so, of which the address does not matter."""
    driver.begin(ENABLE, 0, 0)
    driver.end()
    driver.begin(STATUS, address, 1)
    driver.end()
    driver.read(FlexSpi.RFDR)
    driver.write(FlexSpi.INTR, 0x20)


def in_turns(driver: FlexSpiDriver, first: int, count: int) -> None:
    """Behind a write enable comes a look, a page, or an erase."""
    for number in range(first, first + count):
        checked(driver, SECTOR * number)
        checked(driver, SECTOR * number)
        erase(driver, SECTOR * number)
        checked(driver, SECTOR * number)
        pages(driver, SECTOR // PAGE * number, 1)


def test_what_goes_on_in_more_ways_than_one_is_played() -> None:
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    in_turns(driver, 0, 30)
    made = made_by_the_model(driver)
    in_turns(driver, 30, 4)
    assert not made


def test_what_comes_behind_another_models_access_may_be_one_or_the_other() -> None:
    """The next access tells: here which sequence of the LUT is to be sent."""
    driver, sequence = PlayedDriver(Core(tick=NEVER, masked=True)), 20

    def alternate(first: int, count: int) -> None:
        for number in range(first, first + count):
            disturbed(driver, sequence, touch)
            erase(driver, SECTOR * number)
            disturbed(driver, sequence, touch)
            pages(driver, SECTOR // PAGE * number, 1)

    pages(driver, 0, PAGES_TO_LEARN)
    alternate(1, 20)
    made = made_by_the_model(driver)
    alternate(21, 4)
    assert not made


@pytest.mark.parametrize("erases", [True, False])
@pytest.mark.parametrize(
    "address", [0x6_0000, 0x6_0005, 0x7F_FFFC, 0x7F_FF00, 0x80_0000, 0xFFFF_FF00]
)
def test_addresses_that_were_written_before(address: int, erases: bool) -> None:
    """What goes on begins behind that, and is not the same for all of them."""

    def run(driver: FlexSpiDriver) -> bytes:
        in_turns(driver, 0, 30)
        with lost_after(driver, 1000):
            if erases:
                erase(driver, address)
            else:
                page(driver, address, bytes(range(PAGE)))
        return driver.chip.read(0, driver.chip.size)

    both(run)


def test_whoever_looks_may_change_what_comes() -> None:
    """So none begins where one has ended that way."""
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    pages(driver, 0, PAGES_TO_LEARN + 1)
    with lost_after(driver, 3):
        pages(driver, 60, 1)
    touch(driver)
    assert driver.player.expected is driver.controller.regs
    driver.clock.stand_still()
    assert driver.player.expected is None


def test_a_state_with_many_ways_to_go_on() -> None:
    """More than are remembered: commands of any length behind a write enable."""

    def run(driver: FlexSpiDriver) -> None:
        choose = random.Random(1)
        for _ in range(40):
            driver.begin(ENABLE, 0, 0)
            driver.end()
            kind = choose.randrange(BRANCHES + TRIES + 2)
            if kind == 0:
                driver.erase(SECTOR * choose.randrange(20))
            elif kind == 1:
                page(driver, PAGE * choose.randrange(20), choose.randbytes(PAGE))
            else:
                driver.begin(STATUS, 0, kind)
                driver.end()
                driver.write(FlexSpi.IPRXFCR, 1)

    both(run)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_tells_that_they_went_on(seed: int) -> None:
    """Pages and erases in any order, with a tick, and what comes between their accesses."""

    def run(driver: FlexSpiDriver) -> Any:
        choose = random.Random(seed)
        driver.core.masked = bool(seed & 1)
        for _ in range(25):
            if choose.random() < 0.7:
                at = choose.choice((0, 1, 5, 12, choose.randrange(300)))
                disturbed(driver, at, choose.choice((touch, touch, ask, look)))
            if choose.random() < 0.3:
                erase(driver, SECTOR * choose.randrange(64))
            else:
                size = choose.choice((PAGE, PAGE, PAGE, 8))
                page(driver, PAGE * choose.randrange(0x400), choose.randbytes(size))
        return driver.clock.questions.waits.told()

    both(run, tick=(700, 5000, TICK)[seed % 3])
