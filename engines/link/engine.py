"""The user's end of an engine in a process of its own: asks, listens, survives its death."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from xipsim.engines.api import (
    IMPORT_TIME,
    ConfigurationError,
    EngineError,
    EngineKilled,
    Goal,
    MachineConfig,
    Receiver,
    Stop,
    StopReason,
    StrPath,
)
from xipsim.engines.repl import Platform
from xipsim.engines.repl.cache import load
from xipsim.engines.repl.wires import with_wires

from .channel import Channel, Stuck
from .messages import BUILD, RUN, START, UP, Message, News, Refusal, Reply
from .process import ANSWER_TIME, Process
from .program import Program
from .signals import Uninterrupted

EXHAUSTED = ("annot allocate memory", "MemoryError", "failed to allocate", "start new thread")
"""Said by libc, Python and GLib in the last words of a process that got no more of something."""
AT_WORK = 0.01
"""Share of a processor that a child has which computes; one that waits for ever has none."""
SOON = 0.5
"""Seconds in which most requests are done: nobody asks then whether others use the processor."""
LISTENING = 0.2
"""Seconds after which whoever waits listens to signals. One that comes just before the wait begins
does not end it, since Python calls handlers between two of its own instructions only."""


class ChildEngine:
    """A machine in a child process; implements the `Engine` protocol.

    process: one of `program` that was started ahead; it is closed with the engine.
    """

    def __init__(
        self, config: MachineConfig, program: Program, process: Process | None = None
    ) -> None:
        self._config, self._program = config, program
        self._receivers: list[Receiver] = []
        self._deliveries: deque[Callable[[], None]] = deque()
        self._identity: dict[str, str] | None = None
        self._now = 0
        self.spent = 0.0
        """As of the `Engine` protocol."""
        self._numbers = 0
        self._running: int | None = None
        """The run that has not been answered yet: the machine may not stand still."""
        self._answer: Reply | Refusal | None = None
        self._interrupted = False
        """Somebody has asked for the end of a run, and none has ended so yet."""
        self._process: Process
        self._channel: Channel
        self._begin(process)

    def _begin(self, process: Process | None) -> None:
        """Tell a process what it will simulate."""
        with Uninterrupted():  # else a child may be started that nobody knows
            own_models = bool(self._config.models)
            self._process = process or self._program.start(own_models=own_models)
            self._channel = self._process.channel
        try:
            self._platform = self._load()
            self._start()
        except BaseException:
            self.close()
            raise

    def _load(self) -> Platform:
        return with_wires(load(self._config.platform), self._config.wires)

    def _start(self) -> None:
        self._post(START, _plain(self._config), self._platform)

    # -- the Engine protocol ---------------------------------------------------------------------

    def build(self, chips: Mapping[str, bytes], *, boot: StrPath | None = None) -> None:
        """Build the machine, with these bytes in its chips."""
        known = (os.path.abspath(boot), self.identity()) if boot else None
        limit = self._program.BUILD_TIME + (IMPORT_TIME if self._config.models else 0)
        self._process.pid = _value(self._answer_to(self._post(BUILD, chips, known), limit))

    @property
    def now(self) -> int:
        """Virtual ns of the last stop."""
        return self._now

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return self._program.version()

    @property
    def pid(self) -> int:
        """Process id of what simulates."""
        return self._process.pid

    def run(self, goal: Goal) -> Stop:
        """Run until the goal is met. Console bytes and events reach subscribers meanwhile."""
        try:
            return self._stop(self._post(RUN, goal), goal)
        except EngineError:
            raise
        except BaseException:
            # Ctrl-C, mostly: without anybody waiting the machine shall not run on.
            with suppress(EngineError):
                self._settle()
            raise

    def _stop(self, number: int, goal: Goal) -> Stop:
        """How the run ends; when its time is over it is interrupted."""
        began = time.monotonic()
        if goal.wall is None or not goal.is_patient:
            answer = self._wait(number, None if goal.wall is None else began + goal.wall)
            self.spent += time.monotonic() - began
        elif answer := self._wait(number, began + min(SOON, goal.wall)):
            self.spent += time.monotonic() - began
        else:
            answer, own = self._wait_its_time(number, goal.wall - SOON)
            self.spent += SOON + own if answer else goal.wall
        if answer is None:
            self._process.interrupt(number)
            answer = self._answer_to(number)
        stop: Stop = _value(answer)
        if stop.reason is StopReason.INTERRUPTED:
            if not self._interrupted:
                return stop._replace(reason=StopReason.WALL)
            self._interrupted = False
        return stop

    def call(self, entry: str, method: str, *arguments: Any) -> Any:
        """Call an exposed method of a model."""
        return self.request("call", entry, method, arguments)

    def request(self, name: str, *arguments: Any) -> Any:
        """Ask the models' end."""
        return _value(self._answer_to(self._post(name, *arguments)))

    def subscribe(self, receiver: Receiver) -> None:
        """Hand console bytes and events to `receiver`."""
        self._receivers.append(receiver)

    def reset(self, *, power: bool) -> None:
        """Press reset, or switch off and on."""
        self.request("reset", power)

    def read_memory(self, address: int, length: int) -> bytes:
        """Guest memory as the core sees it."""
        data: bytes = self.request("read_memory", address, length)
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        """Write guest memory as the core would."""
        self.request("write_memory", address, data)

    def registers(self) -> dict[str, int]:
        """The core's registers."""
        registers: dict[str, int] = self.request("registers")
        return registers

    def snapshot(self) -> int:
        """Take a snapshot, kept in the child; its number."""
        number: int = self.request("snapshot")
        return number

    def restore(self, number: int) -> None:
        """Be what the machine was when that snapshot was taken."""
        self._now = self.request("restore", number)

    def drop_snapshot(self, number: int) -> None:
        """Forget a snapshot."""
        self.request("drop_snapshot", number)

    def save_snapshot(self, number: int, path: StrPath, extra: bytes) -> None:
        """Write a snapshot to a file, with `extra` beside it."""
        self.request("save_snapshot", number, os.path.abspath(path), self.identity(), extra)

    def load_snapshot(self, path: StrPath) -> tuple[int, bytes]:
        """Read a snapshot of a machine like this one: its number, and what was kept beside it."""
        loaded: tuple[int, bytes] = self.request(
            "load_snapshot", os.path.abspath(path), self.identity()
        )
        return loaded

    def identity(self) -> dict[str, str]:
        """What shapes this machine; a snapshot fits only one of the same."""
        from xipsim.engines.identity import identity

        if self._identity is None or self._config.models:
            own = self.request("user_sources") if self._config.models else ()
            self._identity = identity(self._config, self._platform, self._program, own)
        return self._identity

    def interrupt(self) -> None:
        """End the run that is under way, or else the next one."""
        self._interrupted = True  # seen by `_post` where a run begins just now
        if (running := self._running) is not None:
            self._process.interrupt(running)

    def close(self) -> None:
        """End the child and wait for it. Safe to call twice."""
        with Uninterrupted():
            self._process.close()

    # -- talking to the child --------------------------------------------------------------------

    def _post(self, name: str, *arguments: Any) -> int:
        """Send a request; its number."""
        self._settle()
        with Uninterrupted():
            self._numbers += 1
            number = self._numbers
            try:
                self._channel.send((number, name, arguments))
            except Stuck as error:
                raise self._hung() from error
            except BrokenPipeError as error:
                self._hear_last_words(number)
                raise self._death() from error
            if name == RUN:
                self._running = number
                if self._interrupted:
                    self._process.interrupt(number)
        return number

    def _settle(self) -> None:
        """Have a run answered that was left when waiting for it was cut short."""
        if self._running is not None:
            self._process.interrupt(self._running)
            self._answer_to(self._running)

    def _answer_to(self, number: int, seconds: float | None = None) -> Reply | Refusal:
        """The answer to that request, for which ANSWER_TIME is given where nothing else is.

        On a computer that is busy with other things it is the child's own time that counts.
        """
        limit = ANSWER_TIME if seconds is None else seconds
        answer = self._wait(number, time.monotonic() + min(SOON, limit))
        if answer is None:
            answer, _ = self._wait_its_time(number, limit - SOON)
        if answer is None:
            raise self._hung(limit)
        return answer

    def _wait_its_time(self, number: int, seconds: float) -> tuple[Reply | Refusal | None, float]:
        """The answer to that request, None if it does not come in so many seconds of the child's
        own time, or the child does nothing for as long; and how many it took."""
        own, before = 0.0, self._process.processor_time()
        while seconds > own:
            began, limit = time.monotonic(), seconds - own
            answer = self._wait(number, began + limit)
            now = self._process.processor_time()
            computed, before = min(now - before, time.monotonic() - began), now
            own += computed
            if answer is not None:
                return answer, own
            if computed < limit * AT_WORK:
                break
        return None, own

    def _wait(self, number: int, deadline: float | None) -> Reply | Refusal | None:
        """The answer to that request; None if it does not come until `deadline`."""
        while (answer := self._answer) is None or answer.number != number:
            if number == self._running:
                self._deliver()
            if self._channel.poll(_turn(deadline)):
                with Uninterrupted():
                    self._receive()
            elif deadline is not None and time.monotonic() >= deadline:
                return None
        self._deliver()
        return answer

    def _deliver(self) -> None:
        """Call the users' functions that wait for what was received."""
        while self._deliveries:
            self._deliveries.popleft()()

    def _receive(self) -> None:
        """Take the next message. Answers to what nobody waits for any more are dropped."""
        try:
            kind, *parts = self._channel.receive()
        except Stuck as error:
            raise self._hung() from error
        except EOFError as error:
            raise self._death() from error
        message: Message = UP[kind](*parts)
        if isinstance(message, News):
            for receiver in self._receivers:
                delivery = receiver(message.kind, message.value)
                if delivery is not None:
                    self._deliveries.append(delivery)
            return
        self._answer = message
        if message.number == self._running:
            self._running = None
            if isinstance(message, Reply):
                self._now = message.value.now

    def _hear_last_words(self, number: int) -> None:
        """Raise what a child that has ended has still said to that request, or to an earlier one.

        A machine that cannot be built ends so, before it was asked for more.
        """
        while self._channel.poll(0):
            self._receive()
            if isinstance(self._answer, Refusal) and self._answer.number <= number:
                raise self._answer.error

    def _death(self) -> EngineError | ConfigurationError:
        if refusal := self._process.refusal():
            return ConfigurationError(refusal)
        death = f"the engine's process {self._process.death()}"
        if any(words in death for words in EXHAUSTED):
            return ConfigurationError(f"too little memory, or too low a limit (`ulimit`): {death}")
        return EngineKilled(death) if self._process.is_ended_from_outside() else EngineError(death)

    def _hung(self, seconds: float | None = None) -> EngineError:
        self._process.kill()
        limit = ANSWER_TIME if seconds is None else seconds
        return EngineError(
            f"the engine's process did not answer within {limit:g} s and was killed"
            f"{self._process.last_words()}"
        )


def _value(answer: Reply | Refusal) -> Any:
    if isinstance(answer, Refusal):
        raise answer.error
    return answer.value


def _turn(deadline: float | None) -> float:
    """Seconds to wait at once for what may take until `deadline`."""
    if deadline is None:
        return LISTENING
    return min(LISTENING, max(0.0, deadline - time.monotonic()))


def _plain(config: MachineConfig) -> MachineConfig:
    """The same with paths as strings: the child need not import pathlib."""
    return config._replace(
        platform=os.fspath(config.platform),
        models=tuple(os.fspath(file) for file in config.models),
        program=None,
    )
