"""What can be started to serve a machine."""

from __future__ import annotations

from typing import Protocol

from .process import Process


class Program(Protocol):
    """An engine's program on this machine."""

    NAME: str
    BUILD_TIME: float
    """Seconds of real time in which a child must have built its machine."""
    path: str

    def start(self, *, own_models: bool = False) -> Process:
        """A child that will serve a machine. own_models: a user's models will be imported."""

    def check(self) -> None:
        """EngineError naming the first thing that is missing on this machine."""

    def version(self) -> str:
        """Name and version, for reports."""
