"""Machines on every engine of `candidates.engines`.

A test that needs what an engine may lack says `@pytest.mark.needs("...")`, and is skipped there,
with the reason. On an engine that takes seconds to start only tests marked `essential` are run, and
pytest says how many were deselected; with XIPSIM_TEST_SLOW=1 in the environment, all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from candidates import BOARD, FEATURES, Candidate, Running, engines
from programs import Program

from xipsim.engines.api import EngineError, MachineConfig
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.programs import find


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(feature): skips engines that lack it, and says so")
    config.addinivalue_line("markers", "essential: runs on engines that are slow to start, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("XIPSIM_TEST_SLOW") == "1":
        return
    left = [item for item in items if _is_on_slow_engine(item) and not _is_essential(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def _is_on_slow_engine(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    candidate = parameters.get("candidate")
    return isinstance(candidate, Candidate) and candidate.is_slow


def _is_essential(item: pytest.Item) -> bool:
    return item.get_closest_marker("essential") is not None


@pytest.fixture(params=engines(), ids=lambda candidate: candidate.name, scope="session")
def candidate(request: pytest.FixtureRequest) -> Candidate:
    """An engine."""
    found: Candidate = request.param
    if found.program:
        try:
            find(found.program).check()
        except EngineError as error:
            pytest.skip(str(error))
    return found


@pytest.fixture(autouse=True)
def _has_what_is_needed(request: pytest.FixtureRequest) -> None:
    for marker in request.node.iter_markers("needs"):
        (feature,) = marker.args
        assert feature in FEATURES, f"no feature {feature!r}"
        reason = request.getfixturevalue("candidate").lacks.get(feature)
        if reason:
            pytest.skip(f"{feature}: {reason}")


@pytest.fixture
def running(candidate: Candidate) -> Running:
    """Machines on that engine."""

    @contextmanager
    def machine(
        program: Program | None, *, chips: Mapping[str, bytes] | None = None, **options: Any
    ) -> Iterator[ChildEngine]:
        rom = {"program": program.image} if program else {}
        options = {"platform": BOARD / "board.repl", "overrides": {"rom": rom}} | options
        engine = candidate.open(MachineConfig(models=(BOARD / "models.py",), **options))
        try:
            engine.build(chips or {})
            yield engine
        finally:
            engine.close()

    return machine
