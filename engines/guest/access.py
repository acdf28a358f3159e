"""How the guest's accesses reach windows and tagged ranges: the same for every engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xipsim.engines.repl import Tag
from xipsim.peripherals.core import (
    RAISED,
    BusError,
    Guard,
    Model,
    Read,
    Region,
    Unanswered,
    Write,
)

from .clock import GuestClock
from .questions import Questions


def window_access(
    model: Model, region: Region, clock: GuestClock, guard: Guard
) -> tuple[Read, Write]:
    """What answers in a window where it is not served natively. Both may raise BusError, whose
    text is told: the core sees but a fault, and this is its cause.
    """
    read_hook = getattr(model, region.read_hook)
    write_hook = getattr(model, region.write_hook, None)
    name = model.name

    def refused(error: BusError) -> None:
        model.diagnose("bus-error", str(error).removeprefix(f"{name}: "))

    def read(_context: Any, offset: int, size: int) -> int:
        clock.passages.settle()
        clock.questions.asked = None
        try:
            value: int = read_hook(offset, size)
            return value
        except BusError as error:
            refused(error)
            raise
        except RAISED as error:
            guard(error, f"{name}: read of {size} bytes at {offset:#x} of {region.name}")
            raise BusError(str(error)) from None

    def write(_context: Any, offset: int, value: int, size: int) -> None:
        clock.passages.settle()
        clock.questions.asked = None
        if write_hook is None:
            raise BusError(f"{name}: {region.name} takes no stores")
        try:
            write_hook(offset, value, size)
        except BusError as error:
            refused(error)
            raise
        except RAISED as error:
            what = f"write of {value:#x}, {size} bytes, at {offset:#x} of {region.name}"
            guard(error, f"{name}: {what}")
            raise BusError(str(error)) from None

    return read, write


def tag_access(
    tag: Tag, questions: Questions, gap: Callable[[str], None]
) -> tuple[Read, Write]:
    """A range with nothing but a name and a value; `gap` is told of each access."""
    name, first = tag.name, tag.range.start

    def read(_context: Any, offset: int, size: int) -> int:
        what = f"{name}: read at {first + offset:#010x}"
        gap(what)
        questions.question(Unanswered(what))
        return tag.value & ((1 << 8 * size) - 1)

    def write(_context: Any, offset: int, _value: int, _size: int) -> None:
        questions.asked = None
        gap(f"{name}: write at {first + offset:#010x}")

    return read, write
