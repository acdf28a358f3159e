"""What the user's process and the process of the models say to each other.

Down go requests, each with a number of its own; up comes exactly one `Reply` or `Refusal` with that
number, and in between what consoles print and models tell. So an answer can never be taken for that
to another question, however the asking ended. A run is a request like any other: the reply to
`run` is its `Stop`. Over a pipe of their own, so that they overtake requests, go the numbers of
runs that shall end.
"""

from __future__ import annotations

from xipsim.peripherals.namedtuple import NamedTuple

TYPE_CHECKING = False  # see `xipsim.cli.prestart`
if TYPE_CHECKING:
    from typing import Any

RUN, START, BUILD = "run", "start", "build"
"""Requests that the models' end knows itself; the others are methods of `guest.requests`.

start(config, platform): what to simulate. build(chips, boot): the contents to begin with; a
snapshot's path and identity, or None.
"""

NUMBER = 8
"""Bytes of a run's number on the pipe of interrupts, little endian."""

UNUSABLE = 78
"""Exit code of a process that finds that it cannot run in this installation, and says why in the
last line that it prints; EX_CONFIG of sysexits.h."""


class Request(NamedTuple):
    """Do something. number: larger than that of every request before."""

    number: int
    name: str
    arguments: tuple[Any, ...]


class Reply(NamedTuple):
    """The request of that number was done."""

    number: int
    value: Any


class Refusal(NamedTuple):
    """The request of that number could not be done. error: one of `REFUSALS`."""

    number: int
    error: Exception


class News(NamedTuple):
    """What happens while the guest runs. kind: `console` (name, bytes) or `events` (a list)."""

    kind: str
    value: Any


Message = Reply | Refusal | News
UP = Reply, Refusal, News
"""In the pipe, a message up is its number here and its parts, and one down is a request's parts:
classes take several times as long to pickle."""
