"""Pickled messages over a pair of pipes.

What `multiprocessing.connection` does, without what importing that, or `socket`, takes in both
processes at every start.
"""

from __future__ import annotations

import os
import pickle
import select
from typing import Any

from xipsim.engines.api import EngineError

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from types import TracebackType

HEADER = 8
"""Bytes of the length before each message."""
AT_ONCE = 1 << 14
"""Bytes that are read at once, of all the messages that have come."""


def wait_for(descriptor: int, seconds: float | None, events: int = select.POLLIN) -> bool:
    """Whether there is something to read, or an end, within that time; None: for ever."""
    waiting = select.poll()
    waiting.register(descriptor, events)
    return bool(waiting.poll(None if seconds is None else seconds * 1000))


class Stuck(Exception):
    """The other end has done nothing for too long in the middle of a message."""


ENDS = EOFError, BrokenPipeError, Stuck
"""Behind these, no message comes or goes."""


class Channel:
    """One end: a descriptor to read and one to write.

    EOFError or BrokenPipeError when the other end is gone. patience: seconds after which it is
    Stuck; None: never. A message of which an exception has left a part in the pipe would be taken
    for the beginning of the next one: EngineError for all that is asked then.
    """

    def __init__(self, reading: int, writing: int, patience: float | None = None) -> None:
        self._reading, self._writing, self._patience = reading, writing, patience
        os.set_blocking(writing, patience is None)
        self._whole = _Whole()
        self._come = bytearray()
        """What was read, of messages that were not received yet."""
        self._has_come = False
        """Whether something is there to be read, as `poll` has found."""
        self._readable = select.poll()
        self._readable.register(reading, select.POLLIN)

    def send(self, message: Any) -> None:
        """Send anything that can be pickled; ValueError if it cannot, and nothing is sent."""
        self.put(packed(message))

    def put(self, messages: bytes) -> None:
        """Send what was packed."""
        with self._whole:
            rest = memoryview(messages)
            while rest:
                try:
                    rest = rest[os.write(self._writing, rest) :]
                except BlockingIOError:
                    self._await(self._writing, select.POLLOUT)

    def receive(self) -> Any:
        """Wait for the next message."""
        with self._whole:
            come = self._come
            while len(come) < HEADER:
                self._await_more()
                data = os.read(self._reading, AT_ONCE)
                if not data:
                    raise EOFError
                come += data
            end = HEADER + int.from_bytes(come[:HEADER], "little")
            body = come[HEADER:end]
            del come[:end]
            if len(body) < end - HEADER:
                body = self._completed(body, end - HEADER)
            return pickle.loads(body)

    def _completed(self, begun: bytearray, length: int) -> bytearray:
        """A message that is longer than what was read of it."""
        data = bytearray(length)
        data[: len(begun)] = begun
        view = memoryview(data)[len(begun) :]
        while view:
            self._await_more()
            got = os.readv(self._reading, [view])
            if not got:
                raise EOFError
            view = view[got:]
        return data

    def _await_more(self) -> None:
        has_come, self._has_come = self._has_come, False
        if self._patience is not None and not has_come:
            self._await(self._reading, select.POLLIN)

    def _await(self, descriptor: int, events: int) -> None:
        if not wait_for(descriptor, self._patience, events):
            raise Stuck

    def poll(self, seconds: float | None) -> bool:
        """Whether a message (or the end) comes within that time; None: however long that takes."""
        if self._come:
            return True
        self._has_come = bool(self._readable.poll(None if seconds is None else seconds * 1000))
        return self._has_come


def packed(message: Any) -> bytes:
    """As it goes through the pipe; ValueError where it cannot be pickled."""
    try:
        body = pickle.dumps(message, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(f"not to be sent to another process: {error}") from error
    return len(body).to_bytes(HEADER, "little") + body


class _Whole:
    """What must not be cut in two: a message that is sent, or received."""

    _is_cut = False

    def __enter__(self) -> None:
        if self._is_cut:
            raise EngineError(
                "a message from or to the engine's process was cut in two by an exception (of a "
                "signal's handler?), so no answer can be told from another; start anew"
            )
        self._is_cut = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Whatever is raised meanwhile, but for what ends all messages, cuts one in two."""
        self._is_cut = kind is not None and not issubclass(kind, ENDS)
