"""Machines at their prompt: booted once for each image and QEMU, put back before each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from images import IMAGES, KINDS, Image, parameters

from xipsim import Machine
from xipsim.machine.snapshot import Snapshot

FEATURES = {feature for image in IMAGES for feature in image.facts.lacks}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(feature): skips, with their reason, images whose facts lack it"
    )


class Pool:
    """Machines that wait at the prompt of their first boot."""

    def __init__(self) -> None:
        self._booted: dict[tuple[str, str, Path | None], tuple[Machine, Snapshot]] = {}

    def at_prompt(self, image: Image, qemu: Path | None, console: str = "") -> Machine:
        """The machine, as it was when its prompt had come for the first time. console: where;
        the default one is not asked for by its name."""
        console = "" if console == image.facts.console else console
        key = (image.name, console, qemu)
        if key not in self._booted:
            machine = Machine(image.board, firmware=image.require(), qemu=qemu, console=console)
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


@pytest.fixture(params=parameters(KINDS))
def image(request: pytest.FixtureRequest) -> Image:
    """Each kind of firmware, unless the test is marked with others."""
    found: Image = request.param
    for marker in request.node.iter_markers("needs"):
        (feature,) = marker.args
        assert feature in FEATURES, f"no image lacks {feature!r}"
        if feature in found.facts.lacks:
            pytest.skip(f"{found.name}: {found.facts.lacks[feature]}")
    found.require()
    return found


@pytest.fixture
def m(pool: Pool, image: Image, qemu: Path | None) -> Machine:
    """At the prompt of each image. The test must leave its engine alive."""
    return pool.at_prompt(image, qemu)


@pytest.fixture
def usb(pool: Pool, image: Image, qemu: Path | None) -> Machine:
    """At the prompt on USB, whichever console the board has besides. As `m` else."""
    return pool.at_prompt(image, qemu, console="pc")
