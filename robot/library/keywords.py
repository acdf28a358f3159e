"""How a method becomes a keyword, and what a failed one tells."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from xipsim.errors import XipsimError

from .emulation import Emulation
from .failure import describe

_Self = TypeVar("_Self", bound="Keywords")
_P = ParamSpec("_P")
_R = TypeVar("_R")


class KeywordFailed(AssertionError):
    """A keyword failed. The text says why, where the machine stands, and how to repeat it."""

    ROBOT_SUPPRESS_NAME = True


class Keywords:
    """Base of the library's parts. emulation: the machine that they share."""

    def __init__(self, emulation: Emulation) -> None:
        self.emulation = emulation


def keyword(
    name: str,
) -> Callable[[Callable[Concatenate[_Self, _P], _R]], Callable[Concatenate[_Self, _P], _R]]:
    """Make a method the keyword `name`; an error of xipsim becomes a failure with its context."""

    def make(
        method: Callable[Concatenate[_Self, _P], _R],
    ) -> Callable[Concatenate[_Self, _P], _R]:
        @functools.wraps(method)
        def run(self: _Self, *args: _P.args, **named: _P.kwargs) -> _R:
            try:
                return method(self, *args, **named)
            except XipsimError as error:
                text = f"{error}\n\n{describe(self.emulation, str(error))}"
                raise KeywordFailed(text) from error

        wrapped: Any = run
        wrapped.robot_name = name
        return cast(Callable[Concatenate[_Self, _P], _R], wrapped)

    return make
