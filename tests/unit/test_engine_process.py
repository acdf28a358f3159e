"""A child that cannot be a machine: what it says is told, as whose mistake it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xipsim import platforms
from xipsim.engines.api import ConfigurationError, EngineError, MachineConfig
from xipsim.engines.link.engine import ChildEngine
from xipsim.engines.link.messages import UNUSABLE
from xipsim.engines.link.process import Command, Process


class Program:
    """Prints two lines and ends with `code`."""

    NAME = "test"
    BUILD_TIME = 20.0
    path = Path(sys.executable)

    def __init__(self, code: int) -> None:
        self._script = f"import sys; print('loaded'); print('too old'); sys.exit({code})"

    def start(self, *, own_models: bool = False) -> Process:
        return Process(lambda _: Command([sys.executable, "-c", self._script], {}))

    def check(self) -> None:
        """Nothing is missing."""

    def version(self) -> str:
        return self.NAME


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (UNUSABLE, ConfigurationError, "^too old$"),
        (1, EngineError, r"(?s)^the engine's process ended with exit code 1;.*loaded\ntoo old"),
    ],
)
def test_a_program_that_does_not_fit_is_the_installations_fault(
    code: int, kind: type[Exception], text: str
) -> None:
    config = MachineConfig(platform=platforms.find("TEENSY41"))
    with pytest.raises(kind, match=text):
        engine = ChildEngine(config, Program(code))
        try:
            engine.build({})
        finally:
            engine.close()
