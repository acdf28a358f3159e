"""Machines at their prompt: booted once for each image and QEMU, put back before each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from images import TEENSYS, Image, parameters

from xipsim import Machine
from xipsim.snapshot import Snapshot


class Pool:
    """Machines that wait at the prompt of their first boot."""

    def __init__(self) -> None:
        self._booted: dict[tuple[str, Path | None], tuple[Machine, Snapshot]] = {}

    def at_prompt(self, image: Image, qemu: Path | None) -> Machine:
        """The machine, as it was when its prompt had come for the first time."""
        key = (image.name, qemu)
        if key not in self._booted:
            machine = Machine(image.board, firmware=image.require(), qemu=qemu)
            machine.exec("")
            self._booted[key] = machine, machine.snapshot()
        machine, snapshot = self._booted[key]
        machine.restore(snapshot)
        return machine

    def close(self) -> None:
        """End all of them."""
        for machine, _ in self._booted.values():
            machine.close()


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    machines = Pool()
    yield machines
    machines.close()


@pytest.fixture(params=parameters())
def image(request: pytest.FixtureRequest) -> Image:
    """Each image for a Teensy."""
    found: Image = request.param
    found.require()
    return found


@pytest.fixture(params=[pytest.param(i, id=i.name) for i in TEENSYS if i.board == "TEENSY41"])
def teensy41(request: pytest.FixtureRequest) -> Image:
    """An old and a recent image for one board: where the firmware's generation matters."""
    found: Image = request.param
    found.require()
    return found


@pytest.fixture
def m(pool: Pool, image: Image, qemu: Path | None) -> Machine:
    """At the prompt of each image. The test must leave its engine alive."""
    return pool.at_prompt(image, qemu)


@pytest.fixture
def t41(pool: Pool, teensy41: Image, qemu: Path | None) -> Machine:
    """At the prompt of both images for the Teensy 4.1. The test must leave its engine alive."""
    return pool.at_prompt(teensy41, qemu)
