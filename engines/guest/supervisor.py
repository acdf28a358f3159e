"""Runs a machine: serves the user's requests while it stands still, and ends what it runs.

The guest stands still inside `stand_still`, which the engine calls between two instructions (see
`Backend.enter`); that is where requests are served. The request `run` leaves it; whatever ends the
run asks the engine to enter it again, so that the instruction which did so is the last one.
"""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Callable, Mapping
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
from xipsim.peripherals.core import RAISED, Registry, ResetCause, System, Trace
from xipsim.peripherals.namedtuple import NamedTuple

from .board import Board
from .builder import Builder
from .clock import GuestClock
from .coredescription import describe_core
from .cortexm import is_interrupt_pending
from .dormant import NONE
from .faultwatch import FaultWatch
from .host import Host
from .modelerror import model_error
from .power import PowerSequencer
from .requests import Requests
from .snapshotfile import SnapshotFile

if TYPE_CHECKING:
    from .backend import Backend
    from .debugger import Debugger

PAUSE = 0.01
"""Seconds that the end of a user's process takes: the machine computes nothing meanwhile."""
NEED_A_CORE = (RUN, "reset", "restore", "rest", "snapshot")
"""Requests that a core which cannot go on cannot serve; from its snapshot nothing would go on."""


class Run(enum.Enum):
    """Where the machine is between two requests to run."""

    STANDING = "it stands still, and requests are served"
    RUNNING = "it runs towards a goal"
    DEAD = "the engine cannot go on with the core: it stands still for good"


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
        self._server, self.backend = server, backend
        self._run = Run.STANDING
        self._number = 0
        """Of the request under way, or of the last one."""
        self._interrupted = 0
        """Runs up to this number shall end."""
        self._ending: Ending | None = None
        self._epitaph: EngineError | None = None
        self.clock = GuestClock(backend.time, self.failed, stalls=config.stalls)
        self.core = backend.make_core(
            describe_core(platform, registry),
            lambda: self.power.request_reset(ResetCause.SOFTWARE),
        )
        self.board = board = Board(self.core, Trace())
        self.faults = FaultWatch(
            self.core,
            self.clock,
            lambda report: self.stop(StopReason.FAULT, detail=report),
            self._pass_on,
            lambda address, size: board.view.read(self.core, address, size),
        )
        self.power = PowerSequencer(
            board,
            self.clock,
            self.faults,
            enter=backend.enter,
            stop=self.stop,
            was_reset=self._was_reset,
        )
        self._connect_clock(stalls=config.stalls)
        system = System(
            clock=self.clock,
            bus=backend.bus,
            trace=board.trace,
            request_reset=self.power.request_reset,
            power_off=self.power.power_off,
            stuck=self.stuck,
            pc=self.power.pc,
            seed=config.seed,
        )
        builder = Builder(
            backend, board, self.clock, system, self.failed, registry, config.overrides
        )
        builder.build(platform, contents, boot.dormant if boot else NONE)
        board.models.restorer.compares = backend.compares
        self.host = Host(
            board.models,
            self.clock,
            board.trace,
            stop=self.stop,
            send=server.tell,
            strict=config.strict,
        )
        self._requests = Requests(self, boot)
        self.debugger: Debugger | None = None
        """Set by an engine that has a port for one."""
        self.begin_anew: Callable[[], None] = lambda: None
        """Watch the machine as one that has just been built; set by who watches, as an engine may.
        """

    def _connect_clock(self, *, stalls: bool) -> None:
        """Give the clock what it asks of the core, and of this engine."""
        clock, questions, core = self.clock, self.clock.questions, self.core
        clock.will_stand_still = lambda: self._ending is not None
        clock.is_pending = lambda: is_interrupt_pending(core)
        questions.can_interrupt = core.can_interrupt
        questions.pc = self.power.pc
        questions.proofs.pc = lambda: core.pc
        questions.level = lambda: core.exception
        if self.backend.player is not None:
            clock.passages.use(self.backend.player)
        if stalls:
            questions.proofs.witness = self.backend.witness
            if self.backend.turner is not None:
                questions.use(self.backend.turner)

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

    def stuck(self, reason: str) -> None:
        """The firmware will never come out of what it does: end the run as a fault."""
        self.stop(StopReason.FAULT, detail={"why": reason})

    def interrupt(self, number: int) -> None:
        """End the run of that number, if it is under way or still to come. From any thread."""
        self._interrupted = max(self._interrupted, number)
        if self._run is Run.RUNNING:
            self.backend.enter()

    def die(self, epitaph: EngineError, answer: Stop | EngineError) -> NoReturn:
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
            self._server.refuse(self._number, epitaph)
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
            self.power.give_up()
            self._ending = Ending(None, {}, model_error(error, access="the board was being reset"))

    def _proceed(self) -> None:
        """Do what has to be done before the core executes its next instruction."""
        self.power.settle()
        # Where the goal was the reset itself, the ROM begins with the next run.
        if self._ending is None and self.power.boot() and self.debugger is not None:
            self.debugger.entered()

    def _was_reset(self, cause: ResetCause) -> None:
        if self._run is Run.RUNNING and self.host.stop_on_reset:
            self.stop(StopReason.RESET, detail={"cause": cause.value})

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
            if self._epitaph is not None and request.name in NEED_A_CORE:
                self._server.refuse(request.number, self._epitaph)
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
        if self.power.is_on:
            self.faults.start()
        return True


def watch(interrupts: int, supervisor: Supervisor) -> NoReturn:
    """Pass interrupts on until the user's process is gone: for a thread of its own."""
    with contextlib.suppress(OSError):
        while number := os.read(interrupts, NUMBER):
            supervisor.interrupt(int.from_bytes(number, "little"))
    os._exit(0)
