"""A page is one passage, from the poll that finds its chip ready to the poll that stalls: what the
program's command begins in the chip begins when that is over, as of then, and nothing tells.

MicroPython's driver for the i.MX RT programs pages, and something happens between two of them, or
within one: by a model that makes each access, and with a player.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from driven_core import ENABLE, ERASE, PROGRAM, STATUS, TICK, Core, FlexSpiDriver
from test_passages import NEVER, PlayedDriver, both, look, lost_after, set_up

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.bus import Transaction
from xipsim.peripherals.nor.chip import Chip

PAGE = 256
PAGES_TO_LEARN = 3
"""Their passages are seen, recorded, and played."""


def page(driver: FlexSpiDriver, address: int, data: bytes) -> None:
    """As MicroPython's driver does it, with the reset behind it."""
    driver.program(address, data)
    driver.restart()


def pages(driver: FlexSpiDriver, first: int, count: int, seed: int = 0) -> None:
    choose = random.Random(seed)
    for number in range(first, first + count):
        page(driver, PAGE * number, choose.randbytes(PAGE))


def made_by_the_model(driver: PlayedDriver) -> list[int]:
    """Offsets of the accesses that come to the model from now on."""
    offsets: list[int] = []
    access = driver.player.access

    def counted(model: Any, offset: int, size: int, value: Any, make: Callable[[], Any]) -> int:
        def made() -> Any:
            offsets.append(offset)
            return make()

        return access(model, offset, size, value, made)

    driver.player.access = counted  # type: ignore[method-assign]
    return offsets


def test_the_player_answers_each_access_of_a_page() -> None:
    """Also the first behind the poll that has stalled."""
    driver = PlayedDriver(Core(tick=NEVER, masked=True))
    pages(driver, 0, PAGES_TO_LEARN)
    made = made_by_the_model(driver)
    pages(driver, PAGES_TO_LEARN, 10)
    assert not made


def test_pages_are_what_was_sent_this_time() -> None:
    def run(driver: FlexSpiDriver) -> bytes:
        pages(driver, 0, 6)
        return driver.chip.read(0, 6 * PAGE)

    driver = both(run)
    choose = random.Random(0)
    assert driver.chip.read(0, 6 * PAGE) == b"".join(choose.randbytes(PAGE) for _ in range(6))


def test_whoever_asks_later_is_told_where_a_page_was_programmed_from() -> None:
    """By the code that found the end of the command, not by what was under way later."""
    driver = both(lambda d: [pages(d, 0, 5), d.chip.last_change(0)])
    assert "by the code at" in str(driver.chip.last_change(0))


# -- what the chip cannot promise -----------------------------------------------------------------


def cycle(*opcodes: int) -> Callable[[FlexSpiDriver], None]:
    """From elsewhere, as of a second master."""

    def send(driver: FlexSpiDriver) -> None:
        for opcode in opcodes:
            driver.chip.transfer(Transaction(opcode=opcode))
            driver.core.execute(20_000)

    return send


def registers(*values: int) -> Callable[[FlexSpiDriver], None]:
    """Volatile values of the status registers."""

    def write(driver: FlexSpiDriver) -> None:
        sr: list[int] = driver.chip.maker.volatile.sr  # type: ignore[attr-defined]
        sr[: len(values)] = values

    return write


def suspend(driver: FlexSpiDriver) -> None:
    """An erase elsewhere."""
    chip = driver.chip
    chip.transfer(Transaction(opcode=0x06))
    chip.transfer(Transaction(opcode=0x20, address=0x10_0000, address_bits=24))
    driver.core.execute(100_000)
    chip.transfer(Transaction(opcode=0x75))
    driver.core.execute(100_000)


def wear(driver: FlexSpiDriver) -> None:
    driver.chip.counters.erases.update(dict.fromkeys(range(16), driver.chip.row.endurance))


def pulse_reset(driver: FlexSpiDriver) -> None:
    driver.chip.on_input(0, False)
    driver.chip.on_input(0, True)
    driver.core.execute(100_000)


ACCIDENTS: dict[str, Callable[[FlexSpiDriver], None]] = {
    "the page is protected": registers(0x24),
    "another page is protected": registers(0x04),
    "CMP": registers(0x00, 0x42),
    "WPS": registers(0x00, 0x02, 0x64),
    "QE is 0": registers(0x00, 0x00),
    "cells fail": lambda d: d.chip.fail_program(PAGE * 6, 3),
    "stuck busy": lambda d: d.chip.stuck_busy(),
    "stuck WEL": lambda d: d.chip.stuck_wel(),
    "worn": wear,
    "suspended": suspend,
    "power-down": cycle(0xB9),
    "software reset enabled": cycle(0x66),
    "RESET# low": lambda d: d.chip.on_input(0, False),
    "RESET#": pulse_reset,
    "power lost": lambda d: d.chip.reset(ResetCause.POWER_ON),
    "cells changed": lambda d: d.chip.erase(PAGE * 6, 0x1000),
}


