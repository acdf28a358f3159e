"""The child process: QEMU with Python inside, serving the user's process over pipes.

SPDX-License-Identifier: GPL-2.0-or-later

The guest stands still inside a work item on its vCPU thread, where virtual time does not move;
that is where requests are served. `run` leaves the work item; whatever ends the run queues it
again, so that the instruction which did so is the last one.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from typing import Any, NoReturn

from xipsim.engines.api import Goal, MachineConfig, SnapshotError, Stop, StopReason
from xipsim.engines.host import Host
from xipsim.engines.repl import Platform
from xipsim.engines.usermodels import load_models
from xipsim.peripherals.core import BootError, Entry, ResetCause

from . import library as q
from .board import Board, build
from .channel import Channel
from .clock import Clock
from .core import Core
from .faults import FaultWatch
from .requests import Requests

ARGUMENTS = (
    "qemu-system-arm -M none -accel tcg -display none -nodefaults -S -monitor none -serial none"
    " -icount shift=1,sleep=off"
)
"""One instruction takes 2 ns. Nothing of QEMU's own listens anywhere."""

HOUSEKEEPING = 0.05
"""Seconds between two turns of QEMU's main loop where nothing depends on it."""

GDB_POLL = 0.005
"""Seconds between two looks at whether gdb has halted the machine."""

NEED_A_CORE = ("run", "reset", "restore")
"""Requests that a locked-up core cannot serve."""


