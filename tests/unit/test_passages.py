"""Passages: with a player that answers what was answered before, nothing can be told from without.

MicroPython's driver for the i.MX RT, on a core of the test's own, does the same twice: by a model
that makes each access, and with a player, which has the part that `passages.c` has in QEMU.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from driven_core import ENABLE, ERASE, PROGRAM, STATUS, TICK, Core, FlexSpiDriver
from passage_player import Player

from xipsim.engines.guest.polling import QUESTIONS_BEFORE_STALL
from xipsim.engines.guest.repertoire import REMEMBERED
from xipsim.peripherals.core import Speaker
from xipsim.peripherals.imxrt.flexspi import FlexSpi


class PlayedDriver(FlexSpiDriver):
    """Whose accesses are answered by a player where that can."""

    def __init__(self, core: Core, *, looks: tuple[int, ...] = ()) -> None:
        super().__init__(core, looks=looks)
        self.player = player = Player(core)
        self.clock.passages.use(player)
        model, read, write = self.controller, self._read, self._write

        def play_read(handle: Any, offset: int, size: int) -> int:
            return player.access(model, offset, size, None, lambda: read(handle, offset, size))

        def play_write(handle: Any, offset: int, value: int, size: int) -> None:
            player.access(
                model, offset, size, value, lambda: write(handle, offset, value, size)
            )

        self._read, self._write = play_read, play_write
        for timer in core.timers:
            if timer is not core.tick:
                timer.fire = self._ending(timer.fire)

    def _ending(self, fire: Callable[[], None]) -> Callable[[], None]:
        def end_and_fire() -> None:
            self.player.end()
            fire()

        return end_and_fire


Drivers = tuple[type[FlexSpiDriver], type[PlayedDriver]]
DRIVERS: Drivers = (FlexSpiDriver, PlayedDriver)
NEVER = 10_000 * TICK
READ, STATUS_2 = 0, 2
"""Sequences of the LUT."""
ACCESSES = 3000
"""Of one run: some accidents make the driver wait for ever."""


class LostError(Exception):
    """That has happened."""


def look(driver: FlexSpiDriver) -> Any:
    """All that somebody sees who lets the machine stand still."""
    driver.clock.stand_still()
    return (
        driver.core.now,
        driver.controller.save(),
        driver.chip.save() | {"memory": None},
        [driver.controller.peek(offset) for offset in range(0, 0x200, 4)],
        list(driver.bench.commands),
        list(driver.bench.events),
        driver.clock.save() | {"stall_end": None},
    )


def both(run: Callable[[FlexSpiDriver], Any], *, tick: int = NEVER) -> PlayedDriver:
    """Do that with either driver; nothing may tell. Returns the one that is played."""
    seen, driver = [], None
    for kind in DRIVERS:
        driver = kind(Core(tick=tick, masked=True))
        found = run(driver)
        seen.append((found, look(driver)))
    assert seen[0] == seen[1]
    assert isinstance(driver, PlayedDriver)
    return driver


def wander(driver: FlexSpiDriver, seed: int) -> list[Any]:
    """Commands in random order, with accidents; what was seen on the way, and in the end."""
    choose = random.Random(seed)
    plain_read, plain_write = driver.read, driver.write
    seen = []
    left = ACCESSES

    def accident() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise LostError
        if choose.random() < 0.004:
            seen.append(look(driver))
        elif choose.random() < 0.006:
            driver.core.execute(choose.choice((1, 7, 60, 1000)))
        elif choose.random() < 0.004:
            offset, size = choose.choice(((0x14, 2), (0xF4, 4), (0xA0, 4), (0, 4), (0x180, 4)))
            seen.append(driver._read(None, offset, size))
        elif choose.random() < 0.01:
            seen.append(driver.read_window(choose.choice((0, 0x1000, 0x8000))))
        elif choose.random() < 0.002:
            plain_write(FlexSpi.INTR, choose.choice((0x40, 0x20, 0x41)))
        elif choose.random() < 0.002:
            plain_write(FlexSpi.IPTXFCR, choose.choice((0, 1, 4, 5)))
        elif choose.random() < 0.001:
            plain_write(FlexSpi.INTEN, 1)
            plain_write(FlexSpi.INTEN, 0)

    def read(register: Any, index: int = 0) -> int:
        accident()
        return plain_read(register, index)

    def write(register: Any, value: int, index: int = 0) -> None:
        accident()
        plain_write(register, value, index)

    driver.read, driver.write = read, write  # type: ignore[method-assign]
    def command() -> None:
        address = choose.choice((0, 0x1000, 0x1100, 0x8000))
        kind = choose.randrange(6)
        if kind == 0:
            driver.erase(address)
        elif kind <= 3:
            length = choose.choice((256, 256, 256, 8, 12, 200, 1))
            for page in range(choose.choice((1, 1, 5))):
                driver.program(address + 256 * page, choose.randbytes(length))
                if seed & 4:
                    driver.restart()
        elif kind == 4:
            for _ in range(choose.randrange(1, 6)):
                driver.begin(STATUS, 0, 1)
                driver.end()
                seen.append(driver.read(FlexSpi.RFDR))
                driver.write(FlexSpi.INTR, 0x20)
        else:
            for _ in range(choose.randrange(1, 4)):
                driver.begin(ENABLE, 0, 0)
                driver.end()

    with contextlib.suppress(LostError):
        for _ in range(choose.randrange(4, 14)):
            command()
            seen.append(look(driver))
    seen.append(look(driver))
    return seen


@pytest.mark.parametrize("seed", range(60))
def test_nothing_tells_who_answers(seed: int) -> None:
    tick, masked = 700 + 395 * (seed % 9), bool(seed & 1)
    made = wander(FlexSpiDriver(Core(tick=tick, masked=masked)), seed)
    driver = PlayedDriver(Core(tick=tick, masked=masked))
    assert wander(driver, seed) == made


@contextlib.contextmanager
def lost_after(driver: FlexSpiDriver, accesses: int) -> Iterator[None]:
    """A driver may wait for ever; or is to come so far only."""
    read, write = driver._read, driver._write

    def counted(access: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            nonlocal accesses
            accesses -= 1
            if accesses < 0:
                raise LostError
            return access(*arguments)

        return made

    driver._read, driver._write = counted(read), counted(write)
    with contextlib.suppress(LostError):
        yield
    driver._read, driver._write = read, write


def page_up_to(driver: FlexSpiDriver, accesses: int) -> Any:
    """What is seen in the middle of the third page, behind so many of its accesses."""
    for page in range(2):
        driver.program(256 * page, bytes(256))
    driver.begin(ENABLE, 0, 0)
    driver.end()
    driver.begin(PROGRAM, 512, 256)
    with lost_after(driver, accesses):
        driver.send(bytes(range(256)))
        driver.end()
    return look(driver)


@pytest.mark.parametrize("accesses", [0, 1, 2, 3, 4, 63, 125, 126, 127, 128, 129, 130])
def test_whoever_looks_within_a_page_sees_what_was_done(accesses: int) -> None:
    """Alarms, too: with the last push it is known when the transfer ends."""
    tick = 100 * TICK
    made = page_up_to(FlexSpiDriver(Core(tick=tick, masked=True)), accesses)
    driver = PlayedDriver(Core(tick=tick, masked=True))
    assert page_up_to(driver, accesses) == made


def test_a_fifo_that_is_cleared_each_time_loses_what_it_held() -> None:
    """By a driver that gives the first words of each page up."""
    seen = []
    for kind in (FlexSpiDriver, PlayedDriver):
        driver = kind(Core(tick=100 * TICK, masked=True))
        for page in range(4):
            driver.begin(ENABLE, 0, 0)
            driver.end()
            driver.begin(PROGRAM, 256 * page, 256)
            driver.send(bytes(24))
            driver.write(FlexSpi.IPTXFCR, 1)
            driver.send(bytes(range(page, 240 + page)))
            driver.send(bytes(16))
            driver.end()
            driver.wait()
        seen.append(look(driver))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("watermark", [0, 1, 3, 7])
def test_pages_by_any_watermark(watermark: int) -> None:
    """TXWMRK, set once, as NXP's driver does: so many entries and one more with each push."""
    seen, pages = [], [random.Random(page).randbytes(256) for page in range(5)]
    block = 2 * (watermark + 1)
    for kind in (FlexSpiDriver, PlayedDriver):
        driver = kind(Core(tick=100 * TICK, masked=True))
        driver.write(FlexSpi.IPTXFCR, watermark << 2)
        for page, data in enumerate(pages):
            driver.begin(ENABLE, 0, 0)
            driver.end()
            driver.begin(PROGRAM, 256 * page, 256)
            words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 256, 4)]
            for first in range(0, 64, block):
                while not driver.read(FlexSpi.INTR) & 0x40:
                    pass
                for index, word in enumerate(words[first : first + block]):
                    driver.write(FlexSpi.TFDR, word, index)
                driver.write(FlexSpi.INTR, 0x40)
            driver.end()
            driver.wait()
        seen.append(look(driver))
        assert driver.chip.read(0, 5 * 256) == b"".join(pages)
    assert seen[0] == seen[1]
    assert driver.player.answered


