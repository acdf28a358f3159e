"""The user's end where Renode itself is the user interface: it runs, and what happens is logged."""

from __future__ import annotations

from typing import Any

from xipsim.engines.api import Goal, Stop, StopReason
from xipsim.engines.link.messages import RUN, Request
from xipsim.peripherals.core import Diagnostic, Gap, Note

from .calls import Host

INFO, WARNING, ERROR = 1, 2, 3
"""Renode's levels of its log."""


class Monitor:
    """Implements `link.server.UsersEnd`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._numbers = 0

    def receive(self) -> Request:
        """Run: it is Renode that pauses and goes on."""
        self._numbers += 1
        return Request(self._numbers, RUN, (Goal(),))

    def poll(self, _seconds: float) -> bool:
        """There is always something to do."""
        return True

    def reply(self, _number: int, value: Any) -> None:
        """The run has ended by itself."""
        if isinstance(value, Stop) and value.reason is not StopReason.RESET:
            self._say(ERROR, "\n".join(_described(value)))
            self._host.pause()

    def refuse(self, _number: int, error: Exception) -> None:
        """A model raised."""
        self._say(ERROR, str(error))
        self._host.pause()

    def tell(self, kind: str, value: Any) -> None:
        """What models tell. Consoles are Renode's own UARTs."""
        if kind == "events":
            for event in value:
                if isinstance(event, Note):
                    self._say(INFO, f"{event.source}: {event.message}")
                elif isinstance(event, Gap):
                    self._say(WARNING, f"{event.source}: not modelled: {event.what}{_at(event.pc)}")
                elif isinstance(event, Diagnostic):
                    what = f"{event.source}: {event.rule}: {event.message}{_at(event.pc)}"
                    self._say(WARNING, what)

    def push(self) -> None:
        """It has arrived."""

    def _say(self, level: int, text: str) -> None:
        self._host.log(level, text.encode())


def _at(pc: int | None) -> str:
    return "" if pc is None else f" (PC {pc:#010x})"


def _described(stop: Stop) -> list[str]:
    lines = [f"{stop.reason.value}, at {stop.now} ns{_at(stop.pc)}"]
    for name, value in stop.detail.items():
        if isinstance(value, dict):
            words = (f"{n} {v:#010x}" for n, v in value.items() if v is not None)
            lines.append(f"  {name}: {' '.join(words)}")
        elif value is not None:
            lines.append(f"  {name}: {value:#010x}" if type(value) is int else f"  {name}: {value}")
    return lines
