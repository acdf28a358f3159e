"""Machines on every engine of `candidates.engines`.

A test that needs what an engine may lack says `@pytest.mark.needs("...")`, and is skipped there,
with the reason.
"""

from __future__ import annotations

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


@pytest.fixture(params=engines(), ids=lambda candidate: candidate.name, scope="session")
def candidate(request: pytest.FixtureRequest) -> Candidate:
    """An engine."""
    found: Candidate = request.param
    if found.name.startswith("qemu"):
        try:
            find("qemu").check()
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