def test_most_accesses_are_answered_by_the_player() -> None:
    """Of the fourth page and its polls; beside them, a command's start and the look at its end."""
    driver = PlayedDriver(Core(tick=100 * TICK, masked=True))
    for page in range(3):
        driver.program(256 * page, bytes(range(256)))
    before, count = driver.player.answered, 0
    access = driver.player.access

    def counted(*arguments: Any) -> int:
        nonlocal count
        count += 1
        return access(*arguments)

    driver.player.access = counted  # type: ignore[method-assign]
    driver.program(512, bytes(range(256)))
    assert driver.player.answered - before > 0.85 * count
    assert driver.chip.read(512, 256) == bytes(range(256))


def test_the_starts_of_a_waits_first_polls_are_answered_by_the_player() -> None:
    """All, with the one that stalls. That the wait before it asked, too, is no matter: the loop
    does not."""
    driver = PlayedDriver(Core(tick=100 * TICK, masked=True))
    for page in range(3):
        driver.program(256 * page, bytes(256))
    before = driver.player.rounds
    driver.program(3 * 256, bytes(256))
    assert driver.player.rounds - before == QUESTIONS_BEFORE_STALL


@pytest.mark.parametrize("seed", range(8))
def test_a_poll_that_is_said_otherwise_is_no_round(seed: int) -> None:
    """With another address, or another sequence: a busy chip ignores a read, which is told, and its
    second status register happens to be equal to its first one."""
    seen = []
    for kind in (FlexSpiDriver, PlayedDriver):
        driver, choose = kind(Core(tick=100 * TICK, masked=True)), random.Random(seed)
        driver.write(FlexSpi.LUTKEY, 0x5AF0_5AF0)
        driver.write(FlexSpi.LUTCR, 2)
        driver.write(FlexSpi.LUT, 0x2401_0435, 4 * STATUS_2)
        driver.chip.maker.volatile.sr[1] = 3  # type: ignore[attr-defined]
        for address in (0, 0x1000, 0x2000):
            driver.begin(ENABLE, 0, 0)
            driver.end()
            driver.begin(ERASE, address, 0)
            driver.end()
            for _ in range(30):
                sequence = choose.choice((STATUS, STATUS, STATUS, STATUS, STATUS_2, READ))
                driver.begin(sequence, choose.choice((0, 0, 0, 0, 8)), 1)
                driver.end()
                driver.write(FlexSpi.INTR, 0x20)
            driver.wait()
        seen.append(look(driver))
        assert "read status 2" in str(seen[-1])
    assert seen[0] == seen[1]


