"""The user's end: asks, waits for the answer, listens meanwhile, survives the other end's death."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from xipsim.engines.api import (
    ConfigurationError,
    EngineError,
    EngineKilled,
    Goal,
    Receiver,
    Stop,
    StopReason,
)

from .channel import Channel, Stuck
from .messages import RUN, UP, Message, News, Refusal, Reply
from .process import ANSWER_TIME, Process
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


class Client:
    """Asks the models' end in one process, which `connect` names before anything is asked.

    For one thread at a time.
    """

    def __init__(self) -> None:
        self.receivers: list[Receiver] = []
        self.now = 0
        """Virtual ns of the last stop."""
        self.spent = 0.0
        """As of the `Engine` protocol."""
        self._deliveries: deque[Callable[[], None]] = deque()
        self._numbers = 0
        self._running: int | None = None
        """The run that has not been answered yet: the machine may not stand still."""
        self._answer: Reply | Refusal | None = None
        self._interrupted = False
        """Somebody has asked for the end of a run, and none has ended so yet."""
        self._process: Process
        self._channel: Channel

    def connect(self, process: Process, numbers: int = 0) -> None:
        """It is that one. numbers: all requests that it has got are numbered below."""
        self._process, self._channel, self._numbers = process, process.channel, numbers

    def ask(self, name: str, *arguments: Any, seconds: float | None = None) -> Any:
        """What the request comes to. seconds: given for it, of the child's own as long as it
        computes; None: ANSWER_TIME."""
        return _value(self._answer_to(self.post(name, *arguments), seconds))

    def run(self, goal: Goal) -> Stop:
        """Have the machine run; how that ends. Whoever is called meanwhile may raise."""
        try:
            return self._stop(self.post(RUN, goal), goal)
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

    def interrupt(self) -> None:
        """As of the `Engine` protocol."""
        self._interrupted = True  # seen by `post` where a run begins just now
        if (running := self._running) is not None:
            self._process.interrupt(running)

    def post(self, name: str, *arguments: Any) -> int:
        """Send a request, of which nobody has to hear what it comes to; its number."""
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
            for receiver in self.receivers:
                delivery = receiver(message.kind, message.value)
                if delivery is not None:
                    self._deliveries.append(delivery)
            return
        self._answer = message
        if message.number == self._running:
            self._running = None
            if isinstance(message, Reply):
                self.now = message.value.now

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
