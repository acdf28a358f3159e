"""What models say about a run: typed events, and the hub that passes them on.

Events are the only way in which a model talks to people. Emitting one that nobody subscribed to
costs a set look-up; ask `trace.wants(...)` before building an expensive one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from xipsim.peripherals.namedtuple import NamedTuple


class FlashCommand(NamedTuple):
    """One chip-select cycle on a flash chip."""

    time: int
    chip: str
    opcode: int | None
    """None: no opcode was sent (continuous read) or none was understood."""
    name: str
    """The data sheet's name of the command, e.g. `page program`; `ignored` if it had no effect."""
    address: int | None = None
    sent: bytes = b""
    received: bytes = b""


class Diagnostic(NamedTuple):
    """The firmware did something that the hardware's rules forbid; silicon's reaction followed."""

    time: int
    source: str
    rule: str
    """Short, stable identifier of the rule, e.g. `program-without-wel`."""
    message: str
    pc: int | None = None
    opcode: int | None = None
    address: int | None = None


class Gap(NamedTuple):
    """The firmware used something that the model does not have. `--strict` makes it an error."""

    time: int
    source: str
    what: str
    pc: int | None = None


class Note(NamedTuple):
    """Something worth a line in the report that is nobody's mistake."""

    time: int
    source: str
    message: str


IN_VAIN = "waits"
"""Source of notes that say what the firmware waits for and will not get."""


class Repeated(NamedTuple):
    """An event that came so many `times` within a short while, the last time at `last`."""

    event: Diagnostic | Gap | Note
    times: int
    last: int


def fold_key(event: Diagnostic | Gap | Note) -> Hashable:
    """Equal for events that say the same again: of one rule at one PC, of one gap, of one text."""
    if isinstance(event, Diagnostic):
        return Diagnostic, event.source, event.rule, event.pc
    if isinstance(event, Gap):
        return Gap, event.source, event.what
    return Note, event.source, event.message


Event = FlashCommand | Diagnostic | Gap | Note
E = TypeVar("E", FlashCommand, Diagnostic, Gap, Note)


class Trace:
    """Passes events to subscribers, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._subscribers: dict[type, list[Callable[[Any], None]]] = {}

    def subscribe(self, kind: type[E], receiver: Callable[[E], None]) -> None:
        """Call `receiver` with every later event of class `kind`."""
        self.receivers(kind).append(receiver)

    def receivers(self, kind: type[E]) -> list[Callable[[E], None]]:
        """Whom events of class `kind` go to, now and later: who emits thousands looks into that."""
        return self._subscribers.setdefault(kind, [])

    def wants(self, kind: type[Event]) -> bool:
        """Whether anybody receives events of class `kind`."""
        return bool(self._subscribers.get(kind))

    def emit(self, event: Event) -> None:
        """Hand `event` to whoever subscribed to its class."""
        for receiver in self._subscribers.get(type(event), ()):
            receiver(event)