def set_up(driver: FlexSpiDriver, register: Any, value: int, index: int = 0) -> None:
    """As a driver does that sets the controller up anew."""
    driver.write(FlexSpi.LUTKEY, 0x5AF0_5AF0)
    driver.write(FlexSpi.LUTCR, 2)
    driver.write(register, value, index)


@pytest.mark.parametrize(
    ("register", "value", "index"),
    [
        (FlexSpi.LUT, 0x0404, 4 * ENABLE),  # write disable
        (FlexSpi.LUT, 0x2401_0435, 4 * STATUS),  # the second register
        (FlexSpi.FLSHCR1, 0x0FF0_0063, 0),  # chip select is high for longer
        (FlexSpi.FLSHCR1, 0x3FF, 0),  # and is low for longer
        (FlexSpi.FLSHCR0, 0, 0),  # no chip select has the address
        (FlexSpi.FLSHCR0, 4, 0),  # nor that of the third page
        (FlexSpi.MCR1, 0x0001_FFFF, 0),  # commands may take 1024 clocks
    ],
)
def test_what_was_set_up_anew_counts(register: Any, value: int, index: int) -> None:
    """Commands that the player answers are those of now."""

    def run(driver: FlexSpiDriver) -> Any:
        seen = []
        before = driver.read(register, index)
        for round_ in range(3):
            for page in range(6):
                driver.begin(ENABLE, 512 * page, 0)
                driver.end()
                for _ in range(4):
                    driver.begin(STATUS, 0, 1)
                    driver.core.execute(600)
                    seen.append(driver.read(FlexSpi.RFDR))
                    driver.write(FlexSpi.INTR, 0x20)
                driver.restart()
            set_up(driver, register, before if round_ else value, index)
        return seen

    assert both(run, tick=1000 * TICK).player.answered


