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
ACCESSES, PATIENCE = 1500, 40
RTSS_HP_CTRL = 0


class LostError(Exception):
    """So many accesses were made."""


class GaveUpError(Exception):
    """A loop of the driver has waited in vain."""


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
        self.core, self.left, self.pace = core, ACCESSES, 4
        self.clock = GuestClock(core, _raised, stalls=True)  # type: ignore[arg-type]
        self.clock.questions.can_interrupt = core.can_interrupt
        bench = Bench()
        bench.system = bench.system._replace(clock=self.clock)
        self.accident: Callable[[], None] = lambda: None
        super().__init__("IS25WX128", bench=bench)
        self.aon = Aon(bench.system, name="aon")
        self.line = CoreLine(core)
        Junction(self.aon.filtered(INTERRUPT, CoreInput(self.line, self.clock))).connect(
            self.model.IRQ
        )
        self.plain_read, self.plain_write = accessors(self.model, self.clock.questions, _raised)
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
            self._until(lambda: self.read(RXFLR) != 0)
            values.append(self.read(DR))
        return values

    def drain(self) -> None:
        self._until(lambda: self.read(SR) & (TFE | BUSY) == TFE)

    def wait(self, mask: int, value: int) -> None:
        self._until(lambda: self.status() & mask == value)

    def _until(self, is_over: Callable[[], bool]) -> None:
        """As such drivers do: they give up."""
        if not any(is_over() for _ in range(PATIENCE)):
            raise GaveUpError

    def reset(self, cause: ResetCause) -> None:
        for model in (self.model, self.aes, self.chip):
            model.reset(cause)

    def wait_for_event(self) -> None:
        """The core executes WFE."""
        self.player.end()
        self.clock.sleep(wfi=False)

    # OSPI, as the driver has it.

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise LostError
        self.core.execute(self.pace)
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


def wander(
    seed: int, *, plays: bool, accidents: bool = True, accesses: int = ACCESSES
) -> tuple[list[Any], Player]:
    """Commands in random order, with accidents; what was seen on the way, and in the end."""
    choose = random.Random(seed)
    masked, tick = bool(seed & 1), choose.choice((700, 5000, TICK // 3, TICK))
    is_ahead = bool(seed & 2)
    driver = OspiDriver(Core(tick=tick, masked=masked, is_ahead=is_ahead), plays=plays)
    driver.pace, driver.left = choose.choice((4, 5)), accesses
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

    def command() -> None:
        address, kind = choose.choice((0, 0x1000, 0x1100)), choose.randrange(4)
        if kind == 0:
            driver.erase(address)
        elif kind == 1:
            driver.program(address, choose.randbytes(choose.choice((256, 8, 1200))))
        elif kind == 2:
            seen.append([driver.status() for _ in range(4)])
        else:
            driver.write_enable()

    with contextlib.suppress(LostError):
        driver.start()
        driver.accident = accident
        while True:
            with contextlib.suppress(GaveUpError):
                command()
            seen.append(driver.look())
    driver.accident = lambda: None
    seen.append(driver.look())
    return seen, driver.player


@pytest.mark.parametrize("seed", range(30))
def test_nothing_tells_who_answers(seed: int) -> None:
    made, _ = wander(seed, plays=False)
    played, _ = wander(seed, plays=True)
    assert played == made


def test_what_is_compared_is_played() -> None:
    """In spite of accidents."""
    players = [wander(seed, plays=True)[1] for seed in range(10)]
    assert sum(player.answered for player in players) > ACCESSES


def test_polls_and_the_words_of_pages_are_answered() -> None:
    """Most of all accesses, where nothing happens; what comes for the first times is not."""
    answered = [
        wander(seed, plays=True, accidents=False, accesses=3 * ACCESSES)[1].answered
        for seed in range(4)
    ]
    assert sum(answered) > 4 * 3 * ACCESSES // 2


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


@pytest.mark.parametrize("seed", range(6))
def test_an_opcode_is_not_taken_for_another_one(seed: int) -> None:
    """What is pushed may be anything, but for what the chip is told later: of an idle chip, in the
    same registers, one of two status registers, WREN or WRDI."""
    seen = []
    for plays in (False, True):
        core = Core(tick=100 * TICK, masked=True, is_ahead=True)
        driver = OspiDriver(core, plays=plays)
        driver.pace = 5
        choose = random.Random(seed)
        driver.start()
        ctrlr0, spi_ctrlr0, _ = driver.settings.write_enable
        read = driver.settings.read_status[:3]
        driver.left = 10_000
        for _ in range(100):
            found = driver.read((*read, (choose.choice((0x05, 0x05, 0x05, 0x70)),)))
            driver.send((ctrlr0, spi_ctrlr0, choose.choice((0x06, 0x06, 0x06, 0x04))))
            seen.append(found)
        seen.append(driver.look())
    half = len(seen) // 2
    assert seen[:half] == seen[half:]
    assert driver.player.answered > 100


def test_a_question_that_was_asked_of_what_is_to_come_is_not_new() -> None:
    """So nothing is played that would ask it as if it were."""
    driver = OspiDriver(Core(tick=100 * TICK, masked=True), plays=True)
    clock, now = driver.clock, driver.core.now
    assert not clock.questions.has_asked({"end", "other"})
    clock.question("end", now + 100)
    clock.question("plain")
    assert clock.questions.has_asked({"end"})
    assert clock.questions.has_asked({"other", "plain"})
    assert not clock.questions.has_asked({"other"})
    driver.core.execute(100)
    assert not clock.questions.has_asked({"end"})


def test_of_a_page_the_model_answers_few_looks() -> None:
    """Where its two loops stall, that in which the transmit FIFO runs empty meanwhile twice, and
    those that find their ends. All else is played: write enable, words, polls."""
    driver = OspiDriver(Core(tick=1000 * TICK, masked=True, is_ahead=True), plays=True)
    driver.pace, driver.left = 5, 10_000
    made: list[int] = []
    driver.start()
    for page in range(4):
        driver.program(256 * page, bytes(range(256)))
    access = driver.player.access

    def counted(model: Any, offset: int, size: int, value: Any, make: Callable[[], Any]) -> int:
        before = driver.player.answered
        result = access(model, offset, size, value, make)
        if driver.player.answered == before:
            made.append(offset)
        return result

    driver.player.access = counted  # type: ignore[method-assign]
    driver.program(0x400, bytes(range(256)))
    assert driver.chip.read(0x400, 256) == bytes(range(256))
    assert made == [SR, SR, SR, RXFLR]