@pytest.mark.parametrize("erases", [False, True])
@pytest.mark.parametrize("what", ACCIDENTS)
def test_a_chip_that_is_not_what_it_was(what: str, erases: bool) -> None:
    """Between two pages, or two erases."""

    def work(driver: FlexSpiDriver, first: int) -> None:
        for number in range(first, first + 3):
            if erases:
                driver.erase(0x1000 * number)
                driver.restart()
            else:
                page(driver, PAGE * number, random.Random(number).randbytes(PAGE))

    def run(driver: FlexSpiDriver) -> None:
        work(driver, 0)
        driver.clock.stand_still()
        ACCIDENTS[what](driver)
        with lost_after(driver, 700):
            work(driver, 4)

    both(run)


@pytest.mark.parametrize("enables", [False, True])
def test_write_enable_that_is_left_out(enables: bool) -> None:
    """The chip then ignores the program, and says so; the status, too, is another one."""

    def run(driver: FlexSpiDriver) -> None:
        for number in range(12):
            if enables or number % 4:
                driver.begin(ENABLE, 0, 0)
                driver.end()
            driver.begin(PROGRAM, PAGE * number, PAGE)
            driver.send(bytes(range(PAGE)))
            driver.end()
            driver.wait()
            driver.restart()

    driver = both(run)
    told = [d.rule for d in driver.bench.diagnostics]
    assert told == ([] if enables else ["program-without-wel"] * 3)


def words_of(chip: Chip) -> list[int]:
    """When it has something to say, by the core's time: a run may end with that, so it is said at
    once."""
    said, diagnose, clock = [], chip.diagnose, chip.system.clock

    def noted(*arguments: Any, **facts: Any) -> None:
        said.append(clock.source.read())  # type: ignore[attr-defined]
        diagnose(*arguments, **facts)

    chip.diagnose = noted  # type: ignore[method-assign]
    return said


@pytest.mark.parametrize(
    ("addresses", "size", "rules"),
    [
        ((0x10, 0x110, 0x210), PAGE, {"page-wrap"}),
        ((0x10, 0x110, 0x210), 16, set()),
        ((0x1F8, 0x2F0, 0x3FC), 8, {"page-wrap"}),
        ((0x7F_FF00, 0x80_0000, 0x80_0100), PAGE, {"beyond-end"}),
        ((0x80_0000, 0x0000, 0xFF_FF00), PAGE, {"beyond-end"}),
        ((0x100_0000, 0x0100, 0x200), PAGE, set()),  # no chip select has it
    ],
)
def test_addresses_of_which_the_chip_has_something_to_say(
    addresses: tuple[int, ...], size: int, rules: set[str]
) -> None:
    """Among others: of a chip of 8 MB of which the controller is told that it had 16."""

    def run(driver: FlexSpiDriver) -> list[int]:
        said = words_of(driver.chip)
        set_up(driver, FlexSpi.FLSHCR0, 16384)
        for number in range(PAGES_TO_LEARN):
            page(driver, 0x1000 + PAGE * number, bytes(size))
        for number, address in enumerate(addresses):
            with lost_after(driver, 1000):
                page(driver, address, random.Random(number).randbytes(size))
            page(driver, 0x2000 + PAGE * number, bytes(size))
        return said

    driver = both(run)
    assert {d.rule for d in driver.bench.diagnostics} - {"ip-command-error"} == rules


def test_addresses_of_words() -> None:
    """FLSHxxCR1.WA: the chip is sent half of them, so pages lie elsewhere in its own pages."""

    def run(driver: FlexSpiDriver) -> list[int]:
        said = words_of(driver.chip)
        set_up(driver, FlexSpi.FLSHCR1, 0x463)
        for address in (0x200, 0x400, 0x600, 0x800, 0x300, 0xA00, 0x500):
            page(driver, address, bytes(PAGE))
        return said

    assert [d.rule for d in both(run).bench.diagnostics] == ["page-wrap"] * 2


