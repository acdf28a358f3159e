"""A stall in which nothing comes passes within the access that begins it, and nothing tells.

MicroPython's driver for the i.MX RT programs pages, by a model that makes each access, and with a
player: the chip is told of each page when the last poll before the stall is made, and if nothing
comes before it is done, that is the end of the stall, too.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from driven_core import TICK, Core, FlexSpiDriver, Witness
from test_passages import NEVER, PlayedDriver, both
from test_passages_operations import PAGES_TO_LEARN, made_by_the_model, pages

from xipsim.engines.guest.cortexm import next_pc
from xipsim.peripherals.nor.bus import SpiDevice
from xipsim.peripherals.nor.chip import Chip

PROGRAM = 400_000
"""ns that a page takes in the chip."""


def learned(driver: FlexSpiDriver) -> None:
    """Let it know what a page is; counts begin here."""
    pages(driver, 0, PAGES_TO_LEARN)
    driver.core.skipped = 0


class Watcher:
    """Calls a function when the state of a chip has changed."""

    def __init__(self, chip: Chip, changed: Callable[[], None]) -> None:
        self._changed = changed
        chip.watch(self)

    def array_changed(self, _chip: SpiDevice, _address: int, _length: int) -> None:
        """Whatever."""

    def state_changed(self, _chip: SpiDevice) -> None:
        self._changed()

    operation_began = state_changed

    def operation_ended(self, chip: SpiDevice, _address: int, _length: int) -> None:
        self.state_changed(chip)


def ends(driver: FlexSpiDriver) -> list[int]:
    """When the chip is ready again, from now on."""
    times: list[int] = []
    chip = driver.chip

    def changed() -> None:
        if not chip.busy:
            times.append(driver.clock.now)

    Watcher(chip, changed)
    return times


def ends_of(count: int) -> Callable[[FlexSpiDriver], list[int]]:
    """When the chip is ready again, for so many pages of a driver that has learned."""

    def run(driver: FlexSpiDriver) -> list[int]:
        learned(driver)
        times = ends(driver)
        pages(driver, PAGES_TO_LEARN, count)
        return times

    return run


def test_each_stall_with_nothing_in_it() -> None:
    assert both(ends_of(5)).core.skipped == 5


def test_ticks_that_the_driver_has_masked_come_in_their_time() -> None:
    driver = both(ends_of(20), tick=TICK // 3)
    ticks = driver.core.now // TICK
    assert 20 - ticks <= driver.core.skipped < 20


@pytest.mark.parametrize("before", [PROGRAM // 2, 1, 0, -1])
@pytest.mark.parametrize("is_engines", [True, False])
def test_an_alarm_comes_in_its_time(before: int, is_engines: bool) -> None:
    """Somewhere in a stall, and about its end: the run may end there, or another model does
    something."""

    def run(driver: FlexSpiDriver) -> Any:
        learned(driver)
        times, seen = ends(driver), []
        pages(driver, PAGES_TO_LEARN, 1)
        start = driver.core.now
        pages(driver, PAGES_TO_LEARN + 1, 1)
        end = times[1] + driver.core.now - start
        clock, chip = driver.clock, driver.chip
        make = clock.engine_alarm if is_engines else clock.alarm
        make(lambda: seen.append((clock.now, chip.busy))).at(end - before)
        driver.core.skipped = 0
        pages(driver, PAGES_TO_LEARN + 2, 2)
        assert times[2] == end
        assert [time for time, _ in seen] == [end - before]
        return times, seen

    assert both(run).core.skipped == 1 + (before < 0)


def test_an_alarm_that_may_be_late_comes_with_the_end() -> None:
    """And the next page is played all the same."""
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    learned(driver)
    times, late = ends(driver), []
    alarm = driver.clock.engine_alarm(lambda: late.append(driver.clock.now), is_patient=True)
    alarm.at(driver.core.now + PROGRAM // 2)
    timer: Any = alarm.timer
    timer.fire = driver._ending(timer.fire)
    made_by_hand = made_by_the_model(driver)
    pages(driver, PAGES_TO_LEARN, 2)
    assert late == times[:1]
    assert driver.core.skipped == 2
    assert not made_by_hand


@pytest.mark.parametrize("tick", [NEVER, TICK // 3])
def test_the_window_is_native_at_each_access_as_it_would_be(tick: int) -> None:
    """From a page's command to its end it is not; behind that, it shows what the chip holds."""

    def run(driver: FlexSpiDriver) -> list[tuple[int, bool]]:
        learned(driver)
        seen, execute, chip = [], driver.core.execute, driver.chip
        segment: Any = driver.controller.window.segments[0]

        def executed(instructions: int) -> None:
            execute(instructions)
            is_native = segment.is_native
            seen.append((driver.core.now, is_native))
            assert not is_native or not chip.busy
            assert not is_native or segment.bytes[:0x1000] == chip.array[:0x1000]

        driver.core.execute = executed  # type: ignore[method-assign]
        pages(driver, PAGES_TO_LEARN, 6)
        assert {is_native for _, is_native in seen} == {False, True}
        return seen

    driver = both(run, tick=tick)
    assert driver.core.skipped > 0


