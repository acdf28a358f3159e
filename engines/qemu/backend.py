"""QEMU as the models' end uses it; implements `guest.backend.Backend`.

SPDX-License-Identifier: GPL-2.0-or-later

Standing still is a work item on the vCPU thread: QEMU runs it between two instructions, and virtual
time does not move in it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from xipsim.engines.api import SnapshotError
from xipsim.engines.guest.clock import GuestClock
from xipsim.engines.guest.coredescription import CoreDescription
from xipsim.engines.link.messages import Request
from xipsim.engines.link.server import UsersEnd
from xipsim.peripherals.core import Model, Read, Region, Words, Write

from . import devices, shim
from . import library as q
from .bank import Banks
from .core import Core
from .loops import QemuWitness
from .memory import Bus, SystemBus, Window, place_late, place_registers, place_tag
from .passages import QemuPlayer
from .privates import count_exceptions, watch_privates
from .ram import Memory
from .sameness import WORKS, QuickHeld
from .time import QemuTime
from .translation import watch_translation
from .turns import QemuTurner
from .vmstate import keep_translations

GDB_POLL = 0.005
"""Seconds between two looks at whether gdb has halted the machine."""
PRIVATE_BUS = 0xE000_0000
"""From here on a Cortex-M's private peripherals."""


class QemuBackend:
    """One machine. gdb: whether its stub will be started."""

    def __init__(self, *, gdb: bool) -> None:
        self.time = QemuTime()
        self.bus = Bus()
        self._system = SystemBus()
        self._banks = Banks(self._system)
        self.player = QemuPlayer()
        self.compares = partial(QuickHeld, shim.find_changed) if WORKS else None
        self.witness: QemuWitness | None = None
        self.turner: QemuTurner
        self.core: Core
        self._gdb = gdb
        self._stand_still: Callable[[], None] = lambda: None
        self._work = q.pointer(q.WORK(self._entered))
        self._nothing = q.pointer(q.WORK(lambda _cpu, _data: None))
        self._queued = self._pinned = False
        self._forget_switched = shim.bound_at(b"act", "xipsim_forget_switched", 0)
        self._loads = 0

    def start(self, stand_still: Callable[[], None], clock: GuestClock, *, sleeps: bool) -> None:
        """Call `stand_still` before the first instruction, and when `enter` has asked for it.

        sleeps: put the core to sleep where it executes WFE or WFI.
        """
        self._stand_still = stand_still
        shim.answer_time(type(clock), clock.reading)
        if self._gdb:
            # QEMU lets all cores go on behind a halt by gdb.
            again = q.pointer(q.WORK(lambda _cpu, _data: clock.hold_again()))

            def changed(_opaque: Any, is_running: bool, _state: int) -> None:
                if is_running:
                    q.queue_work(self.core.cpu, again, 0)

            q.on_run_state(q.pointer(q.RUN_STATE(changed)), None)
        if sleeps:
            shim.naps.slept_until, shim.naps.event = clock.naps.slept_until, clock.naps.event
            clock.naps = shim.naps
            shim.on_sleep(self.core.cpu, partial(clock.sleep, False), partial(clock.sleep, True))
        self.enter()

    # -- building --------------------------------------------------------------------------------

    def make_core(
        self, description: CoreDescription, on_reset_request: Callable[[], None]
    ) -> Core:
        """The core."""
        self.core = Core(description, memory=q.get_system_memory())
        self.core.on_reset_request(on_reset_request)
        self.time.bind(self.core.cpu)
        self.player.use(self.core.cpu)
        self.turner = QemuTurner(self.core.nvic)
        watch_translation(self.core.cpu)
        is_witnessed = watch_privates(self.core.device)
        if is_witnessed and not self._gdb:  # who steps through a loop shall see all of its turns
            self.witness = QemuWitness(self.core.cpu, self._system)
            count_exceptions(description.interrupts)
            shim.on_series(self._be_ready)
        return self.core

    def _be_ready(self) -> None:
        """The first loop comes of which turns may be made at once."""
        if self.witness is not None:
            self.witness.be_ready()
            self.time.be_ready()

    def make_memory(self, name: str, size: int) -> Memory:
        """Memory that answers nowhere yet."""
        return Memory(name, size, self._system, self._banks.place(size))

    def begin_memories(self) -> None:
        """All of them will be saved or loaded."""
        self._banks.begin()

    def place_registers(
        self, model: Model, address: int, size: int, read: Read, write: Write, words: Words
    ) -> None:
        """Registers of a model."""
        core, name = self._private_to(address), model.name
        place_registers(self._system, name, address, size, read, write, words, private_to=core)

    def place_late(
        self, name: str, address: int, size: int, make: Callable[[], tuple[Read, Write, Words]]
    ) -> None:
        """Registers of a model that is not there yet."""
        core = self._private_to(address)
        place_late(self._system, name, address, size, make, private_to=core)

    def _private_to(self, address: int) -> int | None:
        return self.core.cpu if address >= PRIVATE_BUS else None

    def place_window(
        self, model: Model, region: Region, address: int, size: int, read: Read, write: Write
    ) -> Window:
        """A window of a model."""
        return Window(self._system, f"{model.name}.{region.name}", address, size, read, write)

    def place_tag(self, name: str, address: int, size: int, read: Read, write: Write) -> None:
        """A range behind everything else."""
        place_tag(self._system, name, address, size, read, write)

    # -- running ---------------------------------------------------------------------------------

    def enter(self) -> None:
        """Stand still after the instruction under way."""
        if not self._queued:
            self._queued = True
            q.queue_work(self.core.cpu, self._work, 0)

    def _entered(self, _cpu: Any, _data: int) -> None:
        if not self._pinned:
            q.pin_thread()
            self._pinned = True
        self._queued = False
        # While a core that is stopped has no work queued, QEMU moves time on at every new alarm.
        q.queue_work(self.core.cpu, self._nothing, 0)
        try:
            self._stand_still()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)

    def hold(self, is_over: Callable[[], bool]) -> None:
        """Stand still until gdb has halted the core, or `is_over`."""
        q.unlock()
        try:
            while q.is_running() and not is_over():
                time.sleep(GDB_POLL)
        finally:
            q.lock(b"xipsim", 0)

    def next_request(self, server: UsersEnd) -> Request | None:
        """The next request; None where gdb needs the vCPU thread out of the work item."""
        if not self._gdb:
            return server.receive()
        q.unlock()  # gdb's stub works in the main loop, which needs the big lock
        try:
            while not server.poll(GDB_POLL):
                if not q.is_running():
                    threading.Timer(GDB_POLL, self.enter).start()
                    return None
        finally:
            q.lock(b"xipsim", 0)
        return server.receive()

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """QEMU's own device state, and what that lacks."""
        return {"devices": devices.save(), "fp_active": self.core.fp_active.value}

    def load(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`."""
        self._forget_switched()
        self._loads += 1
        if self._loads == 2:  # hardly anything is translated where a start loads the cached boot
            keep_translations(self.core.cpu)
        # QEMU looks at a change of it when it loads the rest of the core's state.
        self.core.fp_active.value = saved["fp_active"]
        if (result := devices.load(saved["devices"])) < 0:
            raise SnapshotError(f"QEMU does not take this device state (error {result})")
