"""Declarations whose accesses call methods of the model that has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Hooked:
    """Remembers the names of its hooks. What they are given and answer, the subclass says."""

    name = ""
    read_hook = write_hook = peek_hook = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def on_read(self, method: F) -> F:
        """Decorator: `method` answers reads."""
        self.read_hook = method.__name__
        return method

    def on_write(self, method: F) -> F:
        """Decorator: `method` takes writes."""
        self.write_hook = method.__name__
        return method

    def on_peek(self, method: F) -> F:
        """Decorator: `method` says what a read would answer; it changes, counts, tells nothing.

        Needed where a read hook answers something else than what is stored.
        """
        self.peek_hook = method.__name__
        return method
