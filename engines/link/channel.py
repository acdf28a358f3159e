"""Pickled messages over a pair of pipes.

What `multiprocessing.connection` does, without what importing that, or `socket`, takes in both
processes at every start.
"""

from __future__ import annotations

import os
import pickle
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xipsim.engines.api import EngineError

HEADER = 8
"""Bytes of the length before each message."""


def wait_for(descriptor: int, seconds: float | None, events: int = select.POLLIN) -> bool:
    """Whether there is something to read, or an end, within that time; None: for ever."""
    waiting = select.poll()
    waiting.register(descriptor, events)
    return bool(waiting.poll(None if seconds is None else seconds * 1000))


class Stuck(Exception):
    """The other end has done nothing for too long in the middle of a message."""


class Channel:
    """One end: a descriptor to read and one to write.

    EOFError or BrokenPipeError when the other end is gone. patience: seconds after which it is
    Stuck; None: never. A message of which an exception has left a part in the pipe would be taken
    for the beginning of the next one: EngineError for all that is asked then.
    """

    def __init__(self, reading: int, writing: int, patience: float | None = None) -> None:
        self._reading, self._writing, self._patience = reading, writing, patience
        os.set_blocking(writing, patience is None)
        self._is_cut = False

    def send(self, message: Any) -> None:
        """Send anything that can be pickled; ValueError if it cannot, and nothing is sent."""
        try:
            body = pickle.dumps(message, protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(f"not to be sent to another process: {error}") from error
        with self._whole():
            rest = memoryview(len(body).to_bytes(HEADER, "little") + body)
            while rest:
                try:
                    rest = rest[os.write(self._writing, rest) :]
                except BlockingIOError:
                    self._await(self._writing, select.POLLOUT)

    def receive(self) -> Any:
        """Wait for the next message."""
        with self._whole():
            return pickle.loads(self._exactly(int.from_bytes(self._exactly(HEADER), "little")))

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Whatever is raised meanwhile, but for what ends all messages, cuts one in two."""
        if self._is_cut:
            raise EngineError(
                "a message from or to the engine's process was cut in two by an exception (of a "
                "signal's handler?), so no answer can be told from another; start anew"
            )
        self._is_cut = True
        try:
            yield
        except (EOFError, BrokenPipeError, Stuck):
            self._is_cut = False
            raise
        self._is_cut = False

    def _exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        view = memoryview(data)
        while view:
            if self._patience is not None:
                self._await(self._reading, select.POLLIN)
            got = os.readv(self._reading, [view])
            if not got:
                raise EOFError
            view = view[got:]
        return data

    def _await(self, descriptor: int, events: int) -> None:
        if not wait_for(descriptor, self._patience, events):
            raise Stuck

    def poll(self, seconds: float | None) -> bool:
        """Whether a message (or the end) comes within that time; None: however long that takes."""
        return wait_for(self._reading, seconds)
