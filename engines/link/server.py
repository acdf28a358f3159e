"""The models' end: takes requests, answers each once, tells what happens."""

from __future__ import annotations

import os
from typing import Any, Protocol

from xipsim.engines.api import EngineError

from .channel import Channel
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
        """What happens while the guest runs; see `News`."""


class Server:
    """The end of the process in which the models live. It does not outlive the user's end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

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
            self._send(Reply(number, value))
        except OSError:
            raise
        except Exception as error:  # whatever pickling a value may raise
            self.refuse(number, EngineError(f"the answer cannot be sent: {error}"))

    def refuse(self, number: int, error: Exception) -> None:
        """The request could not be done."""
        self._send(Refusal(number, error))

    def tell(self, kind: str, value: Any) -> None:
        """What happens while the guest runs; see `News`."""
        self._send(News(kind, value))

    def _send(self, message: Message) -> None:
        try:
            self._channel.send((UP.index(type(message)), *message))
        except OSError:
            os._exit(1)  # the user's process is gone
