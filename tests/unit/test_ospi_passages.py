"""Passages of OSPI: with a player, nothing can be told from without, nor by the core's interrupt.

MicroPython's driver for the Alif Ensemble, which leaves IMR as it is after reset: each command
moves the interrupt line. On a core of the test's own, as `test_passages.py` has it for FlexSPI.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from driven_core import TICK, Core
from ospi_driver import BUSY, CTRLR0, DR, IMR, RXFLR, SER, SR, SSIENR, TFE, TXFTLR, Driver
from passage_player import Player

from xipsim.engines.guest.builder import CoreInput
from xipsim.engines.guest.clock import GuestClock
from xipsim.peripherals.alif.clocks import Aon
from xipsim.peripherals.core import Junction, ResetCause, accessors
from xipsim.peripherals.core.testing import Bench

INTERRUPT = 97
ACCESSES = 1500
RTSS_HP_CTRL = 0


class LostError(Exception):
    """So many accesses were made."""


def _raised(error: BaseException, _access: str = "") -> None:
    raise error


class CoreLine:
    """An interrupt of the core, which takes down how it is driven, and when."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.edges: list[tuple[int, bool]] = []

    def set(self, level: bool) -> None:
        if not self.edges or self.edges[-1][1] != level:
            self.edges.append((self._core.now, level))


class OspiDriver(Driver):
    """On a core of the test's own, with the engines' clock, and on request with a player."""

    def __init__(self, core: Core, *, plays: bool) -> None:
        self.core, self._left = core, ACCESSES
        self.clock = GuestClock(core, _raised, stalls=True)  # type: ignore[arg-type]
        self.clock.can_interrupt = core.can_interrupt
        bench = Bench()
        bench.system = bench.system._replace(clock=self.clock)
        self.accident: Callable[[], None] = lambda: None
        super().__init__("IS25WX128", bench=bench)
        self.aon = Aon(bench.system, name="aon")
        self.line = CoreLine(core)
        Junction(self.aon.filtered(INTERRUPT, CoreInput(self.line, self.clock))).connect(
            self.model.IRQ
        )
        self.plain_read, self.plain_write = accessors(self.model, self.clock, _raised)
        self.player = Player(core)
        if plays:
            self._play()
        self.ospi = self  # type: ignore[assignment]

    def _play(self) -> None:
        player, model = self.player, self.model
        self.clock.passages.filters = [self.aon]
        self.clock.passages.use(player)
        read, write = self.plain_read, self.plain_write
        self.plain_read = lambda handle, offset, size: player.access(
            model, offset, size, None, lambda: read(handle, offset, size)
        )

        def play_write(handle: Any, offset: int, value: int, size: int) -> None:
            player.access(model, offset, size, value, lambda: write(handle, offset, value, size))

        self.plain_write = play_write
        for timer in self.core.timers:
            if timer is not self.core.tick:
                timer.fire = self._ending(timer.fire)

    def _ending(self, fire: Callable[[], None]) -> Callable[[], None]:
        def end_and_fire() -> None:
            self.player.end()
            fire()

        return end_and_fire

    # The driver's waits.

    def receive(self, count: int) -> list[int]:
        values = []
        for _ in range(count):
            while not self.read(RXFLR):
                pass
            values.append(self.read(DR))
        return values

    def drain(self) -> None:
        while self.read(SR) & (TFE | BUSY) != TFE:
            pass

    def wait(self, mask: int, value: int) -> None:
        while self.status() & mask != value:
            pass

    def reset(self, cause: ResetCause) -> None:
        for model in (self.model, self.aes, self.chip):
            model.reset(cause)

    def wait_for_event(self) -> None:
        """The core executes WFE."""
        self.player.end()
        self.clock.sleep(wfi=False)

    # OSPI, as the driver has it.

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LostError
        self.core.execute(4)
        self.accident()

    def read(self, offset: Any, size: Any = 4) -> Any:
        if not isinstance(offset, int):
            return super().read(offset)
        self._step()
        return self.plain_read(None, offset, size)

    def write(self, offset: int, value: int, size: int = 4) -> None:
        self._step()
        self.plain_write(None, offset, value, size)

    def look(self, *_: int) -> Any:
        """All that somebody sees who lets the machine stand still."""
        self.clock.stand_still()
        return (
            self.core.now,
            self.model.save(),
            self.chip.save() | {"memory": None},
            [self.model.peek(offset) for offset in range(0, 0x150, 4)],
            list(self.line.edges),
            list(self.bench.commands),
            list(self.bench.events),
            self.clock.save() | {"stall_end": None},
        )


