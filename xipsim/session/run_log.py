"""What a machine says: its consoles' bytes, its models' events, its resets; and who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

Receiver = Callable[[bytes], None]

_LISTS = ("diagnostics", "gaps", "notes", "resets", "interruptions")


class Reset(NamedTuple):
    """A reset that the firmware, not the user, brought about. time: virtual ns."""

    time: int
    cause: str


class RunLog:
    """All that was heard since the machine was made.

    consoles: their names. console: the default one, or empty. tell: calls a user's function with
    a value.
    """

    def __init__(
        self,
        consoles: Iterable[str],
        console: str,
        tell: Callable[[Callable[[Any], None], Any], None],
    ) -> None:
        self.printed = {name: bytearray() for name in consoles}
        self.diagnostics: list[Any] = []
        self.gaps: list[Any] = []
        self.notes: list[Any] = []
        self.resets: list[Reset] = []
        self.interruptions: list[tuple[int, str]] = []
        """Virtual ns and reason of each Ctrl-C that was typed to get a prompt."""
        self.on_command: Callable[[Any], None] | None = None
        self._console, self._tell = console, tell
        self._receivers: dict[str, list[Receiver]] = {}
        self._on_reset: list[Callable[[], None]] = []
        self._silent_from = 0

    @property
    def printed_since_reset(self) -> bytes:
        """What the default console has printed since the board last started."""
        return bytes(self.printed[self._console][self._silent_from :]) if self._console else b""

    def listen(self, console: str, receiver: Receiver, on_reset: Callable[[], None]) -> None:
        """Hand `receiver` all that the console prints; call `on_reset` at every reset."""
        self._receivers.setdefault(console, []).append(receiver)
        self._on_reset.append(on_reset)

    def receive(self, kind: str, value: Any) -> Callable[[], None] | None:
        """What the engine passes on; returns the call of the users' functions that want it."""
        if kind == "console":
            name, data = value
            self.printed[name] += data
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

    def _keep(self, event: Any) -> None:
        from xipsim.peripherals.core.trace import Diagnostic, Gap

        if isinstance(event, Diagnostic):
            self.diagnostics.append(event)
        elif isinstance(event, Gap):
            self.gaps.append(event)
        else:
            self.notes.append(event)

    def was_reset(self) -> None:
        """The board starts anew."""
        self._silent_from = len(self.printed[self._console]) if self._console else 0
        for told in self._on_reset:
            told()

    def forget_receiver(self) -> None:
        """Drop what the chips get from now on."""
        if self.on_command:
            self.on_command = _drop

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """What was heard so far."""
        return {
            "printed": {name: bytes(data) for name, data in self.printed.items()},
            "lists": {name: list(getattr(self, name)) for name in _LISTS},
            "silent_from": self._silent_from,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Have heard what `save` returned, and nothing else."""
        for name, data in saved["printed"].items():
            self.printed[name][:] = data
        for name, values in saved["lists"].items():
            getattr(self, name)[:] = values
        self._silent_from = saved["silent_from"]


def _drop(_: Any) -> None:
    pass
