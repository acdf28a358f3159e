"""The models' end of an engine: consoles, goals of a run, events; the same for every engine.

It lives in the process in which the models live. The engine around it starts and stops the core,
and carries what `send` is given to the user's process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from xipsim.engines.api import Goal, StopReason
from xipsim.peripherals.core import (
    Console,
    Diagnostic,
    FlashChip,
    FlashCommand,
    Gap,
    Note,
    Trace,
)
from xipsim.peripherals.core.ports import Alarm
from xipsim.peripherals.core.trace import Repeated, fold_key

from .dormant import Models

OVERLAP = 4096
"""Bytes before new output in which a match of a pattern may begin."""
EVENTS_AT_ONCE = 512
LIMIT = 16 << 20
"""Unread bytes of a console that are held; a board may print for days, with nobody who reads."""
MOST = LIMIT + LIMIT // 4
"""Bytes at which the oldest go, down to that limit."""


class EngineClock(Protocol):
    """What the host needs of an engine's clock."""

    @property
    def now(self) -> int:
        """Virtual ns."""

    def engine_alarm(self, callback: Callable[[], None]) -> Alarm:
        """An alarm that the guest cannot notice."""


class Unread:
    """The bytes that a console has printed and nobody has consumed: the last ones of them."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.searched = 0
        self.last = 0
        """Virtual ns of the last byte."""

    def add(self, data: bytes, now: int) -> None:
        """More was printed."""
        self.bytes += data
        self.last = now
        if len(self.bytes) > MOST:
            excess = len(self.bytes) - LIMIT
            del self.bytes[:excess]
            self.searched = max(0, self.searched - excess)

    def find(self, pattern: re.Pattern[bytes]) -> bytes | None:
        """Consume and return everything up to the end of the first match."""
        searched = self.searched
        match = pattern.search(self.bytes, searched - OVERLAP if searched > OVERLAP else 0)
        if match is None:
            self.searched = len(self.bytes)
            return None
        consumed = bytes(self.bytes[: match.end()])
        del self.bytes[: match.end()]
        self.searched = 0
        return consumed


class Host:
    """Watches consoles, chips and events of one machine.

    stop: ends the run after the access or alarm under way. send: takes (kind, value) for the
    user's process: ("console", (name, bytes)), ("events", commands and findings).
    """

    def __init__(
        self,
        models: Models,
        clock: EngineClock,
        trace: Trace,
        *,
        stop: Callable[..., None],
        send: Callable[[str, Any], None],
        strict: bool,
    ) -> None:
        self.models, self._clock, self._stop, self._send = models, clock, stop, send
        self._strict = strict
        self._trace = trace
        self.consoles: dict[str, Console] = {}
        self.chips = {name: m for name, m in models.made.items() if isinstance(m, FlashChip)}
        self.unread: dict[str, Unread] = {}
        self._output: dict[str, bytearray] = {}
        self._commands: list[FlashCommand] = []
        self._found: dict[Hashable, Repeated] = {}
        self._goal = Goal()
        self._pattern: re.Pattern[bytes] | None = None
        self._searched: Unread | None = None
        """Where it is searched."""
        self._deadline = clock.engine_alarm(lambda: self._stop(StopReason.DEADLINE))
        self._quiet = clock.engine_alarm(self._check_quiet)
        self._attach()
        models.awoken = self._attach
        trace.subscribe(Diagnostic, self._finding)
        trace.subscribe(Note, self._finding)
        trace.subscribe(Gap, self._gap)

    # -- a run -----------------------------------------------------------------------------------

    def begin(self, goal: Goal) -> tuple[StopReason, bytes] | None:
        """Set the goal of the run that begins; what it says is already true ends it at once."""
        self._goal = goal
        self._pattern = _compiled(goal.pattern)
        if self._pattern is not None:
            unread = self._unread(goal.console)
            unread.searched = 0
            if (consumed := unread.find(self._pattern)) is not None:
                return StopReason.MATCH, consumed
            self._searched = unread
        now = self._clock.now
        if goal.until is not None:
            if goal.until <= now:
                return StopReason.DEADLINE, b""
            self._deadline.at(goal.until)
        if goal.quiet is not None:
            due = self._quiet_since() + goal.quiet
            if due <= now:
                return StopReason.QUIET, b""
            self._quiet.at(due)
        return None

    def end(self) -> None:
        """The machine stands still: nothing is waited for."""
        self._deadline.cancel()
        self._quiet.cancel()
        self._pattern = self._searched = None
        self.flush()

    @property
    def stop_on_reset(self) -> bool:
        """Whether the goal ends at a reset."""
        return self._goal.stop_on_reset

    # -- consoles --------------------------------------------------------------------------------

    def _attach(self) -> None:
        """Take what the consoles print that are made."""
        made = self.models.made.items()
        before, self.consoles = self.consoles, {n: m for n, m in made if isinstance(m, Console)}
        self._output = {name: self._output.get(name, bytearray()) for name in self.consoles}
        for name in self.consoles.keys() - before.keys():
            self.unread.setdefault(name, Unread())
            self.consoles[name].attach(self._receiver(name))

    def _receiver(self, name: str) -> Callable[[bytes], None]:
        unread, output = self.unread[name], self._output[name]

        def receive(data: bytes) -> None:
            output.extend(data)
            unread.add(data, self._clock.now)
            if unread is self._searched and self._pattern is not None:
                consumed = unread.find(self._pattern)
                if consumed is not None:
                    self._searched = None
                    self._stop(StopReason.MATCH, consumed=consumed)

        return receive

    def console(self, name: str) -> Console:
        """A console; LookupError where there is none."""
        if name not in self.consoles and not isinstance(self.models.get(name), Console):
            raise LookupError(f"the platform has no console {name!r}")
        return self.consoles[name]

    def _unread(self, name: str) -> Unread:
        if name not in self.unread:
            self.console(name)
        return self.unread[name]

    def take_unread(self, name: str) -> bytes:
        """Consume everything unread of a console."""
        unread = self._unread(name)
        data = bytes(unread.bytes)
        unread.bytes.clear()
        unread.searched = 0
        return data

    def _quiet_since(self) -> int:
        name = self._goal.console
        opened: int | None = self.console(name).opened_at
        chips = self.chips.values()
        if opened is None or any(chip.busy for chip in chips):
            return self._clock.now
        return max(opened, self.unread[name].last, *(chip.active_at for chip in chips))

    def _check_quiet(self) -> None:
        quiet = self._goal.quiet or 0
        since = self._quiet_since()
        if since + quiet <= self._clock.now:
            self._stop(StopReason.QUIET)
        else:
            self._quiet.at(since + quiet)

    # -- events ----------------------------------------------------------------------------------

    def trace_commands(self) -> None:
        """From now on send every flash command."""
        self._trace.subscribe(FlashCommand, self._command)

    def _command(self, command: FlashCommand) -> None:
        self._commands.append(command)
        if len(self._commands) >= EVENTS_AT_ONCE:
            self.flush()

    def _finding(self, event: Diagnostic | Gap | Note) -> None:
        """A loop of the firmware may cause the same a million times."""
        key = fold_key(event)
        before = self._found.get(key)
        first, count = (before.event, before.times) if before else (event, 0)
        self._found[key] = Repeated(first, count + 1, event.time)
        if len(self._found) >= EVENTS_AT_ONCE:
            self.flush()

    def _gap(self, event: Gap) -> None:
        self._finding(event)
        if self._strict:
            self._stop(StopReason.GAP, detail={"source": event.source, "what": event.what})

    def flush(self) -> None:
        """Send what has gathered."""
        if self._commands or self._found:
            events = [*self._commands, *self._found.values()]
            self._commands, self._found = [], {}
            self._send("events", events)
        for name, output in self._output.items():
            if output:
                self._send("console", (name, bytes(output)))
                output.clear()

    # -- calls -----------------------------------------------------------------------------------

    def call(self, entry: str, method: str, arguments: tuple[Any, ...]) -> Any:
        """Call an exposed method of a model; LookupError where there is none.

        ValueError where the arguments do not fit it: the mistake of who asks, not of the model.
        """
        model = self.models.get(entry)
        if model is None:
            raise LookupError(f"the platform has no entry {entry!r}")
        function = getattr(type(model), method, None)
        if function is None or not getattr(function, "exposed", False):
            raise LookupError(f"{entry} ({model.TYPE}) has no method {method!r} to call")
        from .arguments import check_arguments, fit

        if not fit(function, arguments):
            check_arguments(f"{entry}.{method}", function, arguments)
        try:
            return getattr(model, method)(*arguments)
        except TypeError:
            check_arguments(f"{entry}.{method}", function, arguments)
            raise

    def flash_in_flight(self) -> dict[Hashable, Any]:
        """Status of every chip, for reports."""
        return {name: chip.status() for name, chip in self.chips.items()}

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """What was printed and not consumed."""
        return {"unread": {name: (bytes(u.bytes), u.last) for name, u in self.unread.items()}}

    def load(self, saved: dict[str, Any]) -> None:
        """Go on as when `save` returned `saved`."""
        for name, (data, last) in saved["unread"].items():
            if (unread := self.unread.get(name)) is None:
                unread = self.unread[name] = Unread()
            unread.bytes[:] = data
            unread.last = last
            unread.searched = 0


def _compiled(pattern: bytes | None) -> re.Pattern[bytes] | None:
    if pattern is None:
        return None
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no pattern: {error}") from None