def wander(seed: int, *, plays: bool, accidents: bool = True) -> tuple[list[Any], Player]:
    """Commands in random order, with accidents; what was seen on the way, and in the end."""
    choose = random.Random(seed)
    masked, tick = bool(seed & 1), choose.choice((700, 5000, TICK // 3, TICK))
    driver = OspiDriver(Core(tick=tick, masked=masked), plays=plays)
    seen = []

    def write(offset: int, *values: int) -> None:
        for value in values:
            driver.plain_write(None, offset, value, 4)

    def sleep() -> None:
        driver.player.end()
        driver.aon.write(RTSS_HP_CTRL, choose.choice((0x100, 0)))

    def reset() -> None:
        driver.clock.stand_still()
        driver.reset(ResetCause.SOFTWARE)

    happens: tuple[Callable[[], object], ...] = (
        lambda: seen.append(driver.look()),
        lambda: driver.core.execute(choose.choice((1, 30, 100, 3000))),
        lambda: seen.append(driver.plain_read(None, choose.choice((SR, RXFLR, DR, 0x34)), 4)),
        lambda: write(IMR, choose.choice((0, 0xFF, 0x10, 1))),
        lambda: write(TXFTLR, choose.choice((0, 1, 5))),
        lambda: write(SER, choose.choice((0, 1))),
        lambda: write(SSIENR, 0, 1),
        lambda: write(CTRLR0, 0x80C0_0807),
        lambda: write(DR, *[5] * choose.choice((1, 3, 260))),
        sleep,
        driver.wait_for_event,
        reset,
    )

    def accident() -> None:
        if accidents and choose.random() < 0.05:
            driver.core.execute(1)
        if accidents and choose.random() < 0.01:
            choose.choice(happens)()

    with contextlib.suppress(LostError, AssertionError):
        driver.start()
        driver.accident = accident
        while True:
            address, kind = choose.choice((0, 0x1000, 0x1100)), choose.randrange(4)
            if kind == 0:
                driver.erase(address)
            elif kind == 1:
                driver.program(address, choose.randbytes(choose.choice((256, 8, 1200))))
            elif kind == 2:
                seen.append([driver.status() for _ in range(4)])
            else:
                driver.write_enable()
            seen.append(driver.look())
    driver.accident = lambda: None
    seen.append(driver.look())
    return seen, driver.player


@pytest.mark.parametrize("seed", range(30))
def test_nothing_tells_who_answers(seed: int) -> None:
    made, _ = wander(seed, plays=False)
    played, player = wander(seed, plays=True)
    assert played == made
    assert player.compiled


def test_polls_and_the_words_of_pages_are_answered() -> None:
    """Most of all accesses, where nothing happens."""
    answered = [wander(seed, plays=True, accidents=False)[1].answered for seed in range(4)]
    assert sum(answered) > 4 * ACCESSES // 2


def test_an_interrupt_that_rises_in_a_passage_is_an_event() -> None:
    """As any: a core that executes WFE behind it goes on at once."""
    ends = []
    for plays in (False, True):
        driver = OspiDriver(Core(tick=TICK, masked=True), plays=plays)
        driver.start()
        driver.w((TXFTLR, 5))
        ctrlr0, ctrlr1, spi_ctrlr0, head = driver.settings.read_status
        for _ in range(8):
            driver.setup(ctrlr0, ctrlr1, spi_ctrlr0)  # it rises with SSIENR, and only there
            driver.w((DR, head[0]))
            driver.wait_for_event()
            driver.w((SER, 1))
            driver.receive(1)
        ends.append(driver.core.now)
    assert driver.player.answered > 40
    assert ends[0] == ends[1] < TICK
