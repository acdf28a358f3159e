"""What a model's class declares: parameters, regions, state, places for other models.

It is what the registry, the platform parser, the documentation, snapshots and the Renode bridge
read; nothing is written down twice. Registers are in `registers`, outputs in `wires`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, overload

from .hooks import Hooked
from .ports import BusError, Window

T = TypeVar("T")

_REQUIRED: Any = object()


class HasParts(Protocol):
    """What a declaration needs of the model that has it: values and windows by name."""

    name: str
    parameters: dict[str, Any]
    windows: dict[str, Window]


class Parameter(Generic[T]):
    """A constructor parameter, set in the `.repl` file. On an instance: its value.

    kind: int, float, bool, str, or a model class (then the `.repl` names another entry).
    Without `default` it must be given. choices: the values allowed. least, most: their ends,
    where they are numbers, both included. doc: one sentence.
    """

    def __init__(
        self,
        kind: type[T],
        doc: str,
        *,
        default: T | None = _REQUIRED,
        choices: tuple[T, ...] = (),
        least: T | None = None,
        most: T | None = None,
    ) -> None:
        self.kind, self.doc, self.choices = kind, doc, choices
        self.least, self.most = least, most
        self.required = default is _REQUIRED
        self.default: T | None = None if self.required else default
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasParts, owner: type) -> T: ...
    def __get__(self, instance: HasParts | None, owner: type) -> Self | T:
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
        return self._beyond(value)

    def _beyond(self, value: Any) -> str:
        """What is wrong with a number that lies beyond the ends."""
        if self.least is not None and not value >= self.least:
            return f"expected at least {self.least}, given {value!r}"
        if self.most is not None and not value <= self.most:
            return f"expected at most {self.most}, given {value!r}"
        return ""


def hertz(doc: str, *, default: int = _REQUIRED) -> Parameter[int]:
    """A parameter that is a frequency, above 0."""
    return Parameter(int, doc, default=default, least=1)


class Region(Hooked):
    """A second address range of a model (an XIP window, a FIFO). On an instance: its `Window`.

    The name of the attribute is the region's name in `Bus.BusMultiRegistration`. Accesses that the
    engine does not serve natively reach the hooks, which may raise `BusError`: reads and looks
    `method(self, offset, size) -> int` (little endian), stores `method(self, offset, value, size)`.
    """

    def __init__(self, doc: str, *, required: bool = True) -> None:
        self.doc, self.required = doc, required

    def peek(self, model: HasParts, offset: int, size: int) -> int:
        """What lies there in the region of `model`; BusError where that cannot be seen."""
        if not self.peek_hook:
            raise BusError(f"{model.name}: its region {self.name} cannot be looked into")
        value: int = getattr(model, self.peek_hook)(offset, size)
        return value

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasParts, owner: type) -> Window: ...
    def __get__(self, instance: HasParts | None, owner: type) -> Self | Window:
        return self if instance is None else instance.windows[self.name]


class State(Generic[T]):
    """A declared piece of state. On an instance: a plain attribute, set to `default` at reset.

    survives_reset: keeps its value over every reset but power-on. outside: keeps it over that, too:
    what the world around the board does, also to a board that is off. The value must be something
    that `copy.deepcopy` and pickle understand; snapshots need nothing else.
    """

    def __init__(self, default: T, *, survives_reset: bool = False, outside: bool = False) -> None:
        self.default, self.survives_reset, self.outside = default, survives_reset, outside
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        # Python finds an instance's attribute twice as fast where its class has none of the name.
        delattr(owner, name)
        if hasattr(owner, name):  # It stands for what a role asks for.
            setattr(owner, name, self)
        if "STATES" not in vars(owner):
            owner.STATES = []  # type: ignore[attr-defined]
        owner.STATES.append(self)  # type: ignore[attr-defined]

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object | None, owner: type) -> Self | T: ...


class Slots(Generic[T]):
    """Places on a model for other models (chip selects, UART lines), numbered from 0.

    On an instance: a dict from number to the model registered there (`chip: Type @ ctl 0`).
    kind: the class that such a model has to inherit from.
    """

    def __init__(self, count: int, doc: str, *, kind: type[Any] = object) -> None:
        self.count, self.doc, self.kind = count, doc, kind
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: HasParts, owner: type) -> dict[int, T]: ...
    def __get__(self, instance: HasParts | None, owner: type) -> Self | dict[int, T]:
        if instance is None:
            return self
        # Not a data descriptor: from now on the instance's own attribute wins. Set as any other:
        # Python 3.11 takes long for all attributes of who was asked for its `__dict__`.
        children: dict[int, T] = {}
        setattr(instance, self.name, children)
        return children
