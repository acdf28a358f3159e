"""`typing.NamedTuple`, made in a tenth of the time: a start makes a hundred such classes.

What costs there is what few classes need: each annotation compiled, a constructor compiled for a
class of which nothing is ever made, the class made twice.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes long to import, and the engine's start would wait for it
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter  # as `collections.namedtuple` does

    class Named:
        """What values with named parts have in common: `_asdict` tells them."""

        __slots__ = ()

        def _replace(self, **named):
            return type(self)(**(self._asdict() | named))

        def __repr__(self):
            parts = (f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({', '.join(parts)})"

    class _Fields(type):
        """Metaclass: the annotations of a class whose bases have no fields yet are its fields."""

        def __new__(metaclass, name, bases, namespace):
            if tuple not in bases and not any(hasattr(base, "_fields") for base in bases):
                fields = tuple(namespace.get("__annotations__", ()))
                given = {field: namespace[field] for field in fields if field in namespace}
                namespace |= {
                    field: _tuplegetter(index, field) for index, field in enumerate(fields)
                }
                namespace |= {
                    "__slots__": (),
                    "__match_args__": fields,
                    "_fields": fields,
                    "_field_defaults": given,
                }
            return super().__new__(metaclass, name, bases, namespace)

    class NamedTuple(Named, tuple, metaclass=_Fields):
        """Base of a tuple whose parts have the names that its class annotates."""

        __slots__ = ()

        def __new__(cls, *values, **named):
            """For the first one that is made, which makes the constructor of the others."""
            fields = "".join(f"{field}, " for field in cls._fields)
            code = f"lambda _cls, {fields}: _new(_cls, ({fields}))"
            constructor = eval(code, {"_new": tuple.__new__, "__builtins__": {}})
            constructor.__defaults__ = tuple(cls._field_defaults.values())
            owner = next(c for c in reversed(cls.__mro__) if hasattr(c, "_fields"))
            owner.__new__ = constructor
            return constructor(cls, *values, **named)

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self):
            return tuple(self)
