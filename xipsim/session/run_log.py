"""What a machine says: its consoles' bytes, its models' events, its resets; and who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session.findings import MOST, Findings
from xipsim.session.transcript import Transcript

if TYPE_CHECKING:
    from xipsim.peripherals.core.trace import Repeated

Receiver = Callable[[bytes], None]

_FINDINGS = ("diagnostics", "gaps", "notes")
_LISTS = ("resets", "interruptions")


class Reset(NamedTuple):
    """A reset that the firmware, not the user, brought about. time: virtual ns."""

    time: int
    cause: str


class Interruption(NamedTuple):
    """A Ctrl-C that was typed to get a prompt. time: virtual ns."""

    time: int
    why: str


class RunLog:
    """All that was said since the machine was made; what comes without end is folded or bounded.

    consoles: their names. console: the default one, or empty. tell: calls a user's function with
    a value.
    """

    def __init__(
        self,
        consoles: Iterable[str],
        console: str,
        tell: Callable[[Callable[[Any], None], Any], None],
    ) -> None:
        self.printed = {name: Transcript() for name in consoles}
        self.diagnostics, self.gaps, self.notes = Findings(), Findings(), Findings()
        self.resets: list[Reset] = []
        self.interruptions: list[Interruption] = []
        self.left_out = dict.fromkeys(_LISTS, 0)
        """How many entries these lists lack."""
        self.on_command: Callable[[Any], None] | None = None
        self.on_wait_in_vain: Callable[[str], None] = _drop
        """Told what the firmware waits for and will not get."""
        self._console, self._tell = console, tell
        self._receivers: dict[str, list[Receiver]] = {}
        self._on_reset: list[Callable[[], None]] = []
        self._silent_from = 0

    @property
    def printed_since_reset(self) -> bytes:
        """What the default console has printed since the board last started."""
        return self.printed[self._console].since(self._silent_from) if self._console else b""

    def listen(self, console: str, receiver: Receiver, on_reset: Callable[[], None]) -> None:
        """Hand `receiver` all that the console prints; call `on_reset` at every reset."""
        self._receivers.setdefault(console, []).append(receiver)
        self._on_reset.append(on_reset)

    def receive(self, kind: str, value: Any) -> Callable[[], None] | None:
        """What the engine passes on; returns the call of the users' functions that want it."""
        if kind == "console":
            name, data = value
            self.printed[name].add(data)
            receivers = self._receivers.get(name)
            return partial(self._tell_each, receivers, [data]) if receivers else None
        from xipsim.peripherals.core.trace import FlashCommand

        commands = [event for event in value if isinstance(event, FlashCommand)]
        for event in value:
            if not isinstance(event, FlashCommand):
                self._keep(event)
        if commands and self.on_command:
            return partial(self._tell_each, [self.on_command], commands)
        return None

    def _tell_each(self, receivers: list[Callable[[Any], None]], values: list[Any]) -> None:
        for value in values:
            for receiver in receivers:
                self._tell(receiver, value)

    def _keep(self, found: Repeated) -> None:
        from xipsim.peripherals.core.trace import IN_VAIN, Diagnostic, Gap

        event, count, last = found
        if isinstance(event, Diagnostic):
            self.diagnostics.add(event, count, last)
        elif isinstance(event, Gap):
            self.gaps.add(event, count, last)
        else:
            self.notes.add(event, count, last)
            if event.source == IN_VAIN:
                self.on_wait_in_vain(event.message)

    def was_reset(self, reset: Reset | None) -> None:
        """The board starts anew; None: the user wanted it."""
        if reset:
            self._note("resets", reset)
        self._silent_from = len(self.printed[self._console]) if self._console else 0
        for told in self._on_reset:
            told()

    def was_interrupted(self, time: int, why: str) -> None:
        """Ctrl-C was typed."""
        self._note("interruptions", Interruption(time, why))

    def _note(self, name: str, entry: NamedTuple) -> None:
        entries: list[Any] = getattr(self, name)
        if len(entries) < MOST:
            entries.append(entry)
        else:
            self.left_out[name] += 1

    def forget_receiver(self) -> None:
        """Drop what the chips get from now on."""
        if self.on_command:
            self.on_command = _drop
        self.on_wait_in_vain = _drop

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """What was said so far, as plain data and the models' events."""
        return {
            "printed": {name: text.save() for name, text in self.printed.items()},
            "findings": {name: getattr(self, name).save() for name in _FINDINGS},
            "lists": {name: [tuple(entry) for entry in getattr(self, name)] for name in _LISTS},
            "left_out": dict(self.left_out),
            "silent_from": self._silent_from,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Hold what `save` returned, and nothing else."""
        for name, text in saved["printed"].items():
            self.printed[name].load(text)
        for name, findings in saved["findings"].items():
            getattr(self, name).load(findings)
        self.resets[:] = [Reset(*entry) for entry in saved["lists"]["resets"]]
        self.interruptions[:] = [Interruption(*e) for e in saved["lists"]["interruptions"]]
        self.left_out = {name: int(saved["left_out"][name]) for name in _LISTS}
        self._silent_from = int(saved["silent_from"])


def _drop(_: Any) -> None:
    pass