@pytest.mark.parametrize("triggers", [False, True])
def test_an_address_for_the_next_command_is_not_that_of_this_one(triggers: bool) -> None:
    """IPCR0 is written while the program is under way, and IPCMD with TRG 0."""

    def run(driver: FlexSpiDriver) -> list[int]:
        said = words_of(driver.chip)
        for address in (0x1000, 0x1100, 0x1200, 0x1300, 0x1410, 0x1500, 0x1610):
            driver.begin(ENABLE, 0, 0)
            driver.end()
            driver.begin(PROGRAM, address, PAGE)
            driver.write(FlexSpi.IPCR0, 0x2000)
            if triggers:
                driver.write(FlexSpi.IPCMD, 0)
            driver.send(bytes(PAGE))
            driver.end()
            driver.wait()
            driver.restart()
        return said

    driver = both(run)
    assert driver.chip.read(0x1000, 0x110) == bytes(0x110)
    assert driver.chip.read(0x2000, PAGE) == b"\xff" * PAGE


def test_two_chips_that_begin_one_behind_the_other() -> None:
    """Each from another place in the code; the driver waits for the second one."""

    def run(driver: FlexSpiDriver) -> list[Any]:
        begin = driver.begin
        driver.begin = lambda s, a, n: begin(s, a or 0x80_0000, n)  # type: ignore[method-assign]
        chip = Chip(driver.bench.system, name="b", part="W25Q64JV-IM", qe=1)
        driver.controller.chips[1] = chip
        chip.watch(driver.controller._ahb.xip)
        set_up(driver, FlexSpi.FLSHCR0, 8192, 1)
        driver.write(FlexSpi.FLSHCR2, PROGRAM, 1)  # no read: none of it is seen in the window
        for number in range(6):
            for start in (0, 0x80_0000):
                driver.begin(ENABLE, start + 1, 0)
                driver.end()
                driver.begin(ERASE, start + 0x1000 * (1 + number), 0)
                driver.end()
            driver.wait()
        return [c.last_change(0x6000) for c in (driver.chip, chip)]

    both(run)


def test_a_command_that_no_chip_hears_gives_the_window_back() -> None:
    """At once: what is read then is read natively, in no time."""

    def run(driver: FlexSpiDriver) -> list[int]:
        set_up(driver, FlexSpi.FLSHCR0, 8192, 1)
        times = []
        for number in range(6):
            driver.begin(ENABLE, 0x80_0000, 0)
            driver.end()
            driver.begin(ERASE, 0x80_0000 + 0x1000 * number, 0)
            driver.end()
            window: Any = driver.controller.window
            times.append(all(segment.is_native for segment in window.segments))
        return times

    both(run)


@pytest.mark.parametrize("other", ["W25Q64JV-IM", "W25Q16JV-IQ", "IS25LX128"])
def test_two_chips_with_other_times(other: str) -> None:
    """A1, and A2 with the greatest times of its sheet: pages in any order."""

    def run(driver: FlexSpiDriver) -> dict[str, Any]:
        chip = Chip(driver.bench.system, name="b", part=other, qe=None, times="maximum")
        driver.controller.chips[1] = chip
        chip.watch(driver.controller._ahb.xip)
        set_up(driver, FlexSpi.FLSHCR0, 2048, 1)
        choose = random.Random(other)
        for number in range(14):
            start = choose.choice((0, 0, 0x80_0000))
            with lost_after(driver, 1000):
                page(driver, start + PAGE * number, choose.randbytes(PAGE))
        return chip.save()

    both(run)