def test_who_will_look_behind_the_access_finds_it_stalled() -> None:
    def run(driver: FlexSpiDriver) -> list[int]:
        learned(driver)
        times = ends(driver)
        driver.clock.will_stand_still = lambda: True
        pages(driver, PAGES_TO_LEARN, 2)
        return times

    assert both(run).core.skipped == 0


def test_what_ends_then_comes_behind_the_access() -> None:
    """For whoever is told of its place."""
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    learned(driver)
    clock, found = driver.clock, []
    Watcher(driver.chip, lambda: found.append((driver.chip.busy, clock.is_behind)))
    pages(driver, PAGES_TO_LEARN, 1)
    assert (False, True) in found
    assert (True, True) not in found
    assert not clock.is_behind


def prove(driver: FlexSpiDriver) -> None:
    """Let its loop be known to count nothing."""
    driver.clock.questions.proofs.witness = witness = Witness(driver.core)
    if isinstance(driver, PlayedDriver):
        driver.player.witness = witness
    learned(driver)


def proven() -> PlayedDriver:
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    prove(driver)
    return driver


def asked_alone(driver: FlexSpiDriver) -> list[None]:
    """An element for each question that is not asked with the others of its wait."""
    questions, asked = driver.clock.questions, []
    turn = questions.proofs.turn

    def counted(*arguments: Any) -> Any:
        asked.append(None)
        return turn(*arguments)

    questions.proofs.turn = counted  # type: ignore[method-assign]
    return asked


def both_proven(run: Callable[[FlexSpiDriver], Any], tick: int = NEVER) -> None:
    def prove_and_run(driver: FlexSpiDriver) -> Any:
        prove(driver)
        return run(driver)

    both(prove_and_run, tick=tick)


def test_all_polls_before_a_stall_are_asked_at_once() -> None:
    driver = proven()
    asked = asked_alone(driver)
    pages(driver, PAGES_TO_LEARN, 5)
    assert not asked
    assert driver.core.skipped == 5


def test_a_loop_that_counts_now_makes_its_polls() -> None:
    driver = proven()
    asked, polls = asked_alone(driver), driver.polls
    witness: Any = driver.clock.questions.proofs.witness
    witness._counts = True
    pages(driver, PAGES_TO_LEARN, 1)
    assert asked
    assert driver.polls == polls + 9


@pytest.mark.parametrize("tick", [NEVER, TICK // 3])
def test_nothing_tells_that_they_were(tick: int) -> None:
    def run(driver: FlexSpiDriver) -> Any:
        pages(driver, PAGES_TO_LEARN, 20)
        return driver.clock.questions.waits.told()

    both_proven(run, tick)


POLL = 414
"""ns from one poll to the next."""


@pytest.mark.parametrize("is_engines", [True, False])
@pytest.mark.parametrize("poll", [1.5, 2.5, 3, 4.5, 7, 7.5, 40])
def test_what_comes_among_them_comes_in_its_time(poll: float, is_engines: bool) -> None:
    """Before that, the loop makes its polls, or the firmware does."""

    def run(driver: FlexSpiDriver) -> Any:
        times, seen = ends(driver), []
        pages(driver, PAGES_TO_LEARN, 1)
        first = next(c.time for c in driver.bench.commands if c.time > times[0] - PROGRAM)
        polls = [c.time for c in driver.bench.commands if c.time >= first and c.opcode == 5]
        assert {later - time for time, later in pairwise(polls[:8])} == {POLL}
        start = driver.core.now
        pages(driver, PAGES_TO_LEARN + 1, 1)
        clock = driver.clock
        make = clock.engine_alarm if is_engines else clock.alarm
        due = driver.core.now + first - start + driver.core.now - start + round(poll * POLL)

        def comes() -> None:
            clock.stand_still()
            seen.append((clock.now, len(driver.bench.commands)))

        alarm = make(comes)
        alarm.at(due)
        if isinstance(driver, PlayedDriver):
            timer: Any = alarm.timer
            timer.fire = driver._ending(timer.fire)
        pages(driver, PAGES_TO_LEARN + 2, 2)
        assert [time for time, _ in seen] == [due]
        return seen, times, clock.questions.waits.told()

    both_proven(run)


class _Core:
    def __init__(self, code: bytes | None) -> None:
        self.pc, self._code = 0x100, code

    def read_memory(self, address: int, length: int) -> bytes | None:
        assert (address, length) == (self.pc, 2)
        return self._code


@pytest.mark.parametrize(
    "code, length",
    [
        (b"\x08\x60", 2),  # STR r0, [r1]
        (b"\xc1\xf8", 4),  # STR.W
        (b"\xff\xe7", 2),  # B
        (b"\x00\xe8", 4),
        (None, 2),
    ],
)
def test_where_the_core_goes_on(code: bytes | None, length: int) -> None:
    core: Any = _Core(code)
    assert next_pc(core) == 0x100 + length
