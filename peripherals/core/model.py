"""Models and how they declare themselves: parameters, outputs, regions, state, alarms.

What a class declares here is what the registry, the platform parser, the documentation, snapshots
and the Renode bridge read; nothing is written down twice.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from .ports import Alarm, BusError, IrqLine, ResetCause, System, Window
from .trace import Diagnostic, Gap, Note

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_REQUIRED: Any = object()


class Parameter(Generic[T]):
    """A constructor parameter, set in the `.repl` file. On an instance: its value.

    kind: int, float, bool, str, or a model class (then the `.repl` names another entry).
    Without `default` it must be given. choices: the values allowed. doc: one sentence.
    """

    def __init__(
        self,
        kind: type[T],
        doc: str,
        *,
        default: T | None = _REQUIRED,
        choices: tuple[T, ...] = (),
    ) -> None:
        self.kind, self.doc, self.choices = kind, doc, choices
        self.required = default is _REQUIRED
        self.default: T | None = None if self.required else default
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type) -> T: ...
    def __get__(self, instance: Model | None, owner: type) -> Self | T:
        if instance is None:
            return self
        value: T = instance.parameters[self.name]
        return value

    def check(self, value: object) -> str:
        """What is wrong with `value`, empty if nothing is."""
        kind = self.kind
        fits = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if (value is None and self.default is None) and not self.required:
            return ""
        if not fits or (kind is int and isinstance(value, bool)):
            return f"expected {kind.__name__}, given {value!r}"
        if self.choices and value not in self.choices:
            return f"expected one of {', '.join(map(repr, self.choices))}, given {value!r}"
        return ""


class Output:
    """An interrupt or other signal that leaves the model. On an instance: a `Line`."""

    def __init__(self, doc: str, *, required: bool = False) -> None:
        self.doc, self.required = doc, required
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type) -> Line: ...
    def __get__(self, instance: Model | None, owner: type) -> Self | Line:
        if instance is None:
            return self
        # Not a data descriptor: from now on the instance's own attribute wins.
        line = instance.__dict__[self.name] = instance.lines[self.name]
        return line


class Outputs:
    """`count` signals named by number (the pins of a port). On an instance: a list of `Line`."""

    def __init__(self, count: int, doc: str) -> None:
        self.count, self.doc = count, doc
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type) -> list[Line]: ...
    def __get__(self, instance: Model | None, owner: type) -> Self | list[Line]:
        if instance is None:
            return self
        return [instance.lines[str(i)] for i in range(self.count)]


class Line:
    """One output of one instance: remembers its level, passes changes on."""

    __slots__ = ("_sinks", "level")

    def __init__(self) -> None:
        self._sinks: list[IrqLine] = []
        self.level = False

    def connect(self, sink: IrqLine) -> None:
        """Pass every change on to `sink`, beginning with the level of now."""
        self._sinks.append(sink)
        sink.set(self.level)

    def set(self, level: bool) -> None:
        """Drive the line; only changes are passed on."""
        if level != self.level:
            self.level = level
            for sink in self._sinks:
                sink.set(level)


class Region:
    """A second address range of a model (an XIP window, a FIFO). On an instance: its `Window`.

    The name of the attribute is the region's name in `Bus.BusMultiRegistration`. Accesses that the
    engine does not serve natively reach the hooks; they may raise `BusError`.
    """

    def __init__(self, doc: str, *, required: bool = True) -> None:
        self.doc, self.required = doc, required
        self.name = ""
        self.read_hook = self.write_hook = self.peek_hook = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def on_read(self, method: F) -> F:
        """Decorator: `method(self, offset, size) -> int` (little endian) answers reads."""
        self.read_hook = method.__name__
        return method

    def on_write(self, method: F) -> F:
        """Decorator: `method(self, offset, value, size)` takes stores."""
        self.write_hook = method.__name__
        return method

    def on_peek(self, method: F) -> F:
        """Decorator: `method(self, offset, size) -> int` answers who looks from outside.

        As a read, but nothing changes, is counted or reported.
        """
        self.peek_hook = method.__name__
        return method

    def peek(self, model: Model, offset: int, size: int) -> int:
        """What lies there in the region of `model`; BusError where that cannot be seen."""
        if not self.peek_hook:
            raise BusError(f"{model.name}: its region {self.name} cannot be looked into")
        value: int = getattr(model, self.peek_hook)(offset, size)
        return value

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type) -> Window: ...
    def __get__(self, instance: Model | None, owner: type) -> Self | Window:
        return self if instance is None else instance.windows[self.name]


class State(Generic[T]):
    """A declared piece of state. On an instance: a plain attribute, set to `default` at reset.

    survives_reset: keeps its value over every reset but power-on. The value must be something that
    `copy.deepcopy` and pickle understand; snapshots need nothing else.
    """

    def __init__(self, default: T, *, survives_reset: bool = False) -> None:
        self.default, self.survives_reset = default, survives_reset
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    # Not a data descriptor: the instance's own attribute wins, at the speed of a plain one.
    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        raise AttributeError(f"{self.name} is read before reset() has set it")


def exposed(method: F) -> F:
    """Mark a model's method as callable by name from the user's process (`Engine.call`)."""
    method.__dict__["exposed"] = True
    return method


class Model:
    """Base of everything that a `.repl` file can name.

    system: what the machine hands to its models. name: the entry's name in the `.repl`.
    Parameters are keywords; a wrong one raises ValueError.
    """

    TYPE: ClassVar[str] = ""
    """The name in `.repl` files, set by the `model` decorator."""
    _declared: ClassVar[dict[type, list[Any]]]

    def __init__(self, system: System, *, name: str = "", **parameters: Any) -> None:
        self.system = system
        self.name = name or type(self).__name__.lower()
        self.parameters = self._checked(parameters)
        self.lines: dict[str, Line] = {}
        self.windows: dict[str, Window] = {}
        for output in self.declared(Output):
            self.lines[output.name] = Line()
        for outputs in self.declared(Outputs):
            self.lines.update((str(i), Line()) for i in range(outputs.count))
        self._alarms: dict[str, Alarm] = {}
        self._reported: set[object] = set()
        self._reset_state(ResetCause.POWER_ON)

    @classmethod
    def declared(cls, kind: type[T]) -> list[T]:
        """What the class and its bases declare of `kind` (e.g. `Output`), in order."""
        known: dict[type, list[T]] = cls.__dict__.get("_declared", {})
        if kind not in known:
            known[kind] = cls._find(kind)
            cls._declared = known
        return known[kind]

    @classmethod
    def _find(cls, kind: type[T]) -> list[T]:
        names: dict[str, T] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, kind):
                    names[name] = value
                else:
                    names.pop(name, None)
        return list(names.values())

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
        """An alarm that calls the method `callback`. Create it in `__init__`: it is state, too."""
        alarm = self.system.clock.alarm(callback)
        self._alarms[callback.__name__] = alarm
        return alarm

    # -- life ------------------------------------------------------------------------------------

    def connected(self) -> None:
        """All lines, windows and children are connected. Once per machine, before any reset."""

    def reset(self, cause: ResetCause) -> None:
        """Registers and state as after `cause`; alarms off. Extend it with `super()` first."""
        for alarm in self._alarms.values():
            alarm.cancel()
        self._reset_state(cause)

    def _reset_state(self, cause: ResetCause) -> None:
        for state in self.declared(State):
            if cause is ResetCause.POWER_ON or not state.survives_reset:
                setattr(self, state.name, copy.deepcopy(state.default))

    # -- snapshots -------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Everything declared, as a dictionary that stays unchanged when the model runs on."""
        return {
            "state": {s.name: copy.deepcopy(getattr(self, s.name)) for s in self.declared(State)},
            "lines": {name: line.level for name, line in self.lines.items()},
            "alarms": {name: alarm.deadline for name, alarm in self._alarms.items()},
            "reported": set(self._reported),
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Be as when `save` returned `saved`. Lines are set without telling their sinks."""
        self._reported = set(saved["reported"])
        for name, value in saved["state"].items():
            setattr(self, name, copy.deepcopy(value))
        for name, level in saved["lines"].items():
            self.lines[name].level = level
        for name, deadline in saved["alarms"].items():
            if deadline is None:
                self._alarms[name].cancel()
            else:
                self._alarms[name].at(deadline)

    # -- talking ---------------------------------------------------------------------------------

    def diagnose(
        self, rule: str, message: str, *, opcode: int | None = None, address: int | None = None
    ) -> None:
        """Report that the firmware broke a rule of the hardware, with time and PC."""
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
        if what not in self._reported:
            self._reported.add(what)
            now, pc = self.system.clock.now, self.system.pc()
            self.system.trace.emit(Gap(time=now, source=self.name, what=what, pc=pc))

    def note(self, message: str) -> None:
        """Put a line into the run's report."""
        self.system.trace.emit(
            Note(time=self.system.clock.now, source=self.name, message=message)
        )


class Slots(Generic[T]):
    """Places on a model for other models (chip selects, UART lines), numbered from 0.

    On an instance: a dict from number to the model registered there (`chip: Type @ ctl 0`).
    """

    def __init__(self, count: int, doc: str) -> None:
        self.count, self.doc = count, doc
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type) -> dict[int, T]: ...
    def __get__(self, instance: Model | None, owner: type) -> Self | dict[int, T]:
        if instance is None:
            return self
        # Not a data descriptor: from now on the instance's own attribute wins.
        children: dict[int, T] = instance.__dict__.setdefault(self.name, {})
        return children
