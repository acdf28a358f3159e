"""Runs a machine: serves the user's requests while it stands still, and ends what it runs.

The guest stands still inside `stand_still`, which the engine calls between two instructions (see
`Backend.enter`); that is where requests are served. The request `run` leaves it; whatever ends the
run asks the engine to enter it again, so that the instruction which did so is the last one.
"""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from xipsim.engines.api import (
    EngineError,
    Goal,
    MachineConfig,
    ModelError,
    SnapshotError,
    Stop,
    StopReason,
)
from xipsim.engines.link.messages import NUMBER, RUN, Request
from xipsim.engines.link.server import UsersEnd
from xipsim.engines.repl import Platform
from xipsim.peripherals.core import RAISED, BootError, Entry, Registry, ResetCause
from xipsim.peripherals.namedtuple import NamedTuple

from .backend import Backend
from .board import Board
from .builder import Builder, describe_core
from .clock import GuestClock
from .cortexm import is_interrupt_pending, next_pc
from .dormant import NONE
from .faultwatch import FaultWatch
from .host import Host
from .modelerror import model_error
from .requests import Requests
from .snapshotfile import SnapshotFile

if TYPE_CHECKING:
    from .debugger import Debugger

PAUSE = 0.01
"""Seconds that the end of a user's process takes: the machine computes nothing meanwhile."""
NEED_A_CORE = (RUN, "reset", "restore", "rest")
"""Requests that a core which cannot go on cannot serve."""


class Run(enum.Enum):
    """Where the machine is between two requests to run."""

    STANDING = "it stands still, and requests are served"
    RUNNING = "it runs towards a goal"
    DEAD = "the engine cannot go on with the core: it stands still for good"


class Power(enum.Enum):
    """Where the microcontroller is between reset and reset."""

    RESETTING = "a reset is due"
    BOOTING = "the boot ROM is at work, the core is held"
    ON = "the core executes the firmware"
    SWITCHING_OFF = "it has switched itself off with the instruction under way"
    OFF = "nothing is executed until a reset"


class Ending(NamedTuple):
    """Why a run ends. error: a model raised; then there is no reason."""

    reason: StopReason | None
    values: dict[str, Any]
    error: ModelError | None = None


