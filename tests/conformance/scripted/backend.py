"""The scripted core as the models' end uses it; implements `guest.backend.Backend`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from xipsim.engines.api import StopReason
from xipsim.engines.guest.coredescription import CoreDescription
from xipsim.engines.guest.cortexm import fault_report
from xipsim.engines.guest.supervisor import Supervisor
from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import Server
from xipsim.peripherals.core import Model, Read, Region, Words, Write

from .core import Core
from .memory import Calls, Memory, Range, Space, Window
from .time import NEVER, ScriptedTime

INSTRUCTION = 2
"""Virtual ns."""


class ScriptedBackend:
    """One machine, in this thread."""

    def __init__(self) -> None:
        self.time = ScriptedTime()
        self.bus = Space()
        self.player = self.witness = self.turner = self.compares = None
        self.core: Core
        self._asked = threading.Event()
        """To stand still."""
        self._guest: Supervisor

    # -- building --------------------------------------------------------------------------------

    def make_core(
        self, description: CoreDescription, on_reset_request: Callable[[], None]
    ) -> Core:
        """The core."""
        self.core = Core(self.bus, on_reset_request, self._locked_up)
        return self.core

    def make_memory(self, name: str, size: int) -> Memory:
        """Memory that answers nowhere yet."""
        return Memory(self.bus, size)

    def begin_memories(self) -> None:
        """All of them will be saved or loaded."""

    def place_registers(
        self, model: Model, address: int, size: int, read: Read, write: Write, words: Words
    ) -> None:
        """Registers of a model."""
        self.bus.add(Range(0, address, address + size, Calls(read, write)))

    def place_late(
        self, name: str, address: int, size: int, make: Callable[[], tuple[Read, Write, Words]]
    ) -> None:
        """Registers of a model that is not there yet."""

        def read(*access: Any) -> int:
            return make()[0](*access)

        def write(*access: Any) -> None:
            make()[1](*access)

        self.bus.add(Range(0, address, address + size, Calls(read, write)))

    def place_window(
        self, model: Model, region: Region, address: int, size: int, read: Read, write: Write
    ) -> Window:
        """A window of a model."""
        return Window(self.bus, address, size, Calls(read, write))

    def place_tag(self, name: str, address: int, size: int, read: Read, write: Write) -> None:
        """A range behind everything else."""
        self.bus.add(Range(-1, address, address + size, Calls(read, write)))

    # -- running ---------------------------------------------------------------------------------

    def enter(self) -> None:
        """Stand still after the instruction under way."""
        self._asked.set()

    def next_request(self, server: Server) -> Request | None:
        """The next request."""
        return server.receive()

    def run(self, guest: Supervisor) -> None:
        """Stand still first; then run for ever."""
        self._guest = guest
        self.enter()
        while True:
            if self._asked.is_set():
                self._asked.clear()
                guest.stand_still()
            self.time.fire()
            if not self._asked.is_set():
                self._go_on()

    def _go_on(self) -> None:
        """An instruction, or to the next timer where there is none to execute."""
        time, core = self.time, self.core
        if time.held or core.state.locked:
            self._wait(step=1)
            return
        here = core.pc
        core.step()
        time.now += INSTRUCTION
        if core.hint:
            self._guest.clock.sleep(core.hint == "wfi")
        elif core.pc == here and not (core.due() or self._asked.is_set()):
            self._wait(step=INSTRUCTION)  # It branches to itself.

    def _wait(self, step: int) -> None:
        """Let whole steps of time pass until a timer is due."""
        time = self.time
        if time.first == NEVER:
            self._asked.wait()
        else:
            time.now += max(0, -(-(time.first - time.now) // step) * step)

    def _locked_up(self) -> None:
        report = fault_report(self.core) | {"lockup": True}
        self._guest.stop(StopReason.FAULT, detail=report)

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Core and time."""
        return {"core": self.core.save(), "now": self.time.now}

    def load(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`."""
        self.core.load_state(saved["core"])
        self.time.now = saved["now"]
