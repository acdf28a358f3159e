"""Signals between models: outputs, their lines, and inputs at which several lines meet."""

from __future__ import annotations

from typing import Protocol, Self, overload

from .ports import IrqLine


class HasLines(Protocol):
    """What an output needs of the model that has it."""

    lines: dict[str, Line]


class TakesLevels(Protocol):
    """What a numbered input needs of its model."""

    def on_input(self, number: int, level: bool) -> None:
        """Input `number` has changed to `level`."""


class Output:
    """An interrupt or other signal that leaves the model. On an instance: a `Line`.

    survives_reset: a reset does not drive it low; what it follows does not know of resets.
    """

    def __init__(self, doc: str, *, required: bool = False, survives_reset: bool = False) -> None:
        self.doc, self.required, self.survives_reset = doc, required, survives_reset
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasLines, owner: type) -> Line: ...
    def __get__(self, instance: HasLines | None, owner: type) -> Self | Line:
        if instance is None:
            return self
        # Not a data descriptor: from now on the instance's own attribute wins. Set as any other:
        # Python 3.11 takes long for all attributes of who was asked for its `__dict__`.
        line = instance.lines[self.name]
        setattr(instance, self.name, line)
        return line


class Outputs:
    """`count` signals named by number (the pins of a port). On an instance: a list of `Line`.

    survives_reset: as for `Output`.
    """

    def __init__(self, count: int, doc: str, *, survives_reset: bool = False) -> None:
        self.count, self.doc, self.survives_reset = count, doc, survives_reset
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasLines, owner: type) -> list[Line]: ...
    def __get__(self, instance: HasLines | None, owner: type) -> Self | list[Line]:
        if instance is None:
            return self
        return [instance.lines[str(i)] for i in range(self.count)]


class Line:
    """One output of one instance: remembers its level, passes changes on."""

    __slots__ = ("_sinks", "is_shared", "level")

    def __init__(self) -> None:
        self._sinks: list[IrqLine] = []
        self.level = self.is_shared = False
        """is_shared: it does not decide alone where it leads to."""

    def connect(self, sink: IrqLine) -> None:
        """Pass every change on to `sink`, beginning with the level of now."""
        self._sinks.append(sink)
        sink.set(self.level)

    def lead(self, sink: IrqLine, instead_of: IrqLine) -> None:
        """Pass changes on to `sink` from now on, where another one was told them."""
        self._sinks[self._sinks.index(instead_of)] = sink

    def set(self, level: bool) -> None:
        """Drive the line; only changes are passed on."""
        if level != self.level:
            self.level = level
            for sink in self._sinks:
                sink.set(level)


class Junction:
    """An input at which lines meet: high while any of them is, as with a wired OR.

    sink: told the level once there is a line, and then every change. For the inputs of models and
    of interrupt controllers alike.
    """

    def __init__(self, sink: IrqLine) -> None:
        self._sink = sink
        self._lines: list[Line] = []
        self._level: bool | None = None

    def connect(self, line: Line) -> None:
        """Make `line` one of those that meet here."""
        others = self._lines
        if not others:
            # It has nobody to agree with.
            line.connect(self._sink)
        else:
            if len(others) == 1:
                others[0].lead(self, instead_of=self._sink)
                self.settle()
            for one in (*others, line):
                one.is_shared = True
            line.connect(self)
        others.append(line)

    def set(self, level: bool) -> None:
        """One of the lines has changed; the `IrqLine` port."""
        if not level:
            for line in self._lines:
                if line.level:
                    return
        if level != self._level:
            self._level = level
            self._sink.set(level)

    def settle(self) -> None:
        """Lines and sink were restored from a snapshot: agree with them, silently."""
        self._level = any(line.level for line in self._lines)

    def repeat(self) -> None:
        """The sink was reset, the lines were not: tell it the level again."""
        self._level = any(line.level for line in self._lines)
        self._sink.set(self._level)


class ModelInput:
    """The numbered input of a model, for a `Junction`."""

    def __init__(self, model: TakesLevels, number: int) -> None:
        self._model, self._number = model, number

    def set(self, level: bool) -> None:
        """The `IrqLine` port."""
        self._model.on_input(self._number, level)
