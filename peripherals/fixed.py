"""Values with named parts, as `NamedTuple` makes them, of which the parts are asked for often.

They are slots, which Python 3.11 finds in a tenth of the time that a part of a tuple takes. What is
hashed, unpacked or compared often is better off as a tuple; what is in a snapshot has to be one, or
a `Record`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes long to import, and the engine's start would wait for it
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform

    @dataclass_transform(frozen_default=True)
    class _Fields(type): ...

    class Fixed(metaclass=_Fields):
        _fields: ClassVar[tuple[str, ...]]

        def _replace(self, **named: Any) -> Self: ...

else:
    from .namedtuple import Named

    class _Fields(type):
        """Metaclass: the annotations of a class are its parts."""

        def __new__(metaclass, name, bases, namespace):
            fields = tuple(namespace.get("__annotations__", ()))
            given = {field: namespace.pop(field) for field in fields if field in namespace}
            namespace |= {"__slots__": fields, "_fields": fields, "_field_defaults": given}
            return super().__new__(metaclass, name, bases, namespace)

    class Fixed(Named, metaclass=_Fields):
        """Base of a value that has the parts which its class annotates. For one level of classes.

        Who changes a part makes another value, by `_replace`.
        """

        __hash__ = None

        def __init__(self, *values, **named):
            """For the first one that is made, which makes the constructor of the others."""
            cls = type(self)
            lines = "".join(f"\n    self.{field} = {field}" for field in cls._fields)
            made = {"__builtins__": {}}
            exec(f"def __init__(self, {', '.join(cls._fields)}):{lines}", made)
            cls.__init__ = constructor = made["__init__"]
            constructor.__defaults__ = tuple(cls._field_defaults.values())
            constructor(self, *values, **named)

        def _asdict(self):
            return {field: getattr(self, field) for field in self._fields}

        def __eq__(self, other):
            if type(other) is not type(self):
                return NotImplemented
            return self is other or self._asdict() == other._asdict()
