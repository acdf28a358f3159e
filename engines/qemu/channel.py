"""Pickled messages over a socket.

SPDX-License-Identifier: GPL-2.0-or-later

What `multiprocessing.connection` does, without the 12 ms that importing it takes at every start.
"""

from __future__ import annotations

import pickle
import select
import socket
from typing import Any

HEADER = 8
"""Bytes of the length before each message."""
ERASED = b"\xff"
"""Not sent at the end of a chip's contents."""


class Channel:
    """One end of a socket pair. EOFError when the other end is gone."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def send(self, message: Any) -> None:
        """Send anything that can be pickled; nothing is sent if it cannot. OSError: no reader."""
        body = pickle.dumps(message, protocol=5)
        self._socket.sendall(len(body).to_bytes(HEADER, "little"))
        self._socket.sendall(body)

    def receive(self) -> Any:
        """Wait for the next message."""
        return pickle.loads(self._exactly(int.from_bytes(self._exactly(HEADER), "little")))

    def _exactly(self, count: int) -> bytearray:
        data = bytearray(count)
        view = memoryview(data)
        while view:
            got = self._socket.recv_into(view)
            if not got:
                raise EOFError
            view = view[got:]
        return data

    def poll(self, seconds: float) -> bool:
        """Whether a message (or the end) comes within that time."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def close(self) -> None:
        """Close this end. Safe to call twice."""
        self._socket.close()
