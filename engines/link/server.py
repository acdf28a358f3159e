"""The models' end: takes requests, answers each once, tells what happens."""

from __future__ import annotations

import os
from typing import Any, Protocol

from xipsim.engines.api import EngineError

from .channel import Channel, packed
from .messages import UP, Message, News, Refusal, Reply, Request


class UsersEnd(Protocol):
    """Whom the machine serves: a user's process, or the engine itself where that is the user's."""

    def receive(self) -> Request:
        """Wait for the next request."""

    def poll(self, seconds: float) -> bool:
        """Whether a request comes within that time."""

    def reply(self, number: int, value: Any) -> None:
        """The request was done."""

    def refuse(self, number: int, error: Exception) -> None:
        """The request could not be done."""

    def tell(self, kind: str, value: Any) -> None:
        """What happens while the guest runs; see `News`. It may wait for `push`, or an answer."""

    def push(self) -> None:
        """Whatever was told shall arrive."""


class Server:
    """The end of the process in which the models live. It does not outlive the user's end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._told = b""
        """What goes with the next message: each one wakes the user's process."""

    def receive(self) -> Request:
        """Wait for the next request; ends the process where none can come any more."""
        try:
            return Request(*self._channel.receive())
        except EOFError:
            os._exit(0)  # the user's process has closed the machine, or is gone

    def poll(self, seconds: float) -> bool:
        """Whether a request comes within that time."""
        return self._channel.poll(seconds)

    def reply(self, number: int, value: Any) -> None:
        """The request was done. What cannot be sent is refused."""
        try:
            answer = _packed(Reply(number, value))
        except Exception as error:  # whatever pickling a value may raise
            self.refuse(number, EngineError(f"the answer cannot be sent: {error}"))
        else:
            self._send(answer)

    def refuse(self, number: int, error: Exception) -> None:
        """The request could not be done."""
        self._send(_packed(Refusal(number, error)))

    def tell(self, kind: str, value: Any) -> None:
        """What happens while the guest runs; see `News`."""
        self._told += _packed(News(kind, value))

    def push(self) -> None:
        """Whatever was told shall arrive."""
        if self._told:
            self._send(b"")

    def _send(self, answer: bytes) -> None:
        told, self._told = self._told, b""
        try:
            self._channel.put(told + answer)
        except OSError:
            os._exit(1)  # the user's process is gone


def _packed(message: Message) -> bytes:
    return packed((UP.index(type(message)), *message))
