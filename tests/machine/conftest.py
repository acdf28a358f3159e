"""Machines at their prompt: booted once for each image and QEMU, put back before each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from images import IMAGES, KINDS, Image, parameters
from pool import Pool

from xipsim import Machine

FEATURES = {feature for image in IMAGES for feature in image.facts.lacks}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(feature): skips, with their reason, images whose facts lack it"
    )


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
