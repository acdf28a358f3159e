"""The registry of models: which types a `.repl` file can name, and what each of them takes.

Filled by the `model` decorator when the modules of the models are imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from .model import Model
from .roles import check_roles

M = TypeVar("M", bound=type[Model])


class Registry:
    """Model classes by their `.repl` type names."""

    def __init__(self) -> None:
        self._types: dict[str, type[Model]] = {}

    def add(self, name: str, model: type[Model]) -> None:
        """Register `model` as `name`; a second, different model of that name is refused."""
        known = self._types.get(name)
        if known and (known.__module__, known.__qualname__) != (
            model.__module__,
            model.__qualname__,
        ):
            raise ValueError(f"{name} is already {known.__module__}.{known.__qualname__}")
        self._types[name] = model

    def drop(self, name: str) -> None:
        """Forget the model of that name."""
        del self._types[name]

    def __contains__(self, name: str) -> bool:
        return name in self._types

    def __getitem__(self, name: str) -> type[Model]:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._types))


REGISTRY = Registry()


def model(name: str) -> Callable[[M], M]:
    """Class decorator: `.repl` files name this model `name`, e.g. `Imxrt.FlexSpi`.

    TypeError for a model that does not provide what its roles name.
    """

    def register(cls: M) -> M:
        check_roles(cls)
        cls.TYPE = name
        REGISTRY.add(name, cls)
        return cls

    return register
