"""Declarations whose accesses call methods of the model that has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Hooked:
    """Remembers the names of its hooks. What they are given and answer, the subclass says."""

    name = ""
    read_hook = write_hook = peek_hook = guard_hook = ""
    guarded_while: Any = None
    """The field that has to be set for the guard to be asked."""

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


def guards(*guarded: Hooked, guarded_while: Any = None) -> Callable[[F], F]:
    """Decorator: `method(self, register, value) -> bool` says whether writes of these are taken.

    guarded_while: a field; it is only asked while that is not 0, and else they all are.
    """

    def mark(method: F) -> F:
        for one in guarded:
            one.guard_hook, one.guarded_while = method.__name__, guarded_while
        return method

    return mark