def test_commands_that_no_chip_hears_end_in_their_time() -> None:
    """As of a driver that looks for a second chip: a chip select has the address, and no chip."""

    def run(driver: FlexSpiDriver) -> Any:
        seen = []
        set_up(driver, FlexSpi.FLSHCR0, 8192, 1)
        for page in range(5):
            driver.program(256 * page, bytes(256))
            driver.begin(ENABLE, 0x80_0000, 0)
            driver.end()
            seen.append(look(driver))
        return seen

    assert both(run, tick=100 * TICK).player.answered


def test_a_command_under_way_is_that_of_its_chip_select() -> None:
    """A passage that begins while it is: what one chip hears, no other does."""

    def run(driver: FlexSpiDriver) -> Any:
        seen = []
        set_up(driver, FlexSpi.FLSHCR0, 8192, 1)
        for address in (0, 0, 0, 0, 0x80_0000, 0, 0x80_0000):
            driver.begin(ENABLE, address, 0)
            driver.end()
            driver.begin(READ, 0, 8)
            driver.end()
            driver.restart()
            driver.core.execute(2000)
            seen.append(look(driver))
        return seen

    assert both(run, tick=100 * TICK).player.answered


def test_what_is_pushed_is_what_was_written_this_time() -> None:
    driver = PlayedDriver(Core(tick=100 * TICK, masked=True))
    pages = [random.Random(page).randbytes(256) for page in range(5)]
    for page, data in enumerate(pages):
        driver.program(256 * page, data)
    assert driver.player.answered
    assert driver.chip.read(0, 5 * 256) == b"".join(pages)


def test_a_poll_is_not_answered_by_what_another_one_found() -> None:
    """The status before and behind write enable: WEL is bit 1."""
    driver = PlayedDriver(Core(tick=100 * TICK, masked=True))

    def status() -> int:
        driver.begin(STATUS, 0, 1)
        driver.end()
        value = driver.read(FlexSpi.RFDR)
        driver.write(FlexSpi.INTR, 0x20)
        return value

    assert [status() for _ in range(4)] == [0] * 4
    driver.begin(ENABLE, 0, 0)
    driver.end()
    assert [status() for _ in range(4)] == [2] * 4
    assert driver.player.answered


def test_an_alarm_within_a_passage_finds_the_model_where_it_would_be() -> None:
    """And what an engine's alarm sees in the middle of a page is what was pushed by then."""
    driver = PlayedDriver(Core(tick=100 * TICK, masked=True))
    for page in range(2):
        driver.program(256 * page, bytes(256))
    driver.begin(ENABLE, 0, 0)
    driver.end()
    found: list[int] = []
    alarm = driver.clock.engine_alarm(lambda: found.append(len(driver.controller.tx)))
    timer = driver.core.timers[-1]
    timer.fire = driver._ending(timer.fire)
    driver.begin(PROGRAM, 512, 256)
    alarm.at(driver.core.now + 200)
    pushed = 0
    while not found:
        driver.read(FlexSpi.INTR)
        driver.write(FlexSpi.TFDR, pushed)
        driver.write(FlexSpi.TFDR, pushed, 1)
        driver.write(FlexSpi.INTR, 0x40)
        pushed += 8
    assert found[0] in (pushed, pushed - 8)


def test_states_that_never_come_again_are_forgotten() -> None:
    """However many there are: a status byte for each, as a driver reads that sends data there."""
    driver = PlayedDriver(Core(tick=100 * TICK, masked=True))
    for byte in range(3 * REMEMBERED):
        driver.chip.memory.cells[0] = byte & 0xFF
        driver.write(FlexSpi.IPRXFCR, byte << 2 & 0x3C)
        driver.begin(STATUS, byte, 1 + byte % 8)
        driver.end()
        driver.write(FlexSpi.INTR, 0x20)
    assert len(driver.clock.passages._repertoire._places) <= REMEMBERED


def test_what_is_free_holds_any_value() -> None:
    """Registers of a speaker that are free only hold what is written, and nothing else."""
    speaker: Speaker = FlexSpiDriver(Core(tick=1, masked=True)).controller._passages
    offsets = {r.offset: r for r in FlexSpi.registers()}
    for offset in speaker.FREE:
        register = offsets[offset]
        declared = register.declared
        assert register.neutral
        assert not declared.read_hook or register.declared.name == "TFDR"
        assert not declared.write_hook or register.stored_unless is not None
