"""Pickled messages over a pair of pipes.

What `multiprocessing.connection` does, without what importing that, or `socket`, takes in both
processes at every start.
"""

from __future__ import annotations

import os
import pickle
import select
from typing import Any

HEADER = 8
"""Bytes of the length before each message."""


def wait_for(descriptor: int, seconds: float | None) -> bool:
    """Whether there is something to read, or an end, within that time; None: for ever."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(None if seconds is None else seconds * 1000))


class Channel:
    """One end: a descriptor to read and one to write. EOFError when the other end is gone."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._closed = False

    def send(self, message: Any) -> None:
        """Send anything that can be pickled; nothing is sent if it cannot. OSError: no reader."""
        body = pickle.dumps(message, protocol=5)
        rest = memoryview(len(body).to_bytes(HEADER, "little") + body)
        while rest:
            rest = rest[os.write(self._writing, rest) :]

    def receive(self) -> Any:
        """Wait for the next message."""
        return pickle.loads(self._exactly(int.from_bytes(self._exactly(HEADER), "little")))

    def _exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        view = memoryview(data)
        while view:
            got = os.readv(self._reading, [view])
            if not got:
                raise EOFError
            view = view[got:]
        return data

    def poll(self, seconds: float | None) -> bool:
        """Whether a message (or the end) comes within that time; None: however long that takes."""
        return wait_for(self._reading, seconds)

    def close(self) -> None:
        """Close this end. Safe to call twice."""
        if not self._closed:
            self._closed = True
            os.close(self._reading)
            os.close(self._writing)
