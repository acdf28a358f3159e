"""What an engine calls for each access of the core to a model's registers: the same for all."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

from .peripheral import Peripheral

Read = Callable[[Any, int, int], int]
Write = Callable[[Any, int, int, int], None]


class Questions(Protocol):
    """The engine's record of what the firmware asks again and again (see `Clock.question`)."""

    asked: Hashable
    """The question of the run under way; None ends the run."""

    def question(self, key: Hashable, until: int | None = None) -> None:
        """As `Clock.question`."""


Guard = Callable[[Exception, str], None]
"""Takes what a model raised in an access, and the access in words."""


def accessors(model: Peripheral, questions: Questions, guard: Guard) -> tuple[Read, Write]:
    """`read(handle, offset, size)` and `write(handle, offset, value, size)` of a model.

    handle: whatever an engine's callback gets first; not looked at. Where the model raises, the
    access reads 0. A whole 32-bit register costs one dictionary look-up. A read of what is not
    declared is a question, to which there is no answer.
    """
    neutral = model.NEUTRAL
    any_read, any_write = model.read, model.write
    # A model that answers by itself has no short cut.
    declares = type(model).read is Peripheral.read
    readers = model.readers if declares else {}
    writers = model.writers if type(model).write is Peripheral.write else {}

    def read(_handle: Any, offset: int, size: int) -> int:
        asked = questions.asked
        if offset not in neutral:
            questions.asked = None
        try:
            if size == 4:
                reader = readers.get(offset)
                if reader is not None:
                    return reader()
            if declares and not model.declares(offset, size):
                questions.asked = asked
                questions.question(f"{model.name} {offset:#x}")
            return any_read(offset, size)
        except Exception as error:
            guard(error, f"{model.name}: read of {size} bytes at {offset:#x}")
            return 0

    def write(_handle: Any, offset: int, value: int, size: int) -> None:
        if offset not in neutral:
            questions.asked = None
        try:
            if size == 4:
                writer = writers.get(offset)
                if writer is not None:
                    writer(value)
                    return
            any_write(offset, value, size)
        except Exception as error:
            guard(error, f"{model.name}: write of {value:#x}, {size} bytes, at {offset:#x}")

    return read, write
