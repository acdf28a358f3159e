"""Polls that a driver need not make itself: all that can be seen is as if it had made them.

A driver polls the chip as MicroPython's does, on a core of the test's own, with a tick. Once it
makes every poll, once as few as it needs, and once the engine makes most of those behind ticks.
"""

from __future__ import annotations

from collections.abc import Callable

import ospi_driver
import pytest
from driven_core import TICK, Board, Core, FlexSpiDriver, Seen, Turner

from xipsim.engines.guest.polling import QUESTIONS_BEFORE_STALL
from xipsim.engines.guest.turns import Turns
from xipsim.peripherals.core import Peripheral
from xipsim.peripherals.nor.chip import Chip


class OspiDriver(ospi_driver.Driver):
    """MicroPython's for the Alif, likewise."""

    def __init__(self, core: Core, *, looks: tuple[int, ...] = ()) -> None:
        self.board = Board(core, looks)
        super().__init__(bench=self.board.bench)
        self.controller = self.ospi
        self.start()

    @property
    def polls(self) -> int:
        return self.board.polls

    @property
    def core(self) -> Core:
        return self.board.core

    def seen(self, chip: Chip, controller: Peripheral) -> Seen:
        return self.board.seen(chip, controller)

    def read_register(self, offset: int) -> int:
        self.core.execute(8)
        return self.ospi.read(offset)

    def w(self, *pairs: tuple[int, int]) -> None:
        for offset, value in pairs:
            self.core.execute(8)
            self.ospi.write(offset, value)

    def receive(self, count: int) -> list[int]:
        values = []
        for _ in range(count):
            while not self.read_register(ospi_driver.RXFLR):
                pass
            values.append(self.read_register(ospi_driver.DR))
        return values

    def drain(self) -> None:
        both = ospi_driver.TFE | ospi_driver.BUSY
        while self.read_register(ospi_driver.SR) & both != ospi_driver.TFE:
            pass

    def wait(self, mask: int, value: int) -> None:
        while self.status() & mask != value:
            self.board.polls += 1
        self.board.polls += 1


Drivers = type[FlexSpiDriver] | type[OspiDriver]
Runner = Callable[[Drivers, int, bool], tuple[Seen, int]]


def run(
    drivers: Drivers, tick: int, masked: bool, looks: tuple[int, ...] = ()
) -> tuple[Seen, int]:
    """All that is to be seen of an erase and two pages, and how many polls the driver made."""
    return work(drivers(Core(tick=tick, masked=masked), looks=looks))


def run_left(
    drivers: Drivers, tick: int, masked: bool, looks: tuple[int, ...] = ()
) -> tuple[Seen, int]:
    """The same with an engine that makes turns, and how many it has made."""
    core = Core(tick=tick, masked=masked)
    core.turner = Turner(core)
    return work(drivers(core, looks=looks))[0], core.turner.made


def work(driver: FlexSpiDriver | OspiDriver) -> tuple[Seen, int]:
    """What `run` does."""
    driver.erase(0x1000)
    for page in range(2):
        driver.program(0x1000 + 256 * page, bytes(range(256)))
    return driver.seen(driver.chip, driver.controller), driver.polls


@pytest.fixture
def run_all(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """`run`, with every poll made by the driver."""

    def run_it(drivers: Drivers, tick: int, masked: bool) -> tuple[Seen, int]:
        with monkeypatch.context() as patched:
            patched.setattr(Turns, "pass_over", lambda *_: False)
            return run(drivers, tick, masked)

    return run_it


@pytest.mark.parametrize("drivers", [FlexSpiDriver, OspiDriver])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("tick", range(700, 4_000, 395))
def test_no_trace_and_no_time_tells_who_made_the_polls(
    run_all: Runner, drivers: Drivers, tick: int, masked: bool
) -> None:
    slow, all_polls = run_all(drivers, tick, masked)
    quick, polls = run(drivers, tick, masked)
    left, made = run_left(drivers, tick, masked)
    assert quick == left == slow
    assert made > 30 if masked and drivers is FlexSpiDriver else made == 0
    assert sum(c.name.startswith("read status") for c in slow.commands) == all_polls
    assert polls <= all_polls


def test_few_polls_are_made(run_all: Runner) -> None:
    """Not those behind ticks that the core does not take."""
    _, all_polls = run_all(FlexSpiDriver, 1_234, True)
    _, polls = run(FlexSpiDriver, 1_234, True)
    assert polls < all_polls / 2


@pytest.mark.parametrize("drivers", [FlexSpiDriver, OspiDriver])
def test_the_first_polls_of_each_operation_are_the_drivers(drivers: Drivers) -> None:
    """One that gives up after a few does so every time, however alike its operations are."""
    driver = drivers(Core(tick=700, masked=True))
    for page in range(4):
        before = driver.polls
        driver.program(256 * page, bytes(256))
        assert driver.polls - before >= QUESTIONS_BEFORE_STALL


@pytest.mark.parametrize("look", range(1_000, 6_000, 339))
def test_whoever_looks_on_changes_nothing(run_all: Runner, look: int) -> None:
    """An alarm of the user's among the first polls of a wait, and among the turns behind ticks."""
    looks = (look, 10 * TICK + look)
    quick, _ = run(FlexSpiDriver, 1_234, True, looks)
    left, _ = run_left(FlexSpiDriver, 1_234, True, looks)
    assert quick == left == run_all(FlexSpiDriver, 1_234, True)[0]


def test_an_interrupt_that_is_let_through_is_taken_in_time() -> None:
    """The handlers of all ticks of the erase have run before it is seen to be over."""
    core = Core(tick=5_000, masked=False)
    driver = FlexSpiDriver(core)
    driver.erase(0)
    assert not core.pending
    assert driver.polls > (core.now - 5_000) // TICK + 1
