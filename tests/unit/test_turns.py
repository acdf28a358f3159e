"""Polls that a driver need not make itself: all that can be seen is as if it had made them.

A driver polls the chip as MicroPython's does, on a core of the test's own, with a tick. Once it
makes every poll, once as few as it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import ospi_driver
import pytest
from flexspi_fakes import Rig
from time_source import Source

from xipsim.engines.guest.clock import GuestClock
from xipsim.engines.guest.polling import QUESTIONS_BEFORE_STALL
from xipsim.engines.guest.turns import Turns
from xipsim.peripherals.core import FlashCommand, Peripheral, accessors
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.chip import Chip

INSTRUCTION, TICK, HANDLER = 2, 1_000_000, 300
"""ns: of an instruction, of SysTick's period, and of its handler."""
STATUS, ENABLE, ERASE, PROGRAM = 1, 3, 5, 10
"""Sequences of the LUT."""


class Core(Source):
    """Virtual time, and a core with SysTick, of which the first comes at `tick`."""

    def __init__(self, *, tick: int, masked: bool) -> None:
        super().__init__()
        self.masked, self.pending = masked, False
        self.tick = self.timer(self._tick)
        self.tick.arm(tick)

    def _tick(self) -> None:
        self.pending = True
        self.tick.arm(self.now + TICK)

    def skip(self, span: int) -> bool:
        can = self.next_alarm(self.now, span, ()) >= span
        self.now += span if can else 0
        return can

    def can_interrupt(self) -> bool:
        return self.pending and not self.masked

    def execute(self, instructions: int) -> None:
        """So many, after the stall under way, and interrupts as they come."""
        while self.held:
            self._fire_first()
        left = instructions * INSTRUCTION
        while True:
            if self.can_interrupt():
                self.pending = False
                left += HANDLER
            dues = [t.deadline for t in self.timers if t.deadline >= 0]
            if min(dues) > self.now + left:
                break
            left -= max(0, min(dues) - self.now)
            self._fire_first()
        self.now += left

    def _fire_first(self) -> None:
        # Of two at one time, the one that was armed first; SysTick was.
        first = min((t for t in self.timers if t.deadline >= 0), key=lambda t: t.deadline)
        self.now, first.deadline = max(self.now, first.deadline), -1
        first.fire()


class Seen(NamedTuple):
    """What two runs have in common."""

    commands: list[FlashCommand]
    end: int
    waits: Any
    chip: Any
    controller: Any


def _raised(error: Exception, _access: str = "") -> None:
    raise error


class Board:
    """A bench of which the clock is the engines', and a core that drives it."""

    def __init__(self, core: Core, looks: tuple[int, ...]) -> None:
        self.core, self.polls = core, 0
        self.clock = GuestClock(core, _raised, stalls=True)  # type: ignore[arg-type]
        self.clock.can_interrupt = core.can_interrupt
        self.bench = Bench()
        self.bench.system = self.bench.system._replace(clock=self.clock)
        for time in looks:
            self.clock.engine_alarm(lambda: None).at(time)

    def seen(self, chip: Chip, controller: Peripheral) -> Seen:
        self.core.execute(1000)
        return Seen(
            self.bench.commands,
            self.core.now,
            self.clock.waits.told(),
            chip.save(),
            controller.save() | {"alarms": None},
        )


class FlexSpiDriver(Board):
    """MicroPython's for the i.MX RT, with a register access every eight instructions."""

    def __init__(self, core: Core, *, looks: tuple[int, ...] = ()) -> None:
        super().__init__(core, looks)
        self.chip = Chip(self.bench.system, name="nor", part="W25Q64JV-IM", qe=1)
        rig = Rig(self.chip, bench=self.bench, spi=FlexSpi(self.bench.system, name="flexspi"))  # type: ignore[arg-type]
        rig.enable(sizes=(8192, 0, 0, 0))
        self.controller = rig.spi
        self._read, self._write = accessors(rig.spi, self.clock, _raised)

    def read(self, register: Any, index: int = 0) -> int:
        self.core.execute(8)
        return self._read(None, register.offset + 4 * index, 4)

    def write(self, register: Any, value: int, index: int = 0) -> None:
        self.core.execute(8)
        self._write(None, register.offset + 4 * index, value, 4)

    def begin(self, sequence: int, address: int, size: int) -> None:
        self.write(FlexSpi.FLSHCR2, self.read(FlexSpi.FLSHCR2) | 1 << 31)
        self.write(FlexSpi.INTR, 0x1F)
        self.write(FlexSpi.IPCR0, address)
        self.write(FlexSpi.IPTXFCR, self.read(FlexSpi.IPTXFCR) | 1)
        self.write(FlexSpi.IPRXFCR, self.read(FlexSpi.IPRXFCR) | 1)
        self.write(FlexSpi.IPCR1, size | sequence << 16)
        self.write(FlexSpi.IPCMD, self.read(FlexSpi.IPCMD) | 1)

    def end(self) -> None:
        while not self.read(FlexSpi.INTR) & 1:
            pass

    def wait(self) -> None:
        busy = 1
        while busy:
            self.polls += 1
            self.begin(STATUS, 0, 1)
            while not self.read(FlexSpi.IPRXFSTS) & 0xFF:
                pass
            busy = self.read(FlexSpi.RFDR) & 1
            self.write(FlexSpi.INTR, 0x20)
            self.end()

    def erase(self, address: int) -> None:
        self.begin(ENABLE, 0, 0)
        self.end()
        self.begin(ERASE, address, 0)
        self.end()
        self.wait()

    def program(self, address: int, data: bytes) -> None:
        self.begin(ENABLE, 0, 0)
        self.end()
        self.begin(PROGRAM, address, len(data))
        for at in range(0, len(data), 8):
            while not self.read(FlexSpi.INTR) & 0x40:
                pass
            for index in range(2):
                word = int.from_bytes(data[at + 4 * index :][:4], "little")
                self.write(FlexSpi.TFDR, word, index)
            self.write(FlexSpi.INTR, 0x40)
        self.end()
        self.wait()


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
    driver = drivers(Core(tick=tick, masked=masked), looks=looks)
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
    assert quick == slow
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
    assert quick == run_all(FlexSpiDriver, 1_234, True)[0]


def test_an_interrupt_that_is_let_through_is_taken_in_time() -> None:
    """The handlers of all ticks of the erase have run before it is seen to be over."""
    core = Core(tick=5_000, masked=False)
    driver = FlexSpiDriver(core)
    driver.erase(0)
    assert not core.pending
    assert driver.polls > (core.now - 5_000) // TICK + 1