class Supervisor:
    """A machine at work, on an engine that builds and executes it.

    contents, boot: as `build` of `start` has them. ConfigurationError where the platform cannot be
    built.
    """

    def __init__(
        self,
        server: UsersEnd,
        backend: Backend,
        config: MachineConfig,
        platform: Platform,
        registry: Registry,
        contents: Mapping[str, bytes],
        boot: SnapshotFile | None = None,
    ) -> None:
        self._server, self.backend, self._config = server, backend, config
        self._run, self._power = Run.STANDING, Power.RESETTING
        self._number = 0
        """Of the request under way, or of the last one."""
        self._interrupted = 0
        """Runs up to this number shall end."""
        self._ending: Ending | None = None
        self._cause = ResetCause.POWER_ON
        self._rom: Generator[int, None, Entry] | None = None
        self._epitaph = ""
        self.clock = GuestClock(backend.time, self.failed, stalls=config.stalls)
        self.core = backend.make_core(
            describe_core(platform, registry), lambda: self.request_reset(ResetCause.SOFTWARE)
        )
        self.clock.will_stand_still = lambda: self._ending is not None
        self.clock.is_pending = lambda: is_interrupt_pending(self.core)
        self.clock.questions.can_interrupt = self.core.can_interrupt
        self.clock.questions.pc = self.pc
        self.clock.questions.proofs.pc = lambda: self.core.pc
        if backend.player is not None:
            self.clock.passages.use(backend.player)
        if config.stalls:
            self.clock.questions.proofs.witness = backend.witness
            if backend.turner is not None:
                self.clock.questions.use(backend.turner)
        self.clock.questions.level = lambda: self.core.exception
        builder = Builder(
            backend,
            self.clock,
            self,
            registry,
            self.core,
            overrides=config.overrides,
            seed=config.seed,
        )
        self.board: Board = builder.build(platform, contents, boot.dormant if boot else NONE)
        self.board.models.restorer.compares = backend.compares
        self._rom_alarm = self.clock.alarm(backend.enter)
        self._wake_alarm = self.clock.alarm(lambda: self.request_reset(ResetCause.WAKE_UP))
        self.host = Host(
            self.board.models,
            self.clock,
            self.board.trace,
            stop=self.stop,
            send=server.tell,
            strict=config.strict,
        )
        self.faults = FaultWatch(
            self.core,
            self.clock,
            lambda report: self.stop(StopReason.FAULT, detail=report),
            self._pass_on,
            lambda address, size: self.board.view.read(self.core, address, size),
        )
        self._requests = Requests(self, boot)
        self.debugger: Debugger | None = None
        """Set by an engine that has a port for one."""
        self.begin_anew: Callable[[], None] = lambda: None
        """Watch the machine as one that has just been built; set by who watches, as an engine may.
        """

    # -- what models and watchers ask for --------------------------------------------------------

    def stop(self, reason: StopReason, **values: Any) -> None:
        """End the run here. The first reason wins, but a fault is never hidden by a deadline."""
        before = self._ending
        hides = before is not None and before.reason in (StopReason.DEADLINE, StopReason.QUIET)
        if before is None or (hides and reason is StopReason.FAULT):
            self._ending = Ending(reason, values)
        self.backend.enter()

    def failed(self, error: BaseException, access: str = "") -> None:
        """A model raised: end the run, and hand the error to the user."""
        if self._ending is None or self._ending.error is None:
            raised = model_error(error, access=access, pc=self.core.pc)
            self._ending = Ending(None, {}, raised)
        self.backend.enter()

    def request_reset(self, cause: ResetCause) -> None:
        """Reset the microcontroller after the instruction under way. The first cause counts."""
        if self._power is not Power.RESETTING:
            self._power, self._cause = Power.RESETTING, cause
        self.backend.enter()

    def power_off(self, reason: str) -> None:
        """The board has switched itself off: it sleeps until its alarm, or for good."""
        if self._power is not Power.ON:
            return  # a reset of the same instruction, or the first of two, was quicker
        self._power = Power.SWITCHING_OFF
        wake = self.board.wake_at()
        if wake is None:
            self.stop(StopReason.POWERED_OFF, detail={"why": reason})
        else:
            self._wake_alarm.at(wake)
            self.backend.enter()

    def stuck(self, reason: str) -> None:
        """The firmware will never come out of what it does: end the run as a fault."""
        self.stop(StopReason.FAULT, detail={"why": reason})

    def pc(self) -> int | None:
        """Program counter of the access under way; None while the boot ROM, a model, works."""
        if self._rom is not None:
            return None
        if self.clock.is_behind:
            return next_pc(self.core)
        return self.clock.passages.past.pc or self.core.pc

    def interrupt(self, number: int) -> None:
        """End the run of that number, if it is under way or still to come. From any thread."""
        self._interrupted = max(self._interrupted, number)
        if self._run is Run.RUNNING:
            self.backend.enter()

    def die(self, epitaph: str, answer: Stop | EngineError) -> NoReturn:
        """The engine cannot go on with the core: answer the run with that, then questions only.

        epitaph: what a request to go on is told. Does not return.
        """
        was_running, self._run = self._run is Run.RUNNING, Run.DEAD
        self._epitaph = epitaph
        self.host.flush()
        if isinstance(answer, EngineError):
            self._server.refuse(self._number, answer)
        elif was_running:
            self._server.reply(self._number, answer)
        else:
            self._server.refuse(self._number, EngineError(epitaph))
        while True:
            self._serve()

    def _pass_on(self) -> None:
        """In the middle of a run: the user's process shall see what has gathered."""
        self.host.flush()
        self._server.push()

    # -- standing still --------------------------------------------------------------------------

    def stand_still(self) -> None:
        """Called by the engine between two instructions; when it returns, the machine goes on."""
        self.clock.stand_still()
        while True:
            if self._run is Run.RUNNING:
                self._proceed_guarded()
                if self.debugger is not None:
                    self.debugger.stand_still(lambda: self._number <= self._interrupted)
                if self._number <= self._interrupted and self._ending is None:
                    self._ending = Ending(StopReason.INTERRUPTED, {})
                if self._ending is None:
                    break
                self._end_run(self._ending)
            if not self._serve():
                break
        self.clock.move_on()

    def _proceed_guarded(self) -> None:
        """A model may raise in its `reset`, or the boot ROM; then nothing runs until a reset."""
        try:
            self._proceed()
        except RAISED as error:
            self._power, self._rom = Power.OFF, None
            self.clock.halt()
            self._ending = Ending(None, {}, model_error(error, access="the board was being reset"))

    def _proceed(self) -> None:
        """Do what has to be done before the core executes its next instruction."""
        if self._power is Power.SWITCHING_OFF:
            self._power = Power.OFF
            self.clock.halt()
            self.core.reset()  # SysTick, too, is without power
            self.faults.stop()
        if self._power is Power.RESETTING:
            self.begin_reset(self._cause)
        # Where the goal was the reset itself, the ROM begins with the next run.
        may_go_on = self._ending is None and self._rom_alarm.deadline is None
        if self._power is Power.BOOTING and may_go_on:
            self._continue_rom()

    def _end_run(self, ending: Ending) -> None:
        self._run, self._ending = Run.STANDING, None
        self.faults.stop()
        self.host.end()
        if ending.error is not None:
            self._server.refuse(self._number, ending.error)
        elif ending.reason is not None:
            values = {"pc": self.core.pc} | ending.values
            self._server.reply(self._number, Stop(ending.reason, self.clock.now, **values))

    def _serve(self) -> bool:
        """Answer requests until one of them makes the machine run; False: the engine shall leave,
        and come back."""
        while (request := self._next_request()) is not None:
            self._number = request.number
            if self._run is Run.DEAD and request.name in NEED_A_CORE:
                self._server.refuse(request.number, EngineError(self._epitaph))
            elif request.name == RUN:
                if self._begin_run(*request.arguments):
                    return True
            else:
                self._answer(request)
                if self._requests.may_go_back_ahead and not self._server.poll(PAUSE):
                    self._requests.go_back()
        return False

    def _next_request(self) -> Request | None:
        if self._run is Run.DEAD:
            return self._server.receive()
        return self.backend.next_request(self._server)

    def _answer(self, request: Request) -> None:
        value, failure = self._find_answer(request.name, request.arguments)
        self.host.flush()
        if failure is None:
            self._server.reply(request.number, value)
        else:
            self._server.refuse(request.number, failure)

    def _find_answer(
        self, name: str, arguments: tuple[Any, ...]
    ) -> tuple[Any, Exception | None]:
        """What the request comes to, and why it cannot be done."""
        failure: Exception | None = None
        value = None
        try:
            value = self._requests.answer(name, arguments)
        except (LookupError, ValueError, SnapshotError, EngineError) as error:
            failure = error
        except RAISED as error:
            failure = model_error(error, access=f"request {name!r}", pc=self.core.pc)
        if self._ending is not None and self._ending.error is not None:
            # A model has raised where its caller could not hear it: in an alarm, behind the bus.
            failure, self._ending = failure or self._ending.error, None
        return value, failure

    def _begin_run(self, goal: Goal) -> bool:
        self._requests.go_back()
        if goal.typed:
            _, failure = self._find_answer("type", (goal.console, goal.typed))
            if failure is not None:
                self._server.refuse(self._number, failure)
                return False
        try:
            met = self.host.begin(goal)
        except (LookupError, ValueError) as error:
            self.host.end()
            self._server.refuse(self._number, error)
            return False
        if met is not None:
            self.host.end()
            reason, consumed = met
            stop = Stop(reason, self.clock.now, consumed=consumed, pc=self.core.pc)
            self._server.reply(self._number, stop)
            return False
        self._run = Run.RUNNING
        if self._power is Power.ON:
            self.faults.start()
        return True

    # -- reset and boot --------------------------------------------------------------------------

    def begin_reset(self, cause: ResetCause) -> None:
        """Reset everything now; the ROM starts when the run goes on."""
        self._power, self._cause = Power.BOOTING, cause
        self.clock.cancel_stall()
        self.clock.questions.proofs.clear()
        self._rom_alarm.cancel()
        self._wake_alarm.cancel()
        self.faults.restart()
        if cause is ResetCause.POWER_ON:
            self.board.lose_memory()
        self.core.reset()
        self.board.reset(cause)
        self._rom = self.board.boot()
        if self._run is Run.RUNNING and self.host.stop_on_reset:
            self.stop(StopReason.RESET, detail={"cause": cause.value})

    def _continue_rom(self) -> None:
        assert self._rom is not None
        try:
            self._rom_alarm.at(next(self._rom))
            self.clock.halt()
        except StopIteration as done:
            self._rom, self._power = None, Power.ON
            self.core.enter(done.value)
            if self.debugger is not None:
                self.debugger.entered()
            self.faults.start()
            self.clock.resume()
        except BootError as error:
            self._rom, self._power = None, Power.OFF
            self.clock.halt()
            self.stop(StopReason.BOOT_FAILED, detail={"why": str(error)})

    # -- snapshots -------------------------------------------------------------------------------

    @property
    def boot_rom_works(self) -> bool:
        """Whether the ROM waits for something; its state cannot be saved."""
        return self._rom is not None

    def save(self) -> dict[str, Any]:
        """What of the machine is nobody else's: whether it is on, and what is due."""
        return {
            "power": self._power.name,
            "cause": self._cause,
            "wake_at": self._wake_alarm.deadline,
            "faults": self.faults.save(),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on as when `save` returned `saved`."""
        self._rom = None
        self._rom_alarm.cancel()
        self._power, self._cause = Power[saved["power"]], saved["cause"]
        self._wake_alarm.cancel()
        if saved["wake_at"] is not None:
            self._wake_alarm.at(saved["wake_at"])
        self.faults.load(saved["faults"])
        if self._power is Power.OFF:
            self.clock.halt()
        elif self.clock.halted:
            self.clock.resume()


def watch(interrupts: int, supervisor: Supervisor) -> NoReturn:
    """Pass interrupts on until the user's process is gone: for a thread of its own."""
    with contextlib.suppress(OSError):
        while number := os.read(interrupts, NUMBER):
            supervisor.interrupt(int.from_bytes(number, "little"))
    os._exit(0)
