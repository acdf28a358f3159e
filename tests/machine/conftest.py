"""Machines at their prompt: booted once for each image and engine, put back before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from images import IMAGES, KINDS, Image, parameters
from patience import slow
from pool import Options, Pool
from qemus import QEMUS

from xipsim import Machine
from xipsim.engines.api import EngineError
from xipsim.engines.programs import find

RENODE_LACKS = {
    "snapshots": "Renode cannot take one while it runs",
    "undone wear": "a machine without snapshots would keep the worn cell for later tests",
}
"""What the embedded engine has, and why tests that need it skip on Renode."""
FEATURES = {feature for image in IMAGES for feature in image.facts.lacks} | RENODE_LACKS.keys()


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "needs(feature): skips, with their reason, images and engines that lack it",
        "every_engine: with XIPSIM_TEST_SLOW=1 the test runs on Renode, too",
        "essential: one of every_engine's that runs on Renode wherever there is one",
    ):
        config.addinivalue_line("markers", line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat what asks for `engine` on each QEMU, and on Renode if it is marked so."""
    if "engine" not in metafunc.fixturenames:
        return
    engines = [pytest.param({"qemu": path}, id=str(path or "default")) for path in QEMUS or [None]]
    definition = metafunc.definition
    if definition.get_closest_marker("every_engine"):
        marks = () if definition.get_closest_marker("essential") else slow
        engines.append(pytest.param({"engine": "renode"}, id="renode", marks=marks))
    metafunc.parametrize("engine", engines, indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Options:
    """Options of `Machine`: what runs it."""
    options: Options = request.param
    if "engine" in options:
        request.getfixturevalue(options["engine"])
    return options


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    machines = Pool()
    yield machines
    machines.close()


@pytest.fixture(scope="session")
def renode() -> str:
    """The engine's name; skips, saying why, where it cannot run."""
    try:
        find("renode").check()
    except EngineError as error:
        pytest.skip(str(error))
    return "renode"


@pytest.fixture(params=parameters(KINDS))
def image(request: pytest.FixtureRequest) -> Image:
    """Each kind of firmware, unless the test is marked with others."""
    found: Image = request.param
    for feature in _needed(request):
        if feature in found.facts.lacks:
            pytest.skip(f"{found.name}: {found.facts.lacks[feature]}")
    found.require()
    return found


@pytest.fixture(autouse=True)
def _engine_has_what_is_needed(request: pytest.FixtureRequest) -> None:
    if "engine" in request.fixturenames and "engine" in request.getfixturevalue("engine"):
        for feature in _needed(request):
            if feature in RENODE_LACKS:
                pytest.skip(f"Renode: {RENODE_LACKS[feature]}")


def _needed(request: pytest.FixtureRequest) -> Iterator[str]:
    for marker in request.node.iter_markers("needs"):
        (feature,) = marker.args
        assert feature in FEATURES, f"neither an image nor an engine lacks {feature!r}"
        yield feature


@pytest.fixture
def m(pool: Pool, image: Image, engine: Options) -> Machine:
    """At the prompt of each image. The test must leave its engine alive."""
    return pool.at_prompt(image, engine)


@pytest.fixture
def usb(pool: Pool, image: Image, engine: Options) -> Machine:
    """At the prompt on USB, whichever console the board has besides. As `m` else."""
    return pool.at_prompt(image, engine, console="pc")