@pytest.mark.parametrize("polls", [1, 10])
def test_polls_that_send_the_address_of_their_page(polls: int) -> None:
    """Or the first one of a wait does: the chip does not look at it, but the controller has it."""

    def run(driver: FlexSpiDriver) -> list[Any]:
        begin, seen = driver.begin, []

        def poll(sequence: int, address: int, size: int) -> None:
            nonlocal left
            if sequence == STATUS:
                left -= 1
                address = at if left >= 0 else 0
            begin(sequence, address, size)

        driver.begin = poll  # type: ignore[method-assign]
        see = driver.clock.engine_alarm(lambda: seen.append(driver.controller.save()))
        if isinstance(driver, PlayedDriver):
            timer = driver.core.timers[-1]
            timer.fire = driver._ending(timer.fire)
        for number in range(7):
            left, at = polls, 0x100 * (1 + number // 5)
            see.at(driver.core.now + 200_000)
            page(driver, PAGE * number, bytes(range(PAGE)))
        return seen

    both(run)


# -- the end of what was begun, and whoever looks before -------------------------------------------


@pytest.mark.parametrize("pause", [199_000, 200_000, 500_000])
@pytest.mark.parametrize("behind", [1, 5, 14])
def test_an_operation_ends_in_its_time(pause: int, behind: int) -> None:
    """Also where the driver makes no access then, within what is played: it takes 400 us."""

    def run(driver: FlexSpiDriver) -> None:
        pages(driver, 0, PAGES_TO_LEARN)
        for number in range(1):
            driver.begin(ENABLE, 0, 0)
            driver.end()
            driver.begin(PROGRAM, 0x1000 + PAGE * number, PAGE)
            driver.send(bytes(range(PAGE)))
            driver.end()
            read, left = driver._read, behind

            def pausing(*arguments: Any, read: Any = read, driver: Any = driver) -> int:
                nonlocal left
                left -= 1
                if left == 0:
                    driver.core.execute(pause)
                return read(*arguments)  # type: ignore[no-any-return]

            driver._read = pausing
            driver.wait()
            driver._read = read
            driver.restart()

    ended = 0

    def counted(driver: FlexSpiDriver) -> None:
        nonlocal ended
        engine: Any = driver.chip._engine
        finish = engine.finish

        def count() -> None:
            nonlocal ended
            ended += driver.chip.busy or 1000
            finish()

        engine.finish = count
        run(driver)

    driver = both(counted)
    assert ended == 2 * driver.chip.counters.operations


ONE_PAGE = 330
"""Accesses, with the polls before the stall and behind it, and what leads to the next one."""


def within(driver: FlexSpiDriver, accesses: int) -> None:
    """So many accesses of a page that the player knows."""
    pages(driver, 0, PAGES_TO_LEARN)
    with lost_after(driver, accesses):
        pages(driver, PAGES_TO_LEARN, 2, seed=accesses)


@pytest.mark.parametrize(
    "accesses", [40, 100, *range(156, 190, 3), *range(190, ONE_PAGE, 29)]
)
def test_whoever_looks_sees_what_was_done(accesses: int) -> None:
    """And all goes on from there."""

    def run(driver: FlexSpiDriver) -> Any:
        within(driver, accesses)
        seen = look(driver), driver.chip.status(), driver.chip.stats()
        with lost_after(driver, 400):
            driver.wait()
        driver.core.execute(1_000_000)
        return seen

    both(run)


@pytest.mark.parametrize("accesses", [178, 215])
@pytest.mark.parametrize("what", ACCIDENTS)
def test_what_happens_within_a_page(what: str, accesses: int) -> None:
    """As in the middle of a page: a fault, a cut of the power."""

    def run(driver: FlexSpiDriver) -> None:
        within(driver, accesses)
        driver.clock.stand_still()
        ACCIDENTS[what](driver)
        driver.core.execute(100)
        with lost_after(driver, 500):
            driver.wait()
            pages(driver, 20, 1)

    both(run)


@pytest.mark.parametrize("at", range(0, 9_000, 900))
def test_an_alarm_of_the_engine_finds_what_was_done(at: int) -> None:
    """At any time within the pages: a user's goal, say."""

    def run(driver: FlexSpiDriver) -> list[Any]:
        seen: list[Any] = []
        alarm = driver.clock.engine_alarm(
            lambda: seen.append((driver.core.now, driver.chip.status(), driver.chip.stats()))
        )
        if isinstance(driver, PlayedDriver):
            timer = driver.core.timers[-1]
            timer.fire = driver._ending(timer.fire)
        pages(driver, 0, PAGES_TO_LEARN)
        alarm.at(driver.core.now + at)
        pages(driver, PAGES_TO_LEARN, 1)
        return seen

    both(run)


@pytest.mark.parametrize("seed", range(3))
def test_pages_and_erases_in_any_order(seed: int) -> None:
    """With sizes of which some pages are, and a tick that is masked, or is not."""

    def run(driver: FlexSpiDriver) -> None:
        choose = random.Random(seed)
        driver.core.masked = bool(seed & 1)
        for _ in range(20):
            address = choose.randrange(0x40) * PAGE
            if choose.random() < 0.3:
                driver.begin(ENABLE, 0, 0)
                driver.end()
                driver.begin(ERASE, address, 0)
                driver.end()
                driver.wait()
                driver.restart()
            else:
                page(driver, address, choose.randbytes(choose.choice((PAGE, PAGE, 128, 8, 1))))

    both(run, tick=(700, 5000, TICK)[seed % 3])


def test_an_alarm_that_somebody_has_set_is_set_once() -> None:
    """Its timer, by the player; the next time it is set here again."""
    driver = FlexSpiDriver(Core(tick=NEVER, masked=True))
    fired: list[int] = []
    alarm = driver.clock.alarm(lambda: fired.append(driver.core.now))
    timer: Any = driver.core.timers[-1]
    alarm.expect(5000)
    alarm.at(5000)
    assert (alarm.deadline, timer.deadline) == (5000, -1)
    alarm.cancel()
    alarm.at(5000)
    assert timer.deadline == 5000
    driver.core.execute(10_000)
    assert fired == [5000]
    alarm.expect(50_000)
    alarm.at(60_000)
    assert timer.deadline == 60_000
