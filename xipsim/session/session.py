"""One machine under way: runs, and what ends them other than as wished."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xipsim.engines.api import EngineError, Goal, Stop, StopReason
from xipsim.errors import Situation, UserError, WaitTimeout, XipsimError
from xipsim.peripherals.namedtuple import NamedTuple
from xipsim.session import stop_reports
from xipsim.session.engine_access import EngineAccess
from xipsim.session.noticed import diagnostics_text, gaps_text, resets_text
from xipsim.session.run_log import Reset, RunLog
from xipsim.session.symbols import Symbols
from xipsim.units import duration, real_seconds

if TYPE_CHECKING:
    from xipsim.engines.engine import Engine

OPENING_QUIET = 50_000_000
"""Virtual ns that an open USB console may stay silent before a carriage return is typed: firmware
up to v1.18 drops what it prints before DTR, and with it the prompt."""
LEAST_WALL = 60.0
"""Seconds of real time that every wait is given; five for each virtual second if that is more. On a
computer that is busy with other things those count in which the engine has computed."""
TAIL = 400


class Limits(NamedTuple):
    """When a wait runs out. start, until: virtual ns. wall_until: by `clock`, in seconds, or never.

    clock: real time, or where nobody has asked for a limit, what the engine has spent of it.
    """

    timeout: int
    start: int
    until: int
    wall: float | None
    wall_until: float | None
    clock: Callable[[], float]

    def goal(self, **conditions: Any) -> Goal:
        """One to be reached within them; conditions: as `Goal` has them."""
        left = None if self.wall_until is None else max(0.0, self.wall_until - self.clock())
        is_patient = self.clock is not time.monotonic
        return Goal(**{"until": self.until} | conditions, wall=left, is_patient=is_patient)


class Session(EngineAccess):
    """An engine at work. log: all that it said.

    console: the default console's name; empty: the USB host, else the first one. warnings: what
    was noticed about the image. models: files of the user's own models. is_debugged: gdb may be
    attached: there are no limits in real time. hint: asked, when a wait ran out, what may be the
    cause. symbols: functions and lines of the firmware.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        console: str = "",
        warnings: tuple[str, ...] = (),
        models: tuple[str, ...] = (),
        is_debugged: bool = False,
        hint: Callable[[], str] = str,
        symbols: Symbols | None = None,
    ) -> None:
        super().__init__(engine, models)
        self.warnings, self.is_debugged, self._hint = warnings, is_debugged, hint
        self._place = symbols.place if symbols else "{:#010x}".format
        self.wall_time = 0.0
        self.simulated = 0
        """Virtual ns that the machine has run here; a restored snapshot brings none."""
        self._interrupted = False
        self._raised: BaseException | None = None
        self._running = False
        self._nominal = 0
        facts = self.request("describe")
        self.usb_hosts: list[str] = facts["usb_hosts"]
        self.chips: dict[str, dict[str, Any]] = facts["chips"]
        self.ports: dict[str, int] = facts["ports"]
        """How many pins each GPIO port has."""
        self._has_cable: dict[str, bool] = facts["consoles"]
        self.consoles = list(self._has_cable)
        self.console = self._default_console(console)
        self.log = RunLog(self.consoles, self.console, self._tell)
        self._opening = self._is_usb
        engine.subscribe(self.log.receive)
        self.untouched = True

    def _default_console(self, asked: str) -> str:
        if asked and asked not in self.consoles:
            known = ", ".join(self.consoles) or "none"
            raise UserError(f"the board has no console {asked!r}; it has: {known}")
        usb = [name for name in self.consoles if self._has_cable[name]]
        return asked or next(iter(usb + self.consoles), "")

    @property
    def _is_usb(self) -> bool:
        return self._has_cable.get(self.console, False)

    # -- time ------------------------------------------------------------------------------------

    def limits(self, timeout: str | int, wall: float | None = None) -> Limits:
        """Limits that count from now. wall: seconds; None: as much as `timeout` reasonably takes.

        They count from where the last wait was meant to end: the machine stops at the end of an
        instruction, and a duration cut into pieces must end where it does in one.
        """
        ns, clock = duration(timeout), time.monotonic
        if wall is not None:
            wall = real_seconds(wall)
        if wall is None and not self.is_debugged:
            wall, clock = max(LEAST_WALL, 5 * ns / 1e9), self._spent
        return Limits(
            timeout=ns,
            start=self._nominal,
            until=self._nominal + ns,
            wall=wall,
            wall_until=None if wall is None else clock() + wall,
            clock=clock,
        )

    def _spent(self) -> float:
        return self.engine.spent

    # -- running ---------------------------------------------------------------------------------

    def run(self, goal: Goal) -> Stop:
        """Run until the goal is met; resets that the goal does not ask for are only noted.

        Raises what ends a machine: FirmwareFault, BootFailed, PoweredOff, ModelGap, EngineFailed.
        """
        with self.turn:
            return self._run(goal)

    def _run(self, goal: Goal) -> Stop:
        clock = self._spent if goal.is_patient else time.monotonic
        wall_until = None if goal.wall is None else clock() + goal.wall
        while True:
            if wall_until is not None:
                goal = goal._replace(wall=max(0.0, wall_until - clock()))
            stop = self._run_once(self._with_opening(goal))
            if goal.typed:
                goal = goal._replace(typed=b"")
            if stop.reason is StopReason.RESET:
                self._note_reset(stop)
                if goal.stop_on_reset and stop.detail.get("cause") != "power-on":
                    return stop
            elif stop.reason is StopReason.QUIET and self._opening:
                self._open()
            elif stop.reason is StopReason.INTERRUPTED and not self._interrupted:
                continue  # Meant for a run that had ended by then.
            elif error := self._error(stop):
                raise error
            else:
                self._interrupted = self._interrupted and stop.reason is not StopReason.INTERRUPTED
                return stop

    def interrupt(self) -> None:
        """End the run that is under way, or the next one (INTERRUPTED)."""
        self._interrupted = True
        self.engine.interrupt()

    def wait(
        self,
        console: str,
        pattern: bytes,
        limits: Limits,
        what: str,
        *,
        typed: bytes = b"",
        stop_on_reset: bool = False,
    ) -> Stop:
        """Run until `console` prints `pattern` (MATCH) or, if asked, a reset (RESET).

        what: the thing waited for, in words. typed: before that. Raises WaitTimeout at the limits.
        """
        stop = self.run(
            limits.goal(
                console=console, pattern=pattern, typed=typed, stop_on_reset=stop_on_reset
            )
        )
        if stop.reason in (StopReason.MATCH, StopReason.RESET):
            return stop
        raise self.timed_out(what, limits, stop, console)

    def run_until(self, limits: Limits) -> None:
        """Run to the virtual end of `limits`; WaitTimeout if real time runs out before."""
        stop = self.run(limits.goal(console=self.console))
        if stop.reason is not StopReason.DEADLINE:
            raise self.timed_out("virtual time to pass", limits, stop, self.console)

    def _run_once(self, goal: Goal) -> Stop:
        self.check_usable()
        self.untouched = False
        started, began = time.monotonic(), self.now
        try:
            self._is_asked = self._running = True  # in here: Ctrl-C may come at any instant
            stop = self.engine.run(goal)
        except EngineError as failure:
            raise self._failed(failure) from failure
        finally:
            self._is_asked = self._running = False
            self._nominal = self.engine.now
            self.wall_time += time.monotonic() - started
            self.simulated += self.now - began
        if self._raised is not None:
            error, self._raised = self._raised, None
            raise error
        if stop.reason is StopReason.DEADLINE and goal.until is not None:
            self._nominal = goal.until
        return stop

    def _with_opening(self, goal: Goal) -> Goal:
        """The goal, watching besides whether the console opens in silence, anew after a reset."""
        goal = goal._replace(console=goal.console or self.console, stop_on_reset=True)
        if self._opening and self.log.printed_since_reset:
            self._opening = False
        if not self._opening or goal.console != self.console:
            return goal
        quiet = OPENING_QUIET if goal.quiet is None else min(goal.quiet, OPENING_QUIET)
        return goal._replace(quiet=quiet)

    def _open(self) -> None:
        self._opening = False
        if not self.log.printed_since_reset:
            self.request("type", self.console, b"\r")

    def _note_reset(self, stop: Stop) -> None:
        cause = stop.detail.get("cause", "unknown")
        self._was_reset(Reset(time=stop.now, cause=cause) if cause != "power-on" else None)

    def _was_reset(self, reset: Reset | None = None) -> None:
        self._opening = self._is_usb
        self.log.was_reset(reset)

    def reset(self, *, power: bool) -> None:
        """Press reset, or switch off and on; the boot begins with the next run."""
        self.untouched = False
        self.guarded(lambda: self.engine.reset(power=power))
        self._was_reset()

    # -- listening -------------------------------------------------------------------------------

    def trace_commands(self, receiver: Callable[[Any], None]) -> None:
        """Hand `receiver` every FlashCommand from now on."""
        if self.log.on_command is None:
            self.request("trace_commands")
        self.log.on_command = receiver

    def _tell(self, receiver: Callable[[Any], None], value: Any) -> None:
        """Call a user's function; what it raises ends the run first, and is raised then."""
        try:
            receiver(value)
        except BaseException as error:
            if not self._running:
                raise
            if self._raised is None:
                self._raised = error
                self.engine.interrupt()

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """What was said so far."""
        return self.log.save() | {"opening": self._opening, "nominal": self._nominal}

    def load(self, saved: dict[str, Any]) -> None:
        """Hold what `save` returned, and nothing else."""
        self.untouched = False
        self.log.load(saved)
        self._opening = saved["opening"]
        self._nominal = saved["nominal"]

    # -- errors ----------------------------------------------------------------------------------

    @property
    def broken_rules(self) -> str:
        """What the firmware did lately against the hardware's rules; empty if nothing."""
        return diagnostics_text(self.log, self._place)

    @property
    def noticed(self) -> tuple[str, ...]:
        """What was noticed about the image, and what the models noticed lately, in sentences."""
        texts = [f"Noticed before: {warning}." for warning in self.warnings[:1]]
        texts += [self.broken_rules, gaps_text(self.log, self._place)]
        return tuple(filter(None, texts))

    def situation(self, console: str, pc: int | None, *more: int) -> Situation:
        """Where the machine stands; what a dead engine cannot tell any more is left out.

        more: addresses of the firmware that are to be put in words, as the PC is.
        """
        opened, flash, polled = True, {}, []
        try:
            flash, polled = self.request("flash_in_flight"), self.request("polled")
            opened = not console or self.request("opened_at", console) is not None
        except XipsimError:
            pass
        return Situation(
            now=self.now,
            pc=pc,
            console=console,
            tail=self.log.printed[console].tail(TAIL) if console else b"",
            opened=opened,
            flash=flash,
            polled=polled,
            noticed=self.noticed,
            places={a: self._place(a) for a in (pc, *more) if a is not None},
        )

    def timed_out(self, what: str, limits: Limits, stop: Stop, console: str) -> XipsimError:
        """The error of a wait that ended with `stop`."""
        if stop.reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        is_wall = stop.reason is StopReason.WALL
        limit = stop_reports.limit_text(limits.timeout, limits.wall, is_wall=is_wall)
        situation = self.situation(console, stop.pc)
        hints = (resets_text(self.log, limits.start), self._hint())
        hint = " ".join(filter(None, hints))
        return WaitTimeout(stop_reports.wait_text(what, limit, situation, hint), situation, what)

    def _error(self, stop: Stop) -> XipsimError | None:
        if stop.reason not in stop_reports.FATAL:
            return None
        stacked = stop.detail.get("stacked") or {}
        addresses = [stacked[name] for name in ("pc", "lr") if name in stacked]
        if (interrupted := stop.detail.get("interrupted")) is not None:
            addresses.append(interrupted)
        situation = self.situation(self.console, stop.pc, *addresses)
        return stop_reports.error(stop, situation, self.warnings)