class Guest:
    """The machine in the child, and the protocol with the parent."""

    def __init__(self, connection: Channel, config: MachineConfig, platform: Platform) -> None:
        self._connection, self._config = connection, config
        self._work = q.pointer(q.WORK(self._stand_still))
        self._nothing = q.pointer(q.WORK(lambda _cpu, _data: None))
        self._queued = False
        self._pinned = False
        self._running = False
        self._stop_values: dict[str, Any] = {}
        self._reason: StopReason | None = None
        self._error = ""
        self._dead = ""
        self._reset: ResetCause | None = ResetCause.POWER_ON
        self._rom: Generator[int, None, Entry] | None = None
        self._switches_off = False
        self._requests = Requests(self)
        self.clock = Clock(self.failed, stalls=config.stalls)
        # The parent has read the image while QEMU started.
        _, (chips, checked) = connection.receive()
        self.board: Board = build(config, platform, self.clock, self, chips, checked=checked)
        self.core: Core = self.board.core
        self.clock.cpu = self.core.cpu
        self.clock.is_pending = self.core.is_interrupt_pending
        self.core.on_reset_request(lambda: self.request_reset(ResetCause.SOFTWARE))
        self._rom_alarm = self.clock.alarm(self.queue)
        self._wake_alarm = self.clock.alarm(lambda: self.request_reset(ResetCause.WAKE_UP))
        self.host = Host(
            self.board.models,
            self.clock,
            self.board.trace,
            stop=self.stop,
            send=self.send,
            strict=config.strict,
        )
        self._faults = FaultWatch(
            self.core,
            self.clock,
            lambda report: self.stop(StopReason.FAULT, detail=report),
            self.host.flush,
        )
        if config.stalls:
            q.on_sleep.value = q.pointer(q.SLEEP(self._fall_asleep)).value
        self._sleep = q.pointer(q.WORK(lambda _cpu, opcode: self.clock.sleep(opcode == q.WFI)))
        q.on_abort.value = q.pointer(q.PLAIN(self._aborted)).value

    # -- what models and watchers ask for --------------------------------------------------------

    def queue(self) -> None:
        """Enter the work item after the instruction under way."""
        if not self._queued:
            self._queued = True
            q.queue_work(self.core.cpu, self._work, 0)

    def stop(self, reason: StopReason, **values: Any) -> None:
        """End the run here. The first reason wins, but a fault is never hidden by a deadline."""
        hidden = reason is StopReason.FAULT and self._reason in (
            StopReason.DEADLINE,
            StopReason.QUIET,
        )
        if self._reason is None or hidden:
            self._reason, self._stop_values = reason, values
        self.queue()

    def failed(self, error: Exception) -> None:
        """A model raised: end the run, and hand the error to the user."""
        if not self._error:
            self._error = describe_model_error(error, self.core.pc)
        self.queue()

    def request_reset(self, cause: ResetCause) -> None:
        """Reset the microcontroller after the instruction under way."""
        if self._reset is None:
            self._reset = cause
        self.queue()

    def power_off(self, reason: str) -> None:
        """The board has switched itself off: it sleeps until its alarm, or for good."""
        wake = self.board.wake_at()
        self._halt()
        self._switches_off = True
        self.queue()
        if wake is None:
            self.stop(StopReason.POWERED_OFF, detail={"why": reason})
        else:
            self._wake_alarm.at(wake)

    def stuck(self, reason: str) -> None:
        """The firmware will never come out of what it does: end the run as a fault."""
        self.stop(StopReason.FAULT, detail={"why": reason})

    def pc(self) -> int | None:
        """Program counter of the access under way; None while the boot ROM, a model, works."""
        return None if self._rom is not None else self.core.pc

    def send(self, kind: str, value: Any) -> None:
        """Tell the user's process something while the guest runs."""
        try:
            self._connection.send((kind, value))
        except OSError:
            os._exit(1)  # the parent is gone

    # -- standing still --------------------------------------------------------------------------

    def _stand_still(self, _cpu: Any, _data: int) -> None:
        if not self._pinned:
            q.pin_thread()
            self._pinned = True
        self._queued = False
        # While a core that is stopped has no work queued, QEMU moves time on at every new alarm.
        q.queue_work(self.core.cpu, self._nothing, 0)
        try:
            self._step()
            self.clock.move_on()
        except EOFError:
            os._exit(0)  # the parent has closed the machine, or is gone
        except BaseException:
            _print_traceback()
            os._exit(1)

    def _step(self) -> None:
        while True:
            if self._running:
                self._go_on()
                if self._reason is None and not self._error:
                    return
                self._running = False
                self._faults.stop()
                self.host.end()
                self._report_stop()
            self._serve()
            if not self._running:
                return
            if not self.clock.halted:
                self._faults.start()

    def _go_on(self) -> None:
        """Do what a run must do before the core executes its next instruction."""
        if self._switches_off:
            self._switches_off = False
            self.core.reset()  # SysTick, too, is without power
            self._faults.stop()
        if self._reset is not None:
            cause, self._reset = self._reset, None
            self.begin_reset(cause)
        is_standing = self._reason is not None  # the goal was the reset itself
        if not is_standing and self._rom is not None and self._rom_alarm.deadline is None:
            self._continue_rom()

    def _report_stop(self) -> None:
        reason, values, error = self._reason, self._stop_values, self._error
        self._reason, self._stop_values, self._error = None, {}, ""
        if error:
            self.send("error", ("model", error))
        elif reason is not None:
            values.setdefault("pc", self.core.pc)
            self.send("stop", Stop(reason=reason, now=self.clock.now, **values))

    def _serve(self) -> None:
        while (message := self._next_request()) is not None:
            request, arguments = message
            if self._dead and request in NEED_A_CORE:
                self.send("error", ("engine", self._dead))
                continue
            if request == "run":
                if self._begin_run(arguments[0]):
                    return
                continue
            try:
                answer = getattr(self._requests, request)(*arguments)
                self.host.flush()
                self.send("answer", answer)
            except LookupError as error:
                self.send("error", ("lookup", str(error.args[0])))
            except SnapshotError as error:
                self.send("error", ("snapshot", str(error)))
            except Exception as error:
                self.send("error", ("model", describe_model_error(error, self.core.pc)))
            if self._error:
                self.send("error", ("model", self._error))

    def _next_request(self) -> tuple[str, tuple[Any, ...]] | None:
        """The parent's next request; None where gdb needs the vCPU thread out of the work item."""
        if self._config.gdb_port is None:
            message: tuple[str, tuple[Any, ...]] = self._connection.receive()
            return message
        q.unlock()  # gdb's stub works in the main loop, which needs the big lock
        try:
            while not self._connection.poll(GDB_POLL):
                if not q.is_running():
                    threading.Timer(GDB_POLL, self.queue).start()
                    return None
        finally:
            q.lock(b"xipsim", 0)
        return self._connection.receive()  # type: ignore[no-any-return]

    def _begin_run(self, goal: Goal) -> bool:
        met = self.host.begin(goal)
        if met is not None:
            self.host.end()
            self.send(
                "stop",
                Stop(reason=met[0], now=self.clock.now, consumed=met[1], pc=self.core.pc),
            )
            return False
        self._running = True
        return True

    # -- reset and boot --------------------------------------------------------------------------

    def begin_reset(self, cause: ResetCause) -> None:
        """Reset everything now; the ROM starts when the run goes on."""
        self._reset = None
        self.clock.cancel_stall()
        self._rom_alarm.cancel()
        self._wake_alarm.cancel()
        self._faults.restart()
        if cause is ResetCause.POWER_ON:
            self.board.lose_memory()
        self.core.reset()
        self.board.reset(cause)
        self._rom = self.board.boot()
        if self._running and self.host.stop_on_reset:
            self.stop(StopReason.RESET, detail={"cause": cause.value})

    def _continue_rom(self) -> None:
        assert self._rom is not None
        try:
            self._rom_alarm.at(next(self._rom))
            self._halt()
            return
        except StopIteration as done:
            self._rom = None
            self.core.enter(done.value)
            self.clock.halted = False
            self._faults.start()
            q.cpu_resume(self.core.cpu)
        except BootError as error:
            self._rom = None
            self._halt()
            self.stop(StopReason.BOOT_FAILED, detail={"why": str(error)})

    def _halt(self) -> None:
        """The core executes nothing until the next reset."""
        self.clock.halted = True
        self.clock.halt()

    # -- snapshots -------------------------------------------------------------------------------

    @property
    def boot_rom_works(self) -> bool:
        """Whether the ROM waits for something; its state cannot be saved."""
        return self._rom is not None

    def save(self) -> dict[str, Any]:
        """What of the machine is nobody else's: a core that is switched off."""
        return {
            "reset": self._reset,
            "halted": self.clock.halted,
            "wake_at": self._wake_alarm.deadline,
            "faults": self._faults.save(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on as when `save` returned `saved`."""
        self._rom = None
        self._rom_alarm.cancel()
        self._reset = saved["reset"]
        self._wake_alarm.cancel()
        if saved["wake_at"] is not None:
            self._wake_alarm.at(saved["wake_at"])
        self._faults.load(saved["faults"])
        if saved["halted"]:
            self._halt()
        elif self.clock.halted:
            self.clock.halted = False
            q.cpu_resume(self.core.cpu)

    def _fall_asleep(self, _vcpu: int, opcode: int) -> None:
        # The clock must not be read here (QEMU 7.2 ends with "Bad icount read").
        q.queue_work(self.core.cpu, self._sleep, opcode)

    def _aborted(self) -> None:
        """QEMU gives up, as it does with a locked-up core: answer questions until the end."""
        self._dead = "the core has locked up, and QEMU cannot go on with it; start anew"
        report = self.core.fault_report() | {"lockup": True}
        self.host.flush()
        self.send(
            "stop",
            Stop(reason=StopReason.FAULT, now=self.clock.now, pc=self.core.pc, detail=report),
        )
        with contextlib.suppress(EOFError):
            self._serve()


def describe_model_error(error: Exception, pc: int | None) -> str:
    """One paragraph: where in the model, doing what, and where the firmware was."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    place = frames[-1] if frames else None
    where = f"{place.filename}, line {place.lineno}, in {place.name}" if place else "a model"
    at = "" if pc is None else f"; the firmware's PC is {pc:#010x}"
    return f"{type(error).__name__}: {error} ({where}{at})"


def _print_traceback() -> None:
    import traceback

    traceback.print_exc()


def _watch_parent(interrupts: int, guest: Guest) -> NoReturn:
    """A byte on this pipe interrupts a run; its end means that the parent is gone."""
    while True:
        if not os.read(interrupts, 1):
            os._exit(0)
        guest.stop(StopReason.INTERRUPTED)


def _main_loop() -> NoReturn:
    """QEMU's own main loop would be woken whenever time moves on, to find nothing to do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # QEMU's handlers ask its main loop to end
    q.unlock()
    while True:
        time.sleep(HOUSEKEEPING)
        q.lock(b"xipsim", 0)
        q.main_loop_wait(1)
        q.unlock()


def _import_models(platform: Platform) -> None:
    """Ahead of `build`, which says what is wrong, if anything is."""
    with contextlib.suppress(Exception):
        load_models(entry.type for entry in platform.entries)


def main() -> None:
    """Entry point. Arguments: descriptors of requests, answers and interrupts; the shim."""
    gc.disable()  # nothing that is built here becomes garbage
    requests, answers, interrupts = map(int, sys.argv[1:4])
    connection = Channel(requests, answers)
    try:
        _, (config, platform) = connection.receive()
    except EOFError:
        return  # the parent has found a mistake, or is gone
    models = threading.Thread(target=_import_models, args=(platform,))
    models.start()
    argc, argv = q.start_arguments([*ARGUMENTS.split(), "-plugin", sys.argv[4]])
    q.qemu_init(argc, argv, None)  # meanwhile, the interpreter imports
    models.join()
    q.transaction_begin()
    try:
        guest = Guest(connection, config, platform)
    except Exception as error:
        connection.send(("error", ("build", f"{type(error).__name__}: {error}")))
        _print_traceback()
        os._exit(1)
    q.transaction_commit()
    gc.freeze()
    gc.enable()
    connection.send(("answer", None))
    threading.Thread(target=_watch_parent, args=(interrupts, guest), daemon=True).start()
    if config.gdb_port is not None:
        q.gdb_start(f"tcp:127.0.0.1:{config.gdb_port}".encode(), q.error_fatal)
    guest.queue()
    q.vm_start()
    if config.stalls and config.gdb_port is None:
        _main_loop()
    q.qemu_main_loop()
