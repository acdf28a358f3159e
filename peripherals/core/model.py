"""Models: what they declare, their life, their snapshots, and how they talk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, TypeVar

from .declared import Parameter, State
from .ports import Alarm, ResetCause, Window
from .record import copied
from .system import System
from .trace import Diagnostic, Gap, Note
from .wires import Line, Output, Outputs

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def exposed(method: F) -> F:
    """Mark a model's method as callable by name from the user's process (`Engine.call`)."""
    method.__dict__["exposed"] = True
    return method


class Known(dict[str, Any]):
    """A state from which a model was loaded before. put_back: makes it again what it was then, but
    for alarms and registers."""

    def __init__(self, saved: dict[str, Any], put_back: Callable[[], None]) -> None:
        super().__init__(saved)
        self.put_back = put_back


class Model:
    """Base of everything that a `.repl` file can name.

    system: what the machine hands to its models. name: the entry's name in the `.repl`.
    Parameters are keywords; a wrong one raises ValueError.
    """

    TYPE: ClassVar[str] = ""
    """The name in `.repl` files, set by the `model` decorator."""
    SYSTICK_REFERENCE: ClassVar[int] = 0
    """Hz of the reference clock that it gives to the core's SysTick; 0: none."""
    LOADS_ITSELF: ClassVar[bool] = False
    """Whether all that the class adds to `load` follows from what that sets of this model, and of
    others that tell this one, and changes no state of others."""
    _declared: ClassVar[dict[type, list[Any]]]
    """By kind, as far as they were asked for."""
    _members: ClassVar[dict[type, list[Any]]]
    """What the class and its bases hold, by type, in order."""

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self.system = system
        self.name = name or type(self).__name__.lower()
        self.parameters = self._checked(parameters)
        self.lines: dict[str, Line] = {}
        self.windows: dict[str, Window] = {}
        self._low_at_reset: list[Line] = []
        for name, survives in self._outputs():
            line = self.lines[name] = Line()
            if not survives:
                self._low_at_reset.append(line)
        self._alarms: dict[str, Alarm] = {}
        self.reported: set[object] = set()
        """Gaps that the firmware was told of."""
        for state in self.declared(State):
            setattr(self, state.name, copied(state.default))

    @classmethod
    def _outputs(cls) -> Iterator[tuple[str, bool]]:
        """Name of each output, and whether its level survives a reset."""
        for output in cls.declared(Output):
            yield output.name, output.survives_reset
        for outputs in cls.declared(Outputs):
            yield from ((str(i), outputs.survives_reset) for i in range(outputs.count))

    @classmethod
    def declared(cls, kind: type[T]) -> list[T]:
        """What the class and its bases declare of `kind` (e.g. `Output`), in order."""
        if "_members" not in cls.__dict__:
            cls._members, cls._declared = cls._collected(), {}
        known: list[T] | None = cls._declared.get(kind)
        if known is None:
            found = [of for type_, of in cls._members.items() if issubclass(type_, kind)]
            known = cls._declared[kind] = [value for values in found for value in values]
        return known

    @classmethod
    def _collected(cls) -> dict[type, list[Any]]:
        values: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            values |= vars(base)
            values |= {state.name: state for state in vars(base).get("STATES", ())}
        members: dict[type, list[Any]] = {}
        for value in values.values():
            members.setdefault(type(value), []).append(value)
        return members

    def _checked(self, given: dict[str, Any]) -> dict[str, Any]:
        values = {}
        for parameter in self.declared(Parameter):
            if parameter.name in given:
                value = given.pop(parameter.name)
                if wrong := parameter.check(value):
                    raise ValueError(f"{self.name}: {parameter.name}: {wrong}")
            elif parameter.required:
                raise ValueError(f"{self.name}: parameter {parameter.name!r} is missing")
            else:
                value = parameter.default
            values[parameter.name] = value
        if given:
            raise ValueError(f"{self.name}: no parameter {', '.join(map(repr, given))}")
        return values

    def alarm(self, callback: Callable[[], None]) -> Alarm:
        """An alarm that calls the method `callback`. Create it in `__init__`: it is state, too.

        TypeError for anything but a method of the model, and for a second alarm that calls it:
        snapshots know an alarm by its method.
        """
        kind, name = type(self).__name__, getattr(callback, "__name__", "")
        if getattr(callback, "__self__", None) is not self:
            raise TypeError(f"{kind}: an alarm: expected a method of the model, given {callback!r}")
        if name in self._alarms:
            raise TypeError(f"{kind}: expected a method for each alarm, given {name} twice")
        alarm: Alarm = self.system.clock.alarm(callback)
        self._alarms[name] = alarm
        return alarm

    def all_alarms(self) -> Iterable[Alarm]:
        """Those that it has made."""
        return self._alarms.values()

    # -- life ------------------------------------------------------------------------------------

    def connected(self) -> None:
        """All lines, windows and children are connected. Once per machine, before any reset."""

    def reset(self, cause: ResetCause) -> None:
        """Registers and state as after `cause`; alarms off, outputs low unless they survive it.

        Extend it with `super()` first, and drive after it what is high then.
        """
        for alarm in self._alarms.values():
            alarm.cancel()
        self._reset_state(cause)
        for line in self._low_at_reset:
            line.set(False)

    def _reset_state(self, cause: ResetCause) -> None:
        is_power_on = cause is ResetCause.POWER_ON
        for state in self.declared(State):
            if not state.outside and (is_power_on or not state.survives_reset):
                setattr(self, state.name, copied(state.default))

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Everything declared, as a dictionary that stays unchanged when the model runs on."""
        return {
            "state": {s.name: copied(getattr(self, s.name)) for s in self.declared(State)},
            "lines": {name: line.level for name, line in self.lines.items()},
            "alarms": {name: alarm.deadline for name, alarm in self._alarms.items()},
            "reported": set(self.reported),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`. Lines are set without telling their sinks."""
        if isinstance(saved, Known):
            saved.put_back()
        else:
            self.reported = set(saved["reported"])
            for name, value in saved["state"].items():
                setattr(self, name, copied(value))
            for name, level in saved["lines"].items():
                self.lines[name].level = level
        self.load_alarms(saved)

    def load_alarms(self, saved: dict[str, Any]) -> None:
        """The part of `load` that sets the alarms."""
        for name, deadline in saved["alarms"].items():
            alarm = self._alarms[name]
            if deadline is not None:
                alarm.at(deadline)
            elif alarm.deadline is not None:
                alarm.cancel()

    # -- talking ---------------------------------------------------------------------------------

    def diagnose(
        self, rule: str, message: str, *, opcode: int | None = None, address: int | None = None
    ) -> None:
        """Report that the firmware broke a rule of the hardware, with time and PC."""
        self.system.clock.acts()
        now, pc = self.system.clock.now, self.system.pc()
        self.system.trace.emit(
            Diagnostic(
                time=now,
                source=self.name,
                rule=rule,
                message=message,
                pc=pc,
                opcode=opcode,
                address=address,
            )
        )

    def gap(self, what: str) -> None:
        """Report, once for each `what`, that the firmware used something that is not modelled."""
        if what not in self.reported:
            self.reported.add(what)
            self.system.clock.acts()
            now, pc = self.system.clock.now, self.system.pc()
            self.system.trace.emit(Gap(time=now, source=self.name, what=what, pc=pc))

    def note(self, message: str) -> None:
        """Put a line into the run's report."""
        self.system.clock.acts()
        self.system.trace.emit(Note(time=self.system.clock.now, source=self.name, message=message))
