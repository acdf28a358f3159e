"""A snapshot at any point of a driver's work, put into fresh models, makes no difference.

Controller and chips do what the vendors' drivers do, in random order, with accesses to the window
and pauses in between; what firmware, trace and people could tell afterwards must be equal.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from flexspi_fakes import MIMXRT_LUT
from flexspi_fakes import Rig as FlexSpiRig
from ospi_driver import FAMILIES, SER, SSIENR, Driver

from xipsim.engines import unpickle
from xipsim.peripherals.core import BusError
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.flexspi import FlexSpi
from xipsim.peripherals.nor.chip import Chip

READ, STATUS, WRITE_ENABLE, ERASE, PROGRAM, ENTER = 0, 1, 3, 5, 10, 12
SPACE = 0x8000
STEPS = 30


class OnFlexSpi:
    """A W25Q16JV behind FlexSPI, configured as MicroPython's i.MX RT port does."""

    def __init__(self) -> None:
        self.bench = Bench()
        chips = [
            Chip(self.bench.system, name=f"nor{i}", part="W25Q16JV-IM", qe=1) for i in range(2)
        ]
        self.rig = FlexSpiRig(*chips, bench=self.bench)  # type: ignore[arg-type]
        lut = list(MIMXRT_LUT)
        # EBh with mode bits A0h, and JMP_ON_CS to the address: continuous read.
        lut[4 * ENTER : 4 * ENTER + 3] = [0x0A1804EB, 0x3204_1EA0, 0x7C01_2604]
        self.rig.enable(*lut, sizes=(2048, 2048, 0, 0))
        self.models: list[Any] = [self.rig.spi, *chips]
        self.window = self.rig.window

    def step(self, choice: random.Random) -> Any:
        rig = self.rig
        address = choice.randrange(SPACE) + choice.choice((0, 2 << 20))
        kind = choice.randrange(10)
        if kind == 0:
            return rig.command(WRITE_ENABLE, address)
        if kind == 1:
            return rig.command(ERASE, address)
        if kind == 2:
            return rig.send(PROGRAM, address & ~7, choice.randbytes(choice.choice((8, 64, 256))))
        if kind == 3:
            return rig.start(PROGRAM, address, 16)  # waits for its data
        if kind == 4:
            return rig.receive(STATUS, address, 1)
        if kind == 5:
            return rig.set(FlexSpi.FLSHCR2, choice.choice((READ, ENTER)))
        if kind == 6:
            return rig.set(FlexSpi.FLSHCR0, choice.choice((2048, 1024)))
        return rig.set(FlexSpi.MCR0, choice.choice((0xFFFF_8010, 0xFFFF_8011)))


class OnOspi:
    """An octal chip behind OSPI, with the steps of MicroPython's Alif port."""

    def __init__(self, part: str) -> None:
        self.driver = Driver(part)
        self.driver.start()
        self.bench, self.window = self.driver.bench, self.driver.window
        self.models: list[Any] = [self.driver.ospi, self.driver.aes, self.driver.chip]

    def step(self, choice: random.Random) -> Any:
        d = self.driver
        kind = choice.randrange(8)
        address = choice.randrange(SPACE)
        if kind == 0:
            return d.send(d.settings.write_enable)
        if kind == 1:
            return d.send(d.settings.erase, address)
        if kind == 2:
            return d.send(d.settings.program, address & ~3, choice.getrandbits(32))
        if kind == 3:
            return d.status()
        if kind == 4:
            return d.restore_xip()
        if kind == 5:
            return d.w((SER, 0), (SSIENR, choice.randrange(2)))
        if kind == 6:
            return d.w((0x60, choice.getrandbits(32)))
        return d.w((SER, 1))


SUBJECTS: dict[str, Callable[[], Any]] = {
    "flexspi": OnFlexSpi,
    **{part: lambda part=part: OnOspi(part) for part in FAMILIES},
}


def drive(subject: Any, choice: random.Random, steps: int) -> list[Any]:
    """Random steps, and everything that could be told of them."""
    seen: list[Any] = []
    bench = subject.bench
    for _ in range(steps):
        bench.pc = choice.randrange(4)
        try:
            if choice.random() < 0.4:
                seen.append(subject.window.read(choice.randrange(0, SPACE, 4), 4))
            elif choice.random() < 0.3:
                bench.clock.advance(choice.choice((100, 50_000, 1_000_000, 100_000_000)))
            else:
                seen.append(subject.step(choice))
        except (AssertionError, BusError) as error:
            seen.append(str(error))
        seen.append(sum(len(s.bytes) for s in subject.window.segments if s.is_native))
        seen.append([[line.level for line in m.lines.values()] for m in subject.models])
    for said in (bench.commands, bench.diagnostics, bench.gaps, bench.notes, bench.clock.questions):
        seen += said
        said.clear()
    for model in subject.models:
        if isinstance(model, Chip):
            seen += [model.stats(), model.status(), hash(model.contents())]
    return seen


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("seed", range(12))
def test_going_on_from_a_snapshot_makes_no_difference(name: str, seed: int) -> None:
    subject, choice = SUBJECTS[name](), random.Random(f"{name} {seed}")
    drive(subject, choice, choice.randrange(STEPS))
    saved = unpickle.loads(pickle.dumps([m.save() for m in subject.models]))
    now = subject.bench.clock.now
    rest = choice.random()
    expected = drive(subject, random.Random(rest), STEPS)
    fresh = SUBJECTS[name]()
    for said in (fresh.bench.commands, fresh.bench.diagnostics, fresh.bench.gaps):
        said.clear()
    fresh.bench.clock.questions.clear()
    fresh.bench.clock.now = now
    orders = list(permutations(range(len(saved))))
    for index in orders[seed % len(orders)]:
        fresh.models[index].load(saved[index])
    assert fresh.bench.commands == [], "putting it back runs no command"
    assert [m.save() for m in fresh.models] == saved
    assert drive(fresh, random.Random(rest), STEPS) == expected
