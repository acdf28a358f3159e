"""The child process: Renode with Python inside, serving the user's process over pipes.

It stands still in the handler of a clock entry, on the thread of Renode's CPU, and waits there for
requests; see `bridge/Running.cs`.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from xipsim.engines.api import CoreStopped, MachineConfig, Stop, StopReason
from xipsim.engines.guest.cortexm import fault_report
from xipsim.engines.guest.start import answer_build
from xipsim.engines.guest.supervisor import watch
from xipsim.engines.link.channel import Channel
from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import Server
from xipsim.engines.repl import Platform
from xipsim.peripherals.namedtuple import NamedTuple

from .backend import RenodeBackend
from .calls import Host
from .description import names_of
from .entry import Guest, offer
from .launcher import HANDED_OVER


class Handed(NamedTuple):
    """What the launcher has received: the first two requests, the second one not answered yet."""

    config: MachineConfig
    platform: Platform
    build: Request


class Served(Guest):
    """The machine of a user's process.

    Memories and registers are Renode's; wires, and all that is not on the bus, are built here as
    under any other engine, and Renode's own lamps and buttons are left alone.
    """

    def __init__(
        self, host: Host, files: Sequence[str], server: Server, interrupts: int, handed: Handed
    ) -> None:
        super().__init__(host, files)
        self._server, self._interrupts, self._handed = server, interrupts, handed

    def build(self, description: bytes) -> str | None:
        """Make the models, and answer the request for that."""
        names = names_of(json.loads(description))
        self.backend = RenodeBackend(self._host, {name: i for i, name in enumerate(names)})
        config, platform, build = self._handed
        supervisor = answer_build(build, self._server, self.backend, config, platform)
        if supervisor is None:
            os._exit(1)
        self.supervisor = supervisor
        watching = threading.Thread(target=watch, args=(self._interrupts, supervisor), daemon=True)
        watching.start()
        return None

    def input(self, model: int, pin: int, level: int) -> None:
        """One of Renode's own wires: nothing that the machine has is on it."""

    def aborted(self) -> None:
        """Renode cannot go on with the core: answer questions until the end."""
        self.supervisor.die(
            CoreStopped(
                "the core has stopped for good, and Renode can neither go on with it nor reset it: "
                "close this machine, and make another one"
            ),
            Stop(
                StopReason.FAULT,
                self.supervisor.clock.now,
                pc=self.backend.core.pc,
                detail=fault_report(self.backend.core) | {"lockup": True},
            ),
        )


def start(address: int, models: Sequence[str]) -> None:
    """Offer this side's functions. models: files of the user's own models."""
    requests, answers, interrupts, handed_over = map(int, os.environ.pop(HANDED_OVER).split())
    server = Server(Channel(requests, answers))
    with open(handed_over, "rb") as file:
        handed = Handed(*pickle.load(file))
    offer(address, Served(Host(address), models, server, interrupts, handed), _or_die)


def _or_die(function: Callable[..., Any]) -> Callable[..., Any]:
    """What escapes a function that Renode calls ends the process, so that nothing hangs."""

    def guarded(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)

    return guarded
